//! The fit of a step over all groups, its test, and the test of the difference of two steps.

use nalgebra::{DMatrix, DVector};

use super::super::dwls::{Scaled, scaled_by};
use super::super::invariance::Invariance;
use super::super::ml::covariance_of;
use super::super::model::CfaModel;
use super::plan::Plan;
use crate::psychometrics::minimise::{Local, Options, minimise};
use crate::psychometrics::{EstimationError, Polychorics};

/// What a group of persons shows.
pub(super) struct Sample {
    pub(super) persons: usize,
    pub(super) thresholds: Vec<Vec<f64>>,
    pub(super) correlations: DMatrix<f64>,
    /// Thresholds item by item, then correlations pair by pair.
    pub(super) observed: DVector<f64>,
    /// `N` times their covariance.
    pub(super) gamma: DMatrix<f64>,
}

impl Sample {
    pub(super) fn of(found: &Polychorics) -> Result<Self, EstimationError> {
        let thresholds = found.thresholds().to_vec();
        let correlations = found.correlations().matrix().clone();
        let k = thresholds.len();
        let pairs = (0..k).flat_map(|i| (0..i).map(move |j| (i, j)));
        let values: Vec<f64> =
            thresholds.iter().flatten().copied().chain(pairs.map(|pair| correlations[pair])).collect();
        let gamma = found.joint_covariance()?;
        let persons = found.correlations().persons();
        Ok(Self { persons, thresholds, correlations, observed: DVector::from_vec(values), gamma })
    }
}

/// One step, with what comparing it takes.
pub(super) struct Fitted {
    pub(super) plan: Plan,
    pub(super) values: DVector<f64>,
    /// Weighted derivatives `V D` of each group.
    pub(super) pulls: Vec<DMatrix<f64>>,
    pub(super) bread: DMatrix<f64>,
    pub(super) test: Scaled,
    pub(super) srmr: f64,
}

/// The groups with their shares and weights.
pub(super) struct Groups<'a> {
    pub(super) samples: &'a [Sample],
    pub(super) persons: f64,
    /// Share of the group over the variances of its thresholds and correlations.
    pub(super) weights: Vec<DVector<f64>>,
    /// Covariances over the share.
    pub(super) gammas: Vec<DMatrix<f64>>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(samples: &'a [Sample]) -> Self {
        let persons: f64 = samples.iter().map(|sample| sample.persons as f64).sum();
        let share = |sample: &Sample| sample.persons as f64 / persons;
        let weights = samples.iter().map(|sample| sample.gamma.diagonal().map(|v| share(sample) / v)).collect();
        let gammas = samples.iter().map(|sample| &sample.gamma / share(sample)).collect();
        Self { samples, persons, weights, gammas }
    }

    pub(super) fn fit(&self, model: &CfaModel, items: &[String], level: Invariance) -> Result<Fitted, EstimationError> {
        let sizes: Vec<usize> =
            self.samples.first().map_or(Vec::new(), |s| s.thresholds.iter().map(Vec::len).collect());
        let plan = Plan::new(model, items, &sizes, self.samples.len(), level);
        let known: usize = self.samples.iter().map(|sample| sample.observed.len()).sum();
        if plan.slots > known {
            let why = format!("it has {} parameters for {known} thresholds and correlations", plan.slots);
            return Err(EstimationError::Unidentified { why });
        }
        let options =
            Options { method: "invariance of ordered answers", lower: None, tolerance: 1e-9, iterations: 2000 };
        let found = minimise(plan.start(model, items, self.samples), &options, |values| {
            let mut local = Local {
                value: 0.0,
                gradient: DVector::zeros(plan.slots),
                hessian: DMatrix::zeros(plan.slots, plan.slots),
            };
            for (group, sample) in self.samples.iter().enumerate() {
                let (implied, delta) = plan.implied(group, values);
                let residual = &sample.observed - implied;
                let weighted = residual.component_mul(&self.weights[group]);
                local.value += residual.dot(&weighted) / 2.0;
                local.gradient -= delta.tr_mul(&weighted);
                local.hessian += delta.tr_mul(&self.weighted(group, &delta));
            }
            Some(local)
        })?;
        plan.admissible(model, items, &found.at, self.samples.len())?;
        let (mut pulls, mut information) = (Vec::new(), DMatrix::zeros(plan.slots, plan.slots));
        let (mut squares, cells) = (0.0, items.len() * (items.len() + 1) / 2);
        for (group, sample) in self.samples.iter().enumerate() {
            let (implied, delta) = plan.implied(group, &found.at);
            let pull = self.weighted(group, &delta);
            information += delta.tr_mul(&pull);
            pulls.push(pull);
            let first: usize = sizes.iter().sum();
            let residual = (&sample.observed - implied).rows(first, sample.observed.len() - first).norm_squared();
            squares += sample.persons as f64 / self.persons * (residual / cells as f64).sqrt();
        }
        let bread = covariance_of(Some(information))?;
        let df = (known - plan.slots) as f64;
        let test = self.test(self.persons * found.value * 2.0, df, &pulls, &bread);
        Ok(Fitted { plan, values: found.at, pulls, bread, test, srmr: squares })
    }

    pub(super) fn weighted(&self, group: usize, delta: &DMatrix<f64>) -> DMatrix<f64> {
        let weights = &self.weights[group];
        DMatrix::from_fn(delta.nrows(), delta.ncols(), |i, j| delta[(i, j)] * weights[i])
    }

    /// `A' G B` over all groups, of weighted derivatives.
    pub(super) fn meat(&self, first: &[DMatrix<f64>], second: &[DMatrix<f64>]) -> DMatrix<f64> {
        let each = first.iter().zip(second).zip(&self.gammas).map(|((a, b), gamma)| a.tr_mul(&(gamma * b)));
        each.reduce(|a, b| a + b).unwrap_or_else(|| DMatrix::zeros(0, 0))
    }

    /// Traces of `U G` and its square with `U = V - V D (D' V D)^-1 D' V`, without the large matrices.
    pub(super) fn test(&self, plain: f64, df: f64, pulls: &[DMatrix<f64>], bread: &DMatrix<f64>) -> Scaled {
        let (mut trace, mut square) = (0.0, 0.0);
        let mut twice = DMatrix::zeros(bread.nrows(), bread.nrows());
        for ((weights, gamma), pull) in self.weights.iter().zip(&self.gammas).zip(pulls) {
            trace += weights.dot(&gamma.diagonal());
            for i in 0..gamma.nrows() {
                for j in 0..gamma.nrows() {
                    square += weights[i] * gamma[(i, j)] * weights[j] * gamma[(j, i)];
                }
            }
            let spread = gamma * pull;
            let turned = DMatrix::from_fn(spread.nrows(), spread.ncols(), |i, j| spread[(i, j)] * weights[i]);
            twice += spread.tr_mul(&turned);
        }
        let inner = bread * self.meat(pulls, pulls);
        trace -= inner.trace();
        square += (&inner * &inner).trace() - 2.0 * (bread * twice).trace();
        scaled_by(plain, df, trace, square)
    }

    /// The rise from a step to a stricter one, scaled and shifted: `U` of the second less `U` of the first.
    pub(super) fn difference(&self, free: &Fitted, strict: &Fitted) -> Option<Scaled> {
        let df = strict.test.df - free.test.df;
        if df <= 0.0 {
            return None;
        }
        let [own, other] = [free, strict].map(|fit| &fit.bread * self.meat(&fit.pulls, &fit.pulls));
        let crossed = self.meat(&free.pulls, &strict.pulls);
        let both = &free.bread * &crossed * &strict.bread * crossed.transpose();
        let trace = own.trace() - other.trace();
        let square = (&own * &own).trace() + (&other * &other).trace() - 2.0 * both.trace();
        Some(scaled_by((strict.test.plain - free.test.plain).max(0.0), df, trace, square))
    }

    /// Items that do not correlate, thresholds free.
    pub(super) fn baseline(&self) -> Scaled {
        let (mut plain, mut df, mut trace, mut square) = (0.0, 0.0, 0.0, 0.0);
        for ((sample, weights), gamma) in self.samples.iter().zip(&self.weights).zip(&self.gammas) {
            let first: usize = sample.thresholds.iter().map(Vec::len).sum();
            for i in first..sample.observed.len() {
                plain += self.persons * sample.observed[i] * sample.observed[i] * weights[i];
                df += 1.0;
                trace += weights[i] * gamma[(i, i)];
                for j in first..sample.observed.len() {
                    square += weights[i] * gamma[(i, j)] * weights[j] * gamma[(j, i)];
                }
            }
        }
        scaled_by(plain, df, trace, square)
    }
}
