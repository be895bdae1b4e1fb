//! Published facts, worked examples and sources.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::instrument::text::Text;
use crate::stats::Decimal;

use super::GroupDef;

/// A published figure: one number, or the range that a source gives for several groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Figure {
    /// One number.
    One(Decimal),
    /// A range `{ from, to }`.
    Range(FigureRange),
}

/// The range of a published figure, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FigureRange {
    /// Smallest.
    pub from: Decimal,
    /// Largest.
    pub to: Decimal,
}

impl Figure {
    /// The smallest value it can stand for: the cautious one for a reliability.
    ///
    /// ```
    /// use screening_core::instrument::model::{Figure, FigureRange};
    /// let range = Figure::Range(FigureRange { from: "0.80".parse()?, to: "0.86".parse()? });
    /// assert_eq!(range.lowest().to_string(), "0.8");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lowest(self) -> Decimal {
        match self {
            Self::One(value) => value,
            Self::Range(range) => range.from,
        }
    }

    /// The largest value it can stand for.
    pub fn highest(self) -> Decimal {
        match self {
            Self::One(value) => value,
            Self::Range(range) => range.to,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(value) => write!(f, "{value}"),
            Self::Range(range) => write!(f, "{}-{}", range.from, range.to),
        }
    }
}

/// A published mean and SD.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReferenceDef {
    /// Scale.
    pub scale: String,
    /// Population.
    pub population: Text,
    /// The group, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupDef>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Decimal>,
    /// Standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<Decimal>,
    /// Region of the population, for example `CN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Source.
    pub source: String,
}

/// A published reliability.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReliabilityDef {
    /// Scale.
    pub scale: String,
    /// Cronbach's alpha.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Figure>,
    /// McDonald's omega.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omega: Option<Figure>,
    /// Test-retest correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retest: Option<Figure>,
    /// Intraclass correlation of the retest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icc: Option<Figure>,
    /// Interval of the retest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Split-half coefficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_half: Option<Figure>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Population.
    pub population: Text,
    /// Region of the population, for example `CN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Source.
    pub source: String,
}

/// A published diagnostic accuracy.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccuracyDef {
    /// Scale.
    pub scale: String,
    /// Cut-off as published, for example `>= 11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<String>,
    /// Sensitivity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Figure>,
    /// Specificity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Figure>,
    /// Positive predictive value in that sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppv: Option<Figure>,
    /// Negative predictive value in that sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npv: Option<Figure>,
    /// Area under the ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Figure>,
    /// Number of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Population and reference standard.
    pub population: Text,
    /// Region of the population, for example `CN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Source.
    pub source: String,
}

/// A settled conflict or a limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Topic.
    pub topic: String,
    /// Text, own words.
    pub text: Text,
}

/// A worked example.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleDef {
    /// Answers in the order of `items`: a code, a number, a clock time as text, or `""` for a blank.
    pub answers: Vec<ExampleAnswer>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ExampleContext>,
    /// Expected value by scale: a number, a word of a rule, or `"missing"`.
    pub scores: IndexMap<String, ExampleValue>,
    /// Expected band by scale (default set), or by `set:scale`; `"cannot-say"` when undecided.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub bands: IndexMap<String, String>,
    /// Flags that are raised; all others must not be. Left out = not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
    /// Validity rules that fire; all others must not. Left out = not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Vec<String>>,
    /// Decimals to which means are stated; 6 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
}

/// Context of an example.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleContext {
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<crate::answers::Sex>,
    /// Grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Age in completed years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
}

/// One answer of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ExampleAnswer {
    /// A code or a whole number.
    Int(i64),
    /// A number with decimals.
    Float(f64),
    /// A clock time, or empty for a blank.
    Text(String),
}

/// One expected value of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ExampleValue {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A word of a rule, or `missing`.
    Text(String),
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDef {
    /// Citation.
    pub cite: String,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `paper`, `manual`, `site`, `code` or `own` (our safety rule).
    pub kind: SourceKind,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A paper.
    Paper,
    /// A manual.
    Manual,
    /// A web page.
    Site,
    /// Public code.
    Code,
    /// General knowledge that no page confirmed.
    Memory,
    /// Our own rule.
    Own,
}

/// Reads a number or a text without trying one kind after the other: there are tens of thousands of them in the library.
macro_rules! number_or_text {
    ($name:ident, $expecting:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        Ok($name::Int(value))
                    }

                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        i64::try_from(value).map($name::Int).map_err(E::custom)
                    }

                    fn visit_f64<E: de::Error>(self, value: f64) -> Result<$name, E> {
                        Ok($name::Float(value))
                    }

                    fn visit_str<E: de::Error>(self, value: &str) -> Result<$name, E> {
                        Ok($name::Text(value.to_owned()))
                    }
                }

                deserializer.deserialize_any(Visitor)
            }
        }
    };
}

number_or_text!(ExampleAnswer, "a code, a number, a clock time as text, or \"\" for a blank");
number_or_text!(ExampleValue, "a number, a word of a rule, or \"missing\"");
