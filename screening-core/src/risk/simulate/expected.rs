//! What is to be expected of a threshold under a stated prevalence and a published accuracy.

use serde::Serialize;

use crate::instrument::Text;
use crate::stats::{QuantileType, beta_quantile, normal_cdf, normal_quantile, quantile};

use super::SimulateError;

/// A stated prevalence with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prevalence {
    /// Best value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end; equal to the lower end where the value is taken as certain.
    pub high: f64,
}

impl Prevalence {
    /// A prevalence; `low <= value <= high`, all above 0 and below 1.
    ///
    /// # Errors
    /// When they are not.
    pub fn new(value: f64, low: f64, high: f64) -> Result<Self, SimulateError> {
        let refuse = |why| Err(SimulateError::Figure { what: "prevalence", value, why });
        if ![value, low, high].iter().all(|p| *p > 0.0 && *p < 1.0) {
            return refuse("value and interval lie between 0 and 1");
        }
        if low > value || value > high {
            return refuse("the interval does not hold the value");
        }
        Ok(Self { value, low, high })
    }
}

/// Where sensitivity and specificity come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Published for this cut-off.
    Published {
        /// Population and reference standard.
        population: Text,
        /// Source.
        source: String,
    },
    /// From the published area under the curve and the scores of this wave, see [`operating_point`].
    Binormal {
        /// Area.
        auc: f64,
        /// Population and reference standard.
        population: Text,
        /// Source.
        source: String,
    },
}

/// Sensitivity and specificity of a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Accuracy {
    /// Sensitivity.
    pub sensitivity: f64,
    /// Specificity.
    pub specificity: f64,
    /// People of the study; none where it does not say, and then its figures are taken as certain.
    pub n: Option<u32>,
    /// Where they come from.
    pub basis: Basis,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// At the stated values.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What is to be expected among a number of pupils.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Expected {
    /// Flagged and in need: `N p Se`.
    pub true_positives: Estimate,
    /// Flagged and not in need: `N (1-p) (1-Sp)`.
    pub false_positives: Estimate,
    /// In need and not flagged: `N p (1-Se)`.
    pub missed: Estimate,
    /// Share in need of those flagged.
    pub ppv: Estimate,
    /// Share not in need of those not flagged.
    pub npv: Estimate,
    /// Share that would be flagged, `p Se + (1-p) (1-Sp)`. Where the share really flagged lies outside, prevalence or accuracy
    /// do not fit these pupils, and the other figures should not be relied on.
    pub flagged: Estimate,
}

/// Points of the sequence over which uncertainty is carried.
const POINTS: u32 = 1024;

/// What is to be expected among `pupils`.
///
/// **Intervals.** The logit of the prevalence is normal with the stated 95 % interval. Sensitivity and specificity are beta
/// distributed, `Beta(Se m + 1/2, (1-Se) m + 1/2)` with `m` the people of the study with and without the condition; since
/// studies in a definition state `n` alone, `m` is the stated prevalence of it and the rest. The three are taken as
/// independent, drawn at 1,024 points of Halton's sequence (1960, Numer Math 2:84), and the 2.5 % and 97.5 % quantiles of each
/// result are given. No random numbers: the same input gives the same interval. What they do not cover is that the study was
/// about other people.
///
/// ```
/// use screening_core::instrument::Text;
/// use screening_core::risk::simulate::{Accuracy, Basis, Prevalence, expect};
/// let text = || Text { en: String::new(), zh_cn: String::new() };
/// let basis = Basis::Published { population: text(), source: "S".into() };
/// let accuracy = Accuracy { sensitivity: 0.89, specificity: 0.90, n: None, basis };
/// let expected = expect(100_000, Prevalence::new(0.03, 0.03, 0.03)?, &accuracy)?;
/// assert!((expected.false_positives.value - 9_700.0).abs() < 1e-6);
/// assert!((expected.missed.value - 330.0).abs() < 1e-6);
/// assert!((expected.ppv.value - 2_670.0 / 12_370.0).abs() < 1e-12);
/// # Ok::<(), screening_core::risk::simulate::SimulateError>(())
/// ```
///
/// # Errors
/// When sensitivity or specificity is no probability.
pub fn expect(pupils: u64, prevalence: Prevalence, accuracy: &Accuracy) -> Result<Expected, SimulateError> {
    for (what, value) in [("sensitivity", accuracy.sensitivity), ("specificity", accuracy.specificity)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(SimulateError::Figure { what, value, why: "it lies between 0 and 1" });
        }
    }
    let n = pupils as f64;
    let at = figures(n, prevalence.value, accuracy.sensitivity, accuracy.specificity);
    let mut columns: [Vec<f64>; 6] = std::array::from_fn(|_| Vec::with_capacity(POINTS as usize));
    let cases = accuracy.n.map(|n| f64::from(n) * prevalence.value);
    let others = accuracy.n.map(|n| f64::from(n) * (1.0 - prevalence.value));
    for point in 1..=POINTS {
        let p = draw_prevalence(prevalence, halton(point, 2));
        let sensitivity = draw_share(accuracy.sensitivity, cases, halton(point, 3));
        let specificity = draw_share(accuracy.specificity, others, halton(point, 5));
        for (column, value) in columns.iter_mut().zip(figures(n, p, sensitivity, specificity)) {
            column.push(value);
        }
    }
    let [tp, fp, missed, ppv, npv, flagged] = columns;
    let estimate = |value: f64, mut drawn: Vec<f64>| {
        drawn.retain(|value| !value.is_nan());
        drawn.sort_by(f64::total_cmp);
        let end = |p: f64| quantile(&drawn, p, QuantileType::Modal).unwrap_or(f64::NAN);
        Estimate { value, low: end(0.025).min(value), high: end(0.975).max(value) }
    };
    Ok(Expected {
        true_positives: estimate(at[0], tp),
        false_positives: estimate(at[1], fp),
        missed: estimate(at[2], missed),
        ppv: estimate(at[3], ppv),
        npv: estimate(at[4], npv),
        flagged: estimate(at[5], flagged),
    })
}

fn figures(n: f64, p: f64, sensitivity: f64, specificity: f64) -> [f64; 6] {
    let tp = n * p * sensitivity;
    let fp = n * (1.0 - p) * (1.0 - specificity);
    let missed = n * p * (1.0 - sensitivity);
    let tn = n * (1.0 - p) * specificity;
    [tp, fp, missed, tp / (tp + fp), tn / (tn + missed), (tp + fp) / n]
}

fn draw_prevalence(prevalence: Prevalence, u: f64) -> f64 {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let spread = (logit(prevalence.high) - logit(prevalence.low)) / (2.0 * 1.959_963_984_540_054);
    let x = logit(prevalence.value) + spread * normal_quantile(u).unwrap_or(0.0);
    1.0 / (1.0 + (-x).exp())
}

fn draw_share(share: f64, people: Option<f64>, u: f64) -> f64 {
    people.map_or(share, |m| beta_quantile(u, share * m + 0.5, (1.0 - share) * m + 0.5))
}

/// A point of Halton's sequence.
fn halton(mut index: u32, base: u32) -> f64 {
    let (mut result, mut part) = (0.0, 1.0);
    while index > 0 {
        part /= f64::from(base);
        result += part * f64::from(index % base);
        index /= base;
    }
    result
}

/// Sensitivity and specificity of a threshold from the published area under the curve, the stated prevalence `p` and the share
/// `q` of this wave that the threshold flags.
///
/// Both groups are normal with equal variance on some scale (Swets 1979), so with false-positive rate `f` the sensitivity is
/// `Phi(d + PhiInv(f))` with `d = sqrt 2 PhiInv(AUC)`; the `f` for which `p Se + (1-p) f = q` is found by bisection. A model,
/// marked as such wherever it is used: it orders thresholds of one scale, and says nothing a study of that cut-off would
/// not say better.
///
/// ```
/// use screening_core::risk::simulate::operating_point;
/// let (sensitivity, specificity) = operating_point(0.5, 0.03, 0.10).expect("between 0 and 1");
/// // No better than chance: both groups are flagged alike.
/// assert!((sensitivity - 0.10).abs() < 1e-9 && (specificity - 0.90).abs() < 1e-9);
/// ```
///
/// None unless all three lie strictly between 0 and 1.
pub fn operating_point(auc: f64, p: f64, q: f64) -> Option<(f64, f64)> {
    if ![auc, p, q].iter().all(|x| *x > 0.0 && *x < 1.0) {
        return None;
    }
    let d = std::f64::consts::SQRT_2 * normal_quantile(auc)?;
    // Searched over the threshold itself, where both tails stay exact.
    let share = |t: f64| (normal_cdf(d - t), normal_cdf(-t));
    let (mut low, mut high) = (-40.0_f64, 40.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let (sensitivity, f) = share(middle);
        if p * sensitivity + (1.0 - p) * f > q {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (sensitivity, f) = share(f64::midpoint(low, high));
    Some((sensitivity, 1.0 - f))
}
