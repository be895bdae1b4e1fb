//! The library: instruments by id.

use indexmap::IndexMap;

use super::{Diagnostics, Instrument};

/// Instruments by id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    instruments: IndexMap<String, Instrument>,
}

/// Why a library could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A definition does not pass its checks.
    #[error("{file}: {diagnostics}")]
    Definition {
        /// File name.
        file: String,
        /// The text of the file, for showing the place.
        text: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// Two files define the same id and version differently.
    #[error("{file}: {id} {version} is already loaded with other content; give the changed definition a new version")]
    SameVersion {
        /// File name.
        file: String,
        /// Instrument id.
        id: String,
        /// Version.
        version: semver::Version,
    },
    /// The library inside the binary cannot be read.
    #[error("the library inside this program is damaged: {0}; install the program again")]
    Bundled(#[from] serde_json::Error),
    /// A file cannot be read.
    #[error("{file}: {source}; check the path and that the file is UTF-8")]
    Io {
        /// File name.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
}

/// The definitions, packed by the build script: one JSON value a line.
#[cfg(feature = "bundled")]
static DEFINITIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/library.jsonl"));
#[cfg(feature = "bundled")]
static POLICIES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../instruments/policies");
#[cfg(feature = "bundled")]
static BATTERIES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../instruments/batteries");
#[cfg(feature = "bundled")]
static VOCABULARY: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../instruments/vocabulary");
#[cfg(feature = "bundled")]
static VALIDITY: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../instruments/validity");
#[cfg(feature = "bundled")]
static NORMS: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../instruments/norms");

/// A packed definition. Its checks were run when the library was tested.
#[cfg(feature = "bundled")]
#[derive(serde::Deserialize)]
struct Packed {
    hash: String,
    definition: super::Definition,
}

impl Library {
    /// The library inside the binary.
    ///
    /// # Errors
    /// When a bundled definition is broken, which a test of this crate excludes.
    #[cfg(feature = "bundled")]
    pub fn bundled() -> Result<Self, LibraryError> {
        let lines: Vec<&str> = DEFINITIONS.lines().filter(|line| !line.is_empty()).collect();
        let read = |line: &&str| {
            serde_json::from_str::<Packed>(line).map(|packed| Instrument::from_parts(packed.definition, packed.hash))
        };
        #[cfg(feature = "frame")]
        let read: Vec<_> = {
            use rayon::prelude::*;
            lines.par_iter().map(read).collect()
        };
        #[cfg(not(feature = "frame"))]
        let read: Vec<_> = lines.iter().map(read).collect();
        let mut library = Self::default();
        for instrument in read {
            let instrument = instrument?;
            library.instruments.insert(instrument.id().to_owned(), instrument);
        }
        Ok(library)
    }

    /// The text of a bundled data file below `instruments/`, for example `policies/district-default.toml`.
    #[cfg(feature = "bundled")]
    pub fn bundled_file(path: &str) -> Option<&'static str> {
        let (folder, file) = path.split_once('/')?;
        folder_of(folder)?.get_file(file)?.contents_utf8()
    }

    /// The bundled data files of a folder below `instruments/`, for example `policies`: id (the name without its ending) and
    /// text, in the order of the names.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// assert!(Library::bundled_files("policies").any(|(id, _)| id == "district-default"));
    /// assert_eq!(Library::bundled_files("nowhere").count(), 0);
    /// ```
    #[cfg(feature = "bundled")]
    pub fn bundled_files(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let mut files: Vec<(&str, &str)> = folder_of(folder)
            .into_iter()
            .flat_map(include_dir::Dir::files)
            .filter_map(|file| {
                let id = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
                Some((id, file.contents_utf8()?))
            })
            .collect();
        files.sort_unstable();
        files.into_iter()
    }

    /// The ids of the bundled data files of a folder below `instruments/`, in alphabetical order: `policies`, `batteries`,
    /// `validity` or `norms`.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// assert!(Library::bundled_ids("policies").contains(&"district-default"));
    /// ```
    #[cfg(feature = "bundled")]
    pub fn bundled_ids(folder: &str) -> Vec<&'static str> {
        let folder = match folder {
            "policies" => &POLICIES,
            "batteries" => &BATTERIES,
            "validity" => &VALIDITY,
            "norms" => &NORMS,
            _ => return Vec::new(),
        };
        let names = folder.files().filter_map(|file| file.path().to_str()?.strip_suffix(".toml"));
        let mut ids: Vec<&str> = names.collect();
        ids.sort_unstable();
        ids
    }

    /// Adds a definition; a newer version of a known id replaces the older.
    ///
    /// # Errors
    /// When the definition is broken, or the same id and version is loaded with other content.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), LibraryError> {
        let instrument = Instrument::from_toml(text).map_err(|diagnostics| LibraryError::Definition {
            file: file.to_owned(),
            text: text.to_owned(),
            diagnostics,
        })?;
        if let Some(known) = self.instruments.get(instrument.id()) {
            let (old, new) = (&known.definition().version, &instrument.definition().version);
            if old == new && known.hash() != instrument.hash() {
                return Err(LibraryError::SameVersion {
                    file: file.to_owned(),
                    id: instrument.id().to_owned(),
                    version: new.clone(),
                });
            }
            if old > new {
                return Ok(());
            }
        }
        self.instruments.insert(instrument.id().to_owned(), instrument);
        Ok(())
    }

    /// Adds every `*.toml` file of a folder, in the order of the file names.
    ///
    /// # Errors
    /// As [`Self::add`], and when the folder or a file cannot be read.
    pub fn add_folder(&mut self, folder: &std::path::Path) -> Result<(), LibraryError> {
        let io = |source| LibraryError::Io { file: folder.display().to_string(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.extension().is_some_and(|e| e == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let file = path.display().to_string();
            let text =
                std::fs::read_to_string(&path).map_err(|source| LibraryError::Io { file: file.clone(), source })?;
            self.add(&file, &text)?;
        }
        Ok(())
    }

    /// The instrument with this id.
    pub fn get(&self, id: &str) -> Option<&Instrument> {
        self.instruments.get(id)
    }

    /// All instruments, in the order of loading.
    pub fn iter(&self) -> impl Iterator<Item = &Instrument> {
        self.instruments.values()
    }

    /// Number of instruments.
    pub fn len(&self) -> usize {
        self.instruments.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.instruments.is_empty()
    }
}

/// A library of chosen instruments, for example of exactly those versions that a screening cites. Of an id that comes twice the
/// last stays.
///
/// ```
/// use screening_core::instrument::Library;
/// let all = Library::bundled()?;
/// let chosen: Library = all.iter().filter(|instrument| instrument.id() == "gad-7").cloned().collect();
/// assert_eq!(chosen.len(), 1);
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
impl FromIterator<Instrument> for Library {
    fn from_iter<I: IntoIterator<Item = Instrument>>(instruments: I) -> Self {
        let instruments = instruments.into_iter().map(|instrument| (instrument.id().to_owned(), instrument));
        Self { instruments: instruments.collect() }
    }
}

#[cfg(feature = "bundled")]
fn folder_of(name: &str) -> Option<&'static include_dir::Dir<'static>> {
    Some(match name {
        "policies" => &POLICIES,
        "batteries" => &BATTERIES,
        "vocabulary" => &VOCABULARY,
        "validity" => &VALIDITY,
        "norms" => &NORMS,
        _ => return None,
    })
}
