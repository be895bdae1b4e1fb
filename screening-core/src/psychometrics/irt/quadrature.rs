//! Points of theta at which integrals are taken.

use serde::{Deserialize, Serialize};

use super::IrtError;

/// Equally spaced points with the normal density at them, normalised to sum 1.
///
/// Source: Bock & Aitkin 1981, Psychometrika 46:443. For smooth likelihoods on a wide grid the rectangle rule is as good as
/// Gauss-Hermite's with as many points, and the same points serve every prior.
///
/// ```
/// use screening_core::psychometrics::irt::Quadrature;
/// let grid = Quadrature::new(61, -6.0, 6.0)?;
/// let weights = grid.weights(0.0, 1.0);
/// assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
/// let variance: f64 = grid.nodes().iter().zip(&weights).map(|(node, weight)| node * node * weight).sum();
/// assert!((variance - 1.0).abs() < 1e-6);
/// # Ok::<(), screening_core::psychometrics::irt::IrtError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Plain", into = "Plain")]
pub struct Quadrature {
    count: usize,
    low: f64,
    high: f64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    count: usize,
    low: f64,
    high: f64,
}

impl TryFrom<Plain> for Quadrature {
    type Error = IrtError;

    fn try_from(plain: Plain) -> Result<Self, IrtError> {
        Self::new(plain.count, plain.low, plain.high)
    }
}

impl From<Quadrature> for Plain {
    fn from(of: Quadrature) -> Self {
        Self { count: of.count, low: of.low, high: of.high }
    }
}

impl Quadrature {
    /// 61 points from -6 to 6, for calibration.
    pub const CALIBRATION: Self = Self { count: 61, low: -6.0, high: 6.0 };
    /// 121 points from -6 to 6, for scores.
    pub const SCORING: Self = Self { count: 121, low: -6.0, high: 6.0 };

    /// `count` points from `low` to `high`.
    ///
    /// # Errors
    /// Fewer than 5 or more than 2001 points, or ends that are not finite and ascending.
    pub fn new(count: usize, low: f64, high: f64) -> Result<Self, IrtError> {
        if !(5..=2001).contains(&count) {
            return Err(IrtError::option("count", count, "5 to 2001 points"));
        }
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(IrtError::option("low", format!("{low} to {high}"), "two finite ends, the lower one first"));
        }
        Ok(Self { count, low, high })
    }

    /// Number of points.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The points, ascending.
    pub fn nodes(&self) -> Vec<f64> {
        let step = (self.high - self.low) / (self.count - 1) as f64;
        (0..self.count).map(|at| self.low + step * at as f64).collect()
    }

    /// Weights of a normal distribution at the points. A deviation so small that every weight would vanish gives NaN.
    pub fn weights(&self, mean: f64, deviation: f64) -> Vec<f64> {
        self.log_weights(mean, deviation).into_iter().map(f64::exp).collect()
    }

    pub(crate) fn log_weights(&self, mean: f64, deviation: f64) -> Vec<f64> {
        let mut logs: Vec<f64> = self.nodes().iter().map(|node| -0.5 * ((node - mean) / deviation).powi(2)).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let all = highest + logs.iter().map(|log| (log - highest).exp()).sum::<f64>().ln();
        logs.iter_mut().for_each(|log| *log -= all);
        logs
    }
}

/// A normal distribution of theta, assumed before an answer is seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// Mean of theta.
    pub mean: f64,
    /// Standard deviation of theta.
    pub deviation: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Self { mean: 0.0, deviation: 1.0 }
    }
}

impl Prior {
    pub(crate) fn check(&self) -> Result<(), IrtError> {
        if self.mean.is_finite() && self.deviation.is_finite() && self.deviation > 0.0 {
            return Ok(());
        }
        let value = format!("mean {}, deviation {}", self.mean, self.deviation);
        Err(IrtError::option("prior", value, "a finite mean and a positive deviation"))
    }
}
