//! A band around the estimated true score.

use super::error::{ChangeError, reliability, spread};
use super::index::ChangeIndex;

/// Edwards-Nunnally: does the second score leave the band around the true score that the first one suggests?
///
/// ```text
/// true  = M + r (before - M)         M the mean of the first wave: an extreme score is partly luck
/// SEM   = SD sqrt(1 - r)
/// index = (after - true) / SEM       outside -2 .. 2 the second score lies outside the band true +- 2 SEM
/// ```
///
/// Corrects for regression towards the mean, and asks for less than Jacobson-Truax: the error of the second score is not
/// counted. Source: Speer 1992, J Consult Clin Psychol 60:402, after Edwards, Yarvis, Mueller, Zingale & Wagman 1978 and
/// Nunnally.
///
/// ```
/// use screening_core::change::{ChangeIndex, EdwardsNunnally, ScoreChange};
/// // M 20, SD 6, r .84: SEM 2.4. A first score of 30 suggests 28.4, and the band 23.6 to 33.2.
/// let index = EdwardsNunnally::new(20.0, 6.0, 0.84)?;
/// let (low, high) = index.band(30.0);
/// assert!((low - 23.6).abs() < 1e-12 && (high - 33.2).abs() < 1e-12);
/// assert_eq!(index.change(30.0, 23.0), Some(ScoreChange::Decrease));
/// assert_eq!(index.change(30.0, 24.0), Some(ScoreChange::None));
/// # Ok::<(), screening_core::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdwardsNunnally {
    mean: f64,
    r: f64,
    sem: f64,
}

impl EdwardsNunnally {
    /// Id as in column names.
    pub const KIND: &'static str = "edwards_nunnally";

    /// From mean and standard deviation of the first wave and the reliability.
    ///
    /// # Errors
    /// As [`super::JacobsonTruax::new`], and when the mean is not finite.
    pub fn new(mean: f64, sd: f64, r: f64) -> Result<Self, ChangeError> {
        if !mean.is_finite() {
            return Err(ChangeError::parameter(Self::KIND, "mean", mean, "a finite mean"));
        }
        let (sd, r) = (spread(Self::KIND, "sd", sd)?, reliability(Self::KIND, "reliability", r)?);
        Ok(Self { mean, r, sem: sd * (1.0 - r).sqrt() })
    }

    /// The true score that a first score suggests.
    pub fn true_score(&self, before: f64) -> f64 {
        self.mean + self.r * (before - self.mean)
    }

    /// The band within which a second score shows no reliable change.
    pub fn band(&self, before: f64) -> (f64, f64) {
        let (middle, reach) = (self.true_score(before), self.critical() * self.sem);
        (middle - reach, middle + reach)
    }
}

impl ChangeIndex for EdwardsNunnally {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn critical(&self) -> f64 {
        2.0
    }

    fn index(&self, before: f64, after: f64) -> f64 {
        (after - self.true_score(before)) / self.sem
    }
}
