//! What evidence about validity rules, norms and change found in a row.

use super::super::condition::Leaf;
use super::super::engine::{Kind, Probe, Reason, Since};
use super::super::proposal::EvidenceKind;
use super::observe::{Observed, no_text, number, number_beside};
use crate::instrument::Text;

impl Probe<'_> {
    pub(super) fn observe_beside(&self, row: usize) -> Observed {
        let definition = self.sheets.instrument().definition();
        let plain = |kind, found_key, basis_key| self.plain(kind, found_key, basis_key);
        match &self.kind {
            Kind::ValidityRule { own, judged } => {
                let own = own.and_then(|own| definition.validity.get(own)).map(|rule| &rule.meaning);
                let part = self.part();
                let plan = || Some(&judged.as_ref()?.report.rule(&part)?.meaning);
                let label = own.or_else(plan).cloned().unwrap_or_else(no_text);
                Observed { label, found: part, ..plain(EvidenceKind::Validity, "found.validity", "basis.named") }
            }
            Kind::ValidityIndex { judged, column, op, value: threshold } => {
                let value = judged.row(row).and_then(|row| column.as_ref()?.get(row));
                let value_text = value.map(|value| number_beside(value, *op, *threshold)).unwrap_or_default();
                let label = judged.report.rule(&self.part()).map_or_else(no_text, |rule| rule.meaning.clone());
                Observed {
                    value,
                    found: value_text.clone(),
                    value_text,
                    label,
                    ..plain(EvidenceKind::ValidityIndex, "found.validity-index", "basis.compared")
                }
            }
            Kind::Norm { scale, derived, op, value: threshold } => {
                let value = derived.value(row);
                let value_text = value.map(|value| number_beside(value, *op, *threshold)).unwrap_or_default();
                let label = match self.leaf {
                    Leaf::Norm { derived, .. } => derived.name(),
                    _ => no_text(),
                };
                let cell = if value.is_some() { derived.cell(row) } else { derived.no_norm(row) };
                Observed {
                    name: self.scale_name(*scale),
                    value,
                    found: value_text.clone(),
                    value_text,
                    label,
                    before: self.sheets.value(*scale, row).map(number).unwrap_or_default(),
                    cell: cell.to_owned(),
                    ..plain(EvidenceKind::Norm, "found.norm", "basis.compared")
                }
            }
            Kind::Change { scale, since, .. } => {
                let outcome = since.at(row).and_then(|(change, row)| change.outcome(row));
                let (found, label) = outcome.map_or_else(Default::default, |o| (o.word(), Some(o.name())));
                let plain = plain(EvidenceKind::Change, "found.change", "basis.named");
                self.changed(*scale, since, row, found, label, plain)
            }
            Kind::Clinical { scale, since, .. } => {
                let change = since.at(row).and_then(|(change, row)| change.clinical(row));
                let (found, label) = change.map_or_else(Default::default, |c| (c.word(), Some(c.name())));
                let plain = plain(EvidenceKind::Change, "found.change", "basis.named");
                self.changed(*scale, since, row, found, label, plain)
            }
            Kind::Course { scale, since, wanted } => {
                let course = since.at(row).and_then(|(change, row)| change.course(row));
                // Without an earlier band the course that is asked for is the one that is sure.
                let course = course.or_else(|| wanted.first().copied());
                let (found, label) = course.map_or_else(Default::default, |c| (c.word(), Some(c.name())));
                let plain = plain(EvidenceKind::Course, "found.course", "basis.named");
                self.changed(*scale, since, row, found, label, plain)
            }
            Kind::ChangeIndex { scale, since, op, value: threshold } => {
                let index = since.at(row).and_then(|(change, row)| change.index(row));
                let text = index.map(|index| number_beside(index, *op, *threshold)).unwrap_or_default();
                let plain = plain(EvidenceKind::Change, "found.change-index", "basis.compared");
                Observed { cell: text.clone(), found: text, ..self.changed(*scale, since, row, "", None, plain) }
            }
            // The others are read from the scores.
            _ => plain(EvidenceKind::Rule, "found.rule", "basis.rule"),
        }
    }

    /// Scores before and now.
    fn changed(
        &self,
        scale: usize,
        since: &Since<'_>,
        row: usize,
        found: &str,
        label: Option<Text>,
        plain: Observed,
    ) -> Observed {
        let value = self.sheets.value(scale, row);
        let change = since.at(row);
        let before = change.and_then(|(change, row)| change.before(row));
        let found_key = if before.is_some() { plain.found_key } else { "found.change-now" };
        Observed {
            name: self.scale_name(scale),
            value,
            value_text: value.map(number).unwrap_or_default(),
            found: found.to_owned(),
            label: label.unwrap_or_else(no_text),
            before: before.map(number).unwrap_or_default(),
            wave: change.map(|(change, _)| change.from_wave.clone()).unwrap_or_default(),
            found_key,
            ..plain
        }
    }

    /// Whether a condition about change is open because there is no earlier result.
    pub(in crate::risk) fn waits_in_vain(&self, row: usize) -> bool {
        self.since()
            .is_some_and(|(since, scale)| since.why(row, self.sheets.value(scale, row).is_some()) == Reason::Earlier)
    }

    /// Whether there is no earlier wave at all.
    pub(in crate::risk) fn is_first_wave(&self) -> bool {
        self.since().is_some_and(|(since, _)| !since.any_wave)
    }

    pub(super) fn since(&self) -> Option<(&Since<'_>, usize)> {
        match &self.kind {
            Kind::Change { scale, since, .. }
            | Kind::ChangeIndex { scale, since, .. }
            | Kind::Clinical { scale, since, .. }
            | Kind::Course { scale, since, .. } => Some((since, *scale)),
            _ => None,
        }
    }
}
