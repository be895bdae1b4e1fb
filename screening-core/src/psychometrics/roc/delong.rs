//! Do two areas differ?

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::curve::{Direction, Interval, Roc};
use super::{RocError, share};
use crate::stats::{normal_cdf, normal_quantile, t_quantile};

/// Two scores of the same persons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RocPair {
    /// Curve of the first score.
    pub first: Roc,
    /// Curve of the second score.
    pub second: Roc,
    /// Covariance of the two areas.
    pub covariance: f64,
}

/// Difference of two areas (DeLong et al. 1988).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DelongTest {
    /// First area less the second, with its interval.
    pub difference: Interval,
    /// The difference in standard errors.
    pub statistic: f64,
    /// Degrees of freedom of Student's distribution for different persons; none for the same persons, where it is normal.
    pub df: Option<f64>,
    /// Two-sided probability.
    pub p: f64,
}

impl RocPair {
    /// Curves of two scores over the persons who have both.
    ///
    /// # Errors
    /// As [`Roc::fit`].
    ///
    /// ```
    /// use screening_core::psychometrics::roc::{Direction, RocPair};
    /// let condition = [true, true, true, false, false, false].map(Some);
    /// let (a, b) = ([5.0, 4.0, 2.0, 3.0, 1.0, 0.0], [1.0, 4.0, 2.0, 3.0, 5.0, 0.0]);
    /// let pair = RocPair::fit(&a, &b, &condition, [Direction::Higher; 2])?;
    /// let test = pair.test(0.95)?;
    /// assert!(test.difference.estimate > 0.0 && test.p > 0.05);
    /// # Ok::<(), screening_core::psychometrics::roc::RocError>(())
    /// ```
    pub fn fit(
        first: &[f64],
        second: &[f64],
        condition: &[Option<bool>],
        directions: [Direction; 2],
    ) -> Result<Self, RocError> {
        if first.len() != second.len() {
            return Err(RocError::Lengths { scores: first.len(), what: "second scores", others: second.len() });
        }
        let both: Vec<bool> = first.iter().zip(second).map(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
        let keep = |scores: &[f64]| -> Vec<f64> {
            scores.iter().zip(&both).map(|(score, both)| if *both { *score } else { f64::NAN }).collect()
        };
        let first = Roc::fit(&keep(first), condition, directions[0])?;
        let second = Roc::fit(&keep(second), condition, directions[1])?;
        let covariance = first
            .placements
            .iter()
            .zip(&second.placements)
            .map(|(x, y)| {
                let sum: f64 = x.iter().zip(y).map(|(x, y)| (x - first.auc) * (y - second.auc)).sum();
                sum / (x.len() - 1) as f64 / x.len() as f64
            })
            .sum();
        Ok(Self { first, second, covariance })
    }

    /// Test of no difference.
    ///
    /// # Errors
    /// A confidence outside 0 to 1; two scores that order the persons the same way.
    pub fn test(&self, confidence: f64) -> Result<DelongTest, RocError> {
        share("confidence", confidence)?;
        let variance = self.first.variance + self.second.variance - 2.0 * self.covariance;
        if variance <= 1e-15 {
            return Err(RocError::Identical);
        }
        let (difference, se) = (self.first.auc - self.second.auc, variance.sqrt());
        let half = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN) * se;
        let statistic = difference / se;
        Ok(DelongTest {
            difference: Interval { estimate: difference, low: difference - half, high: difference + half },
            statistic,
            df: None,
            p: 2.0 * normal_cdf(-statistic.abs()),
        })
    }
}

impl Roc {
    /// Difference from the area of other persons, with Welch's degrees of freedom.
    ///
    /// # Errors
    /// A confidence outside 0 to 1; two curves without variance.
    pub fn test_against(&self, other: &Self, confidence: f64) -> Result<DelongTest, RocError> {
        share("confidence", confidence)?;
        let variance = self.variance + other.variance;
        if variance <= 1e-15 {
            return Err(RocError::Identical);
        }
        let persons = |roc: &Self| (roc.with_condition + roc.without_condition - 1) as f64;
        let df = variance.powi(2) / (self.variance.powi(2) / persons(self) + other.variance.powi(2) / persons(other));
        let student = StudentsT::new(0.0, 1.0, df).map_err(|_| RocError::Identical)?;
        let (difference, se) = (self.auc - other.auc, variance.sqrt());
        let half = t_quantile(0.5 + confidence / 2.0, df).ok_or(RocError::Identical)? * se;
        let statistic = difference / se;
        Ok(DelongTest {
            difference: Interval { estimate: difference, low: difference - half, high: difference + half },
            statistic,
            df: Some(df),
            p: 2.0 * student.cdf(-statistic.abs()),
        })
    }
}
