//! When a count is small, and how well it has to be hidden.

use serde::{Deserialize, Serialize};

use super::{DisclosureError, Shown};

/// How a count of nobody is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zeros {
    /// Zero is a small count like any other: "<10" stands for 0 to 9. A cell that nobody could be in (no pupil of that class
    /// and sex is enrolled) is still shown as zero, which tells nothing.
    #[default]
    Suppress,
    /// Zero is shown; "<10" then stands for 1 to 9, and more other cells have to be withheld.
    Publish,
}

/// The rule of a release.
///
/// ```
/// use screening_core::disclosure::{Rule, Zeros};
/// let rule = Rule::default();
/// assert_eq!((rule.threshold, rule.protection, rule.zeros), (10, 5, Zeros::Suppress));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rule {
    /// Counts below this are small; 0 suppresses nothing ([`Rule::exact`]).
    pub threshold: u32,
    /// A reader of all tables must be unable to tell a small cell to less than this: highest minus lowest possible count.
    pub protection: u32,
    /// Zero.
    pub zeros: Zeros,
}

impl Default for Rule {
    fn default() -> Self {
        Self { threshold: 10, protection: 5, zeros: Zeros::Suppress }
    }
}

impl Rule {
    /// The rule with this threshold, half of it (rounded down) as protection, and zeros suppressed.
    ///
    /// ```
    /// use screening_core::disclosure::Rule;
    /// assert_eq!(Rule::below(10), Rule::default());
    /// ```
    pub fn below(threshold: u32) -> Self {
        Self { threshold, protection: (threshold / 2).max(1), zeros: Zeros::Suppress }
    }

    /// No suppression: for the people who have the answers of these pupils before them anyway. Nothing of such a release may be
    /// passed on.
    ///
    /// ```
    /// use screening_core::disclosure::Rule;
    /// assert!(Rule::exact().is_exact() && !Rule::default().is_exact());
    /// ```
    pub fn exact() -> Self {
        Self { threshold: 0, protection: 0, zeros: Zeros::Publish }
    }

    /// Whether nothing is suppressed.
    pub fn is_exact(self) -> bool {
        self.threshold == 0
    }

    /// What is shown of a group that nobody is in and that is no cell of its table: nobody is a small count.
    pub(crate) fn nobody(self) -> Shown {
        if self.is_exact() { Shown::Value(0) } else { Shown::Small }
    }

    /// Lowest count that stands behind "<10".
    pub(super) fn lowest(self) -> i64 {
        match self.zeros {
            Zeros::Suppress => 0,
            Zeros::Publish => 1,
        }
    }

    /// Whether this can be a rule: a threshold of at least 3, and a protection that fits below it.
    ///
    /// # Errors
    /// When it cannot.
    ///
    /// ```
    /// use screening_core::disclosure::Rule;
    /// assert!(Rule::below(5).check().is_ok() && Rule::below(2).check().is_err());
    /// ```
    pub fn check(self) -> Result<(), DisclosureError> {
        if self.is_exact() {
            return Ok(());
        }
        let most = self.threshold.saturating_sub(1).saturating_sub(self.lowest() as u32);
        if self.threshold < 3 || self.protection < 1 || self.protection > most {
            let Self { threshold, protection, .. } = self;
            return Err(DisclosureError::Rule { threshold, protection, most });
        }
        Ok(())
    }
}
