//! Reliability: how much of a score is not error.

mod agreement;
mod alpha;
mod guttman;
mod omega;
mod retest;
mod split;
mod strata;

pub use agreement::{Intraclass, IntraclassForm, IntraclassReport};
pub use alpha::{Alpha, AlphaIfDropped, AlphaItem, AlphaReport};
pub use guttman::{GuttmanLambdas, guttman_lambdas};
pub use omega::{Omega, OmegaGroup, OmegaReport, omega_categorical};
pub use retest::{RetestReport, test_retest};
pub use split::{HalfSplit, Halves, SplitHalf, SplitHalfReport, halves};
pub use strata::{StratifiedAlpha, kuder_richardson_21, stratified_alpha};

use super::EstimationError;

/// Standard error of measurement, `sd sqrt(1 - reliability)`.
///
/// # Errors
/// A deviation below nought, a reliability that does not lie between 0 and 1.
///
/// ```
/// let sem = screening_core::psychometrics::standard_error_of_measurement(10.0, 0.91)?;
/// assert!((sem - 3.0).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn standard_error_of_measurement(sd: f64, reliability: f64) -> Result<f64, EstimationError> {
    if !(sd >= 0.0 && sd.is_finite()) {
        return Err(EstimationError::option("sd", sd, "a deviation is finite and not negative"));
    }
    if !(0.0..=1.0).contains(&reliability) {
        let expected = "a reliability below 0 or above 1 has no standard error of measurement";
        return Err(EstimationError::option("reliability", reliability, expected));
    }
    Ok(sd * (1.0 - reliability).sqrt())
}
