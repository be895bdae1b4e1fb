//! Invariance of ordered answers: thresholds and polychoric correlations of several groups at once.
//!
//! ```text
//! y* = nu + L eta + e,   eta ~ (kappa, Phi),   answer k where y* passes the threshold tau_k
//! thresholds of a group    D (tau - nu - L kappa)             D = 1 / sd of y*
//! correlations of a group  D (L Phi L' + T) D                 T: residual covariances
//! ```

mod groups;
mod plan;
#[cfg(test)]
mod tests;

use super::fit::{CfaFit, of_weighted};
use super::invariance::{Invariance, InvarianceReport, InvarianceStep, group_names};
use super::model::{CfaModel, not_there, places};
use crate::psychometrics::distributions::chi_square_upper;
use crate::psychometrics::{EstimationError, Missing, Polychoric, Responses};
use groups::{Fitted, Groups, Sample};

impl CfaModel {
    /// Invariance of ordered answers over groups (empty for no group), step by step, by WLSMV of thresholds and polychoric
    /// correlations: the same structure, the same thresholds, then the same loadings, then the same intercepts of the
    /// variables behind the answers. Differences between steps are tested by the scaled and shifted difference of the
    /// unscaled chi-squares.
    ///
    /// Factors have variance 1 and mean 0 in the first group, whatever [`Self::scale`] says. Items with two answers cannot
    /// be taken step by step (their thresholds, scales and loadings are told by one figure each): with one of them among
    /// the items, the last step follows upon the first, and needs items of different difficulty. Source: Wu & Estabrook 2016, Psychometrika 81:1014; Satorra 2000;
    /// Asparouhov & Muthen 2010.
    ///
    /// # Errors
    /// Fewer than two groups; items whose answers are not the same set of codes in all groups; and as [`Self::fit_dwls`]
    /// for each group and step.
    pub fn invariance_ordered<S: AsRef<str>>(
        &self,
        responses: &Responses,
        groups: &[S],
    ) -> Result<InvarianceReport, EstimationError> {
        self.check()?;
        let items = self.items();
        let chosen = responses
            .select(&places(&items, responses.names())?)
            .map_err(|error| not_there(responses.names(), error.to_string()))?;
        let names = group_names(responses, groups)?;
        let mut samples = Vec::new();
        let mut codes: Option<Vec<Vec<i16>>> = None;
        for name in &names {
            let inside: Vec<bool> = groups.iter().map(|group| group.as_ref() == name).collect();
            let own = chosen.persons_where(&inside).map_err(|_| EstimationError::TooFewPersons {
                method: "invariance over groups",
                needed: 2,
                found: 0,
            })?;
            let found = Polychoric { missing: Missing::Listwise, ..Polychoric::default() }.fit(&own)?;
            match &codes {
                None => codes = Some(found.categories().to_vec()),
                Some(first) => same_codes(&items, first, found.categories(), name)?,
            }
            samples.push(Sample::of(&found)?);
        }
        let two_answers = samples.iter().any(|sample| sample.thresholds.iter().any(|list| list.len() < 2));
        let levels: &[Invariance] = if two_answers {
            &[Invariance::Configural, Invariance::Scalar]
        } else {
            &[Invariance::Configural, Invariance::Thresholds, Invariance::Metric, Invariance::Scalar]
        };
        let all = Groups::new(&samples);
        let baseline = all.baseline();
        let mut steps: Vec<InvarianceStep> = Vec::new();
        let mut before: Option<Fitted> = None;
        for level in levels {
            let fitted = all.fit(self, &items, *level)?;
            let count = samples.len();
            let fit = of_weighted(&fitted.test, &baseline, all.persons, count as f64, fitted.srmr, fitted.plan.slots);
            let rise = before.as_ref().and_then(|before| all.difference(before, &fitted));
            let last: Option<CfaFit> = steps.last().map(|step| step.fit);
            let scalar = *level >= Invariance::Scalar;
            let means = |group: usize| fitted.plan.at(group, &fitted.values).means.iter().copied().collect();
            steps.push(InvarianceStep {
                level: *level,
                fit,
                difference: rise.as_ref().map(|rise| rise.value),
                difference_df: rise.as_ref().map(|rise| rise.df),
                difference_p: rise.as_ref().map(|rise| chi_square_upper(rise.value, rise.df)),
                cfi_change: last.map(|last| fit.cfi - last.cfi),
                factor_means: if scalar { (0..count).map(means).collect() } else { Vec::new() },
            });
            before = Some(fitted);
        }
        let persons: Vec<usize> = samples.iter().map(|sample| sample.persons).collect();
        Ok(InvarianceReport {
            left_out: responses.persons() - persons.iter().sum::<usize>(),
            groups: names,
            persons,
            factors: self.factors.iter().map(|(name, _)| name.clone()).collect(),
            ordered: true,
            steps,
        })
    }
}

fn same_codes(items: &[String], first: &[Vec<i16>], own: &[Vec<i16>], group: &str) -> Result<(), EstimationError> {
    let list = |codes: &[i16]| codes.iter().map(i16::to_string).collect::<Vec<_>>().join(", ");
    for ((item, a), b) in items.iter().zip(first).zip(own) {
        if a != b {
            return Err(EstimationError::Unidentified {
                why: format!(
                    "item `{item}` has the answers {} in group `{group}` but {} in the first group; merge answers that nobody chose, or leave the item out",
                    list(b),
                    list(a)
                ),
            });
        }
    }
    Ok(())
}
