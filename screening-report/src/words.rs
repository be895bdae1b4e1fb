//! Sentences and headings of the reports, from `resources/report.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::{Language, Text};

const SOURCE: &str = include_str!("../resources/report.toml");
const REFUSED: &str = include_str!("../resources/refused-words.toml");

static TEXTS: LazyLock<HashMap<String, Text>> = LazyLock::new(|| {
    // A broken resource is excluded by a test; at run time the key itself then stands for the sentence.
    let groups: HashMap<String, HashMap<String, Text>> = toml::from_str(SOURCE).unwrap_or_default();
    let named = groups
        .into_iter()
        .flat_map(|(group, texts)| texts.into_iter().map(move |(key, text)| (format!("{group}.{key}"), text)));
    named.collect()
});

#[derive(serde::Deserialize, Default)]
struct Refused {
    words: Vec<String>,
    allowed: Vec<String>,
}

static WORDS: LazyLock<Refused> = LazyLock::new(|| toml::from_str(REFUSED).unwrap_or_default());

/// The text of a key with `{name}` replaced.
pub(crate) fn say(language: Language, key: &str, fills: &[(&str, &str)]) -> String {
    let Some(text) = TEXTS.get(key) else { return key.to_owned() };
    fill(text.get(language), fills)
}

/// In both languages.
pub(crate) fn both(key: &str, fills: &[(&str, &str)]) -> Text {
    Text { en: say(Language::En, key, fills), zh_cn: say(Language::ZhCn, key, fills) }
}

/// Replaces holes in one pass, so that a value that holds braces is never looked into.
fn fill(template: &str, fills: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match fills.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => out.push_str(value),
            None => out.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Words of diagnosis and labels in a text, which no generated text may hold: a report describes scores, never a child.
///
/// Harmless words that hold such a one (symptoms, which begin like the names of disorders) are listed in the resource.
///
/// ```
/// use screening_report::refused_words;
/// assert_eq!(refused_words("该生确诊为抑郁症"), ["确诊", "抑郁症"]);
/// assert!(refused_words("这是筛查，不是诊断。").is_empty());
/// ```
pub fn refused_words(text: &str) -> Vec<&'static str> {
    let mut lower = text.to_lowercase();
    for allowed in &WORDS.allowed {
        lower = lower.replace(&allowed.to_lowercase(), "");
    }
    WORDS.words.iter().filter(|word| lower.contains(&word.to_lowercase())).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_exists_in_both_languages_with_the_same_places() {
        assert!(TEXTS.len() > 100, "{} texts", TEXTS.len());
        assert!(WORDS.words.len() > 20 && !WORDS.allowed.is_empty());
        let holes = |text: &str| {
            let found =
                text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned());
            let mut found: Vec<String> = found.collect();
            found.sort();
            found.dedup();
            found
        };
        for (key, text) in TEXTS.iter() {
            assert!(!text.en.is_empty() && !text.zh_cn.is_empty(), "{key}");
            assert_eq!(holes(&text.en), holes(&text.zh_cn), "{key}");
            let words: Vec<_> = [&text.en, &text.zh_cn].into_iter().flat_map(|text| refused_words(text)).collect();
            assert!(words.is_empty(), "{key}: {words:?}");
        }
    }

    #[test]
    fn every_text_that_is_asked_for_exists() {
        let sources = [
            include_str!("batch.rs"),
            include_str!("error.rs"),
            include_str!("survey/mod.rs"),
            include_str!("survey/basis.rs"),
            include_str!("survey/overall.rs"),
            include_str!("survey/groups.rs"),
            include_str!("survey/scales.rs"),
            include_str!("survey/change.rs"),
            include_str!("survey/class.rs"),
            include_str!("survey/distribution.rs"),
            include_str!("survey/profile.rs"),
            include_str!("survey/waterfall.rs"),
            include_str!("profile.rs"),
            include_str!("survey/evidence.rs"),
            include_str!("survey/end.rs"),
            include_str!("forms/mod.rs"),
            include_str!("forms/letters.rs"),
            include_str!("forms/lists.rs"),
            include_str!("forms/pictures.rs"),
            include_str!("forms/pupil.rs"),
            include_str!("forms/referral.rs"),
            include_str!("figures.rs"),
            include_str!("source/mod.rs"),
            include_str!("source/measures.rs"),
            include_str!("render/html.rs"),
            include_str!("render/pdf/mod.rs"),
            include_str!("render/xlsx.rs"),
        ];
        let group = |id: &str| id.split_once('.').is_some_and(|(group, key)| !group.is_empty() && !key.is_empty());
        for id in sources.iter().flat_map(|source| source.split(['"', '\n'])) {
            let plain = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'));
            let known = TEXTS.keys().any(|key| key.split('.').next() == id.split('.').next());
            if plain && group(id) && known && id.strip_suffix(".toml").is_none() {
                assert!(TEXTS.contains_key(id), "{id}");
            }
        }
    }
}
