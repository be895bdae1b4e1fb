//! Files of other people, read when they are at hand: a real survey export, answers as numbers and as words, a REDCap
//! dictionary, FHIR resources; and what the command line and the job do with mapping files and matching.

mod private;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use polars::prelude::DataType;
use screening_core::instrument::{Definition, Library};
use screening_io::job::{Job, JobResult, run_job};
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
    let id = |result: Result<_, IoError>| result.map_or_else(|e| e.id(), |_: screening_io::AnswerSet| "");
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
        write!(export, ",{n}.题{n}").unwrap();
    }
    export.push_str(",IP,\n");
    let zeros = "0,0,0,0,0,0,0,0";
    for (n, who, last) in [(1, "A1,,", 0), (2, ",初三1班,乙", 3), (3, ",八(1),丙", 0), (4, ",八(1),戊", 3)] {
        writeln!(export, "{n},2026/9/14 8:00:00,2026/9/14 8:10:00,600,{who},{zeros},{last},10.0.0.1,").unwrap();
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
