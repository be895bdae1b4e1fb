//! Which sheets go out, and why the others do not.

use std::collections::HashMap;

use polars::prelude::*;
use screening_core::screening::{RejectionKind, ScreeningResult, SheetPlace};
use serde::Serialize;

use super::pseudonym::{Domain, Pseudonyms};
use crate::error::{IoError, Place, Problem, Scope};
use crate::job::JobInput;

/// What an exclusion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A sheet that is not in the data.
    Sheet,
    /// A pupil of the class list without a sheet.
    Pupil,
}

impl Unit {
    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sheet => "sheet",
            Self::Pupil => "pupil",
        }
    }
}

/// Something that is not in the data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Exclusion {
    /// Sheet or pupil.
    pub unit: Unit,
    /// Id of the reason.
    pub reason: String,
    /// The pupil; none for a sheet without an id.
    pub pupil: Option<String>,
}

/// A sheet that counts.
#[derive(Debug, Clone)]
pub(super) struct Used {
    /// The pupil.
    pub(super) pseudonym: String,
    /// Row of the results and of the class list.
    pub(super) pupil: usize,
    /// Batch and row of the sheet.
    pub(super) batch: usize,
    pub(super) row: usize,
}

/// What becomes of the sheets of a job.
pub(super) struct Rows {
    pub(super) used: Vec<Used>,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) sheets_in: usize,
}

const SUPERSEDED: &str = "superseded";

/// Decides for every sheet that was read.
pub(super) fn choose(input: &JobInput, result: &ScreeningResult, pseudonyms: &Pseudonyms<'_>) -> Result<Rows, IoError> {
    let sheets_in: usize = input.files.iter().map(|file| file.rows_in).sum();
    let read_out = input.rejected.iter().skip(input.rejected_of_roster).filter(|entry| entry.scope == Scope::Row);
    let mut exclusions: Vec<Exclusion> = read_out
        .map(|entry| Exclusion { unit: Unit::Sheet, reason: entry.problem.id.to_owned(), pupil: None })
        .collect();
    let mut fates = fates(result);
    same_fate(input, &fates)?;
    let consents = research_consents(input)?;
    let position: HashMap<&str, usize> =
        input.pupils.iter().enumerate().map(|(at, pupil)| (pupil.student_id.as_str(), at)).collect();
    let mut used = Vec::new();
    for (at, batch) in input.batches.iter().enumerate() {
        let sheets = Sheets::of(&batch.sheets, batch.battery.id())?;
        for row in 0..batch.sheets.height() {
            let id = sheets.id(row);
            let pseudonym = id.map(|id| pseudonyms.of(Domain::Pupil, &[id]));
            let fate = fates.get_mut(&sheets.place(row)).and_then(Vec::pop);
            let pupil = id.and_then(|id| position.get(id).copied());
            let reason = match (fate, pupil.map(|pupil| consents.as_ref().map(|all| all.get(pupil).copied().flatten())))
            {
                (Some(reason), _) => Some(reason),
                // Every sheet without a pupil has been rejected.
                (None, None) => return Err(unaccounted(&sheets.place(row))),
                (None, Some(None | Some(Some(Consent::Granted)))) => None,
                (None, Some(Some(consent))) => Some(consent.map_or("research-consent-missing", Consent::reason)),
            };
            match (reason, pseudonym, pupil) {
                (None, Some(pseudonym), Some(pupil)) => used.push(Used { pseudonym, pupil, batch: at, row }),
                (reason, pupil, _) => {
                    let reason = reason.unwrap_or_default().to_owned();
                    exclusions.push(Exclusion { unit: Unit::Sheet, reason, pupil });
                }
            }
        }
    }
    used.sort_by(|one, other| one.pseudonym.cmp(&other.pseudonym));
    if let Some(twice) = twice(&used) {
        let batch = input.batches.get(twice.batch);
        let sheets = batch.map(|batch| Sheets::of(&batch.sheets, batch.battery.id())).transpose()?;
        return Err(
            sheets.map_or_else(|| broken_count(sheets_in, used.len()), |sheets| unaccounted(&sheets.place(twice.row)))
        );
    }
    let sheets_out = used.len() + exclusions.len();
    if sheets_out != sheets_in {
        return Err(broken_count(sheets_in, sheets_out));
    }
    exclusions.extend(pupils_without_sheet(result, pseudonyms)?);
    exclusions.sort();
    Ok(Rows { used, exclusions, sheets_in })
}

/// A second sheet of a pupil of whom only one can count.
fn twice(used: &[Used]) -> Option<&Used> {
    let pairs = used.iter().zip(used.iter().skip(1));
    pairs.filter(|(one, other)| one.pseudonym == other.pseudonym).map(|(_, other)| other).next()
}

fn broken_count(sheets_in: usize, sheets_out: usize) -> IoError {
    Problem::new("research-count", Place::default()).with("in", sheets_in).with("out", sheets_out).into()
}

fn unaccounted(place: &SheetPlace) -> IoError {
    let row = u32::try_from(place.row).ok();
    Problem::new("research-unaccounted", Place { row, ..Place::file(&place.file) }).into()
}

/// Why sheets are not used, by where they stood. A place may hold several where a file was read twice.
fn fates(result: &ScreeningResult) -> HashMap<SheetPlace, Vec<&'static str>> {
    let mut fates: HashMap<SheetPlace, Vec<&'static str>> = HashMap::new();
    for rejection in result.rejected.iter().filter(|rejection| rejection.kind == RejectionKind::Sheet) {
        fates.entry(rejection.place.clone()).or_default().push(rejection.reason);
    }
    for superseded in &result.superseded {
        fates.entry(superseded.place.clone()).or_default().push(SUPERSEDED);
    }
    fates
}

/// Two sheets may stand at one place, where a file is read twice. When some of them count and some do not, it cannot be
/// told which.
fn same_fate(input: &JobInput, fates: &HashMap<SheetPlace, Vec<&'static str>>) -> Result<(), IoError> {
    let mut counts: HashMap<SheetPlace, usize> = HashMap::new();
    for batch in &input.batches {
        let sheets = Sheets::of(&batch.sheets, batch.battery.id())?;
        for row in 0..batch.sheets.height() {
            *counts.entry(sheets.place(row)).or_default() += 1;
        }
    }
    let torn = fates.iter().find(|(place, reasons)| counts.get(place).is_none_or(|count| *count != reasons.len()));
    torn.map_or(Ok(()), |(place, _)| Err(unaccounted(place)))
}

/// What is recorded about the use for research.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    Granted,
    Refused,
    Withdrawn,
}

impl Consent {
    fn reason(self) -> &'static str {
        match self {
            Self::Granted => "",
            Self::Refused => "research-consent-refused",
            Self::Withdrawn => "research-consent-withdrawn",
        }
    }
}

/// By pupil; none when the class lists do not ask.
fn research_consents(input: &JobInput) -> Result<Option<Vec<Option<Consent>>>, IoError> {
    if !input.roster.asks_research_consent {
        return Ok(None);
    }
    let words = texts(&input.roster.frame, "research_consent")?;
    let consent = |word: Option<&str>| match word {
        Some("granted") => Some(Consent::Granted),
        Some("withdrawn") => Some(Consent::Withdrawn),
        Some(_) => Some(Consent::Refused),
        None => None,
    };
    Ok(words.map(|words| words.iter().map(consent).collect()))
}

/// Where the sheets of a batch stood, as the engine names the places.
struct Sheets<'a> {
    battery: &'a str,
    ids: Option<StringChunked>,
    files: Option<StringChunked>,
    rows: Option<UInt64Chunked>,
}

impl<'a> Sheets<'a> {
    fn of(frame: &DataFrame, battery: &'a str) -> Result<Self, IoError> {
        let rows =
            frame.column("source_row").ok().map(|column| column.as_materialized_series().cast(&DataType::UInt64));
        let rows = rows.transpose().map_err(broken)?;
        Ok(Self {
            battery,
            ids: texts(frame, "student_id")?,
            files: texts(frame, "source_file")?,
            rows: rows.and_then(|rows| rows.u64().ok().cloned()),
        })
    }

    fn id(&self, row: usize) -> Option<&str> {
        self.ids.as_ref()?.get(row).map(str::trim).filter(|id| !id.is_empty())
    }

    fn place(&self, row: usize) -> SheetPlace {
        SheetPlace {
            battery: self.battery.to_owned(),
            file: self.files.as_ref().and_then(|files| files.get(row)).unwrap_or_default().to_owned(),
            row: self.rows.as_ref().and_then(|rows| rows.get(row)).unwrap_or(row as u64 + 1),
        }
    }
}

/// Pupils of whom there is no sheet, with their status as the reason.
fn pupils_without_sheet(result: &ScreeningResult, pseudonyms: &Pseudonyms<'_>) -> Result<Vec<Exclusion>, IoError> {
    const WITH_SHEET: [&str; 3] = ["valid", "invalid", "retest_pending"];
    let (Some(ids), Some(statuses)) = (texts(&result.results, "student_id")?, texts(&result.results, "status")?) else {
        return Ok(Vec::new());
    };
    let without = ids.iter().zip(statuses.iter()).filter_map(|(id, status)| {
        let status = status.filter(|status| !WITH_SHEET.contains(status))?;
        let pupil = Some(pseudonyms.of(Domain::Pupil, &[id?]));
        Some(Exclusion { unit: Unit::Pupil, reason: status.to_owned(), pupil })
    });
    Ok(without.collect())
}

/// A column as text, when it is there.
pub(super) fn texts(frame: &DataFrame, name: &str) -> Result<Option<StringChunked>, IoError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    let series = column.as_materialized_series().rechunk().cast(&DataType::String).map_err(broken)?;
    Ok(Some(series.str().map_err(broken)?.clone()))
}

pub(super) fn broken(cause: PolarsError) -> IoError {
    Problem::new("frame-broken", Place::default()).with("cause", cause).into()
}
