//! Hostile inputs through the public doors: a broken job, roster, answer file or definition is refused with a message that
//! names the place, and nothing panics.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};
use screening_core::instrument::{Diagnostic, Instrument, Language};
use screening_core::scoring::prove;
use screening_io::job::{Job, JobError, JobResult, run_job};
use screening_io::{ReadOptions, RosterOptions, Scope, read_roster_bytes, read_table_bytes};
use screening_tests::Outcome;

const JOB: &str = r#"schema = 1
title = { zh-CN = "测试", en = "test" }
district = "d"
wave = "w1"
administered-on = 2026-09-14
policy = "district-default"
roster = "roster.csv"

[[batteries]]
id = "mood"
grades = { from = 7, to = 9 }
instruments = ["phq-9", "gad-7"]

[[answers]]
file = "answers.any"
battery = "mood"
format = "canonical"
"#;

const ROSTER: &str = "student_id,school,grade,class\np1,A,7,1\np2,A,7,1\np3,A,8,2\np4,A,8,2\np5,A,9,1\n";

/// Cells of a table of answers: the headings, then a sheet for each pupil of the roster.
fn sheets() -> Vec<Vec<String>> {
    let items = (1..=9).map(|item| format!("phq-9.{item}")).chain((1..=7).map(|item| format!("gad-7.{item}")));
    let mut rows = vec![std::iter::once("student_id".to_owned()).chain(items).collect::<Vec<_>>()];
    for pupil in 1..=5 {
        let codes = (0..16).map(|item| ((pupil + item) % 4).to_string());
        rows.push(std::iter::once(format!("p{pupil}")).chain(codes).collect());
    }
    rows
}

fn csv_text(rows: &[Vec<String>]) -> String {
    rows.iter().map(|cells| cells.join(",") + "\n").collect()
}

/// Runs a job in a folder of its own; a file without bytes is not there.
fn run(job: &[u8], roster: Option<&[u8]>, answers: Option<&[u8]>) -> Outcome<Result<JobResult, JobError>> {
    let folder = tempfile::tempdir()?;
    let files = [("screening.toml", Some(job)), ("roster.csv", roster), ("answers.any", answers)];
    for (name, bytes) in files {
        if let Some(bytes) = bytes {
            std::fs::write(folder.path().join(name), bytes)?;
        }
    }
    Ok(run_job(&folder.path().join("screening.toml"), false, &|_| {}))
}

/// The job is refused, and the message says all of `parts`.
fn refused(job: &[u8], roster: Option<&[u8]>, answers: Option<&[u8]>, parts: &[&str]) -> Outcome<()> {
    match run(job, roster, answers)? {
        Ok(result) => {
            panic!("nothing was refused, {parts:?} was expected; {} rows", result.screening.summary.rows.read)
        }
        Err(error) => {
            let message = error.to_string();
            for part in parts {
                assert!(message.contains(part), "`{part}` is not said in: {message}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_sound_job_runs() -> Outcome<()> {
    let text = csv_text(&sheets());
    let result = run(JOB.as_bytes(), Some(ROSTER.as_bytes()), Some(text.as_bytes()))??;
    assert_eq!(result.screening.summary.rows.used, 5);
    assert!(result.rejected.is_empty() && result.screening.rejected.is_empty());
    Ok(())
}

#[test]
fn a_broken_job_file_is_refused_with_its_name() -> Outcome<()> {
    let text = csv_text(&sheets());
    let cases: [(&str, &str, &[&str]); 11] = [
        ("schema = 1\n", "schema = 1\ncolour = \"x\"\n", &["screening.toml:2:", "colour"]),
        ("schema = 1\n", "schema = 9\n", &["screening.toml", "schema 1", "9"]),
        ("schema = 1\n", "schema = \n", &["screening.toml:"]),
        ("wave = \"w1\"\n", "", &["screening.toml", "wave"]),
        ("2026-09-14", "\"someday\"", &["screening.toml", "someday"]),
        ("battery = \"mood\"", "battery = \"moods\"", &["screening.toml", "moods"]),
        ("\"canonical\"", "\"pdf\"", &["screening.toml", "pdf"]),
        ("\"district-default\"", "\"nobody\"", &["policy", "nobody"]),
        ("\"gad-7\"]", "\"gad-70\"]", &["mood", "gad-70"]),
        ("from = 7, to = 9", "from = 9, to = 7", &["mood"]),
        ("\"roster.csv\"", "\"nowhere/roster.csv\"", &["nowhere", "roster.csv", "cannot be opened"]),
    ];
    for (from, to, parts) in cases {
        assert!(JOB.contains(from), "{from}");
        let job = JOB.replacen(from, to, 1);
        refused(job.as_bytes(), Some(ROSTER.as_bytes()), Some(text.as_bytes()), parts)?;
    }
    refused(b"schema = 1\n# \xff\n", None, None, &["screening.toml"])?;
    refused(b"", None, None, &["screening.toml"])?;
    let nowhere = run_job(Path::new("nowhere/screening.toml"), false, &|_| {});
    assert!(nowhere.is_err_and(|error| error.to_string().contains("screening.toml")));
    Ok(())
}

#[test]
fn a_broken_roster_is_refused_with_its_name() -> Outcome<()> {
    let text = csv_text(&sheets());
    let cases: [(Option<&[u8]>, &[&str]); 5] = [
        (None, &["roster.csv", "cannot be opened"]),
        (Some(b""), &["roster.csv", "holds nothing"]),
        (Some(b"student_id,school\n"), &["roster.csv", "not one row"]),
        (Some(b"school,class\nA,1\n"), &["roster.csv", "student id"]),
        (Some(b"student_id,student_id\n1,2\n"), &["roster.csv", "student_id"]),
    ];
    for (roster, parts) in cases {
        refused(JOB.as_bytes(), roster, Some(text.as_bytes()), parts)?;
    }
    Ok(())
}

#[test]
fn a_broken_answer_file_is_refused_with_its_name() -> Outcome<()> {
    let roster = Some(ROSTER.as_bytes());
    let text = csv_text(&sheets());
    let heading = csv_text(&sheets()[..1]);
    let unpaired = text.replacen("p1", "\"p1", 1);
    let foreign = [text.as_bytes(), b"p\xff\xff\n"].concat();
    let few = text.replace(",gad-7.7", ",other");
    let cases: [(Option<&[u8]>, &[&str]); 9] = [
        (None, &["answers.any", "cannot be opened"]),
        (Some(b""), &["answers.any", "holds nothing"]),
        (Some(b"\n\n \n"), &["answers.any", "holds nothing"]),
        (Some(heading.as_bytes()), &["answers.any", "not one row"]),
        (Some(unpaired.as_bytes()), &["answers.any", "quotation marks"]),
        (Some(&foreign), &["answers.any", "encoding"]),
        (Some(few.as_bytes()), &["answers.any", "gad-7.7"]),
        (Some(b"PK\x03\x04 and then nothing"), &["answers.any", "workbook"]),
        (Some(b"PAR1 and then nothing"), &["answers.any", "parquet"]),
    ];
    for (answers, parts) in cases {
        refused(JOB.as_bytes(), roster, answers, parts)?;
    }
    // A table is no survey export.
    let survey = JOB.replacen("\"canonical\"", "\"survey\"", 1);
    refused(survey.as_bytes(), roster, Some(text.as_bytes()), &["answers.any", "metadata columns"])
}

#[test]
fn a_merged_heading_is_refused_with_its_place() -> Outcome<()> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.merge_range(0, 0, 0, 4, "PHQ-9, GAD-7", &Format::new())?;
    for (row, cells) in (1_u32..).zip(sheets()) {
        sheet.write_row(row, 0, cells)?;
    }
    let bytes = workbook.save_to_buffer()?;
    refused(JOB.as_bytes(), Some(ROSTER.as_bytes()), Some(&bytes), &["answers.any", "row 1", "A1:E1", "merged"])
}

/// The sheets with more columns at the end.
fn widened(rows: &[Vec<String>], more: usize) -> String {
    let mut wide = rows.to_vec();
    for (at, cells) in wide.iter_mut().enumerate() {
        cells.extend((0..more).map(|column| if at == 0 { format!("more{column}") } else { "1".to_owned() }));
    }
    csv_text(&wide)
}

#[test]
fn very_many_columns() -> Outcome<()> {
    let roster = Some(ROSTER.as_bytes());
    let foreign = widened(&[vec!["student_id".to_owned()], vec!["p1".to_owned()]], 10_000);
    refused(JOB.as_bytes(), roster, Some(foreign.as_bytes()), &["answers.any", "no item column", "phq-9"])?;
    let too_many = widened(&sheets(), 70_000);
    refused(JOB.as_bytes(), roster, Some(too_many.as_bytes()), &["answers.any", "columns", "limit"])?;
    // The answers among ten thousand columns of something else are found.
    let wide = widened(&sheets(), 10_000);
    let result = run(JOB.as_bytes(), roster, Some(wide.as_bytes()))??;
    assert_eq!(result.screening.summary.rows.used, 5);
    Ok(())
}

#[test]
fn text_in_a_number_cell_is_one_rejected_cell() -> Outcome<()> {
    let mut rows = sheets();
    rows[2][1] = "often".to_owned();
    let text = csv_text(&rows);
    let result = run(JOB.as_bytes(), Some(ROSTER.as_bytes()), Some(text.as_bytes()))??;
    let totals = &result.screening.summary.rows;
    assert_eq!((totals.read, totals.used, totals.rejected), (5, 5, 0));
    let [entry] = result.rejected.as_slice() else { panic!("{:?}", result.rejected) };
    let (problem, place) = (&entry.problem, &entry.problem.place);
    assert_eq!((entry.scope, problem.id), (Scope::Cell, "answer-not-a-number"));
    assert_eq!(
        (place.row, place.heading.as_deref(), problem.value.as_deref()),
        (Some(3), Some("phq-9.1"), Some("often"))
    );
    for language in [Language::ZhCn, Language::En] {
        let message = problem.render(language);
        assert!(message.contains("answers.any") && message.contains("often"), "{message}");
    }
    let total = result.screening.results.column("phq-9.total")?.as_materialized_series();
    assert_eq!(total.null_count(), 1, "only the pupil of that cell has no total");
    Ok(())
}

/// A small definition without a fault.
const GOOD: &str = r#"schema = 1
id = "demo-3"
version = "1.0.0"
name = { en = "demonstration", zh-CN = "演示" }
abbreviation = "D3"
construct = ["mood"]
informant = "self"
recall = { en = "last week", zh-CN = "最近一周" }
evidence = "medium"
licence.status = "free"
licence.note = { en = "made for a test", zh-CN = "测试用" }

option-sets.default = [
  { code = 0, label = { en = "never", zh-CN = "从不" } },
  { code = 1, label = { en = "sometimes", zh-CN = "有时" } },
  { code = 2, label = { en = "often", zh-CN = "经常" } },
  { code = 3, label = { en = "always", zh-CN = "总是" } },
]

items = [
  { id = "1", label = { en = "first", zh-CN = "第一" } },
  { id = "2", label = { en = "second", zh-CN = "第二" }, reverse = true },
  { id = "3", label = { en = "third", zh-CN = "第三" } },
]

[[scales]]
id = "total"
name = { en = "total", zh-CN = "总分" }
method = "sum"
items = ["1-3"]
range = [0, 9]
direction = "higher-worse"
source = "S1"

[[scales]]
id = "double"
name = { en = "twice the total", zh-CN = "总分的两倍" }
method = "formula"
formula = "total * 2"
range = [0, 18]
direction = "higher-worse"

[[scales]]
id = "after"
name = { en = "one more", zh-CN = "再加一" }
method = "formula"
formula = "double + 1"
direction = "higher-worse"

[[scales]]
id = "points"
name = { en = "points", zh-CN = "点数" }
method = "lookup"
of = ["total"]
table = { 0 = 30, 1 = 35, 2 = 40, 3 = 45, 4 = 50, 5 = 55, 6 = 60, 7 = 65, 8 = 70, 9 = 75 }
direction = "higher-worse"
source = "S1"

[bands]
low = { label = { en = "low", zh-CN = "低" }, level = "usual" }
mid = { label = { en = "middle", zh-CN = "中" }, level = "watch" }
high = { label = { en = "high", zh-CN = "高" }, level = "high" }

[[cutoffs]]
id = "severity"
scales = ["total"]
default = true
population = { en = "nobody", zh-CN = "无" }
purpose = "severity"
bands = [{ band = "low" }, { from = 4, band = "mid" }, { from = 7, band = "high" }]
source = "S1"

[[flags]]
id = "third"
when = "q3 >= 2"
severity = "critical"
meaning = { en = "the third is high", zh-CN = "第三题偏高" }
source = "S1"

[[examples]]
answers = [0, 3, 0]
scores = { total = 0, double = 0, after = 1, points = 30 }
bands = { total = "low" }
flags = []

[[examples]]
answers = [3, 0, 3]
scores = { total = 9, double = 18, after = 19, points = 75 }
bands = { total = "high" }
flags = ["third"]

[[examples]]
answers = [1, 2, ""]
scores = { total = "missing" }

[sources.S1]
cite = "made for a test"
kind = "own"
"#;

/// What the checks and, where it loads, the proof say of a definition.
fn findings(text: &str) -> Vec<Diagnostic> {
    let (instrument, diagnostics) = Instrument::diagnose(text);
    let mut all = diagnostics.0;
    if let Some(instrument) = instrument {
        all.extend(prove(&instrument));
    }
    all
}

#[test]
fn the_sound_definition_has_no_finding() {
    let found = findings(GOOD);
    assert!(found.is_empty(), "{found:?}");
}

/// What is replaced by what, and the finding that follows: its code and its place in the file.
const BROKEN: [(&str, &str, &str, &str); 28] = [
    ("schema = 1\n", "schema = 2\n", "schema", "schema"),
    ("schema = 1\n", "schema = 1\ncolour = \"x\"\n", "format", ""),
    ("version = \"1.0.0\"", "version = \"one\"", "format", ""),
    ("id = \"demo-3\"", "id = \"Demo 3\"", "id", "id"),
    ("zh-CN = \"演示\"", "zh-CN = \" \"", "text", "name"),
    ("code = 3,", "code = 2,", "options", "option-sets.default[3].code"),
    ("{ id = \"2\",", "{ id = \"1\",", "duplicate", "items[1].id"),
    ("items = [\"1-3\"]", "items = [\"1-9\"]", "reference", "scales[0].items"),
    ("items = [\"1-3\"]", "items = [\"1\", \"1-3\"]", "duplicate", "scales[0].items"),
    ("range = [0, 9]", "range = [0, 12]", "range", "scales[0].range"),
    ("\"total * 2\"", "\"total * * 2\"", "expression", "scales[1].formula"),
    ("\"total * 2\"", "\"totals * 2\"", "reference", "scales[1].formula"),
    ("\"total * 2\"", "\"after * 2\"", "cycle", "scales[1]"),
    ("of = [\"total\"]", "of = [\"points\"]", "cycle", "scales[3].of[0]"),
    ("5 = 55", "5 = 45", "table-monotone", "scales[3].table.5"),
    (" 5 = 55,", "", "table-gap", "scales[3].table"),
    ("9 = 75 }", "9 = 75, 10 = 80 }", "table-range", "scales[3].table"),
    ("from = 4,", "from = 8,", "bands", "cutoffs[0].bands[2]"),
    ("{ band = \"low\" }", "{ from = 0, band = \"low\" }", "bands", "cutoffs[0].bands[0]"),
    ("band = \"mid\" }, {", "band = \"middle\" }, {", "reference", "cutoffs[0].bands[1].band"),
    ("from = 7,", "from = 70,", "band-unreachable", "cutoffs[0].bands[2]"),
    ("default = true", "default = false", "default-cutoffs", "scales[0]"),
    ("\"q3 >= 2\"", "\"q3 >=\"", "expression", "flags[0].when"),
    ("\"q3 >= 2\"", "\"q9 >= 2\"", "reference", "flags[0].when"),
    ("\"q3 >= 2\"", "\"q3\"", "condition", "flags[0].when"),
    ("total = 9,", "total = 8,", "example", "examples[1].scores"),
    ("bands = { total = \"high\" }", "bands = { total = \"mid\" }", "example", "examples[1].bands"),
    ("[sources.S1]", "[sources.S2]", "source", "flags[0].source"),
];

#[test]
fn every_fault_of_a_definition_has_its_finding() {
    for (from, to, code, path) in BROKEN {
        assert!(GOOD.contains(from), "{from}");
        let found = findings(&GOOD.replacen(from, to, 1));
        let own = found.iter().find(|finding| finding.code == code && finding.path_text() == path);
        let own = own.unwrap_or_else(|| panic!("`{to}`: no {code} at `{path}` among {found:?}"));
        assert!(!own.message.is_empty() && !own.help.is_empty(), "{own:?}");
    }
}

#[test]
fn a_lost_or_doubled_line_of_a_definition_breaks_nothing_else() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for at in 0..lines.len() {
        let lost = [&lines[..at], &lines[at + 1..]].concat().join("\n");
        let doubled = [&lines[..=at], &lines[at..]].concat().join("\n");
        for finding in findings(&lost).into_iter().chain(findings(&doubled)) {
            assert!(!finding.message.is_empty() && !finding.help.is_empty(), "line {}: {finding:?}", at + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..600), mark in 0_usize..4) {
        let marks: [&[u8]; 4] = [b"", b"\xef\xbb\xbf", b"PK\x03\x04", b"PAR1"];
        let bytes = [marks[mark], bytes.as_slice()].concat();
        for language in [Language::ZhCn, Language::En] {
            if let Err(error) = read_table_bytes("any.file", &bytes, &ReadOptions::default()) {
                prop_assert!(error.render(language).contains("any.file"));
            }
            if let Err(error) = read_roster_bytes("any.file", &bytes, &RosterOptions::default()) {
                prop_assert!(error.render(language).contains("any.file"));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(Job::parse("any.toml", &text).is_err_and(|error| error.to_string().contains("any.toml")));
        prop_assert!(Instrument::diagnose(&text).1.has_errors());
    }

    #[test]
    fn one_changed_character_never_ends_the_checks(at in any::<prop::sample::Index>(), new in any::<char>(), digit in any::<bool>()) {
        let mut text: Vec<char> = GOOD.chars().collect();
        let at = at.index(text.len());
        // Numbers are where a definition can be read and still be nonsense.
        text[at] = if digit { char::from(b'0' + (u32::from(new) % 10) as u8) } else { new };
        for finding in findings(&text.into_iter().collect::<String>()) {
            prop_assert!(!finding.message.is_empty());
        }
    }
}
