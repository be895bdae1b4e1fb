//! Checks of norm cells.

use super::super::model::{NormCell, NormDef, Span};
use super::Findings;
use crate::answers::Sex;
use crate::place;
use crate::stats::Decimal;

pub(super) fn check(findings: &mut Findings<'_>) {
    for (name, norm) in &findings.definition.norms {
        for (at, cell) in norm.cells.iter().enumerate() {
            one(findings, name, at, cell);
        }
        overlaps(findings, name, norm);
        gaps(findings, name, norm);
    }
}

fn one(findings: &mut Findings<'_>, name: &String, at: usize, cell: &NormCell) {
    if cell.sd <= Decimal::ZERO {
        findings.error(
            "norm",
            place!["norms", name, "cells", at, "sd"],
            "the standard deviation must be above 0",
            "check the printed table",
        );
    }
    if !findings.definition.scales.iter().any(|scale| scale.id == cell.scale) {
        let message = format!("there is no scale `{}`", cell.scale);
        findings.error(
            "reference",
            place!["norms", name, "cells", at, "scale"],
            message,
            "use a raw scale of this file",
        );
    }
}

/// Two cells that differ in sex only by one being ungendered are no overlap: the ungendered one serves unknown sex.
fn overlaps(findings: &mut Findings<'_>, name: &String, norm: &NormDef) {
    for (at, cell) in norm.cells.iter().enumerate() {
        let clash = norm.cells[..at].iter().position(|other| {
            other.scale == cell.scale
                && other.sex == cell.sex
                && Span::meet(other.ages, cell.ages)
                && Span::meet(other.grades, cell.grades)
        });
        if let Some(other) = clash {
            let message =
                format!("cell {} and cell {} of scale `{}` hold for the same people", other + 1, at + 1, cell.scale);
            findings.error("norm-overlap", place!["norms", name, "cells", at], message, "make the groups disjoint");
        }
    }
}

/// Within one scale and sex the grades (or ages) must follow each other without a hole.
fn gaps(findings: &mut Findings<'_>, name: &String, norm: &NormDef) {
    let axes: [(&str, fn(&NormCell) -> Option<Span>); 2] = [("ages", |c| c.ages), ("grades", |c| c.grades)];
    for (axis, span_of) in axes {
        for sex in [None, Some(Sex::Male), Some(Sex::Female), Some(Sex::Other)] {
            let mut spans: Vec<(String, Span)> = norm
                .cells
                .iter()
                .filter(|cell| cell.sex == sex)
                .filter_map(|cell| span_of(cell).map(|span| (cell.scale.clone(), span)))
                .collect();
            spans.sort_by(|a, b| (a.0.as_str(), a.1.from).cmp(&(b.0.as_str(), b.1.from)));
            for pair in spans.windows(2) {
                let [(scale, left), (next, right)] = pair else { continue };
                if scale == next && right.from > left.to + 1 {
                    let message =
                        format!("scale `{scale}` has no cell for {axis} {} to {}", left.to + 1, right.from - 1);
                    findings.warn(
                        "norm-gap",
                        place!["norms", name, "cells"],
                        message,
                        "add the cell, or mark it `unusable` with the reason",
                    );
                }
            }
        }
    }
}
