//! The job file `screening.toml`.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use jiff::civil::Date;
use screening_core::disclosure::Rule;
use screening_core::instrument::{Span, Text};
use screening_core::risk::EvidenceStream;
use screening_core::screening::{AttemptPolicy, AuditSettings, ConsentMode, FurtherForm, Licences};
use serde::Deserialize;

use super::JobError;
use super::against::{ChangeSettings, Earlier, NormChoice};
use super::reports::JobReports;
use crate::{Coding, MatchBy, MatchSpec, SchoolSystem};

/// The version of the job format that this engine reads.
pub const JOB_SCHEMA: u32 = 1;
/// Smallest threshold of suppression: below it a count of one or two pupils would be told.
const LEAST_THRESHOLD: u32 = 3;

/// One screening: who is screened, with what, and which files hold the answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Job {
    /// Format version; must be [`JOB_SCHEMA`].
    pub schema: u32,
    /// Title.
    pub title: Text,
    /// Name of the district.
    pub district: String,
    /// Wave id.
    pub wave: String,
    /// School year.
    #[serde(default)]
    pub school_year: Option<String>,
    /// Semester.
    #[serde(default)]
    pub semester: Option<String>,
    /// Day of the test for sheets that carry none.
    #[serde(deserialize_with = "date")]
    pub administered_on: Date,
    /// Policy: the id of a bundled one, or the path of a file.
    pub policy: String,
    /// Class lists: one file or several.
    pub roster: OneOrMany,
    /// How long the stages of school are: `6-3` or `5-4`.
    #[serde(default)]
    pub school_system: SchoolSystem,
    /// Which of several sheets of a pupil counts.
    #[serde(default)]
    pub attempts: AttemptPolicy,
    /// Whether an unrecorded consent counts as given.
    #[serde(default)]
    pub consent: ConsentMode,
    /// Folder with instrument definitions that add to the bundled ones or replace them by a newer version.
    #[serde(default)]
    pub instruments: Option<PathBuf>,
    /// Folder with wording packs: their option texts are answers in files coded as text.
    #[serde(default)]
    pub wording: Option<PathBuf>,
    /// The batteries by grade band.
    pub batteries: Vec<JobBattery>,
    /// Acknowledged licences.
    #[serde(default)]
    pub licences: Licences,
    /// Cut-off sets other than the default: instrument -> scale -> set.
    #[serde(default)]
    pub cutoffs: IndexMap<String, IndexMap<String, String>>,
    /// Findings of the auditor that a person accepts, each with a written reason.
    #[serde(default)]
    pub audit: AuditSettings,
    /// Norms of the scores: bundled sets by id, files, or local norms of an earlier wave.
    #[serde(default)]
    pub norms: Vec<NormChoice>,
    /// Validity plan: the id of a bundled one, the path of a file, or `none`; the district's default when left out.
    #[serde(default)]
    pub validity: Option<String>,
    /// Earlier waves, the earliest first.
    #[serde(default)]
    pub earlier: Vec<Earlier>,
    /// How change since the earlier waves is computed.
    #[serde(default)]
    pub change: ChangeSettings,
    /// Records about pupils beside the sheets: history, nominations, interviews.
    #[serde(default)]
    pub evidence: Vec<EvidenceFile>,
    /// Decisions of named persons about the proposals of this wave: one file or several.
    #[serde(default)]
    pub decisions: Option<OneOrMany>,
    /// How small counts are suppressed in all that is published and reported.
    #[serde(default)]
    pub suppression: Rule,
    /// Reports that are written beside the outputs.
    #[serde(default)]
    pub reports: Option<JobReports>,
    /// Files with answers.
    pub answers: Vec<AnswerFile>,
}

/// Files with records about pupils, and for whom they speak.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvidenceFile {
    /// Path, relative to the job file; several where they cover the same.
    pub file: OneOrMany,
    /// Sources of which no record means that there is nothing, for example `nomination.teacher`. What is not named here stays
    /// unknown of pupils without a record.
    #[serde(default)]
    pub covers: Vec<EvidenceStream>,
    /// The schools for which they were delivered; all where left out.
    #[serde(default)]
    pub schools: Option<Vec<String>>,
}

/// A path or a list of paths.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(PathBuf),
    /// Several.
    Many(Vec<PathBuf>),
}

impl OneOrMany {
    /// The paths.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }

    /// The first path, which stands for all of them in a message.
    pub fn first(&self) -> &Path {
        self.paths().first().map_or(Path::new(""), PathBuf::as_path)
    }
}

/// A battery: a bundled one by id alone, or spelt out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobBattery {
    /// Id.
    pub id: String,
    /// Name.
    #[serde(default)]
    pub name: Option<Text>,
    /// Grades.
    #[serde(default)]
    pub grades: Option<Span>,
    /// Instruments in the order of the form.
    #[serde(default)]
    pub instruments: Vec<String>,
    /// Further forms: a second stage, another informant.
    #[serde(default)]
    pub further_forms: Vec<FurtherForm>,
}

/// Form of an answer file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerFormat {
    /// Export of a survey platform.
    Survey,
    /// Columns `<instrument>.<item>`.
    Canonical,
}

/// One file with answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnswerFile {
    /// Path, relative to the job file; several for a survey that is split over files.
    pub file: OneOrMany,
    /// Battery id.
    pub battery: String,
    /// Forms of the battery that the file holds, in their order: `main` for the first, further ones by their ids; the first alone
    /// where left out.
    #[serde(default = "main_form")]
    pub forms: Vec<String>,
    /// Form; not needed with a mapping.
    #[serde(default)]
    pub format: Option<AnswerFormat>,
    /// Layout of a survey, where it cannot be told.
    #[serde(default)]
    pub layout: Option<String>,
    /// Mapping file, relative to the job file.
    #[serde(default)]
    pub mapping: Option<PathBuf>,
    /// How the pupil of a sheet is found, in this order; by the student id alone by default.
    #[serde(default)]
    pub match_by: Vec<MatchBy>,
    /// School of the sheets, where they name none and are matched by class and name.
    #[serde(default)]
    pub school: Option<String>,
    /// How the answers are coded, where it is known.
    #[serde(default)]
    pub coding: Option<Coding>,
    /// Coding of single instruments, where they differ.
    #[serde(default)]
    pub codings: IndexMap<String, Coding>,
    /// Number of the first question of single instruments of a survey; by default they follow one another.
    #[serde(default)]
    pub first_questions: IndexMap<String, u32>,
    /// Heading of the column with the student id.
    #[serde(default)]
    pub student_id: Option<String>,
    /// Single answers that fit no option were looked at; they are listed and do not stop the file.
    #[serde(default)]
    pub accept_strays: bool,
}

fn main_form() -> Vec<String> {
    vec![screening_core::screening::MAIN_FORM.to_owned()]
}

impl AnswerFile {
    /// How the pupils of its sheets are found. `day` is that of the test.
    pub fn matching(&self, day: Date, system: SchoolSystem) -> MatchSpec {
        let usual = MatchSpec::default();
        let by = if self.match_by.is_empty() { usual.by } else { self.match_by.clone() };
        MatchSpec { by, school: self.school.clone(), day: Some(day), system }
    }

    /// A key that the reader of the format does not look at.
    fn without_effect(&self) -> Option<&'static str> {
        let survey = self.format == Some(AnswerFormat::Survey);
        let keys = [
            ("layout", self.layout.is_some() && !survey),
            ("first-questions", !self.first_questions.is_empty() && !survey),
            ("student-id", self.student_id.is_some() && self.mapping.is_some()),
            ("school", self.school.is_some() && !self.match_by.contains(&MatchBy::SchoolClassName)),
        ];
        keys.into_iter().find(|(_, idle)| *idle).map(|(key, _)| key)
    }
}

/// TOML dates and texts alike.
fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = match value {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is not a date; write 2026-09-15")))
}

impl Job {
    /// Reads a job file.
    ///
    /// # Errors
    /// When the file cannot be read or does not say what a job needs; the error names line and column.
    pub fn read(path: &Path) -> Result<Self, JobError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| JobError::File { file: file.clone(), source })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a job file; `file` stands for it in messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(file: &str, text: &str) -> Result<Self, JobError> {
        let job: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            let before = text.get(..at).unwrap_or_default();
            JobError::Config {
                file: file.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
                why: error.message().trim().to_owned(),
            }
        })?;
        let refuse = |why: String| Err(JobError::Config { file: file.to_owned(), line: 1, column: 1, why });
        if job.schema != JOB_SCHEMA {
            return refuse(format!("this engine reads job schema {JOB_SCHEMA}, the file says {}", job.schema));
        }
        for answers in &job.answers {
            if answers.format.is_some() == answers.mapping.is_some() || answers.file.paths().is_empty() {
                return refuse(format!(
                    "`{}` needs a file and one of `format` and `mapping`",
                    answers.file.first().display()
                ));
            }
            if let Some(key) = answers.without_effect() {
                return refuse(format!("`{}`: `{key}` has no effect in this format", answers.file.first().display()));
            }
            if answers.forms.is_empty() {
                return refuse(format!("`{}`: `forms` names none", answers.file.first().display()));
            }
            if !job.batteries.iter().any(|battery| battery.id == answers.battery) {
                return refuse(format!(
                    "`{}` is answered with battery `{}`, which is not under [[batteries]]",
                    answers.file.first().display(),
                    answers.battery
                ));
            }
        }
        for battery in &job.batteries {
            if battery.instruments.is_empty() && !battery.further_forms.is_empty() {
                return refuse(format!(
                    "battery `{}`: `further-forms` needs `grades` and `instruments` spelt out",
                    battery.id
                ));
            }
        }
        for evidence in &job.evidence {
            if evidence.file.paths().is_empty() {
                return refuse("an entry of [[evidence]] names no file".to_owned());
            }
            if evidence.schools.is_some() && evidence.covers.is_empty() {
                let file = evidence.file.first().display();
                return refuse(format!("`{file}`: `schools` has no effect without `covers`"));
            }
        }
        if job.suppression.threshold < LEAST_THRESHOLD {
            return refuse(format!(
                "`suppression`: a threshold of {} protects nobody; it is at least {LEAST_THRESHOLD}",
                job.suppression.threshold
            ));
        }
        if let Err(fault) = job.suppression.check() {
            return refuse(format!("`suppression`: {fault}"));
        }
        if let Some(fault) = job.reports.as_ref().and_then(JobReports::fault) {
            return refuse(fault.to_owned());
        }
        Ok(job)
    }

    /// The class lists.
    pub fn rosters(&self) -> Vec<PathBuf> {
        self.roster.paths().to_vec()
    }
}
