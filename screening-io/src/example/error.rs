//! What can go wrong while an example district is made.

use std::path::{Path, PathBuf};

/// Why an example district could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleError {
    /// The bundled description of the district does not read; a defect of this library.
    #[error("the description of the example district does not read: {0}")]
    Resource(#[from] Box<toml::de::Error>),
    /// The bundled description names something that is not there, or contradicts itself.
    #[error("the description of the example district is wrong at `{place}`: {why}")]
    Description {
        /// Where in the description.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// The caller's library lacks an instrument that the district uses.
    #[error(
        "the example district uses the instrument `{id}`, which the instrument library does not hold; add its definition to the library"
    )]
    UnknownInstrument {
        /// Instrument id.
        id: String,
    },
    /// The number of pupils does not fit the number of schools.
    #[error(
        "{pupils} pupils do not fit {schools} schools: a school has from {least} to {most} pupils; change --pupils or --schools"
    )]
    Size {
        /// Pupils asked for.
        pupils: u64,
        /// Schools asked for.
        schools: u32,
        /// Smallest school.
        least: u64,
        /// Largest school.
        most: u64,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}; check that the folder exists, is writable and has room", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A csv file could not be written.
    #[error("cannot write {path}: {source}; check that the folder is writable and has room", path = path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        source: csv::Error,
    },
    /// A workbook could not be written.
    #[error("cannot write the workbook {path}: {source}; check that the folder is writable and has room", path = path.display())]
    Workbook {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        source: Box<rust_xlsxwriter::XlsxError>,
    },
    /// A parquet file could not be written.
    #[error("cannot write {path}: {source}; check that the folder is writable and has room", path = path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        source: Box<polars::error::PolarsError>,
    },
}

impl ExampleError {
    pub(super) fn description(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Description { place: place.into(), why: why.into() }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        |source| Self::Write { path: path.to_owned(), source }
    }

    pub(super) fn csv(path: &Path) -> impl Fn(csv::Error) -> Self {
        |source| Self::Csv { path: path.to_owned(), source }
    }

    pub(super) fn workbook(path: &Path) -> impl Fn(rust_xlsxwriter::XlsxError) -> Self {
        |source| Self::Workbook { path: path.to_owned(), source: Box::new(source) }
    }

    pub(super) fn parquet(path: &Path) -> impl Fn(polars::error::PolarsError) -> Self {
        |source| Self::Parquet { path: path.to_owned(), source: Box::new(source) }
    }
}
