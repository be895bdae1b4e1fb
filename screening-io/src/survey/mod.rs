//! Reads the export of a survey platform: metadata columns, identity questions, and the questions of one or several
//! instruments one after the other.

mod assign;
mod layout;
mod settle;

use std::path::Path;

use polars::prelude::{Column, DataFrame};
use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;

use crate::answers::{
    AnswerSet, Field, ItemColumn, PersonColumn, administered, item_columns, person_columns, read_person, student_ids,
};
use crate::coding::{Coding, CodingReport, ItemReader};
use crate::error::{IoError, Problem};
use crate::table::{ReadOptions, Table, read_bytes, read_kept};
use crate::words::{stem, trim, words};

use assign::Assigned;
use layout::Layout;

/// One instrument of a survey.
#[derive(Debug, Clone, Copy)]
pub struct InstrumentPart<'a> {
    /// The instrument.
    pub definition: &'a Definition,
    /// Number of its first question in the file; by default it follows the one before.
    pub first_question: Option<u32>,
    /// How its answers are coded; told from the answers by default.
    pub coding: Option<Coding>,
    /// Answers that fit no option were looked at and are single wrong cells, not a shifted file.
    pub accept_strays: bool,
}

impl<'a> InstrumentPart<'a> {
    /// An instrument about which nothing more is known.
    pub fn new(definition: &'a Definition) -> Self {
        Self { definition, first_question: None, coding: None, accept_strays: false }
    }

    /// States the coding.
    #[must_use]
    pub fn coded(self, coding: Coding) -> Self {
        Self { coding: Some(coding), ..self }
    }

    /// States the number of the first question.
    #[must_use]
    pub fn starting_at(self, question: u32) -> Self {
        Self { first_question: Some(question), ..self }
    }
}

/// What a survey file holds.
#[derive(Debug, Clone, Default)]
pub struct SurveySpec<'a> {
    /// The instruments in their order.
    pub instruments: Vec<InstrumentPart<'a>>,
    /// Heading, or text of the question, that holds the student id; by default one of the usual headings.
    pub student_id: Option<String>,
    /// Wordings of the forms: their option texts are answers too, and a question whose text is that of another item is
    /// refused.
    pub wording: Option<&'a WordingPacks>,
    /// How the file is read.
    pub read: ReadOptions,
}

/// Reads a survey export (xlsx or csv) into canonical answers.
///
/// # Errors
/// When the file cannot be read as a table, its layout is not known, the questions are not those of the instruments,
/// there is no student id, or the coding cannot be told.
pub fn read_survey(path: &Path, spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    let bytes = read_bytes(path, &spec.read.limits)?;
    read_survey_bytes(&path.display().to_string(), &bytes, spec)
}

/// Reads a survey export that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_survey`].
pub fn read_survey_bytes(name: &str, bytes: &[u8], spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    let table = read_kept(name, bytes, &spec.read, &|heading| may_be_kept(heading, spec))?;
    let layout = layout::detect(&table)?;
    let persons = identity(&table, &layout, spec)?;
    let assigned = assign::assign(&table, &layout, &persons.columns_taken, spec)?;
    let codings = settle::settle(&table, &layout, &assigned, &spec.instruments)?;
    build(&table, &layout, &persons, assigned, codings)
}

/// Network addresses and names are not needed for scoring and never stored.
fn may_be_kept(heading: &str, spec: &SurveySpec<'_>) -> bool {
    if spec.student_id.as_deref().is_some_and(|wanted| layout::is_heading(heading, wanted)) {
        return true;
    }
    let text = layout::question(heading).map_or_else(|| trim(heading).to_owned(), |(_, text)| text);
    let plain = stem(heading);
    let unread = words().survey.values().flatten().any(|column| !column.read && column.headings.contains(&plain));
    !unread && words().person_heading(&text) != Some("name")
}

/// The columns about the person.
struct Persons {
    student_id: usize,
    others: Vec<PersonColumn>,
    /// All identity columns, those that are not read included: none is an item.
    columns_taken: Vec<usize>,
}

fn identity(table: &Table, layout: &Layout, spec: &SurveySpec<'_>) -> Result<Persons, IoError> {
    let stated = match &spec.student_id {
        None => None,
        Some(wanted) => {
            let found = layout.texts().find(|(column, _)| layout::is_heading(table.heading(*column), wanted));
            Some(found.map(|(column, _)| column).ok_or_else(|| missing_id(table, wanted))?)
        }
    };
    let candidates = layout.texts().filter(|(column, text)| {
        // With a stated column, another that looks like an id is an ordinary question.
        stated.is_none() || words().person_heading(text) != Some("student_id") || stated == Some(*column)
    });
    let mut others = person_columns(table, candidates, &Field::OF_ANSWERS)?;
    let usual = others.iter().find(|person| person.field == Field::StudentId).map(|person| person.column);
    others.retain(|person| person.field != Field::StudentId && Some(person.column) != stated);
    let Some(student_id) = stated.or(usual) else {
        let usual = words().headings.get("student_id").map(|list| list.join(", ")).unwrap_or_default();
        return Err(missing_id(table, &usual));
    };
    let named =
        layout.texts().filter(|(_, text)| words().person_heading(text) == Some("name")).map(|(column, _)| column);
    let columns_taken = others.iter().map(|person| person.column).chain(named).chain([student_id]).collect();
    Ok(Persons { student_id, others, columns_taken })
}

fn missing_id(table: &Table, wanted: &str) -> IoError {
    Problem::new("student-column", table.place()).with("wanted", wanted).into()
}

fn build(
    table: &Table,
    layout: &Layout,
    persons: &Persons,
    assigned: Vec<Assigned<'_>>,
    codings: Vec<CodingReport>,
) -> Result<AnswerSet, IoError> {
    let mut rejected = Vec::new();
    let ids = student_ids(table, persons.student_id, "row-no-student", &mut rejected);
    let keep: Vec<bool> = ids.iter().map(Option::is_some).collect();
    let mut columns = source_columns(table, &keep);
    columns.push(Column::new("student_id".into(), ids.into_iter().flatten().collect::<Vec<String>>()));
    for person in &persons.others {
        columns.push(read_person(table, *person, &keep, &mut rejected));
    }
    let has_day = persons.others.iter().any(|person| person.field == Field::AdministeredOn);
    for column in administered(table, layout.submitted, layout.duration, &keep, &mut rejected) {
        if !(has_day && column.name().as_str() == "administered_on") {
            columns.push(column);
        }
    }
    let used: Vec<usize> = assigned.iter().flat_map(|part| part.columns.iter().copied()).collect();
    for (part, report) in assigned.into_iter().zip(&codings) {
        let items: Vec<ItemColumn<'_>> =
            part.readers.into_iter().zip(part.columns).map(|(reader, column)| ItemColumn { reader, column }).collect();
        columns.extend(item_columns(table, part.definition, &items, report.coding, &keep, &mut rejected));
    }
    let ignored = layout
        .texts()
        .filter(|(column, _)| !used.contains(column) && !persons.columns_taken.contains(column))
        .map(|(column, _)| table.heading(column).to_owned())
        .collect();
    let frame = frame(table, &keep, columns)?;
    Ok(AnswerSet { frame, rejected, rows_in: table.height(), codings, ignored })
}

/// The columns that say where each kept row stood.
pub(crate) fn source_columns(table: &Table, keep: &[bool]) -> Vec<Column> {
    let rows: Vec<u32> = table.source_rows().iter().zip(keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
    let files = vec![table.file(); rows.len()];
    vec![Column::new("source_file".into(), files), Column::new("source_row".into(), rows)]
}

/// A frame of columns that all have as many rows as are kept.
pub(crate) fn frame(table: &Table, keep: &[bool], columns: Vec<Column>) -> Result<DataFrame, IoError> {
    let height = keep.iter().filter(|keep| **keep).count();
    DataFrame::new(height, columns)
        .map_err(|cause| Problem::new("frame-broken", table.place()).with("cause", cause).into())
}

/// Readers for the items of an instrument in their order.
pub(crate) fn readers<'a>(definition: &'a Definition, wording: Option<&'a WordingPacks>) -> Vec<ItemReader<'a>> {
    definition.items.iter().map(|item| ItemReader::new(definition, item, wording)).collect()
}
