//! Chapter 6: what changed since the wave before, on the same key only.

use screening_core::psychometrics::ClusterMean;

use super::{Changed, Scope, Survey};
use crate::error::ReportError;
use crate::model::{Block, Cell};
use crate::released::{Group, Of};
use crate::source::numbers;
use crate::writer::Writer;

impl Survey<'_> {
    pub(super) fn change(&self, w: &mut Writer, scope: Scope) -> Result<(), ReportError> {
        w.chapter("chapter.change");
        if self.changes.is_empty() {
            let earlier = &self.results.summary.provenance.earlier;
            w.paragraph(if earlier.is_empty() { "change.none" } else { "change.no-key" }, &[]);
        } else {
            let mut waves: Vec<&str> = self.changes.iter().map(|own| own.from_wave.as_str()).collect();
            waves.dedup();
            w.paragraph("change.intro", &[("waves", &waves.join(", ")), ("wave", self.results.wave())]);
            if scope.is_district() {
                self.mean_change(w)?;
            }
            self.reliable_change(w, scope);
            w.note("change.careful", &[]);
        }
        let refused = self.results.summary.change.iter().flat_map(|change| &change.refused);
        let refused: Vec<String> = refused
            .map(|own| {
                let scale = own.scale.as_ref().map(|scale| format!(".{scale}")).unwrap_or_default();
                format!("{}{scale}: {}", own.instrument, w.pick(&own.why))
            })
            .collect();
        if scope.is_district() && !refused.is_empty() {
            w.paragraph("change.refused", &[]);
            w.block(Block::List(refused));
        }
        Ok(())
    }

    /// Mean score then and now of the pupils of both waves, with the interval of the difference.
    fn mean_change(&self, w: &mut Writer) -> Result<(), ReportError> {
        let schools = self.results.school_names();
        let limit = self.results.rule().threshold as usize;
        let mut rows = Vec::new();
        for change in &self.changes {
            let id = &change.scale.id;
            let now = self.results.scores(id, &change.scale.instrument)?;
            let before = numbers(&self.results.frame, &format!("{id}.before"))?;
            let (Some(now), Some(before)) = (now, before) else { continue };
            let differences: Vec<f64> = now.iter().zip(&before).map(|(now, before)| now - before).collect();
            let both: Vec<(f64, f64)> = now
                .iter()
                .zip(&before)
                .filter(|(now, before)| (**now - **before).is_finite())
                .map(|(a, b)| (*a, *b))
                .collect();
            if both.len() < limit {
                continue;
            }
            let n = both.len() as f64;
            let (now, before) = both.iter().fold((0.0, 0.0), |(now, before), own| (now + own.0, before + own.1));
            let spread = both.iter().map(|own| (own.1 - before / n).powi(2)).sum::<f64>() / (n - 1.0);
            let found = ClusterMean::fit(&differences, &schools, self.settings.level).ok();
            let difference = (now - before) / n;
            rows.push(vec![
                w.text(&change.scale.name),
                w.count(both.len() as u64),
                w.number(Some(before / n), 2),
                w.number(Some(now / n), 2),
                w.number(Some(difference), 2),
                w.interval(found.map(|own| own.interval), 2),
                w.number((spread > 0.0).then(|| difference / spread.sqrt()), 2),
            ]);
        }
        let columns = [
            ("scale", 28.0),
            ("both-waves", 10.0),
            ("mean-before", 10.0),
            ("mean-now", 10.0),
            ("difference", 10.0),
            ("interval", 16.0),
            ("standardised", 10.0),
        ];
        let notes = vec![self.interval_note(w, Scope { school: None }), w.say("note.standardised", &[])];
        w.table("mean-change", &[], &columns, rows, notes);
        Ok(())
    }

    /// How many pupils changed reliably.
    fn reliable_change(&self, w: &mut Writer, scope: Scope) {
        let group = Group { school: scope.school, ..Group::default() };
        let mut rows = Vec::new();
        for change in &self.changes {
            let Changed { scale, outcome: Some(outcome), .. } = change else { continue };
            let mut row = vec![w.text(&scale.name), w.shown(outcome.counts.get(group, Of::Everybody))];
            for at in 0..outcome.measure.values.len() {
                let share = outcome.share(&self.results.pupils, &[group], Of::Value(at), self.settings.level);
                let (count, part) = (w.format.shown(share.cases), w.format.share(share.share));
                let text = if share.share.is_some() { format!("{count} ({part})") } else { count };
                row.push(Cell::figure(text, share.cases.value().map(|count| count as f64)));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            w.paragraph("change.no-index", &[]);
            return;
        }
        let columns =
            [("scale", 28.0), ("both-waves", 12.0), ("improved", 16.0), ("unchanged", 16.0), ("deteriorated", 16.0)];
        let notes = vec![w.say("note.reliable", &[])];
        w.table("reliable-change", &[], &columns, rows, notes);
    }
}
