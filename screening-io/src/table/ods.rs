//! Reads OpenDocument spreadsheets, cell by cell: repeat counts are never trusted with memory.

use std::io::{BufReader, Cursor, Read};

use calamine::Dimensions;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::builder::{Builder, HIDDEN};
use super::xlsx::{not_merged, only_sheet, place_cell, wanted_sheet};
use super::{Keep, ReadOptions, Table, archive};
use crate::error::{IoError, Place, Problem};
use crate::words::trim;

/// A cell as the file says it.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Blank,
    Number(f64),
    /// Days; a time of day is a fraction.
    Days(f64),
    Text(String),
}

/// What is found while a file is walked through.
enum Found<'a> {
    Sheet(&'a str),
    /// Row from 0, first column, how many columns hold it, the cell.
    Cell(u32, usize, usize, &'a Cell),
    Merged(Dimensions),
    EndOfSheet,
}

/// Rows of the largest sheet of any office program.
const MOST_ROWS: u32 = 1 << 20;
/// Times that one row with data is repeated.
const MOST_REPEATS: u32 = 1_000;

pub(super) fn read(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let wanted = match options.sheet.as_deref() {
        Some(wanted) => wanted_sheet(name, &all_sheets(name, bytes, options)?, wanted)?,
        None => only_sheet(name, &sheet_names(name, bytes, options)?)?,
    };
    let mut builder = Builder::new(name, Some(wanted.clone()), options.limits, keep);
    let (mut here, mut current, mut cells, mut merged) = (false, 0, Vec::new(), Vec::new());
    walk(name, bytes, options, &mut |found| {
        match found {
            Found::Sheet(sheet) => here = sheet == wanted,
            Found::Cell(row, column, count, cell) if here => {
                if row != current {
                    builder.row(current + 1, &cells)?;
                    cells.clear();
                    current = row;
                }
                for column in column..column.saturating_add(count) {
                    let id = intern(&mut builder, column, cell);
                    place_cell(&builder, &mut cells, column, id, options)?;
                }
            }
            Found::Merged(region) if here => {
                if keep.head.is_none() {
                    not_merged(name, &wanted, &[region], 0)?;
                }
                merged.push(region);
            }
            Found::EndOfSheet if here => {
                builder.row(current + 1, &cells)?;
                cells.clear();
                here = false;
            }
            _ => {}
        }
        Ok(())
    })?;
    not_merged(name, &wanted, &merged, builder.head_row())?;
    builder.finish()
}

/// Names of the sheets that hold data.
pub(super) fn sheet_names(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>, IoError> {
    let (mut names, mut current): (Vec<String>, String) = (Vec::new(), String::new());
    walk(name, bytes, options, &mut |found| {
        match found {
            Found::Sheet(sheet) => sheet.clone_into(&mut current),
            Found::Cell(..) if names.last() != Some(&current) => names.push(current.clone()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(names)
}

fn all_sheets(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>, IoError> {
    let mut names = Vec::new();
    walk(name, bytes, options, &mut |found| {
        if let Found::Sheet(sheet) = found {
            names.push(sheet.to_owned());
        }
        Ok(())
    })?;
    Ok(names)
}

fn intern(builder: &mut Builder<'_>, column: usize, cell: &Cell) -> u32 {
    if !builder.keeps(column) {
        return if *cell == Cell::Blank { 0 } else { HIDDEN };
    }
    match cell {
        Cell::Blank => 0,
        Cell::Number(number) => builder.interner.number(*number),
        Cell::Days(days) => builder.interner.date(*days),
        Cell::Text(text) => builder.interner.text(text),
    }
}

fn broken(name: &str, cause: &dyn std::fmt::Display) -> IoError {
    Problem::new("xlsx-broken", Place::file(name)).with("cause", cause).into()
}

/// Walks through all cells that hold something, sheet by sheet and row by row.
fn walk(
    name: &str,
    bytes: &[u8],
    options: &ReadOptions,
    visit: &mut dyn FnMut(Found<'_>) -> Result<(), IoError>,
) -> Result<(), IoError> {
    archive::check(name, Cursor::new(bytes), options.limits.unpacked_bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|cause| broken(name, &cause))?;
    if is_encrypted(&mut archive) {
        return Err(Problem::new("file-password", Place::file(name)).into());
    }
    let part = archive.by_name("content.xml").map_err(|cause| broken(name, &cause))?;
    let mut reader = Reader::from_reader(BufReader::new(part.take(options.limits.unpacked_bytes)));
    reader.config_mut().expand_empty_elements = true;
    let mut walker =
        Walker { row: 0, column: 0, repeat: 1, cell: None, line: Vec::new(), pieces: String::new(), depth: 0 };
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|cause| broken(name, &cause))?;
        match event {
            Event::Eof if walker.depth == 0 => return Ok(()),
            Event::Eof => return Err(broken(name, &"content.xml")),
            Event::DocType(_) => return Err(broken(name, &"DOCTYPE")),
            Event::Start(start) => {
                walker.depth += 1;
                walker.start(name, &start, options, visit)?;
            }
            Event::End(end) => {
                walker.depth = walker.depth.saturating_sub(1);
                walker.end(name, end.name().as_ref(), visit)?;
            }
            Event::Text(text) => walker.text(&text.xml10_content()),
            Event::CData(data) => walker.text(&data.xml10_content()),
            Event::GeneralRef(reference) => walker.text(&entity(&reference)),
            _ => {}
        }
        buffer.clear();
    }
}

fn is_encrypted(archive: &mut ZipArchive<Cursor<&[u8]>>) -> bool {
    let mut manifest = String::new();
    archive.by_name("META-INF/manifest.xml").is_ok_and(|part| {
        part.take(1 << 20).read_to_string(&mut manifest).is_ok() && manifest.contains("encryption-data")
    })
}

/// What a character or entity reference stands for; an unknown one stands for itself.
fn entity(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.xml10_content();
    match name.as_ref() {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => format!("&{other};"),
    }
}

/// A cell that has begun.
struct Begun {
    repeat: usize,
    value: Option<Cell>,
    paragraphs: u32,
    /// Inside a comment or a drawing, whose text is not that of the cell.
    beside: u32,
    span: Option<(u32, u32)>,
}

struct Walker {
    row: u32,
    column: usize,
    repeat: u32,
    cell: Option<Begun>,
    /// Cells of the row that hold something.
    line: Vec<(usize, usize, Cell)>,
    pieces: String,
    depth: u32,
}

impl Walker {
    fn start(
        &mut self,
        name: &str,
        start: &BytesStart<'_>,
        options: &ReadOptions,
        visit: &mut dyn FnMut(Found<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        let attribute = |wanted: &str| attribute(name, start, wanted);
        let count = |wanted: &str| Ok::<_, IoError>(attribute(wanted)?.and_then(|text| text.parse::<u32>().ok()));
        match start.name().as_ref() {
            "table:table" => {
                (self.row, self.column) = (0, 0);
                visit(Found::Sheet(&attribute("table:name")?.unwrap_or_default()))?;
            }
            "table:table-row" => {
                self.repeat = count("table:number-rows-repeated")?.unwrap_or(1).max(1);
                self.column = 0;
                self.line.clear();
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let columns = count("table:number-columns-spanned")?.unwrap_or(1).max(1);
                let rows = count("table:number-rows-spanned")?.unwrap_or(1).max(1);
                self.pieces.clear();
                self.cell = Some(Begun {
                    repeat: count("table:number-columns-repeated")?.unwrap_or(1).max(1) as usize,
                    value: value(name, start)?,
                    paragraphs: 0,
                    beside: 0,
                    span: (columns > 1 || rows > 1).then_some((rows, columns)),
                });
            }
            "text:p" => {
                if let Some(cell) = self.cell.as_mut().filter(|cell| cell.beside == 0) {
                    cell.paragraphs += 1;
                    if cell.paragraphs > 1 {
                        self.pieces.push('\n');
                    }
                }
            }
            "text:s" => {
                let spaces = count("text:c")?.unwrap_or(1).min(1_000) as usize;
                let wanted = self.cell.as_ref().is_some_and(|cell| cell.beside == 0);
                self.pieces.extend(std::iter::repeat_n(' ', if wanted { spaces } else { 0 }));
            }
            "text:tab" => self.text("\t"),
            "text:line-break" => self.text("\n"),
            "office:annotation" | "draw:frame" | "draw:custom-shape" => {
                if let Some(cell) = &mut self.cell {
                    cell.beside += 1;
                }
            }
            _ => {}
        }
        if self.pieces.len() as u64 > options.limits.file_bytes {
            return Err(broken(name, &"text:p"));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.cell.as_ref().is_some_and(|cell| cell.beside == 0 && cell.paragraphs > 0) {
            self.pieces.push_str(text);
        }
    }

    fn end(
        &mut self,
        name: &str,
        tag: &str,
        visit: &mut dyn FnMut(Found<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        match tag {
            "office:annotation" | "draw:frame" | "draw:custom-shape" => {
                if let Some(cell) = &mut self.cell {
                    cell.beside = cell.beside.saturating_sub(1);
                }
            }
            "table:table-cell" | "table:covered-table-cell" => self.end_cell(visit)?,
            "table:table-row" => self.end_row(name, visit)?,
            "table:table" => visit(Found::EndOfSheet)?,
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self, visit: &mut dyn FnMut(Found<'_>) -> Result<(), IoError>) -> Result<(), IoError> {
        let Some(begun) = self.cell.take() else { return Ok(()) };
        let text = trim(&self.pieces);
        let cell = match begun.value {
            Some(value) => value,
            None if text.is_empty() => Cell::Blank,
            None => Cell::Text(text.to_owned()),
        };
        if let Some((rows, columns)) = begun.span {
            let column = u32::try_from(self.column).unwrap_or(u32::MAX);
            let end = (self.row.saturating_add(rows - 1), column.saturating_add(columns - 1));
            visit(Found::Merged(Dimensions::new((self.row, column), end)))?;
        }
        if cell != Cell::Blank {
            self.line.push((self.column, begun.repeat, cell));
        }
        self.column = self.column.saturating_add(begun.repeat);
        Ok(())
    }

    /// Hands over the row; one that is repeated is handed over as often. A repeat without end is a mistake of a style,
    /// never of data.
    fn end_row(&mut self, name: &str, visit: &mut dyn FnMut(Found<'_>) -> Result<(), IoError>) -> Result<(), IoError> {
        if !self.line.is_empty() {
            if self.repeat > MOST_REPEATS {
                return Err(broken(name, &format_args!("row {} x {}", u64::from(self.row) + 1, self.repeat)));
            }
            for row in self.row..self.row.saturating_add(self.repeat) {
                for (column, count, cell) in &self.line {
                    visit(Found::Cell(row, *column, *count, cell))?;
                }
            }
        }
        self.row = self.row.saturating_add(self.repeat);
        if !self.line.is_empty() && self.row > MOST_ROWS {
            return Err(broken(name, &format_args!("row {}", self.row)));
        }
        self.line.clear();
        Ok(())
    }
}

fn attribute(name: &str, start: &BytesStart<'_>, wanted: &str) -> Result<Option<String>, IoError> {
    let found = start.try_get_attribute(wanted).map_err(|cause| broken(name, &cause))?;
    found
        .map(|found| {
            found
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map(std::borrow::Cow::into_owned)
                .map_err(|cause| broken(name, &cause))
        })
        .transpose()
}

/// The value that the attributes of a cell state; texts mostly stand in its content.
fn value(name: &str, start: &BytesStart<'_>) -> Result<Option<Cell>, IoError> {
    let attribute = |wanted: &str| attribute(name, start, wanted);
    Ok(match attribute("office:value-type")?.as_deref() {
        Some("float" | "percentage" | "currency") => attribute("office:value")?
            .and_then(|text| text.parse().ok())
            .filter(|n: &f64| n.is_finite())
            .map(Cell::Number),
        Some("date") => attribute("office:date-value")?.map(Cell::Text),
        Some("time") => attribute("office:time-value")?.and_then(|text| time(&text)).map(Cell::Days),
        Some("boolean") => attribute("office:boolean-value")?.map(|text| Cell::Text(text.to_uppercase())),
        Some("string") => attribute("office:string-value")?.map(Cell::Text),
        _ => None,
    })
}

/// `PT22H30M00S` as a part of a day.
fn time(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0.0;
    for (mark, factor) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, after)) = rest.split_once(mark) {
            seconds += crate::parse::number(number)? * factor;
            rest = after;
        }
    }
    rest.is_empty().then_some(seconds / 86_400.0)
}
