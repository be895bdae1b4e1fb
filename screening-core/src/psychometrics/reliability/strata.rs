//! Alpha of a test of several scales, and of items of yes and no.

use serde::Serialize;

use super::super::items::Persons;
use super::super::{EstimationError, Missing, PairSums, Responses, SkewType};
use super::alpha::Alpha;
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// Stratified alpha of a test of several scales.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StratifiedAlpha {
    /// Persons who answered every item.
    pub persons: usize,
    /// Alpha of each scale.
    pub alphas: Vec<f64>,
    /// Variance of each scale's sum.
    pub variances: Vec<f64>,
    /// Variance of the sum of all.
    pub total_variance: f64,
    /// `1 - sum Vs (1 - as) / Vt` (Rajaratnam, Cronbach and Gleser 1965).
    pub alpha: f64,
    /// Standard error of measurement of the sum of all.
    pub standard_error_of_measurement: f64,
}

impl StratifiedAlpha {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let (persons, scales) = (self.persons.to_string(), self.alphas.len().to_string());
        vec![say("reliability.stratified", &[("persons", Fill::Same(&persons)), ("scales", Fill::Same(&scales))])]
    }
}

/// Stratified alpha of scales given by positions of their items, over persons who answered all of them.
///
/// # Errors
/// No scale, a scale of fewer than two items, an item in two scales or outside the table, an item that does not vary.
pub fn stratified_alpha(responses: &Responses, scales: &[Vec<usize>]) -> Result<StratifiedAlpha, EstimationError> {
    let all: Vec<usize> = scales.concat();
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() != all.len() {
        return Err(EstimationError::option("scales", "an item in two of them", "each item belongs to one scale"));
    }
    if scales.is_empty() {
        return Err(EstimationError::TooFewItems { method: "stratified alpha", needed: 2, found: 0 });
    }
    let chosen = responses
        .select(&all)
        .map_err(|error| EstimationError::option("scales", error, "positions of items of the table are needed"))?;
    let keep = Missing::Listwise.keep(&chosen);
    let sums = PairSums::over(&chosen, keep.as_deref());
    let c = sums.covariances()?;
    let (mut alphas, mut variances, mut start) = (Vec::new(), Vec::new(), 0);
    for scale in scales {
        let own = c.view((start, start), (scale.len(), scale.len())).into_owned();
        let names = &chosen.names()[start..start + scale.len()];
        alphas.push(Alpha::default().of_matrix(names, &own, sums.persons())?.raw);
        variances.push(own.sum());
        start += scale.len();
    }
    let total_variance = c.sum();
    let error: f64 = alphas.iter().zip(&variances).map(|(alpha, variance)| variance * (1.0 - alpha)).sum();
    let alpha = 1.0 - error / total_variance;
    let standard_error_of_measurement = error.sqrt();
    let persons = sums.persons();
    Ok(StratifiedAlpha { persons, alphas, variances, total_variance, alpha, standard_error_of_measurement })
}

/// Kuder and Richardson's formula 21, `k/(k-1) (1 - M (k - M) / (k s^2))`, for 0/1 items taken as equally difficult; from
/// persons who answered every item. Formula 20 is [`Alpha::fit`].
///
/// # Errors
/// Fewer than two items, codes other than 0 and 1, fewer than two persons with all answers, totals that do not vary.
pub fn kuder_richardson_21(responses: &Responses) -> Result<f64, EstimationError> {
    let k = responses.items();
    if k < 2 {
        return Err(EstimationError::TooFewItems { method: "Kuder and Richardson's formula 21", needed: 2, found: k });
    }
    for item in 0..k {
        if let Some(code) = responses.column(item).flatten().find(|code| !(0..=1).contains(code)) {
            let what = format!("{code} in `{}`", responses.names()[item]);
            return Err(EstimationError::option("code", what, "this formula needs answers of 0 and 1"));
        }
    }
    let total = Persons::of(responses).total(0, k as i64, SkewType::default());
    let found = total.as_ref().map_or(0, |total| total.describe.n as usize);
    let Some(total) = total.filter(|total| total.describe.n > 1) else {
        return Err(EstimationError::TooFewPersons { method: "Kuder and Richardson's formula 21", needed: 2, found });
    };
    let (mean, variance, k) = (total.describe.mean, total.describe.sd.powi(2), k as f64);
    if variance <= 0.0 {
        return Err(EstimationError::Constant { item: "sum of the items".to_owned() });
    }
    Ok(k / (k - 1.0) * (1.0 - mean * (k - mean) / (k * variance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_items() {
        // Totals 0, 1, 2, 3, 3: M 1.8, s^2 1.7.
        let rows = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]].map(|row| row.map(Some));
        let responses = Responses::from_rows(["a", "b", "c"], &rows).unwrap();
        let expected = 1.5 * (1.0 - 1.8 * 1.2 / (3.0 * 1.7));
        assert!((kuder_richardson_21(&responses).unwrap() - expected).abs() < 1e-14);
        // Formula 20 by hand: 3/2 (1 - sum pq / variance over n).
        let pq = 0.8 * 0.2 + 0.6 * 0.4 + 0.4 * 0.6;
        let expected = 1.5 * (1.0 - pq / (1.7 * 0.8));
        assert!((Alpha::default().fit(&responses).unwrap().raw - expected).abs() < 1e-14);
        let two = responses.reversed(0, 0, 2).unwrap();
        assert!(kuder_richardson_21(&two).is_err());
    }

    #[test]
    fn strata_of_one_scale_are_its_alpha() {
        let rows = [[0, 1, 0, 2], [1, 1, 2, 2], [1, 3, 2, 1], [3, 2, 3, 3], [2, 3, 1, 3]].map(|row| row.map(Some));
        let responses = Responses::from_rows(["a", "b", "c", "d"], &rows).unwrap();
        let one = stratified_alpha(&responses, &[vec![0, 1, 2, 3]]).unwrap();
        assert!((one.alpha - Alpha::default().fit(&responses).unwrap().raw).abs() < 1e-14);
        assert!(stratified_alpha(&responses, &[vec![0, 1], vec![1, 2]]).is_err());
        assert!(stratified_alpha(&responses, &[vec![0, 1], vec![9, 2]]).is_err());
        assert!(stratified_alpha(&responses, &[vec![0, 1], vec![2]]).is_err());
    }
}
