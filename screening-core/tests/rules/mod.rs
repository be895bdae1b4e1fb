//! The policies of the library, the linter, the page about policies, and rules over records.

use std::sync::LazyLock;

use jiff::civil::{Date, date};
use polars::prelude::DataFrame;
use proptest::prelude::*;
use screening_core::instrument::{Language, Library, Severity, Span};
use screening_core::risk::{
    Beside, CoveredStream, EvidenceTable, LintScope, Policy, PolicyEngine, PupilRecord, RecordPlace, SheetSet,
    evidence_kinds, lint_policy,
};
use screening_core::screening::Battery;

use super::{LIBRARY, policy_text, rule};

fn read(rules: &str) -> Policy {
    Policy::from_toml(&policy_text(rules)).expect("a policy")
}

fn batteries() -> Vec<Battery> {
    Library::bundled_ids("batteries").into_iter().map(|id| Battery::bundled(id).unwrap().unwrap()).collect()
}

#[test]
fn every_policy_of_the_library_passes_its_checks() {
    let ids = Library::bundled_ids("policies");
    assert!(ids.len() >= 7, "{ids:?}");
    for id in ids {
        let policy = Policy::bundled(id).unwrap().unwrap();
        assert_eq!(policy.id(), id);
        let findings = lint_policy(&policy, &LIBRARY, &[]);
        assert!(!findings.has_errors(), "{findings}");
        for rate in &policy.definition().error_rates {
            assert!(!policy.definition().sources[&rate.source].cite.is_empty());
        }
        for rule in &policy.definition().rules {
            for language in [Language::En, Language::ZhCn] {
                let told = rule.when.describe(&LIBRARY, language);
                assert!(!told.is_empty() && !told.contains("describe"), "{}: {told}", rule.id);
            }
        }
    }
}

#[test]
fn the_default_policy_says_nothing_twice() {
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let batteries = batteries();
    let scopes: Vec<LintScope<'_>> = batteries
        .iter()
        .flat_map(|battery| {
            let definition = battery.definition();
            definition.all_instruments().map(|instrument| LintScope { instrument, grades: definition.grades })
        })
        .collect();
    let findings = lint_policy(&policy, &LIBRARY, &scopes);
    let odd: Vec<&str> = findings.0.iter().map(|finding| finding.code).filter(|code| *code != "age").collect();
    assert_eq!(odd, Vec::<&str>::new(), "{findings}");
}

#[test]
fn no_policy_says_what_a_pupil_has() {
    let banned = ["患者", "患有", "确诊", "病人", "diagnos", "disorder", "patient", "illness"];
    let files = Library::bundled_ids("policies");
    let texts = files.iter().map(|id| Library::bundled_file(&format!("policies/{id}.toml")).unwrap());
    for text in
        texts.chain([include_str!("../../resources/evidence.toml"), include_str!("../../resources/decisions.toml")])
    {
        // Addresses of papers are not ours to word.
        let own: String = text.lines().filter(|line| !line.starts_with("url = ")).collect();
        for word in banned {
            assert!(!own.to_lowercase().contains(word), "{word}");
        }
    }
}

fn lints(rules: &str, asked: &[LintScope<'_>]) -> Vec<&'static str> {
    let findings = lint_policy(&read(rules), &LIBRARY, asked);
    assert!(findings.0.iter().all(|finding| finding.severity == Severity::Warning), "{findings}");
    // Without batteries every instrument meets all grades of the policy, and its ages are told: that has a test of its own.
    let told = findings.0.iter().map(|finding| finding.code);
    told.filter(|code| !asked.is_empty() || *code != "age").collect()
}

#[test]
fn a_rule_that_adds_nothing_is_found_however_it_is_written() {
    let high = "{ score = \"phq-9.total\", op = \">=\", value = 20 }";
    let raised = "{ score = \"phq-9.total\", op = \">\", value = 14 }";
    let two = |tier: &str, first: &str, second: &str| {
        lints(&(rule("a", &format!("tier = \"{tier}\""), first) + &rule("b", "tier = \"month\"", second)), &[])
    };
    // A milder rule that is wider is the usual staircase.
    assert_eq!(two("today", high, raised), Vec::<&str>::new());
    assert_eq!(two("month", high, raised), ["overlap"]);
    assert_eq!(two("month", high, high), ["overlap"]);
    let both = format!("{{ all = [{high}, {{ flag = \"phq-9.item-9\" }}] }}");
    assert_eq!(two("month", &both, raised), ["overlap"]);
    let either = format!("{{ any = [{raised}, {{ score = \"gad-7.total\", op = \">=\", value = 10 }}] }}");
    assert_eq!(two("month", high, &either), ["overlap"]);
    assert_eq!(two("today", &either, high), ["overlap"]);
    let teacher = "{ evidence = \"nomination.teacher\", in = [\"urgent\"], within-days = 30 }";
    let anybody = "{ evidence = \"nomination\", in = [\"urgent\", \"concern\"], within-days = 60 }";
    assert_eq!(two("month", teacher, anybody), ["overlap"]);
    let sooner = "{ evidence = \"nomination\", in = [\"urgent\"], within-days = 20 }";
    assert_eq!(two("month", teacher, sooner), Vec::<&str>::new());
}

#[test]
fn what_no_sheet_meets_is_found() {
    let between = "{ all = [{ score = \"phq-9.total\", op = \">=\", value = 15 }, { score = \"phq-9.total\", op = \"<\", value = 15 }] }";
    assert_eq!(lints(&rule("a", "tier = \"month\"", between), &[]), ["unreachable"]);
    let possible = between.replace("\"<\", value = 15", "\"<=\", value = 15");
    assert_eq!(lints(&rule("a", "tier = \"month\"", &possible), &[]), Vec::<&str>::new());
    let none = rule("a", "tier = \"none\"", "{ score = \"phq-9.total\", op = \">=\", value = 5 }");
    assert_eq!(lints(&none, &[]), ["no-effect"]);
    let odd = rule("a", "tier = \"month\"", "{ answer = \"phq-9.9\", op = \">=\", value = 1.5 }");
    assert_eq!(lints(&odd, &[]), ["coding"]);
}

#[test]
fn instruments_for_others_are_found() {
    let scl = rule("a", "tier = \"month\"", "{ score = \"scl-90.total\", op = \">=\", value = 200 }");
    let asked = |instrument, from, to| [LintScope { instrument, grades: Span { from, to } }];
    let codes = |asked: &[LintScope<'_>]| {
        lints(&scl, asked).into_iter().filter(|code| *code != "critical-flag").collect::<Vec<_>>()
    };
    assert_eq!(codes(&asked("scl-90", 4, 6)), ["age"]);
    assert_eq!(codes(&asked("phq-9", 7, 9)), ["not-asked"]);
}

#[test]
fn any_of_many_subscales_is_told_with_the_share_that_it_concerns() {
    let leaf = |scale: &str| format!("{{ score = \"scl-90.{scale}\", op = \">\", value = 2 }}");
    let list = ["somatization", "depression", "anxiety", "hostility"].map(leaf).join(", ");
    let findings = lint_policy(&read(&rule("a", "tier = \"month\"", &format!("{{ any = [{list}] }}"))), &LIBRARY, &[]);
    let told = findings.0.iter().find(|finding| finding.code == "or-over-subscales").unwrap();
    // From the norm of 1986: 1.37 (0.48), 1.50 (0.59), 1.39 (0.43), 1.48 (0.56) beyond 2.
    assert!(told.message.contains("45 %"), "{}", told.message);
}

/// Every example of the page about policies is what it says it is.
#[test]
fn every_example_of_the_page_reads() {
    let page = include_str!("../../../docs/policies.md");
    let (mut policies, mut batteries, mut rules, mut conditions) = (0, 0, 0, 0);
    for block in page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        if block.contains("unflagged-tier") {
            let policy = Policy::from_toml(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
            let findings = lint_policy(&policy, &LIBRARY, &[]);
            assert!(!findings.has_errors(), "{findings}");
            policies += 1;
        } else if block.starts_with("schema = 1") && !block.contains("[[answers]]") {
            Battery::from_toml(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
            batteries += 1;
        } else if block.starts_with("[[rules]]") {
            let findings = lint_policy(&read(block), &LIBRARY, &[]);
            assert!(!findings.has_errors(), "{findings}\n{block}");
            rules += 1;
        } else {
            // Parts of a job file are read by the tests of the jobs.
            assert!(block.contains("[[evidence]]") || block.contains("[[answers]]"), "{block}");
        }
    }
    for line in page.lines().filter(|line| line.starts_with("| `{ ")) {
        let condition = line.split('`').nth(1).unwrap();
        if !condition.contains("..") {
            let text = rule("a", "tier = \"month\"", condition);
            Policy::from_toml(&policy_text(&text)).unwrap_or_else(|error| panic!("{condition}: {error}"));
            conditions += 1;
        }
    }
    assert!(
        policies >= 1 && batteries >= 2 && rules >= 3 && conditions >= 15,
        "{policies} {batteries} {rules} {conditions}"
    );
}

const DAY: Date = date(2026, 10, 12);

/// Every source by itself, as in the vocabulary.
static STREAMS: LazyLock<Vec<(String, Option<String>)>> = LazyLock::new(|| {
    let of = |(kind, definition): (&String, &screening_core::risk::EvidenceKindDef)| {
        let sources: Vec<_> = definition.sources.keys().map(|source| (kind.clone(), Some(source.clone()))).collect();
        if sources.is_empty() { vec![(kind.clone(), None)] } else { sources }
    };
    evidence_kinds().iter().flat_map(of).collect()
});

fn name(stream: &(String, Option<String>)) -> String {
    stream.1.as_ref().map_or_else(|| stream.0.clone(), |source| format!("{}.{source}", stream.0))
}

fn record(stream: usize, value: usize, days: Option<i32>) -> PupilRecord {
    let (kind, source) = STREAMS[stream % STREAMS.len()].clone();
    let values = &evidence_kinds()[&kind].values;
    PupilRecord {
        student_id: "p".into(),
        value: values.get_index(value % values.len()).unwrap().0.clone(),
        date: days.map(|days| DAY.checked_sub(jiff::ToSpan::days(i64::from(days))).unwrap()),
        place: RecordPlace::default(),
        kind,
        source,
    }
}

fn table(records: &[PupilRecord], covered: &[bool]) -> EvidenceTable {
    let mut table = EvidenceTable::new(DAY, 1, records.iter().map(|record| (0, record))).unwrap();
    for (stream, _) in STREAMS.iter().zip(covered).filter(|(_, covered)| **covered) {
        table.cover(&CoveredStream { stream: name(stream).parse().unwrap(), schools: None }, |_, _| true);
    }
    table
}

/// For each rule of a policy: yes, no or cannot say.
fn said(policy: &Policy, table: &EvidenceTable) -> Vec<Option<bool>> {
    let derived = DataFrame::empty();
    let beside = Beside { rows: &[Some(0)], derived: &derived, change: None, evidence: Some(table) };
    let proposals = PolicyEngine::new(policy, SheetSet { beside: Some(beside), ..SheetSet::default() }).unwrap().run();
    proposals.rules.iter().map(|count| if count.cannot_say > 0 { None } else { Some(count.holds > 0) }).collect()
}

/// A condition over records, as text.
fn conditions() -> impl Strategy<Value = String> {
    let leaf = (0_usize..8, prop::collection::vec(0_usize..10, 1..3), prop::option::of(0_u32..120)).prop_map(
        |(stream, values, within)| {
            let (kind, source) = &STREAMS[stream % STREAMS.len()];
            // A kind alone means all its sources.
            let of = if stream % 3 == 0 { kind.clone() } else { name(&(kind.clone(), source.clone())) };
            let known = &evidence_kinds()[kind].values;
            let mut words: Vec<String> =
                values.iter().map(|value| format!("\"{}\"", known.get_index(value % known.len()).unwrap().0)).collect();
            words.dedup();
            let within = within.map(|days| format!(", within-days = {days}")).unwrap_or_default();
            format!("{{ evidence = \"{of}\", in = [{}]{within} }}", words.join(", "))
        },
    );
    leaf.prop_recursive(3, 10, 3, |inner| {
        let list = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list().prop_map(|parts| format!("{{ all = [{}] }}", parts.join(", "))),
            list().prop_map(|parts| format!("{{ any = [{}] }}", parts.join(", "))),
            inner.clone().prop_map(|part| format!("{{ not = {part} }}")),
            (prop::collection::vec(inner.clone(), 2..4))
                .prop_map(|parts| format!("{{ at-least = {{ k = 2, of = [{}] }} }}", parts.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever a source says that was not delivered before, and whatever the date of an undated record turns out to be, what
    /// was decided stays decided.
    #[test]
    fn delivering_what_was_missing_never_contradicts_what_was_decided(
        when in conditions(),
        known in prop::collection::vec((0_usize..8, 0_usize..10, prop::option::of(-20_i32..200)), 0..5),
        covered in prop::collection::vec(prop::bool::ANY, 8),
        late in prop::collection::vec((0_usize..8, 0_usize..10, -20_i32..200), 0..6),
        dates in prop::collection::vec(-20_i32..200, 5),
    ) {
        let policy = read(&rule("a", "tier = \"month\"", &when));
        let mut records: Vec<PupilRecord> =
            known.iter().map(|(stream, value, days)| record(*stream, *value, *days)).collect();
        let before = said(&policy, &table(&records, &covered));

        // A source has spoken when it was delivered, says that there is nothing, or is one whose latest record speaks.
        let spoken = |stream: &(String, Option<String>)| {
            let at = STREAMS.iter().position(|known| known == stream).unwrap();
            let kind = &evidence_kinds()[&stream.0];
            let own = records.iter().filter(|record| record.kind == stream.0 && record.source == stream.1);
            let latest = kind.speaks == screening_core::risk::Speaks::Latest;
            covered[at] || own.clone().any(|record| latest || kind.values[&record.value].nothing)
        };
        let more: Vec<PupilRecord> = late
            .iter()
            .map(|(stream, value, days)| record(*stream, *value, Some(*days)))
            .filter(|record| !spoken(&(record.kind.clone(), record.source.clone())))
            .collect();
        for (record, days) in records.iter_mut().zip(&dates).filter(|(record, _)| record.date.is_none()) {
            // Of a kind whose latest record speaks, a date may put a record behind another: those stay undated.
            if evidence_kinds()[&record.kind].speaks == screening_core::risk::Speaks::Each {
                record.date = Some(DAY.checked_sub(jiff::ToSpan::days(i64::from(*days))).unwrap());
            }
        }
        records.extend(more);
        let after = said(&policy, &table(&records, &[true; 8]));
        for (before, after) in before.iter().zip(&after) {
            if let Some(before) = before {
                prop_assert_eq!(after, &Some(*before));
            }
        }
    }
}
