//! Correlations of the items, with errors of estimation that hold for pupils of the same school too.

use std::ops::Range;

use crate::validity::{Answers, PairMoments};

/// Parts of the sheets, each left out once. They are stretches of rows, so pupils of one class mostly fall into one part, and
/// that they resemble one another widens the error as it should.
const PARTS: usize = 20;

/// Correlations of the choice items, in the order of the form.
pub(super) struct Correlations {
    k: usize,
    r: Vec<f64>,
}

impl Correlations {
    fn of(moments: &PairMoments) -> Self {
        let k = moments.items().len();
        let mut r = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..i {
                // Where one of them does not vary, nothing is shared.
                let value = moments.correlation(i, j);
                let value = if value.is_finite() { value } else { 0.0 };
                for at in [i * k + j, j * k + i] {
                    if let Some(cell) = r.get_mut(at) {
                        *cell = value;
                    }
                }
            }
        }
        Self { k, r }
    }

    /// Correlation of two items; 0 beyond the form.
    pub(super) fn r(&self, i: usize, j: usize) -> f64 {
        if i >= self.k || j >= self.k {
            return 0.0;
        }
        self.r.get(i * self.k + j).copied().unwrap_or(0.0)
    }

    /// Correlation of a part of a scale with another part, each the sum of standardised answers in their directions:
    /// `sum r_ij / sqrt(sum r_ii' sum r_jj')`. None where one of the sums does not vary.
    pub(super) fn between(&self, one: &[(usize, f64)], other: &[(usize, f64)]) -> Option<f64> {
        let sum = |a: &[(usize, f64)], b: &[(usize, f64)]| -> f64 {
            a.iter()
                .map(|(i, s)| b.iter().map(|(j, t)| s * t * if i == j { 1.0 } else { self.r(*i, *j) }).sum::<f64>())
                .sum()
        };
        let (a, b) = (sum(one, one), sum(other, other));
        (a > 0.0 && b > 0.0).then(|| (sum(one, other) / (a * b).sqrt()).clamp(-1.0, 1.0))
    }

    /// Mean correlation of the items of a scale in their directions.
    pub(super) fn mean(&self, items: &[(usize, f64)]) -> f64 {
        let mut sum = 0.0;
        for (nth, (i, s)) in items.iter().enumerate() {
            sum += items.iter().take(nth).map(|(j, t)| s * t * self.r(*i, *j)).sum::<f64>();
        }
        let pairs = items.len() * items.len().saturating_sub(1) / 2;
        if pairs == 0 { 0.0 } else { sum / pairs as f64 }
    }
}

/// A value with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) error: f64,
}

impl Estimate {
    /// How many standard errors the value lies above 0.
    pub(super) fn steps(self) -> f64 {
        if self.error > 0.0 { self.value / self.error } else { 0.0 }
    }
}

/// The correlations of all sheets, and of all but one part of them.
pub(super) struct Structure {
    pub(super) whole: Correlations,
    pub(super) moments: PairMoments,
    parts: Vec<(Correlations, PairMoments)>,
    /// Sheets that answered an item, by item.
    pub(super) answered: Vec<usize>,
    /// Whether an item varies.
    pub(super) varies: Vec<bool>,
}

impl Structure {
    /// From the answers to some items; none with too few sheets.
    pub(super) fn of(answers: &Answers, items: &[usize]) -> Option<Self> {
        let rows = answers.rows();
        if rows < PARTS {
            return None;
        }
        let ranges: Vec<Range<usize>> = (0..PARTS).map(|part| rows * part / PARTS..rows * (part + 1) / PARTS).collect();
        let sums = PairMoments::of_ranges(answers, items, &ranges);
        let moments = PairMoments::together(&sums)?;
        let parts = sums.iter().map(|part| {
            let rest = moments.without(part);
            (Correlations::of(&rest), rest)
        });
        let parts = parts.collect();
        let answered = (0..items.len()).map(|at| moments.n(at, at) as usize).collect();
        let varies = (0..items.len()).map(|at| moments.variance(at) > 0.0).collect();
        Some(Self { whole: Correlations::of(&moments), moments, parts, answered, varies })
    }

    /// A figure of the correlations with its error by the jackknife: each part left out once,
    /// `error^2 = (g - 1)/g sum (f_(-i) - mean)^2` (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 11).
    pub(super) fn estimate(&self, figure: impl Fn(&Correlations, &PairMoments) -> f64) -> Estimate {
        let without: Vec<f64> = self.parts.iter().map(|(r, moments)| figure(r, moments)).collect();
        let g = without.len() as f64;
        let mean = without.iter().sum::<f64>() / g;
        let squares: f64 = without.iter().map(|value| (value - mean).powi(2)).sum();
        Estimate { value: figure(&self.whole, &self.moments), error: ((g - 1.0) / g * squares).sqrt() }
    }
}

/// The bound of a correlation `z` standard errors above it, by Fisher's transformation: `tanh(atanh r + z / sqrt(n - 3))`
/// (Fisher 1921, Metron 1:3).
pub(super) fn upper(r: f64, n: usize, z: f64) -> f64 {
    if n <= 3 {
        return 1.0;
    }
    let bounded = r.clamp(-0.999_999, 0.999_999);
    (bounded.atanh() + z / ((n - 3) as f64).sqrt()).tanh()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    #[test]
    fn the_bound_is_that_of_fisher() {
        // r = .5, n = 103: atanh .5 = .549306, + 1.96 / 10.
        assert!((upper(0.5, 103, 1.96) - 0.632_342).abs() < 1e-4);
        assert_eq!(upper(0.5, 3, 1.96), 1.0);
    }

    #[test]
    fn leaving_parts_out_gives_the_error_of_a_mean_correlation() {
        let mut state = 7_u64;
        let mut bit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i8::from(state >> 40 & 1 == 1)
        };
        let columns: Vec<Vec<i8>> = (0..2).map(|_| (0..4000).map(|_| bit()).collect()).collect();
        let items = vec![AnswerItem::new("1", &[0, 1]), AnswerItem::new("2", &[0, 1])];
        let answers = Answers::from_codes(items, columns).unwrap();
        let structure = Structure::of(&answers, &[0, 1]).unwrap();
        let found = structure.estimate(|r, _| r.r(0, 1));
        // Independent items: the error of r is 1/sqrt(n) = .0158, told with 19 degrees of freedom.
        assert!((0.008..0.03).contains(&found.error), "{found:?}");
        assert!(found.value.abs() < 4.0 * 0.0158);
    }
}
