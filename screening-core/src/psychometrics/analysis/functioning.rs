use super::{Analysis, AnalysisError};
use crate::psychometrics::Responses;
use crate::psychometrics::dif::{
    BandFairness, DifOptions, IrtDif, IrtDifOptions, LogisticDif, LogisticOptions, LogisticTest, Mantel,
    MantelHaenszel, TwoGroups,
};
use crate::psychometrics::irt::{IrtModel, Quadrature};

/// Which methods look for differential functioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DifMethods {
    /// Mantel-Haenszel for two answers, Mantel and the generalised test for more.
    pub mantel: bool,
    /// (Ordinal) logistic regression.
    pub logistic: bool,
    /// Likelihood ratio of a two-group calibration.
    pub irt: bool,
}

impl Default for DifMethods {
    fn default() -> Self {
        Self { mantel: true, logistic: true, irt: true }
    }
}

/// What [`functioning`] is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctioningOptions {
    /// Level and purification.
    pub dif: DifOptions,
    /// The methods.
    pub methods: DifMethods,
    /// The model of the IRT method.
    pub model: IrtModel,
    /// Sums of codes from which bands begin: at equal theta, do both groups reach them alike?
    pub cuts: Vec<i64>,
    /// Difference at one theta that is tolerated.
    pub tolerance: f64,
}

/// Whether items (and bands) work alike in two groups. `focal` marks the persons of the focal group, none where the group is
/// not known.
///
/// # Errors
/// When no method gave a result.
pub fn functioning(
    responses: &Responses,
    focal: &[Option<bool>],
    options: &FunctioningOptions,
) -> Result<Analysis, AnalysisError> {
    let mut analysis = Analysis::default();
    let two = (0..responses.items()).all(|item| responses.categories(item).len() <= 2);
    if options.methods.mantel && two {
        analysis.add("mantel-haenszel", MantelHaenszel::fit(responses, focal, &options.dif));
    } else if options.methods.mantel {
        analysis.add("mantel", Mantel::fit(responses, focal, &options.dif));
    }
    if options.methods.logistic {
        let logistic = LogisticOptions { dif: options.dif, test: LogisticTest::Both };
        analysis.add("logistic", LogisticDif::fit(responses, focal, &logistic));
    }
    let irt = IrtDifOptions { alpha: options.dif.alpha, ..IrtDifOptions::new(options.model) };
    let mut flagged: Option<Vec<usize>> = None;
    if options.methods.irt {
        let found = analysis.add("irt", IrtDif::fit(responses, focal, &irt));
        flagged = found.map(|found| {
            let rows = found.rows.iter().enumerate();
            rows.filter(|(_, row)| row.flagged).map(|(item, _)| item).collect()
        });
    }
    if !options.cuts.is_empty() {
        analysis.add("bands", bands(responses, focal, options, &irt, flagged));
    }
    analysis.whole()
}

/// Each group with its own parameters of the flagged items, the others holding the metric.
fn bands(
    responses: &Responses,
    focal: &[Option<bool>],
    options: &FunctioningOptions,
    irt: &IrtDifOptions,
    flagged: Option<Vec<usize>>,
) -> Result<BandFairness, String> {
    let Some(flagged) = flagged else {
        return Err("bands are compared from the two-group calibration; let the IRT method run too".to_owned());
    };
    if flagged.len() >= responses.items() {
        return Err("all items are flagged: none is left to hold the metric of the two groups".to_owned());
    }
    let groups = TwoGroups::fit(responses, focal, &flagged, irt).map_err(|error| error.to_string())?;
    let (cuts, grid) = (&options.cuts, Quadrature::SCORING);
    BandFairness::compare(&groups.reference, &groups.focal, cuts, groups.focal_prior, grid, options.tolerance)
        .map_err(|error| error.to_string())
}
