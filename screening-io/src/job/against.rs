//! What the scores of a job are read against: norms, a validity plan, earlier waves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use screening_core::change::{ChangeOptions, GivenReliability, INDEX_KINDS, SpreadChoice, Wave};
use screening_core::instrument::{Diagnostics, Language, Library, Text, Version};
use screening_core::norms::{By, InputDef, LocalMeta, LocalOptions, LocalScale, NormSet, NormState};
use screening_core::screening::{EarlierProvenance, Interpretation};
use screening_core::validity::ValidityPlan;
use serde::Deserialize;

use super::{Job, JobError};
use crate::error::{Place, Problem};
use crate::messages::say;
use crate::{file_hash, read_wave};

/// The plan that is used when a job names none.
const DEFAULT_PLAN: &str = "district-default";
/// Says that no plan is to be used.
const NO_PLAN: &str = "none";

/// Norms of a job.
#[derive(Debug, Clone)]
pub enum NormChoice {
    /// A bundled set by its id, or the path of a norm file.
    Named(String),
    /// Local norms of an earlier wave, made for this job.
    OfWave(WaveNorms),
}

impl<'de> Deserialize<'de> for NormChoice {
    /// By hand, so that a missing or misspelt key of the table is told by name.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(name) => Ok(Self::Named(name)),
            other => other.try_into().map(Self::OfWave).map_err(serde::de::Error::custom),
        }
    }
}

/// Local norms of an earlier wave. A norm file that is kept and cited over several waves is made by `screening norms build`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaveNorms {
    /// Id of the earlier wave.
    pub wave: String,
    /// Scores, `<instrument>.<scale>`.
    pub scales: Vec<String>,
    /// What the groups are made of.
    #[serde(default = "by_default")]
    pub by: Vec<String>,
    /// Fewest people of a group.
    #[serde(default)]
    pub min_n: Option<u64>,
    /// Region, for reliabilities and the name of the set.
    #[serde(default)]
    pub region: Option<String>,
}

fn by_default() -> Vec<String> {
    vec!["sex".to_owned(), "grade".to_owned()]
}

/// One earlier wave: its results, or the job that makes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Earlier {
    /// Wave id, as in the results.
    pub wave: String,
    /// `results.parquet` of that wave, or its folder.
    #[serde(default)]
    pub results: Option<PathBuf>,
    /// Job file of that wave: it is run again with the definitions of today.
    #[serde(default)]
    pub job: Option<PathBuf>,
}

/// How change is computed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChangeSettings {
    /// The index that decides.
    #[serde(default)]
    pub judge: Option<String>,
    /// Where standard deviations come from.
    #[serde(default)]
    pub sd: SpreadChoice,
    /// Use published figures of this region only.
    #[serde(default)]
    pub region: Option<String>,
    /// Reliabilities with their source, by `<instrument>.<scale>`.
    #[serde(default)]
    pub reliability: IndexMap<String, GivenReliability>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Against {
    pub(super) interpretation: Interpretation,
    /// Where each earlier wave came from, with its hash.
    sources: BTreeMap<String, String>,
}

impl Against {
    /// Says in the provenance where the earlier waves came from.
    pub(super) fn cite(&self, earlier: &mut [EarlierProvenance]) {
        for wave in earlier {
            wave.source = self.sources.get(&wave.wave).cloned();
        }
    }
}

/// Reads norms, plan and earlier waves of a job. `depth` counts the jobs that lead here.
pub(super) fn read(job: &Job, file: &Path, library: &Library, depth: usize) -> Result<Against, JobError> {
    let base = file.parent().unwrap_or_else(|| Path::new(""));
    // What costs nothing to read is read first: a misspelt name is told before an earlier wave is scored again.
    let validity = plan(job.validity.as_deref(), base)?;
    let change = options(&job.change, file, library)?;
    let named: Vec<Option<NormSet>> = job
        .norms
        .iter()
        .map(|choice| match choice {
            NormChoice::Named(name) => named(name, base).map(Some),
            NormChoice::OfWave(_) => Ok(None),
        })
        .collect::<Result<_, _>>()?;
    let mut sources = BTreeMap::new();
    let mut earlier = Vec::with_capacity(job.earlier.len());
    for entry in &job.earlier {
        let (wave, source) = wave(entry, file, depth)?;
        sources.insert(wave.id.clone(), source);
        earlier.push(wave);
    }
    let norms = job.norms.iter().zip(named).filter_map(|(choice, named)| match choice {
        NormChoice::Named(_) => named.map(Ok),
        NormChoice::OfWave(wanted) => Some(of_wave(wanted, file, (&earlier, &sources), library)),
    });
    let norms = norms.collect::<Result<_, _>>()?;
    let interpretation = Interpretation { norms, validity, earlier, change, ..Interpretation::default() };
    Ok(Against { interpretation, sources })
}

fn refuse(id: &'static str, job: &Path, values: &[(&'static str, &str)]) -> JobError {
    let problem = Problem::new(id, Place::file(job.display().to_string()));
    JobError::Input(values.iter().fold(problem, |problem, (name, value)| problem.with(name, value)).into())
}

/// Jobs within jobs are run again for the results of earlier waves; nobody needs more of them.
const DEEPEST: usize = 4;

fn wave(entry: &Earlier, file: &Path, depth: usize) -> Result<(Wave, String), JobError> {
    let base = file.parent().unwrap_or_else(|| Path::new(""));
    let (wave, source) = match (&entry.results, &entry.job) {
        (Some(results), None) => {
            let path = base.join(results);
            let path = if path.is_dir() { path.join("results.parquet") } else { path };
            let wave = read_wave(&path)?;
            (wave, format!("{} sha256:{}", results.display(), file_hash(&path)?))
        }
        (None, Some(job)) => {
            let path = base.join(job);
            if depth >= DEEPEST {
                return Err(refuse("job-earlier-deep", file, &[("job", &job.display().to_string())]));
            }
            let found = Job::read(&path)?.wave;
            if found != entry.wave {
                return Err(refuse("job-earlier-wave", file, &[("wave", &entry.wave), ("found", &found)]));
            }
            let done = run_job_within(&path, depth + 1)?;
            let provenance = &done.summary.provenance;
            let own = || provenance.instruments.iter();
            let wave = Wave {
                id: done.summary.wave.id.clone(),
                date: Some(done.summary.wave.date),
                instruments: own().map(|used| (used.id.clone(), used.citation.clone())).collect(),
                cutoffs: own().map(|used| (used.id.clone(), used.cutoffs.clone())).collect(),
                results: done.results,
            };
            (wave, format!("{} sha256:{}", job.display(), file_hash(&path)?))
        }
        _ => return Err(refuse("job-earlier-source", file, &[("wave", &entry.wave)])),
    };
    if wave.id != entry.wave {
        return Err(refuse("job-earlier-wave", file, &[("wave", &entry.wave), ("found", &wave.id)]));
    }
    Ok((wave, source))
}

fn run_job_within(path: &Path, depth: usize) -> Result<screening_core::screening::ScreeningResult, JobError> {
    Ok(super::run_within(path, false, &|_| {}, depth)?.screening)
}

fn named(name: &str, base: &Path) -> Result<NormSet, JobError> {
    let wrong = |diagnostics: Diagnostics| JobError::Definition { file: name.to_owned(), diagnostics };
    match NormSet::bundled(name) {
        Some(set) => set.map_err(wrong),
        None => NormSet::from_toml(&text("norms", name, base)?).map_err(wrong),
    }
}

fn plan(name: Option<&str>, base: &Path) -> Result<Option<ValidityPlan>, JobError> {
    let name = name.unwrap_or(DEFAULT_PLAN);
    if name == NO_PLAN {
        return Ok(None);
    }
    let wrong = |diagnostics: Diagnostics| JobError::Definition { file: name.to_owned(), diagnostics };
    let plan = match ValidityPlan::bundled(name) {
        Some(plan) => plan,
        None => ValidityPlan::from_toml(&text("validity plan", name, base)?),
    };
    plan.map(Some).map_err(wrong)
}

/// The text of a file that is not bundled.
fn text(kind: &'static str, name: &str, base: &Path) -> Result<String, JobError> {
    let path = base.join(name);
    if !path.is_file() {
        return Err(JobError::Unknown { kind, id: name.to_owned(), advice: "the path of a file" });
    }
    std::fs::read_to_string(&path).map_err(|source| JobError::File { file: path.display().to_string(), source })
}

/// Local norms of an earlier wave.
fn of_wave(
    wanted: &WaveNorms,
    file: &Path,
    (earlier, sources): (&[Wave], &BTreeMap<String, String>),
    library: &Library,
) -> Result<NormSet, JobError> {
    let Some(wave) = earlier.iter().find(|wave| wave.id == wanted.wave) else {
        let known: Vec<&str> = earlier.iter().map(|wave| wave.id.as_str()).collect();
        return Err(refuse("job-norms-wave", file, &[("wave", &wanted.wave), ("known", &known.join(", "))]));
    };
    let failed = |cause: String| refuse("job-norms-build", file, &[("wave", &wanted.wave), ("cause", &cause)]);
    let scale = |id: &String| {
        let scale = LocalScale::of(library, id, wanted.region.as_deref());
        let scale = scale.ok_or_else(|| refuse("job-norms-scale", file, &[("wave", &wanted.wave), ("scale", id)]))?;
        // Norms of scores by another definition can be wrong without a sign.
        let used = id.rsplit_once('.').and_then(|(instrument, _)| wave.instruments.get(instrument));
        match (used, &scale.definition) {
            (Some(used), Some(own)) if used == own => Ok(scale),
            (None, _) => Err(refuse("job-norms-scale", file, &[("wave", &wanted.wave), ("scale", id)])),
            (Some(used), own) => {
                let own = own.clone().unwrap_or_default();
                Err(refuse(
                    "job-norms-definition",
                    file,
                    &[("wave", &wanted.wave), ("scale", id), ("used", used), ("own", &own)],
                ))
            }
        }
    };
    let scales = wanted.scales.iter().map(scale).collect::<Result<Vec<_>, _>>()?;
    if scales.is_empty() {
        return Err(refuse("job-norms-empty", file, &[("wave", &wanted.wave)]));
    }
    let by = wanted.by.iter().map(|name| By::parse(name)).collect();
    let mut state = NormState::new(by, &wanted.scales, None);
    state.add_frame(&wave.results).map_err(|cause| failed(cause.to_string()))?;
    let source = sources.get(&wave.id).map_or("", String::as_str);
    let (name, sha256) = source.split_once(" sha256:").unwrap_or((source, ""));
    let both = |key: &str| {
        let in_language = |language| say(key, language, &[("wave", &wanted.wave)]);
        Text { en: in_language(Language::En), zh_cn: in_language(Language::ZhCn) }
    };
    let meta = LocalMeta {
        id: wave.id.clone(),
        version: Version::new(1, 0, 0),
        name: both("job.norms-name"),
        population: both("job.norms-population"),
        region: wanted.region.clone(),
        year: wave.date.and_then(|date| u16::try_from(date.year()).ok()),
        inputs: vec![InputDef { file: name.to_owned(), sha256: sha256.to_owned() }],
        scales,
    };
    let mut options = LocalOptions::default();
    if let Some(min_n) = wanted.min_n {
        options.min_n = min_n;
    }
    state.finish(&meta, &options).map_err(|cause| failed(cause.to_string()))
}

fn options(settings: &ChangeSettings, file: &Path, library: &Library) -> Result<ChangeOptions, JobError> {
    if let Some(judge) = settings.judge.as_deref().filter(|judge| !INDEX_KINDS.contains(judge)) {
        return Err(refuse("job-change-judge", file, &[("judge", judge), ("known", &INDEX_KINDS.join(", "))]));
    }
    for scale in settings.reliability.keys() {
        let known = scale.rsplit_once('.').and_then(|(id, part)| library.get(id)?.scale_position(part));
        if known.is_none() {
            return Err(refuse("job-change-scale", file, &[("scale", scale)]));
        }
    }
    Ok(ChangeOptions {
        reliability: settings.reliability.clone().into_iter().collect(),
        spread: settings.sd,
        region: settings.region.clone(),
        judge: settings.judge.clone(),
        ..ChangeOptions::default()
    })
}
