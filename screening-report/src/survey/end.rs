//! The last chapters: follow-up, limits, conclusions, appendices.

use super::{Scope, Survey};
use crate::model::{Block, Cell};
use crate::released::Of;
use crate::writer::Writer;

impl Survey<'_> {
    /// Talks and referrals, to be filled in: this wave does not know of them.
    pub(super) fn follow_up(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.follow-up");
        w.paragraph("follow-up.intro", &[]);
        let quiet = self.results.policy.flagged_above();
        let rows = self.results.policy.tiers().filter(|tier| tier.severity > quiet).map(|tier| {
            let at = self.tiers.measure.values.iter().position(|value| value.id == tier.id);
            let shown = at.map(|at| self.tiers.counts.get(scope.all(), Of::Value(at)));
            let count = shown.map_or(Cell::Blank, |shown| w.shown(shown));
            vec![w.text(&tier.name), count, Cell::Blank, Cell::Blank, Cell::Blank, Cell::Blank]
        });
        let rows = rows.collect();
        let columns = [
            ("level", 18.0),
            ("proposed", 12.0),
            ("talked", 12.0),
            ("in-time", 12.0),
            ("referred", 12.0),
            ("supported", 14.0),
        ];
        w.table("follow-up", &[], &columns, rows, Vec::new());
    }

    pub(super) fn limits(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.limits");
        let mut keys = vec!["limits.screening", "limits.self-report", "limits.not-reached", "limits.cutoffs"];
        keys.extend(if scope.is_district() {
            ["limits.process", "limits.schools"]
        } else {
            ["limits.one-school", "limits.no-comparison"]
        });
        if !self.changes.is_empty() {
            keys.push("limits.change");
        }
        keys.push("limits.use");
        let items = keys.into_iter().map(|key| w.say(key, &[])).collect();
        w.block(Block::List(items));
    }

    /// What follows is for people to write.
    pub(super) fn conclusions(&self, w: &mut Writer) {
        w.chapter("chapter.conclusions");
        w.paragraph("conclusions.intro", &[]);
        w.form(&[("form.findings", String::new(), 4), ("form.measures", String::new(), 4)]);
        if !self.settings.help_lines.is_empty() {
            w.paragraph("conclusions.help", &[]);
            let lines = self.settings.help_lines.iter().map(|text| w.pick(text).to_owned()).collect();
            w.block(Block::List(lines));
        }
    }

    pub(super) fn appendices(&self, w: &mut Writer, scope: Scope) {
        let heading = w.say("chapter.bands", &[]);
        w.section(heading, 1, true);
        let mut rows = Vec::new();
        for counted in &self.scales {
            if !counted.counts.has(scope.all()) {
                continue;
            }
            for (at, value) in counted.measure.values.iter().enumerate() {
                let share = counted.share(&self.results.pupils, &[scope.all()], Of::Value(at), self.settings.level);
                rows.push(vec![
                    w.text(&counted.measure.name),
                    w.text(&value.name),
                    w.shown(share.cases),
                    w.share(share.share),
                    w.share_interval(share.interval),
                ]);
            }
        }
        let columns = [("scale", 28.0), ("band", 22.0), ("pupils", 12.0), ("share", 10.0), ("interval", 18.0)];
        let notes = vec![self.interval_note(w, scope)];
        w.table("bands", &[], &columns, rows, notes);
        let heading = w.say("chapter.provenance", &[]);
        w.section(heading, 1, false);
        self.provenance(w);
    }

    /// Versions and hashes of everything that decided something.
    pub(super) fn provenance(&self, w: &mut Writer) {
        w.paragraph("provenance.intro", &[]);
        let provenance = &self.results.summary.provenance;
        let mut rows = vec![("engine", provenance.engine.clone()), ("policy", provenance.policy.clone())];
        rows.push(("batteries", provenance.batteries.join(", ")));
        let instruments: Vec<&str> = provenance.instruments.iter().map(|own| own.citation.as_str()).collect();
        rows.push(("instruments", instruments.join(", ")));
        if let Some(plan) = &provenance.validity {
            rows.push(("validity", plan.clone()));
        }
        if !provenance.norms.is_empty() {
            rows.push(("norms", provenance.norms.join(", ")));
        }
        let earlier = provenance.earlier.iter().map(|own| match own.date {
            Some(date) => format!("{} ({date})", own.wave),
            None => own.wave.clone(),
        });
        let earlier: Vec<String> = earlier.collect();
        if !earlier.is_empty() {
            rows.push(("earlier", earlier.join(", ")));
        }
        let rows = rows
            .into_iter()
            .map(|(key, value)| vec![Cell::Text(w.say(&format!("provenance.{key}"), &[])), Cell::Text(value)])
            .collect();
        w.table("provenance", &[], &[("what", 18.0), ("version", 72.0)], rows, Vec::new());
    }
}
