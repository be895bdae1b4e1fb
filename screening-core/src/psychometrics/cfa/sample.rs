//! Means and covariances of a sample, over N as maximum likelihood has them.

use nalgebra::{DMatrix, DVector};

use super::super::algebra::inverse_and_log_det;
use super::super::{EstimationError, Missing, PairSums, Responses};
use super::model::places;

/// Means and covariances (over N) of persons who answered every item.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleMoments {
    names: Vec<String>,
    persons: usize,
    left_out: usize,
    means: DVector<f64>,
    covariance: DMatrix<f64>,
    log_det: f64,
}

impl SampleMoments {
    /// From answers taken as numbers; persons with a missing answer are left out and counted.
    ///
    /// # Errors
    /// An item that does not vary, not more persons than items, items that repeat each other.
    pub fn of(responses: &Responses) -> Result<Self, EstimationError> {
        let keep = Missing::Listwise.keep(responses);
        Self::from_sums(&PairSums::over(responses, keep.as_deref()), responses.persons())
    }

    /// Of the persons marked, and of these only those who answered every item.
    pub(super) fn of_group(responses: &Responses, group: &[bool]) -> Result<Self, EstimationError> {
        let keep = Missing::Listwise.keep(responses);
        let both = |at: usize, inside: bool| inside && keep.as_ref().is_none_or(|keep| keep[at]);
        let keep: Vec<bool> = group.iter().enumerate().map(|(at, inside)| both(at, *inside)).collect();
        Self::from_sums(&PairSums::over(responses, Some(&keep)), group.iter().filter(|inside| **inside).count())
    }

    fn from_sums(sums: &PairSums, persons: usize) -> Result<Self, EstimationError> {
        let n = sums.persons();
        if n <= sums.items() {
            return Err(EstimationError::TooFewPersons {
                method: "a factor model",
                needed: sums.items() + 1,
                found: n,
            });
        }
        let covariance = sums.covariances()? * ((n as f64 - 1.0) / n as f64);
        let means = DVector::from_fn(sums.items(), |item, _| sums.mean(item));
        Self::new(sums.names().to_vec(), n, persons - n, means, covariance)
    }

    /// From numbers, one row a person; rows with NaN are left out and counted.
    ///
    /// # Errors
    /// As [`Self::of`]; names that do not go with the columns.
    pub fn from_data<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        data: &DMatrix<f64>,
    ) -> Result<Self, EstimationError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let rows: Vec<usize> = (0..data.nrows()).filter(|row| data.row(*row).iter().all(|v| v.is_finite())).collect();
        let (n, p) = (rows.len(), data.ncols());
        if names.len() != p {
            let (expected, found) = (p.to_string(), names.len().to_string());
            return Err(EstimationError::Shape { what: "names of the columns", expected, found });
        }
        if n <= p {
            return Err(EstimationError::TooFewPersons { method: "a factor model", needed: p + 1, found: n });
        }
        let whole = data.select_rows(&rows);
        let means = whole.row_mean().transpose();
        let centred = DMatrix::from_fn(n, p, |i, j| whole[(i, j)] - means[j]);
        Self::new(names, n, data.nrows() - n, means, centred.tr_mul(&centred) / n as f64)
    }

    fn new(
        names: Vec<String>,
        persons: usize,
        left_out: usize,
        means: DVector<f64>,
        covariance: DMatrix<f64>,
    ) -> Result<Self, EstimationError> {
        if let Some(item) = covariance.diagonal().iter().position(|variance| variance.is_nan() || *variance <= 0.0) {
            return Err(EstimationError::Constant { item: names[item].clone() });
        }
        let what = "the sample covariance matrix";
        let singular = EstimationError::NotPositiveDefinite { what, smallest: 0.0 };
        let (_, log_det) = inverse_and_log_det(&covariance).ok_or(singular)?;
        Ok(Self { names, persons, left_out, means, covariance, log_det })
    }

    /// The items of a model, in its order.
    pub(super) fn select(&self, items: &[String]) -> Result<Self, EstimationError> {
        let at = places(items, &self.names)?;
        let covariance = self.covariance.select_rows(&at).select_columns(&at);
        Self::new(items.to_vec(), self.persons, self.left_out, self.means.select_rows(&at), covariance)
    }

    /// Names of the items.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Persons with all answers.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// Persons left out because an answer is missing.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Means.
    pub fn means(&self) -> &DVector<f64> {
        &self.means
    }

    /// Covariances over N.
    pub fn covariance(&self) -> &DMatrix<f64> {
        &self.covariance
    }

    pub(super) fn log_det(&self) -> f64 {
        self.log_det
    }
}
