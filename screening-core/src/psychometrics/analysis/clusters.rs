use super::{Analysis, AnalysisError};
use crate::psychometrics::{ClusterMean, ClusterProportion, VarianceComponents};

/// What [`clusters`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterOptions {
    /// Level of the intervals.
    pub level: f64,
    /// A score at or above this is counted for the share; none without a share.
    pub from: Option<f64>,
}

/// How alike persons of a school are, what that costs, and shrunken means. NaN is a missing score, an empty name no school.
///
/// # Errors
/// When nothing could be estimated.
pub fn clusters(scores: &[f64], names: &[String], options: &ClusterOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    analysis.add("components", VarianceComponents::fit(scores, names));
    analysis.add("mean", ClusterMean::fit(scores, names, options.level));
    if let Some(from) = options.from {
        let positive: Vec<Option<bool>> =
            scores.iter().map(|score| (!score.is_nan()).then_some(*score >= from)).collect();
        analysis.add("share", ClusterProportion::fit(&positive, names, options.level));
    }
    analysis.whole()
}
