//! Honest waves raise no certain finding, and hardly a likely one.

use super::simulate::honest;
use super::{LIBRARY, audit, instrument, told};
use crate::audit::Certainty;

/// Counts certain and likely findings, and prints them.
fn count(id: &str, pupils: usize, seed: u64, tally: &mut [usize; 2]) {
    let report = audit(id, &honest(instrument(id), pupils, seed));
    assert_eq!(report.sheets, pupils);
    let of = |level: Certainty| report.findings.iter().filter(|finding| finding.certainty == level).count();
    tally[0] += of(Certainty::Certain);
    tally[1] += of(Certainty::Likely);
    if of(Certainty::Certain) + of(Certainty::Likely) > 0 {
        println!("{id} n={pupils} seed={seed}: {:?}", told(&report));
    }
}

#[test]
fn honest_waves_of_all_sizes_are_not_accused() {
    let mut tally = [0; 2];
    let mut waves = 0;
    for id in ["gad-7", "phq-9", "sdq-self", "pss-10", "dass-21"] {
        for pupils in [30, 60, 100, 150, 300, 600] {
            for seed in 0..4 {
                count(id, pupils, seed, &mut tally);
                waves += 1;
            }
        }
    }
    assert_eq!(tally[0], 0, "certain findings in {waves} honest waves");
    assert!(tally[1] * 100 <= waves, "{} likely findings in {waves} honest waves", tally[1]);
}

#[test]
fn large_and_long_honest_waves_are_not_accused() {
    let mut tally = [0; 2];
    for (id, pupils) in [
        ("phq-9", 5000),
        ("gad-7", 5000),
        ("sdq-self", 2000),
        ("mht", 500),
        ("scl-90", 500),
        ("mssmhs", 400),
        ("mht", 30),
    ] {
        for seed in 0..2 {
            count(id, pupils, 100 + seed, &mut tally);
        }
    }
    assert_eq!(tally, [0, 0], "certain and likely findings");
}

#[test]
fn no_instrument_of_the_library_is_accused() {
    let mut tally = [0; 2];
    let mut forms = 0;
    for known in LIBRARY.iter() {
        if super::super::expect::Expectation::of(known.definition()).items.is_empty() {
            continue;
        }
        count(known.id(), 120, 7, &mut tally);
        forms += 1;
    }
    assert!(forms > 100, "{forms}");
    assert_eq!(tally[0], 0, "certain findings in {forms} forms");
    assert!(tally[1] <= 2, "{} likely findings in {forms} forms", tally[1]);
}
