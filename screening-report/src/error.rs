//! Why a report is refused, in both languages.

use std::fmt;

use screening_core::disclosure::DisclosureError;
use screening_core::instrument::{Language, Text};

use crate::words::{both, say};

/// A refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Input(#[from] screening_io::IoError),
    /// What was read does not make a report.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Counts cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// A column has another type than results have.
    #[error(transparent)]
    Frame(#[from] polars::prelude::PolarsError),
    /// A document could not be put together.
    #[error("the document cannot be written: {0}")]
    Document(String),
}

impl ReportError {
    /// The message in a language.
    pub fn render(&self, language: Language) -> String {
        match self {
            Self::Input(error) => error.render(language),
            Self::Refused(refusal) => refusal.text.get(language).to_owned(),
            Self::Document(cause) => say(language, "refused.document", &[("cause", cause)]),
            Self::Disclosure(error) => say(language, "refused.disclosure", &[("cause", &error.to_string())]),
            Self::Frame(error) => say(language, "refused.frame", &[("cause", &error.to_string())]),
        }
    }

    pub(crate) fn document(cause: impl fmt::Display) -> Self {
        Self::Document(cause.to_string())
    }
}

/// A refusal with its reason and remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable id, for example `policy`.
    pub id: &'static str,
    /// What is wrong and what to do.
    pub text: Text,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text.en)
    }
}

impl std::error::Error for Refusal {}

/// A refusal whose text stands under `refused.<id>`.
pub(crate) fn refuse(id: &'static str, fills: &[(&str, &str)]) -> ReportError {
    Refusal { id, text: both(&format!("refused.{id}"), fills) }.into()
}
