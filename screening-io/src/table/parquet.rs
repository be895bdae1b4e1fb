//! Reads parquet. Columns keep their types for those who want the frame; a table is made from it like from any file.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::io::mmap::MmapBytesReader;
use polars::prelude::*;

use super::builder::{Builder, HIDDEN};
use super::{Keep, ReadOptions, Table};
use crate::error::{IoError, Place, Problem};

/// The frame of a parquet file.
pub(crate) fn read_frame(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<DataFrame, IoError> {
    let (height, width) = shape(name, Cursor::new(bytes), options)?;
    if width.saturating_mul(height) > options.limits.cells {
        return Err(Problem::new("too-many-cells", Place::file(name)).with("limit", options.limits.cells).into());
    }
    slice(name, Cursor::new(bytes), None)
}

/// Rows and columns of a file.
pub(super) fn shape(name: &str, whole: impl MmapBytesReader, options: &ReadOptions) -> Result<(usize, usize), IoError> {
    // As with workbooks: the parser is not ours and must not end the program.
    let (height, width) = catch_unwind(AssertUnwindSafe(|| -> PolarsResult<(usize, usize)> {
        let mut reader = ParquetReader::new(whole);
        Ok((reader.num_rows()?, reader.schema()?.len()))
    }))
    .map_err(|_| broken(name, "parser".to_owned()))?
    .map_err(|cause| broken(name, cause.to_string()))?;
    if width > options.limits.columns {
        let problem = Problem::new("too-many-columns", Place::file(name)).with("count", width);
        return Err(problem.with("limit", options.limits.columns).into());
    }
    Ok((height, width))
}

/// Some rows of a file: the first and how many; all without.
pub(super) fn slice(
    name: &str,
    whole: impl MmapBytesReader,
    rows: Option<(usize, usize)>,
) -> Result<DataFrame, IoError> {
    let frame = catch_unwind(AssertUnwindSafe(|| ParquetReader::new(whole).with_slice(rows).finish()))
        .map_err(|_| broken(name, "parser".to_owned()))?
        .map_err(|cause| broken(name, cause.to_string()))?;
    Ok(frame)
}

fn broken(name: &str, cause: String) -> Problem {
    Problem::new("parquet-broken", Place::file(name)).with("cause", cause)
}

pub(super) fn read(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let frame = read_frame(name, bytes, options)?;
    from_frame(name, &frame, options, keep)
}

/// A table of the columns of a frame that may be kept. Rows are numbered as if a heading stood above them, so that
/// all kinds of files count alike.
pub(crate) fn from_frame(
    name: &str,
    frame: &DataFrame,
    options: &ReadOptions,
    keep: Keep<'_>,
) -> Result<Table, IoError> {
    let mut builder = Builder::new(name, None, options.limits, keep);
    head(&mut builder, frame)?;
    add_rows(&mut builder, frame, 0)?;
    builder.finish()
}

/// The headings of a frame as the first row.
pub(super) fn head(builder: &mut Builder<'_>, frame: &DataFrame) -> Result<(), IoError> {
    let headings: Vec<u32> = frame.columns().iter().map(|c| builder.interner.text(c.name().as_str())).collect();
    builder.row(1, &headings)
}

/// The rows of a frame; `before` stand above it in the file.
pub(super) fn add_rows(builder: &mut Builder<'_>, frame: &DataFrame, before: usize) -> Result<(), IoError> {
    let mut columns = Vec::with_capacity(frame.width());
    for (position, column) in frame.columns().iter().enumerate() {
        let cells = if builder.keeps(position) {
            let place = Place { column: u32::try_from(position).ok(), ..builder.place() };
            intern(builder, column).map_err(|dtype| {
                Problem::new("parquet-type", place).value(column.name().as_str()).with("dtype", dtype)
            })?
        } else {
            let filled = column.is_not_null();
            filled.iter().map(|filled| if filled == Some(true) { HIDDEN } else { 0 }).collect()
        };
        columns.push(cells);
    }
    builder.columns(u32::try_from(before + 2).unwrap_or(u32::MAX), &columns)
}

/// The cells of one column, or its type when it can hold no cells of ours.
fn intern(builder: &mut Builder<'_>, column: &Column) -> Result<Vec<u32>, String> {
    let unfit = || column.dtype().to_string();
    let interner = &mut builder.interner;
    let series = column.as_materialized_series();
    if column.dtype().is_primitive_numeric() {
        let numbers = series.cast(&DataType::Float64).map_err(|_| unfit())?;
        let numbers = numbers.f64().map_err(|_| unfit())?;
        return Ok(numbers.iter().map(|number| number.map_or(0, |number| interner.number(number))).collect());
    }
    if *column.dtype() == DataType::Date {
        let days = series.cast(&DataType::Int32).map_err(|_| unfit())?;
        let days = days.i32().map_err(|_| unfit())?;
        return Ok(days
            .iter()
            .map(|day| day.map_or(0, |day| interner.date(f64::from(day) + SERIAL_OF_1970)))
            .collect());
    }
    if *column.dtype() == DataType::Null {
        return Ok(vec![0; column.len()]);
    }
    let texts = series.cast(&DataType::String).map_err(|_| unfit())?;
    let texts = texts.str().map_err(|_| unfit())?;
    Ok(texts.iter().map(|text| text.map_or(0, |text| interner.text(text))).collect())
}

/// Spreadsheet serial of 1 January 1970.
const SERIAL_OF_1970: f64 = 25_569.0;
