//! Writes what an analysis found.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;

use super::frames::write_csv;
use super::stage::Stage;
use crate::error::IoError;

/// What is written of an analysis.
#[derive(Debug, Clone, Default)]
pub struct AnalysisFiles {
    /// Files of text by their names: tables, JSON, pictures.
    pub texts: Vec<(String, String)>,
    /// Tables with a line a person or an item, by their names.
    pub tables: Vec<(String, DataFrame)>,
}

/// Writes the files into the folder `out`, which is made when missing, and gives their paths. They take their place
/// together when the last one is complete. Texts of csv files are kept from becoming formulas.
///
/// # Errors
/// When the folder or a file cannot be written.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use screening_io::output::{AnalysisFiles, write_analysis};
/// let texts = vec![("alpha.txt".to_owned(), "0.89\n".to_owned())];
/// let written = write_analysis(folder.path(), &AnalysisFiles { texts, tables: Vec::new() })?;
/// assert_eq!(std::fs::read_to_string(&written[0])?, "0.89\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_analysis(out: &Path, files: &AnalysisFiles) -> Result<Vec<PathBuf>, IoError> {
    let mut stage = Stage::open(out)?;
    for (name, text) in &files.texts {
        stage.write(name.clone(), |writer| Ok(writer.write_all(text.as_bytes())?))?;
    }
    for (name, frame) in &files.tables {
        stage.write(name.clone(), |writer| write_csv(writer, frame, true))?;
    }
    stage.publish()
}
