//! Simulation and evaluation over the sheets of the pipeline.

mod evaluation;

use polars::prelude::*;
use proptest::prelude::*;
use screening_core::disclosure::{Rule, Shown};
use screening_core::risk::Policy;
use screening_core::risk::simulate::{
    Capacity, Change, Prevalence, SimulateError, Simulation, Simulator, Sweep, Swept, operating_point,
};
use screening_core::screening::{Rehearsal, ScreeningError, rehearse};

use super::{
    Batch, IndexMap, Interpretation, LIBRARY, Pupil, ScreeningInput, Sheet, WaveSettings, date, licences, mht_frame,
    pupil, short, short_frame,
};
use screening_core::answers::Sex;
use screening_core::screening::Battery;

fn policy() -> Policy {
    Policy::bundled("district-default").unwrap().unwrap()
}

/// Rehearses; what the auditor finds in answers that no pupil gave is accepted.
fn rehearsed(roster: &[Pupil], batches: &[Batch], others: &[&Policy]) -> Rehearsal {
    let policy = policy();
    let run = |wave: WaveSettings| {
        rehearse(
            ScreeningInput {
                roster: roster.to_vec(),
                batches: batches.to_vec(),
                wave,
                library: &LIBRARY,
                policy: &policy,
                licences: licences(),
                scoring: IndexMap::default(),
                interpretation: Interpretation::default(),
            },
            others,
        )
    };
    let mut wave = WaveSettings::new("2026-autumn", date(2026, 10, 12));
    match run(wave.clone()) {
        Err(ScreeningError::Audit(refusal)) => {
            let accept = refusal.findings.iter().map(|own| format!("{} {}: made up", own.finding.id, own.instrument));
            wave.audit.accept = accept.map(|text| text.parse().unwrap()).collect();
            run(wave).unwrap()
        }
        other => other.unwrap(),
    }
}

/// Pupils of two schools, three grades and two sexes.
fn roster(pupils: usize) -> Vec<Pupil> {
    let own = |at: usize| Pupil {
        school: if at.is_multiple_of(2) { "A".to_owned() } else { "B".to_owned() },
        grade: Some(7 + (at % 3) as u8),
        sex: [Some(Sex::Female), Some(Sex::Male), None][at / 3 % 3],
        ..pupil(&format!("{at:04}"), 7)
    };
    (0..pupils).map(own).collect()
}

/// Sheets with these totals of the first scale (0 to 24, the last item unanswered above) and one answer to all items of the second.
fn wave(totals: &[(u8, i8)], others: &[&Policy]) -> Rehearsal {
    let ids: Vec<String> = (0..totals.len()).map(|at| format!("{at:04}")).collect();
    let sheet = |(id, (total, second)): (&'_ String, &(u8, i8))| -> (String, [Option<i8>; 9], Option<i8>) {
        let answer = |item: usize| Some((i32::from(*total) - item as i32 * 3).clamp(0, 3) as i8);
        (id.clone(), std::array::from_fn(answer), Some(*second))
    };
    let sheets: Vec<_> = ids.iter().zip(totals).map(sheet).collect();
    let sheets: Vec<Sheet<'_>> = sheets.iter().map(|(id, first, second)| (id.as_str(), *first, *second)).collect();
    rehearsed(&roster(totals.len()), &[Batch { battery: short(), sheets: short_frame(&sheets) }], others)
}

/// 200 pupils with totals 0 to 24 in turn.
fn many() -> Vec<(u8, i8)> {
    (0..200_u32).map(|at| ((at % 25) as u8, 0)).collect()
}

fn change(rule: Option<&str>, from: Option<f64>, value: f64) -> Change {
    Change { rule: rule.map(str::to_owned), what: "phq-9.total".to_owned(), from, value }
}

fn tiers(results: &DataFrame) -> Vec<Option<String>> {
    let tiers = results.column("tier").unwrap().as_materialized_series().cast(&DataType::String).unwrap();
    tiers.str().unwrap().iter().map(|tier| tier.map(str::to_owned)).collect()
}

fn simulated(simulator: &Simulator, changes: &[Change]) -> Vec<Option<String>> {
    let ids = simulator.tier_ids();
    let levels = simulator.levels(changes).unwrap();
    levels.into_iter().map(|level| level.map(|level| ids[usize::from(level)].to_owned())).collect()
}

/// The policy with the threshold of one rule written into its file.
fn with_threshold(rule: &str, value: u8) -> Policy {
    let text = screening_core::instrument::Library::bundled_file("policies/district-default.toml").unwrap();
    let start = text.find(&format!("id = \"{rule}\"")).unwrap();
    let at = start + text[start..].find("score = \"phq-9.total\"").unwrap();
    let value_at = at + text[at..].find("value = ").unwrap() + "value = ".len();
    let end = value_at + text[value_at..].find(|letter: char| !letter.is_ascii_digit()).unwrap();
    Policy::from_toml(&format!("{}{value}{}", &text[..value_at], &text[end..])).unwrap()
}

/// Any answers: skipped, refused, not shown, invalid, forbidden codes.
fn answer() -> impl Strategy<Value = Option<i8>> {
    prop_oneof![
        12 => (0_i8..=3).prop_map(Some),
        2 => Just(None),
        1 => prop::sample::select(vec![-127_i8, -126, -125, 9]).prop_map(Some),
    ]
}

fn sheets() -> impl Strategy<Value = Vec<(u8, [Option<i8>; 9], Option<i8>)>> {
    prop::collection::vec((0_u8..12, prop::array::uniform9(answer()), answer()), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// With whatever is missing, twice handed in, or of nobody: the simulator gives the tier of the pipeline, pupil by pupil, and with
    /// a moved threshold that of the pipeline under a policy with that threshold.
    #[test]
    fn tiers_are_those_of_the_engine(drawn in sheets(), ids in prop::collection::vec(prop::bool::ANY, 100), value in 1_u8..27) {
        let names: Vec<String> = drawn.iter().map(|(id, ..)| format!("{id:04}")).collect();
        let sheets: Vec<Sheet<'_>> = names.iter().zip(&drawn).map(|(id, (_, first, second))| (id.as_str(), *first, *second)).collect();
        // A second battery for a lower grade, with a lie scale: some of its sheets are not to be interpreted.
        let low = Battery::from_toml(
            "schema = 1\nid = \"low\"\nversion = \"1.0.0\"\nname = { en = \"low\", zh-CN = \"低\" }\ngrades = { from = 4, to = 6 }\ninstruments = [\"mht\"]\n",
        ).unwrap();
        let yes: Vec<Vec<usize>> = (0..4).map(|at| (1..=100).filter(|item| ids[(item * (at + 1) + at) % 100]).collect()).collect();
        let yes: Vec<&[usize]> = yes.iter().map(Vec::as_slice).collect();
        let mut roster = roster(10);
        roster.extend((0..4).map(|at| pupil(&format!("low{at}"), 5)));
        let batches = [
            Batch { battery: short(), sheets: short_frame(&sheets) },
            Batch { battery: low, sheets: mht_frame(&["low0", "low1", "low2", "low3"], &yes) },
        ];
        let moved = with_threshold("phq-9-15", value);
        let found = rehearsed(&roster, &batches, &[&moved]);
        prop_assert_eq!(tiers(&found.screening.results), simulated(&found.own, &[]));
        let change = [change(Some("phq-9-15"), None, f64::from(value))];
        prop_assert_eq!(simulated(&found.others[0], &[]), simulated(&found.own, &change));
        prop_assert_eq!(found.others[0].run(&[]).unwrap().rules, found.own.run(&change).unwrap().rules);
        let again = simulated(&found.own, &[]);
        prop_assert_eq!(again, tiers(&found.screening.results), "a moved threshold stays moved");
        let simulation = found.own.run(&[]).unwrap();
        let flagged = found.screening.summary.flagged;
        prop_assert_eq!(simulation.flagged, u64::from(flagged));
        let totals: Vec<u64> = found.screening.summary.tiers.iter().rev().map(|tier| u64::from(tier.pupils)).collect();
        prop_assert_eq!(&simulation.by_tier, &totals);
    }

    /// Parts are the whole, however they are cut; a lower threshold never flags fewer.
    #[test]
    fn parts_are_the_whole_and_flagging_is_monotone(totals in prop::collection::vec((0_u8..=24, 0_i8..=3), 1..60), low in 1_u8..12, more in 0_u8..12) {
        let found = wave(&totals, &[]);
        let run = |value: u8| found.own.run(&[change(Some("phq-9-15"), None, f64::from(value))]).unwrap();
        let (wide, strict) = (run(low), run(low + more));
        for own in [&wide, &strict] {
            prop_assert_eq!(own.pupils, totals.len() as u64);
            prop_assert_eq!(own.by_tier.iter().sum::<u64>(), own.pupils);
            prop_assert_eq!(own.schools.iter().map(|own| own.flagged).sum::<u64>(), own.flagged);
            prop_assert_eq!(own.schools.iter().map(|own| own.pupils).sum::<u64>(), own.pupils);
            for rule in &own.rules {
                prop_assert!(rule.alone <= rule.holds && rule.holds + rule.cannot_say <= own.pupils);
            }
            for pair in &own.overlaps {
                let holds = |id: &str| own.rules.iter().find(|rule| rule.rule == id).unwrap().holds;
                prop_assert!(pair.both <= holds(&pair.first).min(holds(&pair.second)));
            }
        }
        prop_assert!(wide.flagged >= strict.flagged);
        let (wide, strict) = (levels(&found.own, low), levels(&found.own, low + more));
        prop_assert!(wide.iter().zip(&strict).all(|(wide, strict)| wide >= strict));
    }
}

fn levels(simulator: &Simulator, value: u8) -> Vec<Option<u8>> {
    simulator.levels(&[change(Some("phq-9-15"), None, f64::from(value))]).unwrap()
}

fn rule<'a>(simulation: &'a Simulation, id: &str) -> &'a screening_core::risk::simulate::RuleYield {
    simulation.rules.iter().find(|own| own.rule == id).unwrap()
}

#[test]
fn rules_are_counted_alone_and_together() {
    let found = wave(&many(), &[]);
    let simulation = found.own.run(&[change(Some("phq-9-15"), None, 12.0)]).unwrap();
    // Totals 12 to 24 of 0 to 24, eight pupils each; 20 to 24 for the higher rule, whose threshold stays.
    let (lower, higher) = (rule(&simulation, "phq-9-15"), rule(&simulation, "phq-9-highest-band"));
    assert_eq!((lower.holds, higher.holds), (13 * 8, 5 * 8));
    assert_eq!((lower.alone, higher.alone), (8 * 8, 0));
    let both = simulation.overlaps.iter().find(|own| own.first == "phq-9-highest-band" && own.second == "phq-9-15");
    assert_eq!(both.unwrap().both, 5 * 8);
    let release = simulation.release(Rule::default()).unwrap();
    let flagged = release.table("schools").unwrap().get(&[&[], &["yes"]]).unwrap();
    assert_eq!(flagged, Shown::Value(13 * 8));
    let shown = |id: &str| release.rules.iter().find(|(rule, _)| rule == id).unwrap().1;
    assert_eq!(shown("phq-9-15")[0], Shown::Value(13 * 8));
    // Rules about instruments that were not asked hold for nobody, and nobody is a small count.
    assert_eq!(shown("mht-both-items"), [Shown::Small; 3]);
}

/// What a release shows is either true or withheld, and no small count of a rule is shown.
#[test]
fn a_release_shows_no_small_count() {
    let mut totals = vec![(3_u8, 0_i8); 60];
    totals.extend(vec![(16, 0); 14]);
    totals.extend(vec![(21, 0); 4]);
    let simulation = wave(&totals, &[]).own.run(&[]).unwrap();
    let release = simulation.release(Rule::default()).unwrap();
    for ((_, shown), own) in release.rules.iter().zip(&simulation.rules) {
        for (shown, count) in shown.iter().zip([own.holds, own.cannot_say, own.alone]) {
            assert!(shown.value().is_none_or(|value| value == count && count >= 10), "{own:?} {shown:?}");
        }
    }
    // 18 hold the lower rule, 4 of them also the higher: with 18 and 14 shown the 4 could be worked out.
    let shown = |id: &str| release.rules.iter().find(|(rule, _)| rule == id).unwrap().1;
    assert_eq!(shown("phq-9-highest-band")[0].value(), None);
    assert!(shown("phq-9-15")[0].value().is_none() || shown("phq-9-15")[2].value().is_none());
}

#[test]
fn thresholds_have_to_be_named_so_that_one_is_meant() {
    let found = wave(&many(), &[]);
    let refused = |change: Change| found.own.run(&[change]).unwrap_err();
    let none = refused(change(Some("no-such-rule"), None, 3.0));
    assert!(matches!(&none, SimulateError::NoThreshold { known, .. } if known.contains("phq-9-15:phq-9.total >= 15")));
    // 15 and 20 of several rules.
    let several = refused(change(None, None, 12.0));
    assert!(matches!(&several, SimulateError::SeveralThresholds { .. }), "{several}");
    assert!(several.to_string().contains("phq-9.total@threshold"), "{several}");
    assert!(matches!(refused(change(Some("phq-9-15"), None, f64::NAN)), SimulateError::Range(_)));
    assert!(matches!(refused(change(None, Some(7.0), 3.0)), SimulateError::NoThreshold { .. }));
    // By its threshold it is moved in every rule that has it.
    let moved = found.own.run(&[change(None, Some(20.0), 15.0)]).unwrap();
    assert_eq!(rule(&moved, "phq-9-highest-band").holds, 10 * 8);
    // A single answer has a threshold too.
    let answer = Change { rule: None, what: "phq-9.9".to_owned(), from: Some(2.0), value: 0.0 };
    let everybody = found.own.run(&[answer]).unwrap();
    assert_eq!(everybody.by_tier.last(), Some(&200));
    assert!(found.own.thresholds().iter().any(|own| own.what == "gad-7.total"));
}

fn sweep<'a>(found: &'a Rehearsal, capacity: Option<&'a Capacity>, thresholds: &[f64]) -> Sweep<'a> {
    let swept = Swept::Scale {
        instrument: LIBRARY.get("phq-9").unwrap(),
        scale: "phq-9.total".parse().unwrap(),
        results: &found.screening.results,
        prevalence: Some(Prevalence::new(0.05, 0.03, 0.08).unwrap()),
        region: None,
    };
    Sweep { swept, thresholds: thresholds.to_vec(), capacity, rule: Rule::default() }
}

fn twenty_hours() -> Capacity {
    Capacity::from_toml("schema = 1\nminutes-per-interview = 30\nweeks = 1\nhours-per-week = 20\n").unwrap()
}

#[test]
fn a_sweep_counts_expects_and_chooses() {
    let found = wave(&many(), &[]);
    let capacity = twenty_hours();
    let report = sweep(&found, Some(&capacity), &[20.0, 5.0, 10.0, 15.0]).run().unwrap();
    let counts: Vec<Shown> = report.rows.iter().map(|row| row.flagged).collect();
    assert_eq!(counts, [160, 120, 80, 40].map(Shown::Value));
    // 40 interviews a school: 80 flagged pupils, half of them in each school.
    assert_eq!(report.chosen, Some(15.0));
    let row = &report.rows[2];
    assert_eq!((row.hours, row.within_capacity, report.rows[1].within_capacity), (Some(40.0), Some(true), Some(false)));
    // Published for the very cut-off; the figures are those of the definition.
    let (accuracy, expected) = (row.accuracy.as_ref().unwrap(), row.expected.as_ref().unwrap());
    assert!((expected.true_positives.value - 200.0 * 0.05 * accuracy.sensitivity).abs() < 1e-9);
    assert!((expected.false_positives.value - 200.0 * 0.95 * (1.0 - accuracy.specificity)).abs() < 1e-9);
    assert!((expected.missed.value + expected.true_positives.value - 10.0).abs() < 1e-9);
    assert!(expected.ppv.low < expected.ppv.value && expected.ppv.value < expected.ppv.high);
    // 160 are flagged at 5, 80 at 15: 80 are not reached, 40 of each school, by three grades.
    let grades = &report.not_reached.as_ref().unwrap()[0];
    let total: u64 = ["07", "08", "09"].iter().filter_map(|own| grades.get(&[&[own], &["not-reached"]])?.value()).sum();
    assert_eq!(total, 80);
    for bad in [&[][..], &[f64::NAN], &[0.0; 1].repeat(3), &(0..300).map(f64::from).collect::<Vec<_>>()] {
        let result = sweep(&found, None, bad).run();
        // The same threshold thrice is one.
        assert!(matches!(result, Err(SimulateError::Range(_))) || bad.len() == 3, "{bad:?}");
    }
    let mut other = sweep(&found, None, &[1.0]);
    if let Swept::Scale { scale, .. } = &mut other.swept {
        *scale = "phq-9.nothing".parse().unwrap();
    }
    assert!(matches!(other.run(), Err(SimulateError::NoColumn(name)) if name == "phq-9.nothing"));
}

#[test]
fn a_threshold_within_the_policy_keeps_what_the_other_rules_flag() {
    let found = wave(&many(), &[]);
    let capacity = twenty_hours();
    let within = |thresholds: &[f64]| {
        let swept = Swept::Policy { simulator: &found.own, change: change(Some("phq-9-15"), None, 0.0) };
        let own = Sweep { swept, thresholds: thresholds.to_vec(), capacity: Some(&capacity), rule: Rule::default() };
        own.run().unwrap()
    };
    let report = within(&[10.0, 15.0, 20.0, 90.0]);
    let counts: Vec<u64> = report.rows.iter().map(|row| row.flagged.value().unwrap()).collect();
    for (row, count) in report.rows.iter().zip(&counts) {
        let run = found.own.run(&[change(Some("phq-9-15"), None, row.threshold)]).unwrap();
        assert_eq!(run.flagged, *count);
    }
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[3] >= 40, "the highest band stays flagged: {counts:?}");
    assert!(report.rows.iter().all(|row| row.expected.is_none()));
    assert_eq!((report.chosen, report.pupils), (Some(15.0), 200));
}

#[test]
fn counts_of_neighbouring_thresholds_do_not_tell_a_small_one() {
    // Three pupils between 10 and 11: two shown counts would tell them.
    let mut pupils = vec![(4_u8, 0_i8); 60];
    pupils.extend(vec![(10, 0); 3]);
    pupils.extend(vec![(15, 0); 40]);
    let found = wave(&pupils, &[]);
    let report = sweep(&found, None, &[10.0, 11.0]).run().unwrap();
    let shown = report.rows.iter().filter(|row| row.flagged.value().is_some()).count();
    assert!(shown <= 1, "{:?}", report.rows);
}

#[test]
fn the_model_keeps_prevalence_and_share() {
    let (sensitivity, specificity) = operating_point(0.85, 0.05, 0.12).unwrap();
    assert!((0.05 * sensitivity + 0.95 * (1.0 - specificity) - 0.12).abs() < 1e-9);
    assert!(sensitivity > 1.0 - specificity);
    assert_eq!(operating_point(1.0, 0.05, 0.1), None);
    assert!(Prevalence::new(0.1, 0.2, 0.3).is_err() && Prevalence::new(0.0, 0.0, 0.1).is_err());
    assert!(Prevalence::new(f64::NAN, 0.1, 0.2).is_err());
    for wrong in [
        "schema = 2\nminutes-per-interview = 1\nweeks = 1\n",
        "schema = 1\nminutes-per-interview = 0\nweeks = 1\n",
        "schema = 1\nminutes-per-interview = nan\nweeks = 1\n",
        "schema = 1\nminutes-per-interview = 30\nweeks = 1\nhours-per-week = -1\n",
        "schema = 1\nminutes-per-interview = 30\nweeks = 1\nnames = 3\n",
        "schema = 1\nminutes-per-interview = 30\nweeks = 1\n[[schools]]\nschool = \"A\"\nhours-per-week = 1\n[[schools]]\nschool = \"A\"\nhours-per-week = 1\n",
        "x = 1",
        "",
    ] {
        assert!(matches!(Capacity::from_toml(wrong), Err(SimulateError::Capacity(_))), "{wrong}");
    }
}

#[test]
fn nobody_with_a_sheet_is_no_error() {
    let found = rehearsed(&roster(3), &[], &[]);
    let simulation = found.own.run(&[]).unwrap();
    assert_eq!((simulation.pupils, simulation.flagged), (0, 0));
    assert!(simulation.release(Rule::default()).unwrap().tables.is_empty());
    assert!(found.own.thresholds().is_empty());
}
