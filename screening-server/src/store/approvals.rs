//! Approve, then view: nobody sees who a pupil is without another person having agreed, or, in an emergency, without another
//! person looking at it afterwards.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::pupils::{self, Identity};
use super::roles::Permission;
use super::{PAGE, Work, in_scope, new_id, shown, shown_if};

const HOUR: i64 = 3600 * 1000;
/// How long an identity may be viewed in an emergency before anybody agreed.
const EMERGENCY_HOURS: i64 = 1;
/// The longest that a view is approved for: three days.
pub(crate) const LONGEST_HOURS: i64 = 72;

/// A request to view the identity behind a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) pupil_id: String,
    pub(crate) requested_by: String,
    pub(crate) requested_at: String,
    pub(crate) purpose: String,
    pub(crate) emergency: bool,
    /// `open`, `approved` or `refused`. An emergency that is open waits for its review.
    pub(crate) state: String,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<String>,
    pub(crate) reason: Option<String>,
    /// Until when the identity may be viewed.
    pub(crate) expires_at: Option<String>,
}

impl Request {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            pupil_id: row.try_get("pupil_id")?,
            requested_by: row.try_get("requested_by")?,
            requested_at: shown(row.try_get("requested_at")?),
            purpose: row.try_get("purpose")?,
            emergency: row.try_get::<i64, _>("emergency")? == 1,
            state: row.try_get("state")?,
            decided_by: row.try_get("decided_by")?,
            decided_at: shown_if(row.try_get("decided_at")?),
            reason: row.try_get("reason")?,
            expires_at: shown_if(row.try_get("expires_at")?),
        })
    }
}

/// Asks to view who a pupil is. In an emergency the view is open for an hour at once.
pub(crate) async fn ask(
    work: &mut Work,
    pupil_id: &str,
    purpose: &str,
    emergency: bool,
) -> Result<Request, StoreError> {
    work.require(Permission::IdentityRequest)?;
    if emergency {
        work.require(Permission::IdentityEmergency)?;
    }
    only_a_person(work)?;
    super::organisations::check_text("purpose", purpose)?;
    pupils::find(work, pupil_id).await?;
    let (id, now, by) = (new_id(), work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO identity_request (id, pupil_id, requested_by, requested_at, purpose, emergency, state, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7)",
    );
    let query = query.bind(&id).bind(pupil_id).bind(by).bind(now).bind(purpose).bind(i64::from(emergency));
    query.bind(emergency.then_some(now + EMERGENCY_HOURS * HOUR)).execute(work.connection()).await?;
    work.note(if emergency { "identity.emergency" } else { "identity.request" }, pupil_id, id.clone());
    get(work, &id).await
}

/// Decides about a request of somebody else, or reviews an emergency. What is approved may be viewed for some hours.
pub(crate) async fn decide(
    work: &mut Work,
    id: &str,
    approve: bool,
    hours: i64,
    reason: Option<&str>,
) -> Result<Request, StoreError> {
    work.require(Permission::IdentityApprove)?;
    work.require_step_up()?;
    only_a_person(work)?;
    let before = get(work, id).await?;
    if before.requested_by == work.caller().name() {
        return Err(StoreError::State("state-own-request"));
    }
    if !(1..=LONGEST_HOURS).contains(&hours) {
        return Err(StoreError::Invalid { field: "hours", wanted: "wanted-hours" });
    }
    if !approve && reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(StoreError::Invalid { field: "reason", wanted: "wanted-reason" });
    }
    let (now, by) = (work.now(), work.caller().name());
    let expires = if approve { now + hours * HOUR } else { now };
    let query = sqlx::query(
        "UPDATE identity_request SET state = $1, decided_by = $2, decided_at = $3, reason = $4, expires_at = $5
         WHERE id = $6 AND state = 'open'",
    );
    let query = query.bind(if approve { "approved" } else { "refused" }).bind(by).bind(now).bind(reason);
    if query.bind(expires).bind(id).execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::State("state-decided"));
    }
    work.note(if approve { "identity.approve" } else { "identity.refuse" }, &before.pupil_id, id.to_owned());
    get(work, id).await
}

/// Requests within the scope; of a state, or all.
pub(crate) async fn list(work: &mut Work, state: &str, after: &str, limit: i64) -> Result<Vec<Request>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT r.* FROM identity_request r JOIN pupil p ON p.id = r.pupil_id WHERE ",
        in_scope!("p"),
        " AND ($2 = '' OR r.state = $2) AND r.id > $3 ORDER BY r.id LIMIT $4"
    );
    work.require(Permission::IdentityRequest)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(state).bind(after).bind(limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Request::read).collect::<Result<_, _>>()?)
}

async fn get(work: &mut Work, id: &str) -> Result<Request, StoreError> {
    const QUERY: &str = concat!(
        "SELECT r.* FROM identity_request r JOIN pupil p ON p.id = r.pupil_id WHERE r.id = $2 AND ",
        in_scope!("p")
    );
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-request")), |row| Ok(Request::read(&row)?))
}

/// Who a pupil is, for whoever asked and was allowed to see it, as long as that lasts.
pub(crate) async fn view(work: &mut Work, pupil_id: &str) -> Result<Identity, StoreError> {
    work.require(Permission::IdentityRequest)?;
    pupils::find(work, pupil_id).await?;
    let query = sqlx::query(
        "SELECT id FROM identity_request WHERE pupil_id = $1 AND requested_by = $2 AND expires_at > $3
         AND (state = 'approved' OR (state = 'open' AND emergency = 1)) ORDER BY id DESC LIMIT 1",
    );
    let query = query.bind(pupil_id).bind(work.caller().name()).bind(work.now());
    let request = query.fetch_optional(work.connection()).await?.ok_or(StoreError::NotApproved)?;
    let request: String = request.try_get("id")?;
    let identity = pupils::read_identity(work, pupil_id).await?.ok_or(StoreError::Missing("what-identity"))?;
    work.note("identity.view", pupil_id, request);
    Ok(identity)
}

/// A machine does not see who somebody is, and does not agree to it.
fn only_a_person(work: &Work) -> Result<(), StoreError> {
    if work.caller().account().is_some() { Ok(()) } else { Err(StoreError::forbidden(Permission::IdentityRequest)) }
}
