//! SPSS system files: those of another program are read, and what is written says what it should.

mod common;

use common::{FROM_ZERO, codes, instrument, texts};
use polars::prelude::*;
use screening_core::instrument::Language;
use screening_io::sav::{Dictionary, Measure, MissingValues, Variable, write_sav};
use screening_io::{
    Coding, ColumnNames, ReadOptions, RosterOptions, Table, TablePart, TableSpec, Value, read_answers_bytes,
    read_roster_bytes, read_table_bytes,
};

fn read(bytes: &[u8]) -> Result<Table, screening_io::IoError> {
    read_table_bytes("a.sav", bytes, &ReadOptions::default())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Both files were written with ReadStat, one plain and one byte-compressed.
#[test]
fn files_of_another_program() {
    for bytes in [&include_bytes!("data/readstat.sav")[..], include_bytes!("data/readstat-compressed.sav")] {
        let table = read(bytes).unwrap();
        let headings = ["student_id", "phq9_item_number_one", "score", "school", "day", "kind"];
        assert_eq!(table.headings(), headings);
        assert_eq!((table.height(), table.source_row(0)), (4, Some(2)));
        let column = |column: usize| -> Vec<Value> { (0..4).map(|row| table.cell(row, column).clone()).collect() };
        assert_eq!(column(0)[0], text("20240001"));
        assert_eq!(column(2), [1.5, -2.25, 1e10, 200.0].map(Value::Number));
        assert_eq!(column(3), [text("第一中学"), text("B"), Value::Blank, text(&"很长的校名".repeat(60))]);
        let day = Value::Date(46_279.0);
        assert_eq!(column(4), [day.clone(), Value::Date(36_161.0), Value::Blank, day]);
        // The codes of this engine for kinds of missing are kept, also where the file calls them missing.
        assert_eq!(column(5), [-127.0, -126.0, -125.0, 1.0].map(Value::Number));
    }
    let table = read(include_bytes!("data/readstat.sav")).unwrap();
    let item: Vec<Value> = (0..4).map(|row| table.cell(row, 1).clone()).collect();
    assert_eq!(item, [Value::Number(0.0), Value::Number(3.0), Value::Blank, Value::Blank], "9 is a missing value");
}

/// Class lists that xlwt and odfpy wrote.
#[test]
fn workbooks_of_other_programs() {
    for bytes in [&include_bytes!("data/xlwt.xls")[..], include_bytes!("data/odfpy.ods")] {
        let roster = read_roster_bytes("r", bytes, &RosterOptions::default()).unwrap();
        assert_eq!(texts(&roster.frame, "student_id"), [Some("G1".into()), Some("20240002".into())]);
        assert_eq!(texts(&roster.frame, "class"), [Some("初一(1)班".into()), Some("初一(1)班".into())]);
        let days = roster.frame.column("birth_date").unwrap().cast(&DataType::Int32).unwrap();
        assert_eq!(days.i32().unwrap().iter().collect::<Vec<_>>(), [Some(15_826), Some(15_827)]);
    }
}

fn frame() -> DataFrame {
    let days = Column::new("administered_on".into(), [Some(20_710), None, Some(20_711)]).cast(&DataType::Date).unwrap();
    let mut frame = df![
        "student_id" => ["1", "2", "3"],
        "mood.1" => [Some(0_i8), Some(-126), None],
        "mood.2" => [Some(3_i8), Some(1), Some(-125)],
        "mood.total" => [Some(3.0), None, Some(0.1)],
        "reasons" => [Some("理由".repeat(200)), None, Some("x".repeat(255))],
        "mood.flag.x" => [Some(true), None, Some(false)],
    ]
    .unwrap();
    frame.with_column(days).unwrap();
    frame
}

#[test]
fn what_is_written_is_read_back() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let mut bytes = Vec::new();
    write_sav(&mut bytes, &frame(), &Dictionary::of(&[&mood], Language::ZhCn)).unwrap();
    let table = read(&bytes).unwrap();
    let headings = ["student_id", "mood.1", "mood.2", "mood.total", "reasons", "mood.flag.x", "administered_on"];
    assert_eq!(table.headings(), headings);
    assert_eq!(table.cell(0, 4), &text(&"理由".repeat(200)));
    assert_eq!(table.cell(2, 4), &text(&"x".repeat(255)));
    assert_eq!([table.cell(0, 5), table.cell(1, 5)], [&Value::Number(1.0), &Value::Blank]);
    assert_eq!(table.cell(0, 6), &Value::Date(46_279.0));
    let part = TablePart { coding: Some(Coding::Score), ..TablePart::new(&mood, ColumnNames::Canonical) };
    let set = read_answers_bytes("a.sav", &bytes, &TableSpec { parts: vec![part], ..TableSpec::default() }).unwrap();
    assert_eq!(codes(&set.frame, "mood.1"), [Some(0), Some(-126), None]);
    assert_eq!(codes(&set.frame, "mood.2"), [Some(3), Some(1), Some(-125)]);
    let mut again = Vec::new();
    write_sav(&mut again, &frame(), &Dictionary::of(&[&mood], Language::ZhCn)).unwrap();
    assert_eq!(bytes, again, "the same frame gives the same bytes");
}

#[test]
fn records_stand_where_the_format_wants_them() {
    let frame = df!["a" => [1_i32, 300], "b" => ["x", "y"]].unwrap();
    let mut dictionary = Dictionary::default();
    let variable = Variable {
        label: "甲".into(),
        values: vec![(1.0, "one".into())],
        missing: MissingValues::Range(8.0, 9.0),
        measure: Some(Measure::Ordinal),
    };
    dictionary.insert("a", variable);
    let mut bytes = Vec::new();
    write_sav(&mut bytes, &frame, &dictionary).unwrap();
    let integer = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    // Header: layout 2, two elements a case, byte compression, no weight, two cases; bias 100.
    assert_eq!([64, 68, 72, 76, 80].map(integer), [2, 2, 1, 0, 2]);
    assert_eq!(&bytes[84..92], 100.0_f64.to_le_bytes());
    // First variable: a number with a label and a range of missing values.
    assert_eq!([176, 180, 184, 188].map(integer), [2, 0, 1, -2]);
    assert_eq!((&bytes[200..208], integer(208), &bytes[212..216]), (&b"V0000001"[..], 3, "甲 ".as_bytes()));
    assert_eq!((&bytes[216..224], &bytes[224..232]), (&8.0_f64.to_le_bytes()[..], &9.0_f64.to_le_bytes()[..]));
    // Second variable: a string of one byte.
    assert_eq!([232, 236, 240, 244].map(integer), [2, 1, 1, 0]);
    // Value labels and the variable that they belong to.
    let at = 232 + 32 + 4 + 4;
    assert_eq!((integer(at), integer(at + 4), bytes[at + 16], &bytes[at + 17..at + 20]), (3, 1, 3, &b"one"[..]));
    assert_eq!([24, 28, 32].map(|more| integer(at + more)), [4, 1, 1]);
    // Cases: 1, raw "x", raw 300, raw "y", end.
    let cases = &bytes[bytes.len() - 32..];
    assert_eq!(cases[..8], [101, 253, 253, 253, 252, 0, 0, 0]);
    assert_eq!((&cases[8..16], &cases[16..24]), (&b"x       "[..], &300.0_f64.to_le_bytes()[..]));
}

#[test]
fn damaged_files_are_refused() {
    let bytes = include_bytes!("data/readstat.sav");
    for cut in [4, 100, 176, 400, 900, bytes.len() - 3] {
        let error = read(&bytes[..cut]).unwrap_err();
        assert!(matches!(error.id(), "sav-broken"), "{cut}: {error}");
    }
    assert_eq!(read(b"$FL3@(#) SPSS").unwrap_err().id(), "sav-zipped");
    // A width beyond all strings.
    let mut wide = bytes.to_vec();
    wide[180..184].copy_from_slice(&1_000_000_i32.to_le_bytes());
    assert_eq!(read(&wide).unwrap_err().id(), "sav-broken");
}
