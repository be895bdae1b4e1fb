//! Sentences of the engine from the resource file, in both languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::instrument::expr::Comparison;
use crate::instrument::{Language, Text};

const FILE: &str = include_str!("../resources/texts.toml");

/// A template cut at its placeholders.
enum Part {
    Plain(String),
    Hole(String),
}

impl Part {
    /// What stands in the sentence; a placeholder that is not filled stands for itself.
    fn word<'a>(&'a self, fills: &[(&str, Fill<'a>)], language: Language) -> &'a str {
        match self {
            Self::Plain(plain) => plain,
            Self::Hole(hole) => {
                let fill = fills.iter().find(|(name, _)| *name == hole.as_str());
                fill.map_or(hole.as_str(), |(_, fill)| fill.get(language))
            }
        }
    }
}

struct Template {
    zh_cn: Vec<Part>,
    en: Vec<Part>,
}

static TEMPLATES: LazyLock<HashMap<String, Template>> = LazyLock::new(|| {
    // A broken resource is excluded by a test; at run time the key itself then stands for the sentence.
    let groups: HashMap<String, HashMap<String, Text>> = toml::from_str(FILE).unwrap_or_default();
    let named = groups
        .into_iter()
        .flat_map(|(group, texts)| texts.into_iter().map(move |(key, text)| (format!("{group}.{key}"), text)));
    named.map(|(key, text)| (key, Template { zh_cn: cut(&text.zh_cn), en: cut(&text.en) })).collect()
});

fn cut(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((hole, tail)) = after.split_once('}') else { break };
        parts.push(Part::Plain(before.to_owned()));
        parts.push(Part::Hole(hole.to_owned()));
        rest = tail;
    }
    parts.push(Part::Plain(rest.to_owned()));
    parts
}

/// A value for a placeholder: the same in both languages, or one for each.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "frame"), allow(dead_code))]
pub(crate) enum Fill<'a> {
    /// The same.
    Same(&'a str),
    /// One for each language.
    Both(&'a Text),
}

impl<'a> Fill<'a> {
    fn get(self, language: Language) -> &'a str {
        match self {
            Self::Same(text) => text,
            Self::Both(text) => text.get(language),
        }
    }
}

/// The sentence of a key with its placeholders filled in.
pub(crate) fn say(key: &str, fills: &[(&str, Fill<'_>)]) -> Text {
    let Some(template) = TEMPLATES.get(key) else { return Text { en: key.to_owned(), zh_cn: key.to_owned() } };
    let fill = |parts: &[Part], language: Language| {
        // Texts of evidence are kept by the hundred thousand, so none has room to spare.
        let mut text = String::with_capacity(parts.iter().map(|part| part.word(fills, language).len()).sum());
        parts.iter().for_each(|part| text.push_str(part.word(fills, language)));
        text
    };
    Text { en: fill(&template.en, Language::En), zh_cn: fill(&template.zh_cn, Language::ZhCn) }
}

/// Several texts as one, with the sentence of a key between them.
pub(crate) fn join<T: std::borrow::Borrow<Text>>(texts: impl Iterator<Item = T>, key: &str) -> Text {
    let between = say(key, &[]);
    let mut all = Text { en: String::new(), zh_cn: String::new() };
    for (at, text) in texts.enumerate() {
        if at > 0 {
            all.en.push_str(&between.en);
            all.zh_cn.push_str(&between.zh_cn);
        }
        all.en.push_str(&text.borrow().en);
        all.zh_cn.push_str(&text.borrow().zh_cn);
    }
    all
}

/// An operator in words.
pub(crate) fn operator(op: Comparison) -> Text {
    let key = match op {
        Comparison::Eq => "operator.eq",
        Comparison::Ne => "operator.ne",
        Comparison::Ge => "operator.ge",
        Comparison::Gt => "operator.gt",
        Comparison::Le => "operator.le",
        Comparison::Lt => "operator.lt",
    };
    say(key, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_read_and_names_the_same_placeholders_in_both_languages() {
        assert!(TEMPLATES.len() > 30, "the resource file cannot be read");
        let holes = |parts: &[Part]| {
            let mut list: Vec<String> =
                parts.iter().filter_map(|p| if let Part::Hole(h) = p { Some(h.clone()) } else { None }).collect();
            list.sort();
            list
        };
        for (key, template) in TEMPLATES.iter() {
            assert_eq!(holes(&template.zh_cn), holes(&template.en), "{key}");
        }
    }
}
