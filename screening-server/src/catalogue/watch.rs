//! The state in use, and how a new one comes in its place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use super::load::toml_files;
use super::{Catalogue, LoadError};

/// The definitions in use.
#[derive(Debug)]
pub(crate) struct Definitions {
    folder: Option<PathBuf>,
    now: ArcSwap<Catalogue>,
    /// How the folder looked when it was read last, whether or not that went well.
    seen: Mutex<Option<Look>>,
}

/// Path, time of change and size of every file.
type Look = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// What a reload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// Nothing is different in the folder.
    Unchanged,
    /// A new state is in use, with so many definitions.
    Done {
        /// Definitions, every version counted.
        definitions: usize,
    },
}

impl Definitions {
    /// Reads everything for the first time.
    pub(crate) fn load(folder: Option<PathBuf>) -> Result<Self, LoadError> {
        let look = folder.as_deref().map(look);
        let catalogue = Catalogue::load(folder.as_deref(), None)?;
        Ok(Self { folder, now: ArcSwap::from_pointee(catalogue), seen: Mutex::new(look) })
    }

    /// The state in use. It stays whole for as long as it is held.
    pub(crate) fn now(&self) -> Arc<Catalogue> {
        self.now.load_full()
    }

    /// Reads the folder again and puts the new state in the place of the old, or keeps the old one when something is wrong.
    pub(crate) fn reload(&self) -> Result<Reloaded, LoadError> {
        let look = self.folder.as_deref().map(look);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = look;
        let earlier = self.now();
        let new = Catalogue::load(self.folder.as_deref(), Some(&earlier))?;
        let definitions = new.instruments.len() + new.policies.len() + new.norms.len() + new.plans.len();
        self.now.store(Arc::new(new));
        Ok(Reloaded::Done { definitions })
    }

    /// Reloads when a file came, went or changed since the folder was read last.
    pub(crate) fn reload_if_changed(&self) -> Result<Reloaded, LoadError> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Reloaded::Unchanged) };
        let look = Some(look(folder));
        let same = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == look;
        if same { Ok(Reloaded::Unchanged) } else { self.reload() }
    }
}

/// How a folder and the folders in it look now. What cannot be looked at is told when it is read.
fn look(folder: &Path) -> Look {
    let below = ["policies", "norms", "validity"].map(|name| folder.join(name));
    let mut files: Vec<PathBuf> = toml_files(folder).unwrap_or_default();
    files.extend(below.iter().flat_map(|folder| toml_files(folder).unwrap_or_default()));
    files.sort();
    let describe = |path: PathBuf| {
        let facts = std::fs::metadata(&path).ok();
        let changed = facts.as_ref().and_then(|facts| facts.modified().ok());
        (path, changed, facts.map_or(0, |facts| facts.len()))
    };
    files.into_iter().map(describe).collect()
}
