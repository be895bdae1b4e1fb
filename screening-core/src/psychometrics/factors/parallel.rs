//! Horn's parallel analysis.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::Serialize;

use super::super::EstimationError;
use super::super::random::Stream;
use super::eigenvalues;
use crate::instrument::Text;
use crate::stats::{QuantileType, quantile};
use crate::texts::{Fill, say};

/// Horn's parallel analysis (1965, Psychometrika 30:179): components whose eigenvalue exceeds those of uncorrelated normal
/// variables of the same number and sample. The eigenvalues are those of the whole correlation matrix.
///
/// ```
/// use nalgebra::DMatrix;
/// use screening_core::psychometrics::ParallelAnalysis;
///
/// let r = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 } else if i / 3 == j / 3 { 0.5 } else { 0.1 });
/// let found = ParallelAnalysis { samples: 50, seed: 7, ..ParallelAnalysis::default() }.fit(&r, 400)?;
/// assert_eq!(found.components, 2);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParallelAnalysis {
    /// Random samples.
    pub samples: usize,
    /// Quantile of their eigenvalues that must be exceeded.
    pub quantile: f64,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for ParallelAnalysis {
    fn default() -> Self {
        Self { samples: 200, quantile: 0.95, seed: 1 }
    }
}

/// Eigenvalues beside those of random samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParallelReport {
    /// Persons.
    pub persons: usize,
    /// Random samples.
    pub samples: usize,
    /// Where the random numbers started.
    pub seed: u64,
    /// The quantile taken.
    pub quantile: f64,
    /// Eigenvalues of the correlations.
    pub observed: Vec<f64>,
    /// Mean over the random samples.
    pub random_mean: Vec<f64>,
    /// Quantile over the random samples (type 7).
    pub random_quantile: Vec<f64>,
    /// Leading components above the quantile.
    pub components: usize,
    /// Leading components above the mean.
    pub components_by_mean: usize,
}

impl ParallelAnalysis {
    /// The analysis of a correlation matrix from so many persons.
    ///
    /// # Errors
    /// Not more persons than items, no sample, a quantile outside 0 to 1, a matrix that is none of numbers.
    pub fn fit(&self, r: &DMatrix<f64>, persons: usize) -> Result<ParallelReport, EstimationError> {
        let observed = eigenvalues(r)?;
        let p = observed.len();
        if persons <= p {
            return Err(EstimationError::TooFewPersons { method: "parallel analysis", needed: p + 1, found: persons });
        }
        if self.samples == 0 {
            return Err(EstimationError::option("samples", self.samples, "at least one is needed"));
        }
        if !(0.0..=1.0).contains(&self.quantile) {
            return Err(EstimationError::option("quantile", self.quantile, "it lies between 0 and 1"));
        }
        let draws = (0..self.samples as u64)
            .into_par_iter()
            .map(|sample| eigenvalues(&random_correlations(&mut Stream::new(self.seed, sample), persons, p)));
        let draws = draws.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
        let (mut random_mean, mut random_quantile) = (Vec::with_capacity(p), Vec::with_capacity(p));
        for at in 0..p {
            let mut values: Vec<f64> = draws.iter().map(|draw| draw[at]).collect();
            values.sort_unstable_by(f64::total_cmp);
            random_mean.push(values.iter().sum::<f64>() / values.len() as f64);
            random_quantile.push(quantile(&values, self.quantile, QuantileType::Modal).unwrap_or(f64::NAN));
        }
        let above = |limits: &[f64]| observed.iter().zip(limits).take_while(|(own, limit)| own > limit).count();
        Ok(ParallelReport {
            persons,
            samples: self.samples,
            seed: self.seed,
            quantile: self.quantile,
            components: above(&random_quantile),
            components_by_mean: above(&random_mean),
            observed,
            random_mean,
            random_quantile,
        })
    }
}

/// Correlations of uncorrelated normal variables: by Bartlett's decomposition of a Wishart matrix, `p^2 / 2` draws in place
/// of `n p`.
fn random_correlations(random: &mut Stream, persons: usize, p: usize) -> DMatrix<f64> {
    let mut factor = DMatrix::zeros(p, p);
    for i in 0..p {
        for j in 0..i {
            factor[(i, j)] = random.normal();
        }
        factor[(i, i)] = chi_square(random, (persons - 1 - i) as f64).sqrt();
    }
    super::super::algebra::to_correlation(&(&factor * factor.transpose()))
}

/// A chi-square by Marsaglia and Tsang's gamma variates (2000, ACM TOMS 26:363).
fn chi_square(random: &mut Stream, df: f64) -> f64 {
    // Below a shape of one: one shape more, times a power of a uniform variate.
    let shape = df / 2.0;
    let boost = if shape < 1.0 { random.uniform().powf(1.0 / shape) } else { 1.0 };
    let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return 2.0 * d * v * boost;
        }
    }
}

impl ParallelReport {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        let [components, samples] = [self.components, self.samples].map(|number| number.to_string());
        let seed = self.seed.to_string();
        let fills = [
            ("components", Fill::Same(components.as_str())),
            ("samples", Fill::Same(&samples)),
            ("seed", Fill::Same(&seed)),
        ];
        vec![say("factors.parallel", &fills)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Moments;

    #[test]
    fn variates_have_their_mean_and_variance() {
        let mut random = Stream::new(5, 0);
        for df in [1.0, 3.0, 40.0] {
            let draws: Moments = (0..20_000).map(|_| chi_square(&mut random, df)).collect();
            assert!((draws.mean().unwrap() / df - 1.0).abs() < 0.03, "{df}");
            assert!((draws.variance().unwrap() / (2.0 * df) - 1.0).abs() < 0.1, "{df}");
        }
    }

    #[test]
    fn random_variables_have_no_component_and_seeds_repeat() {
        let mut random = Stream::new(11, 0);
        let r = random_correlations(&mut random, 500, 10);
        let analysis = ParallelAnalysis { samples: 40, ..ParallelAnalysis::default() };
        let found = analysis.fit(&r, 500).unwrap();
        assert!(found.components <= 1);
        assert_eq!(found, analysis.fit(&r, 500).unwrap());
        assert!((found.random_mean.iter().sum::<f64>() - 10.0).abs() < 1e-10);
        assert!(analysis.fit(&r, 10).is_err());
        assert!(ParallelAnalysis { samples: 0, ..analysis }.fit(&r, 500).is_err());
    }
}
