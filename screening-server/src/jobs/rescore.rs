//! A closed wave scored again by other definitions, and what differs. The results of the wave stay what they are.

use std::collections::BTreeMap;
use std::io::Write;

use screening_core::screening::ScreeningResult;
use screening_io::output::row_objects;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::store::screenings::Screening;
use crate::store::{results, rosters, sheets};
use crate::wave::{Frozen, Prepared, batches};

use super::compute::{earlier, read_earlier};
use super::files::Sealing;
use super::{Run, Stopped};

/// Name of the file with every value that differs.
const DIFFERENCES: &str = "differences.csv";
/// As many pupils as the report lists; all are counted.
const LISTED: usize = 2000;
/// Columns that say when and not what.
const LEFT: [&str; 1] = ["due"];

/// What is taken in place of what the screening was released with; what is left out is taken in its newest version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) norms: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validity: Option<String>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) before: Frozen,
    pub(crate) after: Frozen,
    pub(crate) pupils: usize,
    pub(crate) same: usize,
    pub(crate) different: usize,
    /// Pupils of whom there is a result on one side only: they came or left since.
    pub(crate) one_side: usize,
    /// Pupils with another value, by column.
    pub(crate) columns: BTreeMap<String, usize>,
    /// Pupils whose tier is another.
    pub(crate) tiers: Vec<TierMove>,
    pub(crate) files: Vec<String>,
}

/// A pupil whose tier is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TierMove {
    pub(crate) pupil: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// The definition of the screening with other parts.
fn with(definition: &str, settings: &Settings) -> Result<String, Problem> {
    let mut object: Map<String, Value> = serde_json::from_str(definition).map_err(|_| ProblemKind::Internal)?;
    let mut put = |key: &str, value: Option<Value>| drop(value.map(|value| object.insert(key.to_owned(), value)));
    put("policy", settings.policy.clone().map(Value::from));
    put("norms", settings.norms.clone().map(Value::from));
    put("validity", settings.validity.clone().map(Value::from));
    Ok(Value::Object(object).to_string())
}

pub(super) async fn run(
    run: &Run,
    screening: &Screening,
    before: &Prepared,
    settings: &Settings,
) -> Result<Report, Stopped> {
    run.step("gathering", 0, 3).await?;
    let (text, catalogue) = (with(&screening.definition, settings)?, run.app.definitions.now());
    let preparing = tokio::task::spawn_blocking(move || Prepared::newest(text.as_bytes(), &catalogue)).await;
    let after = preparing.map_err(|_| Problem::from(ProblemKind::Internal))?;
    let after = after.map_err(|why| Fault::new(ProblemKind::InvalidScreening).with("why", why))?;
    let mut work = run.store.begin(&run.caller, "wave.rescore").await?;
    let enrolled = rosters::of_wave(&mut work, screening).await?;
    let stored = sheets::of_wave(&mut work, &screening.id).await?;
    let known = results::all(&mut work, &screening.id).await?;
    let earlier = earlier(run, &mut work, before).await?;
    work.commit().await?;

    run.step("screening", 1, 3).await?;
    let roster: Vec<_> = enrolled.into_iter().map(|enrolled| enrolled.pupil).collect();
    let folder = super::files::clear_folder(&run.store, &run.job.id)?;
    let after_frozen = after.frozen.clone();
    let computing = tokio::task::spawn_blocking(move || {
        let refused = |why: String| Problem::from(Fault::new(ProblemKind::WaveRefused).with("why", why));
        let earlier = read_earlier(&folder, earlier)?;
        let batches = batches(&after, &stored).map_err(|error| refused(error.to_string()))?;
        let result = after.screen(roster, batches, earlier).map_err(|error| refused(error.to_string()))?;
        rows(&result).map_err(|error| refused(error.to_string()))
    });
    let rows = computing.await.map_err(|_| Problem::from(ProblemKind::Internal))??;

    run.step("comparing", 2, 3).await?;
    let mut report = Report {
        before: before.frozen.clone(),
        after: after_frozen,
        pupils: 0,
        same: 0,
        different: 0,
        one_side: 0,
        columns: BTreeMap::new(),
        tiers: Vec::new(),
        files: vec![DIFFERENCES.to_owned()],
    };
    let csv = compare(&known, &rows, &mut report);
    let mut sealing = Sealing::begin(&run.store, &run.job.id, DIFFERENCES)?;
    sealing.add(&csv)?;
    sealing.end()?;
    super::files::remove_clear(&run.store, &run.job.id);
    Ok(report)
}

fn rows(result: &ScreeningResult) -> polars::prelude::PolarsResult<BTreeMap<String, Map<String, Value>>> {
    let id = |row: &Map<String, Value>| row.get("student_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(row_objects(&result.results)?.map(|row| (id(&row), row)).collect())
}

/// Counts what differs, and lists every value.
fn compare(
    before: &BTreeMap<String, Map<String, Value>>,
    after: &BTreeMap<String, Map<String, Value>>,
    report: &mut Report,
) -> Vec<u8> {
    let mut csv = b"\xef\xbb\xbfpupil,column,before,after\n".to_vec();
    let mut all: Vec<&String> = before.keys().chain(after.keys()).collect();
    all.sort();
    all.dedup();
    report.pupils = all.len();
    for pupil in all {
        let (Some(old), Some(new)) = (before.get(pupil), after.get(pupil)) else {
            report.one_side += 1;
            continue;
        };
        let mut columns: Vec<&String> = old.keys().chain(new.keys()).collect();
        columns.sort();
        columns.dedup();
        let differ: Vec<&String> =
            columns.into_iter().filter(|c| !LEFT.contains(&c.as_str()) && old.get(*c) != new.get(*c)).collect();
        if differ.is_empty() {
            report.same += 1;
            continue;
        }
        report.different += 1;
        for column in differ {
            *report.columns.entry(column.clone()).or_default() += 1;
            let cell = |row: &Map<String, Value>| row.get(column).map(quoted).unwrap_or_default();
            // Writing to a vector cannot fail.
            let _ = writeln!(csv, "{pupil},{column},{},{}", cell(old), cell(new));
        }
        let tier = |row: &Map<String, Value>| row.get("tier").and_then(Value::as_str).map(str::to_owned);
        if tier(old) != tier(new) && report.tiers.len() < LISTED {
            report.tiers.push(TierMove { pupil: pupil.clone(), before: tier(old), after: tier(new) });
        }
    }
    csv
}

/// A value as a cell: text in quotes, and never a formula.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
            format!("\"{guard}{}\"", text.replace('"', "\"\""))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(rows: &[(&str, Value)]) -> BTreeMap<String, Map<String, Value>> {
        rows.iter().map(|(id, row)| ((*id).to_owned(), row.as_object().unwrap().clone())).collect()
    }

    #[test]
    fn every_difference_is_counted_and_listed() {
        let frozen = Frozen {
            definition: String::new(),
            batteries: Vec::new(),
            instruments: Vec::new(),
            policy: String::new(),
            norms: Vec::new(),
            validity: None,
            engine: String::new(),
        };
        let mut report = Report {
            before: frozen.clone(),
            after: frozen,
            pupils: 0,
            same: 0,
            different: 0,
            one_side: 0,
            columns: BTreeMap::new(),
            tiers: Vec::new(),
            files: Vec::new(),
        };
        let before = side(&[
            ("a", serde_json::json!({ "x": 1, "tier": "today" })),
            ("b", serde_json::json!({ "x": 1 })),
            ("c", serde_json::json!({ "x": 2, "due": "2026-01-01" })),
        ]);
        let after = side(&[
            ("a", serde_json::json!({ "x": 1, "tier": "soon", "y": "=1" })),
            ("c", serde_json::json!({ "x": 2, "due": "2026-01-02" })),
        ]);
        let csv = String::from_utf8(compare(&before, &after, &mut report)).unwrap();
        assert_eq!((report.pupils, report.same, report.different, report.one_side), (3, 1, 1, 1));
        assert_eq!(
            report.tiers,
            [TierMove { pupil: "a".into(), before: Some("today".into()), after: Some("soon".into()) }]
        );
        assert!(csv.ends_with("a,tier,\"today\",\"soon\"\na,y,,\"'=1\"\n"), "{csv}");
    }
}
