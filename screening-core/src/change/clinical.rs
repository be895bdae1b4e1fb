//! Clinically significant change: reliable, and across a line that means something.

use serde::{Deserialize, Serialize};

use super::error::{ChangeError, spread};
use super::index::Outcome;
use crate::instrument::{Direction, Text};
use crate::texts::say;

/// Lines between a group with and a group without difficulties.
///
/// ```text
/// a = M1 -+ 2 S1                     two standard deviations from the mean of the group with difficulties
/// b = M0 +- 2 S0                     two standard deviations from the mean of the group without
/// c = (S0 M1 + S1 M0) / (S0 + S1)    as far from one as from the other, in standard deviations
/// ```
///
/// Upper signs where a higher score is worse. `c` is to be preferred where both groups are known. Source: Jacobson & Truax
/// 1991, J Consult Clin Psychol 59:12.
///
/// ```
/// use screening_core::change::ClinicalLines;
/// use screening_core::instrument::Direction;
/// let lines = ClinicalLines::new([40.0, 7.5], [60.0, 7.5], Direction::HigherBetter)?;
/// assert_eq!((lines.a, lines.b, lines.c), (55.0, 45.0, 50.0));
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClinicalLines {
    /// Away from the group with difficulties.
    pub a: f64,
    /// Within the group without.
    pub b: f64,
    /// Between the two.
    pub c: f64,
}

impl ClinicalLines {
    /// From mean and standard deviation of the group with difficulties, and of the group without.
    ///
    /// # Errors
    /// When a standard deviation is not positive, a mean is not finite, or the scale has no worse end.
    pub fn new(with: [f64; 2], without: [f64; 2], direction: Direction) -> Result<Self, ChangeError> {
        let index = "clinical lines";
        let ([m1, s1], [m0, s0]) = (with, without);
        spread(index, "sd with difficulties", s1)?;
        spread(index, "sd without difficulties", s0)?;
        let sign = match direction {
            Direction::HigherWorse => 1.0,
            Direction::HigherBetter => -1.0,
            Direction::Neutral => {
                return Err(ChangeError::parameter(index, "direction", f64::NAN, "a scale with a worse end"));
            }
        };
        if !(m1.is_finite() && m0.is_finite()) {
            return Err(ChangeError::parameter(index, "mean", m1, "finite means"));
        }
        Ok(Self { a: m1 - sign * 2.0 * s1, b: m0 + sign * 2.0 * s0, c: (s0 * m1 + s1 * m0) / (s0 + s1) })
    }
}

/// Reliable change together with the side of the cut-off.
///
/// | | reliable improvement | no reliable change | reliable deterioration |
/// |---|---|---|---|
/// | raised, then not | recovered | unchanged | - |
/// | not raised, then raised | - | unchanged | newly raised |
/// | same side twice | improved | unchanged | deteriorated |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClinicalChange {
    /// Reliably better, and from the raised side of the cut-off to the other.
    Recovered,
    /// Reliably better on the same side.
    Improved,
    /// No reliable change; also where the cut-off was crossed by no more than error.
    Unchanged,
    /// Reliably worse on the same side.
    Deteriorated,
    /// Reliably worse, and onto the raised side.
    NewlyRaised,
}

impl ClinicalChange {
    /// All kinds, the best first.
    pub const ALL: [Self; 5] =
        [Self::Recovered, Self::Improved, Self::Unchanged, Self::Deteriorated, Self::NewlyRaised];

    /// From the outcome and the side of the cut-off before and after. An improvement that crosses to the raised side is out
    /// of reach, except where bands are chosen by age and the pupil grew older; it stays an improvement.
    pub fn of(outcome: Outcome, raised_before: bool, raised_after: bool) -> Self {
        match (outcome, raised_before, raised_after) {
            (Outcome::Improved, true, false) => Self::Recovered,
            (Outcome::Improved, _, _) => Self::Improved,
            (Outcome::Unchanged, _, _) => Self::Unchanged,
            (Outcome::Deteriorated, false, true) => Self::NewlyRaised,
            (Outcome::Deteriorated, _, _) => Self::Deteriorated,
        }
    }

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Deteriorated => "deteriorated",
            Self::NewlyRaised => "newly-raised",
        }
    }

    /// The name for people.
    pub fn name(self) -> Text {
        say(&format!("change-clinical.{}", self.word()), &[])
    }
}
