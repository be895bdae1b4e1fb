//! Results of two screenings, written, read back and compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use polars::prelude::*;
use screening_core::change::{ChangeOptions, compare};
use screening_core::instrument::{Language, Library};
use screening_core::risk::Policy;
use screening_core::screening::{Batch, Battery, ScreeningInput, WaveSettings, pupils_from_frame, screen};
use screening_io::output::{write_change, write_outputs, write_table};
use screening_io::read_wave;

/// Sixty pupils answer GAD-7; the first one `first` throughout.
fn results(folder: &Path, library: &Library, wave: &str, day: Date, first: i8) -> PathBuf {
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let battery = Battery::from_toml(
        r#"
        schema = 1
        id = "mood"
        version = "1.0.0"
        name = { en = "mood", zh-CN = "情绪" }
        grades = { from = 7, to = 9 }
        instruments = ["gad-7"]
    "#,
    );
    let ids: Vec<String> = (0..60).map(|n| format!("p{n}")).collect();
    let mut sheets = df!["student_id" => ids.clone()].unwrap();
    for item in 1..=7_i64 {
        let codes: Vec<i8> =
            (0..60).map(|n| if n == 0 { first } else { ((n * item + n * n * n / 50) % 4) as i8 / 2 }).collect();
        sheets.with_column(Column::new(format!("gad-7.{item}").into(), codes)).unwrap();
    }
    let roster = df!["student_id" => ids, "school" => vec!["A"; 60], "grade" => vec![8_i32; 60]].unwrap();
    let result = screen(ScreeningInput {
        roster: pupils_from_frame(&roster).unwrap(),
        batches: vec![Batch { battery: battery.unwrap(), sheets }],
        wave: WaveSettings::new(wave, day),
        library,
        policy: &policy,
        licences: screening_core::screening::Licences::default(),
        scoring: indexmap::IndexMap::default(),
        interpretation: screening_core::screening::Interpretation::default(),
    })
    .unwrap();
    let out = folder.join(wave);
    write_outputs(&out, &result, &policy, &[], &BTreeMap::new(), &|_| {}).unwrap();
    out
}

#[test]
fn two_screenings_are_compared_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::bundled().unwrap();
    let autumn = results(folder.path(), &library, "autumn", date(2025, 10, 12), 3);
    let spring = results(folder.path(), &library, "spring", date(2026, 4, 12), 0);
    // The folder or the file.
    let waves = vec![read_wave(&autumn).unwrap(), read_wave(&spring.join("results.parquet")).unwrap()];
    assert_eq!((waves[0].id.as_str(), waves[1].date), ("autumn", Some(date(2026, 4, 12))));
    assert_eq!(waves[0].instruments["gad-7"], library.get("gad-7").unwrap().citation());

    let options = ChangeOptions::default();
    let report = compare(&waves, &library, &options).unwrap();
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    let counts = &report.comparisons[0].counts;
    assert_eq!((counts.compared, counts.improved, counts.clinical.get("recovered")), (60, 1, Some(&1)));
    assert_eq!(counts.course.get("recovered"), Some(&1));

    let out = folder.path().join("change");
    let written = write_change(&out, &waves, &report, &options).unwrap();
    assert_eq!(written.len(), 4);
    let csv = std::fs::read_to_string(out.join("change.csv")).unwrap();
    assert_eq!(csv.lines().count(), 61);
    assert!(
        csv.lines()
            .any(|line| line.starts_with("p0,A,8") && line.contains("improved,recovered,severe,minimal,recovered")),
        "{csv}"
    );
    let summary: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("change.json")).unwrap()).unwrap();
    let basis = &summary["comparisons"][0]["basis"];
    assert!(
        basis["reliability"]["source"].as_str().unwrap().len() > 5 && basis["spread"]["source"]["zh-CN"].is_string()
    );
    assert_eq!(summary["judge"], "jacobson_truax");
    let mut file = ParquetReader::new(std::fs::File::open(out.join("trajectories.parquet")).unwrap());
    assert_eq!(file.num_rows().unwrap(), 120);
}

#[test]
fn files_that_do_not_say_what_they_rest_on_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::bundled().unwrap();
    let autumn = results(folder.path(), &library, "autumn", date(2025, 10, 12), 3);
    let refused = |path: &Path| {
        let error = read_wave(path).unwrap_err();
        for language in [Language::ZhCn, Language::En] {
            assert!(!error.render(language).contains('{'), "{error}");
        }
        error.id()
    };
    assert_eq!(refused(&autumn.join("results.csv")), "wave-no-parquet");
    assert_eq!(refused(&autumn.join("nothing.parquet")), "file-unreadable");
    let frame = df!["student_id" => ["1"]].unwrap();
    let facts =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
    let bare = folder.path().join("bare.parquet");
    write_table(&bare, &frame, &[]).unwrap();
    assert_eq!(refused(&bare), "wave-no-provenance");
    let wave = ("screening.wave", r#"{"id":"x","date":"2026-01-01"}"#);
    write_table(&bare, &frame, &facts(&[wave, ("screening.instruments", "phq-9")])).unwrap();
    assert_eq!(refused(&bare), "wave-provenance-unclear");
    write_table(&bare, &frame, &facts(&[wave, ("screening.instruments", r#"["phq-9"]"#), ("screening.cutoffs", "{}")]))
        .unwrap();
    assert_eq!(refused(&bare), "wave-provenance-unclear");
    let mut bytes = std::fs::read(autumn.join("results.parquet")).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&bare, bytes).unwrap();
    assert_eq!(refused(&bare), "parquet-broken");
}
