//! The same persons, twice.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::distributions::t_two_sided;
use super::super::{EstimationError, fisher_interval};
use super::agreement::IntraclassReport;
use crate::instrument::Text;
use crate::stats::{Moments, mean_ranks};
use crate::texts::{Fill, say};

/// Stability of a score over two occasions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetestReport {
    /// Persons with both scores.
    pub persons: usize,
    /// Persons left out because a score is missing.
    pub left_out: usize,
    /// Pearson's correlation: stability of the order.
    pub r: f64,
    /// Its interval by Fisher's z.
    pub interval: (f64, f64),
    /// Probability of a correlation as large as this when there is none.
    pub p: f64,
    /// Spearman's correlation.
    pub spearman: f64,
    /// Mean change, second less first.
    pub change: f64,
    /// Paired t of the change.
    pub t: f64,
    /// Its two-sided probability.
    pub t_p: f64,
    /// Standard error of measurement from the first deviation and r.
    pub standard_error_of_measurement: Option<f64>,
    /// Intraclass correlations: stability of the scores themselves.
    pub intraclass: IntraclassReport,
}

/// Stability of scores over two occasions (NaN for missing); persons with one score are left out and counted.
///
/// # Errors
/// Lists of different length, fewer than four persons with both scores, scores that do not vary, a level outside 0 to 1.
///
/// ```
/// let first = [10.0, 12.0, 9.0, 15.0, 11.0, f64::NAN];
/// let second = [11.0, 13.0, 9.0, 14.0, 12.0, 8.0];
/// let found = screening_core::psychometrics::test_retest(&first, &second, 0.95)?;
/// assert_eq!((found.persons, found.left_out), (5, 1));
/// assert!((found.r - 0.9259).abs() < 1e-4);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn test_retest(first: &[f64], second: &[f64], level: f64) -> Result<RetestReport, EstimationError> {
    if first.len() != second.len() {
        let (expected, found) = (first.len().to_string(), second.len().to_string());
        return Err(EstimationError::Shape { what: "the scores of the second occasion", expected, found });
    }
    let both = first.iter().zip(second).filter(|(a, b)| a.is_finite() && b.is_finite());
    let (x, y): (Vec<f64>, Vec<f64>) = both.map(|(a, b)| (*a, *b)).unzip();
    let n = x.len();
    if n < 4 {
        return Err(EstimationError::TooFewPersons { method: "test and retest", needed: 4, found: n });
    }
    let r = pearson(&x, &y).ok_or_else(|| EstimationError::Constant { item: "score".to_owned() })?;
    let differences: Moments = x.iter().zip(&y).map(|(a, b)| b - a).collect();
    let (change, spread) = (differences.mean().unwrap_or(f64::NAN), differences.sd().unwrap_or(f64::NAN));
    let t = change / (spread / (n as f64).sqrt());
    let df = n as f64 - 2.0;
    let moments: Moments = x.iter().copied().collect();
    let sem = moments.sd().and_then(|sd| super::standard_error_of_measurement(sd, r).ok());
    let ratings = DMatrix::from_fn(n, 2, |row, column| if column == 0 { x[row] } else { y[row] });
    Ok(RetestReport {
        persons: n,
        left_out: first.len() - n,
        r,
        interval: fisher_interval(r, n as u64, level)?,
        p: t_two_sided(r * (df / (1.0 - r * r)).sqrt(), df),
        spearman: pearson(&mean_ranks(&x), &mean_ranks(&y)).unwrap_or(f64::NAN),
        change,
        t,
        t_p: t_two_sided(t, n as f64 - 1.0),
        standard_error_of_measurement: sem,
        intraclass: IntraclassReport::fit(&ratings, level)?,
    })
}

fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mx) * (a - mx);
        xy += (a - mx) * (b - my);
        yy += (b - my) * (b - my);
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx.sqrt() * yy.sqrt()))
}

impl RetestReport {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, out] = [self.persons, self.left_out].map(|number| number.to_string());
        vec![say("reliability.retest", &[("persons", Fill::Same(&persons)), ("out", Fill::Same(&out))])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        assert!(test_retest(&[1.0, 2.0], &[1.0], 0.95).is_err());
        assert!(matches!(
            test_retest(&[1.0, 2.0, f64::NAN], &[1.0, 3.0, 2.0], 0.95),
            Err(EstimationError::TooFewPersons { found: 2, .. })
        ));
        let flat = test_retest(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0], 0.95);
        assert!(matches!(flat, Err(EstimationError::Constant { .. })));
    }
}
