//! Sensitivity and specificity when only some were interviewed.

use serde::Serialize;

use crate::stats::{clopper_pearson, normal_quantile, wilson};

/// Pupils with the same proposed tier and the same result of the test, and those of them who were interviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stratum {
    /// Whether the test is positive.
    pub positive: bool,
    /// Pupils.
    pub pupils: u64,
    /// Interviewed with a clear outcome.
    pub verified: u64,
    /// In need of support among them.
    pub in_need: u64,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Why a figure cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CannotSay {
    /// Nobody positive was interviewed.
    #[error("nobody with a positive result was interviewed")]
    NoPositive,
    /// Nobody negative was interviewed.
    #[error("nobody with a negative result was interviewed; interview a random sample of them")]
    NoNegative,
    /// Nobody was found to be in need, or everybody.
    #[error("all outcomes are alike")]
    OneOutcome,
}

/// Accuracy of a test, corrected for who was interviewed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Corrected {
    /// Sensitivity.
    pub sensitivity: Result<Interval, CannotSay>,
    /// Specificity.
    pub specificity: Result<Interval, CannotSay>,
    /// Share in need of the positive.
    pub ppv: Result<Interval, CannotSay>,
    /// Share not in need of the negative.
    pub npv: Result<Interval, CannotSay>,
    /// Share in need of all.
    pub prevalence: Result<f64, CannotSay>,
    /// Sensitivity and specificity counted over the interviewed alone, to show how much the correction matters.
    pub uncorrected: (Option<f64>, Option<f64>),
    /// Tiers were joined because nobody of one of them was interviewed.
    pub joined: bool,
}

/// Sensitivity, specificity and predictive values from strata with their own share of interviews.
///
/// Whether a pupil is interviewed may depend on the tier and on the test, not further on the need (missing at random, Begg &
/// Greenes 1983, Biometrics 39:207). With `N` pupils, `v` verified and `d` the share in need of them, every stratum adds `N d`
/// pupils in need: each interview counts `N / v` times (inverse weighting; with these strata the two methods are one).
/// `Se = A1 / (A1 + A0)` with `A1`, `A0` those sums over positive and negative strata; on the logit scale its variance is
///
/// `sum (N^2 d (1-d) / v + N d^2) / A1^2` over the positive plus the same over the negative strata with `A0`,
///
/// which with one stratum each is the formula of Begg and Greenes. Specificity likewise with `1 - d`. Where `A0` is zero the
/// lower end takes the exact 97.5 % limit of the share instead. Predictive values of one stratum have Wilson's interval.
///
/// ```
/// use screening_core::risk::evaluate::{Stratum, corrected};
/// // 100 positive, 80 interviewed, 40 in need; 900 negative, 90 interviewed, 9 in need.
/// let strata = [
///     Stratum { positive: true, pupils: 100, verified: 80, in_need: 40 },
///     Stratum { positive: false, pupils: 900, verified: 90, in_need: 9 },
/// ];
/// let found = corrected(&strata, 0.95);
/// // 50 of the 50 + 90 in need; over the interviewed alone it would be 40 of 49.
/// assert!((found.sensitivity?.value - 50.0 / 140.0).abs() < 1e-12);
/// assert!((found.uncorrected.0.expect("cases") - 40.0 / 49.0).abs() < 1e-12);
/// # Ok::<(), screening_core::risk::evaluate::CannotSay>(())
/// ```
pub fn corrected(strata: &[Stratum], level: f64) -> Corrected {
    let mut strata: Vec<Stratum> = strata.iter().filter(|own| own.pupils > 0).copied().collect();
    let joined = strata.iter().any(|own| own.verified == 0);
    if joined {
        strata = [true, false].map(|positive| join(&strata, positive)).to_vec();
        strata.retain(|own| own.pupils > 0);
    }
    let z = normal_quantile(f64::midpoint(1.0, level)).unwrap_or(f64::INFINITY);
    let side = |positive: bool| -> Vec<&Stratum> { strata.iter().filter(|own| own.positive == positive).collect() };
    let (positive, negative) = (side(true), side(false));
    let blind = |side: &[&Stratum]| side.iter().any(|own| own.verified == 0);
    let missing = if positive.is_empty() || blind(&positive) {
        Some(CannotSay::NoPositive)
    } else if negative.is_empty() || blind(&negative) {
        Some(CannotSay::NoNegative)
    } else {
        None
    };
    let ratio = |top: &[&Stratum], rest: &[&Stratum], need: bool| match missing {
        Some(why) => Err(why),
        None => logit_share(top, rest, need, z, level),
    };
    let value = |side: &[&Stratum], need: bool, why: CannotSay| {
        if side.is_empty() || blind(side) { Err(why) } else { Ok(predictive(side, need, z)) }
    };
    let total: f64 = strata.iter().map(|own| own.pupils as f64).sum();
    let in_need: f64 = strata.iter().map(|own| sum_of(own, true)).sum();
    Corrected {
        sensitivity: ratio(&positive, &negative, true),
        specificity: ratio(&negative, &positive, false),
        ppv: value(&positive, true, CannotSay::NoPositive),
        npv: value(&negative, false, CannotSay::NoNegative),
        prevalence: missing.map_or(Ok(in_need / total), Err),
        uncorrected: uncorrected(&strata),
        joined,
    }
}

fn join(strata: &[Stratum], positive: bool) -> Stratum {
    let start = Stratum { positive, pupils: 0, verified: 0, in_need: 0 };
    strata.iter().filter(|own| own.positive == positive).fold(start, |sum, own| Stratum {
        positive,
        pupils: sum.pupils + own.pupils,
        verified: sum.verified + own.verified,
        in_need: sum.in_need + own.in_need,
    })
}

/// Share in need, or not in need, of the verified.
fn share(own: &Stratum, need: bool) -> f64 {
    let d = own.in_need as f64 / own.verified as f64;
    if need { d } else { 1.0 - d }
}

fn sum_of(own: &Stratum, need: bool) -> f64 {
    if own.verified == 0 { 0.0 } else { own.pupils as f64 * share(own, need) }
}

fn logit_share(top: &[&Stratum], rest: &[&Stratum], need: bool, z: f64, level: f64) -> Result<Interval, CannotSay> {
    let sum = |side: &[&Stratum]| side.iter().map(|own| sum_of(own, need)).sum::<f64>();
    let (a, b) = (sum(top), sum(rest));
    if a + b == 0.0 {
        return Err(CannotSay::OneOutcome);
    }
    let value = a / (a + b);
    // The largest sum that the interviews do not exclude, where none was found.
    let most = |side: &[&Stratum]| {
        let verified: u64 = side.iter().map(|own| own.verified).sum();
        clopper_pearson(0, verified, level).1 * side.iter().map(|own| own.pupils as f64).sum::<f64>()
    };
    if b == 0.0 {
        return Ok(Interval { value, low: a / (a + most(rest)), high: 1.0 });
    }
    if a == 0.0 {
        let a = most(top);
        return Ok(Interval { value, low: 0.0, high: a / (a + b) });
    }
    let spread = |side: &[&Stratum], total: f64| {
        let of = |own: &&Stratum| {
            let (n, v, d) = (own.pupils as f64, own.verified as f64, share(own, need));
            n * n * d * (1.0 - d) / v + n * d * d
        };
        side.iter().map(of).sum::<f64>() / (total * total)
    };
    let reach = z * (spread(top, a) + spread(rest, b)).sqrt();
    let logit = (a / b).ln();
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Ok(Interval { value, low: back(logit - reach), high: back(logit + reach) })
}

/// A predictive value: Wilson's interval with the effective number of interviews.
fn predictive(side: &[&Stratum], need: bool, z: f64) -> Interval {
    let pupils: f64 = side.iter().map(|own| own.pupils as f64).sum();
    let value = side.iter().map(|own| sum_of(own, need)).sum::<f64>() / pupils;
    let variance: f64 = side
        .iter()
        .map(|own| {
            let (weight, d) = (own.pupils as f64 / pupils, share(own, need));
            weight * weight * d * (1.0 - d) / own.verified as f64
        })
        .sum();
    let verified: f64 = side.iter().map(|own| own.verified as f64).sum();
    let effective = if variance > 0.0 { value * (1.0 - value) / variance } else { verified };
    let (low, high) = wilson(value, effective.min(pupils), z);
    Interval { value, low, high }
}

fn uncorrected(strata: &[Stratum]) -> (Option<f64>, Option<f64>) {
    let count = |positive: bool, need: bool| -> u64 {
        let own = strata.iter().filter(|own| own.positive == positive);
        own.map(|own| if need { own.in_need } else { own.verified - own.in_need }).sum()
    };
    let share = |part: u64, rest: u64| (part + rest > 0).then(|| part as f64 / (part + rest) as f64);
    (share(count(true, true), count(false, true)), share(count(false, false), count(true, false)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stratum(positive: bool, pupils: u64, verified: u64, in_need: u64) -> Stratum {
        Stratum { positive, pupils, verified, in_need }
    }

    #[test]
    fn the_interval_is_that_of_begg_and_greenes() {
        let found = corrected(&[stratum(true, 100, 80, 40), stratum(false, 900, 90, 9)], 0.95).sensitivity.unwrap();
        // 1 / (N p (1-p)) + (1-t1) / (v1 t1) + (1-t0) / (v0 t0)
        let variance = 1.0 / (1000.0 * 0.1 * 0.9) + 0.5 / (80.0 * 0.5) + 0.9 / (90.0 * 0.1);
        let logit = (50.0_f64 / 90.0).ln();
        let end = |sign: f64| 1.0 / (1.0 + (-(logit + sign * 1.959_963_984_540_054 * f64::sqrt(variance))).exp());
        assert!((found.low - end(-1.0)).abs() < 1e-12 && (found.high - end(1.0)).abs() < 1e-12);
    }

    #[test]
    fn what_was_not_looked_at_cannot_be_said() {
        let found = corrected(&[stratum(true, 100, 80, 40), stratum(false, 900, 0, 0)], 0.95);
        assert_eq!(found.sensitivity, Err(CannotSay::NoNegative));
        assert!((found.ppv.unwrap().value - 0.5).abs() < 1e-12);
        assert_eq!(corrected(&[], 0.95).sensitivity, Err(CannotSay::NoPositive));
        let all_well = corrected(&[stratum(true, 10, 5, 0), stratum(false, 90, 9, 0)], 0.95);
        assert_eq!(all_well.sensitivity, Err(CannotSay::OneOutcome));
    }

    #[test]
    fn nobody_found_among_the_negative_is_not_nobody_there() {
        let found = corrected(&[stratum(true, 100, 100, 50), stratum(false, 900, 100, 0)], 0.95).sensitivity.unwrap();
        assert_eq!((found.value, found.high), (1.0, 1.0));
        // Up to 3.6 % of the 900 may be in need: 1 - 0.025^(1/100).
        let most = 900.0 * (1.0 - 0.025_f64.powf(0.01));
        assert!((found.low - 50.0 / (50.0 + most)).abs() < 1e-9);
    }

    proptest! {
        /// Interviewing everybody needs no correction.
        #[test]
        fn full_verification_gives_the_plain_shares(a in 1_u64..200, b in 1_u64..200, c in 1_u64..200, d in 1_u64..200) {
            let found = corrected(&[stratum(true, a + b, a + b, a), stratum(false, c + d, c + d, c)], 0.95);
            let (sensitivity, specificity) = (found.sensitivity.unwrap(), found.specificity.unwrap());
            prop_assert!((sensitivity.value - a as f64 / (a + c) as f64).abs() < 1e-12);
            prop_assert!((specificity.value - d as f64 / (b + d) as f64).abs() < 1e-12);
            prop_assert!(sensitivity.low <= sensitivity.value && sensitivity.value <= sensitivity.high);
            let (Some(plain), Some(other)) = found.uncorrected else { panic!("no shares") };
            prop_assert!((plain - sensitivity.value).abs() < 1e-12 && (other - specificity.value).abs() < 1e-12);
        }

        /// Splitting a stratum with the same shares changes no value.
        #[test]
        fn strata_that_are_alike_can_be_joined(n in 1_u64..50, v in 1_u64..9, d in 0_u64..9, rest in 1_u64..60) {
            let d = d.min(v);
            let negative = stratum(false, 100 + rest, 50, 7);
            let whole = corrected(&[stratum(true, 2 * (n + v), 2 * v, 2 * d), negative], 0.95);
            let half = stratum(true, n + v, v, d);
            let parts = corrected(&[half, half, negative], 0.95);
            prop_assert!((whole.sensitivity.unwrap().value - parts.sensitivity.unwrap().value).abs() < 1e-12);
            prop_assert!((whole.ppv.unwrap().value - parts.ppv.unwrap().value).abs() < 1e-12);
        }
    }
}
