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
    /// The file; its ending (.html, .docx, .pdf, .xlsx) says as what. For `--kind school`, `class` and `grade` without --school
    /// a folder, with one file a school.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// One school: the report of it, or its list alone.
    #[arg(long)]
    pub(crate) school: Option<String>,
    /// One grade, for `--kind class`, `grade`, `pupil-text` and `parent-text`.
    #[arg(long, value_name = "1-12")]
    pub(crate) grade: Option<u8>,
    /// One class as the class list names it, for `--kind class`, `pupil-text` and `parent-text`.
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// Student id, for `--kind pupil`, `referral`, `pupil-text` and `parent-text`.
    #[arg(long, value_name = "ID")]
    pub(crate) pupil: Option<String>,
    /// Results of another wave: of the year, for `--kind evidence`; an earlier one, for `--kind pupil`. Repeat for each folder.
    #[arg(long, value_name = "RESULTS")]
    pub(crate) also: Vec<PathBuf>,
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
    /// Pages for class teachers of a school, or of all schools: completion, and the picture of the grade.
    Class,
    /// Pages for the grades of a school, or of all schools.
    Grade,
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
    /// Texts for pupils: descriptive, without scores.
    PupilText,
    /// Texts for parents: descriptive, without scores.
    ParentText,
    /// Evidence pack for the yearly audit.
    Evidence,
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
