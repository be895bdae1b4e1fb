//! One file a command.

mod answers;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod evaluate;
pub(crate) mod example;
pub(crate) mod instruments;
pub(crate) mod map;
pub(crate) mod norms;
pub(crate) mod policies;
pub(crate) mod psychometrics;
pub(crate) mod report;
pub(crate) mod research;
pub(crate) mod run;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod store;

use std::path::PathBuf;

use screening_core::instrument::{Language, Library};

use crate::fail::Failure;

/// What holds for every command.
pub(crate) struct Context {
    /// JSON for machines.
    pub(crate) json: bool,
    /// Language of tables and messages.
    pub(crate) language: Language,
    /// Folder with further definitions.
    pub(crate) instruments: Option<PathBuf>,
}

impl Context {
    /// The library: the bundled definitions and those of `--instruments`.
    pub(crate) fn library(&self) -> Result<Library, Failure> {
        let mut library = Library::bundled().map_err(Failure::from_error)?;
        if let Some(folder) = &self.instruments {
            library.add_folder(folder).map_err(Failure::from_error)?;
        }
        Ok(library)
    }
}

/// Prints a value as JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::from_error)?;
    println!("{text}");
    Ok(())
}
