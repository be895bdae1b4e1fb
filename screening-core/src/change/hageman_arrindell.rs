//! Reliable change of the true difference.

use super::error::{ChangeError, reliability};
use super::index::ChangeIndex;
use super::retest::RetestGroup;

/// Hageman-Arrindell: the difference is drawn towards the mean change as far as differences are unreliable.
///
/// ```text
/// r_DD  = (S1^2 r1 + S2^2 r2 - 2 S1 S2 r12) / (S1^2 + S2^2 - 2 S1 S2 r12)     reliability of differences
/// SEM   = S1 sqrt(1 - r1)
/// index = ( (after - before) r_DD + (M2 - M1) (1 - r_DD) ) / ( sqrt(r_DD) sqrt(2) SEM )
/// ```
///
/// S1, S2, M1, M2 and r12 are those of the pupils in both waves, r1 and r2 the reliabilities. Where differences have no
/// reliability (r_DD at or below 0) nothing can be said, and the index is refused. Reliable beyond 1.65 in the paper; 1.96
/// is used here, as for Jacobson-Truax, so that the indices can be compared. Source: Hageman & Arrindell 1999, Behav Res
/// Ther 37:1169.
///
/// ```
/// use screening_core::change::{ChangeIndex, HagemanArrindell, RetestGroup};
/// let group = RetestGroup {
///     n: 200, mean_before: 20.0, sd_before: 6.0, mean_after: 18.0, sd_after: 6.0, correlation: 0.6,
/// };
/// let index = HagemanArrindell::new(&group, 0.84, 0.84)?;
/// // r_DD = (36 x .84 + 36 x .84 - 2 x 36 x .6) / (72 - 43.2) = 0.6
/// assert!((index.reliability_of_differences() - 0.6).abs() < 1e-12);
/// // (-10 x .6 - 2 x .4) / (sqrt(.6) sqrt(2) 2.4)
/// assert!((index.index(30.0, 20.0) + 2.586_5).abs() < 1e-4);
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HagemanArrindell {
    r_dd: f64,
    mean_change: f64,
    error: f64,
}

impl HagemanArrindell {
    /// Id as in column names.
    pub const KIND: &'static str = "hageman_arrindell";

    /// From the pupils in both waves and the reliability in each.
    ///
    /// # Errors
    /// When a figure of the group or a reliability is not sound, or differences have no reliability.
    pub fn new(group: &RetestGroup, before: f64, after: f64) -> Result<Self, ChangeError> {
        group.check()?;
        let before = reliability(Self::KIND, "reliability before", before)?;
        let after = reliability(Self::KIND, "reliability after", after)?;
        let (v1, v2) = (group.sd_before * group.sd_before, group.sd_after * group.sd_after);
        let shared = 2.0 * group.sd_before * group.sd_after * group.correlation;
        let r_dd = (v1 * before + v2 * after - shared) / (v1 + v2 - shared);
        if !(r_dd > 0.0 && r_dd <= 1.0) {
            let allowed = "differences with some reliability: the waves correlate as highly as the scale is reliable";
            return Err(ChangeError::parameter(Self::KIND, "reliability of differences", r_dd, allowed));
        }
        let sem = group.sd_before * (1.0 - before).sqrt();
        let error = r_dd.sqrt() * std::f64::consts::SQRT_2 * sem;
        Ok(Self { r_dd, mean_change: group.mean_after - group.mean_before, error })
    }

    /// Reliability of the differences.
    pub fn reliability_of_differences(&self) -> f64 {
        self.r_dd
    }
}

impl ChangeIndex for HagemanArrindell {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn critical(&self) -> f64 {
        1.96
    }

    fn index(&self, before: f64, after: f64) -> f64 {
        ((after - before) * self.r_dd + self.mean_change * (1.0 - self.r_dd)) / self.error
    }
}
