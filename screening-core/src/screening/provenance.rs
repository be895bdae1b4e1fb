//! What results rest on.

use indexmap::IndexMap;
use serde::Serialize;

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
    /// Settled licences as they were stated.
    pub licences: IndexMap<String, String>,
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
}
