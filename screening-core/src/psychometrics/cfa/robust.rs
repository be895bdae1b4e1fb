//! Errors and test of maximum likelihood that do not lean on the normal distribution (Satorra and Bentler 1994; in lavaan
//! the estimator MLM).

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::super::EstimationError;
use super::super::algebra::{inverse, inverse_and_log_det};
use super::ml::{Fitted, covariance_of};
use super::sample::SampleMoments;

/// Persons whose products are multiplied at once.
const BLOCK: usize = 512;

/// By what the tests of the model and of the baseline are divided, and the covariance of the estimates.
pub(super) struct Correction {
    pub(super) model: f64,
    pub(super) baseline: f64,
    pub(super) covariance: DMatrix<f64>,
}

/// Positions `(i, j)`, `i >= j`, of the covariances.
fn lower(p: usize) -> Vec<(usize, usize)> {
    (0..p).flat_map(|j| (j..p).map(move |i| (i, j))).collect()
}

/// `N` times the covariance of the sample covariances, from fourth moments (Browne 1984). Rows with NaN do not count.
fn fourth_moments(data: &DMatrix<f64>, sample: &SampleMoments) -> DMatrix<f64> {
    let p = data.ncols();
    let places = lower(p);
    let rows: Vec<usize> = (0..data.nrows()).filter(|row| data.row(*row).iter().all(|v| v.is_finite())).collect();
    let (means, covariance) = (sample.means(), sample.covariance());
    let empty = || DMatrix::zeros(places.len(), places.len());
    let add = |mut sum: DMatrix<f64>, block: &[usize]| {
        let products = DMatrix::from_fn(block.len(), places.len(), |row, at| {
            let ((i, j), person) = (places[at], block[row]);
            (data[(person, i)] - means[i]) * (data[(person, j)] - means[j]) - covariance[(i, j)]
        });
        sum.gemm_tr(1.0, &products, &products, 1.0);
        sum
    };
    let sum = rows.par_chunks(BLOCK).fold(empty, add).reduce(empty, |a, b| a + b);
    sum / rows.len() as f64
}

/// The weights of normal theory at `A = S^-1`, applied to a symmetric matrix: `v' V w = tr(A M A N) / 2`.
fn weighted(a: &DMatrix<f64>, m: &DMatrix<f64>, places: &[(usize, usize)]) -> DVector<f64> {
    let turned = a * m * a;
    DVector::from_iterator(places.len(), places.iter().map(|(i, j)| turned[(*i, *j)] * if i == j { 0.5 } else { 1.0 }))
}

/// The trace of `V G` less what the parameters take; with the weighted slopes and the inverse information per person.
fn trace(
    a: &DMatrix<f64>,
    slopes: &[DMatrix<f64>],
    gamma: &DMatrix<f64>,
) -> Result<(f64, DMatrix<f64>, DMatrix<f64>), EstimationError> {
    let p = a.nrows();
    let places = lower(p);
    let whole: f64 = places
        .iter()
        .enumerate()
        .map(|(at, (i, j))| {
            let mut unit = DMatrix::zeros(p, p);
            (unit[(*i, *j)], unit[(*j, *i)]) = (1.0, 1.0);
            weighted(a, &unit, &places).dot(&gamma.column(at))
        })
        .sum();
    let mut turned = DMatrix::zeros(places.len(), slopes.len());
    slopes.iter().enumerate().for_each(|(at, slope)| turned.set_column(at, &weighted(a, slope, &places)));
    let information = DMatrix::from_fn(slopes.len(), slopes.len(), |i, j| {
        places.iter().enumerate().map(|(at, place)| slopes[i][*place] * turned[(at, j)]).sum()
    });
    let bread = covariance_of(Some(information))?;
    let meat = turned.tr_mul(&(gamma * &turned));
    let taken = (&bread * &meat).trace();
    Ok((whole - taken, bread, meat))
}

pub(super) fn correct(
    fitted: &Fitted,
    sample: &SampleMoments,
    data: &DMatrix<f64>,
) -> Result<Correction, EstimationError> {
    let p = sample.names().len();
    let gamma = fourth_moments(data, sample);
    let at = fitted.layout.matrices(0, &fitted.values);
    let not = EstimationError::NotPositiveDefinite { what: "the implied covariance matrix", smallest: 0.0 };
    let (a, _) = inverse_and_log_det(&at.sigma()).ok_or(not)?;
    let mut slopes = vec![DMatrix::zeros(p, p); fitted.layout.slots];
    for (slot, sigma, _) in fitted.layout.derivatives(0, &at) {
        slopes[slot] = sigma;
    }
    let (sum, bread, meat) = trace(&a, &slopes, &gamma)?;
    let df = (p * (p + 1) / 2 - fitted.layout.slots) as f64;
    let alone = DMatrix::from_diagonal(&sample.covariance().diagonal());
    let variances: Vec<DMatrix<f64>> = (0..p)
        .map(|item| {
            let mut unit = DMatrix::zeros(p, p);
            unit[(item, item)] = 1.0;
            unit
        })
        .collect();
    let (base, _, _) = trace(&inverse("the variances", &alone)?, &variances, &gamma)?;
    Ok(Correction {
        model: if df > 0.0 { sum / df } else { 1.0 },
        baseline: base / (p * (p - 1) / 2) as f64,
        covariance: &bread * meat * &bread / sample.persons() as f64,
    })
}
