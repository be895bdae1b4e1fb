//! `screening research`, and the formats of `screening score`, as a user calls them.

mod planning;
mod psychometrics;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn screening(folder: &Path, arguments: &[&str]) -> Output {
    screening_plain(folder, &[&["--language", "en"], arguments].concat())
}

fn screening_plain(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_screening")).args(arguments).current_dir(folder).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn a_key_is_made_once_and_the_data_are_written_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| screening(folder.path(), arguments);
    assert!(run(&["example", "--out", ".", "--pupils", "60", "--schools", "3"]).status.success());
    let made = run(&["research", "key", "centre.key"]);
    assert!(made.status.success(), "{}", told(&made));
    let key = std::fs::read_to_string(folder.path().join("centre.key")).unwrap();
    let again = run(&["research", "key", "centre.key"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(told(&again).contains("not overwritten"), "{}", told(&again));
    assert_eq!(std::fs::read_to_string(folder.path().join("centre.key")).unwrap(), key);

    let done = run(&["--json", "research", "screening.toml", "--key", "centre.key", "-o", "data", "--min-group", "3"]);
    assert!(done.status.success(), "{}", told(&done));
    let facts: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let count = |name: &str| facts[name].as_u64().unwrap();
    assert_eq!(count("sheets_in"), count("rows") + count("sheets_excluded"));
    assert_eq!(facts["research_consent"], false);
    for file in ["data.parquet", "data.csv", "data.sav", "dictionary.csv", "exclusions.csv", "README.md"] {
        assert!(folder.path().join("data").join(file).is_file(), "{file}");
    }
    let plain = run(&["research", "screening.toml", "--key", "centre.key", "-o", "again"]);
    assert!(told(&plain).contains("research_consent"), "the missing column is told: {}", told(&plain));

    // A file that is no key is refused before anything is read, and not repeated.
    let refused = run(&["research", "no-such-job.toml", "--key", "screening.toml", "-o", "no"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told(&refused).contains("no key file"), "{}", told(&refused));
    assert!(!folder.path().join("no").exists());
    for wrong in [
        &["research"][..],
        &["research", "screening.toml"],
        &["research", "screening.toml", "--key", "centre.key", "--min-group", "1"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn scores_go_to_every_format_and_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let answers = "student_id,phq-2.1,phq-2.2\ns1,0,1\ns2,3,9\ns3,,2\n";
    std::fs::write(folder.path().join("in.csv"), answers).unwrap();
    let run = |arguments: &[&str]| screening(folder.path(), arguments);
    for format in ["csv", "parquet", "xlsx", "sav", "ndjson"] {
        let out = format!("out.{format}");
        let done = run(&["--json", "score", "-i", "phq-2", "in.csv", "-o", &out, "--accept-strays"]);
        assert!(done.status.success(), "{format}: {}", told(&done));
        let facts: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!((facts["rows_in"].as_u64(), facts["cells_rejected"].as_u64()), (Some(3), Some(1)));
        assert!(std::fs::metadata(folder.path().join(&out)).unwrap().len() > 0);
    }
    let unknown = run(&["score", "-i", "phq-2", "in.csv", "-o", "out.docx"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(told(&unknown).contains(".xlsx"), "{}", told(&unknown));

    let mut child = Command::new(env!("CARGO_BIN_EXE_screening"))
        .args(["--language", "en", "score", "-i", "phq-2", "-", "--accept-strays"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let csv = String::from_utf8(output.stdout).unwrap();
    assert!(csv.starts_with("source_file,source_row,student_id,phq-2.total"), "{csv}");
    assert_eq!(csv.lines().count(), 4);
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(messages.contains("row 3") && messages.contains('9'), "{messages}");
    let file = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(file.trim_start_matches('\u{feff}').replace("in.csv", "'-"), csv);
}
