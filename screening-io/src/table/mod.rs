//! One simple table in memory, whatever the file was: headings, cells, and the row numbers of the source.
//!
//! Cells are kept by column as numbers into one list of distinct values. A survey column has few distinct values, so
//! a cell costs four bytes and each value is interpreted once, not once a row.

mod archive;
mod builder;
mod chunks;
mod csv;
mod decoded;
mod encoding;
mod fhir;
mod json;
mod kind;
mod ods;
mod parquet;
mod put_together;
mod spool;
mod wide;
mod workbook;
mod xls_guard;
mod xlsx;

use std::path::Path;

use crate::error::{IoError, Place, Problem};

pub(crate) use builder::{Builder, HIDDEN};
pub use chunks::Source;
pub(crate) use chunks::{Again, Chunk, Chunks, Original};
pub(crate) use kind::is_parquet;
pub(crate) use parquet::{from_frame as table_from_frame, read_frame};
pub(crate) use put_together::{append, join};
pub(crate) use wide::Wide;

use kind::{Kind, kind};

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, or only spaces.
    Blank,
    /// A number.
    Number(f64),
    /// A date or a time of day as a spreadsheet serial (days since 30 December 1899).
    Date(f64),
    /// Text, trimmed.
    Text(Box<str>),
}

impl Value {
    /// The value as a person would write it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.to_string(),
            Self::Date(days) => match crate::parse::serial(*days) {
                Some(moment) if days.fract() == 0.0 => moment.date().to_string(),
                Some(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                None => days.to_string(),
            },
        }
    }
}

/// What a reader accepts. The defaults hold any export of a school or a city district and stay below 3 GB of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of a workbook when unpacked, all parts together.
    pub unpacked_bytes: u64,
    /// Columns; a worksheet has at most 16,384, a csv may have more.
    pub columns: usize,
    /// Rows times columns.
    pub cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 1 << 30, unpacked_bytes: 2 << 30, columns: 65_536, cells: 250_000_000 }
    }
}

/// How a table is read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Worksheet to read; needed when several hold data.
    pub sheet: Option<String>,
    /// Text encoding of a csv, when it is known; told from the bytes otherwise.
    pub encoding: Option<String>,
    /// What is accepted.
    pub limits: Limits,
}

/// What a reader takes from a file.
#[derive(Clone, Copy)]
pub(crate) struct Keep<'a> {
    /// Whether the content of a column under a heading may be kept. What may not is never stored.
    pub(crate) column: &'a (dyn Fn(&str) -> bool + Sync),
    /// Whether a row holds the headings. Without it the first row that is not blank does; with it the rows above are
    /// titles and left aside.
    pub(crate) head: Option<&'a (dyn Fn(&[String]) -> bool + Sync)>,
}

impl<'a> Keep<'a> {
    /// Takes columns by their heading, which stands in the first row.
    pub(crate) fn columns(column: &'a (dyn Fn(&str) -> bool + Sync)) -> Self {
        Self { column, head: None }
    }
}

/// A table in memory. The first row of the file that is not blank holds the headings; blank rows are no rows.
#[derive(Debug, Clone)]
pub struct Table {
    file: String,
    sheet: Option<String>,
    headings: Vec<String>,
    kept: Vec<bool>,
    values: Vec<Value>,
    columns: Vec<Vec<u32>>,
    rows: Vec<u32>,
    /// Rows above the headings that were left aside.
    titles: usize,
    /// Files that were appended: the row from which each begins, and the file.
    appended: Vec<(usize, Origin)>,
    /// Files whose columns were joined: the column from which each begins, and the file.
    joined: Vec<(usize, Origin)>,
}

/// Another file that a table was put together from.
#[derive(Debug, Clone)]
struct Origin {
    file: String,
    sheet: Option<String>,
    /// Source rows and columns of joined columns; empty where rows were appended.
    rows: Vec<u32>,
    columns: Vec<usize>,
}

impl Table {
    /// Number of columns.
    pub fn width(&self) -> usize {
        self.headings.len()
    }

    /// Number of rows below the headings.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// File as the caller named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The headings, trimmed; empty over a blank column.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The heading of a column; empty when there is none.
    pub fn heading(&self, column: usize) -> &str {
        self.headings.get(column).map_or("", String::as_str)
    }

    /// Row number in the source, the first row of the file being 1.
    pub fn source_row(&self, row: usize) -> Option<u32> {
        self.rows.get(row).copied()
    }

    /// The source row numbers of all rows.
    pub fn source_rows(&self) -> &[u32] {
        &self.rows
    }

    /// The cell in `row` (from 0, below the headings) and `column`; blank outside the table and in a column that was
    /// not kept.
    pub fn cell(&self, row: usize, column: usize) -> &Value {
        self.cells(column).get(row).map_or(&Value::Blank, |id| self.value(*id))
    }

    /// The cells of a column as numbers into the values; empty for a column that was not kept.
    pub(crate) fn cells(&self, column: usize) -> &[u32] {
        self.columns.get(column).map_or(&[], Vec::as_slice)
    }

    /// How many distinct values there are: all cells are below.
    pub(crate) fn distinct(&self) -> usize {
        self.values.len()
    }

    /// The value behind a number from [`Table::cells`].
    pub(crate) fn value(&self, id: u32) -> &Value {
        self.values.get(id as usize).unwrap_or(&Value::Blank)
    }

    /// Whether the content of a column was kept.
    pub fn is_kept(&self, column: usize) -> bool {
        self.kept.get(column).copied().unwrap_or(false)
    }

    /// The column with exactly this heading.
    pub fn position(&self, heading: &str) -> Option<usize> {
        self.headings.iter().position(|candidate| candidate == heading)
    }

    /// The place of the whole table, for messages.
    pub fn place(&self) -> Place {
        Place { sheet: self.sheet.clone(), ..Place::file(&self.file) }
    }

    /// The place of a column.
    pub fn column_place(&self, column: usize) -> Place {
        let heading = self.headings.get(column).filter(|heading| !heading.is_empty()).cloned();
        if let Some((first, origin)) = self.joined.iter().rev().find(|(first, _)| column >= *first) {
            let own = column.checked_sub(*first).and_then(|at| origin.columns.get(at)).copied();
            return Place { column: own.and_then(|own| u32::try_from(own).ok()), heading, ..origin.place() };
        }
        Place { column: u32::try_from(column).ok(), heading, ..self.place() }
    }

    /// The place of a cell.
    pub fn cell_place(&self, row: usize, column: usize) -> Place {
        let place = self.column_place(column);
        match self.joined.iter().rev().find(|(first, _)| column >= *first) {
            Some((_, origin)) => Place { row: origin.rows.get(row).copied(), ..place },
            None => Place { column: place.column, heading: place.heading, ..self.row_place(row) },
        }
    }

    /// The place of a row.
    pub fn row_place(&self, row: usize) -> Place {
        let place = self.origin(row).map_or_else(|| self.place(), Origin::place);
        Place { row: self.source_row(row), ..place }
    }

    /// The file that a row comes from.
    pub(crate) fn row_file(&self, row: usize) -> &str {
        self.origin(row).map_or(&self.file, |origin| &origin.file)
    }

    fn origin(&self, row: usize) -> Option<&Origin> {
        self.appended.iter().rev().find(|(first, _)| row >= *first).map(|(_, origin)| origin)
    }

    /// Worksheet, where the file has several.
    pub(crate) fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }
}

impl Origin {
    fn place(&self) -> Place {
        Place { sheet: self.sheet.clone(), ..Place::file(&self.file) }
    }
}

/// Reads a whole file, within the limits.
pub(crate) fn read_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, IoError> {
    use std::io::Read as _;
    let place = || Place::file(path.display().to_string());
    let unreadable = |cause: std::io::Error| Problem::new("file-unreadable", place()).with("cause", cause);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limits.file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limits.file_bytes {
        let size = std::fs::metadata(path).map_or(bytes.len() as u64, |meta| meta.len());
        return Err(Problem::new("file-too-large", place()).with("size", size).with("limit", limits.file_bytes).into());
    }
    Ok(bytes)
}

/// The bytes of a file, within the limits.
///
/// # Errors
/// When it cannot be opened or is larger than the limit.
pub fn read_file_bytes(path: &Path, options: &ReadOptions) -> Result<Vec<u8>, IoError> {
    read_bytes(path, &options.limits)
}

/// Reads a file of any kind into a table: xlsx, xls, ods, csv, json, parquet, sav. The kind is told from the content.
///
/// # Errors
/// When the file cannot be read, is empty, too large, damaged, of another kind, of an unknown encoding, has merged
/// cells, two equal headings, or data under no heading.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, IoError> {
    let bytes = read_bytes(path, &options.limits)?;
    read_table_bytes(&path.display().to_string(), &bytes, options)
}

/// Reads a list of which nothing may be said: a file with headings and no row is none.
pub(crate) fn read_list(path: &Path) -> Result<Option<Table>, IoError> {
    match read_table(path, &ReadOptions::default()) {
        Err(error) if error.id() == "file-no-rows" => Ok(None),
        read => read.map(Some),
    }
}

/// Reads a file that is already in memory; `name` stands for it in messages.
///
/// # Errors
/// As [`read_table`].
///
/// ```
/// use screening_io::{ReadOptions, read_table_bytes};
/// let table = read_table_bytes("a.csv", "学号,班级\n1,2\n".as_bytes(), &ReadOptions::default())?;
/// assert_eq!((table.width(), table.height(), table.source_row(0)), (2, 1, Some(2)));
/// # Ok::<(), screening_io::IoError>(())
/// ```
pub fn read_table_bytes(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Table, IoError> {
    read_kept(name, bytes, options, Keep::columns(&|_| true))
}

/// Reads every sheet of a workbook that holds data, or the one that `options` name, each by itself; other kinds of files
/// are one table.
pub(crate) fn read_sheets(
    name: &str,
    bytes: &[u8],
    options: &ReadOptions,
    keep: Keep<'_>,
) -> Result<Vec<Result<Table, IoError>>, IoError> {
    let names = match kind(bytes) {
        _ if options.sheet.is_some() => Vec::new(),
        Kind::Xlsx => xlsx::sheet_names(name, bytes, options)?,
        Kind::Ods => ods::sheet_names(name, bytes, options)?,
        Kind::Xls => workbook::xls_names(name, bytes)?,
        _ => Vec::new(),
    };
    if names.is_empty() {
        return Ok(vec![read_kept(name, bytes, options, keep)]);
    }
    let one = |sheet: String| read_kept(name, bytes, &ReadOptions { sheet: Some(sheet), ..options.clone() }, keep);
    Ok(names.into_iter().map(one).collect())
}

/// Reads a table without the columns that may not be kept.
pub(crate) fn read_kept(name: &str, bytes: &[u8], options: &ReadOptions, keep: Keep<'_>) -> Result<Table, IoError> {
    let place = || Place::file(name);
    if bytes.is_empty() {
        return Err(Problem::new("file-empty", place()).into());
    }
    if bytes.len() as u64 > options.limits.file_bytes {
        let problem = Problem::new("file-too-large", place()).with("size", bytes.len());
        return Err(problem.with("limit", options.limits.file_bytes).into());
    }
    match kind(bytes) {
        Kind::Xlsx => xlsx::read(name, bytes, options, keep),
        Kind::Ods => ods::read(name, bytes, options, keep),
        Kind::Xls => workbook::read_xls(name, bytes, options, keep),
        Kind::Parquet => parquet::read(name, bytes, options, keep),
        Kind::Sav => crate::sav::read(name, bytes, options, keep),
        Kind::Zip => Err(Problem::new("file-zip", place()).into()),
        Kind::Text => {
            let text = encoding::decode(name, bytes, options.encoding.as_deref())?;
            if json::is_json(&text) {
                return json::read(name, &text, options, keep);
            }
            csv::read(name, &text, options, keep)
        }
    }
}
