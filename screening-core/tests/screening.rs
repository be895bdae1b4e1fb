//! The whole pipeline through its one door.

#![cfg(feature = "bundled")]

mod beside;
mod planning;

use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::date;
use polars::prelude::*;
use proptest::prelude::*;
use screening_core::coverage::{Attendance, Consent, Scope, Status};
use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::screening::{
    AttemptPolicy, Batch, Battery, ConsentMode, Interpretation, Licences, Pupil, RejectionKind, ScreeningError,
    ScreeningInput, ScreeningResult, WaveSettings, pupils_from_frame, screen,
};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());

fn pupil(id: &str, grade: u8) -> Pupil {
    Pupil {
        student_id: id.to_owned(),
        school: "A".to_owned(),
        grade: Some(grade),
        class: "1".to_owned(),
        sex: None,
        birth_date: Some(date(2014, 3, 1)),
        consent: Consent::Granted,
        attendance: Attendance::Unrecorded,
        scope: Scope::In,
    }
}

/// One sheet of the short battery: student id, the nine answers to the first scale, one answer for all of the second.
type Sheet<'a> = (&'a str, [Option<i8>; 9], Option<i8>);

fn short() -> Battery {
    Battery::from_toml(
        "schema = 1\nid = \"short\"\nversion = \"1.0.0\"\nname = { en = \"short\", zh-CN = \"简版\" }\ngrades = { from = 7, to = 9 }\ninstruments = [\"phq-9\", \"gad-7\"]\n",
    )
    .unwrap()
}

fn short_frame(sheets: &[Sheet<'_>]) -> DataFrame {
    let mut columns = vec![
        Column::new("student_id".into(), sheets.iter().map(|sheet| sheet.0).collect::<Vec<_>>()),
        Column::new("source_file".into(), vec!["a.xlsx"; sheets.len()]),
        Column::new("source_row".into(), (0..sheets.len()).map(|row| row as u32 + 2).collect::<Vec<_>>()),
    ];
    columns.extend((0..9).map(|item| {
        Column::new(format!("phq-9.{}", item + 1).into(), sheets.iter().map(|sheet| sheet.1[item]).collect::<Vec<_>>())
    }));
    columns.extend((0..7).map(|item| {
        Column::new(format!("gad-7.{}", item + 1).into(), sheets.iter().map(|sheet| sheet.2).collect::<Vec<_>>())
    }));
    DataFrame::new(sheets.len(), columns).unwrap()
}

fn mht_frame(ids: &[&str], yes: &[&[usize]]) -> DataFrame {
    let mut columns = vec![Column::new("student_id".into(), ids.to_vec())];
    columns.extend((1..=100).map(|item| {
        Column::new(
            format!("mht.{item}").into(),
            yes.iter().map(|list| i8::from(list.contains(&item))).collect::<Vec<_>>(),
        )
    }));
    DataFrame::new(ids.len(), columns).unwrap()
}

fn licences() -> Licences {
    Licences(
        ["mht", "mssmhs", "scl-90", "psqi"]
            .into_iter()
            .map(|id| (id.to_owned(), "settled by the centre".to_owned()))
            .collect(),
    )
}

fn run_with(
    roster: Vec<Pupil>,
    batches: Vec<Batch>,
    change: impl FnOnce(&mut WaveSettings),
) -> Result<ScreeningResult, ScreeningError> {
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let mut wave = WaveSettings::new("2026-autumn", date(2026, 10, 12));
    change(&mut wave);
    screen(ScreeningInput {
        roster,
        batches,
        wave,
        library: &LIBRARY,
        policy: &policy,
        licences: licences(),
        scoring: IndexMap::default(),
        interpretation: Interpretation::default(),
    })
}

fn run(roster: Vec<Pupil>, sheets: &[Sheet<'_>], change: impl FnOnce(&mut WaveSettings)) -> ScreeningResult {
    run_with(roster, vec![Batch { battery: short(), sheets: short_frame(sheets) }], change).unwrap()
}

/// As [`run`], for answers that the auditor refuses: a person accepts whatever it is certain of.
fn run_accepting(roster: Vec<Pupil>, sheets: &[Sheet<'_>], change: impl Fn(&mut WaveSettings)) -> ScreeningResult {
    let batches = || vec![Batch { battery: short(), sheets: short_frame(sheets) }];
    match run_with(roster.clone(), batches(), &change) {
        Err(ScreeningError::Audit(refusal)) => run(roster, sheets, |wave| {
            change(wave);
            let accepted = refusal
                .findings
                .iter()
                .map(|found| format!("{} {}: drawn at random", found.finding.id, found.instrument).parse().unwrap());
            wave.audit.accept = accepted.collect();
        }),
        other => other.unwrap(),
    }
}

const CALM: [Option<i8>; 9] = [Some(0); 9];
const CRITICAL: [Option<i8>; 9] = [Some(0), Some(0), Some(0), Some(0), Some(0), Some(0), Some(0), Some(0), Some(1)];
const HIGH: [Option<i8>; 9] = [Some(3), Some(3), Some(3), Some(3), Some(3), Some(3), Some(3), Some(0), Some(0)];

fn text(frame: &DataFrame, column: &str, row: usize) -> Option<String> {
    let series = frame.column(column).unwrap().as_materialized_series().cast(&DataType::String).unwrap();
    series.str().unwrap().get(row).map(str::to_owned)
}

#[test]
fn every_enrolled_pupil_has_a_row_and_a_status() {
    let roster = vec![
        pupil("ok", 7),
        Pupil { attendance: Attendance::Absent, ..pupil("absent", 7) },
        Pupil { consent: Consent::Refused, ..pupil("refused", 7) },
        Pupil { consent: Consent::Withdrawn, ..pupil("withdrawn", 7) },
        Pupil { scope: Scope::Out, ..pupil("out", 7) },
        pupil("lost", 7),
    ];
    let sheets = [
        ("ok", HIGH, Some(0)),
        ("refused", CALM, Some(0)),
        ("withdrawn", CRITICAL, Some(0)),
        ("out", CALM, Some(0)),
        ("stranger", CRITICAL, Some(0)),
    ];
    let result = run(roster, &sheets, |_| {});
    let statuses: Vec<_> = (0..6).map(|row| text(&result.results, "status", row).unwrap()).collect();
    assert_eq!(statuses, ["valid", "absent", "refused", "withdrawn", "out_of_scope", "unexplained"]);
    assert_eq!(text(&result.results, "tier", 0).as_deref(), Some("soon"));
    assert_eq!(text(&result.results, "tier", 1), None);
    assert_eq!(text(&result.results, "phq-9.total", 0).as_deref(), Some("21"));
    assert_eq!(text(&result.results, "phq-9.total", 1), None);
    assert_eq!(text(&result.results, "age", 0).as_deref(), Some("12"));
    assert_eq!(text(&result.results, "administered_on", 0).as_deref(), Some("2026-10-12"));
    let reasons: Vec<_> = result.rejected.iter().map(|entry| (entry.reason, entry.place.row)).collect();
    assert_eq!(reasons, [("consent-refused", 3), ("consent-withdrawn", 4), ("out-of-scope", 5), ("unknown-pupil", 6)]);
    let rows = result.summary.rows;
    assert_eq!((rows.read, rows.used, rows.superseded, rows.rejected), (5, 1, 0, 4));
}

#[test]
fn critical_answers_on_rejected_sheets_are_listed_apart() {
    let roster = vec![Pupil { consent: Consent::Withdrawn, ..pupil("a", 7) }];
    let result =
        run(roster, &[("a", CRITICAL, Some(0)), ("stranger", CRITICAL, Some(0)), ("a", CALM, Some(3))], |_| {});
    let stray: Vec<_> = result
        .stray_critical
        .iter()
        .map(|entry| (entry.student_id.as_str(), entry.reason, entry.answers.len()))
        .collect();
    assert_eq!(stray, [("a", "consent-withdrawn", 1), ("stranger", "unknown-pupil", 1)]);
    assert_eq!((result.summary.stray_critical, result.proposals.len()), (2, 0));
}

#[test]
fn one_of_several_sheets_counts_and_no_critical_answer_is_lost_with_the_others() {
    let sheets = [("a", CRITICAL, Some(0)), ("a", CALM, Some(0))];
    let last = run(vec![pupil("a", 7)], &sheets, |_| {});
    assert_eq!(text(&last.results, "phq-9.total", 0).as_deref(), Some("0"));
    assert_eq!(text(&last.results, "tier", 0).as_deref(), Some("two-days"));
    assert_eq!(text(&last.results, "critical", 0).as_deref(), Some("phq-9.item-9"));
    assert!(last.proposals[0].proposal.critical[0].other_sheet);
    assert_eq!((last.superseded[0].place.row, last.superseded[0].counts.row), (2, 3));
    let first = run(vec![pupil("a", 7)], &sheets, |wave| wave.attempts = AttemptPolicy::First);
    assert_eq!(text(&first.results, "phq-9.total", 0).as_deref(), Some("1"));
    assert!(!first.proposals[0].proposal.critical[0].other_sheet);
    assert_eq!(first.summary.rows.superseded, 1);
}

#[test]
fn sheets_of_one_day_are_ordered_by_their_time() {
    let sheets = [("a", HIGH, Some(0)), ("a", CALM, Some(0))];
    let mut frame = short_frame(&sheets);
    // The export puts the newest sheet first.
    let times = ["2026-10-12 10:00:00", "2026-10-12 08:00:00"];
    frame.with_column(Column::new("submitted_at".into(), times)).unwrap();
    let total = |policy: AttemptPolicy| {
        let batch = Batch { battery: short(), sheets: frame.clone() };
        let result = run_with(vec![pupil("a", 7)], vec![batch], |wave| wave.attempts = policy).unwrap();
        text(&result.results, "phq-9.total", 0)
    };
    assert_eq!(total(AttemptPolicy::Last).as_deref(), Some("21"));
    assert_eq!(total(AttemptPolicy::First).as_deref(), Some("0"));
}

#[test]
fn the_best_of_several_sheets_can_be_interpreted() {
    let lie: Vec<usize> = (82..=100).step_by(2).collect();
    let roster = vec![pupil("a", 5), pupil("b", 5), pupil("c", 5)];
    let sheets = mht_frame(&["a", "a", "b", "c", "c"], &[&[1, 2], &lie, &lie, &lie, &lie]);
    let batches =
        || vec![Batch { battery: Battery::bundled("primary-upper").unwrap().unwrap(), sheets: sheets.clone() }];
    let best = run_with(roster.clone(), batches(), |wave| wave.attempts = AttemptPolicy::BestValid).unwrap();
    let statuses: Vec<_> = (0..3).map(|row| text(&best.results, "status", row).unwrap()).collect();
    assert_eq!(statuses, ["valid", "retest_pending", "invalid"]);
    assert_eq!(text(&best.results, "tier", 0).as_deref(), Some("none"));
    assert_eq!(text(&best.results, "tier", 1).as_deref(), Some("retest"));
    let last = run_with(roster, batches(), |_| {}).unwrap();
    assert_eq!(last.summary.coverage.get(Status::Valid), 0);
}

#[test]
fn pupils_of_several_batteries_stand_in_one_frame() {
    let batches = vec![
        Batch { battery: short(), sheets: short_frame(&[("b", HIGH, Some(1))]) },
        Batch { battery: Battery::bundled("primary-upper").unwrap().unwrap(), sheets: mht_frame(&["a"], &[&[85]]) },
        Batch { battery: short(), sheets: short_frame(&[("c", CALM, Some(0)), ("a", CALM, Some(0))]) },
    ];
    let result = run_with(vec![pupil("a", 5), pupil("b", 7), pupil("c", 8)], batches, |_| {}).unwrap();
    let cell = |column, row| text(&result.results, column, row);
    assert_eq!(
        (cell("mht.total", 0).as_deref(), cell("mht.total", 1), cell("phq-9.total", 0)),
        (Some("1"), None, None)
    );
    assert_eq!((cell("phq-9.total", 1).as_deref(), cell("phq-9.total", 2).as_deref()), (Some("21"), Some("0")));
    assert_eq!(cell("mht.flag.item-85", 0).as_deref(), Some("true"));
    assert_eq!(cell("mht.flag.item-85", 1), None);
    let urgency: Vec<_> = result.proposals.iter().map(|entry| entry.student_id.as_str()).collect();
    assert_eq!(urgency, ["a", "b"]);
    assert_eq!(result.rejected[0].reason, "grade-outside-battery");
    assert_eq!(result.summary.provenance.instruments.len(), 3);
}

#[test]
fn answers_that_are_not_allowed_are_listed_and_blank_sheets_do_not_count() {
    let mut odd = CALM;
    odd[0] = Some(7);
    let result = run(vec![pupil("a", 7), pupil("b", 7)], &[("a", odd, Some(0)), ("b", [None; 9], None)], |_| {});
    let kinds: Vec<_> = result
        .rejected
        .iter()
        .map(|entry| (entry.kind, entry.reason, entry.column.as_str(), entry.value.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [(RejectionKind::Sheet, "blank-sheet", "", "b"), (RejectionKind::Value, "answer-not-allowed", "phq-9.1", "7")]
    );
    assert_eq!(text(&result.results, "status", 1).as_deref(), Some("unexplained"));
    assert_eq!((result.summary.rows.used, result.summary.rows.values_rejected), (1, 1));
}

#[test]
fn what_would_have_to_be_guessed_is_refused() {
    let refuse = |roster: Vec<Pupil>, batches: Vec<Batch>| run_with(roster, batches, |_| {}).unwrap_err();
    let batch = |frame: DataFrame| vec![Batch { battery: short(), sheets: frame }];
    let calm = || short_frame(&[("a", CALM, Some(0))]);
    assert!(matches!(refuse(vec![], batch(calm())), ScreeningError::EmptyRoster));
    assert!(matches!(
        refuse(vec![pupil("a", 7), pupil("a", 8)], batch(calm())),
        ScreeningError::DuplicatePupil { first: 1, second: 2, .. }
    ));
    assert!(matches!(
        refuse(vec![pupil("a", 7)], batch(calm().drop("student_id").unwrap())),
        ScreeningError::NoStudentId { .. }
    ));
    assert!(matches!(refuse(vec![pupil("a", 7)], batch(calm().drop("phq-9.4").unwrap())), ScreeningError::Frame(_)));
    let overlap = vec![
        Batch { battery: short(), sheets: calm() },
        Batch { battery: Battery::bundled("junior-high").unwrap().unwrap(), sheets: calm() },
    ];
    assert!(matches!(refuse(vec![pupil("a", 7)], overlap), ScreeningError::Overlap { grade: 7, .. }));
    let early = run_with(vec![pupil("a", 7)], batch(calm()), |wave| wave.date = date(2020, 1, 1)).unwrap_err();
    assert!(matches!(early, ScreeningError::NotInForce { .. }), "{early}");
}

#[test]
fn a_licence_must_be_settled() {
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let battery = Battery::bundled("primary-upper").unwrap().unwrap();
    let error = screen(ScreeningInput {
        roster: vec![pupil("a", 5)],
        batches: vec![Batch { battery, sheets: mht_frame(&["a"], &[&[]]) }],
        wave: WaveSettings::new("w", date(2026, 10, 12)),
        library: &LIBRARY,
        policy: &policy,
        licences: Licences::default(),
        scoring: IndexMap::default(),
        interpretation: Interpretation::default(),
    })
    .unwrap_err();
    assert!(error.to_string().contains("mht = \"who settled it and how\""), "{error}");
}

#[test]
fn consent_must_be_recorded_where_the_wave_says_so() {
    let roster = || vec![Pupil { consent: Consent::Unrecorded, ..pupil("a", 7) }];
    let opt_in = run(roster(), &[("a", CALM, Some(0))], |wave| wave.consent = ConsentMode::OptIn);
    assert_eq!(opt_in.rejected[0].reason, "consent-missing");
    assert_eq!(run(roster(), &[("a", CALM, Some(0))], |_| {}).summary.rows.used, 1);
}

#[test]
fn a_roster_frame_becomes_pupils_or_says_why_not() {
    let good = df![
        "student_id" => ["1", "2"], "school" => ["A", "A"], "grade" => [Some(7_i32), None], "sex" => [Some("female"), None],
        "birth_date" => [Some("2013-02-01"), None], "consent" => [Some("granted"), None], "attendance" => [Some("absent"), None], "scope" => [Some("out"), None]
    ]
    .unwrap();
    let pupils = pupils_from_frame(&good).unwrap();
    assert_eq!(
        (pupils[0].attendance, pupils[0].scope, pupils[0].birth_date),
        (Attendance::Absent, Scope::Out, Some(date(2013, 2, 1)))
    );
    assert_eq!((pupils[1].consent, pupils[1].grade), (Consent::Unrecorded, None));
    let refused = |frame: PolarsResult<DataFrame>| pupils_from_frame(&frame.unwrap()).unwrap_err().to_string();
    assert!(refused(df!["student_id" => ["1"]]).contains("school"));
    assert!(refused(df!["student_id" => [" "], "school" => ["A"]]).contains("row 1"));
    assert!(refused(df!["student_id" => ["1"], "school" => ["A"], "grade" => [13_i32]]).contains("13"));
    assert!(refused(df!["student_id" => ["1"], "school" => ["A"], "consent" => ["maybe"]]).contains("granted"));
}

#[test]
fn the_summary_can_be_written() {
    let result = run(vec![pupil("a", 7), pupil("b", 8)], &[("a", HIGH, Some(3)), ("b", CALM, Some(0))], |_| {});
    let mut json = serde_json::to_value(&result.summary).unwrap();
    assert_eq!(json["share_flagged"], 0.5);
    assert_eq!(json["coverage"]["enrolled"], 2);
    assert_eq!(json["tiers"][0]["id"], "today");
    assert!(json["provenance"]["instruments"][0]["citation"].as_str().unwrap().starts_with("phq-9@"));
    assert!(json["rules"].as_array_mut().unwrap().iter().any(|rule| rule["holds"] == 1));
    serde_json::to_string(&result.proposals).unwrap();
    serde_json::to_string(&result.coverage).unwrap();
}

fn sheets() -> impl Strategy<Value = Vec<(usize, [Option<i8>; 9], Option<i8>)>> {
    let answer = || prop_oneof![8 => (0_i8..4).prop_map(Some), 1 => Just(None), 1 => Just(Some(9))];
    prop::collection::vec((0..8_usize, prop::array::uniform9(answer()), answer()), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_lost(list in sheets(), attempts in 0..3_usize) {
        let ids = ["a", "b", "c", "d", "e", "f", "stranger", ""];
        let mut roster: Vec<Pupil> = ids[..6].iter().map(|id| pupil(id, 8)).collect();
        roster[1].consent = Consent::Withdrawn;
        roster[2].grade = Some(12);
        roster[3].attendance = Attendance::Absent;
        let sheets: Vec<Sheet<'_>> = list.iter().map(|(id, first, second)| (ids[*id], *first, *second)).collect();
        let policies = [AttemptPolicy::First, AttemptPolicy::Last, AttemptPolicy::BestValid];
        let result = run_accepting(roster, &sheets, |wave| wave.attempts = policies[attempts]);
        let rows = result.summary.rows;
        prop_assert_eq!(rows.read as usize, list.len());
        prop_assert_eq!(rows.read, rows.used + rows.superseded + rows.rejected);
        prop_assert_eq!(rows.superseded as usize, result.superseded.len());
        let rejected = result.rejected.iter().filter(|entry| entry.kind == RejectionKind::Sheet).count();
        prop_assert_eq!(rows.rejected as usize, rejected);
        prop_assert_eq!(result.results.height(), 6);
        prop_assert_eq!(result.summary.coverage.enrolled(), 6);
        let with_sheet = result.results.column("tier").unwrap().len() - result.results.column("tier").unwrap().null_count();
        prop_assert_eq!(rows.used as usize, with_sheet);
        // Every critical answer surfaces: with the pupil, or among the strays.
        for (id, first, _) in &sheets {
            if first[8].is_some_and(|code| (1..4).contains(&code)) {
                let told = result.proposals.iter().any(|entry| entry.student_id == *id && !entry.proposal.critical.is_empty());
                prop_assert!(told || result.stray_critical.iter().any(|stray| stray.student_id == *id));
            }
        }
    }
}

/// A million sheets; run with `--ignored` and `--nocapture` to see the seconds.
#[test]
#[ignore = "takes seconds and a gigabyte"]
fn a_million_sheets() {
    const PUPILS: usize = 1_000_000;
    let roster: Vec<Pupil> = (0..PUPILS)
        .map(|at| Pupil {
            school: format!("s{}", at / 2000),
            class: format!("{}", at / 40 % 50),
            ..pupil(&format!("p{at}"), 7 + (at % 3) as u8)
        })
        .collect();
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    let battery = Battery::bundled("junior-high").unwrap().unwrap();
    let mut columns =
        vec![Column::new("student_id".into(), (0..PUPILS).map(|at| format!("p{at}")).collect::<Vec<_>>())];
    let mean: Vec<u64> = (0..PUPILS).map(|_| random() % 100).collect();
    for (instrument, items, low, high) in [("mssmhs", 60, 1, 5), ("phq-9", 9, 0, 3), ("gad-7", 7, 0, 3)] {
        for item in 1..=items {
            let codes = mean.iter().map(|mean| match random() % 200 {
                0 => None,
                r if r * 12 < *mean => Some((low + (random() % (high - low + 1) as u64) as i64) as i8),
                _ => Some(low as i8),
            });
            columns.push(Column::new(format!("{instrument}.{item}").into(), codes.collect::<Vec<_>>()));
        }
    }
    let sheets = DataFrame::new(PUPILS, columns).unwrap();
    let begin = std::time::Instant::now();
    let result = run_with(roster, vec![Batch { battery, sheets }], |_| {}).unwrap();
    println!("{:.2?} for {PUPILS} sheets, {} proposals", begin.elapsed(), result.proposals.len());
    for tier in &result.summary.tiers {
        println!("{} {}", tier.id, tier.pupils);
    }
}
