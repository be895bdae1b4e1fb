//! One sheet.

use screening_core::answers::Tri;
use screening_core::instrument::{Evidence, FlagSeverity, Language, Level};
use screening_core::scoring::{Explanation, Reason, ScaleView, Scores};
use screening_core::validity::ValidityReport;
use serde::Serialize;

use crate::order::{Order, OrderedSheet};

use super::figure::{Entries, Figure};
use super::norms::{self, NormAnswer};
use super::validity::{self, ValidityAnswer};

/// What is said of one sheet.
#[derive(Serialize)]
pub(super) struct SheetAnswer<'a> {
    instrument: &'a str,
    version: String,
    /// SHA-256 of the definition.
    hash: &'a str,
    answered: usize,
    items: usize,
    scores: Entries<'a, ScoreAnswer<'a>>,
    flags: Entries<'a, FlagAnswer<'a>>,
    validity: ValidityAnswer<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    norms: Vec<NormAnswer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explanations: Vec<Explanation>,
    /// Cut-off set in use by scale.
    cutoffs: Entries<'a, &'a str>,
}

#[derive(Serialize)]
pub(super) struct ScoreAnswer<'a> {
    name: &'a str,
    value: Option<Figure>,
    /// The word of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'a str>,
    /// Lowest and highest value that is still possible; left out where nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[Figure; 2]>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Answered items of a score that is computed straight from items.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    /// Items without an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<&'a str>,
    band: Option<BandAnswer<'a>>,
    /// There are bands for this person, and the possible scores lie in different ones.
    band_open: bool,
    evidence: Evidence,
    /// A step on the way to other scores.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
}

#[derive(Serialize)]
struct BandAnswer<'a> {
    id: &'a str,
    label: &'a str,
    level: Level,
}

#[derive(Serialize)]
pub(super) struct FlagAnswer<'a> {
    state: Tri,
    severity: FlagSeverity,
    meaning: &'a str,
}

/// A critical answer that was given.
#[derive(Serialize)]
pub(super) struct CriticalOut<'a> {
    instrument: &'a str,
    flag: &'a str,
    meaning: &'a str,
}

pub(super) fn answer<'a>(
    order: &'a Order,
    ordered: &'a OrderedSheet,
    scores: &'a Scores<'a>,
    judged: Option<&'a ValidityReport>,
    language: Language,
) -> SheetAnswer<'a> {
    let instrument = ordered.scorer.instrument();
    let definition = instrument.definition();
    let explain = |scale: ScaleView<'a>| {
        let definition = scale.definition();
        let shown = order.explain && !definition.internal;
        if shown { scores.explain(&ordered.sheet, &definition.id) } else { None }
    };
    let flags = scores.flags().map(|flag| {
        let definition = flag.definition;
        let meaning = definition.meaning.get(language);
        (definition.id.as_str(), FlagAnswer { state: flag.state, severity: definition.severity, meaning })
    });
    let cutoffs = definition
        .scales
        .iter()
        .enumerate()
        .filter_map(|(at, scale)| Some((scale.id.as_str(), ordered.scorer.cutoff_set(at)?)));
    SheetAnswer {
        instrument: instrument.id(),
        version: definition.version.to_string(),
        hash: instrument.hash(),
        answered: scores.answered(),
        items: definition.items.len(),
        scores: Entries(scores.scales().map(|scale| score(ordered, scale, language)).collect()),
        flags: Entries(flags.collect()),
        validity: validity::answer(scores, judged, order.partial, language),
        norms: norms::answer(order, scores, language),
        explanations: scores.scales().filter_map(explain).collect(),
        cutoffs: Entries(cutoffs.collect()),
    }
}

fn score<'a>(ordered: &'a OrderedSheet, scale: ScaleView<'a>, language: Language) -> (&'a str, ScoreAnswer<'a>) {
    let definition = scale.definition();
    let (value, reason) = (scale.value(), scale.reason());
    // Without a norm or a result of the formula, the ends say nothing of the score.
    let says = !matches!(reason, Some(Reason::NoNorm | Reason::Undefined));
    let (low, high) = scale.bounds();
    let from_items = scale.items() > 0;
    let band = scale.band_id().zip(scale.band());
    let answer = ScoreAnswer {
        name: scale.name(language),
        value: value.map(Figure),
        word: scale.word(),
        range: says.then_some([Figure(low), Figure(high)]),
        reason,
        answered: from_items.then(|| scale.answered()),
        items: from_items.then(|| scale.items()),
        missing: missing(ordered, scale),
        band: band.map(|(id, band)| BandAnswer { id, label: band.label.get(language), level: band.level }),
        band_open: scale.band_undecided(),
        evidence: scale.evidence(),
        internal: definition.internal,
    };
    (definition.id.as_str(), answer)
}

/// Items of a score without an answer.
fn missing<'a>(ordered: &'a OrderedSheet, scale: ScaleView<'a>) -> Vec<&'a str> {
    let definition = ordered.scorer.instrument().definition();
    let open = scale.missing_items(&ordered.sheet).filter_map(|at| definition.items.get(at));
    open.map(|item| item.id.as_str()).collect()
}

/// The critical answers that were surely given.
pub(super) fn critical<'a>(scores: &'a Scores<'a>, language: Language) -> impl Iterator<Item = CriticalOut<'a>> {
    let raised =
        scores.flags().filter(|flag| flag.definition.severity == FlagSeverity::Critical && flag.state.is_yes());
    raised.map(move |flag| CriticalOut {
        instrument: scores.instrument().id(),
        flag: &flag.definition.id,
        meaning: flag.definition.meaning.get(language),
    })
}
