//! Which indices are computed, when they speak against a sheet, and how many have to.

mod check;
mod model;

use crate::hash::{citation, content_hash};
use crate::instrument::Diagnostics;

pub use model::{DistanceMeasure, FiresDef, IndexDef, PageDef, VALIDITY_SCHEMA, ValidityPlanDef, ValidityRuleDef};

/// A validity plan that passed its checks.
///
/// ```
/// use screening_core::validity::ValidityPlan;
/// let plan = ValidityPlan::bundled("district-default").expect("bundled")?;
/// assert!(plan.citation().starts_with("district-default@"));
/// // No single statistical index makes a sheet invalid.
/// let alone = plan.definition().rules.iter().filter(|rule| rule.alone);
/// assert!(alone.clone().count() > 0 && alone.into_iter().all(|rule| rule.index.kind() == "missing-share"));
/// # Ok::<(), screening_core::instrument::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct ValidityPlan {
    definition: ValidityPlanDef,
    hash: String,
}

impl ValidityPlan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// All diagnostics, when at least one is an error.
    pub fn from_toml(text: &str) -> Result<Self, Diagnostics> {
        let definition: ValidityPlanDef = toml::from_str(text).map_err(|error| {
            Diagnostics::of_toml(&error, "compare with the plans of the library; a misspelt or unknown key is an error")
        })?;
        let diagnostics = Diagnostics(check::check(&definition)).located(text);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(Self { definition, hash: content_hash(text) })
    }

    /// A plan of the library inside the binary.
    #[cfg(feature = "bundled")]
    pub fn bundled(id: &str) -> Option<Result<Self, Diagnostics>> {
        crate::instrument::Library::bundled_file(&format!("validity/{id}.toml")).map(Self::from_toml)
    }

    /// The definition.
    pub fn definition(&self) -> &ValidityPlanDef {
        &self.definition
    }

    /// Plan id.
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// `id@version+hash`, with the first 12 digits of the content hash: what results cite.
    pub fn citation(&self) -> String {
        citation(&self.definition.id, &self.definition.version, &self.hash)
    }

    /// A rule by id.
    pub fn rule(&self, id: &str) -> Option<&ValidityRuleDef> {
        self.definition.rules.iter().find(|rule| rule.id == id)
    }
}
