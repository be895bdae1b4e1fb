//! Who is still to be reached, and how.

use std::collections::HashMap;

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

/// Puts the pupils of one school who are to be reached into the order of its list: by grade, by class in the order of the roster,
/// by what is to be done. `key` gives grade and class, and the step, of an entry; entries come in the order of the roster.
///
/// ```
/// use screening_core::coverage::{NextStep, sort_to_reach};
/// let mut list = [(8, "B", NextStep::Explain), (7, "B", NextStep::Retest), (7, "A", NextStep::Talk), (7, "B", NextStep::MakeUp)];
/// sort_to_reach(&mut list, |own| ((Some(own.0), own.1), own.2));
/// assert_eq!(list.map(|own| (own.0, own.1)), [(7, "B"), (7, "B"), (7, "A"), (8, "B")]);
/// assert_eq!(list[0].2, NextStep::MakeUp);
/// ```
pub fn sort_to_reach<'k, T>(list: &mut [T], key: impl Fn(&T) -> ((Option<u8>, &'k str), NextStep)) {
    let mut order: HashMap<(Option<u8>, &str), usize> = HashMap::new();
    for entry in list.iter() {
        let next = order.len();
        order.entry(key(entry).0).or_insert(next);
    }
    list.sort_by_key(|entry| {
        let (class, step) = key(entry);
        (class.0, order.get(&class).copied(), step)
    });
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
