//! What the policy proposes. A named person decides.

use screening_core::instrument::Language;
use screening_core::instrument::expr::Comparison;
use screening_core::risk::{Evidence, EvidenceKind, InvalidSheet, Policy, Proposal, Undecided, WhyUndecided};
use serde::Serialize;

use super::figure::Figure;

#[derive(Serialize)]
pub(super) struct ProposalAnswer<'a> {
    tier: &'a str,
    name: &'a str,
    severity: u16,
    urgent: bool,
    /// Hours within which a person should have acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_hours: Option<u32>,
    owner: &'a str,
    next_step: &'a str,
    /// All reasons in one line.
    reasons: String,
    evidence: Vec<EvidenceAnswer<'a>>,
    undecided: Vec<UndecidedAnswer<'a>>,
    invalid: Vec<InvalidAnswer<'a>>,
    doubtful: Vec<InvalidAnswer<'a>>,
}

#[derive(Serialize)]
struct EvidenceAnswer<'a> {
    rule: &'a str,
    tier: Option<&'a str>,
    kind: EvidenceKind,
    instrument: &'a str,
    part: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[Figure; 2]>,
    found: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<Comparison>,
    threshold: &'a str,
    source: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct UndecidedAnswer<'a> {
    rule: Option<&'a str>,
    tier: &'a str,
    instrument: &'a str,
    part: &'a str,
    why: WhyUndecided,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[Figure; 2]>,
    text: &'a str,
}

#[derive(Serialize)]
struct InvalidAnswer<'a> {
    instrument: &'a str,
    rule: &'a str,
    text: &'a str,
}

pub(super) fn answer<'a>(proposal: &'a Proposal, policy: &'a Policy, language: Language) -> ProposalAnswer<'a> {
    let tier = policy.tier(&proposal.tier);
    let ends = |bounds: Option<(f64, f64)>| bounds.map(|(low, high)| [Figure(low), Figure(high)]);
    let evidence = |found: &'a Evidence| EvidenceAnswer {
        rule: &found.rule,
        tier: found.tier.as_deref(),
        kind: found.kind,
        instrument: &found.instrument,
        part: &found.part,
        value: found.value.map(Figure),
        range: ends(found.bounds),
        found: &found.found,
        operator: found.operator,
        threshold: &found.threshold,
        source: &found.source,
        text: found.text.get(language),
    };
    let undecided = |open: &'a Undecided| UndecidedAnswer {
        rule: open.rule.as_deref(),
        tier: &open.tier,
        instrument: &open.instrument,
        part: &open.part,
        why: open.why,
        range: ends(open.bounds),
        text: open.text.get(language),
    };
    let sheet = |sheet: &'a InvalidSheet| InvalidAnswer {
        instrument: &sheet.instrument,
        rule: &sheet.rule,
        text: sheet.text.get(language),
    };
    ProposalAnswer {
        tier: &proposal.tier,
        name: tier.map_or("", |tier| tier.name.get(language)),
        severity: proposal.severity,
        urgent: tier.is_some_and(|tier| tier.urgent),
        response_hours: tier.and_then(|tier| tier.response_hours),
        owner: tier.map_or("", |tier| tier.owner.get(language)),
        next_step: tier.map_or("", |tier| tier.next_step.get(language)),
        reasons: proposal.reasons(language),
        evidence: proposal.evidence.iter().map(evidence).collect(),
        undecided: proposal.undecided.iter().map(undecided).collect(),
        invalid: proposal.invalid.iter().map(sheet).collect(),
        doubtful: proposal.doubtful.iter().map(sheet).collect(),
    }
}
