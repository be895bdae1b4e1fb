//! Which reports a job asks for. What a report is stands in `screening-report`, which is above this crate.

use std::path::PathBuf;

use screening_core::instrument::Language;
use serde::Deserialize;

/// `[reports]` of a job: what is written into the folder `reports` beside the other outputs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobReports {
    /// Settings of the reports, relative to the job file; defaults where left out.
    #[serde(default)]
    pub settings: Option<PathBuf>,
    /// Kinds.
    pub kinds: Vec<ReportKind>,
    /// What each is written as; Word documents where left out. Lists are workbooks whatever stands here.
    #[serde(default = "documents")]
    pub formats: Vec<ReportFormat>,
    /// Language of the texts; Chinese where left out.
    #[serde(default = "chinese")]
    pub language: Language,
}

fn documents() -> Vec<ReportFormat> {
    vec![ReportFormat::Docx]
}

fn chinese() -> Language {
    Language::ZhCn
}

/// Kinds of reports that need nobody to be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// Survey report of the district.
    District,
    /// Survey report of each school.
    School,
    /// Pages of the classes of each school.
    Class,
    /// Pages of the grades of each school.
    Grade,
    /// Whom to talk with.
    KeyList,
    /// Sheets that cannot be interpreted.
    Invalid,
    /// Pupils to be reached.
    MakeUp,
    /// Evidence pack.
    Evidence,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// Word document.
    Docx,
    /// Page that prints.
    Html,
    /// Document that is not edited any more.
    Pdf,
    /// Workbook.
    Xlsx,
}

impl ReportFormat {
    /// Ending of the file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
        }
    }
}

impl JobReports {
    /// A kind or a format that stands twice, or a list of none.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let twice = |same: &dyn Fn(usize, usize) -> bool, length: usize| {
            (0..length).any(|one| (one + 1..length).any(|other| same(one, other)))
        };
        if self.kinds.is_empty() || self.formats.is_empty() {
            return Some("`[reports]` needs at least one of `kinds` and one of `formats`");
        }
        let kinds = twice(&|one, other| self.kinds.get(one) == self.kinds.get(other), self.kinds.len());
        let formats = twice(&|one, other| self.formats.get(one) == self.formats.get(other), self.formats.len());
        (kinds || formats).then_some("`[reports]` names a kind or a format twice")
    }
}
