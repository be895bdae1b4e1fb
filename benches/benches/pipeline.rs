//! The whole pipeline beside scoring alone: matching, audit, validity, norms, policy, coverage, results; and what follows it,
//! the tally, the counts that may be published, and the make of local norms.
//!
//! The aim is at most four times scoring alone. All cores are used; `RAYON_NUM_THREADS=1 POLARS_MAX_THREADS=1` gives one.

use std::hint::black_box;

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use screening_benches::medians;
use screening_benches::wave::{PUPILS, SCHOOLS, Wave};
use screening_core::aggregates::{Unit, aggregate};
use screening_core::disclosure::Rule;
use screening_core::norms::NormSet;
use screening_core::scoring::{FrameOptions, Scorer};
use screening_core::screening::{Interpretation, screen};
use screening_core::tally::WaveTally;
use screening_core::validity::ValidityPlan;

const ROUNDS: usize = 5;

fn main() {
    println!("| {PUPILS} pupils, {SCHOOLS} schools | ms | times scoring alone |\n|---|---|---|");
    case("MHT", &Wave::new(&["mht"], 4), &[]);
    case("SCL-90, PHQ-9, GAD-7", &Wave::new(&["scl-90", "phq-9", "gad-7"], 10), &["scl-90-cn-1986"]);
}

fn case(name: &str, wave: &Wave, norms: &[&str]) {
    let scorers: Vec<Scorer> = wave.batches[0]
        .battery
        .definition()
        .instruments
        .iter()
        .map(|id| Scorer::new(wave.library.get(id).expect("bundled")).expect("compiles"))
        .collect();
    let norms: Vec<NormSet> = norms.iter().map(|id| NormSet::bundled(id).expect("bundled").expect("valid")).collect();
    let plan = ValidityPlan::bundled("district-default").expect("bundled").expect("valid");
    let score = || {
        for scorer in &scorers {
            black_box(scorer.score_frame(&wave.batches[0].sheets, &FrameOptions::default()).expect("scores"));
        }
    };
    let run = |interpretation: Interpretation| screen(wave.input(interpretation)).expect("a screening");
    let with_plan = || Interpretation { validity: Some(plan.clone()), ..Interpretation::default() };
    let full = || Interpretation { norms: norms.clone(), ..with_plan() };
    let result = run(full());
    let tally = WaveTally::of(&result, &wave.policy).expect("a tally");
    let works: [&dyn Fn(); 6] = [
        &score,
        &|| drop(black_box(run(Interpretation::default()))),
        &|| drop(black_box(run(with_plan()))),
        &|| drop(black_box(run(full()))),
        &|| drop(black_box(WaveTally::of(&result, &wave.policy).expect("a tally"))),
        &|| drop(black_box(aggregate(&tally, Unit::School, Rule::default()).expect("counts"))),
    ];
    let names = [
        "scoring alone",
        "audit, matching, policy, coverage, results",
        "the same with the validity plan",
        "the same with published norms",
        "tally, with the counts for norms",
        "suppression of what is published",
    ];
    let seconds = medians(ROUNDS, works);
    for (step, own) in names.into_iter().zip(seconds) {
        println!("| {name}: {step} | {:.1} | {:.1} |", own * 1e3, own / seconds[0]);
    }
}
