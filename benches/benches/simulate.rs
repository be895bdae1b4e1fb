//! The threshold simulator on 100,000 pupils: a policy is run over three instruments with missing answers, then one threshold
//! is moved again and again. Beside it the same answer without the simulator: the whole screening once more.
//!
//! The aim is 50 ms for a full re-evaluation (tiers, rules, overlaps, schools, grades, sexes), so that a slider can be moved.
//! All cores are used, as on the machine of a district; `RAYON_NUM_THREADS=1` gives the figures of one.

use std::hint::black_box;

use polars::prelude::*;
use screening_benches::{answers, medians};
use screening_core::disclosure::Rule;
use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::risk::simulate::Change;
use screening_core::screening::{
    Batch, Battery, Licences, Rehearsal, ScreeningError, ScreeningInput, WaveSettings, pupils_from_frame, rehearse,
    screen,
};

const PUPILS: usize = 100_000;
const SCHOOLS: usize = 120;
const ROUNDS: usize = 9;
const BATTERY: &str = r#"
schema = 1
id = "bench"
version = "1.0.0"
name = { en = "bench", zh-CN = "测试" }
grades = { from = 10, to = 12 }
instruments = ["scl-90", "phq-9", "gad-7"]
"#;

fn main() {
    let library = Library::bundled().expect("bundled");
    let policy = Policy::bundled("district-default").expect("bundled").expect("valid");
    let battery = Battery::from_toml(BATTERY).expect("valid");
    let ids: Vec<String> = (0..PUPILS).map(|at| format!("{at:06}")).collect();
    let sexes: Vec<&str> = (0..PUPILS).map(|at| if at % 2 == 0 { "male" } else { "female" }).collect();
    let roster = df![
        "student_id" => &ids,
        "school" => (0..PUPILS).map(|at| format!("S{:03}", at * SCHOOLS / PUPILS)).collect::<Vec<_>>(),
        "grade" => (0..PUPILS).map(|at| 10 + (at / 50 % 3) as i32).collect::<Vec<_>>(),
        "sex" => sexes,
    ]
    .expect("columns of one length");
    let mut sheets = df!["student_id" => &ids].expect("one column");
    for id in &battery.definition().instruments {
        let own = answers(library.get(id).expect("bundled"), PUPILS, 0.01);
        sheets.hstack_mut(own.columns()).expect("columns of one length");
    }
    let batches = vec![Batch { battery, sheets }];
    let input = |wave: &WaveSettings| ScreeningInput {
        roster: pupils_from_frame(&roster).expect("a roster"),
        batches: batches.clone(),
        wave: wave.clone(),
        library: &library,
        policy: &policy,
        licences: Licences([("scl-90".to_owned(), "synthetic answers".to_owned())].into_iter().collect()),
        scoring: indexmap::IndexMap::default(),
        interpretation: screening_core::screening::Interpretation::default(),
    };
    // Answers drawn at random look to the auditor like a wrong key; somebody accepts that.
    let mut settings = WaveSettings::new("2026-autumn", policy.definition().effective.from);
    if let Err(ScreeningError::Audit(refusal)) = rehearse(input(&settings), &[]) {
        let accept =
            refusal.findings.iter().map(|found| format!("{} {}: drawn at random", found.finding.id, found.instrument));
        settings.audit.accept = accept.map(|text| text.parse().expect("an acceptance")).collect();
    }
    let Rehearsal { own: simulator, .. } = rehearse(input(&settings), &[]).expect("a screening");
    let moved: Vec<Change> = simulator
        .thresholds()
        .into_iter()
        .map(|own| Change { rule: Some(own.rule), what: own.what, from: Some(own.value), value: own.value - 1.0 })
        .collect();
    let one = moved.first().cloned().into_iter().collect::<Vec<_>>();
    println!("{} thresholds, {} rules", moved.len(), policy.definition().rules.len());
    let run = |changes: &[Change]| {
        black_box(simulator.run(changes).expect("a simulation"));
    };
    let release = simulator.run(&[]).expect("a simulation");
    let works: [&dyn Fn(); 5] = [
        &|| run(&[]),
        &|| run(&one),
        &|| run(&moved),
        &|| drop(black_box(release.release(Rule::default()).expect("a release"))),
        &|| drop(black_box(screen(input(&settings)).expect("a screening"))),
    ];
    let names = [
        "the policy as it stands",
        "one threshold moved",
        "all thresholds moved",
        "what may be shown of it",
        "the whole screening",
    ];
    println!("| {PUPILS} pupils, {SCHOOLS} schools | |\n|---|---|");
    for (name, seconds) in names.into_iter().zip(medians(ROUNDS, works)) {
        println!("| {name} | {:.1} ms |", seconds * 1e3);
    }
}
