//! Cut-off sets, bands, flags, validity rules and norms.

use serde::{Deserialize, Serialize};

use crate::instrument::text::Text;
use crate::stats::Decimal;

use super::{Evidence, Rounding, Span, is_false};

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
    /// Region of that population, for example `CN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
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

impl GroupDef {
    /// Whether a person could belong to both groups.
    ///
    /// ```
    /// use screening_core::instrument::model::GroupDef;
    /// assert!(GroupDef::default().meets(&GroupDef { sex: Some(screening_core::answers::Sex::Male), ..GroupDef::default() }));
    /// ```
    pub fn meets(&self, other: &Self) -> bool {
        self.sex.zip(other.sex).is_none_or(|(a, b)| a == b)
            && Span::meet(self.ages, other.ages)
            && Span::meet(self.grades, other.grades)
    }
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
    /// A person talks with the pupil, whatever the total or the validity says; the policy says how soon.
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
