//! Files of jobs in the data folder: how long they are kept, and under which key. What a platform exports holds names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::store::leftovers::{self, Kept, RESULTS};
use crate::store::{Store, StoreError};

use super::UPLOAD;
use super::sealed::{AGAIN, SEALED, folder, make, of_job, opened};
pub(crate) use super::sealed::{Sealing, Written, read, seal_folder};

/// Folder within that of a job in which files stand in the clear for as long as they are written.
const CLEAR: &str = "clear";
/// A folder of no job is that of an upload on its way, until nothing was written there for so long.
const ORPHANED: Duration = Duration::from_mins(10);

/// An empty folder of a job in which files stand in the clear while they are written.
pub(crate) fn clear_folder(store: &Store, job: &str) -> Result<PathBuf, StoreError> {
    let path = of_job(store, job).join(CLEAR);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|error| StoreError::file(&path, error))?;
    }
    make(&path)?;
    Ok(path)
}

/// Removes the folder of a job in which files stood in the clear.
pub(crate) fn remove_clear(store: &Store, job: &str) {
    // It may be gone already.
    let _ = fs::remove_dir_all(of_job(store, job).join(CLEAR));
}

/// Removes what a killed server left behind in the clear.
pub(crate) fn tidy(store: &Store) {
    for job in jobs(store) {
        // Most often there is none.
        let _ = fs::remove_dir_all(of_job(store, &job).join(CLEAR));
    }
}

/// Names of the folders of jobs.
fn jobs(store: &Store) -> Vec<String> {
    let entries = fs::read_dir(folder(store)).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Names of the whole files of a job.
fn names(store: &Store, job: &str) -> Vec<String> {
    let entries = fs::read_dir(of_job(store, job)).into_iter().flatten().flatten();
    let name =
        |entry: fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(SEALED)?.strip_suffix('.')?.to_owned());
    entries.filter_map(name).collect()
}

/// Removes a file of a job.
pub(crate) fn remove(store: &Store, job: &str, name: &str) {
    // It may be gone already.
    let _ = fs::remove_file(of_job(store, job).join(format!("{name}.{SEALED}")));
    // Only when it is empty.
    let _ = fs::remove_dir(of_job(store, job));
}

/// Removes files that are to be kept no longer, and those of no job: an upload that broke off.
pub(crate) async fn sweep(store: &Store) -> Result<(), StoreError> {
    for job in jobs(store) {
        sweep_one(store, &job).await?;
    }
    Ok(())
}

/// The same for one job.
pub(crate) async fn sweep_one(store: &Store, job: &str) -> Result<(), StoreError> {
    for path in half_done(store, job) {
        // It may be gone already.
        let _ = fs::remove_file(path);
    }
    let kept = match leftovers::of_job(store.pool(), job).await? {
        Some((kept, true)) => kept,
        None if is_orphaned(&of_job(store, job)) => Kept::None,
        // It is still to be done, or an upload is on its way.
        _ => return Ok(()),
    };
    for name in names(store, job).iter().filter(|name| !kept.keeps(name)) {
        remove(store, job, name);
    }
    if kept == Kept::Aggregates {
        scrub(store, job).await?;
    }
    // What was uploaded is in the store when its job has ended, or is refused: it holds names, and is not kept.
    remove(store, job, UPLOAD);
    Ok(())
}

/// Takes rows out of the results of a computation of which the store has no more.
async fn scrub(store: &Store, job: &str) -> Result<(), StoreError> {
    let Some(bytes) = read(store, job, RESULTS)? else { return Ok(()) };
    let kept = leftovers::pupils_of(store.pool(), job).await?;
    match screening_io::results_of_pupils(&bytes, &kept) {
        Ok(None) => Ok(()),
        Ok(Some(rest)) => {
            let mut new = Sealing::beside(store, job, RESULTS)?;
            new.add(&rest)?;
            new.end_as(&of_job(store, job).join(format!("{RESULTS}.{SEALED}")))
        }
        // It cannot be told whose rows are in it.
        Err(_) => {
            tracing::error!(job, "results that cannot be read were removed");
            remove(store, job, RESULTS);
            Ok(())
        }
    }
}

/// Whether nothing was written into a folder for a while.
fn is_orphaned(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).chain([folder.to_owned()]).all(|path| is_old(&path))
}

fn is_old(path: &Path) -> bool {
    let changed = fs::metadata(path).and_then(|known| known.modified()).ok();
    changed.and_then(|changed| SystemTime::now().duration_since(changed).ok()).is_some_and(|since| since > ORPHANED)
}

/// Files that a rotation that broke off left beside others.
fn half_done(store: &Store, job: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(of_job(store, job)).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == AGAIN) && is_old(path)).collect()
}

/// Encrypts files of jobs with the key that is used now; gives how many were encrypted with another. A file that is not whole is
/// that of an upload on its way, which is refused at its end because the key has changed.
pub(crate) fn reseal(store: &Store) -> Result<u64, StoreError> {
    let current = store.vault().current();
    let mut count = 0;
    for job in jobs(store) {
        for name in names(store, &job) {
            let Some((key_id, mut old)) = opened(store, &job, &name)? else { continue };
            if key_id == current {
                continue;
            }
            let mut new = Sealing::beside(store, &job, &name)?;
            let whole = loop {
                match old.part() {
                    Ok(Some(part)) => new.add(&part)?,
                    Ok(None) => break true,
                    Err(StoreError::File { source, .. }) if source.kind() == io::ErrorKind::UnexpectedEof => {
                        break false;
                    }
                    Err(error) => return Err(error),
                }
            };
            // Gone meanwhile: its job has ended.
            if whole && old.path.is_file() {
                new.end_as(&old.path)?;
                count += 1;
            } else {
                let beside = new.path.clone();
                drop(new);
                let _ = fs::remove_file(&beside);
            }
        }
    }
    Ok(count)
}
