//! Headings and fixed texts of the outputs, read from `resources/output.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::Text;

use crate::messages::{self, flatten};

static TEXTS: LazyLock<HashMap<String, Text>> = LazyLock::new(|| flatten(include_str!("../../resources/output.toml")));

/// The text of `key` with `{name}` replaced in both languages; the key itself when the resource lacks it.
pub(super) fn text(key: &str, arguments: &[(&str, &str)]) -> Text {
    messages::text(&TEXTS, key, arguments)
}

/// Chinese above English, for one cell of a list.
pub(super) fn both(text: &Text) -> String {
    format!("{}\n{}", text.zh_cn, text.en)
}

/// Chinese and English in one line.
pub(super) fn beside(text: &Text) -> String {
    format!("{} {}", text.zh_cn, text.en)
}

#[cfg(test)]
mod tests {
    use super::TEXTS;

    #[test]
    fn the_resource_reads_and_both_languages_have_the_same_placeholders() {
        assert!(TEXTS.len() > 60, "{} texts", TEXTS.len());
        let holes = |text: &str| {
            let mut found: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            found.sort();
            found
        };
        for (key, text) in TEXTS.iter() {
            assert_eq!(holes(&text.zh_cn), holes(&text.en), "{key}");
        }
    }
}
