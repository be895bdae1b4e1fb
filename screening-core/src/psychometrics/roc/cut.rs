//! One cut: its shares with intervals, predictive values at a stated prevalence, and which cut is best by a criterion.

use serde::{Deserialize, Serialize};

use super::curve::{Interval, Roc, RocPoint};
use super::{RocError, share};
use crate::stats::{clopper_pearson, normal_quantile, wilson};

/// What a positive and a negative result mean at a stated prevalence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Predictive {
    /// Share of persons who have the condition, where the scale is used.
    pub prevalence: f64,
    /// Share of the positive who have the condition.
    pub ppv: f64,
    /// Share of the negative who do not.
    pub npv: f64,
}

/// Everything about one cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CutRow {
    /// The fourfold table.
    pub point: RocPoint,
    /// Sensitivity with Wilson's interval.
    pub sensitivity: Interval,
    /// Specificity with Wilson's interval.
    pub specificity: Interval,
    /// Sensitivity with the exact interval of Clopper and Pearson.
    pub sensitivity_exact: Interval,
    /// Specificity with the exact interval of Clopper and Pearson.
    pub specificity_exact: Interval,
    /// `sensitivity / (1 - specificity)`; infinite without a false positive.
    pub likelihood_ratio_positive: f64,
    /// `(1 - sensitivity) / specificity`.
    pub likelihood_ratio_negative: f64,
    /// `TP TN / (FP FN)`.
    pub odds_ratio: f64,
    /// `sensitivity + specificity - 1`.
    pub youden: f64,
    /// Cohen's kappa of result and condition in this sample.
    pub kappa: f64,
    /// In this sample, whose share with the condition is that of the design, then at the prevalences asked for. NaN where
    /// nobody is positive or negative.
    pub predictive: Vec<Predictive>,
}

/// What makes a cut the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum CutCriterion {
    /// Largest `sensitivity + specificity`.
    Youden,
    /// Largest `sensitivity + (1 - p) / (c p) specificity`: a missed case costs `c` false alarms, at prevalence `p`.
    WeightedYouden {
        /// Cost of a missed case in false alarms.
        cost: f64,
        /// Prevalence where the scale is used.
        prevalence: f64,
    },
    /// Nearest to the corner where both are 1.
    ClosestTopLeft,
    /// Most persons right, at the sample's prevalence.
    Accuracy,
    /// Least cost of the mistakes in this sample.
    MisclassificationCost {
        /// Of a false alarm.
        false_positive: f64,
        /// Of a missed case.
        false_negative: f64,
    },
    /// Highest specificity among the cuts with at least this sensitivity.
    SensitivityAtLeast {
        /// The sensitivity.
        least: f64,
    },
    /// Highest sensitivity among the cuts with at least this specificity.
    SpecificityAtLeast {
        /// The specificity.
        least: f64,
    },
}

/// The best cut by a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BestCut {
    /// The criterion.
    pub criterion: CutCriterion,
    /// The cut. Among equally good ones the most sensitive: a false alarm costs a talk, a missed child more.
    pub point: RocPoint,
    /// How many cuts are equally good.
    pub ties: usize,
}

impl Roc {
    /// Everything about one cut, with predictive values at the prevalences given.
    ///
    /// # Errors
    /// A confidence or a prevalence outside 0 to 1.
    ///
    /// ```
    /// use screening_core::psychometrics::roc::{Direction, Roc};
    /// let scores = [3.0, 9.0, 5.0, 12.0, 4.0, 9.0];
    /// let condition = [false, true, false, true, false, false].map(Some);
    /// let roc = Roc::fit(&scores, &condition, Direction::Higher)?;
    /// let row = roc.cut(9.0, 0.95, &[0.05])?;
    /// // 2 of 2 cases and 1 of 4 others: 0.05 / (0.05 + 0.95 * 0.25)
    /// assert!((row.predictive[1].ppv - 0.05 / 0.2875).abs() < 1e-12);
    /// # Ok::<(), screening_core::psychometrics::roc::RocError>(())
    /// ```
    pub fn cut(&self, cut: f64, confidence: f64, prevalences: &[f64]) -> Result<CutRow, RocError> {
        share("confidence", confidence)?;
        prevalences.iter().try_for_each(|prevalence| share("prevalence", *prevalence))?;
        let p = self.at(cut);
        let [tp, fp, fun, tn] =
            [p.true_positive, p.false_positive, p.false_negative, p.true_negative].map(|count| count as f64);
        let (m, n) = (tp + fun, fp + tn);
        let z = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN);
        let by_wilson = |share: f64, n: f64| {
            let (low, high) = wilson(share, n, z);
            Interval { estimate: share, low, high }
        };
        let all = m + n;
        let (agree, chance) = ((tp + tn) / all, ((tp + fp) * m + (fun + tn) * n) / (all * all));
        let predictive = std::iter::once(self.prevalence()).chain(prevalences.iter().copied());
        Ok(CutRow {
            point: p,
            sensitivity: by_wilson(p.sensitivity, m),
            specificity: by_wilson(p.specificity, n),
            sensitivity_exact: exact(p.true_positive, self.with_condition, confidence),
            specificity_exact: exact(p.true_negative, self.without_condition, confidence),
            likelihood_ratio_positive: p.sensitivity / (1.0 - p.specificity),
            likelihood_ratio_negative: (1.0 - p.sensitivity) / p.specificity,
            odds_ratio: tp * tn / (fp * fun),
            youden: p.sensitivity + p.specificity - 1.0,
            kappa: (agree - chance) / (1.0 - chance),
            predictive: predictive.map(|prevalence| predict(p.sensitivity, p.specificity, prevalence)).collect(),
        })
    }

    /// The best cut. The ends, where everybody or nobody is positive, do not count.
    ///
    /// # Errors
    /// Figures of the criterion out of range; a least sensitivity or specificity that no cut reaches.
    pub fn best(&self, criterion: CutCriterion) -> Result<BestCut, RocError> {
        let inner = self.points.len().saturating_sub(1);
        let candidates = self.points.get(1..inner).unwrap_or_default();
        let positive = |option, value: f64| {
            let allowed = "a positive figure";
            if value > 0.0 && value.is_finite() { Ok(()) } else { Err(RocError::Option { option, value, allowed }) }
        };
        match criterion {
            CutCriterion::WeightedYouden { cost, prevalence } => {
                positive("cost", cost)?;
                share("prevalence", prevalence)?;
            }
            CutCriterion::MisclassificationCost { false_positive, false_negative } => {
                positive("false_positive", false_positive)?;
                positive("false_negative", false_negative)?;
            }
            CutCriterion::SensitivityAtLeast { least } | CutCriterion::SpecificityAtLeast { least } => {
                share("least", least)?;
            }
            _ => {}
        }
        let enough = |p: &&RocPoint| match criterion {
            CutCriterion::SensitivityAtLeast { least } => p.sensitivity >= least,
            CutCriterion::SpecificityAtLeast { least } => p.specificity >= least,
            _ => true,
        };
        let good: Vec<(f64, &RocPoint)> = candidates.iter().filter(enough).map(|p| (merit(criterion, p), p)).collect();
        let highest = good.iter().map(|(merit, _)| *merit).fold(f64::NEG_INFINITY, f64::max);
        // Merits of equal cuts differ by the rounding of their sums only.
        let equal = good.iter().filter(|(merit, _)| *merit >= highest - 1e-12 * highest.abs().max(1.0));
        let ties = equal.clone().count();
        let Some((_, point)) = equal.clone().max_by(|a, b| a.1.sensitivity.total_cmp(&b.1.sensitivity)) else {
            let (what, wanted, best) = match criterion {
                CutCriterion::SensitivityAtLeast { least } => {
                    ("sensitivity", least, candidates.iter().map(|p| p.sensitivity).fold(0.0, f64::max))
                }
                CutCriterion::SpecificityAtLeast { least } => {
                    ("specificity", least, candidates.iter().map(|p| p.specificity).fold(0.0, f64::max))
                }
                _ => return Err(RocError::TooFew { group: "different scores", found: inner, needed: 2 }),
            };
            return Err(RocError::NoCut { what, wanted, best });
        };
        Ok(BestCut { criterion, point: **point, ties })
    }
}

fn merit(criterion: CutCriterion, p: &RocPoint) -> f64 {
    match criterion {
        CutCriterion::Youden => p.sensitivity + p.specificity,
        CutCriterion::WeightedYouden { cost, prevalence } => {
            p.sensitivity + (1.0 - prevalence) / (cost * prevalence) * p.specificity
        }
        CutCriterion::ClosestTopLeft => -((1.0 - p.sensitivity).powi(2) + (1.0 - p.specificity).powi(2)),
        CutCriterion::Accuracy => (p.true_positive + p.true_negative) as f64,
        CutCriterion::MisclassificationCost { false_positive, false_negative } => {
            -(false_positive * p.false_positive as f64 + false_negative * p.false_negative as f64)
        }
        CutCriterion::SensitivityAtLeast { .. } => p.specificity,
        CutCriterion::SpecificityAtLeast { .. } => p.sensitivity,
    }
}

/// Bayes: predictive values from sensitivity, specificity and prevalence.
pub(super) fn predict(sensitivity: f64, specificity: f64, prevalence: f64) -> Predictive {
    let (hit, alarm) = (sensitivity * prevalence, (1.0 - specificity) * (1.0 - prevalence));
    let (miss, clear) = ((1.0 - sensitivity) * prevalence, specificity * (1.0 - prevalence));
    Predictive { prevalence, ppv: hit / (hit + alarm), npv: clear / (clear + miss) }
}

/// A share with its exact interval.
fn exact(successes: usize, n: usize, confidence: f64) -> Interval {
    let (low, high) = clopper_pearson(successes as u64, n as u64, confidence);
    Interval { estimate: successes as f64 / n as f64, low, high }
}
