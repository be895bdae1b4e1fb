//! How many hours of interviews there are.

use serde::{Deserialize, Serialize};

use super::SimulateError;

/// Counsellors' hours, as a TOML file says them.
///
/// ```
/// use screening_core::risk::simulate::Capacity;
/// let capacity = Capacity::from_toml(r#"
/// schema = 1
/// minutes-per-interview = 25
/// weeks = 4
/// hours-per-week = 10
/// [[schools]]
/// school = "A"
/// hours-per-week = 40
/// "#)?;
/// assert_eq!((capacity.hours("A"), capacity.hours("B")), (160.0, 40.0));
/// assert_eq!(capacity.interviews(&["A", "B"]), 480);
/// # Ok::<(), screening_core::risk::simulate::SimulateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capacity {
    /// Format version: 1.
    pub schema: u32,
    /// Minutes of one interview, with preparation and notes.
    pub minutes_per_interview: f64,
    /// Weeks within which the interviews are to be done.
    pub weeks: f64,
    /// Hours a week of schools that are not listed.
    #[serde(default)]
    pub hours_per_week: f64,
    /// Schools with hours of their own.
    #[serde(default)]
    pub schools: Vec<SchoolHours>,
}

/// Hours of one school.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SchoolHours {
    /// School as in the results.
    pub school: String,
    /// Hours a week.
    pub hours_per_week: f64,
}

impl Capacity {
    /// Reads a capacity file.
    ///
    /// # Errors
    /// When a key is missing or unknown, a school stands twice, or a number is not positive.
    pub fn from_toml(text: &str) -> Result<Self, SimulateError> {
        let refuse = |why: String| Err(SimulateError::Capacity(why));
        let own: Self = toml::from_str(text).map_err(|error| SimulateError::Capacity(error.to_string()))?;
        if own.schema != 1 {
            return refuse(format!("this engine reads schema 1, the file says {}", own.schema));
        }
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(own.minutes_per_interview) || !positive(own.weeks) {
            return refuse("`minutes-per-interview` and `weeks` must be above zero".to_owned());
        }
        let hours = std::iter::once(own.hours_per_week).chain(own.schools.iter().map(|school| school.hours_per_week));
        if hours.into_iter().any(|hours| !hours.is_finite() || hours < 0.0) {
            return refuse("`hours-per-week` must not be below zero".to_owned());
        }
        for (at, school) in own.schools.iter().enumerate() {
            if own.schools.iter().take(at).any(|known| known.school == school.school) {
                return refuse(format!("school `{}` stands twice", school.school));
            }
        }
        Ok(own)
    }

    /// Hours of a school over all weeks.
    pub fn hours(&self, school: &str) -> f64 {
        let own = self.schools.iter().find(|known| known.school == school);
        own.map_or(self.hours_per_week, |own| own.hours_per_week) * self.weeks
    }

    /// Hours that so many interviews take.
    pub fn hours_for(&self, interviews: u64) -> f64 {
        interviews as f64 * self.minutes_per_interview / 60.0
    }

    /// Whole interviews that these schools can do, each with its own hours: a counsellor does not work at another school.
    pub fn interviews(&self, schools: &[&str]) -> u64 {
        let of = |school: &&str| (self.hours(school) * 60.0 / self.minutes_per_interview + 1e-9).floor() as u64;
        schools.iter().map(of).sum()
    }
}
