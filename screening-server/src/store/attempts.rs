//! Wrong guesses, and how long somebody has to wait after them.

use sqlx::Row;

use super::{Store, StoreError, Work};

/// Wrong guesses that cost nothing.
const FREE: i64 = 5;
/// The first wait: half a minute. It doubles with every further wrong guess.
const FIRST: i64 = 30 * 1000;
/// The longest wait: an hour.
const LONGEST: i64 = 3600 * 1000;
/// After a day without a guess everything is forgotten.
const FORGOTTEN: i64 = 24 * 3600 * 1000;

/// Milliseconds to wait after so many wrong guesses.
fn wait(failures: i64) -> i64 {
    match failures - FREE {
        beyond if beyond < 0 => 0,
        beyond => FIRST.saturating_mul(1 << beyond.min(20)).min(LONGEST),
    }
}

/// What is guessed at, as it stands in the store: nothing can be read from it.
fn id(store: &Store, kind: &str, name: &str) -> String {
    store.vault().hash(kind, &name.to_lowercase())
}

/// Counts a guess before it is looked at, so that many at the same time are many. The milliseconds to wait when there were
/// too many wrong ones; then this one is not looked at.
pub(crate) async fn count(work: &mut Work, kind: &str, name: &str) -> Result<Option<i64>, StoreError> {
    let (id, now) = (id(work.store(), kind, name), work.now());
    let old = sqlx::query("DELETE FROM attempt WHERE at < $1").bind(now - FORGOTTEN);
    old.execute(work.connection()).await?;
    let query = sqlx::query("SELECT failures, locked_until FROM attempt WHERE id = $1").bind(&id);
    let known = query.fetch_optional(work.connection()).await?;
    let (failures, locked_until): (i64, i64) = match &known {
        Some(row) => (row.try_get("failures")?, row.try_get("locked_until")?),
        None => (0, 0),
    };
    if locked_until > now {
        return Ok(Some(locked_until - now));
    }
    let query = sqlx::query(
        "INSERT INTO attempt (id, failures, locked_until, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET failures = attempt.failures + 1, locked_until = excluded.locked_until,
         at = excluded.at",
    );
    let query = query.bind(&id).bind(failures + 1).bind(now + wait(failures + 1)).bind(now);
    query.execute(work.connection()).await?;
    Ok(None)
}

/// The guess was right.
pub(crate) async fn clear(work: &mut Work, kind: &str, name: &str) -> Result<(), StoreError> {
    let id = id(work.store(), kind, name);
    sqlx::query("DELETE FROM attempt WHERE id = $1").bind(id).execute(work.connection()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour() {
        let seconds: Vec<i64> = (1..=14).map(|failures| wait(failures) / 1000).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(wait(i64::MAX), LONGEST);
    }
}
