//! Guttman's lower bounds.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::EstimationError;
use super::super::algebra::{off_diagonal, squared_multiple_correlations, to_correlation};
use super::split::best_split;
use crate::instrument::Text;
use crate::texts::say;

/// Guttman's six lower bounds of reliability (1945, Psychometrika 10:255).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GuttmanLambdas {
    /// `1 - tr C / sum C`.
    pub lambda1: f64,
    /// With the root of the squared covariances.
    pub lambda2: f64,
    /// Cronbach's alpha.
    pub lambda3: f64,
    /// The best split into halves of any size: exactly up to 16 items, above that the best that exchanging single items
    /// finds (so a bound of the bound).
    pub lambda4: f64,
    /// With the item that goes best with all others.
    pub lambda5: f64,
    /// With what the other items do not explain.
    pub lambda6: f64,
}

/// The bounds from covariances (or correlations).
///
/// # Errors
/// Fewer than two items, an item or a sum that does not vary.
///
/// ```
/// use nalgebra::dmatrix;
///
/// let c = dmatrix![2.0, 1.0, 1.0; 1.0, 2.0, 1.0; 1.0, 1.0, 2.0];
/// let found = screening_core::psychometrics::guttman_lambdas(&c)?;
/// assert!((found.lambda1 - 0.5).abs() < 1e-15 && (found.lambda3 - 0.75).abs() < 1e-15);
/// assert!((found.lambda2 - 0.75).abs() < 1e-15);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn guttman_lambdas(covariance: &DMatrix<f64>) -> Result<GuttmanLambdas, EstimationError> {
    let k = covariance.nrows();
    if k < 2 || covariance.ncols() != k {
        return Err(EstimationError::TooFewItems {
            method: "Guttman's bounds",
            needed: 2,
            found: k.min(covariance.ncols()),
        });
    }
    let (sum, diagonal) = (covariance.sum(), covariance.diagonal());
    if let Some(item) = diagonal.iter().position(|variance| variance.is_nan() || *variance <= 0.0) {
        return Err(EstimationError::Constant { item: (item + 1).to_string() });
    }
    if sum <= 1e-12 * covariance.iter().map(|value| value.abs()).sum::<f64>() {
        return Err(EstimationError::Constant { item: "sum of the items".to_owned() });
    }
    let (off, squares) = off_diagonal(covariance);
    let size = k as f64;
    let lambda1 = off / sum;
    let best = (0..k).map(|at| covariance.row(at).norm_squared() - diagonal[at] * diagonal[at]).fold(0.0, f64::max);
    let smc = squared_multiple_correlations(&to_correlation(covariance))?;
    let unexplained: f64 = diagonal.iter().zip(smc.iter()).map(|(variance, smc)| variance * (1.0 - smc)).sum();
    Ok(GuttmanLambdas {
        lambda1,
        lambda2: (off + (size / (size - 1.0) * squares).sqrt()) / sum,
        lambda3: lambda1 * size / (size - 1.0),
        lambda4: best_split(covariance),
        lambda5: lambda1 + 2.0 * best.sqrt() / sum,
        lambda6: 1.0 - unexplained / sum,
    })
}

impl GuttmanLambdas {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        vec![say("reliability.guttman", &[])]
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    #[test]
    fn bounds_are_ordered_and_the_fourth_is_the_best_split() {
        let c = dmatrix![
            1.0, 0.6, 0.3, 0.2;
            0.6, 1.0, 0.2, 0.3;
            0.3, 0.2, 1.0, 0.5;
            0.2, 0.3, 0.5, 1.0
        ];
        let found = guttman_lambdas(&c).unwrap();
        assert!(found.lambda1 <= found.lambda3 && found.lambda3 <= found.lambda2);
        // Halves {1, 4} and {2, 3}: 4 cov / variance = 4 (.6 + .3 + .3 + .5) / 8.2.
        assert!((found.lambda4 - 4.0 * (0.6 + 0.3 + 0.3 + 0.5) / 8.2).abs() < 1e-14, "{found}");
        assert!(guttman_lambdas(&dmatrix![1.0, -1.0; -1.0, 1.0]).is_err());
        assert!(guttman_lambdas(&dmatrix![1.0]).is_err());
    }
}
