//! Item parameters from answers: marginal maximum likelihood.

mod block;
mod information;
mod maximise;
mod problem;
mod result;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

pub use result::{CalibratedItem, Calibration};

use super::IrtError;
use super::bank::{Coded, ItemBank};
use super::quadrature::Quadrature;
use crate::psychometrics::Responses;
pub(crate) use block::{Block, Kind};
pub(crate) use maximise::{Maximum, maximise};
pub(crate) use problem::{Group, Problem};

/// The model of all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IrtModel {
    /// Rasch's model, with more than two answers Masters' partial credit model: slopes 1, variance of theta free.
    Rasch,
    /// Two-parameter logistic model, for items with two answers.
    TwoParameter,
    /// Samejima's graded response model.
    Graded,
    /// Muraki's generalised partial credit model.
    PartialCredit,
}

/// How items are calibrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationOptions {
    /// The model.
    pub model: IrtModel,
    /// Points of theta; 61 from -6 to 6 by default.
    #[serde(default = "CalibrationOptions::quadrature")]
    pub quadrature: Quadrature,
    /// Steps before the search is given up.
    #[serde(default = "CalibrationOptions::iterations")]
    pub max_iterations: usize,
    /// The search ends when the log-likelihood can be expected to rise by less than this.
    #[serde(default = "CalibrationOptions::tolerance")]
    pub tolerance: f64,
    /// Whether standard errors are computed. Without, nothing proves that the parameters are identified.
    #[serde(default = "CalibrationOptions::errors")]
    pub standard_errors: bool,
    /// Parameters to start from; from the shares of the answers by default.
    #[serde(default)]
    pub start: Option<ItemBank>,
}

impl CalibrationOptions {
    /// The defaults for a model: 61 points, 500 steps, tolerance 1e-9, with standard errors.
    pub fn new(model: IrtModel) -> Self {
        Self {
            model,
            quadrature: Self::quadrature(),
            max_iterations: Self::iterations(),
            tolerance: Self::tolerance(),
            standard_errors: Self::errors(),
            start: None,
        }
    }

    fn quadrature() -> Quadrature {
        Quadrature::CALIBRATION
    }

    fn iterations() -> usize {
        500
    }

    fn tolerance() -> f64 {
        1e-9
    }

    fn errors() -> bool {
        true
    }

    fn check(&self) -> Result<(), IrtError> {
        if self.max_iterations == 0 {
            return Err(IrtError::option("max_iterations", 0, "at least 1"));
        }
        if !(self.tolerance > 0.0 && self.tolerance <= 1e-3) {
            return Err(IrtError::option("tolerance", self.tolerance, "above 0, at most 1e-3"));
        }
        Ok(())
    }
}

impl IrtModel {
    fn kind(self) -> Kind {
        match self {
            Self::TwoParameter | Self::Graded => Kind::Graded,
            Self::Rasch | Self::PartialCredit => Kind::PartialCredit,
        }
    }

    pub(crate) fn block(self, categories: usize, offset: usize) -> Block {
        Block { kind: self.kind(), categories, free_slope: self != Self::Rasch, offset }
    }

    /// The items that this model can hold.
    pub(crate) fn check(self, observed: &Observed) -> Result<(), IrtError> {
        let needed = if self == Self::Rasch { 2 } else { 3 };
        if observed.coded.items() < needed {
            return Err(IrtError::TooFew { what: "items", found: observed.coded.items(), needed });
        }
        for (item, categories) in observed.names.iter().zip(&observed.coded.sizes) {
            if self == Self::TwoParameter && *categories != 2 {
                let allowed = "two; use `graded` for more";
                return Err(IrtError::Categories { item: item.clone(), categories: *categories, allowed });
            }
        }
        Ok(())
    }
}

/// Answers read by the codes that occur.
pub(crate) struct Observed {
    pub(crate) names: Vec<String>,
    pub(crate) codes: Vec<Vec<i16>>,
    pub(crate) coded: Coded,
    /// Answers of each item in each category.
    pub(crate) counts: Vec<Vec<usize>>,
}

impl Observed {
    /// # Errors
    /// Items with a single answer or with too many different ones.
    pub(crate) fn new(responses: &Responses) -> Result<Self, IrtError> {
        let mut coded = Coded::empty(responses.persons());
        let (mut all, mut counts) = (Vec::new(), Vec::new());
        for (item, name) in responses.names().iter().enumerate() {
            let codes = responses.categories(item);
            if codes.len() < 2 {
                let answered = responses.column(item).flatten().count();
                return Err(IrtError::Constant { item: name.clone(), answered });
            }
            if codes.len() > 64 {
                let (categories, allowed) = (codes.len(), "at most 64");
                return Err(IrtError::Categories { item: name.clone(), categories, allowed });
            }
            coded.push(responses.raw(item), &codes, name)?;
            let mut count = vec![0; codes.len()];
            for category in coded.column(item) {
                if let Some(count) = count.get_mut(usize::from(*category)) {
                    *count += 1;
                }
            }
            all.push(codes);
            counts.push(count);
        }
        Ok(Self { names: responses.names().to_vec(), codes: all, coded, counts })
    }
}

impl Calibration {
    /// Estimates the parameters of the items.
    ///
    /// Persons with the same answers count once. Missing answers leave the likelihood; persons without any answer are left
    /// out and counted. Codes that nobody used make no category ([`CalibratedItem::unused_codes`]).
    ///
    /// # Errors
    /// Options out of range; items with a single answer; fewer than two items (three with free slopes); no convergence; a
    /// slope that is negative or grows without end; an information matrix that has no inverse.
    ///
    /// ```
    /// use screening_core::psychometrics::Responses;
    /// use screening_core::psychometrics::irt::{Calibration, CalibrationOptions, IrtModel};
    /// // Three items; easier ones are passed more often.
    /// let patterns = [([0, 0, 0], 30), ([1, 0, 0], 45), ([0, 1, 0], 15), ([0, 0, 1], 9), ([1, 1, 0], 50), ([1, 0, 1], 20),
    ///     ([0, 1, 1], 8), ([1, 1, 1], 40)];
    /// let rows: Vec<[Option<i64>; 3]> =
    ///     patterns.iter().flat_map(|(pattern, n)| std::iter::repeat_n(pattern.map(Some), *n)).collect();
    /// let responses = Responses::from_rows(["1", "2", "3"], &rows)?;
    /// let fit = Calibration::fit(&responses, &CalibrationOptions::new(IrtModel::Rasch))?;
    /// assert!(fit.items[0].thresholds[0] < fit.items[1].thresholds[0]);
    /// assert_eq!(fit.parameters, 4);
    /// println!("{fit}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit(responses: &Responses, options: &CalibrationOptions) -> Result<Self, IrtError> {
        options.check()?;
        let observed = Observed::new(responses)?;
        options.model.check(&observed)?;
        let mut blocks = Vec::new();
        let mut offset = 0;
        for categories in &observed.coded.sizes {
            let block = options.model.block(*categories, offset);
            offset += block.parameters();
            blocks.push(block);
        }
        let mut group = Group::new(&observed.coded, (0..blocks.len()).collect());
        if options.model == IrtModel::Rasch {
            group.log_deviation = Some(offset);
            offset += 1;
        }
        let nodes = options.quadrature.nodes();
        let problem =
            Problem { quadrature: options.quadrature, nodes, blocks, groups: vec![group], parameters: offset };
        let start = start(&problem, &observed, options.start.as_ref())?;
        let maximum = search(&problem, start, options.max_iterations, options.tolerance, &observed.names)?;
        let (maximum, covariance) = if options.standard_errors {
            let (maximum, covariance) = finish(&problem, maximum)?;
            (maximum, Some(covariance))
        } else {
            (maximum, None)
        };
        Ok(Self::new(&problem, &observed, options, maximum, covariance))
    }
}

/// Starting values of the blocks; groups start at the standard normal.
pub(crate) fn start(problem: &Problem, observed: &Observed, from: Option<&ItemBank>) -> Result<Vec<f64>, IrtError> {
    let mut x = Vec::with_capacity(problem.parameters);
    for (at, block) in problem.blocks.iter().enumerate().take(observed.names.len()) {
        let name = &observed.names[at];
        let Some(bank) = from else {
            x.extend(block.start_from_counts(&observed.counts[at]));
            continue;
        };
        let item = bank.items().iter().find(|item| item.name == *name);
        let missing = "among the answers but not among the starting values";
        let item = item.ok_or_else(|| IrtError::Unmatched { item: name.clone(), missing })?;
        if item.codes != observed.codes[at] {
            let (codes, categories) = (observed.codes[at].len(), item.codes.len());
            return Err(IrtError::Codes { item: name.clone(), codes, categories });
        }
        x.extend(block.start(&item.parameters));
    }
    x.resize(problem.parameters, 0.0);
    Ok(x)
}

/// The maximum, where slopes are sound.
pub(crate) fn search(
    problem: &Problem,
    start: Vec<f64>,
    max_iterations: usize,
    tolerance: f64,
    names: &[String],
) -> Result<Maximum, IrtError> {
    let maximum = maximise(problem, start, max_iterations, tolerance)?;
    for (at, block) in problem.blocks.iter().enumerate() {
        let (slope, _) = block.slope_intercepts(&maximum.x);
        let why = if slope <= 0.0 {
            "higher answers go with a lower trait: the item is keyed the other way, or does not belong here"
        } else if slope > 25.0 {
            "it grows without end: the item repeats another one or splits the persons perfectly; leave one out"
        } else {
            continue;
        };
        return Err(IrtError::Slope { item: names.get(at).cloned().unwrap_or_default(), slope, why });
    }
    Ok(maximum)
}

/// Last steps of Newton with the exact information, and the covariance of the parameters.
///
/// # Errors
/// An information matrix that is not positive definite.
pub(crate) fn finish(problem: &Problem, mut maximum: Maximum) -> Result<(Maximum, DMatrix<f64>), IrtError> {
    let unsound = || {
        IrtError::NotIdentified(
            "there are too few persons or items for this model, or items without any relation to the others",
        )
    };
    for _ in 0..10 {
        let factor = problem.information(&maximum.x, &maximum.at).cholesky().ok_or_else(unsound)?;
        let step = factor.solve(&maximum.gradient);
        let gain = step.dot(&maximum.gradient) / 2.0;
        if gain < 1e-9 {
            return Ok((maximum, factor.inverse()));
        }
        let x: Vec<f64> = maximum.x.iter().zip(step.iter()).map(|(x, step)| x + step).collect();
        let at = problem.expect(&x).filter(|at| at.log_likelihood > maximum.at.log_likelihood - 1e-7);
        let Some(at) = at else { return Err(IrtError::NoConvergence { iterations: maximum.iterations, gain }) };
        let (gradient, _) = problem.gradient(&x, &at);
        maximum = Maximum { x, at, gradient, iterations: maximum.iterations + 1 };
    }
    Err(unsound())
}

#[cfg(test)]
mod tests;
