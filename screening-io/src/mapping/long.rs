//! From one row an answer to one row a sheet.

use std::collections::HashMap;

use super::read::{Part, position};
use super::{LongColumns, Mapping};
use crate::error::{IoError, Problem};
use crate::table::{Table, Wide};
use crate::words::normal;

/// The wide table, the columns of each instrument in it, and the questions that no instrument has.
pub(super) fn widen(
    table: Table,
    mapping: &Mapping,
    columns: &LongColumns,
    parts: &[Part<'_>],
) -> Result<(Table, Vec<Vec<usize>>, Vec<String>), IoError> {
    let item = position(&table, &columns.item, "[long]", "item")?;
    let answer = position(&table, &columns.answer, "[long]", "answer")?;
    let instrument =
        columns.instrument.as_ref().map(|name| position(&table, name, "[long]", "instrument")).transpose()?;
    let about = about_the_sheet(&table, mapping)?;
    let slots = slots(parts, instrument.is_some());
    let mut wide =
        Wide::new(&table, &about, parts.iter().flat_map(|part| part.names.iter().map(String::as_str)), answer);
    let mut rows: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut unknown: Vec<String> = Vec::new();
    for row in 0..table.height() {
        let key: Vec<u32> = about.iter().map(|column| table.cells(*column).get(row).copied().unwrap_or(0)).collect();
        let next = rows.len();
        let sheet = *rows.entry(key).or_insert(next);
        if sheet == next {
            wide.begin_row(&table, &about, row);
        }
        let word = normal(&table.cell(row, item).to_text());
        let of = instrument.map_or_else(String::new, |column| normal(&table.cell(row, column).to_text()));
        let Some(&slot) = slots.get(&(of.clone(), word.clone())) else {
            let shown = if of.is_empty() { word } else { format!("{of}: {word}") };
            if !unknown.contains(&shown) && unknown.len() < 1_000 {
                unknown.push(shown);
            }
            continue;
        };
        if let Some(first) = wide.put(&table, sheet, slot, row) {
            let problem =
                Problem::new("long-twice", table.cell_place(row, answer)).value(table.cell(row, answer).to_text());
            return Err(problem.with("first", first).with("item", table.cell(row, item).to_text()).into());
        }
    }
    let width = about.len();
    let wide = wide.finish(table);
    let mut next = width;
    let columns_of = parts
        .iter()
        .map(|part| {
            let own = next..next + part.names.len();
            next = own.end;
            own.collect()
        })
        .collect();
    Ok((wide, columns_of, unknown))
}

/// The columns that are the same in all rows of a sheet; together they identify it.
fn about_the_sheet(table: &Table, mapping: &Mapping) -> Result<Vec<usize>, IoError> {
    let sheet = [&mapping.sheet.id, &mapping.sheet.submitted, &mapping.sheet.duration];
    let named = mapping.person.values().chain(sheet.into_iter().flatten());
    named.map(|heading| position(table, heading, heading, "")).collect()
}

/// Place of each item among all items, by what the table calls its instrument and itself.
fn slots(parts: &[Part<'_>], by_instrument: bool) -> HashMap<(String, String), usize> {
    let mut slots = HashMap::new();
    for part in parts {
        let name = part.mapped.name.as_deref().unwrap_or(&part.definition.id);
        let of = if by_instrument { normal(name) } else { String::new() };
        for word in &part.names {
            let next = slots.len();
            slots.insert((of.clone(), normal(word)), next);
        }
    }
    slots
}
