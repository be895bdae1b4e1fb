//! Reads the answer files of a district back into codes.

use std::collections::HashMap;
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use polars::prelude::{AnyValue, ParquetReader, SerReader};
use screening_core::instrument::model::{Definition, ItemDef, ItemKind};

use crate::example::{AnswerFile, Summary};

/// One cell, whatever its file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    Blank,
    Wrong,
    Code(i64),
    Text(String),
}

pub(super) struct Row {
    pub(super) battery: String,
    pub(super) canonical: bool,
    pub(super) student_id: String,
    pub(super) seconds: u32,
    pub(super) cells: Vec<Read>,
}

/// The items of a battery in order: instrument, item.
pub(super) fn items<'a>(
    battery: &str,
    job: &toml::Table,
    definitions: &'a HashMap<String, Definition>,
) -> Vec<(&'a Definition, &'a ItemDef)> {
    let batteries = job["batteries"].as_array().expect("batteries");
    let found = batteries.iter().find(|b| b["id"].as_str() == Some(battery)).expect("a battery of the job");
    let ids = found["instruments"].as_array().expect("instruments").iter().filter_map(|id| id.as_str());
    ids.flat_map(|id| definitions[id].items.iter().map(move |item| (&definitions[id], item))).collect()
}

pub(super) fn job(folder: &Path) -> toml::Table {
    let text = std::fs::read_to_string(folder.join("screening.toml")).expect("a job file");
    toml::from_str(&text).expect("a job file that reads")
}

pub(super) fn roster(folder: &Path) -> Vec<HashMap<String, String>> {
    let bytes = std::fs::read(folder.join("roster.csv")).expect("a roster");
    let text = std::str::from_utf8(&bytes).expect("utf-8").strip_prefix('\u{feff}').expect("a byte order mark");
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
}

pub(super) fn sheets(folder: &Path, summary: &Summary, definitions: &HashMap<String, Definition>) -> Vec<Row> {
    let job = job(folder);
    summary.files.iter().flat_map(|file| rows(folder, file, &job, definitions)).collect()
}

fn rows(folder: &Path, file: &AnswerFile, job: &toml::Table, definitions: &HashMap<String, Definition>) -> Vec<Row> {
    let items = items(&file.battery, job, definitions);
    let path = folder.join(&file.file);
    let table = match path.extension().and_then(|e| e.to_str()) {
        Some("xlsx") => xlsx(&path),
        Some("csv") => csv_table(&path),
        _ => parquet(&path),
    };
    let canonical = file.format == "canonical";
    let first_item = if canonical { 2 } else { 7 };
    assert_eq!(table[0].len(), first_item + items.len(), "{}", file.file);
    if canonical {
        let names = items.iter().map(|(definition, item)| format!("{}.{}", definition.id, item.id));
        assert_eq!(table[0][2..], names.collect::<Vec<_>>());
    } else {
        assert_eq!(table[0][6], "1、学号");
        assert_eq!(table[0][7], format!("2、{}", items[0].1.label.zh_cn));
    }
    let read = |row: &Vec<String>| Row {
        battery: file.battery.clone(),
        canonical,
        student_id: row[if canonical { 0 } else { 6 }].clone(),
        seconds: if canonical { 0 } else { row[2].trim_end_matches('秒').parse().expect("seconds") },
        cells: items
            .iter()
            .zip(&row[first_item..])
            .map(|((definition, item), text)| cell(definition, item, text, file.coding))
            .collect(),
    };
    table[1..].iter().map(read).collect()
}

fn cell(definition: &Definition, item: &ItemDef, text: &str, coding: Option<&str>) -> Read {
    if matches!(text, "" | "(空)" | "-2") {
        return Read::Blank;
    }
    if item.kind != ItemKind::Choice {
        return if matches!(text, "25:70" | "看不清" | "-1") { Read::Wrong } else { Read::Text(text.to_owned()) };
    }
    let options = &definition.option_sets[item.options.as_deref().unwrap_or("default")];
    let found = match coding {
        Some("text") => options.iter().find(|option| option.label.zh_cn == text),
        Some("ordinal") => text.parse::<usize>().ok().and_then(|place| options.get(place.checked_sub(1)?)),
        _ => options.iter().find(|option| option.code.to_string() == text),
    };
    found.map_or(Read::Wrong, |option| Read::Code(i64::from(option.code)))
}

fn xlsx(path: &Path) -> Vec<Vec<String>> {
    let mut workbook: Xlsx<_> = open_workbook(path).expect("a workbook");
    let range = workbook.worksheet_range_at(0).expect("a sheet").expect("a sheet that reads");
    let text = |data: &Data| match data {
        Data::String(text) => text.clone(),
        Data::Float(number) => format!("{number:.0}"),
        Data::Int(number) => number.to_string(),
        _ => String::new(),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

fn csv_table(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).expect("a csv file");
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn parquet(path: &Path) -> Vec<Vec<String>> {
    let frame = ParquetReader::new(std::fs::File::open(path).expect("a file")).finish().expect("a frame");
    let header = frame.get_column_names().iter().map(ToString::to_string).collect();
    let text = |value: AnyValue<'_>| match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => text.to_owned(),
        other => other.to_string(),
    };
    let row = |index| frame.columns().iter().map(|column| text(column.get(index).expect("a cell"))).collect();
    std::iter::once(header).chain((0..frame.height()).map(row)).collect()
}
