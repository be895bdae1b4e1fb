//! Mean scores of the factors of an instrument beside what is usual, for the district.

use screening_core::psychometrics::ClusterMean;

use super::{Scope, Survey};
use crate::error::ReportError;
use crate::figures::Counted;
use crate::profile::{Entry, Estimate, FEWEST, Unit, draw, notes};
use crate::released::{Group, Of};
use crate::settings::Settings;
use crate::source::Results;
use crate::writer::Writer;

/// The scales of one instrument with their means.
pub(super) struct Profile {
    instrument: String,
    /// Place among the scales of the survey, T and raw score.
    scales: Vec<(usize, Option<Estimate>, Option<Estimate>)>,
}

impl Profile {
    /// One for each instrument with enough scales.
    pub(super) fn all(
        results: &Results,
        settings: &Settings,
        scales: &[Counted<'_>],
    ) -> Result<Vec<Self>, ReportError> {
        let schools = results.school_names();
        let mut found: Vec<Self> = Vec::new();
        for (at, counted) in scales.iter().enumerate() {
            let measure = counted.measure;
            if counted.counts.get(Group::default(), Of::Everybody).value().is_none() {
                continue;
            }
            let Some(scores) = results.scores(&measure.id, &measure.instrument)? else { continue };
            let whole = scores.iter().filter(|own| own.is_finite()).count() as u64;
            let least = u64::from(results.rule().threshold).max(1);
            let mean = |values: &[f64]| {
                let own: Vec<f64> = values.iter().copied().filter(|own| own.is_finite()).collect();
                let pupils = own.len() as u64;
                // The mean of all beside that of nearly all would tell the scores of the few between.
                if pupils < least || (pupils < whole && whole - pupils < least) {
                    return None;
                }
                let interval = ClusterMean::fit(values, &schools, settings.level).ok().map(|own| own.interval);
                Some((own.iter().sum::<f64>() / pupils as f64, interval))
            };
            let raw = mean(&scores);
            let t = results.t_scores(measure)?.and_then(|t| mean(&t));
            let own = (at, t, raw);
            match found.iter_mut().find(|known| known.instrument == measure.instrument) {
                Some(known) => known.scales.push(own),
                None => found.push(Self { instrument: measure.instrument.clone(), scales: vec![own] }),
            }
        }
        found.retain(|own| own.scales.len() >= FEWEST);
        Ok(found)
    }
}

impl Survey<'_> {
    /// One picture for each instrument with several factors; of a school there are no means.
    pub(super) fn profiles(&self, w: &mut Writer, scope: Scope) {
        if !scope.is_district() {
            return;
        }
        let mut drawn: Vec<Unit> = Vec::new();
        for profile in &self.profiles {
            let name = self.results.library.get(&profile.instrument);
            let name = name.map_or_else(String::new, |own| w.pick(&own.definition().name).to_owned());
            let entry = |(at, t, raw): &(usize, Option<Estimate>, Option<Estimate>)| {
                let measure = self.scales.get(*at)?.measure;
                let usual = measure.usual(None);
                let name = w.pick(&measure.scale).to_owned();
                Some(Entry { name, t: *t, raw: *raw, range: measure.range, usual })
            };
            let entries: Vec<Entry> = profile.scales.iter().filter_map(entry).collect();
            drawn.extend(draw(w, &name, "legend.district-mean", &entries));
        }
        notes(w, &drawn);
    }
}
