//! What was removed, and how, in words for whoever gets the data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use screening_core::instrument::Language;
use screening_core::screening::ScreeningResult;

use super::texts::{reason, text};
use super::{ResearchExport, ResearchOptions, Unit};
use crate::job::JobInput;

/// Chinese first, English below.
pub(super) fn text_of(
    export: &ResearchExport,
    input: &JobInput,
    result: &ScreeningResult,
    options: &ResearchOptions,
) -> String {
    let parts = [Language::ZhCn, Language::En].map(|language| part(export, input, result, options, language));
    parts.join("\n")
}

fn part(
    export: &ResearchExport,
    input: &JobInput,
    result: &ScreeningResult,
    options: &ResearchOptions,
    language: Language,
) -> String {
    let say =
        |key: &str, arguments: &[(&str, &str)]| text(&format!("readme.{key}"), arguments).get(language).to_owned();
    let (sheets, rows, least) =
        (export.sheets_in.to_string(), export.data.height().to_string(), options.min_group.to_string());
    let excluded = export.sheets_excluded().to_string();
    let mut out = format!("# {}\n\n", say("title", &[]));
    let _ = writeln!(out, "{}\n", say("wave", &[("wave", &result.summary.wave.id)]));
    let _ = writeln!(out, "{}\n", say("counts", &[("sheets", &sheets), ("rows", &rows), ("excluded", &excluded)]));
    section(&mut out, &say("files-title", &[]), &say("files", &[]));
    section(&mut out, &say("removed-title", &[]), &say(if options.class { "removed-class" } else { "removed" }, &[]));
    section(&mut out, &say("pseudonym-title", &[]), &say("pseudonym", &[]));
    section(&mut out, &say("groups-title", &[]), &say("groups", &[("least", &least)]));
    if export.data.height() < options.min_group {
        let _ = writeln!(out, "{}\n", say("groups-too-few", &[("rows", &rows), ("least", &least)]));
    }
    let _ = writeln!(out, "| {} | {} |\n|---|--:|", say("column", &[]), say("blanked", &[]));
    for suppressed in &export.suppressed {
        let _ = writeln!(out, "| `{}` | {} |", suppressed.column, suppressed.rows);
    }
    out.push('\n');
    section(&mut out, &say("missing-title", &[]), &say("missing", &[]));
    let consent = if input.roster.asks_research_consent { "consent-asked" } else { "consent-not-asked" };
    section(&mut out, &say("excluded-title", &[]), &say(consent, &[]));
    out.push_str(&excluded_table(export, language, &say("excluded-head", &[])));
    section(&mut out, &format!("\n{}", say("instruments-title", &[])), &say("instruments", &[]));
    for instrument in &result.summary.provenance.instruments {
        let _ = writeln!(out, "- `{}`", instrument.citation);
    }
    let _ = writeln!(out, "\n{}", say("engine", &[("engine", &result.summary.provenance.engine)]));
    out
}

fn section(out: &mut String, title: &str, body: &str) {
    let gap = if title.starts_with('\n') { "\n" } else { "" };
    let _ = writeln!(out, "{gap}## {}\n\n{body}\n", title.trim_start());
}

fn excluded_table(export: &ResearchExport, language: Language, head: &str) -> String {
    let mut counts: BTreeMap<(Unit, &str), usize> = BTreeMap::new();
    for exclusion in &export.exclusions {
        *counts.entry((exclusion.unit, exclusion.reason.as_str())).or_default() += 1;
    }
    let mut out = format!("{head}\n|---|---|---|--:|\n");
    for ((unit, id), count) in counts {
        let unit = text(&format!("unit.{}", unit.word()), &[]);
        let _ = writeln!(out, "| {} | `{id}` | {} | {count} |", unit.get(language), reason(id).get(language));
    }
    out
}
