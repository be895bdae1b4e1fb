//! The maximum of the marginal likelihood.
//!
//! The first steps are those of the EM algorithm (one scoring step of each item in its expected complete likelihood). From
//! there on the same step, measured by what the last steps taught about the curvature (BFGS), which is what accelerated EM
//! amounts to (Jamshidian & Jennrich 1997, J R Stat Soc B 59:569). General optimisers start from a unit metric and would
//! throw away the one that EM brings along; that is why none is used here.

use nalgebra::{DMatrix, DVector};

use super::problem::{Expectation, Problem};
use crate::psychometrics::irt::IrtError;

/// Steps of plain EM before the curvature is learnt.
const PLAIN: usize = 4;

/// Where the search ended.
pub(crate) struct Maximum {
    pub(crate) x: Vec<f64>,
    pub(crate) at: Expectation,
    pub(crate) gradient: DVector<f64>,
    pub(crate) iterations: usize,
}

pub(crate) fn maximise(
    problem: &Problem,
    start: Vec<f64>,
    max_iterations: usize,
    tolerance: f64,
) -> Result<Maximum, IrtError> {
    let mut x = start;
    let infeasible = || IrtError::option("start", "no model", "starting values with ordered thresholds");
    let mut at = problem.expect(&x).ok_or_else(infeasible)?;
    let (mut gradient, mut metric) = problem.gradient(&x, &at);
    let mut gain = f64::INFINITY;
    for iteration in 0..max_iterations {
        let mut direction = &metric * &gradient;
        if direction.dot(&gradient) <= 0.0 {
            (_, metric) = problem.gradient(&x, &at);
            direction = &metric * &gradient;
        }
        gain = direction.dot(&gradient) / 2.0;
        if gain < tolerance {
            return Ok(Maximum { x, at, gradient, iterations: iteration });
        }
        let Some((next, reached)) = step(problem, &x, &at, &direction, 2.0 * gain) else {
            // No way up that the arithmetic can see: the top, as far as doubles go, or a fault.
            if gain < 1e-6 {
                return Ok(Maximum { x, at, gradient, iterations: iteration });
            }
            break;
        };
        let (slope, plain) = problem.gradient(&next, &reached);
        if iteration < PLAIN {
            metric = plain;
        } else {
            learn(&mut metric, &next, &x, &(&gradient - &slope));
        }
        (x, at, gradient) = (next, reached, slope);
    }
    Err(IrtError::NoConvergence { iterations: max_iterations, gain })
}

/// The longest of ever shorter steps that rises enough.
fn step(
    problem: &Problem,
    x: &[f64],
    at: &Expectation,
    direction: &DVector<f64>,
    slope: f64,
) -> Option<(Vec<f64>, Expectation)> {
    let mut length = 1.0;
    for _ in 0..40 {
        let next: Vec<f64> = x.iter().zip(direction.iter()).map(|(x, d)| x + length * d).collect();
        // Near the top the rise drowns in the rounding of the sum.
        let enough = at.log_likelihood + 1e-4 * length * slope - 1e-14 * at.log_likelihood.abs();
        if let Some(reached) = problem.expect(&next).filter(|reached| reached.log_likelihood >= enough) {
            return Some((next, reached));
        }
        length /= 2.0;
    }
    None
}

/// BFGS update of the inverse curvature.
fn learn(metric: &mut DMatrix<f64>, next: &[f64], x: &[f64], y: &DVector<f64>) {
    let s = DVector::from_iterator(x.len(), next.iter().zip(x).map(|(next, x)| next - x));
    let sy = s.dot(y);
    let my = &*metric * y;
    let ymy = y.dot(&my);
    if sy <= 1e-12 * ymy.abs().max(f64::MIN_POSITIVE) {
        return;
    }
    metric.ger((1.0 + ymy / sy) / sy, &s, &s, 1.0);
    metric.ger(-1.0 / sy, &s, &my, 1.0);
    metric.ger(-1.0 / sy, &my, &s, 1.0);
}
