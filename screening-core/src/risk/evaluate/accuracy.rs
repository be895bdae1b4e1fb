//! Sensitivity, specificity and predictive values of a test whose results were verified for some pupils only.

use serde::Serialize;

use crate::psychometrics::roc::{Corrected, Interval, RocError, Stratum, VerificationBias, verified_share};

/// Level of all intervals.
const LEVEL: f64 = 0.95;

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
    /// Fewer interviews than may be told of.
    #[error("too few interviews to be told of")]
    TooFew,
}

/// Figures of a test, corrected for who was interviewed ([`VerificationBias::begg_greenes`]; the strata are the tiers).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestFigures {
    /// Share of those in need whom the test flags.
    pub sensitivity: Result<Interval, CannotSay>,
    /// Share of the others whom it leaves alone.
    pub specificity: Result<Interval, CannotSay>,
    /// Share in need of those whom it flags.
    pub ppv: Result<Interval, CannotSay>,
    /// Share not in need of the others.
    pub npv: Result<Interval, CannotSay>,
    /// Sensitivity and specificity counted over the interviewed alone, to show how much the correction matters.
    pub uncorrected: Option<(f64, f64)>,
    /// Tiers were joined because nobody of one of them was interviewed.
    pub joined: bool,
}

impl TestFigures {
    /// Figures that cannot be said.
    pub(super) fn none(why: CannotSay) -> Self {
        let open = || Err(why);
        Self { sensitivity: open(), specificity: open(), ppv: open(), npv: open(), uncorrected: None, joined: false }
    }
}

/// One pupil: result of the test, need where it is known, tier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tested {
    pub(super) positive: bool,
    pub(super) need: Option<bool>,
    pub(super) level: u8,
}

/// The figures of a test.
pub(super) fn figures(tested: &[Tested]) -> TestFigures {
    let positive: Vec<bool> = tested.iter().map(|own| own.positive).collect();
    let need: Vec<Option<bool>> = tested.iter().map(|own| own.need).collect();
    let tiers: Vec<usize> = tested.iter().map(|own| usize::from(own.level)).collect();
    let by_tier = VerificationBias::with_strata(&positive, &need, &tiers);
    let uncorrected = by_tier.as_ref().ok().map(|fit| (fit.naive_sensitivity, fit.naive_specificity));
    let found = by_tier.and_then(|fit| fit.begg_greenes(LEVEL));
    let joined = matches!(found, Err(RocError::Unverified { .. }));
    let found =
        if joined { VerificationBias::fit(&positive, &need).and_then(|fit| fit.begg_greenes(LEVEL)) } else { found };
    match found {
        Ok(Corrected { sensitivity, specificity, ppv, npv, .. }) => {
            // Without anybody on a side a share of it is no number.
            let said = |own: Interval, why| if own.estimate.is_nan() { Err(why) } else { Ok(own) };
            TestFigures {
                sensitivity: Ok(sensitivity),
                specificity: Ok(specificity),
                ppv: said(ppv, CannotSay::NoPositive),
                npv: said(npv, CannotSay::NoNegative),
                uncorrected,
                joined,
            }
        }
        Err(_) => one_sided(tested, joined),
    }
}

/// What can be said when one side was not looked at, or all outcomes are alike.
fn one_sided(tested: &[Tested], joined: bool) -> TestFigures {
    let side = |positive: bool, need: bool| {
        let own = || tested.iter().filter(|own| own.positive == positive);
        let verified = own().filter(|own| own.need.is_some()).count() as u64;
        let cases = own().filter(|own| own.need == Some(need)).count() as u64;
        Stratum { persons: own().count() as u64, verified, cases }
    };
    let (positive, negative) = (side(true, true), side(false, false));
    let why = if positive.verified == 0 {
        CannotSay::NoPositive
    } else if negative.verified == 0 {
        CannotSay::NoNegative
    } else {
        CannotSay::OneOutcome
    };
    let share = |own: Stratum, why| verified_share(&[own], LEVEL).ok_or(why);
    TestFigures {
        ppv: share(positive, CannotSay::NoPositive),
        npv: share(negative, CannotSay::NoNegative),
        joined,
        ..TestFigures::none(why)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pupils(positive: bool, level: u8, all: usize, verified: usize, cases: usize) -> Vec<Tested> {
        let need = |at: usize| if at < cases { Some(true) } else { (at < verified).then_some(false) };
        (0..all).map(|at| Tested { positive, need: need(at), level }).collect()
    }

    #[test]
    fn the_worked_example_of_the_page() {
        let all = [pupils(true, 1, 100, 80, 40), pupils(false, 0, 900, 90, 9)].concat();
        let found = figures(&all);
        assert!((found.sensitivity.unwrap().estimate - 50.0 / 140.0).abs() < 1e-12);
        assert!((found.uncorrected.unwrap().0 - 40.0 / 49.0).abs() < 1e-12);
        assert!(!found.joined);
    }

    #[test]
    fn what_was_not_looked_at_cannot_be_said() {
        let found = figures(&[pupils(true, 1, 100, 80, 40), pupils(false, 0, 900, 0, 0)].concat());
        assert_eq!((found.sensitivity, found.npv), (Err(CannotSay::NoNegative), Err(CannotSay::NoNegative)));
        assert!((found.ppv.unwrap().estimate - 0.5).abs() < 1e-12);
        assert_eq!(figures(&[]).sensitivity, Err(CannotSay::NoPositive));
        let all_well = figures(&[pupils(true, 1, 10, 5, 0), pupils(false, 0, 90, 9, 0)].concat());
        assert_eq!(all_well.sensitivity, Err(CannotSay::OneOutcome));
        assert_eq!(all_well.ppv.unwrap().estimate, 0.0);
    }

    #[test]
    fn tiers_nobody_looked_at_are_joined_and_said_to_be() {
        let all = [pupils(true, 2, 10, 0, 0), pupils(true, 1, 90, 45, 9), pupils(false, 0, 900, 90, 9)].concat();
        let found = figures(&all);
        assert!(found.joined);
        // A fifth of all 100 positive, a tenth of the 900.
        assert!((found.sensitivity.unwrap().estimate - 20.0 / 110.0).abs() < 1e-12);
    }

    proptest! {
        /// Interviewing everybody needs no correction, whatever the tiers.
        #[test]
        fn full_verification_gives_the_plain_shares(a in 1_usize..80, b in 1_usize..80, c in 1_usize..80, d in 1_usize..80, cut in 1_usize..4) {
            let mut all = [pupils(true, 1, a + b, a + b, a), pupils(false, 0, c + d, c + d, c)].concat();
            all.iter_mut().step_by(cut + 1).for_each(|own| own.level += 2);
            let found = figures(&all);
            let (sensitivity, specificity) = (found.sensitivity.unwrap(), found.specificity.unwrap());
            prop_assert!((sensitivity.estimate - a as f64 / (a + c) as f64).abs() < 1e-9);
            prop_assert!((specificity.estimate - d as f64 / (b + d) as f64).abs() < 1e-9);
            prop_assert!(sensitivity.low <= sensitivity.estimate && sensitivity.estimate <= sensitivity.high);
            let (plain, other) = found.uncorrected.unwrap();
            prop_assert!((plain - sensitivity.estimate).abs() < 1e-9 && (other - specificity.estimate).abs() < 1e-9);
        }
    }
}
