//! Checks of scales, cut-off sets, flags and validity rules.

use std::collections::{HashMap, HashSet};

use super::super::expr::Expr;
use super::super::model::{Method, Missing, ScaleDef};
use super::Findings;
use crate::place;

/// Most items one scale may sum: counts of missing answers are held in bytes.
const MAX_ITEMS: usize = 250;

pub(super) fn check(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    findings.unique("scales", definition.scales.iter().map(|scale| &scale.id));
    for (at, scale) in definition.scales.iter().enumerate() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let looks_like_item =
            scale.id.strip_prefix('q').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if scale.id.is_empty()
            || !scale.id.chars().all(plain)
            || looks_like_item
            || scale.id.starts_with(|c: char| c.is_ascii_digit())
        {
            findings.error(
                "id",
                place!["scales", at, "id"],
                format!("scale id `{}` cannot stand in an expression", scale.id),
                "use lower-case letters, digits and `_`, not starting with a digit or like q1",
            );
        }
        method(findings, at, scale);
    }
    twins(findings);
}

fn method(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    let of_items = scale.method.is_of_items();
    let needs: [(&'static str, bool, bool); 9] = [
        ("items", !scale.items.is_empty(), of_items),
        ("of", !scale.of.is_empty(), matches!(scale.method, Method::SumOfScales | Method::Lookup | Method::Norm)),
        ("weights", !scale.weights.is_empty(), scale.method == Method::Weighted),
        ("where-answer", scale.where_answer.is_some(), scale.method == Method::Count),
        ("formula", scale.formula.is_some(), scale.method == Method::Formula),
        ("cases", !scale.cases.is_empty(), scale.method == Method::Rule),
        ("table", scale.lookup_tables().next().is_some(), scale.method == Method::Lookup),
        ("norm", scale.norm.is_some(), scale.method == Method::Norm),
        ("response", scale.response.is_some(), scale.method == Method::ItemResponse),
    ];
    for (key, given, needed) in needs {
        if given && !needed {
            findings.error(
                "method",
                place!["scales", at, key],
                format!("`{key}` has no meaning for this method"),
                "remove it, or change `method`",
            );
        } else if needed && !given {
            findings.error("method", place!["scales", at], format!("this method needs `{key}`"), "add it");
        }
    }
    if of_items {
        item_method(findings, at, scale);
    } else if scale.missing != Missing::Complete || scale.recode.is_some() {
        findings.error("method", place!["scales", at], "`missing` and `recode` belong to item methods", "remove them");
    }
    match scale.method {
        Method::SumOfScales | Method::Lookup | Method::Norm => sources_of(findings, at, scale),
        Method::Formula => {
            if let Some(text) = &scale.formula {
                findings.expression(&place!["scales", at, "formula"], text);
            }
        }
        Method::Rule => cases(findings, at, scale),
        _ => {}
    }
    if scale.method == Method::ItemResponse {
        super::response::check(findings, at, scale);
    }
    if scale.method == Method::Lookup {
        super::tables::check(findings, at, scale);
    }
    if let Some(name) = scale.norm.as_ref().filter(|name| !findings.definition.norms.contains_key(*name)) {
        findings.error(
            "reference",
            place!["scales", at, "norm"],
            format!("there is no norm `{name}`"),
            "define it under [norms]",
        );
    }
}

fn item_method(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    let positions = match findings.definition.expand_items(&scale.items) {
        Ok(positions) => positions,
        Err(name) => {
            findings.error(
                "reference",
                place!["scales", at, "items"],
                format!("`{name}` names no item"),
                "use item ids, or ranges such as \"1-9\"",
            );
            return;
        }
    };
    let count = positions.len();
    if positions.iter().collect::<HashSet<_>>().len() != count {
        findings.error(
            "duplicate",
            place!["scales", at, "items"],
            "an item stands twice in this scale",
            "list each item once",
        );
    }
    if count > MAX_ITEMS {
        findings.error(
            "items",
            place!["scales", at, "items"],
            format!("{count} items; at most {MAX_ITEMS} are summed"),
            "sum parts with sum-of-scales",
        );
    }
    if positions.iter().any(|&p| findings.definition.items[p].kind != super::super::model::ItemKind::Choice) {
        findings.error(
            "items",
            place!["scales", at, "items"],
            "an item method takes choice items only",
            "use a formula for numbers and clock times",
        );
    }
    if scale.method == Method::Weighted && scale.weights.len() != count {
        let message = format!("{} weights for {count} items", scale.weights.len());
        findings.error("weights", place!["scales", at, "weights"], message, "give one weight for each item");
    }
    if let Missing::Prorate { min_answered, .. } | Missing::AsAnswered { min_answered } = scale.missing
        && (min_answered == 0 || usize::from(min_answered) > count)
    {
        findings.error(
            "missing",
            place!["scales", at, "missing"],
            format!("min-answered must be 1 to {count}"),
            "use the published number",
        );
    }
    recode(findings, at, scale, &positions);
}

fn recode(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef, positions: &[usize]) {
    let Some(name) = &scale.recode else { return };
    let definition = findings.definition;
    let Some(table) = definition.recodes.get(name) else {
        findings.error(
            "reference",
            place!["scales", at, "recode"],
            format!("there is no recode `{name}`"),
            "define it under [recodes]",
        );
        return;
    };
    for option in positions.iter().flat_map(|&p| definition.options_of(&definition.items[p])) {
        if !table.contains_key(&option.code.to_string()) {
            let message = format!("recode `{name}` says nothing of code {}", option.code);
            findings.error("recode", place!["recodes", name], message, "add every code of the items that use it");
            return;
        }
    }
}

fn sources_of(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    for (n, id) in scale.of.iter().enumerate() {
        match findings.definition.scales.iter().position(|other| other.id == *id) {
            None => findings.error(
                "reference",
                place!["scales", at, "of", n],
                format!("there is no scale `{id}`"),
                "use a scale id of this file",
            ),
            Some(other) if other == at => {
                findings.error("cycle", place!["scales", at, "of", n], "a scale cannot be part of itself", "remove it")
            }
            Some(_) => {}
        }
    }
    if scale.method != Method::SumOfScales && scale.of.len() > 1 {
        findings.error("method", place!["scales", at, "of"], "a table or norm has one source scale", "keep one");
    }
}

fn cases(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    for (n, case) in scale.cases.iter().enumerate() {
        let last = n + 1 == scale.cases.len();
        match &case.when {
            Some(condition) => {
                findings.expression(&place!["scales", at, "cases", n, "when"], condition);
                if last {
                    findings.error(
                        "cases",
                        place!["scales", at, "cases", n],
                        "the last case must hold always",
                        "leave out its `when`",
                    );
                }
            }
            None if !last => findings.error(
                "cases",
                place!["scales", at, "cases", n],
                "a case without `when` ends the list",
                "move it to the end",
            ),
            None => {}
        }
        let path = place!["scales", at, "cases", n, "value"];
        if case.value == "missing" {
        } else if scale.values.is_empty() {
            findings.expression(&path, &case.value);
        } else if !scale.values.contains_key(&case.value) {
            findings.error(
                "cases",
                path,
                format!("`{}` is not one of `values`", case.value),
                "use a word of `values`, or \"missing\"",
            );
        }
    }
}

/// Two scales with the same items and method are probably a slip.
fn twins(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, scale) in definition.scales.iter().enumerate().filter(|(_, scale)| scale.method.is_item_method()) {
        let Ok(mut positions) = definition.expand_items(&scale.items) else { continue };
        positions.sort_unstable();
        let key = format!(
            "{:?} {positions:?} {:?} {:?} {:?} {:?}",
            scale.method, scale.recode, scale.where_answer, scale.missing, scale.weights
        );
        if let Some(other) = seen.insert(key, at) {
            let message = format!("scales `{}` and `{}` are computed alike", definition.scales[other].id, scale.id);
            findings.warn(
                "twin-scales",
                place!["scales", at],
                message,
                "check the item lists; a copied list is a common slip",
            );
        }
    }
}

/// Flags and validity rules.
pub(super) fn check_rules(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    findings.unique("flags", definition.flags.iter().map(|flag| &flag.id));
    findings.unique("validity", definition.validity.iter().map(|rule| &rule.id));
    let flags = definition.flags.iter().enumerate().map(|(at, flag)| (place!["flags", at, "when"], &flag.when));
    let rules = definition.validity.iter().enumerate().map(|(at, rule)| (place!["validity", at, "when"], &rule.when));
    for (path, condition) in flags.chain(rules) {
        if let Some(Expr::Number(_) | Expr::Item(_) | Expr::Scale(_)) = findings.expression(&path, condition) {
            findings.error(
                "condition",
                path,
                "this is a value, not a condition",
                "compare it with something, for example `q9 >= 1`",
            );
        }
    }
}
