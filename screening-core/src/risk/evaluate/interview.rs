//! Interviews: what came of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::EvaluateError;

/// What an interview came to. Not a diagnosis: whether the pupil should get support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterviewOutcome {
    /// Support is wanted.
    NeedsSupport,
    /// None is needed now.
    NoNeed,
    /// The interview left it open.
    CannotSay,
    /// It did not take place.
    NotHeld,
}

impl InterviewOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NeedsSupport, Self::NoNeed, Self::CannotSay, Self::NotHeld];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeedsSupport => "needs-support",
            Self::NoNeed => "no-need",
            Self::CannotSay => "cannot-say",
            Self::NotHeld => "not-held",
        }
    }
}

/// One interview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interview {
    /// Pupil.
    pub student_id: String,
    /// Day.
    pub date: Date,
    /// Outcome.
    pub outcome: InterviewOutcome,
    /// Who held it, as a role.
    pub interviewer_role: String,
}

/// Need by pupil, from the last interview with a clear outcome, and the pupils without one.
pub(super) struct Needs<'a> {
    pub(super) known: HashMap<&'a str, bool>,
    pub(super) unclear: BTreeSet<&'a str>,
}

impl<'a> Needs<'a> {
    /// # Errors
    /// When two interviews of a pupil on one day disagree and no later one settles it.
    pub(super) fn of(interviews: &'a [Interview]) -> Result<Self, EvaluateError> {
        let mut last: BTreeMap<&str, (Date, bool, bool)> = BTreeMap::new();
        for own in interviews {
            let need = match own.outcome {
                InterviewOutcome::NeedsSupport => true,
                InterviewOutcome::NoNeed => false,
                InterviewOutcome::CannotSay | InterviewOutcome::NotHeld => continue,
            };
            let entry = last.entry(own.student_id.trim()).or_insert((own.date, need, false));
            if own.date > entry.0 {
                *entry = (own.date, need, false);
            } else if own.date == entry.0 {
                entry.2 |= entry.1 != need;
            }
        }
        if let Some((student, (date, ..))) = last.iter().find(|(_, (_, _, torn))| *torn) {
            return Err(EvaluateError::Disagree { student: (*student).to_owned(), date: *date });
        }
        let all = interviews.iter().map(|own| own.student_id.trim());
        let unclear = all.filter(|id| !last.contains_key(id)).collect();
        Ok(Self { known: last.into_iter().map(|(id, (_, need, _))| (id, need)).collect(), unclear })
    }
}
