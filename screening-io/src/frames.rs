//! Frames out: scores of a table, as csv or parquet.

use std::io::Write;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::KeyValueMetadata;
use polars::prelude::*;
use screening_core::scoring::ScoredSheets;

/// Why a frame could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file cannot be made or moved into place.
    #[error("{file}: {source}; check the folder, its rights and the free space")]
    File {
        /// File.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The extension says no format that can be written.
    #[error("{file}: `.{extension}` is not written; use .csv or .parquet, or `-` for csv on standard output")]
    Extension {
        /// File.
        file: String,
        /// Extension.
        extension: String,
    },
    /// The frame cannot be encoded.
    #[error("{file}: {source}")]
    Frame {
        /// File.
        file: String,
        /// Cause.
        source: PolarsError,
    },
}

/// The table of answers without its item columns, and the scores behind it.
///
/// # Errors
/// When polars cannot build the frame.
pub fn score_table(answers: &DataFrame, scored: &ScoredSheets) -> PolarsResult<DataFrame> {
    let instrument = scored.instrument();
    let items: Vec<String> = (0..instrument.definition().items.len()).map(|at| instrument.item_column(at)).collect();
    let mut columns: Vec<Column> =
        answers.columns().iter().filter(|c| !items.iter().any(|item| item == c.name().as_str())).cloned().collect();
    columns.extend(scored.to_frame()?.columns().iter().cloned());
    DataFrame::new(answers.height(), columns)
}

/// Writes a frame by the extension of its path: csv (with byte-order mark, so that Excel reads Chinese) or parquet (with
/// `facts` as file metadata). `-` writes csv to standard output. A file is written beside its place and then moved, so a
/// crash leaves no half file.
///
/// # Errors
/// When the extension is not known or the file cannot be written.
pub fn write_table(path: &Path, frame: &mut DataFrame, facts: &[(String, String)]) -> Result<(), WriteError> {
    let file = path.display().to_string();
    let refuse = |source| WriteError::Frame { file: file.clone(), source };
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut bytes = Vec::new();
    match extension.as_str() {
        _ if file == "-" => {
            CsvWriter::new(&mut bytes).finish(frame).map_err(refuse)?;
            return std::io::stdout()
                .write_all(&bytes)
                .map_err(|source| WriteError::File { file: file.clone(), source });
        }
        "csv" => CsvWriter::new(&mut bytes).include_bom(true).finish(frame).map_err(refuse)?,
        "parquet" => {
            let facts = Some(KeyValueMetadata::from_static(facts.to_vec()));
            ParquetWriter::new(&mut bytes).with_key_value_metadata(facts).finish(frame).map_err(refuse)?;
        }
        _ => return Err(WriteError::Extension { file, extension }),
    }
    replace(path, &bytes)
}

/// Writes bytes beside their place and moves them there.
///
/// # Errors
/// When the file cannot be made or moved.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let refuse = |source| WriteError::File { file: path.display().to_string(), source };
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    std::fs::write(&part, bytes).map_err(refuse)?;
    std::fs::rename(&part, path).map_err(refuse)
}
