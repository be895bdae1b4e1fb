//! Change beyond what everybody changed.

use serde::{Deserialize, Serialize};

use super::error::ChangeError;
use super::index::ChangeIndex;
use super::retest::RetestGroup;

/// Which error of the difference is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PracticeError {
    /// That of the first test alone: `sqrt(2 SEM1^2)`, `SEM1 = S1 sqrt(1 - r12)` (Chelune).
    First,
    /// Those of both tests: `sqrt(SEM1^2 + SEM2^2)`, `SEM2 = S2 sqrt(1 - r12)` (Iverson).
    Both,
}

/// Practice-adjusted change: the difference less the mean change of a reference group, in units of its error.
///
/// ```text
/// index = ( (after - before) - (M2 - M1) ) / error
/// ```
///
/// M1, M2, S1, S2 and the retest correlation r12 come from a group that was tested twice: ideally one to which nothing was
/// done. With all pupils of two waves as the group, the index says how much more or less a pupil changed than the others.
/// Reliable beyond 1.96 here; Chelune et al. use a 90 % interval, 1.645. Source: Chelune, Naugle, Luders, Sedlak & Awad
/// 1993, Neuropsychology 7:41; Iverson 2001, Arch Clin Neuropsychol 16:183.
///
/// ```
/// use screening_core::change::{ChangeIndex, PracticeAdjusted, PracticeError, RetestGroup};
/// let group = RetestGroup {
///     n: 200, mean_before: 20.0, sd_before: 6.0, mean_after: 18.0, sd_after: 5.0, correlation: 0.75,
/// };
/// // Chelune: error sqrt(2) 6 sqrt(.25) = 4.243; Iverson: sqrt(9 + 6.25) = 3.905.
/// let chelune = PracticeAdjusted::new(&group, PracticeError::First)?;
/// let iverson = PracticeAdjusted::new(&group, PracticeError::Both)?;
/// assert!((chelune.index(25.0, 15.0) - (-8.0 / 4.243)).abs() < 1e-3);
/// assert!((iverson.index(25.0, 15.0) - (-8.0 / 3.905)).abs() < 1e-3);
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PracticeAdjusted {
    kind: PracticeError,
    mean_change: f64,
    error: f64,
}

impl PracticeAdjusted {
    /// Id of Chelune's form as in column names.
    pub const CHELUNE: &'static str = "chelune";
    /// Id of Iverson's form as in column names.
    pub const IVERSON: &'static str = "iverson";

    /// From a group that was tested twice.
    ///
    /// # Errors
    /// When a figure of the group is not sound, or its correlation leaves no error.
    pub fn new(group: &RetestGroup, kind: PracticeError) -> Result<Self, ChangeError> {
        group.check()?;
        let share = (1.0 - group.correlation).sqrt();
        let (first, second) = (group.sd_before * share, group.sd_after * share);
        let error = match kind {
            PracticeError::First => (2.0 * first * first).sqrt(),
            PracticeError::Both => (first * first + second * second).sqrt(),
        };
        let index = Self { kind, mean_change: group.mean_after - group.mean_before, error };
        if error.is_nan() || error <= 0.0 {
            let allowed = "a correlation below 1";
            return Err(ChangeError::parameter(index.kind(), "correlation", group.correlation, allowed));
        }
        Ok(index)
    }
}

impl ChangeIndex for PracticeAdjusted {
    fn kind(&self) -> &'static str {
        match self.kind {
            PracticeError::First => Self::CHELUNE,
            PracticeError::Both => Self::IVERSON,
        }
    }

    fn critical(&self) -> f64 {
        1.96
    }

    fn index(&self, before: f64, after: f64) -> f64 {
        ((after - before) - self.mean_change) / self.error
    }
}
