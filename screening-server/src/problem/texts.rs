//! The texts of the problems and of the answers, from the resource files.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::{Language, Text};
use serde::Deserialize;

use super::ProblemKind;

/// The texts of one kind of problem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProblemText {
    pub(crate) title: Text,
    detail: Text,
    help: Text,
}

/// Files with the texts of problems.
const FILES: &[&str] = &[
    include_str!("../../resources/problems.toml"),
    include_str!("../../resources/problems-store.toml"),
    include_str!("../../resources/problems-district.toml"),
];

static PROBLEMS: LazyLock<HashMap<String, ProblemText>> = LazyLock::new(|| {
    let files = FILES.iter().map(|text| toml::from_str::<HashMap<String, ProblemText>>(text).unwrap_or_default());
    files.flatten().collect()
});

/// Files with other sentences and words.
const WORDS: &[&str] = &[include_str!("../../resources/texts.toml"), include_str!("../../resources/texts-store.toml")];

static TEXTS: LazyLock<HashMap<String, Text>> = LazyLock::new(|| {
    let files = WORDS.iter().map(|text| toml::from_str::<HashMap<String, Text>>(text).unwrap_or_default());
    files.flatten().collect()
});

/// A kind without a text shows its identifier, and a test excludes that.
static NONE: LazyLock<ProblemText> = LazyLock::new(|| {
    let empty = || Text { en: "problem".to_owned(), zh_cn: "problem".to_owned() };
    ProblemText { title: empty(), detail: empty(), help: empty() }
});

/// The texts of a kind.
pub(crate) fn texts_of(kind: ProblemKind) -> &'static ProblemText {
    PROBLEMS.get(kind.id()).unwrap_or(&NONE)
}

impl ProblemText {
    pub(crate) fn detail(&self, language: Language, fills: &[(&'static str, String)]) -> String {
        fill(self.detail.get(language), fills)
    }

    pub(crate) fn help(&self, language: Language, fills: &[(&'static str, String)]) -> String {
        fill(self.help.get(language), fills)
    }
}

/// A sentence of the answers.
pub(crate) fn say(key: &str, language: Language, fills: &[(&'static str, String)]) -> String {
    TEXTS.get(key).map_or_else(|| key.to_owned(), |text| fill(text.get(language), fills))
}

/// A hole that nothing fills stays as it is: that is how the reference shows it. What is filled in is not looked at again.
fn fill(template: &str, fills: &[(&'static str, String)]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        text.push_str(before);
        match fills.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(value),
            None => text.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn holes(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_kind_has_its_texts_in_both_languages_and_no_text_is_left_over() {
        let kinds: BTreeSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.id()).collect();
        let texts: BTreeSet<&str> = PROBLEMS.keys().map(String::as_str).collect();
        assert_eq!(kinds, texts);
        for (id, problem) in PROBLEMS.iter() {
            for text in [&problem.title, &problem.detail, &problem.help] {
                assert!(!text.en.is_empty() && !text.zh_cn.is_empty(), "{id}");
                assert_eq!(holes(&text.en), holes(&text.zh_cn), "{id}");
            }
        }
        for (id, text) in TEXTS.iter() {
            assert_eq!(holes(&text.en), holes(&text.zh_cn), "{id}");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let fills = [("a", "{b}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("{a} {b} {c} {", &fills), "{b} x {c} {");
    }

    /// The files of this crate.
    fn sources(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let of = |path: PathBuf| {
            if path.is_dir() { sources(&path) } else { vec![std::fs::read_to_string(path).unwrap_or_default()] }
        };
        entries.flat_map(of).collect()
    }

    #[test]
    fn every_sentence_that_is_asked_for_exists() {
        assert!(TEXTS.contains_key("notice"));
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        assert!(sources.len() > 50, "the sources are there");
        let ask = ["StoreError::State(\"", "StoreError::Missing(\"", "StoreError::Exists(\"", "wanted: \""];
        for (source, call) in sources.iter().flat_map(|source| ask.map(|call| (source, call))) {
            for key in source.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(TEXTS.contains_key(key), "`{key}` is in no file of texts");
            }
        }
    }
}
