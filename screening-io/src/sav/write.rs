//! Writes a frame as a system file: UTF-8, little-endian, byte-compressed.

use std::fmt::Write as _;
use std::io::Write;

use polars::prelude::*;

use super::names::{cut, names};
use super::{
    BIAS, DAY, Dictionary, Measure, MissingValues, SEGMENT, SEGMENT_WIDTH, UNIX_DAYS, Variable, code, extension,
    record, segments,
};

/// Bytes of the longest string, label of a variable, and label of a value.
const LONGEST_STRING: usize = 32_767;
const LONGEST_LABEL: usize = 255;
const LONGEST_VALUE_LABEL: usize = 120;
/// Formats: F (numbers), A (strings), SDATE (2026/09/14).
const FORMAT_F: i32 = 5;
const FORMAT_A: i32 = 1;
const FORMAT_SDATE: i32 = 39;

/// The values of a column.
enum Values {
    Numbers(Float64Chunked),
    Dates(Int32Chunked),
    Texts(StringChunked, usize),
}

struct Column<'a> {
    name: String,
    short: String,
    label: String,
    variable: Option<&'a Variable>,
    whole: bool,
    values: Values,
}

/// Writes a frame. Numbers, truth values (0 and 1) and dates become numeric variables, everything else strings; names
/// that SPSS does not take are changed, and the label keeps the name of the column. A null is the system's missing value.
///
/// # Errors
/// When a column has a type that has no text, a text is longer than 32,767 bytes, or writing fails.
///
/// ```
/// use polars::prelude::*;
/// use screening_io::sav::{Dictionary, write_sav};
/// let frame = df!["phq-9.1" => [0_i8, 3], "school" => ["A", "B"]].unwrap();
/// let mut bytes = Vec::new();
/// write_sav(&mut bytes, &frame, &Dictionary::default()).unwrap();
/// let table = screening_io::read_table_bytes("a.sav", &bytes, &Default::default())?;
/// assert_eq!(table.headings(), ["phq_9.1", "school"]);
/// # Ok::<(), screening_io::IoError>(())
/// ```
pub fn write_sav(
    writer: &mut impl Write,
    frame: &DataFrame,
    dictionary: &Dictionary,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let columns = columns(frame, dictionary)?;
    let mut out = Vec::new();
    header(&mut out, frame.height(), &columns);
    for column in &columns {
        column.variable_records(&mut out);
    }
    value_labels(&mut out, &columns);
    extensions(&mut out, &columns);
    integers(&mut out, &[record::END, 0]);
    writer.write_all(&out)?;
    let mut cases = Cases { writer, codes: Vec::with_capacity(8), raw: Vec::new() };
    for row in 0..frame.height() {
        for column in &columns {
            column.write(row, &mut cases)?;
        }
    }
    cases.finish()?;
    Ok(())
}

fn integers(out: &mut Vec<u8>, values: &[i32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// A text in a field of fixed width.
fn field(out: &mut Vec<u8>, text: &str, width: usize) {
    let text = cut(text, width);
    out.extend(text.as_bytes());
    out.extend(std::iter::repeat_n(b' ', width - text.len()));
}

fn columns<'a>(
    frame: &DataFrame,
    dictionary: &'a Dictionary,
) -> Result<Vec<Column<'a>>, Box<dyn std::error::Error + Send + Sync>> {
    let names = names(frame.columns().iter().map(|column| column.name().as_str()));
    let mut segment = 0_usize;
    let mut out = Vec::with_capacity(names.len());
    for (column, name) in frame.columns().iter().zip(names) {
        let series = column.as_materialized_series();
        let dtype = series.dtype();
        let variable = dictionary.get(column.name().as_str());
        let whole = dtype.is_integer() || *dtype == DataType::Boolean;
        let values = if dtype.is_primitive_numeric() || *dtype == DataType::Boolean {
            Values::Numbers(series.cast(&DataType::Float64)?.f64()?.clone())
        } else if *dtype == DataType::Date {
            Values::Dates(series.cast(&DataType::Int32)?.i32()?.clone())
        } else {
            let texts = series.cast(&DataType::String)?.str()?.clone();
            let width = texts.iter().flatten().map(str::len).max().unwrap_or(0).max(1);
            if width > LONGEST_STRING {
                return Err(format!("{}: {width} bytes > {LONGEST_STRING}", column.name()).into());
            }
            Values::Texts(texts, width)
        };
        segment += 1;
        let short = format!("V{segment:07}");
        if let Values::Texts(_, width) = &values {
            segment += segments(*width) - 1;
        }
        let label = variable.map_or_else(|| column.name().to_string(), |variable| variable.label.clone());
        out.push(Column { name, short, label, variable, whole, values });
    }
    Ok(out)
}

fn header(out: &mut Vec<u8>, height: usize, columns: &[Column<'_>]) {
    out.extend(b"$FL2");
    field(out, "@(#) SPSS DATA FILE screening", 60);
    let elements: usize = columns.iter().map(Column::elements).sum();
    integers(out, &[2, i32::try_from(elements).unwrap_or(-1), 1, 0, i32::try_from(height).unwrap_or(-1)]);
    out.extend(BIAS.to_le_bytes());
    // No clock: the same frame gives the same bytes.
    field(out, "01 Jan 00", 9);
    field(out, "00:00:00", 8);
    field(out, "", 64);
    out.extend([0; 3]);
}

impl Column<'_> {
    fn widths(&self) -> Vec<usize> {
        let Values::Texts(_, width) = &self.values else { return Vec::new() };
        let count = segments(*width);
        let mut widths = vec![SEGMENT_WIDTH; count - 1];
        widths.push(width - (count - 1) * SEGMENT);
        widths
    }

    fn elements(&self) -> usize {
        let widths = self.widths();
        if widths.is_empty() { 1 } else { widths.iter().map(|width| width.div_ceil(8)).sum() }
    }

    fn format(&self) -> i32 {
        let format = |kind: i32, width: usize, decimals: i32| kind << 16 | (width as i32) << 8 | decimals;
        match &self.values {
            Values::Dates(_) => format(FORMAT_SDATE, 10, 0),
            Values::Numbers(_) => format(FORMAT_F, 8, if self.whole { 0 } else { 2 }),
            Values::Texts(_, width) => format(FORMAT_A, (*width).min(SEGMENT_WIDTH), 0),
        }
    }

    fn measure(&self) -> Measure {
        let usual = match &self.values {
            Values::Texts(..) => Measure::Nominal,
            Values::Numbers(_) | Values::Dates(_) => Measure::Scale,
        };
        self.variable.and_then(|variable| variable.measure).unwrap_or(usual)
    }

    fn variable_records(&self, out: &mut Vec<u8>) {
        let widths = self.widths();
        let missing = match (&self.values, self.variable.map(|variable| variable.missing)) {
            (Values::Numbers(_), Some(MissingValues::Range(low, high))) => Some([low, high]),
            _ => None,
        };
        let kind = widths.first().map_or(0, |width| *width as i32);
        let format = if widths.len() > 1 { FORMAT_A << 16 | (SEGMENT_WIDTH as i32) << 8 } else { self.format() };
        integers(out, &[record::VARIABLE, kind, 1, if missing.is_some() { -2 } else { 0 }, format, format]);
        field(out, &self.short, 8);
        let label = cut(&self.label, LONGEST_LABEL);
        integers(out, &[label.len() as i32]);
        field(out, label, label.len().next_multiple_of(4));
        out.extend(missing.into_iter().flatten().flat_map(f64::to_le_bytes));
        let first: usize = self.short.get(1..).and_then(|number| number.parse().ok()).unwrap_or(0);
        for (at, width) in widths.iter().enumerate() {
            if at > 0 {
                let format = FORMAT_A << 16 | (*width as i32) << 8;
                integers(out, &[record::VARIABLE, *width as i32, 0, 0, format, format]);
                field(out, &format!("V{:07}", first + at), 8);
            }
            for _ in 1..width.div_ceil(8) {
                integers(out, &[record::VARIABLE, -1, 0, 0, 0x0001_1d01, 0x0001_1d01]);
                field(out, "", 8);
            }
        }
    }

    fn write(&self, row: usize, cases: &mut Cases<'_, impl Write>) -> std::io::Result<()> {
        match &self.values {
            Values::Numbers(numbers) => cases.number(numbers.get(row)),
            Values::Dates(days) => cases.number(days.get(row).map(|day| (f64::from(day) + UNIX_DAYS) * DAY)),
            Values::Texts(texts, _) => {
                let mut rest = texts.get(row).unwrap_or_default().as_bytes();
                let widths = self.widths();
                for (at, width) in widths.iter().enumerate() {
                    let used = if at + 1 == widths.len() { *width } else { SEGMENT_WIDTH };
                    let (own, after) = rest.split_at(used.min(rest.len()));
                    rest = after;
                    cases.text(own, *width)?;
                }
                Ok(())
            }
        }
    }
}

fn value_labels(out: &mut Vec<u8>, columns: &[Column<'_>]) {
    let mut index = 1;
    for column in columns {
        let labels = column.variable.map_or(&[][..], |variable| variable.values.as_slice());
        if let (Values::Numbers(_), false) = (&column.values, labels.is_empty()) {
            integers(out, &[record::LABELS, labels.len() as i32]);
            for (value, label) in labels {
                let label = cut(label, LONGEST_VALUE_LABEL);
                out.extend(value.to_le_bytes());
                out.push(label.len() as u8);
                field(out, label, (label.len() + 1).next_multiple_of(8) - 1);
            }
            integers(out, &[record::LABELLED, 1, index]);
        }
        index += column.elements() as i32;
    }
}

fn extensions(out: &mut Vec<u8>, columns: &[Column<'_>]) {
    integers(out, &[record::EXTENSION, extension::INTEGERS, 4, 8]);
    // Version, machine, IEEE 754, compression, little-endian, UTF-8.
    integers(out, &[20, 0, 0, -1, 1, 1, 2, 65_001]);
    integers(out, &[record::EXTENSION, extension::FLOATS, 8, 3]);
    let lowest = f64::from_bits((-f64::MAX).to_bits() - 1);
    out.extend([-f64::MAX, f64::MAX, lowest].into_iter().flat_map(f64::to_le_bytes));
    let mut display = Vec::new();
    for column in columns {
        let measure = match column.measure() {
            Measure::Nominal => 1,
            Measure::Ordinal => 2,
            Measure::Scale => 3,
        };
        let is_text = matches!(column.values, Values::Texts(..));
        for _ in 0..column.widths().len().max(1) {
            // Measure, width of the column on the screen, left or right.
            integers(&mut display, &[measure, 8, i32::from(!is_text)]);
        }
    }
    integers(out, &[record::EXTENSION, extension::DISPLAY, 4, display.len() as i32 / 4]);
    out.extend(display);
    let long_names: Vec<String> = columns.iter().map(|column| format!("{}={}", column.short, column.name)).collect();
    text_extension(out, extension::LONG_NAMES, &long_names.join("\t"));
    let mut long_strings = String::new();
    for column in columns {
        if let Values::Texts(_, width) = &column.values
            && *width > SEGMENT_WIDTH
        {
            let _ = write!(long_strings, "{}={width:05}\0\t", column.short);
        }
    }
    if !long_strings.is_empty() {
        text_extension(out, extension::LONG_STRINGS, &long_strings);
    }
    text_extension(out, extension::ENCODING, "UTF-8");
}

fn text_extension(out: &mut Vec<u8>, kind: i32, text: &str) {
    integers(out, &[record::EXTENSION, kind, 1, text.len() as i32]);
    out.extend(text.as_bytes());
}

/// Writes cases in the byte compression: eight codes, then what they call raw.
struct Cases<'w, W: Write> {
    writer: &'w mut W,
    codes: Vec<u8>,
    raw: Vec<u8>,
}

impl<W: Write> Cases<'_, W> {
    fn push(&mut self, code: u8, raw: Option<[u8; 8]>) -> std::io::Result<()> {
        self.codes.push(code);
        self.raw.extend(raw.into_iter().flatten());
        if self.codes.len() == 8 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.codes.resize(8, code::PAD);
        self.writer.write_all(&self.codes)?;
        self.writer.write_all(&self.raw)?;
        self.codes.clear();
        self.raw.clear();
        Ok(())
    }

    fn number(&mut self, number: Option<f64>) -> std::io::Result<()> {
        let Some(number) = number.filter(|number| number.is_finite()) else {
            return self.push(code::SYSTEM_MISSING, None);
        };
        let biased = number + BIAS;
        if biased.fract() == 0.0 && (1.0..=f64::from(code::LAST_NUMBER)).contains(&biased) {
            return self.push(biased as u8, None);
        }
        self.push(code::RAW, Some(number.to_le_bytes()))
    }

    fn text(&mut self, bytes: &[u8], width: usize) -> std::io::Result<()> {
        for at in (0..width).step_by(8) {
            let mut element = *b"        ";
            for (slot, byte) in element.iter_mut().zip(bytes.iter().skip(at)) {
                *slot = *byte;
            }
            if element == *b"        " { self.push(code::SPACES, None)? } else { self.push(code::RAW, Some(element))? }
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.push(code::END, None)?;
        if self.codes.is_empty() { Ok(()) } else { self.flush() }
    }
}
