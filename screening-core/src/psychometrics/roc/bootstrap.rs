//! Intervals by drawing persons again.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::curve::{Interval, Roc};
use super::{RocError, share};
use crate::psychometrics::random::Stream;
use crate::stats::{QuantileType, quantile};

/// How persons are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapOptions {
    /// Number of samples.
    pub replicates: usize,
    /// Seed; the same seed gives the same intervals.
    pub seed: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// Percentile intervals, persons with and without the condition drawn apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocBootstrap {
    /// How persons were drawn.
    pub options: BootstrapOptions,
    /// Area under the curve.
    pub auc: Interval,
    /// The cut with the largest Youden index: how sure it is.
    pub best_cut: Interval,
    /// Youden index at the best cut of each sample.
    pub best_youden: Interval,
    /// Sensitivity at the cut given.
    pub sensitivity: Interval,
    /// Specificity at the cut given.
    pub specificity: Interval,
}

impl Roc {
    /// Bootstrap intervals of the area, of the best cut, and of the shares at a cut.
    ///
    /// # Errors
    /// Fewer than 100 samples, a confidence outside 0 to 1, fewer than two different scores.
    pub fn bootstrap(&self, cut: f64, options: BootstrapOptions) -> Result<RocBootstrap, RocError> {
        share("confidence", options.confidence)?;
        if options.replicates < 100 {
            let value = options.replicates as f64;
            return Err(RocError::Option { option: "replicates", value, allowed: "at least 100" });
        }
        // Scores by their place among the different ones: a sample is then a table of counts.
        let levels: Vec<f64> = self.points.iter().map(|p| p.cut).filter(|cut| cut.is_finite()).collect();
        if levels.len() < 2 {
            return Err(RocError::TooFew { group: "different scores", found: levels.len(), needed: 2 });
        }
        let sign = if self.direction == super::Direction::Higher { 1.0 } else { -1.0 };
        let places: Vec<Vec<usize>> = self
            .groups
            .iter()
            .map(|group| group.iter().map(|score| levels.partition_point(|level| sign * level < *score)).collect())
            .collect();
        let threshold = levels.partition_point(|level| sign * level < sign * cut);
        let draws: Vec<[f64; 5]> = (0..options.replicates as u64)
            .into_par_iter()
            .map(|replicate| {
                let mut random = Stream::new(options.seed, replicate);
                let counts: Vec<Vec<f64>> = places
                    .iter()
                    .map(|places| {
                        let mut counts = vec![0.0; levels.len()];
                        places.iter().for_each(|_| counts[places[random.below(places.len())]] += 1.0);
                        counts
                    })
                    .collect();
                measure(&counts, &levels, threshold)
            })
            .collect();
        let best = self.best(super::CutCriterion::Youden)?;
        let own = self.at(cut);
        let interval = |which: usize, estimate: f64| {
            let mut values: Vec<f64> = draws.iter().map(|draw| draw[which]).collect();
            values.sort_by(f64::total_cmp);
            let at = |p: f64| quantile(&values, p, QuantileType::Modal).unwrap_or(f64::NAN);
            let tail = (1.0 - options.confidence) / 2.0;
            Interval { estimate, low: at(tail), high: at(1.0 - tail) }
        };
        Ok(RocBootstrap {
            options,
            auc: interval(0, self.auc),
            best_cut: interval(1, best.point.cut),
            best_youden: interval(2, best.point.sensitivity + best.point.specificity - 1.0),
            sensitivity: interval(3, own.sensitivity),
            specificity: interval(4, own.specificity),
        })
    }
}

/// Area, best cut, its Youden index, sensitivity and specificity at the threshold.
fn measure(counts: &[Vec<f64>], levels: &[f64], threshold: usize) -> [f64; 5] {
    let [m, n] = [counts[0].iter().sum::<f64>(), counts[1].iter().sum::<f64>()];
    let (mut area, mut below_with, mut below_without) = (0.0, 0.0, 0.0);
    let (mut best, mut youden) = (f64::NAN, f64::NEG_INFINITY);
    let mut at_threshold = [0.0, 1.0];
    for (place, level) in levels.iter().enumerate() {
        let (sensitivity, specificity) = (1.0 - below_with / m, below_without / n);
        if place == threshold {
            at_threshold = [sensitivity, specificity];
        }
        // The ends do not count, as in the sample itself.
        if place > 0 && sensitivity + specificity - 1.0 > youden {
            (best, youden) = (*level, sensitivity + specificity - 1.0);
        }
        area += counts[0][place] * (below_without + counts[1][place] / 2.0);
        below_with += counts[0][place];
        below_without += counts[1][place];
    }
    [area / (m * n), best, youden, at_threshold[0], at_threshold[1]]
}
