//! What a wave measures in bands, and whom it asks.

use indexmap::IndexMap;
use serde::Serialize;

use crate::instrument::model::Level;
use crate::instrument::{Method, Span, Text};
use crate::scoring::Scorer;

use super::match_up::ScoredBatch;

/// A scale with bands, as it stands in the results.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measure {
    /// Column of the results: `<instrument>.<scale>.band`.
    pub column: String,
    /// Instrument id.
    pub instrument: String,
    /// Name of instrument and scale.
    pub name: Text,
    /// Ids and names of the bands, from the lowest score up.
    pub bands: Vec<(String, Text)>,
    /// Ids of the bands that are not usual.
    pub raised: Vec<String>,
    /// Grades whose battery has the instrument.
    pub grades: Vec<Span>,
}

impl Measure {
    /// Whether pupils of this grade are asked.
    pub fn asks(&self, grade: u8) -> bool {
        self.grades.iter().any(|span| span.contains(u16::from(grade)))
    }
}

/// All scales with bands, in the order of the batteries.
pub(super) fn measures(batches: &[ScoredBatch], scorers: &IndexMap<String, Scorer>) -> Vec<Measure> {
    let mut found = Vec::new();
    for (id, scorer) in scorers {
        let mut grades: Vec<Span> = Vec::new();
        for battery in batches.iter().map(|batch| batch.batch.battery.definition()) {
            if battery.instruments.contains(id) && !grades.contains(&battery.grades) {
                grades.push(battery.grades);
            }
        }
        let definition = scorer.instrument().definition();
        for (at, scale) in definition.scales.iter().enumerate() {
            let bands = scorer.band_ids(at);
            if bands.is_empty() {
                continue;
            }
            let named = |band: &String| {
                let label = definition.bands.get(band).map(|band| band.label.clone());
                (band.clone(), label.unwrap_or_else(|| Text { en: band.clone(), zh_cn: band.clone() }))
            };
            let raised = |band: &String| definition.bands.get(band).is_some_and(|label| label.level != Level::Usual);
            let short = &definition.abbreviation;
            found.push(Measure {
                column: format!("{id}.{}.band", scale.id),
                instrument: id.clone(),
                name: Text {
                    en: format!("{short}: {}", scale.name.en),
                    zh_cn: format!("{short}：{}", scale.name.zh_cn),
                },
                raised: bands.iter().filter(|band| raised(band)).cloned().collect(),
                bands: bands.iter().map(named).collect(),
                grades: grades.clone(),
            });
        }
    }
    found
}

/// By instrument, the columns of its numeric scores: not internal, not words, not a norm score already.
pub(super) fn scores(scorers: &IndexMap<String, Scorer>) -> IndexMap<String, Vec<String>> {
    let columns = |(id, scorer): (&String, &Scorer)| {
        let scales = scorer.instrument().definition().scales.iter();
        let scored = scales.filter(|scale| scale.values.is_empty() && !scale.internal && scale.method != Method::Norm);
        (id.clone(), scored.map(|scale| format!("{id}.{}", scale.id)).collect())
    };
    scorers.iter().map(columns).collect()
}
