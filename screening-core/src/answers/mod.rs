//! Coded answers, the kinds of missing, and the person they belong to.

mod context;

pub use context::{AgeError, Context, Sex, age_in_months};

/// Why an answer is not there.
///
/// In a column of codes (`i8`) each kind has a code of its own below -100, which no instrument may use.
///
/// ```
/// use screening_core::answers::Missing;
/// assert_eq!(Missing::NotShown.code(), -126);
/// assert_eq!(Missing::from_code(-128), Some(Missing::Skipped));
/// assert_eq!(Missing::from_code(3), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Left blank.
    Skipped,
    /// The person refused to answer.
    Refused,
    /// The form did not show the question.
    NotShown,
    /// An answer was there but is not one of the allowed codes.
    Invalid,
}

impl Missing {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Skipped, Self::Refused, Self::NotShown, Self::Invalid];

    /// The code that stands for this kind in a column of answers.
    pub const fn code(self) -> i8 {
        match self {
            Self::Skipped => -128,
            Self::Refused => -127,
            Self::NotShown => -126,
            Self::Invalid => -125,
        }
    }

    /// The kind that a code stands for.
    pub const fn from_code(code: i8) -> Option<Self> {
        match code {
            -128 => Some(Self::Skipped),
            -127 => Some(Self::Refused),
            -126 => Some(Self::NotShown),
            -125 => Some(Self::Invalid),
            _ => None,
        }
    }
}

/// The sentinel of a missing wide (number or clock) answer.
pub(crate) const fn wide_missing(kind: Missing) -> i32 {
    i32::MIN + (kind.code() as i32 + 128)
}

/// The kind of missing that a wide slot holds.
pub(crate) const fn wide_kind(value: i32) -> Option<Missing> {
    if value > i32::MIN + 3 { None } else { Missing::from_code((value - i32::MIN - 128) as i8) }
}

/// Lowest code that an answer may have; everything below stands for a kind of missing.
pub const MIN_CODE: i8 = -100;
/// Highest code that an answer may have.
pub const MAX_CODE: i8 = 100;

/// Yes, no, or cannot say.
///
/// ```
/// use screening_core::answers::Tri;
/// assert_eq!(Tri::Unknown.and(Tri::No), Tri::No);
/// assert_eq!(Tri::Unknown.or(Tri::Yes), Tri::Yes);
/// assert_eq!(!Tri::Unknown, Tri::Unknown);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tri {
    /// It does not hold.
    No,
    /// It may or may not hold.
    #[serde(rename = "cannot-say")]
    Unknown,
    /// It holds.
    Yes,
}

impl Tri {
    /// Kleene's "and".
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Kleene's "or".
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !((!self).and(!other))
    }

    /// `Some(true)`, `Some(false)` or `None` for cannot say.
    pub fn known(self) -> Option<bool> {
        match self {
            Self::No => Some(false),
            Self::Unknown => None,
            Self::Yes => Some(true),
        }
    }

    /// From a decided or undecided answer.
    pub fn from_known(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }

    /// Whether it surely holds.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// The word used in files: `yes`, `no`, `cannot-say`.
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "cannot-say",
            Self::Yes => "yes",
        }
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}
