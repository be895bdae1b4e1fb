//! Checks of look-up tables.

use indexmap::IndexMap;

use super::super::Place;
use super::super::model::{GroupDef, ScaleDef};
use super::Findings;
use crate::place;
use crate::stats::Decimal;

pub(super) fn check(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    if !scale.table.is_empty() && !scale.tables.is_empty() {
        findings.error(
            "table",
            place!["scales", at, "tables"],
            "`table` and `tables` are both given",
            "keep `table` when it serves everyone, `tables` when groups differ",
        );
    }
    rows(findings, &place!["scales", at, "table"], &scale.table);
    for (n, variant) in scale.tables.iter().enumerate() {
        rows(findings, &place!["scales", at, "tables", n, "table"], &variant.table);
        let clash = scale.tables[..n].iter().position(|other| other.when.meets(&variant.when));
        if let Some(other) = clash {
            let message = format!("tables {} and {} hold for the same people", other + 1, n + 1);
            findings.error("table", place!["scales", at, "tables", n], message, "make the groups disjoint");
        }
        if variant.when == GroupDef::default() {
            findings.error(
                "table",
                place!["scales", at, "tables", n, "when"],
                "the group is everyone",
                "state `sex`, `ages` or `grades`, or use `table`",
            );
        }
    }
    standard_errors(findings, at, scale);
}

fn rows(findings: &mut Findings<'_>, path: &[Place], table: &IndexMap<String, Decimal>) {
    let at_key = |key: &String| {
        let mut path = path.to_vec();
        path.extend(place![key]);
        path
    };
    let mut last: Option<(Decimal, Decimal)> = None;
    for (key, value) in table {
        let Ok(raw) = key.parse::<Decimal>() else {
            let message = format!("`{key}` is not a raw score");
            findings.error("table", at_key(key), message, "keys are raw scores in quotes");
            continue;
        };
        if last.is_some_and(|(before, _)| raw <= before) {
            findings.error("table", at_key(key), "raw scores are not in rising order", "sort the table");
        }
        if last.is_some_and(|(_, before)| *value < before) {
            let message = format!("the value falls at raw {key}");
            let help = "compare with the printed table; a misprint is likely";
            findings.error("table-monotone", at_key(key), message, help);
        }
        last = Some((raw, *value));
    }
}

fn standard_errors(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    let errors: Vec<_> = scale.table_se.values().copied().collect();
    if errors.len() != scale.table.len() && !errors.is_empty() {
        findings.error(
            "table",
            place!["scales", at, "table-se"],
            "standard errors and values differ in number",
            "give one for each raw score",
        );
    }
    if let [.., before, end] = errors[..]
        && end < before
    {
        findings.warn(
            "table-se",
            place!["scales", at, "table-se"],
            "the standard error falls at the upper end",
            "errors grow at the ends; recheck the table",
        );
    }
}
