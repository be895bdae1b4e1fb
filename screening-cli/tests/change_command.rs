//! `screening change` and `screening report` as a user calls them, on one run of the example district.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;

fn screening(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_screening")).args(arguments).output().unwrap()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The example district, run once.
static WAVE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (job, out) = (examples().join("district/screening.toml"), folder.path().display().to_string());
    let done = screening(&["run", &job.display().to_string(), "--out", &out, "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    folder
});

#[test]
fn a_wave_is_not_compared_with_itself_and_wrong_calls_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let wave = WAVE.path().display().to_string();
    let out = folder.path().join("change").display().to_string();
    let twice = screening(&["--language", "en", "change", &wave, &wave, "--out", &out]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("given twice"));
    assert!(!Path::new(&out).exists(), "a refused comparison leaves no file");

    let csv = format!("{wave}/results.csv");
    let refused = screening(&["change", &csv, &wave, "--out", &out]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("parquet"));

    for wrong in [
        vec!["change", wave.as_str()],
        vec!["change", &wave, &wave, "--judge", "stars"],
        vec!["change", &wave, &wave, "--reliability", "mht.total=0.8"],
        vec!["change", &wave, &wave, "--reliability", "mht.total=1.8:x"],
    ] {
        assert_eq!(screening(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn reports_lists_and_forms_are_written_and_wrong_calls_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let wave = WAVE.path().display().to_string();
    let settings = examples().join("district/report.toml").display().to_string();
    let roster = examples().join("district/roster.csv").display().to_string();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let written = |arguments: &[&str]| {
        let done = screening(&[&["--language", "en", "report", &wave], arguments].concat());
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    written(&["--kind", "district", "--settings", &settings, "-o", &file("district.html")]);
    let district = std::fs::read_to_string(file("district.html")).unwrap();
    assert!(district.contains("Example district") && district.contains("Screening, not diagnosis"));
    assert!(!district.contains("示例第1"), "no school is named");
    written(&["--kind", "school", "-o", &file("schools"), "--format", "docx"]);
    assert_eq!(std::fs::read_dir(folder.path().join("schools")).unwrap().count(), 3);
    written(&["--kind", "key-list", "--roster", &roster, "-o", &file("key.html")]);
    let masked = std::fs::read_to_string(file("key.html")).unwrap();
    assert!(masked.contains("＊＊") && !masked.contains("10000040209"));
    written(&["--kind", "pupil", "--pupil", "10000040209", "--roster", &roster, "--full", "-o", &file("pupil.html")]);
    assert!(std::fs::read_to_string(file("pupil.html")).unwrap().contains("10000040209"));

    written(&["--kind", "make-up", "-o", &file("make-up.pdf")]);
    assert!(std::fs::read(file("make-up.pdf")).unwrap().starts_with(b"%PDF-"));

    let refused = |arguments: &[&str], code: i32, word: &str| {
        let done = screening(&[&["--language", "en", "report", &wave], arguments].concat());
        assert_eq!(done.status.code(), Some(code), "{arguments:?}");
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(told.contains(word), "{told}");
    };
    refused(&["--kind", "pupil", "-o", &file("a.html")], 1, "--pupil");
    refused(&["--kind", "pupil", "--pupil", "nobody", "-o", &file("a.html")], 1, "no pupil");
    refused(&["--kind", "school", "--school", "nowhere", "-o", &file("a.html")], 1, "no school");
    refused(&["--kind", "district", "-o", &file("a.odt")], 1, "docx");
    refused(&["--kind", "ranking", "-o", &file("a.html")], 2, "ranking");
    assert!(!Path::new(&file("a.html")).exists());
}
