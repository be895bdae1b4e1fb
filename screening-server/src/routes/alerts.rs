//! Alerts: listed, live, acknowledged; and where they are sent.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use screening_core::instrument::Language;
use serde::Serialize;

use crate::live::webhook::is_allowed;
use crate::middleware::Asked;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::alerts::{self, Alert, Event};
use crate::store::webhooks::{self, Webhook};
use crate::store::{Caller, Permission};

use super::accounts::{Id, id_of};
use super::form;
use super::query::Query;
use super::screenings::secret_part;

/// A sign of life on a stream on which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this time, and the page opens it again: whoever has logged out meanwhile is not let in.
const LONGEST: Duration = Duration::from_mins(10);

/// An event with what its answer means, in the language of the caller.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    event: &'a Event,
    meaning: String,
}

/// What a flag means, as the definitions of today say it.
fn meaning(app: &App, alert: Option<&Alert>, language: Language) -> String {
    let Some(alert) = alert else { return String::new() };
    let catalogue = app.definitions.now();
    let Ok(ready) = catalogue.instruments.find(&alert.instrument) else { return String::new() };
    let mut flags = ready.instrument().definition().flags.iter();
    flags.find(|flag| flag.id == alert.flag).map(|flag| flag.meaning.get(language).to_owned()).unwrap_or_default()
}

/// `GET /api/v1/alerts`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["screening", "open", "after"])?;
    let wanted = alerts::Wanted {
        screening: query.get("screening").map(str::to_owned),
        open: query.parsed("open", |word| word.parse().ok())?.unwrap_or(false),
        after: query.get("after").unwrap_or_default().to_owned(),
    };
    let mut work = app.store()?.begin(&caller, "alert.list").await?;
    let found = alerts::list(&mut work, &wanted).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    alert: Alert,
    meaning: String,
    events: Vec<Event>,
}

/// `GET /api/v1/alerts/{id}`
pub(super) async fn one(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    path: Id,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "alert.read").await?;
    let (alert, events) = alerts::get(&mut work, &id).await?;
    let meaning = meaning(&app, Some(&alert), asked.language);
    Ok(work.answer(StatusCode::OK, &Whole { alert, meaning, events }).await?)
}

/// `POST /api/v1/alerts/{id}/acknowledge`
pub(super) async fn acknowledge(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "alert.acknowledge").await?;
    let alert = alerts::acknowledge(&mut work, &id).await?;
    let response = work.answer(StatusCode::OK, &alert).await?;
    app.live.hub.alert();
    Ok(response)
}

/// A stream that goes on.
struct Stream {
    app: App,
    caller: Caller,
    language: Language,
    last: i64,
    news: tokio::sync::watch::Receiver<u64>,
    until: tokio::time::Instant,
    begun: bool,
}

/// `GET /api/v1/alerts/stream`: events as they happen (server-sent events). `Last-Event-ID` goes on after an event; without it
/// the stream begins with what nobody has acknowledged yet.
pub(super) async fn stream(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    // A page cannot set the header on its first request: it may say it in the query.
    let query = Query::read(&uri, &["after"])?;
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let after: Option<i64> = match after {
        Some(after) => Some(after),
        None => query.parsed("after", |text| text.parse().ok())?,
    };
    let news = app.live.hub.alerts();
    let last = match after {
        Some(after) => after,
        None => {
            let mut work = app.store()?.begin(&caller, "alert.stream").await?;
            let first = alerts::first_open(&mut work).await?;
            work.commit().await?;
            first
        }
    };
    let until = tokio::time::Instant::now() + LONGEST;
    let stream = Stream { app, caller, language: asked.language, last, news, until, begun: false };
    let parts = unfold(stream, |mut stream| async {
        let part = next(&mut stream).await?;
        Some((Ok::<_, Infallible>(Bytes::from(part)), stream))
    });
    Ok(event_stream(Body::from_stream(parts)))
}

/// An answer that goes on for as long as there is something to tell.
pub(super) fn event_stream(body: Body) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Proxies that hold back small parts would hold back an alert.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next part of a stream; none at its end.
async fn next(stream: &mut Stream) -> Option<String> {
    if !stream.begun {
        stream.begun = true;
        return Some("retry: 1000\n\n".to_owned());
    }
    loop {
        // What comes from here on is told again by the next look.
        stream.news.borrow_and_update();
        match events(stream).await {
            Ok(text) if !text.is_empty() => return Some(text),
            Ok(_) => {}
            // The page comes again, and goes on after the last event it saw.
            Err(_) => return None,
        }
        let (app, until) = (stream.app.clone(), stream.until);
        tokio::select! {
            changed = stream.news.changed() => changed.ok()?,
            () = tokio::time::sleep(HEARTBEAT) => return Some(": \n\n".to_owned()),
            () = tokio::time::sleep_until(until) => return None,
            () = app.live.hub.ended() => return None,
        }
    }
}

/// Events after the last one, as the stream tells them.
async fn events(stream: &mut Stream) -> Result<String, Problem> {
    let mut work = stream.app.store()?.begin(&stream.caller, "alert.stream").await?;
    let found = alerts::events_after(&mut work, stream.last).await?;
    // Nothing is told before it is noted that it was told.
    work.commit().await?;
    let mut text = String::new();
    for event in &found {
        let told = Told { event, meaning: meaning(&stream.app, event.alert.as_ref(), stream.language) };
        let data = serde_json::to_string(&told).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind);
        stream.last = event.seq;
    }
    Ok(text)
}

#[derive(Serialize)]
struct NewWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// Shown once.
    secret: String,
}

/// `GET /api/v1/webhooks`
pub(super) async fn webhooks(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let mut work = app.store()?.begin(&caller, "webhook.list").await?;
    let found = webhooks::list(&mut work).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

/// `POST /api/v1/webhooks`
pub(super) async fn add_webhook(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (url, organisation) = form::read(&bytes, &["url", "organisation_id"], |form| {
        let (url, organisation) = (form.text("url"), form.text_if("organisation_id"));
        Some((url?, organisation))
    })?;
    if !is_allowed(&url) {
        return Err(Fault::new(ProblemKind::WebhookAddress).at("/url").into());
    }
    let mut work = app.store()?.begin(&caller, "webhook.add").await?;
    work.require(Permission::AlertsWrite)?;
    let organisation = organisation.unwrap_or_else(|| caller.scope.id().to_owned());
    let secret = secret_part()?;
    let added = webhooks::add(&mut work, &organisation, &url, &secret).await;
    let webhook = added.map_err(|error| error.of_body("what-organisation", "/organisation_id"))?;
    Ok(work.answer(StatusCode::CREATED, &NewWebhook { webhook, secret }).await?)
}

/// `DELETE /api/v1/webhooks/{id}`
pub(super) async fn disable_webhook(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "webhook.disable").await?;
    let webhook = webhooks::disable(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &webhook).await?)
}

/// `GET /api/v1/webhooks/{id}/deliveries`
pub(super) async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    uri: Uri,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let query = Query::read(&uri, &["state"])?;
    let known = |word: &str| ["waiting", "delivered", "dead"].into_iter().find(|known| *known == word);
    let state = query.parsed("state", known)?.unwrap_or_default();
    let mut work = app.store()?.begin(&caller, "webhook.deliveries").await?;
    let found = webhooks::deliveries(&mut work, &id, state).await?;
    Ok(work.answer(StatusCode::OK, &found).await?)
}

#[derive(Serialize)]
struct Replayed {
    queued: u64,
}

/// `POST /api/v1/webhooks/{id}/replay`
pub(super) async fn replay(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let from = form::read(&bytes, &["from"], |form| Some(form.whole_if("from", (0, i64::MAX))))?;
    let mut work = app.store()?.begin(&caller, "webhook.replay").await?;
    let queued = webhooks::replay(&mut work, &id, from).await?;
    let response = work.answer(StatusCode::OK, &Replayed { queued }).await?;
    app.live.hub.alert();
    Ok(response)
}
