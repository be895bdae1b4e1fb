//! One screening from its files to its outputs: the semester's batch job.

mod against;
mod beside;
mod config;
mod error;
mod named;
mod reader;
mod reports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use polars::prelude::DataFrame;
use screening_core::instrument::Library;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::risk::Policy;
use screening_core::scoring::ScoringOptions;
use screening_core::screening::{
    AuditSettings, Batch, Battery, Decision, Pupil, Rehearsal, ScreeningInput, ScreeningResult, WaveSettings,
    pupils_from_frame, rehearse, screen,
};

pub use against::{ChangeSettings, Earlier, NormChoice, WaveNorms};
pub use config::{AnswerFile, AnswerFormat, EvidenceFile, JOB_SCHEMA, Job, JobBattery, OneOrMany};
pub use error::JobError;
pub use reports::{JobReports, ReportFormat, ReportKind};

use crate::{
    AnswerSet, CodingReport, IoError, LayoutReport, MatchReport, MatchSpec, Rejected, Roster, RosterOptions,
    drop_repeated, match_sheets, read_rosters, read_wording,
};
use named::{battery, definitions, unknown};

pub use named::read_policy;
pub use reader::Held;
use reader::Reader;

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
    /// The layout of a survey export.
    pub layout: Option<LayoutReport>,
    /// How each instrument's coding was told.
    pub codings: Vec<CodingReport>,
    /// How the pupils of the sheets were found.
    pub matching: MatchReport,
}

/// Everything one job found.
#[derive(Debug)]
pub struct JobResult {
    /// The job.
    pub job: Job,
    /// The policy.
    pub policy: Policy,
    /// Instruments: the bundled ones and those of the job.
    pub library: Library,
    /// What the screening gives.
    pub screening: ScreeningResult,
    /// Rows and cells that were not taken over while reading.
    pub rejected: Vec<Rejected>,
    /// The answer files.
    pub files: Vec<FileReport>,
    /// Names by student id, for the lists of a school; empty unless asked for.
    pub names: BTreeMap<String, String>,
}

/// What the files of one job hold, before anything is computed.
#[derive(Debug)]
pub struct JobInput {
    /// The job.
    pub job: Job,
    /// The policy.
    pub policy: Policy,
    /// Instruments: the bundled ones and those of the job.
    pub library: Library,
    /// Wording packs by which option texts were read.
    pub wording: WordingPacks,
    /// The class lists. What was not taken over stands in `rejected`.
    pub roster: Roster,
    /// Their pupils, in the same order.
    pub pupils: Vec<Pupil>,
    /// The sheets with their batteries, in the order of the answer files; a sheet that came in twice is there once.
    pub batches: Vec<Batch>,
    /// Rows and cells that were not taken over while reading: those of the class lists, then those of the answers.
    pub rejected: Vec<Rejected>,
    /// How many entries of `rejected` are about the class lists.
    pub rejected_of_roster: usize,
    /// The answer files.
    pub files: Vec<FileReport>,
    /// What the auditor is told: accepted findings, and answers that no option explains.
    audit: AuditSettings,
    /// Norms, validity plan, earlier waves, records about pupils.
    against: against::Against,
    /// Decisions about the proposals.
    decisions: Vec<Decision>,
    /// The files of the records, with their hashes.
    evidence_files: Vec<String>,
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
    let mut input = read_within(path, names, progress, depth)?;
    let (pupils, batches) = (std::mem::take(&mut input.pupils), std::mem::take(&mut input.batches));
    let screening = screen_sheets(&input, pupils, batches, progress)?;
    let names = names_of(&input.roster.frame);
    let JobInput { job, policy, library, rejected, files, .. } = input;
    Ok(JobResult { job, policy, library, screening, rejected, files, names })
}

/// Reads the files of a job, and computes the earlier waves that it names. With `names` the class lists' names are in the
/// frame of the roster.
///
/// # Errors
/// When the job, a definition, the roster or an answer file is refused.
pub fn read_job(path: &Path, names: bool, progress: &dyn Fn(Step)) -> Result<JobInput, JobError> {
    read_within(path, names, progress, 0)
}

fn read_within(path: &Path, names: bool, progress: &dyn Fn(Step), depth: usize) -> Result<JobInput, JobError> {
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
    let policy = read_policy(&job.policy, base)?;
    let batteries = job.batteries.iter().map(battery).collect::<Result<Vec<_>, _>>()?;
    if !job.earlier.is_empty() {
        progress(Step::Against { waves: job.earlier.len() });
    }
    // What is quickly read is read first.
    let (evidence, evidence_files) = beside::evidence(&job, base)?;
    let decisions = beside::decisions(&job, base, &policy)?;
    let mut against = against::read(&job, path, &library, depth)?;
    against.interpretation.evidence = evidence;

    progress(Step::Roster);
    let paths: Vec<PathBuf> = job.rosters().iter().map(|roster| base.join(roster)).collect();
    let options = RosterOptions {
        names,
        day: Some(job.administered_on),
        system: job.school_system,
        for_matching: true,
        ..RosterOptions::default()
    };
    let mut roster = read_rosters(&paths, &options)?;
    let pupils = pupils_from_frame(&roster.frame)?;
    let mut rejected = std::mem::take(&mut roster.rejected);
    let rejected_of_roster = rejected.len();

    let mut audit = job.audit.clone();
    let mut batches = Vec::new();
    let mut files = Vec::new();
    for (at, answers) in job.answers.iter().enumerate() {
        let file = answers.file.first().to_path_buf();
        progress(Step::Answers { file: file.clone(), number: at + 1, of: job.answers.len() });
        let battery = batteries.iter().find(|battery| battery.id() == answers.battery);
        let battery = battery.ok_or_else(|| unknown("battery", &answers.battery))?;
        let matching = answers.matching(job.administered_on, job.school_system);
        let definitions = definitions(battery, &answers.forms, &library)?;
        let reader = Reader { base, answers, definitions, wording: &wording, held: None };
        let (set, report) = read_and_match(&reader, &roster, &matching)?;
        audit.strays.extend(set.strays());
        files.push(report);
        rejected.extend(set.rejected);
        batches.push(Batch { battery: battery.clone(), sheets: set.frame });
    }

    rejected.extend(once_each(&mut batches)?);
    Ok(JobInput {
        job,
        policy,
        library,
        wording,
        roster,
        pupils,
        batches,
        rejected,
        rejected_of_roster,
        files,
        audit,
        against,
        decisions,
        evidence_files,
    })
}

/// Computes the screening of what was read.
///
/// # Errors
/// When the roster, a battery, a licence or the policy does not pass the checks of the engine.
pub fn screen_job(input: &JobInput, progress: &dyn Fn(Step)) -> Result<ScreeningResult, JobError> {
    // The columns of the sheets are shared, not copied.
    screen_sheets(input, input.pupils.clone(), input.batches.clone(), progress)
}

/// Computes the screening of what was read, and makes its policy and others ready to be tried with other thresholds, compared
/// and evaluated ([`screening_core::screening::rehearse`]).
///
/// # Errors
/// As [`screen_job`]; the other policies have to fit the batteries.
pub fn rehearse_job(input: &JobInput, others: &[&Policy], progress: &dyn Fn(Step)) -> Result<Rehearsal, JobError> {
    let mut rehearsal =
        rehearse(screening_input(input, input.pupils.clone(), input.batches.clone(), progress), others)?;
    cite(input, &mut rehearsal.screening);
    Ok(rehearsal)
}

fn screen_sheets(
    input: &JobInput,
    roster: Vec<Pupil>,
    batches: Vec<Batch>,
    progress: &dyn Fn(Step),
) -> Result<ScreeningResult, JobError> {
    let mut screening = screen(screening_input(input, roster, batches, progress))?;
    cite(input, &mut screening);
    if !input.decisions.is_empty() {
        screening.record_decisions(&input.decisions, &input.policy)?;
    }
    Ok(screening)
}

fn screening_input<'a>(
    input: &'a JobInput,
    roster: Vec<Pupil>,
    batches: Vec<Batch>,
    progress: &dyn Fn(Step),
) -> ScreeningInput<'a> {
    let JobInput { job, policy, library, audit, against, .. } = input;
    progress(Step::Screening { sheets: batches.iter().map(|batch| batch.sheets.height()).sum() });
    let mut wave = WaveSettings::new(job.wave.clone(), job.administered_on);
    wave.district.clone_from(&job.district);
    wave.attempts = job.attempts;
    wave.consent = job.consent;
    wave.suppression = job.suppression;
    wave.audit = audit.clone();
    let scoring: IndexMap<String, ScoringOptions> = job
        .cutoffs
        .iter()
        .map(|(instrument, sets)| (instrument.clone(), ScoringOptions { cutoffs: sets.clone().into_iter().collect() }))
        .collect();
    ScreeningInput {
        roster,
        batches,
        wave,
        library,
        policy,
        licences: job.licences.clone(),
        scoring,
        interpretation: against.interpretation.clone(),
    }
}

/// What the engine does not know of: files of earlier waves, wording packs.
fn cite(input: &JobInput, screening: &mut ScreeningResult) {
    let provenance = &mut screening.summary.provenance;
    input.against.cite(&mut provenance.earlier);
    let is_used = |pack: &&WordingPack| provenance.instruments.iter().any(|used| used.id == pack.instrument);
    provenance.wording = input.wording.iter().filter(is_used).map(WordingPack::citation).collect();
    provenance.evidence.clone_from(&input.evidence_files);
}

/// Reads a file with answers that is in memory, as an entry of `[[answers]]` of a job would be read, and finds the pupils of its
/// sheets. Whatever was not taken over, and every sheet whose pupil was not found, stands in `rejected` of the answers.
///
/// # Errors
/// When the battery has no such form, or the file is refused.
pub fn read_answer_bytes(
    answers: &AnswerFile,
    held: Held<'_>,
    (battery, library, wording): (&Battery, &Library, &WordingPacks),
    roster: &Roster,
    matching: &MatchSpec,
) -> Result<(AnswerSet, FileReport), JobError> {
    let definitions = definitions(battery, &answers.forms, library)?;
    let reader = Reader { base: Path::new(""), answers, definitions, wording, held: Some(held) };
    read_and_match(&reader, roster, matching)
}

fn read_and_match(
    reader: &Reader<'_>,
    roster: &Roster,
    matching: &MatchSpec,
) -> Result<(AnswerSet, FileReport), JobError> {
    let mut set = reader.read(matching.needs_keys())?;
    let found = match_sheets(&mut set, roster, matching)?;
    let report = FileReport {
        file: reader.answers.file.first().to_path_buf(),
        rows_in: set.rows_in,
        rows_read: set.frame.height(),
        layout: set.layout.clone(),
        codings: set.codings.clone(),
        matching: MatchReport { notices: Vec::new(), ..found.clone() },
    };
    set.rejected.extend(found.notices);
    Ok((set, report))
}

/// A sheet that stands in several files of a battery counts once.
fn once_each(batches: &mut [Batch]) -> Result<Vec<Rejected>, IoError> {
    let mut rejected = Vec::new();
    let ids: BTreeSet<String> = batches.iter().map(|batch| batch.battery.id().to_owned()).collect();
    for id in ids {
        let own = |batch: &&mut Batch| batch.battery.id() == id;
        let mut frames: Vec<DataFrame> =
            batches.iter_mut().filter(own).map(|batch| std::mem::take(&mut batch.sheets)).collect();
        let dropped = drop_repeated(&mut frames)?;
        for (batch, frame) in batches.iter_mut().filter(own).zip(frames) {
            batch.sheets = frame;
        }
        rejected.extend(dropped);
    }
    Ok(rejected)
}

fn names_of(roster: &DataFrame) -> BTreeMap<String, String> {
    let text = |name: &str| roster.column(name).ok().and_then(|column| column.str().ok().cloned());
    let (Some(ids), Some(names)) = (text("student_id"), text("name")) else { return BTreeMap::new() };
    ids.iter().zip(names.iter()).filter_map(|(id, name)| Some((id?.to_owned(), name?.to_owned()))).collect()
}
