//! Why a screening cannot be run.

use crate::change::ChangeError;
use crate::instrument::Diagnostics;
use crate::norms::ApplyError;
use crate::risk::EngineError;
use crate::scoring::{CompileError, FrameError};
use crate::validity::ValidityError;

/// Why a screening cannot be run. Nothing was computed; each message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ScreeningError {
    /// The roster is empty.
    #[error("the roster has no pupil; coverage and alerts need one row for each enrolled pupil")]
    EmptyRoster,
    /// A student id stands twice.
    #[error(
        "roster: student_id `{student_id}` stands in row {first} and in row {second}; each pupil needs one row and an id of its own"
    )]
    DuplicatePupil {
        /// The id.
        student_id: String,
        /// Row, from 1.
        first: usize,
        /// Row, from 1.
        second: usize,
    },
    /// A roster column is missing or holds something else.
    #[error("roster: column `{column}`: {why}; {help}")]
    Roster {
        /// Column.
        column: String,
        /// Cause.
        why: String,
        /// Fix.
        help: String,
    },
    /// Two batteries serve the same grade.
    #[error(
        "grade {grade} is in the batteries `{first}` and `{second}`; a grade answers one battery: change the grades of one of them"
    )]
    Overlap {
        /// Grade.
        grade: u16,
        /// Battery.
        first: String,
        /// Battery.
        second: String,
    },
    /// Two batteries have the same id and different content.
    #[error("battery `{id}` is given twice with different content; give the changed one an id of its own")]
    BatteryTwice {
        /// Battery id.
        id: String,
    },
    /// An instrument is not in the library.
    #[error(
        "battery `{battery}`: there is no instrument `{instrument}` in the library; correct the id or load its definition"
    )]
    UnknownInstrument {
        /// Battery id.
        battery: String,
        /// Instrument id.
        instrument: String,
    },
    /// A licence is not acknowledged.
    #[error(
        "battery `{battery}`: `{instrument}` is not free to use ({status}: {note}); when the licence is settled, write `{instrument} = \"who settled it and how\"` under [licences]"
    )]
    Licence {
        /// Battery id.
        battery: String,
        /// Instrument id.
        instrument: String,
        /// Kind of licence.
        status: String,
        /// What it means for a school.
        note: String,
    },
    /// The policy does not fit the instruments.
    #[error("policy `{policy}`: {diagnostics}")]
    Policy {
        /// Policy id.
        policy: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// The policy is not in force on the day of the wave.
    #[error(
        "policy `{policy}` is in force {period}, but the wave is dated {day}; use the policy of that day, or change its dates in a new version"
    )]
    NotInForce {
        /// Policy id.
        policy: String,
        /// From and to.
        period: String,
        /// Day of the wave.
        day: String,
    },
    /// A battery reaches beyond the grades of the policy.
    #[error(
        "battery `{battery}` is for grades {from}-{to}, policy `{policy}` for grades {policy_from}-{policy_to}; use a policy made for these grades"
    )]
    PolicyGrades {
        /// Battery id.
        battery: String,
        /// First grade.
        from: u16,
        /// Last grade.
        to: u16,
        /// Policy id.
        policy: String,
        /// First grade of the policy.
        policy_from: u16,
        /// Last grade of the policy.
        policy_to: u16,
    },
    /// A chosen cut-off set belongs to no instrument of the batteries.
    #[error("cut-offs are chosen for `{instrument}`, which no battery contains; correct the id")]
    UnusedCutoffs {
        /// Instrument id.
        instrument: String,
    },
    /// A frame of answers lacks the student id.
    #[error("battery `{battery}`: the answers have no column `student_id` ({why}); without it no sheet can be matched")]
    NoStudentId {
        /// Battery id.
        battery: String,
        /// Cause.
        why: String,
    },
    /// The auditor is certain that a file is not what it says it is.
    #[error(transparent)]
    Audit(#[from] Box<super::audit::AuditRefusal>),
    /// A norm set does not fit the definitions in use.
    #[error("norms `{norms}`: {diagnostics}")]
    Norms {
        /// Id of the set.
        norms: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// Two norm sets hold the same scale.
    #[error(
        "`{scale}` is in the norms `{first}` and `{second}`; a score has one norm: take one of the sets out, or the scale out of one of them"
    )]
    NormTwice {
        /// Column of the score.
        scale: String,
        /// Norm set.
        first: String,
        /// Norm set.
        second: String,
    },
    /// Norms cannot be used with these results.
    #[error("norms `{norms}`: {source}")]
    Apply {
        /// Id of the set.
        norms: String,
        /// Cause.
        source: ApplyError,
    },
    /// The validity plan cannot be used for an instrument.
    #[error("validity of `{instrument}`: {source}")]
    Validity {
        /// Instrument id.
        instrument: String,
        /// Cause.
        source: ValidityError,
    },
    /// The earlier waves cannot be compared with this one.
    #[error("earlier waves: {0}")]
    Change(#[from] ChangeError),
    /// A record about a pupil is not in the vocabulary.
    #[error("evidence, {place}: {fault}")]
    Record {
        /// File and row.
        place: String,
        /// Cause.
        fault: crate::risk::RecordFault,
    },
    /// A source is said to be delivered for a school that the roster does not know.
    #[error(
        "evidence: `{stream}` is said to be delivered for the school `{school}`, which the roster does not have; write the name as in the roster"
    )]
    EvidenceSchool {
        /// The source.
        stream: String,
        /// The school.
        school: String,
    },
    /// A decision is none.
    #[error("decisions, {place}: {why}")]
    Decision {
        /// File and row.
        place: String,
        /// Cause and fix.
        why: String,
    },
    /// Decisions stand beside these proposals already.
    #[error("decisions are recorded beside these proposals already; record all files in one call")]
    DecidedTwice,
    /// Decisions by the tiers of another policy.
    #[error("the proposals are by policy {used}, the decisions are read by {given}; use the same policy")]
    DecisionPolicy {
        /// Policy of the proposals.
        used: String,
        /// Policy that was given.
        given: String,
    },
    /// A policy cannot be tried over a battery with further forms.
    #[error(
        "battery `{battery}` has further forms: who is asked for one changes with the thresholds, so policies over it cannot be simulated or evaluated; leave the further forms out of the job file for this"
    )]
    NotRehearsed {
        /// Battery id.
        battery: String,
    },
    /// The condition of a further form does not fit.
    #[error("battery `{battery}`, form `{form}`: {why}; correct the condition `when`")]
    FurtherForm {
        /// Battery id.
        battery: String,
        /// Form id.
        form: String,
        /// Cause.
        why: String,
    },
    /// An instrument cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Answers cannot be scored.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The policy cannot be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A frame cannot be built.
    #[error(transparent)]
    Polars(#[from] polars::prelude::PolarsError),
}
