//! Chapter 3: the overall state.

use super::{Scope, Survey};
use crate::model::{Bar, Chart};
use crate::released::Of;
use crate::source::RAISED;
use crate::writer::Writer;

impl Survey<'_> {
    pub(super) fn overall(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.overall");
        let (pupils, level) = (&self.results.pupils, self.settings.level);
        let flagged = self.flagged_of(scope);
        let base = w.format.shown(flagged.base);
        match flagged.share {
            Some(share) => {
                let (cases, share) = (w.format.shown(flagged.cases), w.format.share(Some(share)));
                let interval = w.format.share_interval(flagged.interval);
                let fills = [("base", base.as_str()), ("cases", &cases), ("share", &share), ("interval", &interval)];
                w.paragraph("overall.flagged", &fills);
            }
            None => w.paragraph("overall.flagged-hidden", &[("base", &base)]),
        }
        w.note("overall.flagged-means", &[]);
        let (mut rows, mut bars) = (Vec::new(), Vec::new());
        for (at, value) in self.tiers.measure.values.iter().enumerate().rev() {
            let share = self.tiers.share(pupils, &[scope.all()], Of::Value(at), level);
            rows.push(vec![
                w.text(&value.name),
                w.shown(share.cases),
                w.share(share.share),
                w.share_interval(share.interval),
            ]);
            let (count, part) = (w.format.shown(share.cases), w.format.share(share.share));
            let label = if share.share.is_some() { format!("{count} ({part})") } else { count };
            let name = w.pick(&value.name).to_owned();
            bars.push(Bar { name, value: share.share, interval: share.interval, label });
        }
        let notes = vec![self.interval_note(w, scope)];
        let columns = [("level", 24.0), ("pupils", 12.0), ("of-sheets", 14.0), ("interval", 20.0)];
        w.table("tiers", &[("base", &base)], &columns, rows, notes);
        let told = bars.iter().map(|bar| format!("{} {}", bar.name, bar.label)).collect::<Vec<_>>();
        let alt = w.say("alt.tiers", &[("bars", &told.join(&w.say("frame.list", &[])))]);
        let axis = w.say("axis.share-of-sheets", &[]);
        w.figure("tiers", &[], alt, Chart::Bars { axis, bars });
        let critical = self.critical.share(pupils, &[scope.all()], Of::Part(RAISED), level);
        w.paragraph("overall.critical", &[("cases", &w.format.shown(critical.cases))]);
        if scope.is_district() && self.results.summary.stray_critical > 0 {
            w.warning("overall.stray", &[]);
        }
        if self.tiers.counts.given_up > 0 {
            w.note("note.given-up", &[]);
        }
    }

    /// What the intervals of a table rest on.
    pub(super) fn interval_note(&self, w: &Writer, scope: Scope) -> String {
        let level = w.format.share(Some(self.settings.level)).replace(".0%", "%");
        w.say(if scope.is_district() { "note.interval-clustered" } else { "note.interval" }, &[("level", &level)])
    }
}
