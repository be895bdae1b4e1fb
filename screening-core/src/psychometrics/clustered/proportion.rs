//! Intervals of a share from few persons.

use serde::{Deserialize, Serialize};

use super::super::EstimationError;
use super::super::correlation::z_of;
use super::super::distributions::beta_quantile;
use crate::stats::{clopper_pearson, wilson};

/// Which interval of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProportionInterval {
    /// Score interval (Wilson 1927).
    #[default]
    Wilson,
    /// Exact: never covers less than its level (Clopper and Pearson 1934).
    ClopperPearson,
    /// Posterior of Jeffreys's prior, its ends at 0 and n put to 0 and 1.
    Jeffreys,
    /// Wald's after adding `z^2 / 2` successes and failures; it can leave 0 to 1.
    AgrestiCoull,
}

/// Interval of a share of `x` among `n` persons.
///
/// # Errors
/// Nobody, more positive persons than persons, a level that does not lie between 0 and 1.
///
/// ```
/// use screening_core::psychometrics::{ProportionInterval, proportion_interval};
///
/// let (low, high) = proportion_interval(0, 12, 0.95, ProportionInterval::ClopperPearson)?;
/// assert!(low == 0.0 && (high - 0.2646).abs() < 1e-4);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn proportion_interval(
    x: u64,
    n: u64,
    level: f64,
    kind: ProportionInterval,
) -> Result<(f64, f64), EstimationError> {
    if n == 0 {
        return Err(EstimationError::TooFewPersons { method: "the interval of a share", needed: 1, found: 0 });
    }
    if x > n {
        return Err(EstimationError::option("x", x, "there are no more positive persons than persons"));
    }
    let z = z_of(level)?;
    let (positive, negative, size) = (x as f64, (n - x) as f64, n as f64);
    let tail = (1.0 - level) / 2.0;
    let end = |p: f64, a: f64, b: f64| {
        beta_quantile(p, a, b).ok_or_else(|| EstimationError::option("level", level, "it lies between 0 and 1"))
    };
    Ok(match kind {
        ProportionInterval::Wilson => wilson(positive / size, size, z),
        ProportionInterval::ClopperPearson => clopper_pearson(x, n, level),
        ProportionInterval::Jeffreys => (
            if x == 0 { 0.0 } else { end(tail, positive + 0.5, negative + 0.5)? },
            if x == n { 1.0 } else { end(1.0 - tail, positive + 0.5, negative + 0.5)? },
        ),
        ProportionInterval::AgrestiCoull => {
            let larger = size + z * z;
            let p = (positive + z * z / 2.0) / larger;
            let width = z * (p * (1.0 - p) / larger).sqrt();
            (p - width, p + width)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_refusals() {
        for kind in [ProportionInterval::Wilson, ProportionInterval::ClopperPearson, ProportionInterval::Jeffreys] {
            let (low, _) = proportion_interval(0, 10, 0.9, kind).unwrap();
            let (_, high) = proportion_interval(10, 10, 0.9, kind).unwrap();
            assert!(low.abs() < 1e-15 && (high - 1.0).abs() < 1e-15, "{kind:?}");
        }
        assert!(proportion_interval(3, 0, 0.9, ProportionInterval::Wilson).is_err());
        assert!(proportion_interval(3, 2, 0.9, ProportionInterval::Wilson).is_err());
        assert!(proportion_interval(1, 2, 1.0, ProportionInterval::Wilson).is_err());
    }
}
