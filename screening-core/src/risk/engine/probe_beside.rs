//! Leaves about validity rules, norms and change, read beside the scores.

use super::super::condition::{Leaf, Reference};
use super::super::tree::{NO, OPEN, YES};
use super::beside::{Derived, JudgedSheets, Since};
use super::probe::{Kind, Probe, compare, decided};
use super::{EngineError, SheetSet};
use crate::answers::Tri;
use crate::instrument::Level;
use crate::instrument::expr::Comparison;
use crate::scoring::ScoredSheets;

impl<'a> Kind<'a> {
    /// What such a leaf reads.
    pub(super) fn beside(
        leaf: &'a Leaf,
        rule: &str,
        own: &'a ScoredSheets,
        sheets: &SheetSet<'a>,
    ) -> Result<Self, EngineError> {
        let unknown = |part: String| EngineError::Reference { rule: rule.to_owned(), part };
        let scale_of = |reference: &Reference| own.scale(&reference.part).ok_or_else(|| unknown(reference.to_string()));
        let since = |scale: &Reference| Since::new(sheets.beside, &scale.to_string());
        Ok(match leaf {
            Leaf::ValidityRule { rule: reference } => {
                let own = own.instrument().definition().validity.iter().position(|rule| rule.id == reference.part);
                let judged = sheets.judged_of(leaf.instrument());
                if own.is_none() && judged.is_none_or(|judged| judged.report.rule(&reference.part).is_none()) {
                    return Err(EngineError::Index { rule: rule.to_owned(), part: reference.to_string() });
                }
                Kind::ValidityRule { own, judged }
            }
            Leaf::ValidityIndex { rule: reference, op, value } => {
                let judged = sheets.judged_of(leaf.instrument());
                let judged = judged.filter(|judged| judged.report.rule(&reference.part).is_some());
                let missing = || EngineError::Index { rule: rule.to_owned(), part: reference.to_string() };
                let judged = judged.ok_or_else(missing)?;
                Kind::ValidityIndex {
                    judged,
                    column: judged.report.column(&reference.part),
                    op: *op,
                    value: value.to_f64(),
                }
            }
            Leaf::Norm { scale, derived, op, value } => {
                let at = scale_of(scale)?;
                let missing = || {
                    let part = format!("{scale}.{}", derived.word());
                    EngineError::Norm { rule: rule.to_owned(), part }
                };
                let beside = sheets.beside.ok_or_else(missing)?;
                let derived = Derived::read(beside, &scale.to_string(), *derived).ok_or_else(missing)?;
                Kind::Norm { scale: at, derived, op: *op, value: value.to_f64() }
            }
            Leaf::Change { scale, outcomes } => {
                Kind::Change { scale: scale_of(scale)?, since: since(scale), wanted: outcomes }
            }
            Leaf::ChangeIndex { scale, op, value } => {
                Kind::ChangeIndex { scale: scale_of(scale)?, since: since(scale), op: *op, value: value.to_f64() }
            }
            Leaf::Clinical { scale, changes } => {
                Kind::Clinical { scale: scale_of(scale)?, since: since(scale), wanted: changes }
            }
            Leaf::Course { scale, courses } => {
                Kind::Course { scale: scale_of(scale)?, since: since(scale), wanted: courses }
            }
            _ => return Err(unknown(leaf.instrument().to_owned())),
        })
    }
}

impl Probe<'_> {
    /// Codes of the rows from `start` on.
    pub(super) fn fill_beside(&self, start: usize, codes: &mut [u8]) {
        let rows = codes.iter_mut().enumerate().map(|(lane, code)| (start + lane, code));
        match &self.kind {
            Kind::ValidityRule { own, judged } => rows.for_each(|(row, code)| {
                let state = self.rule_state(*own, *judged, row);
                *code = state.known().map_or(OPEN, decided);
            }),
            Kind::ValidityIndex { judged, column, op, value } => rows.for_each(|(row, code)| {
                let found = judged.row(row).and_then(|row| column.as_ref()?.get(row));
                *code = found.map_or(OPEN, |found| decided(compare(found, *op, *value)));
            }),
            Kind::Norm { derived, op, value, .. } => rows.for_each(|(row, code)| {
                *code = match derived.bounds(row) {
                    Some((low, high)) if low == high => decided(compare(low, *op, *value)),
                    Some((low, high)) => compare_sides(low, high, *op, *value),
                    None => OPEN,
                };
            }),
            Kind::Change { since, wanted, .. } => rows.for_each(|(row, code)| *code = since.outcome(row, wanted)),
            Kind::ChangeIndex { since, op, value, .. } => rows.for_each(|(row, code)| {
                let found = since.at(row).and_then(|(scale, row)| scale.index(row));
                *code = found.map_or(OPEN, |found| decided(compare(found, *op, *value)));
            }),
            Kind::Clinical { scale, since, wanted } => {
                rows.for_each(|(row, code)| *code = since.clinical(row, wanted, self.raised(*scale, row)));
            }
            Kind::Course { scale, since, wanted } => {
                rows.for_each(|(row, code)| *code = since.course(row, wanted, self.raised(*scale, row)));
            }
            // The others are read from the scores.
            _ => rows.for_each(|(_, code)| *code = OPEN),
        }
    }

    /// Whether a validity rule of the definition or of the plan fired.
    pub(in crate::risk) fn rule_state(&self, own: Option<usize>, judged: Option<JudgedSheets<'_>>, row: usize) -> Tri {
        if let Some(own) = own {
            return self.sheets.validity(own, row);
        }
        let Leaf::ValidityRule { rule } = self.leaf else { return Tri::Unknown };
        let state = judged.and_then(|judged| Some(judged.report.state(&rule.part, judged.row(row)?)));
        state.unwrap_or(Tri::Unknown)
    }

    /// Whether the band of a row is raised, where it is known.
    fn raised(&self, scale: usize, row: usize) -> Option<bool> {
        let code = self.sheets.band_code(scale, row)?;
        let id = self.sheets.band_ids(scale).get(usize::from(code))?;
        self.sheets.instrument().definition().bands.get(id).map(|band| band.level >= Level::Raised)
    }
}

/// A value that is known to one side only, or not at all.
pub(super) fn compare_sides(low: f64, high: f64, op: Comparison, value: f64) -> u8 {
    match op {
        Comparison::Eq if value < low || value > high => NO,
        Comparison::Ne if value < low || value > high => YES,
        Comparison::Eq | Comparison::Ne => OPEN,
        _ => match (compare(low, op, value), compare(high, op, value)) {
            (true, true) => YES,
            (false, false) => NO,
            _ => OPEN,
        },
    }
}
