//! Differential functioning by theta: likelihood ratio tests of a two-group calibration.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DifError, GroupCounts};
use crate::psychometrics::Responses;
use crate::psychometrics::irt::calibration::{Group, Observed, Problem, search, start};
use crate::psychometrics::irt::{BankItem, IrtError, IrtModel, ItemBank, Prior, Quadrature, upper_tail};

/// How the two groups are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IrtDifOptions {
    /// The model of all items.
    pub model: IrtModel,
    /// Level of the tests.
    pub alpha: f64,
    /// Points of theta.
    pub quadrature: Quadrature,
    /// Steps before a search is given up.
    pub max_iterations: usize,
}

impl IrtDifOptions {
    /// The defaults for a model: level 0.05, 61 points from -6 to 6, 500 steps.
    pub fn new(model: IrtModel) -> Self {
        Self { model, alpha: 0.05, quadrature: Quadrature::CALIBRATION, max_iterations: 500 }
    }
}

/// Two groups calibrated together: common items hold the metric, the distribution of the focal group is free.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwoGroups {
    /// Items as they are in the reference group.
    pub reference: ItemBank,
    /// Items as they are in the focal group.
    pub focal: ItemBank,
    /// Names of the items whose parameters may differ.
    pub free: Vec<String>,
    /// Distribution of theta in the reference group: standard normal, with the Rasch model of free variance.
    pub reference_prior: Prior,
    /// Distribution of theta in the focal group.
    pub focal_prior: Prior,
    /// Maximum of the marginal log-likelihood.
    pub log_likelihood: f64,
    /// Number of free parameters.
    pub parameters: usize,
    /// Persons of the groups; those without any answer are left out.
    pub counts: GroupCounts,
}

/// Result of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IrtDifRow {
    /// Name of the item.
    pub name: String,
    /// Twice the difference of the log-likelihoods.
    pub chi_square: f64,
    /// Degrees of freedom: parameters of the item.
    pub df: usize,
    /// Probability.
    pub p: f64,
    /// Unsigned difference of the expected answers, weighted by the focal group's theta, in steps of the answer.
    pub unsigned_difference: f64,
    /// Signed difference, focal less reference.
    pub signed_difference: f64,
    /// Whether the test at the level of the options is significant.
    pub flagged: bool,
}

/// Likelihood ratio test of each item against all others as anchors.
///
/// The item's parameters are freed in the focal group; all other items are equal. Missing answers leave the likelihood.
/// Source: Thissen, Steinberg & Wainer 1993; Meade 2010, J Appl Psychol 95:728 (sizes of the differences).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IrtDif {
    /// One row an item.
    pub rows: Vec<IrtDifRow>,
    /// The calibration with all items equal.
    pub equal: TwoGroups,
}

struct Split {
    observed: Observed,
    counts: GroupCounts,
    /// Positions of the persons of the two groups.
    groups: [Vec<usize>; 2],
}

fn split(responses: &Responses, focal: &[Option<bool>], options: &IrtDifOptions) -> Result<Split, DifError> {
    if focal.len() != responses.persons() {
        return Err(DifError::Lengths { found: focal.len(), persons: responses.persons() });
    }
    if !(options.alpha > 0.0 && options.alpha < 1.0) {
        let (option, allowed) = ("alpha", "above 0 and below 1");
        return Err(DifError::Option { option, value: options.alpha.to_string(), allowed });
    }
    let observed = Observed::new(responses)?;
    options.model.check(&observed)?;
    let of = |wanted: bool| -> Vec<usize> {
        (0..focal.len())
            .filter(|person| focal[*person] == Some(wanted) && observed.coded.pattern(*person).next().is_some())
            .collect()
    };
    let groups = [of(false), of(true)];
    let [reference, in_focal] = [groups[0].len(), groups[1].len()];
    for (found, group) in [(reference, "reference"), (in_focal, "focal")] {
        if found < 2 {
            return Err(DifError::TooFew { group, found, needed: 2 });
        }
    }
    let counts = GroupCounts { reference, focal: in_focal, left_out: focal.len() - reference - in_focal };
    Ok(Split { observed, counts, groups })
}

fn calibrate(split: &Split, free: &[usize], options: &IrtDifOptions) -> Result<TwoGroups, DifError> {
    let observed = &split.observed;
    let items = observed.names.len();
    if free.len() >= items {
        return Err(DifError::NothingLeft);
    }
    let (mut blocks, mut offset) = (Vec::new(), 0);
    let mut names = observed.names.clone();
    let mut of_focal: Vec<usize> = (0..items).collect();
    let mut add = |categories: usize, blocks: &mut Vec<_>| {
        let block = options.model.block(categories, offset);
        offset += block.parameters();
        blocks.push(block);
    };
    observed.coded.sizes.iter().for_each(|categories| add(*categories, &mut blocks));
    for item in free {
        let Some(name) = observed.names.get(*item) else {
            return Err(IrtError::option("free", item, "positions of items").into());
        };
        for persons in &split.groups {
            let used = observed.coded.used(*item, persons);
            if used != observed.coded.sizes[*item] {
                let (item, needed) = (name.clone(), "a free item needs all its answers in both groups; join rare ones");
                return Err(DifError::Categories { item, categories: used, needed });
            }
        }
        of_focal[*item] = blocks.len();
        names.push(name.clone());
        add(observed.coded.sizes[*item], &mut blocks);
    }
    let mut groups = [
        Group::new(&observed.coded.subset(&split.groups[0]), (0..items).collect()),
        Group::new(&observed.coded.subset(&split.groups[1]), of_focal.clone()),
    ];
    let mut next = || {
        offset += 1;
        Some(offset - 1)
    };
    if options.model == IrtModel::Rasch {
        groups[0].log_deviation = next();
    }
    groups[1].mean = next();
    groups[1].log_deviation = next();
    let quadrature = options.quadrature;
    let problem =
        Problem { quadrature, nodes: quadrature.nodes(), blocks, groups: groups.to_vec(), parameters: offset };
    let mut x = start(&problem, observed, None)?;
    for item in free {
        let (from, to) = (&problem.blocks[*item], &problem.blocks[of_focal[*item]]);
        x.copy_within(from.offset..from.offset + from.parameters(), to.offset);
    }
    let maximum = search(&problem, x, options.max_iterations, 1e-9, &names)?;
    let bank = |blocks: &[usize]| {
        let item = |(at, block): (usize, &usize)| BankItem {
            name: observed.names[at].clone(),
            codes: observed.codes[at].clone(),
            parameters: problem.blocks[*block].item(&maximum.x),
        };
        ItemBank::new(blocks.iter().enumerate().map(item).collect())
    };
    let prior = |group: &Group| {
        let (mean, deviation) = group.normal(&maximum.x);
        Prior { mean, deviation }
    };
    Ok(TwoGroups {
        reference: bank(&problem.groups[0].blocks)?,
        focal: bank(&problem.groups[1].blocks)?,
        free: free.iter().map(|item| observed.names[*item].clone()).collect(),
        reference_prior: prior(&problem.groups[0]),
        focal_prior: prior(&problem.groups[1]),
        log_likelihood: maximum.at.log_likelihood,
        parameters: offset,
        counts: split.counts,
    })
}

impl TwoGroups {
    /// Calibrates two groups with some items free. `focal` marks the persons of the focal group; none is no group.
    ///
    /// # Errors
    /// No common item; a free item without one of its answers in a group; what [`Calibration::fit`] refuses.
    ///
    /// [`Calibration::fit`]: crate::psychometrics::irt::Calibration::fit
    pub fn fit(
        responses: &Responses,
        focal: &[Option<bool>],
        free: &[usize],
        options: &IrtDifOptions,
    ) -> Result<Self, DifError> {
        calibrate(&split(responses, focal, options)?, free, options)
    }
}

impl IrtDif {
    /// Tests each item. `focal` marks the persons of the focal group; none is no group.
    ///
    /// # Errors
    /// What [`TwoGroups::fit`] refuses.
    pub fn fit(responses: &Responses, focal: &[Option<bool>], options: &IrtDifOptions) -> Result<Self, DifError> {
        let split = split(responses, focal, options)?;
        let equal = calibrate(&split, &[], options)?;
        let rows: Result<Vec<IrtDifRow>, DifError> = (0..split.observed.names.len())
            .into_par_iter()
            .map(|item| {
                let free = calibrate(&split, &[item], options)?;
                let df = free.parameters - equal.parameters;
                let chi_square = (2.0 * (free.log_likelihood - equal.log_likelihood)).max(0.0);
                let p = upper_tail(chi_square, df as f64);
                let prior = free.focal_prior;
                let weights = options.quadrature.weights(prior.mean, prior.deviation);
                let (own, other) = (&free.focal.items()[item].parameters, &free.reference.items()[item].parameters);
                let differences: Vec<f64> =
                    options.quadrature.nodes().iter().map(|node| own.expected(*node) - other.expected(*node)).collect();
                let sum = |f: fn(f64) -> f64| differences.iter().zip(&weights).map(|(d, w)| f(*d) * w).sum();
                Ok(IrtDifRow {
                    name: split.observed.names[item].clone(),
                    chi_square,
                    df,
                    p,
                    unsigned_difference: sum(f64::abs),
                    signed_difference: sum(|difference| difference),
                    flagged: p < options.alpha,
                })
            })
            .collect();
        Ok(Self { rows: rows?, equal })
    }
}
