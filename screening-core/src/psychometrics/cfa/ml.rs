//! Maximum likelihood of covariances and means, in one or several groups.

use nalgebra::{DMatrix, DVector};

use super::super::EstimationError;
use super::super::algebra::{inverse, inverse_and_log_det};
use super::super::minimise::{Local, Options, minimise};
use super::model::{CfaModel, Equal, Layout, start};
use super::sample::SampleMoments;

pub(super) struct Fitted {
    pub(super) layout: Layout,
    pub(super) values: DVector<f64>,
    /// Covariance of the estimates.
    pub(super) covariance: DMatrix<f64>,
    pub(super) iterations: usize,
    pub(super) chi_square: f64,
}

/// `sum_g N_g/N (ln |S| + tr(C S^-1) - ln |C| - p + d' S^-1 d) / 2` with S the implied and C the sample covariance, d the
/// difference of the means; its gradient, and its expected second derivative (Fisher's information over N).
pub(super) fn discrepancy(
    layout: &Layout,
    samples: &[SampleMoments],
    values: &DVector<f64>,
    means: bool,
) -> Option<Local> {
    let total: f64 = samples.iter().map(|sample| sample.persons() as f64).sum();
    let q = layout.slots;
    let (mut value, mut gradient, mut hessian) = (0.0, DVector::zeros(q), DMatrix::zeros(q, q));
    for (group, sample) in samples.iter().enumerate() {
        let at = layout.matrices(group, values);
        let (inverse, log_det) = inverse_and_log_det(&at.sigma())?;
        let share = sample.persons() as f64 / total / 2.0;
        let d = if means { sample.means() - at.mu() } else { DVector::zeros(layout.items) };
        let observed = sample.covariance() + &d * d.transpose();
        let p = layout.items as f64;
        value += share * (log_det - sample.log_det() + (&observed * &inverse).trace() - p);
        let weight = &inverse - &inverse * observed * &inverse;
        let pull = &inverse * d;
        let list = layout.derivatives(group, &at);
        let turned: Vec<DMatrix<f64>> = list.iter().map(|(_, sigma, _)| &inverse * sigma * &inverse).collect();
        for (i, (slot, sigma, mu)) in list.iter().enumerate() {
            gradient[*slot] += share * (weight.dot(sigma) - 2.0 * pull.dot(mu));
            let leaned = &inverse * mu;
            for (other, other_sigma, other_mu) in &list[..=i] {
                let bend = share * (turned[i].dot(other_sigma) + 2.0 * leaned.dot(other_mu));
                hessian[(*slot, *other)] += bend;
                if slot != other {
                    hessian[(*other, *slot)] += bend;
                }
            }
        }
    }
    Some(Local { value, gradient, hessian })
}

pub(super) fn fit(
    model: &CfaModel,
    items: &[String],
    samples: &[SampleMoments],
    means: bool,
    equal: Equal,
) -> Result<Fitted, EstimationError> {
    let layout = Layout::new(model, items, samples.len(), true, means, equal);
    let p = items.len();
    let known = samples.len() * (p * (p + 1) / 2 + if means { p } else { 0 });
    if layout.slots > known {
        let why = format!("it has {} parameters for {known} covariances and means", layout.slots);
        return Err(EstimationError::Unidentified { why });
    }
    for sample in samples {
        inverse("the sample covariance matrix", sample.covariance())?;
    }
    let covariances: Vec<_> = samples.iter().map(|sample| sample.covariance().clone()).collect();
    let averages: Vec<_> = samples.iter().map(|sample| sample.means().clone()).collect();
    let first = start(&layout, model, items, &covariances, &averages);
    let options = Options { method: "confirmatory factor analysis", lower: None, tolerance: 1e-10, iterations: 1000 };
    let found = minimise(first, &options, |values| discrepancy(&layout, samples, values, means))?;
    let total: f64 = samples.iter().map(|sample| sample.persons() as f64).sum();
    let information = discrepancy(&layout, samples, &found.at, means).map(|local| local.hessian * total);
    let covariance = covariance_of(information)?;
    super::admissible(model, items, &layout, &found.at)?;
    Ok(Fitted {
        chi_square: 2.0 * total * found.value,
        iterations: found.iterations,
        values: found.at,
        covariance,
        layout,
    })
}

/// The inverse of the information. Its scale differs from parameter to parameter, so it is brought to a unit diagonal to
/// be judged.
pub(super) fn covariance_of(information: Option<DMatrix<f64>>) -> Result<DMatrix<f64>, EstimationError> {
    let why = || "the data do not tell its parameters apart (singular information)".to_owned();
    let unidentified = || EstimationError::Unidentified { why: why() };
    let information = information.ok_or_else(unidentified)?;
    let scale = information.diagonal().map(|value| 1.0 / value.sqrt());
    if scale.iter().any(|value| !value.is_finite()) {
        return Err(unidentified());
    }
    let unit = DMatrix::from_fn(scale.len(), scale.len(), |i, j| information[(i, j)] * scale[i] * scale[j]);
    let (values, _) = super::super::algebra::eigen(&unit).ok_or_else(unidentified)?;
    if values[values.len() - 1] < 1e-10 {
        return Err(unidentified());
    }
    let turned = unit.cholesky().ok_or_else(unidentified)?.inverse();
    Ok(DMatrix::from_fn(scale.len(), scale.len(), |i, j| turned[(i, j)] * scale[i] * scale[j]))
}
