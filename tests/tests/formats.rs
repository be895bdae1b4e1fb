//! Files of other people, read when they are at hand: a real survey export, answers as numbers and as words, a REDCap
//! dictionary, FHIR resources; and what the command line and the job do with mapping files and matching.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use polars::prelude::DataType;
use screening_core::instrument::{Definition, Library};
use screening_io::job::{Job, JobResult, run_job};
use screening_io::output::write_outputs;
use screening_io::{
    Coding, ColumnNames, FoundBy, InstrumentPart, IoError, MappedSpec, Mapping, ReadOptions, SurveySpec, TablePart,
    TableSpec, read_answers_bytes, read_mapped_bytes, read_survey, read_table, read_table_bytes,
};
use screening_tests::{Csv, shared_data};

/// The folder with the data, or a word on the terminal.
fn data(name: &str) -> Option<PathBuf> {
    let path = shared_data().map(|folder| folder.join(name)).filter(|path| path.exists());
    if path.is_none() {
        println!("skipped: {name} is not at hand");
    }
    path
}

fn unpacked(path: PathBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn made_up(items: usize, options: &[(i8, &str)]) -> Definition {
    let options: Vec<String> = options
        .iter()
        .map(|(code, label)| format!("{{ code = {code}, label = {{ en = \"{label}\", zh-CN = \"{label}\" }} }}"))
        .collect();
    let items: Vec<String> =
        (1..=items).map(|n| format!("{{ id = \"{n}\", label = {{ en = \"{n}\", zh-CN = \"{n}\" }} }}")).collect();
    let text = format!(
        r#"
schema = 1
id = "ai"
version = "1.0.0"
name = {{ en = "x", zh-CN = "x" }}
abbreviation = "X"
construct = ["mood"]
informant = "self"
recall = {{ en = "x", zh-CN = "x" }}
evidence = "high"
licence = {{ status = "free", note = {{ en = "x", zh-CN = "x" }} }}
items = [{}]
scales = []
examples = []
option-sets.default = [{}]
[sources]
S1 = {{ cite = "x", kind = "own" }}
"#,
        items.join(", "),
        options.join(", ")
    );
    toml::from_str(&text).unwrap()
}

#[test]
fn a_real_export_with_matrix_questions() {
    let Some(path) = data("s20_chinese_survey_export_part1.xlsx") else { return };
    let options = [(1, "完全不同意"), (2, "不同意"), (3, "一般"), (4, "同意"), (5, "完全同意")];
    let definition = made_up(12, &options);
    let spec = |first| SurveySpec {
        instruments: vec![InstrumentPart::new(&definition).starting_at(first)],
        student_id: Some("序号".into()),
        ..SurveySpec::default()
    };
    let set = read_survey(&path, &spec(7)).unwrap();
    assert_eq!((set.rows_in, set.frame.height()), (522, 522));
    assert_eq!((set.codings[0].coding, set.rejected.len()), (Coding::Text, 0));
    let layout = set.layout.unwrap();
    assert_eq!((layout.layout.as_str(), layout.questions), ("wenjuanxing", 61));
    let count = |item: &str, code: i8| {
        let column = set.frame.column(item).unwrap().i8().unwrap().clone();
        column.iter().filter(|found| *found == Some(code)).count()
    };
    // Counted with another program.
    assert_eq!([1, 2, 3, 4, 5].map(|code| count("ai.1", code)), [10, 51, 75, 271, 115]);
    assert_eq!([1, 2, 3, 4, 5].map(|code| count("ai.11", code)), [98, 200, 117, 78, 29]);
    assert_eq!([1, 2, 3, 4, 5].map(|code| count("ai.12", code)), [18, 61, 60, 291, 92]);
    // One question further the answers are other words.
    assert!(read_survey(&path, &spec(8)).is_err());
}

#[test]
fn words_and_numbers_of_the_same_people_agree() {
    let Some(path) = data("s05_phq9_numbers_and_text_2177.csv.gz") else { return };
    let bytes = unpacked(path);
    let library = Library::bundled().unwrap();
    let phq = library.get("phq-9").unwrap().definition();
    let names = (1..=9).map(|n| (n.to_string(), format!("Item{n}_num"))).collect();
    let part = TablePart::new(phq, ColumnNames::Mapping(names));
    let numbers = read_answers_bytes("s05", &bytes, &TableSpec { parts: vec![part], ..TableSpec::default() }).unwrap();
    let mapping = r#"
schema = 1
[instruments.phq-9]
columns = ["Item1", "Item2", "Item3", "Item4", "Item5", "Item6", "Item7", "Item8", "Item9"]
answers = { "Not at all" = 0, "Several days" = 1, "More than half" = 2, "Almost every day" = 3 }
"#;
    let mapping = Mapping::parse("m", mapping).unwrap();
    let spec = MappedSpec { needs_student_id: false, ..MappedSpec::new(&mapping, vec![phq]) };
    let words = read_mapped_bytes("s05", &bytes, &spec).unwrap();
    assert_eq!((numbers.frame.height(), words.frame.height()), (2177, 2177));
    assert!(words.rejected.is_empty());
    for item in 1..=9 {
        let name = format!("phq-9.{item}");
        assert!(numbers.frame.column(&name).unwrap().equals_missing(words.frame.column(&name).unwrap()), "{name}");
    }
}

#[test]
fn a_data_dictionary_and_fhir_resources() {
    if let Some(folder) = data("redcap") {
        let path = folder.join("phq8_datadict.csv");
        let table = read_table(&path, &ReadOptions::default()).unwrap();
        let plain = Csv::read(&path).unwrap();
        assert_eq!((table.headings(), table.height()), (plain.headings(), plain.height()));
        let archive = fs::read(folder.join("phq8_instrument.zip")).unwrap();
        assert_eq!(read_table_bytes("z", &archive, &ReadOptions::default()).unwrap_err().id(), "file-zip");
    }
    let Some(folder) = data("fhir") else { return };
    let library = Library::bundled().unwrap();
    let phq = library.get("phq-9").unwrap().definition();
    let path = folder.join("QuestionnaireResponse-mii-exa-pro-phq-9-response.json");
    // The form has a tenth question and the score behind the nine items.
    let spec = |part| SurveySpec { instruments: vec![part], ..SurveySpec::default() };
    let set = read_survey(&path, &spec(InstrumentPart::new(phq).starting_at(1))).unwrap();
    for item in 1..=9 {
        let codes: Vec<Option<i8>> = set.frame.column(&format!("phq-9.{item}")).unwrap().i8().unwrap().iter().collect();
        assert_eq!(codes, [Some(3)]);
    }
    let id = |result: Result<_, IoError>| result.map(|_: screening_io::AnswerSet| "").unwrap_or_else(|e| e.id());
    assert_eq!(id(read_survey(&path, &spec(InstrumentPart::new(phq)))), "layout-count");
    let other = folder.join("Observation-mii-exa-pro-phq-9-observation.json");
    assert_eq!(id(read_survey(&other, &spec(InstrumentPart::new(phq)))), "json-resource");
}

const JOB: &str = r#"
schema = 1
title = { zh-CN = "x", en = "x" }
district = "x"
wave = "w"
administered-on = 2026-09-14
policy = "district-default"
roster = ["register.csv", "register.csv"]

[[batteries]]
id = "b"
grades = { from = 7, to = 9 }
instruments = ["phq-9"]

[[answers]]
file = "tencent.csv"
battery = "b"
format = "survey"
coding = "score"
match-by = ["student-id", "login-code", "school-class-name"]

[[answers]]
file = "tencent.csv"
battery = "b"
format = "survey"
coding = "score"
match-by = ["student-id", "login-code", "school-class-name"]

[[answers]]
file = "paper.csv"
battery = "b"
mapping = "paper.toml"
"#;

fn totals(done: &JobResult) -> Vec<Option<f64>> {
    let column = done.screening.results.column("phq-9.total").unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().iter().collect()
}

/// A school from its own files: a class list with years of entry, an export without ids, a typed table with a mapping, and
/// one file handed in twice.
#[test]
fn a_job_of_files_as_they_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("screening.toml", JOB);
    write(
        "register.csv",
        "2026年学生名单,,,,,\n学籍号,学校,班级名称,姓名,性别,登录码\nG1,某某初级中学,2024级1班,甲,女,a1\nG2,某某初级中学,2024级(1)班,乙,男,b2\nG3,某某初级中学,2025级1班,丙,男,c3\nG4,某某初级中学,2025级1班,丁,女,d4\n",
    );
    let mut export = "编号,开始答题时间,结束答题时间,答题时长,1.登录码,2.班级,3.姓名".to_owned();
    for n in 4..=12 {
        export.push_str(&format!(",{n}.题{n}"));
    }
    export.push_str(",IP,\n");
    let zeros = "0,0,0,0,0,0,0,0";
    for (n, who, last) in [(1, "A1,,", 0), (2, ",初三1班,乙", 3), (3, ",八(1),丙", 0), (4, ",八(1),戊", 3)] {
        export.push_str(&format!("{n},2026/9/14 8:00:00,2026/9/14 8:10:00,600,{who},{zeros},{last},10.0.0.1,\n"));
    }
    write("tencent.csv", &export);
    write("paper.csv", "no;i1;i2;i3;i4;i5;i6;i7;i8;i9\nG4;x;-;-;-;-;-;-;-;-\n");
    write(
        "paper.toml",
        "schema = 1\n[person]\nstudent_id = \"no\"\n[instruments.phq-9]\nanswers = { \"-\" = 0, \"x\" = 2 }\ncolumns = [\"i1\", \"i2\", \"i3\", \"i4\", \"i5\", \"i6\", \"i7\", \"i8\", \"i9\"]\n",
    );
    let done = run_job(&folder.path().join("screening.toml"), false, &|_| {}).unwrap_or_else(|error| panic!("{error}"));
    let grades: Vec<Option<u8>> = done.screening.results.column("grade").unwrap().u8().unwrap().iter().collect();
    assert_eq!(grades, [Some(9), Some(9), Some(8), Some(8)]);
    assert_eq!(totals(&done), [Some(0.0), Some(3.0), Some(0.0), Some(2.0)]);
    let matching = &done.files[0].matching;
    assert_eq!((matching.matched.iter().map(|(_, n)| *n).collect::<Vec<_>>(), matching.unmatched), (vec![0, 1, 2], 1));
    assert_eq!(done.files[0].layout.as_ref().unwrap().layout, "tencent");
    // The second reading of the export adds nothing: the unknown pupil's sheet is one sheet too.
    let rows = done.screening.summary.rows;
    assert_eq!((rows.read, rows.used, rows.rejected), (5, 4, 1));
    let count = |id: &str| done.rejected.iter().filter(|entry| entry.problem.id == id).count();
    assert_eq!([count("sheet-repeated"), count("match-none"), count("roster-duplicate")], [4, 2, 4]);
    // The critical answer of the pupil that nobody knows is seen.
    assert_eq!(done.screening.stray_critical.len(), 1);
}

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
        register.push_str(&format!("{who},{}\n", private.join(",")));
    }
    let mut export = "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、学号,2、姓名,3、班级,4、家庭住址,5、请填写身份证号码（18位）,第6题(父亲手机号),第6题(家庭月收入)".to_owned();
    for n in 7..14 {
        export.push_str(&format!(",{n}、题{n}"));
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
        export.push_str(&format!(
            "\n{n},2026/9/14 8:00:0{n},60秒,{source},{detail},{address},{who},{rest},{first},1,2,3,0,0,0"
        ));
    }
    let mut table = "student_id,家庭住址,Home address,income,电话号码".to_owned();
    let mut paper = "no,address,家庭收入".to_owned();
    for n in 1..8 {
        table.push_str(&format!(",gad-7.{n}"));
        paper.push_str(&format!(",q{n}"));
    }
    for (id, first) in [("G1", "0"), ("", "1"), ("G2", "7")] {
        let private: Vec<String> = (0..6).map(|_| secret()).collect();
        table.push_str(&format!("\n{id},{},{first},1,2,0,0,0,0", private[..4].join(",")));
        paper.push_str(&format!("\n{id},{},{first},1,2,0,0,0,0", private[4..].join(",")));
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

#[test]
fn keys_of_a_job_that_would_do_nothing_are_refused() {
    let refused = |from: &str, to: &str| {
        assert!(JOB.contains(from));
        let job = JOB.replacen(from, to, 1);
        Job::parse("screening.toml", &job).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(refused("policy", "policy"), Ok(()));
    let mapping = "mapping = \"paper.toml\"";
    for (key, line) in [
        ("layout", "layout = \"tencent\""),
        ("first-questions", "first-questions = { phq-9 = 3 }"),
        ("student-id", "student-id = \"no\""),
        ("school", "school = \"x\""),
    ] {
        let told = refused(mapping, &format!("{mapping}\n{line}")).unwrap_err();
        assert!(told.contains(&format!("`{key}` has no effect")), "{told}");
    }
}

#[test]
fn an_instrument_among_other_questions_is_found_by_the_number_of_its_first() {
    let run = |keys: &str| {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let job = JOB.split("[[answers]]").next().unwrap().replace(", \"register.csv\"", "");
        let answers = "file = \"a.csv\"\nbattery = \"b\"\nformat = \"survey\"\ncoding = \"score\"\n";
        write("screening.toml", &format!("{job}[[answers]]\n{answers}{keys}\n"));
        write("register.csv", "学号,年级\n1,7\n");
        let numbers: Vec<String> = (1..=12).map(|n| format!("{n}、题{n}")).collect();
        let heads = numbers.join(",").replace("题1,", "学号,");
        write("a.csv", &format!("序号,提交答卷时间,{heads}\n1,2026/9/14 8:00:00,1,5,0,1,2,3,0,1,2,3,0,7\n"));
        run_job(&folder.path().join("screening.toml"), false, &|_| {}).map_err(|error| error.to_string())
    };
    let done = run("first-questions = { phq-9 = 3 }").unwrap();
    assert_eq!(totals(&done), [Some(12.0)]);
    assert_eq!(done.files[0].codings[0].found_by, FoundBy::Number);
    assert!(run("").unwrap_err().contains("a.csv"));
    assert!(run("first-questions = { gad-7 = 3 }").unwrap_err().contains("gad-7"));
}
