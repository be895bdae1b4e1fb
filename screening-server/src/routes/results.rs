//! Results of a wave, the history of a pupil, who has answered; what waits for its pupil.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::problem::Problem;
use crate::state::App;
use crate::store::results::{self, ClassCompletion, Waiting, WaveResult};
use crate::store::{Caller, inbox, screenings};

use super::accounts::{Id, id_of};
use super::query::Query;

/// `GET /api/v1/screenings/{id}/results`
pub(super) async fn list(State(app): State<App>, caller: Caller, path: Id, uri: Uri) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let query = Query::read(&uri, &["organisation", "tier", "skip"])?;
    let wanted = results::Wanted {
        organisation: query.get("organisation").map(str::to_owned),
        tier: query.get("tier").map(str::to_owned),
        skip: query.parsed("skip", |text| text.parse().ok().filter(|skip| *skip >= 0))?.unwrap_or_default(),
    };
    let mut work = app.store()?.begin(&caller, "result.list").await?;
    screenings::find(&mut work, &id).await?;
    let found = results::list(&mut work, &id, &wanted).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

#[derive(Serialize)]
struct History {
    pupil: String,
    /// The earliest first. Change that is beyond the error of measurement stands in the row of the later wave.
    waves: Vec<WaveResult>,
}

/// `GET /api/v1/pupils/{id}/history`
pub(super) async fn history(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let pupil = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "history.read").await?;
    let waves = results::history(&mut work, &pupil).await?;
    Ok(work.answer(StatusCode::OK, &History { pupil, waves }).await?)
}

#[derive(Serialize)]
struct Completion {
    classes: Vec<ClassCompletion>,
    /// Who of the class has not answered, where one class was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Vec<Waiting>>,
}

/// `GET /api/v1/screenings/{id}/completion`
pub(super) async fn completion(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    uri: Uri,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let query = Query::read(&uri, &["class"])?;
    let mut work = app.store()?.begin(&caller, "completion.read").await?;
    screenings::find(&mut work, &id).await?;
    let classes = results::completion(&mut work, &id).await?;
    let waiting = match query.get("class") {
        Some(class) => Some(results::waiting(&mut work, &id, class).await?),
        None => None,
    };
    Ok(work.answer(StatusCode::OK, &Completion { classes, waiting }).await?)
}

/// `GET /api/v1/screenings/{id}/inbox`
pub(super) async fn inbox(State(app): State<App>, caller: Caller, path: Id, uri: Uri) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let query = Query::read(&uri, &["state", "after"])?;
    let known = |word: &str| ["waiting", "matched", "deleted"].into_iter().find(|known| *known == word);
    let state = query.parsed("state", known)?.unwrap_or_default();
    let mut work = app.store()?.begin(&caller, "inbox.list").await?;
    screenings::find(&mut work, &id).await?;
    let found = inbox::list(&mut work, &id, state, query.get("after").unwrap_or_default()).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}
