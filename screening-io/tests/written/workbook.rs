//! Tables as workbooks.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use polars::prelude::*;
use screening_io::output::write_table;
use screening_io::{ReadOptions, Value, read_table};

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn frame() -> DataFrame {
    let days = Column::new("administered_on".into(), [Some(20_710), None]).cast(&DataType::Date).unwrap();
    let mut frame = df![
        "student_id" => ["0012345678901234567", "=1+1"],
        "school" => [Some("第一实验中学"), None],
        "phq-9.total" => [Some(3.5), Some(f64::NAN)],
        "grade" => [Some(7_u8), None],
        "phq-9.flag.x" => [Some(true), Some(false)],
        "big" => [i64::MAX, 5],
    ]
    .unwrap();
    frame.with_column(days).unwrap();
    frame
}

#[test]
fn cells_have_types_and_headings_stay_in_view() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.xlsx");
    let facts = [("instrument".to_owned(), "phq-9@1".to_owned()), ("long".to_owned(), "很".repeat(300))];
    write_table(&path, &frame(), &facts).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut workbook = Xlsx::new(Cursor::new(bytes.as_slice())).unwrap();
    assert_eq!(workbook.sheet_names().len(), 1);
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let row =
        |row: u32| -> Vec<Data> { (0..7).map(|c| range.get_value((row, c)).cloned().unwrap_or(Data::Empty)).collect() };
    let text = |text: &str| Data::String(text.to_owned());
    let first = row(1);
    assert_eq!(
        first[..6],
        [
            text("0012345678901234567"),
            text("第一实验中学"),
            Data::Float(3.5),
            Data::Float(7.0),
            Data::Bool(true),
            text("9223372036854775807"),
        ]
    );
    assert!(matches!(&first[6], Data::DateTime(day) if day.as_f64() == 46_279.0), "{:?}", first[6]);
    // Text that looks like a formula is text; what is not known is blank.
    let second = row(2);
    assert_eq!(second[..5], [text("=1+1"), Data::Empty, Data::Empty, Data::Empty, Data::Bool(false)]);
    assert_eq!(second[6], Data::Empty);

    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    // The row of the headings and the column with the student id stay in view.
    assert!(sheet.contains(r#"<pane xSplit="1" ySplit="1""#), "{sheet}");
    assert!(sheet.contains(r#"<autoFilter ref="A1:G3"/>"#) && sheet.contains("<cols>"));
    assert!(!sheet.contains("<f>"));
    assert!(part(&bytes, "xl/styles.xml").contains("Microsoft YaHei"));
    let note = part(&bytes, "xl/comments1.xml");
    assert!(note.contains("本文件未加密") && note.contains("not encrypted"), "{note}");
    let properties = part(&bytes, "docProps/custom.xml");
    assert!(properties.contains("phq-9@1") && properties.contains('…'), "{properties}");
    write_table(&path, &frame(), &facts).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same frame gives the same bytes");
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.xlsx");
    write_table(&path, &frame(), &[]).unwrap();
    let table = read_table(&path, &ReadOptions::default()).unwrap();
    assert_eq!(table.headings()[..3], ["student_id", "school", "phq-9.total"]);
    assert_eq!(table.cell(0, 0), &Value::Text("0012345678901234567".into()));
    assert_eq!(table.cell(0, 6), &Value::Date(46_279.0));
}

#[test]
fn too_many_rows_are_refused_before_a_file_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let long = DataFrame::new(200_001, vec![Column::new("a".into(), vec![0_u8; 200_001])]).unwrap();
    let error = write_table(&folder.path().join("a.xlsx"), &long, &[]).unwrap_err();
    assert_eq!(error.id(), "output-workbook-size");
    assert!(error.to_string().contains("parquet"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
