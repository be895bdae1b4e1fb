//! Writes the data for research.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::frames;
use super::stage::Stage;
use crate::error::IoError;
use crate::research::ResearchExport;
use crate::sav::write_sav;

const DATA_PARQUET: &str = "data.parquet";
const DATA_CSV: &str = "data.csv";
const DATA_SAV: &str = "data.sav";
const DICTIONARY: &str = "dictionary.csv";
const EXCLUSIONS: &str = "exclusions.csv";
const README: &str = "README.md";
const FILES: [&str; 6] = [DATA_PARQUET, DATA_CSV, DATA_SAV, DICTIONARY, EXCLUSIONS, README];

/// Writes an export for research into the folder `out`, which is made when missing, and gives the paths.
///
/// | file | content |
/// |---|---|
/// | `data.parquet`, `data.csv`, `data.sav` | one row a sheet that counts: pseudonyms, generalised facts, answers to single items, scores |
/// | `dictionary.csv` | one row a column: type, label, values, codes of missing, instrument, licence |
/// | `exclusions.csv` | what is not in the data: pseudonym, reason, and how many have it |
/// | `README.md` | what was removed, and how |
///
/// The files take their place together when the last one is complete.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write_research(out: &Path, export: &ResearchExport) -> Result<Vec<PathBuf>, IoError> {
    let mut stage = Stage::open(out)?;
    for file in FILES {
        stage.write(file, |writer| match file {
            DATA_PARQUET => frames::write_frame(writer, &export.data, export.facts.clone()),
            DATA_CSV => frames::write_csv(writer, &export.data, true),
            DATA_SAV => write_sav(writer, &export.data, &export.labels),
            DICTIONARY => frames::write_csv(writer, &export.dictionary, true),
            EXCLUSIONS => frames::write_csv(writer, &export.exclusions_table()?, true),
            _ => Ok(writer.write_all(export.readme.as_bytes())?),
        })?;
    }
    stage.publish()
}
