//! Polynomial log-linear smoothing of a frequency distribution.

use nalgebra::{DMatrix, DVector};

/// A smoothed distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    /// Fitted frequencies, in the order of the cells.
    pub fitted: Vec<f64>,
    /// Degree of the polynomial: this many moments of the data are kept.
    pub degree: usize,
    /// Deviance `2 sum f ln(f / fitted)`.
    pub deviance: f64,
    /// Bayesian information criterion up to a constant: `deviance + (degree + 1) ln n`.
    pub bic: f64,
}

/// Why a distribution cannot be smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmoothError {
    /// Not more cells with a frequency than the polynomial has terms.
    #[error(
        "a polynomial of degree {degree} needs more than {degree} different scores, there are {cells}; lower the degree"
    )]
    TooFewCells {
        /// Degree asked for.
        degree: usize,
        /// Cells with a frequency above 0.
        cells: usize,
    },
    /// A frequency is below 0 or not a number.
    #[error("cell {0} has no frequency that is a number from 0 up; check the counts")]
    NotAFrequency(usize),
    /// The iteration found no maximum.
    #[error("the fit of degree {0} did not converge; lower the degree")]
    NoConvergence(usize),
}

const MAX_ITERATIONS: usize = 100;

/// Fits `ln fitted_i = b_0 + b_1 P_1(i) + ... + b_degree P_degree(i)` to frequencies of equally spaced scores by maximum
/// likelihood (Poisson), with orthogonal polynomials and Newton steps. The first `degree` moments of the fitted distribution
/// are those of the data (Holland and Thayer 2000, J. Educ. Behav. Stat. 25:133).
///
/// # Errors
/// When there are too few scores, a frequency is not one, or the iteration does not converge.
///
/// ```
/// use screening_core::stats::log_linear;
/// let smooth = log_linear(&[1.0, 4.0, 9.0, 5.0, 8.0, 2.0], 2)?;
/// let mean = |f: &[f64]| f.iter().enumerate().map(|(i, f)| i as f64 * f).sum::<f64>() / f.iter().sum::<f64>();
/// assert!((mean(&smooth.fitted) - mean(&[1.0, 4.0, 9.0, 5.0, 8.0, 2.0])).abs() < 1e-10);
/// # Ok::<(), screening_core::stats::SmoothError>(())
/// ```
pub fn log_linear(frequencies: &[f64], degree: usize) -> Result<Smoothed, SmoothError> {
    if let Some(at) = frequencies.iter().position(|f| !f.is_finite() || *f < 0.0) {
        return Err(SmoothError::NotAFrequency(at));
    }
    let filled = frequencies.iter().filter(|f| **f > 0.0).count();
    if filled <= degree {
        return Err(SmoothError::TooFewCells { degree, cells: filled });
    }
    let total: f64 = frequencies.iter().sum();
    let design = orthogonal(frequencies.len(), degree);
    let data = DVector::from_column_slice(frequencies);
    // From the logarithm of a mixture of the data and a flat distribution: near the maximum and finite everywhere.
    let flat = total / frequencies.len() as f64;
    let start = data.map(|f| (0.8 * f + 0.2 * flat).ln());
    let mut coefficients = design.transpose() * start;
    let mut value = likelihood(&design, &data, &coefficients);
    for _ in 0..MAX_ITERATIONS {
        let fitted = (&design * &coefficients).map(f64::exp);
        let gradient = design.transpose() * (&data - &fitted);
        let weighted = DMatrix::from_fn(design.nrows(), design.ncols(), |i, j| design[(i, j)] * fitted[i]);
        let information = design.transpose() * weighted;
        let Some(cholesky) = information.cholesky() else { return Err(SmoothError::NoConvergence(degree)) };
        let step = cholesky.solve(&gradient);
        // Newton's decrement, relative to the number of people.
        if gradient.dot(&step) <= 1e-22 * total {
            return Ok(finish(frequencies, fitted.as_slice(), degree));
        }
        let (next, reached) = halved(&design, &data, &coefficients, &step, value);
        if reached <= value && gradient.dot(&step) <= 1e-12 * total {
            return Ok(finish(frequencies, fitted.as_slice(), degree));
        }
        (coefficients, value) = (next, reached);
    }
    Err(SmoothError::NoConvergence(degree))
}

/// Degree with the smallest BIC from 2 to `max_degree`; degrees that cannot be fitted are passed over.
///
/// # Errors
/// That of degree 2, when no degree can be fitted.
pub fn log_linear_selected(frequencies: &[f64], max_degree: usize) -> Result<Smoothed, SmoothError> {
    let first = log_linear(frequencies, 2);
    let others = (3..=max_degree).filter_map(|degree| log_linear(frequencies, degree).ok());
    others.fold(first, |best, next| match best {
        Ok(best) if best.bic <= next.bic => Ok(best),
        _ => Ok(next),
    })
}

/// A Newton step, halved until the likelihood does not fall.
fn halved(
    design: &DMatrix<f64>,
    data: &DVector<f64>,
    from: &DVector<f64>,
    step: &DVector<f64>,
    value: f64,
) -> (DVector<f64>, f64) {
    let mut share = 1.0;
    loop {
        let next = from + step * share;
        let reached = likelihood(design, data, &next);
        if reached >= value || share < 1e-10 {
            return (next, reached);
        }
        share /= 2.0;
    }
}

fn likelihood(design: &DMatrix<f64>, data: &DVector<f64>, coefficients: &DVector<f64>) -> f64 {
    let log = design * coefficients;
    data.iter().zip(log.iter()).map(|(f, log)| f * log - log.exp()).sum()
}

/// Orthonormal polynomials over 0, 1, ..., n - 1, the constant first, by the recurrence of Stieltjes.
fn orthogonal(n: usize, degree: usize) -> DMatrix<f64> {
    let middle = (n as f64 - 1.0) / 2.0;
    let x = DVector::from_fn(n, |i, _| (i as f64 - middle) / middle.max(1.0));
    let mut columns = vec![DVector::from_element(n, 1.0 / (n as f64).sqrt())];
    for at in 0..degree {
        let mut next = columns[at].component_mul(&x);
        // Twice: the second pass removes what rounding left in the first.
        for _ in 0..2 {
            for column in &columns {
                let along = next.dot(column);
                next -= column * along;
            }
        }
        let norm = next.norm();
        columns.push(next / norm);
    }
    DMatrix::from_columns(&columns)
}

fn finish(frequencies: &[f64], fitted: &[f64], degree: usize) -> Smoothed {
    let pairs = frequencies.iter().zip(fitted).filter(|(f, _)| **f > 0.0);
    let deviance = 2.0 * pairs.map(|(f, fitted)| f * (f / fitted).ln()).sum::<f64>();
    let total: f64 = frequencies.iter().sum();
    Smoothed { fitted: fitted.to_vec(), degree, deviance, bic: deviance + (degree as f64 + 1.0) * total.ln() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(frequencies: &[f64], power: i32) -> f64 {
        let total: f64 = frequencies.iter().sum();
        frequencies.iter().enumerate().map(|(i, f)| (i as f64).powi(power) * f).sum::<f64>() / total
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        assert_eq!(log_linear(&[3.0, 4.0], 2), Err(SmoothError::TooFewCells { degree: 2, cells: 2 }));
        assert_eq!(log_linear(&[], 2), Err(SmoothError::TooFewCells { degree: 2, cells: 0 }));
        assert_eq!(log_linear(&[1.0, -1.0, 3.0, 4.0], 2), Err(SmoothError::NotAFrequency(1)));
        assert!(log_linear_selected(&[5.0, 0.0, 0.0, 0.0], 5).is_err());
    }

    proptest! {
        #[test]
        fn moments_are_kept(frequencies in prop::collection::vec(1_u16..60, 6..30), degree in 1_usize..5) {
            let frequencies: Vec<f64> = frequencies.into_iter().map(f64::from).collect();
            let smooth = log_linear(&frequencies, degree).unwrap();
            for power in 0..=degree as i32 {
                let (data, fitted) = (moment(&frequencies, power), moment(&smooth.fitted, power));
                prop_assert!((data - fitted).abs() < 1e-7 * (1.0 + data), "{power}: {data} {fitted}");
            }
        }
    }
}
