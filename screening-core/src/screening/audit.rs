//! The audit of a wave: every instrument of every file before anything is scored.

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::audit::{AuditReport, Auditor, Certainty, Finding, Silent, Stray};
use crate::instrument::{Language, Text};
use crate::scoring::{FrameError, Scorer};
use crate::texts::{Fill, say};

use super::input::Batch;

/// Findings that a person has looked at, and decided to go on all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuditSettings {
    /// The findings, each with a written reason.
    #[serde(default)]
    pub accept: Vec<Acceptance>,
    /// Texts of answers that the reader could not place, for the auditor alone.
    #[serde(skip)]
    pub strays: Vec<Stray>,
}

impl AuditSettings {
    /// Whether nothing was accepted.
    pub fn is_empty(&self) -> bool {
        self.accept.is_empty()
    }
}

/// A finding that a person accepts, written `<finding id> <instrument>: <reason>`.
///
/// ```
/// use screening_core::screening::Acceptance;
/// let accepted: Acceptance = "empty-column:9 phq-9: left out on purpose, decision of 3 September, Li".parse()?;
/// assert_eq!((accepted.finding(), accepted.instrument()), ("empty-column:9", "phq-9"));
/// assert!("empty-column:9 phq-9".parse::<Acceptance>().unwrap_err().to_string().contains("reason"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Acceptance {
    finding: String,
    instrument: String,
    reason: String,
}

/// A text that accepts nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` accepts no finding; write `<finding id> <instrument>: <reason>`, for example `empty-column:9 phq-9: left out on purpose, decided by ...`"
)]
pub struct AcceptanceError {
    /// The text.
    text: String,
}

impl Acceptance {
    /// Id of the finding.
    pub fn finding(&self) -> &str {
        &self.finding
    }

    /// Instrument id.
    pub fn instrument(&self) -> &str {
        &self.instrument
    }

    /// Why it is accepted, and by whom.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl std::str::FromStr for Acceptance {
    type Err = AcceptanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || AcceptanceError { text: text.to_owned() };
        let (finding, rest) = text.trim().split_once(char::is_whitespace).ok_or_else(refuse)?;
        let (instrument, reason) = rest.split_once([':', '：']).ok_or_else(refuse)?;
        let (instrument, reason) = (instrument.trim(), reason.trim());
        if instrument.is_empty() || reason.is_empty() || instrument.contains(char::is_whitespace) {
            return Err(refuse());
        }
        Ok(Self { finding: finding.to_owned(), instrument: instrument.to_owned(), reason: reason.to_owned() })
    }
}

impl TryFrom<String> for Acceptance {
    type Error = AcceptanceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Acceptance> for String {
    fn from(accepted: Acceptance) -> Self {
        format!("{} {}: {}", accepted.finding, accepted.instrument, accepted.reason)
    }
}

/// A finding and where it was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaveFinding {
    /// Instrument id.
    pub instrument: String,
    /// Files whose sheets were looked at; several when the finding is in all files of the instrument together.
    pub files: Vec<String>,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Why a person accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// What the auditor found in a wave.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct WaveAudit {
    /// Findings, the surest first.
    pub findings: Vec<WaveFinding>,
    /// What could not be told, by instrument; of all files of the instrument together.
    pub silent: IndexMap<String, Vec<Silent>>,
    /// Acceptances that no finding needed: they would hide a later one unseen, and should be removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<Acceptance>,
}

/// Certain findings that nobody has accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRefusal {
    /// The findings.
    pub findings: Vec<WaveFinding>,
}

impl AuditRefusal {
    /// The whole message: what was found, where, what to do, and how to go on all the same.
    pub fn render(&self, language: Language) -> String {
        let mut text = self.head().get(language).to_owned();
        for found in &self.findings {
            text.push('\n');
            text.push_str(found.describe().get(language));
        }
        text.push('\n');
        text.push_str(self.foot().get(language));
        text
    }

    fn head(&self) -> Text {
        let count = self.findings.len().to_string();
        say("audit-wave.refused", &[("count", Fill::Same(&count))])
    }

    fn foot(&self) -> Text {
        let first = self.findings.first();
        let example = first.map_or_else(String::new, |found| format!("{} {}", found.finding.id, found.instrument));
        say("audit-wave.accept", &[("example", Fill::Same(&example))])
    }
}

impl fmt::Display for AuditRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Language::En))
    }
}

impl std::error::Error for AuditRefusal {}

impl WaveFinding {
    /// The finding in words: id, where, what, what to do.
    pub fn describe(&self) -> Text {
        let files = self.files.join(", ");
        let certainty = self.finding.certainty.name();
        let fills = [
            ("id", Fill::Same(self.finding.id.as_str())),
            ("instrument", Fill::Same(self.instrument.as_str())),
            ("certainty", Fill::Both(&certainty)),
            ("files", Fill::Same(files.as_str())),
            ("text", Fill::Both(&self.finding.text)),
            ("advice", Fill::Both(&self.finding.advice)),
        ];
        say("audit-wave.finding", &fills)
    }
}

/// One instrument: its batches together, and each alone where there are several.
fn of_instrument(
    scorer: &Scorer,
    batches: &[&Batch],
    strays: &[Stray],
) -> Result<(Vec<WaveFinding>, Vec<Silent>), FrameError> {
    let auditor = Auditor::new(scorer);
    let whole = auditor.run_with(&together(scorer, batches)?, strays)?;
    let mut findings = Vec::new();
    if batches.len() > 1 {
        for batch in batches {
            let files = files(batch);
            let own: Vec<Stray> = strays.iter().filter(|stray| files.contains(&stray.file)).cloned().collect();
            findings.extend(placed(auditor.run_with(&batch.sheets, &own)?, &files));
        }
    }
    // What is seen in one file is told of that file, and not once more of all.
    let mut all = BTreeSet::new();
    batches.iter().for_each(|batch| all.extend(files(batch)));
    let silent = whole.silent.clone();
    let more = placed(whole, &all).into_iter().filter(|found| {
        !findings.iter().any(|known: &WaveFinding| {
            known.finding.id == found.finding.id && known.finding.certainty >= found.finding.certainty
        })
    });
    let more: Vec<WaveFinding> = more.collect();
    findings.extend(more);
    Ok((findings, silent))
}

fn placed(report: AuditReport, files: &BTreeSet<String>) -> Vec<WaveFinding> {
    let AuditReport { instrument, findings, .. } = report;
    findings
        .into_iter()
        .map(|finding| WaveFinding {
            instrument: instrument.clone(),
            files: files.iter().cloned().collect(),
            finding,
            accepted: None,
        })
        .collect()
}

/// The files of a batch, or its battery where none is named.
fn files(batch: &Batch) -> BTreeSet<String> {
    let column = batch.sheets.column("source_file").ok().and_then(|column| column.str().ok().cloned());
    let named: BTreeSet<String> = column.iter().flat_map(|column| column.iter().flatten()).map(str::to_owned).collect();
    if named.is_empty() { BTreeSet::from([batch.battery.id().to_owned()]) } else { named }
}

/// The sheets of an instrument from all batches, with the columns that the auditor reads.
fn together(scorer: &Scorer, batches: &[&Batch]) -> Result<DataFrame, FrameError> {
    let items = (0..scorer.instrument().definition().items.len()).map(|at| scorer.instrument().item_column(at));
    let mut wanted: Vec<String> = items.collect();
    let missing = batches.iter().find_map(|batch| {
        let columns: Vec<String> = wanted.iter().filter(|name| batch.sheets.column(name).is_err()).cloned().collect();
        (!columns.is_empty()).then_some(columns)
    });
    if let Some(columns) = missing {
        return Err(FrameError::MissingColumns { instrument: scorer.instrument().id().to_owned(), columns });
    }
    let everywhere = |name: &&str| batches.iter().all(|batch| batch.sheets.column(name).is_ok());
    wanted.extend(["student_id", "source_row"].into_iter().filter(|name| everywhere(name)).map(str::to_owned));
    let mut parts = Vec::with_capacity(batches.len());
    for batch in batches {
        parts.push(batch.sheets.select(wanted.iter().map(String::as_str))?);
    }
    let Some((first, rest)) = parts.split_first() else { return Ok(DataFrame::empty()) };
    let mut whole = first.clone();
    for part in rest {
        whole = stack(&whole, part)?;
    }
    Ok(whole)
}

/// One frame under another; columns of different types come to the wider of the two.
pub(super) fn stack(upper: &DataFrame, lower: &DataFrame) -> Result<DataFrame, FrameError> {
    let mut columns = Vec::with_capacity(upper.width());
    for column in upper.columns() {
        let other = lower.column(column.name())?;
        let joined = if column.dtype() == other.dtype() {
            let mut joined = column.clone();
            joined.append(other)?;
            joined
        } else {
            let text = column.dtype() == &DataType::String || other.dtype() == &DataType::String;
            let kind = if text { DataType::String } else { DataType::Float64 };
            let mut joined = column.cast(&kind)?;
            joined.append(&other.cast(&kind)?)?;
            joined
        };
        columns.push(joined);
    }
    Ok(DataFrame::new(upper.height() + lower.height(), columns)?)
}

/// Whether a file holds an instrument. Every file holds the first form, or is refused; a further form may lack.
fn is_asked(batch: &Batch, scorer: &Scorer) -> bool {
    let definition = batch.battery.definition();
    let instrument = scorer.instrument();
    let holds = |id: &str| {
        let columns = batch.sheets.get_column_names();
        columns.iter().any(|name| name.rsplit_once('.').is_some_and(|(instrument, _)| instrument == id))
    };
    let main = definition.instruments.iter().any(|id| id == instrument.id());
    let further =
        || definition.further_forms.iter().any(|form| form.instruments.iter().any(|id| id == instrument.id()));
    if main {
        // A file of further forms only is not asked for the first.
        let only_further = !definition.further_forms.is_empty()
            && !definition.instruments.iter().any(|id| holds(id))
            && definition.further_forms.iter().any(|form| form.instruments.iter().any(|id| holds(id)));
        return !only_further;
    }
    further() && holds(instrument.id())
}

/// Audits the wave.
///
/// # Errors
/// The refusal, when there is a certain finding that nobody accepted.
pub(super) fn audit(
    batches: &[Batch],
    scorers: &IndexMap<String, Scorer>,
    settings: &AuditSettings,
) -> Result<WaveAudit, super::error::ScreeningError> {
    let mut wave = WaveAudit::default();
    for (id, scorer) in scorers {
        let own: Vec<&Batch> = batches.iter().filter(|batch| is_asked(batch, scorer)).collect();
        if own.is_empty() {
            // A further form of which nothing has come in yet.
            continue;
        }
        let (findings, silent) = of_instrument(scorer, &own, &settings.strays)?;
        wave.findings.extend(findings);
        if !silent.is_empty() {
            wave.silent.insert(id.clone(), silent);
        }
    }
    let mut used = vec![false; settings.accept.len()];
    for found in &mut wave.findings {
        let fits =
            |accepted: &Acceptance| accepted.finding == found.finding.id && accepted.instrument == found.instrument;
        if let Some(at) = settings.accept.iter().position(fits) {
            found.accepted = settings.accept.get(at).map(|accepted| accepted.reason.clone());
            if let Some(mark) = used.get_mut(at) {
                *mark = true;
            }
        }
    }
    wave.findings.sort_by_key(|found| std::cmp::Reverse(found.finding.certainty));
    let unused = settings.accept.iter().zip(used).filter(|(_, used)| !used);
    wave.unused = unused.map(|(accepted, _)| accepted.clone()).collect();
    let stopped = |found: &&WaveFinding| found.finding.certainty == Certainty::Certain && found.accepted.is_none();
    let findings: Vec<WaveFinding> = wave.findings.iter().filter(stopped).cloned().collect();
    if findings.is_empty() { Ok(wave) } else { Err(Box::new(AuditRefusal { findings }).into()) }
}
