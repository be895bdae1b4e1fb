//! From the pupils enrolled to those with a valid sheet.

use screening_core::coverage::Status;

use super::{Scope, Survey};
use crate::model::{Chart, Step};
use crate::released::Of;
use crate::writer::Writer;

/// Why there is no valid sheet, in the order in which pupils are lost: consent first, then the day, then the sheet.
const ORDER: [Status; 7] = [
    Status::OutOfScope,
    Status::Refused,
    Status::Withdrawn,
    Status::Absent,
    Status::Unexplained,
    Status::RetestPending,
    Status::Invalid,
];

impl Survey<'_> {
    /// The picture. Reasons whose count is not shown stand together as one step: their sum follows from the others.
    pub(super) fn waterfall(&self, w: &mut Writer, scope: Scope, enrolled: u64, valid: u64) {
        if enrolled == 0 {
            return;
        }
        let of = |status: &Status| self.reasons.get(scope.all(), Of::Value(status.position().wrapping_sub(1))).value();
        let lost = enrolled.saturating_sub(valid);
        let shown: Vec<(String, u64)> = ORDER
            .iter()
            .filter_map(|status| Some((w.pick(&status.name()).to_owned(), of(status)?)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let known: u64 = shown.iter().map(|own| own.1).sum();
        let hidden: Vec<String> =
            ORDER.iter().filter(|status| of(status).is_none()).map(|own| w.pick(&own.name()).to_owned()).collect();
        let label = |count: u64| {
            let share = w.format.share(Some(count as f64 / enrolled as f64));
            format!("{} ({share})", w.format.count(count))
        };
        let total =
            |name: String, count: u64| Step { name, from: 0.0, to: count as f64, total: true, label: label(count) };
        let mut steps = vec![total(w.say("status.enrolled", &[]), enrolled)];
        let mut left = enrolled;
        let mut loss = |name: String, count: u64, label: String, steps: &mut Vec<Step>| {
            let to = left.saturating_sub(count);
            steps.push(Step { name, from: left as f64, to: to as f64, total: false, label });
            left = to;
        };
        for (name, count) in shown {
            loss(name, count, format!("\u{2212}{}", label(count)), &mut steps);
        }
        let rest = lost.saturating_sub(known);
        let names = hidden.join(&w.say("frame.comma", &[]));
        let several = hidden.len() > 1;
        if rest > 0 && !hidden.is_empty() {
            let told = several && rest >= u64::from(self.results.rule().threshold);
            let label = if told { format!("\u{2212}{}", label(rest)) } else { w.say("alt.hidden", &[]) };
            let name = if several { w.say("legend.other-reasons", &[]) } else { names.clone() };
            loss(name, rest, label, &mut steps);
        }
        steps.push(total(w.pick(&Status::Valid.name()).to_owned(), valid));
        let told: Vec<String> = steps.iter().map(|step| format!("{} {}", step.name, step.label)).collect();
        let alt = w.say("alt.waterfall", &[("steps", &told.join(&w.say("frame.list", &[])))]);
        let axis = w.say("axis.pupils", &[]);
        w.figure("waterfall", &[], alt, Chart::Waterfall { axis, steps });
        if rest > 0 && several {
            w.note("note.other-reasons", &[("reasons", &names)]);
        }
    }
}
