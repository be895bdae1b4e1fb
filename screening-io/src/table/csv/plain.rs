//! Texts without quotation marks, which most exports are: a cell ends at a separator and a row at a line end, whatever stands in it.
//! Cutting them byte by byte takes a fifth of the time of a parser that has to expect quotes.

use std::io::{ErrorKind, Read};

use super::super::Table;
use super::super::builder::{Builder, hand_over};
use super::{add, intern};
use crate::error::{IoError, Problem};

/// Bytes that are read at once.
const BLOCK: usize = 1 << 18;

/// As [`records`](super::records), for a text in which there is no quotation mark.
pub(super) fn records<E: From<IoError>>(
    mut text: impl Read,
    separator: u8,
    builder: &mut Builder<'_>,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut cells = Vec::new();
    let mut row = 0_u32;
    loop {
        let before = bytes.len();
        // As much again as there is: a line without an end is looked through a few times only.
        let block = BLOCK.max(before);
        bytes.resize(before + block, 0);
        let count =
            read(&mut text, bytes.get_mut(before..).unwrap_or_default()).map_err(|cause| broken(builder, &cause))?;
        bytes.truncate(before + count);
        let last = count < block;
        let mut rest = bytes.as_slice();
        while let Some((line, behind)) = cut(rest, last, separator, builder, &mut cells)? {
            row = row.saturating_add(1);
            if !line.is_empty() {
                add(builder, row, &cells)?;
                hand_over(builder, rows, each)?;
            }
            rest = behind;
        }
        if last {
            return Ok(());
        }
        let done = bytes.len() - rest.len();
        bytes.drain(..done);
    }
}

/// Fills the buffer as far as the text goes.
fn read(text: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match text.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}

fn broken(builder: &Builder<'_>, cause: &dyn std::fmt::Display) -> IoError {
    Problem::new("csv-broken", builder.place()).with("cause", cause).into()
}

/// The first line of the bytes, its cells in `cells`, and what stands behind it; nothing when the end of the line is not
/// among the bytes and there are more to come.
fn cut<'b>(
    bytes: &'b [u8],
    last: bool,
    separator: u8,
    builder: &mut Builder<'_>,
    cells: &mut Vec<u32>,
) -> Result<Option<(&'b [u8], &'b [u8])>, IoError> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let (line, behind) = match end {
        // Whether the line ends with `\r` or with `\r\n` is known when the next byte is.
        Some(at) if bytes.get(at) == Some(&b'\r') && at + 1 == bytes.len() && !last => return Ok(None),
        Some(at) => {
            let length = if bytes.get(at..at + 2) == Some(b"\r\n") { 2 } else { 1 };
            (bytes.get(..at).unwrap_or_default(), bytes.get(at + length..).unwrap_or_default())
        }
        None if last && !bytes.is_empty() => (bytes, &[][..]),
        None => return Ok(None),
    };
    cells.clear();
    let mut from = 0;
    loop {
        let rest = line.get(from..).unwrap_or_default();
        // Most cells are one digit.
        if let [byte, next, ..] = rest
            && *next == separator
            && *byte != separator
            && let seen @ 1.. = builder.interner.seen(*byte)
            && builder.keeps(cells.len())
        {
            cells.push(seen);
            from += 2;
            continue;
        }
        let length = rest.iter().position(|byte| *byte == separator);
        let cell = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let cell = std::str::from_utf8(cell).map_err(|cause| broken(builder, &cause))?;
        cells.push(intern(builder, cells.len(), cell));
        match length {
            Some(length) => from += length + 1,
            None => return Ok(Some((line, behind))),
        }
    }
}
