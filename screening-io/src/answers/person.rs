//! Columns about the person: which heading stands for which, and how their cells are read.

use jiff::civil::DateTime;
use polars::prelude::*;
use screening_core::answers::Sex;

use crate::error::{IoError, Problem, Rejected, Scope};
use crate::parse::{
    IdProblem, cell_date, cell_grade, cell_id, cell_integer, cell_moment_in, cell_seconds, is_no_answer,
};
use crate::table::{Table, Value};
use crate::words::{narrow, words};

/// A fact about a person that a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    StudentId,
    Name,
    School,
    Grade,
    /// A grade in the national template's own numbering.
    GradeCode,
    Class,
    Sex,
    BirthDate,
    Age,
    Wave,
    AdministeredOn,
    LoginCode,
}

impl Field {
    /// The fields that answer files may carry. The name is not among them: scoring never needs it.
    pub(crate) const OF_ANSWERS: [Self; 10] = [
        Self::StudentId,
        Self::School,
        Self::Grade,
        Self::GradeCode,
        Self::Class,
        Self::Sex,
        Self::BirthDate,
        Self::Age,
        Self::Wave,
        Self::AdministeredOn,
    ];

    /// The fields that are read where pupils are found by something else than their id. Name and login code leave the
    /// frame as soon as the pupil is found.
    pub(crate) const OF_MATCHING: [Self; 12] = [
        Self::StudentId,
        Self::School,
        Self::Grade,
        Self::GradeCode,
        Self::Class,
        Self::Sex,
        Self::BirthDate,
        Self::Age,
        Self::Wave,
        Self::AdministeredOn,
        Self::Name,
        Self::LoginCode,
    ];

    /// Key of the list of headings.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::GradeCode => "grade_code",
            other => other.column(),
        }
    }

    /// Canonical column name.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::StudentId => "student_id",
            Self::Name => "name",
            Self::School => "school",
            Self::Grade | Self::GradeCode => "grade",
            Self::Class => "class",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::Age => "age",
            Self::Wave => "wave",
            Self::AdministeredOn => "administered_on",
            Self::LoginCode => "login_code",
        }
    }
}

/// A column of the file that holds a fact about a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PersonColumn {
    pub(crate) field: Field,
    pub(crate) column: usize,
}

/// Finds person columns among the headings given with their positions.
pub(crate) fn person_columns<'a>(
    table: &Table,
    headings: impl Iterator<Item = (usize, &'a str)>,
    fields: &[Field],
) -> Result<Vec<PersonColumn>, IoError> {
    let mut found: Vec<PersonColumn> = Vec::new();
    for (column, heading) in headings {
        let Some(key) = words().person_heading(heading) else {
            continue;
        };
        let Some(field) = fields.iter().copied().find(|field| field.key() == key) else {
            continue;
        };
        if let Some(other) = found.iter().find(|other| other.field.column() == field.column()) {
            let problem = Problem::new("person-column-twice", table.column_place(column)).with("field", field.column());
            let problem = problem.with("first", table.heading(other.column)).with("second", table.heading(column));
            return Err(problem.into());
        }
        found.push(PersonColumn { field, column });
    }
    Ok(found)
}

/// The ids of all rows; a row without one is listed as rejected and is not kept.
pub(crate) fn student_ids(
    table: &Table,
    column: usize,
    blank: &'static str,
    rejected: &mut Vec<Rejected>,
) -> Vec<Option<String>> {
    (0..table.height())
        .map(|row| {
            let value = table.cell(row, column);
            let reason = match cell_id(value) {
                Ok(id) => return Some(id),
                Err(IdProblem::Blank) => blank,
                Err(IdProblem::Precision) => "id-precision",
            };
            let problem = Problem::new(reason, table.cell_place(row, column)).value(value.to_text());
            rejected.push(Rejected::new(Scope::Row, problem));
            None
        })
        .collect()
}

/// The ids of all rows, where a row without one is kept: its pupil may be found otherwise. An id that a spreadsheet has
/// spoilt is listed, and counts as none.
pub(crate) fn loose_ids(table: &Table, column: usize, rejected: &mut Vec<Rejected>) -> Vec<Option<String>> {
    let id = |row: usize| {
        let value = table.cell(row, column);
        match cell_id(value) {
            Ok(id) => Some(id),
            Err(IdProblem::Blank) => None,
            Err(IdProblem::Precision) => {
                let problem = Problem::new("id-precision", table.cell_place(row, column)).value(value.to_text());
                rejected.push(Rejected::new(Scope::Cell, problem));
                None
            }
        }
    };
    (0..table.height()).map(id).collect()
}

/// Reads the cells of the rows kept; a cell that cannot be read is listed and becomes null.
fn cells<T>(
    table: &Table,
    column: usize,
    keep: &[bool],
    reason: &'static str,
    rejected: &mut Vec<Rejected>,
    read: impl Fn(&Value) -> Option<T>,
) -> Vec<Option<T>> {
    let mut out = Vec::new();
    for row in (0..table.height()).filter(|row| keep.get(*row).copied().unwrap_or(false)) {
        let value = table.cell(row, column);
        let known = if is_no_answer(value) { None } else { Some(read(value)) };
        if known.as_ref().is_some_and(Option::is_none) {
            let problem = Problem::new(reason, table.cell_place(row, column)).value(value.to_text());
            rejected.push(Rejected::new(Scope::Cell, problem));
        }
        out.push(known.flatten());
    }
    out
}

/// One person column of the rows kept, in its canonical type.
pub(crate) fn read_person(table: &Table, person: PersonColumn, keep: &[bool], rejected: &mut Vec<Rejected>) -> Column {
    let PersonColumn { field, column } = person;
    let name = PlSmallStr::from_static(field.column());
    match field {
        Field::StudentId => {
            // Rows with an id that cannot be read were rejected before; here every kept cell is one.
            Column::new(name, cells(table, column, keep, "row-no-student", rejected, |value| cell_id(value).ok()))
        }
        Field::Name | Field::School | Field::Class | Field::Wave | Field::LoginCode => {
            Column::new(name, cells(table, column, keep, "", rejected, |value| Some(narrow(&value.to_text()))))
        }
        Field::Grade | Field::GradeCode => {
            let read = |value: &Value| cell_grade(value, field == Field::GradeCode);
            Column::new(name, cells(table, column, keep, "person-not-a-grade", rejected, read))
        }
        Field::Sex => {
            let read = |value: &Value| Sex::parse(&narrow(&value.to_text())).map(Sex::word);
            Column::new(name, cells(table, column, keep, "person-not-a-sex", rejected, read))
        }
        Field::BirthDate | Field::AdministeredOn => {
            date_column(name, cells(table, column, keep, "person-not-a-date", rejected, cell_date))
        }
        Field::Age => {
            let read =
                |value: &Value| cell_integer(value).and_then(|age| u8::try_from(age).ok()).filter(|age| *age < 130);
            Column::new(name, cells(table, column, keep, "person-not-an-age", rejected, read))
        }
    }
}

fn date_column(name: PlSmallStr, dates: Vec<Option<jiff::civil::Date>>) -> Column {
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    let days: Vec<Option<i32>> =
        dates.into_iter().map(|date| epoch.until(date?).ok().map(|span| span.get_days())).collect();
    let days = Series::new(name, days);
    // The cast of whole days to dates cannot fail; if it ever did, the days themselves are still right.
    days.cast(&DataType::Date).unwrap_or(days).into()
}

/// The day, the moment and the duration of each sheet from the metadata columns of a survey. Times in universal time
/// are moved by `hours`.
pub(crate) fn administered(
    table: &Table,
    submitted: Option<usize>,
    hours: i64,
    duration: Option<usize>,
    keep: &[bool],
    rejected: &mut Vec<Rejected>,
) -> Vec<Column> {
    let mut columns = Vec::new();
    if let Some(column) = submitted {
        let moments = cells(table, column, keep, "survey-not-a-time", rejected, |value| cell_moment_in(value, hours));
        let words: Vec<Option<String>> =
            moments.iter().map(|moment| moment.map(|m| m.strftime("%Y-%m-%d %H:%M:%S").to_string())).collect();
        columns
            .push(date_column("administered_on".into(), moments.into_iter().map(|m| m.map(DateTime::date)).collect()));
        columns.push(Column::new("submitted_at".into(), words));
    }
    if let Some(column) = duration {
        let seconds = cells(table, column, keep, "survey-not-a-duration", rejected, cell_seconds);
        columns.push(Column::new("duration_s".into(), seconds));
    }
    columns
}
