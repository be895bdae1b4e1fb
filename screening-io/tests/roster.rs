//! Class lists.

mod common;
mod records;

use std::io::Write;

use common::{csv_bytes, texts, xlsx_bytes};
use polars::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use screening_io::{Roster, RosterOptions, Scope, read_roster_bytes, read_rosters};

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn read(bytes: &[u8], options: &RosterOptions) -> Roster {
    read_roster_bytes("r", bytes, options).unwrap()
}

fn ids(roster: &Roster) -> Vec<&'static str> {
    roster.rejected.iter().map(|r| r.problem.id).collect()
}

fn days(roster: &Roster) -> Vec<Option<i32>> {
    let days = roster.frame.column("birth_date").unwrap().cast(&DataType::Int32).unwrap();
    days.i32().unwrap().iter().collect()
}

#[test]
fn the_schools_template_and_canonical_columns_give_the_same_pupils() {
    let template = rows(&[
        &["年级编号", "班级编号", "班级名称", "学籍号", "民族代码", "姓名", "性别", "出生日期", "家庭住址"],
        &["21", "2101", "初一1班", "G1", "1", "甲", "1", "20130501", "某路 1 号"],
        &["31", "3101", "高一1班", "G2", "1", "乙", "2", "2010/9/30", "某路 2 号"],
    ]);
    let canonical = rows(&[
        &["student_id", "school", "grade", "class", "sex", "birth_date"],
        &["G1", "", "7", "初一1班", "M", "2013-05-01"],
        &["G2", "", "高一", "高一1班", "女", "2010.9.30"],
    ]);
    let options = RosterOptions { school: Some("一中".into()), ..RosterOptions::default() };
    let one = read(&xlsx_bytes(&template), &options);
    let other = read(&csv_bytes(&canonical), &options);
    assert!(one.frame.equals_missing(&other.frame), "{}\n{}", one.frame, other.frame);
    assert!(one.rejected.is_empty() && other.rejected.is_empty(), "{:?}", one.rejected);
    assert_eq!(one.ignored, ["班级编号", "民族代码", "姓名", "家庭住址"]);
    assert_eq!(texts(&one.frame, "sex"), [Some("male".into()), Some("female".into())]);
    assert_eq!(texts(&one.frame, "school"), [Some("一中".into()), Some("一中".into())]);
    let grades: Vec<Option<u8>> = one.frame.column("grade").unwrap().u8().unwrap().iter().collect();
    assert_eq!(grades, [Some(7), Some(10)]);
}

#[test]
fn dates_as_cells_serials_and_texts() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["学号", "出生日期"]).unwrap();
    sheet.write_column(1, 0, ["1", "2", "3", "4"]).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_datetime_with_format(1, 1, ExcelDateTime::from_ymd(2013, 5, 1).unwrap(), &date).unwrap();
    sheet.write_number(2, 1, 41_395.0).unwrap();
    sheet.write_string(3, 1, "2013年5月1日").unwrap();
    sheet.write_string(4, 1, "01/05/2013").unwrap();
    let roster = read(&workbook.save_to_buffer().unwrap(), &RosterOptions::default());
    assert_eq!(days(&roster), [Some(15_826), Some(15_826), Some(15_826), None]);
    assert!(ids(&roster).contains(&"person-not-a-date"));
}

#[test]
fn status_columns_and_words_that_are_none() {
    let list = rows(&[
        &["学号", "年级", "知情同意", "出勤", "纳入", "不纳入原因"],
        &["1", "7", "同意", "到场", "是", ""],
        &["2", "7", "拒绝", "", "", ""],
        &["3", "7", "withdrawn", "absent", "out", "转学"],
        &["4", "7", "也许", "", "", ""],
    ]);
    let roster = read(&csv_bytes(&list), &RosterOptions::default());
    let word = |text: &str| Some(text.to_owned());
    assert_eq!(texts(&roster.frame, "consent"), [word("granted"), word("refused"), word("withdrawn"), None]);
    assert_eq!(texts(&roster.frame, "attendance"), [word("present"), None, word("absent"), None]);
    assert_eq!(texts(&roster.frame, "scope"), [word("in"), None, word("out"), None]);
    assert_eq!(texts(&roster.frame, "scope_reason")[2], word("转学"));
    assert_eq!(ids(&roster), ["person-not-a-status"]);
}

#[test]
fn duplicates_are_listed_and_counted_once() {
    let first = csv_bytes(&rows(&[
        &["学号", "姓名", "年级", "班级"],
        &["1", "甲", "7", "1"],
        &["1", "甲", "7", "1"],
        &["2", "乙", "7", "1"],
        &["", "丙", "7", "1"],
        &["3", "乙", "7", "1"],
        &["4", "丁", "初几", "1"],
        &["5", "戊", "", "1"],
    ]));
    let second = csv_bytes(&rows(&[&["学号", "年级", "班级"], &["2", "8", "1"], &["6", "8", "1"]]));
    let mut paths = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.csv", first), ("b.csv", second)] {
        let path = folder.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
        paths.push(path);
    }
    let roster = read_rosters(&paths, &RosterOptions { names: true, ..RosterOptions::default() }).unwrap();
    assert_eq!(roster.rows_in, 9);
    assert_eq!(roster.rows_in, roster.frame.height() + roster.rows_rejected());
    let mut found = ids(&roster);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "person-not-a-grade",
            "roster-conflict",
            "roster-duplicate",
            "roster-no-grade",
            "roster-no-id",
            "roster-same-name"
        ]
    );
    let conflict = roster.rejected.iter().find(|r| r.problem.id == "roster-conflict").unwrap();
    assert_eq!(conflict.scope, Scope::Row);
    assert!(conflict.problem.render(screening_core::instrument::Language::En).contains("grade, name"), "{conflict:?}");
}

#[test]
fn a_list_without_ids_is_refused() {
    let error =
        read_roster_bytes("r", &csv_bytes(&rows(&[&["姓名"], &["甲"]])), &RosterOptions::default()).unwrap_err();
    assert_eq!(error.id(), "student-column");
}
