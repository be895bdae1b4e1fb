//! What is wrong with a pack, in words.

use super::{WORDING_SCHEMA, WordingPack};
use crate::instrument::{Language, Text};
use crate::texts::{Fill, say};

/// One thing that is wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WordingProblem {
    /// Stable code, for example `item-order`.
    pub code: &'static str,
    /// Where in the file: a key such as `options.default`, or a line and column.
    pub place: String,
    /// What is wrong.
    pub why: Text,
    /// What can be done.
    pub advice: Text,
}

impl WordingProblem {
    /// A problem whose sentences are in the resource file under `wording.<code>` and `wording-advice.<code>`.
    pub(super) fn new(code: &'static str, place: impl Into<String>, values: &[(&str, &str)]) -> Self {
        let fills: Vec<(&str, Fill<'_>)> = values.iter().map(|(name, value)| (*name, Fill::Same(value))).collect();
        Self {
            code,
            place: place.into(),
            why: say(&format!("wording.{code}"), &fills),
            advice: say(&format!("wording-advice.{code}"), &fills),
        }
    }

    /// Place, cause and remedy in one line.
    pub fn render(&self, language: Language) -> String {
        let fills =
            [("place", self.place.as_str()), ("why", self.why.get(language)), ("advice", self.advice.get(language))];
        say("wording.line", &fills.map(|(name, value)| (name, Fill::Same(value)))).get(language).to_owned()
    }
}

/// All that is wrong with a pack. `Display` is English.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WordingProblems(pub Vec<WordingProblem>);

impl WordingProblems {
    /// One line a problem.
    pub fn render(&self, language: Language) -> String {
        self.0.iter().map(|problem| problem.render(language)).collect::<Vec<_>>().join("\n")
    }
}

impl std::fmt::Display for WordingProblems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Language::En))
    }
}

impl std::error::Error for WordingProblems {}

/// Reads the file. The version is looked at first: a file of another version may hold keys that are not known here.
pub(super) fn parse(text: &str) -> Result<WordingPack, WordingProblems> {
    let refuse = |error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let cause = error.message().trim().to_owned();
        WordingProblems(vec![WordingProblem::new("format", format!("{line}:{column}"), &[("cause", &cause)])])
    };
    let table: toml::Table = toml::from_str(text).map_err(|error| refuse(&error))?;
    let schema = table.get("schema").and_then(toml::Value::as_integer);
    if let Some(found) = schema.filter(|found| *found != i64::from(WORDING_SCHEMA)) {
        let values = [("found", found.to_string()), ("known", WORDING_SCHEMA.to_string())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        return Err(WordingProblems(vec![WordingProblem::new("schema", "schema", &values)]));
    }
    toml::from_str(text).map_err(|error| refuse(&error))
}
