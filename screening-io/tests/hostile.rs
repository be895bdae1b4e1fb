//! Files that are broken, or made to break the reader: a clear refusal, never a panic.

mod common;
mod exports;

use std::fmt::Write as _;
use std::io::Write as _;

use common::{FROM_ZERO, csv_bytes, headings, instrument, sheet, xlsx_bytes};
use rust_xlsxwriter::{Format, Workbook};
use screening_io::{
    InstrumentPart, IoError, Limits, ReadOptions, RosterOptions, SurveySpec, read_roster_bytes, read_survey_bytes,
    read_table, read_table_bytes,
};
use zip::write::SimpleFileOptions;

fn read(name: &str, bytes: &[u8]) -> Result<screening_io::Table, IoError> {
    read_table_bytes(name, bytes, &ReadOptions::default())
}

fn id(bytes: &[u8]) -> &'static str {
    read("a", bytes).unwrap_err().id()
}

#[test]
fn empty_and_foreign_files() {
    assert_eq!(id(b""), "file-empty");
    assert_eq!(id(b"\xef\xbb\xbf"), "file-empty");
    assert_eq!(id(b"PK\x05\x06"), "xlsx-broken");
    assert_eq!(id(b"PK\x03\x04 and then nothing"), "xlsx-broken");
    assert_eq!(id(b"PAR1 and then nothing"), "parquet-broken");
    assert_eq!(id(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), "xlsx-broken");
    assert_eq!(id(b"\x7fELF\x01\x00\x00"), "file-kind");
    let mut empty = Workbook::new();
    empty.add_worksheet();
    assert_eq!(id(&empty.save_to_buffer().unwrap()), "file-empty");
    let missing = read_table(std::path::Path::new("no/such/file.csv"), &ReadOptions::default()).unwrap_err();
    assert_eq!(missing.id(), "file-unreadable");
}

#[test]
fn a_truncated_workbook_is_refused() {
    let bytes = xlsx_bytes(&[headings(4), sheet(1, "1", &["0".into(), "1".into(), "2".into(), "3".into()])]);
    for length in (4..bytes.len()).step_by(97) {
        assert_eq!(id(&bytes[..length]), "xlsx-broken");
    }
}

#[test]
fn merged_headings_are_refused_with_their_place() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.merge_range(0, 0, 0, 2, "2026 名册", &Format::new()).unwrap();
    sheet.write_row(1, 0, ["学号", "姓名", "班级"]).unwrap();
    sheet.write_row(2, 0, ["1", "甲", "1"]).unwrap();
    let error = read("名册.xlsx", &workbook.save_to_buffer().unwrap()).unwrap_err();
    assert_eq!(error.id(), "xlsx-merged");
    insta::assert_snapshot!("merged_heading", error.to_string());
}

#[test]
fn text_in_a_number_cell_is_one_rejected_cell() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let mut rows = vec![headings(4)];
    for n in 0..10 {
        rows.push(sheet(n, &n.to_string(), &["0".into(), "1".into(), "2".into(), "3".into()]));
    }
    rows[3][10] = "about two".into();
    let spec = SurveySpec { instruments: vec![InstrumentPart::new(&mood)], ..SurveySpec::default() };
    let answers = read_survey_bytes("a.xlsx", &xlsx_bytes(&rows), &spec).unwrap();
    assert_eq!(answers.frame.height(), 10);
    assert_eq!(answers.rejected.len(), 1);
    insta::assert_snapshot!(
        "text_in_number_cell",
        answers.rejected[0].problem.render(screening_core::instrument::Language::En)
    );
}

#[test]
fn ten_thousand_columns_are_read_and_more_than_the_limit_refused() {
    let wide = |width: usize| {
        let heading = (0..width).map(|n| format!("c{n}")).collect();
        csv_bytes(&[heading, vec!["1".to_owned(); width]])
    };
    assert_eq!(read("a.csv", &wide(10_000)).unwrap().width(), 10_000);
    assert_eq!(read("a.csv", &wide(20_000)).unwrap().width(), 20_000);
    assert_eq!(id(&wide(70_000)), "too-many-columns");
    let heading: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
    assert_eq!(read("a.xlsx", &xlsx_bytes(&[heading, vec!["1".into(); 10_000]])).unwrap().width(), 10_000);
    let mut rows = vec![headings(9_000)];
    rows.push(sheet(1, "1", &vec!["1".to_owned(); 9_000]));
    let mood = instrument("mood", 4, &FROM_ZERO);
    let spec = SurveySpec { instruments: vec![InstrumentPart::new(&mood)], ..SurveySpec::default() };
    assert_eq!(read_survey_bytes("a.csv", &csv_bytes(&rows), &spec).unwrap_err().id(), "layout-count");
}

/// A workbook whose sheet is replaced by `xml`, packed.
fn with_sheet(xml: &mut dyn std::io::Read) -> Vec<u8> {
    let plain = xlsx_bytes(&[vec!["a".into()], vec!["1".into()]]);
    let mut source = zip::ZipArchive::new(std::io::Cursor::new(plain)).unwrap();
    let mut target = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..source.len() {
        let mut part = source.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        target.start_file(&name, SimpleFileOptions::default()).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            std::io::copy(xml, &mut target).unwrap();
        } else {
            std::io::copy(&mut part, &mut target).unwrap();
        }
    }
    target.finish().unwrap().into_inner()
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let mut zeros = std::io::Read::take(std::io::repeat(b' '), 60 << 20);
    let mut bomb = with_sheet(&mut zeros);
    assert!(bomb.len() < 4 << 20, "{} bytes", bomb.len());
    let limits = Limits { unpacked_bytes: 16 << 20, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    assert_eq!(read_table_bytes("a.xlsx", &bomb, &options).unwrap_err().id(), "xlsx-bomb");
    // The stated sizes are lies: every 32-bit size of 60 MB becomes 1 KB. The real size still refuses the file.
    let stated = (60_u32 << 20).to_le_bytes();
    for at in 0..bomb.len() - 4 {
        if bomb[at..at + 4] == stated {
            bomb[at..at + 4].copy_from_slice(&1024_u32.to_le_bytes());
        }
    }
    let error = read_table_bytes("a.xlsx", &bomb, &options).unwrap_err();
    assert!(matches!(error.id(), "xlsx-bomb" | "xlsx-broken"), "{error}");
}

#[test]
fn a_sheet_with_far_cells_does_not_fill_the_memory() {
    let far = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>"#;
    assert_eq!(id(&with_sheet(&mut far.as_bytes())), "heading-missing");
    let mut diagonal = String::from(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">"#,
    );
    for n in 0..16_384_u32 {
        write!(diagonal, r#"<c t="inlineStr"><is><t>h{n}</t></is></c>"#).unwrap();
    }
    diagonal.push_str("</row>");
    for n in 2..4_000 {
        write!(diagonal, r#"<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>"#).unwrap();
    }
    diagonal.push_str("</sheetData></worksheet>");
    let limits = Limits { cells: 20_000_000, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let error = read_table_bytes("a", &with_sheet(&mut diagonal.as_bytes()), &options).unwrap_err();
    assert_eq!(error.id(), "too-many-cells");
    let backwards = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row></sheetData></worksheet>"#;
    assert_eq!(id(&with_sheet(&mut backwards.as_bytes())), "xlsx-broken");
    let wrong = r#"<worksheet><sheetData><row r="99999999999999"><c r="ZZZZZZZZZZ99999999999"><v>1</v></c></row></sheetData></worksheet>"#;
    assert!(read("a.xlsx", &with_sheet(&mut wrong.as_bytes())).is_err());
}

#[test]
fn several_sheets_with_data_need_a_choice() {
    let mut workbook = Workbook::new();
    for name in ["一班", "二班", "空"] {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).unwrap();
        if name != "空" {
            sheet.write_row(0, 0, ["学号", name]).unwrap();
            sheet.write_row(1, 0, ["1", "x"]).unwrap();
        }
    }
    let bytes = workbook.save_to_buffer().unwrap();
    assert_eq!(id(&bytes), "xlsx-sheets");
    let options = |sheet: &str| ReadOptions { sheet: Some(sheet.to_owned()), ..ReadOptions::default() };
    assert_eq!(read_table_bytes("a", &bytes, &options("二班")).unwrap().heading(1), "二班");
    assert_eq!(read_table_bytes("a", &bytes, &options("三班")).unwrap_err().id(), "xlsx-no-sheet");
}

#[test]
fn a_file_larger_than_the_limit_is_refused() {
    let limits = Limits { file_bytes: 10, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    assert_eq!(read_table_bytes("a", b"a,b\n1,2\n3,4\n", &options).unwrap_err().id(), "file-too-large");
    let roster = RosterOptions { read: options, ..RosterOptions::default() };
    assert_eq!(read_roster_bytes("a", b"student_id\n1\n2\n", &roster).unwrap_err().id(), "file-too-large");
}

#[test]
fn damaged_sheets_do_not_panic() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&xlsx_bytes(&[headings(2), sheet(1, "1", &["1".into(), "2".into()])])).unwrap();
    let mut bytes = std::fs::read(file.path()).unwrap();
    for at in (0..bytes.len()).step_by(13) {
        let old = bytes[at];
        bytes[at] = old.wrapping_add(77);
        let _ = read("a.xlsx", &bytes);
        bytes[at] = old;
    }
}

#[test]
fn far_cells_of_old_and_open_workbooks_do_not_fill_the_memory() {
    use exports::files::{ods_of, xls_cell, xls_of};
    // Two cells at the corners of a sheet, one beyond what the format allows, and a stated size.
    let corners = [xls_cell(0, 0, "a"), xls_cell(9_999, 255, "b")].concat();
    assert!(matches!(id(&xls_of(&corners, None)), "heading-missing"));
    assert_eq!(id(&xls_of(&xls_cell(0, 65_535, "a"), None)), "xls-bomb");
    assert_eq!(id(&xls_of(&xls_cell(0, 0, "a"), Some((u32::MAX, 200)))), "xls-bomb");
    assert_eq!(id(&xls_of(&xls_cell(0, 0, "a"), Some((1, u16::MAX)))), "xls-bomb");
    let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\"";
    let far = format!(
        "<table:table table:name=\"a\"><table:table-row>{cell} table:number-columns-repeated=\"4000000000\"/></table:table-row></table:table>"
    );
    assert_eq!(id(&ods_of(&far)), "too-many-columns");
    let deep = format!(
        "<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1000000\">{cell}/></table:table-row></table:table>"
    );
    assert_eq!(id(&ods_of(&deep)), "xlsx-broken");
    assert_eq!(id(&ods_of("<table:table table:name=\"a\"><table:table-row>")), "xlsx-broken");
    let merged = format!(
        "<table:table table:name=\"a\"><table:table-row>{cell}/>{cell} table:number-columns-spanned=\"2\"/></table:table-row></table:table>"
    );
    assert_eq!(id(&ods_of(&merged)), "xlsx-merged");
}

#[test]
fn workbooks_with_a_password_and_archives_are_told() {
    let mut locked = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    locked.create_stream("/EncryptedPackage").unwrap().write_all(&[0; 5000]).unwrap();
    locked.flush().unwrap();
    assert_eq!(id(&locked.into_inner().into_inner()), "file-password");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("a.csv", SimpleFileOptions::default()).unwrap();
    archive.write_all(b"a\n1\n").unwrap();
    assert_eq!(id(&archive.finish().unwrap().into_inner()), "file-zip");
}
