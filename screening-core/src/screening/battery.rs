//! Batteries: which instruments a grade answers.

use serde::{Deserialize, Serialize};

use crate::hash::{citation, content_hash};
use crate::instrument::model::Note;
use crate::instrument::{Diagnostic, Diagnostics, Span, Text};
use crate::place;
use crate::risk::{Condition, Leaf};

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
    /// Forms beside it: a second stage, another informant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_forms: Vec<FurtherForm>,
    /// Planned time, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// Reasoning behind the choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A form beside the one that every pupil answers: a second stage, which is asked where a condition on the first form holds, or
/// a form of another informant, which is asked of everybody. Its sheets come in with those of the first form or in a file of
/// their own, and belong to the pupil's sheet.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FurtherForm {
    /// Id; `main` is the first form.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Instrument ids, in the order of the form.
    pub instruments: Vec<String>,
    /// When it is asked, as in a policy; of everybody where left out. Scores, bands, words, flags and answers of the first form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Nobody has to hand it in: what it could say is told as missing, and raises nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// The id of the form that every pupil answers.
pub const MAIN_FORM: &str = "main";

impl BatteryDef {
    /// The instruments of all forms, those of the first form first.
    pub fn all_instruments(&self) -> impl Iterator<Item = &String> {
        self.instruments.iter().chain(self.further_forms.iter().flat_map(|form| &form.instruments))
    }

    /// A further form by its id.
    pub fn further_form(&self, id: &str) -> Option<&FurtherForm> {
        self.further_forms.iter().find(|form| form.id == id)
    }
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
    check_further(definition, &mut found);
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

fn check_further(definition: &BatteryDef, found: &mut Vec<Diagnostic>) {
    for (at, form) in definition.further_forms.iter().enumerate() {
        let mut error = |code: &'static str, key: &'static str, message: String, help: &str| {
            found.push(Diagnostic::error(code, place!["further-forms", at, key], message, help));
        };
        let earlier = definition.further_forms.iter().take(at);
        if form.id.trim().is_empty() || form.id == MAIN_FORM || earlier.clone().any(|known| known.id == form.id) {
            let message = format!("`{}` is no id of its own", form.id);
            error("duplicate", "id", message, "give each form an id that no other has; `main` is the first form");
        }
        if form.name.en.trim().is_empty() || form.name.zh_cn.trim().is_empty() {
            error("text", "name", "a text is empty in one language".to_owned(), "give it in `en` and in `zh-CN`");
        }
        if form.instruments.is_empty() {
            error("instruments", "instruments", "no instrument is named".to_owned(), "name at least one");
        }
        for (own, id) in form.instruments.iter().enumerate() {
            let known = definition.instruments.contains(id)
                || form.instruments.iter().take(own).any(|known| known == id)
                || earlier.clone().any(|known| known.instruments.contains(id));
            if known {
                let message = format!("`{id}` is named twice");
                error("duplicate", "instruments", message, "an instrument belongs to one form");
            }
        }
        let Some(when) = &form.when else { continue };
        when.leaves(&mut |leaf| {
            let plain = matches!(
                leaf,
                Leaf::Score { .. } | Leaf::Band { .. } | Leaf::Word { .. } | Leaf::Flag { .. } | Leaf::Answer { .. }
            );
            if !plain {
                let help = "use scores, bands, words, flags and answers of the first form";
                error("kind", "when", "only the first form itself can say who is asked".to_owned(), help);
            } else if !definition.instruments.iter().any(|id| id == leaf.instrument()) {
                let message = format!("`{}` is not in the first form", leaf.instrument());
                error("reference", "when", message, "name an instrument of `instruments`");
            }
        });
    }
}
