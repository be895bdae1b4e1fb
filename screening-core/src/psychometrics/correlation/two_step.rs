//! The likelihood of one pair of ordered items, given the thresholds.

use super::bivariate::Arc;
use crate::stats::{normal_cdf, normal_quantile};

/// Estimates stay this far from -1 and 1; a likelihood that still rises there has no maximum inside.
const END: f64 = 1.0 - 1e-6;

/// Thresholds between the categories of one item: `Phi^-1` of the cumulated shares.
pub(crate) fn thresholds(counts: &[f64]) -> Vec<f64> {
    let n: f64 = counts.iter().sum();
    let mut below = 0.0;
    let inner = counts.iter().take(counts.len().saturating_sub(1));
    inner
        .map(|count| {
            below += count;
            normal_quantile(below / n).unwrap_or(if below <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY })
        })
        .collect()
}

/// The thresholds of a pair and what they give at a correlation of nought.
pub(crate) struct Grid<'a> {
    a: &'a [f64],
    b: &'a [f64],
    below_a: Vec<f64>,
    below_b: Vec<f64>,
}

/// Cells at one correlation, row by row: probability, its derivative by the correlation, and the second one.
pub(crate) struct Cells {
    pub(crate) p: Vec<f64>,
    pub(crate) slope: Vec<f64>,
    curvature: Vec<f64>,
}

/// The likelihood rises to this end.
pub(crate) struct Rises(pub(crate) f64);

impl<'a> Grid<'a> {
    pub(crate) fn new(a: &'a [f64], b: &'a [f64]) -> Self {
        let below = |thresholds: &[f64]| thresholds.iter().map(|t| normal_cdf(*t)).collect();
        Self { a, b, below_a: below(a), below_b: below(b) }
    }

    fn columns(&self) -> usize {
        self.b.len() + 1
    }

    /// Differences over both sides of a figure at the corners of the cells; `side` gives it beyond the last threshold.
    fn cells(
        &self,
        corner: impl Fn(usize, usize) -> f64,
        edge: impl Fn(Option<usize>, Option<usize>) -> f64,
    ) -> Vec<f64> {
        let (rows, columns) = (self.a.len() + 1, self.columns());
        let mut before = vec![0.0; columns];
        let mut cells = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            let mut left = 0.0;
            let mut left_before = 0.0;
            for (column, slot) in before.iter_mut().enumerate() {
                let here = match (row < self.a.len(), column < self.b.len()) {
                    (true, true) => corner(row, column),
                    (true, false) => edge(Some(row), None),
                    (false, true) => edge(None, Some(column)),
                    (false, false) => edge(None, None),
                };
                cells.push(here - left - *slot + left_before);
                left_before = *slot;
                left = here;
                *slot = here;
            }
        }
        cells
    }

    pub(crate) fn at(&self, rho: f64) -> Cells {
        let arc = Arc::new(rho);
        let p = self.cells(
            |i, j| self.below_a[i] * self.below_b[j] + arc.excess(self.a[i], self.b[j]),
            |i, j| i.map_or(1.0, |i| self.below_a[i]) * j.map_or(1.0, |j| self.below_b[j]),
        );
        let densities: Vec<(f64, f64)> =
            self.a.iter().flat_map(|a| self.b.iter().map(|b| arc.density(*a, *b))).collect();
        let width = self.b.len();
        let slope = self.cells(|i, j| densities[i * width + j].0, |_, _| 0.0);
        let curvature = self.cells(
            |i, j| {
                let (density, ratio) = densities[i * width + j];
                density * ratio
            },
            |_, _| 0.0,
        );
        Cells { p, slope, curvature }
    }

    /// Slope and curvature of the log-likelihood of counts by the correlation.
    fn likelihood(&self, counts: &[f64], rho: f64) -> (f64, f64) {
        let cells = self.at(rho);
        let (mut slope, mut curvature) = (0.0, 0.0);
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            // Below this a difference of four corners is only rounding.
            let p = cells.p[at].max(1e-16);
            let ratio = cells.slope[at] / p;
            slope += count * ratio;
            curvature += count * (cells.curvature[at] / p - ratio * ratio);
        }
        (slope, curvature)
    }

    /// The correlation of the largest likelihood, by Newton's method between two ends that hold the maximum, with bisection
    /// where it would leave them.
    pub(crate) fn maximise(&self, counts: &[f64]) -> Result<f64, Rises> {
        let n: f64 = counts.iter().sum();
        let (mut low, mut high) = (-END, END);
        let mut rho = (1.1 * self.start(counts)).clamp(-0.9, 0.9);
        for _ in 0..100 {
            let (slope, curvature) = self.likelihood(counts, rho);
            if slope > 0.0 {
                low = rho;
            } else {
                high = rho;
            }
            let newton = if curvature < 0.0 { rho - slope / curvature } else { f64::NAN };
            let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
            if (next - rho).abs() <= 1e-13 || slope.abs() <= 1e-13 * n || high - low <= 1e-13 {
                // At the end, or on a slope so long that doubles take it for flat ground.
                if END - rho.abs() < 1e-9 || curvature > -1e-6 * n {
                    break;
                }
                return Ok(rho);
            }
            rho = next;
        }
        Err(Rises(rho.signum()))
    }

    /// Pearson's correlation of the positions.
    fn start(&self, counts: &[f64]) -> f64 {
        let columns = self.columns();
        let n: f64 = counts.iter().sum();
        let sum = |of: fn(f64, f64) -> f64| {
            let each = counts.iter().enumerate().map(|(at, n)| n * of((at / columns) as f64, (at % columns) as f64));
            each.sum::<f64>()
        };
        let (x, y) = (sum(|x, _| x), sum(|_, y| y));
        let cross = n * sum(|x, y| x * y) - x * y;
        let own = (n * sum(|x, _| x * x) - x * x) * (n * sum(|_, y| y * y) - y * y);
        if own > 0.0 { cross / own.sqrt() } else { 0.0 }
    }

    /// Derivatives of the log-probability of every cell by the thresholds of the first item (or of the second, with the
    /// sides exchanged): `by_first[cell][threshold]`.
    pub(crate) fn by_thresholds(&self, rho: f64, cells: &Cells) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let (rows, columns) = (self.a.len() + 1, self.columns());
        let scale = (1.0 - rho * rho).sqrt();
        let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
        // Share of the other item's category at the very threshold.
        let shares = |t: f64, others: &[f64]| -> Vec<f64> {
            let mut before = 0.0;
            let mut shares: Vec<f64> = others
                .iter()
                .map(|other| {
                    let below = normal_cdf((other - rho * t) / scale);
                    let share = below - before;
                    before = below;
                    share
                })
                .collect();
            shares.push(1.0 - before);
            shares.iter().map(|share| share * density(t)).collect()
        };
        let of_a: Vec<Vec<f64>> = self.a.iter().map(|t| shares(*t, self.b)).collect();
        let of_b: Vec<Vec<f64>> = self.b.iter().map(|t| shares(*t, self.a)).collect();
        let mut by_a = vec![vec![0.0; self.a.len()]; rows * columns];
        let mut by_b = vec![vec![0.0; self.b.len()]; rows * columns];
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                let p = cells.p[at].max(1e-16);
                if row < self.a.len() {
                    by_a[at][row] += of_a[row][column] / p;
                }
                if row > 0 {
                    by_a[at][row - 1] -= of_a[row - 1][column] / p;
                }
                if column < self.b.len() {
                    by_b[at][column] += of_b[column][row] / p;
                }
                if column > 0 {
                    by_b[at][column - 1] -= of_b[column - 1][row] / p;
                }
            }
        }
        (by_a, by_b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_add_up_and_thresholds_move_them() {
        let (a, b) = (thresholds(&[20.0, 30.0, 50.0]), thresholds(&[10.0, 40.0, 30.0, 20.0]));
        let grid = Grid::new(&a, &b);
        let cells = grid.at(0.6);
        assert!((cells.p.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!(cells.slope.iter().sum::<f64>().abs() < 1e-15);
        let row: f64 = cells.p[..4].iter().sum();
        assert!((row - 0.2).abs() < 1e-15);
        let (by_a, by_b) = grid.by_thresholds(0.6, &cells);
        let step = 1e-6;
        for at in 0..a.len() {
            let (mut up, mut down) = (a.clone(), a.clone());
            up[at] += step;
            down[at] -= step;
            let (up, down) = (Grid::new(&up, &b).at(0.6), Grid::new(&down, &b).at(0.6));
            for (cell, by) in by_a.iter().enumerate() {
                let slope = (up.p[cell].ln() - down.p[cell].ln()) / (2.0 * step);
                assert!((slope - by[at]).abs() < 1e-7 * (1.0 + slope.abs()), "{cell} {at}");
            }
        }
        for at in 0..b.len() {
            let (mut up, mut down) = (b.clone(), b.clone());
            up[at] += step;
            down[at] -= step;
            let (up, down) = (Grid::new(&a, &up).at(0.6), Grid::new(&a, &down).at(0.6));
            for (cell, by) in by_b.iter().enumerate() {
                let slope = (up.p[cell].ln() - down.p[cell].ln()) / (2.0 * step);
                assert!((slope - by[at]).abs() < 1e-7 * (1.0 + slope.abs()), "{cell} {at}");
            }
        }
    }

    #[test]
    fn counts_made_from_a_correlation_give_it_back() {
        let (a, b) = (vec![-0.8, 0.3, 1.1], vec![-1.5, 0.0]);
        let grid = Grid::new(&a, &b);
        for rho in [-0.97, -0.5, 0.0, 0.31, 0.8, 0.995] {
            let counts: Vec<f64> = grid.at(rho).p.iter().map(|p| 1e6 * p).collect();
            let found = grid.maximise(&counts).ok().unwrap();
            assert!((found - rho).abs() < 1e-9, "{rho}: {found}");
        }
    }
}
