//! New keys: a new one is made, and everything encrypted with an older one is encrypted again, a part at a time.

use sqlx::{AssertSqlSafe, Row};
use zeroize::Zeroizing;

use super::audit;
use super::caller::Caller;
use super::error::StoreError;
use super::keys::{KeySource, random};
use super::vault::Place;
use super::{Store, Work, records};

/// Rows of one transaction.
const TOGETHER: i64 = 200;

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Id of the key that is used now.
    pub current: String,
    /// Values that were encrypted again.
    pub rows: u64,
    /// Files of jobs that were encrypted again.
    pub files: u64,
    /// Keys that were taken out of the key file.
    pub dropped: Vec<String>,
}

/// Makes a new key, unless `resume` goes on with one that was begun, and encrypts everything with it. A rotation that was
/// broken off is finished by another with `resume`.
pub(crate) async fn rotate(store: &Store, resume: bool) -> Result<Rotated, StoreError> {
    let KeySource::File(path) = store.vault().source().clone() else {
        let why =
            "come from the environment; add a key under [identity] there, name it as current, and resume".to_owned();
        return if resume {
            reseal_all(store).await
        } else {
            Err(StoreError::Keys { at: "of the store".to_owned(), why })
        };
    };
    if !resume {
        let mut keys = (*store.vault().keys()).clone();
        let number = keys.identity.keys().filter_map(|id| id.strip_prefix('k')?.parse::<u32>().ok()).max().unwrap_or(0);
        let id = format!("k{}", number + 1);
        keys.identity.insert(id.clone(), Zeroizing::new(random()?));
        keys.current = id;
        // The key is on the disk before anything is encrypted with it.
        keys.write(&path)?;
        store.vault().reload()?;
    }
    reseal_all(store).await
}

/// Takes the older keys out of the key file, once nothing is encrypted with them any more: then what is in older backups cannot
/// be read any more. Gives their ids; none when the keys come from the environment.
pub(crate) fn drop_old(store: &Store) -> Result<Vec<String>, StoreError> {
    let KeySource::File(path) = store.vault().source().clone() else { return Ok(Vec::new()) };
    let mut keys = (*store.vault().keys()).clone();
    let current = keys.current.clone();
    let dropped = keys.identity.keys().filter(|id| **id != current).cloned().collect();
    keys.identity.retain(|id, _| *id == current);
    keys.write(&path)?;
    store.vault().reload()?;
    Ok(dropped)
}

/// Encrypts with the current key what is encrypted with another.
async fn reseal_all(store: &Store) -> Result<Rotated, StoreError> {
    let current = store.vault().current();
    // From here on nobody writes what is encrypted with another key: works that are under way are refused.
    let mut work = store.begin(&Caller::system("rotate-keys", ""), "keys.rotate").await?;
    audit::use_key(work.connection(), &current).await?;
    work.note("keys.use", &current, "");
    work.commit().await?;
    let mut rows = 0;
    for (table, key, columns) in records::SEALED {
        loop {
            let mut work = store.begin(&Caller::system("rotate-keys", ""), "keys.rotate").await?;
            let count = part(&mut work, table, key, columns, &current).await?;
            if count > 0 {
                work.note("keys.rotate", &current, format!("{table}: {count} rows"));
            }
            work.commit().await?;
            if count == 0 {
                break;
            }
            rows += count;
        }
    }
    Ok(Rotated { current, rows, files: 0, dropped: Vec::new() })
}

async fn part(
    work: &mut Work,
    table: &'static str,
    key: &'static str,
    columns: &[&'static str],
    current: &str,
) -> Result<u64, StoreError> {
    let text = format!("SELECT {key}, key_id, {} FROM {table} WHERE key_id <> $1 LIMIT $2", columns.join(", "));
    let rows = sqlx::query(AssertSqlSafe(text)).bind(current).bind(TOGETHER).fetch_all(work.connection()).await?;
    let vault = work.store().vault().clone();
    let sets: Vec<String> = columns.iter().enumerate().map(|(at, column)| format!("{column} = ${}", at + 4)).collect();
    let change = format!("UPDATE {table} SET key_id = $2, {} WHERE {key} = $1 AND key_id = $3", sets.join(", "));
    for row in &rows {
        let (id, key_id): (String, String) = (row.try_get(key)?, row.try_get("key_id")?);
        let mut query = sqlx::query(AssertSqlSafe(change.clone())).bind(&id).bind(current).bind(&key_id);
        for column in columns {
            let place = Place { table, column, row: &id };
            let sealed: Option<Vec<u8>> = row.try_get(*column)?;
            let again = sealed.map(|bytes| {
                let text = vault.open(place, &key_id, &bytes)?;
                vault.seal(place, current, &text)
            });
            query = query.bind(again.transpose()?);
        }
        query.execute(work.connection()).await?;
    }
    Ok(rows.len() as u64)
}
