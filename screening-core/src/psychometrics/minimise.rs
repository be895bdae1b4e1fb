//! A damped Newton method for smooth functions of some dozen parameters, with lower bounds.
//!
//! Discrepancy functions of factor models come with a gradient and a Hessian (exact, or the information matrix) at little
//! more cost than their value, so a general optimiser that has to learn the curvature from gradients would throw away what
//! is known and take tens of iterations in place of five. Hence this small one, in the manner of Levenberg and Marquardt.

use nalgebra::{DMatrix, DVector};

use super::EstimationError;

/// Value, gradient and Hessian (or a positive semidefinite stand-in) at one point.
pub(crate) struct Local {
    pub(crate) value: f64,
    pub(crate) gradient: DVector<f64>,
    pub(crate) hessian: DMatrix<f64>,
}

pub(crate) struct Minimum {
    pub(crate) at: DVector<f64>,
    pub(crate) value: f64,
    pub(crate) iterations: usize,
}

pub(crate) struct Options<'a> {
    pub(crate) method: &'static str,
    pub(crate) lower: Option<&'a [f64]>,
    pub(crate) tolerance: f64,
    pub(crate) iterations: usize,
}

/// The minimum from a start. `local` gives none where the function has no value.
pub(crate) fn minimise(
    start: DVector<f64>,
    options: &Options<'_>,
    mut local: impl FnMut(&DVector<f64>) -> Option<Local>,
) -> Result<Minimum, EstimationError> {
    let fail = |iterations, gradient| EstimationError::NoConvergence { method: options.method, iterations, gradient };
    let floor = |at: usize| options.lower.map_or(f64::NEG_INFINITY, |lower| lower[at]);
    let mut at = start;
    let mut here = local(&at).ok_or_else(|| fail(0, f64::NAN))?;
    let mut damping = 1e-3;
    let mut remaining = f64::NAN;
    for iteration in 0..options.iterations {
        // What rests on its bound and would go beyond it stays there.
        let free: Vec<usize> = (0..at.len()).filter(|i| at[*i] > floor(*i) || here.gradient[*i] < 0.0).collect();
        remaining = free.iter().map(|i| here.gradient[*i].abs()).fold(0.0, f64::max);
        if remaining <= options.tolerance {
            return Ok(Minimum { at, value: here.value, iterations: iteration });
        }
        let gradient = here.gradient.select_rows(&free);
        let hessian = here.hessian.select_rows(&free).select_columns(&free);
        let mut moved = false;
        for _ in 0..60 {
            let Some(step) = damped(&hessian, &gradient, damping) else {
                damping = (damping * 10.0_f64).max(1e-6);
                continue;
            };
            let mut next = at.clone();
            free.iter().zip(step.iter()).for_each(|(i, step)| next[*i] = (at[*i] - step).max(floor(*i)));
            let noise = 1e-14 * here.value.abs();
            if let Some(there) = local(&next).filter(|there| there.value <= here.value + noise) {
                // Rounding hides further descent: the point is as good as doubles can tell.
                let still = (&next - &at).amax() <= 1e-12 * (1.0 + at.amax());
                let gained = here.value - there.value > noise;
                (at, here) = (next, there);
                damping = if damping < 1e-12 { 0.0 } else { damping / 10.0 };
                if still && !gained && remaining <= options.tolerance.sqrt() {
                    return Ok(Minimum { at, value: here.value, iterations: iteration + 1 });
                }
                moved = true;
                break;
            }
            damping = (damping * 10.0_f64).max(1e-6);
        }
        if !moved {
            // No descent in any direction: the minimum as far as doubles can tell, or no minimum at all.
            return if remaining <= options.tolerance.sqrt() {
                Ok(Minimum { at, value: here.value, iterations: iteration })
            } else {
                Err(fail(iteration, remaining))
            };
        }
    }
    Err(fail(options.iterations, remaining))
}

fn damped(hessian: &DMatrix<f64>, gradient: &DVector<f64>, damping: f64) -> Option<DVector<f64>> {
    let mut matrix = hessian.clone();
    for i in 0..matrix.nrows() {
        let own = matrix[(i, i)].abs().max(1e-8);
        matrix[(i, i)] += damping * own;
    }
    matrix.cholesky().map(|factor| factor.solve(gradient))
}

#[cfg(test)]
mod tests {
    use nalgebra::{dmatrix, dvector};

    use super::*;

    #[allow(clippy::unnecessary_wraps)]
    fn rosenbrock(at: &DVector<f64>) -> Option<Local> {
        let (x, y) = (at[0], at[1]);
        Some(Local {
            value: 100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2),
            gradient: dvector![-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)],
            hessian: dmatrix![1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x; -400.0 * x, 200.0],
        })
    }

    #[test]
    fn a_bent_valley_is_followed_to_its_end() {
        let options = Options { method: "test", lower: None, tolerance: 1e-10, iterations: 100 };
        let found = minimise(dvector![-1.2, 1.0], &options, rosenbrock).unwrap();
        assert!((found.at - dvector![1.0, 1.0]).amax() < 1e-10);
        assert!(found.value < 1e-18 && found.iterations < 40);
    }

    #[test]
    fn bounds_hold_and_are_left_again() {
        let options =
            Options { method: "test", lower: Some(&[1.5, f64::NEG_INFINITY]), tolerance: 1e-9, iterations: 200 };
        let found = minimise(dvector![3.0, 1.0], &options, rosenbrock).unwrap();
        assert!((found.at - dvector![1.5, 2.25]).amax() < 1e-7);
        let options = Options { lower: Some(&[-1.2, f64::NEG_INFINITY]), ..options };
        assert!((minimise(dvector![-1.2, 1.0], &options, rosenbrock).unwrap().at[0] - 1.0).abs() < 1e-8);
    }

    #[test]
    fn no_minimum_is_an_error() {
        let options = Options { method: "test", lower: None, tolerance: 1e-10, iterations: 30 };
        let falling =
            |at: &DVector<f64>| Some(Local { value: -at[0], gradient: dvector![-1.0], hessian: dmatrix![0.0] });
        let error = minimise(dvector![0.0], &options, falling).map(|_| ()).unwrap_err();
        assert!(matches!(error, EstimationError::NoConvergence { method: "test", .. }));
        assert!(minimise(dvector![0.0], &options, |_| None).is_err());
    }
}
