//! Writes what changed between waves.

use std::io::Write;
use std::path::{Path, PathBuf};

use screening_core::change::{ChangeOptions, ChangeReport, Comparison, Refusal, Wave};
use screening_core::scoring::ENGINE_VERSION;
use serde::Serialize;

use super::frames;
use super::stage::{Failure, Stage};
use crate::error::IoError;

const CHANGE_PARQUET: &str = "change.parquet";
const CHANGE_CSV: &str = "change.csv";
const TRAJECTORIES: &str = "trajectories.parquet";
const SUMMARY: &str = "change.json";

/// A wave as the summary names it.
#[derive(Debug, Serialize)]
struct WaveFacts<'a> {
    id: &'a str,
    date: Option<jiff::civil::Date>,
    pupils: usize,
    instruments: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Whole<'a> {
    engine: &'static str,
    waves: Vec<WaveFacts<'a>>,
    judge: &'a str,
    comparisons: &'a [Comparison],
    refused: &'a [Refusal],
}

/// Writes the change between waves into the folder `out`, which is made when missing, and gives the paths.
///
/// | file | content |
/// |---|---|
/// | `change.parquet`, `change.csv` | one row for each pupil, scale and pair of waves ([`ChangeReport::changes`]) |
/// | `trajectories.parquet` | one row for each pupil, scale and wave, for plots ([`ChangeReport::trajectories`]) |
/// | `change.json` | waves and their instruments; for each comparison what it rests on, with sources, and its counts; what was refused, and why |
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write_change(
    out: &Path,
    waves: &[Wave],
    report: &ChangeReport,
    options: &ChangeOptions,
) -> Result<Vec<PathBuf>, IoError> {
    let facts = waves.iter().map(|wave| WaveFacts {
        id: &wave.id,
        date: wave.date,
        pupils: wave.results.height(),
        instruments: wave.instruments.values().map(String::as_str).collect(),
    });
    let whole = Whole {
        engine: ENGINE_VERSION,
        waves: facts.collect(),
        judge: options.judge(),
        comparisons: &report.comparisons,
        refused: &report.refused,
    };
    let mut stage = Stage::open(out)?;
    stage.write(CHANGE_PARQUET, |writer| frames::write_frame(writer, &report.changes, entries(&whole)?))?;
    stage.write(CHANGE_CSV, |writer| frames::write_csv(writer, &report.changes, true))?;
    stage.write(TRAJECTORIES, |writer| frames::write_frame(writer, &report.trajectories, entries(&whole)?))?;
    stage.write(SUMMARY, |writer| -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut *writer, &whole)?;
        writer.write_all(b"\n")?;
        Ok(())
    })?;
    stage.publish()
}

/// What the frames rest on, as metadata of their files.
fn entries(whole: &Whole<'_>) -> Result<Vec<(String, String)>, Failure> {
    Ok(vec![
        ("screening.engine".to_owned(), whole.engine.to_owned()),
        ("screening.waves".to_owned(), serde_json::to_string(&whole.waves)?),
        ("screening.judge".to_owned(), whole.judge.to_owned()),
    ])
}
