//! `screening audit`, and the audit inside `screening run`, as a user calls them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn screening(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_screening")).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Sheets to the seven items of a form, severity and noise the same every time; `change` may alter a code.
fn sheets(rows: usize, change: impl Fn(usize, usize, i64) -> i64) -> String {
    let mut state = 2026_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let heading: Vec<String> = (1..=7).map(|item| format!("gad-7.{item}")).collect();
    let mut text = format!("student_id,{}\n", heading.join(","));
    for row in 0..rows {
        let severity = dice(100).pow(2) / 100;
        let _ = write!(text, "p{row}");
        for item in 0..7 {
            let code = ((severity + dice(60)).saturating_sub(35) / 25).min(3) as i64;
            let _ = write!(text, ",{}", change(row, item, code));
        }
        text.push('\n');
    }
    text
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_sound_file_passes_and_says_what_it_could_not_see() {
    let folder = tempfile::tempdir().unwrap();
    let sound = file(folder.path(), "sound.csv", &sheets(600, |_, _, code| code));
    let done = screening(&["--language", "en", "audit", &sound, "-i", "gad-7"]);
    assert_eq!(done.status.code(), Some(0), "{}{}", out(&done), err(&done));
    let told = out(&done);
    assert!(told.contains("600 sheets audited, 0 finding(s)"), "{told}");
    assert!(told.contains("the order of the columns cannot be told"), "{told}");
    assert!(told.contains("no proof that the file is right"), "{told}");
}

#[test]
fn a_certain_finding_ends_with_1_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let turned = sheets(600, |_, item, code| if item == 2 { 3 - code } else { code });
    let turned = file(folder.path(), "turned.csv", &turned);
    let done = screening(&["--language", "en", "--json", "audit", &turned, "-i", "gad-7"]);
    assert_eq!(done.status.code(), Some(1), "{}", err(&done));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["findings"][0]["id"], "item-turned:3");
    assert_eq!(report["findings"][0]["certainty"], "certain");
    assert!(report["findings"][0]["figures"]["r"].as_f64().unwrap() < -0.3);
    let chinese = out(&screening(&["audit", &turned, "-i", "gad-7"]));
    assert!(chinese.contains("确定") && chinese.contains("请先改正文件"), "{chinese}");
}

#[test]
fn moved_codes_are_told_though_the_reader_cannot_place_them() {
    let folder = tempfile::tempdir().unwrap();
    let moved = file(folder.path(), "moved.csv", &sheets(300, |_, _, code| code + 1));
    let done = screening(&["--language", "en", "--json", "audit", &moved, "-i", "gad-7"]);
    assert_eq!(done.status.code(), Some(1), "{}", err(&done));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["findings"][0]["id"], "codes-moved");
    assert_eq!(report["findings"][0]["figures"]["step"], 1.0);
}

#[test]
fn columns_are_mapped_as_for_scores_and_wrong_calls_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sheets(120, |_, _, code| code).replace("gad-7.", "Q");
    let sound = file(folder.path(), "q.csv", &sound);
    let call = ["--json", "audit", &sound, "-i", "gad-7", "--prefix", "Q", "--coding", "score"];
    assert_eq!(screening(&call).status.code(), Some(0));
    let missing = screening(&["--language", "en", "audit", &sound, "-i", "gad-7"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(err(&missing).contains("gad-7.1"), "{}", err(&missing));
    assert_eq!(screening(&["audit", &sound]).status.code(), Some(2));
    assert_eq!(screening(&["audit", &sound, "-i", "gad-7", "--accept-strays"]).status.code(), Some(2));
}

/// A wave of one school whose answers have item 3 turned.
fn wave(folder: &Path, audit: &str) -> PathBuf {
    let turned = sheets(400, |_, item, code| if item == 2 { 3 - code } else { code });
    file(folder, "answers.csv", &turned);
    let mut roster = "student_id,school,grade,class\n".to_owned();
    for row in 0..400 {
        let _ = writeln!(roster, "p{row},A,8,1");
    }
    file(folder, "roster.csv", &roster);
    let job = format!(
        r#"schema = 1
title = {{ zh-CN = "一校", en = "one school" }}
district = "D"
wave = "w"
administered-on = 2026-09-14
policy = "district-default"
roster = "roster.csv"
{audit}
[[batteries]]
id = "junior"
grades = {{ from = 7, to = 9 }}
instruments = ["gad-7"]

[[answers]]
file = "answers.csv"
battery = "junior"
format = "canonical"
"#
    );
    let path = folder.join("screening.toml");
    fs::write(&path, job).unwrap();
    path
}

#[test]
fn a_wave_stops_until_a_person_accepts_the_finding_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out").display().to_string();
    let job = wave(folder.path(), "").display().to_string();
    let stopped = screening(&["--language", "en", "run", &job, "--out", &target]);
    assert_eq!(stopped.status.code(), Some(1));
    let told = err(&stopped);
    assert!(told.contains("item-turned:3 (gad-7, ") && told.contains("answers.csv; certain"), "{told}");
    assert!(told.contains("accept = [\"item-turned:3 gad-7: reason, name\"]"), "{told}");
    assert!(!Path::new(&target).exists(), "a stopped wave leaves no file");
    let chinese = err(&screening(&["run", &job, "--out", &target]));
    assert!(chinese.contains("未计分") && chinese.contains("item-turned:3"), "{chinese}");

    let accept = r#"audit.accept = ["item-turned:3 gad-7: looked at the form with Li, options are in order", "empty-column:1 gad-7: old"]"#;
    let job = wave(folder.path(), accept).display().to_string();
    let done = screening(&["--language", "en", "run", &job, "--out", &target]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let told = out(&done);
    assert!(told.contains("accepted: looked at the form with Li"), "{told}");
    assert!(told.contains("accepts `empty-column:1 gad-7`, which was not found"), "{told}");
    let summary = fs::read_to_string(Path::new(&target).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let finding = &summary["audit"]["findings"][0];
    assert_eq!((finding["id"].as_str(), finding["instrument"].as_str()), (Some("item-turned:3"), Some("gad-7")));
    assert_eq!(finding["accepted"], "looked at the form with Li, options are in order");
    assert_eq!(summary["audit"]["unused"][0], "empty-column:1 gad-7: old");

    let job = wave(folder.path(), r#"audit.accept = ["item-turned:3 gad-7"]"#).display().to_string();
    let refused = screening(&["--language", "en", "run", &job, "--out", &target]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("<finding id> <instrument>: <reason>"), "{}", err(&refused));
}
