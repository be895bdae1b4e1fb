//! Wording packs: the official wording of one instrument in one language, in a file of the school's own.
//!
//! The library holds scoring facts and topic words of our own, never the wording of a form. A school that may use a form
//! keeps its wording in a TOML file beside the program. The file also states the *fingerprint* of the form that the
//! wording was taken from: the items in their order, and the codes of the options of each. A pack is used only when the
//! fingerprint is that of the definition, so that a form which merely bears the same name is refused.
//!
//! ```
//! use screening_core::instrument::wording::WordingPack;
//! let pack = WordingPack::from_toml(r#"
//!     schema = 1
//!     instrument = "demo"
//!     language = "en"
//!     source = "made up"
//!     licence = "free"
//!     fingerprint = [{ items = ["1", "2"], codes = [0, 1] }]
//!     items.1 = "I like apples."
//!     items.2 = "I like pears."
//!     options.default = [{ code = 0, text = "false" }, { code = 1, text = "true" }]
//! "#)?;
//! assert_eq!(pack.items["2"], "I like pears.");
//! # Ok::<(), screening_core::instrument::wording::WordingProblems>(())
//! ```

mod alone;
mod fit;
mod packs;
mod problem;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::ItemKind;
use super::model::{Definition, ItemDef};

pub use packs::WordingPacks;
pub use problem::{WordingProblem, WordingProblems};

/// The version of the pack format that this engine reads.
pub const WORDING_SCHEMA: u32 = 1;

/// The wording of one instrument in one language, as read from its TOML file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WordingPack {
    /// Format version; must be [`WORDING_SCHEMA`].
    pub schema: u32,
    /// Instrument id.
    pub instrument: String,
    /// Versions of the definition that the pack was made for, for example `1.0`; any version when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<semver::VersionReq>,
    /// Language of the wording as a BCP 47 tag, for example `zh-CN`.
    pub language: String,
    /// Where the wording was taken from.
    pub source: String,
    /// What the school may do with the wording, and who said so.
    pub licence: String,
    /// What is printed above the questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The form that the wording belongs to: runs of items, in the order of the form.
    pub fingerprint: Vec<FormRun>,
    /// Wording by item id.
    pub items: IndexMap<String, String>,
    /// Wording of the options by option set of the definition. A set that is left out has no wording.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub options: IndexMap<String, Vec<OptionText>>,
    /// Wording of the options of single items, by item id, where it differs from that of the set.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub item_options: IndexMap<String, Vec<OptionText>>,
}

/// Items that follow one another on the form and are answered alike.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FormRun {
    /// Item ids, in the order of the form.
    pub items: Vec<String>,
    /// What kind of answer is given.
    #[serde(default, skip_serializing_if = "is_choice")]
    pub kind: ItemKind,
    /// Codes of the options, in the order of the form; none for numbers and clock times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<i8>,
}

/// The wording of one option.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OptionText {
    /// Code of the option.
    pub code: i8,
    /// Its wording.
    pub text: String,
}

fn is_choice(kind: &ItemKind) -> bool {
    *kind == ItemKind::Choice
}

/// One item as a fingerprint states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormItem<'a> {
    /// Item id.
    pub id: &'a str,
    /// What kind of answer is given.
    pub kind: ItemKind,
    /// Codes of the options, in the order of the form.
    pub codes: &'a [i8],
}

impl WordingPack {
    /// Reads a pack and checks what can be said without the instrument: every item has a wording, no option wording
    /// stands for two codes, and so on.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, WordingProblems> {
        let pack = problem::parse(text)?;
        let problems = alone::check(&pack);
        if problems.is_empty() { Ok(pack) } else { Err(WordingProblems(problems)) }
    }

    /// The pack as TOML; [`Self::from_toml`] reads it back.
    ///
    /// # Errors
    /// When the text cannot be written, which no pack that passed its checks brings about.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }

    /// Checks a pack against its instrument: the same items in the same order, each with the same options in the same
    /// order, and no option wording that the definition uses for another code.
    ///
    /// # Errors
    /// All that does not agree.
    pub fn check(&self, instrument: &super::Instrument) -> Result<(), WordingProblems> {
        let mut problems = alone::check(self);
        if problems.is_empty() {
            problems = fit::check(self, instrument.definition());
        }
        if problems.is_empty() { Ok(()) } else { Err(WordingProblems(problems)) }
    }

    /// The items of the form, in its order.
    pub fn form(&self) -> impl Iterator<Item = FormItem<'_>> {
        self.fingerprint
            .iter()
            .flat_map(|run| run.items.iter().map(|id| FormItem { id, kind: run.kind, codes: &run.codes }))
    }

    /// The wording of the options of an item of `definition`; empty when the pack has none.
    pub fn options_of(&self, item: &ItemDef) -> &[OptionText] {
        if item.kind != ItemKind::Choice {
            return &[];
        }
        let set = item.options.as_deref().unwrap_or("default");
        self.item_options.get(&item.id).or_else(|| self.options.get(set)).map_or(&[], Vec::as_slice)
    }

    /// `instrument/language+hash`, with the first 12 digits of the hash of its content: what results cite when options
    /// were read by this wording.
    pub fn citation(&self) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        format!("{}/{}+{:.12}", self.instrument, self.language, crate::hash::content_hash(&content))
    }
}

/// The codes of the options of an item, in the order of the form.
fn codes_of(definition: &Definition, item: &ItemDef) -> Vec<i8> {
    definition.options_of(item).iter().map(|option| option.code).collect()
}
