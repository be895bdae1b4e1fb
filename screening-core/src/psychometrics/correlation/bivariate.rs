//! The bivariate normal distribution, fast over a whole grid of thresholds.
//!
//! `P(X <= h, Y <= k) = Phi(h) Phi(k) + 1/(2 pi) int_0^asin(rho) exp(-(h^2 + k^2 - 2 h k sin t) / (2 cos^2 t)) dt`
//! (Plackett 1954, Biometrika 41:351; in this form Drezner and Wesolowsky 1990). The nodes depend on rho alone, so they are
//! made once for all cells of a table. Near `|rho| = 1` the integrand has the scale of `cos t`, so the arc is cut into
//! panels that halve towards the end.

use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::sync::LazyLock;

use crate::stats::normal_cdf;

const NODES: usize = 16;

/// Nodes and weights of Gauss and Legendre on 0 to 1.
static GAUSS: LazyLock<[(f64, f64); NODES]> = LazyLock::new(|| {
    let mut rule = [(0.0, 0.0); NODES];
    for (at, slot) in rule.iter_mut().enumerate() {
        let mut x = (PI * (at as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..50 {
            let (mut before, mut here) = (1.0, x);
            for degree in 2..=NODES {
                let degree = degree as f64;
                (before, here) = (here, ((2.0 * degree - 1.0) * x * here - (degree - 1.0) * before) / degree);
            }
            slope = NODES as f64 * (x * here - before) / (x * x - 1.0);
            let step = here / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        *slot = (f64::midpoint(x, 1.0), 1.0 / ((1.0 - x * x) * slope * slope));
    }
    rule
});

/// The part of a distribution function that depends on the correlation alone.
#[derive(Debug, Clone)]
pub(crate) struct Arc {
    rho: f64,
    /// `(sin t, 1 / (2 cos^2 t), weight / (2 pi))`.
    nodes: Vec<(f64, f64, f64)>,
}

impl Arc {
    /// For a correlation strictly between -1 and 1.
    pub(crate) fn new(rho: f64) -> Self {
        let end = rho.asin();
        let sign = end.signum();
        let mut nodes = Vec::with_capacity(4 * NODES);
        let mut start = 0.0;
        // Up to 0.8 the integrand is tame; then each panel halves what is left to a right angle.
        let mut stop = end.abs().min(0.8);
        while start < end.abs() {
            for (place, weight) in GAUSS.iter() {
                let (sin, cos) = (start + place * (stop - start)).sin_cos();
                nodes.push((sign * sin, 0.5 / (cos * cos), sign * weight * (stop - start) / TAU));
            }
            start = stop;
            stop = end.abs().min(FRAC_PI_2 - (FRAC_PI_2 - start) / 2.0);
        }
        Self { rho, nodes }
    }

    /// `P(X <= h, Y <= k) - Phi(h) Phi(k)` for finite h and k.
    pub(crate) fn excess(&self, h: f64, k: f64) -> f64 {
        let (squares, product) = (h * h + k * k, 2.0 * h * k);
        self.nodes.iter().map(|(sin, scale, weight)| weight * ((product * sin - squares) * scale).exp()).sum()
    }

    /// The density, and its derivative by rho over the density.
    pub(crate) fn density(&self, h: f64, k: f64) -> (f64, f64) {
        let rho = self.rho;
        let rest = 1.0 - rho * rho;
        let form = h * h + k * k - 2.0 * rho * h * k;
        let density = (-form / (2.0 * rest)).exp() / (TAU * rest.sqrt());
        (density, (rho * rest + (1.0 + rho * rho) * h * k - rho * (h * h + k * k)) / (rest * rest))
    }
}

/// `P(X <= h, Y <= k)` of two standard normal variables with a correlation, to about 1e-15.
///
/// ```
/// use screening_core::psychometrics::bivariate_normal_cdf;
///
/// // Both below their means: 1/4 + asin(rho) / (2 pi).
/// assert!((bivariate_normal_cdf(0.0, 0.0, 0.5) - 1.0 / 3.0).abs() < 1e-15);
/// ```
pub fn bivariate_normal_cdf(h: f64, k: f64, rho: f64) -> f64 {
    if h.is_nan() || k.is_nan() || !(-1.0..=1.0).contains(&rho) {
        return f64::NAN;
    }
    if h.is_infinite() || k.is_infinite() {
        return normal_cdf(h) * normal_cdf(k);
    }
    if rho == 1.0 {
        return normal_cdf(h.min(k));
    }
    if rho == -1.0 {
        return (normal_cdf(h) - normal_cdf(-k)).max(0.0);
    }
    (normal_cdf(h) * normal_cdf(k) + Arc::new(rho).excess(h, k)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the other integral: over the first variable, of the conditional distribution of the second.
    fn by_density(h: f64, k: f64, rho: f64) -> f64 {
        let steps = 40_000;
        let (low, width) = (-9.5, (h + 9.5) / f64::from(steps));
        let scale = (1.0 - rho * rho).sqrt();
        let at = |x: f64| (-x * x / 2.0).exp() / TAU.sqrt() * normal_cdf((k - rho * x) / scale);
        let inner: f64 = (0..=steps)
            .map(|i| {
                at(low + f64::from(i) * width)
                    * if i == 0 || i == steps {
                        1.0
                    } else if i % 2 == 1 {
                        4.0
                    } else {
                        2.0
                    }
            })
            .sum();
        inner * width / 3.0
    }

    #[test]
    fn agrees_with_another_integral() {
        let cases = [
            (0.3, -0.7, 0.2),
            (-1.5, -2.0, 0.9),
            (1.0, 1.1, 0.97),
            (0.5, 0.5, -0.95),
            (-2.5, 1.0, -0.6),
            (2.0, -2.0, 0.75),
            (0.1, 0.1, 0.995),
        ];
        for (h, k, rho) in cases {
            let (own, other) = (bivariate_normal_cdf(h, k, rho), by_density(h, k, rho));
            assert!((own - other).abs() < 1e-12, "{h} {k} {rho}: {own} {other}");
        }
    }

    #[test]
    fn exact_at_the_middle_and_the_ends() {
        for rho in [-0.9999, -0.99, -0.8, -0.3, 0.0, 0.5, 0.85, 0.93, 0.999, 0.999_999] {
            let exact = 0.25 + f64::asin(rho) / TAU;
            assert!((bivariate_normal_cdf(0.0, 0.0, rho) - exact).abs() < 1e-15, "{rho}");
        }
        assert_eq!(bivariate_normal_cdf(1.0, 0.5, 1.0), normal_cdf(0.5));
        assert!((bivariate_normal_cdf(1.0, 0.5, -1.0) - (normal_cdf(1.0) + normal_cdf(0.5) - 1.0)).abs() < 1e-15);
        assert!((bivariate_normal_cdf(1.0, 0.5, 0.999_999_999) - normal_cdf(0.5)).abs() < 1e-12);
        assert_eq!(bivariate_normal_cdf(f64::INFINITY, 0.5, 0.3), normal_cdf(0.5));
        assert_eq!(bivariate_normal_cdf(f64::NEG_INFINITY, 0.5, 0.3), 0.0);
        assert!(bivariate_normal_cdf(0.0, 0.0, 1.5).is_nan());
    }

    proptest! {
        #[test]
        fn the_two_signs_make_one_margin(h in -4.0..4.0_f64, k in -4.0..4.0_f64, rho in -0.9999..0.9999_f64) {
            // P(X <= h, Y <= k) + P(X <= h, -Y <= -k) = P(X <= h).
            let both = bivariate_normal_cdf(h, k, rho) + bivariate_normal_cdf(h, -k, -rho);
            prop_assert!((both - normal_cdf(h)).abs() < 2e-15);
            prop_assert!((bivariate_normal_cdf(h, k, rho) - bivariate_normal_cdf(k, h, rho)).abs() < 1e-15);
        }

        #[test]
        fn derivatives_are_those_of_the_distribution(h in -3.0..3.0_f64, k in -3.0..3.0_f64, rho in -0.95..0.95_f64) {
            let step = 1e-4;
            let at = |rho: f64| bivariate_normal_cdf(h, k, rho);
            let (density, slope) = Arc::new(rho).density(h, k);
            prop_assert!(((at(rho + step) - at(rho - step)) / (2.0 * step) - density).abs() < 1e-4 * (1.0 + density));
            let (after, _) = Arc::new(rho + step).density(h, k);
            let (before, _) = Arc::new(rho - step).density(h, k);
            prop_assert!(((after - before) / (2.0 * step) - density * slope).abs() < 1e-2 * (1.0 + (density * slope).abs()));
        }
    }
}
