//! Means and shares whose errors know that pupils of a school are alike.

use serde::Serialize;

use super::super::EstimationError;
use super::super::distributions::beta_quantile;
use super::components::t_of;
use super::groups;
use crate::instrument::Text;
use crate::stats::{cluster_variance, logit_interval, t_quantile};
use crate::texts::{Fill, say};

/// A mean from whole clusters, drawn with replacement, every person with the same weight.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterMean {
    /// Persons.
    pub persons: usize,
    /// Persons left out: no value or no cluster.
    pub left_out: usize,
    /// Clusters.
    pub clusters: usize,
    /// The mean.
    pub mean: f64,
    /// `sqrt(k/(k-1) sum_j (sum_i (y - mean) / n)^2)`, the linearised standard error (as `survey::svymean`).
    pub standard_error: f64,
    /// Its square over that of a simple random sample, `s^2 / n`.
    pub design_effect: f64,
    /// Level of the interval.
    pub level: f64,
    /// By t with one degree of freedom fewer than clusters.
    pub interval: (f64, f64),
}

impl ClusterMean {
    /// The mean of values (NaN for missing) of persons in clusters (empty for none).
    ///
    /// # Errors
    /// Lists of different length, fewer than two clusters, values that do not vary, a level outside 0 to 1.
    ///
    /// ```
    /// use screening_core::psychometrics::ClusterMean;
    ///
    /// let found = ClusterMean::fit(&[1.0, 3.0, 5.0, 7.0], &["a", "a", "b", "b"], 0.95)?;
    /// // Sums of deviations -4 and 4 over 4: sqrt(2 (1 + 1)) = 2.
    /// assert!((found.mean - 4.0).abs() < 1e-15 && (found.standard_error - 2.0).abs() < 1e-15);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit<S: AsRef<str>>(values: &[f64], clusters: &[S], level: f64) -> Result<Self, EstimationError> {
        let (groups, left_out) = groups(values, clusters)?;
        let n: f64 = groups.iter().map(|group| group.n).sum();
        let k = groups.len() as f64;
        let mean = groups.iter().map(|group| group.n * group.mean).sum::<f64>() / n;
        let squares: f64 = groups.iter().map(|group| group.squares + group.n * (group.mean - mean).powi(2)).sum();
        if squares <= 0.0 {
            return Err(EstimationError::Constant { item: "value".to_owned() });
        }
        let variance = cluster_variance(n, groups.iter().map(|group| group.n * (group.mean - mean)));
        let simple = squares / (n - 1.0) / n;
        let standard_error = variance.sqrt();
        let width = t_of(level, k - 1.0)? * standard_error;
        Ok(Self {
            persons: n as usize,
            left_out,
            clusters: groups.len(),
            mean,
            standard_error,
            design_effect: variance / simple,
            level,
            interval: (mean - width, mean + width),
        })
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, out, clusters] = [self.persons, self.left_out, self.clusters].map(|number| number.to_string());
        let fills =
            [("persons", Fill::Same(persons.as_str())), ("out", Fill::Same(&out)), ("clusters", Fill::Same(&clusters))];
        vec![say("clustered.robust", &fills)]
    }
}

/// A share (a prevalence) from whole clusters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterProportion {
    /// The share, its linearised standard error and the plain interval by t.
    pub mean: ClusterMean,
    /// Interval on the logit by t; inside 0 to 1. The one to report.
    pub logit: (f64, f64),
    /// Interval of Clopper and Pearson at the effective number of persons, corrected for the degrees of freedom (Korn and
    /// Graubard 1998); the one to trust when the share is very small.
    pub korn_graubard: (f64, f64),
}

impl ClusterProportion {
    /// The share of persons who are positive (none for missing) in clusters (empty for none).
    ///
    /// # Errors
    /// Lists of different length, fewer than two clusters, all positive or none, all clusters with exactly the same share,
    /// a level outside 0 to 1.
    pub fn fit<S: AsRef<str>>(positive: &[Option<bool>], clusters: &[S], level: f64) -> Result<Self, EstimationError> {
        let values: Vec<f64> =
            positive.iter().map(|value| value.map_or(f64::NAN, |value| f64::from(u8::from(value)))).collect();
        let mean = ClusterMean::fit(&values, clusters, level)?;
        let (p, error) = (mean.mean, mean.standard_error);
        if error <= 0.0 {
            return Err(EstimationError::Constant { item: "share of the clusters".to_owned() });
        }
        let df = mean.clusters as f64 - 1.0;
        let logit = logit_interval(p, error, t_of(level, df)?);
        let outside = || EstimationError::option("level", level, "a level of confidence lies between 0 and 1");
        let tail = (1.0 - level) / 2.0;
        let t = |df: f64| t_quantile(tail, df).ok_or_else(outside);
        let effective = p * (1.0 - p) / (error * error) * (t(mean.persons as f64 - 1.0)? / t(df)?).powi(2);
        let lower = beta_quantile(tail, effective * p, effective * (1.0 - p) + 1.0).ok_or_else(outside)?;
        let upper = beta_quantile(1.0 - tail, effective * p + 1.0, effective * (1.0 - p)).ok_or_else(outside)?;
        Ok(Self { logit, korn_graubard: (lower, upper), mean })
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let mut texts = self.mean.explain();
        texts.push(say("clustered.share", &[]));
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_inside_and_extremes_are_refused() {
        let schools: Vec<String> = (0..60).map(|at| (at / 6).to_string()).collect();
        let positive: Vec<Option<bool>> = (0..60).map(|at| Some(at % 17 == 0)).collect();
        let found = ClusterProportion::fit(&positive, &schools, 0.95).unwrap();
        assert!(found.logit.0 > 0.0 && found.logit.1 < 1.0);
        assert!(found.korn_graubard.0 > 0.0 && found.korn_graubard.0 < found.mean.mean);
        assert!(ClusterProportion::fit(&[Some(true); 60], &schools, 0.95).is_err());
        assert!(ClusterProportion::fit(&positive, &schools, 0.0).is_err());
        assert!(ClusterProportion::fit(&positive[..59], &schools, 0.95).is_err());
    }
}
