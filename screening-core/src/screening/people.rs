//! Pupils from the columns of a roster.

use jiff::civil::Date;
use polars::prelude::*;

use crate::answers::Sex;
use crate::coverage::{Attendance, Consent, Scope};

use super::error::ScreeningError;
use super::input::Pupil;

/// Pupils from a frame with the columns `student_id`, `school`, `grade`, `class`, `sex` (`male`, `female`, `other`),
/// `birth_date`, `consent` (`granted`, `refused`, `withdrawn`), `attendance` (`present`, `absent`, `refused`) and `scope`
/// (`in`, `out`). Only `student_id` and `school` are needed; null and a missing column mean that nothing is recorded.
///
/// # Errors
/// When a needed column is missing, an id is blank, a status is none of its words, or a grade lies outside 1 to 12.
///
/// ```
/// use polars::prelude::*;
/// use screening_core::screening::pupils_from_frame;
/// let roster = df!["student_id" => ["p1"], "school" => ["A"], "grade" => [7_i32], "consent" => ["granted"]]?;
/// assert_eq!(pupils_from_frame(&roster)?[0].grade, Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pupils_from_frame(frame: &DataFrame) -> Result<Vec<Pupil>, ScreeningError> {
    let needed = |name: &str| {
        texts(frame, name)?
            .ok_or_else(|| roster_error(name, "it is not there".to_owned(), "add it or map a column to it"))
    };
    let (ids, schools) = (needed("student_id")?, needed("school")?);
    let (grades, classes) = (texts(frame, "grade")?, texts(frame, "class")?);
    let (sexes, births) = (texts(frame, "sex")?, dates(frame, "birth_date")?);
    let (consents, attendances, scopes) =
        (texts(frame, "consent")?, texts(frame, "attendance")?, texts(frame, "scope")?);
    let mut pupils = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        let get = |column: &Option<StringChunked>| {
            column
                .as_ref()
                .and_then(|column| column.get(row))
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let student_id = ids.get(row).map(str::trim).filter(|id| !id.is_empty());
        let student_id = student_id
            .ok_or_else(|| roster_error("student_id", format!("row {} has none", row + 1), "give each pupil an id"))?;
        pupils.push(Pupil {
            student_id: student_id.to_owned(),
            school: schools.get(row).unwrap_or_default().trim().to_owned(),
            grade: get(&grades).map(|text| grade(&text, row)).transpose()?,
            class: get(&classes).unwrap_or_default(),
            sex: get(&sexes).and_then(|text| Sex::parse(&text)),
            birth_date: births.as_ref().and_then(|dates| dates.get(row).copied().flatten()),
            consent: word(
                "consent",
                get(&consents),
                row,
                &[("granted", Consent::Granted), ("refused", Consent::Refused), ("withdrawn", Consent::Withdrawn)],
            )?,
            attendance: word(
                "attendance",
                get(&attendances),
                row,
                &[("present", Attendance::Present), ("absent", Attendance::Absent), ("refused", Attendance::Refused)],
            )?,
            scope: word("scope", get(&scopes), row, &[("in", Scope::In), ("out", Scope::Out)])?,
        });
    }
    Ok(pupils)
}

fn roster_error(column: &str, why: String, help: &str) -> ScreeningError {
    ScreeningError::Roster { column: column.to_owned(), why, help: help.to_owned() }
}

fn grade(text: &str, row: usize) -> Result<u8, ScreeningError> {
    let parsed = text.strip_suffix(".0").unwrap_or(text).parse().ok().filter(|grade| (1..=12).contains(grade));
    parsed.ok_or_else(|| roster_error("grade", format!("`{text}` in row {} is not a grade", row + 1), "write 1 to 12"))
}

fn word<T: Copy + Default>(
    column: &str,
    text: Option<String>,
    row: usize,
    words: &[(&str, T)],
) -> Result<T, ScreeningError> {
    let Some(text) = text else { return Ok(T::default()) };
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        roster_error(
            column,
            format!("`{text}` in row {} is none of its words", row + 1),
            &format!("write one of {allowed}, or leave it blank"),
        )
    })
}

/// A column as text, when it is there.
pub(super) fn texts(frame: &DataFrame, name: &str) -> Result<Option<StringChunked>, ScreeningError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    Ok(Some(column.as_materialized_series().cast(&DataType::String)?.str()?.clone()))
}

/// A column of dates, or of texts `YYYY-MM-DD`, when it is there; what cannot be read is none.
pub(super) fn dates(frame: &DataFrame, name: &str) -> Result<Option<Vec<Option<Date>>>, ScreeningError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    let series = column.as_materialized_series();
    if series.dtype() == &DataType::Date {
        let days = series.cast(&DataType::Int32)?;
        return Ok(Some(days.i32()?.iter().map(|day| day.and_then(date_of)).collect()));
    }
    let texts = series.cast(&DataType::String)?;
    Ok(Some(texts.str()?.iter().map(|text| text.and_then(|text| text.trim().get(..10)?.parse().ok())).collect()))
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The date so many days after 1970-01-01.
fn date_of(day: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(day))).ok()
}

/// Days since 1970-01-01.
pub(super) fn day_of(date: Date) -> i32 {
    i32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or(0)
}
