//! What the end-to-end tests share: where files are, and csv as plain text, read without the crates under test.

mod figures;

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub use figures::Ledger;

/// What a test or a helper gives back.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Folder with answers of real people that others collected and published, or none where it is not at hand: `data` in
/// the folder that `SCREENING_SHARED` names, by default `shared` beside the repository.
pub fn shared_data() -> Option<PathBuf> {
    let shared = std::env::var_os("SCREENING_SHARED");
    let shared = shared.map_or_else(|| repository().join("..").join("shared"), PathBuf::from);
    Some(shared.join("data")).filter(|data| data.join("expected_figures.csv").is_file())
}

/// A csv file in memory, every cell as text.
#[derive(Debug, Clone)]
pub struct Csv {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Csv {
    /// Reads a csv file in UTF-8, unpacked when its name ends in `.gz`.
    ///
    /// # Errors
    /// When the file cannot be opened, unpacked or read as csv.
    pub fn read(path: &Path) -> Outcome<Self> {
        let file = File::open(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let source: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(source);
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record?.iter().map(str::to_owned).collect::<Vec<String>>());
        }
        if rows.is_empty() {
            return Err(format!("{}: the file is empty", path.display()).into());
        }
        let mut headings = rows.remove(0);
        if let Some(first) = headings.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        Ok(Self { headings, rows })
    }

    /// The headings.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    /// Number of rows below the headings.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Position of the column with exactly this heading.
    ///
    /// # Errors
    /// When there is none.
    pub fn position(&self, heading: &str) -> Outcome<usize> {
        let found = self.headings.iter().position(|candidate| candidate == heading);
        found.ok_or_else(|| format!("there is no column `{heading}`").into())
    }

    /// The cells of the column at a position; blank where a row is too short.
    pub fn at(&self, position: usize) -> Vec<&str> {
        self.rows.iter().map(|row| row.get(position).map_or("", String::as_str)).collect()
    }

    /// The cells of the column with exactly this heading.
    ///
    /// # Errors
    /// When there is none.
    pub fn column(&self, heading: &str) -> Outcome<Vec<&str>> {
        self.position(heading).map(|position| self.at(position))
    }
}
