//! Files that appear all at once, or not at all.

use std::borrow::Cow;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{IoError, Place, Problem};

/// Why a file could not be written: the message of whatever library was at it.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// Files under temporary names, removed again unless they are published.
pub(super) struct Stage {
    out: PathBuf,
    staged: Vec<Staged>,
    /// Folders within that were not there before.
    made: Vec<PathBuf>,
}

struct Staged {
    temporary: PathBuf,
    name: Cow<'static, str>,
}

impl Stage {
    /// Makes the folder.
    pub(super) fn open(out: &Path) -> Result<Self, IoError> {
        fs::create_dir_all(out).map_err(|cause| problem("output-folder", out, &cause))?;
        Ok(Self { out: out.to_owned(), staged: Vec::new(), made: Vec::new() })
    }

    /// Writes one file under its temporary name.
    pub(super) fn write(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), Failure>,
    ) -> Result<(), IoError> {
        let name = name.into();
        // The process id keeps two runs into one folder from writing into the same file.
        let path = self.out.join(&*name);
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            fs::create_dir_all(folder).map_err(|cause| problem("output-folder", folder, &cause))?;
            self.made.push(folder.to_owned());
        }
        let last = path.file_name().map(|last| last.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = path.with_file_name(format!(".{last}.{}.part", std::process::id()));
        self.staged.push(Staged { temporary: temporary.clone(), name });
        write_file(&temporary, fill).map_err(|cause| problem("output-unwritable", &path, &*cause))
    }

    /// Puts all files in their place. This is left for last, so that old and new files stand side by side for the
    /// shortest time.
    pub(super) fn publish(mut self) -> Result<Vec<PathBuf>, IoError> {
        let mut published = Vec::with_capacity(self.staged.len());
        for staged in &self.staged {
            let path = self.out.join(&*staged.name);
            fs::rename(&staged.temporary, &path).map_err(|cause| problem("output-not-replaced", &path, &cause))?;
            published.push(path);
        }
        self.staged.clear();
        self.made.clear();
        Ok(published)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for staged in &self.staged {
            // Nothing can be done about a file that does not go away, and it may never have been made.
            let _ = fs::remove_file(&staged.temporary);
        }
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn write_file(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut writer = BufWriter::with_capacity(1 << 18, File::create(path)?);
    fill(&mut writer)?;
    writer.flush()?;
    // Without this a power cut after the rename could leave the new name over an empty file.
    writer.get_ref().sync_all()?;
    Ok(())
}

pub(super) fn problem(id: &'static str, path: &Path, cause: &(dyn Error + 'static)) -> IoError {
    let place = Place::file(path.display().to_string());
    Problem::new(id, place).with("cause", cause).into()
}
