//! Shrunken shares: a beta distribution of schools, estimated from all of them.

use serde::Serialize;
use statrs::function::gamma::{digamma, ln_gamma};

use crate::stats::beta_quantile;

use super::SchoolCount;

/// A beta distribution of the true shares of schools, fitted by maximum likelihood (empirical Bayes).
///
/// The count of a school of `n` pupils is then beta-binomial, and its true share given `y` cases is again beta, with mean
/// `(y + alpha) / (n + alpha + beta)`: the school's own share with the weight `n / (n + alpha + beta)`, the district's with the
/// rest. Griffin & Krutchkoff 1971, Biometrika 58:597; Casella 1985, Am Stat 39:83.
///
/// ```
/// use screening_core::schools::{BetaBinomial, SchoolCount};
/// let school = |school: &str, pupils, cases| SchoolCount { school: school.into(), pupils, cases };
/// let schools = [school("A", 400, 20), school("B", 30, 6), school("C", 800, 120), school("D", 500, 25), school("E", 300, 45)];
/// let prior = BetaBinomial::fit(&schools).expect("schools that differ");
/// let small = prior.estimate(&schools[1]);
/// assert!(small < 0.2 && small > prior.mean());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BetaBinomial {
    /// First parameter.
    pub alpha: f64,
    /// Second parameter.
    pub beta: f64,
    /// Log likelihood, without the binomial coefficients.
    pub log_likelihood: f64,
}

/// Precision beyond which schools differ no more than chance makes them.
const LARGEST: f64 = 1e7;

impl BetaBinomial {
    /// Fits the distribution; none with fewer than three schools with pupils, without a case or without anybody else, or
    /// where schools differ no more than by chance (then every school's best estimate is the district's share).
    pub fn fit(schools: &[SchoolCount]) -> Option<Self> {
        let data: Vec<(f64, f64)> = schools
            .iter()
            .filter(|school| school.pupils > 0)
            .map(|school| (school.cases as f64, school.pupils as f64))
            .collect();
        let (cases, pupils) = data.iter().fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        if data.len() < 3 || cases == 0.0 || cases >= pupils {
            return None;
        }
        // The likelihood is searched over the precision m = alpha + beta; the mean that fits best is found for each.
        let profile = |log_m: f64| {
            let m = log_m.exp();
            let mean = best_mean(&data, m, cases / pupils);
            (log_likelihood(&data, mean * m, (1.0 - mean) * m), mean)
        };
        let grid: Vec<f64> = (0..=80).map(|step| -2.0 + f64::from(step) * (LARGEST.ln() + 2.0) / 80.0).collect();
        let best = grid.iter().enumerate().max_by(|a, b| profile(*a.1).0.total_cmp(&profile(*b.1).0))?.0;
        let low = grid.get(best.saturating_sub(1)).copied()?;
        let high = grid.get((best + 1).min(grid.len() - 1)).copied()?;
        let log_m = golden(low, high, &|log_m| profile(log_m).0);
        let m = log_m.exp();
        if m > LARGEST / 10.0 {
            return None;
        }
        let (log_likelihood, mean) = profile(log_m);
        Some(Self { alpha: mean * m, beta: (1.0 - mean) * m, log_likelihood })
    }

    /// Mean of the true shares.
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// Shrunken share of a school.
    pub fn estimate(&self, school: &SchoolCount) -> f64 {
        (school.cases as f64 + self.alpha) / (school.pupils as f64 + self.alpha + self.beta)
    }

    /// Weight of the school's own share in [`Self::estimate`].
    pub fn weight(&self, school: &SchoolCount) -> f64 {
        school.pupils as f64 / (school.pupils as f64 + self.alpha + self.beta)
    }

    /// Interval of the true share at a level, both tails alike. The fitted distribution is taken as given, so the interval is
    /// somewhat too narrow with few schools.
    pub fn interval(&self, school: &SchoolCount, level: f64) -> (f64, f64) {
        let tail = (1.0 - level) / 2.0;
        let a = school.cases as f64 + self.alpha;
        let b = (school.pupils - school.cases) as f64 + self.beta;
        (beta_quantile(tail, a, b), beta_quantile(1.0 - tail, a, b))
    }
}

fn log_likelihood(data: &[(f64, f64)], a: f64, b: f64) -> f64 {
    let of = |(y, n): &(f64, f64)| {
        let rise = |from: f64, by: f64| if by == 0.0 { 0.0 } else { ln_gamma(from + by) - ln_gamma(from) };
        rise(a, *y) + rise(b, n - y) - rise(a + b, *n)
    };
    data.iter().map(of).sum()
}

/// The mean that fits best at this precision: the likelihood is concave in it, so its slope is bisected.
fn best_mean(data: &[(f64, f64)], m: f64, start: f64) -> f64 {
    let slope = |mean: f64| {
        let (a, b) = (mean * m, (1.0 - mean) * m);
        let of = |(y, n): &(f64, f64)| digamma(y + a) - digamma(a) - digamma(n - y + b) + digamma(b);
        data.iter().map(of).sum::<f64>()
    };
    let (mut low, mut high) = (start / 50.0, 1.0 - (1.0 - start) / 50.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Golden-section search for a maximum.
fn golden(mut low: f64, mut high: f64, value: &dyn Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..60 {
        if at_left < at_right {
            low = left;
            (left, at_left) = (right, at_right);
            right = low + ratio * (high - low);
            at_right = value(right);
        } else {
            high = right;
            (right, at_right) = (left, at_left);
            left = high - ratio * (high - low);
            at_left = value(left);
        }
    }
    f64::midpoint(low, high)
}
