//! Batteries: which instruments a grade answers.

use serde::{Deserialize, Serialize};

use crate::hash::{citation, content_hash};
use crate::instrument::model::Note;
use crate::instrument::{Diagnostic, Diagnostics, Span, Text};
use crate::place;

/// The version of the battery format that this engine reads.
pub const BATTERY_SCHEMA: u32 = 1;

/// One battery, as read from its TOML file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BatteryDef {
    /// Format version; must be [`BATTERY_SCHEMA`].
    pub schema: u32,
    /// Battery id.
    pub id: String,
    /// Version.
    pub version: semver::Version,
    /// Name.
    pub name: Text,
    /// Grades that answer it.
    pub grades: Span,
    /// Instrument ids, in the order of the form.
    pub instruments: Vec<String>,
    /// Planned time, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// Reasoning behind the choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A battery that passed its checks.
///
/// ```
/// use screening_core::screening::Battery;
/// let battery = Battery::from_toml(r#"
///     schema = 1
///     id = "short"
///     version = "1.0.0"
///     name = { en = "short", zh-CN = "简版" }
///     grades = { from = 7, to = 9 }
///     instruments = ["phq-9", "gad-7"]
/// "#)?;
/// assert!(battery.citation().starts_with("short@1.0.0+"));
/// # Ok::<(), screening_core::instrument::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct Battery {
    definition: BatteryDef,
    hash: String,
}

impl Battery {
    /// Reads and checks a battery. Whether its instruments exist is checked against a library by [`super::screen`].
    ///
    /// # Errors
    /// All diagnostics, when at least one is an error.
    pub fn from_toml(text: &str) -> Result<Self, Diagnostics> {
        let definition: BatteryDef = toml::from_str(text).map_err(|error| {
            Diagnostics::of_toml(
                &error,
                "compare with the batteries of the library; a misspelt or unknown key is an error",
            )
        })?;
        let diagnostics = Diagnostics(check(&definition)).located(text);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(Self { definition, hash: content_hash(text) })
    }

    /// A battery made in memory. Its hash is that of its canonical text.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_definition(definition: BatteryDef) -> Result<Self, Diagnostics> {
        let text = toml::to_string(&definition).map_err(|error| {
            Diagnostics(vec![Diagnostic::error("format", Vec::new(), error.to_string(), "use plain ids and names")])
        })?;
        Self::from_toml(&text)
    }

    /// A battery of the library inside the binary, for example `junior-high`.
    #[cfg(feature = "bundled")]
    pub fn bundled(id: &str) -> Option<Result<Self, Diagnostics>> {
        crate::instrument::Library::bundled_file(&format!("batteries/{id}.toml")).map(Self::from_toml)
    }

    /// The definition.
    pub fn definition(&self) -> &BatteryDef {
        &self.definition
    }

    /// Battery id.
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// `id@version+hash`, with the first 12 digits of the content hash.
    pub fn citation(&self) -> String {
        citation(&self.definition.id, &self.definition.version, &self.hash)
    }
}

fn check(definition: &BatteryDef) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if definition.schema != BATTERY_SCHEMA {
        let message = format!("this engine reads schema {BATTERY_SCHEMA}, the file says {}", definition.schema);
        found.push(Diagnostic::error(
            "schema",
            place!["schema"],
            message,
            "use a matching engine, or convert the file",
        ));
    }
    if definition.instruments.is_empty() {
        found.push(Diagnostic::error(
            "instruments",
            place!["instruments"],
            "no instrument is named",
            "name at least one",
        ));
    }
    for (at, id) in definition.instruments.iter().enumerate() {
        if definition.instruments.iter().take(at).any(|earlier| earlier == id) {
            let message = format!("`{id}` is named twice");
            found.push(Diagnostic::error("duplicate", place!["instruments", at], message, "name each instrument once"));
        }
    }
    if definition.grades.from > definition.grades.to || definition.grades.from < 1 || definition.grades.to > 12 {
        found.push(Diagnostic::error(
            "span",
            place!["grades"],
            "school grades run from 1 to 12",
            "write for example { from = 7, to = 9 }",
        ));
    }
    found
}
