//! Is acting on the result worth it?

use serde::Serialize;

use super::RocError;

/// Net benefit at one threshold of risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DecisionPoint {
    /// Risk from which one would act: a missed case weighs `(1 - t) / t` false alarms.
    pub threshold: f64,
    /// Of acting on the scale.
    pub net_benefit: f64,
    /// Of acting on everybody.
    pub all: f64,
    /// False alarms avoided in 100 persons, compared with acting on everybody, at the same number of cases found.
    pub avoided: f64,
}

/// Decision curve of a risk, or of a fixed rule.
///
/// ```text
/// net benefit(t) = TP / n - FP / n  t / (1 - t)            positive: risk >= t
/// ```
///
/// Acting on nobody has net benefit 0. Source: Vickers & Elkin 2006, Med Decis Making 26:565.
///
/// ```
/// use screening_core::psychometrics::roc::DecisionCurve;
/// let curve = DecisionCurve::of_rule(0.8, 0.9, 0.1, &[0.2])?;
/// // 0.8 * 0.1 - 0.1 * 0.9 * 0.25
/// assert!((curve.points[0].net_benefit - 0.0575).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::roc::RocError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionCurve {
    /// Share of the persons who have the condition.
    pub prevalence: f64,
    /// Persons used; none for a rule.
    pub persons: Option<usize>,
    /// Persons without a risk or without a known condition.
    pub left_out: usize,
    /// One point a threshold.
    pub points: Vec<DecisionPoint>,
}

fn check(thresholds: &[f64]) -> Result<(), RocError> {
    thresholds.iter().try_for_each(|threshold| super::share("thresholds", *threshold))
}

impl DecisionCurve {
    /// The curve of predicted risks. NaN is a missing risk, none an unknown condition.
    ///
    /// # Errors
    /// Lists of different length, risks or thresholds that are no shares, nobody with or without the condition.
    pub fn fit(risks: &[f64], condition: &[Option<bool>], thresholds: &[f64]) -> Result<Self, RocError> {
        check(thresholds)?;
        if risks.len() != condition.len() {
            return Err(RocError::Lengths { scores: risks.len(), what: "conditions", others: condition.len() });
        }
        if let Some(value) = risks.iter().find(|risk| !risk.is_nan() && !(0.0..=1.0).contains(*risk)) {
            return Err(RocError::Option { option: "risks", value: *value, allowed: "0 to 1" });
        }
        let known: Vec<(f64, bool)> = risks
            .iter()
            .zip(condition)
            .filter_map(|(risk, c)| c.filter(|_| !risk.is_nan()).map(|c| (*risk, c)))
            .collect();
        let cases = known.iter().filter(|(_, with)| *with).count();
        for (found, group) in [(cases, "persons with the condition"), (known.len() - cases, "persons without it")] {
            if found == 0 {
                return Err(RocError::TooFew { group, found, needed: 1 });
            }
        }
        let n = known.len() as f64;
        let prevalence = cases as f64 / n;
        let points = thresholds.iter().map(|threshold| {
            let count = |wanted: bool| known.iter().filter(|(risk, with)| *with == wanted && risk >= threshold).count();
            point(*threshold, prevalence, count(true) as f64 / n, count(false) as f64 / n)
        });
        let points = points.collect();
        Ok(Self { prevalence, persons: Some(known.len()), left_out: risks.len() - known.len(), points })
    }

    /// The curve of a fixed rule with known sensitivity and specificity, where the scale is used.
    ///
    /// # Errors
    /// Figures or thresholds that are no shares.
    pub fn of_rule(sensitivity: f64, specificity: f64, prevalence: f64, thresholds: &[f64]) -> Result<Self, RocError> {
        check(thresholds)?;
        super::share("prevalence", prevalence)?;
        for (option, value) in [("sensitivity", sensitivity), ("specificity", specificity)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(RocError::Option { option, value, allowed: "0 to 1" });
            }
        }
        let (hits, alarms) = (sensitivity * prevalence, (1.0 - specificity) * (1.0 - prevalence));
        let points = thresholds.iter().map(|threshold| point(*threshold, prevalence, hits, alarms)).collect();
        Ok(Self { prevalence, persons: None, left_out: 0, points })
    }
}

fn point(threshold: f64, prevalence: f64, hits: f64, alarms: f64) -> DecisionPoint {
    let odds = threshold / (1.0 - threshold);
    let (net_benefit, all) = (hits - alarms * odds, prevalence - (1.0 - prevalence) * odds);
    DecisionPoint { threshold, net_benefit, all, avoided: 100.0 * (net_benefit - all) / odds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risks_and_rules_agree() {
        // 10 persons; at 0.3 three cases and one other are positive.
        let risks = [0.9, 0.6, 0.3, 0.1, 0.4, 0.2, 0.1, 0.1, 0.05, 0.0];
        let condition: Vec<Option<bool>> = (0..10).map(|person| Some(person < 4)).collect();
        let curve = DecisionCurve::fit(&risks, &condition, &[0.3]).unwrap();
        let rule = DecisionCurve::of_rule(0.75, 5.0 / 6.0, 0.4, &[0.3]).unwrap();
        assert!((curve.points[0].net_benefit - (0.3 - 0.1 * 3.0 / 7.0)).abs() < 1e-12);
        assert!((curve.points[0].net_benefit - rule.points[0].net_benefit).abs() < 1e-12);
        assert!(DecisionCurve::fit(&[1.2; 10], &condition, &[0.3]).is_err());
        assert!(DecisionCurve::fit(&risks, &condition, &[1.0]).is_err());
        assert!(DecisionCurve::fit(&risks, &[Some(false); 10], &[0.5]).is_err());
    }
}
