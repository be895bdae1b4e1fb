//! What is read of `summary.json`.

use indexmap::IndexMap;
use jiff::civil::Date;
use screening_core::disclosure::Rule;
use screening_core::instrument::Text;
use serde::Deserialize;

/// The part of the summary that reports use. Other keys are for other programs.
#[derive(Debug, Clone, Deserialize)]
pub struct Summary {
    /// The wave.
    pub wave: WaveFacts,
    /// What the results rest on.
    pub provenance: Provenance,
    /// Rows of the answers.
    pub rows: Rows,
    /// Pupils by status, `enrolled` among them.
    pub coverage: IndexMap<String, u64>,
    /// Pupils by tier.
    pub tiers: Vec<TierFact>,
    /// Rejected sheets with a critical answer.
    #[serde(default)]
    pub stray_critical: u64,
    /// What the validity plan found.
    #[serde(default)]
    pub validity: Option<ValidityFacts>,
    /// What was compared with earlier waves.
    #[serde(default)]
    pub change: Option<ChangeFacts>,
    /// Records beside the sheets.
    #[serde(default)]
    pub evidence: Option<RecordFacts>,
    /// Decisions of named persons.
    #[serde(default)]
    pub agreement: Option<DecisionFacts>,
}

/// Records beside the sheets.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RecordFacts {
    /// Read.
    pub read: u64,
    /// Used.
    pub used: u64,
}

/// Decisions of named persons about proposals.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct DecisionFacts {
    /// Proposals that were decided.
    pub decided: u64,
    /// Proposals that were not.
    pub open: u64,
}

/// The wave.
#[derive(Debug, Clone, Deserialize)]
pub struct WaveFacts {
    /// Id.
    pub id: String,
    /// Day.
    pub date: Date,
    /// How small counts are suppressed; the usual rule in results of an older engine.
    #[serde(default)]
    pub suppression: Rule,
}

/// What the results rest on.
#[derive(Debug, Clone, Deserialize)]
pub struct Provenance {
    /// Version of the engine.
    pub engine: String,
    /// Policy, as `id@version+hash`.
    pub policy: String,
    /// Batteries.
    #[serde(default)]
    pub batteries: Vec<String>,
    /// Instruments.
    #[serde(default)]
    pub instruments: Vec<InstrumentFact>,
    /// Norm sets.
    #[serde(default)]
    pub norms: Vec<String>,
    /// Validity plan.
    #[serde(default)]
    pub validity: Option<String>,
    /// Earlier waves.
    #[serde(default)]
    pub earlier: Vec<EarlierFact>,
}

/// One instrument.
#[derive(Debug, Clone, Deserialize)]
pub struct InstrumentFact {
    /// Id.
    pub id: String,
    /// `id@version+hash`.
    pub citation: String,
    /// Cut-off set by scale.
    #[serde(default)]
    pub cutoffs: IndexMap<String, String>,
}

/// One earlier wave.
#[derive(Debug, Clone, Deserialize)]
pub struct EarlierFact {
    /// Id.
    pub wave: String,
    /// Day.
    #[serde(default)]
    pub date: Option<Date>,
}

/// Rows of the answers.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Rows {
    /// Read.
    pub read: u64,
    /// Used.
    pub used: u64,
    /// Replaced by another sheet.
    pub superseded: u64,
    /// Not used.
    pub rejected: u64,
}

/// One tier.
#[derive(Debug, Clone, Deserialize)]
pub struct TierFact {
    /// Id.
    pub id: String,
    /// Pupils.
    pub pupils: u64,
}

/// What the validity plan found.
#[derive(Debug, Clone, Deserialize)]
pub struct ValidityFacts {
    /// By instrument.
    pub instruments: Vec<ValidityFact>,
}

/// Sheets to one instrument, those that others replace included.
#[derive(Debug, Clone, Deserialize)]
pub struct ValidityFact {
    /// Instrument.
    pub instrument: String,
    /// Sheets.
    pub sheets: u64,
    /// Sound.
    pub valid: u64,
    /// To be read with care.
    pub doubtful: u64,
    /// Not to be interpreted.
    pub invalid: u64,
}

/// What was compared with earlier waves.
#[derive(Debug, Clone, Deserialize)]
pub struct ChangeFacts {
    /// Id of the index that decides.
    #[serde(default)]
    pub judge: String,
    /// The comparisons.
    pub comparisons: Vec<ComparisonFact>,
    /// What was not compared, and why.
    #[serde(default)]
    pub refused: Vec<RefusalFact>,
}

/// One comparison.
#[derive(Debug, Clone, Deserialize)]
pub struct ComparisonFact {
    /// Instrument, as `id@version+hash`.
    pub instrument: String,
    /// Scale.
    pub scale: String,
    /// The earlier wave.
    pub from_wave: String,
    /// The later wave.
    pub to_wave: String,
    /// What it rests on.
    #[serde(default)]
    pub basis: BasisFact,
}

/// What a comparison rests on.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct BasisFact {
    /// Difference of scores beyond which a change is reliable; none where no reliability is known.
    #[serde(default)]
    pub smallest_change: Option<f64>,
}

/// Something that was not compared.
#[derive(Debug, Clone, Deserialize)]
pub struct RefusalFact {
    /// Instrument.
    pub instrument: String,
    /// Scale.
    #[serde(default)]
    pub scale: Option<String>,
    /// Why.
    pub why: Text,
}
