//! Reads class lists: who was to be reached, and what is known of consent, attendance and scope.

mod once;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::answers::{Field, PersonColumn, read_person, rows_rejected, student_ids};
use crate::error::{IoError, Place, Problem, Rejected, Scope};
use crate::survey::{frame, source_columns};
use crate::table::{Keep, ReadOptions, Table, Value, read_bytes, read_kept};
use crate::words::{lookup, normal, words};

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
}

/// One or several class lists.
///
/// `frame` has always these columns: `source_file`, `source_row`, `student_id`, `school`, `grade` (1 to 12), `class`,
/// `name` (only when asked for), `sex` (`male`, `female`, `other`), `birth_date`, `consent` (`granted`, `refused`,
/// `withdrawn`), `attendance` (`present`, `absent`, `refused`), `scope` (`in`, `out`), `scope_reason`. What a file does not say
/// is null. Each student id stands once.
#[derive(Debug, Clone)]
pub struct Roster {
    /// The pupils.
    pub frame: DataFrame,
    /// Rows and cells that were not taken over, and notices of what somebody should look at.
    pub rejected: Vec<Rejected>,
    /// Rows of the files that were not blank.
    pub rows_in: usize,
    /// Headings of columns that were not read.
    pub ignored: Vec<String>,
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
const STATUS: [&str; 3] = ["consent", "attendance", "scope"];
const SCOPE_REASON: &str = "scope_reason";

/// Reads class lists (xlsx or csv). A student id that stands twice, in one file or in two, is kept once and listed.
/// Addresses, numbers of identity cards, income and telephone numbers are never read.
///
/// # Errors
/// When a file cannot be read as a table or has no column with the student id.
pub fn read_rosters(paths: &[PathBuf], options: &RosterOptions) -> Result<Roster, IoError> {
    let mut whole: Option<Roster> = None;
    for path in paths {
        let bytes = read_bytes(path, &options.read.limits)?;
        let part = read_one(&path.display().to_string(), &bytes, options)?;
        whole = Some(match whole {
            None => part,
            Some(whole) => append(whole, part)?,
        });
    }
    let whole = whole.ok_or_else(|| Problem::new("file-empty", Place::default()))?;
    once(whole)
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
    once(read_one(name, bytes, options)?)
}

fn append(mut whole: Roster, part: Roster) -> Result<Roster, IoError> {
    let broken = |cause: PolarsError| Problem::new("frame-broken", Place::default()).with("cause", cause);
    whole.frame.vstack_mut(&part.frame).map_err(broken)?;
    whole.rejected.extend(part.rejected);
    whole.rows_in += part.rows_in;
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
        Some("name") => options.names,
        Some(key) => {
            let known = FIELDS.iter().any(|field| field.key() == key) || STATUS.contains(&key) || key == SCOPE_REASON;
            known && !words().is_never_read(heading)
        }
    }
}

fn read_one(name: &str, bytes: &[u8], options: &RosterOptions) -> Result<Roster, IoError> {
    let table = read_kept(name, bytes, &options.read, Keep::columns(&|heading| may_be_kept(heading, options)))?;
    let columns = find_columns(&table)?;
    let Some(&id) = columns.get(Field::StudentId.key()) else {
        let usual = words().headings.get("student_id").map(|list| list.join(", ")).unwrap_or_default();
        return Err(Problem::new("student-column", table.place()).with("wanted", usual).into());
    };
    let mut rejected = Vec::new();
    let ids = student_ids(&table, id, "roster-no-id", &mut rejected);
    let keep: Vec<bool> = ids.iter().map(Option::is_some).collect();
    let mut out = source_columns(&table, &keep);
    for field in FIELDS.into_iter().filter(|field| *field != Field::GradeCode) {
        if field == Field::Name && !options.names {
            continue;
        }
        out.push(person(&table, field, &columns, &keep, options, &mut rejected));
    }
    for key in STATUS {
        out.push(status(&table, key, columns.get(key).copied(), &keep, &mut rejected));
    }
    out.push(free_text(&table, columns.get(SCOPE_REASON).copied(), &keep));
    note_missing_grades(&table, &columns, &keep, &mut rejected);
    let ignored = (0..table.width())
        .filter(|column| !table.is_kept(*column) && !table.heading(*column).is_empty())
        .map(|column| table.heading(column).to_owned())
        .collect();
    Ok(Roster { frame: frame(&table, &keep, out)?, rejected, rows_in: table.height(), ignored })
}

/// Positions by canonical heading. The template's grade number is used only where there is no plain grade.
fn find_columns(table: &Table) -> Result<HashMap<&'static str, usize>, IoError> {
    let mut found = HashMap::new();
    for column in (0..table.width()).filter(|column| table.is_kept(*column)) {
        let Some(key) = words().person_heading(table.heading(column)) else {
            continue;
        };
        if let Some(other) = found.insert(key, column) {
            let problem = Problem::new("person-column-twice", table.column_place(column)).with("field", key);
            let problem = problem.with("first", table.heading(other)).with("second", table.heading(column));
            return Err(problem.into());
        }
    }
    Ok(found)
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

fn kept(keep: &[bool]) -> impl Iterator<Item = usize> {
    keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row)
}

fn note_missing_grades(
    table: &Table,
    columns: &HashMap<&'static str, usize>,
    keep: &[bool],
    rejected: &mut Vec<Rejected>,
) {
    let column = columns.get(Field::Grade.key()).or_else(|| columns.get(Field::GradeCode.key())).copied();
    for row in kept(keep) {
        let place = match column {
            None => table.row_place(row),
            Some(column) if *table.cell(row, column) == Value::Blank => table.cell_place(row, column),
            Some(_) => continue,
        };
        rejected.push(Rejected::new(Scope::Notice, Problem::new("roster-no-grade", place)));
    }
}
