//! Finds the item columns of an instrument by name, and refuses what does not fit.

use std::collections::HashMap;

use indexmap::IndexMap;
use screening_core::instrument::Definition;

use super::{ColumnNames, TablePart};
use crate::error::{IoError, Problem};
use crate::table::Table;

/// The columns of an instrument in the order of its items.
pub(super) fn find_items(table: &Table, part: &TablePart<'_>) -> Result<Vec<usize>, IoError> {
    let definition = part.definition;
    let problem = |id| Problem::new(id, table.place()).with("instrument", &definition.id);
    if let ColumnNames::Mapping(mapping) = &part.names {
        check_mapping(table, definition, mapping)?;
    }
    let positions: HashMap<&str, usize> =
        table.headings().iter().enumerate().map(|(position, heading)| (heading.as_str(), position)).collect();
    let mut found = Vec::with_capacity(definition.items.len());
    let mut missing = Vec::new();
    for item in &definition.items {
        let name = part.names.of(definition, &item.id);
        match name.as_deref().and_then(|name| positions.get(name)) {
            Some(position) => found.push(*position),
            None => missing.push(name.unwrap_or_else(|| item.id.clone())),
        }
    }
    if found.is_empty() {
        return Err(problem("table-no-items").with("example", missing.first().cloned().unwrap_or_default()).into());
    }
    if !missing.is_empty() {
        let shown: Vec<String> = missing.iter().take(8).cloned().collect();
        let problem = problem("table-items-missing").with("count", missing.len());
        return Err(problem.with("columns", shown.join(", ")).into());
    }
    if part.names == ColumnNames::Canonical {
        no_unknown_items(table, definition, &found)?;
    }
    Ok(found)
}

/// A column such as `phq-9.10` is a mistake somebody should know of; `phq-9.total` is a result of an earlier run.
fn no_unknown_items(table: &Table, definition: &Definition, found: &[usize]) -> Result<(), IoError> {
    let prefix = format!("{}.", definition.id);
    for (position, heading) in table.headings().iter().enumerate() {
        let Some(item) = heading.strip_prefix(&prefix) else {
            continue;
        };
        let like_an_item = !item.is_empty() && item.bytes().all(|b| b.is_ascii_digit());
        if like_an_item && !found.contains(&position) {
            let problem = Problem::new("table-unknown-item", table.column_place(position));
            return Err(problem.with("instrument", &definition.id).into());
        }
    }
    Ok(())
}

fn check_mapping(table: &Table, definition: &Definition, mapping: &IndexMap<String, String>) -> Result<(), IoError> {
    let mut users: HashMap<&str, &str> = HashMap::new();
    for (item, wanted) in mapping {
        let problem = |id| {
            let problem = Problem::new(id, table.place()).with("instrument", &definition.id);
            problem.with("item", item).with("wanted", wanted)
        };
        if !definition.items.iter().any(|known| known.id == *item) {
            return Err(problem("mapping-unknown-item").into());
        }
        if table.position(wanted).is_none() {
            return Err(problem("mapping-unknown-column").into());
        }
        if let Some(first) = users.insert(wanted, item) {
            return Err(problem("mapping-column-twice").with("first", first).with("second", item).into());
        }
    }
    Ok(())
}
