//! Best subsets of predictors by complete enumeration.

use nalgebra::{DMatrix, DVector};

/// The best model of one size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Best {
    /// Columns of the predictors, ascending.
    pub(super) columns: Vec<usize>,
    /// Residual sum of squares.
    pub(super) rss: f64,
}

/// A predictor of which less than this share of its square is left is taken for a combination of others.
const COLLINEAR: f64 = 1e-13;

/// The best models with 1 to `largest` of the predictors, each with a constant. `rows` are weighted observations: a row of
/// predictors, the response, and the weight. Everything is projected off the constant and into the space of the predictors
/// first, so the search itself does not know how many people there are.
pub(super) fn best_subsets(
    design: &DMatrix<f64>,
    response: &DVector<f64>,
    weights: &DVector<f64>,
    largest: usize,
) -> Vec<Option<Best>> {
    let (vectors, target, rest) = reduce(design, response, weights);
    let mut search = Search { best: vec![None; largest.min(vectors.len())], chosen: Vec::new(), rest };
    search.deepen(&vectors, &(0..vectors.len()).collect::<Vec<_>>(), &target);
    search.best
}

/// Unit predictors and the response as coordinates in the column space, and the residual outside of it.
fn reduce(design: &DMatrix<f64>, response: &DVector<f64>, weights: &DVector<f64>) -> (Vec<Vec<f64>>, Vec<f64>, f64) {
    let total = weights.sum();
    let centred = |column: DVector<f64>| {
        let mean = column.dot(weights) / total;
        DVector::from_fn(column.len(), |i, _| (column[i] - mean) * weights[i].sqrt())
    };
    let columns: Vec<DVector<f64>> = design
        .column_iter()
        .map(|column| {
            let centred = centred(column.into_owned());
            let norm = centred.norm();
            if norm > 0.0 { centred / norm } else { centred }
        })
        .collect();
    let target = centred(response.clone());
    let mut basis: Vec<DVector<f64>> = Vec::new();
    for column in &columns {
        let mut rest = column.clone();
        for _ in 0..2 {
            basis.iter().for_each(|axis| rest -= axis * rest.dot(axis));
        }
        let norm = rest.norm();
        if norm * norm > COLLINEAR {
            basis.push(rest / norm);
        }
    }
    let coordinates = |vector: &DVector<f64>| basis.iter().map(|axis| vector.dot(axis)).collect::<Vec<f64>>();
    let inside = coordinates(&target);
    let outside = target.norm_squared() - inside.iter().map(|c| c * c).sum::<f64>();
    (columns.iter().map(coordinates).collect(), inside, outside.max(0.0))
}

struct Search {
    best: Vec<Option<Best>>,
    chosen: Vec<usize>,
    /// Residual that no predictor touches.
    rest: f64,
}

impl Search {
    /// Adds each of the candidates to the chosen ones. `vectors` and `target` are orthogonal to all chosen ones.
    fn deepen(&mut self, vectors: &[Vec<f64>], candidates: &[usize], target: &[f64]) {
        let size = self.chosen.len();
        let residual = dot(target, target) + self.rest;
        for (place, candidate) in candidates.iter().enumerate() {
            let Some(vector) = vectors.get(*candidate) else { continue };
            let square = dot(vector, vector);
            if square <= COLLINEAR {
                continue;
            }
            let along = dot(vector, target);
            let rss = residual - along * along / square;
            self.chosen.push(*candidate);
            if let Some(slot) = self.best.get_mut(size)
                && slot.as_ref().is_none_or(|best| rss < best.rss)
            {
                *slot = Some(Best { columns: self.chosen.clone(), rss });
            }
            if size + 1 < self.best.len() {
                let further = candidates.get(place + 1..).unwrap_or_default();
                let mut next = vectors.to_vec();
                for other in further {
                    if let Some(other) = next.get_mut(*other) {
                        let share = dot(other, vector) / square;
                        other.iter_mut().zip(vector).for_each(|(o, v)| *o -= share * v);
                    }
                }
                let share = along / square;
                let left: Vec<f64> = target.iter().zip(vector).map(|(t, v)| t - share * v).collect();
                self.deepen(&next, further, &left);
            }
            self.chosen.pop();
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
