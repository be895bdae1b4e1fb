//! Items with more answers: Mantel's test of the mean, and the generalised test of the whole distribution.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::matching::{Matched, Strata};
use super::{DifError, DifOptions, EtsClass, GroupCounts, Purification};
use crate::psychometrics::Responses;
use crate::psychometrics::irt::upper_tail;

/// Result of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MantelRow {
    /// Name of the item.
    pub name: String,
    /// Mantel's chi-square for ordered answers, one degree of freedom.
    pub mantel: f64,
    /// Its probability.
    pub p: f64,
    /// Generalised chi-square for answers without order.
    pub generalised: f64,
    /// Its degrees of freedom.
    pub generalised_df: usize,
    /// Its probability.
    pub generalised_p: f64,
    /// Standardised mean difference: focal less reference mean at equal totals, weighted by the focal group, in codes.
    pub mean_difference: f64,
    /// The same in standard deviations of the item.
    pub effect: f64,
    /// A where Mantel's test is not significant or the effect is at most 0.17, C above 0.25, B between.
    pub class: EtsClass,
    /// Whether Mantel's test at the level of the options is significant.
    pub flagged: bool,
}

/// Mantel's and the generalised Mantel-Haenszel test of each item.
///
/// ```text
/// Mantel       ( sum (F - E F) )^2 / sum Var F              F: sum of the focal group's codes at one total
/// generalised  d' V^-1 d,  d = sum (n_focal(k) - E n_focal(k)) over the answers but one
/// ```
///
/// With two answers both are the Mantel-Haenszel chi-square without continuity correction. Source: Mantel 1963, J Am Stat
/// Assoc 58:690; Somes 1986, Am Stat 40:106; Zwick, Donoghue & Grima 1993, J Educ Meas 30:233; Dorans & Schmitt 1991
/// (standardised mean difference).
///
/// ```
/// use screening_core::psychometrics::Responses;
/// use screening_core::psychometrics::dif::{DifOptions, Mantel};
/// let rows: Vec<[Option<i64>; 3]> = (0..300)
///     .map(|person| {
///         let (focal, trait_) = (person % 2, person / 2 % 4);
///         [Some(trait_), Some((trait_ + person % 3) / 2), Some((trait_ + focal).min(3))]
///     })
///     .collect();
/// let focal: Vec<Option<bool>> = (0..300).map(|person| Some(person % 2 == 1)).collect();
/// let responses = Responses::from_rows(["1", "2", "3"], &rows)?;
/// let fit = Mantel::fit(&responses, &focal, &DifOptions::default())?;
/// assert!(fit.rows[2].flagged && fit.rows[2].mean_difference > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mantel {
    /// One row an item.
    pub rows: Vec<MantelRow>,
    /// Persons of the groups.
    pub counts: GroupCounts,
    /// How purification went, where it was asked for.
    pub purification: Option<Purification>,
}

impl Mantel {
    /// Tests each item. `focal` marks the persons of the focal group; none is no group.
    ///
    /// # Errors
    /// Items with a single answer, groups with fewer than two persons with complete answers, options out of range.
    pub fn fit(responses: &Responses, focal: &[Option<bool>], options: &DifOptions) -> Result<Self, DifError> {
        options.check()?;
        let matched = Matched::new(responses, focal)?;
        let analyse =
            |item: usize, strata: &Strata| Ok(row(&matched.names[item], &matched.codes[item], strata, options.alpha));
        let (rows, purification) = matched.purified(options, analyse, |row| row.flagged)?;
        Ok(Self { rows, counts: matched.counts, purification })
    }
}

fn row(name: &str, codes: &[i16], strata: &Strata, level: f64) -> MantelRow {
    let scores: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
    let free = codes.len() - 1;
    let (mut excess, mut variance) = (0.0, 0.0);
    let (mut vector, mut matrix) = (DVector::zeros(free), DMatrix::zeros(free, free));
    let (mut difference, mut weight) = (0.0, 0.0);
    let mut margin = vec![0.0; codes.len()];
    let dot = |counts: &[f64], power: i32| -> f64 { counts.iter().zip(&scores).map(|(n, y)| n * y.powi(power)).sum() };
    for (_, reference, focal) in &strata.rows {
        let both: Vec<f64> = reference.iter().zip(focal).map(|(r, f)| r + f).collect();
        margin.iter_mut().zip(&both).for_each(|(to, n)| *to += n);
        let (nr, nf) = (reference.iter().sum::<f64>(), focal.iter().sum::<f64>());
        let t = nr + nf;
        if nr == 0.0 || nf == 0.0 {
            continue;
        }
        let factor = nr * nf / (t * t * (t - 1.0));
        excess += dot(focal, 1) - nf * dot(&both, 1) / t;
        variance += factor * (t * dot(&both, 2) - dot(&both, 1).powi(2));
        for (k, (own, all)) in focal.iter().zip(&both).enumerate().take(free) {
            vector[k] += own - nf * all / t;
            matrix[(k, k)] += factor * t * all;
            for (l, other) in both.iter().enumerate().take(free) {
                matrix[(k, l)] -= factor * all * other;
            }
        }
        difference += nf * (dot(focal, 1) / nf - dot(reference, 1) / nr);
        weight += nf;
    }
    let n: f64 = margin.iter().sum();
    let mean = dot(&margin, 1) / n;
    let deviation = ((dot(&margin, 2) - n * mean * mean) / (n - 1.0)).sqrt();
    let mantel = excess * excess / variance;
    // Answers that no shared total has leave the matrix singular; then only the ordered test speaks.
    let generalised = matrix.cholesky().map_or(f64::NAN, |factor| vector.dot(&factor.solve(&vector)));
    let p = upper_tail(mantel, 1.0);
    let effect = difference / weight / deviation;
    MantelRow {
        name: name.to_owned(),
        mantel,
        p,
        generalised,
        generalised_df: free,
        generalised_p: if generalised.is_nan() { f64::NAN } else { upper_tail(generalised, free as f64) },
        mean_difference: difference / weight,
        effect,
        class: match effect.abs() {
            _ if p.is_nan() || p >= 0.05 => EtsClass::A,
            size if size > 0.25 => EtsClass::C,
            size if size > 0.17 => EtsClass::B,
            _ => EtsClass::A,
        },
        flagged: p < level,
    }
}
