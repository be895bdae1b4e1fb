//! Do conditions about norms, validity and change fit the instruments, the norm sets and the plan?

use super::super::condition::{DerivedScore, Reference};
use super::PolicyContext;
use super::fit::{Fault, fault};
use crate::instrument::{Direction, Instrument, Level};
use crate::validity::ValidityCheck;

/// A validity rule of the definition or of the plan; with `index`, only the plan has a value.
pub(super) fn check_rule(
    instrument: &Instrument,
    rule: &Reference,
    index: bool,
    context: Option<&PolicyContext<'_>>,
) -> Result<(), Fault> {
    let own = instrument.definition().validity.iter().any(|own| own.id == rule.part);
    if own && !index {
        return Ok(());
    }
    if own {
        let message = format!("`{rule}` is a rule of the definition and has no value");
        return Err(fault("kind", message, format!("write {{ validity-rule = \"{rule}\" }}")));
    }
    // Which plan will be used is known in a screening only.
    let Some(context) = context else { return Ok(()) };
    let Some(plan) = context.validity else {
        let message = format!("there is no validity rule `{rule}`: the screening uses no validity plan");
        return Err(fault("reference", message, "name a validity plan that has it, or correct the id"));
    };
    let Some(known) = plan.rule(&rule.part) else {
        let ids: Vec<&str> = plan.definition().rules.iter().map(|rule| rule.id.as_str()).collect();
        let message = format!("neither the definition nor the plan `{}` has a validity rule `{rule}`", plan.id());
        return Err(fault("reference", message, format!("use one of {}", ids.join(", "))));
    };
    if !index && known.verdict.is_none() {
        let message = format!("`{rule}` is only reported by the plan `{}`: it never fires", plan.id());
        let help = format!("compare its value: {{ validity-index = \"{rule}\", op = .., value = .. }}");
        return Err(fault("kind", message, help));
    }
    // A plan that cannot be used at all is refused where it is made ready.
    let Ok(ready) = ValidityCheck::new(plan, instrument, context.parameters) else { return Ok(()) };
    match ready.left_out().iter().find(|left| left.rule == rule.part) {
        Some(left) => {
            let message = format!("`{rule}` is left out: {}", left.why.en);
            Err(fault("unreachable", message, "leave the condition out, or use a plan in which the rule fits"))
        }
        None => Ok(()),
    }
}

/// A derived score that a norm set gives.
pub(super) fn check_norm(
    instrument: &Instrument,
    scale: &Reference,
    derived: DerivedScore,
    context: Option<&PolicyContext<'_>>,
) -> Result<(), Fault> {
    numeric(instrument, scale)?;
    let Some(context) = context else { return Ok(()) };
    let column = scale.to_string();
    let Some(set) = context.norms.iter().find(|set| set.scale(&column).is_some()) else {
        let sets: Vec<&str> = context.norms.iter().map(crate::norms::NormSet::id).collect();
        let sets = if sets.is_empty() { "the screening uses none".to_owned() } else { sets.join(", ") };
        let message = format!("no norm set holds `{column}` ({sets})");
        return Err(fault("norm", message, "give norms that hold it, or leave the condition out"));
    };
    if set.gives(&column, derived.word()) {
        return Ok(());
    }
    let given: Vec<&str> =
        DerivedScore::ALL.into_iter().map(DerivedScore::word).filter(|word| set.gives(&column, word)).collect();
    let message = format!("the norms `{}` give no {} of `{column}`", set.id(), derived.word());
    Err(fault("norm", message, format!("use {}", given.join(", "))))
}

fn numeric(instrument: &Instrument, scale: &Reference) -> Result<(), Fault> {
    let words = instrument
        .scale_position(&scale.part)
        .and_then(|at| instrument.definition().scales.get(at))
        .is_some_and(|scale| !scale.values.is_empty());
    if words {
        let message = format!("`{scale}` has words, not numbers");
        return Err(fault("kind", message, format!("write {{ word = \"{scale}\", in = [..] }}")));
    }
    Ok(())
}

/// A scale that is compared between waves.
pub(super) fn check_change(
    instrument: &Instrument,
    position: usize,
    scale: &Reference,
    asked: usize,
) -> Result<(), Fault> {
    numeric(instrument, scale)?;
    if asked == 0 {
        return Err(fault("empty", "an empty list of words".to_owned(), "name at least one"));
    }
    let definition = instrument.definition().scales.get(position);
    if definition.is_some_and(|scale| scale.internal || scale.direction == Direction::Neutral) {
        let message = format!("`{scale}` is not compared between waves: it is internal, or has no worse end");
        return Err(fault("kind", message, "name a scale with a worse end"));
    }
    Ok(())
}

/// A scale whose bands have a raised side.
pub(super) fn check_side(instrument: &Instrument, scale: &Reference) -> Result<(), Fault> {
    let definition = instrument.definition();
    let raised = |set: &&crate::instrument::model::CutoffDef| {
        set.scales.contains(&scale.part)
            && set
                .bands
                .iter()
                .any(|step| definition.bands.get(&step.band).is_some_and(|band| band.level >= Level::Raised))
    };
    if definition.cutoffs.iter().any(|set| raised(&set)) {
        return Ok(());
    }
    let message = format!("no cut-off set of `{scale}` has a band of the level raised or high");
    Err(fault("unreachable", message, "ask for the change of the score instead ({ change = .., in = [..] })"))
}
