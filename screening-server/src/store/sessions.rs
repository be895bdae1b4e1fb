//! Sessions of browsers: a random token in a cookie, its hash in the store.

use data_encoding::BASE64URL_NOPAD;
use sqlx::Row;

use super::caller::{Caller, Holder, Scope};
use super::error::StoreError;
use super::keys::random;
use super::roles::Role;
use super::{Store, Work};

/// A session ends when nothing was asked for this long: half an hour.
pub(crate) const IDLE: i64 = 30 * 60 * 1000;
/// A session ends after this long in any case: twelve hours.
pub(crate) const LONGEST: i64 = 12 * 3600 * 1000;
/// A second factor counts as fresh for this long: ten minutes.
pub(crate) const STEP_UP: i64 = 10 * 60 * 1000;
/// How exactly it is written down when something was asked last.
const SEEN: i64 = 60 * 1000;

/// A session that was begun. The token is in the cookie, the other in a header of every request that changes something.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) token: String,
    pub(crate) csrf: String,
}

/// A random token of 256 bits.
pub(crate) fn new_secret() -> Result<String, StoreError> {
    Ok(BASE64URL_NOPAD.encode(&random::<32>()?))
}

/// The token against forged requests that belongs to a session.
pub(crate) fn csrf(store: &Store, token: &str) -> String {
    store.vault().hash("csrf", token)
}

/// Begins a session of an account whose password was right.
pub(crate) async fn begin(work: &mut Work, account: &str, second_factor: bool) -> Result<Begun, StoreError> {
    let token = new_secret()?;
    let hash = work.store().vault().hash("session", &token);
    let now = work.now();
    let old = sqlx::query("DELETE FROM session WHERE expires_at < $1 OR seen_at < $2").bind(now).bind(now - IDLE);
    old.execute(work.connection()).await?;
    let query = sqlx::query(
        "INSERT INTO session (hash, account_id, created_at, seen_at, expires_at, step_up_until)
         VALUES ($1, $2, $3, $3, $4, $5)",
    );
    let query = query.bind(hash).bind(account).bind(now).bind(now + LONGEST);
    query.bind(second_factor.then_some(now + STEP_UP)).execute(work.connection()).await?;
    let csrf = csrf(work.store(), &token);
    Ok(Begun { token, csrf })
}

/// Who a session belongs to, as long as it lasts.
pub(crate) async fn find(store: &Store, token: &str) -> Result<Option<Caller>, StoreError> {
    let hash = store.vault().hash("session", token);
    let now = store.clock().now();
    let query = sqlx::query(
        "SELECT s.account_id, s.seen_at, s.step_up_until, a.role, o.id, o.kind, o.district_id
         FROM session s JOIN account a ON a.id = s.account_id JOIN organisation o ON o.id = a.organisation_id
         WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND a.disabled_at IS NULL AND o.closed_at IS NULL",
    );
    let row = query.bind(&hash).bind(now).bind(now - IDLE).fetch_optional(store.pool()).await?;
    let Some(row) = row else { return Ok(None) };
    if now - row.try_get::<i64, _>("seen_at")? > SEEN {
        let seen = sqlx::query("UPDATE session SET seen_at = $1 WHERE hash = $2").bind(now).bind(&hash);
        seen.execute(store.pool()).await?;
    }
    let role = Role::named(&row.try_get::<String, _>("role")?);
    let scope = Scope::of(&row.try_get::<String, _>("kind")?, row.try_get("id")?);
    let (Some(role), Some(scope)) = (role, scope) else { return Ok(None) };
    Ok(Some(Caller {
        holder: Holder::Account(row.try_get("account_id")?),
        role,
        scope,
        district_id: row.try_get("district_id")?,
        step_up_until: row.try_get("step_up_until")?,
        request_id: String::new(),
        repeatable: None,
    }))
}

/// A second factor was given within a session.
pub(crate) async fn step_up(work: &mut Work, token: &str) -> Result<i64, StoreError> {
    let hash = work.store().vault().hash("session", token);
    let until = work.now() + STEP_UP;
    let query = sqlx::query("UPDATE session SET step_up_until = $1 WHERE hash = $2").bind(until).bind(hash);
    query.execute(work.connection()).await?;
    Ok(until)
}

/// Ends one session.
pub(crate) async fn end(work: &mut Work, token: &str) -> Result<(), StoreError> {
    let hash = work.store().vault().hash("session", token);
    sqlx::query("DELETE FROM session WHERE hash = $1").bind(hash).execute(work.connection()).await?;
    Ok(())
}

/// Ends all sessions of an account: after a change of its password, its role, or its end.
pub(crate) async fn end_all(work: &mut Work, account: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE account_id = $1").bind(account).execute(work.connection()).await?;
    Ok(())
}
