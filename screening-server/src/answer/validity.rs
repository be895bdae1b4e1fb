//! Can the sheet be trusted?

use screening_core::answers::Tri;
use screening_core::instrument::{Language, Verdict};
use screening_core::scoring::Scores;
use screening_core::validity::{SheetVerdict, ValidityReport};
use serde::Serialize;

use super::figure::Entries;

#[derive(Serialize)]
pub(super) struct ValidityAnswer<'a> {
    /// Left out while the sheet is being filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<SheetVerdict>,
    /// Rules of the definition.
    rules: Entries<'a, RuleAnswer<'a>>,
    /// What speaks against the sheet, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    /// Rules of the plan that could not be used for one sheet alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<Entries<'a, &'a str>>,
}

#[derive(Serialize)]
pub(super) struct RuleAnswer<'a> {
    state: Tri,
    verdict: Verdict,
    meaning: &'a str,
}

pub(super) fn answer<'a>(
    scores: &'a Scores<'a>,
    judged: Option<&'a ValidityReport>,
    partial: bool,
    language: Language,
) -> ValidityAnswer<'a> {
    let rules = scores.validity().map(|rule| {
        let definition = rule.definition;
        let meaning = definition.meaning.get(language);
        (definition.id.as_str(), RuleAnswer { state: rule.state, verdict: definition.verdict, meaning })
    });
    let own = match scores.verdict() {
        Some(Verdict::Invalid) => SheetVerdict::Invalid,
        Some(Verdict::Doubtful) => SheetVerdict::Doubtful,
        None => SheetVerdict::Valid,
    };
    let reasons = match judged {
        Some(report) => report.sentences(0).iter().map(|text| text.get(language).to_owned()).collect(),
        None => scores
            .validity()
            .filter(|rule| rule.state.is_yes())
            .map(|rule| rule.definition.meaning.get(language).to_owned())
            .collect(),
    };
    let silent = judged.map(|report| Entries(report.silent().map(|(rule, why)| (rule, why.get(language))).collect()));
    ValidityAnswer {
        verdict: (!partial).then(|| judged.map_or(own, |report| report.verdict(0))),
        rules: Entries(rules.collect()),
        reasons,
        silent,
    }
}
