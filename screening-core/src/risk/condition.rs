//! Conditions of a rule: a tree of `all`, `any`, `not` and `at-least` over single pieces of evidence.

use serde::{Deserialize, Serialize};

use super::evidence::EvidenceStream;
use super::shape::Raw;
use crate::change::{ClinicalChange, Course, Outcome};
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
/// | `{ validity = "psqi", verdict = "doubtful" }` | the verdict on the sheet is at least this |
/// | `{ validity-rule = "psqi.too-fast" }` | the validity rule fired, of the definition or of the plan |
/// | `{ validity-index = "scl-90.longest-run", op = ">=", value = 30 }` | the value of the index compares so |
/// | `{ norm = "phq-9.total.t", op = ">=", value = 65 }` | the derived score compares so |
/// | `{ change = "phq-9.total", in = ["deteriorated"] }` | the score changed so since the last wave, beyond error |
/// | `{ change-index = "phq-9.total", op = ">", value = 2.58 }` | the index of reliable change compares so |
/// | `{ clinical = "phq-9.total", in = ["newly-raised"] }` | reliable change with the side of the cut-off |
/// | `{ course = "phq-9.total", in = ["persistent"] }` | the course over the waves is one of these |
/// | `{ evidence = "nomination.teacher", in = ["urgent"], within-days = 60 }` | a record about the pupil says so, and is not older |
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
    /// A validity rule of the definition or of the validity plan.
    ValidityRule {
        /// The rule.
        rule: Reference,
    },
    /// The value of an index of the validity plan compared with a number.
    ValidityIndex {
        /// The rule of the plan that computes it.
        rule: Reference,
        /// Operator.
        op: Comparison,
        /// Threshold.
        value: Decimal,
    },
    /// A derived score of a norm set compared with a number.
    Norm {
        /// The scale.
        scale: Reference,
        /// Which derived score.
        derived: DerivedScore,
        /// Operator.
        op: Comparison,
        /// Threshold.
        value: Decimal,
    },
    /// Reliable change since the earlier wave.
    Change {
        /// The scale.
        scale: Reference,
        /// Which outcomes.
        outcomes: Vec<Outcome>,
    },
    /// The index of reliable change compared with a number; positive where the score rose.
    ChangeIndex {
        /// The scale.
        scale: Reference,
        /// Operator.
        op: Comparison,
        /// Threshold.
        value: Decimal,
    },
    /// Reliable change together with the side of the cut-off.
    Clinical {
        /// The scale.
        scale: Reference,
        /// Which kinds.
        changes: Vec<ClinicalChange>,
    },
    /// The course of the bands over the waves.
    Course {
        /// The scale.
        scale: Reference,
        /// Which courses.
        courses: Vec<Course>,
    },
    /// A record about the pupil beside the sheets. Holds whatever the validity of a sheet.
    Record {
        /// Kind of evidence and its source.
        of: EvidenceStream,
        /// Which values.
        values: Vec<String>,
        /// How many days before the day of the wave it may lie at most; any number where left out.
        within_days: Option<u32>,
    },
}

/// A derived score of a norm set, as named behind the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DerivedScore {
    /// Linear z.
    Z,
    /// Linear T.
    T,
    /// Percentile rank.
    Percentile,
    /// Normalised T.
    TNormalised,
    /// Stanine.
    Stanine,
    /// Sten.
    Sten,
}

impl DerivedScore {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Z, Self::T, Self::Percentile, Self::TNormalised, Self::Stanine, Self::Sten];

    /// The word in policies and behind the scale in column names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Z => "z",
            Self::T => "t",
            Self::Percentile => "percentile",
            Self::TNormalised => "t_normalised",
            Self::Stanine => "stanine",
            Self::Sten => "sten",
        }
    }

    /// Lowest and highest value, where it has them.
    pub fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Percentile => Some((0.0, 100.0)),
            Self::Stanine => Some((1.0, 9.0)),
            Self::Sten => Some((1.0, 10.0)),
            Self::Z | Self::T | Self::TNormalised => None,
        }
    }

    /// The name for people.
    pub fn name(self) -> crate::instrument::Text {
        crate::texts::say(&format!("derived.{}", self.word()), &[])
    }
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
    /// The instrument it is about; empty for a record about the pupil, which rests on no instrument.
    pub fn instrument(&self) -> &str {
        self.part().0
    }

    /// The scale it reads: of scores, bands, words, derived scores and change.
    pub fn scale(&self) -> Option<&Reference> {
        self.part().1
    }

    /// Instrument and scale.
    fn part(&self) -> (&str, Option<&Reference>) {
        match self {
            Self::Score { scale, .. }
            | Self::Band { scale, .. }
            | Self::Word { scale, .. }
            | Self::Norm { scale, .. }
            | Self::Change { scale, .. }
            | Self::ChangeIndex { scale, .. }
            | Self::Clinical { scale, .. }
            | Self::Course { scale, .. } => (&scale.instrument, Some(scale)),
            Self::Answer { item: part, .. }
            | Self::Flag { flag: part }
            | Self::ValidityRule { rule: part }
            | Self::ValidityIndex { rule: part, .. } => (&part.instrument, None),
            Self::Validity { instrument, .. } => (instrument, None),
            Self::Record { .. } => ("", None),
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
