use super::{Analysis, AnalysisError};
use crate::psychometrics::roc::{
    BootstrapOptions, Corrected, CutCriterion, DecisionCurve, Direction, Roc, RocError, RocPair, VerificationBias,
};

/// What [`roc`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct CutOptions {
    /// Which scores speak for the condition.
    pub direction: Direction,
    /// What makes a cut-off the best.
    pub criterion: CutCriterion,
    /// The cut-off to look at; the best by the criterion when none is stated.
    pub cut: Option<f64>,
    /// Confidence of intervals.
    pub confidence: f64,
    /// Prevalences at the place of use.
    pub prevalences: Vec<f64>,
    /// Samples of the bootstrap; none without one.
    pub replicates: Option<usize>,
    /// Its seed.
    pub seed: u64,
    /// A second score of the same persons, to compare with.
    pub other: Option<Vec<f64>>,
    /// Whether only some persons were examined, depending on whether the score is positive at the cut-off: shares are
    /// then corrected.
    pub partly_verified: bool,
}

impl Default for CutOptions {
    fn default() -> Self {
        Self {
            direction: Direction::Higher,
            criterion: CutCriterion::Youden,
            cut: None,
            confidence: 0.95,
            prevalences: Vec::new(),
            replicates: None,
            seed: 1,
            other: None,
            partly_verified: false,
        }
    }
}

/// How well a score tells who has a condition, and from which cut-off. NaN is a missing score, none an unknown condition.
///
/// # Errors
/// When there is no curve: lists of different length, nobody with or without the condition.
pub fn roc(scores: &[f64], condition: &[Option<bool>], options: &CutOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    let nothing = |error: RocError| AnalysisError::Nothing(error.to_string());
    let curve = Roc::fit(scores, condition, options.direction).map_err(nothing)?;
    analysis.add("roc", Ok::<_, RocError>(curve.clone()));
    let best = analysis.add("best-cut", curve.best(options.criterion));
    let Some(cut) = options.cut.or(best.map(|best| best.point.cut)) else { return analysis.whole() };
    analysis.add("cut", curve.cut(cut, options.confidence, &options.prevalences));
    if let Some(replicates) = options.replicates {
        let bootstrap = BootstrapOptions { replicates, seed: options.seed, confidence: options.confidence };
        analysis.add("bootstrap", curve.bootstrap(cut, bootstrap));
    }
    if let Some(other) = &options.other {
        let directions = [options.direction; 2];
        let test = RocPair::fit(scores, other, condition, directions).and_then(|pair| pair.test(options.confidence));
        analysis.add("delong", test);
    }
    if options.partly_verified {
        analysis.add("verification", corrected(scores, condition, cut, options));
    }
    let point = curve.at(cut);
    // Of the place of use where one is stated, else of this sample.
    let prevalence = options.prevalences.first().copied().unwrap_or_else(|| curve.prevalence());
    let thresholds: Vec<f64> = (1..=50).map(|at| f64::from(at) / 100.0).collect();
    analysis.add("decision", DecisionCurve::of_rule(point.sensitivity, point.specificity, prevalence, &thresholds));
    analysis.whole()
}

fn corrected(
    scores: &[f64],
    condition: &[Option<bool>],
    cut: f64,
    options: &CutOptions,
) -> Result<Corrected, RocError> {
    let known = scores.iter().zip(condition).filter(|(score, _)| !score.is_nan());
    let of = |score: f64| if options.direction == Direction::Higher { score >= cut } else { score <= cut };
    let (positive, condition): (Vec<bool>, Vec<Option<bool>>) =
        known.map(|(score, known)| (of(*score), *known)).unzip();
    VerificationBias::fit(&positive, &condition)?.begg_greenes(options.confidence)
}
