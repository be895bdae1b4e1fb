//! The packs of a school, by instrument and language.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{WordingPack, WordingProblem, WordingProblems};
use crate::instrument::Library;
use crate::instrument::compare::normal;
use crate::instrument::model::{Definition, ItemDef};

/// Packs by instrument and language. All of them fit their instrument.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_core::instrument::wording::{WordingPack, WordingPacks};
/// let library = Library::bundled()?;
/// let pack = WordingPack::from_toml(r#"
///     schema = 1
///     instrument = "gad-2"
///     language = "en"
///     source = "made up"
///     licence = "free"
///     fingerprint = [{ items = ["1", "2"], codes = [0, 1, 2, 3, 4] }]
///     items = { 1 = "Apples?", 2 = "Pears?" }
/// "#)?;
/// let refused = WordingPacks::default().add(pack, &library).unwrap_err();
/// assert_eq!(refused.0[0].code, "option-codes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct WordingPacks {
    packs: IndexMap<(String, String), WordingPack>,
}

impl WordingPacks {
    /// Adds a pack.
    ///
    /// # Errors
    /// When its instrument is not in the library, it does not fit the instrument, the instrument has a pack of this
    /// language already, or an option wording stands for another code in a pack of another language.
    pub fn add(&mut self, pack: WordingPack, library: &Library) -> Result<&WordingPack, WordingProblems> {
        let refuse = |problem| Err(WordingProblems(vec![problem]));
        let Some(instrument) = library.get(&pack.instrument) else {
            let values = [("instrument", pack.instrument.as_str())];
            return refuse(WordingProblem::new("instrument-unknown", "instrument", &values));
        };
        pack.check(instrument)?;
        let key = (pack.instrument.clone(), pack.language.clone());
        if self.packs.contains_key(&key) {
            let values = [("instrument", pack.instrument.as_str()), ("language", &pack.language)];
            return refuse(WordingProblem::new("pack-twice", "language", &values));
        }
        if let Some(problem) = self.conflict(&pack, instrument.definition()) {
            return refuse(problem);
        }
        Ok(self.packs.entry(key).or_insert(pack))
    }

    /// A file may be in any language that is loaded, so one text must not mean two things.
    fn conflict(&self, pack: &WordingPack, definition: &Definition) -> Option<WordingProblem> {
        let texts = |pack: &WordingPack, item: &ItemDef| -> HashMap<String, i8> {
            pack.options_of(item).iter().map(|option| (normal(&option.text), option.code)).collect()
        };
        for (item, other) in definition.items.iter().flat_map(|item| self.of(&definition.id).map(move |o| (item, o))) {
            let known = texts(other, item);
            for option in pack.options_of(item) {
                if let Some(first) = known.get(&normal(&option.text)).filter(|first| **first != option.code) {
                    let (first, second) = (first.to_string(), option.code.to_string());
                    let values = [
                        ("text", option.text.as_str()),
                        ("item", &item.id),
                        ("language", &other.language),
                        ("first", &first),
                        ("second", &second),
                    ];
                    return Some(WordingProblem::new("languages-contradict", "options", &values));
                }
            }
        }
        None
    }

    /// The pack of an instrument in a language.
    pub fn get(&self, instrument: &str, language: &str) -> Option<&WordingPack> {
        self.packs.get(&(instrument.to_owned(), language.to_owned()))
    }

    /// The packs of an instrument, in the order of loading.
    pub fn of<'p>(&'p self, instrument: &str) -> impl Iterator<Item = &'p WordingPack> {
        self.packs.values().filter(move |pack| pack.instrument == instrument)
    }

    /// All packs, in the order of loading.
    pub fn iter(&self) -> impl Iterator<Item = &WordingPack> {
        self.packs.values()
    }

    /// Number of packs.
    pub fn len(&self) -> usize {
        self.packs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.packs.is_empty()
    }
}
