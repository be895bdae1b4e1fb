//! Addresses that platforms push to: the last part of the path is a secret, of which the hash is stored.

use sqlx::Row;

use super::error::StoreError;
use super::vault::Place;
use super::{Caller, Permission, Scope, Store, Work, screenings};

/// Makes an address for a source. `secret` is the key that the platform signs with, where it does.
pub(crate) async fn add(
    work: &mut Work,
    screening: &str,
    source: &str,
    (key, secret): (&str, Option<&str>),
) -> Result<(), StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    if !matches!(work.caller().scope, Scope::District(_)) {
        return Err(StoreError::Missing("what-screening"));
    }
    screenings::find(work, screening).await?;
    let vault = work.store().vault().clone();
    let hash = vault.hash("push", key);
    let place = Place { table: "push_key", column: "secret", row: &hash };
    let key_id = vault.current();
    let sealed = secret.map(|secret| vault.seal(place, &key_id, secret.as_bytes())).transpose()?;
    let (now, by) = (work.now(), work.caller().name());
    // A new address takes the place of the one before.
    let query = sqlx::query(
        "UPDATE push_key SET revoked_at = $1 WHERE screening_id = $2 AND source = $3 AND revoked_at IS NULL",
    );
    query.bind(now).bind(screening).bind(source).execute(work.connection()).await?;
    let query = sqlx::query(
        "INSERT INTO push_key (hash, screening_id, source, key_id, secret, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let query = query.bind(&hash).bind(screening).bind(source).bind(&key_id).bind(sealed).bind(by).bind(now);
    query.execute(work.connection()).await?;
    work.note("push.key", screening, source);
    Ok(())
}

/// What an address stands for.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// Who pushes: the source, within the district of the screening.
    pub(crate) caller: Caller,
    pub(crate) screening: String,
    pub(crate) source: String,
    pub(crate) secret: Option<String>,
}

/// The address of a key; none when there is none or it was revoked.
pub(crate) async fn find(store: &Store, key: &str) -> Result<Option<Address>, StoreError> {
    let hash = store.vault().hash("push", key);
    let query = sqlx::query(
        "SELECT k.*, s.district_id FROM push_key k JOIN screening s ON s.id = k.screening_id
         WHERE k.hash = $1 AND k.revoked_at IS NULL",
    );
    let Some(row) = query.bind(&hash).fetch_optional(store.pool()).await? else { return Ok(None) };
    let (key_id, sealed): (String, Option<Vec<u8>>) = (row.try_get("key_id")?, row.try_get("secret")?);
    let place = Place { table: "push_key", column: "secret", row: &hash };
    let secret = sealed.map(|sealed| store.vault().open_text(place, &key_id, &sealed)).transpose()?;
    let district: String = row.try_get("district_id")?;
    Ok(Some(Address {
        caller: Caller::system("push", district),
        screening: row.try_get("screening_id")?,
        source: row.try_get("source")?,
        secret,
    }))
}
