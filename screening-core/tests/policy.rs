//! Policies through the public door: reading, checking against a library, proposing.

#![cfg(feature = "bundled")]

mod rules;

use std::sync::LazyLock;

use polars::prelude::*;
use screening_core::instrument::{Language, Library};
use screening_core::risk::{Policy, PolicyEngine, Proposals, SheetSet, check_policy};
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());

const ALL: [&str; 6] = ["mht", "mssmhs", "phq-9", "gad-7", "scl-90", "psqi"];

/// A small policy around the rules of a test.
fn policy_text(rules: &str) -> String {
    let tier = |id: &str, severity: u16, urgent: bool| {
        format!(
            "[[tiers]]\nid = \"{id}\"\nseverity = {severity}\nurgent = {urgent}\nname = {{ en = \"{id}\", zh-CN = \"{id}\" }}\ncolour = \"#000000\"\n\
             owner = {{ en = \"x\", zh-CN = \"x\" }}\nnext-step = {{ en = \"x\", zh-CN = \"x\" }}\n"
        )
    };
    format!(
        "schema = 1\nid = \"test\"\nversion = \"1.0.0\"\nname = {{ en = \"t\", zh-CN = \"t\" }}\npopulation = {{ en = \"t\", zh-CN = \"t\" }}\n\
         grades = {{ from = 4, to = 12 }}\nsource = \"S\"\neffective = {{ from = \"2024-09-01\" }}\nunflagged-tier = \"none\"\nretest-tier = \"retest\"\n\
         incomplete-tier = \"retest\"\ncritical-tier = \"two-days\"\n{}{}{}{}{}{rules}\n[sources.S]\ncite = \"S\"\nkind = \"own\"\n",
        tier("none", 0, false),
        tier("retest", 10, false),
        tier("month", 20, false),
        tier("two-days", 40, true),
        tier("today", 50, true),
    )
}

fn rule(id: &str, effect: &str, when: &str) -> String {
    format!(
        "[[rules]]\nid = \"{id}\"\n{effect}\ndescription = {{ en = \"because\", zh-CN = \"理由\" }}\nsource = \"S\"\nwhen = {when}\n"
    )
}

fn read(rules: &str) -> Policy {
    Policy::from_toml(&policy_text(rules)).expect("a policy")
}

fn codes(policy: &Policy) -> Vec<&'static str> {
    check_policy(policy, &LIBRARY, &[]).0.iter().map(|finding| finding.code).collect()
}

/// A frame with one row a sheet; `None` is a skipped answer.
fn frame(instrument: &str, sheets: &[Vec<Option<i8>>]) -> DataFrame {
    let items = sheets[0].len();
    let column = |item: usize| {
        Column::new(
            format!("{instrument}.{}", item + 1).into(),
            sheets.iter().map(|sheet| sheet[item]).collect::<Vec<_>>(),
        )
    };
    DataFrame::new(sheets.len(), (0..items).map(column).collect()).unwrap()
}

fn scored(instrument: &str, answers: &DataFrame) -> ScoredSheets {
    Scorer::new(LIBRARY.get(instrument).unwrap()).unwrap().score_frame(answers, &FrameOptions::default()).unwrap()
}

fn propose(policy: &Policy, instrument: &str, sheets: &[Vec<Option<i8>>], direct_only: &[bool]) -> Proposals {
    let answers = frame(instrument, sheets);
    let scored = [scored(instrument, &answers)];
    PolicyEngine::new(policy, SheetSet { scored: &scored, answers: Some(&answers), direct_only, ..SheetSet::default() })
        .unwrap()
        .run()
}

fn default_policy() -> Policy {
    Policy::bundled("district-default").unwrap().unwrap()
}

fn phq(answers: [i8; 9]) -> Vec<Option<i8>> {
    answers.into_iter().map(Some).collect()
}

#[test]
fn the_bundled_policy_passes_every_check_and_covers_every_critical_answer() {
    let findings = check_policy(&default_policy(), &LIBRARY, &ALL);
    assert_eq!(findings.0, Vec::new());
}

#[test]
fn a_misspelt_key_is_an_error_that_names_it() {
    let error = Policy::from_toml(&policy_text(&rule(
        "a",
        "tier = \"month\"",
        "{ score = \"phq-9.total\", opp = \">=\", value = 10 }",
    )))
    .unwrap_err();
    assert!(error.to_string().contains("opp"), "{error}");
    let error =
        Policy::from_toml(&policy_text(&rule("a", "tier = \"month\"", "{ score = \"phq-9.total\", in = [\"x\"] }")))
            .unwrap_err();
    assert!(error.to_string().contains("score, in"), "{error}");
    assert!(Policy::from_toml(&policy_text(&rule("a", "", "{ flag = \"phq-9.item-9\" }"))).is_err());
    assert!(Policy::from_toml(&policy_text(&rule("a", "tier = \"nowhere\"", "{ flag = \"phq-9.item-9\" }"))).is_err());
    assert!(Policy::from_toml(&policy_text(&rule("a", "tier = \"month\"", "{ any = [] }"))).is_err());
    assert!(Policy::from_toml("").is_err());
}

#[test]
fn what_does_not_exist_is_found() {
    let bad = [
        "{ score = \"nothing.total\", op = \">=\", value = 1 }",
        "{ score = \"phq-9.nothing\", op = \">=\", value = 1 }",
        "{ flag = \"phq-9.nothing\" }",
        "{ answer = \"phq-9.10\", op = \">=\", value = 1 }",
        "{ band = \"phq-9.total\", in = [\"nothing\"] }",
        "{ word = \"phq-9.syndrome\", in = [\"nothing\"] }",
        "{ validity = \"phq-9\", verdict = \"invalid\" }",
    ];
    for when in bad {
        assert_eq!(codes(&read(&rule("a", "tier = \"month\"", when))), ["reference"], "{when}");
    }
}

#[test]
fn thresholds_out_of_reach_are_found() {
    for (op, value) in [(">=", "28"), (">", "27"), (">=", "0"), ("<", "0"), ("==", "-1"), ("<=", "27")] {
        let when = format!("{{ score = \"phq-9.total\", op = \"{op}\", value = {value} }}");
        assert_eq!(codes(&read(&rule("a", "tier = \"month\"", &when))), ["unreachable"], "{when}");
    }
    let when = "{ answer = \"phq-9.9\", op = \">=\", value = 4 }";
    assert_eq!(codes(&read(&rule("a", "tier = \"month\"", when))), ["unreachable"]);
}

#[test]
fn any_of_many_subscales_is_refused_in_an_urgent_tier_however_it_is_written() {
    let leaf = |scale: &str| format!("{{ score = \"mht.{scale}\", op = \">=\", value = 8 }}");
    let scales = ["learning_anxiety", "loneliness", "self_blame"];
    let list = scales.map(leaf).join(", ");
    let together = rule("a", "tier = \"today\"", &format!("{{ any = [{list}] }}"));
    assert_eq!(codes(&read(&together)), ["or-over-subscales"]);
    let apart: String = scales.iter().map(|scale| rule(scale, "tier = \"today\"", &leaf(scale))).collect();
    assert_eq!(codes(&read(&apart)), ["or-over-subscales"]);
    let hidden = rule("a", "tier = \"today\"", "{ word = \"scl-90.screen\", in = [\"positive\"] }");
    assert_eq!(codes(&read(&hidden)), ["or-over-subscales"]);
    let milder = read(&rule("a", "tier = \"month\"", &format!("{{ any = [{list}] }}")));
    assert!(!check_policy(&milder, &LIBRARY, &[]).has_errors());
    for allowed in [
        rule("a", "tier = \"today\"", &format!("{{ at-least = {{ k = 2, of = [{list}] }} }}")),
        rule("a", "tier = \"today\"", &format!("{{ all = [{{ any = [{list}] }}, {{ flag = \"mht.item-85\" }}] }}")),
        rule("a", "note = true", &format!("{{ any = [{list}] }}")),
    ] {
        assert_eq!(codes(&read(&allowed)), Vec::<&str>::new(), "{allowed}");
    }
}

#[test]
fn critical_answers_that_no_rule_names_are_pointed_out() {
    let findings = check_policy(&read(""), &LIBRARY, &["mht"]);
    assert_eq!(findings.0.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["critical-flag", "critical-flag"]);
    assert!(!findings.has_errors());
}

#[test]
fn a_critical_answer_needs_no_rule() {
    let proposals = propose(&read(""), "phq-9", &[phq([0, 0, 0, 0, 0, 0, 0, 0, 1])], &[]);
    assert_eq!(proposals.tier(0), Some("two-days"));
    assert_eq!(proposals.list[0].critical[0].flag, "item-9");
}

#[test]
fn strength_of_the_critical_answer_decides_between_today_and_two_days() {
    let sheets = [
        phq([0, 0, 0, 0, 0, 0, 0, 0, 1]),
        phq([0, 0, 0, 0, 0, 0, 0, 0, 2]),
        phq([3, 3, 3, 3, 3, 3, 3, 0, 1]),
        phq([0; 9]),
    ];
    let proposals = propose(&default_policy(), "phq-9", &sheets, &[]);
    let tiers: Vec<_> = (0..4).map(|row| proposals.tier(row).unwrap()).collect();
    assert_eq!(tiers, ["two-days", "today", "today", "none"]);
    assert_eq!(proposals.list.len(), 3);
}

fn mht(yes: &[usize]) -> Vec<Option<i8>> {
    (1..=100).map(|item| Some(i8::from(yes.contains(&item)))).collect()
}

#[test]
fn one_subscale_high_raises_nobody() {
    let all_learning: Vec<usize> = (1..=15).collect();
    let proposals = propose(&default_policy(), "mht", &[mht(&all_learning)], &[]);
    assert_eq!(proposals.tier(0), Some("none"));
    assert!(proposals.list.is_empty());
    let note = proposals.rules.iter().find(|count| count.rule == "mht-content-scale").unwrap();
    assert_eq!((note.holds, note.cannot_say), (1, 0));
}

#[test]
fn a_sheet_that_is_not_to_be_interpreted_gives_a_retest_and_keeps_its_critical_answers() {
    let lie: Vec<usize> = (82..=100).step_by(2).collect();
    let high: Vec<usize> = (1..=80).chain(lie.clone()).collect();
    let critical: Vec<usize> = lie.iter().copied().chain([85]).collect();
    let proposals = propose(&default_policy(), "mht", &[mht(&high), mht(&critical)], &[]);
    assert_eq!((proposals.tier(0), proposals.tier(1)), (Some("retest"), Some("two-days")));
    let [first, second] = proposals.list.as_slice() else { panic!("two proposals") };
    assert!(first.evidence.is_empty() && first.undecided.is_empty());
    assert_eq!(first.invalid[0].rule, "lie");
    assert_eq!((second.critical.len(), second.invalid.len()), (1, 1));
}

#[test]
fn an_answer_that_matters_and_is_missing_is_named() {
    let gap = |mut sheet: Vec<Option<i8>>, item: usize| {
        sheet[item - 1] = None;
        sheet
    };
    let sheets = [
        gap(phq([2, 2, 2, 2, 2, 2, 1, 0, 0]), 8), // 13 to 16: 15 cannot be said
        gap(phq([3, 3, 3, 3, 3, 3, 3, 0, 0]), 8), // 21 or more, whatever the gap
        gap(phq([1, 1, 1, 0, 0, 0, 0, 0, 0]), 8), // 6 at most
        gap(phq([0; 9]), 9),
    ];
    let proposals = propose(&default_policy(), "phq-9", &sheets, &[]);
    let tiers: Vec<_> = (0..4).map(|row| proposals.tier(row).unwrap()).collect();
    assert_eq!(tiers, ["retest", "soon", "none", "retest"]);
    let open = &proposals.list[0].undecided[0];
    assert_eq!((open.part.as_str(), open.bounds), ("total", Some((13.0, 16.0))));
    assert_eq!(proposals.list[1].evidence[0].bounds, Some((21.0, 24.0)));
    let skipped: Vec<_> = proposals.list[2].undecided.iter().map(|open| open.part.as_str()).collect();
    assert!(skipped.contains(&"item-9"), "{skipped:?}");
}

#[test]
fn a_row_that_does_not_count_speaks_only_through_its_answers() {
    let sheets = [phq([3, 3, 3, 3, 3, 3, 3, 3, 0]), phq([3, 3, 3, 3, 3, 3, 3, 3, 2])];
    let proposals = propose(&default_policy(), "phq-9", &sheets, &[true, true]);
    assert_eq!((proposals.tier(0), proposals.tier(1)), (Some("none"), Some("today")));
    assert!(proposals.rules.iter().all(|count| count.holds == 0 && count.cannot_say == 0));
}

#[test]
fn rules_on_instruments_that_were_not_asked_do_not_wait_for_them() {
    let when = "{ any = [{ score = \"phq-9.total\", op = \">=\", value = 10 }, { score = \"gad-7.total\", op = \">=\", value = 10 }] }";
    let all = "{ all = [{ score = \"phq-9.total\", op = \">=\", value = 1 }, { score = \"gad-7.total\", op = \">=\", value = 10 }] }";
    let policy = read(&(rule("any", "tier = \"month\"", when) + &rule("all", "tier = \"today\"", all)));
    let proposals = propose(&policy, "phq-9", &[phq([2, 2, 2, 2, 2, 0, 0, 0, 0]), phq([0; 9])], &[]);
    assert_eq!((proposals.tier(0), proposals.tier(1)), (Some("month"), Some("none")));
    assert_eq!(proposals.rules.iter().map(|count| count.rule.as_str()).collect::<Vec<_>>(), ["any"]);
}

#[test]
fn bands_are_decided_when_every_possible_one_is_asked_for() {
    let policy = read(&rule("a", "tier = \"month\"", "{ band = \"phq-9.total\", at-least = \"high\" }"));
    let mut sheet = phq([3, 3, 3, 3, 3, 0, 0, 0, 0]);
    sheet[7] = None; // 15 to 18 to 20: two bands, both high
    sheet[6] = None;
    let proposals = propose(&policy, "phq-9", &[sheet], &[]);
    assert_eq!(proposals.tier(0), Some("month"));
    assert_eq!(proposals.list[0].evidence[0].bounds, Some((15.0, 21.0)));
}

#[test]
fn texts_of_proposals() {
    let lie: Vec<usize> = (82..=100).step_by(2).chain([85, 97]).collect();
    let mut gap = phq([2, 2, 2, 2, 2, 2, 1, 0, 0]);
    gap[7] = None;
    let mut text = String::new();
    let mut tell = |proposals: Proposals| {
        for proposal in &proposals.list {
            let (zh, en) = (proposal.reasons(Language::ZhCn), proposal.reasons(Language::En));
            text.extend([proposal.tier.as_str(), "\n", &zh, "\n", &en, "\n\n"]);
        }
    };
    let policy = default_policy();
    tell(propose(&policy, "phq-9", &[phq([2, 2, 2, 2, 2, 2, 2, 2, 0]), phq([3, 3, 3, 3, 3, 3, 3, 3, 3]), gap], &[]));
    let high: Vec<usize> = (1..=80).collect();
    tell(propose(&policy, "mht", &[mht(&lie), mht(&high)], &[]));
    tell(propose(&policy, "scl-90", &[vec![Some(3); 90]], &[]));
    tell(propose(&policy, "mssmhs", &[vec![Some(3); 60]], &[]));
    insta::assert_snapshot!(text);
}

#[test]
fn no_text_says_what_a_pupil_has() {
    let banned = ["患者", "患有", "确诊", "病人", "diagnos", "disorder", "patient", "illness"];
    for text in
        [Library::bundled_file("policies/district-default.toml").unwrap(), include_str!("../resources/texts.toml")]
    {
        for word in banned {
            assert!(!text.to_lowercase().contains(word), "{word}");
        }
    }
}
