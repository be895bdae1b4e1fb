//! Rotations of a loading matrix.

use nalgebra::DMatrix;
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

/// The orthogonal matrix of Kaiser's varimax.
fn varimax(loadings: &DMatrix<f64>) -> Result<DMatrix<f64>, EstimationError> {
    let lengths: Vec<f64> = loadings.row_iter().map(|row| row.norm()).collect();
    if lengths.iter().any(|length| *length <= 0.0) {
        let expected = "an item without loadings cannot be normalised";
        return Err(EstimationError::option("loadings", "a row of noughts", expected));
    }
    let rows = DMatrix::from_fn(loadings.nrows(), loadings.ncols(), |i, j| loadings[(i, j)] / lengths[i]);
    let pull = rows.tr_mul(&pull_of(&rows));
    // Where this is symmetric the criterion is flat, and the iteration below would go nowhere.
    let flat = (&pull - pull.transpose()).amax() < 1e-9;
    let found = if flat { None } else { by_decomposition(&rows) };
    found.map_or_else(|| by_planes(&rows), Ok)
}

/// By the iterated singular value decomposition that R uses; none when it goes to and fro.
fn by_decomposition(rows: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let mut turn = DMatrix::identity(rows.ncols(), rows.ncols());
    for _ in 0..5_000 {
        let svd = rows.tr_mul(&pull_of(&(rows * &turn))).svd(true, true);
        let next = svd.u? * svd.v_t?;
        let change = (&next - &turn).amax();
        turn = next;
        if change < 1e-12 {
            return Some(turn);
        }
    }
    None
}

/// By Kaiser's turns in the plane of two factors after another, each to the maximum in its plane.
fn by_planes(rows: &DMatrix<f64>) -> Result<DMatrix<f64>, EstimationError> {
    const SWEEPS: usize = 1_000;
    let (p, m) = (rows.nrows() as f64, rows.ncols());
    let mut turn = DMatrix::identity(m, m);
    let mut largest = f64::NAN;
    for _ in 0..SWEEPS {
        largest = 0.0;
        for j in 0..m {
            for k in j + 1..m {
                let z = rows * &turn;
                let mut sums = [0.0; 4];
                for (x, y) in z.column(j).iter().zip(z.column(k).iter()) {
                    let (u, v) = (x * x - y * y, 2.0 * x * y);
                    sums.iter_mut().zip([u, v, u * u - v * v, 2.0 * u * v]).for_each(|(sum, add)| *sum += add);
                }
                let [a, b, c, d] = sums;
                let (above, below) = (d - 2.0 * a * b / p, c - (a * a - b * b) / p);
                // A plane without any preference stays.
                let angle = if above.hypot(below) < 1e-14 { 0.0 } else { above.atan2(below) / 4.0 };
                largest = f64::max(largest, angle.abs());
                let (sin, cos) = angle.sin_cos();
                let (first, second) =
                    (turn.column(j) * cos + turn.column(k) * sin, turn.column(k) * cos - turn.column(j) * sin);
                turn.set_column(j, &first);
                turn.set_column(k, &second);
            }
        }
        if largest < 1e-10 {
            return Ok(turn);
        }
    }
    Err(EstimationError::NoConvergence { method: "varimax", iterations: SWEEPS, gradient: largest })
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
