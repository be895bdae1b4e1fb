//! Cumulative logistic regression on counts; with two answers the ordinary logistic regression.
//!
//! ```text
//! logit P(y >= k) = b_k + x' beta
//! ```

use nalgebra::{DMatrix, DVector};

use crate::stats::item_response::logistic;

/// Persons with the same predictors, by answer.
pub(super) struct Cell {
    pub(super) x: Vec<f64>,
    pub(super) counts: Vec<f64>,
}

/// A fitted regression.
pub(super) struct Fit {
    pub(super) log_likelihood: f64,
    pub(super) slopes: Vec<f64>,
    pub(super) slope_se: Vec<f64>,
}

/// Log-likelihood of the shares alone.
pub(super) fn null_log_likelihood(cells: &[Cell]) -> f64 {
    let categories = cells.first().map_or(0, |cell| cell.counts.len());
    let margin: Vec<f64> = (0..categories).map(|k| cells.iter().map(|cell| cell.counts[k]).sum()).collect();
    let n: f64 = margin.iter().sum();
    margin.iter().filter(|count| **count > 0.0).map(|count| count * (count / n).ln()).sum()
}

/// Newton's method with halved steps; none where there is no maximum.
pub(super) fn fit(cells: &[Cell], predictors: usize) -> Option<Fit> {
    let steps = cells.first()?.counts.len() - 1;
    // Slopes of predictors on very different scales are found on a common one.
    let scales: Vec<f64> = (0..predictors)
        .map(|k| cells.iter().map(|cell| cell.x[k].abs()).fold(0.0, f64::max).max(f64::MIN_POSITIVE))
        .collect();
    let mut x = start(cells, steps, predictors);
    let mut at = evaluate(cells, &scales, &x, steps)?;
    for _ in 0..100 {
        let factor = at.curvature.clone().cholesky()?;
        let step = factor.solve(&at.gradient);
        if step.dot(&at.gradient) / 2.0 < 1e-12 * (1.0 + at.log_likelihood.abs()) {
            let covariance = factor.inverse();
            // Predictors are scaled to 1: beyond this slope the answers are separated.
            if x.iter().any(|x| x.abs() > 200.0) || covariance.diagonal().iter().any(|v| *v > 1e6) {
                return None;
            }
            let of = |k: usize| x[steps + k] / scales[k];
            let se = |k: usize| covariance[(steps + k, steps + k)].sqrt() / scales[k];
            return Some(Fit {
                log_likelihood: at.log_likelihood,
                slopes: (0..predictors).map(of).collect(),
                slope_se: (0..predictors).map(se).collect(),
            });
        }
        let mut length = 1.0;
        loop {
            let next = &x + &step * length;
            let there =
                evaluate(cells, &scales, &next, steps).filter(|there| there.log_likelihood >= at.log_likelihood);
            if let Some(there) = there {
                (x, at) = (next, there);
                break;
            }
            length /= 2.0;
            if length < 1e-10 {
                return None;
            }
        }
    }
    None
}

fn start(cells: &[Cell], steps: usize, predictors: usize) -> DVector<f64> {
    let mut x = DVector::zeros(steps + predictors);
    let n: f64 = cells.iter().flat_map(|cell| &cell.counts).sum();
    for k in 1..=steps {
        let above: f64 = cells.iter().flat_map(|cell| &cell.counts[k..]).sum();
        x[k - 1] = (above / (n - above)).ln();
    }
    x
}

struct At {
    log_likelihood: f64,
    gradient: DVector<f64>,
    curvature: DMatrix<f64>,
}

/// Value, gradient and minus the second derivative; none where thresholds are out of order.
fn evaluate(cells: &[Cell], scales: &[f64], x: &DVector<f64>, steps: usize) -> Option<At> {
    let m = x.len();
    if (1..steps).any(|k| x[k] >= x[k - 1]) {
        return None;
    }
    let mut at = At { log_likelihood: 0.0, gradient: DVector::zeros(m), curvature: DMatrix::zeros(m, m) };
    let mut slopes = vec![0.0; steps];
    for cell in cells {
        let values: Vec<f64> = cell.x.iter().zip(scales).map(|(x, scale)| x / scale).collect();
        let linear: f64 = values.iter().enumerate().map(|(k, value)| value * x[steps + k]).sum();
        let eta: Vec<f64> = (0..steps).map(|k| x[k] + linear).collect();
        let reached = |k: usize| {
            if k == 0 {
                1.0
            } else if k > steps {
                0.0
            } else {
                logistic(eta[k - 1])
            }
        };
        let missed = |k: usize| {
            if k == 0 {
                0.0
            } else if k > steps {
                1.0
            } else {
                logistic(-eta[k - 1])
            }
        };
        for (c, count) in cell.counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let p = if reached(c) > 0.5 { missed(c + 1) - missed(c) } else { reached(c) - reached(c + 1) };
            at.log_likelihood += count * p.ln();
            slopes.fill(0.0);
            // Derivatives by the two boundaries of the answer, then by thresholds and slopes.
            let mut bends = [(0, 0.0); 2];
            for (which, (boundary, sign)) in [(c, 1.0), (c + 1, -1.0)].into_iter().enumerate() {
                if (1..=steps).contains(&boundary) {
                    let own = reached(boundary) * missed(boundary);
                    slopes[boundary - 1] = sign * own / p;
                    bends[which] = (boundary, sign * own * (missed(boundary) - reached(boundary)) / p);
                }
            }
            let gradient = chain(&slopes, &values, steps, m);
            at.gradient += &gradient * *count;
            at.curvature.ger(*count, &gradient, &gradient, 1.0);
            for (boundary, bend) in bends.into_iter().filter(|(boundary, _)| *boundary > 0) {
                let mut unit = vec![0.0; steps];
                unit[boundary - 1] = 1.0;
                let direction = chain(&unit, &values, steps, m);
                at.curvature.ger(-count * bend, &direction, &direction, 1.0);
            }
        }
    }
    at.log_likelihood.is_finite().then_some(at)
}

fn chain(by_eta: &[f64], values: &[f64], steps: usize, m: usize) -> DVector<f64> {
    let all: f64 = by_eta.iter().sum();
    DVector::from_fn(m, |k, _| if k < steps { by_eta[k] } else { values[k - steps] * all })
}
