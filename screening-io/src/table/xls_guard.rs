//! Looks through an old Excel workbook before its parser does: how far do its cells reach?

use std::io::{Cursor, Read, Write};

use crate::error::{IoError, Place, Problem};

/// All cells of the sheets as rectangles; one sheet of the format has at most 65,536 x 256.
const MOST_CELLS: u64 = 20_000_000;
const MOST_SHEETS: usize = 256;
const LAST_COLUMN: u16 = 255;

const END: u16 = 0x000a;
const BEGIN: u16 = 0x0809;
const SHEET: u16 = 0x0085;
const FILE_PASS: u16 = 0x002f;
const DIMENSIONS: u16 = 0x0200;
/// Records that begin with the row and the column of a cell.
const CELLS: [u16; 8] = [0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, 0x00fd, 0x00bd, 0x0006];

/// The workbook with nothing but the stream that was looked through, so that the parser sees the same.
pub(super) fn checked(name: &str, bytes: &[u8]) -> Result<Vec<u8>, IoError> {
    let broken = |cause: &dyn std::fmt::Display| {
        IoError::from(Problem::new("xlsx-broken", Place::file(name)).with("cause", cause))
    };
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|cause| broken(&cause))?;
    if file.is_stream("/EncryptedPackage") {
        return Err(Problem::new("file-password", Place::file(name)).into());
    }
    let stream = if file.is_stream("/Workbook") { "Workbook" } else { "Book" };
    if !file.is_stream(format!("/{stream}")) {
        return Err(Problem::new("file-kind", Place::file(name)).into());
    }
    let mut records = Vec::new();
    let part = file.open_stream(format!("/{stream}")).map_err(|cause| broken(&cause))?;
    part.take(bytes.len() as u64).read_to_end(&mut records).map_err(|cause| broken(&cause))?;
    check(name, &records)?;
    let mut clean = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))
        .map_err(|cause| broken(&cause))?;
    let mut copy = clean.create_stream(format!("/{stream}")).map_err(|cause| broken(&cause))?;
    copy.write_all(&records).map_err(|cause| broken(&cause))?;
    copy.flush().map_err(|cause| broken(&cause))?;
    drop(copy);
    Ok(clean.into_inner().into_inner())
}

fn check(name: &str, stream: &[u8]) -> Result<(), IoError> {
    let mut starts = Vec::new();
    for (kind, data) in Records(stream) {
        match kind {
            FILE_PASS if number(data, 0) != Some(0) => {
                return Err(Problem::new("file-password", Place::file(name)).into());
            }
            SHEET => starts.push(
                number(data, 0)
                    .zip(number(data, 2))
                    .map_or(0, |(low, high)| usize::from(low) | usize::from(high) << 16),
            ),
            END => break,
            _ => {}
        }
    }
    let mut total = 0;
    let too_far = || IoError::from(Problem::new("xls-bomb", Place::file(name)).with("limit", MOST_CELLS));
    if starts.len() > MOST_SHEETS {
        return Err(too_far());
    }
    for start in starts {
        let area = area(stream.get(start..).unwrap_or_default()).ok_or_else(too_far)?;
        total += area;
        if total > MOST_CELLS {
            return Err(too_far());
        }
    }
    Ok(())
}

/// The rectangle around the cells of a sheet, also that which the sheet states; `None` when a cell lies outside of what
/// the format allows.
fn area(stream: &[u8]) -> Option<u64> {
    let (mut last_row, mut last_column, mut cells) = (0_u64, 0_u64, 0_u64);
    let mut depth = 0_u32;
    for (kind, data) in Records(stream) {
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            DIMENSIONS => {
                let wide = data.len() >= 14;
                let (rows, column) = if wide {
                    (number32(data, 4)?, number(data, 10)?)
                } else {
                    (u32::from(number(data, 2)?), number(data, 6)?)
                };
                // The end of the rectangle is one behind the last cell.
                if rows > 65_536 || column > LAST_COLUMN + 1 {
                    return None;
                }
                (last_row, last_column) = (last_row.max(u64::from(rows)), last_column.max(u64::from(column)));
            }
            kind if CELLS.contains(&kind) => {
                let (row, column) = (number(data, 0)?, number(data, 2)?);
                if column > LAST_COLUMN {
                    return None;
                }
                cells += 1 + data.len() as u64 / 6;
                (last_row, last_column) = (last_row.max(u64::from(row) + 1), last_column.max(u64::from(column) + 1));
            }
            _ => {}
        }
    }
    Some((last_row * last_column).max(cells))
}

fn number(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn number32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// The records of a stream: kind, length, data.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (number(self.0, 0)?, usize::from(number(self.0, 2)?));
        let data = self.0.get(4..4 + length)?;
        self.0 = self.0.get(4 + length..).unwrap_or_default();
        Some((kind, data))
    }
}
