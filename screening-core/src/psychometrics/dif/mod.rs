//! Differential item functioning: do equal persons of two groups answer an item alike?
//!
//! Two groups, reference and focal. By the observed total ([`MantelHaenszel`], [`Mantel`], [`LogisticDif`]) or by theta
//! ([`IrtDif`]). Tests grow with the number of persons, effect sizes do not: every row has both, and classes ask for both.
//! What an item does to decisions is another question, [`BandFairness`].

mod bands;
mod irt;
mod logistic;
mod mantel;
mod mantel_haenszel;
mod matching;
mod ordinal;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use bands::{BandFairness, BandRow};
pub use irt::{IrtDif, IrtDifOptions, IrtDifRow, TwoGroups};
pub use logistic::{Change, LogisticDif, LogisticOptions, LogisticRow, LogisticTest};
pub use mantel::{Mantel, MantelRow};
pub use mantel_haenszel::{MantelHaenszel, MantelHaenszelRow};

use super::irt::IrtError;

/// What an analysis of differential functioning cannot do with what it was given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DifError {
    /// Lists that do not go together.
    #[error("{found} group marks for {persons} persons")]
    Lengths {
        /// Marks given.
        found: usize,
        /// Persons of the table.
        persons: usize,
    },
    /// A group without enough persons.
    #[error("{found} persons with complete answers in the {group} group, at least {needed} are needed")]
    TooFew {
        /// Which group.
        group: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// An item that the method cannot hold.
    #[error("item `{item}` has {categories} different answers; {needed}")]
    Categories {
        /// Name of the item.
        item: String,
        /// Different answers.
        categories: usize,
        /// What the method needs.
        needed: &'static str,
    },
    /// A figure outside its range.
    #[error("`{option}` is {value}; needed is {allowed}")]
    Option {
        /// Which figure.
        option: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// Every item was flagged: nothing is left to match by.
    #[error("all items are flagged: no item is left to match persons by")]
    NothingLeft,
    /// A regression that has no maximum.
    #[error("item `{item}`: total or group separates the answers perfectly; the regression has no maximum")]
    Separation {
        /// Name of the item.
        item: String,
    },
    /// From item response theory.
    #[error(transparent)]
    Irt(#[from] IrtError),
}

/// How persons are matched by their totals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifOptions {
    /// Level of the tests.
    pub alpha: f64,
    /// Whether flagged items leave the total and the tests are repeated until the same items are flagged again. The studied
    /// item always belongs to its own total.
    pub purify: bool,
    /// Most repetitions.
    pub max_rounds: usize,
}

impl Default for DifOptions {
    fn default() -> Self {
        Self { alpha: 0.05, purify: false, max_rounds: 10 }
    }
}

impl DifOptions {
    fn check(&self) -> Result<(), DifError> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            let (option, allowed) = ("alpha", "above 0 and below 1");
            return Err(DifError::Option { option, value: self.alpha.to_string(), allowed });
        }
        if self.purify && self.max_rounds == 0 {
            return Err(DifError::Option { option: "max_rounds", value: "0".to_owned(), allowed: "at least 1" });
        }
        Ok(())
    }
}

/// Size of differential functioning in the letters of the Educational Testing Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EtsClass {
    /// Negligible.
    A,
    /// Moderate.
    B,
    /// Large.
    C,
}

/// Whether purification settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Purification {
    /// Rounds after the first.
    pub rounds: usize,
    /// Whether the last two rounds flagged the same items.
    pub settled: bool,
}

/// Persons of the two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GroupCounts {
    /// Reference group, complete answers.
    pub reference: usize,
    /// Focal group, complete answers.
    pub focal: usize,
    /// Persons without a group or with a missing answer, left out.
    pub left_out: usize,
}
