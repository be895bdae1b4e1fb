use super::{Analysis, AnalysisError};
use crate::psychometrics::{CfaEstimator, CfaModel, Polychoric, Responses, SampleMoments};

/// What [`structure`] and [`invariance`] are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureOptions {
    /// The model.
    pub model: CfaModel,
    /// How it is fitted.
    pub estimator: CfaEstimator,
}

/// Whether the items go together as the scale says: confirmatory factor analysis.
///
/// # Errors
/// As the estimator chosen.
pub fn structure(responses: &Responses, options: &StructureOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    let fit = match options.estimator {
        CfaEstimator::MaximumLikelihood => {
            SampleMoments::of(responses).and_then(|sample| options.model.fit_ml(&sample))
        }
        CfaEstimator::RobustMaximumLikelihood => options.model.fit_ml_robust(responses),
        CfaEstimator::Dwls => Polychoric::default().fit(responses).and_then(|found| options.model.fit_dwls(&found)),
    };
    analysis.add("cfa", fit);
    analysis.whole()
}

/// Whether the scale measures the same in all groups. `groups` has the group of each person, empty for none.
///
/// # Errors
/// As [`CfaModel::invariance`] and [`CfaModel::invariance_ordered`].
pub fn invariance(
    responses: &Responses,
    groups: &[String],
    options: &StructureOptions,
) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    if options.estimator == CfaEstimator::Dwls {
        analysis.add("invariance", options.model.invariance_ordered(responses, groups));
    } else {
        analysis.add("invariance", options.model.invariance(responses, groups));
    }
    analysis.whole()
}
