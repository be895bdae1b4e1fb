//! `screening psychometrics`, as a user calls it, and its figures beside those of the library.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use screening_core::psychometrics::irt::{Calibration, CalibrationOptions, IrtModel};
use screening_core::psychometrics::roc::{Direction, Roc};
use screening_core::psychometrics::{Alpha, Responses};
use serde_json::Value;

fn screening(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_screening"));
    command.args(["--language", "en", "psychometrics"]).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = screening(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = screening(folder, arguments);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}{}", text(&output.stdout));
    parts.iter().for_each(|part| assert!(told.contains(part), "`{part}` is not said in: {told}"));
}

/// Answers to the seven items of a form: one severity behind all, noise the same every time, a few holes, two groups, six
/// schools, and a condition that goes with severity.
struct Made {
    csv: String,
    rows: Vec<[Option<i64>; 7]>,
    condition: Vec<Option<bool>>,
}

fn made(persons: usize) -> Made {
    let mut state = 7_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let heading: Vec<String> = (1..=7).map(|item| format!("gad-7.{item}")).collect();
    let mut csv = format!("student_id,school,sex,case,{}\n", heading.join(","));
    let (mut rows, mut condition) = (Vec::new(), Vec::new());
    for row in 0..persons {
        let severity = dice(100);
        let case = match dice(20) {
            0 => None,
            luck => Some(severity + luck > 85),
        };
        let word = match case {
            None => "",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let sex = ["female", "male"][dice(2) as usize];
        let _ = write!(csv, "p{row},s{},{sex},{word}", row % 6);
        let mut codes = [None; 7];
        for (item, code) in codes.iter_mut().enumerate() {
            let value = (severity + dice(60) + 3 * item as u64).saturating_sub(45) / 28;
            *code = (dice(40) > 0).then_some(value.min(3) as i64);
            match code {
                Some(code) => drop(write!(csv, ",{code}")),
                None => csv.push(','),
            }
        }
        csv.push('\n');
        rows.push(codes);
        condition.push(case);
    }
    Made { csv, rows, condition }
}

fn file(folder: &Path, name: &str, content: &str) {
    std::fs::write(folder.join(name), content).unwrap();
}

const ANSWERS: [&str; 3] = ["-i", "gad-7", "answers.csv"];

fn with<'a>(analysis: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&[analysis], &ANSWERS[..], rest].concat()
}

#[test]
fn figures_are_those_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = made(400);
    file(folder, "answers.csv", &made.csv);
    let responses = Responses::from_rows(["1", "2", "3", "4", "5", "6", "7"], &made.rows).unwrap();

    let found = json(folder, &with("reliability", &[]));
    let alpha = Alpha::default().fit(&responses).unwrap();
    let near = |found: &Value, expected: f64| found.as_f64().is_some_and(|value| (value - expected).abs() < 1e-12);
    assert!(near(&found["sections"]["alpha"]["raw"], alpha.raw));
    assert_eq!(found["counts"]["rows"], 400);
    for section in ["ordinal-alpha", "categorical-omega", "omega", "guttman", "split-half"] {
        assert!(found["sections"][section]["refused"].is_null(), "{section}: {}", found["sections"][section]);
        assert!(found["sections"][section]["explanation"][0]["zh-CN"].is_string(), "{section}");
    }

    let found = json(folder, &with("irt", &[]));
    let fitted = Calibration::fit(&responses, &CalibrationOptions::new(IrtModel::Graded)).unwrap();
    let slope = found["sections"]["calibration"]["items"][2]["slope"].as_f64().unwrap();
    assert!((slope - fitted.items[2].slope).abs() < 1e-9);

    let found = json(folder, &with("roc", &["--criterion", "case", "--prevalence", "0.05"]));
    let scores: Vec<f64> = made
        .rows
        .iter()
        .map(|row| row.iter().copied().sum::<Option<i64>>().map_or(f64::NAN, |sum| sum as f64))
        .collect();
    let curve = Roc::fit(&scores, &made.condition, Direction::Higher).unwrap();
    assert!(near(&found["sections"]["roc"]["auc"], curve.auc));
    assert_eq!(found["sections"]["cut"]["predictive"][1]["prevalence"], 0.05);
}

#[test]
fn every_analysis_runs_and_writes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    file(folder, "answers.csv", &made(500).csv);
    file(folder, "later.csv", &made(300).csv);
    let runs: [(&str, Vec<&str>, &[&str]); 10] = [
        ("items", vec![], &["items.svg"]),
        ("reliability", vec!["--retest", "later.csv", "--group-factors", "1"], &[]),
        ("correlations", vec!["--method", "polychoric", "--standard-errors"], &[]),
        ("factors", vec!["--factors", "2", "--method", "polychoric"], &["scree.svg"]),
        ("cfa", vec![], &[]),
        ("invariance", vec!["--group", "sex"], &[]),
        ("irt", vec!["--scores", "wle"], &["characteristic.svg", "information.svg", "items.json", "scores.csv"]),
        ("dif", vec!["--group", "sex", "--focal", "female"], &["dif-mantel.svg", "dif-bands.svg"]),
        ("roc", vec!["--criterion", "case", "--bootstrap", "200", "--partly-verified"], &["roc.svg", "decision.svg"]),
        ("clusters", vec!["--from", "10"], &[]),
    ];
    for (analysis, rest, files) in runs {
        let out = format!("out-{analysis}");
        let output = screening(folder, &with(analysis, &[&rest[..], &["-o", &out]].concat()));
        let (told, wrong) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{analysis}: {wrong}");
        // Seven items with four answers have as many parameters as moments: no M2, and the reason.
        assert!(!told.replace("[m2] not estimated", "").contains("not estimated"), "{analysis}: {told}");
        assert!(!told.contains("psychometrics."), "{analysis} lacks a text: {told}");
        for name in
            files.iter().map(|name| (*name).to_owned()).chain([format!("{analysis}.txt"), format!("{analysis}.json")])
        {
            assert!(folder.join(&out).join(&name).is_file(), "{analysis} did not write {name}");
        }
        // Those with random numbers, once more.
        if ["factors", "roc"].contains(&analysis) {
            let again = screening(folder, &with(analysis, &rest));
            assert!(told.starts_with(&text(&again.stdout)), "{analysis} gives other figures when run again");
        }
    }
    let bank = "out-irt/items.json";
    let simulated = screening(folder, &["cat", bank, "--persons", "200", "--se", "0.5"]);
    assert!(text(&simulated.stdout).contains("mean number of items"), "{}", text(&simulated.stderr));
    // The same persons, scored with the parameters that were written, get the same scores.
    let known = screening(folder, &with("irt", &["--parameters", bank, "--scores", "wle", "-o", "again"]));
    assert!(known.status.success(), "{}", text(&known.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (again, first) = (read("again/scores.csv"), read("out-irt/scores.csv"));
    assert_eq!(again.lines().count(), first.lines().count());
    for (again, first) in again.split([',', '\n']).zip(first.split([',', '\n'])) {
        match (again.parse::<f64>(), first.parse::<f64>()) {
            (Ok(again), Ok(first)) => assert!((again - first).abs() < 1e-9, "{again} {first}"),
            _ => assert_eq!(again, first),
        }
    }
}

#[test]
fn tables_are_in_the_language_of_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    file(folder, "answers.csv", &made(120).csv);
    let english = text(&screening(folder, &with("items", &[])).stdout);
    insta::assert_snapshot!("items_en", english);
    let chinese = Command::new(env!("CARGO_BIN_EXE_screening"))
        .args(["psychometrics"])
        .args(with("reliability", &[]))
        .current_dir(folder)
        .output()
        .unwrap();
    insta::assert_snapshot!("reliability_zh", text(&chinese.stdout));
}

#[test]
fn what_cannot_be_estimated_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let heading: Vec<String> = (1..=7).map(|item| format!("gad-7.{item}")).collect();
    let table = |rows: &[&str]| format!("sex,case,{}\n{}\n", heading.join(","), rows.join("\n"));
    // One row; everybody alike; nobody answered.
    file(folder, "answers.csv", &table(&["female,1,0,1,2,3,0,1,2"]));
    for analysis in ["items", "reliability", "correlations", "factors", "cfa", "irt"] {
        refused(folder, &with(analysis, &[]), &["refused"]);
    }
    file(folder, "answers.csv", &table(&["female,1,1,1,1,1,1,1,1"; 30]));
    refused(folder, &with("items", &[]), &["does not vary"]);
    refused(folder, &with("irt", &[]), &["refused"]);
    refused(folder, &with("roc", &["--criterion", "case"]), &["refused"]);
    file(folder, "answers.csv", &table(&["female,1,,,,,,,"; 30]));
    for analysis in ["items", "reliability", "irt", "clusters"] {
        let rest: &[&str] = if analysis == "clusters" { &["--cluster", "sex"] } else { &[] };
        refused(folder, &with(analysis, rest), &["refused"]);
    }
    // One of two groups is empty; a column that is not there; a criterion that says neither yes nor no.
    let mixed: Vec<String> = (0..60)
        .map(|row| format!("{},{},{},{},{},0,1,2,{}", "female", row % 3, row % 4, row % 3, row % 2, row / 9 % 4))
        .collect();
    file(folder, "answers.csv", &table(&mixed.iter().map(String::as_str).collect::<Vec<_>>()));
    refused(folder, &with("dif", &["--group", "sex"]), &["two different groups", "female"]);
    refused(folder, &with("dif", &["--group", "sex", "--focal", "male"]), &["does not occur", "female"]);
    refused(folder, &with("invariance", &["--group", "sex"]), &["two groups"]);
    refused(folder, &with("roc", &["--criterion", "diagnosis"]), &["no column `diagnosis`", "case"]);
    refused(folder, &with("roc", &["--criterion", "case"]), &["neither yes nor no", "--positive"]);
    refused(folder, &with("items", &["--items", "1,99"]), &["no item 99"]);
    refused(folder, &with("items", &["--scale", "sum"]), &["no scale sum", "total"]);
    refused(folder, &["items", "-i", "dass-21", "answers.csv"], &["dass-21"]);
    refused(folder, &["cat", "answers.csv"], &["no file of item parameters"]);
    for wrong in [vec!["roc"], vec!["dif", "-i", "gad-7", "answers.csv"], vec!["nothing"]] {
        assert_eq!(screening(folder, &wrong).status.code(), Some(2), "{wrong:?}");
    }
}

/// Items with a constant among them: those that can be estimated are, the others tell why.
#[test]
fn one_method_that_fails_does_not_end_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = made(300);
    file(folder, "answers.csv", &made.csv);
    let found = json(folder, &with("reliability", &["--group-factors", "7"]));
    assert!(found["sections"]["omega-hierarchical"]["refused"].is_string(), "{}", found["sections"]);
    assert!(found["sections"]["alpha"]["raw"].is_number());
    let told = text(&screening(folder, &with("reliability", &["--group-factors", "7"])).stdout);
    assert!(told.contains("[omega-hierarchical] not estimated"), "{told}");
}
