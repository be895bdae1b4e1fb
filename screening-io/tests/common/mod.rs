//! Definitions and files for the tests. Files are written by other crates than those that read them, or by hand.

#![allow(dead_code)]

use polars::prelude::*;
use rust_xlsxwriter::Workbook;
use screening_core::instrument::Definition;

/// A made-up instrument: `items` questions with one option set of codes and labels.
pub(crate) fn instrument(id: &str, items: usize, options: &[(i8, &str, &str)]) -> Definition {
    let options: Vec<String> = options
        .iter()
        .map(|(code, zh, en)| format!("{{ code = {code}, label = {{ en = \"{en}\", zh-CN = \"{zh}\" }} }}"))
        .collect();
    let items: Vec<String> = (1..=items)
        .map(|n| format!("[[items]]\nid = \"{n}\"\nlabel = {{ en = \"topic {n}\", zh-CN = \"主题{n}\" }}\n"))
        .collect();
    parse(id, &format!("default = [{}]", options.join(", ")), &items.concat())
}

/// A made-up instrument with a clock item, a number item and a choice item.
pub(crate) fn mixed_kinds() -> Definition {
    let items = r#"
[[items]]
id = "1"
label = { en = "bedtime", zh-CN = "就寝" }
kind = "clock"
[[items]]
id = "2"
label = { en = "hours", zh-CN = "时长" }
kind = "number"
range = [0, 24]
[[items]]
id = "3"
label = { en = "quality", zh-CN = "质量" }
"#;
    let set = r#"default = [{ code = 0, label = { en = "good", zh-CN = "好" } }, { code = 1, label = { en = "bad", zh-CN = "差" } }]"#;
    parse("night", set, items)
}

fn parse(id: &str, option_set: &str, items: &str) -> Definition {
    let text = format!(
        r#"
schema = 1
id = "{id}"
version = "1.0.0"
name = {{ en = "x", zh-CN = "x" }}
abbreviation = "X"
construct = ["mood"]
informant = "self"
recall = {{ en = "x", zh-CN = "x" }}
evidence = "high"
licence = {{ status = "free", note = {{ en = "x", zh-CN = "x" }} }}
scales = []
examples = []
[option-sets]
{option_set}
{items}
[sources]
S1 = {{ cite = "x", kind = "own" }}
"#
    );
    toml::from_str(&text).expect("a definition of the tests")
}

/// Four options coded from 0.
pub(crate) const FROM_ZERO: [(i8, &str, &str); 4] =
    [(0, "没有", "never"), (1, "有时", "sometimes"), (2, "经常", "often"), (3, "总是", "always")];
/// Five options coded from 1.
pub(crate) const FROM_ONE: [(i8, &str, &str); 5] =
    [(1, "从无", "none"), (2, "很轻", "light"), (3, "中等", "medium"), (4, "偏重", "strong"), (5, "严重", "severe")];

/// The headings of the survey layout, with three identity questions and then `items` questions.
pub(crate) fn headings(items: usize) -> Vec<String> {
    let mut out: Vec<String> =
        ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "1、学号", "2、姓名", "3、班级"]
            .map(String::from)
            .to_vec();
    out.extend((0..items).map(|n| format!("{}、主题{}", n + 4, n + 1)));
    out
}

/// One sheet as a row of texts.
pub(crate) fn sheet(number: usize, id: &str, answers: &[String]) -> Vec<String> {
    let mut row: Vec<String> = [
        &number.to_string(),
        "2026/09/03 12:00:00",
        "528秒",
        "微信",
        "直接访问",
        "10.0.0.1(广东-广州)",
        id,
        "某某",
        "初一1班",
    ]
    .map(String::from)
    .to_vec();
    row.extend(answers.iter().cloned());
    row
}

/// A csv in memory.
pub(crate) fn csv_bytes(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

/// An xlsx in memory; a text that is a number becomes a number cell, as platforms write it.
pub(crate) fn xlsx_bytes(rows: &[Vec<String>]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (r, row) in (0_u32..).zip(rows) {
        for (c, cell) in (0_u16..).zip(row) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(r, c, number).unwrap(),
                Err(_) if cell.is_empty() => continue,
                Err(_) => sheet.write_string(r, c, cell).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// Codes of an answer column.
pub(crate) fn codes(frame: &DataFrame, column: &str) -> Vec<Option<i8>> {
    frame.column(column).unwrap().i8().unwrap().iter().collect()
}

/// Texts of a column.
pub(crate) fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    frame.column(column).unwrap().str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
}
