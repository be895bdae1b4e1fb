//! Kinds of evidence with their sources.

use serde::{Deserialize, Serialize};

use super::vocabulary::{EvidenceKindDef, evidence_kinds};

/// A kind of evidence, and one of its sources where it has several: `history`, `nomination.teacher`. A kind with several
/// sources named alone means any of them.
///
/// ```
/// use screening_core::risk::EvidenceStream;
/// let stream: EvidenceStream = "nomination.teacher".parse().unwrap();
/// assert_eq!(stream.to_string(), "nomination.teacher");
/// assert!("gossip".parse::<EvidenceStream>().unwrap_err().contains("nomination"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EvidenceStream {
    kind: String,
    source: Option<String>,
}

impl EvidenceStream {
    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The source.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The kind in the vocabulary.
    pub fn definition(&self) -> Option<&'static EvidenceKindDef> {
        evidence_kinds().get(&self.kind)
    }

    #[cfg(feature = "frame")]
    /// Positions of the single sources that it stands for, in the list of all of them.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        all().enumerate().filter_map(move |(at, (kind, source))| {
            (kind == self.kind && self.source.as_deref().is_none_or(|own| source == Some(own))).then_some(at)
        })
    }
}

/// Every kind with each of its sources.
#[cfg(feature = "frame")]
pub(super) fn all() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    evidence_kinds().iter().flat_map(|(kind, definition)| {
        let sources = definition.sources.keys().map(|source| Some(source.as_str()));
        let alone = definition.sources.is_empty().then_some(None);
        sources.chain(alone).map(move |source| (kind.as_str(), source))
    })
}

impl std::fmt::Display for EvidenceStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}.{source}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}

impl std::str::FromStr for EvidenceStream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, source) = text.split_once('.').map_or((text, None), |(kind, source)| (kind, Some(source)));
        let known: Vec<&str> = evidence_kinds().keys().map(String::as_str).collect();
        let Some(definition) = evidence_kinds().get(kind) else {
            return Err(format!("`{kind}` is no kind of evidence; use {}", known.join(", ")));
        };
        if let Some(source) = source.filter(|source| !definition.sources.contains_key(*source)) {
            let sources: Vec<&str> = definition.sources.keys().map(String::as_str).collect();
            let advice = if sources.is_empty() {
                format!("`{kind}` has no sources; write it alone")
            } else {
                format!("use one of {}", sources.join(", "))
            };
            return Err(format!("`{source}` is no source of `{kind}`; {advice}"));
        }
        Ok(Self { kind: kind.to_owned(), source: source.map(str::to_owned) })
    }
}

impl TryFrom<String> for EvidenceStream {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<EvidenceStream> for String {
    fn from(stream: EvidenceStream) -> Self {
        stream.to_string()
    }
}

/// For whom a source was delivered: of these pupils, no record means that there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoveredStream {
    /// The source; a kind alone means all its sources.
    pub stream: EvidenceStream,
    /// The schools whose pupils it speaks of; all where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schools: Option<Vec<String>>,
}
