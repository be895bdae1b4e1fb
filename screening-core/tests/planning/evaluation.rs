//! Interviews against the policy.

use screening_core::disclosure::{Rule, Shown};
use screening_core::risk::evaluate::{
    CannotSay, EvaluateError, Interview, InterviewOutcome, compare_policies, evaluate,
};

use super::{many, wave, with_threshold};
use crate::date;

fn interview(id: usize, day: i8, outcome: InterviewOutcome) -> Interview {
    Interview {
        student_id: format!("{id:04}"),
        date: date(2026, 11, day),
        outcome,
        interviewer_role: "counsellor".to_owned(),
    }
}

/// Of the 80 flagged (15 and more) all are interviewed and every second is in need; of the 120 others 30 are, and three are in need.
fn interviews() -> Vec<Interview> {
    let (mut flagged, mut others) = (0, 0);
    let mut list = Vec::new();
    for (at, (total, _)) in many().iter().enumerate() {
        let need = if *total >= 15 {
            flagged += 1;
            Some(flagged % 2 == 0)
        } else {
            others += 1;
            (others % 4 == 0).then_some(others % 40 == 0)
        };
        if let Some(need) = need {
            let outcome = if need { InterviewOutcome::NeedsSupport } else { InterviewOutcome::NoNeed };
            list.push(interview(at, 2, outcome));
        }
    }
    list
}

#[test]
fn evaluation_corrects_for_who_was_interviewed() {
    let found = wave(&many(), &[]);
    let mut list = interviews();
    list.push(interview(0, 3, InterviewOutcome::NotHeld));
    list.push(interview(9_999, 3, InterviewOutcome::NoNeed));
    let results = &found.screening.results;
    let evaluation = evaluate(&found.own, results, &list, Rule::default()).unwrap();
    assert_eq!((evaluation.pupils, evaluation.verified, evaluation.unmatched), (200, 110, 1));
    let flagged = &evaluation.tests[0];
    assert_eq!(
        (flagged.positive, flagged.verified, flagged.verified_negative),
        (Shown::Value(80), Shown::Value(80), Shown::Value(30))
    );
    let in_need = 40.0 + 120.0 * 0.1;
    let figures = &flagged.figures;
    assert!((figures.sensitivity.unwrap().estimate - 40.0 / in_need).abs() < 1e-9, "{figures:?}");
    assert!((figures.specificity.unwrap().estimate - 108.0 / 148.0).abs() < 1e-9);
    assert!((figures.ppv.unwrap().estimate - 0.5).abs() < 1e-9);
    assert!((figures.uncorrected.unwrap().0 - 40.0 / 43.0).abs() < 1e-9);
    // A rule that holds for a part of the flagged: those of the others who were flagged stand for themselves.
    let rule = |id: &str| evaluation.tests.iter().find(|own| own.rule.as_deref() == Some(id)).unwrap();
    assert_eq!(rule("phq-9-highest-band").positive, Shown::Value(40));
    let highest = rule("phq-9-highest-band").figures.clone();
    // Every second of the flagged in their order is in need: totals 16, 18, 20, 22 and 24, three of them in the highest band.
    assert!((highest.sensitivity.as_ref().unwrap().estimate - 24.0 / in_need).abs() < 1e-9, "{highest:?}");
    assert_eq!(rule("mht-both-items").figures.ppv, Err(CannotSay::NoPositive));
    // By group: 3 of the 30 sampled fall into three grades, so few that nothing is told of the others.
    let grades: Vec<_> = evaluation.groups.iter().filter(|group| group.by == "grade").collect();
    assert_eq!(grades.iter().map(|group| group.group.as_str()).collect::<Vec<_>>(), ["07", "08", "09"]);
    for group in &evaluation.groups {
        let own = &group.tests[0];
        assert!(own.verified_negative.value().is_some() || own.figures.sensitivity.is_err(), "{group:?}");
    }
    assert!(evaluation.schools.windows(2).all(|pair| pair[0].school < pair[1].school));

    let blind: Vec<Interview> = list
        .iter()
        .filter(|own| {
            own.student_id.parse::<usize>().ok().and_then(|at| many().get(at).copied()).is_some_and(|own| own.0 >= 15)
        })
        .cloned()
        .collect();
    let blind = evaluate(&found.own, results, &blind, Rule::default()).unwrap();
    assert_eq!(blind.tests[0].figures.sensitivity, Err(CannotSay::NoNegative));
    assert!(blind.tests[0].figures.ppv.is_ok());
}

#[test]
fn interviews_that_do_not_fit_are_refused() {
    let found = wave(&many(), &[]);
    let run = |interviews: &[Interview]| evaluate(&found.own, &found.screening.results, interviews, Rule::default());
    let two = [interview(1, 2, InterviewOutcome::NoNeed), interview(1, 2, InterviewOutcome::NeedsSupport)];
    assert!(matches!(run(&two), Err(EvaluateError::Disagree { .. })));
    // A later one settles it, in whatever order they stand.
    let settled = [two[0].clone(), two[1].clone(), interview(1, 5, InterviewOutcome::NeedsSupport)];
    assert_eq!(run(&settled).unwrap().verified, 1);
    assert_eq!(run(&[settled[2].clone(), two[0].clone(), two[1].clone()]).unwrap().verified, 1);
    assert!(matches!(run(&[interview(9_999, 2, InterviewOutcome::NoNeed)]), Err(EvaluateError::NoneMatches(1))));
    // No interview at all says nothing, and is no error.
    let empty = run(&[]).unwrap();
    assert_eq!((empty.verified, empty.tests[0].figures.ppv), (0, Err(CannotSay::NoPositive)));
    let unclear = run(&[interview(3, 2, InterviewOutcome::CannotSay)]).unwrap();
    assert_eq!((unclear.unclear, unclear.verified), (1, 0));
    let others = found.screening.results.head(Some(10));
    assert!(matches!(
        evaluate(&found.own, &others, &[], Rule::default()),
        Err(EvaluateError::Pupils { results: 10, policy: 200 })
    ));
}

#[test]
fn a_policy_compared_with_another_tells_who_moves() {
    let strict = with_threshold("phq-9-15", 10);
    let found = wave(&many(), &[&strict]);
    let same = compare_policies(&found.own, &found.own, Rule::default()).unwrap();
    assert!(same.moves.is_empty() && same.pupils.is_empty());
    let moved = compare_policies(&found.own, &found.others[0], Rule::default()).unwrap();
    assert_eq!(moved.moves.len(), 1, "{:?}", moved.moves);
    let own = &moved.moves[0];
    assert_eq!((own.from.as_str(), own.to.as_str(), own.pupils), ("none", "month", Shown::Value(40)));
    assert_eq!(own.by, [("phq-9-15".to_owned(), Shown::Value(40))]);
    assert!(own.no_longer_by.is_empty());
    // The list names exactly those with 10 to 14.
    let totals: Vec<u8> = moved.pupils.iter().map(|own| many()[own.pupil].0).collect();
    assert!(totals.len() == 40 && totals.iter().all(|total| (10..15).contains(total)));
    assert!(moved.pupils.iter().all(|own| own.by == ["phq-9-15"] && own.from == "none"));
    // The other way round the same rule proposes them no longer.
    let back = compare_policies(&found.others[0], &found.own, Rule::default()).unwrap();
    assert_eq!(back.moves[0].no_longer_by, [("phq-9-15".to_owned(), Shown::Value(40))]);
    assert_eq!(back.moves[0].to, "none");
}
