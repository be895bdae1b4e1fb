//! A policy that passed its checks.

use crate::hash::{citation, content_hash};
use crate::instrument::Diagnostics;

use super::check;
use super::model::{PolicyDef, TierDef};

/// A policy that passed its own checks. Whether it fits the instruments is said by [`super::check_policy`].
///
/// ```
/// use screening_core::risk::Policy;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// assert!(policy.citation().starts_with("district-default@"));
/// let urgent: Vec<&str> = policy.tiers().filter(|tier| tier.urgent).map(|tier| tier.id.as_str()).collect();
/// assert_eq!(urgent.first(), Some(&"today"));
/// # Ok::<(), screening_core::instrument::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    definition: PolicyDef,
    hash: String,
    by_severity: Vec<usize>,
}

impl Policy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// All diagnostics, when at least one is an error.
    pub fn from_toml(text: &str) -> Result<Self, Diagnostics> {
        let definition: PolicyDef = toml::from_str(text).map_err(|error| {
            Diagnostics::of_toml(
                &error,
                "compare with the policies of the library; a misspelt or unknown key is an error",
            )
        })?;
        let diagnostics = Diagnostics(check::check_static(&definition)).located(text);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let mut by_severity: Vec<usize> = (0..definition.tiers.len()).collect();
        by_severity.sort_by_key(|at| std::cmp::Reverse(definition.tiers.get(*at).map(|tier| tier.severity)));
        Ok(Self { definition, hash: content_hash(text), by_severity })
    }

    /// A policy of the library inside the binary.
    #[cfg(feature = "bundled")]
    pub fn bundled(id: &str) -> Option<Result<Self, Diagnostics>> {
        crate::instrument::Library::bundled_file(&format!("policies/{id}.toml")).map(Self::from_toml)
    }

    /// The definition.
    pub fn definition(&self) -> &PolicyDef {
        &self.definition
    }

    /// Policy id.
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// `id@version+hash`, with the first 12 digits of the content hash: what results cite.
    pub fn citation(&self) -> String {
        citation(&self.definition.id, &self.definition.version, &self.hash)
    }

    /// A tier by id.
    pub fn tier(&self, id: &str) -> Option<&TierDef> {
        self.definition.tiers.iter().find(|tier| tier.id == id)
    }

    /// All tiers, the most urgent first.
    pub fn tiers(&self) -> impl DoubleEndedIterator<Item = &TierDef> {
        self.by_severity.iter().filter_map(|at| self.definition.tiers.get(*at))
    }

    /// Severity above which a pupil counts as flagged: that of the unflagged, retest and incomplete tiers.
    pub fn flagged_above(&self) -> u16 {
        let definition = &self.definition;
        let quiet = [&definition.unflagged_tier, &definition.retest_tier, &definition.incomplete_tier];
        quiet.into_iter().filter_map(|id| self.tier(id)).map(|tier| tier.severity).max().unwrap_or(0)
    }
}
