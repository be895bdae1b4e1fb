//! What a screening is: who is asked what, when, and by what it is read.

use indexmap::IndexMap;
use jiff::civil::Date;
use screening_core::instrument::Text;
use screening_core::screening::{AttemptPolicy, AuditSettings, BatteryDef, ConsentMode, Licences};
use screening_io::SchoolSystem;
use screening_io::job::{AnswerFile, JobBattery};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::push::Platform;

/// As many sources of answers as one screening may have.
const MOST_SOURCES: usize = 100;

/// One screening as the district writes it: the keys of a job file, with the form, the pushes and the duty in place of files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(
    dead_code,
    reason = "title, school year and semester are read so that they are right, and shown as they were written"
)]
pub(crate) struct Definition {
    pub(crate) title: Text,
    /// Wave id, which no other screening of the district has.
    pub(crate) wave: String,
    #[serde(default)]
    pub(crate) school_year: Option<String>,
    #[serde(default)]
    pub(crate) semester: Option<String>,
    /// Day of the test for sheets that carry none.
    pub(crate) administered_on: Date,
    pub(crate) policy: String,
    pub(crate) batteries: Vec<JobBattery>,
    #[serde(default)]
    pub(crate) norms: Vec<String>,
    /// Validity plan; the district's default when left out, `none` for none.
    #[serde(default)]
    pub(crate) validity: Option<String>,
    #[serde(default)]
    pub(crate) licences: Licences,
    #[serde(default)]
    pub(crate) cutoffs: IndexMap<String, IndexMap<String, String>>,
    #[serde(default)]
    pub(crate) attempts: AttemptPolicy,
    #[serde(default)]
    pub(crate) consent: ConsentMode,
    #[serde(default)]
    pub(crate) audit: AuditSettings,
    #[serde(default)]
    pub(crate) school_system: SchoolSystem,
    /// Days on which sheets are expected.
    #[serde(default)]
    pub(crate) windows: Vec<Window>,
    /// Wave ids of earlier, closed screenings of the district, the earliest first.
    #[serde(default)]
    pub(crate) earlier: Vec<String>,
    /// How exports and pushes are read, by name.
    #[serde(default)]
    pub(crate) sources: IndexMap<String, Source>,
    #[serde(default)]
    pub(crate) duty: Duty,
}

/// Days from and to which sheets are expected, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

/// A survey, an export of it, or a table: how its answers are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Source {
    /// The platform that pushes it, where one does.
    #[serde(default)]
    pub(crate) platform: Option<String>,
    /// The source that is pushed, of which this is the export: a sheet of both is one sheet.
    #[serde(default)]
    pub(crate) same_as: Option<String>,
    /// How it is read: the keys of `[[answers]]` of a job file without `file` and `mapping`.
    #[serde(default)]
    pub(crate) read: IndexMap<String, Value>,
    /// Mapping, as in a mapping file. A push needs one.
    #[serde(default)]
    pub(crate) mapping: Option<screening_io::Mapping>,
}

/// Who is told of a critical answer, and when the next one is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Duty {
    /// Accounts in the order in which they are called.
    #[serde(default)]
    pub(crate) contacts: Vec<String>,
    /// Seconds after which an alert that nobody has acknowledged goes to the next contact.
    #[serde(default = "ten_minutes")]
    pub(crate) escalate_after_s: u32,
}

fn ten_minutes() -> u32 {
    600
}

impl Default for Duty {
    fn default() -> Self {
        Self { contacts: Vec::new(), escalate_after_s: ten_minutes() }
    }
}

impl Definition {
    /// Reads a definition. The error says what is wrong in the words of the reader; a definition holds nothing about a person.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let definition: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        definition.check()?;
        Ok(definition)
    }

    fn check(&self) -> Result<(), String> {
        let id = |text: &str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !id(&self.wave) {
            return Err("`wave` takes 1 to 64 letters, digits, `-`, `_` and `.`".to_owned());
        }
        if self.batteries.is_empty() {
            return Err("`batteries` names none".to_owned());
        }
        if let Some(window) = self.windows.iter().find(|window| window.to < window.from) {
            return Err(format!("`windows`: {} lies before {}", window.to, window.from));
        }
        if self.duty.escalate_after_s == 0 {
            return Err("`duty.escalate-after-s` is at least 1".to_owned());
        }
        if self.sources.len() > MOST_SOURCES {
            return Err(format!("`sources`: at most {MOST_SOURCES}"));
        }
        for (name, source) in &self.sources {
            if !id(name) {
                return Err(format!("`sources`: `{name}` is no name; take letters, digits, `-`, `_` and `.`"));
            }
            source.check(name)?;
            let pushed = |other: &String| self.sources.get(other).is_some_and(|other| other.platform.is_some());
            if source.same_as.as_ref().is_some_and(|other| other == name || !pushed(other)) {
                return Err(format!("`sources.{name}.same-as` names no source with a `platform`"));
            }
            let battery = source.answer_file(name)?.battery;
            if !self.batteries.iter().any(|known| known.id == battery) {
                return Err(format!("`sources.{name}`: there is no battery `{battery}` under `batteries`"));
            }
        }
        Ok(())
    }

    /// Reads a source anew. What pushes and what it is the export of stays: sheets are known by it.
    ///
    /// # Errors
    /// In the words of the reader. What was read before then stays.
    pub(crate) fn change_source(&mut self, name: &str, text: &str) -> Result<(), String> {
        let source: Source = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let known = self.sources.get(name).ok_or_else(|| format!("`sources`: there is no `{name}`"))?.clone();
        if known.platform != source.platform || known.same_as != source.same_as {
            return Err(format!("`sources.{name}`: `platform` and `same-as` stay what they were"));
        }
        self.sources.insert(name.to_owned(), source);
        self.check().inspect_err(|_| drop(self.sources.insert(name.to_owned(), known)))
    }

    /// Whether sheets are expected on a day.
    pub(crate) fn expects(&self, day: Date) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| (window.from..=window.to).contains(&day))
    }
}

impl Source {
    fn check(&self, name: &str) -> Result<(), String> {
        let Some(platform) = &self.platform else { return Ok(()) };
        let known = Platform::ALL.map(Platform::word).join(", ");
        if Platform::named(platform).is_none() {
            return Err(format!("`sources.{name}.platform` is one of {known}"));
        }
        let Some(mapping) = &self.mapping else {
            return Err(format!("`sources.{name}`: a push needs a `mapping`"));
        };
        // From one answer sheet no coding can be told.
        let untold = |part: &&screening_io::MappedInstrument| part.coding.is_none() && part.answers.is_empty();
        if mapping.instruments.values().any(|part| untold(&part)) {
            return Err(format!("`sources.{name}.mapping`: a push needs `coding` or `answers` for every instrument"));
        }
        Ok(())
    }

    /// The platform that pushes it.
    pub(crate) fn platform(&self) -> Option<Platform> {
        Platform::named(self.platform.as_deref()?)
    }

    /// As an entry of a job file. `file` and `mapping` are filled in where the files stand.
    pub(crate) fn answer_file(&self, name: &str) -> Result<AnswerFile, String> {
        let mut keys: serde_json::Map<String, Value> = self.read.clone().into_iter().collect();
        for key in ["file", "mapping"] {
            if keys.contains_key(key) {
                return Err(format!("`sources.{name}.read`: `{key}` is not told here"));
            }
        }
        keys.insert("file".to_owned(), "upload".into());
        let file: AnswerFile =
            serde_json::from_value(Value::Object(keys)).map_err(|error| format!("`sources.{name}.read`: {error}"))?;
        if file.format.is_some() == self.mapping.is_some() {
            return Err(format!("`sources.{name}` needs one of `read.format` and `mapping`"));
        }
        Ok(file)
    }
}

/// What a released screening rests on. Nothing of it changes any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frozen {
    /// SHA-256 of the definition.
    pub(crate) definition: String,
    /// `id@version+hash` of each battery.
    pub(crate) batteries: Vec<String>,
    pub(crate) instruments: Vec<String>,
    pub(crate) policy: String,
    pub(crate) norms: Vec<String>,
    pub(crate) validity: Option<String>,
    /// Engine that released it.
    pub(crate) engine: String,
}

/// A battery that is asked for by its id alone, or spelt out.
pub(crate) fn spelt_out(battery: &JobBattery) -> Option<BatteryDef> {
    let grades = battery.grades?;
    if battery.instruments.is_empty() {
        return None;
    }
    Some(BatteryDef {
        schema: screening_core::screening::BATTERY_SCHEMA,
        id: battery.id.clone(),
        version: semver::Version::new(1, 0, 0),
        name: battery.name.clone().unwrap_or_else(|| Text { en: battery.id.clone(), zh_cn: battery.id.clone() }),
        grades,
        instruments: battery.instruments.clone(),
        further_forms: battery.further_forms.clone(),
        minutes: None,
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(more: &str) -> Result<Definition, String> {
        Definition::read(
            format!(
                r#"{{"title": {{"en": "t", "zh-CN": "t"}}, "wave": "2026-autumn", "administered-on": "2026-10-12",
                "policy": "district-default", "batteries": [{{"id": "junior-high"}}]{more}}}"#
            )
            .as_bytes(),
        )
    }

    #[test]
    fn a_definition_says_what_is_wrong_with_it() {
        assert!(with("").is_ok());
        let wrong = [
            (r#", "wavve": 1"#, "unknown field `wavve`"),
            (r#", "windows": [{"from": "2026-10-12", "to": "2026-10-11"}]"#, "2026-10-11 lies before 2026-10-12"),
            (r#", "duty": {"escalate-after-s": 0}"#, "at least 1"),
            (r#", "sources": {"a": {"read": {"battery": "junior-high"}}}"#, "needs one of"),
            (r#", "sources": {"a": {"read": {"battery": "x", "format": "survey"}}}"#, "no battery `x`"),
            (r#", "sources": {"a b": {}}"#, "`a b` is no name"),
            (
                r#", "sources": {"a": {"same-as": "b", "read": {"battery": "junior-high", "format": "survey"}}}"#,
                "names no source with a `platform`",
            ),
            (r#", "sources": {"a": {"platform": "x"}}"#, "wenjuanxing, tencent, jinshuju"),
            (r#", "sources": {"a": {"platform": "tencent", "read": {"battery": "junior-high"}}}"#, "needs a `mapping`"),
            (
                r#", "sources": {"a": {"read": {"battery": "junior-high", "format": "survey", "file": "/etc/passwd"}}}"#,
                "`file`",
            ),
        ];
        for (more, part) in wrong {
            let why = with(more).unwrap_err();
            assert!(why.contains(part), "{more}: {why}");
        }
    }

    #[test]
    fn without_windows_every_day_is_expected() {
        let day = jiff::civil::date(2026, 10, 14);
        assert!(with("").unwrap().expects(day));
        let windows = with(r#", "windows": [{"from": "2026-10-12", "to": "2026-10-13"}]"#).unwrap();
        assert!(!windows.expects(day) && windows.expects(jiff::civil::date(2026, 10, 13)));
    }
}
