//! Diagnostics: place, cause, fix.

use std::ops::Range;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; the definition loads.
    Warning,
    /// The definition does not load.
    Error,
}

/// A step into the file: a key, or a position in an array.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Place {
    /// A table key.
    Key(String),
    /// An array position, from 0.
    Index(usize),
}

impl From<&str> for Place {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for Place {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<usize> for Place {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Builds a path into a definition file from keys and positions.
#[macro_export]
#[doc(hidden)]
macro_rules! place {
    ($($step:expr),* $(,)?) => { vec![$($crate::instrument::Place::from($step)),*] };
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// Stable code, for example `band-gap`.
    pub code: &'static str,
    /// Severity.
    pub severity: Severity,
    /// Path in the file.
    pub path: Vec<Place>,
    /// Byte range in the file, when the place was found.
    pub span: Option<Range<usize>>,
    /// Cause.
    pub message: String,
    /// Fix.
    pub help: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, path: Vec<Place>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, path, span: None, message: message.into(), help: help.into() }
    }

    /// A warning.
    pub fn warning(code: &'static str, path: Vec<Place>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message, help) }
    }

    /// The path as text, for example `scales[2].items`.
    pub fn path_text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Place::Key(key) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(key);
                }
                Place::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }
}

/// All findings on one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// A file that is not of its format.
    pub(crate) fn of_toml(error: &toml::de::Error, help: &str) -> Self {
        let mut diagnostic = Diagnostic::error("format", Vec::new(), error.message().trim().to_owned(), help);
        diagnostic.span = error.span();
        Self(vec![diagnostic])
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Adds findings.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(more);
    }

    /// Fills in the byte ranges from the text of the file: the deepest step of each path that exists.
    #[must_use]
    pub fn located(mut self, text: &str) -> Self {
        let Ok(document) = toml::de::DeTable::parse(text) else { return self };
        for diagnostic in self.0.iter_mut().filter(|d| d.span.is_none()) {
            diagnostic.span = locate(document.get_ref(), &diagnostic.path);
        }
        self
    }
}

fn locate(table: &toml::de::DeTable<'_>, path: &[Place]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let Place::Key(key) = first else { return None };
    let (_, mut value) = table.iter().find(|(name, _)| name.get_ref().as_ref() == key.as_str())?;
    for step in rest {
        let deeper = match (step, value.get_ref()) {
            (Place::Index(index), toml::de::DeValue::Array(array)) => array.get(*index),
            (Place::Key(key), toml::de::DeValue::Table(inner)) => {
                inner.iter().find(|(name, _)| name.get_ref().as_ref() == key.as_str()).map(|(_, value)| value)
            }
            _ => None,
        };
        match deeper {
            Some(deeper) => value = deeper,
            None => break,
        }
    }
    Some(value.span())
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}{} at `{}`: {} ({})",
                diagnostic.code,
                diagnostic.path_text(),
                diagnostic.message,
                diagnostic.help
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
