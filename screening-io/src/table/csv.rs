//! Reads csv, with comma, tab or semicolon.

use super::builder::{Builder, HIDDEN};
use super::{Keep, ReadOptions, Table};
use crate::error::{IoError, Place, Problem};
use crate::words::trim;

pub(super) fn read(name: &str, text: &str, options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    // An unpaired quotation mark would swallow the rows behind it without a sound.
    if text.bytes().filter(|b| *b == b'"').count() % 2 == 1 {
        return Err(Problem::new("csv-quote", Place::file(name)).into());
    }
    let mut builder = Builder::new(name, None, options.limits, keep);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut cells = Vec::new();
    let mut rows = RowCounter::default();
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|cause| Problem::new("csv-broken", Place::file(name)).with("cause", cause))?;
        if !more {
            return builder.finish();
        }
        let row = rows.next(text, &record);
        fill(&mut builder, &record, row, &mut cells)?;
    }
}

/// Interns the cells of one record and hands them over.
fn fill(builder: &mut Builder<'_>, record: &csv::StringRecord, row: u32, cells: &mut Vec<u32>) -> Result<(), IoError> {
    cells.clear();
    for (position, cell) in record.iter().enumerate() {
        // What may not be kept is not even interned; a mark keeps its place.
        cells.push(if builder.keeps(position) {
            builder.interner.text(cell)
        } else if trim(cell).is_empty() {
            0
        } else {
            HIDDEN
        });
    }
    let blank = cells.iter().all(|id| *id == 0);
    if let Some(width) = builder.width()
        && record.len() < width
        && !blank
    {
        let place = Place { row: Some(row), ..builder.place() };
        let problem = Problem::new("csv-ragged", place).with("cells", record.len());
        return Err(problem.with("headings", width).into());
    }
    builder.row(row, cells)
}

/// Counts rows as a spreadsheet shows them: a blank line is a row, a line end within a cell is not.
#[derive(Default)]
struct RowCounter {
    at: usize,
    lines: u64,
    inner_lines: u64,
}

impl RowCounter {
    fn next(&mut self, text: &str, record: &csv::StringRecord) -> u32 {
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let bytes = text.as_bytes();
        // The record may be said to start at line ends that still belong before it: the second half of `\r\n`, or
        // blank lines.
        let skipped = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start.saturating_add(skipped).min(bytes.len());
        self.lines += line_ends(bytes, self.at, start);
        self.at = self.at.max(start);
        let row = self.lines.saturating_sub(self.inner_lines) + 1;
        let inner: u64 = record.iter().map(|cell| line_ends(cell.as_bytes(), 0, cell.len())).sum();
        self.inner_lines += inner;
        u32::try_from(row).unwrap_or(u32::MAX)
    }
}

/// Line ends in a part of a text: `\n`, or `\r` without `\n` behind it.
fn line_ends(bytes: &[u8], from: usize, to: usize) -> u64 {
    let next = bytes.iter().skip(from + 1).copied().chain(std::iter::once(0));
    let part = bytes.iter().skip(from).take(to.saturating_sub(from)).zip(next);
    part.filter(|(byte, next)| **byte == b'\n' || **byte == b'\r' && *next != b'\n').count() as u64
}

/// The separator that is most frequent in the first line that is not blank, outside quotes.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut counts = [(b',', 0_usize), (b'\t', 0), (b';', 0)];
    let mut quoted = false;
    for byte in line.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(mark, _)| *mark == byte && !quoted) {
            *count += 1;
        }
    }
    // `max_by_key` keeps the last of equals, so the list is searched from its end.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(mark, _)| *mark)
}

#[cfg(test)]
mod tests {
    use crate::table::{ReadOptions, Table, Value, read_table_bytes};

    fn read(text: &str) -> Result<Table, crate::IoError> {
        read_table_bytes("a.csv", text.as_bytes(), &ReadOptions::default())
    }

    #[test]
    fn rows_are_numbered_as_in_a_spreadsheet() {
        let table = read("a,b\r\n1,\"x\ny\"\r\n\r\n,\r\n2,z\r\n").unwrap();
        assert_eq!(table.source_rows(), [2, 5]);
        assert_eq!(table.cell(0, 1), &Value::Text("x\ny".into()));
    }

    #[test]
    fn separators_are_told_from_the_heading() {
        for text in ["a\tb\n1\t2,5\n", "a;b\n1;2,5\n", "a,b\n1,\"2,5\"\n"] {
            assert_eq!(read(text).unwrap().cell(0, 1), &Value::Text("2,5".into()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let id = |text: &str| read(text).unwrap_err().id();
        assert_eq!(id("a,b\n1,\"2\n3,4\n"), "csv-quote");
        assert_eq!(id("a,b\n1,2\n3\n"), "csv-ragged");
        assert_eq!(id("a,b\n1,2,3\n"), "heading-missing");
        assert_eq!(id("a,b,a\n1,2,3\n"), "heading-duplicate");
        assert_eq!(id("a,,b\n1,2,3\n"), "heading-missing");
        assert_eq!(id("a,b\n"), "file-no-rows");
        assert_eq!(id(" \n\n"), "file-empty");
        assert_eq!(id("a,b\0\n"), "file-kind");
        assert_eq!(id("学\u{fffd},b\n1,2\n"), "encoding-mangled");
        assert!(read("a,b,,\n1,2,,\n3,4,,\n").is_ok(), "trailing empty columns");
    }
}
