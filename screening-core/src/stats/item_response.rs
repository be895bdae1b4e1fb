//! Probabilities of answers from given item parameters.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Parameters of one item on the logistic metric (D = 1), for keyed answers counted from 0.
///
/// ```text
/// graded          P(x >= k) = logistic(a (theta - b_k))
/// partial-credit  P(x = k) proportional to exp( sum over v <= k of a (theta - b_v) )
/// three-parameter P(x = 1) = c + (1 - c) logistic(a (theta - b))
/// ```
///
/// The two-parameter and the Rasch model are `graded` with one `b`.
///
/// ```
/// use screening_core::stats::ItemParameters;
/// let item: ItemParameters = serde_json::from_str(r#"{ "model": "graded", "a": 1.2, "b": [-0.5, 1.0] }"#)?;
/// assert_eq!(item.categories(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ItemParameters {
    /// Samejima's graded response model.
    Graded {
        /// Slope.
        a: f64,
        /// Thresholds, ascending.
        b: Vec<f64>,
    },
    /// Muraki's generalised partial credit model; with the same slope everywhere, Masters' partial credit model.
    PartialCredit {
        /// Slope.
        a: f64,
        /// Step parameters, in any order.
        b: Vec<f64>,
    },
    /// Birnbaum's three-parameter model for answers 0 and 1.
    ThreeParameter {
        /// Slope.
        a: f64,
        /// Difficulty.
        b: f64,
        /// Lower asymptote.
        c: f64,
    },
}

/// Parameters that make no model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("item parameter `{parameter}` is {value}; needed is {allowed}")]
pub struct ItemParametersError {
    /// Which figure.
    pub parameter: &'static str,
    /// What it is.
    pub value: String,
    /// What it may be.
    pub allowed: &'static str,
}

/// Probability of each answer at one theta, with its first and second derivative.
#[derive(Debug, Clone, Default)]
pub(crate) struct Curves {
    pub(crate) p: Vec<f64>,
    pub(crate) first: Vec<f64>,
    pub(crate) second: Vec<f64>,
}

impl Curves {
    /// Fisher information at this theta.
    pub(crate) fn information(&self) -> f64 {
        // An answer beyond what a double can hold carries nothing.
        self.p.iter().zip(&self.first).filter(|(p, _)| **p > 0.0).map(|(p, first)| first * first / p).sum()
    }
}

/// `1 / (1 + exp(-x))` without overflow.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

impl ItemParameters {
    /// Number of answers.
    pub fn categories(&self) -> usize {
        match self {
            Self::Graded { b, .. } | Self::PartialCredit { b, .. } => b.len() + 1,
            Self::ThreeParameter { .. } => 2,
        }
    }

    /// Checks the figures.
    ///
    /// # Errors
    /// When a figure is not finite, the slope is not positive, thresholds of the graded model do not ascend, or the lower
    /// asymptote is not in 0 to below 1.
    pub fn check(&self) -> Result<(), ItemParametersError> {
        let refuse = |parameter, value: String, allowed| Err(ItemParametersError { parameter, value, allowed });
        let (a, b) = match self {
            Self::Graded { a, b } | Self::PartialCredit { a, b } => (*a, b.as_slice()),
            Self::ThreeParameter { a, b, .. } => (*a, std::slice::from_ref(b)),
        };
        if !(a.is_finite() && a > 0.0) {
            return refuse("a", a.to_string(), "a positive slope of the keyed answer");
        }
        if b.is_empty() || b.iter().any(|b| !b.is_finite()) {
            return refuse("b", format!("{b:?}"), "finite thresholds, one fewer than there are answers");
        }
        match self {
            Self::Graded { b, .. } if b.windows(2).any(|pair| matches!(pair, [low, high] if low >= high)) => {
                refuse("b", format!("{b:?}"), "ascending thresholds")
            }
            Self::ThreeParameter { c, .. } if !(0.0..1.0).contains(c) => {
                refuse("c", c.to_string(), "an asymptote from 0 to below 1")
            }
            _ => Ok(()),
        }
    }

    /// Slope.
    pub fn slope(&self) -> f64 {
        match self {
            Self::Graded { a, .. } | Self::PartialCredit { a, .. } | Self::ThreeParameter { a, .. } => *a,
        }
    }

    /// Thresholds, steps or the difficulty.
    pub fn thresholds(&self) -> &[f64] {
        match self {
            Self::Graded { b, .. } | Self::PartialCredit { b, .. } => b,
            Self::ThreeParameter { b, .. } => std::slice::from_ref(b),
        }
    }

    /// Probability of each answer at theta.
    ///
    /// ```
    /// use screening_core::stats::ItemParameters;
    /// let item = ItemParameters::Graded { a: 1.0, b: vec![0.0] };
    /// assert_eq!(item.probabilities(0.0), [0.5, 0.5]);
    /// ```
    pub fn probabilities(&self, theta: f64) -> Vec<f64> {
        let mut curves = Curves::default();
        self.curves(theta, &mut curves);
        curves.p
    }

    /// Fisher information at theta, `sum over answers of P'^2 / P`.
    pub fn information(&self, theta: f64) -> f64 {
        let mut curves = Curves::default();
        self.curves(theta, &mut curves);
        curves.information()
    }

    /// Expected answer at theta, counted from 0.
    pub fn expected(&self, theta: f64) -> f64 {
        self.probabilities(theta).iter().enumerate().map(|(k, p)| k as f64 * p).sum()
    }

    /// The same item on another metric of theta, `theta* = scale theta + shift`: slope `a / scale`, thresholds
    /// `scale b + shift`.
    #[must_use]
    pub fn rescaled(&self, scale: f64, shift: f64) -> Self {
        let all = |b: &[f64]| b.iter().map(|b| scale * b + shift).collect();
        match self {
            Self::Graded { a, b } => Self::Graded { a: a / scale, b: all(b) },
            Self::PartialCredit { a, b } => Self::PartialCredit { a: a / scale, b: all(b) },
            Self::ThreeParameter { a, b, c } => Self::ThreeParameter { a: a / scale, b: scale * b + shift, c: *c },
        }
    }

    /// Probabilities and derivatives at theta.
    pub(crate) fn curves(&self, theta: f64, to: &mut Curves) {
        to.p.clear();
        to.first.clear();
        to.second.clear();
        match self {
            Self::Graded { a, b } => graded(*a, b, theta, to),
            Self::PartialCredit { a, b } => partial_credit(*a, b, theta, to),
            Self::ThreeParameter { a, b, c } => {
                let l = logistic(a * (theta - b));
                let slope = a * l * (1.0 - l) * (1.0 - c);
                let bend = slope * a * (1.0 - 2.0 * l);
                to.p.extend([(1.0 - c) * (1.0 - l), c + (1.0 - c) * l]);
                to.first.extend([-slope, slope]);
                to.second.extend([-bend, bend]);
            }
        }
    }
}

fn graded(a: f64, b: &[f64], theta: f64, to: &mut Curves) {
    let (mut last, mut slope, mut bend) = (1.0, 0.0, 0.0);
    // The difference of two boundaries, from the end where it loses fewer digits.
    let mut upper = 0.0;
    for boundary in b {
        let x = a * (theta - boundary);
        let (reached, missed) = (logistic(x), logistic(-x));
        let own = a * reached * missed;
        let curve = own * a * (missed - reached);
        to.p.push(if last > 0.5 { missed - upper } else { last - reached });
        to.first.push(slope - own);
        to.second.push(bend - curve);
        (last, upper, slope, bend) = (reached, missed, own, curve);
    }
    to.p.push(last);
    to.first.push(slope);
    to.second.push(bend);
}

fn partial_credit(a: f64, b: &[f64], theta: f64, to: &mut Curves) {
    let mut power = 0.0;
    to.p.push(power);
    for step in b {
        power += a * (theta - step);
        to.p.push(power);
    }
    let highest = to.p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    to.p.iter_mut().for_each(|p| *p = (*p - highest).exp());
    let all: f64 = to.p.iter().sum();
    to.p.iter_mut().for_each(|p| *p /= all);
    let mean: f64 = to.p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
    let variance: f64 = to.p.iter().enumerate().map(|(k, p)| (k as f64 - mean).powi(2) * p).sum();
    to.first.extend(to.p.iter().enumerate().map(|(k, p)| a * p * (k as f64 - mean)));
    to.second.extend(to.p.iter().enumerate().map(|(k, p)| a * a * p * ((k as f64 - mean).powi(2) - variance)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_probabilities() {
        let models = [
            ItemParameters::Graded { a: 1.3, b: vec![-1.0, 0.2, 1.7] },
            ItemParameters::PartialCredit { a: 0.8, b: vec![0.5, -0.7, 1.1] },
            ItemParameters::ThreeParameter { a: 1.6, b: 0.4, c: 0.2 },
        ];
        let at = |model: &ItemParameters, theta: f64| {
            let mut curves = Curves::default();
            model.curves(theta, &mut curves);
            curves
        };
        let h = 1e-5;
        for model in &models {
            for theta in [-2.5, 0.0, 0.9, 3.0] {
                let (here, below, above) = (at(model, theta), at(model, theta - h), at(model, theta + h));
                assert!((here.p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
                for k in 0..model.categories() {
                    assert!(here.p[k] > 0.0);
                    assert!((here.first[k] - (above.p[k] - below.p[k]) / (2.0 * h)).abs() < 1e-8, "{model:?} {theta}");
                    assert!((here.second[k] - (above.first[k] - below.first[k]) / (2.0 * h)).abs() < 1e-8);
                }
            }
        }
    }

    #[test]
    fn figures_that_make_no_model_are_refused() {
        let refused = [
            ItemParameters::Graded { a: -1.0, b: vec![0.0] },
            ItemParameters::Graded { a: 1.0, b: vec![1.0, 0.0] },
            ItemParameters::Graded { a: 1.0, b: vec![] },
            ItemParameters::PartialCredit { a: f64::NAN, b: vec![0.0] },
            ItemParameters::PartialCredit { a: 1.0, b: vec![f64::INFINITY] },
            ItemParameters::ThreeParameter { a: 1.0, b: 0.0, c: 1.0 },
        ];
        assert!(refused.iter().all(|model| model.check().is_err()));
        assert!(ItemParameters::PartialCredit { a: 1.0, b: vec![1.0, 0.0] }.check().is_ok());
    }
}
