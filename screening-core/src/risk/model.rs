//! The policy file as data.

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::instrument::model::{Note, SourceDef};
use crate::instrument::{Span, Text};

use super::condition::Condition;

/// The version of the policy format that this engine reads.
pub const POLICY_SCHEMA: u32 = 1;

/// One policy, as read from its TOML file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyDef {
    /// Format version; must be [`POLICY_SCHEMA`].
    pub schema: u32,
    /// Policy id.
    pub id: String,
    /// Version of this policy.
    pub version: semver::Version,
    /// Name.
    pub name: Text,
    /// For whom it was made.
    pub population: Text,
    /// School grades it may be used in.
    pub grades: Span,
    /// Key into `sources`.
    pub source: String,
    /// When it is in force.
    pub effective: Effective,
    /// Tier of a pupil about whom no rule says anything.
    pub unflagged_tier: String,
    /// Lowest tier that a critical answer proposes.
    pub critical_tier: String,
    /// Tier of a sheet that is not to be interpreted.
    pub retest_tier: String,
    /// Lowest tier where answers are missing that could lead to a higher one.
    pub incomplete_tier: String,
    /// The tiers.
    pub tiers: Vec<TierDef>,
    /// The rules. Without any, critical answers and sheets that cannot be interpreted still lead to their tiers.
    #[serde(default)]
    pub rules: Vec<RuleDef>,
    /// What is known of the errors of its rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error_rates: Vec<ErrorRate>,
    /// Reasoning behind the choices, in our own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What is cited, by key.
    pub sources: IndexMap<String, SourceDef>,
}

/// What a study found of the errors of a rule, or of the whole policy. At least one figure; none without a source.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ErrorRate {
    /// Rule id; left out of figures about the whole policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who was studied, and against what.
    pub population: Text,
    /// People studied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Share of the population with the condition looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prevalence: Option<f64>,
    /// Share flagged among those with the condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<f64>,
    /// Share not flagged among those without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<f64>,
    /// Share of all who were flagged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_flagged: Option<f64>,
    /// Area under the curve of the score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// Where the figures are about something that is close to the rule and not the same: what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Key into `sources`.
    pub source: String,
}

impl ErrorRate {
    /// The figures that are shares, with their keys in the file.
    pub fn figures(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("prevalence", self.prevalence),
            ("sensitivity", self.sensitivity),
            ("specificity", self.specificity),
            ("share-flagged", self.share_flagged),
            ("auc", self.auc),
        ]
    }
}

/// Days on which a policy may be used for a new wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Effective {
    /// First day.
    pub from: Date,
    /// Last day; left out while no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

impl Effective {
    /// Whether the policy is in force on a day.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use screening_core::risk::Effective;
    /// let effective = Effective { from: date(2025, 9, 1), to: None };
    /// assert!(effective.contains(date(2026, 3, 1)));
    /// ```
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// One level of attention. Schemes in use count in both directions, so a tier is a named object and never a bare number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TierDef {
    /// Tier id as in the column `tier`.
    pub id: String,
    /// Order: a higher number is more urgent. Each tier has its own.
    pub severity: u16,
    /// A person has to act within days; many-armed rules are refused here.
    #[serde(default)]
    pub urgent: bool,
    /// Name for people.
    pub name: Text,
    /// Colour for lists, `#rrggbb`.
    pub colour: String,
    /// Hours within which a person should have acted; left out where nothing is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_hours: Option<u32>,
    /// Who acts.
    pub owner: Text,
    /// What is to be done next.
    pub next_step: Text,
}

/// One rule.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleDef {
    /// Rule id.
    pub id: String,
    /// The tier it proposes; left out of a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Worth reading beside other reasons, but raises nobody by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// What the rule rests on, in a few words: it stands in brackets behind each reason.
    pub description: Text,
    /// Key into `sources`.
    pub source: String,
    /// The condition.
    pub when: Condition,
}
