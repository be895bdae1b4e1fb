//! The share of a district when pupils come in schools.

use serde::Serialize;

use super::{SchoolCount, SchoolsError, check};
use crate::stats::{cluster_variance, logit_interval, t_quantile};

/// The share of a district, with an interval that knows that pupils of a school resemble each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DistrictShare {
    /// Pupils.
    pub pupils: u64,
    /// Cases.
    pub cases: u64,
    /// Schools with pupils.
    pub schools: usize,
    /// Share.
    pub share: f64,
    /// Standard error over schools; none with fewer than two.
    pub error: Option<f64>,
    /// Design effect: its square over that of as many pupils drawn one by one.
    pub design_effect: Option<f64>,
    /// Interval on the logit scale with t of `schools - 1` degrees; none when there is no error, or no case or no other.
    pub interval: Option<(f64, f64)>,
}

/// The share of cases `p = sum y / sum n` as a ratio estimator with schools as sampling units drawn with replacement:
/// `var = k/(k-1) sum (y_j - p n_j)^2 / N^2`; the interval is `logit p +- t(k-1) se / (p (1-p))`. As `svyciprop(method =
/// "logit")` of R's survey; Cochran 1977, *Sampling Techniques*, ch. 9A.
///
/// The pupils of the district were all asked: the interval speaks of the process that made this wave, not of a sample of it.
/// None when there are no pupils.
///
/// # Errors
/// When a school has more cases than pupils or stands twice, or the level is none.
///
/// ```
/// use screening_core::schools::{SchoolCount, district_share};
/// let school = |school: &str, pupils, cases| SchoolCount { school: school.into(), pupils, cases };
/// let share = district_share(&[school("A", 100, 10), school("B", 100, 20)], 0.95)?.expect("pupils");
/// assert_eq!(share.share, 0.15);
/// // k/(k-1) (25 + 25) / 200^2
/// assert!((share.error.expect("two schools") - 0.05).abs() < 1e-12);
/// # Ok::<(), screening_core::schools::SchoolsError>(())
/// ```
pub fn district_share(schools: &[SchoolCount], level: f64) -> Result<Option<DistrictShare>, SchoolsError> {
    check(schools)?;
    if !(level > 0.0 && level < 1.0) {
        return Err(SchoolsError::Level(level));
    }
    let used: Vec<&SchoolCount> = schools.iter().filter(|school| school.pupils > 0).collect();
    let pupils: u64 = used.iter().map(|school| school.pupils).sum();
    let cases: u64 = used.iter().map(|school| school.cases).sum();
    if pupils == 0 {
        return Ok(None);
    }
    let (n, share, k) = (pupils as f64, cases as f64 / pupils as f64, used.len() as f64);
    let mut result =
        DistrictShare { pupils, cases, schools: used.len(), share, error: None, design_effect: None, interval: None };
    if used.len() < 2 {
        return Ok(Some(result));
    }
    let excess = used.iter().map(|school| school.cases as f64 - share * school.pupils as f64);
    let variance = cluster_variance(n, excess);
    result.error = Some(variance.sqrt());
    let inner = share * (1.0 - share);
    if inner > 0.0 && n > 1.0 {
        result.design_effect = Some(variance / (inner / (n - 1.0)));
        let t = t_quantile(f64::midpoint(1.0, level), k - 1.0);
        result.interval = t.map(|t| logit_interval(share, variance.sqrt(), t));
    }
    Ok(Some(result))
}
