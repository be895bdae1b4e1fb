//! The validity plan as data.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::instrument::expr::Comparison;
use crate::instrument::model::{Note, SourceDef};
use crate::instrument::{Text, Verdict};
use crate::stats::Decimal;
use crate::validity::{FitStatistic, Floor, Gaps, GuttmanMeasure, RunLength, ThetaEstimate};

/// The version of the format that this engine reads.
pub const VALIDITY_SCHEMA: u32 = 1;

/// One plan, as read from its TOML file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ValidityPlanDef {
    /// Format version; must be [`VALIDITY_SCHEMA`].
    pub schema: u32,
    /// Plan id.
    pub id: String,
    /// Version.
    pub version: semver::Version,
    /// Name.
    pub name: Text,
    /// For whom it was made.
    pub population: Text,
    /// Key into `sources`.
    pub source: String,
    /// Groups of fired rules from which a sheet is doubtful, whatever their verdict.
    pub min_doubtful: u16,
    /// Groups of fired rules with the verdict `invalid` from which a sheet is invalid.
    pub min_invalid: u16,
    /// The rules.
    pub rules: Vec<ValidityRuleDef>,
    /// Reasoning behind the choices, in our own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What is cited, by key.
    pub sources: IndexMap<String, SourceDef>,
}

/// One rule: an index, and when it speaks against a sheet.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ValidityRuleDef {
    /// Id as in the column `<instrument>.validity.<rule>`.
    pub id: String,
    /// What is computed.
    pub index: IndexDef,
    /// When it speaks against a sheet; left out with `verdict`, the index is only reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires: Option<FiresDef>,
    /// What follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// One such rule is enough for its verdict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// Rules of one group are one piece of evidence, because they see the same thing; its own id when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Fewest choice items of an instrument for which the index makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u16>,
    /// Instruments that it is for; all when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<String>,
    /// What it means, for people: a description of the sheet, never of the pupil.
    pub meaning: Text,
    /// Key into `sources`: where the threshold comes from.
    pub source: String,
}

/// A threshold: `{ op = ">", value = 0.5 }`, or `{ op = ">", percentile = 99 }` of the wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FiresDef {
    /// Operator: `>`, `>=`, `<` or `<=`.
    pub op: Comparison,
    /// A number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    /// A percentile of the wave (or of the reference), between 0 and 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentile: Option<Decimal>,
}

/// An index with its parameters.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum IndexDef {
    /// [`crate::validity::MissingShare`].
    MissingShare {},
    /// [`crate::validity::LongString`].
    LongString {
        /// Whether answers without difficulty make runs.
        #[serde(default)]
        floor: Floor,
        /// What is told of the runs.
        #[serde(default)]
        length: RunLength,
    },
    /// [`crate::validity::ResponseVariability`].
    Variability {},
    /// [`crate::validity::EvenOdd`].
    EvenOdd {
        /// Scales; when left out the smallest scales that share no item.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        scales: Vec<String>,
    },
    /// [`crate::validity::Synonyms`], pairs that others answer alike.
    Synonyms {
        /// Correlation in the wave above which two items are a pair.
        critical: Decimal,
    },
    /// [`crate::validity::Synonyms`], pairs that others answer in opposite ways.
    Antonyms {
        /// Size of the negative correlation in the wave beyond which two items are a pair.
        critical: Decimal,
    },
    /// [`crate::validity::Mahalanobis`].
    Mahalanobis {
        /// How gaps are dealt with.
        #[serde(default)]
        gaps: Gaps,
        /// The figure that is compared.
        #[serde(default)]
        measure: DistanceMeasure,
    },
    /// [`crate::validity::Guttman`].
    Guttman {
        /// Scales; when left out the smallest scales that share no item.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        scales: Vec<String>,
        /// The figure that is compared.
        #[serde(default)]
        measure: GuttmanMeasure,
    },
    /// [`crate::validity::PersonFit`]; used where item parameters are given.
    PersonFit {
        /// Scale; when left out the one scale that parameters are given for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scale: Option<String>,
        /// The statistic.
        #[serde(default)]
        statistic: FitStatistic,
        /// How theta is estimated.
        #[serde(default)]
        estimate: ThetaEstimate,
    },
    /// [`crate::validity::ResponseTime`].
    ResponseTime {},
    /// [`crate::validity::PageTime`].
    PageTime {
        /// The pages.
        pages: Vec<PageDef>,
    },
    /// [`crate::validity::Neighbours`].
    Neighbours {
        /// Whether items without difficulty on both sheets count.
        #[serde(default)]
        floor: Floor,
        /// Fewest items of a pair.
        fewest: u16,
        /// Places on either side that are neighbours; the whole class when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<u16>,
    },
}

/// One page of a form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PageDef {
    /// Column with the seconds spent on it.
    pub column: String,
    /// Questions on it.
    pub questions: u16,
}

/// Which figure of the distance is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistanceMeasure {
    /// Probability of a distance as large.
    #[default]
    Probability,
    /// The squared distance.
    Distance,
}

impl IndexDef {
    /// Kind as written in plans.
    pub fn kind(&self) -> &'static str {
        use crate::validity as v;
        match self {
            Self::MissingShare {} => v::MissingShare::KIND,
            Self::LongString { .. } => v::LongString::KIND,
            Self::Variability {} => v::ResponseVariability::KIND,
            Self::EvenOdd { .. } => v::EvenOdd::KIND,
            Self::Synonyms { .. } => v::PairKind::Synonyms.index(),
            Self::Antonyms { .. } => v::PairKind::Antonyms.index(),
            Self::Mahalanobis { .. } => v::Mahalanobis::KIND,
            Self::Guttman { .. } => v::Guttman::KIND,
            Self::PersonFit { .. } => v::PersonFit::KIND,
            Self::ResponseTime {} => v::ResponseTime::KIND,
            Self::PageTime { .. } => v::PageTime::KIND,
            Self::Neighbours { .. } => v::Neighbours::KIND,
        }
    }
}
