//! The shape of conditions in the file.

use serde::{Deserialize, Serialize};

use super::condition::{BandWish, Condition, DerivedScore, Leaf, Reference};
use super::evidence::EvidenceStream;
use crate::change::{ClinicalChange, Course, Outcome};
use crate::instrument::expr::Comparison;
use crate::instrument::{Level, Verdict};
use crate::stats::Decimal;

/// The shape in the file: one struct with every key, so that an unknown or misplaced key is told by name.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    norm: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validity_rule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validity_index: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change_index: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clinical: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within_days: Option<u32>,
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
            ("norm", self.norm.is_some()),
            ("validity-rule", self.validity_rule.is_some()),
            ("validity-index", self.validity_index.is_some()),
            ("change", self.change.is_some()),
            ("change-index", self.change_index.is_some()),
            ("clinical", self.clinical.is_some()),
            ("course", self.course.is_some()),
            ("evidence", self.evidence.is_some()),
            ("at-least", self.at_least.is_some()),
            ("in", self.within.is_some()),
            ("op", self.op.is_some()),
            ("value", self.value.is_some()),
            ("verdict", self.verdict.is_some()),
            ("within-days", self.within_days.is_some()),
        ];
        present.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

const SHAPES: &str = "a condition is one of: all; any; not; at-least = { k, of }; score with op and value; answer with op and value; \
    band with at-least or in; word with in; flag; validity with verdict; norm with op and value; validity-rule; \
    validity-index with op and value; change, clinical or course with in; change-index with op and value; evidence with in and, if wanted, within-days";

impl TryFrom<Raw> for Condition {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let mut keys = raw.keys();
        // `in`, `op` and `value` stand behind what they belong to.
        keys.sort_by_key(|key| matches!(*key, "in" | "op" | "value" | "verdict" | "at-least" | "within-days"));
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
            (["norm", "op", "value"], Raw { norm: Some(norm), op: Some(op), value: Some(value), .. }) => {
                let (scale, derived) = derived(&norm)?;
                Leaf::Norm { scale, derived, op, value }
            }
            (["validity-rule"], Raw { validity_rule: Some(rule), .. }) => Leaf::ValidityRule { rule: rule.parse()? },
            (
                ["validity-index", "op", "value"],
                Raw { validity_index: Some(rule), op: Some(op), value: Some(value), .. },
            ) => Leaf::ValidityIndex { rule: rule.parse()?, op, value },
            (
                ["change-index", "op", "value"],
                Raw { change_index: Some(scale), op: Some(op), value: Some(value), .. },
            ) => Leaf::ChangeIndex { scale: scale.parse()?, op, value },
            (["change", "in"], Raw { change: Some(scale), within: Some(ids), .. }) => {
                Leaf::Change { scale: scale.parse()?, outcomes: named("change", &ids, &Outcome::ALL, Outcome::word)? }
            }
            (["clinical", "in"], Raw { clinical: Some(scale), within: Some(ids), .. }) => Leaf::Clinical {
                scale: scale.parse()?,
                changes: named("clinical", &ids, &ClinicalChange::ALL, ClinicalChange::word)?,
            },
            (["course", "in"], Raw { course: Some(scale), within: Some(ids), .. }) => {
                Leaf::Course { scale: scale.parse()?, courses: named("course", &ids, &Course::ALL, Course::word)? }
            }
            (
                ["evidence", "in"] | ["evidence", "in", "within-days"],
                Raw { evidence: Some(of), within: Some(values), within_days, .. },
            ) => record(&of, values, within_days)?,
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
                Leaf::Norm { scale, derived, op, value } => Self {
                    norm: Some(format!("{scale}.{}", derived.word())),
                    op: Some(op),
                    value: Some(value),
                    ..empty
                },
                Leaf::ValidityRule { rule } => Self { validity_rule: Some(rule.to_string()), ..empty },
                Leaf::ValidityIndex { rule, op, value } => {
                    Self { validity_index: Some(rule.to_string()), op: Some(op), value: Some(value), ..empty }
                }
                Leaf::Change { scale, outcomes } => {
                    Self { change: Some(scale.to_string()), within: Some(words(&outcomes, Outcome::word)), ..empty }
                }
                Leaf::ChangeIndex { scale, op, value } => {
                    Self { change_index: Some(scale.to_string()), op: Some(op), value: Some(value), ..empty }
                }
                Leaf::Clinical { scale, changes } => {
                    let within = Some(words(&changes, ClinicalChange::word));
                    Self { clinical: Some(scale.to_string()), within, ..empty }
                }
                Leaf::Course { scale, courses } => {
                    Self { course: Some(scale.to_string()), within: Some(words(&courses, Course::word)), ..empty }
                }
                Leaf::Record { of, values, within_days } => {
                    Self { evidence: Some(of.to_string()), within: Some(values), within_days, ..empty }
                }
            },
        }
    }
}

/// A condition about records: the kind, its source and every value are in the vocabulary.
fn record(of: &str, values: Vec<String>, within_days: Option<u32>) -> Result<Leaf, String> {
    let of: EvidenceStream = of.parse()?;
    let known = of.definition().map(|kind| &kind.values);
    if values.is_empty() {
        return Err(format!("`evidence = \"{of}\"` with an empty list of values; name at least one"));
    }
    if let Some(odd) = values.iter().find(|value| known.is_none_or(|known| !known.contains_key(*value))) {
        let known: Vec<&str> = known.into_iter().flat_map(|known| known.keys()).map(String::as_str).collect();
        return Err(format!("`{odd}` is no value of `{}`; use {}", of.kind(), known.join(", ")));
    }
    Ok(Leaf::Record { of, values, within_days })
}

/// Words of a list as what they name.
fn named<T: Copy>(key: &str, ids: &[String], all: &[T], word: fn(T) -> &'static str) -> Result<Vec<T>, String> {
    let find = |id: &String| {
        all.iter().copied().find(|known| word(*known) == id).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|known| word(*known)).collect();
            format!("`{id}` is no word of `{key}`; use {}", known.join(", "))
        })
    };
    ids.iter().map(find).collect()
}

fn words<T: Copy>(list: &[T], word: fn(T) -> &'static str) -> Vec<String> {
    list.iter().map(|entry| word(*entry).to_owned()).collect()
}

/// `instrument.scale.derived`.
fn derived(text: &str) -> Result<(Reference, DerivedScore), String> {
    let known = || DerivedScore::ALL.map(DerivedScore::word).join(", ");
    let shape = || {
        format!("`{text}` is no derived score; write `instrument.scale.t`, or another of {} behind the scale", known())
    };
    let (scale, word) = text.rsplit_once('.').ok_or_else(shape)?;
    let derived = DerivedScore::ALL.into_iter().find(|known| known.word() == word).ok_or_else(shape)?;
    Ok((scale.parse()?, derived))
}
