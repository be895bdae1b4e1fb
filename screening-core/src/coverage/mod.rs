//! Who was to be reached and who was: enrolled = valid + invalid + retest pending + absent + refused + withdrawn + out of
//! scope + unexplained, at every level.
//!
//! Every enrolled pupil has exactly one [`Status`], found by [`status`], and every count of a [`CoverageTable`] is a sum of
//! pupils. So the parts add up by construction; [`Counts::enrolled`] is that sum and is stored nowhere else.
//! [`next_step`] says what is to be done about those who were not reached.

mod follow_up;
mod table;

use serde::{Deserialize, Serialize};

pub use follow_up::{FollowUp, NextStep, next_step, sort_to_reach};
pub use table::{Counts, CoverageRow, CoverageTable, Enrolled, Level};

/// What the roster knows of consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Nothing is recorded.
    #[default]
    Unrecorded,
    /// Given.
    Granted,
    /// Not given.
    Refused,
    /// Given and taken back: nothing of this pupil is used any more.
    Withdrawn,
}

/// What the roster knows of the day of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attendance {
    /// Nothing is recorded.
    #[default]
    Unrecorded,
    /// Was there.
    Present,
    /// Was not there.
    Absent,
    /// Was there and did not want to answer.
    Refused,
}

/// Whether a pupil belongs to the screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Yes.
    #[default]
    In,
    /// No: a grade or a pupil that is left out on purpose.
    Out,
}

/// What became of a pupil's sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SheetState {
    /// None came in.
    #[default]
    None,
    /// The sheet that counts can be interpreted.
    Valid,
    /// It cannot, and another attempt is planned.
    Retest,
    /// It cannot, and no further attempt is planned: somebody talks with the pupil instead.
    Invalid,
}

/// The one status of a pupil in a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A sheet that can be interpreted.
    Valid,
    /// Only sheets that cannot, and no further attempt is planned.
    Invalid,
    /// Only sheets that cannot so far; another attempt is planned.
    RetestPending,
    /// Not there on the day.
    Absent,
    /// Consent refused, or refused on the day.
    Refused,
    /// Consent withdrawn.
    Withdrawn,
    /// Left out on purpose.
    OutOfScope,
    /// No sheet, and no reason recorded.
    Unexplained,
}

impl Status {
    /// All, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Valid,
        Self::Invalid,
        Self::RetestPending,
        Self::Absent,
        Self::Refused,
        Self::Withdrawn,
        Self::OutOfScope,
        Self::Unexplained,
    ];

    /// The word used in files and as a column name: `valid`, `retest_pending`, ...
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::RetestPending => "retest_pending",
            Self::Absent => "absent",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::OutOfScope => "out_of_scope",
            Self::Unexplained => "unexplained",
        }
    }

    /// Position in [`Self::ALL`].
    pub fn position(self) -> usize {
        self as usize
    }

    /// Name for people.
    pub fn name(self) -> crate::instrument::Text {
        crate::texts::say(&format!("status.{}", self.word()), &[])
    }
}

/// The status of a pupil. The first that applies, in this order:
///
/// 1. consent withdrawn: `withdrawn`, even when a sheet came in, since it may not be used;
/// 2. out of scope: `out_of_scope`;
/// 3. consent refused: `refused`, for the same reason;
/// 4. a sheet that counts: `valid`, `retest_pending` or `invalid`, whatever was recorded of the day (made up later);
/// 5. refused on the day: `refused`;
/// 6. absent on the day: `absent`;
/// 7. nothing of all this: `unexplained`. A pupil who was present but handed nothing in is unexplained too.
///
/// ```
/// use screening_core::coverage::{Attendance, Consent, Scope, SheetState, Status, status};
/// let absent = status(Consent::Granted, Scope::In, Attendance::Absent, SheetState::None);
/// let made_up = status(Consent::Granted, Scope::In, Attendance::Absent, SheetState::Valid);
/// assert_eq!((absent, made_up), (Status::Absent, Status::Valid));
/// ```
pub fn status(consent: Consent, scope: Scope, attendance: Attendance, sheets: SheetState) -> Status {
    match (consent, scope) {
        (Consent::Withdrawn, _) => return Status::Withdrawn,
        (_, Scope::Out) => return Status::OutOfScope,
        (Consent::Refused, _) => return Status::Refused,
        (Consent::Granted | Consent::Unrecorded, Scope::In) => {}
    }
    match (sheets, attendance) {
        (SheetState::Valid, _) => Status::Valid,
        (SheetState::Retest, _) => Status::RetestPending,
        (SheetState::Invalid, _) => Status::Invalid,
        (SheetState::None, Attendance::Refused) => Status::Refused,
        (SheetState::None, Attendance::Absent) => Status::Absent,
        (SheetState::None, Attendance::Present | Attendance::Unrecorded) => Status::Unexplained,
    }
}
