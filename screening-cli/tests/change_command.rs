//! `screening change` as a user calls it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn screening(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_screening")).args(arguments).output().unwrap()
}

/// The example district, run once.
fn wave(folder: &Path) -> PathBuf {
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/district/screening.toml");
    let out = folder.join("wave");
    let done = screening(&["run", &job.display().to_string(), "--out", &out.display().to_string(), "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    out
}

#[test]
fn a_wave_is_not_compared_with_itself_and_wrong_calls_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let wave = wave(folder.path()).display().to_string();
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
