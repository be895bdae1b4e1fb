//! The scores of one table of answers, as a file of its own.

use std::io::Write as _;
use std::path::Path;

use polars::prelude::*;
use screening_core::scoring::{ENGINE_VERSION, ScoredSheets, Scorer};

use super::sink::write_in_parts;
use super::stage::{Failure, Stage, problem};
use crate::error::{IoError, Place, Problem};
use crate::sav::Dictionary;

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

/// What every result cites: definition, cut-off sets, engine, and the wordings by which option texts were read.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_core::scoring::Scorer;
/// let library = Library::bundled()?;
/// let facts = screening_io::output::provenance(&Scorer::new(library.get("gad-7").expect("bundled"))?, &[]);
/// assert!(facts.iter().any(|(key, value)| key == "instrument" && value.starts_with("gad-7@")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn provenance(scorer: &Scorer, wording: &[String]) -> Vec<(String, String)> {
    let definition = scorer.instrument().definition();
    let mut facts = vec![
        ("instrument".to_owned(), scorer.instrument().citation()),
        ("engine".to_owned(), ENGINE_VERSION.to_owned()),
    ];
    let medium: Vec<&str> = scorer.medium_evidence().collect();
    if !medium.is_empty() {
        facts.push(("evidence.medium".to_owned(), medium.join(",")));
    }
    for (at, scale) in definition.scales.iter().enumerate() {
        facts.extend(scorer.cutoff_set(at).map(|set| (format!("cutoffs.{}", scale.id), set.to_owned())));
    }
    if !wording.is_empty() {
        facts.push(("wording".to_owned(), wording.join(",")));
    }
    facts
}

/// Writes a frame by the extension of its path, without labels. See [`write_labelled`].
///
/// # Errors
/// As [`write_labelled`].
pub fn write_table(path: &Path, frame: &DataFrame, facts: &[(String, String)]) -> Result<(), IoError> {
    write_labelled(path, frame, facts, &Dictionary::default())
}

/// Writes a frame by the extension of its path: csv (with byte-order mark, so that Excel reads Chinese), parquet (with
/// `facts` as file metadata), xlsx (typed cells, headings that stay in view, filters, `facts` as properties; at most 200,000
/// rows), sav (with the labels of `dictionary`) or ndjson (one object a row, without nulls). `-` writes csv without the mark
/// to standard output. No format is encrypted; a note in the workbook says so. A file is written beside its place and then moved, so a crash leaves no half
/// file. Texts of a csv are kept from becoming formulas as in [`write_outputs`](super::write_outputs).
///
/// # Errors
/// When the extension is not known, the frame is too large for a workbook, or the file cannot be written.
pub fn write_labelled(
    path: &Path,
    frame: &DataFrame,
    facts: &[(String, String)],
    dictionary: &Dictionary,
) -> Result<(), IoError> {
    write_in_parts(path, facts, dictionary, |sink| sink.push(frame))
}

/// Writes a text file, beside its place first and then moved, so a crash leaves no half file; `-` writes to standard output.
///
/// # Errors
/// When the path names no file, or it cannot be written.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("norms.toml");
/// screening_io::output::write_text(&path, "schema = 1\n")?;
/// assert_eq!(std::fs::read_to_string(path)?, "schema = 1\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_text(path: &Path, text: &str) -> Result<(), IoError> {
    write_bytes(path, text.as_bytes())
}

/// As [`write_text`], for files that are not text.
///
/// # Errors
/// When the path names no file, or it cannot be written.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("report.docx");
/// screening_io::output::write_bytes(&path, b"PK")?;
/// assert_eq!(std::fs::read(path)?, b"PK");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    if path.as_os_str() == "-" {
        return std::io::stdout().write_all(bytes).map_err(|cause| problem("output-unwritable", path, &cause));
    }
    let Some(name) = path.file_name() else {
        return Err(Problem::new("output-extension", Place::file(path.display().to_string()))
            .with("extension", "")
            .into());
    };
    let mut stage = Stage::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    stage
        .write(name.to_string_lossy().into_owned(), |writer| -> Result<(), Failure> { Ok(writer.write_all(bytes)?) })?;
    stage.publish().map(|_| ())
}
