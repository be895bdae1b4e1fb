//! Writes what one screening gives.

mod alerts;
mod analysis;
mod change;
mod frames;
mod guard;
mod merged;
mod moved;
mod plot;
mod published;
mod rejected;
mod report;
mod research;
mod schools;
mod sink;
mod stage;
mod summary;
mod table;
mod texts;
mod wording;
mod workbook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use screening_core::aggregates::{Unit, aggregate};
use screening_core::risk::Policy;
use screening_core::screening::ScreeningResult;
use screening_core::tally::WaveTally;

use crate::error::{IoError, Place, Problem, Rejected};
use stage::Stage;

pub use analysis::{AnalysisFiles, write_analysis};
pub use change::write_change;
pub use frames::row_objects;
pub use merged::{MergedPart, read_tally, write_merged};
pub use moved::write_moved;
pub use plot::{Mark, Plot, Series};
pub use report::write_files;
pub use research::write_research;
pub use sink::{TableSink, write_in_parts};
pub use table::{provenance, score_table, write_bytes, write_labelled, write_table, write_text};
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
const MAKE_UP: &str = "make-up.xlsx";
const MAKE_UP_CSV: &str = "make-up.csv";
const AGGREGATES: &str = "published/aggregates.csv";
const SCHOOLS: &str = "published/schools.csv";
const FUNNEL: &str = "published/schools.svg";
const TALLY: &str = "tally.json";
const FILES: [&str; 12] = [
    RESULTS_PARQUET,
    RESULTS_CSV,
    ALERTS,
    MAKE_UP,
    MAKE_UP_CSV,
    COVERAGE,
    REJECTED,
    AGGREGATES,
    SUMMARY,
    TALLY,
    SCHOOLS,
    FUNNEL,
];
/// Those of every screening; the others compare schools, where there are several.
const ALWAYS: usize = 10;

/// Writes the outputs of a screening into the folder `out`, which is made when missing, and gives their paths.
///
/// | file | content |
/// |---|---|
/// | `results.parquet` | one row a pupil; what the results rest on (`screening.engine`, `screening.policy`, `screening.instruments`, `screening.cutoffs`, ...) as metadata of the file |
/// | `results.csv` | the same rows; UTF-8 with byte-order mark, bands and tiers as words |
/// | `alerts.xlsx` | an overview, a sheet a school with the most urgent first, and critical answers on sheets that could not be used |
/// | `make-up.xlsx`, `make-up.csv` | who is still to be reached, school by school: whom to ask for consent, to test later or again, of whom to find out why there is no sheet, whom to talk with; with columns to fill in. Nothing of any result |
/// | `coverage.csv` | enrolled = valid + invalid + retest pending + absent + refused + withdrawn + out of scope + unexplained, by district, school, grade and class |
/// | `rejected.csv` | everything that was not used, or replaced by another sheet, with where, why and what to do. `kind` is `row`, `cell` or `notice` (told while reading), `sheet` or `value` (told while screening) or `superseded` |
/// | `published/aggregates.csv` | statuses, tiers and bands by school, grade and sex, small counts suppressed ([`screening_core::aggregates`]): the one file here that is made to be passed on |
/// | `summary.json` | counts and provenance; `rejected_by_reason` counts the lines of `rejected.csv` |
/// | `tally.json` | what of the screening adds up, small counts included: parts of a district that were screened apart are put together from it ([`write_merged`]) |
/// | `published/schools.csv`, `published/schools.svg` | where several schools have sheets: flagged pupils of each with intervals, shrunken shares and funnel limits ([`screening_core::schools`]), small counts suppressed; and the funnel plot |
///
/// Names stand in `alerts.xlsx`, `make-up.xlsx` and `make-up.csv` only, and only those of `names` (student id to name); with an empty map there is no such
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
/// assert_eq!(written.len(), 10);
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
    let tally =
        WaveTally::of(result, policy).map_err(|cause| stage::problem("output-unwritable", &out.join(TALLY), &cause))?;
    let published = aggregate(&tally, Unit::School, result.summary.wave.suppression)
        .map_err(|cause| stage::problem("output-unwritable", &out.join(AGGREGATES), &cause))?;
    let compared = schools::compare(&tally, &published)
        .map_err(|cause| stage::problem("output-unwritable", &out.join(SCHOOLS), &*cause))?;
    let files = FILES.get(..if compared.is_some() { FILES.len() } else { ALWAYS }).unwrap_or(&FILES);
    let mut stage = Stage::open(out)?;
    for (done, file) in files.iter().copied().enumerate() {
        progress(WriteProgress { file: Some(file), done, files: files.len() });
        stage.write(file, |writer| match (file, &compared) {
            (SCHOOLS, Some(compared)) => schools::write_table(writer, compared, Unit::School),
            (FUNNEL, Some(compared)) => schools::write_plot(writer, compared, Unit::School),
            _ => match file {
                RESULTS_PARQUET => frames::write_parquet(writer, result),
                RESULTS_CSV => frames::write_csv(writer, &result.results, true),
                ALERTS => alerts::write(writer, result, policy, names),
                MAKE_UP => alerts::write_make_up(writer, result, policy, names),
                MAKE_UP_CSV => frames::write_csv(writer, &alerts::make_up_frame(result, names)?, true),
                TALLY => merged::write_tally(writer, &tally),
                AGGREGATES => frames::write_csv(writer, &published::frame(&published)?, true),
                COVERAGE => frames::write_csv(writer, &result.coverage.to_frame()?, true),
                REJECTED => rejected::write(writer, result, rejected_while_reading),
                _ => summary::write(writer, result, rejected_while_reading),
            },
        })?;
    }
    let written = stage.publish()?;
    for stale in FILES.get(files.len()..).unwrap_or_default() {
        // A comparison of an earlier run is not one of these results; most often there is none.
        let _ = std::fs::remove_file(out.join(stale));
    }
    progress(WriteProgress { file: None, done: files.len(), files: files.len() });
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
