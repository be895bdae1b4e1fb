//! A correlation matrix without negative eigenvalues.

use nalgebra::{DMatrix, DVector};

use super::super::EstimationError;
use super::super::algebra::{eigen_of, to_correlation};

/// Eigenvalues below this count as none; they become a hundred times as much.
const SMALLEST: f64 = 1e-12;

/// Makes a matrix of correlations positive definite, as `psych::cor.smooth` does: eigenvalues below 1e-12 become 1e-10, all
/// are rescaled to sum to the number of variables, and the diagonal is set to 1 again. Also gives the smallest eigenvalue
/// of the matrix as it was. A matrix that is positive definite comes back unchanged.
///
/// # Errors
/// A matrix that is not square or has entries that are not numbers.
///
/// ```
/// use nalgebra::dmatrix;
/// use screening_core::psychometrics::smooth;
///
/// let impossible = dmatrix![1.0, 0.9, 0.9; 0.9, 1.0, -0.9; 0.9, -0.9, 1.0];
/// let (smoothed, smallest) = smooth(&impossible)?;
/// assert!((smallest + 0.8).abs() < 1e-12);
/// assert!((smoothed[(0, 1)] - 0.5).abs() < 1e-9);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn smooth(r: &DMatrix<f64>) -> Result<(DMatrix<f64>, f64), EstimationError> {
    let p = r.nrows();
    if p == 0 || r.ncols() != p {
        let found = format!("{} x {}", p, r.ncols());
        return Err(EstimationError::Shape {
            what: "a correlation matrix",
            expected: "as many rows as columns".into(),
            found,
        });
    }
    let (values, vectors) = eigen_of("a correlation matrix", r)?;
    let smallest = values[p - 1];
    if smallest >= SMALLEST {
        return Ok((r.clone(), smallest));
    }
    let lifted: DVector<f64> = values.map(|value| if value < SMALLEST { 100.0 * SMALLEST } else { value });
    let scaled = &lifted * (p as f64 / lifted.sum());
    let rebuilt = &vectors * DMatrix::from_diagonal(&scaled) * vectors.transpose();
    Ok((to_correlation(&rebuilt), smallest))
}
