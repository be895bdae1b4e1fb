//! What is said about the items before they are seen: which factor stands behind which.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::super::EstimationError;

/// What gives factors their unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorScale {
    /// The first loading of each factor is 1.
    #[default]
    Marker,
    /// The variance of each factor is 1.
    UnitVariance,
}

/// A confirmatory factor model.
///
/// ```
/// use screening_core::psychometrics::CfaModel;
///
/// let model = CfaModel::new([("visual", vec!["x1", "x2", "x3"]), ("textual", vec!["x4", "x5", "x6"])]);
/// assert_eq!(model.items(), ["x1", "x2", "x3", "x4", "x5", "x6"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CfaModel {
    /// Factors with the items that load on them; an item may load on several.
    pub factors: Vec<(String, Vec<String>)>,
    /// Whether factors are kept uncorrelated.
    pub orthogonal: bool,
    /// Pairs of items whose residuals correlate.
    pub residual_covariances: Vec<(String, String)>,
    /// What gives factors their unit.
    pub scale: FactorScale,
}

impl CfaModel {
    /// Correlated factors with their items.
    pub fn new<F: Into<String>, I: Into<String>>(factors: impl IntoIterator<Item = (F, Vec<I>)>) -> Self {
        let factors =
            factors.into_iter().map(|(name, items)| (name.into(), items.into_iter().map(Into::into).collect()));
        Self {
            factors: factors.collect(),
            orthogonal: false,
            residual_covariances: Vec::new(),
            scale: FactorScale::default(),
        }
    }

    /// A bifactor model (Holzinger and Swineford 1937): a general factor behind all items and group factors behind some,
    /// all uncorrelated and of variance 1.
    pub fn bifactor<F: Into<String>, I: Into<String>>(
        general: impl Into<String>,
        groups: impl IntoIterator<Item = (F, Vec<I>)>,
    ) -> Self {
        let mut model = Self::new(groups);
        let all = model.items();
        model.factors.insert(0, (general.into(), all));
        Self { orthogonal: true, scale: FactorScale::UnitVariance, ..model }
    }

    /// The items, in the order in which the factors name them.
    pub fn items(&self) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for item in self.factors.iter().flat_map(|(_, items)| items) {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        items
    }

    pub(super) fn check(&self) -> Result<(), EstimationError> {
        let unidentified = |why: String| Err(EstimationError::Unidentified { why });
        if self.factors.is_empty() {
            return unidentified("it has no factor".to_owned());
        }
        let items = self.items();
        for (at, (name, own)) in self.factors.iter().enumerate() {
            if self.factors[..at].iter().any(|(other, _)| other == name) || items.contains(name) {
                return unidentified(format!("the name `{name}` stands for two things"));
            }
            if own.is_empty() || (own.len() < 2 && self.factors.len() > 1) {
                return unidentified(format!("factor `{name}` has {} items; two or more are needed", own.len()));
            }
            if (1..own.len()).any(|at| own[..at].contains(&own[at])) {
                return unidentified(format!("factor `{name}` names an item twice"));
            }
        }
        let pairs = &self.residual_covariances;
        for (at, (a, b)) in pairs.iter().enumerate() {
            let again = pairs[..at].iter().any(|(c, d)| (a, b) == (c, d) || (a, b) == (d, c));
            if a == b || again || !items.contains(a) || !items.contains(b) {
                return unidentified(format!(
                    "the residual covariance of `{a}` and `{b}` is none of two items, or stands twice"
                ));
            }
        }
        Ok(())
    }
}

/// An entry of the matrices of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Loading(usize, usize),
    FactorCovariance(usize, usize),
    Residual(usize, usize),
    Intercept(usize),
    FactorMean(usize),
}

/// Where the free parameters stand; several places may share one.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) items: usize,
    pub(super) factors: usize,
    pub(super) free: Vec<(usize, Place, usize)>,
    fixed: Vec<(usize, Place, f64)>,
    pub(super) groups: usize,
    pub(super) slots: usize,
}

/// What is the same in all groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Equal {
    pub(super) loadings: bool,
    pub(super) intercepts: bool,
    pub(super) residuals: bool,
}

/// The matrices of one group.
#[derive(Debug, Clone)]
pub(super) struct Matrices {
    pub(super) loadings: DMatrix<f64>,
    pub(super) phi: DMatrix<f64>,
    pub(super) theta: DMatrix<f64>,
    pub(super) intercepts: DVector<f64>,
    pub(super) means: DVector<f64>,
}

impl Layout {
    /// The layout for items in the order given; `residuals` for variances of residuals, `means` for a mean structure.
    pub(super) fn new(
        model: &CfaModel,
        items: &[String],
        groups: usize,
        residuals: bool,
        means: bool,
        equal: Equal,
    ) -> Self {
        let at = |name: &String| items.iter().position(|item| item == name).unwrap_or(0);
        let (p, m) = (items.len(), model.factors.len());
        let mut layout = Self { items: p, factors: m, free: Vec::new(), fixed: Vec::new(), groups, slots: 0 };
        for group in 0..groups {
            for (factor, (_, own)) in model.factors.iter().enumerate() {
                for (place, item) in own.iter().enumerate() {
                    let entry = Place::Loading(at(item), factor);
                    if place == 0 && model.scale == FactorScale::Marker {
                        layout.fixed.push((group, entry, 1.0));
                    } else {
                        layout.add(group, entry, equal.loadings);
                    }
                }
            }
            if residuals {
                (0..p).for_each(|item| layout.add(group, Place::Residual(item, item), equal.residuals));
            }
            for (a, b) in &model.residual_covariances {
                layout.add(group, Place::Residual(at(a), at(b)), equal.residuals);
            }
            for factor in 0..m {
                let variance = Place::FactorCovariance(factor, factor);
                // With equal loadings one group alone gives the unit.
                if model.scale == FactorScale::UnitVariance && (group == 0 || !equal.loadings) {
                    layout.fixed.push((group, variance, 1.0));
                } else {
                    layout.add(group, variance, false);
                }
            }
            for factor in 0..m {
                for other in factor + 1..m {
                    if !model.orthogonal {
                        layout.add(group, Place::FactorCovariance(factor, other), false);
                    }
                }
            }
            if means {
                (0..p).for_each(|item| layout.add(group, Place::Intercept(item), equal.intercepts));
                if equal.intercepts && group > 0 {
                    (0..m).for_each(|factor| layout.add(group, Place::FactorMean(factor), false));
                }
            }
        }
        layout
    }

    fn add(&mut self, group: usize, place: Place, shared: bool) {
        let known = self.free.iter().find(|(_, own, _)| shared && *own == place).map(|(_, _, slot)| *slot);
        let slot = known.unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        self.free.push((group, place, slot));
    }

    /// The matrices of a group at some values.
    pub(super) fn matrices(&self, group: usize, values: &DVector<f64>) -> Matrices {
        let (p, m) = (self.items, self.factors);
        let mut found = Matrices {
            loadings: DMatrix::zeros(p, m),
            phi: DMatrix::zeros(m, m),
            theta: DMatrix::zeros(p, p),
            intercepts: DVector::zeros(p),
            means: DVector::zeros(m),
        };
        let free = self.free.iter().map(|(group, place, slot)| (*group, *place, values[*slot]));
        let all = free.chain(self.fixed.iter().copied()).filter(|(own, _, _)| *own == group);
        for (_, place, value) in all {
            match place {
                Place::Loading(item, factor) => found.loadings[(item, factor)] = value,
                Place::FactorCovariance(a, b) => (found.phi[(a, b)], found.phi[(b, a)]) = (value, value),
                Place::Residual(a, b) => (found.theta[(a, b)], found.theta[(b, a)]) = (value, value),
                Place::Intercept(item) => found.intercepts[item] = value,
                Place::FactorMean(factor) => found.means[factor] = value,
            }
        }
        found
    }

    /// Derivatives of covariances and means of a group by every parameter that stands in it.
    pub(super) fn derivatives(&self, group: usize, at: &Matrices) -> Vec<(usize, DMatrix<f64>, DVector<f64>)> {
        let (p, m) = (self.items, self.factors);
        let crossed = &at.loadings * &at.phi;
        let mut list: Vec<(usize, DMatrix<f64>, DVector<f64>)> = Vec::new();
        for (own, place, slot) in &self.free {
            if *own != group {
                continue;
            }
            let (mut sigma, mut mu) = (DMatrix::zeros(p, p), DVector::zeros(p));
            match *place {
                Place::Loading(item, factor) => {
                    for other in 0..p {
                        sigma[(item, other)] += crossed[(other, factor)];
                        sigma[(other, item)] += crossed[(other, factor)];
                    }
                    mu[item] = at.means[factor];
                }
                Place::FactorCovariance(a, b) => {
                    let outer = at.loadings.column(a) * at.loadings.column(b).transpose();
                    sigma = if a == b { outer } else { &outer + outer.transpose() };
                }
                Place::Residual(a, b) => (sigma[(a, b)], sigma[(b, a)]) = (1.0, 1.0),
                Place::Intercept(item) => mu[item] = 1.0,
                Place::FactorMean(factor) => mu += at.loadings.column(factor),
            }
            debug_assert!(m == at.means.len());
            match list.iter_mut().find(|(known, _, _)| known == slot) {
                Some((_, known_sigma, known_mu)) => {
                    *known_sigma += sigma;
                    *known_mu += mu;
                }
                None => list.push((*slot, sigma, mu)),
            }
        }
        list
    }
}

impl Matrices {
    pub(super) fn sigma(&self) -> DMatrix<f64> {
        &self.loadings * &self.phi * self.loadings.transpose() + &self.theta
    }

    pub(super) fn mu(&self) -> DVector<f64> {
        &self.intercepts + &self.loadings * &self.means
    }
}

/// Starting values from the first principal component of each factor's items.
pub(super) fn start(
    layout: &Layout,
    model: &CfaModel,
    items: &[String],
    covariances: &[DMatrix<f64>],
    means: &[DVector<f64>],
) -> DVector<f64> {
    let mut values = DVector::zeros(layout.slots);
    for (group, covariance) in covariances.iter().enumerate() {
        let sd = covariance.diagonal().map(f64::sqrt);
        let mut loadings = DMatrix::zeros(layout.items, layout.factors);
        let mut variances = DVector::from_element(layout.factors, 1.0);
        for (factor, (_, own)) in model.factors.iter().enumerate() {
            let at: Vec<usize> = own.iter().filter_map(|name| items.iter().position(|item| item == name)).collect();
            // A factor beside a general one starts small, or both would start as the same.
            let beside = factor > 0 && at.iter().all(|item| (0..factor).any(|f| loadings[(*item, f)] != 0.0));
            let r = DMatrix::from_fn(at.len(), at.len(), |i, j| covariance[(at[i], at[j])] / (sd[at[i]] * sd[at[j]]));
            let component = super::super::algebra::eigen(&r).map(|(values, vectors)| {
                let sign = if vectors[(0, 0)] < 0.0 { -1.0 } else { 1.0 };
                vectors.column(0) * (sign * (values[0] / at.len() as f64).sqrt() * (at.len() as f64).sqrt() * 0.85)
            });
            for (place, item) in at.iter().enumerate() {
                let share = component.as_ref().map_or(0.6, |component| component[place].clamp(-0.9, 0.9));
                let share = if share.abs() < 0.1 { 0.1_f64.copysign(share) } else { share };
                loadings[(*item, factor)] = sd[*item] * if beside { 0.3 } else { share };
            }
            if model.scale == FactorScale::Marker {
                let first = at.first().map_or(1.0, |item| loadings[(*item, factor)]);
                variances[factor] = first * first;
                loadings.column_mut(factor).iter_mut().for_each(|value| *value /= first);
            }
        }
        let explained = &loadings * DMatrix::from_diagonal(&variances) * loadings.transpose();
        for (_, place, slot) in layout.free.iter().filter(|(own, _, _)| *own == group) {
            values[*slot] = match *place {
                Place::Loading(item, factor) => loadings[(item, factor)],
                Place::FactorCovariance(a, b) if a == b => variances[a],
                Place::Residual(a, b) if a == b => {
                    (covariance[(a, a)] - explained[(a, a)]).max(0.2 * covariance[(a, a)])
                }
                Place::Intercept(item) => means.get(group).map_or(0.0, |means| means[item]),
                _ => 0.0,
            };
        }
    }
    values
}

/// Places of the items of a model among the names of the data.
pub(super) fn places(items: &[String], names: &[String]) -> Result<Vec<usize>, EstimationError> {
    let place = |item: &String| names.iter().position(|name| name == item);
    items.iter().map(|item| place(item).ok_or_else(|| not_there(names, item.clone()))).collect()
}

/// The data do not have an item of a model.
pub(super) fn not_there(names: &[String], found: String) -> EstimationError {
    EstimationError::Shape { what: "the items of the model", expected: names.join(", "), found }
}
