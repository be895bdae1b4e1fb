//! Tails and non-central distributions on top of statrs, which panics outside their domains.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, StudentsT};
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// Quantile of the beta distribution; none outside its domain.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> Option<f64> {
    let x = crate::stats::beta_quantile(p, a, b);
    (!x.is_nan()).then_some(x)
}

/// Probability of a larger F.
pub(crate) fn f_upper(f: f64, df1: f64, df2: f64) -> f64 {
    if f.is_nan() {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 1.0;
    }
    if f.is_infinite() {
        return 0.0;
    }
    FisherSnedecor::new(df1, df2).map_or(f64::NAN, |dist| dist.sf(f))
}

/// Two-sided probability of a t as large as this.
pub(crate) fn t_two_sided(t: f64, df: f64) -> f64 {
    if !t.is_finite() {
        return if t.is_nan() { f64::NAN } else { 0.0 };
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |dist| 2.0 * dist.sf(t.abs()))
}

/// Probability of a larger chi-square.
pub(crate) fn chi_square_upper(x: f64, df: f64) -> f64 {
    if df <= 0.0 || !x.is_finite() || !df.is_finite() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    ChiSquared::new(df).map_or(f64::NAN, |dist| dist.sf(x))
}

/// Distribution function of the non-central chi-square: a Poisson mixture, summed outwards from its centre.
pub(crate) fn noncentral_chi_square(x: f64, df: f64, noncentrality: f64) -> f64 {
    // statrs panics outside its domain.
    if !x.is_finite() || df <= 0.0 || df.is_nan() || !noncentrality.is_finite() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    let half = noncentrality / 2.0;
    let term = |j: f64| {
        let weight =
            if half > 0.0 { (j * half.ln() - half - ln_gamma(j + 1.0)).exp() } else { f64::from(u8::from(j == 0.0)) };
        (weight, weight * gamma_lr(df / 2.0 + j, x / 2.0))
    };
    let centre = half.floor();
    let (mut sum, mut j) = (0.0, centre);
    loop {
        let (weight, part) = term(j);
        sum += part;
        if weight < 1e-17 || part < 1e-18 {
            break;
        }
        j += 1.0;
    }
    j = centre - 1.0;
    while j >= 0.0 {
        let (weight, part) = term(j);
        sum += part;
        if weight < 1e-17 {
            break;
        }
        j -= 1.0;
    }
    sum.min(1.0)
}

/// The noncentrality at which a chi-square has this probability to lie below `x`; nought when even the central one has
/// less.
pub(crate) fn noncentrality(x: f64, df: f64, p: f64) -> f64 {
    let central = noncentral_chi_square(x, df, 0.0);
    if central.is_nan() {
        return f64::NAN;
    }
    if central < p {
        return 0.0;
    }
    let mut high = x.max(df).max(1.0);
    while noncentral_chi_square(x, df, high) > p && high < 1e9 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if noncentral_chi_square(x, df, middle) > p {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= 1e-12 * high {
            break;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{f_quantile, t_quantile};

    #[test]
    fn quantiles_of_tables() {
        // R: qf(.975, 5, 12), qt(.975, 7), qbeta(.025, 2, 24).
        let known = [
            (f_quantile(0.975, 5.0, 12.0), 3.891_133_7),
            (t_quantile(0.975, 7.0), 2.364_624_3),
            (t_quantile(0.025, 7.0), -2.364_624_3),
        ];
        for (own, table) in known {
            assert!((own.unwrap() - table).abs() < 2e-6, "{own:?} {table}");
        }
        assert!((f_upper(f_quantile(0.9, 3.0, 1e6).unwrap(), 3.0, 1e6) - 0.1).abs() < 1e-10);
        assert_eq!(beta_quantile(1.5, 1.0, 1.0), None);
    }

    #[test]
    fn noncentral_distribution() {
        // R: pchisq(10, 5, ncp = 3) and a large noncentrality.
        assert!((noncentral_chi_square(10.0, 5.0, 0.0) - 0.924_764_75).abs() < 1e-8);
        assert!((noncentral_chi_square(85.3, 24.0, noncentrality(85.3, 24.0, 0.05)) - 0.05).abs() < 1e-10);
        assert_eq!(noncentrality(3.0, 24.0, 0.05), 0.0);
        let large = noncentral_chi_square(10_100.0, 100.0, 10_000.0);
        assert!((large - 0.5).abs() < 0.01, "{large}");
    }
}
