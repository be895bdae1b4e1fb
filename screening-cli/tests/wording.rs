//! `screening instruments wording`, and what uses a wording, as a user runs them. All wording here is made up.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Outcome = Result<(), Box<dyn Error>>;

fn screening(folder: &Path, arguments: &[&str]) -> Result<Output, std::io::Error> {
    Command::new(env!("CARGO_BIN_EXE_screening"))
        .current_dir(folder)
        .args(["--language", "en"])
        .args(arguments)
        .output()
}

fn told(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A data dictionary with two questions that have the options of GAD-2 in other words, and a sum.
const DICTIONARY: &str = "\
Variable / Field Name,Form Name,Field Type,Field Label,\"Choices, Calculations, OR Slider Labels\"
g1,mice,radio,Mice in the <i>kitchen</i>,\"0, none | 1, a mouse | 2, some mice | 3, mice, mice\"
g2,mice,radio,Mice in the attic,\"0, none | 1, a mouse | 2, some mice | 3, mice, mice\"
sum,mice,calc,Sum,[g1]+[g2]
x1,cats,radio,Cats,\"0, no | 1, yes\"
";

const IMPORT: [&str; 11] = [
    "instruments",
    "wording",
    "import",
    "--redcap",
    "dictionary.csv",
    "--form",
    "mice",
    "-i",
    "gad-2",
    "--form-language",
    "en",
];

#[test]
fn import_check_show_and_score() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::write(at("dictionary.csv"), DICTIONARY)?;
    let import = |output: &str| screening(folder.path(), &[&IMPORT[..], &["-o", output]].concat());
    let done = import("wording/gad-2.en.toml")?;
    assert!(done.status.success(), "{}", told(&done.stderr));
    assert!(told(&done.stderr).contains("  sum: computed by the form"), "{}", told(&done.stderr));
    assert!(fs::read_to_string(at("wording/gad-2.en.toml"))?.contains("Mice in the kitchen"));
    // The same on standard output.
    assert_eq!(import("-")?.stdout, fs::read(at("wording/gad-2.en.toml"))?);
    assert_eq!(import("wording/gad-2.txt")?.status.code(), Some(1));

    let done = screening(folder.path(), &["instruments", "wording", "check", "wording"])?;
    assert!(done.status.success(), "{}", told(&done.stderr));
    assert!(told(&done.stdout).contains("1 packs fit, 0 are refused"), "{}", told(&done.stdout));

    let show = |arguments: &[&str]| screening(folder.path(), &[&["instruments", "show"], arguments].concat());
    let page = told(&show(&["gad-2", "--wording", "wording"])?.stdout);
    let row = page.lines().find(|line| line.contains("Mice in the attic")).ok_or("no row for the item")?;
    assert!(row.contains("uncontrolled worry"), "{row}");
    assert!(!told(&show(&["gad-2"])?.stdout).contains("Mice"));
    assert!(told(&show(&["phq-9", "--wording", "wording"])?.stdout).contains("wording holds no wording of phq-9"));
    let json: serde_json::Value = serde_json::from_slice(&show(&["gad-2", "--wording", "wording", "--json"])?.stdout)?;
    assert_eq!(json["wording"][0]["items"]["1"], "Mice in the kitchen");

    fs::write(at("answers.csv"), "g1,g2\n\"mice, mice\",a mouse\nnone,None\n")?;
    let score = ["score", "-i", "gad-2", "answers.csv", "--prefix", "g"];
    let done = screening(folder.path(), &[&score[..], &["--wording", "wording"]].concat())?;
    assert!(done.status.success(), "{}", told(&done.stderr));
    let table = told(&done.stdout);
    let mut rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let column = rows.next().and_then(|row| row.iter().position(|name| *name == "gad-2.total")).ok_or("no total")?;
    assert_eq!(rows.map(|row| row[column].to_owned()).collect::<Vec<_>>(), ["4", "0"], "{table}");
    let done =
        screening(folder.path(), &[&score[..], &["--wording", "wording", "-o", "scores.csv", "--json"]].concat())?;
    let json: serde_json::Value = serde_json::from_slice(&done.stdout)?;
    assert!(json["provenance"]["wording"].as_str().is_some_and(|cited| cited.starts_with("gad-2/en+")), "{json}");
    assert_eq!(screening(folder.path(), &score)?.status.code(), Some(1), "these texts are no labels of our own");
    Ok(())
}

#[test]
fn a_folder_with_a_pack_that_does_not_fit() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::write(at("dictionary.csv"), DICTIONARY)?;
    assert!(screening(folder.path(), &[&IMPORT[..], &["-o", "wording/a.toml"]].concat())?.status.success());
    let pack = fs::read_to_string(at("wording/a.toml"))?;
    fs::write(at("wording/b.toml"), pack.replace("gad-2", "phq-9"))?;
    let check =
        |more: &[&str]| screening(folder.path(), &[&["instruments", "wording", "check", "wording"], more].concat());
    let done = check(&[])?;
    assert_eq!(done.status.code(), Some(1));
    assert!(told(&done.stdout).contains("1 packs fit, 1 are refused"), "{}", told(&done.stdout));
    let refusal = told(&done.stderr);
    assert!(refusal.contains("b.toml") && refusal.contains("the form has 2 items, phq-9 has 9"), "{refusal}");
    let json: serde_json::Value = serde_json::from_slice(&check(&["--json"])?.stdout)?;
    assert_eq!(json["refused"].as_array().map(Vec::len), Some(1));
    // Nothing is scored with half a folder.
    fs::write(at("answers.csv"), "g1,g2\n0,1\n")?;
    let score = ["score", "-i", "gad-2", "answers.csv", "--prefix", "g", "--wording", "wording"];
    assert_eq!(screening(folder.path(), &score)?.status.code(), Some(1));
    Ok(())
}

#[test]
fn refusals_and_wrong_usage() -> Outcome {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("dictionary.csv"), DICTIONARY)?;
    let import = |arguments: &[&str]| {
        let all = [&["instruments", "wording", "import", "--form-language", "en", "-o", "-"], arguments].concat();
        screening(folder.path(), &all).map(|done| (done.status.code(), told(&done.stderr)))
    };
    let (code, message) = import(&["--redcap", "dictionary.csv", "-i", "gad-2"])?;
    assert_eq!(code, Some(1));
    assert!(message.contains("mice, cats") && message.contains("--form"), "{message}");
    let (code, message) = import(&["--redcap", "dictionary.csv", "--form", "mice", "-i", "gad-7"])?;
    assert_eq!(code, Some(1));
    assert!(message.contains("the form has 2 questions (g1, g2), gad-7 has 7"), "{message}");
    assert_eq!(import(&["--redcap", "none.csv", "-i", "gad-2"])?.0, Some(1));
    assert_eq!(import(&["--redcap", "dictionary.csv", "-i", "nothing"])?.0, Some(1));
    for wrong in [
        &["-i", "gad-2"][..],
        &["--redcap", "a", "--fhir", "b", "-i", "gad-2"],
        &["--fhir", "b", "--form", "mice", "-i", "gad-2"],
        &["--redcap", "dictionary.csv"],
        &["--redcap", "a", "-i", "gad-2", "--map", "1"],
    ] {
        assert_eq!(import(wrong)?.0, Some(2), "{wrong:?}");
    }
    Ok(())
}
