//! Names of constructs in both languages.

use crate::instrument::Text;

/// The name of a construct in both languages; a word that the vocabulary does not know stands for itself.
///
/// ```
/// use screening_core::catalogue::construct_name;
/// use screening_core::instrument::Language;
/// assert_eq!(construct_name("depression").get(Language::ZhCn), "抑郁");
/// assert_eq!(construct_name("something new").get(Language::ZhCn), "something new");
/// ```
pub fn construct_name(construct: &str) -> Text {
    let known = vocabulary().and_then(|names| names.get(construct)).cloned();
    known.unwrap_or_else(|| Text { en: construct.to_owned(), zh_cn: construct.to_owned() })
}

#[cfg(feature = "bundled")]
fn vocabulary() -> Option<&'static indexmap::IndexMap<String, Text>> {
    use std::sync::LazyLock;
    static NAMES: LazyLock<Option<indexmap::IndexMap<String, Text>>> =
        LazyLock::new(|| toml::from_str(crate::instrument::Library::bundled_file("vocabulary/constructs.toml")?).ok());
    NAMES.as_ref()
}

#[cfg(not(feature = "bundled"))]
fn vocabulary() -> Option<&'static indexmap::IndexMap<String, Text>> {
    None
}
