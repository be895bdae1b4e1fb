//! Who is still to be reached, and how.

use serde::Serialize;

use super::{Consent, Status};

/// What is to be done about a pupil without a sheet that can be interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextStep {
    /// Consent has to be recorded in this wave, and is not: ask for it before anything else.
    AskConsent,
    /// Was not there: let the pupil answer on another day.
    MakeUp,
    /// The sheet cannot be interpreted: let the pupil answer once more.
    Retest,
    /// No sheet and no reason: find out why.
    Explain,
    /// No further attempt is planned: somebody talks with the pupil.
    Talk,
}

impl NextStep {
    /// All, in the order in which they are done.
    pub const ALL: [Self; 5] = [Self::AskConsent, Self::MakeUp, Self::Retest, Self::Explain, Self::Talk];

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::AskConsent => "ask_consent",
            Self::MakeUp => "make_up",
            Self::Retest => "retest",
            Self::Explain => "explain",
            Self::Talk => "talk",
        }
    }

    /// Name for people.
    pub fn name(self) -> crate::instrument::Text {
        crate::texts::say(&format!("next-step.{}", self.word()), &[])
    }
}

/// A pupil who is still to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FollowUp {
    /// Position in the roster.
    pub pupil: usize,
    /// Status.
    pub status: Status,
    /// What is to be done.
    pub step: NextStep,
}

/// What is to be done about a pupil; none for those who were reached, and for those whom nobody may or need reach: refused,
/// withdrawn, out of scope. `needs_consent` says that consent has to be recorded before a pupil answers (opt-in).
///
/// ```
/// use screening_core::coverage::{Consent, NextStep, Status, next_step};
/// assert_eq!(next_step(Status::Absent, Consent::Granted, true), Some(NextStep::MakeUp));
/// assert_eq!(next_step(Status::Absent, Consent::Unrecorded, true), Some(NextStep::AskConsent));
/// assert_eq!(next_step(Status::Refused, Consent::Refused, true), None);
/// ```
pub fn next_step(status: Status, consent: Consent, needs_consent: bool) -> Option<NextStep> {
    let unasked = needs_consent && consent == Consent::Unrecorded;
    match status {
        Status::Absent | Status::Unexplained if unasked => Some(NextStep::AskConsent),
        Status::Absent => Some(NextStep::MakeUp),
        Status::RetestPending => Some(NextStep::Retest),
        Status::Unexplained => Some(NextStep::Explain),
        Status::Invalid => Some(NextStep::Talk),
        Status::Valid | Status::Refused | Status::Withdrawn | Status::OutOfScope => None,
    }
}
