//! An export of a survey, or a table of answers: every row becomes a sheet, or is listed.

use std::collections::HashMap;
use std::sync::Arc;

use screening_core::instrument::Language;
use screening_io::job::{Held, read_answer_bytes};
use screening_io::{Rejected, RosterOptions, read_roster_bytes};
use serde::{Deserialize, Serialize};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::store::screenings::Screening;
use crate::store::sheets::Taken;
use crate::store::{inbox, pupils, rosters};
use crate::wave::{Prepared, ReadSheet, rows};

use super::intake::{Came, Intake};
use super::roster::Notice;
use super::{Run, Stopped};

/// Sheets that are stored in one transaction.
const TOGETHER: usize = 100;
/// As many notices and ids as a report lists; all are counted.
const LISTED: usize = 2000;

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The source of the screening that says how.
    pub(crate) source: String,
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: usize,
    /// Rows that were taken over.
    pub(crate) read: usize,
    pub(crate) rejected: usize,
    pub(crate) new: usize,
    pub(crate) same: usize,
    pub(crate) changed: usize,
    /// Sheets whose pupil was not found: they wait for a class list.
    pub(crate) waiting: usize,
    pub(crate) alerts: usize,
    pub(crate) layout: Option<String>,
    /// How the answers to each instrument are coded, and how that was told.
    pub(crate) codings: Vec<Coded>,
    pub(crate) notices: Vec<Notice>,
    /// What the platform pushed beside what stands in its file; of sources that push.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reconciliation: Option<Reconciliation>,
    /// The job that computes the wave with these sheets.
    pub(crate) wave_job: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Coded {
    instrument: String,
    coding: &'static str,
    found_by: &'static str,
}

/// What the platform pushed beside what stands in its file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Reconciliation {
    /// Pushed and in the file, the same.
    pub(crate) same: usize,
    /// Pushed and in the file, with other answers: the file counts.
    pub(crate) different: Vec<String>,
    /// Pushed, and not in the file: deleted since, or of another survey.
    pub(crate) pushed_only: Vec<String>,
    /// In the file, and never pushed: lost on the way.
    pub(crate) uploaded_only: Vec<String>,
}

/// Everything that a file holds.
struct FileRead {
    sheets: Vec<ReadSheet>,
    battery: screening_core::screening::Battery,
    report: Report,
}

pub(super) async fn run(
    run: &Run,
    (screening, prepared): (&Screening, &Arc<Prepared>),
    (name, hash): (&str, &str),
    bytes: Vec<u8>,
    settings: &Settings,
) -> Result<Report, Stopped> {
    run.step("reading", 0, 0).await?;
    let mut work = run.store.begin(&run.caller, "answers.match").await?;
    let (list, pseudonyms) = rosters::to_match(&mut work).await?;
    work.commit().await?;
    let (prepared_too, file, settings_too, language) =
        (prepared.clone(), name.to_owned(), settings.clone(), run.language);
    let reading =
        tokio::task::spawn_blocking(move || read(&prepared_too, &file, &bytes, &list, &settings_too, language));
    let FileRead { sheets, battery, mut report } =
        reading.await.map_err(|_| Problem::from(ProblemKind::Internal))??;

    // An export of what was pushed has the numbers of what was pushed.
    let own = prepared.definition.sources.get(&settings.source);
    let of = own.and_then(|source| source.same_as.clone()).unwrap_or_else(|| settings.source.clone());
    let pushes = prepared.definition.sources.get(&of).is_some_and(|source| source.platform().is_some());
    let before: HashMap<String, String> = if pushes {
        let mut work = run.store.begin(&run.caller, "answers.reconcile").await?;
        let known = inbox::of_source(&mut work, &screening.id, &of).await?;
        work.commit().await?;
        known.into_iter().map(|entry| (entry.id, entry.hash)).collect()
    } else {
        HashMap::new()
    };
    let catalogue = run.app.definitions.now();
    let source = if pushes { format!("push:{of}") } else { name.to_owned() };
    let intake = Intake { screening, prepared, catalogue: &catalogue, source: &source };
    let total = i64::try_from(sheets.len()).unwrap_or(i64::MAX);
    let mut ids = Vec::with_capacity(sheets.len());
    for (part, sheets) in sheets.chunks(TOGETHER).enumerate() {
        run.step("storing", i64::try_from(part * TOGETHER).unwrap_or_default(), total).await?;
        let mut work = run.store.begin(&run.caller, "answers.write").await?;
        let mut raised = 0;
        for sheet in sheets {
            // The platform's own number is the same in a push, an export and a later export; a row of a table has none.
            let id = match &sheet.external {
                Some(external) => format!("{of}:{external}"),
                None => format!("{}:{}", hash.get(..16).unwrap_or(hash), sheet.row),
            };
            let pupil = match sheet.student_id.as_ref().filter(|matched| pseudonyms.contains(*matched)) {
                Some(pupil) => Some(pupils::find(&mut work, pupil).await?),
                None => None,
            };
            let outcome = intake.take(&mut work, &id, &battery, sheet, pupil.as_ref()).await?;
            raised += outcome.alerts;
            match outcome.came {
                Came::In(Taken::New) => report.new += 1,
                Came::In(Taken::Same) => report.same += 1,
                Came::In(Taken::Changed) => report.changed += 1,
                Came::Waits => report.waiting += 1,
            }
            ids.push(id);
        }
        work.commit().await?;
        report.alerts += raised;
        if raised > 0 {
            run.app.live.hub.alert();
        }
    }
    if pushes {
        report.reconciliation = Some(reconcile(run, screening, &of, &before, &ids).await?);
    }
    Ok(report)
}

async fn reconcile(
    run: &Run,
    screening: &Screening,
    of: &str,
    before: &HashMap<String, String>,
    ids: &[String],
) -> Result<Reconciliation, Stopped> {
    let mut work = run.store.begin(&run.caller, "answers.reconcile").await?;
    let after = inbox::of_source(&mut work, &screening.id, of).await?;
    work.commit().await?;
    let after: HashMap<&str, &str> = after.iter().map(|entry| (entry.id.as_str(), entry.hash.as_str())).collect();
    let mut found = Reconciliation::default();
    let list = |list: &mut Vec<String>, id: &str| {
        if list.len() < LISTED {
            list.push(id.to_owned());
        }
    };
    for id in ids {
        match (before.get(id), after.get(id.as_str())) {
            (Some(before), Some(after)) if before == after => found.same += 1,
            (Some(_), _) => list(&mut found.different, id),
            (None, _) => list(&mut found.uploaded_only, id),
        }
    }
    let mut gone: Vec<&String> = before.keys().filter(|id| !ids.contains(id)).collect();
    gone.sort();
    gone.into_iter().for_each(|id| list(&mut found.pushed_only, id));
    Ok(found)
}

fn read(
    prepared: &Prepared,
    name: &str,
    bytes: &[u8],
    list: &[u8],
    settings: &Settings,
    language: Language,
) -> Result<FileRead, Problem> {
    let refused = |why: String| Problem::from(Fault::new(ProblemKind::FileRefused).with("why", why));
    let source = prepared.definition.sources.get(&settings.source);
    let source = source.ok_or_else(|| Fault::new(ProblemKind::UnknownSource).with("source", &settings.source))?;
    let answers = source.answer_file(&settings.source).map_err(refused)?;
    let battery = prepared.battery(&answers.battery).ok_or_else(|| refused(answers.battery.clone()))?;
    let options = RosterOptions { for_matching: true, ..RosterOptions::default() };
    // A school without a pupil yet has no list: every sheet waits.
    let roster = if list == b"[]" {
        read_roster_bytes("roster.json", "[{\"学籍号\": \"-\", \"学校\": \"-\"}]".as_bytes(), &options)
    } else {
        read_roster_bytes("roster.json", list, &options)
    };
    let roster = roster.map_err(|error| refused(error.render(language)))?;
    let definition = &prepared.definition;
    let matching = answers.matching(definition.administered_on, definition.school_system);
    let held = Held { name, bytes, mapping: source.mapping.as_ref() };
    let with = (battery, &prepared.library, &prepared.wording);
    let (set, file) = read_answer_bytes(&answers, held, with, &roster, &matching).map_err(|error| {
        refused(match error {
            screening_io::job::JobError::Input(error) => error.render(language),
            other => other.to_string(),
        })
    })?;
    let sheets = rows(&set.frame, battery, prepared).map_err(|error| refused(error.to_string()))?;
    let mut report = Report {
        rows: set.rows_in,
        read: set.frame.height(),
        rejected: set.rows_rejected(),
        layout: file.layout.as_ref().map(|layout| layout.name.get(language).to_owned()),
        ..Report::default()
    };
    let coded = |coding: &screening_io::CodingReport| Coded {
        instrument: coding.instrument.clone(),
        coding: coding.coding.word(),
        found_by: coding.found_by.word(),
    };
    report.codings = file.codings.iter().map(coded).collect();
    let notice = |rejected: &Rejected| Notice::of_reader(rejected, language);
    report.notices = set.rejected.iter().take(LISTED).map(notice).collect();
    Ok(FileRead { sheets, battery: battery.clone(), report })
}
