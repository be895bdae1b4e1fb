//! The norm file as data: what one TOML file can say.
//!
//! Every struct refuses unknown keys. [`super::NormSet::from_toml`] reads and checks a file.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::answers::Sex;
use crate::instrument::model::{Note, Rounding, SourceDef};
use crate::instrument::{Direction, Span, Text};
use crate::stats::{Decimal, PlottingPosition};

/// The version of the norm format that this engine reads.
pub const NORM_SCHEMA: u32 = 1;

/// One norm set, as read from its TOML file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormSetDef {
    /// Format version; must be [`NORM_SCHEMA`].
    pub schema: u32,
    /// Id: lower-case letters, digits, `-` and `.`.
    pub id: String,
    /// Version of this file.
    pub version: semver::Version,
    /// Name for people.
    pub name: Text,
    /// Published, or estimated by this engine.
    pub kind: NormKind,
    /// The people it stands for.
    pub population: Text,
    /// Region of the population, for example `CN-44`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Year of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// How a local norm was made; not in published ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<BuiltDef>,
    /// The scores that have norms here.
    pub scales: Vec<NormScaleDef>,
    /// The cells: one score in one group of people.
    pub cells: Vec<NormCellDef>,
    /// Groups that were there but have no cell, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omitted: Vec<OmittedDef>,
    /// Settled conflicts and limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Where each fact comes from, by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub sources: IndexMap<String, SourceDef>,
}

/// Where a norm set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// Taken from a publication.
    Published,
    /// Estimated from answers.
    Local,
}

/// How a local norm was made: everything needed to make it again.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuiltDef {
    /// Version of the engine.
    pub engine: String,
    /// What the groups are made of: `sex`, `grade`, `age` or other columns.
    pub by: Vec<String>,
    /// Smallest number of people of a cell.
    pub min_n: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows whose scores were used.
    pub used: u64,
    /// Rows that were not used, by the word of their status.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub set_aside: IndexMap<String, u64>,
    /// Column of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The rows are all people of the population, so sampling errors carry the finite population correction.
    pub finite_population: bool,
    /// How ranks became proportions.
    pub position: PlottingPosition,
    /// Level of the intervals, for example 0.95.
    pub level: f64,
    /// Largest degree of the log-linear smoothing; 0 for none.
    pub max_degree: u8,
    /// Files that the scores came from, with the SHA-256 of their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputDef>,
}

/// One input of a local norm.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InputDef {
    /// File name without folders.
    pub file: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// One score that has norms.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormScaleDef {
    /// Column `<instrument>.<scale>`, for example `phq-9.total`.
    pub id: String,
    /// Definition that gave the raw scores, as `id@version+hash`, or `id@version` where only that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Which end is worse.
    pub direction: Direction,
    /// What the T scores of the tables are.
    #[serde(default)]
    pub table_t: TableT,
    /// Rounding of the linear T, where the publication rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Rounding>,
    /// Reliability, for confidence intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<NormReliability>,
    /// Key into `sources`; needed in published files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What the T scores of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableT {
    /// Normalised: they follow the percentile ranks.
    #[default]
    Normalised,
    /// Linear: 50 + 10 z, printed as a table.
    Linear,
}

/// A reliability with its source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NormReliability {
    /// The coefficient, between 0 and 1.
    pub value: Decimal,
    /// Which coefficient.
    pub kind: ReliabilityKind,
    /// Key into `sources`.
    pub source: String,
}

/// Coefficients of reliability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReliabilityKind {
    /// Cronbach's alpha.
    Alpha,
    /// McDonald's omega.
    Omega,
    /// Test-retest correlation.
    Retest,
    /// Intraclass correlation of a retest.
    Icc,
    /// Split-half coefficient.
    SplitHalf,
}

/// A group of people. Everything left out holds for everyone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormGroup {
    /// Sex; left out = an ungendered cell, which also serves unknown sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Ages in completed years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Span>,
    /// Grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<Span>,
    /// Values of other columns, for example `{ region = "north" }`.
    #[serde(default, rename = "where", skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, String>,
}

/// One score in one group.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormCellDef {
    /// Id of a scale of this file.
    pub scale: String,
    /// For whom it holds.
    #[serde(default)]
    pub group: NormGroup,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Kish's effective number, where people are weighted: `(sum w)^2 / sum w^2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_effective: Option<f64>,
    /// People of the group in a finite population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled: Option<u64>,
    /// Mean of the raw score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Decimal>,
    /// Standard deviation of the raw score, over n - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<Decimal>,
    /// Standard error of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_se: Option<f64>,
    /// Skew, `m3 / s^3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<f64>,
    /// Excess kurtosis, `m4 / s^4 - 3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kurtosis: Option<f64>,
    /// Degree of the log-linear smoothing behind the table; left out = not smoothed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoothing: Option<u8>,
    /// Raw scores at percentiles, with intervals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub percentiles: Vec<PercentileDef>,
    /// Raw score to percentile rank and T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<NormTable>,
    /// Continuous norm over ages or grades, instead of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelDef>,
    /// A cell known to be wrong is kept but not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Text>,
}

/// The raw score at a percentile.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PercentileDef {
    /// Percent, above 0 and below 100.
    pub p: f64,
    /// Raw score.
    pub value: f64,
    /// Lower end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Columns of a conversion table; all that are there are of one length.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormTable {
    /// Raw scores, ascending.
    pub raw: Vec<f64>,
    /// Percentile rank (mid-rank): percent below plus half of the percent at the score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub percentile: Vec<f64>,
    /// Percent at or below the score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cumulative: Vec<f64>,
    /// T score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub t: Vec<f64>,
    /// Raw scores whose T is printed as "at most".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_most: Vec<f64>,
    /// Raw scores whose T is printed as "at least".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<f64>,
}

/// What a continuous norm runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Exact age in years.
    Age,
    /// School grade.
    Grade,
}

/// A continuous norm: `raw = sum coefficient L^i A^j`, with L the normalised T score and A the age or grade.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelDef {
    /// What A is.
    pub axis: Axis,
    /// Smallest A.
    pub from: f64,
    /// Largest A.
    pub to: f64,
    /// Powers `[i, j]` of L and A; `[0, 0]` is the constant.
    pub terms: Vec<[u8; 2]>,
    /// One coefficient a term.
    pub coefficients: Vec<f64>,
    /// Lowest T in the data: lower ones are said as "at most".
    pub min_t: f64,
    /// Highest T in the data.
    pub max_t: f64,
    /// Lowest raw score.
    pub min_raw: f64,
    /// Highest raw score.
    pub max_raw: f64,
    /// Adjusted share of variance explained.
    pub r2_adjusted: f64,
    /// Root mean squared error of the raw score.
    pub rmse: f64,
}

/// A group without a cell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OmittedDef {
    /// Id of a scale of this file.
    pub scale: String,
    /// The group.
    #[serde(default)]
    pub group: NormGroup,
    /// Why.
    pub reason: OmitReason,
}

/// Why a group has no cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OmitReason {
    /// Fewer people than the smallest number allowed.
    TooFew,
    /// All people have the same score.
    NoSpread,
    /// No continuous model rises with the T score everywhere.
    NotMonotone,
    /// The regression of a continuous norm has no solution.
    NoModel,
}

impl OmitReason {
    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooFew => "too-few",
            Self::NoSpread => "no-spread",
            Self::NotMonotone => "not-monotone",
            Self::NoModel => "no-model",
        }
    }
}

impl NormGroup {
    /// Whether a person could belong to both groups. An ungendered group and a gendered one are different doors to the same
    /// people and do not clash.
    pub fn clashes(&self, other: &Self) -> bool {
        let apart = |(key, value): (&String, &String)| other.labels.get(key).is_some_and(|found| found != value);
        self.sex == other.sex
            && Span::meet(self.ages, other.ages)
            && Span::meet(self.grades, other.grades)
            && !self.labels.iter().any(apart)
    }
}

impl std::fmt::Display for NormGroup {
    /// `sex=male grade=7`, `age=10-12 region=north`, or `all`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let span = |span: Span| {
            if span.from == span.to { span.from.to_string() } else { format!("{}-{}", span.from, span.to) }
        };
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.sex.map(|sex| format!("sex={}", sex.word())));
        parts.extend(self.ages.map(|ages| format!("age={}", span(ages))));
        parts.extend(self.grades.map(|grades| format!("grade={}", span(grades))));
        parts.extend(self.labels.iter().map(|(key, value)| format!("{key}={value}")));
        if parts.is_empty() { f.write_str("all") } else { f.write_str(&parts.join(" ")) }
    }
}
