//! Simulation and evaluation over the results of the pipeline.

use jiff::civil::date;
use polars::prelude::*;
use proptest::prelude::*;
use screening_core::disclosure::{Rule, Shown};
use screening_core::risk::Policy;
use screening_core::risk::evaluate::{
    CannotSay, EvaluateError, Interview, InterviewOutcome, compare_policies, evaluate,
};
use screening_core::risk::simulate::{Capacity, Change, Prevalence, SimulateError, Simulator, Sweep, operating_point};

use super::{LIBRARY, pupil, run, short_frame};

/// Results of pupils with these totals of the first scale (0 to 24) and this answer to all items of the second, with their
/// answers in the same rows.
fn wave(pupils: &[(u8, i8)]) -> (DataFrame, DataFrame) {
    let ids: Vec<String> = (0..pupils.len()).map(|at| format!("{at:04}")).collect();
    let mut roster: Vec<_> = ids.iter().map(|id| pupil(id, 7)).collect();
    for (at, own) in roster.iter_mut().enumerate() {
        own.school = if at % 2 == 0 { "A".to_owned() } else { "B".to_owned() };
        own.grade = Some(7 + (at % 3) as u8);
    }
    let sheets: Vec<_> = ids
        .iter()
        .zip(pupils)
        .map(|(id, (total, second))| {
            let answer = |item: u8| Some((i32::from(*total) - i32::from(item) * 3).clamp(0, 3) as i8);
            (id.as_str(), std::array::from_fn(|item| answer(item as u8)), Some(*second))
        })
        .collect();
    let results = run(roster, &sheets, |_| {}).results;
    (results, short_frame(&sheets))
}

fn policy() -> Policy {
    Policy::bundled("district-default").unwrap().unwrap()
}

fn change(rule: Option<&str>, value: f64) -> Change {
    Change { rule: rule.map(str::to_owned), scale: "phq-9.total".parse().unwrap(), value }
}

/// 200 pupils with totals 0 to 24 in turn.
fn many() -> Vec<(u8, i8)> {
    (0..200_u32).map(|at| ((at % 25) as u8, 0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Over complete sheets the simulator gives the tier that the pipeline gave, pupil by pupil.
    #[test]
    fn the_unchanged_policy_gives_the_tiers_of_the_results(pupils in prop::collection::vec((0_u8..=27, 0_i8..=3), 1..40)) {
        let (results, answers) = wave(&pupils);
        let policy = policy();
        let simulator = Simulator::new(&policy, &LIBRARY, &results, Some(&answers)).unwrap();
        prop_assert_eq!(simulator.left_out(), &[]);
        prop_assert_eq!(simulator.differing().unwrap(), 0);
        let simulation = simulator.run(&[]).unwrap();
        prop_assert_eq!(simulation.by_tier.iter().sum::<u64>(), pupils.len() as u64);
        prop_assert_eq!(simulation.schools.iter().map(|(_, flagged, _)| flagged).sum::<u64>(), simulation.flagged);
    }

    /// Lowering a threshold never flags fewer.
    #[test]
    fn flagging_is_monotone(pupils in prop::collection::vec((0_u8..=24, 0_i8..=3), 1..40), low in 1_u8..12, more in 0_u8..12) {
        let (results, answers) = wave(&pupils);
        let policy = policy();
        let simulator = Simulator::new(&policy, &LIBRARY, &results, Some(&answers)).unwrap();
        let flagged = |value: u8| simulator.run(&[change(None, f64::from(value))]).unwrap().flagged;
        prop_assert!(flagged(low) >= flagged(low + more));
    }
}

#[test]
fn rules_are_counted_alone_and_together() {
    let (results, answers) = wave(&many());
    let policy = policy();
    let simulator = Simulator::new(&policy, &LIBRARY, &results, Some(&answers)).unwrap();
    let simulation = simulator.run(&[change(Some("phq-9-15"), 12.0)]).unwrap();
    let holds = |rule: &str| simulation.rules.iter().find(|own| own.rule == rule).unwrap();
    // Totals 12 to 24 of 0 to 24, eight pupils each; 20 to 24 for the higher rule, whose threshold stays.
    assert_eq!((holds("phq-9-15").holds, holds("phq-9-highest-band").holds), (13 * 8, 5 * 8));
    assert_eq!((holds("phq-9-15").alone, holds("phq-9-highest-band").alone), (8 * 8, 0));
    let both = simulation.overlaps.iter().find(|own| own.first == "phq-9-highest-band" && own.second == "phq-9-15");
    assert_eq!(both.unwrap().both, 5 * 8);
    let release = simulation.release(Rule::default()).unwrap();
    let flagged = release.table("schools").unwrap().get(&[&[], &["yes"]]).unwrap();
    assert!(flagged == Shown::Value(13 * 8) || flagged == Shown::Withheld, "{flagged:?}");
}

#[test]
fn what_the_results_do_not_hold_is_told() {
    let (results, _) = wave(&many());
    let policy = policy();
    let simulator = Simulator::new(&policy, &LIBRARY, &results, None).unwrap();
    let told: Vec<&str> = simulator.left_out().iter().map(|own| own.part.as_str()).collect();
    assert_eq!(told, ["phq-9.9"]);
    let refused = simulator.run(&[change(Some("no-such-rule"), 3.0)]).unwrap_err().to_string();
    assert!(refused.contains("no-such-rule") && refused.contains("phq-9-15:phq-9.total"), "{refused}");
    let bare = results.drop("tier").unwrap();
    assert!(
        matches!(Simulator::new(&policy, &LIBRARY, &bare, None), Err(SimulateError::NoColumn(name)) if name == "tier")
    );
}

fn sweep<'a>(capacity: Option<&'a Capacity>, thresholds: Vec<f64>) -> Sweep<'a> {
    Sweep {
        instrument: LIBRARY.get("phq-9").unwrap(),
        scale: "phq-9.total".parse().unwrap(),
        thresholds,
        prevalence: Some(Prevalence::new(0.05, 0.03, 0.08).unwrap()),
        capacity,
        region: None,
        rule: Rule::default(),
    }
}

#[test]
fn a_sweep_counts_expects_and_chooses() {
    let (results, _) = wave(&many());
    let capacity = "schema = 1\nminutes-per-interview = 30\nweeks = 1\nhours-per-week = 20\n";
    let capacity = Capacity::from_toml(capacity).unwrap();
    let report = sweep(Some(&capacity), vec![20.0, 5.0, 10.0, 15.0]).run(&results).unwrap();
    let counts: Vec<Shown> = report.rows.iter().map(|row| row.flagged).collect();
    assert_eq!(counts, [160, 120, 80, 40].map(Shown::Value));
    // 40 interviews a school: 80 flagged pupils, half of them in each school.
    assert_eq!(report.chosen, Some(15.0));
    let row = &report.rows[2];
    assert_eq!((row.hours, row.within_capacity, report.rows[1].within_capacity), (Some(40.0), Some(true), Some(false)));
    // Published for 15 and more: sensitivity 0.72, specificity 0.95.
    let expected = row.expected.as_ref().unwrap();
    assert!((expected.true_positives.value - 200.0 * 0.05 * 0.72).abs() < 1e-9);
    assert!((expected.false_positives.value - 200.0 * 0.95 * 0.05).abs() < 1e-9);
    assert!(expected.ppv.low < expected.ppv.value && expected.ppv.value < expected.ppv.high);
    assert!(report.not_reached.is_some());
    for bad in [Vec::new(), vec![f64::NAN]] {
        assert!(matches!(sweep(None, bad).run(&results), Err(SimulateError::Range(_))));
    }
}

#[test]
fn counts_of_neighbouring_thresholds_do_not_tell_a_small_one() {
    // Three pupils between 10 and 11: two shown counts would tell them.
    let mut pupils = vec![(4_u8, 0_i8); 60];
    pupils.extend(vec![(10, 0); 3]);
    pupils.extend(vec![(15, 0); 40]);
    let (results, _) = wave(&pupils);
    let report = sweep(None, vec![10.0, 11.0]).run(&results).unwrap();
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
    for wrong in [
        "schema = 2\nminutes-per-interview = 1\nweeks = 1\n",
        "schema = 1\nminutes-per-interview = 0\nweeks = 1\n",
        "x = 1",
    ] {
        assert!(matches!(Capacity::from_toml(wrong), Err(SimulateError::Capacity(_))), "{wrong}");
    }
}

fn interview(id: usize, day: i8, outcome: InterviewOutcome) -> Interview {
    Interview {
        student_id: format!("{id:04}"),
        date: date(2026, 11, day),
        outcome,
        interviewer_role: "counsellor".to_owned(),
    }
}

#[test]
fn evaluation_corrects_for_who_was_interviewed() {
    let pupils = many();
    let (results, answers) = wave(&pupils);
    let policy = policy();
    // 80 pupils are flagged (15 and more): all are interviewed, every second of them is in need. Of the 120 others 30 are
    // interviewed, three are in need.
    let mut interviews = Vec::new();
    let (mut flagged, mut others) = (0, 0);
    for (at, (total, _)) in pupils.iter().enumerate() {
        let need = if *total >= 15 {
            flagged += 1;
            Some(flagged % 2 == 0)
        } else {
            others += 1;
            (others % 4 == 0).then_some(others % 40 == 0)
        };
        if let Some(need) = need {
            let outcome = if need { InterviewOutcome::NeedsSupport } else { InterviewOutcome::NoNeed };
            interviews.push(interview(at, 2, outcome));
        }
    }
    interviews.push(interview(0, 3, InterviewOutcome::NotHeld));
    interviews.push(interview(9_999, 3, InterviewOutcome::NoNeed));
    let found = evaluate(&policy, &LIBRARY, &results, Some(&answers), &interviews, Rule::default()).unwrap();
    assert_eq!((found.pupils, found.verified, found.unmatched), (200, 110, 1));
    let accuracy = found.tests[0].accuracy.clone().unwrap();
    let in_need = 40.0 + 120.0 * 0.1;
    assert!((accuracy.sensitivity.unwrap().value - 40.0 / in_need).abs() < 1e-9, "{accuracy:?}");
    assert!((accuracy.specificity.unwrap().value - 108.0 / 148.0).abs() < 1e-9);
    assert!((accuracy.ppv.unwrap().value - 0.5).abs() < 1e-9);
    assert!((accuracy.uncorrected.0.unwrap() - 40.0 / 43.0).abs() < 1e-9);
    assert!(found.groups.iter().any(|group| group.by == "grade" && group.group == "7"));
    assert!(found.schools.windows(2).all(|pair| pair[0].school < pair[1].school));

    let positives: Vec<Interview> = interviews
        .iter()
        .filter(|own| {
            own.student_id.parse::<usize>().ok().and_then(|at| pupils.get(at)).is_some_and(|(total, _)| *total >= 15)
        })
        .cloned()
        .collect();
    let blind = evaluate(&policy, &LIBRARY, &results, Some(&answers), &positives, Rule::default()).unwrap();
    assert_eq!(blind.tests[0].accuracy.as_ref().unwrap().sensitivity, Err(CannotSay::NoNegative));
}

#[test]
fn interviews_that_do_not_fit_are_refused() {
    let (results, answers) = wave(&many());
    let policy = policy();
    let run =
        |interviews: &[Interview]| evaluate(&policy, &LIBRARY, &results, Some(&answers), interviews, Rule::default());
    let two = [interview(1, 2, InterviewOutcome::NoNeed), interview(1, 2, InterviewOutcome::NeedsSupport)];
    assert!(matches!(run(&two), Err(EvaluateError::Disagree { .. })));
    assert!(matches!(run(&[interview(9_999, 2, InterviewOutcome::NoNeed)]), Err(EvaluateError::NoneMatches(1))));
    let later = [interview(1, 2, InterviewOutcome::NoNeed), interview(1, 5, InterviewOutcome::NeedsSupport)];
    assert_eq!(run(&later).unwrap().verified, 1);
}

#[test]
fn a_policy_compared_with_another_tells_who_moves() {
    let (results, answers) = wave(&many());
    let policy = policy();
    let same = compare_policies(&policy, &policy, &LIBRARY, &results, Some(&answers), Rule::default()).unwrap();
    assert!(same.moves.is_empty());
    let text = screening_core::instrument::Library::bundled_file("policies/district-default.toml").unwrap();
    let strict = text.replace(
        "when = { score = \"phq-9.total\", op = \">=\", value = 15 }",
        "when = { score = \"phq-9.total\", op = \">=\", value = 10 }",
    );
    let strict = Policy::from_toml(&strict).unwrap();
    let moved = compare_policies(&policy, &strict, &LIBRARY, &results, Some(&answers), Rule::default()).unwrap();
    assert_eq!(moved.moves.len(), 1);
    let own = &moved.moves[0];
    assert_eq!((own.from.as_str(), own.to.as_str(), own.pupils), ("none", "month", Shown::Value(40)));
    assert_eq!(own.by, [("phq-9-15".to_owned(), Shown::Value(40))]);
}
