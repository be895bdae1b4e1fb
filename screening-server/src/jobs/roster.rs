//! A class list: who is there, who came, who left, who moved.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use screening_core::instrument::Language;
use screening_io::{Rejected, Roster, RosterOptions, SchoolSystem, read_roster_bytes};
use serde::{Deserialize, Serialize};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::store::pupils::{self, Enrolled, Identity, Put};
use crate::store::rosters::{self, Participation};
use crate::store::{Caller, Scope, StoreError, organisations};

use super::{Run, Stopped};

/// How a class list is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// School of the rows that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) school: Option<String>,
    /// Day from which years of entry in class names are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day: Option<Date>,
    /// `6-3` or `5-4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<String>,
    /// The list holds whole schools: who is in another class of them and not in the list has left. Otherwise only the classes
    /// that are in the list are whole.
    #[serde(default)]
    pub(crate) whole_schools: bool,
    /// Tell what would change, and change nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What came of a class list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: usize,
    pub(crate) joined: usize,
    pub(crate) returned: usize,
    pub(crate) moved: usize,
    pub(crate) corrected: usize,
    pub(crate) unchanged: usize,
    pub(crate) left: usize,
    pub(crate) rejected: usize,
    pub(crate) schools_added: usize,
    #[serde(skip)]
    new_schools: BTreeSet<String>,
    pub(crate) classes_added: usize,
    /// Sheets that waited for a pupil and found one.
    pub(crate) sheets_matched: usize,
    pub(crate) ignored_columns: Vec<String>,
    /// Rows that were not taken over, and what somebody should look at: place, why and what to do.
    pub(crate) notices: Vec<Notice>,
    /// Pseudonyms of those who joined, left or moved.
    pub(crate) changes: Vec<Change>,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    pub(crate) id: String,
    pub(crate) row: Option<u32>,
    pub(crate) why: String,
    pub(crate) advice: String,
}

/// Somebody who joined, left or moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) pupil: String,
    pub(crate) what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
}

/// As many notices and changes as a report lists; all are counted.
const LISTED: usize = 2000;

/// A row of the list, ready to be put.
struct Row {
    student_id: String,
    school: String,
    grade: u8,
    class: String,
    name: String,
    sex: Option<String>,
    birth_date: Option<Date>,
    participation: Participation,
}

/// Reads a list and puts it into the store, class by class: what was put before the server was killed is there, and is found
/// unchanged when the job goes on.
pub(super) async fn run(run: &Run, name: &str, bytes: Vec<u8>, settings: &Settings) -> Result<Report, Stopped> {
    run.step("reading", 0, 0).await?;
    let system = match settings.system.as_deref() {
        Some("5-4") => SchoolSystem::FiveFour,
        _ => SchoolSystem::SixThree,
    };
    let options = RosterOptions {
        names: true,
        school: settings.school.clone(),
        day: settings.day,
        system,
        ..RosterOptions::default()
    };
    let (file, language) = (name.to_owned(), run.language);
    let read = tokio::task::spawn_blocking(move || read_roster_bytes(&file, &bytes, &options));
    let roster = read.await.map_err(|_| Problem::from(ProblemKind::Internal))?;
    let roster = roster
        .map_err(|error| Problem::from(Fault::new(ProblemKind::FileRefused).with("why", error.render(language))))?;
    let mut report = Report { rows: roster.rows_in, ignored_columns: roster.ignored.clone(), ..Report::default() };
    let rows = rows(&roster, language, &mut report)?;
    let mut classes: HashMap<(String, u8, String), Vec<Row>> = HashMap::new();
    for row in rows {
        classes.entry((row.school.clone(), row.grade, row.class.clone())).or_default().push(row);
    }
    let mut order: Vec<(String, u8, String)> = classes.keys().cloned().collect();
    order.sort();
    let total = i64::try_from(report.rows).unwrap_or(i64::MAX);
    let (mut seen, mut whole, mut done) = (HashSet::new(), BTreeSet::new(), 0);
    for key in order {
        run.step("writing", done, total).await?;
        let rows = classes.remove(&key).unwrap_or_default();
        done += i64::try_from(rows.len()).unwrap_or_default();
        if let Some((school, class)) = put_class(run, &key, rows, settings, &mut seen, &mut report).await? {
            whole.insert(if settings.whole_schools { school } else { class });
        }
    }
    leave(run, &whole, settings, &seen, &mut report).await?;
    Ok(report)
}

fn rows(roster: &Roster, language: Language, report: &mut Report) -> Result<Vec<Row>, Stopped> {
    let engine = screening_core::screening::pupils_from_frame(&roster.frame)
        .map_err(|error| Fault::new(ProblemKind::FileRefused).with("why", error))?;
    let text = |column: &str| roster.frame.column(column).ok().and_then(|column| column.str().ok().cloned());
    let (names, reasons) = (text("name"), text("scope_reason"));
    let (consents, attendances, scopes) = (text("consent"), text("attendance"), text("scope"));
    let source = roster.frame.column("source_row").ok().and_then(|column| column.u32().ok().cloned());
    roster.rejected.iter().for_each(|rejected| push(report, Notice::of_reader(rejected, language)));
    report.rejected += roster.rows_rejected();
    let mut rows = Vec::with_capacity(engine.len());
    for (at, pupil) in engine.into_iter().enumerate() {
        let get = |column: &Option<polars::prelude::StringChunked>| {
            column
                .as_ref()
                .and_then(|column| column.get(at))
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let row = source.as_ref().and_then(|rows| rows.get(at));
        let lacking = if pupil.school.is_empty() { Some("school") } else { None };
        let (None, Some(grade)) = (lacking, pupil.grade) else {
            report.rejected += 1;
            let fault = Fault::new(ProblemKind::RosterRow).with("field", lacking.unwrap_or("grade"));
            push(report, Notice::of(&fault, row, language));
            continue;
        };
        rows.push(Row {
            // A list without names is taken: the pupil goes by its number.
            name: get(&names).unwrap_or_else(|| pupil.student_id.clone()),
            student_id: pupil.student_id,
            school: pupil.school,
            grade,
            class: if pupil.class.is_empty() { "-".to_owned() } else { pupil.class },
            sex: pupil.sex.map(|sex| sex.word().to_owned()),
            birth_date: pupil.birth_date,
            participation: Participation {
                consent: get(&consents),
                attendance: get(&attendances),
                scope: get(&scopes),
                scope_reason: get(&reasons),
            },
        });
    }
    Ok(rows)
}

impl Notice {
    /// What a reader of files says. The value of a cell is left out: it may be a name.
    pub(super) fn of_reader(rejected: &Rejected, language: Language) -> Self {
        let mut problem = rejected.problem.clone();
        problem.value = None;
        Self {
            id: problem.id.to_owned(),
            row: problem.place.row,
            why: problem.why(language),
            advice: problem.advice(language),
        }
    }

    fn of(fault: &Fault, row: Option<u32>, language: Language) -> Self {
        let texts = crate::problem::texts_of(fault.kind);
        Self {
            id: fault.kind.id().to_owned(),
            row,
            why: texts.detail(language, &fault.fills),
            advice: texts.help(language, &fault.fills),
        }
    }
}

fn push(report: &mut Report, notice: Notice) {
    if report.notices.len() < LISTED {
        report.notices.push(notice);
    }
}

/// Puts one class in one transaction. None when the school is not there for this caller.
async fn put_class(
    run: &Run,
    (school_name, grade, class_name): &(String, u8, String),
    rows: Vec<Row>,
    settings: &Settings,
    seen: &mut HashSet<String>,
    report: &mut Report,
) -> Result<Option<(String, String)>, Stopped> {
    let mut work = run.store.begin(&run.caller, "roster.write").await?;
    let school = match rosters::school(&mut work, school_name).await? {
        Some(school) => school,
        None => match &run.caller.scope {
            Scope::District(district) => {
                report.new_schools.insert(school_name.clone());
                report.schools_added = report.new_schools.len();
                let new =
                    organisations::New { parent: Some(district), code: school_name, name: school_name, grade: None };
                organisations::add(&mut work, &new).await?
            }
            // A list of a school tells nothing of another.
            _ => {
                report.rejected += rows.len();
                let fault = Fault::new(ProblemKind::RosterSchool).with("count", rows.len());
                push(report, Notice::of(&fault, None, run.language));
                return Ok(None);
            }
        },
    };
    let (class, added) = rosters::class(&mut work, &school.id, *grade, class_name).await?;
    report.classes_added += usize::from(added);
    for row in rows {
        // A list says nothing of it, and does not take it away.
        let contact = rosters::known_contact(&mut work, &school.id, &row.student_id).await?;
        let enrolled = Enrolled {
            class_id: class.id.clone(),
            sex: row.sex,
            identity: Identity { name: row.name, student_id: row.student_id, birth_date: row.birth_date, contact },
        };
        let (id, put) = pupils::put(&mut work, &enrolled).await?;
        rosters::write_participation(&mut work, &id, &row.participation).await?;
        let what = match put {
            Put::Entered => {
                report.joined += 1;
                Some(("joined", None))
            }
            Put::Returned => {
                report.returned += 1;
                Some(("returned", None))
            }
            Put::Moved(from) => {
                report.moved += 1;
                Some(("moved", Some(from)))
            }
            Put::Corrected => {
                report.corrected += 1;
                None
            }
            Put::Same => {
                report.unchanged += 1;
                None
            }
        };
        if let Some((what, from)) = what.filter(|_| report.changes.len() < LISTED) {
            report.changes.push(Change { pupil: id.clone(), what, from, to: Some(class.id.clone()) });
        }
        seen.insert(id);
    }
    if !settings.dry_run {
        work.commit().await?;
    }
    Ok(Some((school.id, class.id)))
}

/// Whoever was in a class, or school, that the list holds as a whole, and is not in the list, has left.
async fn leave(
    run: &Run,
    whole: &BTreeSet<String>,
    settings: &Settings,
    seen: &HashSet<String>,
    report: &mut Report,
) -> Result<(), Stopped> {
    let mut work = run.store.begin(&run.caller, "roster.leave").await?;
    let whole: Vec<String> = whole.iter().cloned().collect();
    for (id, class) in rosters::not_listed(&mut work, &whole, seen).await? {
        pupils::leave(&mut work, &id).await?;
        report.left += 1;
        if report.changes.len() < LISTED {
            report.changes.push(Change { pupil: id, what: "left", from: Some(class), to: None });
        }
    }
    if !settings.dry_run {
        work.commit().await?;
    }
    Ok(())
}

/// The server itself, within the scope of whoever asked for a job.
pub(super) fn caller(scope: Scope, district: &str) -> Caller {
    Caller { scope, ..Caller::system("job", district) }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}
