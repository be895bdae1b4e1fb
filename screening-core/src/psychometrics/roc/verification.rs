//! Sensitivity and specificity when only some persons were examined.
//!
//! In screening everybody is scored, the positive are interviewed and of the negative a sample. Shares among the verified
//! alone make the scale look far more sensitive than it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::curve::Interval;
use super::{RocError, share};
use crate::stats::normal_quantile;

/// Shares corrected for who was verified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Corrected {
    /// Sensitivity.
    pub sensitivity: Interval,
    /// Specificity.
    pub specificity: Interval,
    /// Share of all persons who have the condition.
    pub prevalence: Interval,
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
        let mut strata: BTreeMap<(usize, bool), [f64; 3]> = BTreeMap::new();
        for ((stratum, positive), condition) in self.strata.iter().zip(&self.positive).zip(&self.condition) {
            // A stratum that holds both results is two.
            let [persons, verified, cases] = strata.entry((*stratum, *positive)).or_default();
            *persons += 1.0;
            *verified += f64::from(u8::from(condition.is_some()));
            *cases += f64::from(u8::from(*condition == Some(true)));
        }
        for ((stratum, _), [persons, verified, _]) in &strata {
            if *verified == 0.0 {
                return Err(RocError::Unverified { stratum: *stratum, persons: *persons as usize });
            }
        }
        let n = self.persons as f64;
        let cells: Vec<(bool, f64, f64, f64)> = strata
            .iter()
            .map(|((_, positive), [persons, verified, cases])| (*positive, persons / n, cases / verified, *verified))
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
        let prevalence: f64 = cells.iter().map(|(_, share, f, _)| share * f).sum();
        let within: f64 = cells.iter().map(|(_, share, f, verified)| share * share * f * (1.0 - f) / verified).sum();
        let between: f64 = cells.iter().map(|(_, share, f, _)| share * (f - prevalence).powi(2)).sum::<f64>() / n;
        Ok(corrected(ratio(true, true), ratio(false, false), (prevalence, within + between), confidence))
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
        let ratio = |among: &dyn Fn(bool) -> bool, hit: &dyn Fn(bool, bool) -> bool| {
            let base = known.iter().filter(|(_, with, _)| among(*with));
            let all: f64 = base.clone().map(|(weight, _, _)| weight).sum();
            let value = |(_, with, positive): &(f64, bool, bool)| f64::from(u8::from(hit(*with, *positive)));
            let estimate = base.clone().map(|person| person.0 * value(person)).sum::<f64>() / all;
            let variance = base.map(|person| (person.0 * (value(person) - estimate) / all).powi(2)).sum::<f64>();
            (estimate, variance)
        };
        let sensitivity = ratio(&|with| with, &|_, positive| positive);
        let specificity = ratio(&|with| !with, &|_, positive| !positive);
        let prevalence = ratio(&|_| true, &|with, _| with);
        Ok(corrected(sensitivity, specificity, prevalence, confidence))
    }
}

/// Intervals on the logit, where an estimate of 0 or 1 has none.
fn corrected(sensitivity: (f64, f64), specificity: (f64, f64), prevalence: (f64, f64), confidence: f64) -> Corrected {
    let z = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN);
    let interval = |(estimate, variance): (f64, f64)| {
        let inner = estimate * (1.0 - estimate);
        if inner <= 0.0 {
            return Interval { estimate, low: f64::NAN, high: f64::NAN };
        }
        let (centre, half) = ((estimate / (1.0 - estimate)).ln(), z * variance.sqrt() / inner);
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Interval { estimate, low: back(centre - half), high: back(centre + half) }
    };
    Corrected {
        sensitivity: interval(sensitivity),
        specificity: interval(specificity),
        prevalence: interval(prevalence),
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
