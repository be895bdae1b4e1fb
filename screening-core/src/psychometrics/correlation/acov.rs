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
        let found = self.influences()?;
        let pairs = found.pairs.clone();
        let columns = found.of_pairs();
        Ok(AsymptoticCovariance { persons: self.correlations().persons(), pairs, matrix: self.covariance(&columns)? })
    }

    /// `N` times the covariance of the thresholds, item by item, and then of the correlations, pair by pair.
    ///
    /// # Errors
    /// As [`Self::asymptotic_covariance`].
    pub(crate) fn joint_covariance(&self) -> Result<DMatrix<f64>, EstimationError> {
        let found = self.influences()?;
        let mut columns = Vec::new();
        for (item, by_category) in found.margins.iter().enumerate() {
            let width = by_category.first().map_or(0, Vec::len);
            // A missing answer, the last place, moves no threshold.
            let of = |k: usize| by_category.iter().map(|moved| moved[k]).chain([0.0]).collect();
            columns.extend((0..width).map(|k| Influence::Threshold(item, of(k))));
        }
        columns.extend(found.of_pairs());
        self.covariance(&columns)
    }

    fn influences(&self) -> Result<Influences, EstimationError> {
        if let Some((first, second)) = self.corrected().first() {
            let (first, second) = (first.clone(), second.clone());
            return Err(EstimationError::Boundary { first, second, end: 1.0 });
        }
        let levels = &self.levels;
        let counts: Vec<Vec<f64>> =
            levels.iter().map(|levels| levels.counts.iter().map(|n| *n as f64).collect()).collect();
        let margins: Vec<_> = counts.iter().zip(self.thresholds()).map(|(n, t)| margin_influence(n, t)).collect();
        let pairs = pairs(levels.len());
        let of_pairs = pairs
            .par_iter()
            .map(|(i, j)| {
                let sides = [*i, *j].map(|at| Side { thresholds: &self.thresholds()[at], influence: &margins[at] });
                let grid = Grid::new(sides[0].thresholds, sides[1].thresholds);
                pair_influence(&grid, &CrossTable::of(&levels[*i], &levels[*j]), &sides, self.correlations().r(*i, *j))
            })
            .collect();
        Ok(Influences { margins, pairs, of_pairs })
    }

    fn covariance(&self, columns: &[Influence<'_>]) -> Result<DMatrix<f64>, EstimationError> {
        let persons = self.correlations().persons() as f64;
        // With N / (N - 1), as lavaan has it.
        let matrix = products(&self.levels, columns) * (persons * persons / (persons - 1.0));
        if matrix.diagonal().iter().any(|variance| variance.is_nan() || *variance <= 0.0) {
            let smallest = matrix.diagonal().min();
            return Err(EstimationError::NotPositiveDefinite { what: "the covariance of the correlations", smallest });
        }
        Ok(matrix)
    }
}

/// How persons move all estimates.
struct Influences {
    /// `[item][category][threshold]`
    margins: Vec<Vec<Vec<f64>>>,
    pairs: Vec<(usize, usize)>,
    of_pairs: Vec<PairInfluence>,
}

impl Influences {
    fn of_pairs(&self) -> Vec<Influence<'_>> {
        self.pairs.iter().zip(&self.of_pairs).map(|((i, j), own)| Influence::Pair(*i, *j, own)).collect()
    }
}

/// How a person's answers move one estimate.
enum Influence<'a> {
    Threshold(usize, Vec<f64>),
    Pair(usize, usize, &'a PairInfluence),
}

impl Influence<'_> {
    /// Writes the values of some persons.
    fn write(&self, levels: &[Levels], persons: std::ops::Range<usize>, to: &mut [f64]) {
        match self {
            Self::Threshold(item, values) => {
                let answers = &levels[*item].index[persons];
                to.iter_mut().zip(answers).for_each(|(slot, a)| *slot = values[usize::from(*a)]);
            }
            Self::Pair(i, j, influence) => {
                let stride = levels[*j].len() + 1;
                let values = influence.values();
                let answers = levels[*i].index[persons.clone()].iter().zip(&levels[*j].index[persons]);
                for (slot, (a, b)) in to.iter_mut().zip(answers) {
                    *slot = values[usize::from(*a) * stride + usize::from(*b)];
                }
            }
        }
    }
}

/// Sum over persons of the products of their influences, block by block.
fn products(levels: &[Levels], columns: &[Influence<'_>]) -> DMatrix<f64> {
    let rows = levels.first().map_or(0, |levels| levels.index.len());
    let width = columns.len();
    let starts: Vec<usize> = (0..rows).step_by(BLOCK).collect();
    let empty = || DMatrix::zeros(width, width);
    let add = |mut sum: DMatrix<f64>, start: &usize| {
        let persons = *start..(*start + BLOCK).min(rows);
        let mut block = DMatrix::zeros(persons.len(), width);
        for (at, column) in columns.iter().enumerate() {
            column.write(levels, persons.clone(), block.column_mut(at).as_mut_slice());
        }
        sum.gemm_tr(1.0, &block, &block, 1.0);
        sum
    };
    starts.par_iter().with_min_len(4).fold(empty, add).reduce(empty, |a, b| a + b)
}
