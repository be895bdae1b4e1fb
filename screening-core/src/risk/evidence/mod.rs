//! What is known of pupils beside the sheets: history, nominations, outcomes of interviews.
//!
//! A [`PupilRecord`] is one line of a long table: pupil, kind, source, value, date. Kinds, sources and values are a closed
//! vocabulary ([`evidence_kinds`]); there is no free text. The [`EvidenceTable`] answers, for a pupil and a condition, yes, no or
//! *cannot say*:
//!
//! * **yes**: a record says so, not older than the rule allows;
//! * **no**: the source was delivered for the pupil ([`CoveredStream`]), or says itself that there is nothing, and no record
//!   says so;
//! * **cannot say**: the source was never delivered for the pupil, the record has no date and the rule asks for one, or the
//!   record leaves the matter open. Silence of a source that was not asked is not a no.

#[cfg(feature = "frame")]
mod known;
mod stream;
mod vocabulary;

#[cfg(feature = "frame")]
pub use known::{EvidenceTable, PupilRecord, RecordFault, RecordPlace};
#[cfg(feature = "frame")]
pub(super) use known::{Reading, Said, WhyOpen};
pub use stream::{CoveredStream, EvidenceStream};
pub use vocabulary::{EvidenceKindDef, EvidenceValueDef, Speaks, evidence_kinds};
