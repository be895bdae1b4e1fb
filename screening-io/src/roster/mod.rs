//! Reads class lists: who was to be reached, and what is known of consent, attendance and scope.

mod class;
mod classes;
mod once;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use polars::prelude::*;

use crate::answers::{Field, PersonColumn, read_person, rows_rejected, student_ids};
use crate::error::{IoError, Place, Problem, Rejected, Scope};
use crate::parse::{cell_id, holds_identity_number};
use crate::survey::{frame, source_columns};
use crate::table::{Keep, ReadOptions, Table, Value, read_bytes, read_sheets};
use crate::words::{lookup, narrow, normal, words};

pub use class::SchoolSystem;
pub(crate) use class::{Class, Known, Stage, read as read_class};

use once::once;

/// How rosters are read.
#[derive(Debug, Clone, Default)]
pub struct RosterOptions {
    /// How the files are read.
    pub read: ReadOptions,
    /// Read the names too. The engine never needs them; a list for a school may.
    pub names: bool,
    /// School of the rows that name none, for a file that is one school's.
    pub school: Option<String>,
    /// Day of the test, from which years of entry in class names are counted.
    pub day: Option<Date>,
    /// How long the stages of school are.
    pub system: SchoolSystem,
    /// Read names, login codes and further numbers into [`Roster::keys`], for [`match_sheets`](crate::match_sheets).
    pub for_matching: bool,
}

/// One or several class lists.
///
/// `frame` has always these columns: `source_file`, `source_row`, `student_id`, `school`, `grade` (1 to 12), `class`,
/// `name` (only when asked for), `sex` (`male`, `female`, `other`), `birth_date`, `consent` (`granted`, `refused`,
/// `withdrawn`), `attendance` (`present`, `absent`, `refused`), `scope` (`in`, `out`), `research_consent` (as
/// `consent`), `scope_reason`. What a file does not say is null. Each student id stands once. A class has one spelling, the first that occurs.
#[derive(Debug, Clone)]
pub struct Roster {
    /// The pupils.
    pub frame: DataFrame,
    /// What else a pupil can be known by, in the order of `frame`: `login_code`, `other_ids` (one a line), `name`. Null
    /// unless [`RosterOptions::for_matching`]; it never goes into a result.
    pub keys: DataFrame,
    /// Rows and cells that were not taken over, and notices of what somebody should look at.
    pub rejected: Vec<Rejected>,
    /// Rows of the files that were not blank.
    pub rows_in: usize,
    /// Headings of columns that were not read.
    pub ignored: Vec<String>,
    /// Whether a file says who consents to research.
    pub asks_research_consent: bool,
}

impl Roster {
    /// Number of rows that were rejected as a whole: `rows_in` = rows of the frame + these.
    pub fn rows_rejected(&self) -> usize {
        rows_rejected(&self.rejected)
    }
}

const FIELDS: [Field; 8] = [
    Field::StudentId,
    Field::School,
    Field::Grade,
    Field::GradeCode,
    Field::Class,
    Field::Name,
    Field::Sex,
    Field::BirthDate,
];
const STATUS: [&str; 4] = ["consent", "attendance", "scope", RESEARCH_CONSENT];
/// Whether the answers may be used for research: asked for apart from taking part.
const RESEARCH_CONSENT: &str = "research_consent";
const SCOPE_REASON: &str = "scope_reason";
/// The state in the school register: it says scope and reason in one.
const ENROLMENT: &str = "enrolment";
const STAGE: &str = "stage";

/// Reads class lists (xlsx or csv). A student id that stands twice, in one file or in two, is kept once and listed.
/// Addresses, numbers of identity cards, income and telephone numbers are never read.
///
/// # Errors
/// When a file cannot be read as a table or has no column with the student id.
pub fn read_rosters(paths: &[PathBuf], options: &RosterOptions) -> Result<Roster, IoError> {
    let mut whole: Option<Roster> = None;
    for path in paths {
        let bytes = read_bytes(path, &options.read.limits)?;
        let part = read_file(&path.display().to_string(), &bytes, options)?;
        whole = Some(match whole {
            None => part,
            Some(whole) => append(whole, part)?,
        });
    }
    let whole = whole.ok_or_else(|| Problem::new("file-empty", Place::default()))?;
    once(classes::one_spelling(whole, options)?)
}

/// Reads one class list. See [`read_rosters`].
///
/// # Errors
/// As [`read_rosters`].
pub fn read_roster(path: &Path, options: &RosterOptions) -> Result<Roster, IoError> {
    read_rosters(&[path.to_path_buf()], options)
}

/// Reads one class list that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_rosters`].
///
/// ```
/// use screening_io::{RosterOptions, read_roster_bytes};
/// let csv = "学籍号,姓名,性别,年级,家庭住址\nG1,甲,女,初一,x\n";
/// let roster = read_roster_bytes("r.csv", csv.as_bytes(), &RosterOptions::default())?;
/// assert_eq!(roster.frame.height(), 1);
/// assert_eq!(roster.ignored, ["姓名", "家庭住址"]);
/// # Ok::<(), screening_io::IoError>(())
/// ```
pub fn read_roster_bytes(name: &str, bytes: &[u8], options: &RosterOptions) -> Result<Roster, IoError> {
    once(classes::one_spelling(read_file(name, bytes, options)?, options)?)
}

/// All sheets of a file: a workbook may have one sheet a class.
fn read_file(name: &str, bytes: &[u8], options: &RosterOptions) -> Result<Roster, IoError> {
    let keep_column = |heading: &str| may_be_kept(heading, options);
    let keep = Keep { column: &keep_column, head: Some(&is_head) };
    let mut whole: Option<Roster> = None;
    let mut left: Vec<IoError> = Vec::new();
    for table in read_sheets(name, bytes, &options.read, keep)? {
        let part = match table {
            Ok(table) => read_one(table, options)?,
            // A sheet with remarks has no headings.
            Err(error) if matches!(error.id(), "heading-not-found" | "file-no-rows") => {
                left.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        whole = Some(match whole {
            None => part,
            Some(whole) => append(whole, part)?,
        });
    }
    let Some(mut whole) = whole else {
        return Err(left.into_iter().next().unwrap_or_else(|| Problem::new("file-empty", Place::file(name)).into()));
    };
    let notice =
        |error: IoError| Rejected::new(Scope::Notice, Problem::new("roster-sheet-left", error.problem().place.clone()));
    whole.rejected.extend(left.into_iter().map(notice));
    Ok(whole)
}

/// Whether a row holds the headings of a class list: one that names a pupil, or two that describe one. Rows above are
/// titles.
fn is_head(row: &[String]) -> bool {
    let known: Vec<&str> = row.iter().filter_map(|cell| words().person_heading(cell)).collect();
    known.len() > 1 || known.iter().any(|key| matches!(*key, "student_id" | "login_code" | "name"))
}

fn append(mut whole: Roster, part: Roster) -> Result<Roster, IoError> {
    let broken = |cause: PolarsError| Problem::new("frame-broken", Place::default()).with("cause", cause);
    whole.frame.vstack_mut(&part.frame).map_err(broken)?;
    whole.keys.vstack_mut(&part.keys).map_err(broken)?;
    whole.rejected.extend(part.rejected);
    whole.rows_in += part.rows_in;
    whole.asks_research_consent |= part.asks_research_consent;
    for heading in part.ignored {
        if !whole.ignored.contains(&heading) {
            whole.ignored.push(heading);
        }
    }
    Ok(whole)
}

/// Whether a column is read: only known headings are, and never one that says something private.
fn may_be_kept(heading: &str, options: &RosterOptions) -> bool {
    match words().person_heading(heading) {
        None => false,
        Some("name") => options.names || options.for_matching,
        Some("login_code") => options.for_matching,
        Some(key) => {
            let known = FIELDS.iter().any(|field| field.key() == key) || STATUS.contains(&key);
            (known || [SCOPE_REASON, ENROLMENT, STAGE].contains(&key)) && !words().is_never_read(heading)
        }
    }
}

fn read_one(mut table: Table, options: &RosterOptions) -> Result<Roster, IoError> {
    let mut rejected = Vec::new();
    let (mut columns, other_ids) = find_columns(&table)?;
    if !columns.contains_key(Field::Class.key())
        && let Some(class) = classes::of_sheet(&table)
    {
        let problem = Problem::new("roster-class-from-sheet", table.place()).value(&class);
        rejected.push(Rejected::new(Scope::Notice, problem));
        columns.insert(Field::Class.key(), table.width());
        table.add_column(Field::Class.key(), &Value::Text(class.into()));
    }
    let Some(&id) = columns.get(Field::StudentId.key()) else {
        let usual = words().headings.get("student_id").map(|list| list.join(", ")).unwrap_or_default();
        return Err(Problem::new("student-column", table.place()).with("wanted", usual).into());
    };
    let ids = student_ids(&table, id, "roster-no-id", &mut rejected);
    let identity = ids.iter().flatten().filter(|id| holds_identity_number(id)).count();
    if identity > 0 {
        let problem = Problem::new("roster-id-identity", table.column_place(id)).with("count", identity);
        rejected.push(Rejected::new(Scope::Notice, problem));
    }
    let keep: Vec<bool> = ids.iter().map(Option::is_some).collect();
    let mut out = source_columns(&table, &keep);
    for field in FIELDS.into_iter().filter(|field| *field != Field::GradeCode) {
        if field == Field::Name && !options.names {
            continue;
        }
        let column = person(&table, field, &columns, &keep, options, &mut rejected);
        out.push(column);
    }
    let classes = classes::Classes::of(&table, &columns, &keep, &out, options);
    classes.apply(&table, &columns, &keep, &mut out, &mut rejected);
    for key in STATUS {
        out.push(status(&table, key, columns.get(key).copied(), &keep, &mut rejected));
    }
    out.push(free_text(&table, columns.get(SCOPE_REASON).copied(), &keep));
    enrolment(&table, columns.get(ENROLMENT).copied(), &keep, &mut out, &mut rejected);
    let keys = keys(&table, &columns, &other_ids, &keep, options)?;
    let ignored = (0..table.width())
        .filter(|column| !table.is_kept(*column) && !table.heading(*column).is_empty())
        .map(|column| table.heading(column).to_owned())
        .collect();
    let asks_research_consent = columns.contains_key(RESEARCH_CONSENT);
    let frame = frame(&table, &keep, out)?;
    Ok(Roster { frame, keys, rejected, rows_in: table.height(), ignored, asks_research_consent })
}

/// What a pupil is known by beside the id.
fn keys(
    table: &Table,
    columns: &HashMap<&'static str, usize>,
    other_ids: &[usize],
    keep: &[bool],
    options: &RosterOptions,
) -> Result<DataFrame, IoError> {
    let text = |row: usize, column: usize| {
        let text = narrow(&table.cell(row, column).to_text());
        (!text.is_empty()).then_some(text)
    };
    let wanted = |key: &str| columns.get(key).copied().filter(|_| options.for_matching);
    let column = |key: &str| -> Vec<Option<String>> {
        kept(keep).map(|row| wanted(key).and_then(|column| text(row, column))).collect()
    };
    let others = |row: usize| {
        let ids: Vec<String> = other_ids.iter().filter_map(|column| cell_id(table.cell(row, *column)).ok()).collect();
        (options.for_matching && !ids.is_empty()).then(|| ids.join("\n"))
    };
    let others: Vec<Option<String>> = kept(keep).map(others).collect();
    let columns = vec![
        Column::new("login_code".into(), column(Field::LoginCode.key())),
        Column::new("other_ids".into(), others),
        Column::new("name".into(), column(Field::Name.key())),
    ];
    frame(table, keep, columns)
}

/// Whoever is not at school according to the register is out of scope, unless a column of its own says otherwise.
fn enrolment(table: &Table, column: Option<usize>, keep: &[bool], out: &mut [Column], rejected: &mut Vec<Rejected>) {
    let Some(column) = column else { return };
    let states = status(table, ENROLMENT, Some(column), keep, rejected);
    let words = free_text(table, Some(column), keep);
    let left: Option<Vec<bool>> =
        states.str().ok().map(|states| states.iter().map(|state| state == Some("out")).collect());
    let Some(left) = left else { return };
    for (name, word) in [("scope", None), (SCOPE_REASON, Some(&words))] {
        let Some(slot) = out.iter_mut().find(|column| column.name().as_str() == name) else { continue };
        let (Ok(known), reasons) = (slot.str(), word.and_then(|words| words.str().ok())) else { continue };
        let filled: Vec<Option<&str>> = known
            .iter()
            .zip(&left)
            .enumerate()
            .map(|(row, (known, left))| {
                known.or_else(|| if *left { reasons.map_or(Some("out"), |reasons| reasons.get(row)) } else { None })
            })
            .collect();
        *slot = Column::new(name.into(), filled);
    }
}

/// Positions by canonical heading, and further columns of ids. The template's grade number is used only where there is
/// no plain grade.
fn find_columns(table: &Table) -> Result<(HashMap<&'static str, usize>, Vec<usize>), IoError> {
    let mut found = HashMap::new();
    let mut other_ids = Vec::new();
    for column in (0..table.width()).filter(|column| table.is_kept(*column)) {
        let heading = table.heading(column);
        let Some(key) = words().person_heading(heading) else {
            continue;
        };
        let Some(other) = found.insert(key, column) else {
            continue;
        };
        let [rank, other_rank] = [column, other].map(|column| words().id_rank(table.heading(column)));
        if key == Field::StudentId.key() && rank != other_rank {
            let (best, rest) = if rank < other_rank { (column, other) } else { (other, column) };
            found.insert(key, best);
            other_ids.push(rest);
            continue;
        }
        let problem = Problem::new("person-column-twice", table.column_place(column)).with("field", key);
        let problem = problem.with("first", table.heading(other)).with("second", heading);
        return Err(problem.into());
    }
    Ok((found, other_ids))
}

fn person(
    table: &Table,
    field: Field,
    columns: &HashMap<&'static str, usize>,
    keep: &[bool],
    options: &RosterOptions,
    rejected: &mut Vec<Rejected>,
) -> Column {
    let plain = columns.get(field.key()).map(|column| PersonColumn { field, column: *column });
    let template =
        columns.get(Field::GradeCode.key()).map(|column| PersonColumn { field: Field::GradeCode, column: *column });
    let found = plain.or(if field == Field::Grade { template } else { None });
    // A column that the file lacks is read from beyond the table, where all cells are blank.
    let found = found.unwrap_or(PersonColumn { field, column: usize::MAX });
    let column = read_person(table, found, keep, rejected);
    match (&options.school, field) {
        (Some(school), Field::School) => filled(&column, school),
        _ => column,
    }
}

fn filled(column: &Column, school: &str) -> Column {
    match column.as_materialized_series().str() {
        Ok(schools) => {
            let schools: Vec<String> = schools.iter().map(|known| known.unwrap_or(school).to_owned()).collect();
            Column::new(column.name().clone(), schools)
        }
        Err(_) => column.clone(),
    }
}

fn status(
    table: &Table,
    key: &'static str,
    column: Option<usize>,
    keep: &[bool],
    rejected: &mut Vec<Rejected>,
) -> Column {
    let lists = words().status.get(key);
    let mut out: Vec<Option<&str>> = Vec::new();
    for row in kept(keep) {
        let value = column.map_or(&Value::Blank, |column| table.cell(row, column));
        let word = lists.and_then(|lists| lookup(lists, &normal(&value.to_text())));
        if let (None, Some(column)) = (word, column.filter(|_| *value != Value::Blank)) {
            let allowed: Vec<&str> = lists.into_iter().flat_map(|lists| lists.keys()).map(String::as_str).collect();
            let problem = Problem::new("person-not-a-status", table.cell_place(row, column)).value(value.to_text());
            rejected.push(Rejected::new(Scope::Cell, problem.with("allowed", allowed.join(", "))));
        }
        out.push(word);
    }
    Column::new(key.into(), out)
}

fn free_text(table: &Table, column: Option<usize>, keep: &[bool]) -> Column {
    let texts: Vec<Option<String>> = kept(keep)
        .map(|row| column.map_or(&Value::Blank, |column| table.cell(row, column)))
        .map(|value| if *value == Value::Blank { None } else { Some(value.to_text()) })
        .collect();
    Column::new(SCOPE_REASON.into(), texts)
}

pub(crate) fn kept(keep: &[bool]) -> impl Iterator<Item = usize> {
    keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row)
}
