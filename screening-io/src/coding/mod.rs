//! Which coding a file uses, told from evidence or refused.
//!
//! The same question can come as the text of the option, as its ordinal (1 to k), or as its score. Ordinals of a
//! scale that is coded from 0 look like scores that are one too high, and nothing later can repair such a mistake, so
//! a coding is only taken when the answers leave no other reading.

mod decide;
mod evidence;
mod item;

use screening_core::instrument::{Language, Text};

use crate::messages::say;

pub(crate) use decide::{Verdict, decide};
pub(crate) use evidence::{Evidence, Tally};
pub(crate) use item::{Answer, ItemReader};

/// How the answers of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coding {
    /// The label of the option, in Chinese or English, or its wording in a loaded pack.
    Text,
    /// The position of the option in the instrument's option set: 1 is the first.
    Ordinal,
    /// The code of the option.
    Score,
}

impl Coding {
    /// All codings.
    pub const ALL: [Self; 3] = [Self::Text, Self::Ordinal, Self::Score];

    /// The word used in options: `text`, `ordinal`, `score`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ordinal => "ordinal",
            Self::Score => "score",
        }
    }

    fn title(self, language: Language) -> String {
        say(&format!("frame.evidence.{}", self.word()), language, &[])
    }
}

/// How a coding was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The caller stated it.
    Stated,
    /// Only this coding fits the answers.
    Answers,
    /// Several codings fit and all give the same codes.
    Same,
    /// Both fit; the platform's own total equals the sum of the codes under this one only.
    Total,
    /// Both fit; another instrument of the same file, which was downloaded in one coding, leaves only this one.
    SameFile,
    /// There are no answers to read.
    NoAnswers,
}

/// How the columns of an instrument were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// One after the other, in the order of the items.
    Order,
    /// One after the other, from the stated number of the first question on.
    Number,
    /// By names of columns that name the items.
    Name,
    /// By the wording of the questions, in any order.
    Wording,
    /// As a mapping says.
    Mapping,
}

impl FoundBy {
    /// All ways.
    pub const ALL: [Self; 5] = [Self::Order, Self::Number, Self::Name, Self::Wording, Self::Mapping];

    /// One word: `order`, `number`, `name`, `wording`, `mapping`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Number => "number",
            Self::Name => "name",
            Self::Wording => "wording",
            Self::Mapping => "mapping",
        }
    }
}

/// How the answers to one instrument were read.
#[derive(Debug, Clone, PartialEq)]
pub struct CodingReport {
    /// Instrument id.
    pub instrument: String,
    /// How its columns were found.
    pub found_by: FoundBy,
    /// The coding used.
    pub coding: Coding,
    /// Why.
    pub ground: Ground,
    /// How each column was read, as a table for people.
    pub evidence: Text,
}
