//! The audit log: every read and write of a pupil's data, each entry chained to the one before by a keyed hash.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::error::StoreError;
use super::keys::mac;
use super::{Engine, Store};

/// Rows that are written together.
const TOGETHER: usize = 50;
/// Rows that are read together.
const PAGE: i64 = 5000;

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
    fn chained(&self, key: &[u8; 32], before: &[u8]) -> Vec<u8> {
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

    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
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
    key: &[u8; 32],
    entries: &mut [Entry],
) -> Result<Head, StoreError> {
    // In SQLite there is one writer at a time; in PostgreSQL the row keeps the others waiting until this is committed.
    let head = match engine {
        Engine::Sqlite => "SELECT seq, hash FROM audit_head WHERE id = 1",
        Engine::Postgres => "SELECT seq, hash FROM audit_head WHERE id = 1 FOR UPDATE",
    };
    let row = sqlx::query(head).fetch_one(&mut *connection).await?;
    let mut head = Head { seq: row.try_get("seq")?, hash: row.try_get("hash")? };
    for entry in entries.iter_mut() {
        entry.seq = head.seq + 1;
        entry.hash = entry.chained(key, &head.hash);
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
    let moved = sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1").bind(head.seq);
    moved.bind(head.hash.as_slice()).execute(connection).await?;
    Ok(head)
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

    pub(crate) fn path(&self) -> &Path {
        &self.0
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

/// Something that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// An entry is not there.
    Missing {
        /// Its number.
        seq: i64,
    },
    /// An entry was changed, swapped or put in, or stands behind one that was.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// The log does not end where its head says.
    Head {
        /// Number of the last entry.
        last: i64,
        /// Number that the head tells.
        head: i64,
    },
    /// The log is shorter than the head that is kept apart, or was replaced below it.
    Witness {
        /// Number of the last entry.
        last: i64,
        /// Number that is kept apart.
        noted: i64,
    },
    /// There are entries, but no head is kept apart: the file was removed.
    NoWitness,
}

impl std::fmt::Display for AuditFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { seq } => write!(f, "entry {seq} is missing"),
            Self::Changed { seq } => write!(f, "entry {seq} is not what was written"),
            Self::Head { last, head } => write!(f, "the log ends at entry {last}, its head tells {head}"),
            Self::Witness { last, noted } => {
                write!(f, "the log ends at entry {last} and does not continue what was noted apart at entry {noted}")
            }
            Self::NoWitness => write!(f, "the head that is kept apart from the database is not there"),
        }
    }
}

/// What came of checking the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were read.
    pub entries: i64,
    /// Hash of the last one, in hexadecimal.
    pub head: String,
    /// Everything that is wrong, at most a hundred things.
    pub faults: Vec<AuditFault>,
}

/// As many faults as are told.
const MOST: usize = 100;

/// Checks the whole chain, the head in the database and the head that is kept apart.
pub(crate) async fn verify(store: &Store) -> Result<Verified, StoreError> {
    // The file is read first: entries may be added while this runs, and none are taken away.
    let noted = store.witness().read()?;
    let keys = store.vault().keys();
    let mut connection = store.pool().acquire().await?;
    verify_with(&mut connection, &keys.audit, noted.as_ref(), true).await
}

/// The same for a database of which, unless `apart`, no head is kept apart: a copy of another.
pub(super) async fn verify_with(
    connection: &mut AnyConnection,
    key: &[u8; 32],
    noted: Option<&Head>,
    apart: bool,
) -> Result<Verified, StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(&mut *connection).await?;
    let head = Head { seq: row.try_get("seq")?, hash: row.try_get("hash")? };
    let mut check = Check { before: Vec::new(), last: 0, entries: 0, at_noted: None, faults: Vec::new() };
    loop {
        let page = sqlx::query("SELECT * FROM audit_entry WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3")
            .bind(check.last)
            .bind(head.seq)
            .bind(PAGE)
            .fetch_all(&mut *connection)
            .await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            check.entry(&Entry::read(row)?, key, noted);
        }
    }
    if check.last != head.seq || check.before != head.hash {
        check.fault(AuditFault::Head { last: check.last, head: head.seq });
    }
    match noted {
        Some(noted) if noted.seq > 0 && check.at_noted.as_ref() != Some(&noted.hash) => {
            check.fault(AuditFault::Witness { last: check.last, noted: noted.seq });
        }
        None if apart && head.seq > 0 => check.fault(AuditFault::NoWitness),
        _ => {}
    }
    Ok(Verified { entries: check.entries, head: HEXLOWER.encode(&head.hash), faults: check.faults })
}

/// The chain as far as it was read.
struct Check {
    before: Vec<u8>,
    last: i64,
    entries: i64,
    /// Hash of the entry whose number is kept apart.
    at_noted: Option<Vec<u8>>,
    faults: Vec<AuditFault>,
}

impl Check {
    fn entry(&mut self, entry: &Entry, key: &[u8; 32], noted: Option<&Head>) {
        if entry.seq != self.last + 1 {
            self.fault(AuditFault::Missing { seq: self.last + 1 });
        }
        if entry.chained(key, &self.before) != entry.hash {
            self.fault(AuditFault::Changed { seq: entry.seq });
        }
        if noted.is_some_and(|noted| noted.seq == entry.seq) {
            self.at_noted = Some(entry.hash.clone());
        }
        self.before.clone_from(&entry.hash);
        self.last = entry.seq;
        self.entries += 1;
    }

    fn fault(&mut self, fault: AuditFault) {
        if self.faults.len() < MOST {
            self.faults.push(fault);
        }
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
