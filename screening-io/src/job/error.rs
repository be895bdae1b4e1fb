//! Why a job was refused.

use screening_core::instrument::{Diagnostics, LibraryError};
use screening_core::screening::ScreeningError;

use crate::IoError;

/// Why a job was refused.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A file cannot be opened.
    #[error("{file}: {source}; check the path")]
    File {
        /// File.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The job file is not one.
    #[error("{file}:{line}:{column}: {why}; compare with the example district's screening.toml")]
    Config {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Cause.
        why: String,
    },
    /// A policy or battery does not pass its checks.
    #[error("{file}: {diagnostics}")]
    Definition {
        /// File or id.
        file: String,
        /// Findings.
        diagnostics: Diagnostics,
    },
    /// A policy, battery, norm set or validity plan is not known.
    #[error("there is no {kind} `{id}`; use the id of a bundled one or {advice}")]
    Unknown {
        /// `policy`, `battery`, `norms` or `validity plan`.
        kind: &'static str,
        /// Id.
        id: String,
        /// What else can be done.
        advice: &'static str,
    },
    /// An answer file names a form that its battery does not have.
    #[error("battery `{battery}` has no form `{form}`; use {known}")]
    UnknownForm {
        /// Battery id.
        battery: String,
        /// Form id.
        form: String,
        /// Its forms.
        known: String,
    },
    /// Instruments cannot be loaded.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A file of answers or a roster is refused.
    #[error(transparent)]
    Input(#[from] IoError),
    /// The screening cannot be computed.
    #[error(transparent)]
    Screening(#[from] ScreeningError),
}
