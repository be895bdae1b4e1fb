//! What a calibration found.

use nalgebra::DMatrix;
use serde::Serialize;

use super::{CalibrationOptions, IrtModel, Maximum, Observed, Problem};
use crate::psychometrics::irt::bank::{BankItem, ItemBank};
use crate::psychometrics::irt::quadrature::{Prior, Quadrature};

/// Parameters of one item with standard errors; errors are NaN where they were not asked for or the parameter is fixed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibratedItem {
    /// Name of the item.
    pub name: String,
    /// Answers used.
    pub answered: usize,
    /// Codes between the lowest and the highest that nobody used: they have no category.
    pub unused_codes: Vec<i16>,
    /// Slope `a`.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_se: f64,
    /// Thresholds or steps `b`.
    pub thresholds: Vec<f64>,
    /// Their standard errors, by the delta method.
    pub threshold_se: Vec<f64>,
    /// Intercepts `d`: `a theta + d_k` (graded), `k a theta + d_k` (partial credit).
    pub intercepts: Vec<f64>,
    /// Their standard errors.
    pub intercept_se: Vec<f64>,
}

/// Item parameters by marginal maximum likelihood.
///
/// The likelihood of a pattern is its mean over a normal distribution of theta, taken at fixed points (Bock & Aitkin 1981,
/// Psychometrika 46:443). Standard errors come from the exact observed information (Louis 1982).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The model.
    pub model: IrtModel,
    /// Points of theta.
    pub quadrature: Quadrature,
    /// Persons used.
    pub persons: usize,
    /// Persons without any answer, left out.
    pub empty: usize,
    /// Different patterns.
    pub patterns: usize,
    /// Steps of the search.
    pub iterations: usize,
    /// Number of free parameters.
    pub parameters: usize,
    /// Maximum of the marginal log-likelihood.
    pub log_likelihood: f64,
    /// `-2 lnL + 2 p`.
    pub aic: f64,
    /// `-2 lnL + p ln(n)`.
    pub bic: f64,
    /// Distribution of theta: standard normal, with the Rasch model of free variance.
    pub prior: Prior,
    /// Variance of theta.
    pub variance: f64,
    /// Its standard error, where it is free.
    pub variance_se: Option<f64>,
    /// Items with their standard errors.
    pub items: Vec<CalibratedItem>,
    /// The items as a bank, to score with.
    pub bank: ItemBank,
    /// Names of the free parameters, `item:a`, `item:d1`, ..., `theta:variance`.
    pub names: Vec<String>,
    /// Covariance of the free parameters, in the order of the names; none without standard errors.
    pub covariance: Option<Vec<Vec<f64>>>,
}

impl Calibration {
    pub(super) fn new(
        problem: &Problem,
        observed: &Observed,
        options: &CalibrationOptions,
        maximum: Maximum,
        covariance: Option<DMatrix<f64>>,
    ) -> Self {
        let x = &maximum.x;
        let group = &problem.groups[0];
        let (_, deviation) = group.normal(x);
        let covariance = covariance.map(|mut covariance| {
            if let Some(at) = group.log_deviation {
                // From the logarithm of the deviation to the variance.
                let factor = 2.0 * deviation * deviation;
                covariance.row_mut(at).scale_mut(factor);
                covariance.column_mut(at).scale_mut(factor);
            }
            covariance
        });
        let (mut items, mut bank, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (at, block) in problem.blocks.iter().enumerate() {
            let name = &observed.names[at];
            let codes = &observed.codes[at];
            let parameters = block.item(x);
            let (slope, intercepts) = block.slope_intercepts(x);
            let m = block.parameters();
            let none = vec![f64::NAN; intercepts.len()];
            let (mut slope_se, mut threshold_se, mut intercept_se) = (f64::NAN, none.clone(), none);
            if let Some(all) = &covariance {
                let own = all.view((block.offset, block.offset), (m, m));
                let jacobian = block.jacobian(x);
                let by_delta = &jacobian * own * jacobian.transpose();
                if block.free_slope {
                    slope_se = by_delta[(0, 0)].sqrt();
                }
                let first = usize::from(block.free_slope);
                threshold_se = (1..=intercepts.len()).map(|k| by_delta[(k, k)].sqrt()).collect();
                intercept_se = (first..m).map(|k| own[(k, k)].sqrt()).collect();
            }
            let unused = match codes.as_slice() {
                [first, .., last] => (*first..=*last).filter(|code| !codes.contains(code)).collect(),
                _ => Vec::new(),
            };
            if block.free_slope {
                names.push(format!("{name}:a"));
            }
            names.extend((1..=intercepts.len()).map(|k| format!("{name}:d{k}")));
            items.push(CalibratedItem {
                name: name.clone(),
                answered: observed.counts[at].iter().sum(),
                unused_codes: unused,
                slope,
                slope_se,
                thresholds: parameters.thresholds().to_vec(),
                threshold_se,
                intercepts,
                intercept_se,
            });
            bank.push(BankItem { name: name.clone(), codes: codes.clone(), parameters });
        }
        if group.log_deviation.is_some() {
            names.push("theta:variance".to_owned());
        }
        let persons: f64 = group.weights.iter().sum();
        let (p, log_likelihood) = (problem.parameters as f64, maximum.at.log_likelihood);
        let variance_se = group.log_deviation.zip(covariance.as_ref()).map(|(at, all)| all[(at, at)].sqrt());
        Self {
            model: options.model,
            quadrature: options.quadrature,
            persons: persons as usize,
            empty: group.empty,
            patterns: group.weights.len(),
            iterations: maximum.iterations,
            parameters: problem.parameters,
            log_likelihood,
            aic: 2.0 * p - 2.0 * log_likelihood,
            bic: p * persons.ln() - 2.0 * log_likelihood,
            prior: Prior { mean: 0.0, deviation },
            variance: deviation * deviation,
            variance_se,
            items,
            bank: ItemBank::assume_checked(bank),
            names,
            covariance: covariance.map(|all| all.row_iter().map(|row| row.iter().copied().collect()).collect()),
        }
    }
}
