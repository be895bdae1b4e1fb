//! Which single pieces of evidence raise a pupil on their own?
//!
//! "Any of many subscales" is the commonest way to flag half a school: with the ten factors of a common scale at a ten per
//! cent cut-off each, two pupils in three reach at least one. Splitting the list into one rule a subscale changes nothing,
//! so all rules of a tier are looked at together.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::instrument::expr::{BinaryOp, Expr};
use crate::instrument::{Diagnostic, Instrument, Library};
use crate::place;

use super::super::condition::{Condition, Leaf};
use super::super::model::PolicyDef;
use super::shares;

/// From so many subscales of one instrument on, "any of them" is refused in an urgent tier.
const MANY: usize = 3;

/// Refuses urgent tiers that any of many subscales reaches alone; warns of the same in other tiers.
pub(super) fn check(definition: &PolicyDef, library: &Library, found: &mut Vec<Diagnostic>) {
    for tier in &definition.tiers {
        let mut reach: BTreeMap<&str, (BTreeMap<String, f64>, usize)> = BTreeMap::new();
        for (at, rule) in definition.rules.iter().enumerate().filter(|(_, rule)| rule.tier.as_ref() == Some(&tier.id)) {
            for leaf in sufficient(&rule.when) {
                let Some(instrument) = library.get(leaf.instrument()) else { continue };
                let subscales = subscales_behind(leaf, instrument);
                if !subscales.is_empty() {
                    let entry = reach.entry(leaf.instrument()).or_insert_with(|| (BTreeMap::new(), at));
                    let share = shares::under_norm(leaf, instrument).unwrap_or(shares::BASE_RATE);
                    for subscale in subscales {
                        // Of two thresholds on one subscale the lower one decides.
                        let known = entry.0.entry(subscale).or_insert(share);
                        *known = known.max(share);
                    }
                }
            }
        }
        for (instrument, (subscales, rule)) in reach.iter().filter(|(_, (subscales, _))| subscales.len() >= MANY) {
            let message = format!(
                "any one of {} subscales of `{instrument}` ({}) alone raises a pupil to `{}`; if they were independent, that would be \
                 {:.0} % of pupils (each by the published mean and standard deviation, or {:.0} % where there are none); subscales \
                 that go together make it fewer",
                subscales.len(),
                subscales.keys().take(4).map(String::as_str).collect::<Vec<_>>().join(", "),
                tier.id,
                100.0 * shares::at_least_one(&subscales.values().copied().collect::<Vec<_>>()),
                100.0 * shares::BASE_RATE,
            );
            let help = "use the total, ask for several subscales at once (at-least), or make it a note (note = true)";
            let path = place!["rules", *rule, "when"];
            let make = if tier.urgent { Diagnostic::error } else { Diagnostic::warning };
            found.push(make("or-over-subscales", path, message, help));
        }
    }
}

/// Leaves that make the condition hold on their own.
fn sufficient(condition: &Condition) -> Vec<&Leaf> {
    match condition {
        Condition::Leaf(leaf) => vec![leaf],
        Condition::Any(parts) | Condition::AtLeast { k: 1, of: parts } => parts.iter().flat_map(sufficient).collect(),
        Condition::All(parts) => {
            let mut lists = parts.iter().map(sufficient);
            let first = lists.next().unwrap_or_default();
            lists.fold(first, |common, list| common.into_iter().filter(|leaf| list.contains(leaf)).collect())
        }
        Condition::Not(_) | Condition::AtLeast { .. } => Vec::new(),
    }
}

/// The subscales on which a leaf rests alone: its own scale, or those that a rule scale joins with "or".
fn subscales_behind(leaf: &Leaf, instrument: &Instrument) -> BTreeSet<String> {
    let Some(scale) = leaf.scale() else { return BTreeSet::new() };
    let parts = subscales(instrument);
    if parts.contains(&scale.part) {
        return BTreeSet::from([scale.part.clone()]);
    }
    let Leaf::Word { words, .. } = leaf else { return BTreeSet::new() };
    let definition = instrument.scale_position(&scale.part).and_then(|at| instrument.definition().scales.get(at));
    let cases = definition.map_or(&[][..], |scale| scale.cases.as_slice());
    let mut behind = BTreeSet::new();
    for case in cases.iter().filter(|case| words.contains(&case.value)) {
        let Some(expr) = case.when.as_ref().and_then(|when| Expr::parse(when).ok()) else { continue };
        joined_by_or(&expr, &mut |part| {
            part.walk(&mut |inner| {
                if let Expr::Scale(id) = inner
                    && parts.contains(id)
                {
                    behind.insert(id.clone());
                }
            });
        });
    }
    behind
}

fn joined_by_or(expr: &Expr, visit: &mut impl FnMut(&Expr)) {
    match expr {
        Expr::Binary(BinaryOp::Or, left, right) => {
            joined_by_or(left, visit);
            joined_by_or(right, visit);
        }
        Expr::Binary(BinaryOp::And, ..) => {}
        other => visit(other),
    }
}

/// Scales that are a part of another: named by a sum of scales, or over fewer items than another item scale.
fn subscales(instrument: &Instrument) -> HashSet<String> {
    let definition = instrument.definition();
    let items: Vec<(&String, HashSet<usize>)> = definition
        .scales
        .iter()
        .filter(|scale| scale.method.is_item_method())
        .filter_map(|scale| Some((&scale.id, definition.expand_items(&scale.items).ok()?.into_iter().collect())))
        .collect();
    let inner =
        items.iter().filter(|(_, own)| items.iter().any(|(_, other)| own.len() < other.len() && own.is_subset(other)));
    let summed = definition.scales.iter().filter(|scale| scale.of.len() > 1).flat_map(|scale| &scale.of);
    inner.map(|(id, _)| (*id).clone()).chain(summed.cloned()).collect()
}
