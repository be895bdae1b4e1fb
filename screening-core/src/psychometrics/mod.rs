//! Is this instrument sound in this population: reliability, items, correlations, factors, item response theory,
//! differential item functioning, cut-offs, clustered samples, adaptive testing.
//!
//! One small module a method, all of the same shape: options that are checked once, a function that fits, a result that
//! prints, serialises and explains itself. What cannot be estimated is an error with the reason, never a silent number.
//!
//! All methods start from the same table, [`Responses`]: one row a person, one column an item, small whole codes, holes
//! where an answer is missing. Reverse keyed items are turned before ([`Responses::reversed`]), by the range of the
//! instrument and never by the range that happened to be observed.

pub mod cat;
pub mod dif;
pub mod irt;
mod print;
mod random;
mod responses;
pub mod roc;

pub use responses::{Responses, ResponsesError};
