//! Lists for the schools, and the counts that are published.

use std::collections::BTreeMap;

use calamine::Reader;
use jiff::civil::date;
use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::screening::{
    Batch, Battery, ConsentMode, Interpretation, Licences, ScreeningInput, ScreeningResult, WaveSettings,
    pupils_from_frame, screen,
};

use crate::{BATTERY, Book, Csv, names, policy, small, write};

#[test]
fn a_school_has_its_list_of_whom_to_reach_without_any_result() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &names());
    let mut book = Book::of(&folder.path().join("make-up.xlsx"));
    assert_eq!(book.column("B", "Student id"), ["p5", "p6"]);
    assert_eq!(book.column("B", "Status"), ["缺席\nabsent", "原因不明\nunexplained"]);
    let to_do = book.column("B", "What to do");
    assert!(to_do[0].starts_with("安排补测") && to_do[1].starts_with("查明没有答卷的原因"), "{to_do:?}");
    assert_eq!(book.column("B", "Done on"), ["", ""], "to be filled in");
    assert_eq!(book.column("C", "Student id").len(), 1, "nobody, or whoever has no sheet that can be read");
    let sheets = book.0.sheet_names();
    let mut texts = String::new();
    for sheet in &sheets {
        for cell in book.sheet(sheet).rows().flatten() {
            texts.push_str(&cell.to_string());
            texts.push('\n');
        }
    }
    for word in ["critical", "phq", "PHQ", "today", "紧急"] {
        assert!(!texts.contains(word), "`{word}` tells of a result");
    }

    let list = Csv::read(&folder.path().join("make-up.csv"));
    assert_eq!(list.column("student_id")[..2], ["p5", "p6"]);
    assert_eq!(list.column("to_do")[..2], ["make_up", "explain"]);
    assert!(list.headings.contains(&"name".to_owned()));
    write(folder.path(), &result, &BTreeMap::new());
    let list = Csv::read(&folder.path().join("make-up.csv"));
    assert!(!list.headings.contains(&"name".to_owned()), "names were not asked for");
}

/// Two schools of `size` pupils each, of whom the first few of each are absent or without consent.
fn wave(size: usize, consent: ConsentMode) -> ScreeningResult {
    let library = Library::bundled().expect("library");
    let policy = policy();
    let (mut ids, mut schools, mut sexes, mut attendance, mut given) = (vec![], vec![], vec![], vec![], vec![]);
    for school in ["A", "B"] {
        for at in 0..size {
            ids.push(format!("{school}{at}"));
            schools.push(school);
            sexes.push(if at % 2 == 0 { "female" } else { "male" });
            attendance.push((at < 3).then_some("absent"));
            given.push((at % 5 != 2).then_some("granted"));
        }
    }
    let count = ids.len();
    let roster = df![
        "student_id" => &ids, "school" => schools, "grade" => vec![8_i32; count], "class" => vec!["1"; count],
        "sex" => sexes, "attendance" => attendance, "consent" => given,
    ]
    .expect("roster");
    let answering: Vec<usize> = (0..count).filter(|at| at % size >= 3).collect();
    let mut frame =
        df!["student_id" => answering.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>()].expect("sheets");
    // Answers that hang together as those of people do, and no stretch of sheets like another.
    let mut state = 7_u64;
    let mut draw = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let moods: Vec<u64> = answering.iter().map(|_| draw(9)).collect();
    for item in (1..=9).map(|n| format!("phq-9.{n}")).chain((1..=7).map(|n| format!("gad-7.{n}"))) {
        let last = item == "phq-9.9";
        let code = |(at, mood): (&usize, &u64)| {
            if last { i8::from(at % 10 == 3) } else { ((mood + draw(3)) / 3) as i8 }
        };
        let codes: Vec<i8> = answering.iter().zip(&moods).map(code).collect();
        frame.with_column(Column::new(item.into(), codes)).expect("column");
    }
    let mut wave = WaveSettings::new("w", date(2026, 10, 12));
    wave.consent = consent;
    screen(ScreeningInput {
        roster: pupils_from_frame(&roster).expect("pupils"),
        batches: vec![Batch { battery: Battery::from_toml(BATTERY).expect("battery"), sheets: frame }],
        wave,
        library: &library,
        policy: &policy,
        licences: Licences::default(),
        scoring: indexmap::IndexMap::default(),
        interpretation: Interpretation::default(),
    })
    .expect("screening")
}

#[test]
fn where_consent_has_to_be_recorded_it_is_asked_for_first() {
    let folder = tempfile::tempdir().expect("folder");
    write(folder.path(), &wave(20, ConsentMode::OptIn), &BTreeMap::new());
    let list = Csv::read(&folder.path().join("make-up.csv"));
    let step = |id: &str| {
        let at = list.column("student_id").iter().position(|own| *own == id);
        at.map(|at| list.column("to_do")[at])
    };
    assert_eq!(
        [step("A0"), step("A2"), step("A7"), step("A8")],
        [Some("make_up"), Some("ask_consent"), Some("ask_consent"), None]
    );
    write(folder.path(), &wave(20, ConsentMode::OptOut), &BTreeMap::new());
    let list = Csv::read(&folder.path().join("make-up.csv"));
    assert!(list.column("to_do").iter().all(|step| *step != "ask_consent"));
}

#[test]
fn what_is_published_hides_small_counts_and_sums() {
    let folder = tempfile::tempdir().expect("folder");
    let result = wave(60, ConsentMode::OptOut);
    write(folder.path(), &result, &BTreeMap::new());
    let counts = Csv::read(&folder.path().join("published/aggregates.csv"));
    let find = |level: &str, school: &str, measure: &str, value: &str, column: &str| {
        let keys = ["level", "school", "measure", "value"].map(|name| counts.column(name));
        let wanted = [level, school, measure, value];
        let at = (0..counts.rows.len()).find(|row| keys.iter().zip(wanted).all(|(key, wanted)| key[*row] == wanted));
        counts.column(column)[at.unwrap_or_else(|| panic!("no {wanted:?}"))].to_owned()
    };
    assert_eq!(find("district", "", "status", "all", "pupils"), "120");
    // Where the mark of a small count would tell too much, it bears the mark of withheld ones.
    assert!(["<10", "*"].contains(&find("school", "A", "status", "absent", "shown").as_str()));
    assert_ne!(find("school", "A", "status", "absent", "suppressed"), "");
    assert_eq!(find("school", "A", "status", "absent", "pupils"), "");
    // How many have a valid sheet everybody knows, since all shares rest on it; why the others have none is not told.
    assert_eq!(find("school", "A", "status", "valid", "pupils"), "57");
    assert_eq!(find("school", "A", "status", "unexplained", "pupils"), "");
    assert_eq!(find("school", "A", "phq-9.total.band", "all", "pupils"), "60");
    assert_eq!(find("school", "A", "phq-9.total.band", "no-result", "pupils"), "3");
    for (pupils, value) in counts.column("pupils").iter().zip(counts.column("value")) {
        let known = ["all", "valid", "no-result"].contains(&value);
        assert!(
            known || pupils.parse::<u32>().is_ok_and(|count| count >= 10) || pupils.is_empty(),
            "{value}: {pupils}"
        );
    }
    assert!(counts.column("measure_zh").iter().all(|name| !name.is_empty()));
}
