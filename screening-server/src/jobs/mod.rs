//! Jobs: what takes longer than a request. One at a time, in their order; a job that was running when the server ended is begun
//! again, and finds what it had stored.

pub(crate) mod again;
mod answers;
mod compute;
pub(crate) mod files;
pub(crate) mod intake;
pub(crate) mod pushed;
mod rescore;
mod roster;
mod sealed;

use std::sync::Arc;
use std::time::Duration;

use screening_core::instrument::Language;
use serde_json::Value;

use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::jobs::{self, Ended, Job, New};
use crate::store::screenings::{self, Screening, State};
use crate::store::{Caller, Store, StoreError};
use crate::wave::Prepared;

pub(crate) use answers::Settings as AnswersSettings;
pub(crate) use rescore::Settings as RescoreSettings;
pub(crate) use roster::Settings as RosterSettings;

/// Name of the file that was uploaded.
pub(crate) const UPLOAD: &str = "upload";

/// How often it is looked for jobs when nobody tells of one.
const EVERY: Duration = Duration::from_secs(2);

/// Why a job does not go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stopped {
    Failed(Problem),
    Cancelled,
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

/// A job that runs.
pub(crate) struct Run {
    pub(crate) app: App,
    pub(crate) store: Store,
    pub(crate) job: Job,
    /// The server, within the scope of whoever asked for the job.
    pub(crate) caller: Caller,
    pub(crate) language: Language,
}

impl Run {
    /// Tells how far it is, and ends when it is asked to.
    pub(crate) async fn step(&self, step: &str, done: i64, total: i64) -> Result<(), Stopped> {
        let mut work = self.store.begin(&self.caller, "job.step").await?;
        let cancelled = jobs::progress(&mut work, &self.job.id, (step, done, total)).await?;
        work.commit().await?;
        self.app.live.hub.job();
        if cancelled { Err(Stopped::Cancelled) } else { Ok(()) }
    }
}

/// Works on jobs as long as the server runs.
pub(crate) async fn work(app: App) {
    let Some(store) = app.store.clone() else { return };
    files::tidy(&store);
    if files::sweep(&store).await.is_err() {
        tracing::error!("files that are to be kept no longer were not removed; it is tried again after a day");
    }
    let mut news = app.live.hub.jobs();
    loop {
        match one(&app, &store).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(_) => tracing::error!("a job could not be taken up; it is tried again"),
        }
        let _ = tokio::time::timeout(EVERY, news.changed()).await;
    }
}

/// Works on the next job; no when there is none.
async fn one(app: &App, store: &Store) -> Result<bool, StoreError> {
    let Some(next) = jobs::next(store.pool()).await? else { return Ok(false) };
    let caller = roster::caller(next.scope.clone(), &next.district_id);
    let mut work = store.begin(&caller, "job.begin").await?;
    let begun = jobs::begin(&mut work, &next.id).await?;
    work.commit().await?;
    app.live.hub.job();
    let Some(job) = begun else { return Ok(true) };
    let language = match job.settings.get("language").and_then(Value::as_str) {
        Some("en") => Language::En,
        _ => Language::ZhCn,
    };
    let run = Run { app: app.clone(), store: store.clone(), job, caller: caller.clone(), language };
    tracing::info!(job = run.job.id, kind = run.job.kind, runs = run.job.runs, "a job begins");
    let ended = match carry_out(&run).await {
        Ok(report) => Ended::Done(report),
        Err(Stopped::Cancelled) => Ended::Cancelled,
        Err(Stopped::Failed(problem)) => {
            let body = problem.body(language, &run.job.id, None);
            Ended::Failed(serde_json::from_slice(&body).unwrap_or_default())
        }
    };
    let mut work = store.begin(&caller, "job.end").await?;
    jobs::end(&mut work, &run.job.id, &ended).await?;
    work.commit().await?;
    files::remove_clear(store, &run.job.id);
    // What was uploaded is in the store now, or is refused: it holds names, and is not kept.
    files::remove(store, &run.job.id, UPLOAD);
    files::sweep_one(store, &run.job.id).await?;
    tracing::info!(job = run.job.id, kind = run.job.kind, ended = word(&ended), "a job ended");
    app.live.hub.job();
    Ok(true)
}

fn word(ended: &Ended) -> &'static str {
    match ended {
        Ended::Done(_) => "done",
        Ended::Failed(_) => "failed",
        Ended::Cancelled => "cancelled",
    }
}

async fn carry_out(run: &Run) -> Result<Value, Stopped> {
    match run.job.kind.as_str() {
        "roster" => {
            let settings: RosterSettings = settings(run)?;
            let mut report = roster::run(run, &run.job.file_name, upload(run).await?, &settings).await?;
            run.app.live.drafts.forget();
            if !settings.dry_run {
                report.sheets_matched = try_again(run).await?;
            }
            Ok(json(&report))
        }
        "answers" => {
            let (screening, prepared) = screening(run).await?;
            let file = (run.job.file_name.as_str(), run.job.file_hash.as_str());
            let settings = settings(run)?;
            let mut report = answers::run(run, (&screening, &prepared), file, upload(run).await?, &settings).await?;
            report.wave_job = Some(queue_wave(run, &screening).await?);
            Ok(json(&report))
        }
        "rescore" => {
            let (screening, prepared) = screening(run).await?;
            Ok(json(&rescore::run(run, &screening, &prepared, &settings(run)?).await?))
        }
        _ => {
            let (screening, prepared) = screening(run).await?;
            Ok(json(&compute::run(run, &screening, &prepared).await?))
        }
    }
}

fn json(report: &impl serde::Serialize) -> Value {
    // Values of this program: there is nothing that could not be written.
    serde_json::to_value(report).unwrap_or_default()
}

fn settings<T: serde::de::DeserializeOwned>(run: &Run) -> Result<T, Stopped> {
    let own = run.job.settings.get("read").cloned().unwrap_or_default();
    serde_json::from_value(own).map_err(|_| Problem::from(ProblemKind::Internal).into())
}

async fn upload(run: &Run) -> Result<Vec<u8>, Stopped> {
    let (store, job) = (run.store.clone(), run.job.id.clone());
    let read = tokio::task::spawn_blocking(move || files::read(&store, &job, UPLOAD)).await;
    let read = read.map_err(|_| Problem::from(ProblemKind::Internal))??;
    Ok(read.ok_or_else(|| Problem::from(ProblemKind::UploadGone))?)
}

/// The screening of a job, released or closed.
async fn screening(run: &Run) -> Result<(Screening, Arc<Prepared>), Stopped> {
    let id = run.job.screening.clone().unwrap_or_default();
    let mut work = run.store.begin(&run.caller, "job.screening").await?;
    let screening = screenings::find(&mut work, &id).await?;
    work.commit().await?;
    let closed = screening.state == State::Closed && run.job.kind == "answers";
    if screening.state == State::Draft || closed {
        return Err(Fault::new(ProblemKind::ScreeningNotOpen).with("state", screening.state.word()).into());
    }
    let prepared = run.app.live.waves.of(&run.app, &screening)?;
    Ok((screening, prepared))
}

/// Queues the computation of a wave for the whole district.
async fn queue_wave(run: &Run, screening: &Screening) -> Result<String, Stopped> {
    let caller = Caller::system("job", run.caller.district_id.clone());
    let mut work = run.store.begin(&caller, "job.add").await?;
    let id = add_wave(&mut work, &screening.id, run.language).await?.id;
    work.commit().await?;
    Ok(id)
}

/// Adds the computation of a wave, unless one waits already.
pub(crate) async fn add_wave(
    work: &mut crate::store::Work,
    screening: &str,
    language: Language,
) -> Result<Job, StoreError> {
    if let Some(waiting) = jobs::waiting_wave(work, screening).await? {
        return Ok(waiting);
    }
    let settings = serde_json::json!({ "language": crate::language::tag(language) });
    let id = jobs::id();
    let new = New {
        id: &id,
        screening: Some(screening),
        kind: "wave",
        settings: &settings,
        file_name: "",
        file_hash: "",
        file_bytes: 0,
    };
    Ok(jobs::add(work, &new).await?.0)
}

/// Tries again what waits, in every screening that takes sheets. Gives how many sheets have found their pupil.
async fn try_again(run: &Run) -> Result<usize, Stopped> {
    let caller = Caller::system("job", run.caller.district_id.clone());
    let mut work = run.store.begin(&caller, "inbox.match").await?;
    let open = screenings::list(&mut work).await?;
    work.commit().await?;
    let mut found = 0;
    for screening in open.iter().filter(|screening| screening.state == State::Released) {
        found += again::again(&run.app, &caller, screening).await?.matched;
    }
    Ok(found)
}
