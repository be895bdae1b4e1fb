//! Does the model mean the same in every group.

use serde::{Deserialize, Serialize};

use super::super::distributions::chi_square_upper;
use super::super::{EstimationError, Responses};
use super::fit::{CfaFit, of_likelihood};
use super::ml;
use super::model::{CfaModel, Equal, FactorScale};
use super::sample::SampleMoments;
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// How much is the same in all groups (Meredith 1993, Psychometrika 58:525).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariance {
    /// The same items go with the same factors.
    Configural,
    /// Also the same thresholds of ordered answers: the variables behind them have one unit. A step of ordered answers only.
    Thresholds,
    /// Also the same loadings: relations can be compared.
    Metric,
    /// Also the same intercepts, so that means of factors differ freely: means can be compared.
    Scalar,
    /// Also the same residual variances.
    Strict,
}

impl Invariance {
    /// The steps of answers that count as numbers.
    const OF_NUMBERS: [Self; 4] = [Self::Configural, Self::Metric, Self::Scalar, Self::Strict];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Configural => "configural",
            Self::Thresholds => "threshold",
            Self::Metric => "metric",
            Self::Scalar => "scalar",
            Self::Strict => "strict",
        }
    }

    fn equal(self) -> Equal {
        Equal { loadings: self >= Self::Metric, intercepts: self >= Self::Scalar, residuals: self >= Self::Strict }
    }
}

/// One step, and what it costs against the step before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InvarianceStep {
    /// What is the same.
    pub level: Invariance,
    /// Its fit.
    pub fit: CfaFit,
    /// Rise of the chi-square; none for the first step.
    pub difference: Option<f64>,
    /// Degrees of freedom gained.
    pub difference_df: Option<f64>,
    /// Probability of a larger rise.
    pub difference_p: Option<f64>,
    /// Change of the comparative fit index; a fall of more than 0.01 tells against the step (Cheung and Rensvold 2002).
    pub cfi_change: Option<f64>,
    /// Means of the factors in each group, the first at nought; empty before the scalar step.
    pub factor_means: Vec<Vec<f64>>,
}

/// Steps of invariance over groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InvarianceReport {
    /// The groups, in the order given.
    pub groups: Vec<String>,
    /// Persons with all answers in each.
    pub persons: Vec<usize>,
    /// Persons left out because an answer or the group is missing.
    pub left_out: usize,
    /// Names of the factors.
    pub factors: Vec<String>,
    /// Whether answers were taken as ordered (WLSMV) or as numbers (maximum likelihood).
    pub ordered: bool,
    /// The steps.
    pub steps: Vec<InvarianceStep>,
}

impl CfaModel {
    /// Fits the model in several groups step by step, each step as maximum likelihood with means. Factors take their unit
    /// from their first item, which must mean the same everywhere.
    ///
    /// # Errors
    /// Fewer than two groups, factors scaled by their variance, and as [`Self::fit_ml`] for each group and step.
    pub fn invariance_of(&self, groups: &[(String, SampleMoments)]) -> Result<InvarianceReport, EstimationError> {
        self.check()?;
        enough(groups.len())?;
        if self.scale != FactorScale::Marker {
            return Err(EstimationError::option(
                "scale",
                "unit-variance",
                "invariance takes the unit from the first items",
            ));
        }
        let items = self.items();
        let samples = groups.iter().map(|(_, sample)| sample.select(&items)).collect::<Result<Vec<_>, _>>()?;
        let mut steps: Vec<InvarianceStep> = Vec::new();
        for level in Invariance::OF_NUMBERS {
            let fitted = ml::fit(self, &items, &samples, true, level.equal())?;
            let fit = of_likelihood(&fitted, &samples, true, (1.0, 1.0));
            let before = steps.last().map(|step| step.fit);
            let difference = before.map(|before| fit.chi_square.value - before.chi_square.value);
            let difference_df = before.map(|before| fit.chi_square.df - before.chi_square.df);
            let means = |group: usize| fitted.layout.matrices(group, &fitted.values).means.iter().copied().collect();
            let scalar = level >= Invariance::Scalar;
            steps.push(InvarianceStep {
                level,
                fit,
                difference,
                difference_df,
                difference_p: difference.zip(difference_df).map(|(rise, df)| chi_square_upper(rise, df)),
                cfi_change: before.map(|before| fit.cfi - before.cfi),
                factor_means: if scalar { (0..samples.len()).map(means).collect() } else { Vec::new() },
            });
        }
        Ok(InvarianceReport {
            groups: groups.iter().map(|(name, _)| name.clone()).collect(),
            persons: samples.iter().map(SampleMoments::persons).collect(),
            left_out: samples.iter().map(SampleMoments::left_out).sum(),
            factors: self.factors.iter().map(|(name, _)| name.clone()).collect(),
            ordered: false,
            steps,
        })
    }

    /// The same for answers taken as numbers, with the group of each person (empty for none).
    ///
    /// # Errors
    /// As [`Self::invariance_of`]; another number of groups than of persons.
    pub fn invariance<S: AsRef<str>>(
        &self,
        responses: &Responses,
        groups: &[S],
    ) -> Result<InvarianceReport, EstimationError> {
        let names = group_names(responses, groups)?;
        let without = groups.iter().filter(|name| name.as_ref().is_empty()).count();
        let samples = names.into_iter().map(|name| {
            let inside: Vec<bool> = groups.iter().map(|group| group.as_ref() == name).collect();
            SampleMoments::of_group(responses, &inside).map(|sample| (name, sample))
        });
        let mut report = self.invariance_of(&samples.collect::<Result<Vec<_>, _>>()?)?;
        report.left_out += without;
        Ok(report)
    }
}

/// The names of the groups of the persons, in order; a person without a group has an empty one.
pub(super) fn group_names<S: AsRef<str>>(responses: &Responses, groups: &[S]) -> Result<Vec<String>, EstimationError> {
    if groups.len() != responses.persons() {
        let (expected, found) = (responses.persons().to_string(), groups.len().to_string());
        return Err(EstimationError::Shape { what: "the groups of the persons", expected, found });
    }
    let mut names: Vec<String> = groups.iter().map(|name| name.as_ref().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    enough(names.len())?;
    Ok(names)
}

fn enough(groups: usize) -> Result<(), EstimationError> {
    if groups < 2 {
        return Err(EstimationError::TooFewGroups { found: groups });
    }
    Ok(())
}

impl InvarianceReport {
    /// One step.
    pub fn step(&self, level: Invariance) -> Option<&InvarianceStep> {
        self.steps.iter().find(|step| step.level == level)
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let persons: usize = self.persons.iter().sum();
        let [persons, out] = [persons, self.left_out].map(|number| number.to_string());
        let groups = self.groups.join(", ");
        let fills =
            [("persons", Fill::Same(persons.as_str())), ("out", Fill::Same(&out)), ("groups", Fill::Same(&groups))];
        let key = if self.ordered { "cfa.invariance-ordered" } else { "cfa.invariance-numbers" };
        vec![say(key, &[]), say("cfa.invariance", &fills)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_nest_and_groups_are_checked() {
        let rows: Vec<[Option<i64>; 4]> = (0..600_i64)
            .map(|i| {
                let t = (i * 37 % 101) as f64 / 25.0 - 2.0;
                [3, 7, 11, 13].map(|k| {
                    let noise = ((i * k * k + i * i * k) % 97) as f64 / 40.0 - 1.2;
                    Some((2.0 * (t + noise)).round() as i64)
                })
            })
            .collect();
        let responses = Responses::from_rows(["a", "b", "c", "d"], &rows).unwrap();
        let groups: Vec<&str> = (0..600).map(|i| if i == 7 { "" } else { ["f", "m"][i / 5 % 2] }).collect();
        let model = CfaModel::new([("x", vec!["a", "b", "c", "d"])]);
        let found = model.invariance(&responses, &groups).unwrap();
        assert_eq!((found.groups.as_slice(), found.left_out), (&["f".to_owned(), "m".to_owned()][..], 1));
        let df: Vec<f64> = found.steps.iter().map(|step| step.fit.chi_square.df).collect();
        assert_eq!(df, [4.0, 7.0, 10.0, 14.0]);
        for pair in found.steps.windows(2) {
            assert!(pair[0].fit.chi_square.value <= pair[1].fit.chi_square.value + 1e-7);
        }
        assert_eq!(found.step(Invariance::Scalar).unwrap().factor_means[0], [0.0]);
        assert!(model.invariance(&responses, &groups[1..]).is_err());
        assert!(model.invariance(&responses, &vec!["f"; 600]).is_err());
        let unit = CfaModel { scale: FactorScale::UnitVariance, ..model };
        assert!(unit.invariance(&responses, &groups).is_err());
    }
}
