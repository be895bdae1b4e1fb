//! Columns of a frame as slices of answer codes.

use jiff::civil::Date;
use polars::prelude::*;
use rayon::prelude::*;

use crate::answers::{Context, MAX_CODE, MIN_CODE, Missing, Sex, age_in_months, wide_missing};
use crate::instrument::{ItemKind, ItemSlot};

use super::super::sheets::AnswerIssue;
use super::super::{Scorer, plan::Plan};
use super::FrameError;

/// One narrow column.
pub(crate) enum Narrow {
    /// Bytes of the frame itself, in one piece, with the nulls beside them.
    Direct(Series),
    /// Converted from another type.
    Owned(Vec<i8>),
}

/// The columns of one instrument.
pub(crate) struct Columns {
    pub rows: usize,
    pub narrow: Vec<Narrow>,
    pub wide: Vec<Vec<i32>>,
}

type Read<T> = Result<(T, Vec<AnswerIssue>), FrameError>;

impl Columns {
    pub(crate) fn read(scorer: &Scorer, frame: &DataFrame) -> Read<Self> {
        let plan = &scorer.plan;
        let missing: Vec<String> = (0..plan.items.len())
            .map(|at| scorer.instrument.item_column(at))
            .filter(|name| frame.column(name).is_err())
            .collect();
        if !missing.is_empty() {
            return Err(FrameError::MissingColumns { instrument: scorer.instrument.id().to_owned(), columns: missing });
        }
        let read = |at: usize| -> Read<(Option<Narrow>, Option<Vec<i32>>)> {
            let series = frame.column(&scorer.instrument.item_column(at))?.as_materialized_series().rechunk();
            match plan.items[at].slot {
                ItemSlot::Narrow(_) => {
                    narrow(scorer, plan, at, series).map(|(column, issues)| ((Some(column), None), issues))
                }
                ItemSlot::Wide(_) => wide(scorer, at, &series).map(|(column, issues)| ((None, Some(column)), issues)),
            }
        };
        let read: Vec<_> = (0..plan.items.len()).into_par_iter().map(read).collect::<Result<_, _>>()?;
        let mut columns = Self { rows: frame.height(), narrow: Vec::new(), wide: Vec::new() };
        let mut issues = Vec::new();
        for ((narrow, wide), found) in read {
            columns.narrow.extend(narrow);
            columns.wide.extend(wide);
            issues.extend(found);
        }
        Ok((columns, issues))
    }
}

fn narrow(scorer: &Scorer, plan: &Plan, at: usize, series: Series) -> Read<Narrow> {
    let direct = match series.dtype() {
        DataType::Int8 => true,
        // Unsigned bytes are taken as they are when no allowed code is negative. A null is marked by a code below 0, so a
        // column with nulls must hold nothing above 127; without nulls such numbers are refused where they stand.
        DataType::UInt8 => plan.items[at].min >= 0 && (series.null_count() == 0 || fits_signed(&series)),
        _ => false,
    };
    if direct {
        return Ok((Narrow::Direct(series), Vec::new()));
    }
    let numbers = numbers(&series)?;
    let mut issues = Vec::new();
    let codes = numbers
        .iter()
        .enumerate()
        .map(|(row, value)| match value {
            None => Missing::Skipped.code(),
            Some(value) => code(*value).unwrap_or_else(|| {
                issues.push(issue(scorer, at, row, value.to_string()));
                // Already reported; as a refused answer it is not reported a second time.
                Missing::Invalid.code()
            }),
        })
        .collect();
    Ok((Narrow::Owned(codes), issues))
}

/// Whether no unsigned byte lies above 127. What stands under a null may be anything, and is looked at too.
fn fits_signed(series: &Series) -> bool {
    let high = |bytes: &[u8]| bytes.iter().fold(0_u8, |all, byte| all | byte) > 127;
    series.u8().is_ok_and(|bytes| !bytes.downcast_iter().any(|array| high(array.values().as_slice())))
}

/// A whole number that can be an answer code or stands for a kind of missing.
fn code(value: f64) -> Option<i8> {
    let whole = value as i64;
    let in_range = (i64::from(MIN_CODE)..=i64::from(MAX_CODE)).contains(&whole);
    let missing = i8::try_from(whole).ok().and_then(Missing::from_code).is_some();
    (whole as f64 == value && (in_range || missing)).then_some(whole as i8)
}

fn issue(scorer: &Scorer, at: usize, row: usize, value: String) -> AnswerIssue {
    AnswerIssue { row, column: scorer.instrument.item_column(at), value, allowed: allowed(scorer, at) }
}

/// The allowed answers of an item, for people.
pub(super) fn allowed(scorer: &Scorer, at: usize) -> String {
    let definition = scorer.instrument.definition();
    let item = &definition.items[at];
    match (item.kind, item.range) {
        (ItemKind::Choice, _) => {
            definition.options_of(item).iter().map(|o| o.code.to_string()).collect::<Vec<_>>().join(", ")
        }
        (ItemKind::Clock, _) => "HH:MM".to_owned(),
        (ItemKind::Number, Some([low, high])) => format!("{low}..{high}"),
        (ItemKind::Number, None) => String::new(),
    }
}

fn numbers(series: &Series) -> Result<Vec<Option<f64>>, FrameError> {
    let numeric = series.dtype().is_primitive_numeric() || matches!(series.dtype(), DataType::Boolean | DataType::Null);
    if !numeric {
        return Err(FrameError::Type {
            column: series.name().to_string(),
            found: series.dtype().to_string(),
            expected: "a column of answer codes",
        });
    }
    let floats = series.cast(&DataType::Float64)?;
    Ok(floats.f64()?.iter().collect())
}

fn wide(scorer: &Scorer, at: usize, series: &Series) -> Read<Vec<i32>> {
    let mut issues = Vec::new();
    let mut refuse = |row: usize, value: String| {
        issues.push(issue(scorer, at, row, value));
        wide_missing(Missing::Invalid)
    };
    let skipped = wide_missing(Missing::Skipped);
    let kind = scorer.instrument.definition().items[at].kind;
    let values = match (kind, series.dtype()) {
        (_, DataType::String) => {
            let read = |(row, text): (usize, Option<&str>)| match text.map(str::trim).filter(|text| !text.is_empty()) {
                None => skipped,
                Some(text) => scorer.instrument.parse_answer(at, text).unwrap_or_else(|_| refuse(row, text.to_owned())),
            };
            series.str()?.iter().enumerate().map(read).collect()
        }
        (_, DataType::Null) => vec![skipped; series.len()],
        (ItemKind::Clock, found) => {
            return Err(FrameError::Type {
                column: series.name().to_string(),
                found: found.to_string(),
                expected: "clock times as text such as 22:30",
            });
        }
        _ => {
            let read = |(row, number): (usize, Option<f64>)| match number {
                None => skipped,
                Some(number) => {
                    scorer.instrument.number_answer(at, number).unwrap_or_else(|_| refuse(row, number.to_string()))
                }
            };
            numbers(series)?.into_iter().enumerate().map(read).collect()
        }
    };
    Ok((values, issues))
}

/// The people of a frame, from the columns `sex`, `grade`, `age`, `birth_date` and `administered_on` where they exist.
/// What cannot be read is unknown. Without any of these columns nobody is known, and the list is empty.
///
/// # Errors
/// When polars cannot cast a column.
pub fn contexts(frame: &DataFrame) -> Result<Vec<Context>, FrameError> {
    let texts = |name: &str| -> Result<Option<StringChunked>, FrameError> {
        let Ok(column) = frame.column(name) else { return Ok(None) };
        Ok(Some(column.as_materialized_series().rechunk().cast(&DataType::String)?.str()?.clone()))
    };
    let columns = [texts("sex")?, texts("grade")?, texts("age")?, texts("birth_date")?, texts("administered_on")?];
    if columns.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let [sex, grade, age, birth, test] = columns.each_ref().map(Option::as_ref);
    let date = |text: &str| text.get(..10)?.parse::<Date>().ok();
    let person = |row: usize| {
        fn get(column: Option<&StringChunked>, row: usize) -> Option<&str> {
            column?.get(row)
        }
        let exact = || age_in_months(date(get(birth, row)?)?, date(get(test, row)?)?).ok();
        let years = || get(age, row)?.parse::<f64>().ok().filter(|years| (0.0..150.0).contains(years));
        Context {
            sex: get(sex, row).and_then(Sex::parse),
            grade: get(grade, row).and_then(|text| text.parse().ok()).filter(|grade| (1..=12).contains(grade)),
            age_months: exact().or_else(|| years().map(|years| (years * 12.0) as u16)),
        }
    };
    Ok((0..frame.height()).into_par_iter().map(person).collect())
}
