use super::{Analysis, AnalysisError};
use crate::psychometrics::Responses;
use crate::psychometrics::cat::{Cat, CatOptions};
use crate::psychometrics::irt::{
    Calibration, CalibrationOptions, ItemBank, ItemFit, M2, PersonScorer, Prior, Q3, Quadrature, ScoreOptions, Scores,
    SumScores, TestInformation,
};
use crate::psychometrics::random::Stream;

/// What [`irt`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct IrtOptions {
    /// The model and how it is fitted.
    pub calibration: CalibrationOptions,
    /// How persons are scored.
    pub scores: ScoreOptions,
    /// Known item parameters: persons are scored with them, and nothing is calibrated.
    pub bank: Option<ItemBank>,
}

/// What [`irt`] found beyond its tables.
#[derive(Debug, Clone, PartialEq)]
pub struct IrtResult {
    /// The analysis.
    pub analysis: Analysis,
    /// The items, calibrated or given.
    pub bank: ItemBank,
    /// The scores of the persons, in their order.
    pub scores: Scores,
}

/// Calibrates a scale (or takes known parameters), looks at its fit, and scores the persons.
///
/// # Errors
/// When the model cannot be fitted, or the answers do not belong to the known items.
pub fn irt(responses: &Responses, options: &IrtOptions) -> Result<IrtResult, AnalysisError> {
    let mut analysis = Analysis::default();
    let nothing = AnalysisError::Nothing;
    let mut scoring = options.scores;
    let bank = if let Some(bank) = &options.bank {
        bank.clone()
    } else {
        let fitted = Calibration::fit(responses, &options.calibration).map_err(|error| nothing(error.to_string()))?;
        analysis.add("item-fit", ItemFit::of(&fitted, responses));
        analysis.add("q3", Q3::of(&fitted, responses));
        analysis.add("m2", M2::of(&fitted, responses));
        scoring.prior = fitted.prior;
        let bank = fitted.bank.clone();
        let calibration: Result<Calibration, AnalysisError> = Ok(fitted);
        analysis.add("calibration", calibration);
        // What everything else rests on comes first.
        analysis.sections.rotate_right(1);
        bank
    };
    let scorer = PersonScorer::new(bank.clone(), scoring).map_err(|error| nothing(error.to_string()))?;
    let scores = scorer.score(responses).map_err(|error| nothing(error.to_string()))?;
    analysis.add("scores", Ok::<_, AnalysisError>(Summary(scores.clone())));
    analysis.add("sum-scores", SumScores::new(&bank, scoring.prior, Quadrature::SCORING));
    analysis.add("information", TestInformation::of(&bank, -4.0, 4.0, 33));
    Ok(IrtResult { analysis: analysis.whole()?, bank, scores })
}

/// Scores without the list of persons: that goes into a file of its own.
struct Summary(Scores);

impl serde::Serialize for Summary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut state = serializer.serialize_struct("Scores", 3)?;
        state.serialize_field("options", &self.0.options)?;
        state.serialize_field("persons", &self.0.persons.len())?;
        state.serialize_field("empirical_reliability", &self.0.reliability())?;
        state.end()
    }
}

impl crate::psychometrics::Report for Summary {
    fn tables(&self) -> Vec<crate::psychometrics::ResultTable> {
        self.0.tables()
    }

    fn explain(&self) -> Vec<crate::instrument::Text> {
        self.0.explain()
    }
}

/// What [`adaptive`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct CatStudyOptions {
    /// Rules of the test.
    pub rules: CatOptions,
    /// Persons simulated.
    pub persons: usize,
    /// Their distribution of theta.
    pub population: Prior,
    /// Seed of thetas and answers.
    pub seed: u64,
}

/// How an adaptive test from a bank would do: items asked, error, exposure.
///
/// # Errors
/// As [`Cat::new`] and [`Cat::simulate`]; a population that is no distribution.
pub fn adaptive(bank: &ItemBank, options: &CatStudyOptions) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    let Prior { mean, deviation } = options.population;
    if !(mean.is_finite() && deviation.is_finite() && deviation > 0.0) {
        return Err(AnalysisError::Options("the population needs a finite mean and a positive deviation".to_owned()));
    }
    // A stream of its own, so that more persons do not change the answers of the first.
    let mut random = Stream::new(options.seed, u64::MAX);
    let thetas: Vec<f64> = (0..options.persons).map(|_| mean + deviation * random.normal()).collect();
    let simulated = Cat::new(bank.clone(), options.rules).and_then(|cat| cat.simulate(&thetas, options.seed));
    analysis.add("cat", simulated);
    analysis.whole()
}
