//! What a screening needs.

use indexmap::IndexMap;
use jiff::civil::Date;
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use crate::answers::Sex;
use crate::change::{ChangeOptions, Wave};
use crate::coverage::{Attendance, Consent, Scope};
use crate::disclosure::Rule;
use crate::instrument::Library;
use crate::norms::{DeriveOptions, NormSet};
use crate::risk::Policy;
use crate::scoring::ScoringOptions;
use crate::validity::{ScaleParameters, ValidityPlan};

use super::audit::AuditSettings;
use super::battery::Battery;
use super::evidence::PupilEvidence;

/// One enrolled pupil. Names stay outside the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pupil {
    /// Id, the same as in the answers.
    pub student_id: String,
    /// School.
    pub school: String,
    /// Grade, 1 to 12.
    pub grade: Option<u8>,
    /// Class; empty when not known.
    pub class: String,
    /// Sex.
    pub sex: Option<Sex>,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Consent.
    pub consent: Consent,
    /// The day of the test.
    pub attendance: Attendance,
    /// Whether the pupil belongs to the screening.
    pub scope: Scope,
}

/// Which sheet counts when a pupil handed in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptPolicy {
    /// The first.
    First,
    /// The last.
    #[default]
    Last,
    /// The one that can be interpreted; of several the one with most answers, then the last.
    BestValid,
}

/// Whether an unrecorded consent counts as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentMode {
    /// Parents were told and may object: only a recorded refusal or withdrawal keeps a pupil out.
    #[default]
    OptOut,
    /// Every pupil needs a recorded consent.
    OptIn,
}

/// One wave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaveSettings {
    /// Wave id, for example `2026-autumn`.
    pub id: String,
    /// Name of the district that the schools belong to; blank where it does not matter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub district: String,
    /// Day of the test, for sheets that carry none.
    pub date: Date,
    /// Which of several sheets counts.
    #[serde(default)]
    pub attempts: AttemptPolicy,
    /// After so many sheets that cannot be interpreted no further attempt is planned, and somebody talks with the pupil.
    #[serde(default = "two")]
    pub max_attempts: u8,
    /// Whether an unrecorded consent counts as given.
    #[serde(default)]
    pub consent: ConsentMode,
    /// How small counts are suppressed in everything that is published or reported of the wave: one rule, since two would tell
    /// more together than either.
    #[serde(default)]
    pub suppression: Rule,
    /// Findings of the auditor that were accepted.
    #[serde(default, skip_serializing_if = "AuditSettings::is_empty")]
    pub audit: AuditSettings,
}

fn two() -> u8 {
    2
}

impl WaveSettings {
    /// A wave with the usual settings: the last sheet counts, one retest, opt-out.
    pub fn new(id: impl Into<String>, date: Date) -> Self {
        Self {
            id: id.into(),
            district: String::new(),
            date,
            attempts: AttemptPolicy::default(),
            max_attempts: two(),
            consent: ConsentMode::default(),
            suppression: Rule::default(),
            audit: AuditSettings::default(),
        }
    }
}

/// Licences that somebody settled: instrument id to a sentence on who and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Licences(pub IndexMap<String, String>);

impl Licences {
    /// Whether somebody answered for the instrument.
    pub fn acknowledged(&self, instrument: &str) -> bool {
        self.0.get(instrument).is_some_and(|statement| !statement.trim().is_empty())
    }
}

/// Sheets of one battery. Several batches of the same battery are allowed.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The battery.
    pub battery: Battery,
    /// One row a sheet: `student_id`, one column `<instrument>.<item>` for each item (`i8` codes with null = skipped, -127
    /// refused, -126 not shown, -125 invalid; numbers; `HH:MM`), and optionally `administered_on`, `source_file`,
    /// `source_row`. Later attempts stand below earlier ones, or carry a later `administered_on`. A batch may hold the first
    /// form of the battery, some of its further forms, or both: a form is there when one of its columns is.
    pub sheets: DataFrame,
}

/// What scores are read against beside the definitions: other people, the pupil's way of answering, earlier waves, and what is
/// known of the pupil beside the sheets. Nothing of it is needed; the default has none.
#[derive(Debug, Clone, Default)]
pub struct Interpretation {
    /// Norm sets, published or local. No scale may stand in two of them.
    pub norms: Vec<NormSet>,
    /// How derived scores are computed.
    pub derive: DeriveOptions,
    /// Which indices of validity are computed, and what follows. Without a plan only the rules of the definitions count.
    pub validity: Option<ValidityPlan>,
    /// Item parameters for the person fit of the plan.
    pub parameters: Vec<ScaleParameters>,
    /// Results of earlier waves, the earliest first.
    pub earlier: Vec<Wave>,
    /// How change since the earlier waves is computed.
    pub change: ChangeOptions,
    /// Records about pupils beside the sheets: history, nominations, interviews.
    pub evidence: PupilEvidence,
}

/// Everything that [`super::screen`] needs.
#[derive(Debug, Clone)]
pub struct ScreeningInput<'a> {
    /// All enrolled pupils, one row each.
    pub roster: Vec<Pupil>,
    /// The answers.
    pub batches: Vec<Batch>,
    /// The wave.
    pub wave: WaveSettings,
    /// Instruments.
    pub library: &'a Library,
    /// The policy.
    pub policy: &'a Policy,
    /// Settled licences.
    pub licences: Licences,
    /// Cut-off sets by instrument, where they are not the default.
    pub scoring: IndexMap<String, ScoringOptions>,
    /// Norms, validity plan and earlier waves.
    pub interpretation: Interpretation,
}
