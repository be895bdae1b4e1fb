//! What the pipeline makes of things beside the sheets: records about pupils, further forms, decisions.

use std::collections::HashMap;

use indexmap::IndexMap;
use jiff::civil::{Date, date};
use polars::prelude::*;
use screening_core::answers::Tri;
use screening_core::coverage::{Attendance, Consent, Scope};
use screening_core::instrument::Language;
use screening_core::risk::{CoveredStream, Direction, Policy, PupilRecord, RecordPlace, WhyUndecided};
use screening_core::screening::{
    AttemptPolicy, Batch, Battery, Decision, Interpretation, Licences, Pupil, PupilEvidence, PupilProposal,
    ScreeningError, ScreeningInput, ScreeningResult, WaveSettings, screen,
};

use super::{LIBRARY, licences, pupil, text};

const DAY: Date = date(2026, 10, 12);

/// The answers to one instrument, one for all its items; none for a form that is not in the file.
type Answers<'a> = &'a [(&'a str, Option<i8>)];

/// A file: one row a sheet with the same answer to every item of an instrument.
fn file(name: &str, sheets: &[(&str, Answers<'_>)]) -> DataFrame {
    let mut columns = vec![
        Column::new("student_id".into(), sheets.iter().map(|(id, _)| *id).collect::<Vec<_>>()),
        Column::new("source_file".into(), vec![name; sheets.len()]),
        Column::new("source_row".into(), (0..sheets.len()).map(|row| row as u32 + 2).collect::<Vec<_>>()),
    ];
    let instruments: Vec<&str> =
        sheets.first().map(|(_, answers)| answers.iter().map(|(id, _)| *id).collect()).unwrap_or_default();
    for (at, id) in instruments.iter().enumerate() {
        let instrument = LIBRARY.get(id).unwrap();
        let codes: Vec<Option<i8>> = sheets.iter().map(|(_, answers)| answers[at].1).collect();
        for item in 0..instrument.definition().items.len() {
            columns.push(Column::new(instrument.item_column(item).into(), codes.clone()));
        }
    }
    DataFrame::new(sheets.len(), columns).unwrap()
}

fn battery(text: &str) -> Battery {
    let head = "schema = 1\nid = \"b\"\nversion = \"1.0.0\"\nname = { en = \"b\", zh-CN = \"组合\" }\ngrades = { from = 7, to = 9 }\n";
    Battery::from_toml(&format!("{head}{text}")).unwrap()
}

fn plain() -> Battery {
    battery("instruments = [\"phq-9\"]\n")
}

fn two_stage() -> Battery {
    battery(
        "instruments = [\"phq-2\"]\n[[further-forms]]\nid = \"full\"\nname = { en = \"full form\", zh-CN = \"完整问卷\" }\n\
         instruments = [\"phq-9\"]\nwhen = { score = \"phq-2.total\", op = \">=\", value = 3 }\n",
    )
}

fn policy(rules: &str) -> Policy {
    let tier = |id: &str, severity: u16, hours: &str| {
        format!(
            "[[tiers]]\nid = \"{id}\"\nseverity = {severity}\nname = {{ en = \"{id}\", zh-CN = \"{id}\" }}\ncolour = \"#000000\"\n{hours}\
             owner = {{ en = \"x\", zh-CN = \"x\" }}\nnext-step = {{ en = \"x\", zh-CN = \"x\" }}\n"
        )
    };
    let text = format!(
        "schema = 1\nid = \"test\"\nversion = \"1.0.0\"\nname = {{ en = \"t\", zh-CN = \"t\" }}\npopulation = {{ en = \"t\", zh-CN = \"t\" }}\n\
         grades = {{ from = 4, to = 12 }}\nsource = \"S\"\neffective = {{ from = \"2024-09-01\" }}\nunflagged-tier = \"none\"\nretest-tier = \"retest\"\n\
         incomplete-tier = \"retest\"\ncritical-tier = \"soon\"\n{}{}{}{}{rules}\n[sources.S]\ncite = \"S\"\nkind = \"own\"\n",
        tier("none", 0, ""),
        tier("retest", 10, "response-hours = 336\n"),
        tier("month", 20, "response-hours = 720\n"),
        tier("soon", 30, "response-hours = 36\n"),
    );
    Policy::from_toml(&text).unwrap()
}

fn rule(id: &str, tier: &str, when: &str) -> String {
    format!(
        "[[rules]]\nid = \"{id}\"\ntier = \"{tier}\"\ndescription = {{ en = \"because\", zh-CN = \"理由\" }}\nsource = \"S\"\nwhen = {when}\n"
    )
}

fn default_policy() -> Policy {
    Policy::bundled("district-default").unwrap().unwrap()
}

fn run(
    policy: &Policy,
    roster: Vec<Pupil>,
    batches: Vec<Batch>,
    evidence: PupilEvidence,
    attempts: AttemptPolicy,
) -> Result<ScreeningResult, ScreeningError> {
    let mut wave = WaveSettings::new("2026-autumn", DAY);
    wave.attempts = attempts;
    screen(ScreeningInput {
        roster,
        batches,
        wave,
        library: &LIBRARY,
        policy,
        licences: Licences(licences().0),
        scoring: IndexMap::default(),
        interpretation: Interpretation { evidence, ..Interpretation::default() },
    })
}

fn with_records(policy: &Policy, sheets: &[(&str, Answers<'_>)], evidence: PupilEvidence) -> ScreeningResult {
    let roster = ["a", "b", "c"].map(|id| pupil(id, 7)).to_vec();
    let batches = vec![Batch { battery: plain(), sheets: file("main.csv", sheets) }];
    run(policy, roster, batches, evidence, AttemptPolicy::Last).unwrap()
}

fn record(id: &str, stream: &str, value: &str, date: Option<Date>) -> PupilRecord {
    let (kind, source) =
        stream.split_once('.').map_or((stream, None), |(kind, source)| (kind, Some(source.to_owned())));
    PupilRecord {
        student_id: id.into(),
        kind: kind.into(),
        source,
        value: value.into(),
        date,
        place: RecordPlace { file: "records.csv".into(), row: 2 },
    }
}

fn covered(streams: &[&str], schools: Option<&[&str]>) -> Vec<CoveredStream> {
    let schools = schools.map(|schools| schools.iter().map(|school| (*school).to_owned()).collect::<Vec<_>>());
    streams.iter().map(|stream| CoveredStream { stream: stream.parse().unwrap(), schools: schools.clone() }).collect()
}

fn of<'r>(result: &'r ScreeningResult, id: &str) -> Option<&'r PupilProposal> {
    result.proposals.iter().find(|entry| entry.student_id == id)
}

fn tier(result: &ScreeningResult, row: usize) -> Option<String> {
    text(&result.results, "tier", row)
}

const CALM: Answers<'static> = &[("phq-9", Some(0))];

#[test]
fn records_speak_for_pupils_with_and_without_a_sheet_and_none_is_lost() {
    let mut roster = ["a", "b", "c"].map(|id| pupil(id, 7)).to_vec();
    roster[1].attendance = Attendance::Absent;
    roster.push(Pupil { consent: Consent::Withdrawn, ..pupil("gone", 7) });
    roster.push(Pupil { scope: Scope::Out, ..pupil("out", 7) });
    let day = Some(date(2026, 10, 1));
    let records =
        ["a", "b", "gone", "out", "stranger", " "].map(|id| record(id, "nomination.teacher", "urgent", day)).to_vec();
    let sheets = file("main.csv", &[("a", CALM), ("c", CALM)]);
    let batches = vec![Batch { battery: plain(), sheets }];
    let evidence = PupilEvidence { records, covered: Vec::new() };
    let result = run(&default_policy(), roster, batches, evidence, AttemptPolicy::Last).unwrap();
    let tiers: Vec<_> = (0..5).map(|row| tier(&result, row)).collect();
    assert_eq!(tiers, [Some("soon"), Some("soon"), Some("none"), None, None].map(|t| t.map(str::to_owned)));
    assert_eq!(text(&result.results, "status", 1).as_deref(), Some("absent"));
    let reasons: Vec<_> = result.rejected.iter().map(|entry| entry.reason).collect();
    let expected =
        ["evidence-consent-withdrawn", "evidence-out-of-scope", "evidence-unknown-pupil", "evidence-no-student-id"];
    assert_eq!(reasons, expected);
    let used = result.summary.evidence.as_ref().unwrap();
    assert_eq!((used.read, used.used, used.rejected), (6, 2, 4));
    assert_eq!((result.summary.flagged, result.summary.flagged_without_sheet), (2, 1));
    // One of the two sheets that count is flagged.
    assert_eq!(result.summary.share_flagged, Some(0.5));
    let absent = of(&result, "b").unwrap();
    assert_eq!(absent.due, Some(date(2026, 10, 19)));
    let told = absent.proposal.reasons(Language::En);
    assert!(told.contains("nomination: teacher: very worried, please look soon (2026-10-01)"), "{told}");
    let told = absent.proposal.reasons(Language::ZhCn);
    assert!(told.contains("提名：教师：很担心，请尽快了解（2026-10-01）"), "{told}");
}

#[test]
fn silence_of_a_source_that_was_not_delivered_is_no_answer_and_raises_nobody() {
    let policy = policy(&rule("worried", "month", "{ evidence = \"nomination.teacher\", in = [\"concern\"] }"));
    let sheets = [("a", CALM), ("b", CALM), ("c", CALM)];
    let count = |evidence: PupilEvidence| {
        let result = with_records(&policy, &sheets, evidence);
        let tiers: Vec<_> = (0..3).map(|row| tier(&result, row).unwrap()).collect();
        (result.summary.rules[0].holds, result.summary.rules[0].cannot_say, tiers.join(" "), result.proposals.len())
    };
    assert_eq!(count(PupilEvidence::default()), (0, 3, "none none none".into(), 0));
    let delivered = || covered(&["nomination.teacher"], None);
    assert_eq!(count(PupilEvidence { covered: delivered(), records: Vec::new() }), (0, 0, "none none none".into(), 0));
    let records = vec![record("b", "nomination.teacher", "concern", None)];
    assert_eq!(
        count(PupilEvidence { covered: delivered(), records: records.clone() }),
        (1, 0, "none month none".into(), 1)
    );
    assert_eq!(count(PupilEvidence { covered: Vec::new(), records }), (1, 2, "none month none".into(), 1));
    // Delivered for one school, and this is another.
    let elsewhere = covered(&["nomination.teacher"], Some(&["B"]));
    let roster = vec![pupil("a", 7), Pupil { school: "B".into(), ..pupil("b", 7) }];
    let batches = vec![Batch { battery: plain(), sheets: file("main.csv", &sheets[..2]) }];
    let evidence = PupilEvidence { covered: elsewhere, records: Vec::new() };
    let result = run(&policy, roster, batches, evidence.clone(), AttemptPolicy::Last).unwrap();
    assert_eq!(result.summary.rules[0].cannot_say, 1);
    let batches = vec![Batch { battery: plain(), sheets: file("main.csv", &sheets[..1]) }];
    let unknown = run(&policy, vec![pupil("a", 7)], batches, evidence, AttemptPolicy::Last);
    assert!(matches!(unknown, Err(ScreeningError::EvidenceSchool { .. })));
}

/// A rule that holds unless a record says otherwise must not fall silent when the record's source is lacking.
#[test]
fn what_holds_unless_a_record_says_otherwise_is_never_silence() {
    let when = "{ all = [{ score = \"phq-9.total\", op = \">=\", value = 9 }, \
                { not = { evidence = \"interview\", in = [\"no-need\"], within-days = 30 } }] }";
    let policy = policy(&rule("raised", "month", when));
    let raised: Answers<'_> = &[("phq-9", Some(1))];
    let sheets = [("a", raised), ("b", CALM), ("c", raised)];
    let result = with_records(&policy, &sheets, PupilEvidence::default());
    // All nine items say 1, so item 9 makes a critical answer too: the tier above is that of the answer.
    assert_eq!(tier(&result, 1).as_deref(), Some("none"));
    let sheets = [("a", raised), ("b", CALM), ("c", raised)].map(|(id, answers)| {
        let _ = answers;
        (id, if id == "b" { CALM } else { raised })
    });
    let records = vec![record("c", "interview", "no-need", Some(date(2026, 10, 1)))];
    let lacking = with_records(
        &quiet_critical(&policy),
        &sheets,
        PupilEvidence { records: records.clone(), covered: Vec::new() },
    );
    let open = &of(&lacking, "a").unwrap().proposal;
    assert!(open.undecided.iter().any(|open| open.why == WhyUndecided::UnlessRecorded), "{open:?}");
    let whole = PupilEvidence { records, covered: covered(&["interview"], None) };
    let decided = with_records(&quiet_critical(&policy), &sheets, whole);
    assert!(of(&decided, "a").unwrap().proposal.evidence.iter().any(|found| found.rule == "raised"));
    assert!(!of(&decided, "c").unwrap().proposal.evidence.iter().any(|found| found.rule == "raised"));
}

/// The same policy with the critical tier below the rule, so that rules show.
fn quiet_critical(policy: &Policy) -> Policy {
    let mut definition = policy.definition().clone();
    "month".clone_into(&mut definition.critical_tier);
    if let Some(rule) = definition.rules.first_mut() {
        rule.tier = Some("soon".to_owned());
    }
    Policy::from_toml(&toml_of(&definition)).unwrap()
}

fn toml_of(definition: &screening_core::risk::PolicyDef) -> String {
    toml::to_string(definition).unwrap()
}

#[test]
fn a_history_counts_for_as_many_days_as_the_rule_says() {
    let policy =
        policy(&rule("recent", "month", "{ evidence = \"history\", in = [\"earlier-attempt\"], within-days = 30 }"));
    let records = vec![
        record("a", "history", "earlier-attempt", Some(date(2026, 9, 12))),
        record("b", "history", "earlier-attempt", Some(date(2026, 9, 11))),
        record("c", "history", "earlier-attempt", None),
    ];
    let evidence = PupilEvidence { records, covered: covered(&["history"], None) };
    let result = with_records(&policy, &[("a", CALM), ("b", CALM), ("c", CALM)], evidence);
    let tiers: Vec<_> = (0..3).map(|row| tier(&result, row).unwrap()).collect();
    // A record without a date may be recent: somebody looks.
    assert_eq!(tiers, ["month", "none", "retest"]);
    let open = &of(&result, "c").unwrap().proposal;
    assert_eq!(open.undecided[0].why, WhyUndecided::NoDate);
    let rise = &open.prospects[0];
    assert_eq!((rise.direction, rise.tier.as_str(), rise.alone), (Direction::Raises, "month", true));
    let fall = &open.prospects[1];
    assert_eq!((fall.direction, fall.tier.as_str()), (Direction::Lowers, "none"));
}

#[test]
fn a_record_outside_the_vocabulary_stops_the_wave() {
    let evidence =
        PupilEvidence { records: vec![record("a", "nomination.uncle", "urgent", None)], covered: Vec::new() };
    let batches = vec![Batch { battery: plain(), sheets: file("main.csv", &[("a", CALM)]) }];
    let refused = run(&default_policy(), vec![pupil("a", 7)], batches, evidence, AttemptPolicy::Last).unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("records.csv, row 2") && told.contains("teacher"), "{told}");
}

fn stage(first: &[(&str, Answers<'_>)], second: &[(&str, Answers<'_>)], attempts: AttemptPolicy) -> ScreeningResult {
    let policy = policy(&rule("full", "month", "{ score = \"phq-9.total\", op = \">=\", value = 18 }"));
    let roster = ["a", "b", "c", "d"].map(|id| pupil(id, 7)).to_vec();
    let mut batches = vec![Batch { battery: two_stage(), sheets: file("first.csv", first) }];
    if !second.is_empty() {
        batches.push(Batch { battery: two_stage(), sheets: file("second.csv", second) });
    }
    run(&policy, roster, batches, PupilEvidence::default(), attempts).unwrap()
}

const LOW: Answers<'static> = &[("phq-2", Some(1))];
const HIGH: Answers<'static> = &[("phq-2", Some(2))];

#[test]
fn the_second_stage_is_asked_of_those_whom_the_first_finds_and_of_nobody_else() {
    // Threshold 3: two items with 1 give 2, two items with 2 give 4.
    let second: [(&str, Answers<'_>); 1] = [("b", &[("phq-9", Some(2))])];
    let result = stage(&[("a", LOW), ("b", HIGH), ("c", HIGH)], &second, AttemptPolicy::Last);
    let rows = result.summary.rows;
    assert_eq!((rows.read, rows.used, rows.joined, rows.superseded, rows.rejected), (4, 3, 1, 0, 0));
    // Not needed: not missing, and nothing is awaited.
    assert_eq!(tier(&result, 0).as_deref(), Some("none"));
    assert!(of(&result, "a").is_none());
    // Needed and there: 18 points, and a critical answer.
    assert_eq!(text(&result.results, "phq-9.total", 1).as_deref(), Some("18"));
    assert!(of(&result, "b").unwrap().proposal.evidence.iter().any(|found| found.rule == "full"));
    // Needed and not there: listed, and told once.
    assert_eq!(tier(&result, 2).as_deref(), Some("retest"));
    let waiting = &of(&result, "c").unwrap().proposal;
    assert_eq!(waiting.undecided.len(), 1, "{waiting:?}");
    assert_eq!((waiting.undecided[0].why, waiting.undecided[0].tier.as_str()), (WhyUndecided::FormDue, "month"));
    let due: Vec<_> = result.forms_due.iter().map(|due| (due.student_id.as_str(), due.asked)).collect();
    assert_eq!(due, [("c", Tri::Yes)]);
    let form = &result.summary.forms[0];
    assert_eq!((form.asked, form.not_asked, form.cannot_say, form.handed_in, form.due), (2, 1, 0, 1, 1));
    // All three were reached by the first stage; the fourth handed in nothing.
    let statuses: Vec<_> = (0..4).map(|row| text(&result.results, "status", row).unwrap()).collect();
    assert_eq!(statuses, ["valid", "valid", "valid", "unexplained"]);
}

#[test]
fn without_any_second_file_those_who_need_it_are_still_found() {
    let result = stage(&[("a", LOW), ("b", HIGH)], &[], AttemptPolicy::Last);
    assert_eq!(result.forms_due.len(), 1);
    assert_eq!(tier(&result, 0).as_deref(), Some("none"));
}

#[test]
fn a_first_stage_with_gaps_cannot_say_who_is_asked() {
    let mut first = file("first.csv", &[("a", LOW), ("b", LOW)]);
    // One of two answers: 1 to 4 points, and the threshold is 3.
    first.with_column(Column::new("phq-2.2".into(), [None, Some(1_i8)])).unwrap();
    let policy = policy(&rule("full", "month", "{ score = \"phq-9.total\", op = \">=\", value = 18 }"));
    let roster = ["a", "b"].map(|id| pupil(id, 7)).to_vec();
    let batches = vec![Batch { battery: two_stage(), sheets: first }];
    let result = run(&policy, roster, batches, PupilEvidence::default(), AttemptPolicy::Last).unwrap();
    let due: Vec<_> = result.forms_due.iter().map(|due| (due.student_id.as_str(), due.asked)).collect();
    assert_eq!(due, [("a", Tri::Unknown)]);
    assert_eq!(result.summary.forms[0].cannot_say, 1);
    assert_eq!((tier(&result, 0).as_deref(), tier(&result, 1).as_deref()), (Some("retest"), Some("none")));
}

#[test]
fn of_several_second_sheets_one_counts_and_a_sheet_without_a_first_stage_stays() {
    let (two, one): (Answers<'_>, Answers<'_>) = (&[("phq-9", Some(2))], &[("phq-9", Some(1))]);
    let second = [("b", two), ("b", one), ("d", two), ("stranger", two)];
    let total = |attempts| {
        let result = stage(&[("a", LOW), ("b", HIGH)], &second, attempts);
        let rows = result.summary.rows;
        assert_eq!(rows.read, rows.used + rows.superseded + rows.joined + rows.rejected);
        assert_eq!((rows.read, rows.joined, rows.superseded, rows.rejected), (6, 1, 1, 1));
        assert_eq!(result.superseded[0].place.file, "second.csv");
        // Somebody who only answered the second form is not reached by the first.
        assert_eq!(text(&result.results, "status", 3).as_deref(), Some("unexplained"));
        assert_eq!(text(&result.results, "phq-9.total", 3).as_deref(), Some("18"));
        text(&result.results, "phq-9.total", 1).unwrap()
    };
    assert_eq!((total(AttemptPolicy::First), total(AttemptPolicy::Last)), ("18".to_owned(), "9".to_owned()));
}

#[test]
fn one_file_may_hold_both_stages() {
    let both = |first, second| [("phq-2", first), ("phq-9", second)];
    let (a, b, c) = (both(Some(1), None), both(Some(2), Some(2)), both(Some(2), None));
    let result = stage(&[("a", &a), ("b", &b), ("c", &c)], &[], AttemptPolicy::Last);
    let form = &result.summary.forms[0];
    assert_eq!((form.asked, form.not_asked, form.handed_in, form.due), (2, 1, 1, 1));
    assert_eq!(result.summary.rows.joined, 0);
}

#[test]
fn batteries_refuse_conditions_that_the_first_form_cannot_answer() {
    let form = |when: &str| {
        let head = "schema = 1\nid = \"b\"\nversion = \"1.0.0\"\nname = { en = \"b\", zh-CN = \"组合\" }\ngrades = { from = 7, to = 9 }\n";
        let text = format!(
            "{head}instruments = [\"phq-2\"]\n[[further-forms]]\nid = \"full\"\nname = {{ en = \"f\", zh-CN = \"f\" }}\ninstruments = [\"phq-9\"]\nwhen = {when}\n"
        );
        Battery::from_toml(&text)
    };
    let codes = |when: &str| form(when).unwrap_err().0.iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes("{ score = \"phq-9.total\", op = \">=\", value = 10 }"), ["reference"]);
    assert_eq!(codes("{ evidence = \"history\", in = [\"earlier-case\"] }"), ["kind"]);
    // Beyond the range of the score: told before anything is scored.
    let battery = form("{ score = \"phq-2.total\", op = \">=\", value = 7 }").unwrap();
    let batches = vec![Batch { battery, sheets: file("first.csv", &[("a", LOW)]) }];
    let refused = run(&default_policy(), vec![pupil("a", 7)], batches, PupilEvidence::default(), AttemptPolicy::Last);
    assert!(matches!(refused, Err(ScreeningError::FurtherForm { .. })), "{refused:?}");
}

/// Several informants about one construct: each hands in a form of their own.
#[test]
fn at_least_two_informants_tell_the_evidence_of_those_who_say_so() {
    let battery = || {
        battery(
            "instruments = [\"scared-child\"]\n[[further-forms]]\nid = \"parents\"\nname = { en = \"parents' form\", zh-CN = \"家长问卷\" }\n\
             instruments = [\"scared-parent\"]\noptional = true\n",
        )
    };
    let raised = |id: &str| format!("{{ score = \"{id}.total\", op = \">=\", value = 25 }}");
    let teacher = "{ evidence = \"nomination.teacher\", in = [\"concern\", \"urgent\"] }";
    let when = format!(
        "{{ at-least = {{ k = 2, of = [{}, {}, {teacher}] }} }}",
        raised("scared-child"),
        raised("scared-parent")
    );
    let policy = policy(&rule("two", "month", &when));
    let (yes, no): (Answers<'_>, Answers<'_>) = (&[("scared-child", Some(1))], &[("scared-child", Some(0))]);
    let parent: Answers<'_> = &[("scared-parent", Some(1))];
    let batches = vec![
        Batch { battery: battery(), sheets: file("pupils.csv", &[("a", yes), ("b", yes), ("c", no), ("d", no)]) },
        Batch { battery: battery(), sheets: file("parents.csv", &[("a", parent), ("c", parent)]) },
    ];
    let roster = ["a", "b", "c", "d"].map(|id| pupil(id, 7)).to_vec();
    let evidence = PupilEvidence {
        records: vec![record("c", "nomination.teacher", "concern", None)],
        covered: covered(&["nomination.teacher"], None),
    };
    let result = run(&policy, roster, batches, evidence, AttemptPolicy::Last).unwrap();
    // Self and parent; self and an optional form that is lacking; parent and teacher; nobody.
    let tiers: Vec<_> = (0..4).map(|row| tier(&result, row).unwrap()).collect();
    assert_eq!(tiers, ["month", "none", "month", "none"]);
    let grounds = |id: &str| -> Vec<String> {
        let found = &of(&result, id).unwrap().proposal.evidence;
        found
            .iter()
            .map(|found| if found.instrument.is_empty() { found.part.clone() } else { found.instrument.clone() })
            .collect()
    };
    assert_eq!(grounds("a"), ["scared-child", "scared-parent"]);
    assert_eq!(grounds("c"), ["scared-parent", "nomination.teacher: concern, urgent"]);
    let told = of(&result, "c").unwrap().proposal.reasons(Language::En);
    assert!(told.contains("SCARED-P") && told.contains("nomination: teacher: worried (no date)"), "{told}");
    assert!(of(&result, "b").is_none(), "an optional form that is lacking is told of nobody alone");
}

#[test]
fn a_missing_answer_says_what_it_could_change() {
    let policy = policy(&rule("high", "month", "{ score = \"phq-9.total\", op = \">=\", value = 10 }"));
    let mut sheets = file("main.csv", &[("a", CALM)]);
    for item in 1..=4 {
        sheets.with_column(Column::new(format!("phq-9.{item}").into(), [2_i8])).unwrap();
    }
    sheets.with_column(Column::new("phq-9.5".into(), [None::<i8>])).unwrap();
    let batches = || vec![Batch { battery: plain(), sheets: sheets.clone() }];
    let again = || run(&policy, vec![pupil("a", 7)], batches(), PupilEvidence::default(), AttemptPolicy::Last).unwrap();
    let result = again();
    let proposal = &of(&result, "a").unwrap().proposal;
    assert_eq!(proposal.tier, "retest");
    assert_eq!(proposal.undecided[0].missing, ["5"]);
    assert!(proposal.undecided[0].text.en.ends_with("(missing: item 5)"), "{}", proposal.undecided[0].text.en);
    let ways: Vec<_> = proposal.prospects.iter().map(|way| (way.direction, way.tier.as_str(), way.alone)).collect();
    assert_eq!(ways, [(Direction::Raises, "month", true), (Direction::Lowers, "none", true)]);
    assert_eq!(of(&result, "a").unwrap().due, Some(date(2026, 10, 26)));
    assert_eq!(again().proposals, result.proposals);
}

fn decision(id: &str, tier: &str, day: Date) -> Decision {
    Decision {
        student_id: id.into(),
        decided_by: "T12".into(),
        decided_on: day,
        tier: tier.into(),
        reason: "interview".into(),
        place: RecordPlace { file: "decisions.csv".into(), row: 2 },
    }
}

#[test]
fn decisions_stand_beside_the_proposals() {
    let policy = policy(&rule("high", "month", "{ score = \"phq-9.total\", op = \">=\", value = 5 }"));
    let raised: Answers<'_> = &[("phq-9", Some(1))];
    let mut result = with_records(&policy, &[("a", raised), ("b", CALM)], PupilEvidence::default());
    let before: HashMap<usize, Option<String>> = (0..3).map(|row| (row, tier(&result, row))).collect();
    let list = [
        decision("a", "month", date(2026, 10, 13)),
        decision("a", "none", date(2026, 10, 20)),
        decision("b", "month", date(2026, 10, 14)),
        decision("c", "none", date(2026, 10, 14)),
        decision("stranger", "none", date(2026, 10, 14)),
        decision("a", "soon", date(2026, 10, 11)),
    ];
    result.record_decisions(&list, &policy).unwrap();
    for (row, known) in before {
        assert_eq!(tier(&result, row), known, "a proposal was changed");
    }
    let column = |name: &str| (0..3).map(|row| text(&result.results, name, row)).collect::<Vec<_>>();
    assert_eq!(column("decided_tier"), [Some("none"), Some("month"), Some("none")].map(|t| t.map(str::to_owned)));
    assert_eq!(text(&result.results, "decided_on", 0).as_deref(), Some("2026-10-20"));
    assert_eq!(result.decisions.iter().map(|entry| entry.stands).collect::<Vec<_>>(), [false, true, true, true]);
    let agreement = result.summary.agreement.as_ref().unwrap();
    let counts = (agreement.decided, agreement.same, agreement.higher, agreement.lower, agreement.without_proposal);
    assert_eq!(counts, (3, 0, 1, 1, 1));
    assert_eq!(agreement.cells.iter().map(|cell| cell.pupils).sum::<u32>(), 3);
    let reasons: Vec<_> = result.rejected.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, ["decision-unknown-pupil", "decision-before-wave"]);
    assert!(matches!(result.record_decisions(&list, &policy), Err(ScreeningError::DecidedTwice)));
}

#[test]
fn a_decision_that_says_nothing_is_refused() {
    let policy = policy("");
    let refuse = |change: &dyn Fn(&mut Decision)| {
        let mut result = with_records(&policy, &[("a", CALM)], PupilEvidence::default());
        let mut decision = decision("a", "none", DAY);
        change(&mut decision);
        result.record_decisions(&[decision], &policy).unwrap_err().to_string()
    };
    assert!(refuse(&|decision| decision.tier = "level 1".into()).contains("month"));
    assert!(refuse(&|decision| decision.reason = "felt like it".into()).contains("as-proposed"));
    assert!(refuse(&|decision| decision.decided_by = " ".into()).contains("decisions.csv, row 2"));
}
