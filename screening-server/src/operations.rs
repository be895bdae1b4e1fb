//! What whoever runs a server does with its store from the command line, while the server runs or not.
//!
//! Each function opens the store, does one thing, and closes it again. In SQLite the server may go on meanwhile: both wait
//! for each other.

use std::future::Future;
use std::path::Path;

use crate::jobs::files;
use crate::store::{
    Deleted, Manifest, Rotated, Store, StoreConfig, StoreError, Verified, audit, backup as backups, retention, rotate,
    verification,
};

/// Runs one thing on a store that is there already.
fn with<T, F: Future<Output = Result<T, StoreError>>>(
    config: &StoreConfig,
    work: impl FnOnce(Store) -> F,
) -> Result<T, StoreError> {
    if config.database.is_none() && !config.data.join(crate::store::SQLITE).is_file() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no store in this folder");
        return Err(StoreError::File { path: config.data.clone(), source });
    }
    runtime(&config.data)?.block_on(async {
        let store = Store::open(config).await?;
        let done = work(store.clone()).await;
        store.close().await;
        done
    })
}

fn runtime(data: &Path) -> Result<tokio::runtime::Runtime, StoreError> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|source| StoreError::File { path: data.to_owned(), source })
}

/// Checks the audit log: every entry against the one before, and the end against the head that is kept apart. This is
/// `screening audit-log verify`.
///
/// # Errors
/// When the store cannot be opened or read. A log that is not whole is no error here: see [`Verified::faults`].
///
/// ```no_run
/// use screening_server::{StoreConfig, operations::verify_audit_log};
/// let verified = verify_audit_log(&StoreConfig::new("/var/lib/screening"))?;
/// assert!(verified.faults.is_empty());
/// # Ok::<(), screening_server::StoreError>(())
/// ```
pub fn verify_audit_log(config: &StoreConfig) -> Result<Verified, StoreError> {
    with(config, |store| async move { verification::verify(&store).await })
}

/// Writes a backup into a new folder, while the server goes on, and checks it: the database, its references, the audit log,
/// the rows of each table. Files of jobs are in it as they stand, encrypted; the keys are not. This is `screening backup`.
///
/// # Errors
/// When the store cannot be read, the folder is there already, or the copy is not sound.
pub fn backup(config: &StoreConfig, to: &Path) -> Result<Manifest, StoreError> {
    with(config, |store| async move { backups::backup(&store, to).await })
}

/// Restores a backup into a data folder, or a PostgreSQL database, in which there is no store yet, and checks it. The keys
/// that were in use when it was made have to be there. This is `screening restore`.
///
/// # Errors
/// When there is a store already, the backup was changed, or the keys are others.
pub fn restore(config: &StoreConfig, from: &Path) -> Result<Manifest, StoreError> {
    runtime(&config.data)?.block_on(backups::restore(config, from))
}

/// Makes a new key and encrypts everything with it, files of jobs too; `resume` goes on with a rotation that was broken off, and `drop_old` takes
/// older keys out of the key file at the end. This is `screening rotate-keys`.
///
/// # Errors
/// When the key file cannot be written, or a value was changed.
pub fn rotate_keys(config: &StoreConfig, resume: bool, drop_old: bool) -> Result<Rotated, StoreError> {
    with(config, |store| async move {
        let mut rotated = rotate::rotate(&store, resume).await?;
        rotated.files = files::reseal(&store)?;
        if drop_old {
            rotated.dropped = rotate::drop_old(&store)?;
        }
        Ok(rotated)
    })
}

/// Continues the audit log under a new key, and gives the number of the last entry under the old one. The old key stays in the
/// key file: the entries under it are checked with it. This is `screening rotate-keys --audit-log`.
///
/// # Errors
/// When the keys come from the environment, or the key file or the store cannot be written.
pub fn rotate_audit_key(config: &StoreConfig) -> Result<i64, StoreError> {
    with(config, |store| async move { audit::rotate(&store).await })
}

/// Deletes what is due by the retention rules, and files that are to be kept no longer. This is `screening retention`.
///
/// # Errors
/// When the store cannot be written.
pub fn delete_what_is_due(config: &StoreConfig) -> Result<Vec<Deleted>, StoreError> {
    with(config, |store| async move {
        let deleted = retention::run(&store).await?;
        files::sweep(&store).await?;
        Ok(deleted)
    })
}
