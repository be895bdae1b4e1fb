//! Jobs: uploads, how far they are, what came of them.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::BodyExt;
use serde_json::json;

use crate::jobs::files::{self, Sealing, Written};
use crate::jobs::{AnswersSettings, RosterSettings, UPLOAD};
use crate::middleware::Asked;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::jobs::{self, Job, New};
use crate::store::screenings::{self, State as ScreeningState};
use crate::store::{Caller, Permission, Scope, StoreError};

use super::accounts::{Id, id_of};
use super::alerts::event_stream;
use super::query::Query;

/// A sign of life on a stream on which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// As long as the name of a file may be.
const LONGEST_NAME: usize = 200;

/// Streams a body into the data folder, encrypted.
async fn receive(app: &App, job: &str, request: Request) -> Result<Written, Problem> {
    let too_large = || Problem::from(Fault::new(ProblemKind::BodyTooLarge).with("limit", app.limits.upload));
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > app.limits.upload) {
        return Err(too_large());
    }
    let (mut sealing, mut body, mut bytes) = (Sealing::begin(app.store()?, job, UPLOAD)?, request.into_body(), 0_u64);
    loop {
        let frame = match tokio::time::timeout(app.limits.idle, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => return Err(ProblemKind::BrokenBody.into()),
            Ok(None) => break,
            Err(_) => {
                return Err(Fault::new(ProblemKind::RequestTimeout).with("seconds", app.limits.idle.as_secs()).into());
            }
        };
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        if bytes > app.limits.upload {
            return Err(too_large());
        }
        let adding = tokio::task::spawn_blocking(move || sealing.add(&data).map(|()| sealing)).await;
        sealing = adding.map_err(|_| ProblemKind::Internal)??;
    }
    let ending = tokio::task::spawn_blocking(move || sealing.end()).await;
    Ok(ending.map_err(|_| ProblemKind::Internal)??)
}

/// Name of a file as it came: the last part, without what a path or a terminal would obey.
fn file_name(query: &Query) -> String {
    let given = query.get("file").unwrap_or("upload");
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if name.trim().is_empty() { "upload".to_owned() } else { name }
}

/// Receives a file and queues its job.
async fn queue(
    app: &App,
    caller: &Caller,
    request: Request,
    (kind, screening): (&str, Option<&str>),
    (name, settings): (String, serde_json::Value),
) -> Result<Response, Problem> {
    let store = app.store()?;
    let id = jobs::id();
    let written = match receive(app, &id, request).await {
        Ok(written) => written,
        Err(problem) => {
            files::remove(store, &id, UPLOAD);
            return Err(problem);
        }
    };
    let mut work = store.begin(caller, "job.add").await?;
    let new = New {
        id: &id,
        screening,
        kind,
        settings: &settings,
        file_name: &name,
        file_hash: &written.hash,
        file_bytes: i64::try_from(written.bytes).unwrap_or(i64::MAX),
    };
    let (job, is_new) = jobs::add(&mut work, &new).await?;
    if !is_new {
        files::remove(store, &id, UPLOAD);
    }
    // The same file once more is the same job: nothing is done twice.
    let response = work.answer(if is_new { StatusCode::ACCEPTED } else { StatusCode::OK }, &job).await?;
    app.live.hub.job();
    Ok(response)
}

/// `POST /api/v1/rosters`: a class list.
pub(super) async fn roster(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let query = Query::read(request.uri(), &["file", "school", "day", "system", "whole_schools", "dry_run"])?;
    if !caller.may(Permission::Jobs) {
        return Err(StoreError::forbidden(Permission::Jobs).into());
    }
    let flag = |key: &str| query.parsed(key, |word| word.parse::<bool>().ok());
    let read = RosterSettings {
        school: query.get("school").map(str::to_owned),
        day: query.parsed("day", |day| day.parse().ok())?,
        system: query.parsed("system", |word| ["6-3", "5-4"].contains(&word).then(|| word.to_owned()))?,
        whole_schools: flag("whole_schools")?.unwrap_or(false),
        dry_run: flag("dry_run")?.unwrap_or(false),
    };
    let name = file_name(&query);
    let settings = json!({ "language": crate::language::tag(asked.language), "read": read });
    queue(&app, &caller, request, ("roster", None), (name, settings)).await
}

/// `POST /api/v1/screenings/{id}/answers`: an export, or a table of answers.
pub(super) async fn answers(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let query = Query::read(request.uri(), &["file", "source"])?;
    if !caller.may(Permission::SheetsWrite) {
        return Err(StoreError::forbidden(Permission::SheetsWrite).into());
    }
    let source = query.get("source").unwrap_or_default().to_owned();
    let mut work = app.store()?.begin(&caller, "answers.upload").await?;
    let screening = screenings::find(&mut work, &id).await?;
    work.commit().await?;
    if screening.state != ScreeningState::Released {
        return Err(Fault::new(ProblemKind::ScreeningNotOpen).with("state", screening.state.word()).into());
    }
    let prepared = app.live.waves.of(&app, &screening)?;
    if !prepared.definition.sources.contains_key(&source) {
        let shown = crate::order::shown(&source);
        return Err(Fault::new(ProblemKind::UnknownSource).with("source", shown).into());
    }
    let name = file_name(&query);
    let settings = json!({ "language": crate::language::tag(asked.language), "read": AnswersSettings { source } });
    queue(&app, &caller, request, ("answers", Some(&id)), (name, settings)).await
}

/// `GET /api/v1/jobs`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["before"])?;
    let mut work = app.store()?.begin(&caller, "job.list").await?;
    let found = jobs::list(&mut work, query.get("before").unwrap_or_default()).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

async fn get(app: &App, caller: &Caller, id: &str) -> Result<Job, Problem> {
    let mut work = app.store()?.begin(caller, "job.read").await?;
    let job = jobs::get(&mut work, id).await?;
    work.commit().await?;
    Ok(job)
}

/// `GET /api/v1/jobs/{id}`
pub(super) async fn one(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let job = get(&app, &caller, &id_of(path)?).await?;
    Ok(super::score::json(serde_json::to_vec(&job).unwrap_or_default()))
}

/// `DELETE /api/v1/jobs/{id}`: cancels it.
pub(super) async fn cancel(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "job.cancel").await?;
    let job = jobs::cancel(&mut work, &id).await?;
    let response = work.answer(StatusCode::OK, &job).await?;
    if job.state == "cancelled" {
        files::remove(app.store()?, &id, UPLOAD);
    }
    app.live.hub.job();
    Ok(response)
}

/// `GET /api/v1/jobs/{id}/stream`: how far it is, until it has ended (server-sent events).
pub(super) async fn stream(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let news = app.live.hub.jobs();
    get(&app, &caller, &id).await?;
    let begun = (app, caller, id, news, String::new(), false);
    let parts = unfold(begun, |(app, caller, id, mut news, mut last, ended)| async move {
        if ended {
            return None;
        }
        loop {
            news.borrow_and_update();
            let job = get(&app, &caller, &id).await.ok()?;
            let data = serde_json::to_string(&job).unwrap_or_default();
            if data != last {
                last.clone_from(&data);
                let name = if job.is_finished() { "ended" } else { "progress" };
                let part = format!("event: {name}\ndata: {data}\n\n");
                return Some((
                    Ok::<_, Infallible>(Bytes::from(part)),
                    (app, caller, id, news, last, job.is_finished()),
                ));
            }
            let ending = app.clone();
            tokio::select! {
                changed = news.changed() => changed.ok()?,
                () = tokio::time::sleep(HEARTBEAT) => {
                    return Some((Ok(Bytes::from_static(b": \n\n")), (app, caller, id, news, last, false)));
                }
                () = ending.live.hub.ended() => return None,
            }
        }
    });
    Ok(event_stream(Body::from_stream(parts)))
}

/// `GET /api/v1/jobs/{id}/files/{name}`: a file that a computation wrote, for who acts on the whole district.
pub(super) async fn file(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((id, name)) = path.map_err(|_| ProblemKind::NotFound)?;
    let store = app.store()?;
    let mut work = store.begin(&caller, "job.download").await?;
    work.require(Permission::ResultsRead)?;
    let job = jobs::get(&mut work, &id).await?;
    let listed = job.report.as_ref().and_then(|report| report["files"].as_array()).into_iter().flatten();
    let known = listed.filter_map(serde_json::Value::as_str).any(|known| known == name);
    if !known || !matches!(caller.scope, Scope::District(_)) {
        return Err(StoreError::Missing("what-file").into());
    }
    work.note("job.download", &id, &name);
    work.commit().await?;
    let (store, wanted) = (store.clone(), name.clone());
    let reading = tokio::task::spawn_blocking(move || files::read(&store, &id, &wanted)).await;
    let bytes = reading.map_err(|_| ProblemKind::Internal)??.ok_or(StoreError::Missing("what-file"))?;
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&name)));
    // The names are those of this program.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
