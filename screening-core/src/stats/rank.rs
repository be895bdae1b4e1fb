//! Ranks, and the proportions that belong to them.

use serde::{Deserialize, Serialize};

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
        let mean = start as f64 + f64::midpoint(ties.len() as f64, 1.0);
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

/// Wilson's interval of a proportion from `n` people (the effective number, where weights or a finite population change it),
/// at the two-sided normal deviate `z` (Wilson 1927, JASA 22:209).
///
/// ```
/// let (low, high) = screening_core::stats::wilson(0.9, 50.0, 1.959_963_984_540_054);
/// assert!((low - 0.786398).abs() < 1e-6 && (high - 0.956524).abs() < 1e-6);
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
    fn a_whole_population_has_no_interval() {
        assert_eq!(wilson(0.3, f64::INFINITY, 1.96), (0.3, 0.3));
        assert_eq!(wilson(0.3, 0.0, 1.96), (0.0, 1.0));
    }
}
