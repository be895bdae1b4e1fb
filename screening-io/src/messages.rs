//! The message catalogue: what is wrong and what to do, in both languages, by message id.

use std::collections::HashMap;
use std::sync::LazyLock;

use screening_core::instrument::{Language, Text};

const SOURCE: &str = include_str!("../resources/messages.toml");

static CATALOGUE: LazyLock<HashMap<String, Text>> = LazyLock::new(|| flatten(SOURCE));

/// Turns the nested tables of the file into dotted keys: `file-empty.why`, `frame.row`.
pub(crate) fn flatten(source: &str) -> HashMap<String, Text> {
    let mut texts = HashMap::new();
    // A broken catalogue must not take the program down; a test checks that it is whole.
    if let Ok(table) = source.parse::<toml::Table>() {
        collect(&toml::Value::Table(table), "", &mut texts);
    }
    texts
}

fn collect(value: &toml::Value, key: &str, texts: &mut HashMap<String, Text>) {
    let toml::Value::Table(table) = value else {
        return;
    };
    if let (Some(en), Some(zh)) =
        (table.get("en").and_then(toml::Value::as_str), table.get("zh-CN").and_then(toml::Value::as_str))
    {
        texts.insert(key.to_owned(), Text { en: en.to_owned(), zh_cn: zh.to_owned() });
        return;
    }
    for (name, inner) in table {
        let inner_key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        collect(inner, &inner_key, texts);
    }
}

/// The text of `key` with `{name}` replaced by the arguments; the key itself when the catalogue lacks it.
pub(crate) fn say(key: &str, language: Language, arguments: &[(&str, &str)]) -> String {
    let Some(text) = CATALOGUE.get(key) else {
        return key.to_owned();
    };
    fill(text.get(language), arguments)
}

/// The text of `key` of a resource with `{name}` replaced in both languages; the key itself when the resource lacks it.
pub(crate) fn text(texts: &HashMap<String, Text>, key: &str, arguments: &[(&str, &str)]) -> Text {
    match texts.get(key) {
        Some(text) => Text { en: fill(&text.en, arguments), zh_cn: fill(&text.zh_cn, arguments) },
        None => Text { en: key.to_owned(), zh_cn: key.to_owned() },
    }
}

/// Replaces `{name}` in one pass, so that a value that itself holds braces is never looked into.
pub(crate) fn fill(template: &str, arguments: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        if let Some((name, tail)) = after.split_once('}') {
            match arguments.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["{", name, "}"]),
            }
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The ids of all messages that a reader can give, for a published error catalogue.
///
/// ```
/// assert!(screening_io::message_ids().contains(&"coding-ambiguous".to_owned()));
/// ```
pub fn message_ids() -> Vec<String> {
    let mut ids: Vec<String> = CATALOGUE.keys().filter_map(|key| key.strip_suffix(".why")).map(str::to_owned).collect();
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_why_and_what_to_do() {
        let ids = message_ids();
        assert!(ids.len() > 40, "{} messages", ids.len());
        for id in ids {
            assert!(CATALOGUE.contains_key(&format!("{id}.do")), "{id} does not say what to do");
        }
    }

    #[test]
    fn a_value_with_braces_is_not_looked_into() {
        assert_eq!(fill("a {x} b {y", &[("x", "{z}"), ("z", "no")]), "a {z} b {y");
    }
}
