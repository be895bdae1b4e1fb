//! The arguments of `screening instruments`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::mapping;

/// `screening instruments`
#[derive(Debug, Args)]
pub(crate) struct InstrumentsCommand {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: Instruments,
}

/// `screening instruments ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Instruments {
    /// Instruments, one a line; without filters all of them.
    List(FilterArgs),
    /// One instrument: scales, bands, flags, sources.
    Show {
        /// Instrument id.
        id: String,
        /// Folder with wording packs; the wording is printed beside the topic of each item.
        #[arg(long, value_name = "DIR")]
        wording: Option<PathBuf>,
    },
    /// Checks definition files: format, references, ranges, tables, cut-offs, probes, examples.
    Check {
        /// Files; without any, the bundled library is checked.
        files: Vec<PathBuf>,
    },
    /// Proposes a battery for a grade, with reasons.
    Recommend(RecommendCommand),
    /// Writes the reference page of every instrument.
    Pages(PagesCommand),
    /// Makes and checks wording packs: the official wording of a form in a file of your own.
    Wording(WordingCommand),
}

/// `screening instruments wording`
#[derive(Debug, Args)]
pub(crate) struct WordingCommand {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: Wording,
}

/// `screening instruments wording ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Wording {
    /// Makes a pack from a form: a FHIR Questionnaire or a REDCap data dictionary.
    Import(Box<WordingImport>),
    /// Checks every pack of a folder against its instrument.
    Check {
        /// Folder with the packs.
        folder: PathBuf,
    },
}

/// `screening instruments wording import`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["fhir", "redcap"]))]
pub(crate) struct WordingImport {
    /// FHIR Questionnaire (R4 or R5, JSON), alone or in a Bundle.
    #[arg(long, value_name = "FILE")]
    pub(crate) fhir: Option<PathBuf>,
    /// FHIR ValueSet with the options of the questions, where the form refers to one; repeat for each.
    #[arg(long, value_name = "FILE", conflicts_with = "redcap")]
    pub(crate) value_set: Vec<PathBuf>,
    /// REDCap data dictionary (csv, xlsx) or instrument archive (zip).
    #[arg(long, value_name = "FILE")]
    pub(crate) redcap: Option<PathBuf>,
    /// Form of the data dictionary, where it holds several.
    #[arg(long, value_name = "NAME", conflicts_with = "fhir")]
    pub(crate) form: Option<String>,
    /// Id of the instrument that the form is.
    #[arg(short, long)]
    pub(crate) instrument: String,
    /// Language of the wording, for example zh-CN.
    #[arg(long, value_name = "TAG")]
    pub(crate) form_language: String,
    /// One item and its question (link id, field name): item=question; repeat for each item.
    #[arg(long, value_name = "ITEM=QUESTION", value_parser = mapping)]
    pub(crate) map: Vec<(String, String)>,
    /// Where the wording comes from; by default what the form says.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// What may be done with the wording; by default the copyright of the form, or the licence in the definition.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Option<String>,
    /// Where the pack goes; `-` writes it to standard output.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

/// `screening instruments list`
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// One of its constructs, for example depression.
    #[arg(long)]
    pub(crate) construct: Option<String>,
    /// Age in completed years.
    #[arg(long)]
    pub(crate) age: Option<u16>,
    /// School grade, 1 to 12.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=12))]
    pub(crate) grade: Option<u8>,
    /// Who answers.
    #[arg(long, value_enum)]
    pub(crate) informant: Option<InformantArg>,
    /// Language of a form with published scoring, for example zh-CN.
    #[arg(long, value_name = "TAG")]
    pub(crate) form_language: Option<String>,
    /// Licence.
    #[arg(long, value_enum)]
    pub(crate) licence: Option<LicenceArg>,
    /// How well the definition is established.
    #[arg(long, value_enum)]
    pub(crate) evidence: Option<EvidenceArg>,
}

/// `screening instruments recommend`
#[derive(Debug, Args)]
pub(crate) struct RecommendCommand {
    /// School grade, 1 to 12.
    #[arg(long)]
    pub(crate) grade: u8,
    /// Constructs to cover, the most important first.
    #[arg(long, value_delimiter = ',', required_unless_present = "with")]
    pub(crate) construct: Vec<String>,
    /// Time for the whole battery, in minutes.
    #[arg(long, default_value_t = 20)]
    pub(crate) minutes: u32,
    /// Who answers.
    #[arg(long, value_enum, default_value_t = InformantArg::SelfReport)]
    pub(crate) informant: InformantArg,
    /// Instruments that must be in it; refused when they are made for other ages.
    #[arg(long, value_delimiter = ',')]
    pub(crate) with: Vec<String>,
}

/// `screening instruments pages`
#[derive(Debug, Args)]
pub(crate) struct PagesCommand {
    /// Folder of the pages.
    #[arg(long, value_name = "DIR", default_value = "docs/instruments")]
    pub(crate) out: PathBuf,
    /// Write nothing; fail when a page is not current.
    #[arg(long)]
    pub(crate) check: bool,
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident => $core:ty { $($(#[$vdoc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$vdoc])* $variant),* }

        impl From<$name> for $core {
            fn from(arg: $name) -> Self {
                match arg { $($name::$variant => <$core>::$variant),* }
            }
        }
    };
}

choices! {
    /// Who answers.
    InformantArg => screening_core::instrument::Informant {
        /// The pupil.
        #[value(name = "self")]
        SelfReport,
        /// A parent or guardian.
        Parent,
        /// A teacher.
        Teacher,
        /// A trained interviewer.
        Interviewer,
    }
}

choices! {
    /// Licences.
    LicenceArg => screening_core::instrument::LicenceStatus {
        /// Free to use.
        Free,
        /// The owner's permission is needed.
        Permission,
        /// Sold by a publisher.
        Proprietary,
        /// No statement was found.
        Unclear,
    }
}

choices! {
    /// Grades of evidence.
    EvidenceArg => screening_core::instrument::Evidence {
        /// Independent sources agree.
        High,
        /// Anything less.
        Medium,
    }
}
