//! Moments that merge.

use serde::{Deserialize, Serialize};

/// Number, weight, mean and the second to fourth sums of powers about the mean.
///
/// Values are added one by one or in blocks, and two states merge into the state of both (Pebay 2008, Sandia report
/// SAND2008-6212, weighted form). Merging is exact in theory and good to a few units in the last place in doubles; where
/// *the same bits* are needed whatever the order, count the values first ([`crate::norms`] does).
///
/// ```
/// use screening_core::stats::Moments;
/// let all: Moments = [2.0, 4.0, 4.0, 5.0, 10.0].into_iter().collect();
/// let mut left: Moments = [2.0, 4.0].into_iter().collect();
/// left.merge(&[4.0, 5.0, 10.0].into_iter().collect());
/// assert_eq!((all.n(), all.mean(), all.variance()), (5, Some(5.0), Some(9.0)));
/// assert!((left.skew().unwrap() - all.skew().unwrap()).abs() < 1e-14);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    n: u64,
    weight: f64,
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// Adds a value of weight 1.
    pub fn push(&mut self, value: f64) {
        self.push_block(value, 1, 1.0);
    }

    /// Adds a value with its weight; a weight that is not above 0 adds nothing.
    pub fn push_weighted(&mut self, value: f64, weight: f64) {
        self.push_block(value, 1, weight);
    }

    /// Adds `n` equal values with `weight` together.
    pub fn push_block(&mut self, value: f64, n: u64, weight: f64) {
        if n > 0 && weight > 0.0 {
            self.merge(&Self { n, weight, mean: value, m2: 0.0, m3: 0.0, m4: 0.0 });
        }
    }

    /// Takes in another state.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (self.weight, other.weight);
        let total = a + b;
        let delta = other.mean - self.mean;
        let step = delta / total;
        let m4 = self.m4
            + other.m4
            + delta * step * step * step * a * b * (a * a - a * b + b * b)
            + 6.0 * step * step * (a * a * other.m2 + b * b * self.m2)
            + 4.0 * step * (a * other.m3 - b * self.m3);
        let m3 = self.m3 + other.m3 + delta * step * step * a * b * (a - b) + 3.0 * step * (a * other.m2 - b * self.m2);
        self.m2 += other.m2 + delta * step * a * b;
        (self.m3, self.m4) = (m3, m4);
        self.mean += step * b;
        self.n += other.n;
        self.weight = total;
    }

    /// Number of values.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Sum of the weights; the number of values when none was given.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Weighted mean; none without a value.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// Variance `n/(n-1) sum w (x - mean)^2 / sum w`: with equal weights the usual one over n - 1, with survey weights that
    /// of Lumley's `survey::svyvar`. None below two values.
    pub fn variance(&self) -> Option<f64> {
        let n = self.n as f64;
        (self.n > 1).then(|| self.m2 / self.weight * (n / (n - 1.0)))
    }

    /// Square root of [`Self::variance`].
    pub fn sd(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// Skew `m3 / s^3` with m3 over n and s over n - 1 (type 3 of `psych::describe`). None when all values are equal.
    pub fn skew(&self) -> Option<f64> {
        let sd = self.sd().filter(|sd| *sd > 0.0)?;
        Some(self.m3 / self.weight / sd.powi(3))
    }

    /// Excess kurtosis `m4 / s^4 - 3`, as [`Self::skew`].
    pub fn kurtosis(&self) -> Option<f64> {
        let sd = self.sd().filter(|sd| *sd > 0.0)?;
        Some(self.m4 / self.weight / sd.powi(4) - 3.0)
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.push(value));
        moments
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Moments;

    fn direct(values: &[(f64, f64)]) -> [f64; 4] {
        let n = values.len() as f64;
        let total: f64 = values.iter().map(|(_, w)| w).sum();
        let mean = values.iter().map(|(x, w)| x * w).sum::<f64>() / total;
        let about = |k: i32| values.iter().map(|(x, w)| w * (x - mean).powi(k)).sum::<f64>() / total;
        let sd = (about(2) * n / (n - 1.0)).sqrt();
        [mean, sd, about(3) / sd.powi(3), about(4) / sd.powi(4) - 3.0]
    }

    proptest! {
        #[test]
        fn merging_parts_gives_the_moments_of_the_whole(
            values in prop::collection::vec((-50.0..100.0_f64, 0.1..9.0_f64), 3..60),
            cut in 0.0..1.0_f64,
        ) {
            let at = (cut * values.len() as f64) as usize;
            let part = |part: &[(f64, f64)]| {
                let mut moments = Moments::default();
                part.iter().for_each(|(x, w)| moments.push_weighted(*x, *w));
                moments
            };
            let mut merged = part(&values[..at]);
            merged.merge(&part(&values[at..]));
            let found = [merged.mean(), merged.sd(), merged.skew(), merged.kurtosis()].map(Option::unwrap);
            for (found, expected) in found.into_iter().zip(direct(&values)) {
                prop_assert!((found - expected).abs() < 1e-8 * (1.0 + expected.abs()), "{found} {expected}");
            }
        }
    }

    #[test]
    fn what_cannot_be_said_is_none() {
        assert_eq!(Moments::default().mean(), None);
        let one: Moments = [3.0].into_iter().collect();
        assert_eq!((one.mean(), one.sd()), (Some(3.0), None));
        let equal: Moments = [3.0, 3.0].into_iter().collect();
        assert_eq!((equal.sd(), equal.skew()), (Some(0.0), None));
    }
}
