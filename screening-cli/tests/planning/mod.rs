//! `screening simulate` and `screening evaluate`, as a centre calls them.

use std::path::Path;

use super::{screening, told};

const CAPACITY: &str = "schema = 1\nminutes-per-interview = 30\nweeks = 2\nhours-per-week = 6\n\n[[schools]]\nschool = \"示例第1高级中学\"\nhours-per-week = 12\n";

/// A district of three schools with interviews, a capacity file and a policy that flags more.
fn district() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made =
        screening(folder.path(), &["example", "--out", ".", "--pupils", "900", "--schools", "3", "--waves", "1"]);
    assert!(made.status.success(), "{}", told(&made));
    std::fs::write(folder.path().join("hours.toml"), CAPACITY).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../instruments/policies/district-default.toml");
    let text = std::fs::read_to_string(own).unwrap();
    let start = text.find("id = \"phq-9-15\"").unwrap();
    let (head, rest) = text.split_at(start);
    let wider = head.to_owned() + &rest.replacen("value = 15", "value = 12", 1);
    std::fs::write(folder.path().join("wider.toml"), wider).unwrap();
    folder
}

/// What was printed, without the paths of the files and the hash of a policy that changes with its file.
fn page(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("district-default@") {
        let (before, own) = rest.split_at(at);
        plain.push_str(before);
        plain.push_str("district-default@VERSION");
        let end = own.find([' ', ':', '\n', '，', '：']).unwrap_or(own.len());
        rest = &own[end..];
    }
    plain.push_str(rest);
    plain
}

#[test]
fn a_policy_is_tried_and_evaluated_in_words() {
    let folder = district();
    let run = |arguments: &[&str]| screening(folder.path(), arguments);
    let tried = [
        "simulate",
        "screening.toml",
        "--set",
        "phq-9-15:phq-9.total=12",
        "--capacity",
        "hours.toml",
        "--sweep",
        "phq-9.total=8:16:2",
        "--prevalence",
        "0.05:0.03:0.08",
        "--policy-sweep",
        "phq-9-15:phq-9.total=9:18:3",
    ];
    insta::assert_snapshot!("simulate_en", page(&run(&tried)));
    let chinese = [&["--language", "zh-CN"], &tried[..]].concat();
    insta::assert_snapshot!("simulate_zh", page(&super::screening_plain(folder.path(), &chinese)));
    let plot = std::fs::read_to_string(folder.path().join("simulation/sweep.svg")).unwrap();
    // Two lines, and each in the legend.
    assert!(plot.contains("需要支持") && plot.matches("<polyline").count() == 4, "{plot}");
    let json = run(&[&["--json"], &tried[..]].concat());
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        document["pupils"],
        document["sweep"]["pupils"].as_u64().unwrap().max(document["pupils"].as_u64().unwrap())
    );
    assert_eq!(document["changes"][0]["value"], 12.0);
    assert!(document["before"].is_object() && document["thresholds"].as_array().unwrap().len() > 5);

    let evaluated = ["evaluate", "screening.toml", "interviews.csv", "--against", "wider.toml"];
    insta::assert_snapshot!("evaluate_en", page(&run(&evaluated)));
    let chinese = [&["--language", "zh-CN"], &evaluated[..]].concat();
    insta::assert_snapshot!("evaluate_zh", page(&super::screening_plain(folder.path(), &chinese)));
    let moved = std::fs::read_to_string(folder.path().join("evaluation/moved.csv")).unwrap();
    assert!(moved.starts_with("\u{feff}student_id,school,grade,class,tier_before,tier_after,by,no_longer_by\n"));
    // A missing answer may now lead to the tier of the rule: asked again, by no rule.
    let told = |line: &str| line.contains("phq-9-15") || line.contains(",retest,");
    assert!(moved.contains(",month,phq-9-15,") && moved.lines().skip(1).all(told), "{moved}");
}

#[test]
fn what_cannot_be_tried_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| screening(folder.path(), arguments);
    assert!(run(&["example", "--out", ".", "--pupils", "60", "--schools", "3", "--waves", "1"]).status.success());
    std::fs::write(folder.path().join("hours.toml"), "schema = 1\nminutes-per-interview = 0\nweeks = 1\n").unwrap();
    std::fs::write(
        folder.path().join("notes.csv"),
        "student_id,date,outcome,interviewer_role,notes\n1,2026-10-12,no-need,a,b\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("others.csv"),
        "student_id,date,outcome,interviewer_role\nX1,2026-10-12,no-need,counsellor\n",
    )
    .unwrap();
    for (arguments, code, part) in [
        (&["simulate", "screening.toml", "--set", "phq-9.total=12"][..], 1, "compared in several ways"),
        (&["simulate", "screening.toml", "--set", "no-rule:phq-9.total=12"], 1, "thresholds that can be moved"),
        (&["simulate", "screening.toml", "--set", "phq-9.total"], 2, "phq-9.total"),
        (&["simulate", "screening.toml", "--sweep", "phq-9.total=9:1"], 2, "range"),
        (&["simulate", "screening.toml", "--sweep", "phq-9.nothing=1:3"], 1, "phq-9.nothing"),
        (&["simulate", "screening.toml", "--sweep", "nothing.total=1:3"], 1, "nothing"),
        (&["simulate", "screening.toml", "--prevalence", "0.1"], 2, "--sweep"),
        (&["simulate", "screening.toml", "--sweep", "phq-9.total=1:3", "--prevalence", "1.5"], 1, "prevalence"),
        (&["simulate", "screening.toml", "--capacity", "hours.toml"], 1, "hours.toml"),
        (&["simulate", "screening.toml", "--policy", "no-such-policy"], 1, "no-such-policy"),
        (&["simulate", "no-such-job.toml"], 1, "no-such-job.toml"),
        (&["simulate", "screening.toml", "--min-cell", "1"], 2, "min-cell"),
        (&["evaluate", "screening.toml", "notes.csv"], 1, "notes"),
        (&["evaluate", "screening.toml", "others.csv"], 1, "none of 1 interviews"),
        (&["evaluate", "screening.toml", "no-such.csv"], 1, "no-such.csv"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(part), "{arguments:?}: {}", told(&output));
    }
    assert!(!folder.path().join("simulation").exists() && !folder.path().join("evaluation").exists());
}
