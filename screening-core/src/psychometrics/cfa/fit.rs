//! Fit indices.

use serde::Serialize;

use super::super::distributions::{chi_square_upper, noncentrality};
use super::dwls::{Scaled, Weighted};
use super::ml::Fitted;
use super::sample::SampleMoments;

/// A test with its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquare {
    /// The statistic.
    pub value: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Probability of a larger one; NaN without degrees of freedom.
    pub p: f64,
}

impl ChiSquare {
    pub(super) fn new(value: f64, df: f64) -> Self {
        Self { value, df, p: chi_square_upper(value, df) }
    }
}

/// Fit of a confirmatory model. For ordered answers all indices but `srmr` come from the scaled and shifted test, for robust
/// maximum likelihood from the scaled one (in lavaan the columns `.scaled`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CfaFit {
    /// The test of the model: `N F`; for robust likelihood scaled, for ordered answers scaled and shifted.
    pub chi_square: ChiSquare,
    /// The test before scaling (the same for plain maximum likelihood).
    pub chi_square_plain: f64,
    /// By what it was divided.
    pub scaling: f64,
    /// The test of the model without any relation.
    pub baseline: ChiSquare,
    /// Comparative fit index.
    pub cfi: f64,
    /// Tucker and Lewis's index.
    pub tli: f64,
    /// Root mean square error of approximation.
    pub rmsea: f64,
    /// Its interval of 90 %.
    pub rmsea_interval: (f64, f64),
    /// Standardised root mean square residual.
    pub srmr: f64,
    /// Log-likelihood; none for least squares.
    pub log_likelihood: Option<f64>,
    /// Akaike's criterion; none for least squares.
    pub aic: Option<f64>,
    /// Bayes's criterion; none for least squares.
    pub bic: Option<f64>,
    /// Free parameters (thresholds not counted).
    pub parameters: usize,
}

struct Tests {
    model: ChiSquare,
    baseline: ChiSquare,
    persons: f64,
    groups: f64,
}

impl Tests {
    fn cfi(&self) -> f64 {
        let own = (self.model.value - self.model.df).max(0.0);
        let base = (self.baseline.value - self.baseline.df).max(own);
        if base > 0.0 { 1.0 - own / base } else { 1.0 }
    }

    fn tli(&self) -> f64 {
        let (own, base) = (self.model.value / self.model.df, self.baseline.value / self.baseline.df);
        if self.model.df > 0.0 { (base - own) / (base - 1.0) } else { 1.0 }
    }

    fn rmsea(&self, noncentrality: f64) -> f64 {
        if self.model.df > 0.0 {
            (noncentrality.max(0.0) / (self.model.df * self.persons) * self.groups).sqrt()
        } else {
            0.0
        }
    }

    fn rmsea_bound(&self, share: f64) -> f64 {
        if self.model.df > 0.0 { self.rmsea(noncentrality(self.model.value, self.model.df, share)) } else { 0.0 }
    }
}

/// `scaling`: by what the tests of the model and of the baseline are divided.
pub(super) fn of_likelihood(fitted: &Fitted, samples: &[SampleMoments], means: bool, scaling: (f64, f64)) -> CfaFit {
    let (p, g) = (fitted.layout.items as f64, samples.len() as f64);
    let persons: f64 = samples.iter().map(|sample| sample.persons() as f64).sum();
    let known = g * (p * (p + 1.0) / 2.0 + if means { p } else { 0.0 });
    let df = known - fitted.layout.slots as f64;
    let baseline: f64 = samples
        .iter()
        .map(|sample| {
            let logs: f64 = sample.covariance().diagonal().iter().map(|variance| variance.ln()).sum();
            sample.persons() as f64 * (logs - sample.log_det())
        })
        .sum();
    let tests = Tests {
        model: ChiSquare::new(fitted.chi_square / scaling.0, df),
        baseline: ChiSquare::new(baseline / scaling.1, g * p * (p - 1.0) / 2.0),
        persons,
        groups: g,
    };
    let unrestricted: f64 = samples
        .iter()
        .map(|sample| -(sample.persons() as f64) / 2.0 * (p * std::f64::consts::TAU.ln() + sample.log_det() + p))
        .sum();
    let log_likelihood = unrestricted - fitted.chi_square / 2.0;
    let q = fitted.layout.slots as f64;
    let residual = samples
        .iter()
        .enumerate()
        .map(|(group, sample)| sample.persons() as f64 / persons * srmr(fitted, group, sample, means));
    CfaFit {
        chi_square: tests.model,
        chi_square_plain: fitted.chi_square,
        scaling: scaling.0,
        baseline: tests.baseline,
        cfi: tests.cfi(),
        tli: tests.tli(),
        rmsea: tests.rmsea(tests.model.value - df),
        rmsea_interval: (tests.rmsea_bound(0.95), tests.rmsea_bound(0.05)),
        srmr: residual.sum(),
        log_likelihood: Some(log_likelihood),
        aic: Some(2.0 * q - 2.0 * log_likelihood),
        bic: Some(q * persons.ln() - 2.0 * log_likelihood),
        parameters: fitted.layout.slots,
    }
}

/// Residuals over the deviations of the sample, with those of the means where the model has some (Bentler).
fn srmr(fitted: &Fitted, group: usize, sample: &SampleMoments, means: bool) -> f64 {
    let at = fitted.layout.matrices(group, &fitted.values);
    let (sigma, mu) = (at.sigma(), at.mu());
    let p = fitted.layout.items;
    let scale = sample.covariance().diagonal().map(|variance| 1.0 / variance.sqrt());
    let mut sum = 0.0;
    for i in 0..p {
        for j in 0..=i {
            sum += ((sample.covariance()[(i, j)] - sigma[(i, j)]) * scale[i] * scale[j]).powi(2);
        }
        if means {
            sum += ((sample.means()[i] - mu[i]) * scale[i]).powi(2);
        }
    }
    let count = p * (p + 1) / 2 + if means { p } else { 0 };
    (sum / count as f64).sqrt()
}

pub(super) fn of_correlations(found: &Weighted, persons: usize, items: usize) -> CfaFit {
    // The diagonal counts, as everywhere, though its residuals are nought.
    let cells = items * (items + 1) / 2;
    let srmr = (found.residuals.norm_squared() / cells as f64).sqrt();
    of_weighted(&found.test, &found.baseline, persons as f64, 1.0, srmr, found.fitted.layout.slots)
}

pub(super) fn of_weighted(
    test: &Scaled,
    baseline: &Scaled,
    persons: f64,
    groups: f64,
    srmr: f64,
    parameters: usize,
) -> CfaFit {
    let tests = Tests {
        model: ChiSquare::new(test.value, test.df),
        baseline: ChiSquare::new(baseline.value, baseline.df),
        persons,
        groups,
    };
    CfaFit {
        chi_square: tests.model,
        chi_square_plain: test.plain,
        scaling: test.factor,
        baseline: tests.baseline,
        cfi: tests.cfi(),
        tli: tests.tli(),
        rmsea: tests.rmsea(tests.model.value - tests.model.df),
        rmsea_interval: (tests.rmsea_bound(0.95), tests.rmsea_bound(0.05)),
        srmr,
        log_likelihood: None,
        aic: None,
        bic: None,
        parameters,
    }
}
