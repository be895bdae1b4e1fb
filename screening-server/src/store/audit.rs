//! The audit log: every read and write of a pupil's data, each entry chained to the one before by a keyed hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::caller::Caller;
use super::error::StoreError;
use super::keys::{KeySource, Keys, mac};
use super::{Engine, Store, Vault};

/// Where the log ends, and with which keys it goes on.
pub(super) const HEAD: &str = "SELECT seq, hash, key_id, audit_key FROM audit_head WHERE id = 1";
/// Rows that are written together.
const TOGETHER: usize = 50;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) role: String,
    pub(crate) district_id: String,
    pub(crate) scope: String,
    /// The unit of work it was part of, for example `roster.upload`.
    pub(crate) work: String,
    /// For example `pupil.read`.
    pub(crate) action: String,
    /// What it was done to: the id of a pupil, an account, an organisation.
    pub(crate) subject: String,
    /// More about it. Never a name, never an answer.
    pub(crate) detail: String,
    pub(crate) request_id: String,
    pub(crate) hash: Vec<u8>,
}

impl Entry {
    /// The hash that binds the entry to the one before.
    pub(super) fn chained(&self, key: &[u8; 32], before: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 12] = [
            before,
            &self.seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            self.actor.as_bytes(),
            self.role.as_bytes(),
            self.district_id.as_bytes(),
            self.scope.as_bytes(),
            self.work.as_bytes(),
            self.action.as_bytes(),
            self.subject.as_bytes(),
            self.detail.as_bytes(),
            self.request_id.as_bytes(),
        ];
        mac(key, &parts).to_vec()
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            actor: row.try_get("actor")?,
            role: row.try_get("role")?,
            district_id: row.try_get("district_id")?,
            scope: row.try_get("scope")?,
            work: row.try_get("work")?,
            action: row.try_get("action")?,
            subject: row.try_get("subject")?,
            detail: row.try_get("detail")?,
            request_id: row.try_get("request_id")?,
            hash: row.try_get("hash")?,
        })
    }
}

/// Where the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

/// Appends entries within a transaction. Their numbers and hashes are given here.
pub(super) async fn append(
    connection: &mut AnyConnection,
    engine: Engine,
    vault: &Vault,
    entries: &mut [Entry],
) -> Result<Head, StoreError> {
    // In SQLite there is one writer at a time; in PostgreSQL the row keeps the others waiting until this is committed.
    let head = match engine {
        Engine::Sqlite => HEAD.to_owned(),
        Engine::Postgres => format!("{HEAD} FOR UPDATE"),
    };
    let row = sqlx::query(AssertSqlSafe(head)).fetch_one(&mut *connection).await?;
    let mut head = Head { seq: row.try_get("seq")?, hash: row.try_get("hash")? };
    check_key(vault, &row.try_get::<String, _>("key_id")?)?;
    let keys = own_audit_key(vault, head.seq + 1, &row.try_get::<String, _>("audit_key")?)?;
    for entry in entries.iter_mut() {
        entry.seq = head.seq + 1;
        entry.hash = entry.chained(keys.audit_of(entry.seq), &head.hash);
        head = Head { seq: entry.seq, hash: entry.hash.clone() };
    }
    for part in entries.chunks(TOGETHER) {
        let mut query = sqlx::query(AssertSqlSafe(insertion(part.len())));
        for entry in part {
            query = query.bind(entry.seq).bind(entry.at).bind(&entry.actor).bind(&entry.role).bind(&entry.district_id);
            query = query.bind(&entry.scope);
            query = query
                .bind(&entry.work)
                .bind(&entry.action)
                .bind(&entry.subject)
                .bind(&entry.detail)
                .bind(&entry.request_id);
            query = query.bind(entry.hash.as_slice());
        }
        query.execute(&mut *connection).await?;
    }
    let moved = sqlx::query("UPDATE audit_head SET seq = $1, hash = $2, audit_key = $3 WHERE id = 1").bind(head.seq);
    moved.bind(head.hash.as_slice()).bind(keys.audit_id(head.seq + 1)).execute(connection).await?;
    Ok(head)
}

/// The keys, when they have the one that the next entry is to be chained with. Another process may have made a new one: then the
/// keys are read again.
fn own_audit_key(vault: &Vault, next: i64, used: &str) -> Result<Arc<Keys>, StoreError> {
    let keys = vault.keys();
    // A database of before there were several has noted none.
    if used.is_empty() || keys.audit_id(next) == used {
        return Ok(keys);
    }
    vault.reload()?;
    let keys = vault.keys();
    if keys.audit_id(next) == used {
        return Ok(keys);
    }
    let why =
        "do not have the key that the audit log is continued with; give the newest copy of the key file".to_owned();
    Err(StoreError::Keys { at: "of the store".to_owned(), why })
}

/// Continues the audit log under a new key, and gives the number of the last entry under the old one, which says so. Who has the
/// old key cannot change anything before it either: the first entry under the new key covers it.
pub(crate) async fn rotate(store: &Store) -> Result<i64, StoreError> {
    let KeySource::File(path) = store.vault().source().clone() else {
        let why = "come from the environment: a new key of the audit log is written into a key file only".to_owned();
        return Err(StoreError::Keys { at: "of the store".to_owned(), why });
    };
    let mut work = store.begin(&Caller::system("rotate-keys", ""), "keys.rotate").await?;
    let head = match store.engine() {
        Engine::Sqlite => HEAD.to_owned(),
        Engine::Postgres => format!("{HEAD} FOR UPDATE"),
    };
    // From here on nobody else adds an entry until this is committed.
    let row = sqlx::query(AssertSqlSafe(head)).fetch_one(work.connection()).await?;
    let until = row.try_get::<i64, _>("seq")? + 1;
    store.vault().reload()?;
    let mut keys = (*store.vault().keys()).clone();
    keys.rotate_audit(until)?;
    // The key is on the disk before anything is chained with it. Broken off here, the entry with this number is another one, and
    // the new key is used behind it all the same.
    keys.write(&path)?;
    store.vault().reload()?;
    work.note("keys.audit", &keys.audit_id(until + 1), "the entries that follow are chained with this key");
    work.commit().await?;
    Ok(until)
}

/// What was encrypted in this transaction was encrypted with the key that is used now. After a rotation by another process it
/// was not: this work is refused, and the next one has the new key.
fn check_key(vault: &Vault, used: &str) -> Result<(), StoreError> {
    if used.is_empty() || used == vault.current() {
        return Ok(());
    }
    vault.reload()?;
    if used == vault.current() {
        return Err(StoreError::KeysRotated);
    }
    let why = format!(
        "name `{}` as current, but the database uses `{used}`; run: screening rotate-keys --resume",
        vault.current()
    );
    Err(StoreError::Keys { at: "of the store".to_owned(), why })
}

/// From now on values are encrypted with this key: every work that used another is refused.
pub(super) async fn use_key(connection: &mut AnyConnection, key_id: &str) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE audit_head SET key_id = $1 WHERE id = 1").bind(key_id);
    query.execute(connection).await?;
    Ok(())
}

fn insertion(rows: usize) -> String {
    let row = |at: usize| {
        let holes: Vec<String> = (1..=12).map(|column| format!("${}", at * 12 + column)).collect();
        format!("({})", holes.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO audit_entry (seq, at, actor, role, district_id, scope, work, action, subject, detail, request_id, hash) VALUES {}",
        rows.join(", ")
    )
}

/// The head of the log in a file apart from the database: who cuts the log and its head short in the database cannot do it
/// there at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Witness(PathBuf);

impl Witness {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join("audit.head"))
    }

    /// Writes the head. It runs after the commit: a file that was not written in time says less, and never something wrong.
    pub(crate) fn note(&self, head: &Head) -> Result<(), StoreError> {
        let beside = self.0.with_extension("head.new");
        let text = format!("{} {}\n", head.seq, HEXLOWER.encode(&head.hash));
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.0));
        written.map_err(|error| StoreError::file(&self.0, error))
    }

    /// The head that was noted last; none when there was nothing to note yet.
    pub(crate) fn read(&self) -> Result<Option<Head>, StoreError> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file(&self.0, error)),
        };
        let head = text.trim().split_once(' ').and_then(|(seq, hash)| {
            Some(Head { seq: seq.parse().ok()?, hash: HEXLOWER.decode(hash.as_bytes()).ok()? })
        });
        let broken = || StoreError::Audit(format!("`{}` is not a head of an audit log", self.0.display()));
        head.ok_or_else(broken).map(Some)
    }
}

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) district_id: String,
    pub(crate) after: i64,
    pub(crate) subject: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) limit: i64,
}

/// Entries in their order.
pub(crate) async fn entries(connection: &mut AnyConnection, wanted: &Wanted) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM audit_entry WHERE seq > $1 AND ($2 = '' OR subject = $2) AND ($3 = '' OR actor = $3)
         AND ($4 = '' OR action = $4) AND district_id = $5 ORDER BY seq LIMIT $6",
    )
    .bind(wanted.after)
    .bind(wanted.subject.clone().unwrap_or_default())
    .bind(wanted.actor.clone().unwrap_or_default())
    .bind(wanted.action.clone().unwrap_or_default())
    .bind(&wanted.district_id)
    .bind(wanted.limit)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(Entry::read).collect::<Result<_, _>>()?)
}
