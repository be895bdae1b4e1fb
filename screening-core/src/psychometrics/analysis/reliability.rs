use super::{Analysis, AnalysisError, Coefficient};
use crate::psychometrics::{
    Alpha, CfaModel, Correlation, EstimationError, FactorScale, ItemAnalysis, Omega, PairSums, Polychoric, Polychorics,
    Responses, SplitHalf, guttman_lambdas, kuder_richardson_21, omega_categorical, stratified_alpha, test_retest,
};

/// Items with more categories than this are taken as numbers only.
const CATEGORIES: usize = 10;

/// What [`reliability`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliabilityOptions {
    /// Level of the intervals.
    pub level: f64,
    /// Group factors of omega hierarchical.
    pub group_factors: usize,
    /// Seed of random splits, where there are too many to take all.
    pub seed: u64,
    /// Positions of the items of subscales, for stratified alpha; none without subscales.
    pub strata: Vec<Vec<usize>>,
    /// Scores of the same persons at two times, NaN where one is missing; none without a retest.
    pub retest: Option<(Vec<f64>, Vec<f64>)>,
}

impl Default for ReliabilityOptions {
    fn default() -> Self {
        Self { level: 0.95, group_factors: 3, seed: 1, strata: Vec::new(), retest: None }
    }
}

/// How well the sum of the items measures: alpha, its ordinal form, omega, Guttman's bounds, split halves; stratified alpha
/// of subscales and the retest where they are given.
///
/// # Errors
/// When nothing could be estimated.
pub fn reliability(responses: &Responses, options: &ReliabilityOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    let alpha = Alpha { level: options.level };
    analysis.add("alpha", alpha.fit(responses));
    let two_answers = (0..responses.items()).all(|item| responses.categories(item).len() == 2);
    if two_answers {
        let value = kuder_richardson_21(responses);
        analysis.add("kr21", value.map(|value| Coefficient { value, key: "kr21", sentence: "reliability.kr21" }));
    }
    if (0..responses.items()).all(|item| responses.categories(item).len() <= CATEGORIES) {
        let polychorics = Polychoric::default().fit(responses);
        analysis.add("ordinal-alpha", polychorics.clone().and_then(|found| alpha.ordinal(&found)));
        analysis.say_first("reliability.ordinal");
        let value = polychorics.and_then(|found| categorical(&found));
        let of = |value| Coefficient { value, key: "categorical-omega", sentence: "reliability.categorical-omega" };
        analysis.add("categorical-omega", value.map(of));
    }
    let correlations = Correlation::default().fit(responses);
    let omega = |groups: usize| correlations.clone().and_then(|found| Omega { group_factors: groups }.of(&found));
    analysis.add("omega", omega(1));
    if options.group_factors > 1 {
        analysis.add("omega-hierarchical", omega(options.group_factors));
    }
    let lambdas = PairSums::of(responses).covariances().and_then(|covariances| guttman_lambdas(&covariances));
    analysis.add("guttman", lambdas);
    let split = SplitHalf { seed: options.seed, level: options.level, ..SplitHalf::default() };
    analysis.add("split-half", correlations.and_then(|found| split.fit(found.matrix())));
    if options.strata.len() > 1 {
        analysis.add("stratified", stratified_alpha(responses, &options.strata));
    }
    if let Some((first, second)) = &options.retest {
        analysis.add("retest", test_retest(first, second, options.level));
    }
    analysis.whole()
}

/// Green and Yang's omega from one factor behind the polychoric correlations.
fn categorical(found: &Polychorics) -> Result<f64, EstimationError> {
    let names = found.correlations().names();
    let model = CfaModel { scale: FactorScale::UnitVariance, ..CfaModel::new([("g".to_owned(), names.to_vec())]) };
    let fit = model.fit_dwls(found)?;
    let loadings: Vec<f64> = names.iter().map(|name| fit.standardised("g", name).unwrap_or(f64::NAN)).collect();
    omega_categorical(&loadings, found.thresholds(), found.correlations().matrix())
}

/// Figures of the items and of their total. `range` is the lowest and the highest code of the items, where it is the same
/// for all.
///
/// # Errors
/// As [`ItemAnalysis::fit`].
pub fn items(responses: &Responses, range: Option<(i16, i16)>) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    analysis.add("items", ItemAnalysis { range, ..ItemAnalysis::default() }.fit(responses));
    analysis.whole()
}
