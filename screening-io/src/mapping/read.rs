//! Reads a table with a mapping.

use std::collections::HashMap;
use std::path::Path;

use indexmap::IndexMap;
use polars::prelude::Column;
use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;

use super::{Form, MappedInstrument, Mapping, long};
use crate::answers::{
    AnswerSet, Field, ItemColumn, PersonColumn, administered, item_columns, loose_ids, read_person, student_ids,
};
use crate::coding::{Coding, FoundBy};
use crate::error::{IoError, Problem};
use crate::survey::{frame, readers, sheet_ids, source_columns};
use crate::table::{Keep, ReadOptions, Table, Value, read_bytes, read_kept};
use crate::tabular::{Coded, settle};

/// How a table is read with a mapping.
#[derive(Debug, Clone)]
pub struct MappedSpec<'a> {
    /// The mapping.
    pub mapping: &'a Mapping,
    /// The instruments of the table: the mapping has a section for each of them, and for no other.
    pub definitions: Vec<&'a Definition>,
    /// Wordings of the forms: their option texts are answers too.
    pub wording: Option<&'a WordingPacks>,
    /// Refuse the file without a student id, and reject the rows without one.
    pub needs_student_id: bool,
    /// The pupils are to be found with [`match_sheets`](crate::match_sheets): rows without a student id are kept, and
    /// name and login code are in the frame until then.
    pub for_matching: bool,
}

impl<'a> MappedSpec<'a> {
    /// A table of pupils with student ids.
    pub fn new(mapping: &'a Mapping, definitions: Vec<&'a Definition>) -> Self {
        Self { mapping, definitions, wording: None, needs_student_id: true, for_matching: false }
    }
}

/// Reads a table with a mapping into canonical answers.
///
/// # Errors
/// When the file cannot be read as a table, a heading of the mapping is not there or stands for two things, items are
/// left out, or the coding cannot be told.
pub fn read_mapped(path: &Path, spec: &MappedSpec<'_>) -> Result<AnswerSet, IoError> {
    let bytes = read_bytes(path, &ReadOptions::default().limits)?;
    read_mapped_bytes(&path.display().to_string(), &bytes, spec)
}

/// Reads a table that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_mapped`].
pub fn read_mapped_bytes(name: &str, bytes: &[u8], spec: &MappedSpec<'_>) -> Result<AnswerSet, IoError> {
    let mapping = spec.mapping;
    let options =
        ReadOptions { sheet: mapping.worksheet.clone(), encoding: mapping.encoding.clone(), ..ReadOptions::default() };
    let wanted = headings(mapping);
    let is_wanted = |heading: &str| wanted.contains(&heading);
    // Titles above the headings are no hindrance where the headings are named.
    let is_head = |row: &[String]| row.iter().any(|cell| is_wanted(cell));
    let keep = Keep { column: &is_wanted, head: Some(&is_head) };
    let table = read_kept(name, bytes, &options, keep)?;
    let parts = parts(&table, mapping, &spec.definitions)?;
    let (mut table, columns_of, ignored) = match (&mapping.form, &mapping.long) {
        (Form::Long, Some(columns)) => long::widen(table, mapping, columns, &parts)?,
        _ => {
            let columns = parts.iter().map(|part| wide_columns(&table, part)).collect::<Result<_, _>>()?;
            let ignored = unread(&table);
            (table, columns, ignored)
        }
    };
    one_use(&table, &parts, &columns_of)?;
    for (part, columns) in parts.iter().zip(&columns_of) {
        if !part.mapped.answers.is_empty() {
            table.rewrite(columns, |value| Some(translated(value, &part.mapped.answers)));
        }
    }
    build(&table, spec, &parts, columns_of, ignored)
}

/// One instrument of a mapping with its definition and what names each item.
pub(super) struct Part<'a> {
    pub(super) definition: &'a Definition,
    pub(super) mapped: &'a MappedInstrument,
    pub(super) names: Vec<String>,
}

fn headings(mapping: &Mapping) -> Vec<&str> {
    let sheet = [&mapping.sheet.id, &mapping.sheet.submitted, &mapping.sheet.duration];
    let long = mapping.long.iter().flat_map(|long| [Some(&long.item), Some(&long.answer), long.instrument.as_ref()]);
    let items = mapping.instruments.values().flat_map(|part| part.columns.iter().chain(part.items.values()));
    let items = items.filter(|_| mapping.form == Form::Wide);
    let named = sheet.into_iter().flatten().chain(long.flatten()).chain(mapping.person.values()).chain(items);
    named.map(|heading| crate::words::trim(heading)).collect()
}

fn parts<'a>(table: &Table, mapping: &'a Mapping, definitions: &[&'a Definition]) -> Result<Vec<Part<'a>>, IoError> {
    let part = |(id, mapped): (&String, &'a MappedInstrument)| {
        let problem =
            |id: &'static str, instrument: &str| Problem::new(id, table.place()).with("instrument", instrument);
        let definition = definitions
            .iter()
            .find(|known| known.id == *id)
            .ok_or_else(|| problem("mapping-unknown-instrument", id))?;
        if let Some(unknown) = mapped.items.keys().find(|item| !definition.items.iter().any(|known| known.id == **item))
        {
            let wanted = mapped.items.get(unknown).cloned().unwrap_or_default();
            return Err(problem("mapping-unknown-item", id).with("item", unknown).with("wanted", wanted).into());
        }
        let missing: Vec<&str> = if mapped.columns.is_empty() {
            let items = definition.items.iter().filter(|item| !mapped.items.contains_key(&item.id));
            items.map(|item| item.id.as_str()).collect()
        } else {
            Vec::new()
        };
        let both = !mapped.columns.is_empty() && !mapped.items.is_empty();
        if both || !missing.is_empty() || !mapped.columns.is_empty() && mapped.columns.len() != definition.items.len() {
            let found = if mapped.columns.is_empty() { mapped.items.len() } else { mapped.columns.len() };
            let problem = problem("mapping-items", id).with("found", found).with("expected", definition.items.len());
            return Err(problem.with("missing", missing.join(", ")).into());
        }
        let names = if mapped.columns.is_empty() {
            definition.items.iter().filter_map(|item| mapped.items.get(&item.id).cloned()).collect()
        } else {
            mapped.columns.clone()
        };
        Ok(Part { definition, mapped, names })
    };
    let parts = mapping.instruments.iter().map(part).collect::<Result<_, IoError>>()?;
    if let Some(left_out) = definitions.iter().find(|known| !mapping.instruments.contains_key(&known.id)) {
        let problem = Problem::new("mapping-instrument-missing", table.place());
        return Err(problem.with("instrument", &left_out.id).into());
    }
    Ok(parts)
}

/// Position of a heading, as the mapping writes it.
pub(super) fn position(table: &Table, heading: &str, item: &str, instrument: &str) -> Result<usize, IoError> {
    table.position(crate::words::trim(heading)).ok_or_else(|| {
        let problem = Problem::new("mapping-unknown-column", table.place()).with("wanted", heading);
        problem.with("item", item).with("instrument", instrument).into()
    })
}

fn wide_columns(table: &Table, part: &Part<'_>) -> Result<Vec<usize>, IoError> {
    let items = part.definition.items.iter().zip(&part.names);
    items.map(|(item, heading)| position(table, heading, &item.id, &part.definition.id)).collect()
}

fn unread(table: &Table) -> Vec<String> {
    let left = (0..table.width()).filter(|column| !table.is_kept(*column) && !table.heading(*column).is_empty());
    left.map(|column| table.heading(column).to_owned()).collect()
}

/// No column answers two items.
fn one_use(table: &Table, parts: &[Part<'_>], columns_of: &[Vec<usize>]) -> Result<(), IoError> {
    let mut users: HashMap<usize, String> = HashMap::new();
    for (part, columns) in parts.iter().zip(columns_of) {
        for (item, column) in part.definition.items.iter().zip(columns) {
            let user = format!("{}.{}", part.definition.id, item.id);
            if let Some(first) = users.insert(*column, user.clone()) {
                let problem = Problem::new("mapping-column-twice", table.column_place(*column));
                let problem = problem.with("wanted", table.heading(*column)).with("first", first);
                return Err(problem.with("second", user).with("instrument", &part.definition.id).into());
            }
        }
    }
    Ok(())
}

/// The code that the mapping gives for an answer. What it does not name is no answer: a mark that nobody sees keeps a
/// number among it from being taken for a code.
fn translated(value: &Value, answers: &IndexMap<String, i8>) -> Value {
    if crate::parse::is_no_answer(value) {
        return value.clone();
    }
    let text = value.to_text();
    let known = answers.iter().find(|(word, _)| crate::words::normal(word) == crate::words::normal(&text));
    match known {
        Some((_, code)) => Value::Number(f64::from(*code)),
        None => Value::Text(format!("{text}\u{2060}").into()),
    }
}

fn build(
    table: &Table,
    spec: &MappedSpec<'_>,
    parts: &[Part<'_>],
    columns_of: Vec<Vec<usize>>,
    ignored: Vec<String>,
) -> Result<AnswerSet, IoError> {
    let mapping = spec.mapping;
    let loose = spec.for_matching || !spec.needs_student_id;
    let persons = persons(table, mapping, spec.for_matching)?;
    let coded: Vec<Coded<'_>> = parts
        .iter()
        .map(|part| Coded {
            definition: part.definition,
            found_by: FoundBy::Mapping,
            coding: part.mapped.coding.or((!part.mapped.answers.is_empty()).then_some(Coding::Score)),
            accept_strays: part.mapped.accept_strays || !part.mapped.answers.is_empty(),
        })
        .collect();
    let codings = settle(table, &coded, &columns_of, spec.wording)?;
    let mut rejected = Vec::new();
    let id = persons.iter().find(|person| person.field == Field::StudentId);
    let ids = match id {
        None if loose => vec![None; table.height()],
        None => return Err(Problem::new("student-column", table.place()).with("wanted", "[person] student_id").into()),
        Some(id) if loose => loose_ids(table, id.column, &mut rejected),
        Some(id) => student_ids(table, id.column, "row-no-student", &mut rejected),
    };
    let keep: Vec<bool> = ids.iter().map(|id| loose || id.is_some()).collect();
    let mut columns = source_columns(table, &keep);
    let sheet =
        |heading: &Option<String>| heading.as_ref().map(|heading| position(table, heading, "[sheet]", "")).transpose();
    columns.extend(sheet(&mapping.sheet.id)?.map(|column| sheet_ids(table, column, &keep)));
    let kept_ids: Vec<Option<String>> =
        ids.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(id, _)| id).collect();
    columns.push(Column::new("student_id".into(), kept_ids));
    for person in persons.iter().filter(|person| person.field != Field::StudentId) {
        columns.push(read_person(table, *person, &keep, &mut rejected));
    }
    let has_day = persons.iter().any(|person| person.field == Field::AdministeredOn);
    let (submitted, duration) = (sheet(&mapping.sheet.submitted)?, sheet(&mapping.sheet.duration)?);
    let metadata = administered(table, submitted, 0, duration, &keep, &mut rejected);
    columns.extend(metadata.into_iter().filter(|c| !(has_day && c.name().as_str() == "administered_on")));
    for ((part, found), report) in parts.iter().zip(columns_of).zip(&codings) {
        let items: Vec<ItemColumn<'_>> = readers(part.definition, spec.wording)
            .into_iter()
            .zip(found)
            .map(|(reader, column)| ItemColumn { reader, column })
            .collect();
        columns.extend(item_columns(table, part.definition, &items, report.coding, &keep, &mut rejected));
    }
    let frame = frame(table, &keep, columns)?;
    Ok(AnswerSet { frame, rejected, rows_in: table.height(), codings, ignored, layout: None })
}

fn persons(table: &Table, mapping: &Mapping, for_matching: bool) -> Result<Vec<PersonColumn>, IoError> {
    let mut found = Vec::new();
    for (key, heading) in &mapping.person {
        let known = Field::OF_MATCHING.into_iter().find(|field| field.key() == key);
        let field = known.ok_or_else(|| {
            let keys: Vec<&str> = Field::OF_MATCHING.iter().map(|field| field.key()).collect();
            Problem::new("mapping-person", table.place()).with("field", key).with("known", keys.join(", "))
        })?;
        if for_matching || Field::OF_ANSWERS.contains(&field) {
            found.push(PersonColumn { field, column: position(table, heading, key, "[person]")? });
        }
    }
    Ok(found)
}
