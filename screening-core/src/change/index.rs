//! What all indices of reliable change have in common.

use serde::{Deserialize, Serialize};

use crate::instrument::{Direction, Text};
use crate::texts::say;

/// An index of reliable change: a difference between two scores of a person in units of its error.
pub trait ChangeIndex {
    /// Id as in column names, for example `jacobson_truax`.
    fn kind(&self) -> &'static str;

    /// Size beyond which a change is called reliable, as the authors propose it.
    fn critical(&self) -> f64;

    /// The index: positive where the score rose more than expected. NaN when a score is missing.
    fn index(&self, before: f64, after: f64) -> f64;

    /// Whether the score changed reliably, by the authors' critical size; `None` when a score is missing.
    fn change(&self, before: f64, after: f64) -> Option<ScoreChange> {
        ScoreChange::of(self.index(before, after), self.critical())
    }

    /// The index of many people.
    fn run(&self, before: &[f64], after: &[f64]) -> Vec<f64> {
        before.iter().zip(after).map(|(before, after)| self.index(*before, *after)).collect()
    }
}

/// A change of a score beyond its error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreChange {
    /// Lower than before.
    Decrease,
    /// No change beyond error.
    None,
    /// Higher than before.
    Increase,
}

impl ScoreChange {
    /// From an index and its critical size: reliable only beyond it.
    pub fn of(index: f64, critical: f64) -> Option<Self> {
        if index.is_nan() {
            None
        } else if index > critical {
            Some(Self::Increase)
        } else if index < -critical {
            Some(Self::Decrease)
        } else {
            Some(Self::None)
        }
    }

    /// What it means for the pupil. A scale without a worse end gives `None`.
    ///
    /// ```
    /// use screening_core::change::{Outcome, ScoreChange};
    /// use screening_core::instrument::Direction;
    /// assert_eq!(ScoreChange::Decrease.outcome(Direction::HigherWorse), Some(Outcome::Improved));
    /// assert_eq!(ScoreChange::Decrease.outcome(Direction::HigherBetter), Some(Outcome::Deteriorated));
    /// ```
    pub fn outcome(self, direction: Direction) -> Option<Outcome> {
        match (self, direction) {
            (_, Direction::Neutral) => None,
            (Self::None, _) => Some(Outcome::Unchanged),
            (Self::Decrease, Direction::HigherWorse) | (Self::Increase, Direction::HigherBetter) => {
                Some(Outcome::Improved)
            }
            _ => Some(Outcome::Deteriorated),
        }
    }
}

/// A reliable change in the direction of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Less difficulty, beyond error.
    Improved,
    /// No change beyond error.
    Unchanged,
    /// More difficulty, beyond error.
    Deteriorated,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Improved, Self::Unchanged, Self::Deteriorated];

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Deteriorated => "deteriorated",
        }
    }

    /// The name for people.
    pub fn name(self) -> Text {
        say(&format!("change-outcome.{}", self.word()), &[])
    }
}
