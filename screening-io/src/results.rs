//! Tables of results as frames: scores as numbers, everything else as it is.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use polars::prelude::*;

use crate::error::{IoError, Place, Problem};
use crate::parse::cell_number;
use crate::survey::frame;
use crate::table::{ReadOptions, Table, Value, is_parquet, read_bytes, read_frame, read_table_bytes};
use crate::tabular::{only_numbers, untouched};
use sha2::{Digest, Sha256};

/// Reads a table of results (parquet, csv or xlsx) with one row a person.
///
/// Columns for whose heading `is_number` holds are numbers; a blank cell is missing. The others keep the type of the file, or
/// are text. Parquet keeps all its types.
///
/// # Errors
/// When the file cannot be read, or a cell of a column of numbers is none.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("results.csv");
/// std::fs::write(&path, "student_id,phq-9.total\n007,12\n008,\n")?;
/// let frame = screening_io::read_results(&path, &Default::default(), &|heading| heading == "phq-9.total")?;
/// assert_eq!(frame.column("phq-9.total")?.f64()?.get(0), Some(12.0));
/// assert_eq!(frame.column("student_id")?.str()?.get(0), Some("007"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_results(
    path: &Path,
    options: &ReadOptions,
    is_number: &dyn Fn(&str) -> bool,
) -> Result<DataFrame, IoError> {
    let name = path.display().to_string();
    let bytes = read_bytes(path, &options.limits)?;
    if is_parquet(&bytes) {
        return read_frame(&name, &bytes, options);
    }
    let table = read_table_bytes(&name, &bytes, options)?;
    let keep = vec![true; table.height()];
    let mut numeric = vec![true; table.width()];
    only_numbers(&table, &keep, &mut numeric);
    let mut columns = Vec::with_capacity(table.width());
    for (position, heading) in table.headings().iter().enumerate().filter(|(_, heading)| !heading.is_empty()) {
        columns.push(if is_number(heading) {
            numbers(&table, position)?
        } else {
            untouched(&table, None, position, &keep, numeric.get(position).copied().unwrap_or(false))
        });
    }
    frame(&table, &keep, columns)
}

/// SHA-256 of the bytes of a file, in hexadecimal: what a norm file says of its inputs.
///
/// # Errors
/// When the file cannot be read.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("empty");
/// std::fs::write(&path, "")?;
/// assert!(screening_io::file_hash(&path)?.starts_with("e3b0c44298fc1c14"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn file_hash(path: &Path) -> Result<String, IoError> {
    let refuse = |cause: std::io::Error| {
        Problem::new("file-unreadable", Place::file(path.display().to_string())).with("cause", cause)
    };
    let mut file = std::fs::File::open(path).map_err(refuse)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(refuse)? {
            0 => break,
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(hexadecimal(hasher))
}

/// The same of bytes that were read already.
pub(crate) fn bytes_hash(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hash, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

fn numbers(table: &Table, position: usize) -> Result<Column, IoError> {
    let mut values = Vec::with_capacity(table.height());
    for row in 0..table.height() {
        let cell = table.cell(row, position);
        values.push(match cell_number(cell) {
            Some(number) => Some(number),
            None if *cell == Value::Blank => None,
            None => {
                let problem = Problem::new("results-number", table.cell_place(row, position));
                return Err(problem.value(cell.to_text()).into());
            }
        });
    }
    Ok(Column::new(PlSmallStr::from_str(table.heading(position)), values))
}
