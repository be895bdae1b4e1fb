//! Pushes of survey platforms. The last part of the path is the secret that the address was made with.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::jobs::intake::{Came, Intake};
use crate::jobs::pushed;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::push::{self, Action, Platform, Unread};
use crate::state::App;
use crate::store::sheets::{self, Taken};
use crate::store::{Work, inbox, push_keys};

use super::body;

/// What the platform is told.
#[derive(Serialize)]
struct Receipt {
    /// `new`, `same`, `changed`, `deleted`, `waiting` (for its pupil), `kept` (it cannot be read by the mapping) or `ignored` (a try of the address).
    taken: &'static str,
}

/// `POST /api/v1/push/{platform}/{key}`
pub(super) async fn push(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((word, key)) = path.map_err(|_| ProblemKind::NotFound)?;
    let platform = Platform::named(&word).ok_or(ProblemKind::NotFound)?;
    let store = app.store()?;
    // Nobody learns by trying which part of an address was wrong.
    let address = push_keys::find(store, &key).await?.ok_or(ProblemKind::NotFound)?;
    let bytes = body::whole(request, &app.limits).await?;
    let (screening, prepared) = app.live.waves.open(&app, &address.caller, &address.screening).await?;
    let source = prepared.definition.sources.get(&address.source).filter(|source| source.platform() == Some(platform));
    let source = source.ok_or(ProblemKind::NotFound)?;
    let pushed = push::read(platform, &bytes, address.secret.as_deref()).map_err(|unread| match unread {
        Unread::Signature => Problem::from(ProblemKind::PushSignature),
        Unread::NotJson => Fault::new(ProblemKind::PushUnreadable).with("key", "{}").into(),
        Unread::Key(key) => Fault::new(ProblemKind::PushUnreadable).with("key", key).into(),
        Unread::TooLarge => Fault::new(ProblemKind::BodyTooLarge).with("limit", app.limits.body).into(),
    })?;
    let id = format!("{}:{}", address.source, pushed.answer);
    let mut work = store.begin(&address.caller, "push.write").await?;
    let taken = match pushed.action {
        Action::Test => "ignored",
        Action::Delete => {
            let deleted = sheets::delete(&mut work, &screening.id, &id).await?;
            let known = inbox::find(&mut work, &screening.id, &id).await?;
            let incoming = inbox::Incoming {
                screening: &screening.id,
                id: &id,
                source: &address.source,
                hash: known.as_ref().map_or("", |known| known.hash.as_str()),
                body: b"",
                why: "",
                sheet: None,
                deleted: true,
            };
            inbox::put(&mut work, &incoming).await?;
            if deleted || known.is_some() { "deleted" } else { "ignored" }
        }
        Action::Put => {
            let Ok((sheet, battery)) = pushed::sheet(&pushed, source, &address.source, &prepared) else {
                // What cannot be read now is kept as it came, until the mapping is corrected: the platform does not send it for ever.
                tracing::warn!(
                    screening = screening.id,
                    "a push cannot be read by the mapping of its source, and is kept"
                );
                keep(&mut work, (&screening.id, &id, &address.source), &bytes).await?;
                return Ok(work.answer(StatusCode::OK, &Receipt { taken: "kept" }).await?);
            };
            let catalogue = app.definitions.now();
            let named = format!("push:{}", address.source);
            let intake = Intake { screening: &screening, prepared: &prepared, catalogue: &catalogue, source: &named };
            let outcome = intake.take(&mut work, &id, battery, &sheet, None).await?;
            match outcome.came {
                Came::In(Taken::New) => "new",
                Came::In(Taken::Same) => "same",
                Came::In(Taken::Changed) => "changed",
                Came::Waits => "waiting",
            }
        }
    };
    let response = work.answer(StatusCode::OK, &Receipt { taken }).await?;
    // Whether there was an alert or not: a look costs little.
    app.live.hub.alert();
    Ok(response)
}

/// Keeps a push that cannot be read.
async fn keep(work: &mut Work, (screening, id, source): (&str, &str, &str), body: &[u8]) -> Result<(), Problem> {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(body));
    let incoming = inbox::Incoming {
        screening,
        id,
        source,
        hash: &hash,
        body,
        why: inbox::UNREADABLE,
        sheet: None,
        deleted: false,
    };
    Ok(inbox::put(work, &incoming).await?)
}
