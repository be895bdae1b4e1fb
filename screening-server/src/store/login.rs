//! Logging in: passwords, the second factor, and what a person changes of the own account.

use sqlx::Row;
use zeroize::Zeroizing;

use super::accounts::Account;
use super::caller::Caller;
use super::error::StoreError;
use super::keys::random;
use super::sessions::{self, Begun};
use super::vault::Place;
use super::{Store, Work, attempts, passwords, totp};

fn totp_place(account: &str) -> Place<'_> {
    Place { table: "account", column: "totp", row: account }
}

/// What came of an attempt to log in.
#[derive(Debug)]
pub(crate) enum LogIn {
    Done {
        begun: Begun,
        account: Account,
    },
    /// Name, password or code is wrong; which of them is not told.
    Wrong,
    /// The password is right, and the code of the authenticator is needed as well.
    CodeNeeded,
    /// Too many wrong attempts; milliseconds to wait.
    Locked(i64),
}

/// Logs in.
pub(crate) async fn log_in(
    store: &Store,
    request_id: &str,
    name: &str,
    password: Zeroizing<String>,
    code: Option<&str>,
) -> Result<LogIn, StoreError> {
    let name = name.trim().to_lowercase();
    let server = Caller { request_id: request_id.to_owned(), ..Caller::system("log-in", "") };
    let mut work = store.begin(&server, "session.begin").await?;
    if let Some(wait) = attempts::count(&mut work, "log-in", &name).await? {
        return Ok(LogIn::Locked(wait));
    }
    work.commit().await?;
    let query = sqlx::query(
        "SELECT a.*, o.district_id FROM account a JOIN organisation o ON o.id = a.organisation_id
         WHERE a.name = $1 AND a.disabled_at IS NULL AND o.closed_at IS NULL",
    );
    let query = query.bind(&name);
    let row = query.fetch_optional(store.pool()).await?;
    let kept = row.as_ref().map(|row| row.try_get::<Option<String>, _>("password")).transpose()?.flatten();
    let right = passwords::verify(password, kept).await?;
    let mut work = store.begin(&server, "session.begin").await?;
    let Some(row) = row.filter(|_| right) else {
        // Which name was tried is told only when somebody has it: a password is easily typed into the wrong field.
        work.note("session.refused", "", "");
        work.commit().await?;
        return Ok(LogIn::Wrong);
    };
    let account = Account::read(&row)?;
    work.within(&row.try_get::<String, _>("district_id")?);
    if account.second_factor {
        // The attempt stays counted: otherwise asking without a code would give free guesses at it.
        let Some(code) = code else { return Ok(LogIn::CodeNeeded) };
        if !use_code(&mut work, &account.id, code).await? {
            work.note("session.refused", &account.id, "code");
            work.commit().await?;
            return Ok(LogIn::Wrong);
        }
    }
    attempts::clear(&mut work, "log-in", &name).await?;
    let begun = sessions::begin(&mut work, &account.id, account.second_factor).await?;
    work.note("session.begin", &account.id, "");
    work.commit().await?;
    Ok(LogIn::Done { begun, account })
}

/// Uses a code of the authenticator of an account; no when it is wrong, was used before, or none is set up.
pub(crate) async fn use_code(work: &mut Work, account: &str, code: &str) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT key_id, totp, totp_step FROM account WHERE id = $1").bind(account);
    let row = query.fetch_one(work.connection()).await?;
    let (key_id, sealed): (Option<String>, Option<Vec<u8>>) = (row.try_get("key_id")?, row.try_get("totp")?);
    let (Some(key_id), Some(sealed)) = (key_id, sealed) else { return Ok(false) };
    let secret = work.store().vault().open(totp_place(account), &key_id, &sealed)?;
    let last: i64 = row.try_get("totp_step")?;
    let Some(step) = totp::step_of(&secret, code, work.now(), last) else { return Ok(false) };
    // Used twice at the same time, one of the two finds the step moved on.
    let query = sqlx::query("UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step = $3");
    let moved = query.bind(step).bind(account).bind(last).execute(work.connection()).await?;
    Ok(moved.rows_affected() == 1)
}

/// What came of a code that was given within a session.
#[derive(Debug)]
pub(crate) enum StepUp {
    /// It counts until then.
    Done(i64),
    Wrong,
    /// Too many wrong codes; milliseconds to wait.
    Locked(i64),
}

/// Takes a code of the authenticator as a second factor of a session that is under way.
pub(crate) async fn step_up(store: &Store, caller: &Caller, code: &str, session: &str) -> Result<StepUp, StoreError> {
    let id = caller.account().ok_or(StoreError::Missing("what-account"))?;
    let mut work = store.begin(caller, "session.step-up").await?;
    if let Some(wait) = attempts::count(&mut work, "code", id).await? {
        return Ok(StepUp::Locked(wait));
    }
    let account = own(&mut work).await?;
    if !account.second_factor || !use_code(&mut work, id, code).await? {
        work.note("session.refused", id, "code");
        work.commit().await?;
        return Ok(StepUp::Wrong);
    }
    attempts::clear(&mut work, "code", id).await?;
    let until = sessions::step_up(&mut work, session).await?;
    work.note("session.step-up", id, "");
    work.commit().await?;
    Ok(StepUp::Done(until))
}

/// Prepares an authenticator of the caller's account: the secret, and the same as a URI. It counts once a code confirmed it.
pub(crate) async fn prepare_totp(work: &mut Work) -> Result<(String, String), StoreError> {
    let account = own(work).await?;
    if account.second_factor {
        work.require_step_up()?;
    }
    let secret = random::<20>()?;
    let vault = work.store().vault().clone();
    let key_id = vault.current();
    let sealed = vault.seal(totp_place(&account.id), &key_id, &secret)?;
    let query =
        sqlx::query("UPDATE account SET totp = $1, key_id = $2, totp_step = 0, totp_confirmed = 0 WHERE id = $3");
    query.bind(sealed).bind(key_id).bind(&account.id).execute(work.connection()).await?;
    work.note("account.totp", &account.id, "prepared");
    Ok((totp::text(&secret), totp::uri(&account.name, &secret)))
}

/// Confirms the authenticator with a code, which counts as a second factor of the session.
pub(crate) async fn confirm_totp(work: &mut Work, code: &str, session: &str) -> Result<i64, StoreError> {
    let account = own(work).await?;
    if !use_code(work, &account.id, code).await? {
        return Err(StoreError::Invalid { field: "code", wanted: "wanted-code" });
    }
    let query = sqlx::query("UPDATE account SET totp_confirmed = 1 WHERE id = $1").bind(&account.id);
    query.execute(work.connection()).await?;
    work.note("account.totp", &account.id, "confirmed");
    sessions::step_up(work, session).await
}

/// The account of the caller.
pub(crate) async fn own(work: &mut Work) -> Result<Account, StoreError> {
    let id = work.caller().account().ok_or(StoreError::Missing("what-account"))?.to_owned();
    let query = sqlx::query("SELECT * FROM account WHERE id = $1").bind(id);
    Ok(Account::read(&query.fetch_one(work.connection()).await?)?)
}

/// Gives the caller's account another password, and ends its other sessions.
pub(crate) async fn change_password(
    store: &Store,
    caller: &Caller,
    old: Zeroizing<String>,
    new: Zeroizing<String>,
) -> Result<(), StoreError> {
    let id = caller.account().ok_or(StoreError::Missing("what-account"))?;
    let mut work = store.begin(caller, "account.password").await?;
    if attempts::count(&mut work, "password", id).await?.is_some() {
        return Err(StoreError::State("state-too-many-passwords"));
    }
    work.commit().await?;
    let row = sqlx::query("SELECT name, password FROM account WHERE id = $1").bind(id).fetch_one(store.pool()).await?;
    if !passwords::verify(old, row.try_get("password")?).await? {
        return Err(StoreError::Invalid { field: "password", wanted: "wanted-present-password" });
    }
    passwords::check(&new, &row.try_get::<String, _>("name")?)
        .map_err(|_| StoreError::Invalid { field: "new_password", wanted: "wanted-password" })?;
    let hash = passwords::hash(new).await?;
    let mut work = store.begin(caller, "account.password").await?;
    attempts::clear(&mut work, "password", id).await?;
    let query = sqlx::query("UPDATE account SET password = $1 WHERE id = $2").bind(hash).bind(id);
    query.execute(work.connection()).await?;
    sessions::end_all(&mut work, id).await?;
    work.note("account.password", id, "");
    work.commit().await
}
