//! Does a policy fit the instruments it speaks of?

use std::collections::HashMap;

use crate::instrument::expr::Comparison;
use crate::instrument::{Diagnostic, FlagSeverity, Instrument, ItemKind, Library, Place};
use crate::place;
use crate::scoring::Scorer;
use crate::stats::Decimal;

#[cfg(feature = "frame")]
use super::super::condition::Condition;
use super::super::condition::{BandWish, Leaf, Reference};
use super::super::model::PolicyDef;
use super::{PolicyContext, beside};

/// References and thresholds of every leaf.
pub(super) fn check(
    definition: &PolicyDef,
    library: &Library,
    used: &[&str],
    context: Option<&PolicyContext<'_>>,
    found: &mut Vec<Diagnostic>,
) {
    let mut scorers = Scorers::new();
    for (at, rule) in definition.rules.iter().enumerate() {
        let path = place!["rules", at, "when"];
        rule.when.leaves(&mut |leaf| {
            let context = context.filter(|_| used.contains(&leaf.instrument()));
            if let Err((code, message, help)) = check_leaf(leaf, library, context, &mut scorers) {
                let message = format!("rule `{}`: {message}", rule.id);
                found.push(Diagnostic::error(code, path.clone(), message, help));
            }
        });
    }
}

/// References and thresholds of a condition that belongs to no rule.
#[cfg(feature = "frame")]
pub(super) fn check_condition(condition: &Condition, library: &Library, found: &mut Vec<Diagnostic>) {
    let mut scorers = Scorers::new();
    condition.leaves(&mut |leaf| {
        if let Err((code, message, help)) = check_leaf(leaf, library, None, &mut scorers) {
            found.push(Diagnostic::error(code, Vec::new(), message, help));
        }
    });
}

/// Each instrument is compiled once.
type Scorers = HashMap<String, Option<Scorer>>;

/// Code, cause and fix.
pub(super) type Fault = (&'static str, String, String);

pub(super) fn fault(code: &'static str, message: String, help: impl Into<String>) -> Fault {
    (code, message, help.into())
}

fn check_leaf(
    leaf: &Leaf,
    library: &Library,
    context: Option<&PolicyContext<'_>>,
    scorers: &mut Scorers,
) -> Result<(), Fault> {
    let id = leaf.instrument();
    let Some(instrument) = library.get(id) else {
        if let Leaf::Record { .. } = leaf {
            // Kind, source and values were checked against the vocabulary when the file was read.
            return Ok(());
        }
        return Err(fault(
            "reference",
            format!("there is no instrument `{id}`"),
            "correct the id or load its definition",
        ));
    };
    match leaf {
        Leaf::Score { scale, op, value } => {
            let position = scale_position(instrument, scale)?;
            let words = instrument.definition().scales.get(position).is_some_and(|scale| !scale.values.is_empty());
            if words {
                let message = format!("`{scale}` has words, not numbers");
                return Err(fault("kind", message, format!("write {{ word = \"{scale}\", in = [..] }}")));
            }
            reach(&scale.to_string(), reachable(instrument, position, scorers), *op, *value)
        }
        Leaf::Answer { item, op, value } => check_answer(instrument, item, *op, *value),
        Leaf::Band { scale, wish } => check_band(instrument, scale, wish),
        Leaf::Word { scale, words } => {
            let position = scale_position(instrument, scale)?;
            let values = instrument.definition().scales.get(position).map(|scale| &scale.values);
            match words.iter().find(|word| values.is_none_or(|values| !values.contains_key(*word))) {
                Some(word) => {
                    Err(fault("reference", format!("`{scale}` has no word `{word}`"), "use one of its `values`"))
                }
                None if words.is_empty() => {
                    Err(fault("empty", "an empty list of words".to_owned(), "name at least one"))
                }
                None => Ok(()),
            }
        }
        Leaf::Flag { flag } => {
            let known = instrument.definition().flags.iter().any(|known| known.id == flag.part);
            if known {
                Ok(())
            } else {
                Err(fault("reference", format!("there is no flag `{flag}`"), "use a flag of the definition"))
            }
        }
        Leaf::Record { .. } => Ok(()),
        Leaf::ValidityRule { rule } => beside::check_rule(instrument, rule, false, context),
        Leaf::ValidityIndex { rule, .. } => beside::check_rule(instrument, rule, true, context),
        Leaf::Norm { scale, derived, op, value } => {
            scale_position(instrument, scale)?;
            beside::check_norm(instrument, scale, *derived, context)?;
            reach(&format!("{scale}.{}", derived.word()), derived.range(), *op, *value)
        }
        Leaf::Change { scale, outcomes } => {
            beside::check_change(instrument, scale_position(instrument, scale)?, scale, outcomes.len())
        }
        Leaf::ChangeIndex { scale, .. } => {
            beside::check_change(instrument, scale_position(instrument, scale)?, scale, 1)
        }
        Leaf::Clinical { scale, changes } => {
            beside::check_change(instrument, scale_position(instrument, scale)?, scale, changes.len())?;
            beside::check_side(instrument, scale)
        }
        Leaf::Course { scale, courses } => {
            beside::check_change(instrument, scale_position(instrument, scale)?, scale, courses.len())?;
            beside::check_side(instrument, scale)
        }
        Leaf::Validity { instrument: id, verdict } => {
            // A plan can give any verdict to any sheet.
            let plan = context.is_some_and(|context| context.validity.is_some());
            let known = plan || instrument.definition().validity.iter().any(|rule| rule.verdict >= *verdict);
            let help = "use a validity plan, leave the condition out, or add the validity rule to the definition";
            if known {
                Ok(())
            } else {
                Err(fault("reference", format!("`{id}` has no validity rule of that verdict"), help))
            }
        }
    }
}

fn scale_position(instrument: &Instrument, scale: &Reference) -> Result<usize, Fault> {
    let position = instrument.scale_position(&scale.part);
    position
        .ok_or_else(|| fault("reference", format!("there is no scale `{scale}`"), "use a scale id of the definition"))
}

fn reachable(instrument: &Instrument, position: usize, scorers: &mut Scorers) -> Option<(f64, f64)> {
    // A definition that cannot be compiled is reported where it is loaded.
    let scorer = scorers.entry(instrument.id().to_owned()).or_insert_with(|| Scorer::new(instrument).ok());
    let range = scorer.as_ref().and_then(|scorer| scorer.reachable(position));
    let stated = instrument.definition().scales.get(position).and_then(|scale| scale.range);
    range.or_else(|| stated.map(|[low, high]| (low.to_f64(), high.to_f64())))
}

/// A comparison that never or always holds says nothing.
fn reach(name: &str, range: Option<(f64, f64)>, op: Comparison, value: Decimal) -> Result<(), Fault> {
    let Some((low, high)) = range else { return Ok(()) };
    let at = value.to_f64();
    let (never, always) = match op {
        Comparison::Ge => (at > high, at <= low),
        Comparison::Gt => (at >= high, at < low),
        Comparison::Le => (at < low, at >= high),
        Comparison::Lt => (at <= low, at > high),
        Comparison::Eq => (at < low || at > high, false),
        Comparison::Ne => (false, at < low || at > high),
    };
    if !never && !always {
        return Ok(());
    }
    let which = if never { "never" } else { "always" };
    let message = format!("`{name}` lies between {low} and {high}, so the comparison with {value} {which} holds");
    Err(fault("unreachable", message, "correct the threshold or the operator; check the coding it was made for"))
}

fn check_answer(instrument: &Instrument, item: &Reference, op: Comparison, value: Decimal) -> Result<(), Fault> {
    let definition = instrument.definition();
    let Some(known) = instrument.item_position(&item.part).and_then(|at| definition.items.get(at)) else {
        return Err(fault("reference", format!("there is no item `{item}`"), "use an item id of the definition"));
    };
    let range = match known.kind {
        ItemKind::Clock => {
            return Err(fault("kind", format!("`{item}` is a time of day"), "compare a score instead"));
        }
        ItemKind::Number => known.range.map(|[low, high]| (low.to_f64(), high.to_f64())),
        ItemKind::Choice => {
            let codes = || definition.options_of(known).iter().map(|option| f64::from(option.code));
            codes().reduce(f64::min).zip(codes().reduce(f64::max))
        }
    };
    reach(&item.to_string(), range, op, value)
}

fn check_band(instrument: &Instrument, scale: &Reference, wish: &BandWish) -> Result<(), Fault> {
    scale_position(instrument, scale)?;
    let definition = instrument.definition();
    let sets = || definition.cutoffs.iter().filter(|set| set.scales.contains(&scale.part));
    if sets().next().is_none() {
        return Err(fault("reference", format!("`{scale}` has no cut-off set"), "compare the score with a number"));
    }
    match wish {
        BandWish::In(ids) => {
            let known = |id: &String| sets().any(|set| set.bands.iter().any(|step| step.band == *id));
            match ids.iter().find(|id| !known(id)) {
                Some(id) => Err(fault(
                    "reference",
                    format!("`{scale}` has no band `{id}`"),
                    "use a band of one of its cut-off sets",
                )),
                None if ids.is_empty() => Err(fault("empty", "an empty list of bands".to_owned(), "name at least one")),
                None => Ok(()),
            }
        }
        BandWish::AtLeast(level) => {
            let reached = |set: &crate::instrument::model::CutoffDef| {
                set.bands.iter().any(|step| definition.bands.get(&step.band).is_some_and(|band| band.level >= *level))
            };
            let help = "name a lower level, the bands by id, or another cut-off set";
            if sets().any(reached) {
                Ok(())
            } else {
                Err(fault("unreachable", format!("no band of `{scale}` has that level"), help))
            }
        }
    }
}

/// Critical answers that only the general safeguard covers.
pub(super) fn critical_flags(definition: &PolicyDef, library: &Library, used: &[&str], found: &mut Vec<Diagnostic>) {
    let mut named: Vec<&Reference> = Vec::new();
    for rule in &definition.rules {
        rule.when.leaves(&mut |leaf| {
            if let Leaf::Flag { flag } = leaf {
                named.push(flag);
            }
        });
    }
    for instrument in used.iter().filter_map(|id| library.get(id)) {
        let critical = instrument.definition().flags.iter().filter(|flag| flag.severity == FlagSeverity::Critical);
        for flag in critical {
            if !named.iter().any(|known| known.instrument == instrument.id() && known.part == flag.id) {
                let message = format!("no rule names the critical answer `{}.{}`", instrument.id(), flag.id);
                let help = format!(
                    "it proposes `{}` as every critical answer does; name it in a rule to say so",
                    definition.critical_tier
                );
                let path: Vec<Place> = place!["rules"];
                found.push(Diagnostic::warning("critical-flag", path, message, help));
            }
        }
    }
}
