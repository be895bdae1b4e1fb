//! What results rest on.

use indexmap::IndexMap;
use serde::Serialize;

use crate::scoring::{ENGINE_VERSION, Scorer};

use super::input::ScreeningInput;

/// Everything that must be the same for the same results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Version of the engine.
    pub engine: String,
    /// Policy, as `id@version+hash`.
    pub policy: String,
    /// Batteries, as `id@version+hash`.
    pub batteries: Vec<String>,
    /// Instruments.
    pub instruments: Vec<InstrumentProvenance>,
    /// Norm sets, as `id@version+hash`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub norms: Vec<String>,
    /// Validity plan, as `id@version+hash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<String>,
    /// Earlier waves, the earliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierProvenance>,
    /// Files with records about pupils, as `file+hash`. The engine sees records only, so whoever read them states it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Settled licences as they were stated.
    pub licences: IndexMap<String, String>,
    /// Wording packs by which option texts were read, as `instrument/language+hash`. The engine sees codes only, so
    /// whoever read the answers states them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wording: Vec<String>,
}

/// One earlier wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EarlierProvenance {
    /// Wave id.
    pub wave: String,
    /// Its day, where known.
    pub date: Option<jiff::civil::Date>,
    /// Instruments, as `id@version+hash`.
    pub instruments: Vec<String>,
    /// Where the results came from, with the SHA-256 of the file. The engine sees frames only, so whoever read them states
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstrumentProvenance {
    /// Instrument id.
    pub id: String,
    /// `id@version+hash`.
    pub citation: String,
    /// Cut-off set by scale.
    pub cutoffs: IndexMap<String, String>,
    /// Scales whose key or cut-off set is established less than well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub medium_evidence: Vec<String>,
}

fn earlier(wave: &crate::change::Wave) -> EarlierProvenance {
    EarlierProvenance {
        wave: wave.id.clone(),
        date: wave.date,
        instruments: wave.instruments.values().cloned().collect(),
        source: None,
    }
}

/// What the results of an input rest on.
pub(super) fn provenance(input: &ScreeningInput<'_>, scorers: &IndexMap<String, Scorer>) -> Provenance {
    let batteries: IndexMap<String, ()> = input.batches.iter().map(|batch| (batch.battery.citation(), ())).collect();
    let cutoffs = |scorer: &Scorer| {
        let scales = scorer.instrument().definition().scales.iter().enumerate();
        scales.filter_map(|(at, scale)| Some((scale.id.clone(), scorer.cutoff_set(at)?.to_owned()))).collect()
    };
    let instrument = |(id, scorer): (&String, &Scorer)| InstrumentProvenance {
        id: id.clone(),
        citation: scorer.instrument().citation(),
        cutoffs: cutoffs(scorer),
        medium_evidence: scorer.medium_evidence().map(str::to_owned).collect(),
    };
    Provenance {
        engine: ENGINE_VERSION.to_owned(),
        policy: input.policy.citation(),
        batteries: batteries.into_keys().collect(),
        instruments: scorers.iter().map(instrument).collect(),
        norms: input.interpretation.norms.iter().map(crate::norms::NormSet::citation).collect(),
        validity: input.interpretation.validity.as_ref().map(crate::validity::ValidityPlan::citation),
        earlier: input.interpretation.earlier.iter().map(earlier).collect(),
        licences: input
            .licences
            .0
            .iter()
            .filter(|(id, _)| scorers.contains_key(*id))
            .map(|(id, text)| (id.clone(), text.clone()))
            .collect(),
        evidence: Vec::new(),
        wording: Vec::new(),
    }
}
