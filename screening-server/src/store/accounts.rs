//! Accounts of persons: how they come to be, what they may do, and end.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use super::caller::Caller;
use super::error::{StoreError, is_taken};
use super::keys::random;
use super::organisations::{self, New, check_text};
use super::roles::{Permission, Role};
use super::sessions::{self, new_secret};
use super::tokens::may_give;
use super::{PAGE, Store, Work, in_scope, new_id, passwords, shown, shown_if, totp};

/// How long an invitation is good: seven days.
const INVITED: i64 = 7 * 24 * 3600 * 1000;
/// The setting with the hash of the code that makes the first account.
const SETUP: &str = "setup.code";

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) organisation_id: String,
    /// Whether an authenticator is set up.
    pub(crate) second_factor: bool,
    /// Whether the person has chosen a password.
    pub(crate) accepted: bool,
    pub(crate) created_at: String,
    pub(crate) disabled_at: Option<String>,
}

impl Account {
    pub(super) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            role: row.try_get("role")?,
            organisation_id: row.try_get("organisation_id")?,
            second_factor: row.try_get::<i64, _>("totp_confirmed")? == 1,
            accepted: row.try_get::<Option<String>, _>("password")?.is_some(),
            created_at: shown(row.try_get("created_at")?),
            disabled_at: shown_if(row.try_get("disabled_at")?),
        })
    }
}

/// A name to log in with: no spaces around it, and compared without regard to case.
fn folded(name: &str) -> Result<String, StoreError> {
    check_text("name", name)?;
    Ok(name.trim().to_lowercase())
}

/// A new code for the first account, as long as there is none. The one before ends.
pub(crate) async fn setup_code(store: &Store) -> Result<Option<String>, StoreError> {
    let accounts: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM account").fetch_one(store.pool()).await?;
    if accounts > 0 {
        return Ok(None);
    }
    let code = totp::text(&random::<20>()?);
    let query = sqlx::query(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    query.bind(SETUP).bind(store.vault().hash("setup", &code)).execute(store.pool()).await?;
    Ok(Some(code))
}

/// Makes the district and its first account, with the code that was shown when the server started.
pub(crate) async fn set_up(
    store: &Store,
    code: &str,
    district: (&str, &str),
    name: &str,
    password: Zeroizing<String>,
) -> Result<Account, StoreError> {
    let name = folded(name)?;
    passwords::check(&password, &name)?;
    // A wrong code costs no hash of a password.
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM setting WHERE name = $1 AND value = $2")
        .bind(SETUP)
        .bind(store.vault().hash("setup", code.trim()))
        .fetch_one(store.pool())
        .await?;
    if known == 0 {
        return Err(StoreError::Missing("what-setup-code"));
    }
    let hash = passwords::hash(password).await?;
    let mut work = store.begin(&Caller::system("set-up", ""), "set-up").await?;
    let used = sqlx::query("DELETE FROM setting WHERE name = $1 AND value = $2").bind(SETUP);
    let used = used.bind(store.vault().hash("setup", code.trim())).execute(work.connection()).await?;
    if used.rows_affected() == 0 {
        return Err(StoreError::Missing("what-setup-code"));
    }
    let new = New { parent: None, code: district.0, name: district.1, grade: None };
    let district = organisations::add(&mut work, &new).await?;
    work.within(&district.id);
    let account = insert(&mut work, &name, Role::DistrictOfficer, &district.id, Secret::Password(hash)).await?;
    work.commit().await?;
    Ok(account)
}

/// What an account is given to begin with.
enum Secret {
    Password(String),
    Invitation(String),
}

async fn insert(
    work: &mut Work,
    name: &str,
    role: Role,
    organisation_id: &str,
    secret: Secret,
) -> Result<Account, StoreError> {
    let (id, now, by) = (new_id(), work.now(), work.caller().name());
    let (password, invitation) = match secret {
        Secret::Password(hash) => (Some(hash), None),
        Secret::Invitation(code) => (None, Some(work.store().vault().hash("invitation", &code))),
    };
    let query = sqlx::query(
        "INSERT INTO account (id, name, role, organisation_id, password, invitation, invited_until, totp_confirmed,
         totp_step, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9)",
    );
    let query = query.bind(&id).bind(name).bind(role.id()).bind(organisation_id).bind(&password);
    let query = query.bind(&invitation).bind(invitation.is_some().then_some(now + INVITED)).bind(by).bind(now);
    match query.execute(work.connection()).await {
        Err(error) if is_taken(&error) => return Err(StoreError::Exists("what-account-name")),
        other => other?,
    };
    work.note("account.add", &id, format!("{role} {organisation_id}"));
    Ok(Account {
        id,
        name: name.to_owned(),
        role: role.id().to_owned(),
        organisation_id: organisation_id.to_owned(),
        second_factor: false,
        accepted: password.is_some(),
        created_at: shown(now),
        disabled_at: None,
    })
}

/// Adds an account. The person chooses the password, with the invitation that is returned once.
pub(crate) async fn add(
    work: &mut Work,
    name: &str,
    role: Role,
    organisation_id: &str,
) -> Result<(Account, String), StoreError> {
    work.require(Permission::Accounts)?;
    work.require_step_up()?;
    if !may_give(work.caller().role, role) {
        return Err(StoreError::forbidden(Permission::Accounts));
    }
    let name = folded(name)?;
    let organisation = organisations::get(work, organisation_id).await?;
    let code = new_secret()?;
    let account = insert(work, &name, role, &organisation.id, Secret::Invitation(code.clone())).await?;
    Ok((account, code))
}

/// Takes an invitation: the person chooses the password.
pub(crate) async fn accept(store: &Store, code: &str, password: Zeroizing<String>) -> Result<(), StoreError> {
    let invitation = store.vault().hash("invitation", code.trim());
    let query = sqlx::query(
        "SELECT a.id, a.name, o.district_id FROM account a JOIN organisation o ON o.id = a.organisation_id
         WHERE a.invitation = $1 AND a.invited_until > $2",
    );
    let query = query.bind(&invitation).bind(store.clock().now());
    let row = query.fetch_optional(store.pool()).await?.ok_or(StoreError::Missing("what-invitation"))?;
    let (id, name): (String, String) = (row.try_get("id")?, row.try_get("name")?);
    passwords::check(&password, &name)?;
    let hash = passwords::hash(password).await?;
    let district_id: String = row.try_get("district_id")?;
    let mut work = store.begin(&Caller::system("invitation", district_id), "account.accept").await?;
    let query = sqlx::query(
        "UPDATE account SET password = $1, invitation = NULL, invited_until = NULL WHERE id = $2 AND invitation = $3",
    );
    let query = query.bind(hash).bind(&id).bind(invitation);
    if query.execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::Missing("what-invitation"));
    }
    work.note("account.accept", &id, "");
    work.commit().await
}

/// Accounts within the scope, those that were disabled too.
pub(crate) async fn list(work: &mut Work, after: &str, limit: i64) -> Result<Vec<Account>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT a.* FROM account a JOIN organisation o ON o.id = a.organisation_id WHERE a.id > $2 AND ",
        in_scope!("o"),
        " ORDER BY a.id LIMIT $3"
    );
    work.require(Permission::Accounts)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(after).bind(limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Account::read).collect::<Result<_, _>>()?)
}

/// One account within the scope.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<Account, StoreError> {
    const QUERY: &str = concat!(
        "SELECT a.* FROM account a JOIN organisation o ON o.id = a.organisation_id WHERE a.id = $2 AND ",
        in_scope!("o")
    );
    work.require(Permission::Accounts)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-account")), |row| Ok(Account::read(&row)?))
}

/// What of an account is to be changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) role: Option<Role>,
    pub(crate) organisation_id: Option<String>,
    pub(crate) disabled: Option<bool>,
}

/// Changes what an account may do, or ends it. Its sessions end. Nobody changes their own.
pub(crate) async fn change(work: &mut Work, id: &str, change: &Change) -> Result<Account, StoreError> {
    let before = others(work, id).await?;
    let role = change.role.map_or(before.role.clone(), |role| role.id().to_owned());
    if change.role.is_some_and(|role| !may_give(work.caller().role, role)) {
        return Err(StoreError::forbidden(Permission::Accounts));
    }
    let organisation_id = match &change.organisation_id {
        Some(id) => organisations::get(work, id).await?.id,
        None => before.organisation_id.clone(),
    };
    let now = work.now();
    let disabled = change.disabled.unwrap_or(before.disabled_at.is_some());
    let query = sqlx::query(
        "UPDATE account SET role = $1, organisation_id = $2,
         disabled_at = CASE WHEN $3 = 0 THEN NULL ELSE COALESCE(disabled_at, $4) END WHERE id = $5",
    );
    let query = query.bind(&role).bind(&organisation_id).bind(i64::from(disabled)).bind(now).bind(id);
    query.execute(work.connection()).await?;
    sessions::end_all(work, id).await?;
    let state = if disabled { "disabled" } else { "enabled" };
    work.note("account.change", id, format!("{role} {organisation_id} {state}"));
    get(work, id).await
}

/// Gives an account a new invitation in place of password and authenticator, for somebody who lost them.
pub(crate) async fn invite_again(work: &mut Work, id: &str) -> Result<String, StoreError> {
    others(work, id).await?;
    let code = new_secret()?;
    let hash = work.store().vault().hash("invitation", &code);
    let until = work.now() + INVITED;
    let query = sqlx::query(
        "UPDATE account SET password = NULL, totp = NULL, key_id = NULL, totp_confirmed = 0, invitation = $1,
         invited_until = $2 WHERE id = $3",
    );
    query.bind(hash).bind(until).bind(id).execute(work.connection()).await?;
    sessions::end_all(work, id).await?;
    work.note("account.invite", id, "");
    Ok(code)
}

/// An account that the caller may change: within the scope, and not their own.
pub(crate) async fn others(work: &mut Work, id: &str) -> Result<Account, StoreError> {
    work.require(Permission::Accounts)?;
    work.require_step_up()?;
    if work.caller().account() == Some(id) {
        return Err(StoreError::State("state-own-account"));
    }
    get(work, id).await
}
