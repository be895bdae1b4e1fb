//! Reads records of JSON: one a line, one after the other, or in an array.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Deserializer, Map, Value as Json};

use super::builder::{Builder, HIDDEN};
use super::{Keep, ReadOptions, Table, fhir};
use crate::error::{IoError, Place, Problem};
use crate::words::words;

/// Bytes of a file; a document is held in memory as a whole, at many times its size.
const MOST_BYTES: u64 = 256 << 20;
/// Names under which interfaces hand out lists of records.
const WRAPPERS: [&str; 3] = ["data", "entry", "entries"];

/// Cells of one record by heading.
pub(super) type Record = IndexMap<String, Cell>;

/// A cell of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Blank,
    Number(f64),
    Text(String),
}

/// Whether a text is JSON: an object, or an array of objects.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let next = |text: &str| text.trim_start().chars().next();
    match text.chars().next() {
        Some('{') => matches!(next(text.get(1..).unwrap_or_default()), Some('"' | '}')),
        Some('[') => matches!(next(text.get(1..).unwrap_or_default()), Some('{' | ']')),
        _ => false,
    }
}

pub(super) fn read(name: &str, text: &str, options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    if text.len() as u64 > MOST_BYTES {
        let problem = Problem::new("file-too-large", Place::file(name)).with("size", text.len());
        return Err(problem.with("limit", MOST_BYTES).into());
    }
    // Once for the headings, which may first appear in any record, and once for the cells.
    let mut headings: IndexSet<String> = IndexSet::new();
    records(name, text, &mut |record| {
        // A name that is new stands behind the one before it in its record: what one record leaves out must not change
        // the order of the columns.
        let mut next = 0;
        for key in record.keys() {
            let at = headings.get_index_of(key).unwrap_or_else(|| {
                headings.shift_insert(next, key.clone());
                next
            });
            next = at + 1;
        }
        if headings.len() > options.limits.columns {
            let problem = Problem::new("too-many-columns", Place::file(name)).with("count", headings.len());
            return Err(problem.with("limit", options.limits.columns).into());
        }
        Ok(())
    })?;
    if headings.is_empty() {
        return Err(Problem::new("file-empty", Place::file(name)).into());
    }
    let mut builder = Builder::new(name, None, options.limits, Keep { head: None, ..keep });
    let titles: Vec<u32> = headings.iter().map(|heading| builder.interner.text(heading)).collect();
    builder.row(0, &titles)?;
    let mut cells = vec![0_u32; headings.len()];
    let mut row = 0_u32;
    records(name, text, &mut |record| {
        cells.fill(0);
        for (key, cell) in &record {
            let Some(column) = headings.get_index_of(key) else { continue };
            let id = match cell {
                Cell::Blank => 0,
                _ if !builder.keeps(column) => HIDDEN,
                Cell::Number(number) => builder.interner.number(*number),
                Cell::Text(text) => builder.interner.text(text),
            };
            if let Some(slot) = cells.get_mut(column) {
                *slot = id;
            }
        }
        row = row.saturating_add(1);
        builder.row(row, &cells)
    })?;
    builder.finish()
}

/// Hands over every record of a text.
fn records(name: &str, text: &str, visit: &mut dyn FnMut(Record) -> Result<(), IoError>) -> Result<(), IoError> {
    let text = text.trim_start_matches('\u{feff}');
    for value in Deserializer::from_str(text).into_iter::<Json>() {
        let value = value.map_err(|cause| {
            let place = Place { row: u32::try_from(cause.line()).ok(), ..Place::file(name) };
            Problem::new("json-broken", place).with("cause", &cause)
        })?;
        unwrap(name, value, visit)?;
    }
    Ok(())
}

fn unwrap(name: &str, value: Json, visit: &mut dyn FnMut(Record) -> Result<(), IoError>) -> Result<(), IoError> {
    match value {
        Json::Array(values) => values.into_iter().try_for_each(|value| unwrap(name, value, visit)),
        Json::Object(object) => {
            if let Some(resource) = object.get("resourceType").and_then(Json::as_str) {
                return match fhir::responses(resource, &object) {
                    Some(records) => records.into_iter().try_for_each(visit),
                    None => Err(Problem::new("json-resource", Place::file(name)).value(resource).into()),
                };
            }
            let wrapped =
                WRAPPERS.iter().find(|key| matches!(object.get(**key), Some(Json::Array(_) | Json::Object(_))));
            match wrapped {
                Some(key) => {
                    let inner = object.get(*key).cloned().unwrap_or_default();
                    unwrap(name, inner, visit)
                }
                None => visit(flat(&object)),
            }
        }
        other => {
            let shown = other.to_string();
            Err(Problem::new("json-no-record", Place::file(name)).value(shown).into())
        }
    }
}

/// The cells of an object; inner objects become `outer.inner`.
fn flat(object: &Map<String, Json>) -> Record {
    let mut record = Record::new();
    for (key, value) in object {
        put(&mut record, key.clone(), value);
    }
    record
}

fn put(record: &mut Record, key: String, value: &Json) {
    match value {
        Json::Null => {
            record.insert(key, Cell::Blank);
        }
        Json::Bool(truth) => {
            record.insert(key, Cell::Text(if *truth { "TRUE" } else { "FALSE" }.to_owned()));
        }
        Json::Number(number) => {
            record.insert(key, self::number(number));
        }
        Json::String(text) => {
            record.insert(key, Cell::Text(text.clone()));
        }
        Json::Array(values) if values.iter().all(|value| !value.is_object() && !value.is_array()) => {
            let words: Vec<String> = values.iter().filter(|value| !value.is_null()).map(plain).collect();
            record.insert(key, Cell::Text(join(&words)));
        }
        Json::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                put(record, format!("{key}.{at}"), value);
            }
        }
        Json::Object(object) => {
            for (inner, value) in object {
                put(record, format!("{key}.{inner}"), value);
            }
        }
    }
}

/// A number; an integer that a double cannot hold, such as a long id, stays text.
pub(super) fn number(number: &serde_json::Number) -> Cell {
    let exact = number.as_i64().is_none_or(|whole| whole.unsigned_abs() < 1 << 53)
        && !number.as_u64().is_some_and(|n| n >= 1 << 53);
    match number.as_f64() {
        Some(value) if exact && value.is_finite() => Cell::Number(value),
        _ => Cell::Text(number.to_string()),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Several chosen options as one text, as platforms write them.
pub(super) fn join(words_chosen: &[String]) -> String {
    words_chosen.join(words().special.several.first().map_or(";", String::as_str))
}

#[cfg(test)]
mod tests {
    use crate::table::{ReadOptions, Table, Value, read_table_bytes};

    fn read(text: &str) -> Result<Table, crate::IoError> {
        read_table_bytes("a.json", text.as_bytes(), &ReadOptions::default())
    }

    #[test]
    fn records_in_every_arrangement() {
        let lines = "{\"a\":1,\"b\":\"x\"}\n\n{\"b\":\"y\",\"c\":{\"d\":[\"p\",\"q\"]}}\n";
        let array = "[{\"a\":1,\"b\":\"x\"},{\"b\":\"y\",\"c\":{\"d\":[\"p\",\"q\"]}}]";
        let wrapped = format!("{{\"total\":2,\"data\":{array}}}");
        for text in [lines, array, wrapped.as_str()] {
            let table = read(text).unwrap();
            assert_eq!(table.headings(), ["a", "b", "c.d"], "{text}");
            assert_eq!(table.cell(0, 0), &Value::Number(1.0));
            assert_eq!(table.cell(1, 0), &Value::Blank);
            assert_eq!(table.cell(1, 2), &Value::Text("p┋q".into()));
            assert_eq!(table.source_rows(), [1, 2]);
        }
    }

    #[test]
    fn long_ids_keep_their_digits() {
        let table = read("{\"id\":20240101000000012345,\"n\":9007199254740993,\"m\":12}").unwrap();
        assert_eq!(table.cell(0, 1), &Value::Text("9007199254740993".into()));
        assert_eq!(table.cell(0, 2), &Value::Number(12.0));
    }

    #[test]
    fn broken_json_is_refused_with_its_line() {
        let error = read("{\"a\":1}\n{\"a\":").unwrap_err();
        assert_eq!((error.id(), error.problem().place.row), ("json-broken", Some(2)));
        assert_eq!(read("[{}, 3]").unwrap_err().id(), "json-no-record");
        assert_eq!(read("[{\"a\":1,\"c\":3},{\"a\":1,\"b\":2,\"c\":3}]").unwrap().headings(), ["a", "b", "c"]);
        assert_eq!(read("{}").unwrap_err().id(), "file-empty");
        assert_eq!(read("{\"resourceType\":\"Patient\"}").unwrap_err().id(), "json-resource");
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(read(&deep).unwrap_err().id(), "json-broken");
    }
}
