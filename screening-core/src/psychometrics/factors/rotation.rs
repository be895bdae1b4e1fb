//! Rotations of a loading matrix.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::super::EstimationError;

/// Which rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// As extracted.
    None,
    /// Orthogonal (Kaiser 1958), rows normalised by their communalities.
    Varimax,
    /// Oblique: varimax, then towards its fourth powers (Hendrickson and White 1964).
    Promax,
    /// Oblique: direct quartimin (oblimin with gamma 0; Jennrich and Sampson 1966), rows as they are.
    #[default]
    Oblimin,
}

impl Rotation {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Varimax => "varimax",
            Self::Promax => "promax",
            Self::Oblimin => "oblimin",
        }
    }

    /// Whether factors may correlate.
    pub fn is_oblique(self) -> bool {
        matches!(self, Self::Promax | Self::Oblimin)
    }
}

/// Loadings after rotation, with the correlations of the factors (an identity when orthogonal).
#[derive(Debug, Clone, PartialEq)]
pub struct Rotated {
    /// Pattern loadings.
    pub loadings: DMatrix<f64>,
    /// Correlations of the factors.
    pub phi: DMatrix<f64>,
}

/// Rotates loadings, from the identity as the one start. Columns keep their order and sign.
///
/// # Errors
/// Loadings that are not numbers, a rotation that does not converge, factors that become the same one.
///
/// ```
/// use nalgebra::dmatrix;
/// use screening_core::psychometrics::{Rotation, rotate};
///
/// let loadings = dmatrix![0.7, 0.5; 0.6, 0.4; 0.6, -0.5; 0.5, -0.6];
/// let rotated = rotate(&loadings, Rotation::Varimax)?.loadings;
/// assert!(rotated.iter().filter(|value| value.abs() < 0.2).count() == 4);
/// assert!((rotated.row(0).norm_squared() - 0.74).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn rotate(loadings: &DMatrix<f64>, rotation: Rotation) -> Result<Rotated, EstimationError> {
    if loadings.iter().any(|value| !value.is_finite()) {
        return Err(EstimationError::Shape {
            what: "loadings",
            expected: "numbers".to_owned(),
            found: "an entry that is none".to_owned(),
        });
    }
    let m = loadings.ncols();
    if m < 2 || rotation == Rotation::None {
        return Ok(Rotated { loadings: loadings.clone(), phi: DMatrix::identity(m, m) });
    }
    match rotation {
        Rotation::Varimax => {
            let turned = varimax(loadings)?;
            Ok(Rotated { loadings: loadings * turned, phi: DMatrix::identity(m, m) })
        }
        Rotation::Promax => promax(loadings),
        _ => quartimin(loadings),
    }
}

/// A start beside the identity. Symmetric loadings can make the identity a point where a criterion is flat though it is
/// the worst, and a descent that starts there would stay.
fn beside(m: usize) -> DMatrix<f64> {
    let mut turn = DMatrix::identity(m, m);
    for at in 1..m {
        let (sin, cos) = (0.3 + 0.05 * at as f64).sin_cos();
        let mut step = DMatrix::identity(m, m);
        (step[(at - 1, at - 1)], step[(at, at)]) = (cos, cos);
        (step[(at - 1, at)], step[(at, at - 1)]) = (-sin, sin);
        turn *= step;
    }
    turn
}

/// Slopes of the varimax criterion by the loadings: `z^3 - z mean(z^2)`, column by column.
fn pull_of(z: &DMatrix<f64>) -> DMatrix<f64> {
    let means: Vec<f64> = z.column_iter().map(|column| column.norm_squared() / z.nrows() as f64).collect();
    DMatrix::from_fn(z.nrows(), z.ncols(), |i, j| z[(i, j)] * (z[(i, j)].powi(2) - means[j]))
}

/// The orthogonal matrix of Kaiser's varimax, from the identity, or beside it when the criterion is flat there.
fn varimax(loadings: &DMatrix<f64>) -> Result<DMatrix<f64>, EstimationError> {
    let m = loadings.ncols();
    let from_identity = varimax_from(loadings, DMatrix::identity(m, m))?;
    let lengths: Vec<f64> = loadings.row_iter().map(|row| row.norm()).collect();
    let rows = DMatrix::from_fn(loadings.nrows(), m, |i, j| loadings[(i, j)] / lengths[i]);
    let pull = rows.tr_mul(&pull_of(&rows));
    // The criterion is flat where this is symmetric.
    if (&pull - pull.transpose()).amax() > 1e-9 {
        return Ok(from_identity);
    }
    // Loadings that are simple already stay as they are.
    let other = varimax_from(loadings, beside(m))?;
    let spread = |turn: &DMatrix<f64>| -> f64 {
        let turned = &rows * turn;
        let column = |j: usize| {
            let squares = (0..lengths.len()).map(|i| turned[(i, j)].powi(2));
            squares.clone().map(|square| square * square).sum::<f64>()
                - squares.sum::<f64>().powi(2) / lengths.len() as f64
        };
        (0..m).map(column).sum()
    };
    Ok(if spread(&other) > spread(&from_identity) + 1e-6 { other } else { from_identity })
}

/// By the iterated singular value decomposition that R uses.
fn varimax_from(loadings: &DMatrix<f64>, mut turn: DMatrix<f64>) -> Result<DMatrix<f64>, EstimationError> {
    let (p, m) = loadings.shape();
    let lengths = DVector::from_iterator(p, loadings.row_iter().map(|row| row.norm()));
    if lengths.iter().any(|length| *length <= 0.0) {
        return Err(EstimationError::option(
            "loadings",
            "a row of noughts",
            "an item without loadings cannot be normalised",
        ));
    }
    let rows = DMatrix::from_fn(p, m, |i, j| loadings[(i, j)] / lengths[i]);
    let mut before = 0.0;
    for _ in 0..10_000 {
        let z = &rows * &turn;
        let svd = rows.tr_mul(&pull_of(&z)).svd(true, true);
        let (Some(u), Some(v)) = (svd.u, svd.v_t) else { break };
        turn = u * v;
        let sum = svd.singular_values.sum();
        if sum <= before * (1.0 + 1e-14) {
            return Ok(turn);
        }
        before = sum;
    }
    Err(EstimationError::NoConvergence { method: "varimax", iterations: 10_000, gradient: f64::NAN })
}

fn promax(loadings: &DMatrix<f64>) -> Result<Rotated, EstimationError> {
    let singular = || EstimationError::NotPositiveDefinite { what: "the promax target", smallest: 0.0 };
    let turn = varimax(loadings)?;
    let start = loadings * &turn;
    let target = start.map(|value| value * value.abs().powi(3));
    let gram = start.tr_mul(&start).cholesky().ok_or_else(singular)?;
    let fitted = gram.solve(&start.tr_mul(&target));
    let scale = fitted.tr_mul(&fitted).try_inverse().ok_or_else(singular)?.diagonal().map(f64::sqrt);
    let oblique = turn * (&fitted * DMatrix::from_diagonal(&scale));
    let phi = oblique.tr_mul(&oblique).try_inverse().ok_or_else(singular)?;
    Ok(Rotated { loadings: loadings * oblique, phi })
}

/// The gradient by the columns of T, less what would only change their length.
fn slope(turn: &DMatrix<f64>, inverse: &DMatrix<f64>, l: &DMatrix<f64>, gradient: &DMatrix<f64>) -> DMatrix<f64> {
    let g = -(l.tr_mul(gradient) * inverse).transpose();
    let along = turn.component_mul(&g).row_sum();
    g - turn * DMatrix::from_diagonal(&along.transpose())
}

/// Gradient projection of Jennrich (2002, Psychometrika 67:7) for oblique rotation: `L = A T'^-1`, columns of T of length 1.
fn quartimin(loadings: &DMatrix<f64>) -> Result<Rotated, EstimationError> {
    let m = loadings.ncols();
    let same = || EstimationError::NotPositiveDefinite { what: "the factor correlations", smallest: 0.0 };
    // The criterion sum_(r<s) sum_i l_ir^2 l_is^2 / 2 and its gradient.
    let criterion = |l: &DMatrix<f64>| {
        let squares = l.map(|value| value * value);
        let mut others = squares.clone();
        for (i, row) in squares.row_iter().enumerate() {
            let sum = row.sum();
            others.row_mut(i).iter_mut().for_each(|value| *value = sum - *value);
        }
        (squares.component_mul(&others).sum() / 4.0, l.component_mul(&others))
    };
    let mut turn: DMatrix<f64> = DMatrix::identity(m, m);
    let mut inverse = turn.clone();
    let mut l = loadings.clone();
    let (mut value, mut gradient) = criterion(&l);
    if value > 1e-12 && slope(&turn, &inverse, &l, &gradient).norm() < 1e-7 {
        turn = beside(m);
        inverse = turn.transpose();
        l = loadings * &turn;
        (value, gradient) = criterion(&l);
    }
    let mut step = 1.0;
    let mut size = f64::NAN;
    for _ in 0..5_000 {
        let projected = slope(&turn, &inverse, &l, &gradient);
        size = projected.norm();
        if size < 1e-8 {
            return Ok(Rotated { phi: turn.tr_mul(&turn), loadings: l });
        }
        step *= 2.0;
        let mut moved = false;
        for _ in 0..40 {
            let mut next = &turn - &projected * step;
            next.column_iter_mut().for_each(|mut column| {
                let length = column.norm();
                column /= length;
            });
            let next_inverse = next.clone().try_inverse().ok_or_else(same)?;
            let next_l = loadings * next_inverse.transpose();
            let (next_value, next_gradient) = criterion(&next_l);
            if value - next_value > 0.5 * size * size * step || (step < 1e-6 && next_value <= value) {
                moved = next_value < value;
                (turn, inverse, l, value, gradient) = (next, next_inverse, next_l, next_value, next_gradient);
                break;
            }
            step /= 2.0;
        }
        if !moved {
            break;
        }
    }
    if size < 1e-6 {
        return Ok(Rotated { phi: turn.tr_mul(&turn), loadings: l });
    }
    Err(EstimationError::NoConvergence { method: "oblimin", iterations: 5_000, gradient: size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_like() -> DMatrix<f64> {
        let pattern = [[0.8, 0.0], [0.7, 0.1], [0.6, 0.0], [0.0, 0.7], [0.1, 0.8], [0.0, 0.6]];
        let turn = (0.5_f64.cos(), 0.5_f64.sin());
        DMatrix::from_fn(6, 2, |i, j| {
            let [a, b] = pattern[i];
            if j == 0 { a * turn.0 - b * turn.1 } else { a * turn.1 + b * turn.0 }
        })
    }

    #[test]
    fn what_the_items_have_in_common_stays() {
        let loadings = box_like();
        let common = &loadings * loadings.transpose();
        for rotation in [Rotation::None, Rotation::Varimax, Rotation::Promax, Rotation::Oblimin] {
            let found = rotate(&loadings, rotation).unwrap();
            let again = &found.loadings * &found.phi * found.loadings.transpose();
            assert!((again - &common).amax() < 1e-10, "{rotation:?}");
            assert!((found.phi.diagonal().add_scalar(-1.0)).amax() < 1e-10);
        }
        // A simple structure is found again.
        let found = rotate(&loadings, Rotation::Oblimin).unwrap().loadings.map(f64::abs);
        let small = found.iter().filter(|value| **value < 0.12).count();
        assert_eq!(small, 6, "{found}");
    }

    #[test]
    fn a_flat_start_is_left() {
        // At the identity both criteria are at their worst, and flat.
        let loadings = DMatrix::from_row_slice(4, 2, &[0.6, 0.6, 0.5, 0.5, 0.6, -0.6, 0.5, -0.5]);
        for rotation in [Rotation::Varimax, Rotation::Oblimin] {
            let found = rotate(&loadings, rotation).unwrap().loadings;
            assert_eq!(found.iter().filter(|value| value.abs() < 1e-4).count(), 4, "{rotation:?} {found}");
        }
    }

    #[test]
    fn rows_of_noughts_and_no_numbers_are_refused() {
        let mut loadings = box_like();
        loadings[(0, 0)] = f64::NAN;
        assert!(rotate(&loadings, Rotation::Oblimin).is_err());
        let mut loadings = box_like();
        loadings.row_mut(2).fill(0.0);
        assert!(rotate(&loadings, Rotation::Varimax).is_err());
    }
}
