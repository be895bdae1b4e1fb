//! Variance between and within clusters, and means that borrow strength.

use serde::Serialize;

use super::super::EstimationError;
use super::{Group, groups};
use crate::instrument::Text;
use crate::stats::t_quantile;
use crate::texts::{Fill, say};

/// One cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterFigures {
    /// Its name.
    pub cluster: String,
    /// Persons.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Reliability of that mean, `tau2 / (tau2 + s2 / n)`.
    pub reliability: f64,
    /// Mean shrunk to the grand one by its reliability (best linear unbiased prediction).
    pub shrunken: f64,
    /// Root of its conditional variance, `tau2 (1 - reliability)`; the grand mean and the components count as known.
    pub standard_error: f64,
}

/// Variance between and within clusters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VarianceComponents {
    /// Persons.
    pub persons: usize,
    /// Persons left out: no value or no cluster.
    pub left_out: usize,
    /// Grand mean by restricted maximum likelihood: clusters weighted by the precision of their means.
    pub mean: f64,
    /// Its standard error.
    pub mean_standard_error: f64,
    /// Variance between clusters, by restricted maximum likelihood. Exactly 0 when the clusters differ no more than chance
    /// would have them.
    pub between: f64,
    /// Variance within clusters, by restricted maximum likelihood.
    pub within: f64,
    /// `between / (between + within)`.
    pub icc: f64,
    /// The same from mean squares, `(MSB - MSW) / (MSB + (n0 - 1) MSW)`; it can be negative.
    pub icc_anova: f64,
    /// `(N - sum n^2 / N) / (k - 1)`, the size of cluster in it.
    pub n0: f64,
    /// `sum n^2 / N`: mean size of cluster as a person meets it.
    pub person_size: f64,
    /// `1 + (person_size - 1) icc_anova`: how much larger the variance of the mean is than in a simple random sample.
    pub design_effect: f64,
    /// `N / design_effect`.
    pub effective_persons: f64,
    /// Restricted log-likelihood.
    pub log_likelihood: f64,
    /// The clusters, in the order of their first person.
    pub clusters: Vec<ClusterFigures>,
}

impl VarianceComponents {
    /// Components of values (NaN for missing) of persons in clusters (empty for none).
    ///
    /// # Errors
    /// Lists of different length, fewer than two clusters, no cluster with two persons, values that do not vary within
    /// clusters.
    ///
    /// ```
    /// use screening_core::psychometrics::VarianceComponents;
    ///
    /// let values = [3.0, 5.0, 4.0, 8.0, 9.0, 10.0, 1.0, 2.0, 3.0];
    /// let schools = ["a", "a", "a", "b", "b", "b", "c", "c", "c"];
    /// let found = VarianceComponents::fit(&values, &schools)?;
    /// // Equal sizes: (MSB - MSW) / 3 with MSB 39 and MSW 1.
    /// assert!((found.between - 38.0 / 3.0).abs() < 1e-8 && (found.within - 1.0).abs() < 1e-8);
    /// assert!((found.icc - found.icc_anova).abs() < 1e-9);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit<S: AsRef<str>>(values: &[f64], clusters: &[S]) -> Result<Self, EstimationError> {
        let (groups, left_out) = groups(values, clusters)?;
        let sizes: f64 = groups.iter().map(|group| group.n).sum();
        let k = groups.len() as f64;
        if sizes <= k {
            let (method, needed) = ("variance within clusters", groups.len() + 1);
            return Err(EstimationError::TooFewPersons { method, needed, found: sizes as usize });
        }
        let within_squares: f64 = groups.iter().map(|group| group.squares).sum();
        if within_squares <= 0.0 {
            return Err(EstimationError::Constant { item: "value within clusters".to_owned() });
        }
        let plain = groups.iter().map(|group| group.n * group.mean).sum::<f64>() / sizes;
        let between_squares: f64 = groups.iter().map(|group| group.n * (group.mean - plain).powi(2)).sum();
        let (msb, msw) = (between_squares / (k - 1.0), within_squares / (sizes - k));
        let person_size = groups.iter().map(|group| group.n * group.n).sum::<f64>() / sizes;
        let n0 = (sizes - person_size) / (k - 1.0);
        let icc_anova = (msb - msw) / (msb + (n0 - 1.0) * msw);
        let design_effect = 1.0 + (person_size - 1.0) * icc_anova;
        let profile = Profile { groups: &groups, n: sizes, within: within_squares };
        let ratio = profile.maximum();
        let at = profile.at(ratio);
        let within = at.squares / (sizes - 1.0);
        let between = ratio * within;
        let clusters = groups.iter().map(|group| {
            let reliability = between / (between + within / group.n);
            ClusterFigures {
                cluster: group.name.clone(),
                n: group.n as usize,
                mean: group.mean,
                reliability,
                shrunken: at.mean + reliability * (group.mean - at.mean),
                standard_error: (between * (1.0 - reliability)).sqrt(),
            }
        });
        Ok(Self {
            persons: sizes as usize,
            left_out,
            mean: at.mean,
            mean_standard_error: (within / at.weight).sqrt(),
            between,
            within,
            icc: between / (between + within),
            icc_anova,
            n0,
            person_size,
            design_effect,
            effective_persons: sizes / design_effect.max(f64::MIN_POSITIVE),
            log_likelihood: profile.log_likelihood(&at),
            clusters: clusters.collect(),
        })
    }

    /// Interval of the grand mean by t with one degree of freedom fewer than clusters.
    ///
    /// # Errors
    /// A level that does not lie between 0 and 1.
    pub fn interval(&self, level: f64) -> Result<(f64, f64), EstimationError> {
        let t = t_of(level, self.clusters.len() as f64 - 1.0)?;
        Ok((self.mean - t * self.mean_standard_error, self.mean + t * self.mean_standard_error))
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, out, clusters] =
            [self.persons, self.left_out, self.clusters.len()].map(|number| number.to_string());
        let fills =
            [("persons", Fill::Same(persons.as_str())), ("out", Fill::Same(&out)), ("clusters", Fill::Same(&clusters))];
        let mut texts = vec![say("clustered.components", &fills), say("clustered.shrunken", &[])];
        if self.between <= 0.0 {
            texts.push(say("clustered.no-variance", &[]));
        }
        texts
    }
}

/// The two-sided t of a level.
pub(super) fn t_of(level: f64, df: f64) -> Result<f64, EstimationError> {
    let inside = level > 0.0 && level < 1.0;
    let t = if inside { t_quantile(f64::midpoint(1.0, level), df) } else { None };
    t.ok_or_else(|| EstimationError::option("level", level, "a level of confidence lies between 0 and 1"))
}

/// The restricted likelihood along the ratio of the two variances.
struct Profile<'a> {
    groups: &'a [Group],
    n: f64,
    within: f64,
}

struct At {
    ratio: f64,
    mean: f64,
    weight: f64,
    squares: f64,
}

impl Profile<'_> {
    fn weight(group: &Group, ratio: f64) -> f64 {
        group.n / (1.0 + group.n * ratio)
    }

    fn at(&self, ratio: f64) -> At {
        let weight: f64 = self.groups.iter().map(|group| Self::weight(group, ratio)).sum();
        let mean = self.groups.iter().map(|group| Self::weight(group, ratio) * group.mean).sum::<f64>() / weight;
        let between: f64 =
            self.groups.iter().map(|group| Self::weight(group, ratio) * (group.mean - mean).powi(2)).sum();
        At { ratio, mean, weight, squares: self.within + between }
    }

    /// Derivative of minus twice the log-likelihood by the ratio.
    fn slope(&self, ratio: f64) -> f64 {
        let at = self.at(ratio);
        let squared = |group: &Group| Self::weight(group, ratio).powi(2);
        let moved: f64 = self.groups.iter().map(|group| squared(group) * (group.mean - at.mean).powi(2)).sum();
        let squares: f64 = self.groups.iter().map(squared).sum();
        at.weight - squares / at.weight - (self.n - 1.0) * moved / at.squares
    }

    fn maximum(&self) -> f64 {
        if self.slope(0.0) >= 0.0 {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1e-3);
        while self.slope(high) < 0.0 && high < 1e12 {
            low = high;
            high *= 4.0;
        }
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if self.slope(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
            if high - low <= 4.0 * f64::EPSILON * high {
                break;
            }
        }
        f64::midpoint(low, high)
    }

    fn log_likelihood(&self, at: &At) -> f64 {
        let df = self.n - 1.0;
        let logs: f64 = self.groups.iter().map(|group| (group.n * at.ratio).ln_1p()).sum();
        -0.5 * (df * (1.0 + (std::f64::consts::TAU * at.squares / df).ln()) + logs + at.weight.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_that_do_not_differ_have_no_variance_between() {
        let values: Vec<f64> = (0..40).map(|at| f64::from(at % 4)).collect();
        let clusters: Vec<String> = (0..40).map(|at| (at / 4).to_string()).collect();
        let found = VarianceComponents::fit(&values, &clusters).unwrap();
        assert_eq!((found.between, found.icc), (0.0, 0.0));
        assert!(found.icc_anova < 0.0);
        assert!(found.clusters.iter().all(|cluster| cluster.shrunken == found.mean));
        assert_eq!(found.explain().len(), 3);
    }

    #[test]
    fn small_clusters_are_drawn_to_the_mean_more() {
        let mut values = vec![0.0, 1.0, 2.0, 1.0, 0.0, 2.0];
        let mut clusters = vec!["a"; 6];
        values.extend([9.0, 11.0, f64::NAN, 5.0]);
        clusters.extend(["b", "b", "b", ""]);
        values.extend([4.0, 6.0, 5.0, 5.0]);
        clusters.extend(["c"; 4]);
        let found = VarianceComponents::fit(&values, &clusters).unwrap();
        assert_eq!((found.persons, found.left_out), (12, 2));
        assert!(found.clusters[1].reliability < found.clusters[0].reliability);
        let (low, high) = found.interval(0.95).unwrap();
        assert!(low < found.mean && found.mean < high);
        assert!(found.interval(1.5).is_err());
    }

    #[test]
    fn refusals() {
        assert!(VarianceComponents::fit(&[1.0, 2.0], &["a", "a"]).is_err());
        assert!(VarianceComponents::fit(&[1.0, 2.0], &["a", "b"]).is_err());
        assert!(VarianceComponents::fit(&[1.0, 1.0, 2.0, 2.0], &["a", "a", "b", "b"]).is_err());
        assert!(VarianceComponents::fit(&[1.0], &["a", "b"]).is_err());
    }
}
