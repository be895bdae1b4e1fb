//! What is private stays out of everything that is written or said.

use std::fmt::Write as _;
use std::fs;

use screening_io::job::{JobResult, run_job};
use screening_io::output::write_outputs;
use screening_io::{ReadOptions, read_table};

/// What no file of results and no message may hold.
const SECRET: &str = "SECRET";

const PRIVATE_JOB: &str = r#"
schema = 1
title = { zh-CN = "x", en = "x" }
district = "x"
wave = "w"
administered-on = 2026-09-14
policy = "district-default"
roster = "register.csv"

[[batteries]]
id = "b"
grades = { from = 7, to = 9 }
instruments = ["gad-7"]

[[answers]]
file = "wjx.csv"
battery = "b"
format = "survey"
coding = "score"
accept-strays = true
match-by = ["student-id", "school-class-name"]

[[answers]]
file = "table.csv"
battery = "b"
format = "canonical"

[[answers]]
file = "paper.csv"
battery = "b"
mapping = "paper.toml"
"#;

/// Class list, export, table and mapped table, all of them with columns that are never read, with rows that are listed,
/// rejected and replaced.
fn private_files(change: impl Fn(&str, String) -> String) -> (tempfile::TempDir, Result<JobResult, String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = 0;
    let mut secret = || {
        secrets += 1;
        format!("{SECRET}{secrets}")
    };
    let mut register =
        "学籍号,姓名,学校,年级,班级,性别,家庭住址,家庭地址,身份证件号,家庭年收入,家长手机号,微信号,银行卡号,民族,备注\n".to_owned();
    // A duplicate, a contradiction, a sex that is none, a class in doubt.
    for who in [
        "G1,甲,一中,7,1班,男",
        "G1,甲,一中,7,1班,男",
        "G1,甲,一中,8,1班,男",
        "G2,乙,一中,7,八年级1班,无",
        "G3,丙,一中,,2024级1班,女",
    ] {
        let private: Vec<String> = (0..9).map(|_| secret()).collect();
        writeln!(register, "{who},{}", private.join(",")).unwrap();
    }
    let mut export = "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、学号,2、姓名,3、班级,4、家庭住址,5、请填写身份证号码（18位）,第6题(父亲手机号),第6题(家庭月收入)".to_owned();
    for n in 7..14 {
        write!(export, ",{n}、题{n}").unwrap();
    }
    // A text among the answers, a number that is no code, a stranger, a name that is another one's.
    for (n, who, first) in [
        (1, "G1,甲,1班", "0"),
        (2, "G2,乙,1班", "看不清"),
        (3, "G9,戊,1班", "9"),
        (4, "G3,丁,1班", "3"),
        (5, ",,", "1"),
    ] {
        let private: Vec<String> = (0..7).map(|_| secret()).collect();
        let [source, detail, address, rest @ ..] = private.as_slice() else { unreachable!() };
        let rest = rest.join(",");
        write!(export, "\n{n},2026/9/14 8:00:0{n},60秒,{source},{detail},{address},{who},{rest},{first},1,2,3,0,0,0")
            .unwrap();
    }
    let mut table = "student_id,家庭住址,Home address,income,电话号码".to_owned();
    let mut paper = "no,address,家庭收入".to_owned();
    for n in 1..8 {
        write!(table, ",gad-7.{n}").unwrap();
        write!(paper, ",q{n}").unwrap();
    }
    for (id, first) in [("G1", "0"), ("", "1"), ("G2", "7")] {
        let private: Vec<String> = (0..6).map(|_| secret()).collect();
        write!(table, "\n{id},{},{first},1,2,0,0,0,0", private[..4].join(",")).unwrap();
        write!(paper, "\n{id},{},{first},1,2,0,0,0,0", private[4..].join(",")).unwrap();
    }
    let mapping = "schema = 1\n[person]\nstudent_id = \"no\"\n[instruments.gad-7]\ncolumns = [\"q1\", \"q2\", \"q3\", \"q4\", \"q5\", \"q6\", \"q7\"]\ncoding = \"score\"\naccept-strays = true\n";
    let job = PRIVATE_JOB.to_owned();
    let files = [
        ("screening.toml", job),
        ("register.csv", register),
        ("wjx.csv", export),
        ("table.csv", table),
        ("paper.csv", paper),
        ("paper.toml", mapping.to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), change(name, text)).unwrap();
    }
    let done = run_job(&folder.path().join("screening.toml"), true, &|_| {}).map_err(|error| error.to_string());
    (folder, done)
}

/// The texts of a file, whatever its kind.
fn texts_of(path: &std::path::Path) -> String {
    use calamine::Reader as _;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xlsx") => {
            let mut workbook = calamine::open_workbook_auto(path).unwrap();
            workbook.worksheets().iter().map(|(name, cells)| format!("{name} {cells:?}")).collect()
        }
        Some("parquet") => {
            let table = read_table(path, &ReadOptions::default()).unwrap();
            let cells = |row| (0..table.width()).map(move |column| (row, column));
            (0..table.height()).flat_map(cells).map(|(row, column)| table.cell(row, column).to_text() + "\n").collect()
        }
        _ => fs::read_to_string(path).unwrap(),
    }
}

#[test]
fn what_is_private_gets_into_no_result_and_no_message() {
    let (_folder, done) = private_files(|_, text| text);
    let done = done.unwrap_or_else(|error| panic!("{error}"));
    // The files say enough: pupils, names where they were asked for, and every kind of listing.
    assert_eq!((done.screening.results.height(), done.names.len()), (3, 3));
    let listed: Vec<&str> = done.rejected.iter().map(|entry| entry.problem.id).collect();
    for id in [
        "roster-duplicate",
        "roster-conflict",
        "person-not-a-sex",
        "class-grade",
        "answer-not-a-number",
        "answer-out-of-range",
        "match-other-name",
        "match-none",
        "row-no-student",
    ] {
        assert!(listed.contains(&id), "{id} is not in {listed:?}");
    }
    let out = tempfile::tempdir().unwrap();
    let written =
        write_outputs(out.path(), &done.screening, &done.policy, &done.rejected, &done.names, &|_| {}).unwrap();
    let mut seen = 0;
    for path in written {
        let text = texts_of(&path);
        assert!(!text.is_empty() && !text.contains(SECRET), "{}", path.display());
        seen += usize::from(text.contains("G1"));
    }
    assert!(seen >= 3, "the scan sees texts of cells");
    assert!(!format!("{done:?}").contains(SECRET));
}

#[test]
fn what_is_private_gets_into_no_refusal() {
    type Change = fn(&str, String) -> String;
    let refusals: [(&str, &str, Change); 6] = [
        ("table.csv", "coding-", |_, text| text.replace(",1,2,0,0,0,0", ",5,6,7,8,9,9")),
        ("wjx.csv", "layout-", |_, text| text.replace("序号", "号码")),
        ("wjx.csv", "layout-", |_, text| text.replace(",13、题13", "").replace(",3,0,0,0", ",3,0,0")),
        ("wjx.csv", "heading-", |_, text| text.replace("4、家庭住址", "")),
        ("register.csv", "csv-", |_, text| text.replacen("甲", "\"甲", 1)),
        ("paper.csv", "csv-", |_, text| text.replacen(",1,2,0", ",1,2", 1)),
    ];
    for (file, what, change) in refusals {
        let (_folder, done) = private_files(|name, text| if name == file { change(name, text) } else { text });
        let told = done.map(|_| ()).unwrap_err();
        assert!(told.contains(file) && !told.contains(SECRET), "{what}: {told}");
    }
}
