//! Proportions: exact intervals, and quantiles of the beta distribution.

use statrs::function::beta::{beta_reg, ln_beta};

/// Distribution function of the beta distribution; 0 and 1 outside its support.
///
/// ```
/// use screening_core::stats::beta_cdf;
/// assert!((beta_cdf(0.5, 2.0, 2.0) - 0.5).abs() < 1e-12);
/// ```
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x.is_nan() {
        0.0
    } else if x >= 1.0 {
        1.0
    } else if a > 0.0 && b > 0.0 {
        beta_reg(a, b, x)
    } else {
        f64::NAN
    }
}

/// Quantile of the beta distribution, by bisection refined with Newton steps; NaN for parameters that are not positive.
///
/// ```
/// use screening_core::stats::beta_quantile;
/// assert!((beta_quantile(0.975, 1.0, 12.0) - 0.264_648_469_397_071_1).abs() < 1e-10);
/// ```
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a <= 0.0 || b <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return p;
    }
    let constant = ln_beta(a, b);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..200 {
        let miss = beta_cdf(x, a, b) - p;
        if miss > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = ((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - constant).exp();
        let newton = x - miss / density;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if (next - x).abs() <= 1e-15 * x.max(1e-300) || high - low <= f64::EPSILON * high {
            return next;
        }
        x = next;
    }
    x
}

/// The exact interval of Clopper and Pearson (1934, Biometrika 26:404) of `successes` among `n` at a two-sided level.
///
/// ```
/// let (low, high) = screening_core::stats::clopper_pearson(0, 12, 0.95);
/// assert!(low == 0.0 && (high - 0.264_648_469_397_071_1).abs() < 1e-10);
/// ```
pub fn clopper_pearson(successes: u64, n: u64, level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let (x, n) = (successes.min(n) as f64, n as f64);
    let low = if x == 0.0 { 0.0 } else { beta_quantile(tail, x, n - x + 1.0) };
    let high = if x == n { 1.0 } else { beta_quantile(1.0 - tail, x + 1.0, n - x) };
    (low, high)
}

/// Distribution function of the binomial distribution at a whole number of successes.
///
/// ```
/// assert!((screening_core::stats::binomial_cdf(1, 3, 0.5) - 0.5).abs() < 1e-12);
/// ```
pub fn binomial_cdf(successes: i64, n: u64, p: f64) -> f64 {
    if successes < 0 {
        0.0
    } else if successes as u64 >= n {
        1.0
    } else {
        // P(X <= r) = I_{1-p}(n - r, r + 1)
        beta_cdf(1.0 - p, n as f64 - successes as f64, successes as f64 + 1.0)
    }
}
