//! Sign-in by an identity provider: attempts that are under way, and which account is whose at the provider.

use sqlx::Row;

use crate::provider::Attempt;

use super::accounts::{self, Account};
use super::caller::Caller;
use super::error::{StoreError, is_taken};
use super::sessions::{self, Begun, new_secret};
use super::{Store, Work};

/// How long somebody may take at the provider: ten minutes.
const LONGEST: i64 = 10 * 60 * 1000;
/// Attempts that are under way, at most: anybody may begin one.
const MOST: i64 = 10_000;

/// What an account is known by at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// The `sub` of the provider: never given to somebody else.
    Subject(String),
    /// A mail address that the provider has verified.
    Email(String),
}

impl Known {
    fn kind(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::Email(_) => "email",
        }
    }

    /// By a keyed hash: the store need not tell who works for the district elsewhere.
    fn hash(&self, store: &Store, issuer: &str) -> String {
        let text = match self {
            Self::Subject(subject) => subject.clone(),
            Self::Email(email) => email.trim().to_lowercase(),
        };
        store.vault().hash("provider", &format!("{} {issuer} {text}", self.kind()))
    }
}

/// Binds an account to somebody at the provider, in place of whom it was bound to before.
pub(crate) async fn bind(work: &mut Work, account: &str, issuer: &str, known: &Known) -> Result<Account, StoreError> {
    let before = accounts::others(work, account).await?;
    let hash = known.hash(work.store(), issuer);
    let (now, by) = (work.now(), work.caller().name());
    let gone = sqlx::query("DELETE FROM account_provider WHERE account_id = $1").bind(account);
    gone.execute(work.connection()).await?;
    let query = sqlx::query(
        "INSERT INTO account_provider (account_id, kind, hash, bound_by, bound_at) VALUES ($1, $2, $3, $4, $5)",
    );
    match query.bind(account).bind(known.kind()).bind(hash).bind(by).bind(now).execute(work.connection()).await {
        Err(error) if is_taken(&error) => return Err(StoreError::Exists("what-provider-account")),
        other => other?,
    };
    sessions::end_all(work, account).await?;
    work.note("account.bind", account, known.kind());
    Ok(before)
}

/// The account is nobody's at the provider any more.
pub(crate) async fn unbind(work: &mut Work, account: &str) -> Result<(), StoreError> {
    accounts::others(work, account).await?;
    let gone = sqlx::query("DELETE FROM account_provider WHERE account_id = $1").bind(account);
    if gone.execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::Missing("what-provider-account"));
    }
    sessions::end_all(work, account).await?;
    work.note("account.unbind", account, "");
    Ok(())
}

/// Begins an attempt.
pub(crate) async fn begin(store: &Store) -> Result<Attempt, StoreError> {
    let attempt = Attempt { state: new_secret()?, nonce: new_secret()?, verifier: new_secret()? };
    let now = store.clock().now();
    let mut work = store.begin(&Caller::system("log-in", ""), "session.begin").await?;
    let old = sqlx::query("DELETE FROM provider_attempt WHERE expires_at < $1").bind(now);
    old.execute(work.connection()).await?;
    let open: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM provider_attempt").fetch_one(work.connection()).await?;
    if open >= MOST {
        return Err(StoreError::Busy);
    }
    let query = sqlx::query("INSERT INTO provider_attempt (hash, nonce, verifier, expires_at) VALUES ($1, $2, $3, $4)");
    let hash = store.vault().hash("state", &attempt.state);
    query
        .bind(hash)
        .bind(&attempt.nonce)
        .bind(&attempt.verifier)
        .bind(now + LONGEST)
        .execute(work.connection())
        .await?;
    work.commit().await?;
    Ok(attempt)
}

/// Takes an attempt: it counts once. None when it was never begun here, was taken before, or is over.
pub(crate) async fn take(store: &Store, state: &str) -> Result<Option<Attempt>, StoreError> {
    let mut work = store.begin(&Caller::system("log-in", ""), "session.begin").await?;
    let query =
        sqlx::query("DELETE FROM provider_attempt WHERE hash = $1 AND expires_at >= $2 RETURNING nonce, verifier");
    let query = query.bind(store.vault().hash("state", state)).bind(store.clock().now());
    let row = query.fetch_optional(work.connection()).await?;
    work.commit().await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Attempt { state: state.to_owned(), nonce: row.try_get("nonce")?, verifier: row.try_get("verifier")? }))
}

/// Begins a session of whoever the provider says it is; none when no account is bound to any of this.
pub(crate) async fn sign_in(
    store: &Store,
    request_id: &str,
    issuer: &str,
    known: &[Known],
) -> Result<Option<Begun>, StoreError> {
    let server = Caller { request_id: request_id.to_owned(), ..Caller::system("log-in", "") };
    let mut work = store.begin(&server, "session.begin").await?;
    for known in known {
        let query = sqlx::query(
            "SELECT a.id, o.district_id FROM account_provider p JOIN account a ON a.id = p.account_id
             JOIN organisation o ON o.id = a.organisation_id
             WHERE p.hash = $1 AND a.disabled_at IS NULL AND o.closed_at IS NULL",
        );
        let query = query.bind(known.hash(store, issuer));
        let Some(row) = query.fetch_optional(work.connection()).await? else { continue };
        let id: String = row.try_get("id")?;
        work.within(&row.try_get::<String, _>("district_id")?);
        // The provider is not our second factor: who changes accounts gives a code of the authenticator here as well.
        let begun = sessions::begin(&mut work, &id, false).await?;
        work.note("session.begin", &id, format!("provider, by {}", known.kind()));
        work.commit().await?;
        return Ok(Some(begun));
    }
    work.note("session.refused", "", "provider");
    work.commit().await?;
    Ok(None)
}
