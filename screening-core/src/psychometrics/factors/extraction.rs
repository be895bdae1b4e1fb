//! Unrotated loadings of a correlation matrix.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::super::EstimationError;
use super::super::algebra::{eigen, eigen_of, inverse, squared_multiple_correlations};
use super::super::minimise::{Local, Options, minimise};

/// How loadings are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extraction {
    /// Smallest squared residual correlations (minimum residual, unweighted least squares).
    #[default]
    MinRes,
    /// Maximum likelihood of normal variables.
    MaximumLikelihood,
    /// Principal axes, iterated from squared multiple correlations.
    PrincipalAxis,
    /// Principal components; not a factor model, its loadings explain unique variance too.
    PrincipalComponents,
}

impl Extraction {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::MinRes => "minres",
            Self::MaximumLikelihood => "ml",
            Self::PrincipalAxis => "pa",
            Self::PrincipalComponents => "pc",
        }
    }
}

/// Uniquenesses do not fall below this share of the variance, as in psych and in R's factanal.
const LEAST_UNIQUENESS: f64 = 0.005;

pub(crate) struct Extracted {
    pub(crate) loadings: DMatrix<f64>,
    pub(crate) uniquenesses: DVector<f64>,
    pub(crate) iterations: usize,
    /// Items whose uniqueness rests on its bound.
    pub(crate) at_bound: Vec<usize>,
}

/// Loadings for so many factors.
pub(crate) fn extract(r: &DMatrix<f64>, factors: usize, extraction: Extraction) -> Result<Extracted, EstimationError> {
    let p = r.nrows();
    if factors == 0 || factors >= p {
        return Err(EstimationError::option("factors", factors, "it lies above 0 and below the number of items"));
    }
    match extraction {
        Extraction::PrincipalComponents => {
            let (values, vectors) = eigen_of("the correlation matrix", r)?;
            let loadings = loadings_of(&values, &vectors, factors);
            let uniquenesses = unexplained(&loadings);
            Ok(Extracted { loadings, uniquenesses, iterations: 0, at_bound: Vec::new() })
        }
        Extraction::PrincipalAxis => principal_axes(r, factors),
        Extraction::MinRes => {
            let found = bounded("minimum residual", r, factors, |psi| least_squares(r, factors, psi))?;
            let reduced = r - DMatrix::from_diagonal(&found.at);
            let (values, vectors) = eigen_of("the reduced correlation matrix", &reduced)?;
            Ok(finish(loadings_of(&values, &vectors, factors), &found.at, found.iterations))
        }
        Extraction::MaximumLikelihood => {
            inverse("the correlation matrix", r)?;
            let found = bounded("maximum likelihood", r, factors, |psi| likelihood(r, factors, psi))?;
            let scale = found.at.map(f64::sqrt);
            let (values, vectors) = eigen_of("the scaled correlation matrix", &scaled(r, &scale))?;
            let scaled = loadings_of(&values.add_scalar(-1.0), &vectors, factors);
            Ok(finish(DMatrix::from_diagonal(&scale) * scaled, &found.at, found.iterations))
        }
    }
}

fn finish(loadings: DMatrix<f64>, psi: &DVector<f64>, iterations: usize) -> Extracted {
    let at_bound = (0..psi.len()).filter(|item| psi[*item] <= LEAST_UNIQUENESS).collect();
    let uniquenesses = unexplained(&loadings);
    Extracted { loadings, uniquenesses, iterations, at_bound }
}

fn unexplained(loadings: &DMatrix<f64>) -> DVector<f64> {
    DVector::from_iterator(loadings.nrows(), loadings.row_iter().map(|row| 1.0 - row.norm_squared()))
}

fn loadings_of(values: &DVector<f64>, vectors: &DMatrix<f64>, factors: usize) -> DMatrix<f64> {
    DMatrix::from_fn(vectors.nrows(), factors, |i, j| vectors[(i, j)] * values[j].max(0.0).sqrt())
}

fn scaled(r: &DMatrix<f64>, scale: &DVector<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(r.nrows(), r.ncols(), |i, j| r[(i, j)] / (scale[i] * scale[j]))
}

fn bounded(
    method: &'static str,
    r: &DMatrix<f64>,
    factors: usize,
    local: impl FnMut(&DVector<f64>) -> Option<Local>,
) -> Result<super::super::minimise::Minimum, EstimationError> {
    let p = r.nrows();
    let lower = vec![LEAST_UNIQUENESS; p];
    // Joreskog's start: what the other items do not explain, a little less for every factor.
    let share = 1.0 - 0.5 * factors as f64 / p as f64;
    let smc = squared_multiple_correlations(r)?;
    let start = smc.map(|smc| ((1.0 - smc) * share).max(2.0 * LEAST_UNIQUENESS));
    minimise(start, &Options { method, lower: Some(&lower), tolerance: 1e-10, iterations: 500 }, local)
}

/// `sum gamma_m^2 / 2` over the smaller eigenvalues of `R - Psi`, with exact first and second derivatives.
fn least_squares(r: &DMatrix<f64>, factors: usize, psi: &DVector<f64>) -> Option<Local> {
    let p = r.nrows();
    let (values, vectors) = eigen(&(r - DMatrix::from_diagonal(psi)))?;
    let rest = vectors.columns(factors, p - factors);
    let value = values.rows(factors, p - factors).norm_squared() / 2.0;
    let gradient = DVector::from_fn(p, |i, _| -(factors..p).map(|m| values[m] * vectors[(i, m)].powi(2)).sum::<f64>());
    let cross = rest * rest.transpose();
    let mut hessian = cross.component_mul(&cross);
    for n in 0..factors {
        let weights = DVector::from_fn(p - factors, |at, _| values[factors + at] / (values[factors + at] - values[n]));
        let mixed = rest * DMatrix::from_diagonal(&weights) * rest.transpose();
        let outer = vectors.column(n) * vectors.column(n).transpose();
        hessian += mixed.component_mul(&outer) * 2.0;
    }
    // Far from the minimum the exact one need not be positive definite.
    let hessian = if hessian.clone().cholesky().is_some() { hessian } else { cross.component_mul(&cross) };
    Some(Local { value, gradient, hessian })
}

/// `sum (theta - ln theta - 1)` over the smaller eigenvalues of `Psi^-1/2 R Psi^-1/2` (Lawley and Maxwell 1971): the
/// likelihood discrepancy with the loadings at their best.
fn likelihood(r: &DMatrix<f64>, factors: usize, psi: &DVector<f64>) -> Option<Local> {
    let p = r.nrows();
    let (values, vectors) = eigen(&scaled(r, &psi.map(f64::sqrt)))?;
    if values[p - 1] <= 0.0 {
        return None;
    }
    let rest = vectors.columns(factors, p - factors);
    let small = values.rows(factors, p - factors);
    let value = small.iter().map(|theta| theta - theta.ln() - 1.0).sum();
    let gradient = DVector::from_fn(p, |i, _| {
        let sum: f64 = (factors..p).map(|m| (1.0 - values[m]) * vectors[(i, m)].powi(2)).sum();
        sum / psi[i]
    });
    // The expected second derivative: positive semidefinite, and all but exact at the minimum.
    let cross = rest * rest.transpose();
    let hessian = DMatrix::from_fn(p, p, |i, j| cross[(i, j)].powi(2) / (psi[i] * psi[j]));
    Some(Local { value, gradient, hessian })
}

fn principal_axes(r: &DMatrix<f64>, factors: usize) -> Result<Extracted, EstimationError> {
    const ITERATIONS: usize = 20_000;
    let mut communalities = squared_multiple_correlations(r)?;
    let mut change = f64::NAN;
    for iteration in 1..=ITERATIONS {
        let mut reduced = r.clone();
        reduced.set_diagonal(&communalities);
        let (values, vectors) = eigen_of("the reduced correlation matrix", &reduced)?;
        let loadings = loadings_of(&values, &vectors, factors);
        let next = unexplained(&loadings).map(|unique| 1.0 - unique);
        if next.max() > 2.0 {
            break;
        }
        change = (&next - &communalities).amax();
        communalities = next;
        if change < 1e-10 {
            let uniquenesses = unexplained(&loadings);
            let at_bound = (0..r.nrows()).filter(|item| uniquenesses[*item] <= LEAST_UNIQUENESS).collect();
            return Ok(Extracted { loadings, uniquenesses, iterations: iteration, at_bound });
        }
    }
    Err(EstimationError::NoConvergence { method: "principal axes", iterations: ITERATIONS, gradient: change })
}

/// Turns columns so that their loadings sum to more than nought, and sorts them by their sum of squares.
pub(crate) fn orient(loadings: &DMatrix<f64>, phi: &DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let m = loadings.ncols();
    let sign: Vec<f64> = loadings.column_iter().map(|column| if column.sum() < 0.0 { -1.0 } else { 1.0 }).collect();
    // Sum of squares: the diagonal of Phi L'L.
    let weights = (phi * loadings.tr_mul(loadings)).diagonal();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let turned = DMatrix::from_fn(loadings.nrows(), m, |i, j| loadings[(i, order[j])] * sign[order[j]]);
    let phi = DMatrix::from_fn(m, m, |i, j| phi[(order[i], order[j])] * sign[order[i]] * sign[order[j]]);
    (turned, phi)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> (DMatrix<f64>, DMatrix<f64>) {
        let loadings = DMatrix::from_row_slice(6, 2, &[0.8, 0.1, 0.7, 0.3, 0.6, -0.2, 0.5, 0.6, 0.4, -0.5, 0.7, 0.2]);
        let mut r = &loadings * loadings.transpose();
        r.fill_diagonal(1.0);
        (loadings, r)
    }

    #[test]
    fn a_perfect_model_is_found_by_all() {
        let (loadings, r) = model();
        let common = &loadings * loadings.transpose();
        for extraction in [Extraction::MinRes, Extraction::MaximumLikelihood, Extraction::PrincipalAxis] {
            let found = extract(&r, 2, extraction).unwrap();
            let again = &found.loadings * found.loadings.transpose();
            assert!((again - &common).amax() < 1e-5, "{extraction:?}");
            assert!(found.at_bound.is_empty());
        }
    }

    #[test]
    fn derivatives_are_those_of_the_discrepancies() {
        let (_, mut r) = model();
        (r[(0, 1)], r[(1, 0)]) = (0.57, 0.57);
        let psi = DVector::from_vec(vec![0.36, 0.41, 0.59, 0.4, 0.58, 0.48]);
        for local in [least_squares, likelihood] {
            let at = local(&r, 2, &psi).unwrap();
            for i in 0..6 {
                let (mut up, mut down) = (psi.clone(), psi.clone());
                up[i] += 1e-5;
                down[i] -= 1e-5;
                let (up, down) = (local(&r, 2, &up).unwrap(), local(&r, 2, &down).unwrap());
                let slope = (up.value - down.value) / 2e-5;
                assert!((slope - at.gradient[i]).abs() < 1e-7 * (1.0 + slope.abs()), "{i}: {slope} {}", at.gradient[i]);
            }
        }
        let exact = least_squares(&r, 2, &psi).unwrap();
        let mut up = psi.clone();
        up[2] += 1e-6;
        let bend = (least_squares(&r, 2, &up).unwrap().gradient - &exact.gradient) / 1e-6;
        assert!((bend - exact.hessian.column(2)).amax() < 1e-4);
    }

    #[test]
    fn columns_are_turned_and_sorted() {
        let loadings = DMatrix::from_row_slice(3, 2, &[0.1, -0.8, 0.5, -0.7, 0.2, -0.6]);
        let (turned, phi) = orient(&loadings, &DMatrix::from_row_slice(2, 2, &[1.0, 0.3, 0.3, 1.0]));
        assert_eq!(turned.column(0).as_slice(), [0.8, 0.7, 0.6]);
        assert_eq!(phi[(0, 1)], -0.3);
    }

    #[test]
    fn no_factor_and_too_many_are_refused() {
        let (_, r) = model();
        assert!(extract(&r, 0, Extraction::MinRes).is_err());
        assert!(extract(&r, 6, Extraction::MinRes).is_err());
        let mut same = r.clone();
        for i in 0..6 {
            let value = same[(0, i)];
            (same[(1, i)], same[(i, 1)]) = (value, value);
        }
        same[(1, 1)] = 1.0;
        (same[(0, 1)], same[(1, 0)]) = (1.0, 1.0);
        assert!(matches!(
            extract(&same, 1, Extraction::MaximumLikelihood),
            Err(EstimationError::NotPositiveDefinite { .. })
        ));
    }
}
