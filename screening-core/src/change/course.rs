//! The course of a pupil over the waves.

use serde::{Deserialize, Serialize};

use crate::instrument::Text;
use crate::texts::say;

/// Where a pupil stands after a wave, seen together with the earlier waves. "Raised" is a band whose level of attention is
/// `raised` or `high`.
///
/// | last wave | the known wave before it | before that | course |
/// |---|---|---|---|
/// | raised | raised | any | persistent |
/// | raised | not | never raised | new onset |
/// | raised | not | raised once | returned |
/// | not | raised | any | recovered |
/// | not | not | any | not raised |
/// | raised | none | | first seen |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// Not raised, nor at the wave before.
    NotRaised,
    /// Raised for the first time, with an earlier wave that was not.
    NewOnset,
    /// Raised at two waves one after the other.
    Persistent,
    /// Raised again after a wave that was not.
    Returned,
    /// No longer raised.
    Recovered,
    /// Raised, and no earlier wave to compare with.
    FirstSeen,
}

impl Course {
    /// All courses.
    pub const ALL: [Self; 6] =
        [Self::NotRaised, Self::NewOnset, Self::Persistent, Self::Returned, Self::Recovered, Self::FirstSeen];

    /// The course after the last of these waves, the earliest first; `None` in a wave means that no band is known. Without a
    /// band at the last wave there is no course; waves without a band before it are passed over.
    ///
    /// ```
    /// use screening_core::change::Course;
    /// assert_eq!(Course::after(&[Some(false), Some(true)]), Some(Course::NewOnset));
    /// assert_eq!(Course::after(&[Some(true), None, Some(true)]), Some(Course::Persistent));
    /// assert_eq!(Course::after(&[Some(true), Some(false), Some(true)]), Some(Course::Returned));
    /// assert_eq!(Course::after(&[Some(true), None]), None);
    /// ```
    pub fn after(waves: &[Option<bool>]) -> Option<Self> {
        let (last, earlier) = waves.split_last()?;
        let mut known = earlier.iter().rev().flatten().copied();
        Some(match ((*last)?, known.next()) {
            (true, Some(true)) => Self::Persistent,
            (true, Some(false)) if known.any(|raised| raised) => Self::Returned,
            (true, Some(false)) => Self::NewOnset,
            (true, None) => Self::FirstSeen,
            (false, Some(true)) => Self::Recovered,
            (false, _) => Self::NotRaised,
        })
    }

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotRaised => "not-raised",
            Self::NewOnset => "new-onset",
            Self::Persistent => "persistent",
            Self::Returned => "returned",
            Self::Recovered => "recovered",
            Self::FirstSeen => "first-seen",
        }
    }

    /// The name for people.
    pub fn name(self) -> Text {
        say(&format!("change-course.{}", self.word()), &[])
    }
}
