//! The parts of FHIR resources that a wording is made of. Everything else in the file is passed over.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Questionnaire {
    pub(super) id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) version: Option<String>,
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) copyright: Option<String>,
    pub(super) code: Vec<Coding>,
    pub(super) item: Vec<Item>,
    pub(super) contained: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Item {
    pub(super) link_id: String,
    pub(super) code: Vec<Coding>,
    pub(super) prefix: Option<String>,
    pub(super) text: Option<String>,
    #[serde(rename = "_text")]
    pub(super) text_element: Element,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) repeats: bool,
    pub(super) read_only: bool,
    // STU3 called the options `option`.
    #[serde(alias = "option")]
    pub(super) answer_option: Vec<AnswerOption>,
    pub(super) answer_value_set: Option<String>,
    pub(super) extension: Vec<Extension>,
    #[serde(rename = "item")]
    pub(super) inner: Vec<Item>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnswerOption {
    pub(super) value_coding: Option<Coding>,
    pub(super) value_integer: Option<i64>,
    pub(super) value_string: Option<String>,
    #[serde(rename = "_valueString")]
    pub(super) string_element: Element,
    #[serde(rename = "_valueInteger")]
    pub(super) integer_element: Element,
    pub(super) extension: Vec<Extension>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
    #[serde(rename = "_display")]
    pub(super) display_element: Element,
    pub(super) extension: Vec<Extension>,
}

/// What stands beside a primitive value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    pub(super) extension: Vec<Extension>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Extension {
    pub(super) url: String,
    #[serde(rename = "extension")]
    pub(super) parts: Vec<Extension>,
    pub(super) value_code: Option<String>,
    pub(super) value_string: Option<String>,
    pub(super) value_markdown: Option<String>,
    pub(super) value_boolean: Option<bool>,
    pub(super) value_decimal: Option<Value>,
    pub(super) value_integer: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ValueSet {
    pub(super) id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) version: Option<String>,
    pub(super) language: Option<String>,
    pub(super) compose: Compose,
    pub(super) expansion: Option<Expansion>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Compose {
    pub(super) include: Vec<Include>,
    pub(super) exclude: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Include {
    pub(super) system: Option<String>,
    pub(super) concept: Vec<Concept>,
    pub(super) filter: Vec<Value>,
    pub(super) value_set: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Expansion {
    pub(super) contains: Vec<Concept>,
}

/// An entry of a value set, composed or expanded.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Concept {
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
    #[serde(rename = "_display")]
    pub(super) display_element: Element,
    pub(super) designation: Vec<Designation>,
    pub(super) extension: Vec<Extension>,
    #[serde(rename = "abstract")]
    pub(super) is_abstract: bool,
    pub(super) inactive: bool,
    pub(super) contains: Vec<Concept>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Designation {
    pub(super) language: Option<String>,
    pub(super) value: String,
}

/// Whether the address of an extension ends in one of the words.
pub(super) fn is_one_of(extension: &Extension, words: &[String]) -> bool {
    let last = extension.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    words.iter().any(|word| word == last)
}
