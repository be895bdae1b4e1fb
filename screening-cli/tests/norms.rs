//! `screening norms` from the outside.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn screening(folder: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_screening"))
        .args(["--language", "en"])
        .args(arguments)
        .current_dir(folder)
        .output()
}

fn done(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = screening(folder, arguments)?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) -> Outcome {
    let output = screening(folder, arguments)?;
    let told = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
    parts.iter().for_each(|part| assert!(told.contains(part), "`{part}` is not said in: {told}"));
    Ok(())
}

/// Results of one school: two grades, both sexes, totals that rise with the row.
fn school(folder: &Path, file: &str, shift: usize) -> Outcome {
    let mut text = String::from("student_id,sex,grade,status,phq-9.total,phq-9.total.band\n");
    for row in 0..160 {
        let (sex, grade) = (["female", "male"][row % 2], 7 + row / 2 % 2);
        let status = if row % 20 == 19 { "invalid" } else { "valid" };
        let total = (row * row / 7 + shift) % 22;
        writeln!(text, "00{row},{sex},{grade},{status},{total},x")?;
    }
    Ok(std::fs::write(folder.join(file), text)?)
}

#[test]
fn schools_are_counted_apart_and_together_alike() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    school(folder, "a.csv", 0)?;
    school(folder, "b.csv", 3)?;
    let told =
        done(folder, &["norms", "build", "a.csv", "b.csv", "-o", "whole.toml", "--region", "CN-44", "--year", "2026"])?;
    assert!(told.contains("whole@1.0.0+"), "{told}");
    done(folder, &["norms", "build", "a.csv", "-o", "a.json"])?;
    done(folder, &["norms", "build", "b.csv", "-o", "b.json"])?;
    done(
        folder,
        &[
            "norms",
            "build",
            "b.json",
            "a.json",
            "-o",
            "parts.toml",
            "--id",
            "whole",
            "--region",
            "CN-44",
            "--year",
            "2026",
        ],
    )?;
    let cells = |file: &str| -> Result<String, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(folder.join(file))?;
        Ok(text.split("[[cells]]").skip(1).collect())
    };
    assert_eq!(cells("whole.toml")?, cells("parts.toml")?);
    let shown = done(folder, &["norms", "show", "whole.toml", "--table"])?;
    for part in ["phq-9.total", "sex=female grade=7", "percentile rank", "rows: 320, used: 304, set aside: invalid 16"]
    {
        assert!(shown.contains(part), "`{part}` is not in: {shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&done(folder, &["--json", "norms", "show", "whole.toml"])?)?;
    // Two grades by two sexes, and each grade with both.
    assert_eq!(json["cells"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["built"]["inputs"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn norms_are_applied_with_an_account_of_every_row() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    school(folder, "a.csv", 0)?;
    done(folder, &["norms", "build", "a.csv", "-o", "norms.toml", "--by", "grade"])?;
    std::fs::write(folder.join("new.csv"), "student_id,grade,phq-9.total\n007,7,12\n008,9,12\n009,8,\n")?;
    let told = done(folder, &["norms", "apply", "new.csv", "--norms", "norms.toml", "-o", "out.csv"])?;
    assert!(
        told.contains("3 rows, 1 with a norm") && told.contains("other grade 1") && told.contains("no score 1"),
        "{told}"
    );
    let out = std::fs::read_to_string(folder.join("out.csv"))?;
    let mut lines = out.trim_start_matches('\u{feff}').lines();
    let heads: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let first: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let get = |name: &str| heads.iter().position(|head| *head == name).and_then(|at| first.get(at).copied());
    assert_eq!(get("student_id"), Some("007"));
    assert!(get("phq-9.total.norm").is_some_and(|cell| cell.starts_with("norms@1.0.0+") && cell.ends_with("grade=7")));
    for index in ["z", "t", "percentile", "t_normalised", "stanine", "sten", "t_low", "t_high"] {
        let value = get(&format!("phq-9.total.{index}"));
        assert!(value.is_some_and(|value| value.parse::<f64>().is_ok()), "{index}: {value:?}");
    }
    Ok(())
}

#[test]
fn drift_compares_two_builds() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    school(folder, "a.csv", 0)?;
    school(folder, "b.csv", 3)?;
    for name in ["a", "b"] {
        done(folder, &["norms", "build", &format!("{name}.csv"), "-o", &format!("{name}.toml"), "--by", "grade"])?;
    }
    let told = done(folder, &["norms", "drift", "a.toml", "b.toml"])?;
    assert!(told.contains("effect g") && told.contains("T65"), "{told}");
    let json: serde_json::Value =
        serde_json::from_str(&done(folder, &["--json", "norms", "drift", "a.toml", "b.toml"])?)?;
    assert_eq!(json["cells"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn what_cannot_be_used_is_refused_with_the_place() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    school(folder, "a.csv", 0)?;
    std::fs::write(folder.join("word.csv"), "sex,grade,phq-9.total\nmale,7,many\n")?;
    std::fs::write(folder.join("other.csv"), "sex,grade,x\nmale,7,3\n")?;
    std::fs::write(folder.join("broken.json"), "{}")?;
    std::fs::write(folder.join("broken.toml"), "schema = 1\n")?;
    let build = |file: &'static str| ["norms", "build", file, "-o", "out.toml"];
    refused(folder, &build("word.csv"), &["word.csv", "row 2", "phq-9.total", "many"])?;
    refused(folder, &build("other.csv"), &["other.csv", "--scales"])?;
    refused(folder, &build("broken.json"), &["broken.json"])?;
    refused(folder, &build("missing.csv"), &["missing.csv"])?;
    refused(folder, &["norms", "build", "a.csv", "-o", "out.toml", "--by", "region"], &["a.csv", "region"])?;
    refused(folder, &["norms", "build", "a.csv", "-o", "out.toml", "--min-n", "900"], &["900", "fewer columns"])?;
    refused(folder, &["norms", "show", "broken.toml"], &["broken.toml"])?;
    refused(folder, &["norms", "show", "no-such-set"], &["no-such-set"])?;
    refused(
        folder,
        &["norms", "apply", "other.csv", "--norms", "cdi-zh-chongqing-2020", "-o", "x.csv"],
        &["cdi-zh.total"],
    )?;
    assert!(!folder.join("out.toml").exists());
    let shown = done(folder, &["norms", "show", "cdi-zh-chongqing-2020"])?;
    assert!(shown.contains("10.97"), "{shown}");
    Ok(())
}
