//! Fixed texts of the terminal, from a resource file.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::{Language, Text};

static TEXTS: LazyLock<HashMap<String, Text>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../resources/texts.json")).unwrap_or_default());

/// The text with this id; an id without text shows itself, and a test excludes that.
pub(crate) fn text(id: &str) -> Text {
    TEXTS.get(id).cloned().unwrap_or_else(|| Text { en: id.to_owned(), zh_cn: id.to_owned() })
}

/// The text in a language.
pub(crate) fn say(id: &str, language: Language) -> String {
    text(id).get(language).to_owned()
}

/// The text in a language with its `{}` places filled in order.
pub(crate) fn fill(id: &str, language: Language, values: &[String]) -> String {
    values.iter().fold(say(id, language), |text, value| text.replacen("{}", value, 1))
}

#[cfg(test)]
mod tests {
    use super::TEXTS;

    #[test]
    fn every_text_exists_in_both_languages() {
        assert!(TEXTS.len() > 20);
        for (id, text) in TEXTS.iter() {
            assert!(!text.en.is_empty() && !text.zh_cn.is_empty(), "{id}");
            assert_eq!(text.en.matches("{}").count(), text.zh_cn.matches("{}").count(), "{id}");
        }
    }

    #[test]
    fn every_text_that_is_asked_for_exists() {
        let sources = [
            include_str!("commands/run.rs"),
            include_str!("commands/score.rs"),
            include_str!("commands/report.rs"),
            include_str!("commands/research.rs"),
            include_str!("commands/audit.rs"),
            include_str!("commands/instruments/check.rs"),
            include_str!("commands/instruments/list.rs"),
            include_str!("commands/instruments/mod.rs"),
            include_str!("commands/instruments/pages.rs"),
            include_str!("commands/instruments/recommend.rs"),
            include_str!("commands/instruments/show.rs"),
            include_str!("commands/instruments/wording.rs"),
            include_str!("commands/policies/mod.rs"),
            include_str!("commands/policies/check.rs"),
            include_str!("commands/policies/list.rs"),
            include_str!("commands/policies/show.rs"),
            include_str!("commands/change.rs"),
            include_str!("commands/evaluate.rs"),
            include_str!("commands/example.rs"),
            include_str!("commands/simulate.rs"),
            include_str!("commands/simulate/print.rs"),
            include_str!("commands/norms.rs"),
            include_str!("commands/psychometrics/mod.rs"),
            include_str!("commands/psychometrics/measure.rs"),
            include_str!("commands/psychometrics/model.rs"),
            include_str!("commands/psychometrics/print.rs"),
            include_str!("commands/psychometrics/theta.rs"),
            include_str!("commands/norms/build.rs"),
            include_str!("commands/norms/print.rs"),
            include_str!("commands/store.rs"),
            include_str!("show.rs"),
            include_str!("fail.rs"),
        ];
        for source in sources {
            for call in ["say(\"", "fill(\"", "text(\""] {
                for id in source.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(TEXTS.contains_key(id), "`{id}` is not in resources/texts.json");
                }
            }
        }
    }
}
