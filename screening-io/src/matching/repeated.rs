//! A sheet that comes in again, with the same file or with a later download, counts once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use polars::prelude::*;

use crate::error::{IoError, Place, Problem, Rejected, Scope};

/// Drops the sheets that were handed in before: same pupil, same number and time of the sheet where they are known, same
/// answers. `frames` are the sheets of one battery in the order in which they are read; what is dropped is listed as
/// rejected rows.
///
/// Reading a file twice therefore changes nothing. A sheet that differs in anything is another attempt.
///
/// # Errors
/// When polars cannot build the frames.
pub fn drop_repeated(frames: &mut [DataFrame]) -> Result<Vec<Rejected>, IoError> {
    let broken = |cause: PolarsError| Problem::new("frame-broken", Place::default()).with("cause", cause);
    let mut first: HashMap<u64, Vec<(String, Place)>> = HashMap::new();
    let mut rejected = Vec::new();
    for frame in frames.iter_mut() {
        let columns = Compared::of(frame).map_err(broken)?;
        let mut keep = vec![true; frame.height()];
        for (row, keep) in keep.iter_mut().enumerate() {
            let Some(key) = columns.key(row) else { continue };
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let seen = first.entry(hasher.finish()).or_default();
            let place = columns.place(row);
            if let Some((_, earlier)) = seen.iter().find(|(known, _)| *known == key) {
                let number = earlier.row.map_or_else(String::new, |row| row.to_string());
                let problem = Problem::new("sheet-repeated", place).with("file", &earlier.file).with("first", number);
                rejected.push(Rejected::new(Scope::Row, problem));
                *keep = false;
            } else {
                seen.push((key, place));
            }
        }
        if keep.iter().any(|keep| !keep) {
            let mask = BooleanChunked::from_slice("keep".into(), &keep);
            *frame = frame.filter(&mask).map_err(broken)?;
        }
    }
    Ok(rejected)
}

/// The columns that make a sheet what it is, as texts.
struct Compared {
    columns: Vec<(String, StringChunked)>,
    files: Option<StringChunked>,
    rows: Option<UInt32Chunked>,
}

/// Columns that say where a sheet was found and not what it is.
const ASIDE: [&str; 3] = ["source_file", "source_row", "matched_by"];
/// A sheet without any of these is known by nothing: two like it may well be two.
const KNOWN_BY: [&str; 2] = ["student_id", "sheet_id"];

impl Compared {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
        let mut columns = Vec::new();
        for name in names.into_iter().filter(|name| !ASIDE.contains(&name.as_str())) {
            let texts = frame.column(&name)?.as_materialized_series().cast(&DataType::String)?;
            columns.push((name, texts.str()?.rechunk().into_owned()));
        }
        columns.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self {
            columns,
            files: frame.column("source_file").ok().and_then(|column| column.str().ok()).cloned(),
            rows: frame.column("source_row").ok().and_then(|column| column.u32().ok()).cloned(),
        })
    }

    /// The sheet as one text; columns without a value leave no trace, so that a file with more columns compares equal.
    fn key(&self, row: usize) -> Option<String> {
        let mut key = String::new();
        let mut known = false;
        for (name, texts) in &self.columns {
            if let Some(text) = texts.get(row) {
                known |= KNOWN_BY.contains(&name.as_str());
                key.extend([name, "\u{1f}", text, "\u{1e}"]);
            }
        }
        known.then_some(key)
    }

    fn place(&self, row: usize) -> Place {
        let file = self.files.as_ref().and_then(|files| files.get(row)).unwrap_or_default();
        Place { row: self.rows.as_ref().and_then(|rows| rows.get(row)), ..Place::file(file) }
    }
}
