//! Proportions: exact intervals, shares of whole clusters, and quantiles of the beta distribution and those that follow from it.

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

/// Quantile of Fisher's F, through the beta distribution; none outside its domain and where it has no end.
pub(crate) fn f_quantile(p: f64, df1: f64, df2: f64) -> Option<f64> {
    let x = beta_quantile(p, df1 / 2.0, df2 / 2.0);
    (x < 1.0).then(|| df2 * x / (df1 * (1.0 - x)))
}

/// Quantile of Student's t. statrs' own stops at a few digits.
pub(crate) fn t_quantile(p: f64, df: f64) -> Option<f64> {
    let size = f_quantile((2.0 * p - 1.0).abs(), 1.0, df)?.sqrt();
    Some(if p < 0.5 { -size } else { size })
}

/// Variance of a mean (or a share) of `n` persons from whole clusters drawn with replacement, linearised:
/// `k/(k-1) sum_j d_j^2 / n^2`, where `d_j` is what the sum of cluster j exceeds its number times the mean by. As
/// `survey::svymean`; Cochran 1977, *Sampling Techniques*, ch. 9A.
pub(crate) fn cluster_variance(n: f64, excess: impl ExactSizeIterator<Item = f64>) -> f64 {
    let k = excess.len() as f64;
    k / (k - 1.0) * excess.map(|excess| (excess / n).powi(2)).sum::<f64>()
}

/// Interval of a share on the logit scale, `t` standard errors wide to each side; inside 0 to 1.
pub(crate) fn logit_interval(share: f64, error: f64, t: f64) -> (f64, f64) {
    let reach = t * error / (share * (1.0 - share));
    let logit = (share / (1.0 - share)).ln();
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    (back(logit - reach), back(logit + reach))
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
