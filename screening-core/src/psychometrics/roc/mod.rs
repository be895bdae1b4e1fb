//! Cut-offs: how well a score tells who has the condition.
//!
//! A score is positive when it lies on the bad side of the cut, the cut included. Which side is bad is stated, never guessed
//! from the data: a scale that is worse than chance shows an area below one half.

mod bootstrap;
mod curve;
mod cut;
mod decision;
mod delong;
mod verification;

use thiserror::Error;

pub use bootstrap::{BootstrapOptions, RocBootstrap};
pub use curve::{Direction, Interval, Roc, RocPoint};
pub use cut::{BestCut, CutCriterion, CutRow, Predictive};
pub use decision::{DecisionCurve, DecisionPoint};
pub use delong::{DelongTest, RocPair};
pub use verification::{Corrected, VerificationBias};
pub(crate) use verification::{Stratum, verified_share};

/// What an analysis of cut-offs cannot do with what it was given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RocError {
    /// Lists that do not go together.
    #[error("{scores} scores but {others} {what}; both lists are of the same persons, in the same order")]
    Lengths {
        /// Scores given.
        scores: usize,
        /// What else was given.
        what: &'static str,
        /// How many of them.
        others: usize,
    },
    /// A group of persons that is needed is not there.
    #[error("{found} {group}, at least {needed} are needed")]
    TooFew {
        /// Which persons.
        group: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A figure outside its range.
    #[error("`{option}` is {value}; needed is {allowed}")]
    Option {
        /// Which figure.
        option: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// No cut does what was asked.
    #[error("no cut reaches {what} {wanted}; the best reaches {best:.3}")]
    NoCut {
        /// What was asked.
        what: &'static str,
        /// How much of it.
        wanted: f64,
        /// What there is.
        best: f64,
    },
    /// Persons whose condition cannot be told from others.
    #[error("none of the {persons} persons of stratum {stratum} was verified; join it with another stratum")]
    Unverified {
        /// Which stratum.
        stratum: usize,
        /// Persons in it.
        persons: usize,
    },
    /// Two curves that do not differ at all.
    #[error("the two curves are the same person by person: their difference has no variance")]
    Identical,
}

fn share(option: &'static str, value: f64) -> Result<(), RocError> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(RocError::Option { option, value, allowed: "above 0 and below 1" })
}
