//! Reads csv, with comma, tab or semicolon.

mod plain;

use std::io::Read;

use super::builder::{Builder, HIDDEN, hand_over};
use super::{Keep, ReadOptions, Table};
use crate::error::{IoError, Place, Problem};
use crate::words::trim;

pub(super) fn read(name: &str, text: &str, options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let quotes = text.bytes().filter(|b| *b == b'"').count() as u64;
    paired(name, quotes)?;
    let mut builder = Builder::new(name, None, options.limits, keep);
    let form = Form { separator: delimiter(first_line(text).unwrap_or_default()), quotes };
    records::<IoError>(text.as_bytes(), form, &mut builder, usize::MAX, &mut |_| Ok(()))?;
    builder.finish()
}

/// An unpaired quotation mark would swallow the rows behind it without a sound.
pub(super) fn paired(name: &str, quotes: u64) -> Result<(), IoError> {
    if quotes % 2 == 1 { Err(Problem::new("csv-quote", Place::file(name)).into()) } else { Ok(()) }
}

/// The first line that is not blank.
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.lines().find(|line| !line.trim().is_empty())
}

/// What has to be known of a text before it is cut into cells.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// What stands between cells.
    pub(super) separator: u8,
    /// Quotation marks in the whole text.
    pub(super) quotes: u64,
}

/// Puts records of UTF-8 text into a builder and hands its rows over, so many at a time.
pub(super) fn records<E: From<IoError>>(
    text: impl Read,
    form: Form,
    builder: &mut Builder<'_>,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    if form.quotes == 0 {
        return plain::records(text, form.separator, builder, rows, each);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(form.separator)
        .from_reader(Window { inner: text, base: 0, bytes: Vec::new() });
    let mut record = csv::StringRecord::new();
    let mut cells = Vec::new();
    let mut counter = RowCounter::default();
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|cause| IoError::from(Problem::new("csv-broken", builder.place()).with("cause", cause)))?;
        if !more {
            return Ok(());
        }
        let row = counter.next(reader.get_ref(), &record);
        reader.get_mut().forget(counter.at);
        fill(builder, &record, row, &mut cells)?;
        hand_over(builder, rows, each)?;
    }
}

/// The text that the parser has been given and whose lines are not counted yet.
struct Window<R> {
    inner: R,
    /// Position of the first byte kept.
    base: u64,
    bytes: Vec<u8>,
}

/// Bytes that are gathered before they are forgotten, so that the rest is not moved for every record.
const FORGOTTEN_AT_ONCE: u64 = 1 << 20;

impl<R> Window<R> {
    /// The byte at a position, or the end of the text.
    fn from(&self, position: u64) -> &[u8] {
        self.bytes.get(position.saturating_sub(self.base) as usize..).unwrap_or_default()
    }

    fn forget(&mut self, before: u64) {
        let count = before.saturating_sub(self.base);
        if count >= FORGOTTEN_AT_ONCE {
            self.bytes.drain(..(count as usize).min(self.bytes.len()));
            self.base = before;
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.extend(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The number of a cell. What may not be kept is not even interned; a mark keeps its place.
fn intern(builder: &mut Builder<'_>, position: usize, cell: &str) -> u32 {
    if builder.keeps(position) {
        builder.interner.text(cell)
    } else if trim(cell).is_empty() {
        0
    } else {
        HIDDEN
    }
}

/// Interns the cells of one record and hands them over.
fn fill(builder: &mut Builder<'_>, record: &csv::StringRecord, row: u32, cells: &mut Vec<u32>) -> Result<(), IoError> {
    cells.clear();
    for (position, cell) in record.iter().enumerate() {
        cells.push(intern(builder, position, cell));
    }
    add(builder, row, cells)
}

/// A row must have as many cells as there are headings, unless it is blank.
fn add(builder: &mut Builder<'_>, row: u32, cells: &[u32]) -> Result<(), IoError> {
    if let Some(width) = builder.width()
        && cells.len() < width
        && cells.iter().any(|id| *id != 0)
    {
        let place = Place { row: Some(row), ..builder.place() };
        let problem = Problem::new("csv-ragged", place).with("cells", cells.len());
        return Err(problem.with("headings", width).into());
    }
    builder.row(row, cells)
}

/// Counts rows as a spreadsheet shows them: a blank line is a row, a line end within a cell is not.
#[derive(Default)]
struct RowCounter {
    at: u64,
    lines: u64,
    inner_lines: u64,
}

impl RowCounter {
    fn next<R>(&mut self, text: &Window<R>, record: &csv::StringRecord) -> u32 {
        let start = record.position().map_or(0, csv::Position::byte);
        // The record may be said to start at line ends that still belong before it: the second half of `\r\n`, or
        // blank lines.
        let skipped = text.from(start).iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start.saturating_add(skipped as u64);
        self.lines += line_ends(text.from(self.at), start.saturating_sub(self.at) as usize);
        self.at = self.at.max(start);
        let row = self.lines.saturating_sub(self.inner_lines) + 1;
        let inner: u64 = record.iter().map(|cell| line_ends(cell.as_bytes(), cell.len())).sum();
        self.inner_lines += inner;
        u32::try_from(row).unwrap_or(u32::MAX)
    }
}

/// Line ends among the first bytes of a text: `\n`, or `\r` without `\n` behind it.
fn line_ends(bytes: &[u8], count: usize) -> u64 {
    let next = bytes.iter().skip(1).copied().chain(std::iter::once(0));
    let part = bytes.iter().take(count).zip(next);
    part.filter(|(byte, next)| **byte == b'\n' || **byte == b'\r' && *next != b'\n').count() as u64
}

/// The separator that is most frequent in the heading, outside quotes.
pub(super) fn delimiter(line: &str) -> u8 {
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

    /// The same text with quotes, which take the other way, so far as a message does not tell the length of a line.
    fn quoted(text: &str) -> String {
        let mut out = String::new();
        for line in text.split_inclusive(['\n', '\r']) {
            let cells = line.trim_end_matches(['\n', '\r']);
            let whole = cells.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
            out.push_str(if cells.is_empty() { cells } else { &whole });
            out.push_str(&line[cells.len()..]);
        }
        out
    }

    proptest::proptest! {
        #[test]
        fn texts_without_quotes_are_read_as_with_them(text in "(a,b,c\n)?[ab12, \n\r\t学\u{3000}]{0,60}") {
            // A tabulator in the first line would be told as the separator of one of them.
            let text = text.replacen('\t', ",", 3);
            let told = |read: Result<Table, crate::IoError>| read.map_err(|error| error.to_string()).map(|table| {
                let cells: Vec<Vec<Value>> = (0..table.height())
                    .map(|row| (0..table.width()).map(|column| table.cell(row, column).clone()).collect())
                    .collect();
                (table.headings().to_vec(), table.source_rows().to_vec(), cells)
            });
            proptest::prop_assert_eq!(told(read(&text)), told(read(&quoted(&text))));
        }
    }

    #[test]
    fn long_lines_and_lines_cut_by_the_buffer() {
        let long = "长".repeat(300_000);
        let text = format!("a,b\n{long},1\r\n2,{long}\n\n3,4");
        let table = read(&text).unwrap();
        assert_eq!(table.source_rows(), [2, 3, 5]);
        assert_eq!(table.cell(1, 1).to_text(), long);
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
