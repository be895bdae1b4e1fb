//! A group that was tested twice.

use serde::{Deserialize, Serialize};

use super::error::ChangeError;

/// Means, standard deviations (n - 1) and correlation of a group that was tested twice.
///
/// ```
/// use screening_core::change::RetestGroup;
/// let group = RetestGroup::of(&[1.0, 2.0, f64::NAN, 3.0], &[2.0, 3.0, 5.0, 5.0])?;
/// assert_eq!((group.n, group.mean_before, group.sd_before), (3, 2.0, 1.0));
/// assert!((group.correlation - 0.981_980_506).abs() < 1e-9);
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RetestGroup {
    /// Number of people with both scores.
    pub n: u32,
    /// Mean of the first test.
    pub mean_before: f64,
    /// Standard deviation of the first test.
    pub sd_before: f64,
    /// Mean of the second test.
    pub mean_after: f64,
    /// Standard deviation of the second test.
    pub sd_after: f64,
    /// Correlation of the two.
    pub correlation: f64,
}

impl RetestGroup {
    /// The group of all pairs in which both scores are there (not NaN).
    ///
    /// # Errors
    /// With fewer than three pairs, or where one test does not vary.
    pub fn of(before: &[f64], after: &[f64]) -> Result<Self, ChangeError> {
        let pairs = before.iter().zip(after).filter(|(b, a)| !b.is_nan() && !a.is_nan());
        let (mut n, mut mean, mut sums) = (0_u32, [0.0, 0.0], [0.0; 3]);
        // Welford: one pass, and no loss of digits for scores far from zero.
        for (b, a) in pairs {
            n += 1;
            let (from_b, from_a) = (b - mean[0], a - mean[1]);
            mean = [mean[0] + from_b / f64::from(n), mean[1] + from_a / f64::from(n)];
            sums[0] += from_b * (b - mean[0]);
            sums[1] += from_a * (a - mean[1]);
            sums[2] += from_b * (a - mean[1]);
        }
        if n < 3 {
            return Err(ChangeError::parameter(
                "retest group",
                "n",
                f64::from(n),
                "three or more people with both scores",
            ));
        }
        let sd = |sum: f64| (sum / f64::from(n - 1)).sqrt();
        let group = Self {
            n,
            mean_before: mean[0],
            sd_before: sd(sums[0]),
            mean_after: mean[1],
            sd_after: sd(sums[1]),
            correlation: (sums[2] / (sums[0] * sums[1]).sqrt()).clamp(-1.0, 1.0),
        };
        group.check()?;
        Ok(group)
    }

    /// Checks figures that come from elsewhere.
    ///
    /// # Errors
    /// When a figure is not finite, a standard deviation is not positive, or the correlation is none.
    pub fn check(&self) -> Result<(), ChangeError> {
        let index = "retest group";
        super::error::spread(index, "sd_before", self.sd_before)?;
        super::error::spread(index, "sd_after", self.sd_after)?;
        for (name, mean) in [("mean_before", self.mean_before), ("mean_after", self.mean_after)] {
            if !mean.is_finite() {
                return Err(ChangeError::parameter(index, name, mean, "a finite mean"));
            }
        }
        if !(-1.0..=1.0).contains(&self.correlation) {
            return Err(ChangeError::parameter(index, "correlation", self.correlation, "a correlation"));
        }
        if self.n < 3 {
            return Err(ChangeError::parameter(index, "n", f64::from(self.n), "three or more people"));
        }
        Ok(())
    }
}
