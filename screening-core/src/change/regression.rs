//! Change against the score that was to be expected.

use serde::{Deserialize, Serialize};

use super::error::ChangeError;
use super::index::ChangeIndex;
use super::retest::RetestGroup;

/// Which error of the prediction is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegressionError {
    /// The standard error of estimate, with n - 2 (McSweeny).
    #[default]
    Estimate,
    /// The standard error of a single new prediction: larger far from the mean and in small groups (Crawford & Howell).
    Prediction,
}

/// Standardised regression-based change: the second score against the one that the first predicts.
///
/// ```text
/// slope  = r12 S2 / S1;  intercept = M2 - slope M1
/// SEE    = S2 sqrt(1 - r12^2) sqrt((n - 1) / (n - 2))
/// index  = (after - (intercept + slope before)) / SEE
/// prediction: SEE sqrt(1 + 1/n + (before - M1)^2 / ((n - 1) S1^2)) instead of SEE
/// ```
///
/// Corrects for practice and for regression towards the mean at once. The group is as for
/// [`PracticeAdjusted`](super::PracticeAdjusted). Reliable beyond 1.96 here; McSweeny et al. use 1.645. Source: McSweeny,
/// Naugle, Chelune & Luders 1993, Clin Neuropsychol 7:300; Crawford & Howell 1998, J Clin Exp Neuropsychol 20:755.
///
/// ```
/// use screening_core::change::{ChangeIndex, RegressionBased, RegressionError, RetestGroup};
/// let group = RetestGroup {
///     n: 102, mean_before: 20.0, sd_before: 6.0, mean_after: 18.0, sd_after: 5.0, correlation: 0.6,
/// };
/// let index = RegressionBased::new(&group, RegressionError::Estimate)?;
/// // slope .5, expected after 30: 18 + .5 x 10 = 23; SEE 5 x .8 x sqrt(101/100) = 4.02.
/// assert!((index.expected(30.0) - 23.0).abs() < 1e-12);
/// assert!((index.index(30.0, 33.0) - 10.0 / 4.019_95).abs() < 1e-5);
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionBased {
    group: RetestGroup,
    error: RegressionError,
    slope: f64,
    see: f64,
}

impl RegressionBased {
    /// Id as in column names.
    pub const KIND: &'static str = "regression";

    /// From a group that was tested twice.
    ///
    /// # Errors
    /// When a figure of the group is not sound, or the first score predicts the second without error.
    pub fn new(group: &RetestGroup, error: RegressionError) -> Result<Self, ChangeError> {
        group.check()?;
        let n = f64::from(group.n);
        let r = group.correlation;
        let see = group.sd_after * (1.0 - r * r).sqrt() * ((n - 1.0) / (n - 2.0)).sqrt();
        if see.is_nan() || see <= 0.0 {
            return Err(ChangeError::parameter(Self::KIND, "correlation", r, "a correlation between -1 and 1"));
        }
        Ok(Self { group: *group, error, slope: r * group.sd_after / group.sd_before, see })
    }

    /// Slope of the prediction.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// Standard error of estimate.
    pub fn standard_error(&self) -> f64 {
        self.see
    }

    /// The second score to be expected after a first one.
    pub fn expected(&self, before: f64) -> f64 {
        self.group.mean_after + self.slope * (before - self.group.mean_before)
    }
}

impl ChangeIndex for RegressionBased {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn critical(&self) -> f64 {
        1.96
    }

    fn index(&self, before: f64, after: f64) -> f64 {
        let n = f64::from(self.group.n);
        let error = match self.error {
            RegressionError::Estimate => self.see,
            RegressionError::Prediction => {
                let away = (before - self.group.mean_before) / self.group.sd_before;
                self.see * (1.0 + 1.0 / n + away * away / (n - 1.0)).sqrt()
            }
        };
        (after - self.expected(before)) / error
    }
}
