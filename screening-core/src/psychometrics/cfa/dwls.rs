//! Diagonally weighted least squares of polychoric correlations, with a scaled and shifted test (WLSMV).

use nalgebra::{DMatrix, DVector};

use super::super::minimise::{Local, Options, minimise};
use super::super::{EstimationError, Polychorics};
use super::ml::{Fitted, covariance_of};
use super::model::{CfaModel, Equal, Layout, places, start};

/// A chi-square with its scaled and shifted version (Asparouhov and Muthen 2010).
pub(super) struct Scaled {
    pub(super) plain: f64,
    pub(super) value: f64,
    /// What the plain one was divided by.
    pub(super) factor: f64,
    pub(super) df: f64,
}

pub(super) struct Weighted {
    pub(super) fitted: Fitted,
    pub(super) test: Scaled,
    pub(super) baseline: Scaled,
    pub(super) residuals: DVector<f64>,
}

pub(super) fn fit(model: &CfaModel, items: &[String], polychorics: &Polychorics) -> Result<Weighted, EstimationError> {
    let correlations = polychorics.correlations();
    let at = places(items, correlations.names())?;
    let p = items.len();
    let layout = Layout::new(model, items, 1, false, false, Equal::default());
    let known = p * (p - 1) / 2;
    if layout.slots > known {
        let why = format!("it has {} parameters for {known} correlations", layout.slots);
        return Err(EstimationError::Unidentified { why });
    }
    let acov = polychorics.asymptotic_covariance()?;
    let pairs: Vec<(usize, usize)> = (0..p).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let place = |(i, j): &(usize, usize)| {
        let (a, b) = (at[*i].max(at[*j]), at[*i].min(at[*j]));
        a * (a - 1) / 2 + b
    };
    let chosen: Vec<usize> = pairs.iter().map(place).collect();
    let gamma = acov.matrix().select_rows(&chosen).select_columns(&chosen);
    let weights = gamma.diagonal().map(|variance| 1.0 / variance);
    let r = DMatrix::from_fn(p, p, |i, j| correlations.r(at[i], at[j]));
    let observed = DVector::from_iterator(known, pairs.iter().map(|pair| r[*pair]));
    let lower = |sigma: &DMatrix<f64>| DVector::from_iterator(known, pairs.iter().map(|pair| sigma[*pair]));
    let slopes = |values: &DVector<f64>| {
        let matrices = layout.matrices(0, values);
        let mut delta = DMatrix::zeros(known, layout.slots);
        for (slot, sigma, _) in layout.derivatives(0, &matrices) {
            delta.set_column(slot, &lower(&sigma));
        }
        (lower(&matrices.sigma()), delta)
    };
    let first = start(&layout, model, items, std::slice::from_ref(&r), &[]);
    // The weights are of the order of one, as correlations are: the gradient needs no scale.
    let options =
        Options { method: "confirmatory factor analysis by DWLS", lower: None, tolerance: 1e-10, iterations: 2000 };
    let found = minimise(first, &options, |values| {
        let (implied, delta) = slopes(values);
        let residual = &observed - implied;
        let weighted = residual.component_mul(&weights);
        let turned = DMatrix::from_fn(known, layout.slots, |i, j| delta[(i, j)] * weights[i]);
        Some(Local {
            value: residual.dot(&weighted) / 2.0,
            gradient: -delta.tr_mul(&weighted),
            hessian: delta.tr_mul(&turned),
        })
    })?;
    super::admissible(model, items, &layout, &found.at)?;
    let (implied, delta) = slopes(&found.at);
    let residuals = &observed - implied;
    let n = acov.persons() as f64;
    let turned = DMatrix::from_fn(known, layout.slots, |i, j| delta[(i, j)] * weights[i]);
    let bread = covariance_of(Some(delta.tr_mul(&turned)))?;
    let covariance = &bread * turned.tr_mul(&(&gamma * &turned)) * &bread / n;
    let weight = DMatrix::from_diagonal(&weights);
    let df = (known - layout.slots) as f64;
    let test = scaled(n * found.value * 2.0, df, &((&weight - &turned * &bread * turned.transpose()) * &gamma));
    let alone = observed.component_mul(&observed).dot(&weights);
    let baseline = scaled(n * alone, known as f64, &(weight * &gamma));
    let chi_square = test.plain;
    let fitted = Fitted { layout, values: found.at, covariance, iterations: found.iterations, chi_square };
    Ok(Weighted { fitted, test, baseline, residuals })
}

/// The test with `U G` as one matrix.
fn scaled(plain: f64, df: f64, product: &DMatrix<f64>) -> Scaled {
    let square: f64 = (0..product.nrows()).map(|i| product.row(i).transpose().dot(&product.column(i))).sum();
    scaled_by(plain, df, product.trace(), square)
}

/// `T sqrt(df / tr (U G)^2) + df - sqrt(df tr(U G)^2 / tr (U G)^2)`, from the traces of `U G` and of its square.
pub(super) fn scaled_by(plain: f64, df: f64, trace: f64, square: f64) -> Scaled {
    let factor = (square / df).sqrt();
    Scaled { plain, value: plain / factor + df - trace / factor, factor, df }
}
