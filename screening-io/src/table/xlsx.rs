//! Reads xlsx, cell by cell: the stated size of a sheet is never trusted with memory.

use std::io::{Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Dimensions, Reader, SheetType, Xlsx, XlsxError};

use super::archive::{self, Parts};
use super::builder::{Builder, HIDDEN, hand_over};
use super::{Keep, ReadOptions, Table};
use crate::error::{IoError, Place, Problem, column_letter};
use crate::words::trim;

type Workbook<R> = Xlsx<R>;

pub(super) fn read(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let mut whole = None;
    read_chunks::<_, IoError>(name, || Ok(Cursor::new(bytes)), options, keep, usize::MAX, &mut |table| {
        whole = Some(table);
        Ok(())
    })?;
    // Without rows the reader has refused the file.
    Ok(whole.ok_or_else(|| Problem::new("file-no-rows", Place::file(name)))?)
}

/// Reads the sheet and hands its rows over, so many at a time, the rest at the end. The texts that cells share are held in
/// memory; everything else is forgotten with its rows.
pub(super) fn read_chunks<R: Read + Seek, E: From<IoError>>(
    name: &str,
    open: impl Fn() -> Result<R, IoError>,
    options: &ReadOptions,
    keep: Keep<'_>,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    let parts = archive::check(name, open()?, options.limits.unpacked_bytes)?;
    let whole = open()?;
    // The parser of the format is not ours, and its input is hostile: a panic in it must refuse the file, not end a
    // server or the run of a whole district.
    catch_unwind(AssertUnwindSafe(|| parse(name, whole, parts, options, keep, rows, each)))
        .unwrap_or_else(|_| Err(broken(name, &"parser").into()))
}

fn broken(name: &str, cause: &dyn std::fmt::Display) -> IoError {
    Problem::new("xlsx-broken", Place::file(name)).with("cause", cause).into()
}

fn parse<R: Read + Seek, E: From<IoError>>(
    name: &str,
    whole: R,
    parts: Parts,
    options: &ReadOptions,
    keep: Keep<'_>,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    let mut workbook: Workbook<R> = Xlsx::new(whole).map_err(|cause: XlsxError| broken(name, &cause))?;
    let sheet = choose_sheet(name, &mut workbook, options.sheet.as_deref())?;
    // The parser goes through the whole sheet to find them.
    let merged = if parts.may_merge {
        workbook.merge_cells_by_sheet_name(&sheet).map_err(|cause| broken(name, &cause))?
    } else {
        Vec::new()
    };
    if keep.head.is_none() {
        not_merged(name, &sheet, &merged, 0)?;
    }
    let mut builder = Builder::new(name, Some(sheet.clone()), options.limits, keep);
    read_sheet(&mut workbook, &sheet, &mut builder, options, rows, each)?;
    not_merged(name, &sheet, &merged, builder.head_row())?;
    builder.end()?;
    if builder.height() > 0 { each(builder.take()) } else { Ok(()) }
}

/// Merged cells from the headings on refuse the file; above them they are titles.
pub(super) fn not_merged(name: &str, sheet: &str, merged: &[Dimensions], head_row: u32) -> Result<(), IoError> {
    let first = merged.iter().filter(|region| region.end.0 >= head_row.saturating_sub(1)).min_by_key(|r| r.start);
    first.map_or(Ok(()), |region| Err(merged_problem(name, sheet, region)))
}

/// Names of the sheets that hold data.
pub(super) fn sheet_names(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>, IoError> {
    archive::check(name, Cursor::new(bytes), options.limits.unpacked_bytes)?;
    let filled = || -> Result<Vec<String>, IoError> {
        let mut workbook: Workbook<_> = Xlsx::new(Cursor::new(bytes)).map_err(|cause| broken(name, &cause))?;
        filled_sheets(name, &mut workbook)
    };
    catch_unwind(AssertUnwindSafe(filled)).unwrap_or_else(|_| Err(broken(name, &"parser")))
}

/// The sheet asked for, or the only one that holds data.
fn choose_sheet<R: Read + Seek>(
    name: &str,
    workbook: &mut Workbook<R>,
    wanted: Option<&str>,
) -> Result<String, IoError> {
    if let Some(wanted) = wanted {
        return wanted_sheet(name, &worksheets(workbook), wanted);
    }
    let filled = filled_sheets(name, workbook)?;
    only_sheet(name, &filled)
}

fn worksheets<R: Read + Seek>(workbook: &Workbook<R>) -> Vec<String> {
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    sheets.map(|sheet| sheet.name.clone()).collect()
}

fn filled_sheets<R: Read + Seek>(name: &str, workbook: &mut Workbook<R>) -> Result<Vec<String>, IoError> {
    let mut filled = Vec::new();
    for sheet in worksheets(workbook) {
        if has_content(workbook, &sheet).map_err(|cause| broken(name, &cause))? {
            filled.push(sheet);
        }
    }
    Ok(filled)
}

/// The sheet that was asked for.
pub(super) fn wanted_sheet(name: &str, sheets: &[String], wanted: &str) -> Result<String, IoError> {
    sheets.iter().find(|sheet| *sheet == wanted).cloned().ok_or_else(|| {
        let problem = Problem::new("xlsx-no-sheet", Place::file(name)).with("wanted", wanted);
        problem.with("names", sheets.join(", ")).into()
    })
}

/// The only sheet that holds data.
pub(super) fn only_sheet(name: &str, filled: &[String]) -> Result<String, IoError> {
    match filled {
        [] => Err(Problem::new("file-empty", Place::file(name)).into()),
        [only] => Ok(only.clone()),
        several => {
            let problem = Problem::new("xlsx-sheets", Place::file(name)).with("count", several.len());
            Err(problem.with("names", several.join(", ")).into())
        }
    }
}

fn has_content<R: Read + Seek>(workbook: &mut Workbook<R>, sheet: &str) -> Result<bool, XlsxError> {
    let mut reader = workbook.worksheet_cells_reader(sheet)?;
    while let Some(cell) = reader.next_cell()? {
        if !is_blank(cell.get_value()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_blank(value: &DataRef<'_>) -> bool {
    match value {
        DataRef::Empty => true,
        DataRef::String(text) => trim(text).is_empty(),
        DataRef::SharedString(text) => trim(text).is_empty(),
        _ => false,
    }
}

fn merged_problem(name: &str, sheet: &str, region: &Dimensions) -> IoError {
    let corner = |(row, column): (u32, u32)| format!("{}{}", column_letter(column), u64::from(row) + 1);
    let place = Place {
        sheet: Some(sheet.to_owned()),
        row: region.start.0.checked_add(1),
        column: Some(region.start.1),
        ..Place::file(name)
    };
    let range = format!("{}:{}", corner(region.start), corner(region.end));
    Problem::new("xlsx-merged", place).with("range", range).into()
}

fn read_sheet<R: Read + Seek, E: From<IoError>>(
    workbook: &mut Workbook<R>,
    sheet: &str,
    builder: &mut Builder<'_>,
    options: &ReadOptions,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    let name = builder.place().file;
    let epoch = if workbook.has_1904_epoch() { DAYS_1904 } else { 0.0 };
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|cause| broken(&name, &cause))?;
    let mut cells: Vec<u32> = Vec::new();
    let mut current = 0_u32;
    while let Some(cell) = reader.next_cell().map_err(|cause| broken(&name, &cause))? {
        let (row, column) = cell.get_position();
        if row != current {
            builder.row(current.saturating_add(1), &cells)?;
            cells.clear();
            if row < current {
                let cause = format_args!("row {} after row {}", u64::from(row) + 1, u64::from(current) + 1).to_string();
                return Err(broken(&name, &cause).into());
            }
            hand_over(builder, rows, each)?;
            current = row;
        }
        let id = intern(builder, column as usize, cell.get_value(), epoch);
        place_cell(builder, &mut cells, column as usize, id, options)?;
    }
    builder.row(current.saturating_add(1), &cells)?;
    Ok(())
}

/// Puts a cell into the row; a far column makes the row long only within the limit.
pub(super) fn place_cell(
    builder: &Builder<'_>,
    cells: &mut Vec<u32>,
    column: usize,
    id: u32,
    options: &ReadOptions,
) -> Result<(), IoError> {
    if id == 0 {
        return Ok(());
    }
    if column >= options.limits.columns {
        let problem = Problem::new("too-many-columns", builder.place()).with("count", column + 1);
        return Err(problem.with("limit", options.limits.columns).into());
    }
    if column >= cells.len() {
        cells.resize(column + 1, 0);
    }
    if let Some(cell) = cells.get_mut(column) {
        *cell = id;
    }
    Ok(())
}

/// Days between the two calendars of spreadsheets.
const DAYS_1904: f64 = 1462.0;

fn intern(builder: &mut Builder<'_>, column: usize, value: &DataRef<'_>, epoch: f64) -> u32 {
    if !builder.keeps(column) {
        return if is_blank(value) { 0 } else { HIDDEN };
    }
    let interner = &mut builder.interner;
    match value {
        DataRef::Empty => 0,
        DataRef::Int(number) => interner.number(*number as f64),
        DataRef::Float(number) => interner.number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => interner.text(text),
        DataRef::SharedString(text) => interner.text(text),
        DataRef::Bool(truth) => interner.text(if *truth { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(moment) => interner.date(moment.as_f64() + epoch),
        DataRef::Error(error) => interner.text(&error.to_string()),
    }
}
