//! A text in the languages a school reads.

use serde::{Deserialize, Serialize};

/// The languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
pub enum Language {
    /// Simplified Chinese, the default of schools.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

/// A text in both languages.
///
/// ```
/// use screening_core::instrument::{Language, Text};
/// let text = Text { en: "low mood".into(), zh_cn: "情绪低落".into() };
/// assert_eq!(text.get(Language::ZhCn), "情绪低落");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
}

impl Text {
    /// The text in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }
}
