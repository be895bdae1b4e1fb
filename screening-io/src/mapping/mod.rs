//! A file that says which column is what, for tables whose names say nothing.
//!
//! ```toml
//! schema = 1
//! form = "wide"                       # or "long": one row an answer
//!
//! [person]
//! student_id = "学号"
//!
//! [instruments.phq-9]
//! columns = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"]
//! answers = { "never" = 0, "some days" = 1, "many days" = 2, "daily" = 3 }
//! ```
//!
//! [`draft_mapping`] writes one to edit; [`read_mapped`] reads a table with it. Columns that the file does not name are
//! not read.

mod draft;
mod long;
mod read;

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::coding::Coding;
use crate::error::{IoError, Place, Problem};

pub use draft::draft_mapping;
pub use read::{MappedSpec, read_mapped, read_mapped_bytes};

/// The version of the mapping format that this engine reads.
pub const MAPPING_SCHEMA: u32 = 1;

/// Which column of a table is what.
///
/// ```
/// use screening_io::Mapping;
/// let mapping = Mapping::parse("m.toml", "schema = 1\n[person]\nstudent_id = \"no\"\n[instruments.x]\ncolumns = [\"a\"]")?;
/// assert_eq!(mapping.person["student_id"], "no");
/// let wrong = Mapping::parse("m.toml", "schema = 1\n[persons]\n").unwrap_err();
/// assert_eq!(wrong.id(), "mapping-file");
/// # Ok::<(), screening_io::IoError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapping {
    /// Format version; must be [`MAPPING_SCHEMA`].
    pub schema: u32,
    /// How the table is laid out.
    #[serde(default)]
    pub form: Form,
    /// Worksheet, where several hold data.
    #[serde(default)]
    pub worksheet: Option<String>,
    /// Text encoding, where it cannot be told.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Canonical person field (`student_id`, `school`, `grade`, `class`, `sex`, `birth_date`, `age`, `wave`,
    /// `administered_on`; for matching also `name` and `login_code`) to heading.
    #[serde(default)]
    pub person: IndexMap<String, String>,
    /// Columns about the sheet.
    #[serde(default)]
    pub sheet: SheetColumns,
    /// Where the answers of a long table are.
    #[serde(default)]
    pub long: Option<LongColumns>,
    /// The instruments.
    pub instruments: IndexMap<String, MappedInstrument>,
}

/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One row a sheet, one column an item.
    #[default]
    Wide,
    /// One row an answer.
    Long,
}

/// Headings of the columns about the sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SheetColumns {
    /// Number of the sheet in its source.
    #[serde(default)]
    pub id: Option<String>,
    /// Time of submission.
    #[serde(default)]
    pub submitted: Option<String>,
    /// Time taken.
    #[serde(default)]
    pub duration: Option<String>,
}

/// Headings of a long table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LongColumns {
    /// The column that names the question.
    pub item: String,
    /// The column with the answer.
    pub answer: String,
    /// The column that names the instrument, where there is one.
    #[serde(default)]
    pub instrument: Option<String>,
}

/// How one instrument is found and read.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MappedInstrument {
    /// Headings of the items in the order of the instrument; in a long table the words of the item column.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The same by item id.
    #[serde(default)]
    pub items: IndexMap<String, String>,
    /// What the instrument column of a long table says; by default the id.
    #[serde(default)]
    pub name: Option<String>,
    /// How the answers are coded; told from them by default.
    #[serde(default)]
    pub coding: Option<Coding>,
    /// What each answer in the file stands for; every other content is no answer.
    #[serde(default)]
    pub answers: IndexMap<String, i8>,
    /// Answers that fit no option were looked at and are single wrong cells.
    #[serde(default)]
    pub accept_strays: bool,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When it cannot be read or is not a mapping; the error names the line.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Problem::new("file-unreadable", Place::file(&file)).with("cause", cause))?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a mapping file; `file` stands for it in messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(file: &str, text: &str) -> Result<Self, IoError> {
        let refuse = |row: Option<u32>, cause: String| {
            let place = Place { row, ..Place::file(file) };
            IoError::from(Problem::new("mapping-file", place).with("cause", cause))
        };
        let mapping: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            refuse(u32::try_from(line).ok(), error.message().trim().to_owned())
        })?;
        if mapping.schema != MAPPING_SCHEMA {
            return Err(refuse(None, format!("schema = {} (!= {MAPPING_SCHEMA})", mapping.schema)));
        }
        if (mapping.form == Form::Long) != mapping.long.is_some() {
            return Err(Problem::new("mapping-long", Place::file(file)).into());
        }
        if mapping.instruments.is_empty() {
            return Err(Problem::new("layout-no-instrument", Place::file(file)).into());
        }
        Ok(mapping)
    }
}
