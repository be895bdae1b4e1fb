//! The computation of a wave: all sheets of the store through the pipeline of the engine, results a row a pupil, and the files
//! that `screening run` writes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use polars::prelude::PolarsResult;
use screening_core::change::Wave;
use screening_core::risk::Policy;
use screening_core::screening::ScreeningResult;
use screening_io::output::{row_objects, write_outputs};
use screening_io::read_wave;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::store::leftovers::RESULTS;
use crate::store::results::{self, NewResult};
use crate::store::rosters::{self, Enrolled};
use crate::store::screenings::{self, Screening, State};
use crate::store::{Store, sheets};
use crate::wave::{Prepared, batches};

use super::{Run, Stopped, files};

/// What came of a computation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// The summary that `screening run` writes: counts and what they rest on.
    pub(crate) summary: Value,
    /// Files that can be downloaded.
    pub(crate) files: Vec<String>,
}

pub(super) async fn run(run: &Run, screening: &Screening, prepared: &Arc<Prepared>) -> Result<Report, Stopped> {
    run.step("gathering", 0, 4).await?;
    let mut work = run.store.begin(&run.caller, "wave.compute").await?;
    let enrolled = rosters::of_wave(&mut work, screening).await?;
    let stored = sheets::of_wave(&mut work, &screening.id).await?;
    let mut names = BTreeMap::new();
    for pupil in &enrolled {
        if let Some(label) = &pupil.label {
            names.insert(pupil.pupil.student_id.clone(), format!("{} {}", label.name, label.student_id));
        }
    }
    let earlier = earlier(run, &mut work, prepared).await?;
    work.commit().await?;

    run.step("screening", 1, 4).await?;
    let folder = files::clear_folder(&run.store, &run.job.id)?;
    let (prepared_too, store, job) = (prepared.clone(), run.store.clone(), run.job.id.clone());
    let roster: Vec<_> = enrolled.iter().map(|enrolled| enrolled.pupil.clone()).collect();
    let computing = tokio::task::spawn_blocking(move || {
        let refused = |why: String| Problem::from(Fault::new(ProblemKind::WaveRefused).with("why", why));
        let waves = read_earlier(&folder, earlier)?;
        let batches = batches(&prepared_too, &stored).map_err(|error| refused(error.to_string()))?;
        let result = prepared_too.screen(roster, batches, waves).map_err(|error| refused(error.to_string()))?;
        let policy = &prepared_too.policy;
        write_outputs(&folder, &result, policy, &[], &names, &|_| {}).map_err(|error| refused(error.to_string()))?;
        let names = files::seal_folder(&store, &job, &folder)?;
        let rows = rows(&result, policy).map_err(|error| refused(error.to_string()))?;
        let summary = serde_json::to_value(&result.summary).unwrap_or_default();
        Ok::<_, Problem>((rows, names, summary))
    });
    let (rows, files, summary) = computing.await.map_err(|_| Problem::from(ProblemKind::Internal))??;

    run.step("storing", 3, 4).await?;
    let new = placed(&enrolled, rows);
    let mut work = run.store.begin(&run.caller, "wave.write").await?;
    results::replace(&mut work, &screening.id, &run.job.id, &new).await?;
    work.commit().await?;
    Ok(Report { summary, files })
}

/// The results of earlier waves: wave id and the file of its last computation.
pub(super) async fn earlier(
    run: &Run,
    work: &mut crate::store::Work,
    prepared: &Prepared,
) -> Result<Vec<(String, Vec<u8>)>, Stopped> {
    let mut found = Vec::new();
    let known = if prepared.definition.earlier.is_empty() { Vec::new() } else { screenings::list(work).await? };
    for wave in &prepared.definition.earlier {
        let refused =
            |why: &str| Problem::from(Fault::new(ProblemKind::EarlierWave).with("wave", wave).with("why", why));
        let screening = known.iter().find(|known| known.wave == *wave).ok_or_else(|| refused("unknown"))?;
        if screening.state != State::Closed {
            return Err(refused(screening.state.word()).into());
        }
        let job = results::job_of(work, &screening.id).await?.ok_or_else(|| refused("not computed"))?;
        found.push((wave.clone(), file(&run.store, &job).await?.ok_or_else(|| refused("no results"))?));
    }
    Ok(found)
}

/// Reads the files of earlier waves; they stand in the clear for as long as they are read, and hold pseudonyms.
pub(super) fn read_earlier(folder: &std::path::Path, earlier: Vec<(String, Vec<u8>)>) -> Result<Vec<Wave>, Problem> {
    let refused = |wave: &str, why: String| {
        Problem::from(Fault::new(ProblemKind::EarlierWave).with("wave", wave).with("why", why))
    };
    let mut waves = Vec::with_capacity(earlier.len());
    for (wave, bytes) in earlier {
        let path = folder.join("earlier.parquet");
        std::fs::write(&path, bytes).map_err(|error| refused(&wave, error.to_string()))?;
        let read = read_wave(&path);
        // It is removed with the folder at the latest.
        let _ = std::fs::remove_file(&path);
        waves.push(read.map_err(|error| refused(&wave, error.to_string()))?);
    }
    Ok(waves)
}

async fn file(store: &Store, job: &str) -> Result<Option<Vec<u8>>, Stopped> {
    let (store, job) = (store.clone(), job.to_owned());
    let read = tokio::task::spawn_blocking(move || files::read(&store, &job, RESULTS)).await;
    Ok(read.map_err(|_| Problem::from(ProblemKind::Internal))??)
}

/// The result of a pupil, as it leaves the engine.
struct Row {
    pupil: String,
    status: String,
    tier: Option<String>,
    severity: i64,
    result: String,
}

/// Rows of the results as JSON, nulls left out.
fn rows(result: &ScreeningResult, policy: &Policy) -> PolarsResult<Vec<Row>> {
    let row = |object: Map<String, Value>| {
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let tier = text("tier");
        let severity = tier.as_deref().and_then(|tier| policy.tier(tier)).map_or(-1, |tier| i64::from(tier.severity));
        Row {
            pupil: text("student_id").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            tier,
            severity,
            result: Value::Object(object).to_string(),
        }
    };
    Ok(row_objects(&result.results)?.map(row).collect())
}

/// Results with the organisations of their pupils.
fn placed(enrolled: &[Enrolled], rows: Vec<Row>) -> Vec<NewResult> {
    let places: HashMap<&str, &Enrolled> =
        enrolled.iter().map(|enrolled| (enrolled.pupil.student_id.as_str(), enrolled)).collect();
    let place = |row: Row| {
        let own = places.get(row.pupil.as_str())?;
        Some(NewResult {
            school_id: own.school_id.clone(),
            class_id: own.class_id.clone(),
            pupil: row.pupil,
            status: row.status,
            tier: row.tier,
            severity: row.severity,
            result: row.result,
        })
    };
    rows.into_iter().filter_map(place).collect()
}
