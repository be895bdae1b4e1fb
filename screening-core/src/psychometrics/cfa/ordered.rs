//! Invariance of ordered answers: thresholds and polychoric correlations of several groups at once.
//!
//! ```text
//! y* = nu + L eta + e,   eta ~ (kappa, Phi),   answer k where y* passes the threshold tau_k
//! thresholds of a group    D (tau - nu - L kappa)             D = 1 / sd of y*
//! correlations of a group  D (L Phi L' + T) D                 T: residual covariances
//! ```

use nalgebra::{DMatrix, DVector};

use super::super::minimise::{Local, Options, minimise};
use super::super::{EstimationError, Polychoric, Polychorics, Responses};
use super::dwls::{Scaled, scaled_by};
use super::fit::{CfaFit, of_weighted};
use super::invariance::{Invariance, InvarianceReport, InvarianceStep};
use super::ml::covariance_of;
use super::model::{CfaModel, Equal, FactorScale, Layout, start};
use crate::psychometrics::Missing;
use crate::psychometrics::distributions::chi_square_upper;

/// What a group of persons shows.
struct Sample {
    persons: usize,
    thresholds: Vec<Vec<f64>>,
    correlations: DMatrix<f64>,
    /// Thresholds item by item, then correlations pair by pair.
    observed: DVector<f64>,
    /// `N` times their covariance.
    gamma: DMatrix<f64>,
}

impl Sample {
    fn of(found: &Polychorics) -> Result<Self, EstimationError> {
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

/// An entry of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Threshold(usize, usize),
    Loading(usize, usize),
    FactorCovariance(usize, usize),
    Residual(usize, usize),
    Intercept(usize),
    FactorMean(usize),
    Scale(usize),
}

/// The free parameters of all groups; a place that is not free has its value of identification.
struct Plan {
    items: usize,
    factors: usize,
    sizes: Vec<usize>,
    free: Vec<(usize, Place, usize)>,
    slots: usize,
}

/// The matrices of a group.
struct At {
    thresholds: Vec<Vec<f64>>,
    loadings: DMatrix<f64>,
    phi: DMatrix<f64>,
    residuals: DMatrix<f64>,
    intercepts: DVector<f64>,
    means: DVector<f64>,
    scales: DVector<f64>,
}

impl Plan {
    fn new(model: &CfaModel, items: &[String], sizes: &[usize], groups: usize, level: Invariance) -> Self {
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

    fn add(&mut self, group: usize, place: Place, shared: bool) {
        let known = self.free.iter().find(|(_, own, _)| shared && *own == place).map(|(_, _, slot)| *slot);
        let slot = known.unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        self.free.push((group, place, slot));
    }

    fn at(&self, group: usize, values: &DVector<f64>) -> At {
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
    fn implied(&self, group: usize, values: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
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
    fn start(&self, model: &CfaModel, items: &[String], samples: &[Sample]) -> DVector<f64> {
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

    fn admissible(
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

/// One step, with what comparing it takes.
struct Fitted {
    plan: Plan,
    values: DVector<f64>,
    /// Weighted derivatives `V D` of each group.
    pulls: Vec<DMatrix<f64>>,
    bread: DMatrix<f64>,
    test: Scaled,
    srmr: f64,
}

/// The groups with their shares and weights.
struct Groups<'a> {
    samples: &'a [Sample],
    persons: f64,
    /// Share of the group over the variances of its thresholds and correlations.
    weights: Vec<DVector<f64>>,
    /// Covariances over the share.
    gammas: Vec<DMatrix<f64>>,
}

impl<'a> Groups<'a> {
    fn new(samples: &'a [Sample]) -> Self {
        let persons: f64 = samples.iter().map(|sample| sample.persons as f64).sum();
        let share = |sample: &Sample| sample.persons as f64 / persons;
        let weights = samples.iter().map(|sample| sample.gamma.diagonal().map(|v| share(sample) / v)).collect();
        let gammas = samples.iter().map(|sample| &sample.gamma / share(sample)).collect();
        Self { samples, persons, weights, gammas }
    }

    fn fit(&self, model: &CfaModel, items: &[String], level: Invariance) -> Result<Fitted, EstimationError> {
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

    fn weighted(&self, group: usize, delta: &DMatrix<f64>) -> DMatrix<f64> {
        let weights = &self.weights[group];
        DMatrix::from_fn(delta.nrows(), delta.ncols(), |i, j| delta[(i, j)] * weights[i])
    }

    /// `A' G B` over all groups, of weighted derivatives.
    fn meat(&self, first: &[DMatrix<f64>], second: &[DMatrix<f64>]) -> DMatrix<f64> {
        let each = first.iter().zip(second).zip(&self.gammas).map(|((a, b), gamma)| a.tr_mul(&(gamma * b)));
        each.reduce(|a, b| a + b).unwrap_or_else(|| DMatrix::zeros(0, 0))
    }

    /// Traces of `U G` and its square with `U = V - V D (D' V D)^-1 D' V`, without the large matrices.
    fn test(&self, plain: f64, df: f64, pulls: &[DMatrix<f64>], bread: &DMatrix<f64>) -> Scaled {
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
    fn difference(&self, free: &Fitted, strict: &Fitted) -> Option<Scaled> {
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
    fn baseline(&self) -> Scaled {
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

impl CfaModel {
    /// Invariance of ordered answers over groups (empty for no group), step by step, by WLSMV of thresholds and polychoric
    /// correlations: the same structure, the same thresholds, then the same loadings, then the same intercepts of the
    /// variables behind the answers. Differences between steps are tested by the scaled and shifted difference of the
    /// unscaled chi-squares.
    ///
    /// Factors have variance 1 and mean 0 in the first group, whatever [`Self::scale`] says. Items with two answers cannot
    /// be taken step by step (their thresholds, scales and loadings are told by one figure each): with one of them among
    /// the items, the last step follows upon the first, and needs items of different difficulty. Source: Wu & Estabrook 2016, Psychometrika 81:1014; Satorra 2000;
    /// Asparouhov & Muthen 2010.
    ///
    /// # Errors
    /// Fewer than two groups; items whose answers are not the same set of codes in all groups; and as [`Self::fit_dwls`]
    /// for each group and step.
    pub fn invariance_ordered<S: AsRef<str>>(
        &self,
        responses: &Responses,
        groups: &[S],
    ) -> Result<InvarianceReport, EstimationError> {
        self.check()?;
        let items = self.items();
        let chosen = select(responses, &items)?;
        let names = super::invariance::group_names(responses, groups)?;
        let mut samples = Vec::new();
        let mut codes: Option<Vec<Vec<i16>>> = None;
        for name in &names {
            let inside: Vec<bool> = groups.iter().map(|group| group.as_ref() == name).collect();
            let own = chosen.persons_where(&inside).map_err(|_| EstimationError::TooFewPersons {
                method: "invariance over groups",
                needed: 2,
                found: 0,
            })?;
            let found = Polychoric { missing: Missing::Listwise, ..Polychoric::default() }.fit(&own)?;
            match &codes {
                None => codes = Some(found.categories().to_vec()),
                Some(first) => same_codes(&items, first, found.categories(), name)?,
            }
            samples.push(Sample::of(&found)?);
        }
        let two_answers = samples.iter().any(|sample| sample.thresholds.iter().any(|list| list.len() < 2));
        let levels: &[Invariance] = if two_answers {
            &[Invariance::Configural, Invariance::Scalar]
        } else {
            &[Invariance::Configural, Invariance::Thresholds, Invariance::Metric, Invariance::Scalar]
        };
        let all = Groups::new(&samples);
        let baseline = all.baseline();
        let mut steps: Vec<InvarianceStep> = Vec::new();
        let mut before: Option<Fitted> = None;
        for level in levels {
            let fitted = all.fit(self, &items, *level)?;
            let count = samples.len();
            let fit = of_weighted(&fitted.test, &baseline, all.persons, count as f64, fitted.srmr, fitted.plan.slots);
            let rise = before.as_ref().and_then(|before| all.difference(before, &fitted));
            let last: Option<CfaFit> = steps.last().map(|step| step.fit);
            let scalar = *level >= Invariance::Scalar;
            let means = |group: usize| fitted.plan.at(group, &fitted.values).means.iter().copied().collect();
            steps.push(InvarianceStep {
                level: *level,
                fit,
                difference: rise.as_ref().map(|rise| rise.value),
                difference_df: rise.as_ref().map(|rise| rise.df),
                difference_p: rise.as_ref().map(|rise| chi_square_upper(rise.value, rise.df)),
                cfi_change: last.map(|last| fit.cfi - last.cfi),
                factor_means: if scalar { (0..count).map(means).collect() } else { Vec::new() },
            });
            before = Some(fitted);
        }
        let persons: Vec<usize> = samples.iter().map(|sample| sample.persons).collect();
        Ok(InvarianceReport {
            left_out: responses.persons() - persons.iter().sum::<usize>(),
            groups: names,
            persons,
            factors: self.factors.iter().map(|(name, _)| name.clone()).collect(),
            ordered: true,
            steps,
        })
    }
}

fn select(responses: &Responses, items: &[String]) -> Result<Responses, EstimationError> {
    let shape = |found: String| EstimationError::Shape {
        what: "the items of the model",
        expected: responses.names().join(", "),
        found,
    };
    let at = items
        .iter()
        .map(|item| responses.names().iter().position(|name| name == item).ok_or_else(|| shape(item.clone())));
    let at: Vec<usize> = at.collect::<Result<_, _>>()?;
    responses.select(&at).map_err(|error| shape(error.to_string()))
}

fn same_codes(items: &[String], first: &[Vec<i16>], own: &[Vec<i16>], group: &str) -> Result<(), EstimationError> {
    let list = |codes: &[i16]| codes.iter().map(i16::to_string).collect::<Vec<_>>().join(", ");
    for ((item, a), b) in items.iter().zip(first).zip(own) {
        if a != b {
            return Err(EstimationError::Unidentified {
                why: format!(
                    "item `{item}` has the answers {} in group `{group}` but {} in the first group; merge answers that nobody chose, or leave the item out",
                    list(b),
                    list(a)
                ),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::psychometrics::random::Stream;

    /// Answers 0 to 3 of two groups to four items; group b has its factor at `mean`, and item d shifted by `drift`.
    fn data(mean: f64, drift: f64, cuts: &[f64]) -> (Responses, Vec<&'static str>) {
        let mut random = Stream::new(11, 0);
        let (mut rows, mut groups) = (Vec::new(), Vec::new());
        for person in 0..3000 {
            let second = person % 2 == 1;
            let eta = if second { mean + 1.2 * random.normal() } else { random.normal() };
            let row: Vec<Option<i64>> = (0..5)
                .map(|item| {
                    let shift = if second && item == 4 { drift } else { 0.0 };
                    // Items differ in difficulty: with equal thresholds, scales of two answers would hardly be told from the
                    // mean of the factor.
                    let level = 0.3 * (f64::from(item) - 2.0);
                    let y = (0.6 + 0.06 * f64::from(item)) * eta + 0.7 * random.normal() + shift + level;
                    Some(cuts.iter().filter(|cut| y > **cut).count() as i64)
                })
                .collect();
            rows.push(row);
            groups.push(if second { "b" } else { "a" });
        }
        (Responses::from_rows(["p", "q", "r", "s", "t"], &rows).unwrap(), groups)
    }

    fn model() -> CfaModel {
        CfaModel::new([("x", vec!["p", "q", "r", "s", "t"])])
    }

    #[test]
    fn invariant_groups_pass_and_their_means_differ() {
        let (responses, groups) = data(0.5, 0.0, &[-0.8, 0.1, 0.9]);
        let found = model().invariance_ordered(&responses, &groups).unwrap();
        let df: Vec<f64> = found.steps.iter().map(|step| step.fit.chi_square.df).collect();
        // Per group 15 thresholds and 10 correlations. Equal thresholds cost 15 less 10 for intercepts and scales; equal
        // loadings 5 less a variance; equal intercepts 5 less a mean.
        assert_eq!(df, [10.0, 15.0, 19.0, 23.0]);
        for step in &found.steps {
            assert!(step.fit.chi_square.p > 0.005 && step.fit.rmsea < 0.03, "{found}");
            assert!(step.difference_p.is_none_or(|p| p > 0.005), "{found}");
        }
        let means = &found.step(Invariance::Scalar).unwrap().factor_means;
        assert_eq!(means[0], [0.0]);
        assert!((means[1][0] - 0.5).abs() < 0.1, "{means:?}");
    }

    /// The configural model is one model a group: chi-squares (unscaled) and degrees of freedom add up.
    #[test]
    fn the_first_step_is_the_groups_alone() {
        let (responses, groups) = data(0.5, 0.0, &[-0.8, 0.1, 0.9]);
        let found = model().invariance_ordered(&responses, &groups).unwrap();
        let alone: f64 = ["a", "b"]
            .iter()
            .map(|name| {
                let inside: Vec<bool> = groups.iter().map(|group| group == name).collect();
                let own = responses.persons_where(&inside).unwrap();
                let fit = model().fit_dwls(&Polychoric::default().fit(&own).unwrap()).unwrap().fit;
                assert_eq!(fit.chi_square.df, 5.0);
                fit.chi_square_plain
            })
            .sum();
        let first = &found.steps[0].fit;
        assert!((first.chi_square_plain - alone).abs() < 1e-5 * alone, "{} {alone}", first.chi_square_plain);
        for pair in found.steps.windows(2) {
            assert!(pair[0].fit.chi_square_plain <= pair[1].fit.chi_square_plain + 1e-6);
        }
    }

    #[test]
    fn a_shifted_item_breaks_the_intercepts() {
        let (responses, groups) = data(0.0, 0.6, &[-0.8, 0.1, 0.9]);
        let found = model().invariance_ordered(&responses, &groups).unwrap();
        let p = |level| found.step(level).unwrap().difference_p.unwrap();
        assert!(p(Invariance::Thresholds) > 0.005 && p(Invariance::Metric) > 0.005, "{found}");
        assert!(p(Invariance::Scalar) < 1e-6, "{found}");
    }

    /// With two thresholds an item, equal thresholds are a choice of unit and cost nothing.
    #[test]
    fn three_answers_do_not_test_thresholds_and_two_go_at_once() {
        let (responses, groups) = data(0.3, 0.0, &[-0.5, 0.6]);
        let found = model().invariance_ordered(&responses, &groups).unwrap();
        let [first, second] = [&found.steps[0], &found.steps[1]];
        assert_eq!((first.fit.chi_square.df, second.fit.chi_square.df, second.difference), (10.0, 10.0, None));
        assert!((first.fit.chi_square_plain - second.fit.chi_square_plain).abs() < 1e-5, "{found}");
        let (responses, groups) = data(0.3, 0.0, &[0.2]);
        let found = model().invariance_ordered(&responses, &groups).unwrap();
        let levels: Vec<Invariance> = found.steps.iter().map(|step| step.level).collect();
        assert_eq!(levels, [Invariance::Configural, Invariance::Scalar]);
        assert_eq!(found.steps[1].difference_df, Some(3.0));
    }

    #[test]
    fn groups_with_other_answers_are_refused() {
        let (responses, groups) = data(0.0, 0.0, &[-0.8, 0.1, 0.9]);
        let merged: Vec<Vec<Option<i64>>> = (0..responses.persons())
            .map(|person| {
                (0..5)
                    .map(|item| {
                        let code = responses.code(person, item).map(i64::from);
                        if person % 2 == 1 && item == 2 { code.map(|code| code.min(2)) } else { code }
                    })
                    .collect()
            })
            .collect();
        let merged = Responses::from_rows(["p", "q", "r", "s", "t"], &merged).unwrap();
        let error = model().invariance_ordered(&merged, &groups).unwrap_err();
        assert!(error.to_string().contains("`r`"), "{error}");
        assert!(model().invariance_ordered(&responses, &vec!["a"; responses.persons()]).is_err());
        assert!(model().invariance_ordered(&responses, &["a", "b"]).is_err());
    }
}
