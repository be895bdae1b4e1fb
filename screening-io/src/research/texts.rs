//! Texts of the export for research, read from `resources/research.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::Text;

use crate::messages::{self, flatten};

static TEXTS: LazyLock<HashMap<String, Text>> =
    LazyLock::new(|| flatten(include_str!("../../resources/research.toml")));

/// The text of `key` with `{name}` replaced in both languages; the key itself when the resource lacks it.
pub(super) fn text(key: &str, arguments: &[(&str, &str)]) -> Text {
    messages::text(&TEXTS, key, arguments)
}

/// Why something is not in the data; reasons that a reader gives are told by their id.
pub(super) fn reason(id: &str) -> Text {
    let key = format!("reason.{id}");
    if TEXTS.contains_key(&key) { text(&key, &[]) } else { text("reason.reading", &[("id", id)]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_reads_and_both_languages_have_the_same_placeholders() {
        assert!(TEXTS.len() > 40, "{} texts", TEXTS.len());
        let holes = |text: &str| text.matches('{').count();
        for (key, text) in TEXTS.iter() {
            assert!(!text.en.is_empty() && !text.zh_cn.is_empty(), "{key}");
            assert_eq!(holes(&text.zh_cn), holes(&text.en), "{key}");
        }
    }

    #[test]
    fn every_column_and_status_has_words() {
        let columns = ["pupil", "school", "class", "grade", "sex", "age", "wave", "status", "duration_s"];
        let statuses = screening_core::coverage::Status::ALL.map(screening_core::coverage::Status::word);
        let keys = columns.iter().map(|column| format!("column.{column}"));
        // Pupils with one of the first three have a sheet.
        for key in keys.chain(statuses.iter().skip(3).map(|word| format!("reason.{word}"))) {
            assert!(TEXTS.contains_key(&key), "{key}");
        }
    }
}
