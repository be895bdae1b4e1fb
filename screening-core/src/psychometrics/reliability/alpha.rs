//! Cronbach's alpha and its kin.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::algebra::{off_diagonal, squared_multiple_correlations, to_correlation};
use super::super::items::Persons;
use super::super::{EstimationError, PairSums, Polychorics, Responses};
use crate::instrument::Text;
use crate::stats::{QuantileType, f_quantile, normal_quantile, quantile};
use crate::texts::{Fill, say};

/// Cronbach's alpha: `k/(k-1) (1 - tr C / sum C)` with C the covariances of the items (Cronbach 1951). With answers of 0 and
/// 1 it is Kuder and Richardson's formula 20. Covariances are pairwise where answers are missing, and the intervals take
/// the number of persons.
///
/// ```
/// use screening_core::psychometrics::{Alpha, Responses};
///
/// let rows = [[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, 6, 5]].map(|row| row.map(Some));
/// let found = Alpha::default().fit(&Responses::from_rows(["a", "b", "c"], &rows)?)?;
/// assert!((found.raw - 0.96).abs() < 1e-12);
/// let (low, high) = found.feldt;
/// assert!(low < found.raw && found.raw < high);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alpha {
    /// Level of the intervals.
    pub level: f64,
}

impl Default for Alpha {
    fn default() -> Self {
        Self { level: 0.95 }
    }
}

/// Alpha of the scale without one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlphaIfDropped {
    /// The item left out.
    pub item: String,
    /// Alpha of the others.
    pub raw: f64,
    /// From their correlations.
    pub standardised: f64,
    /// Guttman's lambda 6 of the others.
    pub lambda6: f64,
    /// Their mean correlation.
    pub mean_r: f64,
    /// Standard error of alpha.
    pub standard_error: f64,
    /// Variance of the correlations.
    pub variance_r: f64,
    /// Median of the correlations.
    pub median_r: f64,
}

/// How one item goes with the scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlphaItem {
    /// The item.
    pub item: String,
    /// Correlation with the sum of the others (`r.drop`).
    pub item_rest: f64,
    /// Correlation of the standardised item with the sum of all (`std.r`).
    pub item_total_standardised: f64,
    /// The same, corrected for overlap and scale reliability by the squared multiple correlation (`r.cor`).
    pub item_total_corrected: f64,
}

/// Alpha of a scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlphaReport {
    /// Persons.
    pub persons: usize,
    /// Items.
    pub items: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Alpha from the covariances.
    pub raw: f64,
    /// Alpha from the correlations, `k r / (1 + (k-1) r)` with r their mean.
    pub standardised: f64,
    /// Guttman's lambda 6 from the correlations.
    pub lambda6: f64,
    /// Mean correlation.
    pub mean_r: f64,
    /// Median correlation.
    pub median_r: f64,
    /// `k r / (1 - r)`.
    pub signal_to_noise: f64,
    /// Standard error (Duhachek and Iacobucci 2004).
    pub standard_error: f64,
    /// Interval by Feldt (1965): `1 - (1-alpha) F`, with n-1 and (n-1)(k-1) degrees of freedom.
    pub feldt: (f64, f64),
    /// Interval `alpha +- z se`.
    pub normal: (f64, f64),
    /// Mean and deviation of the persons' means over answered items; none from a matrix.
    pub score: Option<(f64, f64)>,
    /// Standard error of measurement of the mean score; none from a matrix or with a negative alpha.
    pub standard_error_of_measurement: Option<f64>,
    /// The scale without each item; empty with two items.
    pub if_dropped: Vec<AlphaIfDropped>,
    /// How each item goes with the scale.
    pub item_figures: Vec<AlphaItem>,
}

impl Alpha {
    /// Alpha of all items of the table.
    ///
    /// # Errors
    /// Fewer than two items or three persons, an item that does not vary, a pair that nobody answered, items that cancel
    /// each other out so that their sum does not vary.
    pub fn fit(&self, responses: &Responses) -> Result<AlphaReport, EstimationError> {
        let sums = PairSums::of(responses);
        let (covariance, r) = (sums.covariances()?, sums.correlations()?);
        let mut report = self.of_both(responses.names(), &covariance, &r, responses.persons())?;
        let (mean, sd) = Persons::of(responses).mean_and_sd();
        report.score = Some((mean, sd));
        report.standard_error_of_measurement = super::standard_error_of_measurement(sd, report.raw).ok();
        Ok(report)
    }

    /// Ordinal alpha: alpha of the polychoric correlations (Zumbo, Gadermann and Zeisser 2007). It is the reliability of
    /// the normal variables thought behind the answers, not of the sum score.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn ordinal(&self, polychorics: &Polychorics) -> Result<AlphaReport, EstimationError> {
        let correlations = polychorics.correlations();
        self.of_matrix(correlations.names(), correlations.matrix(), correlations.persons())
    }

    /// Alpha from a matrix of covariances or correlations.
    ///
    /// # Errors
    /// As [`Self::fit`]; a matrix that does not go with the names.
    pub fn of_matrix(
        &self,
        names: &[String],
        covariance: &DMatrix<f64>,
        persons: usize,
    ) -> Result<AlphaReport, EstimationError> {
        self.of_both(names, covariance, &to_correlation(covariance), persons)
    }

    /// Covariances and correlations each have their own persons where answers are missing.
    fn of_both(
        &self,
        names: &[String],
        covariance: &DMatrix<f64>,
        r: &DMatrix<f64>,
        persons: usize,
    ) -> Result<AlphaReport, EstimationError> {
        let k = names.len();
        if k < 2 {
            return Err(EstimationError::TooFewItems { method: "alpha", needed: 2, found: k });
        }
        if persons < 3 {
            return Err(EstimationError::TooFewPersons { method: "alpha", needed: 3, found: persons });
        }
        if covariance.shape() != (k, k) {
            let found = format!("{} x {}", covariance.nrows(), covariance.ncols());
            return Err(EstimationError::Shape { what: "a covariance matrix", expected: format!("{k} x {k}"), found });
        }
        if let Some(item) = (0..k).find(|at| covariance[(*at, *at)].is_nan() || covariance[(*at, *at)] <= 0.0) {
            return Err(EstimationError::Constant { item: names[item].clone() });
        }
        let whole = Figures::of(covariance, r, persons)?;
        let (n, df) = (persons as f64 - 1.0, (persons as f64 - 1.0) * (k as f64 - 1.0));
        let outside = || EstimationError::option("level", self.level, "a level of confidence lies between 0 and 1");
        let tail = (1.0 - self.level) / 2.0;
        if !(tail > 0.0 && tail < 0.5) {
            return Err(outside());
        }
        let bound = |p: f64| f_quantile(p, n, df).map(|f| 1.0 - (1.0 - whole.raw) * f).ok_or_else(outside);
        let z = normal_quantile(1.0 - tail).ok_or_else(outside)? * whole.standard_error;
        let without = |item: usize| {
            let less = |matrix: &DMatrix<f64>| matrix.clone().remove_row(item).remove_column(item);
            let rest = Figures::of(&less(covariance), &less(r), persons)?;
            Ok(AlphaIfDropped {
                item: names[item].clone(),
                raw: rest.raw,
                standardised: rest.standardised,
                lambda6: rest.lambda6,
                mean_r: rest.mean_r,
                standard_error: rest.standard_error,
                variance_r: rest.variance_r,
                median_r: rest.median_r,
            })
        };
        Ok(AlphaReport {
            persons,
            items: k,
            level: self.level,
            raw: whole.raw,
            standardised: whole.standardised,
            lambda6: whole.lambda6,
            mean_r: whole.mean_r,
            median_r: whole.median_r,
            signal_to_noise: k as f64 * whole.mean_r / (1.0 - whole.mean_r),
            standard_error: whole.standard_error,
            feldt: (bound(1.0 - tail)?, bound(tail)?),
            normal: (whole.raw - z, whole.raw + z),
            score: None,
            standard_error_of_measurement: None,
            if_dropped: if k > 2 { (0..k).map(without).collect::<Result<_, _>>()? } else { Vec::new() },
            item_figures: item_figures(names, covariance, r)?,
        })
    }
}

fn item_figures(
    names: &[String],
    covariance: &DMatrix<f64>,
    r: &DMatrix<f64>,
) -> Result<Vec<AlphaItem>, EstimationError> {
    let mut adjusted = r.clone();
    adjusted.set_diagonal(&squared_multiple_correlations(r)?);
    let sum = covariance.sum();
    let one = |(at, item): (usize, &String)| {
        let own = covariance[(at, at)];
        let rest = covariance.row(at).sum() - own;
        AlphaItem {
            item: item.clone(),
            item_rest: rest / (own * (sum - 2.0 * rest - own)).sqrt(),
            item_total_standardised: r.row(at).sum() / r.sum().sqrt(),
            item_total_corrected: adjusted.row(at).sum() / adjusted.sum().sqrt(),
        }
    };
    Ok(names.iter().enumerate().map(one).collect())
}

struct Figures {
    raw: f64,
    standardised: f64,
    lambda6: f64,
    mean_r: f64,
    median_r: f64,
    variance_r: f64,
    standard_error: f64,
}

impl Figures {
    fn of(c: &DMatrix<f64>, r: &DMatrix<f64>, persons: usize) -> Result<Self, EstimationError> {
        let k = c.nrows() as f64;
        let (sum, trace) = (c.sum(), c.trace());
        // Items that cancel out leave rounding, not variance.
        if sum <= 1e-12 * c.iter().map(|value| value.abs()).sum::<f64>() {
            return Err(EstimationError::Constant { item: "sum of the items".to_owned() });
        }
        let smc = squared_multiple_correlations(r)?;
        let mean_r = off_diagonal(r).0 / (k * (k - 1.0));
        let mut lower: Vec<f64> = (0..c.nrows()).flat_map(|i| (0..i).map(move |j| (i, j))).map(|at| r[at]).collect();
        lower.sort_unstable_by(f64::total_cmp);
        let spread: f64 = lower.iter().map(|r| (r - mean_r).powi(2)).sum();
        // Trace and sum of the product C C, without the product.
        let (square_trace, square_sum) = (c.norm_squared(), c.row_sum().norm_squared());
        let q = 2.0 * k * k / ((k - 1.0).powi(2) * sum.powi(3))
            * (sum * (square_trace + trace * trace) - 2.0 * trace * square_sum);
        Ok(Self {
            raw: k / (k - 1.0) * (1.0 - trace / sum),
            standardised: k * mean_r / (1.0 + (k - 1.0) * mean_r),
            lambda6: 1.0 - (k - smc.sum()) / r.sum(),
            mean_r,
            median_r: quantile(&lower, 0.5, QuantileType::Modal).unwrap_or(f64::NAN),
            variance_r: spread / (lower.len() as f64 - 1.0),
            standard_error: (q / persons as f64).sqrt(),
        })
    }
}

impl AlphaReport {
    /// What was computed, on whom, and what to look at.
    pub fn explain(&self) -> Vec<Text> {
        let (persons, items) = (self.persons.to_string(), self.items.to_string());
        let fills = [("persons", Fill::Same(persons.as_str())), ("items", Fill::Same(items.as_str()))];
        let mut texts = vec![say("reliability.alpha", &fills)];
        if self.raw < 0.0 {
            texts.push(say("reliability.negative-alpha", &[]));
        }
        let against: Vec<&str> =
            self.item_figures.iter().filter(|item| item.item_rest < 0.0).map(|item| item.item.as_str()).collect();
        if !against.is_empty() {
            texts.push(say("items.against", &[("items", Fill::Same(&against.join(", ")))]));
        }
        let better = self.if_dropped.iter().filter(|drop| drop.raw > self.raw).map(|drop| drop.item.as_str());
        let better: Vec<&str> = better.collect();
        if !better.is_empty() {
            texts.push(say("reliability.better-without", &[("items", Fill::Same(&better.join(", ")))]));
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    fn names(k: usize) -> Vec<String> {
        (1..=k).map(|at| at.to_string()).collect()
    }

    #[test]
    fn parallel_items_follow_spearman_and_brown() {
        let k = 8;
        let c = DMatrix::from_fn(k, k, |i, j| if i == j { 2.0 } else { 0.6 });
        let found = Alpha::default().of_matrix(&names(k), &c, 500).unwrap();
        let r = 0.3;
        let expected = 8.0 * r / (1.0 + 7.0 * r);
        assert!((found.raw - expected).abs() < 1e-14 && (found.standardised - expected).abs() < 1e-14);
        assert!((found.if_dropped[0].raw - 7.0 * r / (1.0 + 6.0 * r)).abs() < 1e-14);
        assert!(found.variance_of_nothing() < 1e-28);
    }

    impl AlphaReport {
        fn variance_of_nothing(&self) -> f64 {
            self.if_dropped.iter().map(|d| d.variance_r).sum()
        }
    }

    #[test]
    fn a_negative_alpha_is_told_and_not_hidden() {
        let c = dmatrix![1.0, -0.2, 0.1; -0.2, 1.0, -0.1; 0.1, -0.1, 1.0];
        let found = Alpha::default().of_matrix(&names(3), &c, 100).unwrap();
        assert!(found.raw < 0.0);
        assert!(found.explain().iter().any(|text| text.en.contains("negative")));
        assert!(super::super::standard_error_of_measurement(1.0, found.raw).is_err());
    }

    #[test]
    fn what_has_no_alpha_is_refused() {
        let fit = |c: &DMatrix<f64>, n| Alpha::default().of_matrix(&names(c.nrows()), c, n);
        assert!(matches!(fit(&dmatrix![1.0], 9), Err(EstimationError::TooFewItems { .. })));
        assert!(matches!(fit(&dmatrix![1.0, 0.0; 0.0, 0.0], 9), Err(EstimationError::Constant { .. })));
        assert!(matches!(fit(&dmatrix![1.0, -1.0; -1.0, 1.0], 9), Err(EstimationError::Constant { .. })));
        assert!(matches!(fit(&dmatrix![1.0, 0.5; 0.5, 1.0], 2), Err(EstimationError::TooFewPersons { .. })));
        let high = Alpha { level: 1.0 };
        assert!(high.of_matrix(&names(2), &dmatrix![1.0, 0.5; 0.5, 1.0], 9).is_err());
    }
}
