//! Policies: evidence of several kinds leads to a proposed tier, with reasons. The engine proposes, a person decides.
//!
//! A [`Policy`] is data: named tiers with an explicit order of severity, and rules over scores, bands, words, flags,
//! single answers, validity, derived scores of norms, change since earlier waves and records beside the sheets. A [`PolicyEngine`] runs it over the scored sheets of one battery, column by column.
//! Every condition is three-valued: it holds, does not hold, or cannot be said, and then the proposal names what is
//! missing. Three safeguards stand outside the rules of a policy:
//!
//! * a critical answer is listed whatever the tier or the validity says, and proposes at least `critical-tier`;
//! * a sheet that is not to be interpreted gets `retest-tier` and nothing from its scores;
//! * a rule of a higher tier that cannot be decided proposes `incomplete-tier`, never silence.

mod check;
mod condition;
mod describe;
#[cfg(feature = "frame")]
mod engine;
#[cfg(all(feature = "frame", feature = "psychometrics"))]
pub mod evaluate;
mod evidence;
mod model;
#[cfg(feature = "frame")]
mod one;
mod policy;
mod proposal;
mod shape;
#[cfg(feature = "frame")]
pub mod simulate;
#[cfg(feature = "frame")]
mod telling;
#[cfg(feature = "frame")]
mod tree;

#[cfg(feature = "frame")]
pub(crate) use check::check_condition;
pub use check::{LintScope, PolicyContext, check_policy, check_policy_with, lint_policy};
pub use condition::{BandWish, Condition, DerivedScore, Leaf, Reference};
#[cfg(feature = "frame")]
pub(crate) use engine::asked;
#[cfg(feature = "frame")]
pub use engine::{Beside, EngineError, FurtherSheets, JudgedSheets, PolicyEngine, Proposals, RuleCount, SheetSet};
pub use evidence::{CoveredStream, EvidenceKindDef, EvidenceStream, EvidenceValueDef, Speaks, evidence_kinds};
#[cfg(feature = "frame")]
pub use evidence::{EvidenceTable, PupilRecord, RecordFault, RecordPlace};
pub use model::{Effective, ErrorRate, POLICY_SCHEMA, PolicyDef, RuleDef, TierDef};
#[cfg(feature = "frame")]
pub use one::{OneError, OneSheet, propose_one};
pub use policy::Policy;
pub use proposal::{
    CriticalAnswer, Direction, Evidence, EvidenceKind, InvalidSheet, Proposal, Prospect, Undecided, WhyUndecided,
};
