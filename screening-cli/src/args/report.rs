//! Arguments of `screening report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `screening report`
#[derive(Debug, Args)]
pub(crate) struct ReportCommand {
    /// Folder that `screening run --out` wrote.
    pub(crate) results: PathBuf,
    /// What is written.
    #[arg(long, value_enum)]
    pub(crate) kind: KindArg,
    /// The file; its ending (.html, .docx, .pdf, .xlsx) says as what. For `--kind school` without --school a folder, with one
    /// file a school.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// One school: the report of it, or its list alone.
    #[arg(long)]
    pub(crate) school: Option<String>,
    /// Student id, for `--kind pupil` and `--kind referral`.
    #[arg(long, value_name = "ID")]
    pub(crate) pupil: Option<String>,
    /// Who signs, documents, help lines, rule of suppression (docs/reports.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// The policy of the results, where it is not a bundled one.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Class lists with names, for lists and pages about pupils; repeat for each file.
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Vec<PathBuf>,
    /// Names and student ids in full instead of masked.
    #[arg(long)]
    pub(crate) full: bool,
    /// What the files of all schools are written as.
    #[arg(long, value_enum, default_value_t = FormatArg::Docx)]
    pub(crate) format: FormatArg,
}

/// Kinds of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Survey report of the district.
    District,
    /// Survey report of a school, or of all schools.
    School,
    /// One page about a pupil for a case conference.
    Pupil,
    /// Whom to talk with, by school.
    KeyList,
    /// Sheets that cannot be interpreted, by school.
    Invalid,
    /// Pupils without a sheet, by school.
    MakeUp,
    /// Referral form out and reply form back.
    Referral,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Word document.
    Docx,
    /// Page that prints.
    Html,
    /// Document that is not edited any more.
    Pdf,
    /// Workbook.
    Xlsx,
}

impl FormatArg {
    /// Ending of the file.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
        }
    }
}
