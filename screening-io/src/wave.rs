//! Reads the results of a screening back, with what they rest on.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use indexmap::IndexMap;
use polars::prelude::*;
use screening_core::change::Wave;
use serde::Deserialize;

use crate::error::{IoError, Place, Problem};
use crate::table::{ReadOptions, is_parquet, read_bytes, read_frame};

/// Reads the `results.parquet` of `screening run`; `path` is the file or the folder it stands in.
///
/// What the scores rest on is read from the metadata of the file (`screening.instruments`, `screening.cutoffs`,
/// `screening.wave`). A file without it is refused: without versions nothing may be compared.
///
/// # Errors
/// When the file cannot be read, is no parquet file, or does not say what it rests on.
///
/// ```
/// use screening_io::read_wave;
/// let folder = tempfile::tempdir()?;
/// let refused = read_wave(folder.path()).unwrap_err();
/// assert_eq!(refused.id(), "file-unreadable");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_wave(path: &Path) -> Result<Wave, IoError> {
    let file = if path.is_dir() { path.join("results.parquet") } else { path.to_owned() };
    let name = file.display().to_string();
    let options = ReadOptions::default();
    let bytes = read_bytes(&file, &options.limits)?;
    if !is_parquet(&bytes) {
        return Err(Problem::new("wave-no-parquet", Place::file(&name)).into());
    }
    let facts = metadata(&name, &bytes)?;
    let results = read_frame(&name, &bytes, &options)?;
    from_parts(&name, &facts, results)
}

/// The content of a `results.parquet` with the rows of these pupils only, and everything that the file says about itself; none
/// when it has no other rows. So a wave outlasts a pupil of whom nothing is to be kept.
///
/// # Errors
/// When it is no parquet file with a column `student_id` of texts.
///
/// ```
/// use std::collections::HashSet;
/// let refused = screening_io::results_of_pupils(b"no parquet", &HashSet::new()).unwrap_err();
/// assert_eq!(refused.id(), "parquet-broken");
/// ```
pub fn results_of_pupils<S: BuildHasher>(
    bytes: &[u8],
    pupils: &HashSet<String, S>,
) -> Result<Option<Vec<u8>>, IoError> {
    const NAME: &str = "results.parquet";
    let broken = |cause: String| Problem::new("parquet-broken", Place::file(NAME)).with("cause", cause);
    let mut facts: Vec<(String, String)> = metadata(NAME, bytes)?.into_iter().collect();
    // The writer adds the schema by itself.
    facts.retain(|(key, _)| key != "ARROW:schema");
    facts.sort();
    // The parser is not ours and must not end the program.
    let read = catch_unwind(AssertUnwindSafe(|| -> PolarsResult<Option<Vec<u8>>> {
        let frame = ParquetReader::new(Cursor::new(bytes)).finish()?;
        let ids = frame.column("student_id")?.str()?;
        let keep: Vec<bool> = ids.iter().map(|id| id.is_some_and(|id| pupils.contains(id))).collect();
        if keep.iter().all(|keep| *keep) {
            return Ok(None);
        }
        let mut rest = frame.filter(&BooleanChunked::from_slice("keep".into(), &keep))?;
        let mut out = Vec::new();
        let facts = Some(KeyValueMetadata::from_static(facts));
        ParquetWriter::new(&mut out).with_key_value_metadata(facts).finish(&mut rest)?;
        Ok(Some(out))
    }));
    let rest = read.map_err(|_| broken("parser".to_owned()))?;
    Ok(rest.map_err(|cause| broken(cause.to_string()))?)
}

/// The facts of a parquet file.
fn metadata(name: &str, bytes: &[u8]) -> Result<HashMap<String, String>, IoError> {
    let broken = |cause: String| Problem::new("parquet-broken", Place::file(name)).with("cause", cause);
    // The parser is not ours and must not end the program.
    let read = catch_unwind(AssertUnwindSafe(|| -> PolarsResult<HashMap<String, String>> {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let entries = reader.get_metadata()?.key_value_metadata().clone().unwrap_or_default();
        Ok(entries.into_iter().filter_map(|entry| Some((entry.key, entry.value?))).collect())
    }));
    let facts = read.map_err(|_| broken("parser".to_owned()))?;
    Ok(facts.map_err(|cause| broken(cause.to_string()))?)
}

/// What of the settings of a wave is needed here.
#[derive(Deserialize)]
struct Settings {
    id: String,
    date: jiff::civil::Date,
}

fn from_parts(name: &str, facts: &HashMap<String, String>, results: DataFrame) -> Result<Wave, IoError> {
    let settings: Settings = fact(name, facts, "wave")?;
    let citations: Vec<String> = fact(name, facts, "instruments")?;
    let cutoffs: IndexMap<String, IndexMap<String, String>> = fact(name, facts, "cutoffs")?;
    let mut instruments = IndexMap::new();
    for citation in citations {
        let Some((id, _)) = citation.split_once('@') else {
            return Err(unclear(name, "instruments", &citation).into());
        };
        instruments.insert(id.to_owned(), citation);
    }
    Ok(Wave { id: settings.id, date: Some(settings.date), instruments, cutoffs, results })
}

fn fact<T: for<'de> Deserialize<'de>>(name: &str, facts: &HashMap<String, String>, key: &str) -> Result<T, IoError> {
    let text = facts.get(&format!("screening.{key}"));
    let text = text.ok_or_else(|| Problem::new("wave-no-provenance", Place::file(name)).with("key", key))?;
    Ok(serde_json::from_str(text).map_err(|cause| unclear(name, key, &cause.to_string()))?)
}

fn unclear(name: &str, key: &str, cause: &str) -> Problem {
    Problem::new("wave-provenance-unclear", Place::file(name)).with("key", key).with("cause", cause)
}
