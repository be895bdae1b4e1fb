//! What a frame holds for one instrument: the answers, every code that was seen, and whose sheet it is.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::answers::{MIN_CODE, Missing};
use crate::scoring::frame::{Columns, Narrow};
use crate::scoring::{FrameError, Scorer};
use crate::validity::Answers;

use super::expect::Expectation;
use super::finding::Stray;

/// What was seen in one column.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Codes, allowed or not, and how often.
    pub(super) codes: BTreeMap<i64, u64>,
    /// Answers that are no whole number, or are marked as invalid without their text.
    pub(super) unreadable: u64,
}

impl Seen {
    /// All answers, readable or not.
    pub(super) fn answers(&self) -> u64 {
        self.codes.values().sum::<u64>() + self.unreadable
    }

    /// Answers that are not among some codes.
    pub(super) fn outside(&self, allowed: &[i8]) -> u64 {
        self.codes.iter().filter(|(code, _)| !holds(allowed, **code)).map(|(_, count)| count).sum()
    }
}

/// Whether a code is allowed; `allowed` is sorted.
pub(super) fn holds(allowed: &[i8], code: i64) -> bool {
    i8::try_from(code).is_ok_and(|code| allowed.binary_search(&code).is_ok())
}

/// One wave of one instrument as the checks look at it.
pub(super) struct Sheets {
    pub(super) answers: Answers,
    /// By choice item.
    pub(super) seen: Vec<Seen>,
    /// Pupil of each row.
    pub(super) ids: Option<StringChunked>,
    numbers: Option<UInt64Chunked>,
}

impl Sheets {
    pub(super) fn read(
        scorer: &Scorer,
        frame: &DataFrame,
        strays: &[Stray],
        expected: &Expectation,
    ) -> Result<Self, FrameError> {
        let answers = Answers::of_frame(scorer, frame)?;
        let (columns, issues) = Columns::read(scorer, frame)?;
        let mut seen: Vec<Seen> = columns.narrow.iter().map(count).collect();
        let known = strays.iter().map(|stray| (stray.column.as_str(), stray.value.as_str()));
        let listed = issues.iter().map(|issue| (issue.column.as_str(), issue.value.as_str()));
        for (column, value) in known.chain(listed) {
            let place = expected.items.iter().position(|item| scorer.instrument().item_column(item.at) == column);
            if let Some(seen) = place.and_then(|place| seen.get_mut(place)) {
                reveal(seen, value);
            }
        }
        let text = |name: &str| -> PolarsResult<Option<StringChunked>> {
            let Ok(column) = frame.column(name) else { return Ok(None) };
            Ok(Some(column.as_materialized_series().cast(&DataType::String)?.str()?.clone()))
        };
        let numbers = match frame.column("source_row") {
            Ok(column) => Some(column.as_materialized_series().cast(&DataType::UInt64)?.u64()?.clone()),
            Err(_) => None,
        };
        Ok(Self { answers, seen, ids: text("student_id")?, numbers })
    }

    /// Number of sheets.
    pub(super) fn rows(&self) -> usize {
        self.answers.rows()
    }

    /// The row as people find it: in the file, or counted from 1.
    pub(super) fn place(&self, row: usize) -> u64 {
        self.numbers.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(row as u64 + 1)
    }

    /// The pupil of a row.
    pub(super) fn id(&self, row: usize) -> Option<&str> {
        self.ids.as_ref()?.get(row).map(str::trim).filter(|id| !id.is_empty())
    }
}

/// Counts the codes of a column.
fn count(column: &Narrow) -> Seen {
    let mut bytes = [0_u64; 256];
    match column {
        Narrow::Owned(codes) => codes.iter().for_each(|code| bytes[usize::from(*code as u8)] += 1),
        Narrow::Direct(series) => {
            let skipped = Missing::Skipped.code();
            if let Ok(codes) = series.i8() {
                codes.iter().for_each(|code| bytes[usize::from(code.unwrap_or(skipped) as u8)] += 1);
            } else if let Ok(codes) = series.u8() {
                return of_unsigned(codes);
            }
        }
    }
    let mut seen = Seen::default();
    for (byte, times) in bytes.iter().enumerate().filter(|(_, times)| **times > 0) {
        let code = byte as u8 as i8;
        match Missing::from_code(code) {
            Some(Missing::Invalid) => seen.unreadable += times,
            Some(_) => {}
            None if code < MIN_CODE => seen.unreadable += times,
            None => {
                seen.codes.insert(i64::from(code), *times);
            }
        }
    }
    seen
}

/// Unsigned bytes write no kind of missing; every number is a code.
fn of_unsigned(codes: &UInt8Chunked) -> Seen {
    let mut bytes = [0_u64; 256];
    codes.iter().flatten().for_each(|code| bytes[usize::from(code)] += 1);
    let codes = bytes.iter().enumerate().filter(|(_, times)| **times > 0);
    Seen { codes: codes.map(|(code, times)| (code as i64, *times)).collect(), unreadable: 0 }
}

/// Puts the text of an answer in the place of a mark.
fn reveal(seen: &mut Seen, text: &str) {
    let number: Option<f64> = text.trim().parse().ok();
    let whole = number.filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
    if let (Some(number), true) = (whole, seen.unreadable > 0) {
        seen.unreadable -= 1;
        *seen.codes.entry(number as i64).or_default() += 1;
    }
}
