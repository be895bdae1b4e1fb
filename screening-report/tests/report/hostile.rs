//! Results that are broken, mixed or nearly empty.

use std::collections::BTreeMap;
use std::fs;

use polars::prelude::*;
use screening_core::instrument::Language;
use screening_io::output::write_outputs;
use screening_report::{
    Names, ReportError, Results, Settings, Survey, docx, html, invalid_list, key_list, make_up_list, pupil_page,
};

use super::world::{LIBRARY, RESULTS, folder, policy, screened, settings};

fn refused(found: Result<Results, ReportError>, id: &str) {
    match found {
        Err(ReportError::Refused(refusal)) => {
            assert_eq!(refusal.id, id, "{refusal}");
            assert!(!refusal.text.zh_cn.is_empty());
        }
        other => panic!("{id}: {:?}", other.map(|results| results.wave().to_owned())),
    }
}

#[test]
fn what_is_not_of_these_results_is_refused() {
    // The results rest on a policy of their own, which is not bundled.
    refused(Results::read(folder(), LIBRARY.clone(), None), "policy");
    let bundled = screening_core::risk::Policy::bundled("district-default").unwrap().unwrap();
    refused(Results::read(folder(), LIBRARY.clone(), Some(bundled)), "policy");
    refused(Results::read(folder(), screening_core::instrument::Library::default(), Some(policy())), "instrument");
    let mixed = tempfile::tempdir().unwrap();
    fs::copy(folder().join("results.parquet"), mixed.path().join("results.parquet")).unwrap();
    assert!(matches!(Results::read(mixed.path(), LIBRARY.clone(), Some(policy())), Err(ReportError::Input(_))));
    fs::copy(folder().join("before").join("summary.json"), mixed.path().join("summary.json")).unwrap();
    refused(Results::read(mixed.path(), LIBRARY.clone(), Some(policy())), "mixed");
    fs::write(mixed.path().join("summary.json"), "{").unwrap();
    assert!(matches!(Results::read(mixed.path(), LIBRARY.clone(), Some(policy())), Err(ReportError::Input(_))));
    let told = fs::read_to_string(folder().join("summary.json")).unwrap();
    let wrong = told.replacen("\"absent\": ", "\"absent\": 1", 1);
    fs::write(mixed.path().join("summary.json"), wrong).unwrap();
    refused(Results::read(mixed.path(), LIBRARY.clone(), Some(policy())), "mixed");
}

#[test]
fn missing_columns_and_strange_words_are_told() {
    let policy = policy();
    let roster = df!["student_id" => ["p1"], "school" => ["A"], "grade" => [7_i32]].unwrap();
    let result = screened(
        &policy,
        &roster,
        DataFrame::new(0, vec![Column::new("student_id".into(), Vec::<String>::new())]).unwrap(),
        ("w", 2026),
        Vec::new(),
    );
    let of = |frame: DataFrame| {
        let mut own = result.clone();
        own.results = frame;
        Results::from_screening(&own, LIBRARY.clone(), policy.clone())
    };
    for column in ["school", "grade", "class", "sex", "status", "tier", "student_id"] {
        refused(of(result.results.drop(column).unwrap()), "column");
    }
    let with = |name: &str, word: &str| {
        let mut frame = result.results.clone();
        frame.with_column(Column::new(name.into(), [word])).unwrap();
        of(frame)
    };
    refused(with("status", "gone"), "word");
    refused(with("tier", "red"), "word");
    refused(with("grade", "13"), "word");
}

#[test]
fn one_pupil_gives_whole_reports_and_shows_nothing() {
    let policy = policy();
    let roster = df!["student_id" => ["only-one"], "school" => [""], "grade" => [None::<i32>]].unwrap();
    let empty = DataFrame::new(0, vec![Column::new("student_id".into(), Vec::<String>::new())]).unwrap();
    let answers = |ids: Vec<&str>| {
        let n = ids.len();
        let mut columns = vec![Column::new("student_id".into(), ids)];
        columns.extend((1..=9).map(|at| Column::new(format!("phq-9.{at}").into(), vec![3_i8; n])));
        columns.extend((1..=7).map(|at| Column::new(format!("gad-7.{at}").into(), vec![1_i8; n])));
        DataFrame::new(n, columns).unwrap()
    };
    let seven = df!["student_id" => ["only-one"], "school" => ["A"], "grade" => [7_i32]].unwrap();
    for (roster, sheets) in [(roster, empty), (seven, answers(vec!["only-one"]))] {
        let result = screened(&policy, &roster, sheets, ("w", 2026), Vec::new());
        let results = Results::from_screening(&result, LIBRARY.clone(), policy.clone()).unwrap();
        let settings = Settings { language: Language::En, ..Settings::default() };
        let survey = Survey::of(&results, &settings).unwrap();
        let school = results.schools()[0].clone();
        for report in [survey.district().unwrap(), survey.school(&school).unwrap()] {
            let tiers = report.table("tiers").unwrap();
            assert!((0..tiers.rows.len()).all(|row| tiers.value(row, 1).is_none_or(|count| count == 0.0)), "{tiers:?}");
            assert!(html(&report).ends_with("</html>\n") && docx(&report).unwrap().starts_with(b"PK"));
            assert!(!report.plain_text().contains("NaN"));
        }
        pupil_page(&results, &settings, &Names::default(), "only-one").unwrap();
        assert!(pupil_page(&results, &settings, &Names::default(), "nobody").is_err());
        for list in [key_list, invalid_list, make_up_list] {
            list(&results, &settings, &Names::default(), None).unwrap();
            assert!(list(&results, &settings, &Names::default(), Some("no such school")).is_err());
        }
    }
}

#[test]
fn a_folder_is_read_as_the_engine_gives_it() {
    let policy = policy();
    let roster = df!["student_id" => ["a", "b"], "school" => ["A", "B"], "grade" => [7_i32, 8]].unwrap();
    let empty = DataFrame::new(0, vec![Column::new("student_id".into(), Vec::<String>::new())]).unwrap();
    let result = screened(&policy, &roster, empty, ("w", 2026), Vec::new());
    let folder = tempfile::tempdir().unwrap();
    write_outputs(folder.path(), &result, &policy, &[], &BTreeMap::new(), &|_| {}).unwrap();
    let settings = settings(Language::ZhCn);
    let read = Results::read(folder.path(), LIBRARY.clone(), Some(policy.clone())).unwrap();
    let straight = Results::from_screening(&result, LIBRARY.clone(), policy).unwrap();
    let text = |results: &Results| Survey::of(results, &settings).unwrap().district().unwrap().plain_text();
    assert_eq!(text(&read), text(&straight));
    assert!(Survey::of(&RESULTS, &settings).unwrap().school("nowhere").is_err());
}
