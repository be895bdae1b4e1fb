//! Groups of persons beside each other when persons come in clusters.

use indexmap::IndexMap;
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::super::EstimationError;
use super::super::distributions::f_upper;
use super::components::t_of;

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupMean {
    /// Its name.
    pub group: String,
    /// Persons.
    pub persons: usize,
    /// Clusters with persons of the group.
    pub clusters: usize,
    /// Mean; of zeros and ones the share.
    pub mean: f64,
    /// Standard deviation of the persons; none for one person.
    pub standard_deviation: Option<f64>,
    /// Linearised standard error of the mean; none for a group of one cluster, whose error cannot be told.
    pub standard_error: Option<f64>,
    /// Interval by t with one degree of freedom fewer than clusters.
    pub interval: Option<(f64, f64)>,
}

/// Test that all groups have the same mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AdjustedWald {
    /// `F = (d - q + 1) / (d q) W`, `d` clusters less one, `q` groups less one.
    pub f: f64,
    /// `q`.
    pub df1: f64,
    /// `d - q + 1`.
    pub df2: f64,
    /// Probability of a larger F when the means are equal.
    pub p: f64,
}

/// The second of two groups less the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GroupDifference {
    /// Difference of the means.
    pub difference: f64,
    /// Interval by t; none when the error cannot be told.
    pub interval: Option<(f64, f64)>,
    /// Difference over the pooled standard deviation (Cohen 1988); none when nobody differs within the groups.
    pub cohen_d: Option<f64>,
}

/// Means (or shares) of groups whose errors know that persons of a cluster are alike, also when a cluster has persons of
/// several groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupComparison {
    /// The groups, in the order of their first person.
    pub groups: Vec<GroupMean>,
    /// Persons left out: no value, no group or no cluster.
    pub left_out: usize,
    /// Clusters.
    pub clusters: usize,
    /// Level of the intervals.
    pub level: f64,
    /// The test; none with fewer than two groups, with too few clusters for them, or when groups cannot be told from clusters.
    pub test: Option<AdjustedWald>,
    /// Share of the variance that lies between the groups; of zeros and ones the square of Cramér's V. None when the values do
    /// not vary.
    pub eta_squared: Option<f64>,
    /// The difference, of two groups.
    pub difference: Option<GroupDifference>,
}

/// Sums of one group.
#[derive(Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
    /// By cluster, persons and sum.
    clusters: IndexMap<usize, (f64, f64)>,
}

impl GroupComparison {
    /// Compares groups of persons in clusters (NaN and empty names for missing).
    ///
    /// Each mean is a ratio of sums over clusters drawn with replacement; their covariances are linearised,
    /// `V = k/(k-1) sum_j u_j u_j'` with `u_jg = sum over persons of cluster j and group g of (y - mean_g) / n_g`, as
    /// `survey::svyby(covmat = TRUE)`. The test is Wald's with the degrees of freedom of the clusters (Korn & Graubard 1990, Am
    /// Stat 44:270), as Stata's `svy: mean` with `test`. For two groups it is the square of t.
    ///
    /// # Errors
    /// Lists of different length, fewer than two clusters, a level outside 0 to 1.
    ///
    /// ```
    /// use screening_core::psychometrics::GroupComparison;
    ///
    /// let values = [1.0, 3.0, 2.0, 6.0, 3.0, 9.0];
    /// let sexes = ["f", "m", "f", "m", "f", "m"];
    /// let schools = ["a", "a", "b", "b", "c", "c"];
    /// let found = GroupComparison::fit(&values, &sexes, &schools, 0.95)?;
    /// // In each school m - f is 2, 4, 6: mean 4, error sqrt(4 / 3), t squared 12 with 1 and 2 degrees of freedom.
    /// let test = found.test.expect("three schools");
    /// assert!((test.f - 12.0).abs() < 1e-9 && test.df1 == 1.0 && test.df2 == 2.0);
    /// assert!((found.difference.expect("two groups").difference - 4.0).abs() < 1e-12);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit<G: AsRef<str>, S: AsRef<str>>(
        values: &[f64],
        groups: &[G],
        clusters: &[S],
        level: f64,
    ) -> Result<Self, EstimationError> {
        if values.len() != groups.len() || values.len() != clusters.len() {
            let (expected, found) = (values.len().to_string(), groups.len().min(clusters.len()).to_string());
            return Err(EstimationError::Shape { what: "the groups and clusters of the persons", expected, found });
        }
        let mut names: IndexMap<&str, usize> = IndexMap::new();
        let mut sums: IndexMap<&str, Sums> = IndexMap::new();
        let mut used = 0;
        for ((value, group), cluster) in values.iter().zip(groups).zip(clusters) {
            let (group, cluster) = (group.as_ref(), cluster.as_ref());
            if !value.is_finite() || group.is_empty() || cluster.is_empty() {
                continue;
            }
            used += 1;
            let next = names.len();
            let at = *names.entry(cluster).or_insert(next);
            let own = sums.entry(group).or_default();
            own.n += 1.0;
            own.sum += value;
            own.squares += value * value;
            let part = own.clusters.entry(at).or_default();
            part.0 += 1.0;
            part.1 += value;
        }
        let k = names.len();
        if k < 2 {
            return Err(EstimationError::TooFewPersons { method: "a comparison by clusters", needed: 2, found: k });
        }
        let t = t_of(level, k as f64 - 1.0)?;
        let covariance = covariance(&sums, k);
        let list = sums.iter().enumerate().map(|(at, (group, own))| {
            let mean = own.sum / own.n;
            let error = (own.clusters.len() > 1).then(|| covariance[(at, at)].max(0.0).sqrt());
            GroupMean {
                group: (*group).to_owned(),
                persons: own.n as usize,
                clusters: own.clusters.len(),
                mean,
                standard_deviation: (own.n > 1.0).then(|| (within(own) / (own.n - 1.0)).sqrt()),
                standard_error: error,
                interval: error.map(|error| (mean - t * error, mean + t * error)),
            }
        });
        let list: Vec<GroupMean> = list.collect();
        Ok(Self {
            test: adjusted_wald(&list, &covariance, k),
            eta_squared: eta_squared(&sums),
            difference: difference(&sums, &list, &covariance, t),
            groups: list,
            left_out: values.len() - used,
            clusters: k,
            level,
        })
    }
}

/// Squares around the mean of the group.
fn within(own: &Sums) -> f64 {
    (own.squares - own.sum * own.sum / own.n).max(0.0)
}

fn covariance(sums: &IndexMap<&str, Sums>, k: usize) -> DMatrix<f64> {
    let mut scores = DMatrix::zeros(k, sums.len());
    for (at, own) in sums.values().enumerate() {
        let mean = own.sum / own.n;
        for (cluster, (n, sum)) in &own.clusters {
            scores[(*cluster, at)] = (sum - mean * n) / own.n;
        }
    }
    let k = k as f64;
    scores.transpose() * &scores * (k / (k - 1.0))
}

fn adjusted_wald(groups: &[GroupMean], covariance: &DMatrix<f64>, k: usize) -> Option<AdjustedWald> {
    let q = groups.len().checked_sub(1).filter(|q| *q > 0)?;
    let (df, df1) = (k as f64 - 1.0, q as f64);
    let df2 = df - df1 + 1.0;
    if df2 < 1.0 {
        return None;
    }
    let first = groups.first()?.mean;
    let differences = DVector::from_iterator(q, groups.iter().skip(1).map(|group| group.mean - first));
    let of = |a: usize, b: usize| covariance[(a, b)];
    let spread = DMatrix::from_fn(q, q, |a, b| of(a + 1, b + 1) - of(a + 1, 0) - of(0, b + 1) + of(0, 0));
    // Groups that are whole clusters, or means that vary with no cluster, leave nothing to judge a difference by.
    let largest = spread.diagonal().max();
    let smallest = spread.clone().symmetric_eigenvalues().min();
    if largest <= 1e-12 * covariance.diagonal().max() || smallest.is_nan() || smallest <= 1e-10 * largest {
        return None;
    }
    let solved = spread.cholesky()?.solve(&differences);
    let f = df2 / (df * df1) * differences.dot(&solved);
    Some(AdjustedWald { f, df1, df2, p: f_upper(f, df1, df2) })
}

fn eta_squared(sums: &IndexMap<&str, Sums>) -> Option<f64> {
    let (n, sum) = sums.values().fold((0.0, 0.0), |(n, sum), own| (n + own.n, sum + own.sum));
    let mean = sum / n;
    let between: f64 = sums.values().map(|own| own.n * (own.sum / own.n - mean).powi(2)).sum();
    let total = between + sums.values().map(within).sum::<f64>();
    (total > 0.0).then(|| between / total)
}

fn difference(
    sums: &IndexMap<&str, Sums>,
    groups: &[GroupMean],
    covariance: &DMatrix<f64>,
    t: f64,
) -> Option<GroupDifference> {
    let [first, second] = groups else { return None };
    let difference = second.mean - first.mean;
    let variance = covariance[(0, 0)] + covariance[(1, 1)] - 2.0 * covariance[(0, 1)];
    let told = first.standard_error.is_some() && second.standard_error.is_some() && variance > 0.0;
    let width = t * variance.max(0.0).sqrt();
    let n: f64 = sums.values().map(|own| own.n).sum();
    let pooled = if n > 2.0 { (sums.values().map(within).sum::<f64>() / (n - 2.0)).sqrt() } else { 0.0 };
    Some(GroupDifference {
        difference,
        interval: told.then_some((difference - width, difference + width)),
        cohen_d: (pooled > 0.0).then(|| difference / pooled),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[usize]) -> Vec<String> {
        list.iter().map(usize::to_string).collect()
    }

    #[test]
    fn shares_have_the_error_of_the_ratio_estimator_and_v_as_effect() {
        // Six schools of ten; the share rises with the school, girls one case more in each.
        let mut rows = (Vec::new(), Vec::new(), Vec::new());
        for school in 0..6_usize {
            for pupil in 0..10_usize {
                let girl = pupil < 5;
                let cases = school.min(4) / 2 + usize::from(girl);
                rows.0.push(f64::from(u8::from(pupil % 5 < cases)));
                rows.1.push(if girl { "girl" } else { "boy" });
                rows.2.push(school.to_string());
            }
        }
        let found = GroupComparison::fit(&rows.0, &rows.1, &rows.2, 0.95).unwrap();
        // Girls: 1 1 2 2 3 3 of 5, mean 0.4; sums exceed by -1 -1 0 0 1 1.
        let girls = &found.groups[0];
        assert!((girls.mean - 0.4).abs() < 1e-12);
        let error = (6.0 / 5.0 * 4.0 / 900.0_f64).sqrt();
        assert!((girls.standard_error.unwrap() - error).abs() < 1e-12);
        // The difference is the same in every school, so it has no error, and no test.
        assert!(found.test.is_none());
        // Chi square of the two by two table (12 of 30 girls, 6 of 30 boys) over its persons.
        let (a, b, n) = (12.0, 6.0, 30.0);
        let chi = 60.0 * (a * (n - b) - b * (n - a)) * (a * (n - b) - b * (n - a)) / ((a + b) * (60.0 - a - b) * n * n);
        assert!((found.eta_squared.unwrap() - chi / 60.0).abs() < 1e-12);
    }

    #[test]
    fn groups_that_are_clusters_and_too_many_groups_have_no_test() {
        let values: Vec<f64> = (0..40).map(|at| f64::from(at % 7)).collect();
        let schools = names(&(0..40).map(|at| at / 10).collect::<Vec<_>>());
        let stages = names(&(0..40).map(|at| at / 20).collect::<Vec<_>>());
        let found = GroupComparison::fit(&values, &schools, &schools, 0.95).unwrap();
        assert!(found.test.is_none() && found.groups.iter().all(|group| group.standard_error.is_none()));
        let found = GroupComparison::fit(&values, &stages, &schools, 0.95).unwrap();
        assert_eq!(found.test.map(|test| (test.df1, test.df2)), Some((1.0, 3.0)));
        let many = names(&(0..40).collect::<Vec<_>>());
        assert!(GroupComparison::fit(&values, &many, &schools, 0.95).unwrap().test.is_none());
    }

    #[test]
    fn missing_values_are_left_out_and_wrong_calls_refused() {
        let values = [1.0, f64::NAN, 2.0, 4.0, 3.0];
        let found = GroupComparison::fit(&values, &["x", "x", "y", "y", ""], &["a", "a", "a", "b", "b"], 0.9).unwrap();
        assert_eq!((found.left_out, found.clusters, found.groups.len()), (2, 2, 2));
        assert_eq!(found.groups[0].standard_deviation, None);
        assert!(GroupComparison::fit(&values, &["x"; 4], &["a"; 5], 0.9).is_err());
        assert!(GroupComparison::fit(&values, &["x"; 5], &["a"; 5], 0.9).is_err());
        assert!(GroupComparison::fit(&values, &["x"; 5], &["a", "b", "a", "b", "a"], 1.0).is_err());
    }
}
