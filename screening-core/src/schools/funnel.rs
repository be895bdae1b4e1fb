//! Funnel limits: how far a school of its size may lie from the district by chance.

use serde::Serialize;

use crate::stats::{binomial_cdf, normal_quantile};

use super::SchoolCount;

/// How much more schools differ than chance makes them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overdispersion {
    /// No more: the limits are the binomial ones.
    None,
    /// The limits are wider by the root of this factor.
    Factor(f64),
}

/// Limits at one size of school.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FunnelLimits {
    /// Pupils.
    pub pupils: u64,
    /// Lower and upper 95 % limit.
    pub p95: (f64, f64),
    /// Lower and upper 99.8 % limit.
    pub p998: (f64, f64),
}

/// Where a school lies in the funnel. Not a verdict: a school outside is one to look at, for reasons that may lie in who
/// goes there, who answered, or how the day went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Within the 95 % limits.
    Within,
    /// Between the limits: one school in twenty lies here by chance.
    Edge,
    /// Outside the 99.8 % limits: two in a thousand.
    Outside,
}

/// A funnel around the share of a district.
///
/// ```
/// use screening_core::schools::{Funnel, SchoolCount, Standing};
/// let school = |school: &str, pupils, cases| SchoolCount { school: school.into(), pupils, cases };
/// let schools = [school("A", 400, 40), school("B", 60, 9), school("C", 800, 81), school("D", 500, 50)];
/// let funnel = Funnel::of(&schools).expect("pupils");
/// assert!((funnel.target - 180.0 / 1760.0).abs() < 1e-12);
/// // Nine of sixty are many for a large school, and within chance for a small one.
/// assert_eq!(funnel.standing(&schools[1]), Some(Standing::Within));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Funnel {
    /// Share of the district: the centre.
    pub target: f64,
    /// Schools with pupils.
    pub schools: usize,
    /// Excess variation.
    pub overdispersion: Overdispersion,
}

/// Share of schools at each end whose deviates are drawn in before the excess is estimated.
const WINSOR: f64 = 0.1;

impl Funnel {
    /// The funnel of these schools: the district's share, and the excess variation `phi = mean of the winsorised z^2`
    /// (a tenth at each end), used when it exceeds 1 by more than chance (`k phi > k - 1`, and at least five schools).
    /// Spiegelhalter 2005, Stat Med 24:1185, sections 3 and 4. None without pupils.
    pub fn of(schools: &[SchoolCount]) -> Option<Self> {
        let used: Vec<&SchoolCount> = schools.iter().filter(|school| school.pupils > 0).collect();
        let pupils: u64 = used.iter().map(|school| school.pupils).sum();
        if pupils == 0 {
            return None;
        }
        let target = used.iter().map(|school| school.cases).sum::<u64>() as f64 / pupils as f64;
        let mut funnel = Self { target, schools: used.len(), overdispersion: Overdispersion::None };
        let inner = target * (1.0 - target);
        if used.len() >= 5 && inner > 0.0 {
            let deviate = |school: &&SchoolCount| {
                let n = school.pupils as f64;
                (school.cases as f64 / n - target) / (inner / n).sqrt()
            };
            let mut z: Vec<f64> = used.iter().map(deviate).collect();
            z.sort_by(f64::total_cmp);
            let cut = (z.len() as f64 * WINSOR).floor() as usize;
            let (low, high) = (z.get(cut).copied().unwrap_or(0.0), z.get(z.len() - 1 - cut).copied().unwrap_or(0.0));
            let k = z.len() as f64;
            let phi = z.iter().map(|z| z.clamp(low, high).powi(2)).sum::<f64>() / k;
            if phi > 1.0 && k * phi > k - 1.0 {
                funnel.overdispersion = Overdispersion::Factor(phi);
            }
        }
        Some(funnel)
    }

    /// The limits for a school of this size. Without excess they are exact: `(r - a) / n` with `r` the smallest count whose
    /// binomial probability reaches `p` and `a` the interpolation within it (Spiegelhalter 2005, appendix A.1.1). With excess
    /// the distance from the centre grows by its root.
    pub fn limits(&self, pupils: u64) -> FunnelLimits {
        let pair = |level: f64| {
            let tail = (1.0 - level) / 2.0;
            (self.limit(pupils, tail), self.limit(pupils, 1.0 - tail))
        };
        FunnelLimits { pupils, p95: pair(0.95), p998: pair(0.998) }
    }

    fn limit(&self, pupils: u64, p: f64) -> f64 {
        let (target, n) = (self.target, pupils as f64);
        if pupils == 0 || target <= 0.0 || target >= 1.0 {
            return target;
        }
        let exact = (interpolated(pupils, target, p) / n).clamp(0.0, 1.0);
        match self.overdispersion {
            Overdispersion::None => exact,
            Overdispersion::Factor(phi) => (target + (exact - target) * phi.sqrt()).clamp(0.0, 1.0),
        }
    }

    /// Where a school lies; none without pupils.
    pub fn standing(&self, school: &SchoolCount) -> Option<Standing> {
        if school.pupils == 0 {
            return None;
        }
        let limits = self.limits(school.pupils);
        let share = school.cases as f64 / school.pupils as f64;
        let inside = |(low, high): (f64, f64)| share >= low && share <= high;
        Some(match (inside(limits.p95), inside(limits.p998)) {
            (true, _) => Standing::Within,
            (false, true) => Standing::Edge,
            (false, false) => Standing::Outside,
        })
    }
}

/// Interpolated quantile of a count.
fn interpolated(n: u64, target: f64, p: f64) -> f64 {
    let (mean, spread) = (n as f64 * target, (n as f64 * target * (1.0 - target)).sqrt());
    // The normal approximation says where to look; the exact distribution decides.
    let guess = (mean + spread * normal_quantile(p).unwrap_or(0.0)).clamp(0.0, n as f64) as i64;
    let mut r = guess;
    while r > 0 && binomial_cdf(r - 1, n, target) >= p {
        r -= 1;
    }
    while (r as u64) < n && binomial_cdf(r, n, target) < p {
        r += 1;
    }
    let (at, below) = (binomial_cdf(r, n, target), binomial_cdf(r - 1, n, target));
    let part = if at > below { (at - p) / (at - below) } else { 0.0 };
    r as f64 - part.clamp(0.0, 1.0)
}
