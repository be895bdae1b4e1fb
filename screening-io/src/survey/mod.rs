//! Reads the export of a survey platform: metadata columns, identity questions, and the questions of one or several
//! instruments one after the other.

mod assign;
mod cells;
mod detect;
mod heading;
mod layout;
mod named;
mod registry;
mod settle;
mod split;
mod suggest;
mod wording;

use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame};
use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;

use crate::answers::{
    AnswerSet, Field, ItemColumn, PersonColumn, administered, item_columns, loose_ids, person_columns, read_person,
    student_ids,
};
use crate::coding::{Coding, CodingReport, ItemReader};
use crate::error::{IoError, Problem, Rejected, Scope};
use crate::table::{Keep, ReadOptions, Table, read_bytes, read_kept};
use crate::words::words;

pub use detect::LayoutReport;
pub(crate) use registry::{is_known_heading, is_unread};
pub(crate) use suggest::{Suggestion, suggest};

use assign::Assigned;
use layout::{Kind, Layout, groups};

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
    /// Id of the layout, where it cannot be told or is not to be told.
    pub layout: Option<String>,
    /// The pupils are to be found with [`match_sheets`](crate::match_sheets): a file without student ids is read, rows
    /// without one are kept, and name and login code are in the frame until then.
    pub for_matching: bool,
    /// How the file is read.
    pub read: ReadOptions,
}

/// Reads a survey export into canonical answers. The layout is told from the headings; see `docs/formats.md`.
///
/// # Errors
/// When the file cannot be read as a table, its layout is not known, the questions are not those of the instruments,
/// there is no student id, or the coding cannot be told.
pub fn read_survey(path: &Path, spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    read_survey_files(&[path.to_path_buf()], spec)
}

/// Reads the files of one survey: several with the same headings, or parts that hold different questions of the same
/// sheets.
///
/// # Errors
/// As [`read_survey`], and when the parts do not fit together.
pub fn read_survey_files(paths: &[PathBuf], spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    let mut tables = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = read_bytes(path, &spec.read.limits)?;
        tables.push(survey_table(&path.display().to_string(), &bytes, spec)?);
    }
    read_tables(tables, spec)
}

/// Reads a survey export that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_survey`].
pub fn read_survey_bytes(name: &str, bytes: &[u8], spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    read_tables(vec![survey_table(name, bytes, spec)?], spec)
}

/// Reads the parts of a survey that are already in memory, as [`read_survey_files`].
///
/// # Errors
/// As [`read_survey_files`].
pub fn read_survey_parts(parts: &[(&str, &[u8])], spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    let tables = parts.iter().map(|(name, bytes)| survey_table(name, bytes, spec)).collect::<Result<_, _>>()?;
    read_tables(tables, spec)
}

fn survey_table(name: &str, bytes: &[u8], spec: &SurveySpec<'_>) -> Result<Table, IoError> {
    read_kept(name, bytes, &spec.read, Keep::columns(&|heading| may_be_kept(heading, spec)))
}

fn read_tables(tables: Vec<Table>, spec: &SurveySpec<'_>) -> Result<AnswerSet, IoError> {
    let (mut table, layout, mut report) = split::put_together(tables, spec.layout.as_deref(), spec.read.limits.cells)?;
    let persons = identity(&table, &layout, spec)?;
    let assigned = assign::assign(&table, &layout, &persons.columns_taken, spec)?;
    let mut parts = spec.instruments.clone();
    for (part, assigned) in parts.iter_mut().zip(&assigned) {
        if cells::plain_answers(&mut table, layout.def, assigned.definition, &assigned.columns) {
            part.coding = part.coding.or(Some(Coding::Score));
        }
    }
    let codings = settle::settle(&table, &layout, &assigned, &parts)?;
    report.set_aside = set_aside(&table, &layout, &persons, &assigned);
    let mut set = build(&table, &layout, &persons, assigned, codings, spec)?;
    set.layout = Some(report);
    Ok(set)
}

/// Columns that hold an option of a multiple choice, or text beside an answer.
fn set_aside(table: &Table, layout: &Layout, persons: &Persons, assigned: &[Assigned<'_>]) -> Vec<String> {
    let used = |column: usize| {
        persons.columns_taken.contains(&column) || assigned.iter().any(|part| part.columns.contains(&column))
    };
    let groups = groups(table, &layout.questions);
    let parts = groups.iter().filter(|group| group.kind != Kind::Answers).flat_map(|group| group.questions);
    let free = parts.filter(|question| !used(question.column));
    let left = layout.left.iter().copied();
    free.map(|question| question.column).chain(left).map(|column| table.heading(column).to_owned()).collect()
}

/// Network addresses and names are not needed for scoring and never stored.
fn may_be_kept(heading: &str, spec: &SurveySpec<'_>) -> bool {
    if spec.student_id.as_deref().is_some_and(|wanted| heading::is_heading(heading, wanted)) {
        return true;
    }
    let text = heading::without_number(heading);
    match words().person_heading(&text) {
        _ if words().is_private(&text) => false,
        Some("name" | "login_code") => spec.for_matching,
        _ => !is_unread(heading),
    }
}

/// The columns about the person.
struct Persons {
    student_id: Option<usize>,
    others: Vec<PersonColumn>,
    /// All identity columns, those that are not read included: none is an item.
    columns_taken: Vec<usize>,
}

fn identity(table: &Table, layout: &Layout, spec: &SurveySpec<'_>) -> Result<Persons, IoError> {
    let stated = match &spec.student_id {
        None => None,
        Some(wanted) => {
            let metadata = layout.metadata.iter().map(|(_, column)| *column);
            let mut columns = layout.texts().map(|(column, _)| column).chain(metadata);
            let found = columns.find(|column| heading::is_heading(table.heading(*column), wanted));
            Some(found.ok_or_else(|| missing_id(table, wanted))?)
        }
    };
    let candidates = layout.texts().filter(|(column, text)| {
        // With a stated column, another that looks like an id is an ordinary question.
        stated.is_none() || words().person_heading(text) != Some("student_id") || stated == Some(*column)
    });
    let fields: Vec<Field> = if spec.for_matching { Field::OF_MATCHING.to_vec() } else { Field::OF_ANSWERS.to_vec() };
    let mut others = person_columns(table, candidates, &fields)?;
    let usual = others.iter().find(|person| person.field == Field::StudentId).map(|person| person.column);
    others.retain(|person| person.field != Field::StudentId && Some(person.column) != stated);
    for (key, field) in [("school", Field::School), ("wave", Field::Wave), ("login", Field::LoginCode)] {
        let wanted = fields.contains(&field) && !others.iter().any(|person| person.field == field);
        others.extend(layout.metadata(key).filter(|_| wanted).map(|column| PersonColumn { field, column }));
    }
    let student_id = stated.or(usual).or_else(|| layout.metadata("person"));
    if student_id.is_none() && !spec.for_matching {
        let usual = words().headings.get("student_id").map(|list| list.join(", ")).unwrap_or_default();
        return Err(missing_id(table, &usual));
    }
    let named = |text: &str| matches!(words().person_heading(text), Some("name" | "login_code"));
    let unread = layout.texts().filter(|(_, text)| named(text) || words().is_private(text)).map(|(column, _)| column);
    let columns_taken = others.iter().map(|person| person.column).chain(unread).chain(student_id).collect();
    Ok(Persons { student_id, others, columns_taken })
}

fn missing_id(table: &Table, wanted: &str) -> IoError {
    Problem::new("student-column", table.place()).with("wanted", wanted).into()
}

/// Which rows are sheets of a pupil, and their ids.
fn rows(
    table: &Table,
    layout: &Layout,
    persons: &Persons,
    spec: &SurveySpec<'_>,
    rejected: &mut Vec<Rejected>,
) -> (Vec<Option<String>>, Vec<bool>) {
    let mut ids = match persons.student_id {
        None => vec![None; table.height()],
        Some(column) if spec.for_matching => loose_ids(table, column, rejected),
        Some(column) => student_ids(table, column, "row-no-student", rejected),
    };
    let mut keep: Vec<bool> = ids.iter().map(|id| spec.for_matching || id.is_some()).collect();
    if let Some(column) = layout.metadata("status") {
        for (row, (keep, id)) in keep.iter_mut().zip(&mut ids).enumerate() {
            let word = table.cell(row, column).to_text();
            if *keep && layout.def.void.contains(&word) {
                let problem = Problem::new("sheet-void", table.cell_place(row, column)).value(word);
                rejected.push(Rejected::new(Scope::Row, problem));
                (*keep, *id) = (false, None);
            }
        }
    }
    (ids, keep)
}

fn build(
    table: &Table,
    layout: &Layout,
    persons: &Persons,
    assigned: Vec<Assigned<'_>>,
    codings: Vec<CodingReport>,
    spec: &SurveySpec<'_>,
) -> Result<AnswerSet, IoError> {
    let mut rejected = Vec::new();
    let (ids, keep) = rows(table, layout, persons, spec, &mut rejected);
    let mut columns = source_columns(table, &keep);
    columns.extend(layout.metadata("sequence").map(|column| sheet_ids(table, column, &keep)));
    let kept_ids: Vec<Option<String>> =
        ids.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(id, _)| id).collect();
    columns.push(Column::new("student_id".into(), kept_ids));
    for person in &persons.others {
        columns.push(read_person(table, *person, &keep, &mut rejected));
    }
    let has_day = persons.others.iter().any(|person| person.field == Field::AdministeredOn);
    let [submitted, duration] = ["submitted", "duration"].map(|key| layout.metadata(key));
    for column in administered(table, submitted, layout.def.universal_time, duration, &keep, &mut rejected) {
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
    Ok(AnswerSet { frame, rejected, rows_in: table.height(), codings, ignored, layout: None })
}

/// The platform's own number of each sheet, by which a sheet is known again.
pub(crate) fn sheet_ids(table: &Table, column: usize, keep: &[bool]) -> Column {
    let kept = (0..table.height()).filter(|row| keep.get(*row).copied().unwrap_or(false));
    let ids: Vec<Option<String>> =
        kept.map(|row| table.cell(row, column).to_text()).map(|id| (!id.is_empty()).then_some(id)).collect();
    Column::new("sheet_id".into(), ids)
}

/// The columns that say where each kept row stood.
pub(crate) fn source_columns(table: &Table, keep: &[bool]) -> Vec<Column> {
    let rows: Vec<u32> = table.source_rows().iter().zip(keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
    let kept = keep.iter().enumerate().filter(|(_, keep)| **keep);
    let files: Vec<&str> = kept.map(|(row, _)| table.row_file(row)).collect();
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
