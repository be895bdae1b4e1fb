//! Reading definitions: those inside the program, and those of a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use screening_core::instrument::{Diagnostics, Instrument, Library, LibraryError};
use screening_core::norms::NormSet;
use screening_core::risk::Policy;
use screening_core::scoring::CompileError;
use screening_core::validity::ValidityPlan;

use super::{Catalogue, Named, Ready, Shelf};

/// Why definitions cannot be loaded. What was served before goes on being served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The library inside the program.
    #[error(transparent)]
    Bundled(#[from] LibraryError),
    /// A file cannot be read.
    #[error("{}: {source}; check the path and that the file is UTF-8", file.display())]
    Io {
        /// File or folder.
        file: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A definition does not pass its checks.
    #[error("{file}: {diagnostics}")]
    Definition {
        /// File.
        file: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// An instrument cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The same id and version with other content.
    #[error(
        "{file}: {citation} differs from what is served under this version; give the changed definition a new version"
    )]
    SameVersion {
        /// File, or where the known one comes from.
        file: String,
        /// What differs.
        citation: String,
    },
}

impl Catalogue {
    /// The bundled definitions and those of a folder: instruments in `*.toml`, the others in its folders `policies`, `norms`
    /// and `validity`. Versions that `earlier` served stay, also when their file is gone.
    pub(crate) fn load(folder: Option<&Path>, earlier: Option<&Self>) -> Result<Self, LoadError> {
        let mut catalogue = Self::default();
        let bundled: Vec<Instrument> = Library::bundled()?.iter().cloned().collect();
        catalogue
            .compile(bundled.into_iter().map(|instrument| ("the bundled library".to_owned(), instrument)), earlier)?;
        let inside = |kind: &'static str| {
            Library::bundled_files(kind).map(move |(id, text)| (format!("{kind}/{id}.toml"), text.to_owned()))
        };
        read_all(&mut catalogue.policies, inside("policies"), Policy::from_toml)?;
        read_all(&mut catalogue.norms, inside("norms"), NormSet::from_toml)?;
        read_all(&mut catalogue.plans, inside("validity"), ValidityPlan::from_toml)?;
        if let Some(folder) = folder {
            let texts = files(folder)?;
            let instruments = texts.into_par_iter().map(|(file, text)| {
                let read = Instrument::from_toml(&text);
                read.map(|own| (file.clone(), own)).map_err(|diagnostics| LoadError::Definition { file, diagnostics })
            });
            catalogue.compile(instruments.collect::<Result<Vec<_>, _>>()?.into_iter(), earlier)?;
            let below = |name: &str| {
                let folder = folder.join(name);
                if folder.is_dir() { files(&folder) } else { Ok(Vec::new()) }
            };
            read_all(&mut catalogue.policies, below("policies")?.into_iter(), Policy::from_toml)?;
            read_all(&mut catalogue.norms, below("norms")?.into_iter(), NormSet::from_toml)?;
            read_all(&mut catalogue.plans, below("validity")?.into_iter(), ValidityPlan::from_toml)?;
        }
        if let Some(earlier) = earlier {
            keep(&mut catalogue.instruments, &earlier.instruments)?;
            keep(&mut catalogue.policies, &earlier.policies)?;
            keep(&mut catalogue.norms, &earlier.norms)?;
            keep(&mut catalogue.plans, &earlier.plans)?;
        }
        Ok(catalogue)
    }

    /// Compiles instruments, and takes those over that are compiled already.
    fn compile(
        &mut self,
        instruments: impl Iterator<Item = (String, Instrument)>,
        earlier: Option<&Self>,
    ) -> Result<(), LoadError> {
        let known = |instrument: &Instrument| {
            let found = earlier?.instruments.find(&instrument.citation()).ok()?;
            (found.instrument().hash() == instrument.hash()).then(|| found.clone())
        };
        let ready = instruments.collect::<Vec<_>>().into_par_iter().map(|(file, instrument)| {
            let ready = match known(&instrument) {
                Some(known) => known,
                None => Arc::new(Ready::new(&instrument)?),
            };
            Ok::<_, LoadError>((file, ready))
        });
        for (file, ready) in ready.collect::<Result<Vec<_>, _>>()? {
            let citation = ready.citation();
            self.instruments.add(ready).map_err(|_| LoadError::SameVersion { file, citation })?;
        }
        Ok(())
    }
}

fn read_all<T: Named>(
    shelf: &mut Shelf<T>,
    texts: impl Iterator<Item = (String, String)>,
    read: impl Fn(&str) -> Result<T, Diagnostics>,
) -> Result<(), LoadError> {
    for (file, text) in texts {
        let definition = match read(&text) {
            Ok(definition) => Arc::new(definition),
            Err(diagnostics) => return Err(LoadError::Definition { file, diagnostics }),
        };
        let citation = definition.citation();
        shelf.add(definition).map_err(|_| LoadError::SameVersion { file, citation })?;
    }
    Ok(())
}

fn keep<T: Named>(shelf: &mut Shelf<T>, earlier: &Shelf<T>) -> Result<(), LoadError> {
    shelf
        .keep(earlier)
        .map_err(|served| LoadError::SameVersion { file: "what is served now".to_owned(), citation: served.citation() })
}

/// Name and text of every `*.toml` file of a folder, in the order of the names.
fn files(folder: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let mut paths = toml_files(folder).map_err(|source| LoadError::Io { file: folder.to_owned(), source })?;
    paths.sort();
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(source) => Err(LoadError::Io { file: path, source }),
    };
    paths.into_iter().map(read).collect()
}

/// The `*.toml` files of a folder.
pub(super) fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_bundled_loads() {
        let catalogue = Catalogue::load(None, None).unwrap();
        assert!(catalogue.instruments.len() > 100);
        assert!(catalogue.policies.len() > 0 && catalogue.norms.len() > 0 && catalogue.plans.len() > 0);
    }
}
