//! Class lists as schools have them, and whose sheet is whose.

mod common;
mod exports;

use common::{FROM_ZERO, csv_bytes, instrument, texts};
use exports::files;
use rust_xlsxwriter::{Format, Workbook};
use screening_core::instrument::Definition;
use screening_io::{
    AnswerSet, InstrumentPart, MatchBy, MatchSpec, Roster, RosterOptions, SurveySpec, drop_repeated, match_sheets,
    read_roster_bytes, read_survey_bytes,
};

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn options() -> RosterOptions {
    RosterOptions { for_matching: true, day: Some(jiff::civil::date(2026, 9, 14)), ..RosterOptions::default() }
}

fn roster(table: &[&[&str]]) -> Roster {
    read_roster_bytes("r", &csv_bytes(&rows(table)), &options()).unwrap()
}

fn ids(list: &[screening_io::Rejected]) -> Vec<&'static str> {
    list.iter().map(|entry| entry.problem.id).collect()
}

fn grades(roster: &Roster) -> Vec<Option<u8>> {
    roster.frame.column("grade").unwrap().u8().unwrap().iter().collect()
}

#[test]
fn a_register_export_gives_grades_scope_and_further_numbers_and_nothing_private() {
    let register = roster(&[
        &[
            "全国学籍号",
            "学籍副号",
            "学段",
            "学校名称",
            "班级名称",
            "姓名",
            "性别",
            "出生日期",
            "身份证件号",
            "当前状态",
            "学号",
            "家庭住址",
        ],
        &["G1", "F1", "初中", "一中", "2024级1班", "甲", "女", "20120501", "4401", "在读", "1", "某路"],
        &["G2", "F2", "初中", "一中", "2024级（１）班", "乙", "男", "20120502", "4402", "休学", "2", "某路"],
        &["G3", "F3", "高中", "一中", "2024级1班", "丙", "男", "20090502", "4403", "在读", "3", "某路"],
    ]);
    assert_eq!(grades(&register), [Some(9), Some(9), Some(12)]);
    assert_eq!(texts(&register.frame, "scope"), [None, Some("out".into()), None]);
    assert_eq!(texts(&register.frame, "scope_reason")[1].as_deref(), Some("休学"));
    // One class, one spelling; the same name in another grade is another class.
    let classes = texts(&register.frame, "class");
    assert_eq!(classes[0], classes[1]);
    assert_eq!(ids(&register.rejected), ["class-spelling"]);
    assert_eq!(texts(&register.keys, "other_ids")[0].as_deref(), Some("F1\n1"));
    assert_eq!(texts(&register.frame, "student_id")[0].as_deref(), Some("G1"));
    let all = format!("{:?} {:?}", register.frame, register.keys);
    assert!(!all.contains("4401") && !all.contains("某路"));
    let plain =
        read_roster_bytes("r", &csv_bytes(&rows(&[&["学号", "姓名"], &["1", "甲"]])), &RosterOptions::default())
            .unwrap();
    assert_eq!(texts(&plain.keys, "name"), [None]);
}

#[test]
fn a_workbook_with_a_title_and_one_sheet_a_class() {
    let mut workbook = Workbook::new();
    let merged = Format::new();
    for (class, pupils) in [("七年级1班", ["1", "2"]), ("七年级2班", ["3", "4"])] {
        let sheet = workbook.add_worksheet().set_name(class).unwrap();
        sheet.merge_range(0, 0, 0, 3, "某某中学学生名单", &merged).unwrap();
        sheet.write_row(1, 0, ["学号", "姓名", "性别"]).unwrap();
        sheet.write_column(2, 0, pupils).unwrap();
        sheet.write_column(2, 2, ["男", "女"]).unwrap();
    }
    workbook.add_worksheet().set_name("说明").unwrap().write_string(0, 0, "请勿外传").unwrap();
    let found = read_roster_bytes("r", &workbook.save_to_buffer().unwrap(), &options()).unwrap();
    assert_eq!(grades(&found), [Some(7); 4]);
    let classes: Vec<Option<String>> =
        ["七年级1班", "七年级1班", "七年级2班", "七年级2班"].map(|c| Some(c.into())).into();
    assert_eq!(texts(&found.frame, "class"), classes);
    assert_eq!(ids(&found.rejected), ["roster-class-from-sheet", "roster-class-from-sheet", "roster-sheet-left"]);
    // A merged cell below the headings hides a value.
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["学号", "班级"]).unwrap();
    sheet.write_column(1, 0, ["1", "2"]).unwrap();
    sheet.merge_range(1, 1, 2, 1, "701", &merged).unwrap();
    assert_eq!(
        read_roster_bytes("r", &workbook.save_to_buffer().unwrap(), &options()).unwrap_err().id(),
        "xlsx-merged"
    );
}

#[test]
fn doubtful_classes_are_told_and_not_guessed() {
    let found = roster(&[
        &["学号", "学校", "年级", "班级"],
        &["1", "一中", "", "2024级1班"],
        &["2", "一中", "7", "八年级1班"],
        &["3", "一中", "", "701"],
        &["4", "一中", "", "1班"],
    ]);
    assert_eq!(grades(&found), [None, Some(7), Some(7), None]);
    let mut told = ids(&found.rejected);
    told.sort_unstable();
    assert_eq!(told, ["class-ambiguous", "class-grade", "roster-no-grade", "roster-no-grade"]);
}

#[test]
fn old_workbooks_and_open_document_lists_read_alike() {
    let table = rows(&[
        &["年级编号", "班级编号", "班级名称", "学籍号", "民族代码", "姓名", "性别", "出生日期", "家庭住址"],
        &["21", "2101", "初一1班", "G1", "1", "甲", "1", "20130501", "某路 1 号"],
        &["31", "3101", "高一1班", "G2", "1", "乙", "2", "20100930", "某路 2 号"],
    ]);
    let first = read_roster_bytes("r", &csv_bytes(&table), &options()).unwrap();
    for bytes in [files::xls(&table), files::ods(&table), files::tsv(&table)] {
        let other = read_roster_bytes("r", &bytes, &options()).unwrap();
        assert!(other.frame.equals_missing(&first.frame));
        assert_eq!(other.ignored, first.ignored);
    }
}

#[test]
fn rare_characters_and_namesakes_of_a_list_in_gb18030_find_their_sheets() {
    let mood = instrument("mood", 1, &FROM_ZERO);
    let table = rows(&[
        &["年级编号", "班级编号", "班级名称", "学籍号", "民族代码", "姓名", "性别", "出生日期", "家庭住址"],
        &["21", "2101", "初一1班", "G1", "1", "𫖯𠮷", "1", "20130501", "某路 1 号"],
        &["21", "2101", "初一1班", "G2", "1", "买买提·艾力", "1", "20130502", "某路 2 号"],
        &["21", "2101", "初一1班", "G3", "1", "张伟", "1", "20130503", "某路 3 号"],
        &["21", "2102", "初一2班", "G4", "1", "张伟", "1", "20130504", "某路 4 号"],
        &["21", "2102", "初一2班", "G5", "1", "王芳", "2", "20130505", "某路 5 号"],
        &["21", "2102", "初一2班", "G6", "1", "王芳", "2", "20130506", "某路 6 号"],
    ]);
    let text = String::from_utf8(csv_bytes(&table)).unwrap();
    let bytes = encoding_rs::GB18030.encode(&text).0.into_owned();
    let register = read_roster_bytes("r", &bytes, &options()).unwrap();
    assert_eq!(ids(&register.rejected), ["roster-same-name"]);
    let mut set = sheets(
        &mood,
        &[
            ["", "", "701", "𫖯 𠮷"],
            ["", "", "七年级（１）班", "买买提•艾力"],
            ["", "", "初一(1)班", "张伟"],
            ["", "", "初一(2)班", "张伟"],
            ["", "", "702", "王芳"],
        ],
    );
    let by = vec![MatchBy::SchoolClassName];
    let report = match_sheets(&mut set, &register, &MatchSpec { by, ..MatchSpec::default() }).unwrap();
    let found: Vec<Option<String>> = ["G1", "G2", "G3", "G4"].into_iter().map(|id| Some(id.to_owned())).collect();
    assert_eq!(texts(&set.frame, "student_id")[..4], found);
    assert_eq!((report.unmatched, ids(&report.notices)), (1, vec!["match-several"]));
}

#[test]
fn ids_that_hold_numbers_of_identity_cards_are_told_without_them() {
    let found = roster(&[
        &["全国学籍号", "年级", "班级"],
        &["G110105201305011234", "7", "1"],
        &["G11010520130502123X", "7", "1"],
        &["L20240001", "7", "1"],
    ]);
    assert_eq!(ids(&found.rejected), ["roster-id-identity"]);
    let told = found.rejected[0].problem.render(screening_core::instrument::Language::En);
    assert!(told.contains("the ids of 2 pupils") && !told.contains("110105"), "{told}");
}

/// An export of one school with number, login code, class and name.
fn sheets<'a>(mood: &'a Definition, people: &[[&str; 4]]) -> AnswerSet {
    let mut table = rows(&[&["序号", "提交答卷时间", "1、学号", "2、登录码", "3、班级", "4、姓名", "5、主题一"]]);
    for (n, [id, code, class, name]) in people.iter().enumerate() {
        let n = (n + 1).to_string();
        table.extend(rows(&[&[
            &n,
            "2026/09/03 12:00:00",
            id,
            code,
            class,
            name,
            ["0", "3"][usize::from(n.ends_with('1'))],
        ]]));
    }
    let spec: SurveySpec<'a> =
        SurveySpec { instruments: vec![InstrumentPart::new(mood)], for_matching: true, ..SurveySpec::default() };
    read_survey_bytes("a", &csv_bytes(&table), &spec).unwrap()
}

#[test]
fn sheets_find_their_pupils_by_number_code_and_name() {
    let mood = instrument("mood", 1, &FROM_ZERO);
    let register = roster(&[
        &["学籍号", "学号", "登录码", "学校", "年级", "班级", "姓名"],
        &["G1", "1", "aa11", "一中", "7", "1", "阿依·古丽"],
        &["G2", "2", "bb22", "一中", "7", "1", "李明"],
        &["G3", "3", "cc33", "一中", "7", "1", "李明"],
        &["G4", "1", "dd44", "一中", "8", "1", "王芳"],
        &["G5", "5", "ee55", "一中", "8", "2", "𠮷田"],
    ]);
    let mut set = sheets(
        &mood,
        &[
            ["G5", "", "", ""],
            ["２", "", "", "李明"],
            ["", "CC33", "", ""],
            ["", "", "初一（１）班", "阿依•古丽"],
            ["", "", "802", "𠮷 田"],
            // Two of this name are in the class.
            ["", "", "七(1)班", "李明"],
            // Two pupils of the school have this number.
            ["1", "", "", ""],
            ["G4", "", "", "李明"],
            ["", "", "九年级1班", "王芳"],
            ["99", "", "", ""],
        ],
    );
    let spec = MatchSpec {
        by: vec![MatchBy::StudentId, MatchBy::LoginCode, MatchBy::SchoolClassName],
        ..MatchSpec::default()
    };
    let report = match_sheets(&mut set, &register, &spec).unwrap();
    let id = |text: &str| Some(text.to_owned());
    let found = texts(&set.frame, "student_id");
    assert_eq!(found[..5], [id("G5"), id("G2"), id("G3"), id("G1"), id("G5")]);
    assert_eq!(found[5..], [None, id("1"), None, None, id("99")]);
    assert_eq!(report.matched, [(MatchBy::StudentId, 2), (MatchBy::LoginCode, 1), (MatchBy::SchoolClassName, 2)]);
    assert_eq!(report.unmatched, 5);
    assert_eq!(
        ids(&report.notices),
        ["match-several", "match-several", "match-other-name", "match-none", "match-none"]
    );
    let rows: Vec<Option<u32>> = report.notices.iter().map(|notice| notice.problem.place.row).collect();
    assert_eq!(rows, [Some(7), Some(8), Some(9), Some(10), Some(11)]);
    assert_eq!(texts(&set.frame, "matched_by")[3].as_deref(), Some("school-class-name"));
    assert!(set.frame.column("name").is_err() && set.frame.column("login_code").is_err());
    assert_eq!(set.frame.height(), 10, "no sheet is lost");
}

#[test]
fn reading_a_file_again_changes_nothing() {
    let mood = instrument("mood", 1, &FROM_ZERO);
    let people = [["1", "", "", ""], ["2", "", "", ""], ["1", "", "", ""]];
    let first = sheets(&mood, &people).frame;
    let again = sheets(&mood, &people).frame;
    let mut edited = sheets(&mood, &people).frame;
    let mut answers: Vec<Option<i8>> = common::codes(&edited, "mood.1");
    answers[1] = Some(2);
    edited.with_column(polars::prelude::Column::new("mood.1".into(), answers)).unwrap();
    let mut frames = [first.clone(), again, edited];
    let dropped = drop_repeated(&mut frames).unwrap();
    assert_eq!(frames.iter().map(polars::prelude::DataFrame::height).collect::<Vec<_>>(), [3, 0, 1]);
    assert_eq!(ids(&dropped), ["sheet-repeated"; 5]);
    assert!(frames[0].equals_missing(&first));
    // Without a number of the sheet and without a pupil nothing is known of it.
    let nobody = first.drop("sheet_id").unwrap().drop("student_id").unwrap();
    let mut frames = [nobody.clone(), nobody];
    assert!(drop_repeated(&mut frames).unwrap().is_empty());
}
