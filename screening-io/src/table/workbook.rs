//! Reads old Excel workbooks (.xls, BIFF8 and before).
//!
//! The parser builds every sheet in memory by the positions of its cells, so the positions are looked at first: a
//! small hostile file could otherwise ask for any amount of memory.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, Dimensions, Range, Reader, Xls, XlsError};

use super::builder::{Builder, HIDDEN};
use super::xlsx::{not_merged, only_sheet, place_cell, wanted_sheet};
use super::{Keep, ReadOptions, Table, xls_guard};
use crate::error::{IoError, Place, Problem};
use crate::words::trim;

/// A sheet as the parser gives it.
struct Sheet {
    name: String,
    cells: Range<Data>,
    merged: Vec<Dimensions>,
    /// Days between the calendar of the workbook and the usual one.
    epoch: f64,
}

/// Days between the two calendars of spreadsheets.
const DAYS_1904: f64 = 1462.0;

pub(super) fn read_xls(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    build(name, xls_sheets(name, bytes)?, options, keep)
}

/// Names of the sheets that hold data.
pub(super) fn xls_names(name: &str, bytes: &[u8]) -> Result<Vec<String>, IoError> {
    Ok(filled(&xls_sheets(name, bytes)?))
}

fn filled(sheets: &[Sheet]) -> Vec<String> {
    sheets.iter().filter(|s| s.cells.used_cells().any(|(_, _, v)| !is_blank(v))).map(|s| s.name.clone()).collect()
}

fn broken(name: &str, cause: &dyn std::fmt::Display) -> IoError {
    Problem::new("xlsx-broken", Place::file(name)).with("cause", cause).into()
}

fn xls_sheets(name: &str, bytes: &[u8]) -> Result<Vec<Sheet>, IoError> {
    let checked = catch_unwind(AssertUnwindSafe(|| xls_guard::checked(name, bytes)));
    let bytes = checked.unwrap_or_else(|_| Err(broken(name, &"parser")))?;
    let parse = || -> Result<Vec<Sheet>, IoError> {
        let mut workbook: Xls<_> = Xls::new(Cursor::new(bytes.as_slice())).map_err(|cause: XlsError| match cause {
            XlsError::Password => Problem::new("file-password", Place::file(name)).into(),
            other => broken(name, &other),
        })?;
        let epoch = if workbook.has_1904_epoch() { DAYS_1904 } else { 0.0 };
        let names = workbook.sheet_names();
        names
            .into_iter()
            .map(|sheet| {
                let cells = workbook.worksheet_range(&sheet).map_err(|cause| broken(name, &cause))?;
                let merged = workbook.merge_cells_by_sheet_name(&sheet).map_err(|cause| broken(name, &cause))?;
                Ok(Sheet { name: sheet, cells, merged, epoch })
            })
            .collect()
    };
    // As with xlsx: a panic of the parser refuses the file and does not end the program.
    catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|_| Err(broken(name, &"parser")))
}

fn build(name: &str, sheets: Vec<Sheet>, options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let wanted = match options.sheet.as_deref() {
        Some(wanted) => {
            let names: Vec<String> = sheets.iter().map(|sheet| sheet.name.clone()).collect();
            wanted_sheet(name, &names, wanted)?
        }
        None => only_sheet(name, &filled(&sheets))?,
    };
    let Some(sheet) = sheets.into_iter().find(|sheet| sheet.name == wanted) else {
        return Err(broken(name, &wanted));
    };
    if keep.head.is_none() {
        not_merged(name, &sheet.name, &sheet.merged, 0)?;
    }
    let (first_row, first_column) = sheet.cells.start().unwrap_or_default();
    let mut builder = Builder::new(name, Some(sheet.name.clone()), options.limits, keep);
    let mut cells: Vec<u32> = Vec::new();
    for (at, row) in (first_row..).zip(sheet.cells.rows()) {
        cells.clear();
        for (column, value) in (first_column as usize..).zip(row) {
            let id = intern(&mut builder, column, value, sheet.epoch);
            place_cell(&builder, &mut cells, column, id, options)?;
        }
        builder.row(at.saturating_add(1), &cells)?;
    }
    not_merged(name, &sheet.name, &sheet.merged, builder.head_row())?;
    builder.finish()
}

fn is_blank(value: &Data) -> bool {
    match value {
        Data::Empty => true,
        Data::String(text) => trim(text).is_empty(),
        _ => false,
    }
}

fn intern(builder: &mut Builder<'_>, column: usize, value: &Data, epoch: f64) -> u32 {
    if !builder.keeps(column) {
        return if is_blank(value) { 0 } else { HIDDEN };
    }
    let interner = &mut builder.interner;
    match value {
        Data::Empty => 0,
        Data::Int(number) => interner.number(*number as f64),
        Data::Float(number) => interner.number(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => interner.text(text),
        Data::Bool(truth) => interner.text(if *truth { "TRUE" } else { "FALSE" }),
        Data::DateTime(moment) => interner.date(moment.as_f64() + epoch),
        Data::Error(error) => interner.text(&error.to_string()),
    }
}
