//! Every fault that is planted is found, in many forms and with several seeds.

use super::simulate::{BLANK, Dice, Wave, honest};
use super::{audit, instrument, surest};
use crate::audit::expect::Expectation;
use crate::audit::{Certainty, FindingKind};

/// Forms of all kinds: one scale and many, yes/no and five options, with reversed items and without.
const FORMS: [&str; 8] = ["phq-9", "gad-7", "sdq-self", "dass-21", "pss-10", "mssmhs", "scl-90", "mht"];

/// Forms for faults of single columns, which are told the same way in all.
const FEW: [&str; 4] = ["phq-9", "sdq-self", "mssmhs", "mht"];

/// Plants a fault in several waves; it must be found as likely or certain each time.
fn found(
    forms: &[&str],
    pupils: usize,
    seeds: u64,
    kind: FindingKind,
    plant: impl Fn(&mut Wave, &Expectation, &mut Dice),
) {
    found_as(forms, pupils, seeds, kind, Certainty::Likely, plant);
}

fn found_as(
    forms: &[&str],
    pupils: usize,
    seeds: u64,
    kind: FindingKind,
    at_least: Certainty,
    plant: impl Fn(&mut Wave, &Expectation, &mut Dice),
) {
    let mut missed = Vec::new();
    for id in forms {
        let expected = Expectation::of(instrument(id).definition());
        for seed in 0..seeds {
            let mut wave = honest(instrument(id), pupils, 1000 + seed);
            plant(&mut wave, &expected, &mut Dice::new(seed));
            let report = audit(id, &wave);
            if !report.has(kind, at_least) {
                missed.push(format!("{id} n={pupils} seed={seed}: {}", surest(&report, kind)));
            }
        }
    }
    assert!(missed.is_empty(), "not found as {at_least:?}: {}\n{}", kind.word(), missed.join("\n"));
}

/// Places of items with a scale of four or more.
fn placed(expected: &Expectation) -> Vec<usize> {
    let large = |scale: usize| expected.scales[scale].items.len() >= 4;
    let places = expected.items.iter().enumerate();
    places
        .filter(|(_, item)| item.asked && item.home.is_some_and(|(scale, _)| large(scale)))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn an_item_that_is_turned() {
    found(&FORMS, 500, 3, FindingKind::ItemTurned, |wave, expected, dice| {
        let places = placed(expected);
        let ordinary: Vec<usize> = places.into_iter().filter(|at| !expected.items[*at].critical).collect();
        wave.turn(ordinary[dice.below(ordinary.len())]);
    });
}

#[test]
fn all_reversed_items_turned_already() {
    let forms = ["pss-10", "pss-14", "rses", "ces-d", "stai-6", "sas", "sds"];
    found_as(&forms, 500, 3, FindingKind::KeyGroupTurned, Certainty::Certain, |wave, expected, _| {
        for at in 0..expected.items.len() {
            if expected.items[at].reverse {
                wave.turn(at);
            }
        }
    });
}

#[test]
fn codes_that_moved_up_or_down() {
    found_as(&FORMS, 500, 2, FindingKind::CodesMoved, Certainty::Certain, |wave, _, _| {
        wave.codes.iter_mut().flatten().filter(|code| **code >= -100).for_each(|code| *code += 1);
    });
    found_as(&FORMS, 500, 2, FindingKind::CodesMoved, Certainty::Certain, |wave, _, _| {
        wave.codes.iter_mut().flatten().filter(|code| **code >= -100).for_each(|code| *code -= 1);
    });
    // One column alone.
    found_as(&FORMS, 500, 2, FindingKind::CodesMoved, Certainty::Likely, |wave, expected, dice| {
        let place = placed(expected)[dice.below(placed(expected).len())];
        wave.codes[place].iter_mut().filter(|code| **code >= -100).for_each(|code| *code -= 1);
    });
}

#[test]
fn impossible_codes_in_a_column() {
    found_as(&FEW, 500, 2, FindingKind::ImpossibleCodes, Certainty::Certain, |wave, expected, dice| {
        let place = placed(expected)[dice.below(placed(expected).len())];
        wave.codes[place].iter_mut().step_by(10).for_each(|code| *code = 99);
    });
}

#[test]
fn empty_and_constant_columns() {
    found_as(&FEW, 500, 2, FindingKind::EmptyColumn, Certainty::Certain, |wave, expected, dice| {
        let place = placed(expected)[dice.below(placed(expected).len())];
        wave.codes[place].fill(BLANK);
    });
    // At one end it is the answer without difficulty, at the other it is not.
    for last in [false, true] {
        found(&FEW, 500, 2, FindingKind::ConstantColumn, |wave, expected, dice| {
            let mut places = placed(expected);
            places.retain(|at| !expected.items[*at].critical);
            let place = places[dice.below(places.len())];
            let code = if last { *wave.options[place].last().unwrap() } else { wave.options[place][0] };
            wave.codes[place].fill(code);
        });
    }
}

/// The columns of a form of several scales move by one, all of them or from the middle.
#[test]
fn columns_that_moved_by_one() {
    let forms = ["sdq-self", "dass-21", "pss-10", "mssmhs", "scl-90", "mht"];
    found(&forms, 500, 2, FindingKind::ColumnsShifted, |wave, _, _| wave.codes.rotate_right(1));
    found(&forms, 500, 2, FindingKind::ColumnsShifted, |wave, _, _| wave.codes.rotate_left(1));
    found(&["sdq-self", "mssmhs", "scl-90", "mht"], 500, 2, FindingKind::ColumnsShifted, |wave, _, _| {
        // An attention check behind a third of the form.
        let at = wave.codes.len() / 3;
        let check = vec![wave.options[at][0]; wave.ids.len()];
        wave.codes.insert(at, check);
        wave.codes.pop();
    });
}

#[test]
fn a_shift_shows_by_the_rare_item_where_there_is_one_scale() {
    found(&["phq-9"], 500, 4, FindingKind::RareItemCommon, |wave, _, _| wave.codes.rotate_right(1));
    found(&["phq-9"], 500, 4, FindingKind::RareItemCommon, |wave, _, _| wave.codes.rotate_left(1));
}

#[test]
fn two_columns_that_changed_places() {
    found(&["sdq-self", "mssmhs", "scl-90"], 2000, 2, FindingKind::ColumnsSwapped, |wave, expected, dice| {
        let places = placed(expected);
        let is_usual =
            |at: &usize| expected.items[*at].home.is_some_and(|(_, sign)| sign > 0.0) && !expected.items[*at].critical;
        let one = places.iter().copied().filter(is_usual).nth(dice.below(4)).unwrap();
        let home = |at: usize| expected.items[at].home.unwrap().0;
        let other = places.iter().copied().filter(is_usual).find(|at| home(*at) != home(one) && *at > one + 1).unwrap();
        wave.codes.swap(one, other);
    });
}

#[test]
fn sheets_and_rows_that_come_twice() {
    found_as(&FORMS, 500, 2, FindingKind::RepeatedBlock, Certainty::Certain, |wave, _, _| wave.repeat(100..140, true));
    found_as(&FORMS, 500, 2, FindingKind::RepeatedBlock, Certainty::Certain, |wave, _, _| wave.repeat(0..60, false));
    found(&FORMS, 500, 2, FindingKind::SameSheetAgain, |wave, _, _| {
        // Scattered rows of the same pupils, no straight lines among them.
        (10..200).step_by(19).for_each(|row| wave.repeat(row..row + 1, false));
    });
    // Long forms tell single sheets under other names as well.
    found(&["sdq-self", "mssmhs", "scl-90", "mht"], 500, 2, FindingKind::EqualSheets, |wave, _, _| {
        (10..200).step_by(19).for_each(|row| wave.repeat(row..row + 1, true));
    });
}

#[test]
fn columns_that_have_nothing_to_do_with_one_another() {
    let unrelated = |wave: &mut Wave, _: &Expectation, _: &mut Dice| {
        for (step, column) in wave.codes.iter_mut().enumerate() {
            let rows = column.len();
            column.rotate_left((step * 37) % rows);
        }
    };
    found(&["phq-9", "gad-7", "mht", "scl-90"], 500, 2, FindingKind::KeyDoesNotFit, unrelated);
    // Where no alpha is published there is less to go by.
    found(&["pss-10"], 1500, 2, FindingKind::KeyDoesNotFit, unrelated);
}

#[test]
fn a_turned_item_and_a_constant_one_are_told_apart() {
    let mut wave = honest(instrument("phq-9"), 800, 5);
    wave.turn(2);
    wave.codes[5].fill(3);
    let report = audit("phq-9", &wave);
    let ids: Vec<&str> = report.certain().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["constant-column:6", "item-turned:3"]);
    assert_eq!(report.finding("item-turned:3").unwrap().items, ["3"]);
    let r = report.finding("item-turned:3").unwrap().figures["r"];
    assert!(r < -0.3, "{r}");
}

#[test]
fn findings_are_told_with_their_figures_in_both_languages() {
    let mut wave = honest(instrument("pss-10"), 600, 3);
    for at in [3, 4, 6, 7] {
        wave.turn(at);
    }
    let report = audit("pss-10", &wave);
    let finding = report.finding("key-group-turned:total").unwrap();
    assert_eq!(finding.items, ["4", "5", "7", "8"]);
    for text in [&finding.text, &finding.advice] {
        assert!(!text.en.contains('{') && !text.zh_cn.contains('{'), "{text:?}");
    }
    assert!(finding.text.en.contains("4, 5, 7, 8") && finding.text.zh_cn.contains("4、5、7、8"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["findings"][0]["kind"], "key-group-turned");
    assert_eq!(json["findings"][0]["certainty"], "certain");
}
