//! Norms on a terminal.

use std::path::Path;

use screening_core::instrument::Language;
use screening_core::norms::{Applied, DriftReport, NormCellDef, NormSet};
use screening_core::stats::Decimal;

use super::super::Context;
use crate::table::table;
use crate::texts::{fill, say};

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn headings<const N: usize>(ids: [&str; N], language: Language) -> Vec<String> {
    ids.iter().map(|id| if id.len() <= 2 { (*id).to_owned() } else { say(id, language) }).collect()
}

/// The page of a set.
pub(super) fn set(context: &Context, set: &NormSet, with_tables: bool) {
    let language = context.language;
    let definition = set.definition();
    println!("{}\n{}", definition.name.get(language), set.citation());
    println!("{}", fill("norms-people", language, &[definition.population.get(language).to_owned()]));
    let year = definition.year.map_or_else(|| "-".to_owned(), |year| year.to_string());
    let region = definition.region.clone().unwrap_or_else(|| "-".to_owned());
    println!("{}", fill("norms-where", language, &[region, year]));
    if let Some(built) = &definition.built {
        let aside: Vec<String> = built.set_aside.iter().map(|(word, rows)| format!("{word} {rows}")).collect();
        let aside = if aside.is_empty() { "-".to_owned() } else { aside.join(", ") };
        let counts =
            [built.rows.to_string(), built.used.to_string(), aside, built.by.join(", "), built.min_n.to_string()];
        println!("{}", fill("norms-built", language, &counts));
    }
    let rows = definition.cells.iter().map(|cell| cell_row(cell, language)).collect();
    let ids =
        ["norms-scale", "norms-group", "n", "norms-mean", "norms-sd", "norms-skew", "norms-percentiles", "norms-way"];
    println!("{}", table(&headings(ids, language), rows));
    if with_tables {
        for cell in &definition.cells {
            conversion(context, cell);
        }
    }
    omitted(context, set);
    for note in &definition.notes {
        println!("{}: {}", note.topic, note.text.get(language));
    }
}

fn cell_row(cell: &NormCellDef, language: Language) -> Vec<String> {
    let mean = match (cell.mean, cell.mean_se) {
        (Some(mean), Some(se)) => format!("{:.2} ± {se:.2}", mean.to_f64()),
        (mean, _) => number(mean.map(Decimal::to_f64), 2),
    };
    let wanted = [5.0, 50.0, 95.0];
    let points: Vec<String> = wanted
        .iter()
        .filter_map(|p| cell.percentiles.iter().find(|entry| entry.p == *p))
        .map(|entry| format!("P{} {:.1}", entry.p, entry.value))
        .collect();
    let way = match (&cell.unusable, &cell.table, &cell.model) {
        (Some(why), _, _) => why.get(language).to_owned(),
        (None, Some(_), _) => match cell.smoothing {
            Some(degree) => fill("norms-smoothed", language, &[degree.to_string()]),
            None => say("norms-table", language),
        },
        (None, None, Some(model)) => fill("norms-model", language, &[format!("{:.3}", model.r2_adjusted)]),
        (None, None, None) => say("norms-linear", language),
    };
    vec![
        cell.scale.clone(),
        cell.group.to_string(),
        cell.n.map_or_else(|| "-".to_owned(), |n| n.to_string()),
        mean,
        number(cell.sd.map(Decimal::to_f64), 2),
        number(cell.skew, 2),
        points.join(", "),
        way,
    ]
}

fn conversion(context: &Context, cell: &NormCellDef) {
    let Some(norm) = &cell.table else { return };
    println!("{} {}", cell.scale, cell.group);
    let side = |raw: &f64| match (norm.at_most.contains(raw), norm.at_least.contains(raw)) {
        (true, _) => "≤ ",
        (_, true) => "≥ ",
        _ => "",
    };
    let rows = norm.raw.iter().enumerate().map(|(at, raw)| {
        let t = norm.t.get(at).map_or_else(|| "-".to_owned(), |t| format!("{}{t:.1}", side(raw)));
        vec![
            format!("{raw}"),
            number(norm.percentile.get(at).copied(), 2),
            number(norm.cumulative.get(at).copied(), 2),
            t,
        ]
    });
    let ids = ["norms-raw", "norms-percentile", "norms-cumulative", "T"];
    println!("{}", table(&headings(ids, context.language), rows.collect()));
}

fn omitted(context: &Context, set: &NormSet) {
    let language = context.language;
    for omitted in &set.definition().omitted {
        let reason = say(&format!("norms-omitted-{}", omitted.reason.word()), language);
        println!("{}", fill("norms-omitted", language, &[omitted.scale.clone(), omitted.group.to_string(), reason]));
    }
}

/// What was built.
pub(super) fn built(context: &Context, set: &NormSet, file: &Path) {
    omitted(context, set);
    let definition = set.definition();
    let counts = [
        definition.scales.len().to_string(),
        definition.cells.len().to_string(),
        definition.omitted.len().to_string(),
        set.citation(),
        file.display().to_string(),
    ];
    println!("{}", fill("norms-done", context.language, &counts));
}

/// Differences between two sets.
pub(super) fn drift(context: &Context, report: &DriftReport) {
    let language = context.language;
    println!("{}", fill("norms-drift", language, &[report.earlier.clone(), report.later.clone()]));
    let pair = |values: [Option<f64>; 2], decimals| {
        format!("{} → {}", number(values[0], decimals), number(values[1], decimals))
    };
    let rows = report.cells.iter().map(|cell| {
        let effect = match (cell.effect, cell.effect_interval) {
            (Some(g), Some([low, high])) => format!("{g:.2} [{low:.2}, {high:.2}]"),
            _ => "-".to_owned(),
        };
        let crossing = cell.crossing.iter().map(|c| format!("T{:.0}: {:.1} → {:.1} %", c.t, c.earlier, c.later));
        vec![
            cell.scale.clone(),
            cell.group.clone(),
            pair(cell.n.map(|n| n.map(|n| n as f64)), 0),
            pair(cell.mean, 2),
            pair(cell.sd, 2),
            effect,
            number(cell.distance, 3),
            number(cell.t_shift, 1),
            crossing.collect::<Vec<_>>().join("; "),
        ]
    });
    let ids = [
        "norms-scale",
        "norms-group",
        "n",
        "norms-mean",
        "norms-sd",
        "norms-effect",
        "norms-distance",
        "norms-shift",
        "norms-crossing",
    ];
    println!("{}", table(&headings(ids, language), rows.collect()));
    for (id, list) in [
        ("norms-only-earlier", &report.only_earlier),
        ("norms-only-later", &report.only_later),
        ("norms-definitions", &report.definitions),
    ] {
        if !list.is_empty() {
            println!("{}", fill(id, language, &[list.join("; ")]));
        }
    }
}

/// How many rows have a norm, and why the others have none.
pub(super) fn accounts(context: &Context, set: &NormSet, applied: &Applied) {
    let language = context.language;
    println!("{}", fill("norms-applied", language, &[set.citation()]));
    for account in &applied.accounts {
        let reasons: Vec<String> = account
            .without
            .iter()
            .map(|(word, rows)| format!("{} {rows}", say(&format!("norms-why-{word}"), language)))
            .collect();
        let reasons = if reasons.is_empty() { "-".to_owned() } else { reasons.join(", ") };
        let counts = [account.scale.clone(), account.rows.to_string(), account.with_norm.to_string(), reasons];
        println!("{}", fill("norms-account", language, &counts));
    }
    if !applied.absent.is_empty() {
        println!("{}", fill("norms-absent", language, &[applied.absent.join(", ")]));
    }
}

#[cfg(test)]
mod tests {
    use screening_core::answers::Sex;
    use screening_core::instrument::{Language, Text};
    use screening_core::norms::{NoNorm, OmitReason};

    use crate::texts::say;

    #[test]
    fn every_reason_has_words() {
        let omitted = [OmitReason::TooFew, OmitReason::NoSpread, OmitReason::NotMonotone, OmitReason::NoModel];
        let own = Text { en: String::new(), zh_cn: String::new() };
        let mut reasons = vec![
            NoNorm::NoScore,
            NoNorm::NoScale { scale: String::new() },
            NoNorm::SexUnknown,
            NoNorm::SexOutside { sex: Sex::Male },
            NoNorm::GradeUnknown,
            NoNorm::GradeOutside { grade: 1 },
            NoNorm::AgeUnknown,
            NoNorm::AgeOutside { age: 1 },
            NoNorm::LabelUnknown { column: String::new() },
            NoNorm::LabelOutside { column: String::new(), value: String::new() },
            NoNorm::Unusable { group: String::new(), reason: own },
            NoNorm::OutsideTable,
        ];
        reasons.extend(omitted.iter().map(|reason| NoNorm::Omitted { reason: *reason }));
        let ids = reasons.iter().map(|reason| format!("norms-why-{}", reason.word()));
        for id in ids.chain(omitted.iter().map(|reason| format!("norms-omitted-{}", reason.word()))) {
            assert_ne!(say(&id, Language::En), id);
        }
    }
}
