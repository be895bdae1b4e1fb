//! How thresholds and polychoric correlations of a sample go together: what weighted least squares needs.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::super::EstimationError;
use super::influence::{PairInfluence, Side, margin_influence, pair_influence};
use super::observed::pairs;
use super::polychoric::Polychorics;
use super::table::{CrossTable, Levels};
use super::two_step::Grid;

/// Persons whose influences are multiplied at once.
const BLOCK: usize = 1024;

/// `N` times the asymptotic covariance of the polychoric correlations of a sample (Muthen 1984; in lavaan `NACOV`).
#[derive(Debug, Clone, PartialEq)]
pub struct AsymptoticCovariance {
    persons: usize,
    pairs: Vec<(usize, usize)>,
    matrix: DMatrix<f64>,
}

impl AsymptoticCovariance {
    /// Persons.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// The pair `(i, j)`, `i > j`, of each row and column.
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// The matrix, pairs by pairs.
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }
}

impl Polychorics {
    /// The asymptotic covariance of all correlations, from the influence of every person on every estimate.
    ///
    /// # Errors
    /// When an empty cell was corrected (the theory holds for the table that was observed), or a variance is nought.
    pub fn asymptotic_covariance(&self) -> Result<AsymptoticCovariance, EstimationError> {
        if let Some((first, second)) = self.corrected().first() {
            let (first, second) = (first.clone(), second.clone());
            return Err(EstimationError::Boundary { first, second, end: 1.0 });
        }
        let levels = &self.levels;
        let margins: Vec<Vec<f64>> =
            levels.iter().map(|levels| levels.counts.iter().map(|n| *n as f64).collect()).collect();
        let influence: Vec<_> = margins.iter().zip(self.thresholds()).map(|(n, t)| margin_influence(n, t)).collect();
        let pairs = pairs(levels.len());
        let influences: Vec<PairInfluence> = pairs
            .par_iter()
            .map(|(i, j)| {
                let sides = [*i, *j].map(|at| Side { thresholds: &self.thresholds()[at], influence: &influence[at] });
                let grid = Grid::new(sides[0].thresholds, sides[1].thresholds);
                pair_influence(&grid, &CrossTable::of(&levels[*i], &levels[*j]), &sides, self.correlations().r(*i, *j))
            })
            .collect();
        let persons = self.correlations().persons();
        // With N / (N - 1), as lavaan has it.
        let scale = persons as f64 * persons as f64 / (persons as f64 - 1.0);
        let matrix = products(levels, &pairs, &influences) * scale;
        if matrix.diagonal().iter().any(|variance| variance.is_nan() || *variance <= 0.0) {
            let smallest = matrix.diagonal().min();
            return Err(EstimationError::NotPositiveDefinite { what: "the covariance of the correlations", smallest });
        }
        Ok(AsymptoticCovariance { persons, pairs, matrix })
    }
}

/// Sum over persons of the products of their influences, block by block.
fn products(levels: &[Levels], pairs: &[(usize, usize)], influences: &[PairInfluence]) -> DMatrix<f64> {
    let rows = levels.first().map_or(0, |levels| levels.index.len());
    let width = pairs.len();
    let starts: Vec<usize> = (0..rows).step_by(BLOCK).collect();
    let empty = || DMatrix::zeros(width, width);
    let add = |mut sum: DMatrix<f64>, start: &usize| {
        let persons = *start..(*start + BLOCK).min(rows);
        let mut block = DMatrix::zeros(persons.len(), width);
        for (column, ((i, j), influence)) in pairs.iter().zip(influences).enumerate() {
            let stride = levels[*j].len() + 1;
            let answers = levels[*i].index[persons.clone()].iter().zip(&levels[*j].index[persons.clone()]);
            let values = influence.values();
            for (slot, (a, b)) in block.column_mut(column).iter_mut().zip(answers) {
                *slot = values[usize::from(*a) * stride + usize::from(*b)];
            }
        }
        sum.gemm_tr(1.0, &block, &block, 1.0);
        sum
    };
    starts.par_iter().with_min_len(4).fold(empty, add).reduce(empty, |a, b| a + b)
}
