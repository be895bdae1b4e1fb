//! Sensitivity and specificity when only some persons were examined.
//!
//! In screening everybody is scored, the positive are interviewed and of the negative a sample. Shares among the verified
//! alone make the scale look far more sensitive than it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::curve::Interval;
use super::{RocError, share};
use crate::stats::{clopper_pearson, logit_interval, normal_quantile};

/// Shares corrected for who was verified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Corrected {
    /// Sensitivity.
    pub sensitivity: Interval,
    /// Specificity.
    pub specificity: Interval,
    /// Share of all persons who have the condition.
    pub prevalence: Interval,
    /// Share of the positive who have the condition.
    pub ppv: Interval,
    /// Share of the negative who do not.
    pub npv: Interval,
}

/// Persons of one stratum: how many there are, how many were verified, and how many of these have the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stratum {
    pub(crate) persons: u64,
    pub(crate) verified: u64,
    pub(crate) cases: u64,
}

/// The share with the condition in strata of which only some persons were verified, as Begg and Greenes count it:
/// `p = sum N_s f_s / sum N_s`, with the variance `sum w_s^2 f_s (1 - f_s) / v_s + sum w_s (f_s - p)^2 / N`, `w_s = N_s / N`, on the
/// logit scale. Where all or none of the verified have the condition, the one end that is open takes the exact limit.
/// None without persons, or with a stratum in which nobody was verified.
pub(crate) fn verified_share(strata: &[Stratum], confidence: f64) -> Option<Interval> {
    let persons: u64 = strata.iter().map(|own| own.persons).sum();
    if persons == 0 || strata.iter().any(|own| own.persons > 0 && own.verified == 0) {
        return None;
    }
    let n = persons as f64;
    let of = |own: &Stratum| (own.persons as f64 / n, own.cases as f64 / own.verified as f64, own.verified as f64);
    let cells = || strata.iter().filter(|own| own.persons > 0).map(of);
    let estimate: f64 = cells().map(|(weight, f, _)| weight * f).sum();
    let (verified, cases) = strata.iter().fold((0, 0), |sum, own| (sum.0 + own.verified, sum.1 + own.cases));
    if cases == 0 || cases == verified {
        let (low, high) = clopper_pearson(cases, verified, confidence);
        return Some(Interval { estimate, low, high });
    }
    let variance: f64 =
        cells().map(|(weight, f, v)| weight * weight * f * (1.0 - f) / v + weight * (f - estimate).powi(2) / n).sum();
    let z = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN);
    let (low, high) = logit_interval(estimate, variance.sqrt(), z);
    Some(Interval { estimate, low, high })
}

/// Correction for verification bias.
///
/// Both ways assume that within a stratum (or with a known chance) who was verified does not depend on the condition.
///
/// ```
/// use screening_core::psychometrics::roc::VerificationBias;
/// // 100 positive, all interviewed: 40 have the condition. 900 negative, 90 interviewed: 3 have it.
/// let persons = |positive, condition, n| std::iter::repeat_n((positive, condition), n);
/// let all: Vec<(bool, Option<bool>)> = persons(true, Some(true), 40).chain(persons(true, Some(false), 60))
///     .chain(persons(false, Some(true), 3)).chain(persons(false, Some(false), 87)).chain(persons(false, None, 810)).collect();
/// let (positive, condition): (Vec<_>, Vec<_>) = all.into_iter().unzip();
/// let fit = VerificationBias::fit(&positive, &condition)?;
/// let found = fit.begg_greenes(0.95)?;
/// // Of the negative 30 in 900 are expected to have it: 40 / 70, not 40 / 43.
/// assert!((found.sensitivity.estimate - 40.0 / 70.0).abs() < 1e-12);
/// assert!((fit.naive_sensitivity - 40.0 / 43.0).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::roc::RocError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerificationBias {
    /// Persons in all.
    pub persons: usize,
    /// Persons whose condition is known.
    pub verified: usize,
    /// Sensitivity among the verified, uncorrected.
    pub naive_sensitivity: f64,
    /// Specificity among the verified, uncorrected.
    pub naive_specificity: f64,
    #[serde(skip)]
    positive: Vec<bool>,
    #[serde(skip)]
    condition: Vec<Option<bool>>,
    #[serde(skip)]
    strata: Vec<usize>,
}

impl VerificationBias {
    /// Verification depends on the result alone: positive and negative persons are the strata.
    ///
    /// # Errors
    /// Lists of different length, nobody verified with or without the condition.
    pub fn fit(positive: &[bool], condition: &[Option<bool>]) -> Result<Self, RocError> {
        let strata: Vec<usize> = positive.iter().map(|positive| usize::from(*positive)).collect();
        Self::with_strata(positive, condition, &strata)
    }

    /// Verification depends on finer strata, such as the score itself or school and result.
    ///
    /// # Errors
    /// Lists of different length, nobody verified with or without the condition.
    pub fn with_strata(positive: &[bool], condition: &[Option<bool>], strata: &[usize]) -> Result<Self, RocError> {
        for (others, what) in [(condition.len(), "conditions"), (strata.len(), "strata")] {
            if positive.len() != others {
                return Err(RocError::Lengths { scores: positive.len(), what, others });
            }
        }
        let count = |result: Option<bool>, wanted: bool| {
            let all = positive.iter().zip(condition);
            all.filter(|(positive, c)| **c == Some(wanted) && result.is_none_or(|result| result == **positive)).count()
        };
        let [with, without] = [count(None, true), count(None, false)];
        for (found, group) in [(with, "verified persons with the condition"), (without, "verified persons without it")]
        {
            if found == 0 {
                return Err(RocError::TooFew { group, found, needed: 1 });
            }
        }
        Ok(Self {
            persons: positive.len(),
            verified: with + without,
            naive_sensitivity: count(Some(true), true) as f64 / with as f64,
            naive_specificity: count(Some(false), false) as f64 / without as f64,
            positive: positive.to_vec(),
            condition: condition.to_vec(),
            strata: strata.to_vec(),
        })
    }

    /// Begg and Greenes: the share with the condition among the verified of a stratum stands for the whole stratum.
    ///
    /// ```text
    /// sensitivity = sum over positive strata of N_s f_s / sum over all strata of N_s f_s,   f_s = verified cases / verified
    /// ```
    ///
    /// Standard errors by the delta method from the multinomial strata and the binomial shares. Source: Begg & Greenes 1983,
    /// Biometrics 39:207.
    ///
    /// # Errors
    /// A confidence outside 0 to 1; a stratum in which nobody was verified; a stratum with positive and negative persons.
    pub fn begg_greenes(&self, confidence: f64) -> Result<Corrected, RocError> {
        share("confidence", confidence)?;
        let mut strata: BTreeMap<(usize, bool), Stratum> = BTreeMap::new();
        for ((stratum, positive), condition) in self.strata.iter().zip(&self.positive).zip(&self.condition) {
            // A stratum that holds both results is two.
            let own = strata.entry((*stratum, *positive)).or_default();
            own.persons += 1;
            own.verified += u64::from(condition.is_some());
            own.cases += u64::from(*condition == Some(true));
        }
        for ((stratum, _), own) in &strata {
            if own.verified == 0 {
                return Err(RocError::Unverified { stratum: *stratum, persons: own.persons as usize });
            }
        }
        let n = self.persons as f64;
        let cells: Vec<(bool, f64, f64, f64)> = strata
            .iter()
            .map(|((_, positive), own)| {
                (*positive, own.persons as f64 / n, own.cases as f64 / own.verified as f64, own.verified as f64)
            })
            .collect();
        // Share of `wanted` strata among those with (or without) the condition.
        let ratio = |wanted: bool, with: bool| {
            let of = |f: f64| if with { f } else { 1.0 - f };
            let all: f64 = cells.iter().map(|(_, share, f, _)| share * of(*f)).sum();
            let estimate =
                cells.iter().filter(|cell| cell.0 == wanted).map(|(_, s, f, _)| s * of(*f)).sum::<f64>() / all;
            let (mut binomial, mut square, mut mean) = (0.0, 0.0, 0.0);
            for (positive, share, f, verified) in &cells {
                let slope = (f64::from(u8::from(*positive == wanted)) - estimate) / all;
                binomial += (share * slope).powi(2) * f * (1.0 - f) / verified;
                square += share * (of(*f) * slope).powi(2);
                mean += share * of(*f) * slope;
            }
            (estimate, binomial + (square - mean * mean) / n)
        };
        let side = |wanted: Option<bool>| -> Vec<Stratum> {
            let own = strata.iter().filter(|((_, positive), _)| wanted.is_none_or(|wanted| wanted == *positive));
            own.map(|(_, own)| *own).collect()
        };
        let nobody = Interval { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
        let whole = |wanted| verified_share(&side(wanted), confidence).unwrap_or(nobody);
        let npv = whole(Some(false));
        Ok(Corrected {
            sensitivity: Self::ends(
                logit(ratio(true, true), confidence),
                &side(Some(true)),
                &side(Some(false)),
                confidence,
            ),
            specificity: Self::ends(
                logit(ratio(false, false), confidence),
                &side(Some(false)).into_iter().map(mirrored).collect::<Vec<_>>(),
                &side(Some(true)).into_iter().map(mirrored).collect::<Vec<_>>(),
                confidence,
            ),
            prevalence: whole(None),
            ppv: whole(Some(true)),
            npv: Interval { estimate: 1.0 - npv.estimate, low: 1.0 - npv.high, high: 1.0 - npv.low },
        })
    }

    /// Where one side has no case among its verified persons the estimate is 0 or 1, and the logit has no interval: the open end
    /// is what follows from the largest share of cases there that the verified do not exclude (Clopper and Pearson).
    fn ends(interval: Interval, top: &[Stratum], rest: &[Stratum], confidence: f64) -> Interval {
        let cases = |side: &[Stratum]| -> f64 {
            side.iter().map(|own| own.persons as f64 * own.cases as f64 / own.verified as f64).sum()
        };
        let most = |side: &[Stratum]| {
            let verified = side.iter().map(|own| own.verified).sum();
            let persons: u64 = side.iter().map(|own| own.persons).sum();
            clopper_pearson(0, verified, confidence).1 * persons as f64
        };
        let (above, below) = (cases(top), cases(rest));
        if below == 0.0 {
            Interval { low: above / (above + most(rest)), high: 1.0, ..interval }
        } else if above == 0.0 {
            Interval { low: 0.0, high: most(top) / (most(top) + below), ..interval }
        } else {
            interval
        }
    }

    /// Inverse weighting: each verified person stands for `1 / p`, where `p` is the known chance to be verified.
    ///
    /// Standard errors by linearisation of the ratios. Source: Alonzo & Pepe 2005, Appl Stat 54:173.
    ///
    /// # Errors
    /// A confidence outside 0 to 1; chances that are not one a person, or not above 0 and at most 1.
    pub fn inverse_weighting(&self, chances: &[f64], confidence: f64) -> Result<Corrected, RocError> {
        share("confidence", confidence)?;
        if chances.len() != self.persons {
            return Err(RocError::Lengths { scores: self.persons, what: "chances", others: chances.len() });
        }
        if let Some(value) = chances.iter().find(|chance| !(**chance > 0.0 && **chance <= 1.0)) {
            return Err(RocError::Option { option: "chances", value: *value, allowed: "above 0, at most 1" });
        }
        let known: Vec<(f64, bool, bool)> = self
            .condition
            .iter()
            .zip(&self.positive)
            .zip(chances)
            .filter_map(|((condition, positive), chance)| condition.map(|with| (chance.recip(), with, *positive)))
            .collect();
        let ratio = |among: &dyn Fn(bool, bool) -> bool, hit: &dyn Fn(bool, bool) -> bool| {
            let base = known.iter().filter(|(_, with, positive)| among(*with, *positive));
            let all: f64 = base.clone().map(|(weight, _, _)| weight).sum();
            let value = |(_, with, positive): &(f64, bool, bool)| f64::from(u8::from(hit(*with, *positive)));
            let estimate = base.clone().map(|person| person.0 * value(person)).sum::<f64>() / all;
            let variance = base.map(|person| (person.0 * (value(person) - estimate) / all).powi(2)).sum::<f64>();
            logit((estimate, variance), confidence)
        };
        Ok(Corrected {
            sensitivity: ratio(&|with, _| with, &|_, positive| positive),
            specificity: ratio(&|with, _| !with, &|_, positive| !positive),
            prevalence: ratio(&|_, _| true, &|with, _| with),
            ppv: ratio(&|_, positive| positive, &|with, _| with),
            npv: ratio(&|_, positive| !positive, &|with, _| !with),
        })
    }
}

fn mirrored(own: Stratum) -> Stratum {
    Stratum { cases: own.verified - own.cases, ..own }
}

/// Interval on the logit, where an estimate of 0 or 1 has none.
fn logit((estimate, variance): (f64, f64), confidence: f64) -> Interval {
    let z = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN);
    if estimate * (1.0 - estimate) > 0.0 {
        let (low, high) = logit_interval(estimate, variance.sqrt(), z);
        Interval { estimate, low, high }
    } else {
        Interval { estimate, low: f64::NAN, high: f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Negative persons verified by chance one in four: both ways give back the whole table.
    #[test]
    fn both_corrections_agree_where_chances_are_those_of_the_strata() {
        let (mut positive, mut condition, mut chances) = (Vec::new(), Vec::new(), Vec::new());
        for person in 0..1000 {
            let is_positive = person % 5 == 0;
            let verified = is_positive || person % 4 == 1;
            let with = if is_positive { person % 3 == 0 } else { person % 11 == 0 };
            positive.push(is_positive);
            condition.push(verified.then_some(with));
            chances.push(if is_positive { 1.0 } else { 0.25 });
        }
        let fit = VerificationBias::fit(&positive, &condition).unwrap();
        let (begg, weighted) = (fit.begg_greenes(0.9).unwrap(), fit.inverse_weighting(&chances, 0.9).unwrap());
        for (a, b) in [(begg.sensitivity, weighted.sensitivity), (begg.specificity, weighted.specificity)] {
            assert!((a.estimate - b.estimate).abs() < 1e-12, "{a:?} {b:?}");
            assert!((a.low - b.low).abs() < 0.02 && (a.high - b.high).abs() < 0.02, "{a:?} {b:?}");
        }
        assert!(begg.sensitivity.estimate < fit.naive_sensitivity);
    }

    /// Everybody verified: nothing to correct, and the error of a plain share.
    #[test]
    fn nothing_changes_when_everybody_is_verified() {
        let positive: Vec<bool> = (0..200).map(|person| person % 4 == 0).collect();
        let condition: Vec<Option<bool>> = (0..200).map(|person| Some(person % 6 == 0)).collect();
        let fit = VerificationBias::fit(&positive, &condition).unwrap();
        let found = fit.begg_greenes(0.95).unwrap();
        assert!((found.sensitivity.estimate - fit.naive_sensitivity).abs() < 1e-12);
        let weighted = fit.inverse_weighting(&[1.0; 200], 0.95).unwrap();
        assert!((found.sensitivity.low - weighted.sensitivity.low).abs() < 1e-3);
    }

    /// Published: Begg & Greenes 1983 give, for one stratum a side, the variance of the logit of the sensitivity as
    /// `1 / (N p (1-p)) + (1-t1) / (v1 t1) + (1-t0) / (v0 t0)`, `p` the share of positive persons and `t` the shares with the condition.
    #[test]
    fn the_interval_is_that_of_begg_and_greenes() {
        let mut persons = Vec::new();
        for (positive, condition, n) in [
            (true, Some(true), 40),
            (true, Some(false), 40),
            (true, None, 20),
            (false, Some(true), 9),
            (false, Some(false), 81),
            (false, None, 810),
        ] {
            persons.extend(std::iter::repeat_n((positive, condition), n));
        }
        let (positive, condition): (Vec<_>, Vec<_>) = persons.into_iter().unzip();
        let found = VerificationBias::fit(&positive, &condition).unwrap().begg_greenes(0.95).unwrap();
        let variance: f64 = 1.0 / (1000.0 * 0.1 * 0.9) + 0.5 / (80.0 * 0.5) + 0.9 / (90.0 * 0.1);
        let centre = (50.0_f64 / 90.0).ln();
        let end = |sign: f64| 1.0 / (1.0 + (-(centre + sign * 1.959_963_984_540_054 * variance.sqrt())).exp());
        assert!((found.sensitivity.low - end(-1.0)).abs() < 1e-12 && (found.sensitivity.high - end(1.0)).abs() < 1e-12);
        assert!((found.ppv.estimate - 0.5).abs() < 1e-12 && (found.npv.estimate - 0.9).abs() < 1e-12);
    }

    #[test]
    fn nobody_found_among_the_negative_is_not_nobody_there() {
        let mut persons = vec![(true, Some(true)); 50];
        persons.extend(vec![(true, Some(false)); 50]);
        persons.extend(vec![(false, Some(false)); 100]);
        persons.extend(vec![(false, None); 800]);
        let (positive, condition): (Vec<_>, Vec<_>) = persons.into_iter().unzip();
        let found = VerificationBias::fit(&positive, &condition).unwrap().begg_greenes(0.95).unwrap();
        assert_eq!((found.sensitivity.estimate, found.sensitivity.high), (1.0, 1.0));
        // Up to 3.6 % of the 900 may have it: 1 - 0.025^(1/100).
        let most = 900.0 * (1.0 - 0.025_f64.powf(0.01));
        assert!((found.sensitivity.low - 50.0 / (50.0 + most)).abs() < 1e-9);
        assert_eq!((found.npv.estimate, found.npv.high), (1.0, 1.0));
        assert!((found.npv.low - 0.025_f64.powf(0.01)).abs() < 1e-9);
    }

    #[test]
    fn a_stratum_without_anybody_verified_is_an_error() {
        let positive = [true, true, false, false];
        let condition = [Some(true), Some(false), None, None];
        let fit = VerificationBias::fit(&positive, &condition).unwrap();
        assert_eq!(fit.begg_greenes(0.95), Err(RocError::Unverified { stratum: 0, persons: 2 }));
        assert!(fit.inverse_weighting(&[1.0, 1.0, 0.0, 0.5], 0.95).is_err());
        assert!(VerificationBias::fit(&positive, &[Some(true); 4]).is_err());
    }
}
