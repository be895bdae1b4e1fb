//! How much one person moves a threshold or a polychoric correlation.

use nalgebra::{DMatrix, DVector};

use super::table::CrossTable;
use super::two_step::Grid;

/// One item of a pair: its thresholds, and how an answer moves them.
pub(crate) struct Side<'a> {
    pub(crate) thresholds: &'a [f64],
    /// `[category][threshold]`, for one person among all.
    pub(crate) influence: &'a [Vec<f64>],
}

/// What one person in a category adds to the estimate of each threshold: `I^-1 s`, with s the slope of the person's
/// log-likelihood and I the sum of its squares over all persons.
pub(crate) fn margin_influence(counts: &[f64], thresholds: &[f64]) -> Vec<Vec<f64>> {
    let n: f64 = counts.iter().sum();
    let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let width = thresholds.len();
    let slopes: Vec<DVector<f64>> = (0..counts.len())
        .map(|category| {
            let p = counts[category] / n;
            let mut slope = DVector::zeros(width);
            if category < width {
                slope[category] += density(thresholds[category]) / p;
            }
            if category > 0 {
                slope[category - 1] -= density(thresholds[category - 1]) / p;
            }
            slope
        })
        .collect();
    let mut information = DMatrix::zeros(width, width);
    for (slope, count) in slopes.iter().zip(counts) {
        information += slope * slope.transpose() * *count;
    }
    // Positive definite: every category has persons, so the slopes span all thresholds.
    match information.cholesky() {
        Some(factor) => slopes.iter().map(|slope| factor.solve(slope).iter().copied().collect()).collect(),
        None => vec![vec![f64::NAN; width]; counts.len()],
    }
}

/// What one person in a cell adds to the estimate of the correlation; the last row and column are for a missing answer.
#[derive(Debug, Clone)]
pub(crate) struct PairInfluence {
    columns: usize,
    values: Vec<f64>,
}

impl PairInfluence {
    pub(crate) fn get(&self, row: usize, column: usize) -> f64 {
        self.values[row * (self.columns + 1) + column]
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }
}

/// The influence on a two-step estimate (Muthen 1984, Psychometrika 49:115): the slope by the correlation, less what the
/// estimated thresholds take from it.
pub(crate) fn pair_influence(grid: &Grid<'_>, counts: &CrossTable, sides: &[Side<'_>; 2], rho: f64) -> PairInfluence {
    let (rows, columns) = (counts.rows(), counts.columns());
    let cells = grid.at(rho);
    let (by_first, by_second) = grid.by_thresholds(rho, &cells);
    let mut own = 0.0;
    let mut crossed = [vec![0.0; sides[0].thresholds.len()], vec![0.0; sides[1].thresholds.len()]];
    let slope = |at: usize| cells.slope[at] / cells.p[at].max(1e-16);
    for row in 0..rows {
        for column in 0..columns {
            let (at, n) = (row * columns + column, f64::from(counts.get(row, column)));
            own += n * slope(at).powi(2);
            let each = [&by_first[at], &by_second[at]];
            for (sum, by) in crossed.iter_mut().zip(each) {
                sum.iter_mut().zip(by).for_each(|(sum, by)| *sum += n * slope(at) * by);
            }
        }
    }
    let taken = |side: usize, category: usize| {
        let moved = sides[side].influence.get(category);
        moved.map_or(0.0, |moved| moved.iter().zip(&crossed[side]).map(|(m, c)| m * c).sum::<f64>())
    };
    let mut values = Vec::with_capacity((rows + 1) * (columns + 1));
    for row in 0..=rows {
        for column in 0..=columns {
            let direct = if row < rows && column < columns { slope(row * columns + column) } else { 0.0 };
            values.push((direct - taken(0, row) - taken(1, column)) / own);
        }
    }
    PairInfluence { columns, values }
}
