//! System files of SPSS (`.sav`), read and written.
//!
//! The format is described in the developers' guide of GNU PSPP, "System File Format":
//! <https://www.gnu.org/software/pspp/pspp-dev/html_node/System-File-Format.html>. Read are files of either byte order, plain
//! or byte-compressed, with long names, very long strings and any stated encoding. Files compressed with zlib (`.zsav`)
//! and files in the portable format are refused.

mod cases;
mod dictionary;
mod head;
mod names;
mod read;
mod write;

pub(crate) use dictionary::missing_word;
pub use dictionary::{Dictionary, Measure, MissingValues, Variable};
pub(crate) use read::read;
pub use write::write_sav;

/// Types of records.
mod record {
    pub(super) const VARIABLE: i32 = 2;
    pub(super) const LABELS: i32 = 3;
    pub(super) const LABELLED: i32 = 4;
    pub(super) const DOCUMENT: i32 = 6;
    pub(super) const EXTENSION: i32 = 7;
    pub(super) const END: i32 = 999;
}

/// Subtypes of extension records.
mod extension {
    pub(super) const INTEGERS: i32 = 3;
    pub(super) const FLOATS: i32 = 4;
    pub(super) const DISPLAY: i32 = 11;
    pub(super) const LONG_NAMES: i32 = 13;
    pub(super) const LONG_STRINGS: i32 = 14;
    pub(super) const ENCODING: i32 = 20;
}

/// Codes of the byte compression.
mod code {
    pub(super) const PAD: u8 = 0;
    pub(super) const LAST_NUMBER: u8 = 251;
    pub(super) const END: u8 = 252;
    pub(super) const RAW: u8 = 253;
    pub(super) const SPACES: u8 = 254;
    pub(super) const SYSTEM_MISSING: u8 = 255;
}

/// What is taken off a number before it is written as a code.
const BIAS: f64 = 100.0;
/// Bytes of a very long string for which it gets one more segment, and bytes that a segment states and holds. They differ, so
/// the end of the last segment is unused.
const SEGMENT: usize = 252;
const SEGMENT_WIDTH: usize = 255;
/// Days between 14 October 1582, from which SPSS counts, and 30 December 1899, from which spreadsheets do.
const SPREADSHEET_DAYS: f64 = 115_859.0;
/// Days between 14 October 1582 and 1 January 1970.
const UNIX_DAYS: f64 = 141_428.0;
const DAY: f64 = 86_400.0;

/// Segments of a string of so many bytes.
fn segments(width: usize) -> usize {
    if width <= SEGMENT_WIDTH { 1 } else { width.div_ceil(SEGMENT) }
}
