//! Local norms: counts that merge, and the norm set that is made of them.
//!
//! A [`NormState`] counts people by group, score and raw value. Counts (and weights, as fixed-point sums) merge exactly: states
//! of schools, or of chunks of a file, give the same norm file to the last digit as one pass over everything, in any order.

mod cell;
mod finish;
#[cfg(feature = "frame")]
mod frame;
mod groups;
mod state;
mod stored;

pub use finish::{LocalError, LocalMeta, LocalOptions, LocalScale};
#[cfg(feature = "frame")]
pub use frame::BuildError;
pub use state::{By, MAX_WEIGHT, MergeError, NormState, Record};
