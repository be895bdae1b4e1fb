//! Whose sheet is it, and which sheet counts?

use std::collections::HashMap;

use jiff::civil::Date;
use polars::prelude::*;

use crate::answers::{Context, age_in_months};
use crate::coverage::{Consent, Scope};
use crate::instrument::Text;
use crate::scoring::ScoredSheets;
use crate::texts::{Fill, say};

use super::battery::Battery;
use super::error::ScreeningError;
use super::input::{AttemptPolicy, Batch, ConsentMode, Pupil, WaveSettings};
use super::people::{dates, texts};
use super::result::SheetPlace;

/// What the rows of a file say of themselves.
pub(super) struct FileRows {
    battery: String,
    pub(super) rows: usize,
    ids: StringChunked,
    files: Option<StringChunked>,
    numbers: Option<UInt64Chunked>,
    dates: Option<Vec<Option<Date>>>,
    /// Times of submission as `YYYY-MM-DD HH:MM:SS`, which sort as they are.
    times: Option<StringChunked>,
    raw_dates: Option<StringChunked>,
}

impl FileRows {
    pub(super) fn read(battery: &Battery, frame: &DataFrame) -> Result<Self, ScreeningError> {
        let battery = battery.id().to_owned();
        let no_id = |why: String| ScreeningError::NoStudentId { battery: battery.clone(), why };
        let ids = texts(frame, "student_id")?.ok_or_else(|| no_id("map the column that holds it".to_owned()))?;
        let numbers = match frame.column("source_row") {
            Ok(column) => Some(column.as_materialized_series().cast(&DataType::UInt64)?.u64()?.clone()),
            Err(_) => None,
        };
        Ok(Self {
            rows: frame.height(),
            files: texts(frame, "source_file")?,
            numbers,
            dates: dates(frame, "administered_on")?,
            times: texts(frame, "submitted_at")?,
            raw_dates: frame
                .column("administered_on")
                .ok()
                .filter(|c| c.dtype() == &DataType::String)
                .and_then(|c| c.str().ok().cloned()),
            battery,
            ids,
        })
    }

    /// Where a row came from.
    pub(super) fn place(&self, row: usize) -> SheetPlace {
        SheetPlace {
            battery: self.battery.clone(),
            file: self.files.as_ref().and_then(|files| files.get(row)).unwrap_or_default().to_owned(),
            row: self.numbers.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(row as u64 + 1),
        }
    }

    /// Student id as on the sheet.
    pub(super) fn student_id(&self, row: usize) -> &str {
        self.ids.get(row).map(str::trim).unwrap_or_default()
    }

    /// Day of the test, where the sheet bears one.
    fn day(&self, row: usize) -> Option<Date> {
        self.dates.as_ref().and_then(|dates| dates.get(row).copied().flatten())
    }

    /// Time of submission, where the sheet bears one.
    fn submitted(&self, row: usize) -> Option<&str> {
        self.times.as_ref().and_then(|times| times.get(row)).map(str::trim)
    }

    /// When the sheet was handed in, for putting sheets in order.
    pub(super) fn moment(&self, row: usize) -> (Option<Date>, Option<String>) {
        (self.day(row), self.submitted(row).map(str::to_owned))
    }

    /// A date that is written but cannot be read.
    pub(super) fn unread_date(&self, row: usize) -> Option<&str> {
        let text = self.raw_dates.as_ref()?.get(row)?;
        (self.day(row).is_none() && !text.trim().is_empty()).then_some(text)
    }
}

/// The rows of a batch with their pupils.
pub(super) struct SheetRows {
    file: FileRows,
    default: Date,
    /// Pupil of each row.
    pub(super) pupils: Vec<Option<u32>>,
}

impl std::ops::Deref for SheetRows {
    type Target = FileRows;

    fn deref(&self) -> &FileRows {
        &self.file
    }
}

impl SheetRows {
    pub(super) fn read(
        batch: &Batch,
        wave: &WaveSettings,
        roster: &HashMap<&str, u32>,
    ) -> Result<Self, ScreeningError> {
        let file = FileRows::read(&batch.battery, &batch.sheets)?;
        let pupils = file.ids.iter().map(|id| id.and_then(|id| roster.get(id.trim()).copied())).collect();
        Ok(Self { file, default: wave.date, pupils })
    }

    /// Day of the test; that of the wave where the sheet bears none.
    pub(super) fn date(&self, row: usize) -> Date {
        self.day(row).unwrap_or(self.default)
    }

    /// The person of each row, as far as the roster knows.
    pub(super) fn contexts(&self, roster: &[Pupil]) -> Vec<Context> {
        let of = |(row, pupil): (usize, &Option<u32>)| {
            pupil
                .and_then(|at| roster.get(at as usize))
                .map_or_else(Context::default, |pupil| context(pupil, self.date(row)))
        };
        self.pupils.iter().enumerate().map(of).collect()
    }
}

/// What is known of a pupil on a day.
pub(super) fn context(pupil: &Pupil, day: Date) -> Context {
    Context {
        sex: pupil.sex,
        grade: pupil.grade,
        age_months: pupil.birth_date.and_then(|birth| age_in_months(birth, day).ok()),
    }
}

/// Why a sheet is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    NoStudentId,
    UnknownPupil,
    ConsentWithdrawn,
    OutOfScope,
    ConsentRefused,
    ConsentMissing,
    GradeUnknown,
    GradeOutsideBattery,
    BlankSheet,
}

impl Reason {
    /// Stable id.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::NoStudentId => "no-student-id",
            Self::UnknownPupil => "unknown-pupil",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::OutOfScope => "out-of-scope",
            Self::ConsentRefused => "consent-refused",
            Self::ConsentMissing => "consent-missing",
            Self::GradeUnknown => "grade-unknown",
            Self::GradeOutsideBattery => "grade-outside-battery",
            Self::BlankSheet => "blank-sheet",
        }
    }

    /// Column at fault.
    pub(super) fn column(self) -> &'static str {
        match self {
            // The value told beside it is the id; the reason says what is wrong with the pupil's row of the roster.
            Self::NoStudentId
            | Self::UnknownPupil
            | Self::ConsentWithdrawn
            | Self::ConsentRefused
            | Self::ConsentMissing
            | Self::OutOfScope
            | Self::GradeUnknown
            | Self::GradeOutsideBattery => "student_id",
            Self::BlankSheet => "",
        }
    }

    /// In words.
    pub(super) fn text(self, value: &str, battery: &Battery) -> Text {
        let fills = [("value", Fill::Same(value)), ("battery", Fill::Both(&battery.definition().name))];
        say(&format!("rejected.{}", self.id()), &fills)
    }
}

/// What becomes of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Used,
    /// Batch and row of the sheet that counts.
    Superseded(u32, u32),
    Rejected(Reason),
}

/// Reason to refuse a row, from the roster alone. The order is that of the statuses in [`crate::coverage::status`].
fn refusal(rows: &SheetRows, row: usize, roster: &[Pupil], battery: &Battery, wave: &WaveSettings) -> Option<Reason> {
    if rows.student_id(row).is_empty() {
        return Some(Reason::NoStudentId);
    }
    let Some(pupil) = rows.pupils.get(row).copied().flatten().and_then(|at| roster.get(at as usize)) else {
        return Some(Reason::UnknownPupil);
    };
    match (pupil.consent, pupil.scope) {
        (Consent::Withdrawn, _) => return Some(Reason::ConsentWithdrawn),
        (_, Scope::Out) => return Some(Reason::OutOfScope),
        (Consent::Refused, _) => return Some(Reason::ConsentRefused),
        (Consent::Unrecorded, _) if wave.consent == ConsentMode::OptIn => return Some(Reason::ConsentMissing),
        _ => {}
    }
    match pupil.grade {
        None => Some(Reason::GradeUnknown),
        Some(grade) if !battery.definition().grades.contains(u16::from(grade)) => Some(Reason::GradeOutsideBattery),
        Some(_) => None,
    }
}

/// One batch with its scores.
pub(super) struct ScoredBatch {
    pub(super) batch: Batch,
    pub(super) rows: SheetRows,
    pub(super) scored: Vec<ScoredSheets>,
    /// Rows that a validity plan finds invalid; empty without a plan.
    pub(super) judged_invalid: Vec<bool>,
}

impl ScoredBatch {
    pub(super) fn answered(&self, row: usize) -> usize {
        self.scored.iter().map(|scored| scored.answered(row)).sum()
    }

    /// Whether no instrument of the sheet has a verdict against interpreting it. A further form that did not come in is no
    /// sheet.
    pub(super) fn interpretable(&self, row: usize) -> bool {
        let judged = self.judged_invalid.get(row).copied().unwrap_or(false);
        let counts = |scored: &&ScoredSheets| self.is_main(scored) || scored.answered(row) > 0;
        let invalid = |scored: &ScoredSheets| scored.verdict(row) == Some(crate::instrument::Verdict::Invalid);
        !judged && !self.scored.iter().filter(counts).any(invalid)
    }

    /// Whether an instrument belongs to the form that every pupil answers.
    pub(super) fn is_main(&self, scored: &ScoredSheets) -> bool {
        self.batch.battery.definition().instruments.iter().any(|id| id == scored.instrument().id())
    }

    /// Whether the first form has an answer.
    pub(super) fn has_main(&self, row: usize) -> bool {
        self.scored.iter().any(|scored| self.is_main(scored) && scored.answered(row) > 0)
    }
}

/// The fate of every sheet, and the sheets of every pupil.
pub(super) struct Matched {
    /// By batch and row.
    pub(super) fates: Vec<Vec<Fate>>,
    /// By pupil: the sheet that counts.
    pub(super) chosen: Vec<Option<(u32, u32)>>,
    /// By pupil: how many sheets were handed in.
    pub(super) attempts: Vec<u32>,
}

impl Matched {
    /// Whether a sheet of a pupil counts.
    pub(super) fn has_sheet(&self, pupil: usize) -> bool {
        self.chosen.get(pupil).copied().flatten().is_some()
    }
}

/// Which sheets may be used at all, by batch and row: the others are rejected.
pub(super) fn admit(batches: &[ScoredBatch], roster: &[Pupil], wave: &WaveSettings) -> Vec<Vec<Fate>> {
    let fate = |batch: &ScoredBatch, row: usize| {
        let refused = refusal(&batch.rows, row, roster, &batch.batch.battery, wave);
        let blank = || (batch.answered(row) == 0).then_some(Reason::BlankSheet);
        refused.or_else(blank).map_or(Fate::Used, Fate::Rejected)
    };
    batches.iter().map(|batch| (0..batch.rows.rows).map(|row| fate(batch, row)).collect()).collect()
}

/// Decides the fate of every sheet that was admitted.
pub(super) fn match_up(
    batches: &[ScoredBatch],
    admitted: Vec<Vec<Fate>>,
    roster: &[Pupil],
    wave: &WaveSettings,
) -> Matched {
    let mut matched = Matched { fates: admitted, chosen: vec![None; roster.len()], attempts: vec![0; roster.len()] };
    // Nearly every pupil has one sheet; only the others get a list.
    let mut several: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
    for (b, (batch, fates)) in batches.iter().zip(&matched.fates).enumerate() {
        for (row, _) in fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Used) {
            let Some(pupil) = batch.rows.pupils.get(row).copied().flatten() else { continue };
            let own = (b as u32, row as u32);
            let (Some(chosen), Some(attempts)) =
                (matched.chosen.get_mut(pupil as usize), matched.attempts.get_mut(pupil as usize))
            else {
                continue;
            };
            *attempts += 1;
            match *chosen {
                None => *chosen = Some(own),
                Some(first) => several.entry(pupil).or_insert_with(|| vec![first]).push(own),
            }
        }
    }
    for (pupil, sheets) in several {
        let Some(best) = choose(batches, &sheets, wave.attempts) else { continue };
        if let Some(chosen) = matched.chosen.get_mut(pupil as usize) {
            *chosen = Some(best);
        }
        for (batch, row) in sheets.into_iter().filter(|sheet| *sheet != best) {
            if let Some(fate) = matched.fates.get_mut(batch as usize).and_then(|fates| fates.get_mut(row as usize)) {
                *fate = Fate::Superseded(best.0, best.1);
            }
        }
    }
    matched
}

fn choose(batches: &[ScoredBatch], sheets: &[(u32, u32)], policy: AttemptPolicy) -> Option<(u32, u32)> {
    let batch = |sheet: &(u32, u32)| batches.get(sheet.0 as usize);
    // By day, then by the time of submission, then in the order of the files: exports may put the newest sheet first.
    let moment = |rows: &'_ SheetRows, row: usize| (rows.date(row), rows.submitted(row).map(str::to_owned));
    let time = |sheet: &(u32, u32)| (batch(sheet).map(|batch| moment(&batch.rows, sheet.1 as usize)), *sheet);
    let quality = |sheet: &(u32, u32)| {
        let of = |batch: &ScoredBatch| (batch.interpretable(sheet.1 as usize), batch.answered(sheet.1 as usize));
        (batch(sheet).map(of), time(sheet))
    };
    match policy {
        AttemptPolicy::First => sheets.iter().min_by_key(|sheet| time(sheet)),
        AttemptPolicy::Last => sheets.iter().max_by_key(|sheet| time(sheet)),
        AttemptPolicy::BestValid => sheets.iter().max_by_key(|sheet| quality(sheet)),
    }
    .copied()
}

/// The sentence that says which of several sheets counts.
pub(super) fn attempts_rule(attempts: AttemptPolicy) -> &'static str {
    match attempts {
        AttemptPolicy::First => "superseded.first",
        AttemptPolicy::Last => "superseded.last",
        AttemptPolicy::BestValid => "superseded.best-valid",
    }
}
