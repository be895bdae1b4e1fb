//! Logistic and ordinal logistic regression on total and group.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::matching::{Matched, Strata};
use super::ordinal::{Cell, fit, null_log_likelihood};
use super::{DifError, DifOptions, EtsClass, GroupCounts, Purification};
use crate::psychometrics::Responses;
use crate::psychometrics::irt::upper_tail;

/// Which difference flags an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogisticTest {
    /// Uniform or not.
    #[default]
    Both,
    /// The same at every total.
    Uniform,
    /// Different from total to total.
    NonUniform,
}

/// How items are tested.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticOptions {
    /// Matching and level.
    pub dif: DifOptions,
    /// Which difference flags an item.
    pub test: LogisticTest,
}

/// A likelihood ratio test with the changes of the explained variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Twice the difference of the log-likelihoods.
    pub chi_square: f64,
    /// Degrees of freedom.
    pub df: usize,
    /// Probability.
    pub p: f64,
    /// Change of Nagelkerke's R2.
    pub nagelkerke: f64,
    /// Change of McFadden's R2.
    pub mcfadden: f64,
}

/// Result of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogisticRow {
    /// Name of the item.
    pub name: String,
    /// Answers.
    pub categories: usize,
    /// Log-likelihoods: thresholds alone, with total, with group, with their product.
    pub log_likelihood: [f64; 4],
    /// Group and product together: any difference.
    pub both: Change,
    /// Group: the same difference at every total.
    pub uniform: Change,
    /// Product: a difference that depends on the total.
    pub non_uniform: Change,
    /// Slope of the total without the group.
    pub total_slope: f64,
    /// Relative change of that slope when the group enters; above 0.1 uniform differences are called practical.
    pub slope_change: f64,
    /// Slope of the group: logarithm of the odds ratio of the focal group at equal totals.
    pub group_slope: f64,
    /// Its standard error.
    pub group_se: f64,
    /// Class by Jodoin and Gierl: Nagelkerke's change below 0.035 A, below 0.07 B, else C; A where not significant.
    pub class: EtsClass,
    /// Whether the chosen test at the level of the options is significant.
    pub flagged: bool,
}

/// Logistic regression of each item, cumulative where there are more than two answers.
///
/// ```text
/// logit P(y >= k) = b_k + b1 total  [ + b2 group  [ + b3 total group ] ]
/// ```
///
/// Source: Swaminathan & Rogers 1990, J Educ Meas 27:361; Zumbo 1999; Jodoin & Gierl 2001, Appl Meas Educ 14:329 (classes);
/// Crane et al. 2006, Med Care 44:S115 (change of the slope).
///
/// ```
/// use screening_core::psychometrics::Responses;
/// use screening_core::psychometrics::dif::{LogisticDif, LogisticOptions};
/// let mut seed = 5_u32;
/// let mut random = move || { seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); f64::from(seed >> 8) / 16_777_216.0 };
/// let (mut rows, mut focal) = (Vec::new(), Vec::new());
/// for person in 0..600 {
///     let (group, level) = (person % 2 == 1, 3.0 * random() - 1.5);
///     let harder = if group { 1.2 } else { 0.0 };
///     let mut pass = |b: f64| Some(i64::from(random() < 1.0 / (1.0 + (b - 1.5 * level).exp())));
///     rows.push([pass(-0.5), pass(0.0), pass(harder), pass(0.5), pass(-0.2)]);
///     focal.push(Some(group));
/// }
/// let responses = Responses::from_rows(["1", "2", "3", "4", "5"], &rows)?;
/// let fit = LogisticDif::fit(&responses, &focal, &LogisticOptions::default())?;
/// assert!(fit.rows[2].flagged && fit.rows[2].group_slope < 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogisticDif {
    /// One row an item.
    pub rows: Vec<LogisticRow>,
    /// Persons of the groups.
    pub counts: GroupCounts,
    /// How purification went, where it was asked for.
    pub purification: Option<Purification>,
}

impl LogisticDif {
    /// Tests each item. `focal` marks the persons of the focal group; none is no group.
    ///
    /// # Errors
    /// Items with a single answer; answers that total or group separate perfectly; groups with fewer than two persons with
    /// complete answers; options out of range.
    pub fn fit(responses: &Responses, focal: &[Option<bool>], options: &LogisticOptions) -> Result<Self, DifError> {
        options.dif.check()?;
        let matched = Matched::new(responses, focal)?;
        let analyse = |item: usize, strata: &Strata| row(&matched.names[item], strata, options);
        let (rows, purification) = matched.purified(&options.dif, analyse, |row| row.flagged)?;
        Ok(Self { rows, counts: matched.counts, purification })
    }
}

fn row(name: &str, strata: &Strata, options: &LogisticOptions) -> Result<LogisticRow, DifError> {
    let cells: Vec<Cell> = strata
        .rows
        .iter()
        .flat_map(|(total, reference, focal)| {
            [(0.0, reference), (1.0, focal)]
                .map(|(group, counts)| Cell { x: vec![*total, group, total * group], counts: counts.clone() })
        })
        .filter(|cell| cell.counts.iter().any(|count| *count > 0.0))
        .collect();
    let separated = || DifError::Separation { item: name.to_owned() };
    let fits: Option<Vec<_>> = (1..=3).into_par_iter().map(|predictors| fit(&cells, predictors)).collect();
    let fits = fits.ok_or_else(separated)?;
    let [total, group, product] = fits.as_slice() else { return Err(separated()) };
    let null = null_log_likelihood(&cells);
    let n: f64 = cells.iter().flat_map(|cell| &cell.counts).sum();
    let nagelkerke = |value: f64| (1.0 - (2.0 * (null - value) / n).exp()) / (1.0 - (2.0 * null / n).exp());
    let change = |from: f64, to: f64, df: usize| {
        let chi_square = (2.0 * (to - from)).max(0.0);
        Change {
            chi_square,
            df,
            p: upper_tail(chi_square, df as f64),
            nagelkerke: nagelkerke(to) - nagelkerke(from),
            mcfadden: (from - to) / null,
        }
    };
    let values = [null, total.log_likelihood, group.log_likelihood, product.log_likelihood];
    let (both, uniform) = (change(values[1], values[3], 2), change(values[1], values[2], 1));
    let non_uniform = change(values[2], values[3], 1);
    let chosen = match options.test {
        LogisticTest::Both => both,
        LogisticTest::Uniform => uniform,
        LogisticTest::NonUniform => non_uniform,
    };
    let flagged = chosen.p < options.dif.alpha;
    Ok(LogisticRow {
        name: name.to_owned(),
        categories: cells.first().map_or(0, |cell| cell.counts.len()),
        log_likelihood: values,
        both,
        uniform,
        non_uniform,
        total_slope: total.slopes[0],
        slope_change: ((group.slopes[0] - total.slopes[0]) / total.slopes[0]).abs(),
        group_slope: group.slopes[1],
        group_se: group.slope_se[1],
        class: match chosen.nagelkerke {
            _ if !flagged => EtsClass::A,
            size if size >= 0.07 => EtsClass::C,
            size if size >= 0.035 => EtsClass::B,
            _ => EtsClass::A,
        },
        flagged,
    })
}
