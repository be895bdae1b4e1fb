//! Kinds of evidence beside the sheets, their sources and values, from the resource file.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::instrument::Text;

const FILE: &str = include_str!("../../../resources/evidence.toml");

static KINDS: LazyLock<IndexMap<String, EvidenceKindDef>> = LazyLock::new(|| {
    // A broken resource is excluded by a test; at run time every kind is then unknown and refused.
    toml::from_str(FILE).unwrap_or_default()
});

/// One kind of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceKindDef {
    /// Name for people.
    pub name: Text,
    /// Whether every record counts.
    pub speaks: Speaks,
    /// Who reports, by id; empty for a kind with one source.
    #[serde(default)]
    pub sources: IndexMap<String, Text>,
    /// What may be reported, by id.
    pub values: IndexMap<String, EvidenceValueDef>,
}

/// Which records of one source count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaks {
    /// Every one.
    Each,
    /// The latest; records without a date cannot be put in order and count beside it.
    Latest,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceValueDef {
    /// Name for people.
    pub name: Text,
    /// The source was asked and has nothing to report.
    #[serde(default)]
    pub nothing: bool,
    /// The record leaves the matter open.
    #[serde(default)]
    pub open: bool,
}

/// All kinds, by id, in the order of the resource file.
///
/// ```
/// use screening_core::risk::evidence_kinds;
/// assert!(evidence_kinds()["nomination"].sources.contains_key("teacher"));
/// assert!(evidence_kinds()["interview"].values["cannot-say"].open);
/// ```
pub fn evidence_kinds() -> &'static IndexMap<String, EvidenceKindDef> {
    &KINDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_reads_and_every_kind_can_say_that_there_is_nothing() {
        assert_eq!(KINDS.len(), 3);
        for (id, kind) in KINDS.iter() {
            assert!(kind.values.len() > 2 && kind.values.len() < 200, "{id}");
            assert_eq!(kind.values.values().filter(|value| value.nothing).count(), 1, "{id}");
            let texts = kind.values.values().map(|value| &value.name).chain(kind.sources.values()).chain([&kind.name]);
            for text in texts {
                assert!(!text.en.is_empty() && !text.zh_cn.is_empty(), "{id}");
            }
        }
    }
}
