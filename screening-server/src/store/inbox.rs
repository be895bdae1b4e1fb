//! What came in and has no pupil yet: pushes of platforms and rows of files, kept encrypted until they are matched.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::vault::Place;
use super::{PAGE, Permission, Work, shown};

/// An entry, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) source: String,
    /// `waiting`, `matched` or `deleted`.
    pub(crate) state: String,
    /// Why it waits.
    pub(crate) why: String,
    #[serde(skip)]
    pub(crate) hash: String,
    pub(crate) sheet: Option<String>,
    pub(crate) received_at: String,
    pub(crate) changed_at: String,
}

impl Entry {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            source: row.try_get("source")?,
            state: row.try_get("state")?,
            why: row.try_get("why")?,
            hash: row.try_get("hash")?,
            sheet: row.try_get("sheet_id")?,
            received_at: shown(row.try_get("received_at")?),
            changed_at: shown(row.try_get("changed_at")?),
        })
    }
}

/// Something that came in.
#[derive(Debug, Clone)]
pub(crate) struct Incoming<'a> {
    pub(crate) screening: &'a str,
    /// Source and the source's number of the sheet.
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    pub(crate) hash: &'a str,
    pub(crate) body: &'a [u8],
    /// Why it has no pupil yet; empty when it has one.
    pub(crate) why: &'a str,
    pub(crate) sheet: Option<&'a str>,
    pub(crate) deleted: bool,
}

/// Keeps it. What has its pupil keeps no content here.
pub(crate) async fn put(work: &mut Work, new: &Incoming<'_>) -> Result<(), StoreError> {
    work.require(Permission::SheetsWrite)?;
    let vault = work.store().vault().clone();
    let row = format!("{} {}", new.screening, new.id);
    let kept: &[u8] = if new.sheet.is_some() || new.deleted { b"" } else { new.body };
    let key_id = vault.current();
    let sealed = vault.seal(Place { table: "inbox", column: "body", row: &row }, &key_id, kept)?;
    let state = match (new.deleted, new.sheet) {
        (true, _) => "deleted",
        (false, Some(_)) => "matched",
        (false, None) => "waiting",
    };
    let (now, district) = (work.now(), work.caller().district_id.clone());
    let query = sqlx::query(
        "INSERT INTO inbox (screening_id, id, district_id, source, state, why, hash, key_id, body, sheet_id, received_at, changed_at,
         row_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
         ON CONFLICT (screening_id, id) DO UPDATE SET state = excluded.state, why = excluded.why, hash = excluded.hash,
         key_id = excluded.key_id, body = excluded.body, sheet_id = excluded.sheet_id, changed_at = excluded.changed_at",
    );
    let query =
        query.bind(new.screening).bind(new.id).bind(district).bind(new.source).bind(state).bind(new.why).bind(new.hash);
    let query = query.bind(key_id).bind(sealed).bind(new.sheet).bind(now).bind(&row);
    query.execute(work.connection()).await?;
    work.note("inbox.write", new.id, state);
    Ok(())
}

/// An entry by its id.
pub(crate) async fn find(work: &mut Work, screening: &str, id: &str) -> Result<Option<Entry>, StoreError> {
    let district = work.caller().district_id.clone();
    let query = sqlx::query("SELECT * FROM inbox WHERE screening_id = $1 AND id = $2 AND district_id = $3");
    let row = query.bind(screening).bind(id).bind(district).fetch_optional(work.connection()).await?;
    Ok(row.as_ref().map(Entry::read).transpose()?)
}

/// Entries of a screening, without their content. It is not known whose they are, so only who acts on the whole district sees
/// them.
pub(crate) async fn list(work: &mut Work, screening: &str, state: &str, after: &str) -> Result<Vec<Entry>, StoreError> {
    work.require(Permission::Jobs)?;
    let super::Scope::District(district) = work.caller().scope.clone() else {
        return Err(StoreError::Missing("what-inbox"));
    };
    let query = sqlx::query(
        "SELECT * FROM inbox WHERE screening_id = $1 AND district_id = $2 AND ($3 = '' OR state = $3) AND id > $4
         ORDER BY id LIMIT $5",
    );
    let query = query.bind(screening).bind(district).bind(state).bind(after).bind(PAGE);
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Entry::read).collect::<Result<_, _>>()?)
}

/// Why a push waits that the mapping of its source cannot read: its content is what the platform sent.
pub(crate) const UNREADABLE: &str = "unreadable";

/// Entries of a screening that wait, with their content, in the order of their ids behind `after`: to try again.
pub(crate) async fn waiting(
    work: &mut Work,
    screening: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<(Entry, Vec<u8>)>, StoreError> {
    work.require(Permission::SheetsWrite)?;
    let district = work.caller().district_id.clone();
    let query = sqlx::query(
        "SELECT * FROM inbox WHERE screening_id = $1 AND district_id = $2 AND state = 'waiting' AND id > $3 ORDER BY id LIMIT $4",
    );
    let rows = query.bind(screening).bind(district).bind(after).bind(limit).fetch_all(work.connection()).await?;
    let vault = work.store().vault().clone();
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = Entry::read(row)?;
        let (key_id, sealed): (String, Vec<u8>) = (row.try_get("key_id")?, row.try_get("body")?);
        let place = format!("{screening} {}", entry.id);
        let body = vault.open(Place { table: "inbox", column: "body", row: &place }, &key_id, &sealed)?.to_vec();
        list.push((entry, body));
    }
    Ok(list)
}

/// Ids of what a source brought in and was not deleted: those that have their sheet and those that wait.
pub(crate) async fn of_source(work: &mut Work, screening: &str, source: &str) -> Result<Vec<Entry>, StoreError> {
    let district = work.caller().district_id.clone();
    let query = sqlx::query(
        "SELECT * FROM inbox WHERE screening_id = $1 AND district_id = $2 AND source = $3 AND state <> 'deleted' ORDER BY id",
    );
    let rows = query.bind(screening).bind(district).bind(source).fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Entry::read).collect::<Result<_, _>>()?)
}
