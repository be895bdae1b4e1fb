//! A frame as a workbook: one sheet of typed cells under headings that stay in view.

use std::collections::HashSet;
use std::io::{Seek, Write};
use std::path::Path;

use polars::prelude::*;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, IgnoreError, Note, Workbook, Worksheet, XlsxError};

use super::alerts::{base_format, framed_format, heading_format, print_wide, write_text};
use super::stage::Failure;
use super::texts::{both, text};
use crate::error::{IoError, Place, Problem};

/// Most rows of a workbook that is written. The whole frame is held in memory, and a longer list is of no use to a reader.
pub(super) const MOST_ROWS: usize = 200_000;
/// Columns of a worksheet.
const MOST_COLUMNS: usize = 16_384;
/// Rows whose texts decide how wide a column is.
const ROWS_MEASURED: usize = 1000;
/// Narrowest and widest column, in digits.
const WIDTHS: (f64, f64) = (8.0, 40.0);
/// Beyond this a double does not hold every whole number.
const EXACT: i64 = 1 << 53;
/// Columns about a person that stay in view when they stand first.
const FROZEN: [&str; 5] = ["source_file", "source_row", "sheet_id", "student_id", "pupil"];
/// Longest value of a property of the document.
const LONGEST_PROPERTY: usize = 255;

/// Refuses a frame that no workbook is written for.
pub(super) fn check(path: &Path, rows: usize, columns: usize) -> Result<(), IoError> {
    if rows <= MOST_ROWS && columns <= MOST_COLUMNS {
        return Ok(());
    }
    let problem = Problem::new("output-workbook-size", Place::file(path.display().to_string()));
    let problem = problem.with("rows", rows).with("columns", columns).with("most", MOST_ROWS);
    Err(problem.with("most_columns", MOST_COLUMNS).into())
}

/// Writes the frame. A cell has the type of its column; text is never taken for a formula. The facts become properties of
/// the document, and a note at the first heading says that the file is not encrypted and how to protect it.
pub(super) fn write_workbook(
    writer: &mut (impl Write + Seek + Send),
    frame: &DataFrame,
    facts: &[(String, String)],
) -> Result<(), Failure> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(facts)?);
    let sheet = workbook.add_worksheet();
    sheet.set_name(text("sheet.table", &[]).zh_cn)?;
    head(sheet, frame)?;
    let formats = Formats { cell: framed_format(), date: framed_format().set_num_format("yyyy-mm-dd") };
    for (at, column) in (0..).zip(frame.columns()) {
        let cells = Cells::of(column)?;
        sheet.set_column_width(at, width(column.name().as_str(), &cells))?;
        for row in 0..frame.height() {
            cells.write(sheet, row, at, &formats)?;
        }
    }
    let (last, right) = (frame.height() as u32, (frame.width() as u16).saturating_sub(1));
    if frame.width() > 0 {
        sheet.autofilter(0, 0, last, right)?;
    }
    if last > 0 && frame.width() > 0 {
        // Student ids are text on purpose: a number would lose its zeros and its last digits.
        sheet.ignore_error_range(1, 0, last, right, IgnoreError::NumberStoredAsText)?;
    }
    workbook.save_to_writer(writer)?;
    Ok(())
}

/// No clock: the same frame gives the same bytes. 1900 stands for no day.
fn properties(facts: &[(String, String)]) -> Result<DocProperties, XlsxError> {
    let none = ExcelDateTime::from_ymd(1900, 1, 1)?;
    let mut properties = DocProperties::new().set_creation_datetime(&none).set_comment(both(&text("notice.open", &[])));
    let mut used = HashSet::new();
    for (name, value) in facts {
        // A property holds little; what is longer is cut with a sign, and is whole in a parquet file.
        let value = if value.chars().count() > LONGEST_PROPERTY {
            value.chars().take(LONGEST_PROPERTY - 1).chain(['…']).collect()
        } else {
            value.clone()
        };
        if used.insert(name) && !value.is_empty() {
            properties = properties.set_custom_property(name, value);
        }
    }
    Ok(properties)
}

fn head(sheet: &mut Worksheet, frame: &DataFrame) -> Result<(), XlsxError> {
    let heading = heading_format();
    for (at, column) in (0..).zip(frame.columns()) {
        write_text(sheet, 0, at, column.name().as_str(), &heading)?;
    }
    let frozen = frame.columns().iter().take_while(|column| FROZEN.contains(&column.name().as_str())).count();
    sheet.set_freeze_panes(1, frozen as u16)?;
    print_wide(sheet);
    sheet.set_repeat_rows(0, 0)?;
    if frame.width() > 0 {
        let note = Note::new(both(&text("notice.open", &[]))).add_author_prefix(false).set_width(420).set_height(150);
        sheet.insert_note(0, 0, &note.set_format(base_format()))?;
    }
    Ok(())
}

struct Formats {
    cell: Format,
    date: Format,
}

/// The cells of a column by what a worksheet can hold.
enum Cells {
    Numbers(Float64Chunked),
    Whole(Int64Chunked),
    Truths(BooleanChunked),
    Days(Int32Chunked),
    Texts(StringChunked),
}

impl Cells {
    fn of(column: &Column) -> PolarsResult<Self> {
        let series = column.as_materialized_series().rechunk();
        Ok(match series.dtype() {
            DataType::Boolean => Self::Truths(series.bool()?.clone()),
            DataType::Date => Self::Days(series.cast(&DataType::Int32)?.i32()?.clone()),
            dtype if dtype.is_float() => Self::Numbers(series.cast(&DataType::Float64)?.f64()?.clone()),
            // A whole number beyond the signed ones does not fit a cell either.
            dtype if dtype.is_integer() && *dtype != DataType::UInt64 => {
                Self::Whole(series.cast(&DataType::Int64)?.i64()?.clone())
            }
            _ => Self::Texts(series.cast(&DataType::String)?.str()?.clone()),
        })
    }

    fn write(&self, sheet: &mut Worksheet, row: usize, column: u16, formats: &Formats) -> Result<(), XlsxError> {
        let at = row as u32 + 1;
        match self {
            Self::Numbers(numbers) => {
                if let Some(number) = numbers.get(row).filter(|number| number.is_finite()) {
                    sheet.write_number_with_format(at, column, number, &formats.cell)?;
                }
            }
            Self::Whole(numbers) => match numbers.get(row) {
                Some(number) if (-EXACT..=EXACT).contains(&number) => {
                    sheet.write_number_with_format(at, column, number as f64, &formats.cell)?;
                }
                Some(number) => write_text(sheet, at, column, &number.to_string(), &formats.cell)?,
                None => {}
            },
            Self::Truths(truths) => {
                if let Some(truth) = truths.get(row) {
                    sheet.write_boolean_with_format(at, column, truth, &formats.cell)?;
                }
            }
            Self::Days(days) => match days.get(row).map(|day| (day, i64::from(day) + SERIAL_OF_1970)) {
                // Before March 1900 the serials of spreadsheets are off by one.
                Some((_, serial)) if serial > 60 => {
                    sheet.write_number_with_format(at, column, serial as f64, &formats.date)?;
                }
                Some((day, _)) => write_text(sheet, at, column, &day_text(day), &formats.cell)?,
                None => {}
            },
            Self::Texts(texts) => {
                if let Some(content) = texts.get(row).filter(|content| !content.is_empty()) {
                    write_text(sheet, at, column, content, &formats.cell)?;
                }
            }
        }
        Ok(())
    }
}

/// Spreadsheet serial of 1 January 1970.
const SERIAL_OF_1970: i64 = 25_569;

fn day_text(day: i32) -> String {
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::SignedDuration::from_hours(24 * i64::from(day)));
    day.map_or_else(|_| String::new(), |day| day.to_string())
}

/// Width for the heading and the first cells, in digits; a Chinese character is as wide as two.
fn width(heading: &str, cells: &Cells) -> f64 {
    let wide = |content: &str| content.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
    let widest = match cells {
        Cells::Texts(texts) => texts.iter().take(ROWS_MEASURED).flatten().map(wide).fold(0.0, f64::max),
        Cells::Days(_) => 10.0,
        Cells::Numbers(_) | Cells::Whole(_) | Cells::Truths(_) => 8.0,
    };
    // The button of the filter covers the end of the heading.
    (wide(heading) + 3.0).max(widest + 2.0).clamp(WIDTHS.0, WIDTHS.1)
}
