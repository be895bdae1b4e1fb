//! Reads a system file into a table.

use std::collections::HashMap;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::{DAY, SEGMENT, SPREADSHEET_DAYS, code, extension, record, segments};
use crate::error::{IoError, Place, Problem};
use crate::table::{Builder, HIDDEN, Keep, ReadOptions, Table, Value};
use crate::words::trim;

/// A place in the file from which is read.
struct Bytes<'a> {
    rest: &'a [u8],
    big: bool,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn integer(&mut self) -> Option<i32> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
        Some(if self.big { i32::from_be_bytes(bytes) } else { i32::from_le_bytes(bytes) })
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.integer()?).ok()
    }

    fn float(&mut self) -> Option<f64> {
        let bytes: [u8; 8] = self.take(8)?.try_into().ok()?;
        Some(self.to_float(bytes))
    }

    fn to_float(&self, bytes: [u8; 8]) -> f64 {
        if self.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) }
    }
}

/// A variable as its record states it.
struct Raw<'a> {
    name: &'a [u8],
    /// 0 = a number, otherwise bytes of a string.
    width: usize,
    format: u8,
    missing: Vec<f64>,
    /// The first two missing values are the ends of a range.
    range: bool,
}

/// What stands before the cases.
struct Head<'a> {
    compressed: bool,
    bias: f64,
    variables: Vec<Raw<'a>>,
    system_missing: f64,
    encoding: Option<Vec<u8>>,
    character_code: i32,
    long_names: Vec<u8>,
    long_strings: Vec<u8>,
}

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
    let mut cases = Cases {
        file,
        compressed: head.compressed,
        bias: head.bias,
        missing: head.system_missing,
        codes: [0; 8],
        next: 8,
    };
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

fn head<'a>(file: &mut Bytes<'a>, most: usize) -> Option<Head<'a>> {
    file.take(64)?;
    let layout = file.integer()?;
    file.big = match layout {
        2 | 3 => false,
        _ if matches!(layout.swap_bytes(), 2 | 3) => true,
        _ => return None,
    };
    file.take(4)?;
    let compressed = match file.integer()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    file.take(8)?;
    let bias = file.float().filter(|bias| bias.is_finite())?;
    file.take(84)?;
    let mut head = Head {
        compressed,
        bias,
        variables: Vec::new(),
        system_missing: -f64::MAX,
        encoding: None,
        character_code: 0,
        long_names: Vec::new(),
        long_strings: Vec::new(),
    };
    loop {
        match file.integer()? {
            record::VARIABLE => {
                let (continued, raw) = variable(file)?;
                // A string has a record for every eight bytes; only the first says something.
                if !continued {
                    head.variables.push(raw);
                }
                if head.variables.len() > most.saturating_mul(2) {
                    return None;
                }
            }
            record::LABELS => labels(file)?,
            record::LABELLED => {
                let count = file.size()?;
                file.take(count.checked_mul(4)?)?;
            }
            record::DOCUMENT => {
                let lines = file.size()?;
                file.take(lines.checked_mul(80)?)?;
            }
            record::EXTENSION => extension(file, &mut head)?,
            record::END => {
                file.take(4)?;
                return Some(head);
            }
            _ => return None,
        }
    }
}

/// A variable, and whether its record only continues the string before it.
fn variable<'a>(file: &mut Bytes<'a>) -> Option<(bool, Raw<'a>)> {
    let kind = file.integer()?;
    let labelled = file.integer()?;
    let missing_count = file.integer()?;
    let format = file.integer()?;
    file.take(4)?;
    let name = file.take(8)?;
    if labelled == 1 {
        let length = file.size()?;
        file.take(length.checked_next_multiple_of(4)?)?;
    }
    let count = missing_count.unsigned_abs() as usize;
    if count > 3 {
        return None;
    }
    let mut missing = Vec::with_capacity(count);
    for _ in 0..count {
        missing.push(file.float()?);
    }
    let width = match kind {
        -1 => 0,
        0..=255 => kind as usize,
        _ => return None,
    };
    Some((kind == -1, Raw { name, width, format: (format >> 16) as u8, missing, range: missing_count < 0 }))
}

fn labels(file: &mut Bytes<'_>) -> Option<()> {
    for _ in 0..file.size()? {
        file.take(8)?;
        let length = usize::from(*file.take(1)?.first()?);
        file.take((length + 1).next_multiple_of(8) - 1)?;
    }
    Some(())
}

fn extension(file: &mut Bytes<'_>, head: &mut Head<'_>) -> Option<()> {
    let kind = file.integer()?;
    let (size, count) = (file.size()?, file.size()?);
    let data = file.take(size.checked_mul(count)?)?;
    let mut inner = Bytes { rest: data, big: file.big };
    match kind {
        extension::INTEGERS => {
            inner.take(28)?;
            head.character_code = inner.integer()?;
        }
        extension::FLOATS => head.system_missing = inner.float()?,
        extension::LONG_NAMES => data.clone_into(&mut head.long_names),
        extension::LONG_STRINGS => data.clone_into(&mut head.long_strings),
        extension::ENCODING => head.encoding = Some(data.to_vec()),
        _ => {}
    }
    Some(())
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
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
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
            let value = own.first().map_or(f64::NAN, |bytes| cases.file.to_float(*bytes));
            return Some(self.number(value, cases.missing));
        }
        let mut bytes = Vec::new();
        let mut rest = own;
        for (at, width) in self.widths.iter().enumerate() {
            let (segment, after) = rest.split_at_checked(width.div_ceil(8))?;
            rest = after;
            let last = at + 1 == self.widths.len();
            let used = if last { *width } else { SEGMENT };
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
    (-127.0..=-125.0).contains(&value)
}

/// Eight bytes of a case, or the end of all cases.
enum Element {
    Value([u8; 8]),
    End,
}

/// The cases, one after the other.
struct Cases<'a> {
    file: Bytes<'a>,
    compressed: bool,
    bias: f64,
    missing: f64,
    codes: [u8; 8],
    next: usize,
}

impl Cases<'_> {
    /// Reads one case: false at the end of the file, `None` when the file ends within a case.
    fn read(&mut self, case: &mut Vec<[u8; 8]>, elements: usize) -> Option<bool> {
        if elements == 0 {
            return Some(false);
        }
        while case.len() < elements {
            let element = if self.compressed { self.code()? } else { self.raw().map_or(Element::End, Element::Value) };
            match element {
                Element::Value(element) => case.push(element),
                Element::End if case.is_empty() => return Some(false),
                Element::End => return None,
            }
        }
        Some(true)
    }

    fn raw(&mut self) -> Option<[u8; 8]> {
        self.file.take(8)?.try_into().ok()
    }

    /// The next element of compressed cases; `None` when the file ends within one.
    fn code(&mut self) -> Option<Element> {
        loop {
            if self.next == 8 {
                let Some(codes) = self.raw() else { return Some(Element::End) };
                (self.codes, self.next) = (codes, 0);
            }
            let code = self.codes.get(self.next).copied().unwrap_or(code::PAD);
            self.next += 1;
            let number = |value: f64| if self.file.big { value.to_be_bytes() } else { value.to_le_bytes() };
            return Some(match code {
                code::PAD => continue,
                code::END => Element::End,
                code::RAW => Element::Value(self.raw()?),
                code::SPACES => Element::Value(*b"        "),
                code::SYSTEM_MISSING => Element::Value(number(self.missing)),
                value => Element::Value(number(f64::from(value) - self.bias)),
            });
        }
    }
}
