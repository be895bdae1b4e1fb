//! The reliable change index.

use super::error::{ChangeError, reliability, spread};
use super::index::ChangeIndex;

/// Reliable change index of Jacobson and Truax: the difference in units of its standard error.
///
/// ```text
/// SEM    = SD sqrt(1 - r)            SD of the first wave (or published), r a reliability
/// S_diff = sqrt(2) SEM
/// RCI    = (after - before) / S_diff
/// ```
///
/// Reliable beyond 1.96: by error alone that happens to 5 of 100 people whose true score did not change. Source: Jacobson
/// & Truax 1991, J Consult Clin Psychol 59:12.
///
/// ```
/// use screening_core::change::{ChangeIndex, JacobsonTruax, ScoreChange};
/// // SD 7.5 and reliability .80, as in the paper's example: SEM 3.35, S_diff 4.74.
/// let index = JacobsonTruax::new(7.5, 0.8)?;
/// assert!((index.s_diff() - 4.743).abs() < 1e-3);
/// assert!((index.index(32.5, 47.5) - 3.162).abs() < 1e-3);
/// assert_eq!(index.change(32.5, 47.5), Some(ScoreChange::Increase));
/// assert!((index.smallest_change() - 9.297).abs() < 1e-3);
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JacobsonTruax {
    sem: f64,
}

impl JacobsonTruax {
    /// Id as in column names.
    pub const KIND: &'static str = "jacobson_truax";

    /// From the standard deviation and the reliability.
    ///
    /// # Errors
    /// When the standard deviation is not positive, or the reliability not above 0 and below 1.
    pub fn new(sd: f64, r: f64) -> Result<Self, ChangeError> {
        let (sd, r) = (spread(Self::KIND, "sd", sd)?, reliability(Self::KIND, "reliability", r)?);
        Ok(Self { sem: sd * (1.0 - r).sqrt() })
    }

    /// Standard error of measurement.
    pub fn sem(&self) -> f64 {
        self.sem
    }

    /// Standard error of the difference.
    pub fn s_diff(&self) -> f64 {
        std::f64::consts::SQRT_2 * self.sem
    }

    /// The difference beyond which a change is reliable.
    pub fn smallest_change(&self) -> f64 {
        self.critical() * self.s_diff()
    }
}

impl ChangeIndex for JacobsonTruax {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn critical(&self) -> f64 {
        1.96
    }

    fn index(&self, before: f64, after: f64) -> f64 {
        (after - before) / self.s_diff()
    }
}
