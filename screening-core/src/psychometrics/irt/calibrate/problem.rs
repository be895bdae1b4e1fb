//! The marginal likelihood of groups of persons: expectation step, gradient, and what the step is measured by.

use std::collections::HashMap;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::block::Block;
use crate::psychometrics::irt::bank::Coded;
use crate::psychometrics::irt::nodes::{Layout, posterior};
use crate::psychometrics::irt::quadrature::Quadrature;

/// Persons of one group, equal patterns together.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) layout: Layout,
    /// Patterns one after the other, each as wide as the layout.
    pub(crate) cells: Vec<u32>,
    /// Persons with each pattern.
    pub(crate) weights: Vec<f64>,
    /// Number of answers of each item.
    pub(crate) sizes: Vec<usize>,
    /// Which block each item belongs to.
    pub(crate) blocks: Vec<usize>,
    /// Position of the mean among the parameters, where it is free; it is 0 otherwise.
    pub(crate) mean: Option<usize>,
    /// Position of the logarithm of the deviation, where it is free; the deviation is 1 otherwise.
    pub(crate) log_deviation: Option<usize>,
    /// Persons without any answer, who are left out.
    pub(crate) empty: usize,
}

impl Group {
    pub(crate) fn new(coded: &Coded, blocks: Vec<usize>) -> Self {
        let layout = Layout::new(coded);
        let all = layout.cells(coded, 0, coded.persons);
        let mut seen: HashMap<&[u32], usize> = HashMap::new();
        let (mut cells, mut weights, mut empty) = (Vec::new(), Vec::<f64>::new(), 0);
        for (person, own) in all.chunks_exact(layout.width()).enumerate() {
            if coded.pattern(person).next().is_none() {
                empty += 1;
                continue;
            }
            let next = weights.len();
            let at = *seen.entry(own).or_insert(next);
            if at == next {
                cells.extend_from_slice(own);
                weights.push(0.0);
            }
            weights[at] += 1.0;
        }
        Self { layout, cells, weights, sizes: coded.sizes.clone(), blocks, mean: None, log_deviation: None, empty }
    }

    pub(crate) fn patterns(&self) -> impl IndexedParallelIterator<Item = (&[u32], &f64)> {
        self.cells.par_chunks_exact(self.layout.width()).zip(self.weights.par_iter())
    }

    pub(crate) fn normal(&self, x: &[f64]) -> (f64, f64) {
        (self.mean.map_or(0.0, |at| x[at]), self.log_deviation.map_or(1.0, |at| x[at].exp()))
    }
}

/// Everything that is estimated together.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) quadrature: Quadrature,
    pub(crate) nodes: Vec<f64>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) groups: Vec<Group>,
    pub(crate) parameters: usize,
}

/// Outcome of one expectation step.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    pub(crate) log_likelihood: f64,
    /// Expected answers of each block, `[category * nodes + node]`.
    pub(crate) counts: Vec<Vec<f64>>,
    /// Expected answers in the joint tables of each group.
    pub(crate) tables: Vec<Vec<f64>>,
    /// Expected persons of each group at the nodes.
    pub(crate) persons: Vec<Vec<f64>>,
}

impl Problem {
    /// The joint table of a group at some parameters.
    pub(crate) fn table(&self, group: &Group, x: &[f64]) -> Vec<f64> {
        let logs: Vec<_> = group.blocks.iter().map(|at| self.blocks[*at].log_probabilities(x, &self.nodes)).collect();
        group.layout.table(&logs, self.nodes.len())
    }

    pub(crate) fn log_prior(&self, group: &Group, x: &[f64]) -> Vec<f64> {
        let (mean, deviation) = group.normal(x);
        self.quadrature.log_weights(mean, deviation)
    }

    /// Expected counts and log-likelihood; none where the parameters make no model.
    pub(crate) fn expect(&self, x: &[f64]) -> Option<Expectation> {
        if !self.blocks.iter().all(|block| block.feasible(x)) {
            return None;
        }
        let n = self.nodes.len();
        let mut result = Expectation {
            log_likelihood: 0.0,
            counts: self.blocks.iter().map(|block| vec![0.0; block.categories * n]).collect(),
            tables: Vec::new(),
            persons: Vec::new(),
        };
        for group in &self.groups {
            let (log_likelihood, table, persons) = self.expect_group(group, x);
            result.log_likelihood += log_likelihood;
            let counts = group.layout.counts(&table, &group.sizes, n);
            for (block, counts) in group.blocks.iter().zip(counts) {
                result.counts[*block].iter_mut().zip(counts).for_each(|(to, count)| *to += count);
            }
            result.tables.push(table);
            result.persons.push(persons);
        }
        result.log_likelihood.is_finite().then_some(result)
    }

    fn expect_group(&self, group: &Group, x: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let n = self.nodes.len();
        let (table, prior) = (self.table(group, x), self.log_prior(group, x));
        // Parts of fixed size, added in order: the same sums whatever the number of threads.
        let part = group.weights.len().div_ceil(16).max(256);
        let width = group.layout.width();
        let parts: Vec<_> = group
            .cells
            .par_chunks(part * width)
            .zip(group.weights.par_chunks(part))
            .map(|(cells, weights)| {
                let mut to = vec![0.0; group.layout.rows() * n];
                let (mut persons, mut weight_at) = (vec![0.0; n], vec![0.0; n]);
                let mut log_likelihood = 0.0;
                for (cells, weight) in cells.chunks_exact(width).zip(weights) {
                    log_likelihood += weight * posterior(cells, &table, &prior, &mut weight_at);
                    weight_at.iter_mut().for_each(|value| *value *= weight);
                    persons.iter_mut().zip(&weight_at).for_each(|(to, value)| *to += value);
                    for cell in cells {
                        let row = &mut to[*cell as usize * n..(*cell as usize + 1) * n];
                        row.iter_mut().zip(&weight_at).for_each(|(to, value)| *to += value);
                    }
                }
                (log_likelihood, to, persons)
            })
            .collect();
        let mut whole = (0.0, vec![0.0; table.len()], vec![0.0; n]);
        for (log_likelihood, counts, persons) in parts {
            whole.0 += log_likelihood;
            whole.1.iter_mut().zip(counts).for_each(|(to, value)| *to += value);
            whole.2.iter_mut().zip(persons).for_each(|(to, value)| *to += value);
        }
        whole
    }

    /// Gradient of the log-likelihood (by Fisher's identity that of the expected complete one), and the inverse of its
    /// expected complete information, block by block.
    pub(crate) fn gradient(&self, x: &[f64], at: &Expectation) -> (DVector<f64>, DMatrix<f64>) {
        let mut gradient = DVector::zeros(self.parameters);
        let mut metric = DMatrix::zeros(self.parameters, self.parameters);
        let parts: Vec<_> = self
            .blocks
            .par_iter()
            .zip(&at.counts)
            .map(|(block, counts)| block.gradient(x, &self.nodes, counts))
            .collect();
        for (block, (slope, information)) in self.blocks.iter().zip(parts) {
            let m = block.parameters();
            gradient.rows_mut(block.offset, m).copy_from(&slope);
            metric.view_mut((block.offset, block.offset), (m, m)).copy_from(&inverse_or_diagonal(information));
        }
        for (group, persons) in self.groups.iter().zip(&at.persons) {
            let free: Vec<usize> = [group.mean, group.log_deviation].into_iter().flatten().collect();
            let scores = self.prior_scores(group, x);
            let all: f64 = persons.iter().sum();
            let prior = self.log_prior(group, x);
            for (to, score) in free.iter().zip(&scores) {
                gradient[*to] = score.iter().zip(persons).map(|(s, n)| s * n).sum();
                let variance: f64 = score.iter().zip(&prior).map(|(s, log)| s * s * log.exp()).sum();
                metric[(*to, *to)] = (all * variance).recip();
            }
        }
        (gradient, metric)
    }

    /// Derivatives of the log-weights of a group by its free mean and logarithm of the deviation, at the nodes.
    pub(crate) fn prior_scores(&self, group: &Group, x: &[f64]) -> Vec<Vec<f64>> {
        let (mean, deviation) = group.normal(x);
        let weights: Vec<f64> = self.log_prior(group, x).into_iter().map(f64::exp).collect();
        let z: Vec<f64> = self.nodes.iter().map(|node| (node - mean) / deviation).collect();
        let centred = |values: Vec<f64>| -> Vec<f64> {
            let expected: f64 = values.iter().zip(&weights).map(|(v, w)| v * w).sum();
            values.into_iter().map(|v| v - expected).collect()
        };
        let mut scores = Vec::new();
        if group.mean.is_some() {
            scores.push(centred(z.iter().map(|z| z / deviation).collect()));
        }
        if group.log_deviation.is_some() {
            scores.push(centred(z.iter().map(|z| z * z).collect()));
        }
        scores
    }
}

/// The inverse, or where the matrix is singular that of its diagonal: only the step is measured by it.
fn inverse_or_diagonal(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let diagonal = matrix.diagonal().map(|value| if value > 1e-12 { value.recip() } else { 1.0 });
    matrix.cholesky().map_or_else(|| DMatrix::from_diagonal(&diagonal), |factor| factor.inverse())
}
