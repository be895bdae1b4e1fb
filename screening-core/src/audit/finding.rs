//! What the auditor says: findings, how sure they are, and what could not be told.

use indexmap::IndexMap;
use serde::Serialize;

use crate::instrument::Text;
use crate::texts::{Fill, say};

/// How sure a finding is, the least sure first.
///
/// | level | rule |
/// |---|---|
/// | `possible` | evidence that honest answers show now and then: worth a look |
/// | `likely` | beyond chance after all comparisons of the check are counted (error below about 1 in 1,000 a file), but an unusual population could do it too |
/// | `certain` | a fact of the file (an empty column, codes that the form does not have), or beyond chance below 1 in 100,000 a file *and* so large that no population explains it |
///
/// What each check asks for exactly stands with [`FindingKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Worth a look.
    Possible,
    /// Beyond chance.
    Likely,
    /// Beyond chance and beyond populations, or a plain fact.
    Certain,
}

impl Certainty {
    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }

    /// In the reader's language.
    pub fn name(self) -> Text {
        say(&format!("audit-certainty.{}", self.word()), &[])
    }
}

/// What was found. `docs/audit.md` has a worked example of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Codes that the form does not have. Certain with 5 or more in an item and 5 % of its answers, likely with 1 %.
    ImpossibleCodes,
    /// All codes moved by a step: 1-4 where the form has 0-3. Certain when moving them back leaves next to no impossible
    /// code, five answers are impossible as they stand and either 2 % of all are or nobody chose the lowest options while the
    /// next one is usual, and this holds for half of the items or for 100 sheets; likely when nobody chose the lowest option of any item in 200 sheets.
    CodesMoved,
    /// A column without a single answer, on 30 sheets or more. Certain.
    EmptyColumn,
    /// The same answer on every sheet. Certain on 100 sheets when it is not the answer that says "no difficulty"; likely
    /// when it is and a quarter of the share of the rarest other item (for a critical item a fortieth) would still give seven
    /// other answers; possible otherwise.
    ConstantColumn,
    /// One item runs against its scale. `r` is its correlation with the other items. Likely when r is negative beyond 3.3
    /// standard errors (Fisher z), certain when beyond 3.9 it is still below -.10 and at least half as large as the other
    /// items' own; possible beyond 2.6.
    ItemTurned,
    /// All reverse-keyed items of a scale run against the others: they come in already reversed, or the definition reverses
    /// what the form does not. Same limits, for the correlation of the two halves.
    KeyGroupTurned,
    /// Answers stand under their neighbour's heading from some column on. Certain when the contrast between items of the
    /// same and of different scales grows by more than 8 standard errors and by a quarter when the columns are moved back;
    /// likely beyond 8 and a tenth, or beyond 6 and a half; possible beyond 4.5 and a tenth.
    ColumnsShifted,
    /// Two columns of different scales stand in each other's place. Certain beyond 8, likely beyond 6, possible beyond 4.5
    /// standard errors.
    ColumnsSwapped,
    /// A critical item is answered more often than another of its scale, beyond 5 standard errors. Likely when the other one
    /// stands right beside it (a shift by one) and is rarer by a third; possible when it is half as frequent and the critical
    /// item lies above half of the scale.
    RareItemCommon,
    /// One pupil id on several sheets. Possible: attempts and make-up tests do it too.
    RepeatedPupil,
    /// One pupil id with the same answers again. Likely.
    SameSheetAgain,
    /// Sheets of different pupils with the same answers, in forms of twelve items and more, beyond what pupils of the same
    /// severity share by chance. Likely below one in a million, possible below one in a thousand; certain when it is 2 % of
    /// all sheets and at least 10.
    EqualSheets,
    /// A stretch of rows comes twice. Certain with five rows and odds below 1 in a million.
    RepeatedBlock,
    /// A scale does not hang together under its key. Certain when the mean correlation of its items is negative beyond 5
    /// standard errors; likely when alpha is below the lowest published one by .20 beyond 4 standard errors, possible by .10
    /// beyond 3. Where none is published: alpha below .30 in a scale of five items and more.
    KeyDoesNotFit,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::ImpossibleCodes,
        Self::CodesMoved,
        Self::EmptyColumn,
        Self::ConstantColumn,
        Self::ItemTurned,
        Self::KeyGroupTurned,
        Self::ColumnsShifted,
        Self::ColumnsSwapped,
        Self::RareItemCommon,
        Self::RepeatedPupil,
        Self::SameSheetAgain,
        Self::EqualSheets,
        Self::RepeatedBlock,
        Self::KeyDoesNotFit,
    ];

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::ImpossibleCodes => "impossible-codes",
            Self::CodesMoved => "codes-moved",
            Self::EmptyColumn => "empty-column",
            Self::ConstantColumn => "constant-column",
            Self::ItemTurned => "item-turned",
            Self::KeyGroupTurned => "key-group-turned",
            Self::ColumnsShifted => "columns-shifted",
            Self::ColumnsSwapped => "columns-swapped",
            Self::RareItemCommon => "rare-item-common",
            Self::RepeatedPupil => "repeated-pupil",
            Self::SameSheetAgain => "same-sheet-again",
            Self::EqualSheets => "equal-sheets",
            Self::RepeatedBlock => "repeated-block",
            Self::KeyDoesNotFit => "key-does-not-fit",
        }
    }

    /// In the reader's language.
    pub fn name(self) -> Text {
        say(&format!("audit-kind.{}", self.word()), &[])
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable id: the kind, and what it is about where there can be several, for example `item-turned:3`.
    pub id: String,
    /// What was found.
    pub kind: FindingKind,
    /// How sure it is.
    pub certainty: Certainty,
    /// Items concerned, in the order of the form.
    pub items: Vec<String>,
    /// The evidence in figures; `docs/audit.md` explains each name.
    pub figures: IndexMap<&'static str, f64>,
    /// Rows concerned, at most [`MOST_ROWS`]: `source_row` where the frame has it, otherwise counted from 1. For repetitions
    /// the repeated row stands right behind the one it repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u64>,
    /// What was seen, for a counsellor.
    pub text: Text,
    /// What to do.
    pub advice: Text,
}

/// Rows that a finding names; how many there are stands in its figures.
pub const MOST_ROWS: usize = 40;

impl Finding {
    /// A finding without evidence yet. `about` tells findings of one kind apart.
    pub(super) fn new(kind: FindingKind, about: &str, certainty: Certainty) -> Self {
        let id = if about.is_empty() { kind.word().to_owned() } else { format!("{}:{about}", kind.word()) };
        let figures = IndexMap::new();
        Self { id, kind, certainty, items: Vec::new(), figures, rows: Vec::new(), text: nothing(), advice: nothing() }
    }

    pub(super) fn figure(mut self, name: &'static str, value: f64) -> Self {
        self.figures.insert(name, value);
        self
    }

    pub(super) fn items(mut self, items: impl IntoIterator<Item = String>) -> Self {
        self.items = items.into_iter().collect();
        self
    }

    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = u64>) -> Self {
        self.rows = rows.into_iter().take(MOST_ROWS).collect();
        self
    }

    /// Puts it into words: the sentence `key` of the resource, with the items, the figures and further `fills`.
    pub(super) fn told(self, key: &str, fills: &[(&str, Fill<'_>)]) -> Self {
        let kind = self.kind.word();
        self.told_by(key, kind, fills)
    }

    /// As [`Self::told`], with the advice under another key.
    pub(super) fn told_by(mut self, key: &str, advice: &str, fills: &[(&str, Fill<'_>)]) -> Self {
        let figures: Vec<(&str, String)> = self.figures.iter().map(|(name, value)| (*name, shown(*value))).collect();
        let items = list(&self.items);
        let mut all: Vec<(&str, Fill<'_>)> = vec![("items", Fill::Both(&items))];
        all.extend(figures.iter().map(|(name, value)| (*name, Fill::Same(value.as_str()))));
        all.extend_from_slice(fills);
        self.text = say(&format!("audit-found.{key}"), &all);
        self.advice = say(&format!("audit-do.{advice}"), &all);
        self
    }
}

fn nothing() -> Text {
    Text { en: String::new(), zh_cn: String::new() }
}

/// Items as people list them; a long list ends with their number.
fn list(items: &[String]) -> Text {
    const MOST: usize = 12;
    let shown = &items[..items.len().min(MOST)];
    let count = items.len().to_string();
    let more = if items.len() > MOST { say("audit-list.more", &[("count", Fill::Same(&count))]) } else { nothing() };
    Text { en: format!("{}{}", shown.join(", "), more.en), zh_cn: format!("{}{}", shown.join("、"), more.zh_cn) }
}

/// A figure for people: whole numbers as they are, others with two digits.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A check that could not be made, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// What could not be told.
    pub kind: FindingKind,
    /// Why.
    pub why: Text,
}

impl Silent {
    pub(super) fn new(kind: FindingKind, key: &str, fills: &[(&str, Fill<'_>)]) -> Self {
        Self { kind, why: say(&format!("audit-silent.{key}"), fills) }
    }
}

/// An answer that was read but fits no code, and is therefore not in the frame any more: readers mark it as invalid and keep the
/// text. With these texts the auditor can tell a moved coding from single mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stray {
    /// File; empty where it is not known.
    pub file: String,
    /// Column, `<instrument>.<item>`.
    pub column: String,
    /// The text of the answer.
    pub value: String,
}

/// What the auditor found in the answers to one instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// Instrument id.
    pub instrument: String,
    /// `id@version+hash` of the definition whose key was used.
    pub citation: String,
    /// Sheets looked at.
    pub sheets: usize,
    /// Findings, the surest first.
    pub findings: Vec<Finding>,
    /// What could not be told.
    pub silent: Vec<Silent>,
}

impl AuditReport {
    /// The surest level of all findings.
    pub fn worst(&self) -> Option<Certainty> {
        self.findings.iter().map(|finding| finding.certainty).max()
    }

    /// Findings that should stop a wave.
    pub fn certain(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.certainty == Certainty::Certain)
    }

    /// The finding with an id.
    pub fn finding(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == id)
    }

    /// Whether there is a finding of a kind that is at least so sure.
    pub fn has(&self, kind: FindingKind, at_least: Certainty) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind && finding.certainty >= at_least)
    }
}
