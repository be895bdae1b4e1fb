//! Scores: methods, missing rules, rounding.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::instrument::text::Text;
use crate::stats::Decimal;

use super::{Evidence, GroupDef, is_false};

/// One score.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScaleDef {
    /// Scale id as in the column name `<instrument>.<scale>`: lower-case letters, digits and `_`.
    pub id: String,
    /// Name for people.
    pub name: Text,
    /// How it is computed.
    pub method: Method,
    /// Items of an item method: ids, or ranges such as `"1-9"` over the order of `items`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Scales of `sum-of-scales`, or the one source scale of `lookup` and `norm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// Weights of `weighted`, one per item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<Decimal>,
    /// Recode table applied to the keyed answer before an item method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recode: Option<String>,
    /// `count`: the comparison each keyed answer must meet, for example `">= 2"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub where_answer: Option<String>,
    /// `formula`: an expression over scales and items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// `rule`: cases tried in order; the first that holds gives the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseDef>,
    /// `rule`: the values, mildest first, when they are words; a rule over numbers leaves this out.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub values: IndexMap<String, Text>,
    /// Factor applied to the result of an item method, for example 2 for DASS-21.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Decimal>,
    /// `lookup`: source raw value (as a string key) to value.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub table: IndexMap<String, Decimal>,
    /// `lookup`: tables that differ between groups of people, instead of `table`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableDef>,
    /// `lookup`: the published table has holes; a raw value that falls into one has no value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub holes: bool,
    /// `lookup`: standard error by source raw value.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub table_se: IndexMap<String, Decimal>,
    /// `norm`: name of the norm in `norms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<String>,
    /// `item-response`: item parameters, and how theta is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseDef>,
    /// Rounding of the final value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Rounding>,
    /// Missing rule of an item method.
    #[serde(default, skip_serializing_if = "Missing::is_complete")]
    pub missing: Missing,
    /// Stated lowest and highest value; checked against the computed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[Decimal; 2]>,
    /// Which end is worse.
    pub direction: Direction,
    /// Not shown first in tables; an intermediate step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub internal: bool,
    /// How well this score's key is established, when it differs from the instrument's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Source of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Source of the missing rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_source: Option<String>,
}

impl ScaleDef {
    /// The tables of a `lookup`, each with the group of people it serves (`None` = everyone).
    pub fn lookup_tables(&self) -> impl Iterator<Item = (Option<&GroupDef>, &IndexMap<String, Decimal>)> {
        let one = (!self.table.is_empty()).then_some((None, &self.table));
        one.into_iter().chain(self.tables.iter().map(|variant| (Some(&variant.when), &variant.table)))
    }
}

/// A look-up table for one group of people.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableDef {
    /// For whom it holds.
    pub when: GroupDef,
    /// Source raw value (as a string key) to value.
    pub table: IndexMap<String, Decimal>,
}

/// How a score is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Sum of keyed answers.
    Sum,
    /// Mean of keyed answers.
    Mean,
    /// Sum of keyed answers, each times its weight.
    Weighted,
    /// Number of keyed answers that meet `where-answer`.
    Count,
    /// Largest keyed answer.
    Max,
    /// Smallest keyed answer.
    Min,
    /// Sum of other scales.
    SumOfScales,
    /// An expression.
    Formula,
    /// Ordered cases.
    Rule,
    /// A table from another scale's value.
    Lookup,
    /// A norm: another scale's value against a reference group of the same sex, age or grade.
    Norm,
    /// Theta of the pattern of answers, from known item parameters: mean of the posterior (EAP).
    ItemResponse,
}

impl Method {
    /// Whether the score takes the answers to its own items: an item method, or theta from item parameters.
    pub fn is_of_items(self) -> bool {
        self.is_item_method() || self == Self::ItemResponse
    }

    /// Whether the score is computed straight from items.
    pub fn is_item_method(self) -> bool {
        matches!(self, Self::Sum | Self::Mean | Self::Weighted | Self::Count | Self::Max | Self::Min)
    }
}

/// Item parameters of a scale, and how theta is reported.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResponseDef {
    /// Parameters by item id, of the keyed answers counted from 0.
    pub parameters: IndexMap<String, crate::stats::ItemParameters>,
    /// The metric: `mean + sd theta`.
    #[serde(default)]
    pub metric: NormalDef,
    /// The distribution of theta assumed.
    #[serde(default)]
    pub prior: NormalDef,
    /// The points of theta over which is summed.
    #[serde(default)]
    pub grid: GridDef,
    /// Which figure of the posterior.
    #[serde(default)]
    pub figure: ResponseFigure,
}

/// A mean and a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NormalDef {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

impl Default for NormalDef {
    fn default() -> Self {
        Self { mean: 0.0, sd: 1.0 }
    }
}

/// Equally spaced points, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GridDef {
    /// Number of points.
    pub points: u16,
    /// Lowest point.
    pub from: f64,
    /// Highest point.
    pub to: f64,
}

impl Default for GridDef {
    fn default() -> Self {
        Self { points: 121, from: -6.0, to: 6.0 }
    }
}

/// Figures of a posterior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseFigure {
    /// Its mean: the score.
    #[default]
    Score,
    /// Its standard deviation: the standard error of the score.
    Error,
}

/// One case of a rule.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDef {
    /// Condition; left out in the last case, which then always holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The value: a key of `values`, or an expression.
    pub value: String,
}

/// Which end of a score is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A higher score means more difficulty.
    HigherWorse,
    /// A higher score means more strength.
    HigherBetter,
    /// Neither end is better.
    Neutral,
}

/// What happens when answers are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "rule")]
pub enum Missing {
    /// All items are needed (also: no rule is published).
    #[default]
    Complete,
    /// With at least `min-answered` answers: mean of the answered x number of items.
    Prorate {
        /// Smallest number of answered items.
        #[serde(rename = "min-answered")]
        min_answered: u16,
        /// Rounding of the prorated value.
        #[serde(default)]
        round: Option<Rounding>,
    },
    /// With at least `min-answered` answers: computed from the answered ones alone (a mean divides by their number).
    AsAnswered {
        /// Smallest number of answered items.
        #[serde(rename = "min-answered")]
        min_answered: u16,
    },
}

impl Missing {
    fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

/// Rounding by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rounding {
    /// The mode.
    pub mode: RoundMode,
    /// Digits kept after the point.
    #[serde(default)]
    pub decimals: u8,
}

/// Rounding modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundMode {
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceil,
    /// To the nearest; halves towards plus infinity (`floor(x + 0.5)`).
    HalfUp,
    /// To the nearest; halves to the even neighbour.
    HalfEven,
}
