//! Checks of cut-off sets.

use std::collections::HashSet;

use super::super::model::CutoffDef;
use super::Findings;
use crate::place;
use crate::stats::Decimal;

pub(super) fn check(findings: &mut Findings<'_>) {
    let definition = findings.definition;
    for (at, cutoff) in definition.cutoffs.iter().enumerate() {
        if cutoff.scales.is_empty() {
            findings.error("cutoffs", place!["cutoffs", at], "the set names no scale", "add `scales`");
        }
        for (n, id) in cutoff.scales.iter().enumerate() {
            match definition.scales.iter().find(|scale| scale.id == *id) {
                None => findings.error(
                    "reference",
                    place!["cutoffs", at, "scales", n],
                    format!("there is no scale `{id}`"),
                    "use a scale id of this file",
                ),
                Some(scale) if !scale.values.is_empty() => {
                    findings.error(
                        "cutoffs",
                        place!["cutoffs", at, "scales", n],
                        "a rule with words has no cut-offs",
                        "its words are its bands",
                    );
                }
                Some(_) => {}
            }
        }
        steps(findings, at, cutoff);
        variants(findings, at, cutoff);
    }
    for (at, scale) in definition.scales.iter().enumerate() {
        let sets: HashSet<_> =
            definition.cutoffs.iter().filter(|c| c.scales.contains(&scale.id)).map(|c| (&c.id, c.default)).collect();
        let defaults = sets.iter().filter(|(_, default)| *default).count();
        if !sets.is_empty() && defaults != 1 {
            findings.error(
                "default-cutoffs",
                place!["scales", at],
                format!("scale `{}` has {defaults} default cut-off sets", scale.id),
                "mark exactly one set of each scale `default = true`",
            );
        }
    }
}

/// Bands rise, start without a lower end, and have labels.
fn steps(findings: &mut Findings<'_>, at: usize, cutoff: &CutoffDef) {
    let mut last: Option<Decimal> = None;
    for (n, step) in cutoff.bands.iter().enumerate() {
        let path = place!["cutoffs", at, "bands", n];
        match (n, step.from) {
            (0, Some(_)) => {
                findings.error("bands", path, "the first band reaches down to the lowest score", "leave out its `from`")
            }
            (1.., None) => findings.error(
                "bands",
                path,
                "only the first band may leave out `from`",
                "state where the band starts, included",
            ),
            (_, Some(from)) => {
                if last.is_some_and(|before| from <= before) {
                    findings.error(
                        "bands",
                        path,
                        format!("the band starts at {from}, not above the one before it"),
                        "sort the bands from low to high",
                    );
                }
                last = Some(from);
            }
            (0, None) => {}
        }
        if !findings.definition.bands.contains_key(&step.band) {
            let message = format!("there is no band `{}`", step.band);
            findings.error(
                "reference",
                place!["cutoffs", at, "bands", n, "band"],
                message,
                "define its label under [bands]",
            );
        }
    }
    if cutoff.bands.len() < 2 || cutoff.bands.len() > 16 {
        findings.error(
            "bands",
            place!["cutoffs", at, "bands"],
            "a set has 2 to 16 bands",
            "list the bands from low to high",
        );
    }
}

fn variants(findings: &mut Findings<'_>, at: usize, cutoff: &CutoffDef) {
    for (earlier, other) in findings.definition.cutoffs[..at].iter().enumerate() {
        let shared = other.scales.iter().find(|scale| cutoff.scales.contains(scale));
        let (Some(scale), true) = (shared, other.id == cutoff.id) else { continue };
        let meet = other.when.unwrap_or_default().meets(&cutoff.when.unwrap_or_default());
        if meet {
            let message = format!(
                "set `{}` of scale `{scale}` is given twice for the same people (entries {} and {})",
                cutoff.id,
                earlier + 1,
                at + 1
            );
            findings.error("cutoff-overlap", place!["cutoffs", at], message, "give each variant a `when` of its own");
        }
    }
}
