//! What the indices of one scale rest on, each figure with its source.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::error::ChangeError;
use super::retest::RetestGroup;
use super::{
    ChangeIndex, EdwardsNunnally, HagemanArrindell, JacobsonTruax, PracticeAdjusted, PracticeError, RegressionBased,
    RegressionError,
};
use crate::instrument::model::{Figure, ReliabilityDef};
use crate::instrument::{Instrument, Text};
use crate::texts::{Fill, say};

/// Ids of the indices, in the order of their columns.
pub const INDEX_KINDS: [&str; 6] = [
    JacobsonTruax::KIND,
    EdwardsNunnally::KIND,
    HagemanArrindell::KIND,
    PracticeAdjusted::CHELUNE,
    PracticeAdjusted::IVERSON,
    RegressionBased::KIND,
];

/// Fewest pupils in both waves from which a standard deviation or a correlation is taken.
pub const FEWEST_PUPILS: u32 = 30;

/// How change is computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeOptions {
    /// Reliabilities that are to be used, by `<instrument>.<scale>`.
    pub reliability: HashMap<String, GivenReliability>,
    /// Where means and standard deviations of a single wave come from.
    pub spread: SpreadChoice,
    /// Use published figures of this region only, for example `CN`.
    pub region: Option<String>,
    /// Groups that were tested twice, by `<instrument>.<scale>`, instead of all pupils of both waves.
    pub retest: HashMap<String, RetestGroup>,
    /// The index that decides, one of [`INDEX_KINDS`]; Jacobson-Truax when left out.
    pub judge: Option<String>,
}

impl ChangeOptions {
    /// Id of the index that decides.
    pub fn judge(&self) -> &str {
        self.judge.as_deref().unwrap_or(JacobsonTruax::KIND)
    }
}

/// A reliability that the caller answers for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GivenReliability {
    /// The coefficient.
    pub value: f64,
    /// Where it comes from.
    pub source: String,
}

/// Where the mean and the standard deviation of a score come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpreadChoice {
    /// The earlier wave, over the pupils of both waves.
    #[default]
    Wave,
    /// The definition's published figures; of several, the one with the largest standard deviation, which calls the
    /// fewest changes reliable.
    Published,
}

/// A reliability in use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// The coefficient.
    pub value: f64,
    /// `alpha`, `omega`, `retest`, `icc`, `split-half`, or `given`.
    pub kind: &'static str,
    /// Population.
    pub population: Option<Text>,
    /// Citation.
    pub source: String,
}

/// A mean and a standard deviation in use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n - 1).
    pub sd: f64,
    /// Where they come from.
    pub source: Text,
}

/// What the indices of one scale between two waves rest on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScaleBasis {
    /// The pupils of both waves.
    pub pupils: Option<RetestGroup>,
    /// Mean and standard deviation of a single wave.
    pub spread: Option<Spread>,
    /// Reliability.
    pub reliability: Option<Reliability>,
    /// The group that was tested twice, for the practice-adjusted and regression-based indices.
    pub retest: Option<RetestGroup>,
    /// What that group is.
    pub retest_source: Option<Text>,
    /// Standard error of measurement, where known.
    pub sem: Option<f64>,
    /// Difference beyond which Jacobson-Truax calls a change reliable.
    pub smallest_change: Option<f64>,
    /// Indices that cannot be computed, with the reason.
    pub refused: Vec<(&'static str, Text)>,
}

/// The indices of one scale between two waves, in the order of [`INDEX_KINDS`]; those that cannot be computed are `None`.
pub(super) struct Indices(pub(super) Vec<Option<Box<dyn ChangeIndex + Send + Sync>>>);

/// Looks up the figures and makes the indices.
pub(super) fn basis(
    instrument: &Instrument,
    scale: &str,
    (before, after): (&[f64], &[f64]),
    from_wave: &str,
    options: &ChangeOptions,
) -> (ScaleBasis, Indices) {
    let key = format!("{}.{scale}", instrument.id());
    let pupils = RetestGroup::of(before, after).ok().filter(|group| group.n >= FEWEST_PUPILS);
    let reliability = reliability(instrument, scale, &key, options);
    let spread = spread(instrument, scale, pupils.as_ref(), from_wave, options);
    let given = options.retest.get(&key).copied();
    let retest = given.or(pupils);
    let retest_source = retest.map(|group| {
        let n = group.n.to_string();
        let key = if given.is_some() { "change-basis.retest-given" } else { "change-basis.retest-pupils" };
        say(key, &[("n", Fill::Same(&n))])
    });
    let mut basis = ScaleBasis {
        pupils,
        spread,
        reliability,
        retest,
        retest_source,
        sem: None,
        smallest_change: None,
        refused: Vec::new(),
    };
    let indices = make(&mut basis);
    (basis, indices)
}

type Made = Result<Box<dyn ChangeIndex + Send + Sync>, ChangeError>;

fn make(basis: &mut ScaleBasis) -> Indices {
    let r = basis.reliability.as_ref().map(|reliability| reliability.value);
    let single = basis.spread.as_ref().map(|spread| (spread.mean, spread.sd));
    let missing = |r: bool, single: bool, group: bool| -> Option<&'static str> {
        if !r {
            Some("change-refused.no-reliability")
        } else if !single {
            Some("change-refused.no-spread")
        } else {
            (!group).then_some("change-refused.few-pupils")
        }
    };
    if let (Some((_, sd)), Some(r)) = (single, r)
        && let Ok(index) = JacobsonTruax::new(sd, r)
    {
        (basis.sem, basis.smallest_change) = (Some(index.sem()), Some(index.smallest_change()));
    }
    let (pupils, retest) = (basis.pupils, basis.retest);
    let attempts: [(&'static str, Option<&'static str>, &dyn Fn() -> Option<Made>); 6] = [
        (JacobsonTruax::KIND, missing(r.is_some(), single.is_some(), true), &|| {
            let ((_, sd), r) = (single?, r?);
            Some(JacobsonTruax::new(sd, r).map(|index| Box::new(index) as _))
        }),
        (EdwardsNunnally::KIND, missing(r.is_some(), single.is_some(), true), &|| {
            let ((mean, sd), r) = (single?, r?);
            Some(EdwardsNunnally::new(mean, sd, r).map(|index| Box::new(index) as _))
        }),
        (HagemanArrindell::KIND, missing(r.is_some(), true, pupils.is_some()), &|| {
            let (group, r) = (pupils?, r?);
            Some(HagemanArrindell::new(&group, r, r).map(|index| Box::new(index) as _))
        }),
        (PracticeAdjusted::CHELUNE, missing(true, true, retest.is_some()), &|| {
            Some(PracticeAdjusted::new(&retest?, PracticeError::First).map(|index| Box::new(index) as _))
        }),
        (PracticeAdjusted::IVERSON, missing(true, true, retest.is_some()), &|| {
            Some(PracticeAdjusted::new(&retest?, PracticeError::Both).map(|index| Box::new(index) as _))
        }),
        (RegressionBased::KIND, missing(true, true, retest.is_some()), &|| {
            Some(RegressionBased::new(&retest?, RegressionError::Estimate).map(|index| Box::new(index) as _))
        }),
    ];
    let mut indices = Vec::with_capacity(attempts.len());
    for (kind, missing, attempt) in attempts {
        let made = attempt();
        let index = match (made, missing) {
            (Some(Ok(index)), None) => Some(index),
            (Some(Err(error)), _) => {
                let why = error.to_string();
                basis.refused.push((kind, say("change-refused.unsound", &[("why", Fill::Same(&why))])));
                None
            }
            (_, missing) => {
                let needed = FEWEST_PUPILS.to_string();
                let key = missing.unwrap_or("change-refused.few-pupils");
                basis.refused.push((kind, say(key, &[("needed", Fill::Same(&needed))])));
                None
            }
        };
        indices.push(index);
    }
    Indices(indices)
}

fn reliability(instrument: &Instrument, scale: &str, key: &str, options: &ChangeOptions) -> Option<Reliability> {
    if let Some(given) = options.reliability.get(key) {
        return Some(Reliability { value: given.value, kind: "given", population: None, source: given.source.clone() });
    }
    let definition = instrument.definition();
    let own =
        definition.reliability.iter().filter(|entry| entry.scale == scale && of_region(entry.region.as_ref(), options));
    let all: Vec<&ReliabilityDef> = own.collect();
    type Pick = (&'static str, fn(&ReliabilityDef) -> Option<Figure>);
    // Internal consistency first: between two waves months apart a retest correlation holds true change as well.
    let order: [Pick; 5] = [
        ("alpha", |entry| entry.alpha),
        ("omega", |entry| entry.omega),
        ("split-half", |entry| entry.split_half),
        ("icc", |entry| entry.icc),
        ("retest", |entry| entry.retest),
    ];
    order.into_iter().find_map(|(kind, figure)| {
        // Of several the lowest, which calls the fewest changes reliable.
        let candidates = all.iter().filter_map(|entry| Some((figure(entry)?.lowest(), entry)));
        let (value, entry) = candidates.min_by_key(|(value, _)| *value)?;
        let cite = definition.sources.get(&entry.source).map_or(entry.source.clone(), |source| source.cite.clone());
        Some(Reliability { value: value.to_f64(), kind, population: Some(entry.population.clone()), source: cite })
    })
}

fn spread(
    instrument: &Instrument,
    scale: &str,
    pupils: Option<&RetestGroup>,
    from_wave: &str,
    options: &ChangeOptions,
) -> Option<Spread> {
    if options.spread == SpreadChoice::Wave {
        let group = pupils?;
        let n = group.n.to_string();
        let source = say("change-basis.wave", &[("wave", Fill::Same(from_wave)), ("n", Fill::Same(&n))]);
        return Some(Spread { mean: group.mean_before, sd: group.sd_before, source });
    }
    let definition = instrument.definition();
    let own = definition
        .reference
        .iter()
        .filter(|entry| entry.scale == scale && entry.group.is_none() && of_region(entry.region.as_ref(), options));
    let (mean, sd, entry) =
        own.filter_map(|entry| Some((entry.mean?, entry.sd?, entry))).max_by_key(|(_, sd, _)| *sd)?;
    let cite = definition.sources.get(&entry.source).map_or(entry.source.as_str(), |source| source.cite.as_str());
    let fills = [("population", Fill::Both(&entry.population)), ("source", Fill::Same(cite))];
    Some(Spread { mean: mean.to_f64(), sd: sd.to_f64(), source: say("change-basis.published", &fills) })
}

fn of_region(region: Option<&String>, options: &ChangeOptions) -> bool {
    options.region.is_none() || region == options.region.as_ref()
}
