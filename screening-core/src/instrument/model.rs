//! The instrument file as data: what one TOML file can say.
//!
//! Every struct refuses unknown keys, so a misspelt key is an error and never a silent default. The meaning of each
//! key is on its field; how a definition is checked is in [`super::check`].

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::stats::Decimal;

use super::text::Text;

/// The version of the file format that this engine reads.
pub const SCHEMA: u32 = 1;

/// One instrument definition, as read from its TOML file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// Format version; must be [`SCHEMA`].
    pub schema: u32,
    /// Instrument id: lower-case letters, digits, `-` and `.`, for example `phq-9`.
    pub id: String,
    /// Version of this definition (semantic version).
    pub version: semver::Version,
    /// Full name.
    pub name: Text,
    /// Short name printed in tables.
    pub abbreviation: String,
    /// What is measured, as lower-case topic words, for example `["depression"]`.
    pub construct: Vec<String>,
    /// Who answers.
    pub informant: Informant,
    /// Period the questions are about.
    pub recall: Text,
    /// Ages in completed years that the instrument was made or validated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Span>,
    /// School grades (1-12) that the instrument was made or is commonly used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<Span>,
    /// Usual time to answer, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// How well the facts of this file are established.
    pub evidence: Evidence,
    /// Licence of the wording (never contained here).
    pub licence: Licence,
    /// LOINC codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loinc: Option<Loinc>,
    /// Named lists of answer options; an item without `options` uses `default`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub option_sets: IndexMap<String, Vec<OptionDef>>,
    /// The questions, in the order of the official form.
    pub items: Vec<ItemDef>,
    /// Named recode tables: answer code (as a string key) to value.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub recodes: IndexMap<String, IndexMap<String, Decimal>>,
    /// The scores.
    pub scales: Vec<ScaleDef>,
    /// Cut-off sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cutoffs: Vec<CutoffDef>,
    /// Band labels used by the cut-off sets.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub bands: IndexMap<String, BandLabel>,
    /// Critical answers and other signals that need a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<FlagDef>,
    /// Rules that say whether a sheet can be trusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validity: Vec<ValidityDef>,
    /// Reference distributions used by `norm` scales, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub norms: IndexMap<String, NormDef>,
    /// Published means and standard deviations, kept for reports and for change scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<ReferenceDef>,
    /// Published reliability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reliability: Vec<ReliabilityDef>,
    /// Published diagnostic accuracy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accuracy: Vec<AccuracyDef>,
    /// Settled conflicts and limits, in our own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Worked examples; they are run whenever the definition is checked.
    pub examples: Vec<ExampleDef>,
    /// Where each fact comes from, by key (`S1`, ...).
    pub sources: IndexMap<String, SourceDef>,
}

/// An inclusive range of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Smallest value, included.
    pub from: u16,
    /// Largest value, included.
    pub to: u16,
}

impl Span {
    /// Whether `value` lies in the range, ends included.
    ///
    /// ```
    /// use screening_core::instrument::Span;
    /// assert!(Span { from: 7, to: 12 }.contains(7));
    /// ```
    pub fn contains(self, value: u16) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

/// Who fills in the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Informant {
    /// The pupil.
    #[serde(rename = "self")]
    SelfReport,
    /// A parent or guardian.
    Parent,
    /// A teacher.
    Teacher,
    /// A trained interviewer or clinician.
    Interviewer,
}

/// How well a fact is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Confirmed by independent sources.
    High,
    /// One source, or sources that agree only in part.
    Medium,
}

/// Licence of the official wording.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Licence {
    /// Kind of licence.
    pub status: LicenceStatus,
    /// What it means for a school.
    pub note: Text,
    /// Key into `sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Kinds of licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenceStatus {
    /// Free to use and reproduce.
    Free,
    /// The owner's permission is needed.
    Permission,
    /// Sold by a publisher.
    Proprietary,
    /// No licence statement was found.
    Unclear,
}

/// LOINC codes of an instrument.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Loinc {
    /// Panel code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<String>,
    /// Codes of scores by scale id.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub scales: IndexMap<String, String>,
    /// Answer codes by option code.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub answers: IndexMap<String, String>,
    /// Key into `sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One answer option.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OptionDef {
    /// The code stored for this answer; -100 to 100.
    pub code: i8,
    /// Our own short label.
    pub label: Text,
}

/// One question.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ItemDef {
    /// Item id as in the column name `<instrument>.<item>`: letters and digits.
    pub id: String,
    /// Our own topic label, never the official wording.
    pub label: Text,
    /// What kind of answer is stored.
    #[serde(default, skip_serializing_if = "ItemKind::is_choice")]
    pub kind: ItemKind,
    /// Option set of a choice item; `default` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// Reverse keyed: scored as this item's lowest code + highest code - answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reverse: bool,
    /// Lowest and highest value of a number item, ends included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[Decimal; 2]>,
    /// Digits after the point that a number item keeps (at most 4); further digits are rounded half-even on reading.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub decimals: u8,
    /// Unit of a number item, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text>,
    /// Skip rule: the item is asked only when this condition holds (an expression over earlier items).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_if: Option<String>,
    /// The code that stands for the answer when the skip rule leaves the item out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_not_asked: Option<Decimal>,
    /// The code that the scoring rule puts in place of a blank (only where the source says so).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_blank: Option<Decimal>,
    /// Not part of any score, on purpose.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unscored: bool,
    /// The item may upset a young child (suicide, abuse, sexuality): a battery states it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// LOINC code of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loinc: Option<String>,
    /// Key into `sources`, for a skip rule or a replacement of blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// One option of a set.
    #[default]
    Choice,
    /// A number with a range.
    Number,
    /// A clock time `HH:MM` (24 h), held as minutes after midnight.
    Clock,
}

impl ItemKind {
    fn is_choice(&self) -> bool {
        *self == Self::Choice
    }
}

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
    /// `lookup`: standard error by source raw value.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub table_se: IndexMap<String, Decimal>,
    /// `norm`: name of the norm in `norms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<String>,
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
}

impl Method {
    /// Whether the score is computed straight from items.
    pub fn is_item_method(self) -> bool {
        matches!(self, Self::Sum | Self::Mean | Self::Weighted | Self::Count | Self::Max | Self::Min)
    }
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

/// One cut-off set for one or more scales. Entries with the same `id` and scale are variants chosen by `when`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CutoffDef {
    /// Id of the set, for example `uk3`.
    pub id: String,
    /// Scales it applies to.
    pub scales: Vec<String>,
    /// The set used when nobody asks for another.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// For whom this entry holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<GroupDef>,
    /// The population it was derived in.
    pub population: Text,
    /// What it is for.
    pub purpose: Purpose,
    /// Bands from the lowest value up. The first has no `from`; each further one starts at `from`, included, and
    /// reaches to the next. So there is neither gap nor overlap, also for fractional scores.
    pub bands: Vec<BandStep>,
    /// How well it is established, when it differs from the instrument's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Source.
    pub source: String,
    /// Remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// What a cut-off set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Names degrees of severity.
    Severity,
    /// Says who should be looked at more closely.
    Screening,
    /// Places a score in a norm group.
    Norm,
}

/// One step of a cut-off set.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BandStep {
    /// Lowest value of the band, included; left out for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Decimal>,
    /// Key into `bands`.
    pub band: String,
}

/// A band label.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BandLabel {
    /// Text for people: a description of the score, never of the child.
    pub label: Text,
    /// Level of attention the band stands for.
    pub level: Level,
}

/// Level of attention of a band, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing to note.
    Usual,
    /// Slightly outside the usual.
    Watch,
    /// Clearly raised.
    Raised,
    /// Far outside the usual.
    High,
}

/// A group of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GroupDef {
    /// Sex; left out = any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<crate::answers::Sex>,
    /// Ages in completed years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Span>,
    /// Grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<Span>,
}

/// A critical answer or another signal.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FlagDef {
    /// Id as in the column name `<instrument>.flag.<flag>`.
    pub id: String,
    /// Condition (expression).
    pub when: String,
    /// How urgent.
    pub severity: FlagSeverity,
    /// What it means, descriptive.
    pub meaning: Text,
    /// Source, or our own safety rule.
    pub source: String,
}

/// Urgency of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagSeverity {
    /// Worth knowing.
    Note,
    /// Needs attention soon.
    Warning,
    /// A person talks with the pupil the same day, whatever the total or the validity says.
    Critical,
}

/// A validity rule.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ValidityDef {
    /// Id as in the column name `<instrument>.validity.<rule>`.
    pub id: String,
    /// Condition under which the sheet is not to be trusted.
    pub when: String,
    /// What follows.
    pub verdict: Verdict,
    /// What it means.
    pub meaning: Text,
    /// Source.
    pub source: String,
}

/// What a validity rule says of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Read with care.
    Doubtful,
    /// Not to be interpreted; ask again.
    Invalid,
}

/// A norm: how a raw value is turned into a derived one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormDef {
    /// The population.
    pub population: Text,
    /// Region, for example `US-HI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Year of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// The derived unit.
    pub unit: NormUnit,
    /// Rounding of the derived value.
    pub round: Rounding,
    /// How well it is established.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Source.
    pub source: String,
    /// The cells; keys of one scale must not overlap.
    pub cells: Vec<NormCell>,
}

/// Derived units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormUnit {
    /// T = 50 + 10 (raw - mean) / SD.
    T,
    /// z = (raw - mean) / SD.
    Z,
}

/// One cell of a norm.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NormCell {
    /// The raw scale.
    pub scale: String,
    /// Sex; left out = both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<crate::answers::Sex>,
    /// Ages in completed years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Span>,
    /// Grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<Span>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Mean of the raw score.
    pub mean: Decimal,
    /// Standard deviation (n - 1) of the raw score.
    pub sd: Decimal,
    /// A cell known to be wrong is kept but not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Text>,
}

/// A published mean and SD.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReferenceDef {
    /// Scale.
    pub scale: String,
    /// Population.
    pub population: Text,
    /// The group, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupDef>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Decimal>,
    /// Standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<Decimal>,
    /// Year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Source.
    pub source: String,
}

/// A published reliability.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReliabilityDef {
    /// Scale.
    pub scale: String,
    /// Cronbach's alpha.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Decimal>,
    /// Test-retest correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retest: Option<Decimal>,
    /// Interval of the retest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Split-half coefficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_half: Option<Decimal>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Population.
    pub population: Text,
    /// Source.
    pub source: String,
}

/// A published diagnostic accuracy.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccuracyDef {
    /// Scale.
    pub scale: String,
    /// Cut-off as published, for example `>= 11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<String>,
    /// Sensitivity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Decimal>,
    /// Specificity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Decimal>,
    /// Area under the ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Decimal>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Population and reference standard.
    pub population: Text,
    /// Source.
    pub source: String,
}

/// A settled conflict or a limit.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Topic.
    pub topic: String,
    /// Text, own words.
    pub text: Text,
}

/// A worked example.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleDef {
    /// Answers in the order of `items`: a code, a number, a clock time as text, or `""` for a blank.
    pub answers: Vec<ExampleAnswer>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ExampleContext>,
    /// Expected value by scale: a number, a word of a rule, or `"missing"`.
    pub scores: IndexMap<String, ExampleValue>,
    /// Expected band by scale (default set), or by `set:scale`; `"cannot-say"` when undecided.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub bands: IndexMap<String, String>,
    /// Flags that are raised; all others must not be. Left out = not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
    /// Validity rules that fire; all others must not. Left out = not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Vec<String>>,
    /// Decimals to which means are stated; 6 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
}

/// Context of an example.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleContext {
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<crate::answers::Sex>,
    /// Grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Age in completed years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
}

/// One answer of an example.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ExampleAnswer {
    /// A code or a whole number.
    Int(i64),
    /// A number with decimals.
    Float(f64),
    /// A clock time, or empty for a blank.
    Text(String),
}

/// One expected value of an example.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ExampleValue {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A word of a rule, or `missing`.
    Text(String),
}

/// A source.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDef {
    /// Citation.
    pub cite: String,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `paper`, `manual`, `site`, `code` or `own` (our safety rule).
    pub kind: SourceKind,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A paper.
    Paper,
    /// A manual.
    Manual,
    /// A web page.
    Site,
    /// Public code.
    Code,
    /// General knowledge that no page confirmed.
    Memory,
    /// Our own rule.
    Own,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}
