//! Waves compared: what is found, what is refused, and that nobody is lost.
#![cfg(feature = "frame")]

use std::sync::LazyLock;

use indexmap::IndexMap;
use polars::prelude::*;
use proptest::prelude::*;
use screening_core::change::{
    ChangeError, ChangeOptions, ChangeReport, GivenReliability, RetestGroup, SpreadChoice, Wave, compare,
};
use screening_core::instrument::{Language, Library};

/// Read once for all tests.
fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());
    &LIBRARY
}

/// One pupil at one wave: id, PHQ-9 total (none = no score), status.
type Row = (String, Option<i64>, &'static str);

fn band(score: Option<i64>) -> Option<&'static str> {
    score.map(|score| match score {
        0..=4 => "minimal",
        5..=9 => "mild",
        10..=14 => "moderate",
        15..=19 => "moderately-severe",
        _ => "severe",
    })
}

fn wave(library: &Library, id: &str, date: (i16, i8, i8), rows: &[Row]) -> Wave {
    let phq = library.get("phq-9").unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    let scores: Vec<Option<i64>> = rows.iter().map(|row| row.1).collect();
    let bands: Vec<Option<&str>> = rows.iter().map(|row| band(row.1)).collect();
    let statuses: Vec<&str> = rows.iter().map(|row| row.2).collect();
    let schools: Vec<String> = rows.iter().map(|_| format!("school of {id}")).collect();
    let results = df![
        "student_id" => ids, "school" => schools, "status" => statuses,
        "phq-9.total" => scores, "phq-9.total.band" => bands,
    ];
    Wave {
        id: id.to_owned(),
        date: Some(jiff::civil::date(date.0, date.1, date.2)),
        instruments: IndexMap::from([("phq-9".to_owned(), phq.citation())]),
        cutoffs: IndexMap::from([("phq-9".to_owned(), IndexMap::from([("total".to_owned(), "severity".to_owned())]))]),
        results: results.unwrap(),
    }
}

/// Forty ordinary pupils who stay where they are, and those of interest before them.
fn with_others(own: &[(&str, Option<i64>, &'static str)]) -> Vec<Row> {
    let mut rows: Vec<Row> = own.iter().map(|(id, score, status)| ((*id).to_owned(), *score, *status)).collect();
    rows.extend((0..40).map(|n| (format!("other-{n}"), Some(n % 12), "valid")));
    rows
}

fn cell(report: &ChangeReport, student: &str, column: &str) -> Option<String> {
    let text = |name: &str| {
        report
            .changes
            .column(name)
            .unwrap()
            .as_materialized_series()
            .cast(&DataType::String)
            .unwrap()
            .str()
            .unwrap()
            .clone()
    };
    let (ids, waves, cells) = (text("student_id"), text("to_wave"), text(column));
    let last = waves.iter().last().flatten().unwrap().to_owned();
    let row =
        (0..report.changes.height()).find(|row| ids.get(*row) == Some(student) && waves.get(*row) == Some(&last))?;
    cells.get(row).map(str::to_owned)
}

#[test]
fn changes_crossings_and_courses_are_told_apart() {
    let library = library();
    let v = "valid";
    let autumn = with_others(&[
        ("up", Some(4), v),
        ("down", Some(20), v),
        ("stays", Some(16), v),
        ("small", Some(10), v),
        ("again", Some(14), v),
        ("gone", Some(9), v),
        ("void", Some(9), v),
    ]);
    let spring = with_others(&[
        ("up", Some(6), v),
        ("down", Some(22), v),
        ("stays", Some(17), v),
        ("small", Some(11), v),
        ("again", Some(3), v),
        ("void", Some(8), v),
    ]);
    let next = with_others(&[
        ("up", Some(18), v),
        ("down", Some(5), v),
        ("stays", Some(15), v),
        ("small", Some(9), v),
        ("again", Some(15), v),
        ("new", Some(12), v),
        ("void", Some(25), "invalid"),
    ]);
    let waves = [
        wave(library, "autumn", (2025, 10, 1), &autumn),
        wave(library, "spring", (2026, 3, 1), &spring),
        wave(library, "next", (2026, 10, 1), &next),
    ];
    let report = compare(&waves, library, &ChangeOptions::default()).unwrap();
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    let told = |student: &str| ["change", "clinical", "course"].map(|column| cell(&report, student, column));
    let some = |words: [&str; 3]| words.map(|word| Some(word.to_owned()));
    assert_eq!(told("up"), some(["deteriorated", "newly-raised", "new-onset"]));
    assert_eq!(told("down"), some(["improved", "recovered", "recovered"]));
    assert_eq!(told("stays"), some(["unchanged", "unchanged", "persistent"]));
    // Across the cut-off, but by less than the error: the course says so, the change does not.
    assert_eq!(told("small"), some(["unchanged", "unchanged", "recovered"]));
    assert_eq!(told("again"), some(["deteriorated", "newly-raised", "returned"]));
    assert_eq!(told("new"), [None, None, Some("first-seen".to_owned())]);
    assert_eq!(told("void"), [None, None, None]);
    assert_eq!(cell(&report, "up", "school").as_deref(), Some("school of next"));

    let last = report.comparisons.last().unwrap();
    let counts = &last.counts;
    assert_eq!((last.from_wave.as_str(), last.to_wave.as_str()), ("spring", "next"));
    assert_eq!((counts.pupils, counts.compared, counts.only_after, counts.not_interpreted), (47, 45, 1, 1));
    assert_eq!(report.comparisons[0].counts.only_before, 1);
    for comparison in &report.comparisons {
        let c = &comparison.counts;
        assert_eq!(c.pupils, c.compared + c.only_before + c.only_after + c.not_interpreted + c.no_score);
        assert_eq!(c.compared, c.improved + c.unchanged + c.deteriorated);
        let basis = &comparison.basis;
        let reliability = basis.reliability.as_ref().unwrap();
        assert!(reliability.kind == "alpha" && !reliability.source.is_empty() && basis.spread.is_some());
        assert!(
            (basis.sem.unwrap() - basis.spread.as_ref().unwrap().sd * (1.0 - reliability.value).sqrt()).abs() < 1e-12
        );
    }

    // Trajectories: a row for each pupil and wave, a void sheet without a value.
    let rows = [autumn, spring, next].iter().map(Vec::len).sum::<usize>();
    assert_eq!(report.trajectories.height(), rows);
    let interpreted = report.trajectories.column("interpreted").unwrap().bool().unwrap().sum().unwrap() as usize;
    let values = report.trajectories.column("value").unwrap();
    assert_eq!((rows - interpreted, values.null_count()), (1, 1));
    let days = report.trajectories.column("administered_on").unwrap();
    assert_eq!((days.dtype(), days.null_count()), (&DataType::Date, 0));
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let mut newer = library().clone();
    let library = library();
    let rows = with_others(&[]);
    let first = wave(library, "autumn", (2025, 10, 1), &rows);
    let second = wave(library, "spring", (2026, 3, 1), &rows);
    let reason = |report: &ChangeReport, at: usize| {
        let why = &report.refused[at].why;
        assert!(!why.get(Language::ZhCn).contains('{') && !why.get(Language::En).contains('{'), "{why:?}");
        why.get(Language::En).to_owned()
    };

    // Another version: refused on both sides, whichever the library holds.
    let mut older = first.clone();
    older.instruments.insert("phq-9".into(), "phq-9@0.9.0+000000000000".into());
    let report = compare(&[older.clone(), second.clone()], library, &ChangeOptions::default()).unwrap();
    assert_eq!((report.changes.height(), report.comparisons.len()), (0, 0));
    assert!(
        (0..report.refused.len()).any(|at| reason(&report, at).contains("different versions")),
        "{:?}",
        report.refused
    );
    let mut both = second.clone();
    both.instruments.clone_from(&older.instruments);
    let report = compare(&[older, both], library, &ChangeOptions::default()).unwrap();
    assert!(report.comparisons.is_empty() && reason(&report, 0).contains("--instruments"));

    // An instrument of one wave only, and one that the library does not have.
    let mut more = second.clone();
    more.instruments.insert("gad-7".into(), library.get("gad-7").unwrap().citation());
    more.instruments.insert("xyz".into(), "xyz@1.0.0+000000000000".into());
    more.results.with_column(Column::new("gad-7.total".into(), vec![3_i64; rows.len()])).unwrap();
    let report = compare(&[first.clone(), more], library, &ChangeOptions::default()).unwrap();
    assert_eq!(report.comparisons.len(), 1);
    assert!(reason(&report, 0).contains("only one wave") && reason(&report, 1).contains("no xyz"));

    // Other cut-offs: scores are compared, bands are not.
    let mut cut = second.clone();
    cut.cutoffs["phq-9"]["total"] = "other".into();
    let report = compare(&[first.clone(), cut], library, &ChangeOptions::default()).unwrap();
    assert!(reason(&report, 0).contains("cut-off sets"));
    assert_eq!(report.changes.column("clinical").unwrap().null_count(), rows.len());
    assert_eq!(report.changes.column("change").unwrap().null_count(), 0);
    assert_eq!(report.changes.column("course").unwrap().null_count(), rows.len());

    // A newer definition in the library than the results rest on.
    let text = include_str!("../../instruments/phq-9.toml").replacen("version = \"1.0.0\"", "version = \"9.0.0\"", 1);
    assert!(text.contains("9.0.0") && newer.add("newer.toml", &text).is_ok());
    let report = compare(&[first, second], &newer, &ChangeOptions::default()).unwrap();
    assert!(report.comparisons.is_empty() && reason(&report, 0).contains("the library holds"));
}

#[test]
fn waves_out_of_order_and_pupils_twice_are_errors() {
    let library = library();
    let options = ChangeOptions::default();
    let rows = with_others(&[]);
    let first = wave(library, "autumn", (2025, 10, 1), &rows);
    let second = wave(library, "spring", (2026, 3, 1), &rows);
    let error = |waves: &[Wave]| compare(waves, library, &options).unwrap_err();
    assert_eq!(error(std::slice::from_ref(&first)), ChangeError::FewWaves(1));
    assert_eq!(error(&[first.clone(), first.clone()]), ChangeError::SameWave("autumn".into()));
    assert!(matches!(error(&[second.clone(), first.clone()]), ChangeError::Order { .. }));
    let mut twice = rows.clone();
    twice.push(("other-3".into(), Some(2), "valid"));
    let twice = wave(library, "spring", (2026, 3, 1), &twice);
    let found = error(&[first.clone(), twice]);
    assert_eq!(found, ChangeError::Duplicate { wave: "spring".into(), row: 41, student: "other-3".into() });
    let mut nameless = rows.clone();
    nameless[4].0 = " ".into();
    let nameless = wave(library, "spring", (2026, 3, 1), &nameless);
    assert_eq!(error(&[first.clone(), nameless]), ChangeError::NoStudent { wave: "spring".into(), row: 5 });
    let mut other = second.clone();
    other.results = df!["name" => ["x"]].unwrap();
    assert!(matches!(error(&[first.clone(), other]), ChangeError::NoColumn { .. }));
    let judge = ChangeOptions { judge: Some("stars".into()), ..ChangeOptions::default() };
    assert!(compare(&[first, second], library, &judge).is_err());
}

#[test]
fn indices_without_their_figures_are_refused_and_given_figures_are_used() {
    let library = library();
    let few: Vec<Row> = (0..12).map(|n| (n.to_string(), Some(n), "valid")).collect();
    let later: Vec<Row> = (0..12).map(|n| (n.to_string(), Some(11 - n), "valid")).collect();
    let waves = [wave(library, "a", (2025, 1, 1), &few), wave(library, "b", (2026, 1, 1), &later)];
    let report = compare(&waves, library, &ChangeOptions::default()).unwrap();
    let refused: Vec<&str> = report.comparisons[0].basis.refused.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(refused.len(), 6, "twelve pupils give no standard deviation: {refused:?}");
    assert_eq!(report.changes.column("change").unwrap().null_count(), 12);

    // A published standard deviation, a reliability and a retest group that the caller answers for.
    let group =
        RetestGroup { n: 150, mean_before: 6.0, sd_before: 5.0, mean_after: 5.5, sd_after: 5.0, correlation: 0.8 };
    let options = ChangeOptions {
        reliability: [("phq-9.total".to_owned(), GivenReliability { value: 0.75, source: "the manual".into() })].into(),
        spread: SpreadChoice::Published,
        retest: [("phq-9.total".to_owned(), group)].into(),
        judge: Some("regression".into()),
        ..ChangeOptions::default()
    };
    let report = compare(&waves, library, &options).unwrap();
    let basis = &report.comparisons[0].basis;
    let refused: Vec<&str> = basis.refused.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(refused, ["hageman_arrindell"]);
    let (spread, reliability) = (basis.spread.as_ref().unwrap(), basis.reliability.as_ref().unwrap());
    assert_eq!((reliability.kind, reliability.source.as_str()), ("given", "the manual"));
    let sd = spread.sd;
    let rci: f64 = cell(&report, "0", "jacobson_truax").unwrap().parse().unwrap();
    assert!((rci - 11.0 / (sd * 0.5_f64.sqrt())).abs() < 1e-9);
    let srb: f64 = cell(&report, "0", "regression").unwrap().parse().unwrap();
    let see = 5.0 * 0.6 * (149.0_f64 / 148.0).sqrt();
    assert!((srb - (11.0 - (5.5 + 0.8 * -6.0)) / see).abs() < 1e-9);
    assert_eq!(cell(&report, "0", "change").as_deref(), Some("deteriorated"));

    // A region without figures leaves the index without a reliability; none is taken from elsewhere.
    let nowhere = ChangeOptions { region: Some("ZZ".into()), ..ChangeOptions::default() };
    let report = compare(&waves, library, &nowhere).unwrap();
    assert!(report.comparisons[0].basis.reliability.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The order of the rows does not matter, nobody is lost, and turning the waves round turns the differences round.
    #[test]
    fn comparisons_do_not_depend_on_the_order_of_rows(
        scores in prop::collection::vec((prop::option::weighted(0.9, 0_i64..28), prop::option::weighted(0.9, 0_i64..28)), 40..80),
        turn in 1_usize..39,
    ) {
        let library = library();
        let rows = |second: bool| -> Vec<Row> {
            scores.iter().enumerate().map(|(n, (a, b))| (n.to_string(), if second { *b } else { *a }, "valid")).collect()
        };
        let mut turned = rows(true);
        turned.rotate_left(turn);
        let a = wave(library, "a", (2025, 1, 1), &rows(false));
        let plain = compare(&[a.clone(), wave(library, "b", (2026, 1, 1), &rows(true))], library, &ChangeOptions::default()).unwrap();
        let other = compare(&[a, wave(library, "b", (2026, 1, 1), &turned)], library, &ChangeOptions::default()).unwrap();
        prop_assert_eq!(plain.changes.height(), scores.len());
        prop_assert_eq!(&plain.comparisons[0].counts, &other.comparisons[0].counts);
        for (n, (a, b)) in scores.iter().enumerate() {
            let id = n.to_string();
            prop_assert_eq!(cell(&plain, &id, "jacobson_truax"), cell(&other, &id, "jacobson_truax"));
            let difference = cell(&plain, &id, "difference").map(|text| text.parse::<f64>().unwrap());
            prop_assert_eq!(difference, a.zip(*b).map(|(a, b)| (b - a) as f64));
        }
        let back = compare(&[wave(library, "b", (2025, 1, 1), &rows(true)), wave(library, "a", (2026, 1, 1), &rows(false))], library, &ChangeOptions::default()).unwrap();
        let (there, back) = (&plain.comparisons[0], &back.comparisons[0]);
        prop_assert_eq!(there.counts.compared, back.counts.compared);
        prop_assert_eq!(there.basis.pupils.map(|g| g.sd_before.to_bits()), back.basis.pupils.map(|g| g.sd_after.to_bits()));
    }
}
