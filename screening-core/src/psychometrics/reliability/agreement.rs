//! Intraclass correlations of Shrout and Fleiss (1979), with the intervals of McGraw and Wong (1996).

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::super::EstimationError;
use super::super::distributions::f_upper;
use crate::instrument::Text;
use crate::stats::f_quantile;
use crate::texts::{Fill, say};

/// Which intraclass correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntraclassForm {
    /// ICC(1,1): each person rated by other raters; one rating.
    OneWaySingle,
    /// ICC(2,1): raters are a sample, their levels count; absolute agreement of one rating.
    AgreementSingle,
    /// ICC(3,1): these very raters, their levels do not count; consistency of one rating.
    ConsistencySingle,
    /// ICC(1,k): the mean of k ratings.
    OneWayMean,
    /// ICC(2,k).
    AgreementMean,
    /// ICC(3,k): Cronbach's alpha of the raters.
    ConsistencyMean,
}

impl IntraclassForm {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OneWaySingle => "ICC1",
            Self::AgreementSingle => "ICC2",
            Self::ConsistencySingle => "ICC3",
            Self::OneWayMean => "ICC1k",
            Self::AgreementMean => "ICC2k",
            Self::ConsistencyMean => "ICC3k",
        }
    }
}

/// One intraclass correlation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intraclass {
    /// Which.
    pub form: IntraclassForm,
    /// The coefficient.
    pub icc: f64,
    /// F test that it is nought.
    pub f: f64,
    /// Degrees of freedom of the numerator.
    pub df1: f64,
    /// Degrees of freedom of the denominator.
    pub df2: f64,
    /// Its probability.
    pub p: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

/// All six forms, with the mean squares they come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntraclassReport {
    /// Persons with all ratings.
    pub persons: usize,
    /// Persons left out because a rating is missing.
    pub left_out: usize,
    /// Raters or occasions.
    pub raters: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Mean square between persons.
    pub between: f64,
    /// Mean square within persons.
    pub within: f64,
    /// Mean square between raters.
    pub raters_square: f64,
    /// Mean square of the residual.
    pub residual: f64,
    /// The six coefficients.
    pub forms: Vec<Intraclass>,
}

impl IntraclassReport {
    /// From ratings, one row a person, one column a rater or occasion; rows with NaN are left out and counted.
    ///
    /// # Errors
    /// Fewer than two raters or persons with all ratings, ratings that do not vary, a level outside 0 to 1.
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use screening_core::psychometrics::IntraclassReport;
    ///
    /// // Shrout and Fleiss (1979), table 2: .17 .29 .71 .44 .62 .91.
    /// let ratings = dmatrix![
    ///     9.0, 2.0, 5.0, 8.0; 6.0, 1.0, 3.0, 2.0; 8.0, 4.0, 6.0, 8.0;
    ///     7.0, 1.0, 2.0, 6.0; 10.0, 5.0, 6.0, 9.0; 6.0, 2.0, 4.0, 7.0
    /// ];
    /// let found = IntraclassReport::fit(&ratings, 0.95)?;
    /// let icc: Vec<f64> = found.forms.iter().map(|form| (form.icc * 100.0).round()).collect();
    /// assert_eq!(icc, [17.0, 29.0, 71.0, 44.0, 62.0, 91.0]);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit(ratings: &DMatrix<f64>, level: f64) -> Result<Self, EstimationError> {
        let method = "an intraclass correlation";
        if ratings.ncols() < 2 {
            return Err(EstimationError::TooFewItems { method, needed: 2, found: ratings.ncols() });
        }
        if !(level > 0.0 && level < 1.0) {
            return Err(EstimationError::option("level", level, "a level of confidence lies between 0 and 1"));
        }
        let rows: Vec<usize> =
            (0..ratings.nrows()).filter(|row| ratings.row(*row).iter().all(|value| value.is_finite())).collect();
        if rows.len() < 2 {
            return Err(EstimationError::TooFewPersons { method, needed: 2, found: rows.len() });
        }
        let whole = ratings.select_rows(&rows);
        let squares = Squares::of(&whole);
        if squares.between <= 0.0 && squares.within <= 0.0 {
            return Err(EstimationError::Constant { item: "ratings".to_owned() });
        }
        Ok(Self {
            persons: rows.len(),
            left_out: ratings.nrows() - rows.len(),
            raters: ratings.ncols(),
            level,
            between: squares.between,
            within: squares.within,
            raters_square: squares.raters,
            residual: squares.residual,
            forms: squares.forms((1.0 - level) / 2.0),
        })
    }

    /// One of the forms.
    pub fn form(&self, form: IntraclassForm) -> Option<&Intraclass> {
        self.forms.iter().find(|found| found.form == form)
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, raters, out] = [self.persons, self.raters, self.left_out].map(|number| number.to_string());
        let fills =
            [("persons", Fill::Same(persons.as_str())), ("raters", Fill::Same(&raters)), ("out", Fill::Same(&out))];
        vec![say("reliability.icc", &fills)]
    }
}

struct Squares {
    n: f64,
    k: f64,
    between: f64,
    within: f64,
    raters: f64,
    residual: f64,
}

impl Squares {
    fn of(ratings: &DMatrix<f64>) -> Self {
        let (n, k) = (ratings.nrows() as f64, ratings.ncols() as f64);
        let grand = ratings.mean();
        let square = |sum: f64, size: f64| (sum / size - grand).powi(2) * size;
        let rows: f64 = ratings.row_iter().map(|row| square(row.sum(), k)).sum();
        let columns: f64 = ratings.column_iter().map(|column| square(column.sum(), n)).sum();
        let total: f64 = ratings.iter().map(|value| (value - grand).powi(2)).sum();
        Self {
            n,
            k,
            between: rows / (n - 1.0),
            within: (total - rows) / (n * (k - 1.0)),
            raters: columns / (k - 1.0),
            residual: ((total - rows - columns) / ((n - 1.0) * (k - 1.0))).max(0.0),
        }
    }

    fn forms(&self, tail: f64) -> Vec<Intraclass> {
        let Self { n, k, between, within, raters, residual } = *self;
        let quantile = |df1: f64, df2: f64| f_quantile(1.0 - tail, df1, df2).unwrap_or(f64::NAN);
        let mean_of = |single: f64| k * single / (1.0 + (k - 1.0) * single);
        let df = n - 1.0;
        let mut single = Vec::new();
        let mut mean = Vec::new();
        // One-way, and two-way for consistency: the same algebra with another error.
        let simple = |error: f64, df2: f64| {
            let f = between / error;
            let (low, high) = (f / quantile(df, df2), f * quantile(df2, df));
            let of = |f: f64| (f - 1.0) / (f + k - 1.0);
            (f, of(f), of(low), of(high), (1.0 - 1.0 / f, 1.0 - 1.0 / low, 1.0 - 1.0 / high))
        };
        let pairs = [
            (IntraclassForm::OneWaySingle, IntraclassForm::OneWayMean, within, n * (k - 1.0)),
            (IntraclassForm::ConsistencySingle, IntraclassForm::ConsistencyMean, residual, df * (k - 1.0)),
        ];
        for (form, form_mean, error, df2) in pairs {
            let (f, icc, lower, upper, of_mean) = simple(error, df2);
            let p = f_upper(f, df, df2);
            single.push(Intraclass { form, icc, f, df1: df, df2, p, lower, upper });
            let (icc, lower, upper) = of_mean;
            mean.push(Intraclass { form: form_mean, icc, f, df1: df, df2, p, lower, upper });
        }
        let icc = (between - residual) / (between + (k - 1.0) * residual + k * (raters - residual) / n);
        let (lower, upper) = self.agreement_interval(icc, tail);
        let f = between / residual;
        let df2 = df * (k - 1.0);
        let p = f_upper(f, df, df2);
        let form = IntraclassForm::AgreementSingle;
        single.insert(1, Intraclass { form, icc, f, df1: df, df2, p, lower, upper });
        let icc = (between - residual) / (between + (raters - residual) / n);
        let (lower, upper) = (mean_of(lower), mean_of(upper));
        let form = IntraclassForm::AgreementMean;
        mean.insert(1, Intraclass { form, icc, f, df1: df, df2, p, lower, upper });
        single.into_iter().chain(mean).collect()
    }

    /// Satterthwaite's degrees of freedom for the sum of rater and residual variance.
    fn agreement_interval(&self, icc: f64, tail: f64) -> (f64, f64) {
        let Self { n, k, between, raters, residual, .. } = *self;
        let f = raters / residual;
        let rest = n * (1.0 + (k - 1.0) * icc) - k * icc;
        let above = (k - 1.0) * (n - 1.0) * (k * icc * f + rest).powi(2);
        let below = (n - 1.0) * k * k * icc * icc * f * f + rest * rest;
        let df2 = above / below;
        let quantile = |df1: f64, df2: f64| f_quantile(1.0 - tail, df1, df2).unwrap_or(f64::NAN);
        let (upper, lower) = (quantile(n - 1.0, df2), quantile(df2, n - 1.0));
        let error = k * raters + (k * n - k - n) * residual;
        (
            n * (between - upper * residual) / (upper * error + n * between),
            n * (lower * between - residual) / (error + n * lower * between),
        )
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    #[test]
    fn holes_are_counted_and_constants_refused() {
        let ratings = dmatrix![1.0, 2.0; 2.0, f64::NAN; 3.0, 3.0; 4.0, 5.0];
        let found = IntraclassReport::fit(&ratings, 0.95).unwrap();
        assert_eq!((found.persons, found.left_out), (3, 1));
        assert!(IntraclassReport::fit(&dmatrix![1.0, 1.0; 1.0, 1.0], 0.95).is_err());
        assert!(IntraclassReport::fit(&dmatrix![1.0, 2.0; f64::NAN, 1.0], 0.95).is_err());
        assert!(IntraclassReport::fit(&dmatrix![1.0; 2.0], 0.95).is_err());
        assert!(IntraclassReport::fit(&ratings, 0.0).is_err());
    }

    #[test]
    fn consistency_of_the_mean_is_alpha() {
        let ratings = dmatrix![1.0, 2.0, 2.0; 2.0, 4.0, 3.0; 3.0, 3.0, 5.0; 4.0, 5.0, 4.0; 2.0, 1.0, 3.0];
        let found = IntraclassReport::fit(&ratings, 0.95).unwrap();
        let means = ratings.row_mean();
        let centred = DMatrix::from_fn(5, 3, |i, j| ratings[(i, j)] - means[j]);
        let c = centred.tr_mul(&centred) / 4.0;
        let alpha = 1.5 * (1.0 - c.trace() / c.sum());
        assert!((found.form(IntraclassForm::ConsistencyMean).unwrap().icc - alpha).abs() < 1e-14);
    }
}
