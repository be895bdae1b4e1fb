//! Correlations of the codes as they stand, and of their ranks.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::matrix::NamedMatrix;
use super::super::{EstimationError, Responses};
use super::{CrossTable, Levels, PairSums, kendall, spearman};
use crate::instrument::Text;
use crate::stats::normal_quantile;
use crate::texts::{Fill, say};

/// Which correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorrelationMethod {
    /// Product-moment correlation of the codes.
    #[default]
    Pearson,
    /// Pearson's of the mean ranks within the persons of the pair.
    Spearman,
    /// Kendall's tau-b.
    Kendall,
    /// Of the normal variables thought behind ordered answers; see [`super::Polychoric`].
    Polychoric,
}

impl CorrelationMethod {
    fn word(self) -> &'static str {
        match self {
            Self::Pearson => "pearson",
            Self::Spearman => "spearman",
            Self::Kendall => "kendall",
            Self::Polychoric => "polychoric",
        }
    }
}

/// Whom to take when answers are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// For each pair those who answered both.
    #[default]
    Pairwise,
    /// Only those who answered every item.
    Listwise,
}

impl Missing {
    /// Marks of the persons to take; none for all.
    pub(crate) fn keep(self, responses: &Responses) -> Option<Vec<bool>> {
        if self == Self::Pairwise {
            return None;
        }
        let mut keep = vec![true; responses.persons()];
        for item in 0..responses.items() {
            let answered = responses.raw(item).iter().map(|code| *code != Responses::MISSING);
            keep.iter_mut().zip(answered).for_each(|(keep, answered)| *keep &= answered);
        }
        Some(keep)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pairwise => "pairwise",
            Self::Listwise => "listwise",
        }
    }
}

/// Correlations of observed answers.
///
/// ```
/// use screening_core::psychometrics::{Correlation, CorrelationMethod, Responses};
///
/// let rows = [[Some(0), Some(1)], [Some(1), Some(1)], [Some(2), Some(3)], [Some(3), None]];
/// let responses = Responses::from_rows(["a", "b"], &rows)?;
/// let pearson = Correlation::default().fit(&responses)?;
/// assert!((pearson.r(0, 1) - 0.75_f64.sqrt()).abs() < 1e-15);
/// assert_eq!(pearson.n(0, 1), 3);
/// let spearman = Correlation { method: CorrelationMethod::Spearman, ..Correlation::default() }.fit(&responses)?;
/// assert!((spearman.r(0, 1) - 0.75_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Correlation {
    /// Which correlation.
    pub method: CorrelationMethod,
    /// Whom to take.
    pub missing: Missing,
}

/// Correlations of all pairs of items, with the persons behind each and its standard error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrelationMatrix {
    pub(crate) method: CorrelationMethod,
    pub(crate) missing: Missing,
    pub(crate) persons: usize,
    pub(crate) r: NamedMatrix,
    pub(crate) n: Vec<Vec<u64>>,
    pub(crate) standard_errors: Option<NamedMatrix>,
}

impl Correlation {
    /// Correlations of all pairs.
    ///
    /// # Errors
    /// Fewer than two items, an item that does not vary, a pair with too few persons; polychoric correlations have their
    /// own options ([`super::Polychoric`]) and are refused here; rank correlations of more than 255 different codes.
    pub fn fit(&self, responses: &Responses) -> Result<CorrelationMatrix, EstimationError> {
        let k = responses.items();
        if k < 2 {
            return Err(EstimationError::TooFewItems { method: "a correlation", needed: 2, found: k });
        }
        let keep = self.missing.keep(responses);
        let keep = keep.as_deref();
        let persons = keep.map_or(responses.persons(), |keep| keep.iter().filter(|kept| **kept).count());
        let (r, n) = match self.method {
            CorrelationMethod::Pearson => {
                let sums = PairSums::over(responses, keep);
                (sums.correlations()?, (0..k).map(|i| (0..k).map(|j| sums.n(i, j)).collect()).collect())
            }
            CorrelationMethod::Spearman => of_tables(responses, keep, spearman)?,
            CorrelationMethod::Kendall => of_tables(responses, keep, kendall)?,
            CorrelationMethod::Polychoric => {
                let expected = "fitted by `Polychoric`, which has the options it needs";
                return Err(EstimationError::option("method", "polychoric", expected));
            }
        };
        let r = NamedMatrix::square(responses.names(), r);
        Ok(CorrelationMatrix { method: self.method, missing: self.missing, persons, r, n, standard_errors: None })
    }
}

/// All pairs `(i, j)` with `i > j`.
pub(crate) fn pairs(k: usize) -> Vec<(usize, usize)> {
    (0..k).flat_map(|i| (0..i).map(move |j| (i, j))).collect()
}

type Matrices = (DMatrix<f64>, Vec<Vec<u64>>);

fn of_tables(
    responses: &Responses,
    keep: Option<&[bool]>,
    figure: impl Fn(&[f64], usize) -> f64 + Sync,
) -> Result<Matrices, EstimationError> {
    let k = responses.items();
    // Errors are looked for in order, so that the same is told whatever thread was first.
    let levels: Vec<_> = (0..k).into_par_iter().map(|item| Levels::of(responses, item, keep)).collect();
    let levels = levels.into_iter().collect::<Result<Vec<_>, _>>()?;
    if let Some(item) = levels.iter().position(|levels| levels.len() < 2) {
        return Err(EstimationError::Constant { item: responses.names()[item].clone() });
    }
    let found = pairs(k).into_par_iter().map(|(i, j)| {
        let cells = CrossTable::of(&levels[i], &levels[j]).answered();
        let n = cells.iter().sum::<f64>() as u64;
        let r = figure(&cells, levels[j].len());
        if r.is_finite() {
            return Ok((i, j, r, n));
        }
        let name = |item: usize| responses.names()[item].clone();
        Err(EstimationError::NoPairs { first: name(j), second: name(i), found: n })
    });
    let mut r = DMatrix::identity(k, k);
    let mut n: Vec<Vec<u64>> = levels.iter().map(|levels| vec![levels.answered(); k]).collect();
    for (i, j, value, count) in found.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()? {
        (r[(i, j)], r[(j, i)]) = (value, value);
        (n[i][j], n[j][i]) = (count, count);
    }
    Ok((r, n))
}

impl CorrelationMatrix {
    /// Which correlation it is.
    pub fn method(&self) -> CorrelationMethod {
        self.method
    }

    /// Names of the items.
    pub fn names(&self) -> &[String] {
        self.r.rows()
    }

    /// Persons looked at: all, or those without a missing answer when taken listwise.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// The correlations.
    pub fn matrix(&self) -> &DMatrix<f64> {
        self.r.values()
    }

    /// The correlations with their names.
    pub fn named(&self) -> &NamedMatrix {
        &self.r
    }

    /// One correlation by positions; NaN outside the matrix.
    pub fn r(&self, i: usize, j: usize) -> f64 {
        self.matrix().get((i, j)).copied().unwrap_or(f64::NAN)
    }

    /// Persons behind one correlation.
    pub fn n(&self, i: usize, j: usize) -> u64 {
        self.n.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    }

    /// Standard error of one correlation: for polychorics that of the two-step estimate, when it was asked for; else of
    /// the normal theory on Fisher's z, `(1 - r^2) / sqrt(n - 3)`, times `sqrt(1 + r^2 / 2)` for Spearman and
    /// `sqrt(0.437 (n - 3) / (n - 4))` for Kendall (Bonett and Wright 2000, Psychometrika 65:23). NaN when it is not known.
    pub fn standard_error(&self, i: usize, j: usize) -> f64 {
        if let Some(errors) = &self.standard_errors {
            return errors.values().get((i, j)).copied().unwrap_or(f64::NAN);
        }
        let r = self.r(i, j);
        self.error_of_z(i, j).map_or(f64::NAN, |error| error * (1.0 - r * r))
    }

    fn error_of_z(&self, i: usize, j: usize) -> Option<f64> {
        let (r, n) = (self.r(i, j), self.n(i, j) as f64);
        let square = match self.method {
            CorrelationMethod::Pearson => 1.0 / (n - 3.0),
            CorrelationMethod::Spearman => (1.0 + r * r / 2.0) / (n - 3.0),
            CorrelationMethod::Kendall => 0.437 / (n - 4.0),
            CorrelationMethod::Polychoric => return None,
        };
        (i != j && square > 0.0 && square.is_finite()).then(|| square.sqrt())
    }

    /// Interval of one correlation on Fisher's z; none where no standard error is known.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn interval(&self, i: usize, j: usize, level: f64) -> Result<Option<(f64, f64)>, EstimationError> {
        let r = self.r(i, j);
        let error = self.error_of_z(i, j).unwrap_or_else(|| self.standard_error(i, j) / (1.0 - r * r));
        let width = z_of(level)? * error;
        let z = r.atanh();
        Ok((i != j && width.is_finite()).then(|| ((z - width).tanh(), (z + width).tanh())))
    }

    /// What was computed, on whom, and what follows for reading it.
    pub fn explain(&self) -> Vec<Text> {
        let persons = self.persons.to_string();
        let fewest = self.n.iter().flatten().min().copied().unwrap_or(0).to_string();
        let fills = [("persons", Fill::Same(&persons)), ("fewest", Fill::Same(&fewest))];
        vec![
            say(&format!("correlation.{}", self.method.word()), &fills),
            say(&format!("missing.{}", self.missing.word()), &fills),
        ]
    }
}

/// The two-sided normal deviate of a level.
pub(crate) fn z_of(level: f64) -> Result<f64, EstimationError> {
    let inside = level > 0.0 && level < 1.0;
    let z = if inside { normal_quantile(f64::midpoint(1.0, level)) } else { None };
    z.ok_or_else(|| EstimationError::option("level", level, "a level of confidence lies between 0 and 1"))
}

/// Interval of Pearson's correlation from `n` persons by Fisher's z, with `1 / sqrt(n - 3)`.
///
/// # Errors
/// Fewer than four persons, a correlation that does not lie between -1 and 1, a level that does not lie between 0 and 1.
///
/// ```
/// let (low, high) = screening_core::psychometrics::fisher_interval(0.5, 103, 0.95)?;
/// assert!((low - 0.339).abs() < 5e-4 && (high - 0.632).abs() < 5e-4);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn fisher_interval(r: f64, n: u64, level: f64) -> Result<(f64, f64), EstimationError> {
    if n < 4 {
        return Err(EstimationError::TooFewPersons { method: "Fisher's z", needed: 4, found: n as usize });
    }
    if !(-1.0..=1.0).contains(&r) {
        return Err(EstimationError::option("r", r, "a correlation lies between -1 and 1"));
    }
    let width = z_of(level)? / (n as f64 - 3.0).sqrt();
    Ok(((r.atanh() - width).tanh(), (r.atanh() + width).tanh()))
}
