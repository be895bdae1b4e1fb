//! What a report counts: tiers, bands, changes.

use screening_core::answers::Sex;
use screening_core::instrument::model::{CutoffDef, Direction, GroupDef, Level, ScaleDef};
use screening_core::instrument::{Instrument, Text};
use screening_core::risk::Policy;
use screening_core::stats::Decimal;

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
    /// Name, with the short name of the instrument.
    pub name: Text,
    /// Name of the scale alone.
    pub scale: Text,
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
    /// Lowest and highest possible score, where the definition says so.
    pub range: Option<(f64, f64)>,
    /// The cut-offs: for whom, and for each band the lowest score of it (none for the first) and its place among the values. A
    /// score tells its band by itself where there is one entry for everybody.
    pub cuts: Vec<Cuts>,
}

/// The cut-offs of a group of people.
#[derive(Debug, Clone, PartialEq)]
pub struct Cuts {
    /// For whom they hold; none for everybody.
    pub when: Option<GroupDef>,
    /// Lowest score of each band, included; none for the first; and the place of the band among the values.
    pub steps: Vec<(Option<f64>, usize)>,
}

/// Of whom it is known for whom cut-offs hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Person {
    /// Place among [`super::SEXES`].
    pub(crate) sex: Option<u8>,
    pub(crate) grade: Option<u8>,
    /// In years.
    pub(crate) age: Option<f64>,
}

impl Person {
    /// Whether the person belongs to a group; what is not known does not.
    fn is(&self, group: &GroupDef) -> bool {
        let sex = |sex: Sex| match sex {
            Sex::Male => self.sex == Some(0),
            Sex::Female => self.sex == Some(1),
            Sex::Other => self.sex == Some(2),
        };
        let years = self.age.filter(|age| (0.0..150.0).contains(age)).map(|age| age.floor() as u16);
        group.sex.is_none_or(sex)
            && group.ages.is_none_or(|span| years.is_some_and(|years| span.contains(years)))
            && group.grades.is_none_or(|span| self.grade.is_some_and(|grade| span.contains(u16::from(grade))))
    }
}

impl Measure {
    /// The scores that are not raised, for a person, or where they are the same for everybody; none where that is not known.
    pub(crate) fn usual(&self, person: Option<&Person>) -> Option<(f64, f64)> {
        let range = self.range?;
        let holds = |cuts: &&Cuts| match (cuts.when, person) {
            (None, _) => true,
            (Some(when), Some(person)) => person.is(&when),
            (Some(_), None) => false,
        };
        let cuts = match (person, self.cuts.as_slice()) {
            (None, [one]) => Some(one).filter(holds),
            (None, _) => None,
            (Some(_), all) => all.iter().find(holds),
        };
        cuts?.usual(&self.values, range)
    }

    /// The cut-offs, where they are the same for everybody and no band stands there twice.
    pub(crate) fn cuts_of_all(&self) -> Option<&[(Option<f64>, usize)]> {
        let [Cuts { when: None, steps }] = self.cuts.as_slice() else { return None };
        let mut bands: Vec<usize> = steps.iter().map(|own| own.1).collect();
        bands.sort_unstable();
        bands.dedup();
        (bands.len() == steps.len()).then_some(steps)
    }
}

impl Cuts {
    /// Lowest and highest score of the values that are not raised, between the ends of the range; none where they do not lie side
    /// by side or there are none. Where a raised band follows, its lowest score is the upper end.
    pub(crate) fn usual(&self, values: &[Value], (low, high): (f64, f64)) -> Option<(f64, f64)> {
        let is_usual = |own: &(Option<f64>, usize)| values.get(own.1).is_some_and(|value| !value.raised);
        let first = self.steps.iter().position(is_usual)?;
        let run = self.steps.iter().skip(first).take_while(|own| is_usual(own)).count();
        if self.steps.iter().filter(|own| is_usual(own)).count() != run {
            return None;
        }
        let from = self.steps.get(first).and_then(|own| own.0).unwrap_or(low);
        let to = self.steps.get(first + run).and_then(|own| own.0).unwrap_or(high);
        (from < to).then_some((from, to))
    }
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
        scale: both("measure.tier", &[]),
        values: values.collect(),
        direction: None,
        items: 0,
        cutoff: String::new(),
        source: String::new(),
        range: None,
        cuts: Vec::new(),
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
        let place = |band: &String| values.iter().position(|value| value.id == *band);
        let cuts = entries.iter().map(|entry| Cuts {
            when: entry.when.filter(|when| *when != GroupDef::default()),
            steps: entry
                .bands
                .iter()
                .filter_map(|step| Some((step.from.map(Decimal::to_f64), place(&step.band)?)))
                .collect(),
        });
        let cuts = cuts.collect();
        let cite = |key: &String| definition.sources.get(key).map(|source| source.cite.clone());
        let short = &definition.abbreviation;
        Some(Measure {
            id,
            instrument: fact.id.clone(),
            name: Text { en: format!("{short}: {}", scale.name.en), zh_cn: format!("{short}：{}", scale.name.zh_cn) },
            scale: scale.name.clone(),
            direction: Some(scale.direction),
            items: items(instrument, scale, 0),
            cutoff: set.clone(),
            source: entries.first().and_then(|entry| cite(&entry.source)).unwrap_or_default(),
            range: scale.range.map(|[low, high]| (low.to_f64(), high.to_f64())),
            cuts,
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
