//! From a norm score to a raw score and back, and whether a model can be inverted.

use super::super::derive::Limit;
use super::super::model::ModelDef;

/// The raw score at the norm score `t` and the place `at` on the axis: `sum b L^i A^j`. Not held to the range of the scale.
///
/// ```
/// # use screening_core::norms::{Axis, ModelDef, raw_of};
/// let model = ModelDef {
///     axis: Axis::Grade, from: 4.0, to: 9.0, terms: vec![[0, 0], [1, 0], [1, 1]], coefficients: vec![-10.0, 0.2, 0.05],
///     min_t: 20.0, max_t: 80.0, min_raw: 0.0, max_raw: 40.0, r2_adjusted: 0.99, rmse: 0.5,
/// };
/// assert_eq!(raw_of(&model, 50.0, 6.0), 15.0);
/// ```
pub fn raw_of(model: &ModelDef, t: f64, at: f64) -> f64 {
    let terms = model.terms.iter().zip(&model.coefficients);
    terms.map(|([i, j], b)| b * t.powi(i32::from(*i)) * at.powi(i32::from(*j))).sum()
}

/// Steps of the search over the norm scores.
const STEPS: usize = 240;

/// The norm score of a raw score at a place on the axis, between the lowest and the highest of the data; one beyond them is
/// given as that end, and said to be at most or at least that. The model rises within the range of the raw score (see
/// [`violations`]), so the first crossing is the only one.
pub fn norm_of(model: &ModelDef, raw: f64, at: f64) -> (f64, Option<Limit>) {
    let difference = |t: f64| raw_of(model, t, at) - raw;
    if difference(model.min_t) >= 0.0 {
        let exact = difference(model.min_t) == 0.0;
        return (model.min_t, (!exact).then_some(Limit::AtMost));
    }
    let width = (model.max_t - model.min_t) / STEPS as f64;
    let grid = |step: usize| if step == STEPS { model.max_t } else { width.mul_add(step as f64, model.min_t) };
    let Some(step) = (1..=STEPS).find(|step| difference(grid(*step)) >= 0.0) else {
        return (model.max_t, Some(Limit::AtLeast));
    };
    let (mut low, mut high) = (grid(step - 1), grid(step));
    // Bisection to the last place: the bracket holds a sign change and halves each time.
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if difference(middle) < 0.0 { low = middle } else { high = middle }
    }
    (high, None)
}

/// A place where a higher norm score has a lower raw score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Violation {
    /// Place on the axis.
    pub at: f64,
    /// Norm score.
    pub t: f64,
}

/// Where a model falls: on a grid of one T by a twentieth of the axis, as far as both raw scores lie within the range of the
/// data. Outside of it the polynomial is not used.
pub fn violations(model: &ModelDef) -> Vec<Violation> {
    let mut found = Vec::new();
    let tolerance = 1e-9 * (model.max_raw - model.min_raw);
    for place in 0..=20 {
        let at = model.from + (model.to - model.from) * f64::from(place) / 20.0;
        let steps = ((model.max_t - model.min_t).ceil() as usize).clamp(1, 1_000);
        let grid = |step: usize| model.min_t + (model.max_t - model.min_t) * step as f64 / steps as f64;
        let mut reached_top = false;
        for step in 1..=steps {
            let (below, above) = (raw_of(model, grid(step - 1), at), raw_of(model, grid(step), at));
            let inside = !reached_top && below > model.min_raw;
            // Once the highest score is reached the first crossing of every score lies behind; what comes is not used.
            reached_top |= below < model.max_raw && above >= model.max_raw;
            if inside && above < below - tolerance {
                found.push(Violation { at, t: grid(step) });
            }
        }
    }
    found
}
