//! Does each item follow its curve: S-X2, infit and outfit.

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::IrtError;
use super::bank::ItemBank;
use super::calibrate::Calibration;
use super::quadrature::Quadrature;
use super::score::{PersonScorer, ScoreOptions};
use super::sum_score::sums_given_theta;
use crate::psychometrics::Responses;
use crate::stats::item_response::Curves;

/// Fit of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemFitRow {
    /// Name of the item.
    pub name: String,
    /// S-X2; NaN where too few cells are left.
    pub s_x2: f64,
    /// Degrees of freedom.
    pub df: i64,
    /// Probability of so much misfit or more.
    pub p: f64,
    /// `sqrt(max(S-X2 / df - 1, 0) / (n - 1))`.
    pub rmsea: f64,
    /// Mean squared standardised residual.
    pub outfit: f64,
    /// The same weighted by the variance of the answers: less swayed by single surprises.
    pub infit: f64,
}

/// Item fit of a calibration.
///
/// S-X2 compares how often each answer is given by the persons of each sum score with how often the model expects it; rows
/// and answers with expected frequencies below 1 are joined with neighbours. Infit and outfit use the EAP thetas, whose
/// shrinkage makes them smaller than with maximum likelihood. Source: Orlando & Thissen 2000, Appl Psychol Meas 24:50; Kang
/// & Chen 2008, J Educ Meas 45:391.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemFit {
    /// One row an item.
    pub rows: Vec<ItemFitRow>,
    /// Persons who answered everything, on whom S-X2 stands.
    pub complete: usize,
    /// Persons with holes, left out of S-X2.
    pub incomplete: usize,
}

impl ItemFit {
    /// Fit of each item.
    ///
    /// # Errors
    /// Answers that do not belong to the bank, or fewer than two complete persons.
    pub fn of(calibration: &Calibration, responses: &Responses) -> Result<Self, IrtError> {
        let bank = &calibration.bank;
        let coded = bank.code(responses)?;
        let sums: Vec<(usize, usize)> =
            (0..coded.persons).filter_map(|person| coded.sum(person).map(|sum| (person, sum))).collect();
        if sums.len() < 2 {
            return Err(IrtError::TooFew { what: "complete persons", found: sums.len(), needed: 2 });
        }
        let options = ScoreOptions { prior: calibration.prior, ..ScoreOptions::default() };
        let thetas = PersonScorer::new(bank.clone(), options)?.score(responses)?.thetas();
        let nodes = Quadrature::SCORING.nodes();
        let weights = Quadrature::SCORING.weights(calibration.prior.mean, calibration.prior.deviation);
        let whole = sums_given_theta(bank, &nodes, None);
        let highest = bank.highest_sum();
        let mut rows = Vec::new();
        for (item, known) in bank.items().iter().enumerate() {
            let categories = known.parameters.categories();
            let mut observed = vec![vec![0.0; categories]; highest + 1];
            for (person, sum) in &sums {
                observed[*sum][usize::from(coded.column(item)[*person])] += 1.0;
            }
            let rest = sums_given_theta(bank, &nodes, Some(item));
            let curves: Vec<Vec<f64>> = nodes.iter().map(|node| known.parameters.probabilities(*node)).collect();
            let cells: Vec<Row> = (1..highest)
                .map(|sum| {
                    let n: f64 = observed[sum].iter().sum();
                    let all: f64 = whole[sum].iter().zip(&weights).map(|(p, w)| p * w).sum();
                    let expected = (0..categories).map(|k| {
                        let rest = rest.get(sum.checked_sub(k)?)?;
                        let each = rest.iter().zip(&curves).zip(&weights);
                        Some(n * each.map(|((p, curve), w)| p * curve[k] * w).sum::<f64>() / all)
                    });
                    Row { expected: expected.collect(), observed: observed[sum].clone() }
                })
                .collect();
            // Thresholds and slope; with the Rasch model the free variance of theta in the place of the slope, as mirt counts.
            let (s_x2, df) = chi_square(&collapse(cells), categories);
            let (infit, outfit) = residuals(bank, item, coded.column(item), &thetas);
            let n = sums.len() as f64;
            let known_df = df > 0;
            rows.push(ItemFitRow {
                name: known.name.clone(),
                s_x2: if known_df { s_x2 } else { f64::NAN },
                df,
                p: if known_df { upper_tail(s_x2, df as f64) } else { f64::NAN },
                rmsea: if known_df { ((s_x2 / df as f64 - 1.0).max(0.0) / (n - 1.0)).sqrt() } else { f64::NAN },
                outfit,
                infit,
            });
        }
        Ok(Self { rows, complete: sums.len(), incomplete: coded.persons - sums.len() })
    }
}

/// Upper tail of chi-square.
pub(crate) fn upper_tail(statistic: f64, df: f64) -> f64 {
    ChiSquared::new(df).map_or(f64::NAN, |chi| chi.sf(statistic))
}

/// Frequencies of the answers of the persons with one sum; an answer that this sum excludes has no expectation.
#[derive(Debug, Clone)]
struct Row {
    expected: Vec<Option<f64>>,
    observed: Vec<f64>,
}

/// Frequencies after joining; an empty pair is a cell that is no more.
type Cells = Vec<Vec<(f64, f64)>>;

fn join(to: &mut [(f64, f64)], from: &[(f64, f64)]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = (to.0 + from.0, to.1 + from.1));
}

fn observed(row: &[(f64, f64)]) -> f64 {
    row.iter().map(|cell| cell.0).sum()
}

/// Joins what is expected less than once: excluded answers at both ends, rare rows, rare answers in a row, then rows.
fn collapse(rows: Vec<Row>) -> Cells {
    let partial: Vec<bool> = rows.iter().map(|row| row.expected.iter().any(Option::is_none)).collect();
    let plain: Cells = rows
        .into_iter()
        .map(|row| row.observed.into_iter().zip(row.expected).map(|(o, e)| (o, e.unwrap_or(0.0))).collect())
        .collect();
    let mut rows = merge_ends(plain, &partial);
    rows.retain(|row| observed(row) > 0.0);
    rows = merge_single(rows);
    let categories = rows.first().map_or(0, Vec::len);
    if categories > 2 {
        for row in &mut rows {
            if row.iter().any(|cell| cell.1 < 1.0) {
                merge_within(row);
                row.resize(categories, (0.0, 0.0));
            }
        }
        merge_columns(&mut rows);
    }
    merge_rare_rows(&mut rows);
    rows
}

fn merge_ends(rows: Cells, partial: &[bool]) -> Cells {
    let Some(first) = partial.iter().position(|partial| !partial) else { return Vec::new() };
    let last = partial.iter().rposition(|partial| !partial).unwrap_or(first);
    let mut kept: Cells = rows[first..=last].to_vec();
    let end = kept.len() - 1;
    rows[..first].iter().for_each(|row| join(&mut kept[0], row));
    rows[last + 1..].iter().for_each(|row| join(&mut kept[end], row));
    kept
}

/// Rows of a single person go to the next row.
fn merge_single(rows: Cells) -> Cells {
    let mut kept: Cells = Vec::new();
    let mut carried: Option<Vec<(f64, f64)>> = None;
    for mut row in rows {
        if let Some(carried) = carried.take() {
            join(&mut row, &carried);
        }
        if observed(&row) == 1.0 {
            carried = Some(row);
        } else {
            kept.push(row);
        }
    }
    if let Some(carried) = carried {
        match kept.last_mut() {
            Some(last) => join(last, &carried),
            None => kept.push(carried),
        }
    }
    kept
}

/// Joins the rarest answer of a row with its rarer neighbour until none is rare or two are left.
fn merge_within(row: &mut Vec<(f64, f64)>) {
    while row.len() > 2 {
        let least = row.iter().map(|cell| cell.1).fold(f64::INFINITY, f64::min);
        let at = row.iter().rposition(|cell| cell.1 == least).unwrap_or(0);
        let to = if at == 0 {
            1
        } else if at + 1 == row.len() || row[at - 1].1 <= row[at + 1].1 {
            at - 1
        } else {
            at + 1
        };
        let moved = row[at];
        row[to] = (row[to].0 + moved.0, row[to].1 + moved.1);
        row.remove(at);
        if row.iter().all(|cell| cell.1 >= 1.0) {
            break;
        }
    }
}

/// Joins columns that hardly any row has left.
fn merge_columns(rows: &mut Cells) {
    let to_left = |rows: &mut Cells, column: usize| {
        for row in rows.iter_mut() {
            let moved = row[column];
            row[column - 1] = (row[column - 1].0 + moved.0, row[column - 1].1 + moved.1);
            row.remove(column);
        }
    };
    let width = |rows: &Cells| rows.first().map_or(0, Vec::len);
    while width(rows) > 2 {
        let last = width(rows) - 1;
        let all: f64 = rows.iter().map(|row| row[last].1).sum();
        if all >= (rows.len() as f64 * 0.1).ceil() {
            break;
        }
        to_left(rows, last);
    }
    for column in (1..width(rows)).rev() {
        let share = rows.iter().filter(|row| row[column].1 > 0.0).count() as f64 / rows.len() as f64;
        if share < 0.05 {
            to_left(rows, column);
        }
    }
}

fn merge_rare_rows(rows: &mut Cells) {
    while rows.len() > 1 {
        let Some(at) = rows.iter().position(|row| row.iter().any(|cell| cell.1 < 1.0 && cell.1 != 0.0)) else { break };
        let to = if at == 0 {
            1
        } else if at + 1 == rows.len() || observed(&rows[at - 1]) <= observed(&rows[at + 1]) {
            at - 1
        } else {
            at + 1
        };
        let moved = rows[at].clone();
        join(&mut rows[to], &moved);
        rows.remove(at);
    }
}

fn chi_square(rows: &Cells, free: usize) -> (f64, i64) {
    let cells = rows.iter().flatten().filter(|cell| cell.1 > 0.0);
    let (sum, count) = cells.fold((0.0, 0_i64), |(sum, count), (o, e)| (sum + (o - e).powi(2) / e, count + 1));
    (sum, count - rows.len() as i64 - free as i64)
}

/// Infit and outfit at given thetas.
fn residuals(bank: &ItemBank, item: usize, column: &[u8], thetas: &[f64]) -> (f64, f64) {
    let mut curves = Curves::default();
    let (mut squares, mut variances, mut standardised, mut n) = (0.0, 0.0, 0.0, 0.0);
    let Some(known) = bank.items().get(item) else { return (f64::NAN, f64::NAN) };
    for (answer, theta) in column.iter().zip(thetas) {
        if *answer == super::bank::NONE || theta.is_nan() {
            continue;
        }
        known.parameters.curves(*theta, &mut curves);
        let mean: f64 = curves.p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        let variance: f64 = curves.p.iter().enumerate().map(|(k, p)| (k as f64 - mean).powi(2) * p).sum();
        let square = (f64::from(*answer) - mean).powi(2);
        squares += square;
        variances += variance;
        standardised += square / variance;
        n += 1.0;
    }
    (squares / variances, standardised / n)
}
