//! Writes what one screening gives.

mod alerts;
mod change;
mod frames;
mod guard;
mod rejected;
mod research;
mod sink;
mod stage;
mod summary;
mod table;
mod texts;
mod wording;
mod workbook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use screening_core::risk::Policy;
use screening_core::screening::ScreeningResult;

use crate::error::{IoError, Place, Problem, Rejected};
use stage::Stage;

pub use change::write_change;
pub use research::write_research;
pub use sink::{TableSink, write_in_parts};
pub use table::{score_table, write_bytes, write_labelled, write_table, write_text};
pub use wording::write_wording;

/// How far the writing has come; reported before every file, and once when all stand in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteProgress {
    /// File that comes next; none when all are written.
    pub file: Option<&'static str>,
    /// Files done.
    pub done: usize,
    /// Files in all.
    pub files: usize,
}

const RESULTS_PARQUET: &str = "results.parquet";
const RESULTS_CSV: &str = "results.csv";
const ALERTS: &str = "alerts.xlsx";
const COVERAGE: &str = "coverage.csv";
const REJECTED: &str = "rejected.csv";
const SUMMARY: &str = "summary.json";
const FILES: [&str; 6] = [RESULTS_PARQUET, RESULTS_CSV, ALERTS, COVERAGE, REJECTED, SUMMARY];

/// Writes the outputs of a screening into the folder `out`, which is made when missing, and gives their paths.
///
/// | file | content |
/// |---|---|
/// | `results.parquet` | one row a pupil; what the results rest on (`screening.engine`, `screening.policy`, `screening.instruments`, `screening.cutoffs`, ...) as metadata of the file |
/// | `results.csv` | the same rows; UTF-8 with byte-order mark, bands and tiers as words |
/// | `alerts.xlsx` | an overview, a sheet a school with the most urgent first, critical answers on sheets that could not be used, and whom to test again |
/// | `coverage.csv` | enrolled = valid + invalid + retest pending + absent + refused + withdrawn + out of scope + unexplained, by district, school, grade and class |
/// | `rejected.csv` | everything that was not used, or replaced by another sheet, with where, why and what to do. `kind` is `row`, `cell` or `notice` (told while reading), `sheet` or `value` (told while screening) or `superseded` |
/// | `summary.json` | counts and provenance; `rejected_by_reason` counts the lines of `rejected.csv` |
///
/// Names stand in `alerts.xlsx` only, and only those of `names` (student id to name); with an empty map there is no such
/// column. The headings of csv and parquet files are identifiers and the same in every language.
///
/// **No cell becomes a formula.** In workbooks all text is stored as text. In csv files a text that begins with `=`, `+`,
/// `-`, `@` (or their full-width forms), a tab or a line break gets an apostrophe in front, as OWASP advises; numbers are
/// left alone. Whoever reads such a csv by program removes one leading apostrophe where one of these signs follows; the
/// parquet file holds all texts unchanged.
///
/// All files are written under temporary names first and take the place of those of an earlier run when the last one is
/// complete: a crash leaves no half file. The bytes depend on the arguments alone, not on the clock.
///
/// # Errors
/// When `policy` is not the policy of the result, or the folder or a file cannot be written.
///
/// ```
/// use std::collections::BTreeMap;
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::screening::{ScreeningInput, WaveSettings, pupils_from_frame, screen};
/// use screening_io::output::write_outputs;
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let roster = df!["student_id" => ["p1"], "school" => ["A"], "grade" => [7_i32]]?;
/// let result = screen(ScreeningInput {
///     roster: pupils_from_frame(&roster)?,
///     batches: Vec::new(),
///     wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
///     library: &library,
///     policy: &policy,
///     licences: Default::default(),
///     scoring: Default::default(),
///     interpretation: Default::default(),
/// })?;
/// let folder = tempfile::tempdir()?;
/// let written = write_outputs(folder.path(), &result, &policy, &[], &BTreeMap::new(), &|_| {})?;
/// assert_eq!(written.len(), 6);
/// assert!(folder.path().join("alerts.xlsx").is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_outputs(
    out: &Path,
    result: &ScreeningResult,
    policy: &Policy,
    rejected_while_reading: &[Rejected],
    names: &BTreeMap<String, String>,
    progress: &dyn Fn(WriteProgress),
) -> Result<Vec<PathBuf>, IoError> {
    same_policy(out, result, policy)?;
    let mut stage = Stage::open(out)?;
    for (done, file) in FILES.into_iter().enumerate() {
        progress(WriteProgress { file: Some(file), done, files: FILES.len() });
        stage.write(file, |writer| match file {
            RESULTS_PARQUET => frames::write_parquet(writer, result),
            RESULTS_CSV => frames::write_csv(writer, &result.results, true),
            ALERTS => alerts::write(writer, result, policy, names),
            COVERAGE => frames::write_csv(writer, &result.coverage.to_frame()?, true),
            REJECTED => rejected::write(writer, result, rejected_while_reading),
            _ => summary::write(writer, result, rejected_while_reading),
        })?;
    }
    let written = stage.publish()?;
    progress(WriteProgress { file: None, done: FILES.len(), files: FILES.len() });
    Ok(written)
}

/// Tiers and their texts come from the policy: those of another one would be shown as if they were the pupils'.
fn same_policy(out: &Path, result: &ScreeningResult, policy: &Policy) -> Result<(), IoError> {
    let (used, given) = (&result.summary.provenance.policy, policy.citation());
    if *used == given {
        return Ok(());
    }
    let place = Place::file(out.display().to_string());
    Err(Problem::new("output-policy", place).with("used", used).with("given", given).into())
}
