//! The arguments.

mod instruments;
mod norms;
mod planning;
mod policies;
mod psychometrics;
mod report;
mod research;
mod serve;
mod store;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use instruments::*;
pub(crate) use norms::*;
pub(crate) use planning::*;
pub(crate) use policies::*;
pub(crate) use psychometrics::*;
pub(crate) use report::*;
pub(crate) use research::*;
pub(crate) use serve::*;
pub(crate) use store::*;

/// Scores standardised scales and runs a district's mental-health screening.
#[derive(Debug, Parser)]
#[command(name = "screening", version, about, max_term_width = 120)]
pub(crate) struct Cli {
    /// Print JSON for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of messages and tables.
    #[arg(long, global = true, value_enum, default_value_t = LanguageArg::ZhCn)]
    pub(crate) language: LanguageArg,
    /// Folder with definitions that add to the bundled ones or replace them by a newer version.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) instruments: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArg {
    /// Simplified Chinese.
    #[value(name = "zh-CN", alias = "zh")]
    ZhCn,
    /// English.
    #[value(name = "en")]
    En,
}

impl From<LanguageArg> for screening_core::instrument::Language {
    fn from(language: LanguageArg) -> Self {
        match language {
            LanguageArg::ZhCn => Self::ZhCn,
            LanguageArg::En => Self::En,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists, shows and checks instrument definitions.
    Instruments(InstrumentsCommand),
    /// Lists, shows and checks policies: the rules from scores to levels of attention.
    Policies(PoliciesCommand),
    /// Scores a table of answers to one instrument.
    Score(ScoreCommand),
    /// Audits a table of answers to one instrument: columns, codes, key, repetitions. Exit 1 on a certain finding.
    Audit(AuditCommand),
    /// Writes a commented mapping file for a table whose columns cannot be told.
    Map(MapCommand),
    /// Runs a whole screening from its job file.
    Run(RunCommand),
    /// Compares the results of two or more waves: reliable change, cut-offs crossed, courses.
    Change(ChangeCommand),
    /// Tries a policy or a range of thresholds over the sheets of a job: who is flagged, hours, what is to be expected.
    Simulate(SimulateCommand),
    /// Tells how well a policy did, once interviews are in; compares two policies.
    Evaluate(EvaluateCommand),
    /// Writes a synthetic example district.
    Example(ExampleCommand),
    /// Builds, shows, compares and applies norms.
    Norms(NormsCommand),
    /// Writes the answers of a wave to single items for research, without identities.
    Research(ResearchCommand),
    /// Serves the HTTP API until it is asked to stop. Without a data folder it scores and stores nothing.
    Serve(Box<ServeCommand>),
    /// The audit log of a server's store.
    AuditLog(AuditLogCommand),
    /// Writes a checked backup of a server's store, also while the server runs.
    Backup(BackupCommand),
    /// Restores a backup into a new store, and checks it.
    Restore(RestoreCommand),
    /// Makes a new key for what is encrypted in a server's store, and encrypts everything with it.
    RotateKeys(RotateKeysCommand),
    /// Deletes what the retention rules of a server's store make due.
    Retention(RetentionCommand),
    /// Is the instrument sound here: items, reliability, factors, item response theory, groups, cut-offs, schools.
    Psychometrics(Box<PsychometricsCommand>),
    /// Writes reports, lists and forms from the results of a screening.
    Report(ReportCommand),
}

/// A table of answers to one instrument, and how it is read.
#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// Instrument id.
    #[arg(short, long)]
    pub(crate) instrument: String,
    /// Table of answers (csv, xlsx, xls, ods, json, parquet, sav); `-` reads csv or json from standard input.
    pub(crate) input: PathBuf,
    /// Item columns are named with this prefix and the item id, for example `Q` for Q1, Q2, ...
    #[arg(long, conflicts_with = "map")]
    pub(crate) prefix: Option<String>,
    /// One item column: item=column; repeat for each item.
    #[arg(long, value_name = "ITEM=COLUMN", value_parser = mapping)]
    pub(crate) map: Vec<(String, String)>,
    /// A mapping file, as `screening map` writes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["map", "prefix"])]
    pub(crate) mapping: Option<PathBuf>,
    /// How the answers are coded, when it cannot be told from them.
    #[arg(long, value_enum)]
    pub(crate) coding: Option<CodingArg>,
    /// Folder with wording packs; their option texts are answers too.
    #[arg(long, value_name = "DIR")]
    pub(crate) wording: Option<PathBuf>,
}

/// `screening score`
#[derive(Debug, Args)]
pub(crate) struct ScoreCommand {
    /// The answers.
    #[command(flatten)]
    pub(crate) answers: AnswerArgs,
    /// Where the scores go (csv, parquet, xlsx, sav, ndjson); `-` writes csv to standard output.
    #[arg(short, long, default_value = "-")]
    pub(crate) output: PathBuf,
    /// Cut-off set of a scale: scale=set.
    #[arg(long, value_name = "SCALE=SET", value_parser = mapping)]
    pub(crate) cutoffs: Vec<(String, String)>,
    /// Single answers that fit no option were looked at; they are listed and do not stop the file.
    #[arg(long)]
    pub(crate) accept_strays: bool,
}

/// `screening audit`
#[derive(Debug, Args)]
pub(crate) struct AuditCommand {
    /// The answers. Those that fit no option do not stop the reading: the auditor counts them.
    #[command(flatten)]
    pub(crate) answers: AnswerArgs,
}

/// `screening map`
#[derive(Debug, Args)]
pub(crate) struct MapCommand {
    /// The table.
    pub(crate) input: PathBuf,
    /// Instruments in the table, in their order; repeat for each.
    #[arg(short, long = "instrument", required = true)]
    pub(crate) instruments_in_file: Vec<String>,
    /// The table has one row an answer.
    #[arg(long)]
    pub(crate) long: bool,
    /// Where the mapping goes; `-` writes to standard output. A file that is there is not overwritten.
    #[arg(short, long, default_value = "-")]
    pub(crate) output: PathBuf,
}

/// Codings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CodingArg {
    /// Option texts.
    Text,
    /// Position of the option, from 1.
    Ordinal,
    /// The codes of the instrument.
    Score,
}

impl From<CodingArg> for screening_io::Coding {
    fn from(coding: CodingArg) -> Self {
        match coding {
            CodingArg::Text => Self::Text,
            CodingArg::Ordinal => Self::Ordinal,
            CodingArg::Score => Self::Score,
        }
    }
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let (left, right) = text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`"))?;
    Ok((left.trim().to_owned(), right.trim().to_owned()))
}

/// `screening run`
#[derive(Debug, Args)]
pub(crate) struct RunCommand {
    /// The job file.
    pub(crate) job: PathBuf,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "out")]
    pub(crate) out: PathBuf,
    /// Put the names of the class lists into the alert lists of the schools.
    #[arg(long)]
    pub(crate) names: bool,
}

/// `screening change`
#[derive(Debug, Args)]
pub(crate) struct ChangeCommand {
    /// Results of the waves, the earliest first: `results.parquet` of `screening run`, or the folder it stands in.
    #[arg(required = true, num_args = 2.., value_name = "WAVE")]
    pub(crate) waves: Vec<PathBuf>,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "change")]
    pub(crate) out: PathBuf,
    /// Reliability of a score with its source, where none is published: instrument.scale=value:source.
    #[arg(long, value_name = "SCALE=VALUE:SOURCE", value_parser = reliability)]
    pub(crate) reliability: Vec<(String, f64, String)>,
    /// Where standard deviations come from.
    #[arg(long, value_enum, default_value_t = SpreadArg::Wave)]
    pub(crate) sd: SpreadArg,
    /// Use published figures of this region only, for example CN.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The index that decides; jacobson_truax when left out.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(screening_core::change::INDEX_KINDS))]
    pub(crate) judge: Option<String>,
}

/// Where standard deviations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SpreadArg {
    /// The pupils of both waves, at the earlier one.
    Wave,
    /// The definition.
    Published,
}

fn reliability(text: &str) -> Result<(String, f64, String), String> {
    let (scale, rest) = text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`"))?;
    let (value, source) =
        rest.split_once(':').ok_or_else(|| format!("`{text}` names no source; write value:source"))?;
    let value: f64 = value.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    if !(value > 0.0 && value < 1.0) {
        return Err(format!("{value} is not a reliability above 0 and below 1"));
    }
    if source.trim().is_empty() || !scale.contains('.') {
        return Err(format!("`{text}` needs instrument.scale=value:source"));
    }
    Ok((scale.trim().to_owned(), value, source.trim().to_owned()))
}

/// `screening example`
#[derive(Debug, Args)]
pub(crate) struct ExampleCommand {
    /// Folder to write into.
    #[arg(short, long)]
    pub(crate) out: PathBuf,
    /// Pupils on the roster.
    #[arg(long, default_value_t = 2500)]
    pub(crate) pupils: u64,
    /// Schools; by default about one for each 840 pupils.
    #[arg(long)]
    pub(crate) schools: Option<u32>,
    /// Seed of all random draws.
    #[arg(long, default_value_t = 2026)]
    pub(crate) seed: u64,
    /// Waves: with 2 the wave before is written too, and the job compares with it.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) waves: u8,
}
