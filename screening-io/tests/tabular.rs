//! Plain tables of answers.

mod common;
mod exports;

use common::{FROM_ZERO, codes, csv_bytes, instrument, texts, xlsx_bytes};
use exports::{Wave, files};
use indexmap::IndexMap;
use polars::prelude::*;
use screening_core::instrument::Definition;
use screening_io::{
    AnswerSet, Coding, ColumnNames, FoundBy, Ground, IoError, TablePart, TableSpec, read_answers_bytes,
};

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn read(bytes: &[u8], definition: &Definition, names: ColumnNames) -> Result<AnswerSet, IoError> {
    let spec = TableSpec { parts: vec![TablePart::new(definition, names)], ..TableSpec::default() };
    read_answers_bytes("t", bytes, &spec)
}

fn canonical() -> Vec<Vec<String>> {
    rows(&[
        &["student_id", "mood.1", "mood.2", "grade", "note"],
        &["s1", "0", "3", "7", "x"],
        &["s2", "", "-127", "8", ""],
        &["s3", "1", "9", "9", "y"],
        &["s4", "2", "0", "9", "z"],
    ])
}

#[test]
fn csv_xlsx_and_parquet_with_canonical_columns() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let mut frame = df!(
        "student_id" => ["s1", "s2", "s3", "s4"],
        "mood.1" => [Some(0_i32), None, Some(1), Some(2)],
        "mood.2" => [3_i8, -127, 9, 0],
        "grade" => [7_u8, 8, 9, 9],
        "note" => [Some("x"), None, Some("y"), Some("z")],
    )
    .unwrap();
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
    let files = [csv_bytes(&canonical()), xlsx_bytes(&canonical()), parquet];
    let mut frames = Vec::new();
    for bytes in &files {
        let answers = read(bytes, &mood, ColumnNames::Canonical).unwrap();
        assert_eq!(codes(&answers.frame, "mood.1"), [Some(0), None, Some(1), Some(2)]);
        assert_eq!(codes(&answers.frame, "mood.2"), [Some(3), Some(-127), Some(-125), Some(0)]);
        assert_eq!(answers.rejected.len(), 1);
        assert_eq!(answers.rejected[0].problem.place.row, Some(4));
        assert_eq!(texts(&answers.frame, "note")[0].as_deref(), Some("x"));
        frames.push(answers.frame);
    }
    assert!(frames.iter().all(|frame| frame.equals_missing(&frames[0])), "{frames:?}");
}

#[test]
fn what_is_written_is_read_again() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let mut first = read(&csv_bytes(&canonical()), &mood, ColumnNames::Canonical).unwrap();
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut first.frame).unwrap();
    let again = read(&parquet, &mood, ColumnNames::Canonical).unwrap();
    assert_eq!(codes(&again.frame, "mood.2"), codes(&first.frame, "mood.2"));
    assert!(again.rejected.is_empty());
    assert_eq!(again.ignored, ["source_file", "source_row"]);
}

#[test]
fn prefixes_and_mappings() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let bytes = csv_bytes(&rows(&[&["id", "Q1", "Q2"], &["a", "0", "3"], &["b", "1", "2"]]));
    let by_prefix = read(&bytes, &mood, ColumnNames::Prefix("Q".into())).unwrap();
    assert_eq!(by_prefix.codings[0].ground, Ground::Answers);
    let mapping: IndexMap<String, String> = [("1", "Q2"), ("2", "Q1")].map(|(a, b)| (a.into(), b.into())).into();
    let by_mapping = read(&bytes, &mood, ColumnNames::Mapping(mapping)).unwrap();
    assert_eq!(codes(&by_mapping.frame, "mood.1"), codes(&by_prefix.frame, "mood.2"));
    assert_eq!(texts(&by_prefix.frame, "id")[1].as_deref(), Some("b"));
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let id = |headings: &[&str], names: ColumnNames| {
        let values: Vec<&str> = headings.iter().map(|_| "1").collect();
        read(&csv_bytes(&rows(&[headings, &values])), &mood, names).unwrap_err().id()
    };
    let map = |pairs: &[(&str, &str)]| {
        ColumnNames::Mapping(pairs.iter().map(|(item, column)| ((*item).to_owned(), (*column).to_owned())).collect())
    };
    assert_eq!(id(&["a"], ColumnNames::Canonical), "table-no-items");
    assert_eq!(id(&["mood.1"], ColumnNames::Canonical), "table-items-missing");
    assert_eq!(id(&["mood.1", "mood.2", "mood.3"], ColumnNames::Canonical), "table-unknown-item");
    assert_eq!(id(&["a", "b"], map(&[("1", "a"), ("3", "b")])), "mapping-unknown-item");
    assert_eq!(id(&["a", "b"], map(&[("1", "a"), ("2", "c")])), "mapping-unknown-column");
    assert_eq!(id(&["a", "b"], map(&[("1", "a"), ("2", "a")])), "mapping-column-twice");
    assert_eq!(id(&["a", "b"], map(&[("1", "a")])), "table-items-missing");
}

#[test]
fn a_shifted_canonical_table_is_refused() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let bytes = csv_bytes(&rows(&[&["mood.1", "mood.2"], &["1", "4"], &["2", "3"]]));
    assert_eq!(read(&bytes, &mood, ColumnNames::Canonical).unwrap_err().id(), "coding-shifted");
    let mut part = TablePart::new(&mood, ColumnNames::Canonical);
    part.coding = Some(Coding::Ordinal);
    let spec = TableSpec { parts: vec![part], ..TableSpec::default() };
    let answers = read_answers_bytes("t", &bytes, &spec).unwrap();
    assert_eq!(codes(&answers.frame, "mood.2"), [Some(3), Some(2)]);
}

#[test]
fn rows_without_an_id_are_kept_unless_ids_are_needed() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let bytes = csv_bytes(&rows(&[&["student_id", "mood.1", "mood.2"], &["", "0", "3"], &["b", "1", "2"]]));
    assert_eq!(read(&bytes, &mood, ColumnNames::Canonical).unwrap().frame.height(), 2);
    let parts = vec![TablePart::new(&mood, ColumnNames::Canonical)];
    let spec = TableSpec { parts, needs_student_id: true, ..TableSpec::default() };
    let answers = read_answers_bytes("t", &bytes, &spec).unwrap();
    assert_eq!((answers.rows_in, answers.frame.height(), answers.rows_rejected()), (2, 1, 1));
}

/// A table with canonical headings, person columns and answers, in every kind of file.
#[test]
fn canonical_tables_in_every_kind_of_file() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(14, 20, 9, &[(&mood, &FROM_ZERO)]);
    for coding in Coding::ALL {
        let mut rows = vec![vec!["student_id".to_owned(), "class".to_owned()]];
        rows[0].extend((1..=9).map(|item| format!("mood.{item}")));
        for sheet in 0..wave.sheets() {
            // A letter keeps the ids texts in every kind of file.
            let mut row = vec![format!("G{}", wave.ids[sheet]), wave.classes[sheet].clone()];
            row.extend(wave.answers(sheet, coding, str::to_owned, ""));
            rows.push(row);
        }
        let kinds = [
            ("csv", files::csv_bytes(&rows)),
            ("tsv", files::tsv(&rows)),
            ("xlsx", files::xlsx_bytes(&rows)),
            ("xls", files::xls(&rows)),
            ("ods", files::ods(&rows)),
            ("ndjson", files::ndjson(&rows)),
            ("parquet", files::parquet(&rows)),
            ("sav", files::sav(&rows, false)),
            ("sav of the other byte order", files::sav(&rows, true)),
        ];
        for (kind, bytes) in kinds {
            let part = TablePart { coding: Some(coding), ..TablePart::new(&mood, ColumnNames::Canonical) };
            let table = TableSpec { parts: vec![part], needs_student_id: true, ..TableSpec::default() };
            let set = read_answers_bytes("a", &bytes, &table).unwrap_or_else(|e| panic!("{kind} {coding:?}: {e}"));
            assert!(set.rejected.is_empty(), "{kind} {coding:?}: {:?}", set.rejected);
            let ids: Vec<Option<String>> = wave.ids.iter().map(|id| Some(format!("G{id}"))).collect();
            assert_eq!(texts(&set.frame, "student_id"), ids, "{kind} {coding:?}");
            assert_eq!(texts(&set.frame, "class")[1].as_deref(), Some("初一2班"), "{kind} {coding:?}");
            for item in 0..9 {
                let expected: Vec<Option<i8>> = wave.asked[0].codes.iter().map(|sheet| sheet[item]).collect();
                assert_eq!(codes(&set.frame, &format!("mood.{}", item + 1)), expected, "{kind} {coding:?}");
            }
            assert_eq!(set.codings[0].found_by, FoundBy::Name);
        }
    }
}
