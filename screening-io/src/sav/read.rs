//! Reads a system file into a table.

use std::collections::HashMap;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::cases::Cases;
use super::head::{Bytes, Head, head};
use super::{DAY, SEGMENT_WIDTH, SPREADSHEET_DAYS, segments};
use crate::error::{IoError, Place, Problem};
use crate::table::{Builder, HIDDEN, Keep, ReadOptions, Table, Value};
use crate::words::trim;

/// A variable as it is read: one or several segments.
struct Column {
    heading: String,
    /// Bytes of each segment; empty = a number.
    widths: Vec<usize>,
    format: u8,
    missing: Vec<f64>,
    range: bool,
}

pub(crate) fn read(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let broken =
        |cause: &'static str| IoError::from(Problem::new("sav-broken", Place::file(name)).with("cause", cause));
    if bytes.starts_with(b"$FL3") {
        return Err(Problem::new("sav-zipped", Place::file(name)).into());
    }
    let mut file = Bytes { rest: bytes, big: false };
    let head = head(&mut file, options.limits.columns).ok_or_else(|| broken("dictionary"))?;
    let encoding = encoding(name, &head, options)?;
    let columns = columns(&head, encoding).ok_or_else(|| broken("variables"))?;
    let mut builder = Builder::new(name, None, options.limits, Keep { head: None, ..keep });
    let headings: Vec<u32> = columns.iter().map(|column| builder.interner.text(&column.heading)).collect();
    builder.row(1, &headings)?;
    let elements: usize = columns.iter().flat_map(Column::elements).sum();
    let mut cases = Cases::new(file, &head);
    let mut case: Vec<[u8; 8]> = Vec::with_capacity(elements.min(1 << 20));
    let mut cells = Vec::with_capacity(columns.len());
    for row in 2_u32.. {
        case.clear();
        match cases.read(&mut case, elements) {
            Some(true) => {}
            Some(false) => break,
            None => return Err(broken("cases")),
        }
        cells.clear();
        let mut at = case.as_slice();
        for (position, column) in columns.iter().enumerate() {
            let count: usize = column.elements().sum();
            let (own, rest) = at.split_at_checked(count).unwrap_or((&[], &[]));
            at = rest;
            let cell = column.cell(own, &cases, encoding).ok_or_else(|| {
                let place = Place { row: Some(row), column: u32::try_from(position).ok(), ..Place::file(name) };
                IoError::from(Problem::new("sav-encoding", place).with("encoding", encoding.name()))
            })?;
            cells.push(match cell {
                Value::Blank => 0,
                _ if !builder.keeps(position) => HIDDEN,
                Value::Number(number) => builder.interner.number(number),
                Value::Date(days) => builder.interner.date(days),
                Value::Text(text) => builder.interner.text(&text),
            });
        }
        builder.row(row, &cells)?;
    }
    builder.finish()
}

/// The encoding that the file or the caller states; plain ASCII needs none.
fn encoding(name: &str, head: &Head<'_>, options: &ReadOptions) -> Result<&'static Encoding, IoError> {
    let unknown =
        |guess: String| IoError::from(Problem::new("encoding-unknown", Place::file(name)).with("guess", guess));
    if let Some(label) = options.encoding.as_deref() {
        return Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Problem::new("encoding-name", Place::file(name)).with("encoding", label).into());
    }
    if let Some(label) = &head.encoding {
        return Encoding::for_label(label).ok_or_else(|| unknown(String::from_utf8_lossy(label).into_owned()));
    }
    match head.character_code {
        936 | 54_936 => Ok(GB18030),
        // Where nothing is stated, bytes that are not UTF-8 refuse the file.
        0 | 2 | 3 | 65_001 => Ok(UTF_8),
        1250..=1258 => Encoding::for_label(format!("windows-{}", head.character_code).as_bytes())
            .ok_or_else(|| unknown(head.character_code.to_string())),
        other => Err(unknown(other.to_string())),
    }
}

/// Joins the segments of very long strings and gives each variable its long name.
fn columns(head: &Head<'_>, encoding: &'static Encoding) -> Option<Vec<Column>> {
    let text = |bytes: &[u8]| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
    };
    let pairs = |bytes: &[u8]| -> Option<HashMap<String, String>> {
        let whole = text(bytes)?;
        let pairs = whole.split('\t').filter_map(|pair| pair.split_once('='));
        Some(
            pairs
                .map(|(short, long)| {
                    (short.trim_matches('\0').to_uppercase(), long.trim_matches(['\0', ' ']).to_owned())
                })
                .collect(),
        )
    };
    let (names, widths) = (pairs(&head.long_names)?, pairs(&head.long_strings)?);
    let mut columns = Vec::new();
    let mut raw = head.variables.iter();
    while let Some(first) = raw.next() {
        let short = text(first.name)?.trim().to_uppercase();
        let long_width: Option<usize> = widths.get(&short).and_then(|width| width.parse().ok());
        let mut segment_widths = if first.width == 0 { Vec::new() } else { vec![first.width] };
        if let Some(width) = long_width.filter(|_| first.width > 0) {
            for _ in 1..segments(width) {
                segment_widths.push(raw.next().filter(|next| next.width > 0)?.width);
            }
        }
        let heading = names.get(&short).cloned().unwrap_or(short);
        columns.push(Column {
            heading,
            widths: segment_widths,
            format: first.format,
            missing: first.missing.clone(),
            range: first.range,
        });
    }
    Some(columns)
}

impl Column {
    /// Elements of eight bytes that each segment takes.
    fn elements(&self) -> impl Iterator<Item = usize> {
        let number = usize::from(self.widths.is_empty());
        std::iter::once(number).chain(self.widths.iter().map(|width| width.div_ceil(8)))
    }

    /// The value of a cell; `None` when its text is not legal.
    fn cell(&self, own: &[[u8; 8]], cases: &Cases<'_>, encoding: &'static Encoding) -> Option<Value> {
        if self.widths.is_empty() {
            let value = own.first().map_or(f64::NAN, |bytes| cases.to_float(*bytes));
            return Some(self.number(value, cases.missing));
        }
        let mut bytes = Vec::new();
        let mut rest = own;
        for (at, width) in self.widths.iter().enumerate() {
            let (segment, after) = rest.split_at_checked(width.div_ceil(8))?;
            rest = after;
            let last = at + 1 == self.widths.len();
            let used = if last { *width } else { SEGMENT_WIDTH };
            bytes.extend(segment.as_flattened().iter().copied().take(used));
        }
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes.as_slice())?;
        let text = trim(text.trim_end_matches('\0'));
        Some(if text.is_empty() { Value::Blank } else { Value::Text(text.into()) })
    }

    fn number(&self, value: f64, system_missing: f64) -> Value {
        let user_missing = self.is_missing(value) && !is_kind_of_missing(value);
        if !value.is_finite() || value == system_missing || user_missing {
            return Value::Blank;
        }
        match self.format {
            20 | 22 | 23 | 24 | 38 | 39 | 41 => Value::Date(value / DAY - SPREADSHEET_DAYS),
            21 => Value::Date(value / DAY),
            _ => Value::Number(value),
        }
    }

    fn is_missing(&self, value: f64) -> bool {
        match (self.range, self.missing.as_slice()) {
            (true, [low, high, single @ ..]) => (*low..=*high).contains(&value) || single.contains(&value),
            (_, values) => values.contains(&value),
        }
    }
}

/// Codes that this engine writes for the kinds of missing: they are told apart again.
fn is_kind_of_missing(value: f64) -> bool {
    (-128.0..=-125.0).contains(&value)
}
