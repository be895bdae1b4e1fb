//! One item in slope-intercept form, with the derivatives that its calibration needs.
//!
//! ```text
//! graded          P(x >= k) = logistic(eta_k),               eta_k = a theta + d_k
//! partial credit  P(x = k) proportional to exp(eta_k),       eta_k = k a theta + d_k,  eta_0 = 0
//! ```

use nalgebra::{DMatrix, DVector};

use crate::stats::ItemParameters;
use crate::stats::item_response::logistic;

/// Which curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Graded,
    PartialCredit,
}

/// One item: which curves, how many answers, and where its free parameters stand among all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) kind: Kind,
    pub(crate) categories: usize,
    pub(crate) free_slope: bool,
    pub(crate) offset: usize,
}

/// Everything at one theta: probabilities and their derivatives by the linear predictors `eta_1, eta_2, ...`.
pub(crate) struct Local {
    steps: usize,
    eta: Vec<f64>,
    pub(crate) p: Vec<f64>,
    /// Of `ln P_c` by `eta_k`, `[c * steps + k - 1]`.
    slope: Vec<f64>,
    /// `logistic(eta)`, `logistic(-eta)`, from the sure category to the impossible one.
    reached: Vec<f64>,
    missed: Vec<f64>,
}

impl Local {
    pub(crate) fn new(block: &Block) -> Self {
        let steps = block.categories - 1;
        Self {
            steps,
            eta: vec![0.0; steps],
            p: vec![0.0; block.categories],
            slope: vec![0.0; block.categories * steps],
            reached: vec![1.0; block.categories + 1],
            missed: vec![0.0; block.categories + 1],
        }
    }
}

impl Block {
    /// Number of free parameters.
    pub(crate) fn parameters(&self) -> usize {
        self.categories - 1 + usize::from(self.free_slope)
    }

    fn own<'a>(&self, x: &'a [f64]) -> (f64, &'a [f64]) {
        let own = &x[self.offset..self.offset + self.parameters()];
        if self.free_slope { (own[0], &own[1..]) } else { (1.0, own) }
    }

    /// Slope and intercepts.
    pub(crate) fn slope_intercepts(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let (a, d) = self.own(x);
        (a, d.to_vec())
    }

    /// Whether the parameters make a model: intercepts of the graded model fall.
    pub(crate) fn feasible(&self, x: &[f64]) -> bool {
        let (a, d) = self.own(x);
        let falls = self.kind == Kind::PartialCredit || d.windows(2).all(|pair| pair[0] - pair[1] > 1e-9);
        a.is_finite() && d.iter().all(|d| d.is_finite()) && falls
    }

    /// How often theta counts in a linear predictor.
    fn times(&self, step: usize) -> f64 {
        match self.kind {
            Kind::Graded => 1.0,
            Kind::PartialCredit => (step + 1) as f64,
        }
    }

    pub(crate) fn local(&self, x: &[f64], theta: f64, to: &mut Local) {
        let (a, d) = self.own(x);
        for (step, d) in d.iter().enumerate() {
            to.eta[step] = self.times(step) * a * theta + d;
        }
        match self.kind {
            Kind::Graded => graded(to),
            Kind::PartialCredit => partial_credit(to),
        }
    }

    /// Log-probabilities at the nodes, `[category * nodes + node]`.
    pub(crate) fn log_probabilities(&self, x: &[f64], nodes: &[f64]) -> Vec<f64> {
        let mut local = Local::new(self);
        let mut logs = vec![0.0; self.categories * nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            self.local(x, *node, &mut local);
            local.p.iter().enumerate().for_each(|(c, p)| logs[c * nodes.len() + at] = p.ln());
        }
        logs
    }

    /// Derivatives of `ln P` by the free parameters at the nodes, `[(category * parameters + parameter) * nodes + node]`.
    pub(crate) fn scores(&self, x: &[f64], nodes: &[f64]) -> Vec<f64> {
        let (mut local, m) = (Local::new(self), self.parameters());
        let mut scores = vec![0.0; self.categories * m * nodes.len()];
        let mut own = vec![0.0; m];
        for (at, node) in nodes.iter().enumerate() {
            self.local(x, *node, &mut local);
            for c in 0..self.categories {
                self.chain(&local.slope[c * local.steps..(c + 1) * local.steps], *node, &mut own);
                own.iter().enumerate().for_each(|(k, s)| scores[(c * m + k) * nodes.len() + at] = *s);
            }
        }
        scores
    }

    /// From derivatives by linear predictors to derivatives by free parameters.
    fn chain(&self, by_eta: &[f64], theta: f64, to: &mut [f64]) {
        let first = usize::from(self.free_slope);
        if self.free_slope {
            to[0] = by_eta.iter().enumerate().map(|(step, s)| s * self.times(step) * theta).sum();
        }
        to[first..].copy_from_slice(by_eta);
    }

    /// Gradient of the expected complete log-likelihood, and its expected information.
    pub(crate) fn gradient(&self, x: &[f64], nodes: &[f64], counts: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
        let (mut local, m, n) = (Local::new(self), self.parameters(), nodes.len());
        let (mut gradient, mut information) = (DVector::zeros(m), DMatrix::zeros(m, m));
        let mut own = vec![0.0; m];
        for (at, node) in nodes.iter().enumerate() {
            self.local(x, *node, &mut local);
            let all: f64 = (0..self.categories).map(|c| counts[c * n + at]).sum();
            for c in 0..self.categories {
                self.chain(&local.slope[c * local.steps..(c + 1) * local.steps], *node, &mut own);
                for k in 0..m {
                    gradient[k] += counts[c * n + at] * own[k];
                    for l in 0..m {
                        information[(k, l)] += all * local.p[c] * own[k] * own[l];
                    }
                }
            }
        }
        (gradient, information)
    }

    /// Minus the second derivative of the expected complete log-likelihood.
    pub(crate) fn curvature(&self, x: &[f64], nodes: &[f64], counts: &[f64]) -> DMatrix<f64> {
        let (mut local, m, n) = (Local::new(self), self.parameters(), nodes.len());
        let first = usize::from(self.free_slope);
        let mut curvature = DMatrix::zeros(m, m);
        for (at, node) in nodes.iter().enumerate() {
            self.local(x, *node, &mut local);
            let by_eta = self.curvature_by_eta(&local, |c| counts[c * n + at]);
            for k in 0..local.steps {
                for l in 0..local.steps {
                    let value = by_eta[(k, l)];
                    let (tk, tl) = (self.times(k) * node, self.times(l) * node);
                    curvature[(first + k, first + l)] += value;
                    if self.free_slope {
                        curvature[(0, 0)] += tk * tl * value;
                        curvature[(0, first + l)] += tk * value;
                        curvature[(first + k, 0)] += tl * value;
                    }
                }
            }
        }
        curvature
    }

    fn curvature_by_eta(&self, local: &Local, count: impl Fn(usize) -> f64) -> DMatrix<f64> {
        let steps = local.steps;
        let mut sum = DMatrix::zeros(steps, steps);
        match self.kind {
            Kind::PartialCredit => {
                let all: f64 = (0..self.categories).map(&count).sum();
                for k in 0..steps {
                    for l in 0..steps {
                        let own = if k == l { local.p[k + 1] } else { 0.0 };
                        sum[(k, l)] = all * (own - local.p[k + 1] * local.p[l + 1]);
                    }
                }
            }
            Kind::Graded => {
                for c in 0..self.categories {
                    let n = count(c);
                    let slope = |k: usize| local.slope[c * steps + k];
                    // The boundaries below and above the category.
                    for (boundary, sign) in [(c, 1.0), (c + 1, -1.0)] {
                        if (1..=steps).contains(&boundary) {
                            let (reached, missed) = (local.reached[boundary], local.missed[boundary]);
                            let bend = sign * reached * missed * (missed - reached) / local.p[c];
                            let k = boundary - 1;
                            sum[(k, k)] += n * (slope(k) * slope(k) - bend);
                        }
                    }
                    if c >= 1 && c < steps {
                        sum[(c - 1, c)] += n * slope(c - 1) * slope(c);
                        sum[(c, c - 1)] += n * slope(c - 1) * slope(c);
                    }
                }
            }
        }
        sum
    }

    /// The item in slopes and thresholds.
    pub(crate) fn item(&self, x: &[f64]) -> ItemParameters {
        let (a, d) = self.own(x);
        match self.kind {
            Kind::Graded => ItemParameters::Graded { a, b: d.iter().map(|d| -d / a).collect() },
            Kind::PartialCredit => {
                let before = std::iter::once(&0.0).chain(d);
                ItemParameters::PartialCredit {
                    a,
                    b: d.iter().zip(before).map(|(d, before)| (before - d) / a).collect(),
                }
            }
        }
    }

    /// Derivatives of slope and thresholds `(a, b_1, ...)` by the free parameters.
    pub(crate) fn jacobian(&self, x: &[f64]) -> DMatrix<f64> {
        let (a, d) = self.own(x);
        let first = usize::from(self.free_slope);
        let mut jacobian = DMatrix::zeros(1 + d.len(), self.parameters());
        if self.free_slope {
            jacobian[(0, 0)] = 1.0;
        }
        for k in 0..d.len() {
            let before = if self.kind == Kind::PartialCredit && k > 0 { d[k - 1] } else { 0.0 };
            if self.free_slope {
                jacobian[(1 + k, 0)] = (d[k] - before) / (a * a);
            }
            jacobian[(1 + k, first + k)] = -1.0 / a;
            if self.kind == Kind::PartialCredit && k > 0 {
                jacobian[(1 + k, first + k - 1)] = 1.0 / a;
            }
        }
        jacobian
    }

    /// Free parameters from known ones.
    pub(crate) fn start(&self, item: &ItemParameters) -> Vec<f64> {
        let a = item.slope();
        let mut d: Vec<f64> = item.thresholds().iter().map(|b| -a * b).collect();
        if self.kind == Kind::PartialCredit {
            for k in 1..d.len() {
                d[k] += d[k - 1];
            }
        }
        if self.free_slope { std::iter::once(a).chain(d).collect() } else { d }
    }

    /// Free parameters from the shares of the answers: slope 1, intercepts stretched for the spread of theta.
    pub(crate) fn start_from_counts(&self, counts: &[usize]) -> Vec<f64> {
        let all: f64 = counts.iter().sum::<usize>() as f64;
        let stretch = (1.0_f64 + 1.0 / 2.89).sqrt();
        let d = (1..self.categories).map(|k| match self.kind {
            Kind::Graded => {
                let above = counts[k..].iter().sum::<usize>() as f64;
                stretch * (above / (all - above)).ln()
            }
            Kind::PartialCredit => (counts[k] as f64 / counts[0] as f64).ln(),
        });
        if self.free_slope { std::iter::once(1.0).chain(d).collect() } else { d.collect() }
    }
}

fn graded(to: &mut Local) {
    let steps = to.steps;
    for (k, eta) in to.eta.iter().enumerate() {
        to.reached[k + 1] = logistic(*eta);
        to.missed[k + 1] = logistic(-eta);
    }
    (to.reached[0], to.missed[0]) = (1.0, 0.0);
    (to.reached[steps + 1], to.missed[steps + 1]) = (0.0, 1.0);
    to.slope.fill(0.0);
    for c in 0..=steps {
        // The difference of two boundaries, from the end where it loses fewer digits.
        let p = if to.reached[c] > 0.5 { to.missed[c + 1] - to.missed[c] } else { to.reached[c] - to.reached[c + 1] };
        // Only on the way through extreme parameters can it vanish; the logarithm has to stay finite there.
        let p = p.max(f64::MIN_POSITIVE);
        to.p[c] = p;
        if c >= 1 {
            to.slope[c * steps + c - 1] = to.reached[c] * to.missed[c] / p;
        }
        if c < steps {
            to.slope[c * steps + c] = -to.reached[c + 1] * to.missed[c + 1] / p;
        }
    }
}

fn partial_credit(to: &mut Local) {
    let steps = to.steps;
    let highest = to.eta.iter().copied().fold(0.0, f64::max);
    to.p[0] = (-highest).exp();
    to.eta.iter().enumerate().for_each(|(k, eta)| to.p[k + 1] = (eta - highest).exp());
    let all: f64 = to.p.iter().sum();
    to.p.iter_mut().for_each(|p| *p = (*p / all).max(f64::MIN_POSITIVE));
    for c in 0..=steps {
        for k in 0..steps {
            to.slope[c * steps + k] = f64::from(u8::from(c == k + 1)) - to.p[k + 1];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_log_likelihood() {
        let nodes = [-2.0, -0.3, 0.8, 2.5];
        let counts: Vec<f64> = (0..16).map(|at| 1.0 + f64::from(at * 7 % 5)).collect();
        for (kind, free_slope) in [(Kind::Graded, true), (Kind::PartialCredit, true), (Kind::PartialCredit, false)] {
            let block = Block { kind, categories: 4, free_slope, offset: 0 };
            let x = if free_slope { vec![1.3, 1.5, 0.2, -1.1] } else { vec![1.5, 0.2, -1.1] };
            let value = |x: &[f64]| -> f64 {
                block.log_probabilities(x, &nodes).iter().zip(&counts).map(|(log, count)| log * count).sum()
            };
            let (gradient, _) = block.gradient(&x, &nodes, &counts);
            let curvature = block.curvature(&x, &nodes, &counts);
            let h = 1e-5;
            for k in 0..x.len() {
                let shifted = |by: f64| {
                    let mut x = x.clone();
                    x[k] += by;
                    x
                };
                let slope = (value(&shifted(h)) - value(&shifted(-h))) / (2.0 * h);
                assert!((slope - gradient[k]).abs() < 1e-6, "{kind:?} {k}: {slope} {}", gradient[k]);
                let (up, _) = block.gradient(&shifted(h), &nodes, &counts);
                let (down, _) = block.gradient(&shifted(-h), &nodes, &counts);
                for l in 0..x.len() {
                    let bend = (down[l] - up[l]) / (2.0 * h);
                    assert!((bend - curvature[(k, l)]).abs() < 1e-6, "{kind:?} {k} {l}: {bend} {}", curvature[(k, l)]);
                }
            }
            let again = block.start(&block.item(&x));
            assert!(again.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
