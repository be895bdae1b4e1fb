//! What the engine may know of a person: sex, grade and age. Never a name.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Sex as norms use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Neither; norms by sex do not apply.
    Other,
}

impl Sex {
    /// Reads the words and codes of rosters and interfaces; `None` when the text is none of them.
    ///
    /// ```
    /// use screening_core::answers::Sex;
    /// assert_eq!(Sex::parse("女"), Some(Sex::Female));
    /// assert_eq!(Sex::parse("m"), Some(Sex::Male));
    /// assert_eq!(Sex::parse("?"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "male" | "m" | "男" | "男性" | "1" => Some(Self::Male),
            "female" | "f" | "女" | "女性" | "2" => Some(Self::Female),
            "other" | "x" | "其他" => Some(Self::Other),
            _ => None,
        }
    }

    /// The word used in files: `male`, `female`, `other`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
            Self::Other => "other",
        }
    }
}

/// What is known of the person who answered. Everything may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// Sex.
    pub sex: Option<Sex>,
    /// School grade, 1 to 12.
    pub grade: Option<u8>,
    /// Age in completed months on the day of the test.
    pub age_months: Option<u16>,
}

impl Context {
    /// Age in completed years.
    pub fn age_years(&self) -> Option<u16> {
        self.age_months.map(|months| months / 12)
    }
}

/// Why no age follows from two dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// A text is not a date.
    #[error("`{0}` is not a date; write YYYY-MM-DD")]
    NotADate(String),
    /// The test was before birth, or 150 years after it.
    #[error("no age follows from birth on {birth} and a test on {test}; check both dates")]
    Implausible {
        /// Birth date.
        birth: Date,
        /// Day of the test.
        test: Date,
    },
}

/// Completed months between a birth date and the day of the test. A child born on the 29th of February has its
/// birthday on the 1st of March in other years.
///
/// # Errors
/// When the test is before birth or more than 150 years later.
///
/// ```
/// use screening_core::answers::age_in_months;
/// use jiff::civil::date;
/// assert_eq!(age_in_months(date(2012, 9, 16), date(2026, 9, 15))?, 14 * 12 - 1);
/// # Ok::<(), screening_core::answers::AgeError>(())
/// ```
pub fn age_in_months(birth: Date, test: Date) -> Result<u16, AgeError> {
    let months = (i32::from(test.year()) - i32::from(birth.year())) * 12 + i32::from(test.month())
        - i32::from(birth.month())
        - i32::from(test.day() < birth.day());
    match u16::try_from(months) {
        Ok(months) if months <= 150 * 12 => Ok(months),
        _ => Err(AgeError::Implausible { birth, test }),
    }
}
