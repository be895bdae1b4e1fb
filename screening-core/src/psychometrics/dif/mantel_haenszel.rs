//! Items with two answers: common odds ratio over the totals.

use serde::Serialize;

use super::matching::{Matched, Strata};
use super::{DifError, DifOptions, EtsClass, GroupCounts, Purification};
use crate::psychometrics::Responses;
use crate::psychometrics::irt::upper_tail;
use crate::stats::normal_cdf;

/// Result of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MantelHaenszelRow {
    /// Name of the item.
    pub name: String,
    /// Chi-square with continuity correction, one degree of freedom.
    pub chi_square: f64,
    /// Chi-square without continuity correction.
    pub uncorrected: f64,
    /// Probability of the corrected one.
    pub p: f64,
    /// Common odds ratio; above 1 the reference group answers high more often.
    pub odds_ratio: f64,
    /// Standard error of its logarithm.
    pub ln_se: f64,
    /// `-2.35 ln(odds ratio)`; negative where the item is harder for the focal group.
    pub delta: f64,
    /// Difference of the shares at equal totals, weighted by the focal group (focal less reference).
    pub standardised_difference: f64,
    /// ETS class by size and significance.
    pub class: EtsClass,
    /// Class by size alone.
    pub class_by_size: EtsClass,
    /// Whether the test at the level of the options is significant.
    pub flagged: bool,
}

/// Mantel-Haenszel test of each item.
///
/// ```text
/// chi2  = ( |sum (A - E A)| - 1/2 )^2 / sum Var A           A: reference group, higher answer
/// alpha = sum(A D / T) / sum(B C / T)
/// ```
///
/// Classes: A where `|delta| < 1` or delta is not significantly different from 0; C where `|delta| >= 1.5` and it is
/// significantly beyond 1; B otherwise. Matching on the total that includes the studied item; totals with one person drop
/// out. Source: Holland & Thayer 1988; Phillips & Holland 1987, Biometrics 43:425 (variance); Zieky 1993 (classes); Dorans &
/// Kulick 1986 (standardised difference).
///
/// ```
/// use screening_core::psychometrics::Responses;
/// use screening_core::psychometrics::dif::{DifOptions, MantelHaenszel};
/// // Item 3 is harder for the focal group at every total.
/// let mut rows = Vec::new();
/// let mut focal = Vec::new();
/// for person in 0..400_usize {
///     let (group, ability) = (person % 2 == 1, person / 2 % 4);
///     let hard = ability > usize::from(group) + 1 || person % 7 == 0;
///     rows.push([ability > 0, ability > 1, hard, ability > 2].map(|yes| Some(i64::from(yes))));
///     focal.push(Some(group));
/// }
/// let responses = Responses::from_rows(["1", "2", "3", "4"], &rows)?;
/// let fit = MantelHaenszel::fit(&responses, &focal, &DifOptions::default())?;
/// assert!(fit.rows[2].delta < -1.5 && fit.rows[2].flagged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MantelHaenszel {
    /// One row an item.
    pub rows: Vec<MantelHaenszelRow>,
    /// Persons of the groups.
    pub counts: GroupCounts,
    /// How purification went, where it was asked for.
    pub purification: Option<Purification>,
}

impl MantelHaenszel {
    /// Tests each item. `focal` marks the persons of the focal group; none is no group.
    ///
    /// # Errors
    /// Items with other than two answers, groups with fewer than two persons with complete answers, options out of range.
    pub fn fit(responses: &Responses, focal: &[Option<bool>], options: &DifOptions) -> Result<Self, DifError> {
        options.check()?;
        let matched = Matched::new(responses, focal)?;
        matched.all_binary("Mantel-Haenszel needs two; use `Mantel` for more")?;
        let analyse = |item: usize, strata: &Strata| Ok(row(&matched.names[item], strata, options.alpha));
        let (rows, purification) = matched.purified(options, analyse, |row| row.flagged)?;
        Ok(Self { rows, counts: matched.counts, purification })
    }
}

fn row(name: &str, strata: &Strata, level: f64) -> MantelHaenszelRow {
    let (mut excess, mut variance, mut up, mut down) = (0.0, 0.0, 0.0, 0.0);
    let (mut difference, mut weight) = (0.0, 0.0);
    let mut tables = Vec::new();
    for (_, reference, focal) in &strata.rows {
        let (b, a, d, c) = (reference[0], reference[1], focal[0], focal[1]);
        let (nr, nf, high, low) = (a + b, c + d, a + c, b + d);
        let t = nr + nf;
        if t < 2.0 {
            continue;
        }
        excess += a - nr * high / t;
        variance += nr * nf * high * low / (t * t * (t - 1.0));
        up += a * d / t;
        down += b * c / t;
        tables.push([a, b, c, d, t]);
        if nr > 0.0 && nf > 0.0 {
            difference += nf * (c / nf - a / nr);
            weight += nf;
        }
    }
    let odds_ratio = up / down;
    let spread: f64 = tables
        .iter()
        .map(|[a, b, c, d, t]| (a * d + odds_ratio * b * c) * (a + d + odds_ratio * (b + c)) / (t * t))
        .sum();
    let ln_se = (spread / (2.0 * up * up)).sqrt();
    let chi_square = (excess.abs() - 0.5).max(0.0).powi(2) / variance;
    let delta = -2.35 * odds_ratio.ln();
    let p = upper_tail(chi_square, 1.0);
    MantelHaenszelRow {
        name: name.to_owned(),
        chi_square,
        uncorrected: excess * excess / variance,
        p,
        odds_ratio,
        ln_se,
        delta,
        standardised_difference: difference / weight,
        class: class(delta, 2.35 * ln_se),
        class_by_size: match delta.abs() {
            size if size >= 1.5 => EtsClass::C,
            size if size >= 1.0 => EtsClass::B,
            _ => EtsClass::A,
        },
        flagged: p < level,
    }
}

/// Size and significance at 0.05: two-sided against 0, one-sided against 1.
fn class(delta: f64, se: f64) -> EtsClass {
    let size = delta.abs();
    let against_zero = 2.0 * normal_cdf(-size / se);
    let against_one = normal_cdf(-(size - 1.0) / se);
    if size >= 1.5 && against_one < 0.05 {
        EtsClass::C
    } else if size >= 1.0 && against_zero < 0.05 {
        EtsClass::B
    } else {
        EtsClass::A
    }
}
