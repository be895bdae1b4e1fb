//! The layouts that are known, read from `resources/layouts.toml`.

use std::sync::LazyLock;

use screening_core::instrument::Text;
use serde::Deserialize;

use crate::words::normal;

const SOURCE: &str = include_str!("../../resources/layouts.toml");

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    // A broken resource must not take the program down; a test checks that it is whole.
    toml::from_str(SOURCE).unwrap_or_default()
});

/// All layouts, in the order in which they are tried.
pub(crate) fn layouts() -> &'static [LayoutDef] {
    &REGISTRY.layouts
}

/// The layout with this id.
pub(crate) fn layout(id: &str) -> Option<&'static LayoutDef> {
    layouts().iter().find(|layout| layout.id == id)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    layouts: Vec<LayoutDef>,
}

/// One layout. See the comments in `resources/layouts.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LayoutDef {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) headings: Vec<Form>,
    #[serde(default)]
    pub(crate) marks: Vec<String>,
    #[serde(default)]
    pub(crate) matrix_marks: Vec<String>,
    #[serde(default)]
    pub(crate) option_letter: bool,
    #[serde(default)]
    pub(crate) code_prefixes: Vec<String>,
    #[serde(default)]
    pub(crate) aside: Option<[String; 2]>,
    #[serde(default)]
    pub(crate) skipped: Vec<String>,
    #[serde(default)]
    pub(crate) not_shown: Vec<String>,
    #[serde(default)]
    pub(crate) void: Vec<String>,
    #[serde(default)]
    pub(crate) universal_time: i64,
    #[serde(default)]
    pub(crate) lenient: bool,
    pub(crate) columns: Vec<MetadataColumn>,
}

/// A form of the headings of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    Numbered,
    Sub,
    Code,
    Field,
    Bracket,
    Variable,
    Link,
    Plain,
}

/// A column that is about the sheet and not a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MetadataColumn {
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) headings: Vec<String>,
    #[serde(default)]
    pub(crate) prefixes: Vec<String>,
    #[serde(default)]
    pub(crate) suffixes: Vec<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default = "yes")]
    pub(crate) read: bool,
}

fn yes() -> bool {
    true
}

impl LayoutDef {
    /// The metadata column that a heading belongs to.
    pub(crate) fn metadata(&self, heading: &str) -> Option<&MetadataColumn> {
        let heading = normal(heading);
        self.columns.iter().find(|column| column.is(&heading))
    }

    /// Whether any question heading will do.
    pub(crate) fn is_plain(&self) -> bool {
        self.headings.contains(&Form::Plain)
    }
}

impl MetadataColumn {
    fn is(&self, heading: &str) -> bool {
        self.headings.iter().any(|known| known == heading)
            || self.prefixes.iter().any(|prefix| heading.starts_with(prefix.as_str()))
            || self.suffixes.iter().any(|suffix| heading.ends_with(suffix.as_str()))
    }
}

/// Whether some layout knows a metadata column with this heading whose content is never kept, and none that reads it.
pub(crate) fn is_unread(heading: &str) -> bool {
    let mut known = layouts().iter().filter_map(|layout| layout.metadata(heading)).peekable();
    known.peek().is_some() && known.all(|column| !column.read)
}

/// Whether a heading is one that platforms write.
pub(crate) fn is_known_heading(heading: &str) -> bool {
    layouts().iter().any(|layout| layout.columns.iter().any(|column| column.headings.iter().any(|h| h == heading)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_whole() {
        let registry: Registry = toml::from_str(SOURCE).expect("layouts.toml");
        let mut ids: Vec<&str> = registry.layouts.iter().map(|layout| layout.id.as_str()).collect();
        assert!(ids.len() >= 9);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), registry.layouts.len());
        for layout in &registry.layouts {
            assert!(layout.columns.iter().any(|column| column.required), "{}", layout.id);
            for heading in layout.columns.iter().flat_map(|c| c.headings.iter().chain(&c.prefixes).chain(&c.suffixes)) {
                assert_eq!(*heading, normal(heading), "headings are kept in their normal form");
            }
        }
    }

    #[test]
    fn addresses_and_accounts_are_never_kept() {
        for heading in ["来自IP", "IP", "用户标识", "ipaddr", "info_remote_ip", "info_region.city"] {
            assert!(is_unread(heading), "{heading}");
        }
        for heading in ["序号", "提交答卷时间", "学号", "1、心情"] {
            assert!(!is_unread(heading), "{heading}");
        }
    }
}
