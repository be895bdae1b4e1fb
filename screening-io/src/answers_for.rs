//! Answers brought into the rows of results.

use std::collections::HashMap;
use std::path::Path;

use polars::prelude::*;

use crate::error::{IoError, Place, Problem};
use crate::results::read_results;
use crate::table::ReadOptions;

/// Reads a table of answers (`student_id` and columns `<instrument>.<item>`; parquet, csv or xlsx) and brings it into the rows of
/// `results`. Pupils without a row in it have no answers.
///
/// # Errors
/// When the file cannot be read, a column of answers holds something else than numbers, there is no `student_id`, or a pupil
/// stands in it twice.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("answers.csv");
/// std::fs::write(&path, "student_id,phq-9.9\n008,2\n007,0\n")?;
/// let results = polars::df!["student_id" => ["007", "009"]]?;
/// let answers = screening_io::answers_for(&path, &results)?;
/// assert_eq!((answers.height(), answers.column("phq-9.9")?.f64()?.get(0)), (2, Some(0.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn answers_for(path: &Path, results: &DataFrame) -> Result<DataFrame, IoError> {
    let name = path.display().to_string();
    let refuse = |id: &'static str| Problem::new(id, Place::file(&name));
    let answers = read_results(path, &ReadOptions::default(), &|heading| heading.contains('.'))?;
    let ids = texts(&answers).ok_or_else(|| refuse("answers-no-student"))?;
    let mut rows: HashMap<String, IdxSize> = HashMap::with_capacity(ids.len());
    for (row, id) in ids.into_iter().enumerate() {
        if rows.insert(id.clone(), row as IdxSize).is_some() {
            return Err(refuse("answers-student-twice").value(id).into());
        }
    }
    let wanted = texts(results).ok_or_else(|| refuse("answers-no-student"))?;
    let places: IdxCa = wanted.iter().map(|id| rows.get(id).copied()).collect();
    let columns = answers.columns().iter().filter(|column| column.name().contains('.'));
    let columns: PolarsResult<Vec<Column>> = columns.map(|column| column.take(&places)).collect();
    let frame = columns.and_then(|columns| DataFrame::new(wanted.len(), columns));
    Ok(frame.map_err(|cause| refuse("parquet-broken").with("cause", cause))?)
}

fn texts(frame: &DataFrame) -> Option<Vec<String>> {
    let column = frame.column("student_id").ok()?.as_materialized_series().cast(&DataType::String).ok()?;
    Some(column.str().ok()?.iter().map(|id| id.unwrap_or_default().trim().to_owned()).collect())
}
