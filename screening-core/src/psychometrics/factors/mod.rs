//! How many factors, and which items go with them.

mod adequacy;
mod efa;
mod extraction;
mod parallel;
mod rotation;

pub use adequacy::{Adequacy, MinimumAveragePartial, adequacy, minimum_average_partial};
pub use efa::{Efa, EfaReport, ModelFit};
pub use extraction::Extraction;
pub(crate) use extraction::{extract, orient};
pub use parallel::{ParallelAnalysis, ParallelReport};
pub use rotation::{Rotated, Rotation, rotate};

use nalgebra::DMatrix;

use super::EstimationError;
use super::algebra::eigen_of;

/// Eigenvalues of a correlation matrix, the largest first (the scree).
///
/// # Errors
/// A matrix that is not square or has entries that are not numbers.
///
/// ```
/// use nalgebra::dmatrix;
///
/// let values = screening_core::psychometrics::eigenvalues(&dmatrix![1.0, 0.5; 0.5, 1.0])?;
/// assert!((values[0] - 1.5).abs() < 1e-15 && (values[1] - 0.5).abs() < 1e-15);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn eigenvalues(r: &DMatrix<f64>) -> Result<Vec<f64>, EstimationError> {
    if r.nrows() == 0 || r.nrows() != r.ncols() {
        let found = format!("{} x {}", r.nrows(), r.ncols());
        let expected = "as many rows as columns".to_owned();
        return Err(EstimationError::Shape { what: "a correlation matrix", expected, found });
    }
    Ok(eigen_of("a correlation matrix", r)?.0.iter().copied().collect())
}
