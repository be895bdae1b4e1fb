//! What the engine proposes for one sheet, and on what evidence.

use serde::Serialize;

use crate::instrument::expr::Comparison;
use crate::instrument::{Language, Text};
#[cfg(feature = "frame")]
use crate::texts::Fill;
use crate::texts::say;

/// The proposal for one row of scored sheets. A named person decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// Row of the scored sheets, from 0.
    #[serde(skip)]
    pub row: usize,
    /// Proposed tier.
    pub tier: String,
    /// Its severity; a higher number is more urgent.
    pub severity: u16,
    /// Why: the evidence of every rule that holds, the most urgent tier first, notes last.
    pub evidence: Vec<Evidence>,
    /// Rules of a higher tier, and critical answers, that cannot be decided, with what is missing.
    pub undecided: Vec<Undecided>,
    /// Critical answers that were given, whatever the tier and the validity say.
    pub critical: Vec<CriticalAnswer>,
    /// Sheets that are not to be interpreted.
    pub invalid: Vec<InvalidSheet>,
    /// Sheets to be read with care; told beside other things, and no reason of their own.
    pub doubtful: Vec<InvalidSheet>,
    /// What could change the proposal, once it is known. A rule that holds is not undone by a missing answer; what can lower a
    /// tier is what raised it for want of answers.
    pub prospects: Vec<Prospect>,
}

impl Proposal {
    /// What could change the proposal, one sentence a line.
    pub fn could_change(&self, language: Language) -> String {
        self.prospects.iter().map(|prospect| prospect.text.get(language)).collect::<Vec<_>>().join("\n")
    }

    /// The reasons in one line, the most urgent first: critical answers, evidence (of each score only the gravest, and
    /// findings of one rule together), sheets not to be interpreted, what cannot be said.
    pub fn reasons(&self, language: Language) -> String {
        let mut parts: Vec<String> = self.critical.iter().map(|answer| answer.text.get(language).to_owned()).collect();
        let comma = say("join.items", &[]);
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let mut open: Option<&Evidence> = None;
        for evidence in &self.evidence {
            let part = (evidence.instrument.as_str(), evidence.part.as_str());
            // A critical answer is already told; a second rule over the same score adds nothing to the reason.
            let critical = |known: &CriticalAnswer| (known.instrument.as_str(), known.flag.as_str()) == part;
            let told = evidence.kind == EvidenceKind::Flag && self.critical.iter().any(critical);
            if told || seen.contains(&part) {
                continue;
            }
            seen.push(part);
            let together = open.is_some_and(|before| before.rule == evidence.rule && before.basis == evidence.basis);
            match (parts.last_mut(), together) {
                (Some(last), true) => {
                    let basis = evidence.basis.get(language);
                    last.truncate(last.len().saturating_sub(basis.len()));
                    last.push_str(comma.get(language));
                    last.push_str(evidence.text.get(language));
                }
                _ => parts.push(evidence.text.get(language).to_owned()),
            }
            open = Some(evidence);
        }
        parts.extend(self.invalid.iter().map(|sheet| sheet.text.get(language).to_owned()));
        parts.extend(self.doubtful.iter().map(|sheet| sheet.text.get(language).to_owned()));
        parts.extend(self.undecided.iter().map(|open| open.text.get(language).to_owned()));
        parts.join(say("join.reasons", &[]).get(language))
    }
}

/// Kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A score against a threshold.
    Score,
    /// A single answer against a threshold.
    Answer,
    /// The band of a score.
    Band,
    /// The word of a rule scale.
    Word,
    /// A flag.
    Flag,
    /// The validity of a sheet.
    Validity,
    /// The value of a validity index against a threshold.
    ValidityIndex,
    /// A derived score against a threshold.
    Norm,
    /// Change since the last wave.
    Change,
    /// The course over the waves.
    Course,
    /// A record about the pupil beside the sheets.
    Record,
    /// A rule that holds because something else does not.
    Rule,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// Rule id.
    pub rule: String,
    /// Tier of the rule; none for a note.
    pub tier: Option<String>,
    /// Kind.
    pub kind: EvidenceKind,
    /// Instrument id; empty for [`EvidenceKind::Rule`] and [`EvidenceKind::Record`].
    pub instrument: String,
    /// Scale, item, flag or validity rule; of a record its kind, source and values.
    pub part: String,
    /// The value, where there is a single one.
    pub value: Option<f64>,
    /// Lowest and highest possible value, where answers are missing and the rule holds nevertheless.
    pub bounds: Option<(f64, f64)>,
    /// What was found, as text: the value, a band id or a word.
    pub found: String,
    /// Operator of a comparison.
    pub operator: Option<Comparison>,
    /// Threshold, level, band ids or words asked for.
    pub threshold: String,
    /// Key of the source in the policy.
    pub source: String,
    /// The evidence in words.
    pub text: Text,
    /// The end of [`Self::text`]: what the finding is measured against.
    #[serde(skip)]
    pub basis: Text,
}

/// A rule or a critical answer that cannot be decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Undecided {
    /// Rule id; none for a critical answer that was not given.
    pub rule: Option<String>,
    /// Tier that might follow.
    pub tier: String,
    /// Instrument id; empty for a record beside the sheets.
    pub instrument: String,
    /// Scale, item or flag that cannot be said; of a record its kind, source and values; of a form its id.
    pub part: String,
    /// Why not.
    pub why: WhyUndecided,
    /// Lowest and highest value still possible.
    pub bounds: Option<(f64, f64)>,
    /// Items without an answer that it waits for, where they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whether this alone could make the rule hold; otherwise other things have to come together with it.
    pub alone: bool,
    /// What it is about, in a few words.
    #[serde(skip)]
    pub subject: Text,
    /// The same in words.
    pub text: Text,
}

/// Why something cannot be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyUndecided {
    /// Answers are missing.
    MissingAnswers,
    /// No cut-off set or norm serves this person, or the figures for a comparison are not known.
    NoReference,
    /// There is no earlier result to compare with. Asking again cannot give one, so this alone raises nobody.
    NoEarlierResult,
    /// The validity index has no value for this sheet.
    NoIndex,
    /// A further form is asked of the pupil, and no answer has come in.
    FormDue,
    /// An optional further form has not come in. That alone raises nobody.
    FormMissing,
    /// The source of the record was not delivered for this pupil. That alone raises nobody.
    NotDelivered,
    /// The rule holds unless a record says otherwise, and its source was not delivered for this pupil.
    UnlessRecorded,
    /// A record that matters has no date, and the rule counts days.
    NoDate,
    /// A record leaves the matter open.
    LeftOpen,
}

impl WhyUndecided {
    /// Whether somebody can find out by asking, so that the pupil gets at least the incomplete tier.
    pub fn raises(self) -> bool {
        !matches!(self, Self::NoEarlierResult | Self::NoIndex | Self::FormMissing | Self::NotDelivered)
    }

    /// Whether it is lacking for many pupils at once, so that it is told beside other things only.
    pub fn is_of_many(self) -> bool {
        matches!(self, Self::FormMissing | Self::NotDelivered)
    }

    /// Whether it can become known at all.
    pub fn can_become_known(self) -> bool {
        !matches!(self, Self::NoEarlierResult | Self::NoIndex | Self::NoReference)
    }
}

/// Which way a proposal could go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To a more urgent tier.
    Raises,
    /// To a less urgent tier.
    Lowers,
}

/// What could change a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Prospect {
    /// Which way.
    pub direction: Direction,
    /// The tier that could follow.
    pub tier: String,
    /// Instrument id; empty for a record, and where several things are meant.
    pub instrument: String,
    /// Scale, item, flag, form or record; `sheet` for a whole sheet; empty where several things are meant.
    pub part: String,
    /// Whether it alone could do so.
    pub alone: bool,
    /// The same in words.
    pub text: Text,
}

/// A critical answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CriticalAnswer {
    /// Instrument id.
    pub instrument: String,
    /// Flag id.
    pub flag: String,
    /// What it means, descriptive.
    pub meaning: Text,
    /// Citation of the flag's source.
    pub source: String,
    /// It was given on an earlier or later sheet that does not count for the scores.
    pub other_sheet: bool,
    /// The same in words.
    pub text: Text,
}

impl CriticalAnswer {
    /// The same answer told as one that was given on a sheet that does not count for the scores.
    #[cfg(feature = "frame")]
    pub(crate) fn on_other_sheet(self, abbreviation: &str) -> Self {
        let fills = [("instrument", Fill::Same(abbreviation)), ("meaning", Fill::Both(&self.meaning))];
        let text = say("critical.other-sheet", &fills);
        Self { other_sheet: true, text, ..self }
    }
}

/// A sheet that is not to be interpreted, or to be read with care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InvalidSheet {
    /// Instrument id.
    pub instrument: String,
    /// Validity rule that fired.
    pub rule: String,
    /// What it means.
    pub meaning: Text,
    /// The same in words.
    pub text: Text,
}
