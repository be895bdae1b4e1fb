//! Tokens of machines: shown once, hashed in the store, for one role within one scope, until a day.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::caller::{Caller, Holder, Scope};
use super::error::StoreError;
use super::organisations::{self, check_text};
use super::roles::{Permission, Role};
use super::sessions::new_secret;
use super::{PAGE, Store, Work, in_scope, new_id, shown, shown_if};

/// What every token begins with: whoever finds one in a file knows what it is.
pub(crate) const PREFIX: &str = "scr_";
/// The longest a token lasts: 400 days.
const LONGEST_DAYS: i64 = 400;
const DAY: i64 = 24 * 3600 * 1000;

/// A token, without what lets somebody use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) organisation_id: String,
    pub(crate) created_by: String,
    pub(crate) created_at: String,
    pub(crate) expires_at: String,
    pub(crate) revoked_at: Option<String>,
}

impl Token {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            role: row.try_get("role")?,
            organisation_id: row.try_get("organisation_id")?,
            created_by: row.try_get("created_by")?,
            created_at: shown(row.try_get("created_at")?),
            expires_at: shown(row.try_get("expires_at")?),
            revoked_at: shown_if(row.try_get("revoked_at")?),
        })
    }
}

/// Roles that somebody of a role may give: nobody gives more than they have, and only a district has auditors and officers.
pub(crate) fn may_give(giver: Role, role: Role) -> bool {
    match giver {
        Role::System => true,
        Role::DistrictOfficer => role != Role::System,
        _ => false,
    }
}

/// Issues a token. It is returned once and never again.
pub(crate) async fn issue(
    work: &mut Work,
    name: &str,
    role: Role,
    organisation_id: &str,
    days: i64,
) -> Result<(Token, String), StoreError> {
    work.require(Permission::Tokens)?;
    work.require_step_up()?;
    check_text("name", name)?;
    if !may_give(work.caller().role, role) {
        return Err(StoreError::forbidden(Permission::Tokens));
    }
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(StoreError::Invalid { field: "days", wanted: "wanted-days" });
    }
    let organisation = organisations::get(work, organisation_id).await?;
    let secret = format!("{PREFIX}{}", new_secret()?);
    let hash = work.store().vault().hash("token", &secret);
    let (id, now, by) = (new_id(), work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO token (id, hash, name, role, organisation_id, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let query = query.bind(&id).bind(hash).bind(name).bind(role.id()).bind(&organisation.id).bind(&by).bind(now);
    query.bind(now + days * DAY).execute(work.connection()).await?;
    work.note("token.issue", &id, format!("{role} {}", organisation.id));
    let token = Token {
        id,
        name: name.to_owned(),
        role: role.id().to_owned(),
        organisation_id: organisation.id,
        created_by: by,
        created_at: shown(now),
        expires_at: shown(now + days * DAY),
        revoked_at: None,
    };
    Ok((token, secret))
}

/// Tokens within the scope, those that have ended too.
pub(crate) async fn list(work: &mut Work, after: &str, limit: i64) -> Result<Vec<Token>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT t.* FROM token t JOIN organisation o ON o.id = t.organisation_id WHERE t.id > $2 AND ",
        in_scope!("o"),
        " ORDER BY t.id LIMIT $3"
    );
    work.require(Permission::Tokens)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(after).bind(limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Token::read).collect::<Result<_, _>>()?)
}

/// Ends a token.
pub(crate) async fn revoke(work: &mut Work, id: &str) -> Result<(), StoreError> {
    const QUERY: &str = concat!(
        "UPDATE token SET revoked_at = $3 WHERE id = $2 AND revoked_at IS NULL AND organisation_id IN
         (SELECT o.id FROM organisation o WHERE ",
        in_scope!("o"),
        ")"
    );
    work.require(Permission::Tokens)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id).bind(work.now());
    if query.execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::Missing("what-token"));
    }
    work.note("token.revoke", id, "");
    Ok(())
}

/// Who a token stands for, and until when; none when there is no such token, or it has ended.
pub(crate) async fn find(store: &Store, secret: &str) -> Result<Option<(Caller, i64)>, StoreError> {
    if !secret.starts_with(PREFIX) {
        return Ok(None);
    }
    let query = sqlx::query(
        "SELECT t.id AS token_id, t.role, t.expires_at, o.id, o.kind, o.district_id
         FROM token t JOIN organisation o ON o.id = t.organisation_id
         WHERE t.hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND o.closed_at IS NULL",
    );
    let query = query.bind(store.vault().hash("token", secret)).bind(store.clock().now());
    let Some(row) = query.fetch_optional(store.pool()).await? else { return Ok(None) };
    let role = Role::named(&row.try_get::<String, _>("role")?);
    let scope = Scope::of(&row.try_get::<String, _>("kind")?, row.try_get("id")?);
    let (Some(role), Some(scope)) = (role, scope) else { return Ok(None) };
    let caller = Caller {
        holder: Holder::Token(row.try_get("token_id")?),
        role,
        scope,
        district_id: row.try_get("district_id")?,
        step_up_until: None,
        request_id: String::new(),
        repeatable: None,
    };
    Ok(Some((caller, row.try_get("expires_at")?)))
}
