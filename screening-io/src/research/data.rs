//! The frame that goes out.

use std::collections::HashMap;
use std::hash::Hash;

use polars::prelude::*;
use screening_core::answers::Missing;
use screening_core::instrument::model::{Definition, ItemKind};
use screening_core::screening::ScreeningResult;

use super::groups::{BLANK, suppress};
use super::pseudonym::{Domain, Pseudonyms};
use super::rows::{Used, broken, texts};
use super::{ResearchOptions, Suppressed, dictionary};
use crate::error::IoError;
use crate::job::JobInput;

/// Longer than a day is no time of answering.
const LONGEST_DURATION: f64 = 86_400.0;

/// Builds the frame and takes out what would make a pupil recognisable.
pub(super) fn build(
    input: &JobInput,
    result: &ScreeningResult,
    used: &[Used],
    pseudonyms: &Pseudonyms<'_>,
    options: &ResearchOptions,
) -> Result<(DataFrame, Vec<Suppressed>), IoError> {
    let rows: Vec<IdxSize> = used.iter().map(|sheet| sheet.pupil as IdxSize).collect();
    let rows = IdxCa::from_vec("row".into(), rows);
    let people = result.results.take(&rows).map_err(broken)?;
    let mut columns =
        vec![Column::new("pupil".into(), used.iter().map(|sheet| sheet.pseudonym.as_str()).collect::<Vec<_>>())];
    let (facts, suppressed) = facts(&people, pseudonyms, options)?;
    columns.extend(facts);
    columns.extend(["wave", "status"].iter().filter_map(|name| people.column(name).ok()).cloned());
    columns.extend(duration(input, used)?);
    let definitions = dictionary::definitions(input);
    for definition in &definitions {
        for item in &definition.items {
            let name = format!("{}.{}", definition.id, item.id);
            columns.push(answers(input, used, &name, item.kind)?);
        }
    }
    let of_instrument = |name: &str| definitions.iter().any(|definition| is_of(name, definition));
    let results = people.columns().iter().filter(|column| of_instrument(column.name().as_str()));
    columns.extend(results.cloned());
    Ok((DataFrame::new(used.len(), columns).map_err(broken)?, suppressed))
}

/// Whether a column belongs to an instrument.
fn is_of(column: &str, definition: &Definition) -> bool {
    column.strip_prefix(definition.id.as_str()).is_some_and(|rest| rest.starts_with('.'))
}

/// School, class, grade, sex and age, after groups that are too small have lost some of them.
fn facts(
    people: &DataFrame,
    pseudonyms: &Pseudonyms<'_>,
    options: &ResearchOptions,
) -> Result<(Vec<Column>, Vec<Suppressed>), IoError> {
    let height = people.height();
    let text = |name: &str| -> Result<Vec<Option<String>>, IoError> {
        let texts = texts(people, name)?;
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(texts.map_or_else(|| vec![None; height], |texts| texts.iter().map(|text| text.and_then(filled)).collect()))
    };
    let number = |name: &str| -> Result<Vec<Option<u8>>, IoError> {
        let column = people.column(name).map_err(broken)?.as_materialized_series().rechunk();
        let numbers = column.cast(&DataType::UInt8).map_err(broken)?;
        Ok(numbers.u8().map_err(broken)?.iter().collect())
    };
    let schools = text("school")?;
    let class_names = text("class")?;
    let classes: Vec<Option<String>> = schools
        .iter()
        .zip(&class_names)
        .map(|(school, class)| {
            let parts = [school.as_deref().unwrap_or_default(), class.as_deref()?];
            Some(pseudonyms.of(Domain::Class, &parts))
        })
        .collect();
    let schools = schools.iter().map(|school| Some(pseudonyms.of(Domain::School, &[school.as_deref()?])));
    let mut school = Coded::of(schools.collect());
    let mut class = options.class.then(|| Coded::of(classes));
    let mut sex = Coded::of(text("sex")?);
    let (mut grade, mut age) = (Coded::of(number("grade")?), Coded::of(number("age")?));

    // In the order in which they are given up: what says most about one pupil and least about the others comes first.
    let mut names: Vec<&'static str> = vec!["age", "school", "sex", "grade"];
    let mut codes = [&mut age.codes, &mut school.codes, &mut sex.codes, &mut grade.codes].map(std::mem::take).to_vec();
    if let Some(class) = &mut class {
        names.insert(0, "class");
        codes.insert(0, std::mem::take(&mut class.codes));
    }
    let taken = suppress(&mut codes, options.min_group);
    let suppressed = names.iter().zip(taken).map(|(column, rows)| Suppressed { column, rows }).collect::<Vec<_>>();
    let mut codes = codes.into_iter();
    let mut columns = Vec::new();
    let class = class.and_then(|class| codes.next().map(|codes| class.texts("class", &codes)));
    let mut next = || codes.next().unwrap_or_default();
    let (ages, schools, sexes, grades) = (next(), next(), next(), next());
    columns.push(school.texts("school", &schools));
    columns.extend(class);
    columns.push(grade.numbers("grade", &grades));
    columns.push(sex.texts("sex", &sexes));
    columns.push(age.numbers("age", &ages));
    Ok((columns, suppressed))
}

/// Values as numbers from 1 on, 0 where there is none.
struct Coded<T> {
    values: Vec<T>,
    codes: Vec<u32>,
}

impl<T: Clone + Eq + Hash> Coded<T> {
    fn of(cells: Vec<Option<T>>) -> Self {
        let mut known: HashMap<T, u32> = HashMap::new();
        let mut coded = Self { values: Vec::new(), codes: Vec::with_capacity(cells.len()) };
        for cell in cells {
            let code = cell.map_or(BLANK, |value| {
                *known.entry(value.clone()).or_insert_with(|| {
                    coded.values.push(value);
                    coded.values.len() as u32
                })
            });
            coded.codes.push(code);
        }
        coded
    }

    fn value(&self, code: u32) -> Option<&T> {
        self.values.get((code as usize).checked_sub(1)?)
    }
}

impl Coded<String> {
    fn texts(&self, name: &str, codes: &[u32]) -> Column {
        let texts: Vec<Option<&str>> = codes.iter().map(|code| self.value(*code).map(String::as_str)).collect();
        Column::new(name.into(), texts)
    }
}

impl Coded<u8> {
    fn numbers(&self, name: &str, codes: &[u32]) -> Column {
        let numbers: Vec<Option<u8>> = codes.iter().map(|code| self.value(*code).copied()).collect();
        Column::new(name.into(), numbers)
    }
}

/// Seconds spent on the sheet, where a platform says so.
fn duration(input: &JobInput, used: &[Used]) -> Result<Option<Column>, IoError> {
    let columns = of_batches(input, "duration_s", &DataType::Float64)?;
    if columns.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut seconds: Vec<Option<f64>> = Vec::with_capacity(used.len());
    for sheet in used {
        let found = columns.get(sheet.batch).and_then(Option::as_ref);
        let value = found.map(|series| series.f64().map(|numbers| numbers.get(sheet.row))).transpose();
        seconds.push(value.map_err(broken)?.flatten().filter(|time| (0.0..=LONGEST_DURATION).contains(time)));
    }
    Ok(Some(Column::new("duration_s".into(), seconds)))
}

/// The answers to one item. The kinds of missing stay apart; null means that the pupil's battery does not ask it.
fn answers(input: &JobInput, used: &[Used], name: &str, kind: ItemKind) -> Result<Column, IoError> {
    let of = |dtype: &DataType| of_batches(input, name, dtype);
    let column = PlSmallStr::from_str(name);
    match kind {
        ItemKind::Choice => {
            let series = of(&DataType::Int8)?;
            let batches: Vec<Option<&Int8Chunked>> =
                series.iter().map(|s| s.as_ref().and_then(|s| s.i8().ok())).collect();
            let answer = |sheet: &Used| {
                let codes = batches.get(sheet.batch).copied().flatten()?;
                Some(codes.get(sheet.row).unwrap_or(Missing::Skipped.code()))
            };
            Ok(Column::new(column, used.iter().map(answer).collect::<Vec<_>>()))
        }
        ItemKind::Number => {
            let series = of(&DataType::Float64)?;
            let batches: Vec<Option<&Float64Chunked>> =
                series.iter().map(|s| s.as_ref().and_then(|s| s.f64().ok())).collect();
            let answer = |sheet: &Used| batches.get(sheet.batch).copied().flatten()?.get(sheet.row);
            Ok(Column::new(column, used.iter().map(answer).collect::<Vec<_>>()))
        }
        ItemKind::Clock => {
            let series = of(&DataType::String)?;
            let batches: Vec<Option<&StringChunked>> =
                series.iter().map(|s| s.as_ref().and_then(|s| s.str().ok())).collect();
            let answer = |sheet: &Used| batches.get(sheet.batch).copied().flatten()?.get(sheet.row);
            Ok(Column::new(column, used.iter().map(answer).collect::<Vec<_>>()))
        }
    }
}

/// A column of every batch that has it, in one piece.
fn of_batches(input: &JobInput, name: &str, dtype: &DataType) -> Result<Vec<Option<Series>>, IoError> {
    let batches = input.batches.iter().map(|batch| batch.sheets.column(name).ok());
    let cast = |column: Option<&Column>| {
        column.map(|column| column.as_materialized_series().rechunk().cast(dtype)).transpose().map_err(broken)
    };
    batches.map(cast).collect()
}
