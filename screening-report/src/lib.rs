//! Reports of a screening that a bureau would sign and a counsellor would use.
//!
//! [`Results`] are read from the folder that `screening run` writes. A function a kind makes a [`Report`] of them, one typed model
//! of sections, paragraphs, tables and pictures; [`write()`] renders it by the extension of the file: `html` (one file, ready to
//! print), `docx` (to be edited), `pdf` (to be handed on), `xlsx` (lists).
//!
//! Nothing here screens: scores, tiers and tests are the engine's. Every count of a survey report passes the suppression step
//! once for all reports of a wave ([`Survey`]). No report holds a name unless names are handed to a list of a school on
//! purpose, and no text names a diagnosis ([`refused_words`]).
//!
//! ```no_run
//! use std::path::Path;
//! use screening_core::instrument::Library;
//! use screening_report::{Results, Settings, Survey, write};
//!
//! let results = Results::read(Path::new("out"), Library::bundled()?, None)?;
//! let settings = Settings::default();
//! let report = Survey::of(&results, &settings)?.district()?;
//! write(&report, Path::new("district.docx"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod error;
mod figures;
mod format;
mod forms;
mod model;
mod plot;
mod profile;
mod released;
mod render;
mod settings;
mod source;
mod survey;
mod words;
mod writer;

pub use batch::{write_reports, write_schools};
pub use error::{Refusal, ReportError};
pub use format::{Format, NONE};
pub use forms::{
    Names, Naming, Reader, Whose, invalid_list, key_list, letters, make_up_list, pupil_page, pupil_page_over, referral,
};
pub use model::{
    Bar, Bin, Block, Cell, Chart, Column, Figure, FormField, Panel, ProfileRow, Report, Section, Step, Table,
};
pub use render::{FORMATS, docx, html, pdf, write, xlsx};
pub use settings::Settings;
pub use source::{Cuts, Measure, Results, Summary, Value};
pub use survey::{EvidenceWave, Survey, evidence};
pub use words::refused_words;
