//! Checks of items and option sets.

use std::collections::HashSet;

use super::super::expr::Expr;
use super::super::model::{ItemDef, ItemKind};
use super::Findings;
use crate::answers::{MAX_CODE, MIN_CODE};
use crate::place;
use crate::stats::Decimal;

pub(super) fn check(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    if definition.items.is_empty() {
        findings.error(
            "items",
            place!["items"],
            "the instrument has no items",
            "list the items in the order of the form",
        );
    }
    findings.unique("items", definition.items.iter().map(|item| &item.id));
    option_sets(findings);
    recodes(findings);
    for (at, item) in definition.items.iter().enumerate() {
        one(findings, at, item);
    }
    unused(findings);
}

fn option_sets(findings: &mut Findings<'_>) {
    for (name, options) in &findings.definition.option_sets {
        if options.len() < 2 {
            findings.error(
                "options",
                place!["option-sets", name],
                "a set needs at least two options",
                "list every answer that can be given",
            );
        }
        let mut seen = HashSet::new();
        for (at, option) in options.iter().enumerate() {
            let path = place!["option-sets", name, at, "code"];
            if !(MIN_CODE..=MAX_CODE).contains(&option.code) {
                let message = format!("code {} is outside {MIN_CODE} to {MAX_CODE}", option.code);
                findings.error("options", path, message, "use a number item for larger values");
            } else if !seen.insert(option.code) {
                findings.error(
                    "options",
                    path,
                    format!("code {} stands twice", option.code),
                    "give each option its own code",
                );
            }
        }
    }
}

fn recodes(findings: &mut Findings<'_>) {
    for (name, table) in &findings.definition.recodes {
        for key in table.keys().filter(|key| key.parse::<i8>().is_err()) {
            findings.error(
                "recode",
                place!["recodes", name, key],
                format!("`{key}` is not an answer code"),
                "keys are answer codes, for example \"0\"",
            );
        }
    }
}

fn one(findings: &mut Findings<'_>, at: usize, item: &ItemDef) {
    let plain = item.id.starts_with(|c: char| c.is_ascii_digit()) && item.id.chars().all(|c| c.is_ascii_alphanumeric());
    if !plain {
        findings.error(
            "id",
            place!["items", at, "id"],
            format!("item id `{}` cannot stand in an expression", item.id),
            "use digits, or digits followed by letters, for example 5a",
        );
    }
    match item.kind {
        ItemKind::Choice => choice(findings, at, item),
        ItemKind::Number | ItemKind::Clock => numeric(findings, at, item),
    }
    if let Some(condition) = &item.ask_if {
        skip_rule(findings, at, condition);
    }
    let lacks_value = item.ask_if.is_some() && item.when_not_asked.is_none() && !item.unscored;
    if lacks_value || (item.ask_if.is_none() && item.when_not_asked.is_some()) {
        findings.error(
            "skip-rule",
            place!["items", at],
            "the skip rule of a scored item needs both `ask-if` and `when-not-asked`",
            "say which value stands for the answer when the item is left out",
        );
    }
}

fn choice(findings: &mut Findings<'_>, at: usize, item: &ItemDef) {
    let options = findings.definition.options_of(item);
    if options.is_empty() {
        let set = item.options.as_deref().unwrap_or("default");
        findings.error(
            "options",
            place!["items", at],
            format!("there is no option set `{set}`"),
            "define it under [option-sets]",
        );
        return;
    }
    if item.range.is_some() || item.decimals != 0 || item.unit.is_some() {
        findings.error(
            "item",
            place!["items", at],
            "`range`, `decimals` and `unit` belong to number items",
            "remove them, or set kind = \"number\"",
        );
    }
    let allowed = |value: &Decimal| options.iter().any(|o| Decimal::from_int(i32::from(o.code)) == *value);
    for (key, value) in [("when-blank", item.when_blank), ("when-not-asked", item.when_not_asked)] {
        if value.is_some_and(|v| !allowed(&v)) {
            findings.error(
                "item",
                place!["items", at, key],
                "the replacement is not an allowed code",
                "use a code of the item's option set",
            );
        }
    }
}

fn numeric(findings: &mut Findings<'_>, at: usize, item: &ItemDef) {
    if item.reverse || item.options.is_some() {
        findings.error("item", place!["items", at], "`reverse` and `options` belong to choice items", "remove them");
    }
    if item.when_blank.is_some() || item.ask_if.is_some() {
        findings.error(
            "item",
            place!["items", at],
            "skip rules and replacements belong to choice items",
            "remove them",
        );
    }
    match (item.kind, item.range) {
        (ItemKind::Number, None) => findings.error(
            "range",
            place!["items", at],
            "a number item needs a range",
            "give the lowest and highest possible number",
        ),
        (ItemKind::Number, Some([low, high])) if low >= high => {
            findings.error("range", place!["items", at, "range"], "the range is empty", "write [lowest, highest]");
        }
        (ItemKind::Clock, Some(_)) => {
            findings.error("range", place!["items", at, "range"], "a clock item has no range", "remove it")
        }
        _ => {}
    }
    if item.decimals > 4 {
        findings.error("decimals", place!["items", at, "decimals"], "at most 4 decimals are kept", "use 4 or fewer");
    }
}

fn skip_rule(findings: &mut Findings<'_>, at: usize, condition: &str) {
    let path = place!["items", at, "ask-if"];
    let Some(expr) = findings.expression(&path, condition) else { return };
    let definition = findings.definition;
    let mut late = Vec::new();
    expr.walk(&mut |part| match part {
        Expr::Item(id) if definition.items.iter().position(|item| item.id == *id).is_some_and(|p| p >= at) => {
            late.push(format!("item `{id}` does not stand before this item"));
        }
        Expr::Scale(id) => late.push(format!("scale `{id}` is not known yet when the item is shown")),
        _ => {}
    });
    for message in late {
        findings.error("skip-rule", path.clone(), message, "a skip rule may use earlier items only");
    }
}

/// Items in no score, rule or condition must say so.
fn unused(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    let mut used: HashSet<String> = HashSet::new();
    for scale in &definition.scales {
        if let Ok(positions) = definition.expand_items(&scale.items) {
            used.extend(positions.into_iter().map(|p| definition.items[p].id.clone()));
        }
    }
    let conditions = definition.scales.iter().flat_map(|s| {
        s.formula.iter().chain(s.cases.iter().filter_map(|c| c.when.as_ref())).chain(s.cases.iter().map(|c| &c.value))
    });
    let conditions = conditions
        .chain(definition.flags.iter().map(|f| &f.when))
        .chain(definition.validity.iter().map(|v| &v.when))
        .chain(definition.items.iter().filter_map(|i| i.ask_if.as_ref()));
    for expr in conditions.filter_map(|text| Expr::parse(text).ok()) {
        expr.walk(&mut |part| {
            if let Expr::Item(id) = part {
                used.insert(id.clone());
            }
        });
    }
    for (at, item) in definition.items.iter().enumerate() {
        if !used.contains(&item.id) && !item.unscored {
            findings.error(
                "unscored",
                place!["items", at],
                format!("item `{}` is in no score or rule", item.id),
                "add it to a scale, or mark it `unscored = true`",
            );
        }
        if used.contains(&item.id) && item.unscored {
            findings.warn(
                "unscored",
                place!["items", at],
                format!("item `{}` is marked unscored but is used", item.id),
                "remove `unscored`",
            );
        }
    }
}
