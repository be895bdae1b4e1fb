//! Algebra of correlation matrices on top of nalgebra.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::EstimationError;

/// Eigenvalues from the largest to the smallest, with their vectors as columns.
pub(crate) fn eigen(matrix: &DMatrix<f64>) -> Option<(DVector<f64>, DMatrix<f64>)> {
    if matrix.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let found = SymmetricEigen::try_new(matrix.clone(), f64::EPSILON, 10_000)?;
    let mut order: Vec<usize> = (0..found.eigenvalues.len()).collect();
    order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
    let values = DVector::from_iterator(order.len(), order.iter().map(|at| found.eigenvalues[*at]));
    Some((values, found.eigenvectors.select_columns(&order)))
}

/// Eigenvalues of a matrix that must be one of numbers.
pub(crate) fn eigen_of(
    what: &'static str,
    matrix: &DMatrix<f64>,
) -> Result<(DVector<f64>, DMatrix<f64>), EstimationError> {
    eigen(matrix).ok_or_else(|| EstimationError::Shape {
        what,
        expected: "a symmetric matrix of numbers".to_owned(),
        found: "an entry that is not a number".to_owned(),
    })
}

/// The inverse of a positive definite matrix.
pub(crate) fn inverse(what: &'static str, matrix: &DMatrix<f64>) -> Result<DMatrix<f64>, EstimationError> {
    match matrix.clone().cholesky() {
        Some(factor) if well_conditioned(factor.l_dirty()) => Ok(factor.inverse()),
        _ => {
            let smallest = eigen(matrix).map_or(f64::NAN, |(values, _)| values[values.len() - 1]);
            Err(EstimationError::NotPositiveDefinite { what, smallest })
        }
    }
}

/// Whether no column of the factor is all but a combination of those before it.
fn well_conditioned(lower: &DMatrix<f64>) -> bool {
    let diagonal = lower.diagonal();
    diagonal.min() > 1e-7 * diagonal.max()
}

/// Inverse and logarithm of the determinant of a positive definite matrix, or none.
pub(crate) fn inverse_and_log_det(matrix: &DMatrix<f64>) -> Option<(DMatrix<f64>, f64)> {
    let factor = matrix.clone().cholesky()?;
    let log_det = 2.0 * factor.l_dirty().diagonal().iter().map(|value| value.ln()).sum::<f64>();
    log_det.is_finite().then(|| (factor.inverse(), log_det))
}

/// The inverse on the space of the eigenvalues above `sqrt(eps)` of the largest, as psych and MASS take it.
pub(crate) fn pseudo_inverse(matrix: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let (values, vectors) = eigen(matrix)?;
    let floor = f64::EPSILON.sqrt() * values.amax();
    let turned = values.map(|value| if value.abs() > floor { 1.0 / value } else { 0.0 });
    Some(&vectors * DMatrix::from_diagonal(&turned) * vectors.transpose())
}

/// Squared multiple correlation of every variable with all others, `1 - 1 / diag(R^-1)`, within 0 and 1.
pub(crate) fn squared_multiple_correlations(r: &DMatrix<f64>) -> Result<DVector<f64>, EstimationError> {
    let what = "the correlation matrix";
    // Cholesky's inverse costs a tenth of one by eigenvalues; that is for matrices without an inverse.
    let plain = r.clone().cholesky().filter(|factor| well_conditioned(factor.l_dirty())).map(|factor| factor.inverse());
    let inverse = match plain {
        Some(inverse) => inverse,
        None => pseudo_inverse(r).ok_or(EstimationError::NotPositiveDefinite { what, smallest: f64::NAN })?,
    };
    Ok(inverse.diagonal().map(|value| if value > 0.0 { (1.0 - 1.0 / value).clamp(0.0, 1.0) } else { 1.0 }))
}

/// `D^-1/2 C D^-1/2` with D the diagonal of C.
pub(crate) fn to_correlation(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let scale = covariance.diagonal().map(|variance| 1.0 / variance.sqrt());
    DMatrix::from_fn(covariance.nrows(), covariance.ncols(), |i, j| {
        if i == j { 1.0 } else { covariance[(i, j)] * scale[i] * scale[j] }
    })
}

/// Sum of all entries outside the diagonal, and of their squares.
pub(crate) fn off_diagonal(matrix: &DMatrix<f64>) -> (f64, f64) {
    let diagonal = matrix.diagonal();
    (matrix.sum() - diagonal.sum(), matrix.norm_squared() - diagonal.norm_squared())
}
