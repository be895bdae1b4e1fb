//! The arguments of `screening psychometrics`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use screening_core::psychometrics::irt::{Estimator, IrtModel};
use screening_core::psychometrics::roc::Direction;
use screening_core::psychometrics::{CfaEstimator, CorrelationMethod, Extraction, Missing, Rotation};

use super::AnswerArgs;

/// `screening psychometrics`
#[derive(Debug, Args)]
pub(crate) struct PsychometricsCommand {
    /// The analysis.
    #[command(subcommand)]
    pub(crate) what: Psychometrics,
}

/// `screening psychometrics ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Psychometrics {
    /// Items: means, skew, floor and ceiling, correlation with the rest, use of the options, missing answers.
    Items(SampleArgs),
    /// Reliability: alpha with interval, ordinal alpha, omega, Guttman's bounds, split halves, subscales, retest.
    Reliability(ReliabilityArgs),
    /// Correlations of all pairs of items.
    Correlations(CorrelationArgs),
    /// Eigenvalues, KMO, minimum average partial, parallel analysis, exploratory factor analysis.
    Factors(FactorArgs),
    /// Confirmatory factor analysis.
    Cfa(CfaArgs),
    /// Does the scale measure the same in all groups?
    Invariance(InvarianceArgs),
    /// Item response theory: calibration, fit, local dependence, scores, tables from sums, information.
    Irt(IrtArgs),
    /// Differential item functioning of two groups, and of bands.
    Dif(DifArgs),
    /// Cut-offs against a criterion.
    Roc(RocArgs),
    /// Schools: intraclass correlation, design effect, intervals, shrunken means.
    Clusters(ClusterArgs),
    /// Simulates an adaptive test from item parameters.
    Cat(CatArgs),
}

/// The answers, and which items of them.
#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) answers: AnswerArgs,
    /// Scale of the instrument; needed when it has several.
    #[arg(long)]
    pub(crate) scale: Option<String>,
    /// Items in place of those of a scale: ids or ranges such as 1-9.
    #[arg(long, value_delimiter = ',')]
    pub(crate) items: Vec<String>,
    /// Single answers that fit no option were looked at; they count as missing.
    #[arg(long)]
    pub(crate) accept_strays: bool,
    /// Folder for tables, JSON and plots.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// `screening psychometrics reliability`
#[derive(Debug, Args)]
pub(crate) struct ReliabilityArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Level of the intervals.
    #[arg(long, default_value_t = 0.95, value_parser = share)]
    pub(crate) level: f64,
    /// Group factors of omega hierarchical.
    #[arg(long, default_value_t = 3)]
    pub(crate) group_factors: usize,
    /// Seed of random splits.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Answers of the same persons at a second time, with the same columns.
    #[arg(long, value_name = "FILE")]
    pub(crate) retest: Option<PathBuf>,
    /// Column that tells the persons of both times.
    #[arg(long, value_name = "COL", default_value = "student_id")]
    pub(crate) by: String,
}

/// Which correlations.
#[derive(Debug, Args)]
pub(crate) struct MatrixArgs {
    /// Which correlation.
    #[arg(long, value_enum, default_value_t = MethodArg::Pearson)]
    pub(crate) method: MethodArg,
    /// Take only persons without a missing answer, in place of all that a pair has.
    #[arg(long)]
    pub(crate) listwise: bool,
}

impl MatrixArgs {
    /// What happens to missing answers.
    pub(crate) fn missing(&self) -> Missing {
        if self.listwise { Missing::Listwise } else { Missing::Pairwise }
    }
}

/// `screening psychometrics correlations`
#[derive(Debug, Args)]
pub(crate) struct CorrelationArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Which correlations.
    #[command(flatten)]
    pub(crate) matrix: MatrixArgs,
    /// Standard errors of polychoric correlations.
    #[arg(long)]
    pub(crate) standard_errors: bool,
}

/// `screening psychometrics factors`
#[derive(Debug, Args)]
pub(crate) struct FactorArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Which correlations.
    #[command(flatten)]
    pub(crate) matrix: MatrixArgs,
    /// Number of factors; as many as parallel analysis finds when left out.
    #[arg(long)]
    pub(crate) factors: Option<usize>,
    /// How factors are taken out.
    #[arg(long, value_enum, default_value_t = ExtractionArg::Minres)]
    pub(crate) extraction: ExtractionArg,
    /// How they are rotated.
    #[arg(long, value_enum, default_value_t = RotationArg::Oblimin)]
    pub(crate) rotation: RotationArg,
    /// Random samples of parallel analysis.
    #[arg(long, default_value_t = 200)]
    pub(crate) samples: usize,
    /// Their seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// A factor model.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// A factor with its items, name=1-4,7; repeat for each. Without any: the subscales of the definition, or one factor.
    #[arg(long = "factor", value_name = "NAME=ITEMS", value_parser = super::mapping)]
    pub(crate) factors: Vec<(String, String)>,
    /// A general factor behind all items beside the others (bifactor).
    #[arg(long)]
    pub(crate) bifactor: bool,
    /// Factors do not correlate.
    #[arg(long)]
    pub(crate) orthogonal: bool,
    /// Two items whose residuals correlate: 3=4; repeat for each.
    #[arg(long, value_name = "ITEM=ITEM", value_parser = super::mapping)]
    pub(crate) residual: Vec<(String, String)>,
    /// How the model is fitted.
    #[arg(long, value_enum, default_value_t = EstimatorArg::Wlsmv)]
    pub(crate) estimator: EstimatorArg,
}

/// `screening psychometrics cfa`
#[derive(Debug, Args)]
pub(crate) struct CfaArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// The model.
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// `screening psychometrics invariance`
#[derive(Debug, Args)]
pub(crate) struct InvarianceArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// The model.
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Column of the groups.
    #[arg(long, value_name = "COL")]
    pub(crate) group: String,
}

/// `screening psychometrics irt`
#[derive(Debug, Args)]
pub(crate) struct IrtArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// The model.
    #[arg(long, value_enum, default_value_t = IrtModelArg::Graded)]
    pub(crate) model: IrtModelArg,
    /// How persons are scored.
    #[arg(long, value_enum, default_value_t = ScoreArg::Eap)]
    pub(crate) scores: ScoreArg,
    /// Known item parameters (`items.json` of an earlier run): persons are scored, nothing is calibrated. `definition` takes
    /// those of the scale.
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Option<String>,
}

/// `screening psychometrics dif`
#[derive(Debug, Args)]
pub(crate) struct DifArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Column of the groups.
    #[arg(long, value_name = "COL")]
    pub(crate) group: String,
    /// Value of the focal group.
    #[arg(long, value_name = "VALUE")]
    pub(crate) focal: Option<String>,
    /// Value of the reference group.
    #[arg(long, value_name = "VALUE")]
    pub(crate) reference: Option<String>,
    /// Methods; all when left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) methods: Vec<DifMethodArg>,
    /// Level of the tests.
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub(crate) alpha: f64,
    /// Take flagged items out of the matching total, again and again.
    #[arg(long)]
    pub(crate) purify: bool,
    /// Model of the IRT method.
    #[arg(long, value_enum, default_value_t = IrtModelArg::Graded)]
    pub(crate) model: IrtModelArg,
    /// Sums from which bands begin, to be compared at equal theta; those of the default cut-off set when left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) cuts: Vec<i64>,
    /// Difference in the chance to reach a band that is tolerated.
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub(crate) tolerance: f64,
}

/// `screening psychometrics roc`
#[derive(Debug, Args)]
pub(crate) struct RocArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Column that says who has the condition; blank cells are not known.
    #[arg(long, value_name = "COL")]
    pub(crate) criterion: String,
    /// Values of that column that mean yes; without any it must hold 1 and 0, or yes and no.
    #[arg(long, value_name = "VALUE", value_delimiter = ',')]
    pub(crate) positive: Vec<String>,
    /// A column of scores in place of the scale's own.
    #[arg(long, value_name = "COL")]
    pub(crate) score: Option<String>,
    /// A second score of the same persons to compare with, as a column.
    #[arg(long, value_name = "COL")]
    pub(crate) compare: Option<String>,
    /// Positive is a low score. Without it the direction is that of the definition.
    #[arg(long, value_enum)]
    pub(crate) direction: Option<DirectionArg>,
    /// The cut-off to look at; the best by Youden's index when left out.
    #[arg(long)]
    pub(crate) cut: Option<f64>,
    /// The best cut-off is the most specific one with at least this sensitivity.
    #[arg(long, value_parser = share, conflicts_with = "least_specificity")]
    pub(crate) least_sensitivity: Option<f64>,
    /// The best cut-off is the most sensitive one with at least this specificity.
    #[arg(long, value_parser = share)]
    pub(crate) least_specificity: Option<f64>,
    /// Prevalence where the scale is to be used; several by commas.
    #[arg(long, value_delimiter = ',', value_parser = share)]
    pub(crate) prevalence: Vec<f64>,
    /// Bootstrap intervals from this many samples.
    #[arg(long, value_name = "N")]
    pub(crate) bootstrap: Option<usize>,
    /// Their seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only some persons were examined, depending on the score: correct for it (Begg and Greenes).
    #[arg(long)]
    pub(crate) partly_verified: bool,
}

/// `screening psychometrics clusters`
#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    /// The answers.
    #[command(flatten)]
    pub(crate) sample: SampleArgs,
    /// Column of the schools, or whatever persons come in.
    #[arg(long, value_name = "COL", default_value = "school")]
    pub(crate) cluster: String,
    /// Also the share of scores from here on.
    #[arg(long)]
    pub(crate) from: Option<f64>,
    /// Level of the intervals.
    #[arg(long, default_value_t = 0.95, value_parser = share)]
    pub(crate) level: f64,
}

/// `screening psychometrics cat`
#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    /// Item parameters, as `screening psychometrics irt -o DIR` writes them (`items.json`).
    pub(crate) parameters: PathBuf,
    /// Persons simulated.
    #[arg(long, default_value_t = 1000)]
    pub(crate) persons: usize,
    /// Mean of their theta.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    pub(crate) mean: f64,
    /// Standard deviation of their theta.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) sd: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The test ends at this standard error.
    #[arg(long, default_value_t = 0.32)]
    pub(crate) se: f64,
    /// Fewest items.
    #[arg(long, default_value_t = 1)]
    pub(crate) min_items: usize,
    /// Most items.
    #[arg(long)]
    pub(crate) max_items: Option<usize>,
    /// Exposure control: draw among this many most informative items.
    #[arg(long, default_value_t = 1)]
    pub(crate) randomesque: usize,
    /// Folder for tables, JSON and plots.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(format!("{value} does not lie above 0 and below 1")) }
}

/// An argument with a fixed list of values, and what each stands for.
macro_rules! values {
    ($(#[$doc:meta])* $name:ident => $target:ty { $($(#[$own:meta])* $variant:ident => $value:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$own])* $variant),+ }

        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => $value),+ }
            }
        }
    };
}

values!(
    /// Correlations.
    MethodArg => CorrelationMethod {
        /// Pearson.
        Pearson => CorrelationMethod::Pearson,
        /// Spearman.
        Spearman => CorrelationMethod::Spearman,
        /// Kendall's tau-b.
        Kendall => CorrelationMethod::Kendall,
        /// Polychoric (tetrachoric for two answers).
        Polychoric => CorrelationMethod::Polychoric,
    }
);

values!(
    /// Extractions.
    ExtractionArg => Extraction {
        /// Minimum residuals.
        Minres => Extraction::MinRes,
        /// Maximum likelihood.
        Ml => Extraction::MaximumLikelihood,
        /// Principal axes.
        Pa => Extraction::PrincipalAxis,
        /// Principal components.
        Pc => Extraction::PrincipalComponents,
    }
);

values!(
    /// Rotations.
    RotationArg => Rotation {
        /// None.
        None => Rotation::None,
        /// Varimax.
        Varimax => Rotation::Varimax,
        /// Promax.
        Promax => Rotation::Promax,
        /// Oblimin.
        Oblimin => Rotation::Oblimin,
    }
);

values!(
    /// Estimators of factor models.
    EstimatorArg => CfaEstimator {
        /// Ordered answers, by polychoric correlations.
        Wlsmv => CfaEstimator::Dwls,
        /// Answers as numbers, maximum likelihood.
        Ml => CfaEstimator::MaximumLikelihood,
        /// The same with Satorra and Bentler's errors and test.
        Mlm => CfaEstimator::RobustMaximumLikelihood,
    }
);

values!(
    /// Models of item response theory.
    IrtModelArg => IrtModel {
        /// Rasch, or partial credit.
        Rasch => IrtModel::Rasch,
        /// Two parameters, items with two answers.
        #[value(name = "2pl")]
        TwoParameter => IrtModel::TwoParameter,
        /// Graded responses.
        Graded => IrtModel::Graded,
        /// Generalised partial credit.
        Gpcm => IrtModel::PartialCredit,
    }
);

values!(
    /// Estimators of theta.
    ScoreArg => Estimator {
        /// Mean of the posterior.
        Eap => Estimator::Eap,
        /// Mode of the posterior.
        Map => Estimator::Map,
        /// Maximum likelihood.
        Ml => Estimator::Ml,
        /// Warm's weighted likelihood.
        Wle => Estimator::Wle,
    }
);

values!(
    /// Which scores speak for a condition.
    DirectionArg => Direction {
        /// High scores.
        Higher => Direction::Higher,
        /// Low scores.
        Lower => Direction::Lower,
    }
);

/// Methods for differential functioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DifMethodArg {
    /// Mantel-Haenszel, Mantel.
    Mantel,
    /// Logistic regression.
    Logistic,
    /// Likelihood ratio of a calibration.
    Irt,
}
