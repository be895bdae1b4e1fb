//! Norms: what a raw score means beside a group of people.
//!
//! A [`NormSet`] is a file: published figures as data, or estimates that this engine made of a wave and wrote in the same
//! format. It holds cells (one score in one group of sex, grade, age or other columns) and says for one person
//! ([`NormSet::derive`]) or a whole frame (`NormSet::apply`):
//!
//! | index | formula |
//! |---|---|
//! | z | `(raw - mean) / SD` |
//! | T | `50 + 10 z` |
//! | percentile rank | percent below + half of the percent at the score |
//! | normalised T | `50 + 10 Phi^-1(rank)`, rank by a [`PlottingPosition`](crate::stats::PlottingPosition); from the table or a continuous norm |
//! | stanine, sten | by percentile rank (4-7-12-17-20-17-12-7-4 percent) and by normalised z; by linear z where the cell has nothing else |
//! | interval | `T ± q 10 sqrt(1 - r)` from the reliability of the scale |
//!
//! Where the person is outside the norm the answer is [`NoNorm`] with the reason, never the nearest cell. The cell that was
//! used is part of every result.
//!
//! [`NormState`] counts a wave and makes local norms of it; [`fit_continuous`] estimates norms without steps between ages;
//! [`drift`] compares two sets. Definitions of instruments hold norms of their own (`[norms.*]`), which the scoring plan
//! uses; those are part of the key, these are chosen by the screening.

mod check;
mod continuous;
mod derive;
mod drift;
mod find;
#[cfg(feature = "frame")]
mod frame;
mod gives;
mod local;
mod model;
#[cfg(feature = "frame")]
mod people;
mod set;

pub use continuous::{
    ContinuousError, ContinuousFit, ContinuousOptions, LocationSample, ModelSize, Violation, fit_continuous, norm_of,
    raw_of, violations,
};
pub use derive::{
    Basis, Centre, DeriveOptions, Derived, Limit, TInterval, stanine_of_percentile, stanine_of_z, sten_of_z, t_score,
    z_score,
};
pub use drift::{CellDrift, Crossing, DriftOptions, DriftReport, drift};
pub use find::{Member, NoNorm};
#[cfg(feature = "frame")]
pub use frame::{Applied, ApplyError, NormAccount};
#[cfg(feature = "frame")]
pub use local::BuildError;
pub use local::{By, LocalError, LocalMeta, LocalOptions, LocalScale, MAX_WEIGHT, MergeError, NormState, Record};
pub use model::*;
pub use set::NormSet;
