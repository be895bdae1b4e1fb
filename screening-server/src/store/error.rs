//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

use crate::problem::{Fault, Problem, ProblemKind};

use super::roles::Permission;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refuses, or cannot be reached.
    #[error("the database refuses: {0}")]
    Database(#[source] sqlx::Error),
    /// A file or folder of the store.
    #[error("`{}`: {source}; the user that runs the server needs to read and write there", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The keys cannot be read.
    #[error("the keys {at}: {why}")]
    Keys {
        /// Where they come from.
        at: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A value was encrypted with a key that is not here.
    #[error("the key `{0}` is not among the keys; restore the key file that was used with this database")]
    KeyMissing(String),
    /// A value is not what was encrypted: it was changed, or moved to another row.
    #[error("an encrypted value of `{0}` was changed or moved; restore a backup and verify the audit log")]
    Sealed(&'static str),
    /// Another process has made a new key since; the next attempt uses it.
    #[error("the keys were rotated meanwhile; try again")]
    KeysRotated,
    /// The keys are those of another database.
    #[error("the keys are not those of this database; give the key file that was made with it")]
    OtherKeys,
    /// The database was made by a newer program, or changed by hand.
    #[error("the tables of the database are not those of this program: migration {number} {why}")]
    Migration {
        /// Number of the migration.
        number: i64,
        /// What is wrong.
        why: String,
    },
    /// As many passwords are being looked at as may be.
    #[error("too many log-ins at the same time")]
    Busy,
    /// The system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandom,
    /// Something that was named, by the key of its text, is not there, or not within the scope of whoever asks.
    #[error("not within the scope: {0}")]
    Missing(&'static str),
    /// Something, by the key of its text, is there already.
    #[error("there already: {0}")]
    Exists(&'static str),
    /// What was asked for does not go with how things are, by the key of the reason.
    #[error("not now: {0}")]
    State(&'static str),
    /// A value that cannot be taken.
    #[error("`{field}`: {wanted}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Key of the text of what is needed.
        wanted: &'static str,
    },
    /// The caller may not do it.
    #[error("the role does not permit it")]
    Forbidden {
        /// The permission that the role lacks.
        permission: String,
    },
    /// The second factor has to be given again first.
    #[error("a second factor is needed first")]
    StepUp,
    /// Nobody has approved that the identity is viewed.
    #[error("the view was not approved")]
    NotApproved,
    /// The key of a request was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The audit log is not what was written.
    #[error("the audit log is broken: {0}")]
    Audit(String),
    /// A backup cannot be made or restored.
    #[error("backup: {0}")]
    Backup(String),
}

impl StoreError {
    /// A refusal because the role lacks a permission.
    pub(crate) fn forbidden(permission: Permission) -> Self {
        Self::Forbidden { permission: permission.to_string() }
    }

    /// The problem, where the body named what is not there: the field is told, and the status is that of a body.
    pub(crate) fn of_body(self, what: &'static str, pointer: &'static str) -> Problem {
        match self {
            Self::Missing(missing) if missing == what => {
                Fault::new(ProblemKind::NotInScope).at(pointer).with_text("what", what).into()
            }
            other => other.into(),
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Whether a row with the same key is there already.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let fault = match &error {
            StoreError::Missing(what) => Fault::new(ProblemKind::NotInScope).with_text("what", what),
            StoreError::Exists(what) => Fault::new(ProblemKind::AlreadyThere).with_text("what", what),
            StoreError::State(why) => Fault::new(ProblemKind::NotNow).with_text("why", why),
            StoreError::Invalid { field, wanted } => {
                Fault::new(ProblemKind::InvalidValue).at(format!("/{field}")).with_text("wanted", wanted)
            }
            StoreError::Forbidden { permission } => Fault::new(ProblemKind::Forbidden).with("permission", permission),
            StoreError::StepUp => Fault::new(ProblemKind::StepUpNeeded),
            StoreError::NotApproved => Fault::new(ProblemKind::NotApproved),
            StoreError::KeyReused => Fault::new(ProblemKind::IdempotencyKeyReused),
            StoreError::KeysRotated => Fault::new(ProblemKind::StoreUnavailable),
            StoreError::Busy => return Self::busy(),
            StoreError::Database(error) => {
                // The message of a database can hold values of a row: only its code is told.
                let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
                tracing::error!(code = code.unwrap_or_else(|| kind(error).to_owned()), "the database refused");
                Fault::new(ProblemKind::StoreUnavailable)
            }
            other => {
                tracing::error!(error = %other, "the store refused");
                Fault::new(ProblemKind::Internal)
            }
        };
        fault.into()
    }
}

/// What kind of error it is, without a value.
fn kind(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Io(_) => "input or output",
        sqlx::Error::Tls(_) => "TLS",
        sqlx::Error::PoolTimedOut => "no connection came free",
        sqlx::Error::PoolClosed => "closed",
        sqlx::Error::RowNotFound => "no row",
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "a value of another type",
        _ => "other",
    }
}
