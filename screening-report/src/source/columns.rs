//! Columns of the results as plain lists.

use polars::prelude::*;

use crate::error::{ReportError, refuse};

/// A column as text; refused when it is missing.
pub(crate) fn texts(frame: &DataFrame, name: &str) -> Result<Vec<Option<String>>, ReportError> {
    let Some(series) = series(frame, name) else { return Err(refuse("column", &[("column", name)])) };
    let series = series.cast(&DataType::String)?;
    Ok(series.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}

/// A column of numbers, NaN for missing; none when there is no such column.
pub(crate) fn numbers(frame: &DataFrame, name: &str) -> Result<Option<Vec<f64>>, ReportError> {
    let Some(series) = series(frame, name) else { return Ok(None) };
    if series.dtype() == &DataType::String {
        return Ok(None);
    }
    let series = series.cast(&DataType::Float64)?;
    Ok(Some(series.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect()))
}

/// The words of a column as places in a list, none for missing; words that are not in the list are refused.
pub(crate) fn places(frame: &DataFrame, name: &str, words: &[&str]) -> Result<Vec<Option<u8>>, ReportError> {
    let place = |text: Option<String>| -> Result<Option<u8>, ReportError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let found = words.iter().position(|word| *word == text);
        let found = found.and_then(|at| u8::try_from(at).ok());
        found.map(Some).ok_or_else(|| refuse("word", &[("column", name), ("value", &text)]))
    };
    texts(frame, name)?.into_iter().map(place).collect()
}

fn series<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a Series> {
    frame.column(name).ok().map(Column::as_materialized_series)
}
