//! One screening from its files to its outputs: the semester's batch job.

mod against;
mod config;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use polars::prelude::DataFrame;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::instrument::{Diagnostics, Library, LibraryError, Text};
use screening_core::risk::Policy;
use screening_core::scoring::ScoringOptions;
use screening_core::screening::{
    Batch, Battery, BatteryDef, ScreeningError, ScreeningInput, ScreeningResult, WaveSettings, pupils_from_frame,
    screen,
};

pub use against::{ChangeSettings, Earlier, NormChoice, WaveNorms};
pub use config::{AnswerFile, AnswerFormat, JOB_SCHEMA, Job, JobBattery, OneOrMany};

use crate::{
    CodingReport, ColumnNames, InstrumentPart, IoError, Rejected, RosterOptions, SurveySpec, TablePart, TableSpec,
    read_answers, read_rosters, read_survey, read_wording,
};

/// Why a job was refused.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A file cannot be opened.
    #[error("{file}: {source}; check the path")]
    File {
        /// File.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The job file is not one.
    #[error("{file}:{line}:{column}: {why}; compare with the example district's screening.toml")]
    Config {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Cause.
        why: String,
    },
    /// A policy or battery does not pass its checks.
    #[error("{file}: {diagnostics}")]
    Definition {
        /// File or id.
        file: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// A policy, battery, norm set or validity plan is not known.
    #[error("there is no {kind} `{id}`; use the id of a bundled one or {advice}")]
    Unknown {
        /// `policy`, `battery`, `norms` or `validity plan`.
        kind: &'static str,
        /// Id.
        id: String,
        /// What else can be done.
        advice: &'static str,
    },
    /// Instruments cannot be loaded.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A file of answers or a roster is refused.
    #[error(transparent)]
    Input(#[from] IoError),
    /// The screening cannot be computed.
    #[error(transparent)]
    Screening(#[from] ScreeningError),
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Reads norms, validity plan and earlier waves.
    Against {
        /// Earlier waves.
        waves: usize,
    },
    /// Reads the class lists.
    Roster,
    /// Reads an answer file.
    Answers {
        /// Path.
        file: PathBuf,
        /// Its number, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// Scores, applies the policy, counts coverage.
    Screening {
        /// Sheets.
        sheets: usize,
    },
    /// Writes the outputs.
    Writing,
}

/// How one answer file was read.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Path.
    pub file: PathBuf,
    /// Rows of the file.
    pub rows_in: usize,
    /// Rows taken over.
    pub rows_read: usize,
    /// How each instrument's coding was told.
    pub codings: Vec<CodingReport>,
}

/// Everything one job found.
#[derive(Debug)]
pub struct JobResult {
    /// The job.
    pub job: Job,
    /// The policy.
    pub policy: Policy,
    /// What the screening gives.
    pub screening: ScreeningResult,
    /// Rows and cells that were not taken over while reading.
    pub rejected: Vec<Rejected>,
    /// The answer files.
    pub files: Vec<FileReport>,
    /// Names by student id, for the lists of a school; empty unless asked for.
    pub names: BTreeMap<String, String>,
}

/// Reads and computes one screening. Nothing is written.
///
/// With `names` the class lists' names are read and kept apart from the results, for the alert list of each school.
///
/// # Errors
/// When the job, a definition, the roster or an answer file is refused.
pub fn run_job(path: &Path, names: bool, progress: &dyn Fn(Step)) -> Result<JobResult, JobError> {
    run_within(path, names, progress, 0)
}

/// The same for a job that another one may have asked for.
fn run_within(path: &Path, names: bool, progress: &dyn Fn(Step), depth: usize) -> Result<JobResult, JobError> {
    let job = Job::read(path)?;
    let base = path.parent().unwrap_or_else(|| Path::new(""));
    let mut library = Library::bundled()?;
    if let Some(folder) = &job.instruments {
        library.add_folder(&base.join(folder))?;
    }
    let wording = match &job.wording {
        Some(folder) => read_wording(&base.join(folder), &library)?,
        None => WordingPacks::default(),
    };
    let policy = policy(&job.policy, base)?;
    let batteries = job.batteries.iter().map(battery).collect::<Result<Vec<_>, _>>()?;
    if !job.earlier.is_empty() {
        progress(Step::Against { waves: job.earlier.len() });
    }
    let against = against::read(&job, path, &library, depth)?;

    progress(Step::Roster);
    let paths: Vec<PathBuf> = job.rosters().iter().map(|roster| base.join(roster)).collect();
    let roster = read_rosters(&paths, &RosterOptions { names, ..RosterOptions::default() })?;
    let pupils = pupils_from_frame(&roster.frame)?;
    let names = names_of(&roster.frame);
    let mut rejected = roster.rejected;

    let mut batches = Vec::new();
    let mut files = Vec::new();
    let mut sheets = 0;
    for (at, answers) in job.answers.iter().enumerate() {
        progress(Step::Answers { file: answers.file.clone(), number: at + 1, of: job.answers.len() });
        let battery = batteries.iter().find(|battery| battery.id() == answers.battery);
        let battery = battery.ok_or_else(|| unknown("battery", &answers.battery))?;
        let set = read_file(base, answers, battery, &library, &wording)?;
        sheets += set.frame.height();
        files.push(FileReport {
            file: answers.file.clone(),
            rows_in: set.rows_in,
            rows_read: set.frame.height(),
            codings: set.codings,
        });
        rejected.extend(set.rejected);
        batches.push(Batch { battery: battery.clone(), sheets: set.frame });
    }

    progress(Step::Screening { sheets });
    let mut wave = WaveSettings::new(job.wave.clone(), job.administered_on);
    wave.attempts = job.attempts;
    wave.consent = job.consent;
    let scoring: IndexMap<String, ScoringOptions> = job
        .cutoffs
        .iter()
        .map(|(instrument, sets)| (instrument.clone(), ScoringOptions { cutoffs: sets.clone().into_iter().collect() }))
        .collect();
    let input = ScreeningInput {
        roster: pupils,
        batches,
        wave,
        library: &library,
        policy: &policy,
        licences: job.licences.clone(),
        scoring,
        interpretation: against.interpretation.clone(),
    };
    let mut screening = screen(input)?;
    let provenance = &mut screening.summary.provenance;
    against.cite(&mut provenance.earlier);
    let is_used = |pack: &&WordingPack| provenance.instruments.iter().any(|used| used.id == pack.instrument);
    provenance.wording = wording.iter().filter(is_used).map(WordingPack::citation).collect();
    Ok(JobResult { job, policy, screening, rejected, files, names })
}

fn unknown(kind: &'static str, id: &str) -> JobError {
    let advice =
        if kind == "policy" { "the path of a policy file" } else { "spell it out with grades and instruments" };
    JobError::Unknown { kind, id: id.to_owned(), advice }
}

fn policy(name: &str, base: &Path) -> Result<Policy, JobError> {
    let refuse = |diagnostics| JobError::Definition { file: name.to_owned(), diagnostics };
    if let Some(policy) = Policy::bundled(name) {
        return policy.map_err(refuse);
    }
    let path = base.join(name);
    if !path.is_file() {
        return Err(unknown("policy", name));
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| JobError::File { file: path.display().to_string(), source })?;
    Policy::from_toml(&text).map_err(refuse)
}

fn battery(wanted: &JobBattery) -> Result<Battery, JobError> {
    let refuse = |diagnostics| JobError::Definition { file: wanted.id.clone(), diagnostics };
    let (Some(grades), false) = (wanted.grades, wanted.instruments.is_empty()) else {
        return Battery::bundled(&wanted.id).ok_or_else(|| unknown("battery", &wanted.id))?.map_err(refuse);
    };
    let definition = BatteryDef {
        schema: screening_core::screening::BATTERY_SCHEMA,
        id: wanted.id.clone(),
        version: semver_one(),
        name: wanted.name.clone().unwrap_or_else(|| Text { en: wanted.id.clone(), zh_cn: wanted.id.clone() }),
        grades,
        instruments: wanted.instruments.clone(),
        minutes: None,
        notes: Vec::new(),
    };
    Battery::from_definition(definition).map_err(refuse)
}

/// A battery spelt out in a job has no history of its own.
fn semver_one() -> screening_core::instrument::Version {
    screening_core::instrument::Version::new(1, 0, 0)
}

fn read_file(
    base: &Path,
    answers: &AnswerFile,
    battery: &Battery,
    library: &Library,
    wording: &WordingPacks,
) -> Result<crate::AnswerSet, JobError> {
    let path = base.join(&answers.file);
    let mut definitions = Vec::new();
    for id in &battery.definition().instruments {
        let unknown = || ScreeningError::UnknownInstrument { battery: battery.id().to_owned(), instrument: id.clone() };
        definitions.push(library.get(id).ok_or_else(unknown)?.definition());
    }
    let coding = |id: &str| answers.codings.get(id).copied().or(answers.coding);
    Ok(match answers.format {
        AnswerFormat::Survey => {
            let part =
                |definition| InstrumentPart { accept_strays: answers.accept_strays, ..InstrumentPart::new(definition) };
            let instruments =
                definitions.into_iter().map(|d| InstrumentPart { coding: coding(&d.id), ..part(d) }).collect();
            let spec = SurveySpec {
                instruments,
                student_id: answers.student_id.clone(),
                wording: Some(wording),
                ..SurveySpec::default()
            };
            read_survey(&path, &spec)?
        }
        AnswerFormat::Canonical => {
            let part = |definition| TablePart {
                accept_strays: answers.accept_strays,
                ..TablePart::new(definition, ColumnNames::Canonical)
            };
            let parts = definitions.into_iter().map(|d| TablePart { coding: coding(&d.id), ..part(d) }).collect();
            let spec = TableSpec {
                parts,
                student_id: answers.student_id.clone(),
                needs_student_id: true,
                wording: Some(wording),
                ..TableSpec::default()
            };
            read_answers(&path, &spec)?
        }
    })
}

fn names_of(roster: &DataFrame) -> BTreeMap<String, String> {
    let text = |name: &str| roster.column(name).ok().and_then(|column| column.str().ok().cloned());
    let (Some(ids), Some(names)) = (text("student_id"), text("name")) else { return BTreeMap::new() };
    ids.iter().zip(names.iter()).filter_map(|(id, name)| Some((id?.to_owned(), name?.to_owned()))).collect()
}
