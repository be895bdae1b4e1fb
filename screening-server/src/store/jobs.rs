//! Work in the background.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::{PAGE, Permission, Scope, Work, in_scope, new_id, shown, shown_if};

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) district_id: String,
    #[serde(skip)]
    pub(crate) scope: Scope,
    pub(crate) screening: Option<String>,
    /// `roster`, `answers`, `wave` or `rescore`.
    pub(crate) kind: String,
    pub(crate) settings: serde_json::Value,
    /// As it was called where it came from. It is no path of the server.
    pub(crate) file_name: String,
    /// SHA-256.
    pub(crate) file_hash: String,
    pub(crate) file_bytes: i64,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub(crate) state: String,
    #[serde(skip)]
    pub(crate) cancel: bool,
    pub(crate) step: String,
    pub(crate) done: i64,
    pub(crate) total: i64,
    /// How often it was begun: more than once when the server ended in the middle.
    pub(crate) runs: i64,
    /// Why it failed.
    pub(crate) problem: Option<serde_json::Value>,
    pub(crate) report: Option<serde_json::Value>,
    /// What is kept of the files that its report lists: `all`, `aggregates` (counts, and the results of those of whom one is still kept) or `none`.
    pub(crate) files_kept: String,
    pub(crate) created_by: String,
    pub(crate) created_at: String,
    pub(crate) finished_at: Option<String>,
}

impl Job {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let json = |column: &str| -> Result<Option<serde_json::Value>, sqlx::Error> {
            let text: Option<String> = row.try_get(column)?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        };
        let district_id: String = row.try_get("district_id")?;
        let (school, class): (Option<String>, Option<String>) = (row.try_get("school_id")?, row.try_get("class_id")?);
        let scope = match (school, class) {
            (_, Some(class)) => Scope::Class(class),
            (Some(school), None) => Scope::School(school),
            (None, None) => Scope::District(district_id.clone()),
        };
        Ok(Self {
            id: row.try_get("id")?,
            district_id,
            scope,
            screening: row.try_get("screening_id")?,
            kind: row.try_get("kind")?,
            settings: json("settings")?.unwrap_or_default(),
            file_name: row.try_get("file_name")?,
            file_hash: row.try_get("file_hash")?,
            file_bytes: row.try_get("file_bytes")?,
            state: row.try_get("state")?,
            cancel: row.try_get::<i64, _>("cancel")? != 0,
            step: row.try_get("step")?,
            done: row.try_get("done")?,
            total: row.try_get("total")?,
            runs: row.try_get("runs")?,
            problem: json("problem")?,
            report: json("report")?,
            files_kept: row.try_get("files_kept")?,
            created_by: row.try_get("created_by")?,
            created_at: shown(row.try_get("created_at")?),
            finished_at: shown_if(row.try_get("finished_at")?),
        })
    }

    /// What somebody may see of it: what a computation found is for those who see results.
    fn seen_by(mut self, work: &Work) -> Self {
        if !work.caller().may(Permission::ResultsRead) && matches!(self.kind.as_str(), "wave" | "rescore") {
            self.report = None;
        }
        self
    }

    /// Whether it will not be worked on any more.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }
}

/// A job to be queued.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    pub(crate) id: &'a str,
    pub(crate) screening: Option<&'a str>,
    pub(crate) kind: &'a str,
    pub(crate) settings: &'a serde_json::Value,
    pub(crate) file_name: &'a str,
    pub(crate) file_hash: &'a str,
    pub(crate) file_bytes: i64,
}

/// A new id for a job.
pub(crate) fn id() -> String {
    new_id()
}

/// Queues a job. The same file with the same settings that waits or runs is the same job, and is given instead; so is one with
/// answers that is done. A class list says how things are now: it is looked at again.
pub(crate) async fn add(work: &mut Work, new: &New<'_>) -> Result<(Job, bool), StoreError> {
    const KNOWN: &str = concat!(
        "SELECT * FROM job j WHERE j.kind = $2 AND j.file_hash = $3 AND j.settings = $4 AND COALESCE(j.screening_id, '') = $5
         AND (j.state IN ('queued', 'running') OR (j.state = 'done' AND j.kind = 'answers')) AND ",
        in_scope!("j"),
        " ORDER BY j.id DESC LIMIT 1"
    );
    work.require(Permission::Jobs)?;
    let settings = new.settings.to_string();
    // What is computed from the store, and not from a file, is computed anew each time.
    if !new.file_hash.is_empty() {
        let query = sqlx::query(KNOWN).bind(work.scope()).bind(new.kind).bind(new.file_hash).bind(&settings);
        let query = query.bind(new.screening.unwrap_or_default());
        if let Some(row) = query.fetch_optional(work.connection()).await? {
            return Ok((Job::read(&row)?, false));
        }
    }
    let (school, class) = match &work.caller().scope {
        Scope::District(_) => (None, None),
        Scope::School(id) => (Some(id.clone()), None),
        Scope::Class(id) => (None, Some(id.clone())),
    };
    let (now, by, district) = (work.now(), work.caller().name(), work.caller().district_id.clone());
    let query = sqlx::query(
        "INSERT INTO job (id, district_id, school_id, class_id, screening_id, kind, settings, file_name, file_hash, file_bytes,
         state, cancel, step, done, total, runs, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', 0, 'queued', 0, 0, 0, $11, $12)",
    );
    let query =
        query.bind(new.id).bind(district).bind(school).bind(class).bind(new.screening).bind(new.kind).bind(settings);
    let query = query.bind(new.file_name).bind(new.file_hash).bind(new.file_bytes).bind(by).bind(now);
    query.execute(work.connection()).await?;
    work.note("job.add", new.id, new.kind);
    Ok((find(work, new.id).await?, true))
}

async fn find(work: &mut Work, id: &str) -> Result<Job, StoreError> {
    const QUERY: &str = concat!("SELECT * FROM job j WHERE j.id = $2 AND ", in_scope!("j"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-job")), |row| Job::read(&row))
}

/// A job within the scope.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<Job, StoreError> {
    work.require(Permission::Jobs)?;
    Ok(find(work, id).await?.seen_by(work))
}

/// Jobs within the scope, the newest first.
pub(crate) async fn list(work: &mut Work, before: &str) -> Result<Vec<Job>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM job j WHERE ($2 = '' OR j.id < $2) AND ",
        in_scope!("j"),
        " ORDER BY j.id DESC LIMIT $3"
    );
    work.require(Permission::Jobs)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(before).bind(PAGE);
    let rows = query.fetch_all(work.connection()).await?;
    rows.iter().map(|row| Ok(Job::read(row)?.seen_by(work))).collect()
}

/// Asks a job to end: one that waits is cancelled at once, one that runs at its next step.
pub(crate) async fn cancel(work: &mut Work, id: &str) -> Result<Job, StoreError> {
    work.require(Permission::Jobs)?;
    find(work, id).await?;
    let now = work.now();
    let waiting = sqlx::query(
        "UPDATE job SET state = 'cancelled', step = 'cancelled', finished_at = $1 WHERE id = $2 AND state = 'queued'",
    );
    waiting.bind(now).bind(id).execute(work.connection()).await?;
    let running = sqlx::query("UPDATE job SET cancel = 1 WHERE id = $1 AND state = 'running'");
    running.bind(id).execute(work.connection()).await?;
    work.note("job.cancel", id, "");
    find(work, id).await
}

/// Takes up the next job: the one that was running when the server ended, then the one that waits longest.
pub(crate) async fn next(pool: &sqlx::Pool<sqlx::Any>) -> Result<Option<Job>, StoreError> {
    let query = sqlx::query(
        "SELECT * FROM job WHERE state IN ('queued', 'running')
         ORDER BY CASE state WHEN 'running' THEN 0 ELSE 1 END, created_at, id LIMIT 1",
    );
    query.fetch_optional(pool).await?.map(|row| Job::read(&row)).transpose()
}

/// A job begins, or begins again. None when it was cancelled meanwhile.
pub(crate) async fn begin(work: &mut Work, id: &str) -> Result<Option<Job>, StoreError> {
    let query = sqlx::query(
        "UPDATE job SET state = 'running', runs = runs + 1, step = 'begun', done = 0, total = 0
         WHERE id = $1 AND state IN ('queued', 'running')",
    );
    if query.bind(id).execute(work.connection()).await?.rows_affected() == 0 {
        return Ok(None);
    }
    work.note("job.begin", id, "");
    Ok(Some(find(work, id).await?))
}

/// How far a job has come; gives whether it is asked to end.
pub(crate) async fn progress(
    work: &mut Work,
    id: &str,
    (step, done, total): (&str, i64, i64),
) -> Result<bool, StoreError> {
    let query = sqlx::query(
        "UPDATE job SET step = $1, done = $2, total = $3 WHERE id = $4 AND state = 'running' RETURNING cancel",
    );
    let row = query.bind(step).bind(done).bind(total).bind(id).fetch_optional(work.connection()).await?;
    row.map_or(Ok(true), |row| Ok(row.try_get::<i64, _>("cancel")? != 0))
}

/// The computation of a wave that waits for its turn.
pub(crate) async fn waiting_wave(work: &mut Work, screening: &str) -> Result<Option<Job>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM job j WHERE j.kind = 'wave' AND j.state = 'queued' AND j.screening_id = $2 AND ",
        in_scope!("j"),
        " ORDER BY j.id LIMIT 1"
    );
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening);
    query.fetch_optional(work.connection()).await?.map(|row| Job::read(&row)).transpose()
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    Done(serde_json::Value),
    Failed(serde_json::Value),
    Cancelled,
}

/// Notes how a job ended.
pub(crate) async fn end(work: &mut Work, id: &str, ended: &Ended) -> Result<(), StoreError> {
    let (state, report, problem) = match ended {
        Ended::Done(report) => ("done", Some(report.to_string()), None),
        Ended::Failed(problem) => ("failed", None, Some(problem.to_string())),
        Ended::Cancelled => ("cancelled", None, None),
    };
    let now = work.now();
    let query = sqlx::query(
        "UPDATE job SET state = $1, step = $1, report = $2, problem = $3, finished_at = $4,
         done = CASE WHEN $1 = 'done' THEN total ELSE done END WHERE id = $5 AND state = 'running'",
    );
    query.bind(state).bind(report).bind(problem).bind(now).bind(id).execute(work.connection()).await?;
    work.note("job.end", id, state);
    Ok(())
}
