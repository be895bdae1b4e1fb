//! Checks of a policy: what it says of itself, and how it fits the instruments.

mod alone;
mod beside;
mod fit;
mod implied;
mod lint;
mod shares;

use std::collections::HashSet;

use crate::instrument::{Diagnostic, Diagnostics, Library, Place};
use crate::place;

pub use lint::{LintScope, lint_policy};

use super::condition::Condition;
use super::model::{POLICY_SCHEMA, PolicyDef};
use super::policy::Policy;
use crate::norms::NormSet;
use crate::validity::{ScaleParameters, ValidityPlan};

/// Everything that can be said of a policy against a library: unknown instruments, scales, bands, words, flags and items;
/// thresholds that no score reaches or every score reaches; rules that let any of many subscales alone raise a pupil to an
/// urgent tier; and, as warnings, critical answers of the instruments in `used` that no rule names.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_core::risk::{Policy, check_policy};
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// assert!(!check_policy(&policy, &library, &["mht"]).has_errors());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_policy(policy: &Policy, library: &Library, used: &[&str]) -> Diagnostics {
    check(policy, library, used, None)
}

/// What the conditions of a policy rest on beside the instruments.
#[derive(Debug, Clone, Copy)]
pub struct PolicyContext<'a> {
    /// Norm sets.
    pub norms: &'a [NormSet],
    /// Validity plan.
    pub validity: Option<&'a ValidityPlan>,
    /// Item parameters for the person fit of the plan.
    pub parameters: &'a [ScaleParameters],
}

/// The same for a screening: of the instruments in `used`, each derived score that a rule names is given by a norm set, and
/// each validity index by the plan.
pub fn check_policy_with(
    policy: &Policy,
    library: &Library,
    used: &[&str],
    context: &PolicyContext<'_>,
) -> Diagnostics {
    check(policy, library, used, Some(context))
}

fn check(policy: &Policy, library: &Library, used: &[&str], context: Option<&PolicyContext<'_>>) -> Diagnostics {
    let mut found = Vec::new();
    fit::check(policy.definition(), library, used, context, &mut found);
    alone::check(policy.definition(), library, &mut found);
    fit::critical_flags(policy.definition(), library, used, &mut found);
    Diagnostics(found)
}

/// What is wrong with a single condition: references and thresholds.
#[cfg(feature = "frame")]
pub(crate) fn check_condition(condition: &Condition, library: &Library) -> Diagnostics {
    let mut found = Vec::new();
    fit::check_condition(condition, library, &mut found);
    Diagnostics(found)
}

/// What a policy says of itself.
pub(super) fn check_static(definition: &PolicyDef) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut error = |code: &'static str, path: Vec<Place>, message: String, help: &str| {
        found.push(Diagnostic::error(code, path, message, help));
    };
    if definition.schema != POLICY_SCHEMA {
        let message = format!("this engine reads schema {POLICY_SCHEMA}, the file says {}", definition.schema);
        error("schema", place!["schema"], message, "use a matching engine, or convert the file");
    }
    let grades = definition.grades;
    if grades.from > grades.to || grades.from < 1 || grades.to > 12 {
        error(
            "span",
            place!["grades"],
            "school grades run from 1 to 12".to_owned(),
            "write for example { from = 4, to = 12 }",
        );
    }
    if definition.effective.to.is_some_and(|to| to < definition.effective.from) {
        error("span", place!["effective"], "the last day lies before the first".to_owned(), "exchange `from` and `to`");
    }
    check_tiers(definition, &mut error);
    check_rules(definition, &mut error);
    check_rates(definition, &mut error);
    found
}

type Report<'a> = dyn FnMut(&'static str, Vec<Place>, String, &str) + 'a;

fn check_tiers(definition: &PolicyDef, error: &mut Report<'_>) {
    let (mut ids, mut severities) = (HashSet::new(), HashSet::new());
    if definition.tiers.len() > 200 {
        error("tiers", place!["tiers"], "more than 200 tiers".to_owned(), "a person can tell apart a handful");
    }
    for (at, tier) in definition.tiers.iter().enumerate() {
        if !ids.insert(&tier.id) {
            error(
                "duplicate",
                place!["tiers", at, "id"],
                format!("the tier `{}` is there twice", tier.id),
                "give each an id of its own",
            );
        }
        if !severities.insert(tier.severity) {
            let message = format!("severity {} is used twice, so the order is open", tier.severity);
            error(
                "severity",
                place!["tiers", at, "severity"],
                message,
                "give each tier a number of its own; higher is more urgent",
            );
        }
        let hex = tier
            .colour
            .strip_prefix('#')
            .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
        if !hex {
            error(
                "colour",
                place!["tiers", at, "colour"],
                format!("`{}` is not a colour", tier.colour),
                "write #rrggbb",
            );
        }
        for (key, text) in [("name", &tier.name), ("owner", &tier.owner), ("next-step", &tier.next_step)] {
            if text.en.trim().is_empty() || text.zh_cn.trim().is_empty() {
                let message = "a text is empty in one language".to_owned();
                error("text", place!["tiers", at, key], message, "give it in `en` and in `zh-CN`");
            }
        }
    }
    let named = [
        ("unflagged-tier", &definition.unflagged_tier),
        ("critical-tier", &definition.critical_tier),
        ("retest-tier", &definition.retest_tier),
        ("incomplete-tier", &definition.incomplete_tier),
    ];
    for (key, id) in named {
        if !ids.contains(id) {
            error("reference", place![key], format!("there is no tier `{id}`"), "use the id of one of the tiers");
        }
    }
    let severity = |id: &str| definition.tiers.iter().find(|tier| tier.id == id).map(|tier| tier.severity);
    let lowest = definition.tiers.iter().map(|tier| tier.severity).min();
    if severity(&definition.unflagged_tier).is_some_and(|own| Some(own) != lowest) {
        let message = "the tier of nobody-flagged is not the mildest".to_owned();
        error("severity", place!["unflagged-tier"], message, "give it the lowest severity");
    }
    if severity(&definition.critical_tier) <= severity(&definition.retest_tier) {
        let message = "a critical answer would not outrank a sheet to be repeated".to_owned();
        error("severity", place!["critical-tier"], message, "choose a tier of a higher severity");
    }
}

fn check_rules(definition: &PolicyDef, error: &mut Report<'_>) {
    let mut ids = HashSet::new();
    if !definition.sources.contains_key(&definition.source) {
        error(
            "source",
            place!["source"],
            format!("there is no source `{}`", definition.source),
            "add it under [sources]",
        );
    }
    for (at, rule) in definition.rules.iter().enumerate() {
        if !ids.insert(&rule.id) {
            error(
                "duplicate",
                place!["rules", at, "id"],
                format!("the rule `{}` is there twice", rule.id),
                "give each an id of its own",
            );
        }
        match (&rule.tier, rule.note) {
            (Some(tier), false) => {
                if !definition.tiers.iter().any(|known| known.id == *tier) {
                    error(
                        "reference",
                        place!["rules", at, "tier"],
                        format!("there is no tier `{tier}`"),
                        "use the id of one of the tiers",
                    );
                }
            }
            (None, true) => {}
            (Some(_), true) => {
                error(
                    "note",
                    place!["rules", at, "note"],
                    "a note proposes no tier".to_owned(),
                    "leave out `tier` or `note`",
                );
            }
            (None, false) => {
                let message = "the rule leads nowhere".to_owned();
                error("tier", place!["rules", at], message, "name a `tier`, or write `note = true`");
            }
        }
        if !definition.sources.contains_key(&rule.source) {
            error(
                "source",
                place!["rules", at, "source"],
                format!("there is no source `{}`", rule.source),
                "add it under [sources]",
            );
        }
        if rule.description.en.trim().is_empty() || rule.description.zh_cn.trim().is_empty() {
            let message = "a text is empty in one language".to_owned();
            error("text", place!["rules", at, "description"], message, "give it in `en` and in `zh-CN`");
        }
        check_shape(&rule.when, at, 0, error);
    }
}

fn check_rates(definition: &PolicyDef, error: &mut Report<'_>) {
    for (at, rate) in definition.error_rates.iter().enumerate() {
        if let Some(rule) = rate.rule.as_ref().filter(|rule| !definition.rules.iter().any(|known| known.id == **rule)) {
            let message = format!("there is no rule `{rule}`");
            let help = "use the id of one of the rules, or leave it out for the whole policy";
            error("reference", place!["error-rates", at, "rule"], message, help);
        }
        if !definition.sources.contains_key(&rate.source) {
            let message = format!("there is no source `{}`", rate.source);
            error("source", place!["error-rates", at, "source"], message, "add it under [sources]");
        }
        if rate.population.en.trim().is_empty() || rate.population.zh_cn.trim().is_empty() {
            let message = "a text is empty in one language".to_owned();
            error("text", place!["error-rates", at, "population"], message, "give it in `en` and in `zh-CN`");
        }
        if rate.figures().iter().all(|(_, figure)| figure.is_none()) {
            let message = "no figure is given".to_owned();
            error("empty", place!["error-rates", at], message, "give at least one, or leave the entry out");
        }
        for (key, figure) in rate.figures() {
            if figure.is_some_and(|figure| !(0.0..=1.0).contains(&figure)) {
                let message = format!("`{key}` is a share between 0 and 1");
                error("rate", place!["error-rates", at, key], message, "write 0.12 for twelve per cent");
            }
        }
    }
}

/// Deepest nesting that a reader can still follow, and that is safe to walk.
const DEEPEST: usize = 16;

fn check_shape(condition: &Condition, rule: usize, depth: usize, error: &mut Report<'_>) {
    let here = || place!["rules", rule, "when"];
    if depth > DEEPEST {
        error("nesting", here(), format!("more than {DEEPEST} levels"), "split the rule");
        return;
    }
    match condition {
        Condition::Leaf(_) => {}
        Condition::Not(part) => check_shape(part, rule, depth + 1, error),
        Condition::All(parts) | Condition::Any(parts) => {
            if parts.is_empty() {
                error("empty", here(), "an empty list of conditions".to_owned(), "name at least one");
            }
            for part in parts {
                check_shape(part, rule, depth + 1, error);
            }
        }
        Condition::AtLeast { k, of } => {
            if *k == 0 || *k > of.len() {
                let message = format!("at least {k} of {} conditions", of.len());
                error("at-least", here(), message, "k lies between 1 and the number of conditions");
            }
            for part in of {
                check_shape(part, rule, depth + 1, error);
            }
        }
    }
}
