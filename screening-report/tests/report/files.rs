//! The files: a page that fetches nothing, a Word document whose parts are sound XML with headings and header rows, a workbook
//! without formulas.

use std::io::{Cursor, Read as _};

use calamine::{Reader as _, Xlsx};
use quick_xml::Reader;
use quick_xml::events::Event;
use screening_core::instrument::Language;
use screening_report::{Names, Naming, Survey, docx, html, key_list, make_up_list, referral, write, xlsx};

use super::world::{RESULTS, settings};

#[test]
fn the_page_fetches_nothing_and_its_tables_have_headings() {
    let settings = settings(Language::ZhCn);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let report = survey.school("乙 & <丙>校").unwrap();
    let page = html(&report);
    assert!(page.contains("乙 &amp; &lt;丙&gt;校") && !page.contains("<丙>"));
    for outside in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "<iframe", "javascript:"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let addresses = page.matches("http").count();
    let allowed = page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
    assert_eq!(addresses, allowed);
    let tables = report.tables().count();
    assert!(tables > 5);
    assert_eq!(page.matches("<caption>").count(), tables);
    let columns: usize = report.tables().map(|table| table.columns.len()).sum();
    assert_eq!(page.matches("<th scope=\"col\">").count(), columns);
    let figures = report.figures().count();
    assert!(figures >= 1 && page.matches("<svg").count() == figures && page.matches("<desc>").count() == figures);
    assert!(page.contains("lang=\"zh-CN\"") && page.contains("size: A4;"));
}

/// The parts of a package; every XML part is read to its end.
fn parts(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name.strip_suffix(".xlsx").is_some() {
            Xlsx::new(Cursor::new(content)).unwrap_or_else(|error| panic!("{name}: {error}"));
            continue;
        }
        let text = String::from_utf8(content).unwrap();
        let mut reader = Reader::from_str(&text);
        reader.config_mut().check_end_names = true;
        while reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}")) != Event::Eof {}
        parts.push((name, text));
    }
    parts
}

#[test]
fn the_word_document_has_headings_header_rows_and_words_for_pictures() {
    let settings = settings(Language::ZhCn);
    let report = Survey::of(&RESULTS, &settings).unwrap().district().unwrap();
    let bytes = docx(&report).unwrap();
    assert_eq!(bytes, docx(&report).unwrap(), "no clock in it");
    let parts = parts(&bytes);
    let part = |name: &str| parts.iter().find(|(own, _)| own == name).map(|(_, text)| text.as_str()).unwrap();
    let document = part("word/document.xml");
    for level in 1..=2_u8 {
        let sections = report.sections.iter().filter(|section| section.level == level).count();
        assert_eq!(document.matches(&format!("w:val=\"Heading{level}\"")).count(), sections);
        assert!(part("word/styles.xml").contains(&format!("w:styleId=\"Heading{level}\"")));
    }
    assert_eq!(document.matches("<w:tblHeader/>").count(), report.tables().count());
    let figures = report.figures().count();
    assert!(figures >= 3, "{figures} pictures");
    assert_eq!(document.matches("descr=\"").count(), figures);
    assert!(!document.contains("descr=\"\""));
    assert_eq!(parts.iter().filter(|(name, _)| name.starts_with("word/charts/chart")).count(), figures);
    for number in 1..=figures {
        assert!(part("[Content_Types].xml").contains(&format!("/word/charts/chart{number}.xml")));
        assert!(part("word/_rels/document.xml.rels").contains(&format!("rIdChart{number}\"")));
    }
    assert!(part("word/footer1.xml").contains("不是诊断"));
}

#[test]
fn workbooks_hold_the_lists_and_no_formula() {
    let settings = settings(Language::En);
    let names = Names::new([(RESULTS.student_ids()[0].clone(), "=HYPERLINK(1)".to_owned())], Naming::Full);
    let report = make_up_list(&RESULTS, &settings, &names, None).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(&report).unwrap())).unwrap();
    let sheets = book.sheet_names();
    assert_eq!(sheets.len(), RESULTS.schools().len());
    let mut rows = 0;
    for (sheet, table) in sheets.iter().zip(report.tables()) {
        let range = book.worksheet_range(sheet).unwrap();
        assert_eq!(range.get_value((2, 0)).unwrap().to_string(), "No.");
        if let Some(first) = table.rows.first() {
            assert_eq!(range.get_value((3, 1)).unwrap().to_string(), first[1].text());
        }
        rows += table.rows.len();
        assert!(book.worksheet_formula(sheet).unwrap().used_cells().count() == 0);
    }
    assert!(rows > 20);
    let form = referral(&RESULTS, &settings, &names, None).unwrap();
    assert!(xlsx(&form).unwrap_err().to_string().contains("no table"));
}

#[test]
fn files_are_written_by_their_ending() {
    let settings = settings(Language::En);
    let report = key_list(&RESULTS, &settings, &Names::default(), Some("己校")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [("a.html", "<!DOCTYPE html>"), ("a.docx", "PK"), ("a.pdf", "%PDF-1.7"), ("a.xlsx", "PK")] {
        let path = folder.path().join(name);
        write(&report, &path).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(begins.as_bytes()), "{name}");
    }
    let refused = write(&report, &folder.path().join("a.odt")).unwrap_err();
    assert!(refused.to_string().contains("docx"), "{refused}");
    assert!(!folder.path().join("a.odt").exists());
}
