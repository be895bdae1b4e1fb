//! What a report counts: tiers, bands, changes.

use screening_core::instrument::model::{CutoffDef, Direction, Level, ScaleDef};
use screening_core::instrument::{Instrument, Text};
use screening_core::risk::Policy;

use super::summary::InstrumentFact;
use crate::words::both;

/// Part of a measure whose values ask for attention: a raised band, a tier to follow up.
pub(crate) const RAISED: &str = "raised";
/// The other part.
pub(crate) const USUAL: &str = "usual";

/// Something that is counted, with a value for each pupil it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Column of the results without `.band`: `<instrument>.<scale>`; `tier`.
    pub id: String,
    /// Instrument id; empty for tiers.
    pub instrument: String,
    /// Name.
    pub name: Text,
    /// Its values, the mildest first.
    pub values: Vec<Value>,
    /// Which end of the score is worse; none where there is no score.
    pub direction: Option<Direction>,
    /// Items that stand behind the score.
    pub items: usize,
    /// The cut-off set.
    pub cutoff: String,
    /// Where it comes from.
    pub source: String,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Id, as in the column.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Whether it counts as raised.
    pub raised: bool,
}

impl Value {
    /// The part it belongs to.
    pub(crate) fn part(&self) -> &'static str {
        if self.raised { RAISED } else { USUAL }
    }
}

/// The tiers of a policy, the quiet ones first; flagged ones count as raised.
pub(super) fn tiers(policy: &Policy) -> Measure {
    let values = policy.tiers().rev().map(|tier| Value {
        id: tier.id.clone(),
        name: tier.name.clone(),
        raised: tier.severity > policy.flagged_above(),
    });
    Measure {
        id: "tier".to_owned(),
        instrument: String::new(),
        name: both("measure.tier", &[]),
        values: values.collect(),
        direction: None,
        items: 0,
        cutoff: String::new(),
        source: String::new(),
    }
}

/// The scales of an instrument that have bands in these results.
pub(super) fn bands(instrument: &Instrument, fact: &InstrumentFact, has: &dyn Fn(&str) -> bool) -> Vec<Measure> {
    let definition = instrument.definition();
    let scales = definition.scales.iter().filter_map(|scale| {
        let id = format!("{}.{}", fact.id, scale.id);
        let set = fact.cutoffs.get(&scale.id).filter(|_| has(&format!("{id}.band")))?;
        let of_set = |cutoff: &&CutoffDef| cutoff.id == *set && cutoff.scales.contains(&scale.id);
        let entries: Vec<&CutoffDef> = definition.cutoffs.iter().filter(of_set).collect();
        let mut values: Vec<Value> = Vec::new();
        for step in entries.iter().flat_map(|entry| &entry.bands) {
            if values.iter().any(|value| value.id == step.band) {
                continue;
            }
            let label = definition.bands.get(&step.band);
            let plain = || Text { en: step.band.clone(), zh_cn: step.band.clone() };
            values.push(Value {
                id: step.band.clone(),
                name: label.map_or_else(plain, |label| label.label.clone()),
                raised: label.is_some_and(|label| label.level != Level::Usual),
            });
        }
        let cite = |key: &String| definition.sources.get(key).map(|source| source.cite.clone());
        let short = &definition.abbreviation;
        Some(Measure {
            id,
            instrument: fact.id.clone(),
            name: Text { en: format!("{short}: {}", scale.name.en), zh_cn: format!("{short}：{}", scale.name.zh_cn) },
            direction: Some(scale.direction),
            items: items(instrument, scale, 0),
            cutoff: set.clone(),
            source: entries.first().and_then(|entry| cite(&entry.source)).unwrap_or_default(),
            values,
        })
    });
    scales.filter(|measure| !measure.values.is_empty()).collect()
}

/// Items behind a scale; scales of scales are followed, within reason.
fn items(instrument: &Instrument, scale: &ScaleDef, depth: usize) -> usize {
    let own = instrument.definition().expand_items(&scale.items).map_or(0, |items| items.len());
    if depth > 4 {
        return own;
    }
    let scales = &instrument.definition().scales;
    let parts = scale.of.iter().filter_map(|id| scales.iter().find(|other| other.id == *id));
    own + parts.map(|part| items(instrument, part, depth + 1)).sum::<usize>()
}
