//! Checks of scores from item parameters.

use super::super::model::{Missing, ResponseFigure, ScaleDef};
use super::Findings;
use crate::place;
use crate::stats::ItemParameters;

/// Most points of theta: beyond that the result does not change.
const MOST_POINTS: u16 = 1001;

pub(super) fn check(findings: &mut Findings<'_>, at: usize, scale: &ScaleDef) {
    if scale.round.is_none() {
        findings.error(
            "response",
            place!["scales", at],
            "a score from item parameters needs `round`",
            "state the decimals that are reported, for example round = { mode = \"half-up\", decimals = 1 }",
        );
    }
    if scale.recode.is_some() || scale.multiplier.is_some() || matches!(scale.missing, Missing::Prorate { .. }) {
        findings.error(
            "response",
            place!["scales", at],
            "item parameters take no recode and no multiplier, and missing answers are not prorated",
            "state the metric under `response`; for missing answers use `complete` or `as-answered`",
        );
    }
    let Some(response) = &scale.response else { return };
    let mut wrong = |key: &'static str, message: String, help: &'static str| {
        findings.error("response", place!["scales", at, "response", key], message, help);
    };
    for (key, normal) in [("metric", response.metric), ("prior", response.prior)] {
        if !(normal.mean.is_finite() && normal.sd.is_finite() && normal.sd > 0.0 && normal.sd < 1e6) {
            wrong(
                key,
                format!("a mean of {} and an sd of {}", normal.mean, normal.sd),
                "give a finite mean and a positive sd",
            );
        }
    }
    let grid = response.grid;
    if !(grid.from.is_finite()
        && grid.to.is_finite()
        && grid.from < grid.to
        && (5..=MOST_POINTS).contains(&grid.points))
    {
        let message = format!("{} points from {} to {}", grid.points, grid.from, grid.to);
        wrong("grid", message, "give 5 to 1001 points between two finite ends, the lower one first");
    }
    for (id, parameters) in &response.parameters {
        if let Err(error) = parameters.check() {
            wrong("parameters", format!("item `{id}`: {error}"), "use the published parameters, metric D = 1");
        }
        if response.figure == ResponseFigure::Error && matches!(parameters, ItemParameters::ThreeParameter { .. }) {
            let message = format!("item `{id}`: the error of a three-parameter item has no bound");
            wrong("parameters", message, "report the score only");
        }
    }
    let definition = findings.definition;
    let positions = definition.expand_items(&scale.items).unwrap_or_default();
    let ids: Vec<&str> =
        positions.iter().filter_map(|at| definition.items.get(*at)).map(|item| item.id.as_str()).collect();
    let strange = response.parameters.keys().find(|id| !ids.contains(&id.as_str()));
    let lacking = ids.iter().find(|id| !response.parameters.contains_key(**id));
    if let Some(id) = strange {
        let message = format!("item `{id}` has parameters, but is none of the scale");
        findings.error(
            "response",
            place!["scales", at, "response", "parameters"],
            message,
            "add it to `items` or remove it",
        );
    }
    if let Some(id) = lacking {
        let message = format!("item `{id}` has no parameters");
        findings.error("response", place!["scales", at, "response", "parameters"], message, "add them");
    }
}
