use super::{Analysis, AnalysisError};
use crate::psychometrics::{
    Correlation, CorrelationMatrix, CorrelationMethod, Efa, EstimationError, Extraction, Missing, ParallelAnalysis,
    Polychoric, Responses, Rotation, adequacy, minimum_average_partial, smooth,
};

/// What [`correlations`] is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationOptions {
    /// Which correlation.
    pub method: CorrelationMethod,
    /// What happens to missing answers.
    pub missing: Missing,
    /// Standard errors of polychoric correlations.
    pub standard_errors: bool,
}

impl Default for CorrelationOptions {
    fn default() -> Self {
        Self { method: CorrelationMethod::Pearson, missing: Missing::Pairwise, standard_errors: false }
    }
}

/// Correlations of all pairs of items.
///
/// # Errors
/// As the method chosen.
pub fn correlations(responses: &Responses, options: &CorrelationOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    match options.method {
        CorrelationMethod::Polychoric => {
            let missing = options.missing;
            let method = Polychoric { missing, standard_errors: options.standard_errors, ..Polychoric::default() };
            analysis.add("polychoric", method.fit(responses));
        }
        method => {
            analysis.add("correlations", Correlation { method, missing: options.missing }.fit(responses));
        }
    }
    analysis.whole()
}

/// What [`factors`] is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorOptions {
    /// Which correlations are factored.
    pub correlations: CorrelationOptions,
    /// Number of factors; as many as parallel analysis finds when none is stated.
    pub factors: Option<usize>,
    /// How factors are taken out.
    pub extraction: Extraction,
    /// How they are rotated.
    pub rotation: Rotation,
    /// Random samples of parallel analysis.
    pub samples: usize,
    /// Their seed.
    pub seed: u64,
}

impl Default for FactorOptions {
    fn default() -> Self {
        Self {
            correlations: CorrelationOptions::default(),
            factors: None,
            extraction: Extraction::MinRes,
            rotation: Rotation::Oblimin,
            samples: 200,
            seed: 1,
        }
    }
}

/// How many factors, and which items go with them.
///
/// # Errors
/// When nothing could be estimated.
pub fn factors(responses: &Responses, options: &FactorOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = correlations(responses, &options.correlations)?;
    let found = matrix(responses, &options.correlations).map_err(|error| AnalysisError::Nothing(error.to_string()))?;
    // A matrix that no data could have has neither adequacy nor factors; what was done to it is told by its eigenvalues.
    let r = smooth(found.matrix()).map_err(|error| AnalysisError::Nothing(error.to_string()))?.0;
    let persons = persons(&found);
    analysis.add("adequacy", adequacy(found.names(), &r, persons));
    let most = r.nrows().saturating_sub(1);
    analysis.add("map", minimum_average_partial(&r, most));
    let parallel = ParallelAnalysis { samples: options.samples, seed: options.seed, ..ParallelAnalysis::default() };
    let parallel = analysis.add("parallel", parallel.fit(&r, persons));
    let count = options.factors.or(parallel.map(|parallel| parallel.components)).unwrap_or(1).max(1);
    let efa = Efa {
        factors: count,
        extraction: options.extraction,
        rotation: rotation(options.rotation, count),
        ..Efa::default()
    };
    analysis.add("efa", efa.fit(found.names(), &r, persons));
    analysis.whole()
}

/// One factor has nothing to turn towards.
fn rotation(wanted: Rotation, factors: usize) -> Rotation {
    if factors == 1 { Rotation::None } else { wanted }
}

fn matrix(responses: &Responses, options: &CorrelationOptions) -> Result<CorrelationMatrix, EstimationError> {
    let missing = options.missing;
    match options.method {
        CorrelationMethod::Polychoric => {
            Ok(Polychoric { missing, ..Polychoric::default() }.fit(responses)?.correlations().clone())
        }
        method => Correlation { method, missing }.fit(responses),
    }
}

/// The smallest number of persons behind a pair: with holes, the whole table would claim more than there are.
fn persons(found: &CorrelationMatrix) -> usize {
    let k = found.names().len();
    let pairs = (0..k).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| found.n(i, j) as usize).min().unwrap_or_else(|| found.persons())
}
