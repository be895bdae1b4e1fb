//! What a unit says of itself: the file `--settings`.

use std::path::Path;

use jiff::civil::Date;
use screening_core::instrument::{Language, Text};
use serde::Deserialize;

use crate::error::{ReportError, refuse};

/// Settings of the reports. All have defaults.
///
/// ```
/// use screening_report::Settings;
/// let settings = Settings::from_toml("report.toml", "district = { zh-CN = \"示例区\", en = \"Example district\" }")?;
/// assert_eq!(settings.level, 0.95);
/// assert!(Settings::from_toml("report.toml", "districts = 1").is_err());
/// # Ok::<(), screening_report::ReportError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Whose screening it is.
    pub district: Option<Text>,
    /// Who signs.
    pub organisation: Option<Text>,
    /// Day of the report. There is no clock: without it the day is left to be filled in.
    pub date: Option<Date>,
    /// Documents on which the screening rests.
    pub basis: Vec<Text>,
    /// Legal basis of the processing, for the evidence pack.
    pub legal_basis: Vec<Text>,
    /// How consent was asked for and recorded, for the evidence pack.
    pub consent: Vec<Text>,
    /// How long what is kept, and how it is deleted, for the evidence pack.
    pub retention: Vec<Text>,
    /// Whom pupils and parents may ask, on their texts.
    pub contact: Option<Text>,
    /// Whether texts for pupils and parents have scores.
    pub scores_in_texts: bool,
    /// Help lines, as they are printed.
    pub help_lines: Vec<Text>,
    /// Level of confidence of the intervals.
    pub level: f64,
    /// Language; the command sets it.
    #[serde(skip)]
    pub language: Language,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            district: None,
            organisation: None,
            date: None,
            basis: Vec::new(),
            legal_basis: Vec::new(),
            consent: Vec::new(),
            retention: Vec::new(),
            contact: None,
            scores_in_texts: false,
            help_lines: Vec::new(),
            level: 0.95,
            language: Language::ZhCn,
        }
    }
}

impl Settings {
    /// Reads a text; `name` stands in the message of a refusal.
    ///
    /// # Errors
    /// An unknown key, a value that is none, a level outside 0.5 to 0.999.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ReportError> {
        let told = |cause: &str| refuse("settings", &[("file", name), ("cause", cause.trim())]);
        let settings: Self = toml::from_str(text).map_err(|error| told(&error.to_string()))?;
        if !(0.5..=0.999).contains(&settings.level) {
            return Err(told(&format!("level = {}", settings.level)));
        }
        Ok(settings)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, and as [`Self::from_toml`].
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|cause| refuse("settings", &[("file", &name), ("cause", &cause.to_string())]))?;
        Self::from_toml(&name, &text)
    }
}
