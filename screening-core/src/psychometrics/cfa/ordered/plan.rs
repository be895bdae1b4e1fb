//! The parameters of a step: which are free, and the matrices of a group at their values.

use nalgebra::{DMatrix, DVector};

use super::super::invariance::Invariance;
use super::super::model::{CfaModel, Equal, FactorScale, Layout, start};
use super::groups::Sample;
use crate::psychometrics::EstimationError;

/// An entry of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Threshold(usize, usize),
    Loading(usize, usize),
    FactorCovariance(usize, usize),
    Residual(usize, usize),
    Intercept(usize),
    FactorMean(usize),
    Scale(usize),
}

/// The free parameters of all groups; a place that is not free has its value of identification.
pub(super) struct Plan {
    pub(super) items: usize,
    pub(super) factors: usize,
    pub(super) sizes: Vec<usize>,
    pub(super) free: Vec<(usize, Place, usize)>,
    pub(super) slots: usize,
}

/// The matrices of a group.
pub(super) struct At {
    pub(super) thresholds: Vec<Vec<f64>>,
    pub(super) loadings: DMatrix<f64>,
    pub(super) phi: DMatrix<f64>,
    pub(super) residuals: DMatrix<f64>,
    pub(super) intercepts: DVector<f64>,
    pub(super) means: DVector<f64>,
    pub(super) scales: DVector<f64>,
}

impl Plan {
    pub(super) fn new(model: &CfaModel, items: &[String], sizes: &[usize], groups: usize, level: Invariance) -> Self {
        let at = |name: &String| items.iter().position(|item| item == name).unwrap_or(0);
        let m = model.factors.len();
        let mut plan = Self { items: items.len(), factors: m, sizes: sizes.to_vec(), free: Vec::new(), slots: 0 };
        let thresholds_equal = level >= Invariance::Thresholds;
        let loadings_equal = level >= Invariance::Metric;
        for group in 0..groups {
            for (item, size) in sizes.iter().enumerate() {
                (0..*size).for_each(|k| plan.add(group, Place::Threshold(item, k), thresholds_equal));
            }
            for (factor, (_, own)) in model.factors.iter().enumerate() {
                own.iter().for_each(|item| plan.add(group, Place::Loading(at(item), factor), loadings_equal));
            }
            for factor in 0..m {
                // With equal loadings the first group alone gives the unit.
                if loadings_equal && group > 0 {
                    plan.add(group, Place::FactorCovariance(factor, factor), false);
                }
                if !model.orthogonal {
                    (factor + 1..m).for_each(|other| plan.add(group, Place::FactorCovariance(factor, other), false));
                }
            }
            for (a, b) in &model.residual_covariances {
                plan.add(group, Place::Residual(at(a).max(at(b)), at(a).min(at(b))), false);
            }
            if group > 0 && thresholds_equal {
                (0..items.len()).for_each(|item| plan.add(group, Place::Scale(item), false));
            }
            if group > 0 && thresholds_equal && level < Invariance::Scalar {
                (0..items.len()).for_each(|item| plan.add(group, Place::Intercept(item), false));
            }
            if group > 0 && level >= Invariance::Scalar {
                (0..m).for_each(|factor| plan.add(group, Place::FactorMean(factor), false));
            }
        }
        plan
    }

    pub(super) fn add(&mut self, group: usize, place: Place, shared: bool) {
        let known = self.free.iter().find(|(_, own, _)| shared && *own == place).map(|(_, _, slot)| *slot);
        let slot = known.unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        self.free.push((group, place, slot));
    }

    pub(super) fn at(&self, group: usize, values: &DVector<f64>) -> At {
        let (p, m) = (self.items, self.factors);
        let mut found = At {
            thresholds: self.sizes.iter().map(|size| vec![0.0; *size]).collect(),
            loadings: DMatrix::zeros(p, m),
            phi: DMatrix::identity(m, m),
            residuals: DMatrix::zeros(p, p),
            intercepts: DVector::zeros(p),
            means: DVector::zeros(m),
            scales: DVector::from_element(p, 1.0),
        };
        for (_, place, slot) in self.free.iter().filter(|(own, _, _)| *own == group) {
            let value = values[*slot];
            match *place {
                Place::Threshold(item, k) => found.thresholds[item][k] = value,
                Place::Loading(item, factor) => found.loadings[(item, factor)] = value,
                Place::FactorCovariance(a, b) => (found.phi[(a, b)], found.phi[(b, a)]) = (value, value),
                Place::Residual(a, b) => (found.residuals[(a, b)], found.residuals[(b, a)]) = (value, value),
                Place::Intercept(item) => found.intercepts[item] = value,
                Place::FactorMean(factor) => found.means[factor] = value,
                Place::Scale(item) => found.scales[item] = value,
            }
        }
        found
    }

    /// Implied thresholds and correlations of a group, and their derivatives by all parameters.
    pub(super) fn implied(&self, group: usize, values: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let at = self.at(group, values);
        let p = self.items;
        let starts: Vec<usize> = self
            .sizes
            .iter()
            .scan(0, |sum, size| {
                let start = *sum;
                *sum += size;
                Some(start)
            })
            .collect();
        let first: usize = self.sizes.iter().sum();
        let pair = |i: usize, j: usize| first + i.max(j) * (i.max(j) - 1) / 2 + i.min(j);
        let crossed = &at.loadings * &at.phi;
        let sigma = &crossed * at.loadings.transpose() + &at.residuals;
        let mu = &at.intercepts + &at.loadings * &at.means;
        let length = first + p * (p - 1) / 2;
        let mut implied = DVector::zeros(length);
        for item in 0..p {
            for (k, tau) in at.thresholds[item].iter().enumerate() {
                implied[starts[item] + k] = at.scales[item] * (tau - mu[item]);
            }
            for other in 0..item {
                implied[pair(item, other)] = at.scales[item] * at.scales[other] * sigma[(item, other)];
            }
        }
        let mut delta = DMatrix::zeros(length, self.slots);
        for (_, place, slot) in self.free.iter().filter(|(own, _, _)| *own == group) {
            let slot = *slot;
            let scaled = |i: usize, j: usize| at.scales[i] * at.scales[j];
            match *place {
                Place::Threshold(item, k) => delta[(starts[item] + k, slot)] += at.scales[item],
                Place::Loading(item, factor) => {
                    for k in 0..self.sizes[item] {
                        delta[(starts[item] + k, slot)] -= at.scales[item] * at.means[factor];
                    }
                    for other in (0..p).filter(|other| *other != item) {
                        delta[(pair(item, other), slot)] += scaled(item, other) * crossed[(other, factor)];
                    }
                }
                Place::FactorCovariance(a, b) => {
                    for i in 0..p {
                        for j in 0..i {
                            let once = at.loadings[(i, a)] * at.loadings[(j, b)];
                            let twice = if a == b { 0.0 } else { at.loadings[(i, b)] * at.loadings[(j, a)] };
                            delta[(pair(i, j), slot)] += scaled(i, j) * (once + twice);
                        }
                    }
                }
                Place::Residual(a, b) => delta[(pair(a, b), slot)] += scaled(a, b),
                Place::Intercept(item) => {
                    for k in 0..self.sizes[item] {
                        delta[(starts[item] + k, slot)] -= at.scales[item];
                    }
                }
                Place::FactorMean(factor) => {
                    for item in 0..p {
                        for k in 0..self.sizes[item] {
                            delta[(starts[item] + k, slot)] -= at.scales[item] * at.loadings[(item, factor)];
                        }
                    }
                }
                Place::Scale(item) => {
                    for (k, tau) in at.thresholds[item].iter().enumerate() {
                        delta[(starts[item] + k, slot)] += tau - mu[item];
                    }
                    for other in (0..p).filter(|other| *other != item) {
                        delta[(pair(item, other), slot)] += at.scales[other] * sigma[(item, other)];
                    }
                }
            }
        }
        (implied, delta)
    }

    /// Starting values: the thresholds that were seen, loadings from principal components.
    pub(super) fn start(&self, model: &CfaModel, items: &[String], samples: &[Sample]) -> DVector<f64> {
        let unit = CfaModel { scale: FactorScale::UnitVariance, ..model.clone() };
        let layout = Layout::new(&unit, items, 1, false, false, Equal::default());
        let firsts: Vec<_> = samples
            .iter()
            .map(|sample| {
                let values = start(&layout, &unit, items, std::slice::from_ref(&sample.correlations), &[]);
                layout.matrices(0, &values)
            })
            .collect();
        let mut values = DVector::zeros(self.slots);
        // Backwards, so that a shared place starts at what the first group shows.
        for (group, place, slot) in self.free.iter().rev() {
            values[*slot] = match *place {
                Place::Threshold(item, k) => samples[*group].thresholds[item][k],
                Place::Loading(item, factor) => firsts[*group].loadings[(item, factor)],
                Place::FactorCovariance(a, b) if a == b => 1.0,
                Place::Scale(_) => 1.0,
                _ => 0.0,
            };
        }
        values
    }

    pub(super) fn admissible(
        &self,
        model: &CfaModel,
        items: &[String],
        values: &DVector<f64>,
        groups: usize,
    ) -> Result<(), EstimationError> {
        for group in 0..groups {
            let at = self.at(group, values);
            let common = &at.loadings * &at.phi * at.loadings.transpose();
            for (item, name) in items.iter().enumerate() {
                let value = 1.0 / (at.scales[item] * at.scales[item]) - common[(item, item)];
                if value <= 0.0 || at.scales[item] <= 0.0 {
                    return Err(EstimationError::Heywood { item: name.clone(), what: "residual variance", value });
                }
            }
            for (factor, (name, _)) in model.factors.iter().enumerate() {
                let value = at.phi[(factor, factor)];
                if value <= 0.0 {
                    return Err(EstimationError::Heywood { item: name.clone(), what: "variance", value });
                }
            }
        }
        Ok(())
    }
}
