//! Keeps texts of csv files from being taken for formulas.

use std::borrow::Cow;

use polars::prelude::*;

/// What a spreadsheet may take for the beginning of a formula, after OWASP's page on CSV injection.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text with an apostrophe in front where a spreadsheet could take it for a formula.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(STARTS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A frame all of whose texts are [`guarded`]. Numbers, dates and truth values stay as they are.
pub(super) fn guarded_frame(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let columns = frame.columns().iter().map(guarded_column);
    DataFrame::new(frame.height(), columns.collect::<PolarsResult<_>>()?)
}

fn guarded_column(column: &Column) -> PolarsResult<Column> {
    let mut column = match column.dtype() {
        DataType::String => guarded_texts(column)?,
        // The words of an enumeration come from instrument and policy files, which somebody may have got from elsewhere.
        DataType::Enum(words, _) if words.categories().values_iter().any(|w| w.starts_with(STARTS)) => {
            guarded_texts(&column.cast(&DataType::String)?)?
        }
        _ => column.clone(),
    };
    let name = guarded(column.name()).into_owned();
    if name != column.name().as_str() {
        column.rename(name.into());
    }
    Ok(column)
}

fn guarded_texts(column: &Column) -> PolarsResult<Column> {
    let texts = column.str()?;
    if !texts.iter().flatten().any(|text| text.starts_with(STARTS)) {
        return Ok(column.clone());
    }
    let guarded: StringChunked = texts.iter().map(|text| text.map(guarded)).collect();
    Ok(guarded.with_name(column.name().clone()).into_column())
}
