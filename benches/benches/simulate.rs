//! The threshold simulator on 100,000 pupils: a policy is run over three instruments with missing answers, then one threshold
//! is moved again and again. Beside it the same answer without the simulator: the whole screening once more.
//!
//! The aim is 50 ms for a full re-evaluation (tiers, rules, overlaps, schools, grades, sexes), so that a slider can be moved.
//! All cores are used, as on the machine of a district; `RAYON_NUM_THREADS=1` gives the figures of one.

use std::hint::black_box;

use screening_benches::medians;
use screening_benches::wave::{PUPILS, SCHOOLS, Wave};
use screening_core::disclosure::Rule;
use screening_core::risk::simulate::Change;
use screening_core::screening::{Interpretation, Rehearsal, rehearse, screen};

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 9;

fn main() {
    let wave = Wave::new(&["scl-90", "phq-9", "gad-7"], 10);
    let input = || wave.input(Interpretation::default());
    let Rehearsal { own: simulator, .. } = rehearse(input(), &[]).expect("a screening");
    let moved: Vec<Change> = simulator
        .thresholds()
        .into_iter()
        .map(|own| Change { rule: Some(own.rule), what: own.what, from: Some(own.value), value: own.value - 1.0 })
        .collect();
    let one = moved.first().cloned().into_iter().collect::<Vec<_>>();
    println!("{} thresholds, {} rules", moved.len(), wave.policy.definition().rules.len());
    let run = |changes: &[Change]| {
        black_box(simulator.run(changes).expect("a simulation"));
    };
    let release = simulator.run(&[]).expect("a simulation");
    println!("| {PUPILS} pupils, {SCHOOLS} schools | |\n|---|---|");
    let moving: [&dyn Fn(); 3] = [&|| run(&[]), &|| run(&one), &|| run(&moved)];
    let names = ["the policy as it stands", "one threshold moved", "all thresholds moved"];
    for (name, seconds) in names.into_iter().zip(medians(ROUNDS, moving)) {
        println!("| {name} | {:.1} ms |", seconds * 1e3);
    }
    let beside: [&dyn Fn(); 2] = [&|| drop(black_box(screen(input()).expect("a screening"))), &|| {
        drop(black_box(release.release(Rule::default()).expect("a release")));
    }];
    let names = ["the whole screening", "what may be shown of it"];
    for (name, seconds) in names.into_iter().zip(medians(1, beside)) {
        println!("| {name} | {:.1} ms |", seconds * 1e3);
    }
}
