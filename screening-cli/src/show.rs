//! The page of an instrument, for a counsellor.

use std::fmt::Write as _;

use screening_core::catalogue::construct_name;
use screening_core::instrument::model::{CutoffDef, Missing, ScaleDef};
use screening_core::instrument::{Definition, Instrument, Language};

use crate::texts::{fill, say};

/// The word that stands in files for a value such as an informant or a licence status.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A word of the files in the reader's language.
pub(crate) fn translate(word: &str, language: Language) -> String {
    crate::texts::say(&format!("word-{word}"), language)
}

/// A construct in the reader's language.
pub(crate) fn construct(construct: &str, language: Language) -> String {
    construct_name(construct).get(language).to_owned()
}

/// All constructs of an instrument in the reader's language.
pub(crate) fn constructs(definition: &Definition, language: Language) -> String {
    let words: Vec<String> = definition.construct.iter().map(|word| construct(word, language)).collect();
    words.join(if language == Language::ZhCn { "、" } else { ", " })
}

/// The whole page. Writing into a String cannot fail, so results of `writeln!` are dropped.
pub(crate) fn page(instrument: &Instrument, language: Language) -> String {
    let definition = instrument.definition();
    let mut page = String::new();
    let _ = writeln!(page, "{} ({})", definition.name.get(language), definition.abbreviation);
    let _ = writeln!(page, "{}", instrument.citation());
    let span = |span: Option<screening_core::instrument::Span>| {
        span.map_or_else(|| "-".to_owned(), |s| format!("{}-{}", s.from, s.to))
    };
    let facts = [
        ("construct", constructs(definition, language)),
        ("informant", translate(&word(&definition.informant), language)),
        ("recall", definition.recall.get(language).to_owned()),
        ("ages", span(definition.ages)),
        ("grades", span(definition.grades)),
        ("items", definition.items.len().to_string()),
        ("evidence", translate(&word(&definition.evidence), language)),
        (
            "licence",
            format!(
                "{} - {}",
                translate(&word(&definition.licence.status), language),
                definition.licence.note.get(language)
            ),
        ),
    ];
    for (id, value) in facts {
        let _ = writeln!(page, "  {}: {value}", say(id, language));
    }
    let _ = writeln!(page, "\n{}", say("scales", language));
    for scale in definition.scales.iter().filter(|scale| !scale.internal) {
        let _ = writeln!(page, "  {} - {}", scale.id, scale.name.get(language));
        let _ = writeln!(page, "      {}", how(scale, language));
        for cutoff in definition.cutoffs.iter().filter(|c| c.scales.contains(&scale.id)) {
            let _ = writeln!(page, "      {}", bands(instrument, cutoff, language));
        }
    }
    if !definition.flags.is_empty() {
        let _ = writeln!(page, "\n{}", say("flags", language));
        for flag in &definition.flags {
            let severity = translate(&word(&flag.severity), language);
            let _ = writeln!(page, "  {} [{severity}] {}: {}", flag.id, flag.when, flag.meaning.get(language));
        }
    }
    if !definition.validity.is_empty() {
        let _ = writeln!(page, "\n{}", say("validity", language));
        for rule in &definition.validity {
            let verdict = translate(&word(&rule.verdict), language);
            let _ = writeln!(page, "  {} [{verdict}] {}: {}", rule.id, rule.when, rule.meaning.get(language));
        }
    }
    if !definition.notes.is_empty() {
        let _ = writeln!(page, "\n{}", say("notes", language));
        for note in &definition.notes {
            let _ = writeln!(page, "  {}: {}", note.topic, note.text.get(language));
        }
    }
    let _ = writeln!(page, "\n{}", say("sources", language));
    for (key, source) in &definition.sources {
        let _ = writeln!(
            page,
            "  {key} [{}] {} {}",
            word(&source.kind),
            source.cite,
            source.url.as_deref().unwrap_or_default()
        );
    }
    let _ = writeln!(page, "\n{}", say("not-a-diagnosis", language));
    page
}

fn how(scale: &ScaleDef, language: Language) -> String {
    let missing = match scale.missing {
        Missing::Complete => say("missing-complete", language),
        Missing::Prorate { min_answered, .. } => fill("missing-prorate", language, &[min_answered.to_string()]),
        Missing::AsAnswered { min_answered } => fill("missing-as-answered", language, &[min_answered.to_string()]),
    };
    let method = translate(&word(&scale.method), language);
    let parts = if scale.items.is_empty() { scale.of.join(", ") } else { scale.items.join(", ") };
    let range = scale.range.map(|[low, high]| format!("{low}..{high}")).unwrap_or_default();
    let direction = translate(&word(&scale.direction), language);
    let missing = if scale.method.is_of_items() { missing } else { String::new() };
    [method, parts, range, direction, missing]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

fn bands(instrument: &Instrument, cutoff: &CutoffDef, language: Language) -> String {
    let labels = &instrument.definition().bands;
    let steps = cutoff.bands.iter().map(|step| {
        let label = labels.get(&step.band).map_or(step.band.as_str(), |b| b.label.get(language));
        step.from.map_or_else(|| label.to_owned(), |from| format!("≥{from} {label}"))
    });
    let mark = if cutoff.default { "*" } else { " " };
    let steps: Vec<String> = steps.collect();
    format!("{mark} {} ({}; {}): {}", cutoff.id, cutoff.population.get(language), cutoff.source, steps.join(" | "))
}
