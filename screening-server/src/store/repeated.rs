//! Requests that may be repeated: the answer to the first is the answer to all.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sqlx::Row;

use super::Store;
use super::caller::{Caller, Repeatable};
use super::error::{StoreError, is_taken};
use super::vault::Place;
use super::work::Work;

/// How long an answer is kept: a day.
pub(crate) const KEPT: i64 = 24 * 3600 * 1000;

fn place(row: &str) -> Place<'_> {
    Place { table: "repeated", column: "body", row }
}

/// The key of a row: keys of different callers never meet.
fn id(store: &Store, caller: &Caller, repeatable: &Repeatable) -> String {
    store.vault().hash("repeated", &format!("{}\n{}", caller.name(), repeatable.key))
}

/// Keeps an answer within the work that it is the answer of.
pub(super) async fn keep(work: &mut Work, status: StatusCode, body: &[u8]) -> Result<(), StoreError> {
    let Some(repeatable) = work.caller().repeatable.clone() else { return Ok(()) };
    let (id, now) = (id(work.store(), work.caller(), &repeatable), work.now());
    let vault = work.store().vault().clone();
    let key_id = vault.current();
    let sealed = vault.seal(place(&id), &key_id, body)?;
    let old = sqlx::query("DELETE FROM repeated WHERE at < $1").bind(now - KEPT);
    old.execute(work.connection()).await?;
    let query =
        sqlx::query("INSERT INTO repeated (id, fingerprint, status, key_id, body, at) VALUES ($1, $2, $3, $4, $5, $6)");
    let query = query.bind(&id).bind(&repeatable.fingerprint).bind(i64::from(status.as_u16()));
    let kept = query.bind(key_id).bind(sealed).bind(now).execute(work.connection()).await;
    match kept {
        // Somebody sent the same twice at once. This one is undone; sent again, it gets the answer of the other.
        Err(error) if is_taken(&error) => Err(StoreError::State("state-same-request")),
        other => Ok(other.map(|_| ())?),
    }
}

/// The answer that was given before, when there was one.
pub(crate) async fn find(store: &Store, caller: &Caller) -> Result<Option<Response>, StoreError> {
    let Some(repeatable) = &caller.repeatable else { return Ok(None) };
    let id = id(store, caller, repeatable);
    let query = sqlx::query("SELECT fingerprint, status, key_id, body FROM repeated WHERE id = $1 AND at >= $2");
    let row = query.bind(&id).bind(store.clock().now() - KEPT).fetch_optional(store.pool()).await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<String, _>("fingerprint")? != repeatable.fingerprint {
        return Err(StoreError::KeyReused);
    }
    let body: Vec<u8> = row.try_get("body")?;
    let body = store.vault().open(place(&id), &row.try_get::<String, _>("key_id")?, &body)?;
    let status = u16::try_from(row.try_get::<i64, _>("status")?).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(StoreError::Sealed("repeated"))?;
    let mut response = response(status, body.to_vec());
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(Some(response))
}

/// Deletes answers that are not kept any longer.
pub(super) async fn forget_old(store: &Store) -> Result<(), StoreError> {
    let mut work = store.begin(&Caller::system("retention", ""), "repeated.forget").await?;
    let query = sqlx::query("DELETE FROM repeated WHERE at < $1").bind(work.now() - KEPT);
    query.execute(work.connection()).await?;
    work.commit().await
}

/// An answer of JSON.
pub(super) fn response(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = (status, bytes).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
