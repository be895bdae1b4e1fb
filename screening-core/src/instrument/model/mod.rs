//! The instrument file as data: what one TOML file can say.
//!
//! Every struct refuses unknown keys, so a misspelt key is an error and never a silent default. The meaning of each
//! key is on its field; [`super::Instrument::diagnose`] checks a definition.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::stats::Decimal;

use super::text::Text;

mod facts;
mod rules;
mod scales;

pub use facts::*;
pub use rules::*;
pub use scales::*;

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
    /// Languages in which a form with published scoring exists (BCP 47), for example `["en", "zh-CN"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
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

    /// Whether two ranges have a value in common; a range left out holds every value.
    ///
    /// ```
    /// use screening_core::instrument::Span;
    /// assert!(Span::meet(Some(Span { from: 7, to: 9 }), Some(Span { from: 9, to: 12 })));
    /// ```
    pub fn meet(a: Option<Self>, b: Option<Self>) -> bool {
        a.zip(b).is_none_or(|(a, b)| a.from <= b.to && b.from <= a.to)
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

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}
