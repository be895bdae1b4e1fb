//! Ranks, and the normal scores that belong to them.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// Mean ranks from 1: equal values share the mean of their places.
///
/// # Panics
/// Never; values that are not numbers are ranked last, as [`f64::total_cmp`] orders them.
///
/// ```
/// use screening_core::stats::mean_ranks;
/// assert_eq!(mean_ranks(&[2.0, 2.0, 5.0, 1.0]), [2.5, 2.5, 4.0, 1.0]);
/// ```
pub fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for ties in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = start as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|at| ranks[*at] = mean);
        start += ties.len();
    }
    ranks
}

/// How a rank becomes a proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlottingPosition {
    /// `(r - 1/2) / n`; with mean ranks this is the mid-percentile.
    #[default]
    #[serde(rename = "rankit")]
    RankIt,
    /// `(r - 3/8) / (n + 1/4)`.
    Blom,
    /// `(r - 1/3) / (n + 1/3)`.
    Tukey,
    /// `r / (n + 1)`.
    VanDerWaerden,
}

impl PlottingPosition {
    /// The proportion of a rank among `n`, both in the same unit (people, or weights scaled to people).
    ///
    /// ```
    /// use screening_core::stats::PlottingPosition;
    /// assert_eq!(PlottingPosition::RankIt.proportion(743.5, 10_000.0), 0.0743);
    /// ```
    pub fn proportion(self, rank: f64, n: f64) -> f64 {
        match self {
            Self::RankIt => (rank - 0.5) / n,
            Self::Blom => (rank - 0.375) / (n + 0.25),
            Self::Tukey => (rank - 1.0 / 3.0) / (n + 1.0 / 3.0),
            Self::VanDerWaerden => rank / (n + 1.0),
        }
    }

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::RankIt => "rankit",
            Self::Blom => "blom",
            Self::Tukey => "tukey",
            Self::VanDerWaerden => "van-der-waerden",
        }
    }
}

/// Share of the standard normal distribution below `z`.
///
/// ```
/// assert_eq!(screening_core::stats::normal_cdf(0.0), 0.5);
/// ```
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The `z` below which the share `p` of the standard normal distribution lies; none outside the open interval (0, 1), where
/// it would not be finite.
///
/// ```
/// use screening_core::stats::normal_quantile;
/// assert!((normal_quantile(0.975).unwrap() - 1.959_963_984_540_054).abs() < 1e-13);
/// assert_eq!(normal_quantile(0.0), None);
/// ```
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let standard = Normal::standard();
    // The lower half is computed: 1 - p would lose the digits of a small tail.
    let tail = p.min(1.0 - p);
    let mut z = standard.inverse_cdf(tail);
    // One step of Halley takes what the approximation leaves to the last places.
    let error = (standard.cdf(z) - tail) * (std::f64::consts::TAU).sqrt() * (z * z / 2.0).exp();
    if error.is_finite() {
        z -= error / (1.0 + z * error / 2.0);
    }
    Some(if p > 0.5 { -z } else { z })
}

/// Wilson's interval of a proportion from `n` people (the effective number, where weights or a finite population change it),
/// at the two-sided normal deviate `z` (Wilson 1927, JASA 22:209).
///
/// ```
/// let (low, high) = screening_core::stats::wilson(0.9, 50.0, 1.959_963_984_540_054);
/// assert!((low - 0.786_397_8).abs() < 1e-7 && (high - 0.956_523_6).abs() < 1e-6);
/// ```
pub fn wilson(p: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 || n.is_nan() {
        return (0.0, 1.0);
    }
    if n.is_infinite() {
        return (p, p);
    }
    let square = z * z;
    let centre = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_inverts() {
        for p in [1e-300, 1e-12, 0.001, 0.0743, 0.3, 0.5, 0.7, 0.9986, 1.0 - 1e-9] {
            let z = normal_quantile(p).unwrap();
            assert!((normal_cdf(z) / p - 1.0).abs() < 1e-10, "{p} {z}");
        }
        assert_eq!(normal_quantile(0.5), Some(0.0));
        for p in [-0.1, 0.0, 1.0, 1.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None);
        }
    }

    #[test]
    fn a_whole_population_has_no_interval() {
        assert_eq!(wilson(0.3, f64::INFINITY, 1.96), (0.3, 0.3));
        assert_eq!(wilson(0.3, 0.0, 1.96), (0.0, 1.0));
    }
}
