//! Modes of likelihoods and posteriors: the root of a derivative, bracketed at every step.

use super::bank::ItemBank;
use super::quadrature::Prior;
use super::score::{Estimator, PersonScore, ScoreState};
use crate::stats::item_response::Curves;

/// Beyond, no scale has anything to tell.
const LIMIT: f64 = 25.0;

/// Sums over the answered items at one theta.
#[derive(Default)]
struct At {
    /// First derivative of the log-likelihood.
    score: f64,
    /// Its second derivative, turned round.
    observed: f64,
    /// Fisher information.
    expected: f64,
    /// `sum of P' P'' / P`.
    j: f64,
}

fn at(bank: &ItemBank, pattern: &[(usize, usize)], theta: f64, curves: &mut Curves) -> At {
    let mut at = At::default();
    for (item, answer) in pattern {
        let Some(item) = bank.items().get(*item) else { continue };
        item.parameters.curves(theta, curves);
        for ((p, first), second) in curves.p.iter().zip(&curves.first).zip(&curves.second) {
            if *p > 0.0 {
                at.expected += first * first / p;
                at.j += first * second / p;
            }
        }
        let of = |list: &[f64]| list.get(*answer).copied().unwrap_or(f64::NAN);
        let (p, first, second) = (of(&curves.p), of(&curves.first), of(&curves.second));
        let slope = first / p;
        at.score += slope;
        at.observed += slope * slope - second / p;
    }
    at
}

/// MAP, ML or WLE of one pattern of (item, category).
pub(crate) fn mode(
    bank: &ItemBank,
    pattern: &[(usize, usize)],
    estimator: Estimator,
    prior: Prior,
    curves: &mut Curves,
) -> PersonScore {
    if pattern.is_empty() {
        return PersonScore::none(ScoreState::NoAnswers);
    }
    if estimator == Estimator::Ml {
        let highest = |(item, answer): &(usize, usize)| {
            bank.items().get(*item).is_some_and(|item| answer + 1 == item.parameters.categories())
        };
        if pattern.iter().all(|(_, answer)| *answer == 0) {
            return PersonScore::none(ScoreState::Lowest);
        }
        if pattern.iter().all(highest) {
            return PersonScore::none(ScoreState::Highest);
        }
    }
    let precision = prior.deviation.powi(-2);
    // Derivative, a slope for the step, and the information behind the standard error.
    let mut equation = |theta: f64| {
        let at = at(bank, pattern, theta, curves);
        match estimator {
            Estimator::Ml => (at.score, at.expected, at.observed),
            Estimator::Wle => (at.score + at.j / (2.0 * at.expected), at.expected, at.expected),
            Estimator::Map | Estimator::Eap => {
                (at.score - (theta - prior.mean) * precision, at.expected + precision, at.observed + precision)
            }
        }
    };
    let start = if estimator == Estimator::Map { prior.mean.clamp(-LIMIT, LIMIT) } else { 0.0 };
    let Some(theta) = root(
        |theta| {
            let (f, slope, _) = equation(theta);
            (f, slope)
        },
        start,
    ) else {
        return PersonScore::none(ScoreState::NoMaximum);
    };
    let (_, _, information) = equation(theta);
    if information > 0.0 {
        PersonScore { theta, se: information.sqrt().recip(), state: ScoreState::Estimated }
    } else {
        PersonScore::none(ScoreState::NoMaximum)
    }
}

/// Root of a falling function by scoring steps inside a bracket; none within the limit.
fn root(mut f: impl FnMut(f64) -> (f64, f64), start: f64) -> Option<f64> {
    let (mut low, mut high, mut theta) = (-LIMIT, LIMIT, start);
    for _ in 0..200 {
        let (value, slope) = f(theta);
        // Where a probability is too small for a double the way back to the middle is the way up.
        let value = if value.is_nan() { -theta } else { value };
        if value == 0.0 {
            return Some(theta);
        }
        if value > 0.0 {
            low = theta;
        } else {
            high = theta;
        }
        let step = value / slope;
        let step = if step.is_finite() { step.clamp(-1.5, 1.5) } else { 1.5_f64.copysign(value) };
        let next = theta + step;
        let next = if next > low && next < high { next } else { f64::midpoint(low, high) };
        if (next - theta).abs() < 1e-12 * (1.0 + theta.abs()) || high - low < 1e-12 {
            return (next.abs() < LIMIT - 1e-6).then_some(next);
        }
        theta = next;
    }
    (high - low < 1e-6 && theta.abs() < LIMIT - 1e-6).then_some(theta)
}
