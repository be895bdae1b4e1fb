//! What a policy should be asked before it is signed: warnings beside the checks that a screening makes.

use std::collections::BTreeSet;

use crate::instrument::{Diagnostic, Diagnostics, Instrument, ItemKind, Library, Span};
use crate::place;

use super::super::condition::{Condition, Leaf};
use super::super::model::PolicyDef;
use super::super::policy::Policy;
use super::{check_policy, implied};

/// An instrument and the grades that answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintScope<'a> {
    /// Instrument id.
    pub instrument: &'a str,
    /// Grades.
    pub grades: Span,
}

/// Everything that can be said of a policy before it is used: the findings of [`check_policy`], and as warnings
///
/// * `overlap`: a rule that adds nothing, since another of the same or a more urgent tier holds whenever it does;
/// * `unreachable`: an `all` that no sheet can meet;
/// * `no-effect`: a rule whose tier is the unflagged one;
/// * `not-asked`: a rule about an instrument that none of `asked` contains;
/// * `age`: an instrument that was made for other ages than those of the grades that answer it;
/// * `coding`: an answer compared with something between two of its codes.
///
/// `asked` are the instruments of the batteries with their grades; empty where they are not known.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_core::risk::{Policy, lint_policy};
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// assert!(!lint_policy(&policy, &library, &[]).has_errors());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lint_policy(policy: &Policy, library: &Library, asked: &[LintScope<'_>]) -> Diagnostics {
    let definition = policy.definition();
    let used: Vec<&str> = asked.iter().map(|scope| scope.instrument).collect();
    let mut found = check_policy(policy, library, &used).0;
    overlaps(definition, &mut found);
    for (at, rule) in definition.rules.iter().enumerate() {
        let path = || place!["rules", at, "when"];
        if let Some((first, second)) = implied::contradiction(&rule.when) {
            let message = format!("rule `{}`: {} and {} never hold together", rule.id, told(first), told(second));
            let help = "correct one of them, or write `any`";
            found.push(Diagnostic::warning("unreachable", path(), message, help));
        }
        if rule.tier.as_ref() == Some(&definition.unflagged_tier) {
            let message = format!("rule `{}` leads to the tier of nobody-flagged and raises nobody", rule.id);
            found.push(Diagnostic::warning(
                "no-effect",
                path(),
                message,
                "choose a tier above it, or write note = true",
            ));
        }
        codings(rule.id.as_str(), &rule.when, library, &mut |message| {
            let help = "compare with one of its codes; check the coding that the threshold was made for";
            found.push(Diagnostic::warning("coding", path(), message, help));
        });
    }
    scopes(definition, library, asked, &mut found);
    Diagnostics(found)
}

/// A leaf as it is written.
fn told(leaf: &Leaf) -> String {
    let shape = serde_json::to_value(Condition::Leaf(leaf.clone())).ok();
    let pairs = shape.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn overlaps(definition: &PolicyDef, found: &mut Vec<Diagnostic>) {
    let severity = |tier: &Option<String>| {
        let id = tier.as_ref()?;
        definition.tiers.iter().find(|known| known.id == *id).map(|known| known.severity)
    };
    let ranked: Vec<_> =
        definition.rules.iter().enumerate().filter_map(|(at, rule)| Some((at, rule, severity(&rule.tier)?))).collect();
    for (at, rule, own) in &ranked {
        let covering = ranked.iter().find(|(other_at, other, above)| {
            // Of two rules that say the same the later one is told.
            let same = implied::implies(&other.when, &rule.when) && above == own;
            at != other_at && above >= own && implied::implies(&rule.when, &other.when) && (!same || other_at < at)
        });
        if let Some((_, other, _)) = covering {
            let message = format!(
                "rule `{}` adds nothing to the tier: whenever it holds, `{}` of the same or a more urgent tier holds",
                rule.id, other.id
            );
            let help = "leave one of them out, make it a note, or correct a threshold; keep it where the reason should be told";
            found.push(Diagnostic::warning("overlap", place!["rules", *at], message, help));
        }
    }
}

/// Answers that are compared with what is none of their codes.
fn codings(rule: &str, condition: &Condition, library: &Library, tell: &mut dyn FnMut(String)) {
    condition.leaves(&mut |leaf| {
        let Leaf::Answer { item, value, .. } = leaf else { return };
        let Some(instrument) = library.get(&item.instrument) else { return };
        let definition = instrument.definition();
        let known = instrument.item_position(&item.part).and_then(|at| definition.items.get(at));
        let Some(known) = known.filter(|known| known.kind == ItemKind::Choice) else { return };
        let codes: Vec<String> = definition.options_of(known).iter().map(|option| option.code.to_string()).collect();
        if !definition.options_of(known).iter().any(|option| f64::from(option.code) == value.to_f64()) {
            tell(format!("rule `{rule}`: {value} is no code of `{item}` ({})", codes.join(", ")));
        }
    });
}

/// Instruments that nobody answers, and those made for other ages.
fn scopes(definition: &PolicyDef, library: &Library, asked: &[LintScope<'_>], found: &mut Vec<Diagnostic>) {
    let mut named: Vec<(usize, &str)> = Vec::new();
    for (at, rule) in definition.rules.iter().enumerate() {
        rule.when.leaves(&mut |leaf| {
            let id = leaf.instrument();
            if !id.is_empty() && !named.iter().any(|(_, known)| *known == id) {
                named.push((at, id));
            }
        });
    }
    for (at, id) in named {
        let Some(instrument) = library.get(id) else { continue };
        let path = place!["rules", at, "when"];
        let own: Vec<Span> = asked.iter().filter(|scope| scope.instrument == id).map(|scope| scope.grades).collect();
        if own.is_empty() && !asked.is_empty() {
            let message = format!("`{id}` is in none of the batteries, so nothing about it can hold");
            let help = "check the policy with the batteries of its screening, or leave the condition out";
            found.push(Diagnostic::warning("not-asked", path.clone(), message, help));
            continue;
        }
        let grades = if own.is_empty() { vec![definition.grades] } else { own };
        for span in grades {
            if let Some(message) = misfit(instrument, span) {
                let help =
                    "use an instrument made for them, or say in a note of the policy why it is used all the same";
                found.push(Diagnostic::warning("age", path.clone(), message, help));
            }
        }
    }
}

/// Grades whose pupils are outside what the instrument was made for. A pupil of grade g turns g + 6 in the school year: g + 5 at
/// its beginning at the youngest, g + 6 at its end.
fn misfit(instrument: &Instrument, span: Span) -> Option<String> {
    let definition = instrument.definition();
    let outside: BTreeSet<u16> = (span.from..=span.to)
        .filter(|grade| match (definition.grades, definition.ages) {
            (Some(grades), _) => !grades.contains(*grade),
            (None, Some(ages)) => !ages.contains(grade + 5) && !ages.contains(grade + 6),
            (None, None) => false,
        })
        .collect();
    let (first, last) = (outside.first()?, outside.last()?);
    let made = match (definition.grades, definition.ages) {
        (Some(grades), _) => format!("grades {}-{}", grades.from, grades.to),
        (_, Some(ages)) => format!("ages {}-{}", ages.from, ages.to),
        _ => String::new(),
    };
    Some(format!("`{}` was made for {made}; it is asked of grades {first}-{last}", definition.id))
}
