//! Screenings: prepared, released, closed; computed.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::jobs::again::again;
use crate::jobs::{RescoreSettings, add_wave};
use crate::middleware::Asked;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::screenings::{self, Screening};
use crate::store::{Caller, Permission, StoreError, jobs, new_id, push_keys, sources};
use crate::wave::{Definition, Prepared};

use super::accounts::{Id, id_of};
use super::form;
use super::query::Query;

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    screening: Screening,
    definition: Value,
}

impl Whole {
    fn of(screening: Screening) -> Self {
        // It was read before it was stored.
        let definition = serde_json::from_str(&screening.definition).unwrap_or_default();
        Self { screening, definition }
    }
}

fn refused(why: impl ToString) -> Problem {
    Fault::new(ProblemKind::InvalidScreening).with("why", why.to_string().trim_end_matches('.')).into()
}

/// The text of a body, which is JSON.
fn json_text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault::new(ProblemKind::InvalidJson).with("row", 1).with("column", 1))?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(Fault::new(ProblemKind::InvalidJson)
            .with("row", error.line())
            .with("column", error.column())
            .into());
    }
    Ok(text)
}

/// The text of a definition, and what it says.
fn definition(bytes: &[u8]) -> Result<(String, Definition), Problem> {
    Ok((json_text(bytes)?.to_owned(), Definition::read(bytes).map_err(refused)?))
}

/// `GET /api/v1/screenings`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let mut work = app.store()?.begin(&caller, "screening.list").await?;
    let found = screenings::list(&mut work).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

/// `POST /api/v1/screenings`
pub(super) async fn add(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (text, definition) = definition(&bytes)?;
    let mut work = app.store()?.begin(&caller, "screening.add").await?;
    let day = definition.administered_on.to_string();
    let screening = screenings::add(&mut work, &definition.wave, &day, &text).await?;
    Ok(work.answer(StatusCode::CREATED, &Whole::of(screening)).await?)
}

/// `GET /api/v1/screenings/{id}`
pub(super) async fn one(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "screening.read").await?;
    let screening = screenings::get(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &Whole::of(screening)).await?)
}

/// `PUT /api/v1/screenings/{id}`
pub(super) async fn rewrite(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (text, definition) = definition(&bytes)?;
    let mut work = app.store()?.begin(&caller, "screening.change").await?;
    let day = definition.administered_on.to_string();
    let screening = screenings::rewrite(&mut work, &id, (&definition.wave, &day), &text).await?;
    Ok(work.answer(StatusCode::OK, &Whole::of(screening)).await?)
}

/// `POST /api/v1/screenings/{id}/release`: everything is looked up and checked against each other, and cited.
pub(super) async fn release(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "screening.release").await?;
    work.require(Permission::ScreeningsWrite)?;
    let screening = screenings::find(&mut work, &id).await?;
    let (text, catalogue) = (screening.definition.clone(), app.definitions.now());
    let preparing = tokio::task::spawn_blocking(move || Prepared::newest(text.as_bytes(), &catalogue)).await;
    let prepared = preparing.map_err(|_| ProblemKind::Internal)?.map_err(refused)?;
    for contact in &prepared.definition.duty.contacts {
        if !screenings::is_account(&mut work, contact).await? {
            return Err(refused(format!("`duty.contacts`: there is no account `{contact}`")));
        }
    }
    let screening = screenings::release(&mut work, &id, &prepared.frozen).await?;
    let response = work.answer(StatusCode::OK, &Whole::of(screening)).await?;
    app.live.waves.forget();
    Ok(response)
}

/// `POST /api/v1/screenings/{id}/close`
pub(super) async fn close(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "screening.close").await?;
    let screening = screenings::close(&mut work, &id).await?;
    let response = work.answer(StatusCode::OK, &Whole::of(screening)).await?;
    app.live.waves.forget();
    app.live.drafts.forget();
    Ok(response)
}

/// `POST /api/v1/screenings/{id}/compute`: the results of the whole wave, from what is there now.
pub(super) async fn compute(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    path: Id,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "screening.compute").await?;
    if !matches!(caller.scope, crate::store::Scope::District(_)) {
        return Err(StoreError::Missing("what-screening").into());
    }
    screenings::find(&mut work, &id).await?;
    let job = add_wave(&mut work, &id, asked.language).await?;
    let response = work.answer(StatusCode::ACCEPTED, &job).await?;
    app.live.hub.job();
    Ok(response)
}

/// `POST /api/v1/screenings/{id}/rescore`: what other definitions would say of a wave. Its results stay what they are.
pub(super) async fn rescore(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let settings = form::read(&bytes, &["policy", "norms", "validity"], |form| {
        let (policy, norms, validity) = (form.text_if("policy"), form.texts_if("norms"), form.text_if("validity"));
        Some(RescoreSettings { policy, norms, validity })
    })?;
    if !matches!(caller.scope, crate::store::Scope::District(_)) {
        return Err(StoreError::Missing("what-screening").into());
    }
    let mut work = app.store()?.begin(&caller, "screening.rescore").await?;
    let screening = screenings::find(&mut work, &id).await?;
    if screening.state != screenings::State::Closed {
        return Err(StoreError::State("state-not-closed").into());
    }
    let settings = serde_json::json!({ "language": crate::language::tag(asked.language), "read": settings });
    let job_id = jobs::id();
    let new = jobs::New {
        id: &job_id,
        screening: Some(&id),
        kind: "rescore",
        settings: &settings,
        file_name: "",
        file_hash: "",
        file_bytes: 0,
    };
    let (job, _) = jobs::add(&mut work, &new).await?;
    let response = work.answer(StatusCode::ACCEPTED, &job).await?;
    app.live.hub.job();
    Ok(response)
}

/// What is wrong where a released screening is needed.
fn released(screening: &Screening) -> Result<(), Problem> {
    if screening.state == screenings::State::Released {
        return Ok(());
    }
    Err(Fault::new(ProblemKind::ScreeningNotOpen).with("state", screening.state.word()).into())
}

/// `PUT /api/v1/screenings/{screening}/sources/{source}`: corrects how the answers of a source are read, and reads again what it
/// could not read before.
pub(super) async fn change_source(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((id, source)) = path.map_err(|_| ProblemKind::NotFound)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let text = json_text(&bytes)?;
    let mut work = app.store()?.begin(&caller, "source.change").await?;
    let screening = screenings::find(&mut work, &id).await?;
    released(&screening)?;
    let mut definition = Definition::read(screening.definition.as_bytes()).map_err(refused)?;
    if !definition.sources.contains_key(&source) {
        return Err(Fault::new(ProblemKind::UnknownSource).with("source", crate::order::shown(&source)).into());
    }
    definition.change_source(&source, text).map_err(refused)?;
    sources::add(&mut work, &id, &source, text).await?;
    work.commit().await?;
    app.live.waves.forget();
    tried_again(&app, &caller, &id).await
}

/// `POST /api/v1/screenings/{id}/inbox/retry`: tries again what waits.
pub(super) async fn retry_inbox(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    tried_again(&app, &caller, &id_of(path)?).await
}

async fn tried_again(app: &App, caller: &Caller, id: &str) -> Result<Response, Problem> {
    if !matches!(caller.scope, crate::store::Scope::District(_)) {
        return Err(StoreError::Missing("what-screening").into());
    }
    let mut work = app.store()?.begin(caller, "inbox.again").await?;
    let screening = screenings::find(&mut work, id).await?;
    work.commit().await?;
    released(&screening)?;
    let tried = again(app, caller, &screening).await?;
    let work = app.store()?.begin(caller, "inbox.again").await?;
    Ok(work.answer(StatusCode::OK, &tried).await?)
}

#[derive(Serialize)]
struct Address {
    /// Where the platform is to push to. Shown once.
    path: String,
}

/// `POST /api/v1/screenings/{id}/pushes`: an address that a platform pushes to.
pub(super) async fn push_address(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (source, secret) = form::read(&bytes, &["source", "secret"], |form| {
        let (source, secret) = (form.text("source"), form.text_if("secret"));
        Some((source?, secret))
    })?;
    let mut work = app.store()?.begin(&caller, "push.key").await?;
    let screening = screenings::find(&mut work, &id).await?;
    let definition = Definition::read(screening.definition.as_bytes()).map_err(refused)?;
    let platform = definition.sources.get(&source).and_then(crate::wave::Source::platform);
    let platform = platform.ok_or_else(|| {
        Fault::new(ProblemKind::UnknownSource).at("/source").with("source", crate::order::shown(&source))
    })?;
    if platform.signs() && secret.is_none() {
        return Err(Fault::new(ProblemKind::MissingKey).at("/secret").with("key", "secret").into());
    }
    let key = format!("{}{}", new_id().replace('-', ""), secret_part()?);
    push_keys::add(&mut work, &id, &source, (&key, secret.as_deref())).await?;
    let address = Address { path: format!("/api/v1/push/{}/{key}", platform.word()) };
    Ok(work.answer(StatusCode::CREATED, &address).await?)
}

/// 160 random bits as text.
pub(super) fn secret_part() -> Result<String, StoreError> {
    Ok(data_encoding::HEXLOWER.encode(&crate::store::random::<20>()?))
}
