//! Correlation of a continuous variable with the normal variable thought behind ordered answers.

use serde::{Deserialize, Serialize};

use super::super::EstimationError;
use super::super::minimise::{Local, Options, minimise};
use super::two_step::thresholds;
use crate::instrument::Text;
use crate::stats::normal_cdf;
use crate::texts::{Fill, say};

/// How a polyserial correlation is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolyserialMethod {
    /// `r s_y / sum phi(tau)`: Pearson's correlation, corrected by the densities at the thresholds of the margin. It can
    /// leave -1 to 1 and is then refused.
    #[default]
    TwoStep,
    /// Maximum likelihood of correlation and thresholds together, given mean and deviation of the continuous variable.
    MaximumLikelihood,
}

/// A polyserial correlation (Olsson, Drasgow and Dorans 1982, Psychometrika 47:337). The two estimates agree when both
/// variables are normal, and part widely on a skewed total.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Polyserial {
    /// How it was estimated.
    pub method: PolyserialMethod,
    /// The correlation.
    pub rho: f64,
    /// The thresholds.
    pub thresholds: Vec<f64>,
    /// Persons with both values.
    pub n: usize,
    /// Standard error; for maximum likelihood only.
    pub standard_error: Option<f64>,
}

impl Polyserial {
    /// The correlation of `x` (NaN for missing) with ordered codes (none for missing).
    ///
    /// # Errors
    /// Lists of different length, fewer than three persons, a variable that does not vary, an estimate at -1 or 1.
    ///
    /// ```
    /// use screening_core::psychometrics::{Polyserial, PolyserialMethod};
    ///
    /// let x = [1.0, 2.5, 2.0, 4.0, 3.5, 6.0, 5.0, 7.5];
    /// let y = [0, 0, 1, 0, 1, 1, 2, 2].map(Some);
    /// let found = Polyserial::fit(&x, &y, PolyserialMethod::MaximumLikelihood)?;
    /// assert!(found.rho > 0.7 && found.n == 8);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit(x: &[f64], y: &[Option<i16>], method: PolyserialMethod) -> Result<Self, EstimationError> {
        if x.len() != y.len() {
            let (expected, found) = (x.len().to_string(), y.len().to_string());
            return Err(EstimationError::Shape {
                what: "the ordered answers of a polyserial correlation",
                expected,
                found,
            });
        }
        let both: Vec<(f64, i16)> =
            x.iter().zip(y).filter_map(|(x, y)| y.filter(|_| x.is_finite()).map(|y| (*x, y))).collect();
        let n = both.len();
        if n < 3 {
            return Err(EstimationError::TooFewPersons { method: "a polyserial correlation", needed: 3, found: n });
        }
        let mut codes: Vec<i16> = both.iter().map(|(_, y)| *y).collect();
        codes.sort_unstable();
        codes.dedup();
        let constant = |item: &str| EstimationError::Constant { item: item.to_owned() };
        if codes.len() < 2 {
            return Err(constant("y"));
        }
        let mean = both.iter().map(|(x, _)| x).sum::<f64>() / n as f64;
        let square = both.iter().map(|(x, _)| (x - mean).powi(2)).sum::<f64>();
        if square <= 0.0 {
            return Err(constant("x"));
        }
        let category = |y: i16| codes.partition_point(|code| *code < y);
        let mut counts = vec![0.0; codes.len()];
        both.iter().for_each(|(_, y)| counts[category(*y)] += 1.0);
        let margin = thresholds(&counts);
        let two_step = two_step(&both, mean, square, &margin);
        if method == PolyserialMethod::TwoStep {
            if two_step.abs() >= 1.0 {
                return Err(EstimationError::Boundary {
                    first: "x".into(),
                    second: "y".into(),
                    end: two_step.signum(),
                });
            }
            return Ok(Self { method, rho: two_step, thresholds: margin, n, standard_error: None });
        }
        let sd = (square / n as f64).sqrt();
        let scores: Vec<(f64, usize)> = both.iter().map(|(x, y)| ((x - mean) / sd, category(*y))).collect();
        likelihood(&scores, two_step.clamp(-0.9, 0.9), &margin)
    }

    /// What was computed, on whom, and what follows for reading it.
    pub fn explain(&self) -> Vec<Text> {
        let n = self.n.to_string();
        let key = match self.method {
            PolyserialMethod::TwoStep => "correlation.polyserial-two-step",
            PolyserialMethod::MaximumLikelihood => "correlation.polyserial-ml",
        };
        vec![say(key, &[("persons", Fill::Same(&n))])]
    }
}

/// `r s_y / sum phi(tau)` with s_y over n.
fn two_step(both: &[(f64, i16)], mean: f64, square: f64, margin: &[f64]) -> f64 {
    let n = both.len() as f64;
    let mean_y = both.iter().map(|(_, y)| f64::from(*y)).sum::<f64>() / n;
    let cross: f64 = both.iter().map(|(x, y)| (x - mean) * (f64::from(*y) - mean_y)).sum();
    let densities: f64 = margin.iter().map(|t| density(*t)).sum();
    cross / n / (square / n).sqrt() / densities
}

fn density(t: f64) -> f64 {
    (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

/// Parameters `a_k = tau_k / sqrt(1 - rho^2)` and `b = rho / sqrt(1 - rho^2)`: an ordered probit on the standardised x,
/// whose log-likelihood is concave.
fn likelihood(scores: &[(f64, usize)], start: f64, margin: &[f64]) -> Result<Polyserial, EstimationError> {
    let width = margin.len();
    let scale = 1.0 / (1.0 - start * start).sqrt();
    let mut at: Vec<f64> = margin.iter().map(|t| t * scale).collect();
    at.push(start * scale);
    let n = scores.len() as f64;
    let local = |at: &nalgebra::DVector<f64>| {
        let mut gradient = nalgebra::DVector::zeros(width + 1);
        let mut hessian = nalgebra::DMatrix::zeros(width + 1, width + 1);
        let mut value = 0.0;
        for (z, category) in scores {
            let upper = (*category < width).then(|| at[*category] - at[width] * z);
            let lower = (*category > 0).then(|| at[category - 1] - at[width] * z);
            let p = upper.map_or(1.0, normal_cdf) - lower.map_or(0.0, normal_cdf);
            if p.is_nan() || p <= 1e-300 {
                return None;
            }
            value -= p.ln() / n;
            let (high, low) = (upper.map_or(0.0, density), lower.map_or(0.0, density));
            // Slopes of p, and its curvature by the two limits.
            let parts = [(upper, *category, high, 1.0), (lower, category.wrapping_sub(1), low, -1.0)];
            let slope_b = -(high - low) * z;
            for (limit, index, density, sign) in parts {
                let Some(limit) = limit else { continue };
                let (slope, bend) = (sign * density, -sign * limit * density);
                gradient[index] -= slope / p / n;
                hessian[(index, index)] -= (bend / p - (slope / p).powi(2)) / n;
                let mixed = -(bend * -z / p - slope * slope_b / (p * p)) / n;
                hessian[(index, width)] += mixed;
                hessian[(width, index)] += mixed;
                hessian[(width, width)] -= bend * z * z / p / n;
            }
            if upper.is_some() && lower.is_some() {
                let cross = -high * low / (p * p) / n;
                hessian[(*category, category - 1)] += cross;
                hessian[(category - 1, *category)] += cross;
            }
            gradient[width] -= slope_b / p / n;
            hessian[(width, width)] += (slope_b / p).powi(2) / n;
        }
        Some(Local { value, gradient, hessian })
    };
    let options = Options { method: "a polyserial correlation", lower: None, tolerance: 1e-11, iterations: 100 };
    let found = minimise(at.into(), &options, local)?;
    let b = found.at[width];
    let rest = 1.0 / (1.0 + b * b).sqrt();
    let rho = b * rest;
    let here = local(&found.at);
    // Categories that x parts wholly: the likelihood rises for ever, ever more slowly.
    let flat = here.as_ref().is_none_or(|local| local.hessian[(width, width)] < 1e-6);
    if flat || 1.0 - rho.abs() < 1e-6 {
        return Err(EstimationError::Boundary { first: "x".into(), second: "y".into(), end: rho.signum() });
    }
    // d rho / d b = (1 + b^2)^(-3/2); the mean and deviation of x count as known.
    let variance = here.and_then(|local| local.hessian.cholesky()).map(|factor| factor.inverse()[(width, width)] / n);
    Ok(Polyserial {
        method: PolyserialMethod::MaximumLikelihood,
        rho,
        thresholds: found.at.iter().take(width).map(|a| a * rest).collect(),
        n: scores.len(),
        standard_error: variance.map(|variance| variance.sqrt() * rest.powi(3)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_data_give_both_estimates_alike() {
        // Quantiles of a bivariate normal distribution on a grid, cut into four categories.
        let (rho, steps) = (0.6_f64, 120);
        let quantile = |at: i32| crate::stats::normal_quantile((f64::from(at) + 0.5) / f64::from(steps)).unwrap();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in 0..steps {
            for j in 0..steps {
                let (u, v) = (quantile(i), quantile(j));
                let latent = rho * u + (1.0 - rho * rho).sqrt() * v;
                x.push(10.0 + 3.0 * u);
                y.push(Some([-1.0, 0.2, 1.0].iter().filter(|cut| latent > **cut).count() as i16));
            }
        }
        for method in [PolyserialMethod::TwoStep, PolyserialMethod::MaximumLikelihood] {
            let found = Polyserial::fit(&x, &y, method).unwrap();
            assert!((found.rho - rho).abs() < 4e-3, "{method:?} {}", found.rho);
            assert!((found.thresholds[2] - 1.0).abs() < 5e-3);
        }
    }

    #[test]
    fn what_cannot_be_estimated_is_refused() {
        let y = [Some(0), Some(0), Some(1), Some(1), None];
        let method = PolyserialMethod::MaximumLikelihood;
        assert!(Polyserial::fit(&[1.0, 2.0, 3.0, 4.0, 0.0], &y, method).is_err());
        assert!(matches!(
            Polyserial::fit(&[1.0, 1.0, 1.0, 1.0, 2.0], &y, method),
            Err(EstimationError::Constant { item }) if item == "x"
        ));
        assert!(matches!(
            Polyserial::fit(&[1.0, f64::NAN], &[Some(1), Some(2)], method),
            Err(EstimationError::TooFewPersons { found: 1, .. })
        ));
        assert!(Polyserial::fit(&[1.0], &[], method).is_err());
    }
}
