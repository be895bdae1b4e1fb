//! What a plan says of itself: checks with place, cause and fix.

use std::collections::HashSet;

use super::model::{FiresDef, IndexDef, VALIDITY_SCHEMA, ValidityPlanDef, ValidityRuleDef};
use crate::instrument::expr::Comparison;
use crate::instrument::{Diagnostic, Place, Text};
use crate::place;
use crate::stats::Decimal;

/// Ids that name columns of the report itself.
const RESERVED: [&str; 4] = ["verdict", "fired", "undecided", "critical"];

pub(super) fn check(definition: &ValidityPlanDef) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut error = |code: &'static str, path: Vec<Place>, message: String, help: &str| {
        found.push(Diagnostic::error(code, path, message, help));
    };
    if definition.schema != VALIDITY_SCHEMA {
        let message = format!("this engine reads schema {VALIDITY_SCHEMA}, the file says {}", definition.schema);
        error("schema", place!["schema"], message, "use a matching engine, or convert the file");
    }
    for (key, number) in [("min-doubtful", definition.min_doubtful), ("min-invalid", definition.min_invalid)] {
        if number == 0 {
            error("number", place![key], "every sheet would be in it".to_owned(), "write 1 or more");
        }
    }
    if !definition.sources.contains_key(&definition.source) {
        reference(&mut error, place!["source"], &definition.source);
    }
    for (key, text) in [("name", &definition.name), ("population", &definition.population)] {
        both_languages(&mut error, place![key], text);
    }
    if definition.rules.is_empty() {
        error("rules", place!["rules"], "there is no rule".to_owned(), "add one, or use no plan");
    }
    let mut ids = HashSet::new();
    for (at, rule) in definition.rules.iter().enumerate() {
        if !ids.insert(rule.id.as_str()) {
            let message = format!("the rule `{}` is there twice", rule.id);
            error("duplicate", place!["rules", at, "id"], message, "give each an id of its own");
        }
        if !definition.sources.contains_key(&rule.source) {
            reference(&mut error, place!["rules", at, "source"], &rule.source);
        }
        check_rule(at, rule, &mut error);
    }
    found
}

type Report<'a> = dyn FnMut(&'static str, Vec<Place>, String, &str) + 'a;

fn reference(error: &mut Report<'_>, path: Vec<Place>, key: &str) {
    error("reference", path, format!("there is no source `{key}`"), "add it to [sources]");
}

fn both_languages(error: &mut Report<'_>, path: Vec<Place>, text: &Text) {
    if text.en.trim().is_empty() || text.zh_cn.trim().is_empty() {
        error("text", path, "a text is empty in one language".to_owned(), "give it in `en` and in `zh-CN`");
    }
}

fn check_rule(at: usize, rule: &ValidityRuleDef, error: &mut Report<'_>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if rule.id.is_empty() || !rule.id.chars().all(plain) || RESERVED.contains(&rule.id.as_str()) {
        let message = format!("`{}` cannot be the id of a rule", rule.id);
        let help = "use lower-case letters, digits and `-`, and none of `verdict`, `fired`, `undecided`, `critical`";
        error("id", place!["rules", at, "id"], message, help);
    }
    both_languages(error, place!["rules", at, "meaning"], &rule.meaning);
    match (&rule.fires, rule.verdict) {
        (Some(fires), Some(_)) => check_threshold(at, fires, error),
        (None, None) => {
            if rule.alone || rule.group.is_some() {
                let message = "a rule that is only reported has no `alone` and no `group`".to_owned();
                error("verdict", place!["rules", at], message, "leave them out, or give `fires` and `verdict`");
            }
        }
        _ => {
            let message = "`fires` and `verdict` go together".to_owned();
            error("verdict", place!["rules", at], message, "give both, or neither to have the index reported only");
        }
    }
    check_index(at, &rule.index, error);
}

fn check_threshold(at: usize, fires: &FiresDef, error: &mut Report<'_>) {
    if matches!(fires.op, Comparison::Eq | Comparison::Ne) {
        let message = format!("`{}` of a figure with decimals is a matter of luck", fires.op.sign());
        error("operator", place!["rules", at, "fires", "op"], message, "use >, >=, < or <=");
    }
    match (fires.value, fires.percentile) {
        (Some(_), None) => {}
        (None, Some(percentile)) if percentile > Decimal::ZERO && percentile < Decimal::from_int(100) => {}
        (None, Some(percentile)) => {
            let message = format!("{percentile} is not a percentile");
            error(
                "percentile",
                place!["rules", at, "fires", "percentile"],
                message,
                "write a number between 0 and 100",
            );
        }
        _ => {
            let message = "a threshold is either a `value` or a `percentile`".to_owned();
            error("threshold", place!["rules", at, "fires"], message, "give one of them");
        }
    }
}

fn check_index(at: usize, index: &IndexDef, error: &mut Report<'_>) {
    let mut refuse = |key: &str, message: String, help: &str| {
        error("parameter", place!["rules", at, "index", key], message, help);
    };
    match index {
        IndexDef::Synonyms { critical } | IndexDef::Antonyms { critical }
            if *critical < Decimal::ZERO || *critical >= Decimal::from_int(1) =>
        {
            let help = "write 0 to below 1, for example 0.6";
            refuse("critical", format!("{critical} is no size of a correlation"), help);
        }
        IndexDef::EvenOdd { scales } if !scales.is_empty() && scales.len() < 3 => {
            refuse("scales", "two scales always correlate to 1 or -1".to_owned(), "name three or more, or none");
        }
        IndexDef::PageTime { pages }
            if pages.is_empty() || pages.iter().any(|page| page.questions == 0 || page.column.is_empty()) =>
        {
            let help = "name for each page its column and its number of questions";
            refuse("pages", "a page has no column or no question".to_owned(), help);
        }
        IndexDef::Neighbours { fewest, window, .. } if *fewest == 0 || *window == Some(0) => {
            refuse("fewest", "0 leaves nothing to compare".to_owned(), "write 1 or more");
        }
        _ => {}
    }
}
