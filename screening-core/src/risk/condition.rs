//! Conditions of a rule: a tree of `all`, `any`, `not` and `at-least` over single pieces of evidence.

use serde::{Deserialize, Serialize};

use crate::instrument::expr::Comparison;
use crate::instrument::{Level, Verdict};
use crate::stats::Decimal;

/// A condition.
///
/// In TOML each node is one inline table: `{ all = [..] }`, `{ any = [..] }`, `{ not = {..} }`,
/// `{ at-least = { k = 2, of = [..] } }`, or a leaf:
///
/// | leaf | holds when |
/// |---|---|
/// | `{ score = "phq-9.total", op = ">=", value = 15 }` | the score compares so |
/// | `{ answer = "phq-9.9", op = ">=", value = 2 }` | the stored answer code compares so |
/// | `{ band = "gad-7.total", at-least = "high" }` | the band's level of attention is at least this |
/// | `{ band = "phq-9.total", in = ["severe"] }` | the band is one of these |
/// | `{ word = "phq-9.syndrome", in = ["major"] }` | the rule scale has one of these words |
/// | `{ flag = "phq-9.item-9" }` | the flag is raised |
/// | `{ validity = "psqi", verdict = "doubtful" }` | a validity rule of at least this verdict fired |
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub enum Condition {
    /// All hold.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// At least `k` hold.
    AtLeast {
        /// How many.
        k: usize,
        /// Of these.
        of: Vec<Self>,
    },
    /// A piece of evidence.
    Leaf(Leaf),
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// A score compared with a number.
    Score {
        /// The scale.
        scale: Reference,
        /// Operator.
        op: Comparison,
        /// Threshold.
        value: Decimal,
    },
    /// A stored answer compared with a number. Holds whatever the validity of the sheet.
    Answer {
        /// The item.
        item: Reference,
        /// Operator.
        op: Comparison,
        /// Threshold.
        value: Decimal,
    },
    /// The band of a score.
    Band {
        /// The scale.
        scale: Reference,
        /// Which bands.
        wish: BandWish,
    },
    /// The word of a rule scale.
    Word {
        /// The scale.
        scale: Reference,
        /// Which words.
        words: Vec<String>,
    },
    /// A flag. Holds whatever the validity of the sheet.
    Flag {
        /// The flag.
        flag: Reference,
    },
    /// A verdict on the sheet.
    Validity {
        /// Instrument.
        instrument: String,
        /// This verdict or a graver one.
        verdict: Verdict,
    },
}

/// Which bands a [`Leaf::Band`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BandWish {
    /// Bands of this level of attention or a higher one.
    AtLeast(Level),
    /// Bands by id.
    In(Vec<String>),
}

/// A part of an instrument: `instrument.part`, split at the last point because instrument ids may contain points.
///
/// ```
/// use screening_core::risk::Reference;
/// let reference: Reference = "asrs-v1.1.total".parse().unwrap();
/// assert_eq!((reference.instrument.as_str(), reference.part.as_str()), ("asrs-v1.1", "total"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Instrument id.
    pub instrument: String,
    /// Scale, item or flag id.
    pub part: String,
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.instrument, self.part)
    }
}

impl std::str::FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('.') {
            Some((instrument, part)) if !instrument.is_empty() && !part.is_empty() => {
                Ok(Self { instrument: instrument.to_owned(), part: part.to_owned() })
            }
            _ => Err(format!("`{text}` is not a reference; write `instrument.part`, for example `phq-9.total`")),
        }
    }
}

impl Leaf {
    /// The instrument it is about.
    pub fn instrument(&self) -> &str {
        match self {
            Self::Score { scale, .. } | Self::Band { scale, .. } | Self::Word { scale, .. } => &scale.instrument,
            Self::Answer { item, .. } => &item.instrument,
            Self::Flag { flag } => &flag.instrument,
            Self::Validity { instrument, .. } => instrument,
        }
    }

    /// The scale it reads, for scores, bands and words.
    pub fn scale(&self) -> Option<&Reference> {
        match self {
            Self::Score { scale, .. } | Self::Band { scale, .. } | Self::Word { scale, .. } => Some(scale),
            Self::Answer { .. } | Self::Flag { .. } | Self::Validity { .. } => None,
        }
    }
}

impl Condition {
    /// Calls `visit` for every leaf.
    pub fn leaves<'a>(&'a self, visit: &mut impl FnMut(&'a Leaf)) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::AtLeast { of: parts, .. } => {
                for part in parts {
                    part.leaves(visit);
                }
            }
            Self::Not(part) => part.leaves(visit),
            Self::Leaf(leaf) => visit(leaf),
        }
    }
}

/// The shape in the file: one struct with every key, so that an unknown or misplaced key is told by name.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    band: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    word: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<AtLeast>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    within: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<Comparison>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
}

/// `at-least` counts conditions, or names the lowest level of a band.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
enum AtLeast {
    Level(Level),
    Count(CountDef),
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CountDef {
    k: usize,
    of: Vec<Condition>,
}

impl Raw {
    /// The keys that are there.
    fn keys(&self) -> Vec<&'static str> {
        let present = [
            ("all", self.all.is_some()),
            ("any", self.any.is_some()),
            ("not", self.not.is_some()),
            ("score", self.score.is_some()),
            ("answer", self.answer.is_some()),
            ("band", self.band.is_some()),
            ("word", self.word.is_some()),
            ("flag", self.flag.is_some()),
            ("validity", self.validity.is_some()),
            ("at-least", self.at_least.is_some()),
            ("in", self.within.is_some()),
            ("op", self.op.is_some()),
            ("value", self.value.is_some()),
            ("verdict", self.verdict.is_some()),
        ];
        present.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

const SHAPES: &str = "a condition is one of: all; any; not; at-least = { k, of }; score with op and value; answer with op and value; \
    band with at-least or in; word with in; flag; validity with verdict";

impl TryFrom<Raw> for Condition {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let keys = raw.keys();
        let wrong = || format!("the keys {} do not go together: {SHAPES}", keys.join(", "));
        let leaf = match (keys.as_slice(), raw) {
            (["all"], Raw { all: Some(parts), .. }) => return Ok(Self::All(parts)),
            (["any"], Raw { any: Some(parts), .. }) => return Ok(Self::Any(parts)),
            (["not"], Raw { not: Some(part), .. }) => return Ok(Self::Not(part)),
            (["at-least"], Raw { at_least: Some(AtLeast::Count(count)), .. }) => {
                return Ok(Self::AtLeast { k: count.k, of: count.of });
            }
            (["score", "op", "value"], Raw { score: Some(scale), op: Some(op), value: Some(value), .. }) => {
                Leaf::Score { scale: scale.parse()?, op, value }
            }
            (["answer", "op", "value"], Raw { answer: Some(item), op: Some(op), value: Some(value), .. }) => {
                Leaf::Answer { item: item.parse()?, op, value }
            }
            (["band", "at-least"], Raw { band: Some(scale), at_least: Some(AtLeast::Level(level)), .. }) => {
                Leaf::Band { scale: scale.parse()?, wish: BandWish::AtLeast(level) }
            }
            (["band", "in"], Raw { band: Some(scale), within: Some(ids), .. }) => {
                Leaf::Band { scale: scale.parse()?, wish: BandWish::In(ids) }
            }
            (["word", "in"], Raw { word: Some(scale), within: Some(words), .. }) => {
                Leaf::Word { scale: scale.parse()?, words }
            }
            (["flag"], Raw { flag: Some(flag), .. }) => Leaf::Flag { flag: flag.parse()? },
            (["validity", "verdict"], Raw { validity: Some(instrument), verdict: Some(verdict), .. }) => {
                Leaf::Validity { instrument, verdict }
            }
            _ => return Err(wrong()),
        };
        Ok(Self::Leaf(leaf))
    }
}

impl From<Condition> for Raw {
    fn from(condition: Condition) -> Self {
        let empty = Self::default();
        match condition {
            Condition::All(parts) => Self { all: Some(parts), ..empty },
            Condition::Any(parts) => Self { any: Some(parts), ..empty },
            Condition::Not(part) => Self { not: Some(part), ..empty },
            Condition::AtLeast { k, of } => Self { at_least: Some(AtLeast::Count(CountDef { k, of })), ..empty },
            Condition::Leaf(leaf) => match leaf {
                Leaf::Score { scale, op, value } => {
                    Self { score: Some(scale.to_string()), op: Some(op), value: Some(value), ..empty }
                }
                Leaf::Answer { item, op, value } => {
                    Self { answer: Some(item.to_string()), op: Some(op), value: Some(value), ..empty }
                }
                Leaf::Band { scale, wish: BandWish::AtLeast(level) } => {
                    Self { band: Some(scale.to_string()), at_least: Some(AtLeast::Level(level)), ..empty }
                }
                Leaf::Band { scale, wish: BandWish::In(ids) } => {
                    Self { band: Some(scale.to_string()), within: Some(ids), ..empty }
                }
                Leaf::Word { scale, words } => Self { word: Some(scale.to_string()), within: Some(words), ..empty },
                Leaf::Flag { flag } => Self { flag: Some(flag.to_string()), ..empty },
                Leaf::Validity { instrument, verdict } => {
                    Self { validity: Some(instrument), verdict: Some(verdict), ..empty }
                }
            },
        }
    }
}
