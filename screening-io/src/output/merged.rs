//! Parts that were screened apart, put together.

use std::io::Write;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, IntoLazy, UnionArgs, concat};
use screening_core::aggregates::{Unit, aggregate};
use screening_core::coverage::{Counts, CoverageTable};
use screening_core::disclosure::Rule;
use screening_core::tally::{TallySummary, WaveTally};
use serde::Serialize;

use super::stage::{self, Failure, Stage};
use super::{AGGREGATES, COVERAGE, FUNNEL, SCHOOLS, SUMMARY, TALLY, frames, published, schools};
use crate::error::{IoError, Place, Problem};

const DISTRICTS: &str = "published/districts.csv";
const DISTRICTS_FUNNEL: &str = "published/districts.svg";
/// Level of the row that counts all districts.
const ALL: &str = "all";

/// One part: the file of its tally and its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedPart {
    /// The file as it was named.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    summary: TallySummary<'a>,
    parts: &'a [MergedPart],
}

pub(super) fn write_tally(writer: &mut impl Write, tally: &WaveTally) -> Result<(), Failure> {
    serde_json::to_writer(&mut *writer, tally)?;
    writer.write_all(b"\n")?;
    Ok(())
}

/// Reads the tally of a screening: its `tally.json`, or the folder of outputs that holds one.
///
/// # Errors
/// When there is none, or it is not one that adds up.
///
/// ```
/// use screening_io::output::read_tally;
/// let missing = read_tally(std::path::Path::new("nowhere")).unwrap_err();
/// assert!(missing.to_string().contains("nowhere"));
/// ```
pub fn read_tally(path: &Path) -> Result<(WaveTally, MergedPart), IoError> {
    let path = if path.is_dir() { path.join(TALLY) } else { path.to_path_buf() };
    let place = || Place::file(path.display().to_string());
    let text = std::fs::read(&path).map_err(|cause| Problem::new("file-unreadable", place()).with("cause", cause))?;
    let tally = serde_json::from_slice(&text)
        .map_err(|cause| Problem::new("tally-unreadable", place()).with("cause", cause))?;
    Ok((tally, MergedPart { file: path.display().to_string(), sha256: crate::results::bytes_hash(&text) }))
}

/// Writes what parts give together into the folder `out`, which is made when missing, and gives the paths.
///
/// | file | content |
/// |---|---|
/// | `tally.json` | the tally of the whole, which can be put together with others again |
/// | `coverage.csv` | as [`write_outputs`](super::write_outputs) writes it; of several districts with a column `district` in front and the level `all` |
/// | `norms/<instrument>.json` | the counts that `screening norms build` makes local norms of |
/// | `published/aggregates.csv` | counts that may be passed on, by school; of several districts by district |
/// | `published/schools.csv`, `published/schools.svg` | schools beside each other; of several districts `published/districts.csv` and `.svg` |
/// | `summary.json` | sums, what they rest on, and the parts with their hashes |
///
/// # Errors
/// When counts cannot be protected, or the folder or a file cannot be written.
pub fn write_merged(out: &Path, tally: &WaveTally, parts: &[MergedPart]) -> Result<Vec<PathBuf>, IoError> {
    let several = tally.districts().len() > 1;
    let (unit, table, plot) =
        if several { (Unit::District, DISTRICTS, DISTRICTS_FUNNEL) } else { (Unit::School, SCHOOLS, FUNNEL) };
    let shown = aggregate(tally, unit, Rule::default())
        .map_err(|cause| stage::problem("output-unwritable", &out.join(AGGREGATES), &cause))?;
    let compared = schools::compare(tally, &shown)
        .map_err(|cause| stage::problem("output-unwritable", &out.join(table), &*cause))?;
    let mut stage = Stage::open(out)?;
    stage.write(TALLY, |writer| write_tally(writer, tally))?;
    stage.write(COVERAGE, |writer| frames::write_csv(writer, &coverage(tally)?, true))?;
    for (instrument, state) in tally.norms() {
        stage.write(format!("norms/{instrument}.json"), |writer| {
            serde_json::to_writer(&mut *writer, state)?;
            Ok(())
        })?;
    }
    stage.write(AGGREGATES, |writer| frames::write_csv(writer, &published::frame(&shown)?, true))?;
    if let Some(compared) = &compared {
        stage.write(table, |writer| schools::write_table(writer, compared, unit))?;
        stage.write(plot, |writer| schools::write_plot(writer, compared, unit))?;
    }
    stage.write(SUMMARY, |writer| {
        serde_json::to_writer_pretty(&mut *writer, &Whole { summary: tally.summary(), parts })?;
        writer.write_all(b"\n")?;
        Ok(())
    })?;
    stage.publish()
}

/// Coverage of a district as its own screening gives it; of several with their names in front, after all of them together.
fn coverage(tally: &WaveTally) -> Result<DataFrame, Failure> {
    let mut tables = tally.coverage();
    if tables.len() < 2 {
        return Ok(tables.pop().map_or_else(|| CoverageTable::of([]), |(_, table)| table).to_frame()?);
    }
    let mut all = Counts::default();
    tables.iter().for_each(|(_, table)| all.merge(&table.district()));
    let named = |name: Option<&str>, table: &CoverageTable| -> Result<DataFrame, Failure> {
        let mut frame = table.to_frame()?;
        frame.insert_column(1, Column::new("district".into(), vec![name; frame.height()]))?;
        Ok(frame)
    };
    let mut first = named(None, &CoverageTable::of_classes([("", None, "", all)]))?.head(Some(1));
    first.with_column(Column::new("level".into(), [ALL]))?;
    let mut frames = vec![first.lazy()];
    for (name, table) in &tables {
        frames.push(named(Some(name), table)?.lazy());
    }
    Ok(concat(frames, UnionArgs::default())?.collect()?)
}
