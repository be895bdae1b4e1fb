//! Reads plain tables of answers: columns named `<instrument>.<item>`, with a prefix, or by a mapping.

mod columns;

use std::collections::HashSet;
use std::path::Path;

use indexmap::IndexMap;
use polars::prelude::*;
use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;

use crate::answers::{AnswerSet, Field, ItemColumn, PersonColumn, item_columns, read_person, student_ids};
use crate::coding::{Coding, CodingReport, Evidence, FoundBy, Verdict, decide};
use crate::error::{IoError, Place, Problem, Rejected};
use crate::survey::{frame, readers, source_columns};
use crate::table::{
    Keep, Original, ReadOptions, Table, Value, is_parquet, read_bytes, read_frame, read_kept, table_from_frame,
};
use crate::words::words;

use columns::find_items;

/// How the item columns of an instrument are named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ColumnNames {
    /// `<instrument>.<item>`, for example `phq-9.3`.
    #[default]
    Canonical,
    /// The prefix and the item id: `Q` finds `Q1`, `Q2`, ...
    Prefix(String),
    /// Item id to column name, all items.
    Mapping(IndexMap<String, String>),
}

impl ColumnNames {
    fn of(&self, definition: &Definition, item: &str) -> Option<String> {
        match self {
            Self::Canonical => Some(format!("{}.{item}", definition.id)),
            Self::Prefix(prefix) => Some(format!("{prefix}{item}")),
            Self::Mapping(mapping) => mapping.get(item).cloned(),
        }
    }
}

/// One instrument of a table.
#[derive(Debug, Clone)]
pub struct TablePart<'a> {
    /// The instrument.
    pub definition: &'a Definition,
    /// How its columns are named.
    pub names: ColumnNames,
    /// How its answers are coded. Canonical columns hold scores by contract; for others the coding is told from the
    /// answers when it is not stated.
    pub coding: Option<Coding>,
    /// Answers that fit no option were looked at and are single wrong cells, not a shifted file.
    pub accept_strays: bool,
}

impl<'a> TablePart<'a> {
    /// An instrument with columns of these names.
    pub fn new(definition: &'a Definition, names: ColumnNames) -> Self {
        Self { definition, names, coding: None, accept_strays: false }
    }

    /// Canonical columns hold scores by contract.
    fn coded(&self) -> Coded<'a> {
        let contract = (self.names == ColumnNames::Canonical).then_some(Coding::Score);
        let found_by = if matches!(self.names, ColumnNames::Mapping(_)) { FoundBy::Mapping } else { FoundBy::Name };
        let coding = self.coding.or(contract);
        Coded { definition: self.definition, found_by, coding, accept_strays: self.accept_strays }
    }
}

/// What a table holds.
#[derive(Debug, Clone, Default)]
pub struct TableSpec<'a> {
    /// The instruments.
    pub parts: Vec<TablePart<'a>>,
    /// Column that holds the student id, when it is not named `student_id`.
    pub student_id: Option<String>,
    /// Refuse the file without a student id, and reject the rows without one.
    pub needs_student_id: bool,
    /// The pupils are to be found with [`match_sheets`](crate::match_sheets): name and login code are read, and are in
    /// the frame until then.
    pub for_matching: bool,
    /// Wordings of the forms: their option texts are answers too.
    pub wording: Option<&'a WordingPacks>,
    /// How the file is read.
    pub read: ReadOptions,
}

/// Reads a table of answers of any kind. Columns that are neither items nor known person columns pass through untouched,
/// behind the person columns; addresses, numbers of identity cards, income and telephone numbers are never read.
///
/// # Errors
/// When the file cannot be read as a table, item columns are missing or unknown, the mapping does not fit, or the
/// coding cannot be told.
pub fn read_answers(path: &Path, spec: &TableSpec<'_>) -> Result<AnswerSet, IoError> {
    let bytes = read_bytes(path, &spec.read.limits)?;
    read_answers_bytes(&path.display().to_string(), &bytes, spec)
}

/// Reads a table of answers that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_answers`].
pub fn read_answers_bytes(name: &str, bytes: &[u8], spec: &TableSpec<'_>) -> Result<AnswerSet, IoError> {
    if !is_parquet(bytes) {
        let table = read_kept(name, bytes, &spec.read, Keep::columns(&|heading| may_be_kept(heading, spec)))?;
        return read(&table, None, spec);
    }
    let frame = read_frame(name, bytes, &spec.read)?;
    // Columns of a type that cells cannot have still pass through, so only those that are read become cells.
    let keep = |heading: &str| is_read(heading, spec);
    let table = table_from_frame(name, &frame, &spec.read, Keep::columns(&keep))?;
    read(&table, Some(&Original { frame, first_row: 2 }), spec)
}

/// Whatever is not private passes through, and so does a column that is asked for.
pub(crate) fn may_be_kept(heading: &str, spec: &TableSpec<'_>) -> bool {
    !words().is_private(heading) || is_read(heading, spec)
}

pub(crate) fn is_read(heading: &str, spec: &TableSpec<'_>) -> bool {
    let item = |part: &TablePart<'_>| {
        part.definition.items.iter().any(|item| part.names.of(part.definition, &item.id).as_deref() == Some(heading))
    };
    person_field(heading, spec).is_some() || spec.parts.iter().any(item)
}

/// Person columns carry their canonical name. A Chinese heading cannot be mistaken for a researcher's variable, so
/// it is taken as well; other English words pass through.
fn person_field(heading: &str, spec: &TableSpec<'_>) -> Option<Field> {
    if spec.student_id.as_deref() == Some(heading) {
        return Some(Field::StudentId);
    }
    let fields = if spec.for_matching { &Field::OF_MATCHING[..] } else { &Field::OF_ANSWERS[..] };
    let field = fields.iter().copied().find(|field| {
        field.key() == heading || !heading.is_ascii() && words().person_heading(heading) == Some(field.key())
    })?;
    (field != Field::StudentId || spec.student_id.is_none()).then_some(field)
}

fn read(table: &Table, original: Option<&Original>, spec: &TableSpec<'_>) -> Result<AnswerSet, IoError> {
    let plan = Plan::of(table, spec)?;
    let codings = settle(table, &plan.coded, &plan.columns_of, spec.wording)?;
    let keep = plan.keep(table, spec, &mut Vec::new());
    let mut numeric = vec![true; table.width()];
    only_numbers(table, &keep, &mut numeric);
    plan.build(table, original, spec, &codings, &numeric)
}

/// Which column of a table is what.
pub(crate) struct Plan<'a> {
    /// The columns of each instrument in the order of its items.
    pub(crate) columns_of: Vec<Vec<usize>>,
    pub(crate) coded: Vec<Coded<'a>>,
    persons: Vec<PersonColumn>,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(table: &Table, spec: &TableSpec<'a>) -> Result<Self, IoError> {
        let mut columns_of = Vec::with_capacity(spec.parts.len());
        for part in &spec.parts {
            columns_of.push(find_items(table, part)?);
        }
        let coded = spec.parts.iter().map(TablePart::coded).collect();
        Ok(Self { columns_of, coded, persons: find_persons(table, spec)? })
    }

    /// The rows that are sheets; a row without an id is listed where one is needed.
    pub(crate) fn keep(&self, table: &Table, spec: &TableSpec<'_>, rejected: &mut Vec<Rejected>) -> Vec<bool> {
        match self.persons.iter().find(|person| person.field == Field::StudentId) {
            Some(id) if spec.needs_student_id => {
                student_ids(table, id.column, "row-no-student", rejected).iter().map(Option::is_some).collect()
            }
            _ => vec![true; table.height()],
        }
    }

    /// The answers of a table, or of a part of one. `numeric` tells of which columns all cells of all parts are numbers.
    pub(crate) fn build(
        &self,
        table: &Table,
        original: Option<&Original>,
        spec: &TableSpec<'_>,
        codings: &[CodingReport],
        numeric: &[bool],
    ) -> Result<AnswerSet, IoError> {
        let mut rejected = Vec::new();
        let keep = self.keep(table, spec, &mut rejected);
        let mut columns = source_columns(table, &keep);
        for person in &self.persons {
            columns.push(read_person(table, *person, &keep, &mut rejected));
        }
        let mut used: HashSet<usize> = self.columns_of.iter().flatten().copied().collect();
        used.extend(self.persons.iter().map(|person| person.column));
        let mut items = Vec::new();
        for ((part, positions), report) in spec.parts.iter().zip(&self.columns_of).zip(codings) {
            let found: Vec<ItemColumn<'_>> = readers(part.definition, spec.wording)
                .into_iter()
                .zip(positions)
                .map(|(reader, column)| ItemColumn { reader, column: *column })
                .collect();
            items.extend(item_columns(table, part.definition, &found, report.coding, &keep, &mut rejected));
        }
        let names: HashSet<String> = columns.iter().chain(&items).map(|column| column.name().to_string()).collect();
        let mut ignored = Vec::new();
        for position in (0..table.width()).filter(|position| !used.contains(position)) {
            let heading = table.heading(position);
            if heading.is_empty() {
                continue;
            }
            if names.contains(heading) || !may_be_kept(heading, spec) {
                // What is private, and for example the `source_row` of a table that this reader's output was written to.
                ignored.push(heading.to_owned());
                continue;
            }
            let as_numbers = numeric.get(position).copied().unwrap_or(false);
            columns.push(untouched(table, original, position, &keep, as_numbers));
        }
        columns.extend(items);
        let frame = frame(table, &keep, columns)?;
        let codings = codings.to_vec();
        Ok(AnswerSet { frame, rejected, rows_in: table.height(), codings, ignored, layout: None })
    }
}

/// Takes out of `numeric` the columns that hold something else than numbers in the rows kept.
pub(crate) fn only_numbers(table: &Table, keep: &[bool], numeric: &mut [bool]) {
    for (position, numeric) in numeric.iter_mut().enumerate().filter(|(_, numeric)| **numeric) {
        let cells = table.cells(position).iter().zip(keep).filter(|(_, keep)| **keep);
        *numeric = cells.map(|(id, _)| table.value(*id)).all(|cell| matches!(cell, Value::Number(_) | Value::Blank));
    }
}

fn find_persons(table: &Table, spec: &TableSpec<'_>) -> Result<Vec<PersonColumn>, IoError> {
    let mut persons: Vec<PersonColumn> = Vec::new();
    for (column, heading) in table.headings().iter().enumerate() {
        let Some(field) = person_field(heading, spec) else {
            continue;
        };
        if let Some(other) = persons.iter().find(|other| other.field.column() == field.column()) {
            let problem = Problem::new("person-column-twice", table.column_place(column)).with("field", field.column());
            let problem = problem.with("first", table.heading(other.column)).with("second", heading);
            return Err(problem.into());
        }
        persons.push(PersonColumn { field, column });
    }
    let has_id = persons.iter().any(|person| person.field == Field::StudentId);
    if !has_id && (spec.needs_student_id || spec.student_id.is_some()) {
        let wanted = spec.student_id.as_deref().unwrap_or(Field::StudentId.column());
        return Err(Problem::new("student-column", table.place()).with("wanted", wanted).into());
    }
    Ok(persons)
}

/// An instrument whose coding is to be settled.
pub(crate) struct Coded<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) found_by: FoundBy,
    pub(crate) coding: Option<Coding>,
    pub(crate) accept_strays: bool,
}

/// The coding of each instrument, from its own answers alone.
pub(crate) fn settle(
    table: &Table,
    parts: &[Coded<'_>],
    columns_of: &[Vec<usize>],
    wording: Option<&WordingPacks>,
) -> Result<Vec<CodingReport>, IoError> {
    let gather = |(part, columns): (&Coded<'_>, &Vec<usize>)| {
        Evidence::gather(table, &readers(part.definition, wording), columns)
    };
    settle_by(&table.place(), parts, parts.iter().zip(columns_of).map(gather))
}

/// The same from evidence that was gathered before.
pub(crate) fn settle_by(
    place: &Place,
    parts: &[Coded<'_>],
    evidence: impl Iterator<Item = Evidence>,
) -> Result<Vec<CodingReport>, IoError> {
    let mut reports = Vec::with_capacity(parts.len());
    for (part, evidence) in parts.iter().zip(evidence) {
        let id = part.definition.id.clone();
        match decide(&evidence, &id, place.clone(), part.coding, part.accept_strays) {
            Verdict::Use(coding, ground) => {
                reports.push(CodingReport {
                    instrument: id,
                    found_by: part.found_by,
                    coding,
                    ground,
                    evidence: evidence.describe(),
                });
            }
            Verdict::Ambiguous(candidates) => {
                let problem = Problem::new(Verdict::ambiguity(&candidates), place.clone()).with("instrument", &id);
                return Err(problem.detail(evidence.describe()).into());
            }
            Verdict::Refuse(problem) => return Err(problem.into()),
        }
    }
    Ok(reports)
}

/// A column as it is in the file, for the rows kept: with its type where the file has types, as numbers where all
/// cells are numbers, and as text otherwise.
pub(crate) fn untouched(
    table: &Table,
    original: Option<&Original>,
    position: usize,
    keep: &[bool],
    as_numbers: bool,
) -> Column {
    let rows: Vec<usize> = (0..table.height()).filter(|row| keep.get(*row).copied().unwrap_or(false)).collect();
    if let Some((original, column)) = original.and_then(|o| Some((o, o.frame.select_at_idx(position)?))) {
        let indices: Vec<IdxSize> = rows
            .iter()
            .filter_map(|row| table.source_row(*row))
            .map(|row| (row.saturating_sub(original.first_row)) as IdxSize)
            .collect();
        if let Ok(taken) = column.take(&IdxCa::from_vec("row".into(), indices)) {
            return taken;
        }
    }
    let name = PlSmallStr::from_str(table.heading(position));
    let cells = rows.iter().map(|row| table.cell(*row, position));
    if as_numbers {
        let number = |cell: &Value| match cell {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        return Column::new(name, cells.map(number).collect::<Vec<_>>());
    }
    let text = |cell: &Value| if *cell == Value::Blank { None } else { Some(cell.to_text()) };
    Column::new(name, cells.map(text).collect::<Vec<_>>())
}
