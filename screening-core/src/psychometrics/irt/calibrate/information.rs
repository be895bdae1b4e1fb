//! Observed information of the marginal likelihood, exact.
//!
//! ```text
//! I = sum over patterns of n [ E(-H) - E(s s') + E(s) E(s)' ]        expectations over the posterior of theta
//! ```
//!
//! with `s` and `H` the first and second derivatives of the complete log-likelihood. Source: Louis 1982, J R Stat Soc B
//! 44:226. `E(s s')` of two items needs only how often each pair of answers is expected at each node, so that the sum over
//! patterns costs a row of additions a pair of joint tables.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::problem::{Expectation, Group, Problem};
use crate::psychometrics::irt::nodes::posterior;

impl Problem {
    pub(crate) fn information(&self, x: &[f64], at: &Expectation) -> DMatrix<f64> {
        let p = self.parameters;
        let mut information = DMatrix::zeros(p, p);
        for (block, counts) in self.blocks.iter().zip(&at.counts) {
            let curvature = block.curvature(x, &self.nodes, counts);
            let m = block.parameters();
            let mut view = information.view_mut((block.offset, block.offset), (m, m));
            view += curvature;
        }
        let scores: Vec<Vec<f64>> = self.blocks.iter().map(|block| block.scores(x, &self.nodes)).collect();
        for (number, group) in self.groups.iter().enumerate() {
            self.add_prior(&mut information, group, x, &at.persons[number]);
            self.subtract_squares(&mut information, group, x, at, number, &scores);
            self.add_means(&mut information, group, x, &scores);
        }
        information
    }

    /// Minus the second derivative of the log-weights.
    fn add_prior(&self, information: &mut DMatrix<f64>, group: &Group, x: &[f64], persons: &[f64]) {
        let (mean, deviation) = group.normal(x);
        let prior: Vec<f64> = self.log_prior(group, x).into_iter().map(f64::exp).collect();
        let z: Vec<f64> = self.nodes.iter().map(|node| (node - mean) / deviation).collect();
        let expect =
            |weights: &[f64], power: i32| -> f64 { z.iter().zip(weights).map(|(z, w)| z.powi(power) * w).sum() };
        let n: f64 = persons.iter().sum();
        let [m1, m2, m3, m4] = [1, 2, 3, 4].map(|power| expect(&prior, power));
        if let Some(at) = group.mean {
            information[(at, at)] += n * (m2 - m1 * m1) / (deviation * deviation);
        }
        if let Some(at) = group.log_deviation {
            information[(at, at)] += 2.0 * (expect(persons, 2) - n * m2) + n * (m4 - m2 * m2);
        }
        if let (Some(mean), Some(log_deviation)) = (group.mean, group.log_deviation) {
            let cross = (2.0 * (expect(persons, 1) - n * m1) + n * (m3 - m1 * m2)) / deviation;
            information[(mean, log_deviation)] += cross;
            information[(log_deviation, mean)] += cross;
        }
    }

    /// Free positions of the distribution of a group.
    fn prior_positions(group: &Group) -> Vec<usize> {
        [group.mean, group.log_deviation].into_iter().flatten().collect()
    }

    /// Takes off `E(s s')`.
    fn subtract_squares(
        &self,
        information: &mut DMatrix<f64>,
        group: &Group,
        x: &[f64],
        at: &Expectation,
        number: usize,
        scores: &[Vec<f64>],
    ) {
        let n = self.nodes.len();
        let prior_scores = self.prior_scores(group, x);
        let positions = Self::prior_positions(group);
        for (k, first) in positions.iter().zip(&prior_scores) {
            for (l, second) in positions.iter().zip(&prior_scores) {
                let sum: f64 = (0..n).map(|q| first[q] * second[q] * at.persons[number][q]).sum();
                information[(*k, *l)] -= sum;
            }
        }
        // An item with itself and with the distribution.
        let counts = group.layout.counts(&at.tables[number], &group.sizes, n);
        for (block, counts) in group.blocks.iter().zip(&counts) {
            let (block, score) = (&self.blocks[*block], &scores[*block]);
            let m = block.parameters();
            for c in 0..block.categories {
                let of = |k: usize| &score[(c * m + k) * n..(c * m + k + 1) * n];
                let counts = &counts[c * n..(c + 1) * n];
                for k in 0..m {
                    for l in 0..m {
                        information[(block.offset + k, block.offset + l)] -= triple(of(k), of(l), counts);
                    }
                    for (to, prior) in positions.iter().zip(&prior_scores) {
                        let sum = triple(of(k), prior, counts);
                        information[(block.offset + k, *to)] -= sum;
                        information[(*to, block.offset + k)] -= sum;
                    }
                }
            }
        }
        self.subtract_pairs(information, group, x, scores);
    }

    /// Takes off `E(s s')` of different items.
    fn subtract_pairs(&self, information: &mut DMatrix<f64>, group: &Group, x: &[f64], scores: &[Vec<f64>]) {
        let n = self.nodes.len();
        let (table, prior) = (self.table(group, x), self.log_prior(group, x));
        let mut posteriors = vec![0.0; group.weights.len() * n];
        posteriors.par_chunks_mut(n).zip(group.patterns()).for_each(|(to, (cells, weight))| {
            posterior(cells, &table, &prior, to);
            to.iter_mut().for_each(|value| *value *= weight);
        });
        let width = group.layout.width();
        let pairs: Vec<(usize, usize)> = (0..width).flat_map(|a| (a..width).map(move |b| (a, b))).collect();
        let sums: Vec<Vec<(usize, usize, DMatrix<f64>)>> =
            pairs.par_iter().map(|pair| self.pair_sums(group, *pair, &posteriors, scores)).collect();
        for (row, column, sum) in sums.into_iter().flatten() {
            let mut view = information.view_mut((row, column), sum.shape());
            view -= &sum;
            let mut view = information.view_mut((column, row), (sum.ncols(), sum.nrows()));
            view -= sum.transpose();
        }
    }

    /// `E(s s')` of the items of two joint tables (or of one with itself): position of the rows, of the columns, sums.
    fn pair_sums(
        &self,
        group: &Group,
        (a, b): (usize, usize),
        posteriors: &[f64],
        scores: &[Vec<f64>],
    ) -> Vec<(usize, usize, DMatrix<f64>)> {
        let n = self.nodes.len();
        let (width, layout) = (group.layout.width(), &group.layout);
        let (first, second) = (layout.span(a), layout.span(b));
        let columns = second.len();
        let mut joint = vec![0.0; first.len() * columns * n];
        for (cells, weights) in group.cells.chunks_exact(width).zip(posteriors.chunks_exact(n)) {
            let row = (cells[a] as usize - first.start) * columns + cells[b] as usize - second.start;
            joint[row * n..(row + 1) * n].iter_mut().zip(weights).for_each(|(to, value)| *to += value);
        }
        let mut sums = Vec::new();
        for (i, of_i) in layout.members(a) {
            for (j, of_j) in layout.members(b) {
                if a == b && i >= j {
                    continue;
                }
                // Counts of the two items alone.
                let (rows, cols) = (group.sizes[i], group.sizes[j]);
                let mut counts = vec![0.0; rows * cols * n];
                for r in 0..first.len() {
                    for c in 0..columns {
                        let (Some(k), Some(l)) = (of_i(r), of_j(c)) else { continue };
                        let from = &joint[(r * columns + c) * n..(r * columns + c + 1) * n];
                        let to = &mut counts[(k * cols + l) * n..(k * cols + l + 1) * n];
                        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
                    }
                }
                let (left, right) = (group.blocks[i], group.blocks[j]);
                let (p, q) = (self.blocks[left].parameters(), self.blocks[right].parameters());
                let mut sum = DMatrix::zeros(p, q);
                for k in 0..rows {
                    for l in 0..cols {
                        let counts = &counts[(k * cols + l) * n..(k * cols + l + 1) * n];
                        for u in 0..p {
                            for v in 0..q {
                                let one = &scores[left][(k * p + u) * n..(k * p + u + 1) * n];
                                let two = &scores[right][(l * q + v) * n..(l * q + v + 1) * n];
                                sum[(u, v)] += triple(one, two, counts);
                            }
                        }
                    }
                }
                sums.push((self.blocks[left].offset, self.blocks[right].offset, sum));
            }
        }
        sums
    }

    /// Adds `E(s) E(s)'`.
    fn add_means(&self, information: &mut DMatrix<f64>, group: &Group, x: &[f64], scores: &[Vec<f64>]) {
        let n = self.nodes.len();
        let (table, prior) = (self.table(group, x), self.log_prior(group, x));
        let prior_scores = self.prior_scores(group, x);
        let positions = Self::prior_positions(group);
        let (width, p) = (group.layout.width(), self.parameters);
        let members: Vec<_> =
            (0..width).flat_map(|joint| group.layout.members(joint).map(move |m| (joint, m))).collect();
        let part = group.weights.len().div_ceil(16).max(256);
        let parts: Vec<DMatrix<f64>> = group
            .cells
            .par_chunks(part * width)
            .zip(group.weights.par_chunks(part))
            .map(|(cells, weights)| {
                let mut means = DMatrix::zeros(p, weights.len());
                let mut at = vec![0.0; n];
                for (column, (cells, weight)) in cells.chunks_exact(width).zip(weights).enumerate() {
                    posterior(cells, &table, &prior, &mut at);
                    let mut mean: DVector<f64> = DVector::zeros(p);
                    for (joint, (item, category)) in &members {
                        let Some(c) = category(cells[*joint] as usize - group.layout.span(*joint).start) else {
                            continue;
                        };
                        let block = &self.blocks[group.blocks[*item]];
                        let (m, score) = (block.parameters(), &scores[group.blocks[*item]]);
                        for k in 0..m {
                            mean[block.offset + k] = double(&score[(c * m + k) * n..(c * m + k + 1) * n], &at);
                        }
                    }
                    for (to, score) in positions.iter().zip(&prior_scores) {
                        mean[*to] = double(score, &at);
                    }
                    means.set_column(column, &(mean * weight.sqrt()));
                }
                &means * means.transpose()
            })
            .collect();
        parts.into_iter().for_each(|part| *information += part);
    }
}

/// In four sums side by side: one sum would wait for itself at every addition.
fn triple(a: &[f64], b: &[f64], c: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4, c4) = (a.chunks_exact(4), b.chunks_exact(4), c.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).zip(c4.remainder()).map(|((a, b), c)| a * b * c).sum();
    for ((a, b), c) in a4.zip(b4).zip(c4) {
        sums.iter_mut().zip(a).zip(b).zip(c).for_each(|(((sum, a), b), c)| *sum += a * b * c);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

fn double(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
