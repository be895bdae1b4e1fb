//! One whole screening: roster, answers of a wave, batteries, norms, a validity plan, earlier waves and a policy in; results, proposals, coverage and everything
//! that was not used out. One call, [`screen`]; no files, no clock, no identity.
//!
//! Nothing is lost: every row of the answers is used, superseded by another sheet of the same pupil, or rejected with a
//! reason. A critical answer surfaces even on a rejected sheet ([`ScreeningResult::stray_critical`]).

mod accounts;
mod against;
mod audit;
mod battery;
mod checks;
mod decisions;
mod error;
mod evidence;
mod forms;
mod input;
mod join;
mod judge;
mod match_up;
mod measures;
mod people;
mod pipeline;
mod propose;
mod provenance;
mod rehearse;
mod result;
mod results_frame;
mod summary;
mod told;

pub use audit::{Acceptance, AcceptanceError, AuditRefusal, AuditSettings, WaveAudit, WaveFinding};
pub use battery::{BATTERY_SCHEMA, Battery, BatteryDef, FurtherForm, MAIN_FORM};
pub use decisions::{Agreement, AgreementCell, Decision, PupilDecision, decision_reasons};
pub use error::ScreeningError;
pub use evidence::{Delivered, EvidenceUse, PupilEvidence};
pub use input::{AttemptPolicy, Batch, ConsentMode, Interpretation, Licences, Pupil, ScreeningInput, WaveSettings};
pub use measures::Measure;
pub use people::pupils_from_frame;
pub use pipeline::screen;
pub use provenance::{EarlierProvenance, InstrumentProvenance, Provenance};
pub use rehearse::{Rehearsal, rehearse};
pub use result::{
    FormDue, PupilProposal, Rejection, RejectionKind, ScreeningResult, SheetPlace, StrayCritical, Superseded,
};
pub use summary::{
    ChangeUse, FormTotal, InstrumentValidity, NormUse, RowTotals, RuleTotal, Summary, TierTotal, ValidityUse,
};
