//! Checking the audit log: the whole chain, the head in the database and the head that is kept apart.

use data_encoding::HEXLOWER;
use sqlx::{AnyConnection, Row};

use super::Store;
use super::audit::{Entry, HEAD, Head};
use super::error::StoreError;
use super::keys::Keys;

/// Rows that are read together.
const PAGE: i64 = 5000;

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
    /// The log goes on under a key that is not among the keys: the key file is an older one, or the head was changed.
    Key,
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
            Self::Key => write!(f, "the log goes on under a key that is not among the keys, or its head was changed"),
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
    let mut connection = store.pool().acquire().await?;
    // Another process may have continued it under a new key.
    let row = sqlx::query(HEAD).fetch_one(&mut *connection).await?;
    let known = store.vault().keys().audit_id(row.try_get::<i64, _>("seq")? + 1);
    if known != row.try_get::<String, _>("audit_key")? {
        store.vault().reload()?;
    }
    let keys = store.vault().keys();
    verify_with(&mut connection, &keys, noted.as_ref(), true).await
}

/// The same for a database of which, unless `apart`, no head is kept apart: a copy of another.
pub(super) async fn verify_with(
    connection: &mut AnyConnection,
    keys: &Keys,
    noted: Option<&Head>,
    apart: bool,
) -> Result<Verified, StoreError> {
    let row = sqlx::query(HEAD).fetch_one(&mut *connection).await?;
    let used: String = row.try_get("audit_key")?;
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
            check.entry(&Entry::read(row)?, keys, noted);
        }
    }
    if !used.is_empty() && used != keys.audit_id(head.seq + 1) {
        check.fault(AuditFault::Key);
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
    fn entry(&mut self, entry: &Entry, keys: &Keys, noted: Option<&Head>) {
        if entry.seq != self.last + 1 {
            self.fault(AuditFault::Missing { seq: self.last + 1 });
        }
        if entry.chained(keys.audit_of(entry.seq), &self.before) != entry.hash {
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
