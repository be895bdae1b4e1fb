//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Scores a table of answers to one instrument.
    Score(ScoreCommand),
    /// Runs a whole screening from its job file.
    Run(RunCommand),
    /// Compares the results of two or more waves: reliable change, cut-offs crossed, courses.
    Change(ChangeCommand),
    /// Tries a policy or a range of thresholds over the results of a wave: who is flagged, hours, what is to be expected.
    Simulate(SimulateCommand),
    /// Tells how well a policy did, once interviews are in; compares two policies.
    Evaluate(EvaluateCommand),
    /// Writes a synthetic example district.
    Example(ExampleCommand),
    /// Builds, shows, compares and applies norms.
    Norms(NormsCommand),
}

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

/// `screening score`
#[derive(Debug, Args)]
pub(crate) struct ScoreCommand {
    /// Instrument id.
    #[arg(short, long)]
    pub(crate) instrument: String,
    /// Table of answers (csv, xlsx, parquet); `-` reads csv from standard input.
    pub(crate) input: PathBuf,
    /// Where the scores go (csv, parquet); `-` writes csv to standard output.
    #[arg(short, long, default_value = "-")]
    pub(crate) output: PathBuf,
    /// Item columns are named with this prefix and the item id, for example `Q` for Q1, Q2, ...
    #[arg(long, conflicts_with = "map")]
    pub(crate) prefix: Option<String>,
    /// One item column: item=column; repeat for each item.
    #[arg(long, value_name = "ITEM=COLUMN", value_parser = mapping)]
    pub(crate) map: Vec<(String, String)>,
    /// How the answers are coded, when it cannot be told from them.
    #[arg(long, value_enum)]
    pub(crate) coding: Option<CodingArg>,
    /// Cut-off set of a scale: scale=set.
    #[arg(long, value_name = "SCALE=SET", value_parser = mapping)]
    pub(crate) cutoffs: Vec<(String, String)>,
    /// Single answers that fit no option were looked at; they are listed and do not stop the file.
    #[arg(long)]
    pub(crate) accept_strays: bool,
    /// Folder with wording packs; their option texts are answers too.
    #[arg(long, value_name = "DIR")]
    pub(crate) wording: Option<PathBuf>,
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
}

/// `screening norms`
#[derive(Debug, Args)]
pub(crate) struct NormsCommand {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: Norms,
}

/// `screening norms ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Norms {
    /// Estimates local norms from results.
    Build(NormsBuild),
    /// One set: its people, cells, and on request its tables.
    Show {
        /// Norm file, or the id of a bundled set.
        file: PathBuf,
        /// Print the conversion tables.
        #[arg(long)]
        table: bool,
    },
    /// Compares two sets: effect sizes, distributions, and who would cross T 65 and 70.
    Drift {
        /// Earlier set.
        earlier: PathBuf,
        /// Later set.
        later: PathBuf,
    },
    /// Adds z, T, percentile rank, stanine, sten and intervals to results.
    Apply(NormsApply),
}

/// `screening norms build`
#[derive(Debug, Args)]
pub(crate) struct NormsBuild {
    /// Results (parquet, csv, xlsx), or counts from an earlier build (json); several are taken together.
    #[arg(required = true)]
    pub(crate) results: Vec<PathBuf>,
    /// The norm file; with the extension json the counts, to be merged with those of other places.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Columns that make the groups: sex, grade, age or others.
    #[arg(long, value_delimiter = ',', default_value = "sex,grade")]
    pub(crate) by: Vec<String>,
    /// Smallest number of people of a group.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) min_n: u64,
    /// Column of survey weights.
    #[arg(long, value_name = "COL")]
    pub(crate) weight: Option<String>,
    /// Scores, as columns; without any, all numeric scores of known instruments.
    #[arg(long, value_name = "COL", value_delimiter = ',')]
    pub(crate) scales: Vec<String>,
    /// The rows are the whole population: errors shrink with the share that was tested.
    #[arg(long)]
    pub(crate) finite: bool,
    /// Largest degree of the smoothing of tables; 0 for none.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(crate) smoothing: u8,
    /// Continuous norms over this axis instead of groups of it.
    #[arg(long, value_enum)]
    pub(crate) continuous: Option<AxisArg>,
    /// Id of the set; by default the name of the file.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Version of the set.
    #[arg(long)]
    pub(crate) set_version: Option<screening_core::instrument::Version>,
    /// Name of the set.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Who the people are.
    #[arg(long)]
    pub(crate) population: Option<String>,
    /// Region, for example CN-44.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Year of the data.
    #[arg(long)]
    pub(crate) year: Option<u16>,
}

/// Axes of continuous norms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AxisArg {
    /// Exact age.
    Age,
    /// School grade.
    Grade,
}

/// `screening norms apply`
#[derive(Debug, Args)]
pub(crate) struct NormsApply {
    /// Results (parquet, csv, xlsx).
    pub(crate) results: PathBuf,
    /// Norm file, or the id of a bundled set.
    #[arg(long, value_name = "FILE")]
    pub(crate) norms: PathBuf,
    /// Where the results with derived scores go (csv, parquet); `-` writes csv to standard output.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Level of the confidence interval.
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub(crate) level: f64,
    /// Lay the interval around the estimated true score instead of the observed one.
    #[arg(long)]
    pub(crate) true_score: bool,
}

fn level(text: &str) -> Result<f64, String> {
    let level: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if level > 0.0 && level < 1.0 { Ok(level) } else { Err(format!("`{text}` does not lie between 0 and 1")) }
}

/// `screening simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateCommand {
    /// Results of a wave: `results.parquet` of `screening run`, or the folder it stands in.
    pub(crate) results: PathBuf,
    /// Policy: id of a bundled one, or a file.
    #[arg(long, default_value = "district-default")]
    pub(crate) policy: String,
    /// Answers, for rules on single answers: a table with `student_id` and columns `<instrument>.<item>`.
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Another threshold, in one rule or in all: [rule:]instrument.scale=value; repeat for each.
    #[arg(long, value_name = "THRESHOLD", value_parser = threshold)]
    pub(crate) set: Vec<(Option<String>, String, f64)>,
    /// Try a range of thresholds of this scale alone: instrument.scale=from:to[:step].
    #[arg(long, value_name = "RANGE", value_parser = sweep)]
    pub(crate) sweep: Option<(String, Vec<f64>)>,
    /// Stated prevalence of pupils in need, with its 95 % interval: value[:low:high].
    #[arg(long, value_name = "SHARE", value_parser = shares)]
    pub(crate) prevalence: Option<(f64, f64, f64)>,
    /// Counsellors' hours by school (toml, see docs/simulate.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) capacity: Option<PathBuf>,
    /// Use published accuracies of this region only, for example CN.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Counts below this are not shown.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(3..))]
    pub(crate) min_cell: u32,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "simulation")]
    pub(crate) out: PathBuf,
}

/// `screening evaluate`
#[derive(Debug, Args)]
pub(crate) struct EvaluateCommand {
    /// Results of a wave: `results.parquet` of `screening run`, or the folder it stands in.
    pub(crate) results: PathBuf,
    /// Interviews: a table with student_id, date, outcome and interviewer_role, and no other column.
    pub(crate) interviews: PathBuf,
    /// Policy: id of a bundled one, or a file.
    #[arg(long, default_value = "district-default")]
    pub(crate) policy: String,
    /// Another policy over the same wave: who changes tier, and why.
    #[arg(long, value_name = "POLICY")]
    pub(crate) against: Option<String>,
    /// Answers, for rules on single answers: a table with `student_id` and columns `<instrument>.<item>`.
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Counts below this are not shown.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(3..))]
    pub(crate) min_cell: u32,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "evaluation")]
    pub(crate) out: PathBuf,
}

fn figure(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value.is_finite() { Ok(value) } else { Err(format!("`{text}` is not a number")) }
}

fn threshold(text: &str) -> Result<(Option<String>, String, f64), String> {
    let (place, value) = mapping(text)?;
    let value = figure(&value)?;
    Ok(match place.split_once(':') {
        Some((rule, scale)) => (Some(rule.to_owned()), scale.to_owned(), value),
        None => (None, place, value),
    })
}

fn sweep(text: &str) -> Result<(String, Vec<f64>), String> {
    let (scale, range) = mapping(text)?;
    let parts = range.split(':').map(figure).collect::<Result<Vec<f64>, String>>()?;
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1.0),
        [from, to, step] => (*from, *to, *step),
        _ => return Err(format!("`{range}` is no range; write from:to or from:to:step")),
    };
    if step <= 0.0 || to < from || (to - from) / step > 200.0 {
        return Err(format!("`{range}` is no range of at most 200 steps"));
    }
    let count = ((to - from) / step + 1e-9).floor() as usize;
    Ok((scale, (0..=count).map(|at| from + at as f64 * step).collect()))
}

fn shares(text: &str) -> Result<(f64, f64, f64), String> {
    let parts = text.split(':').map(figure).collect::<Result<Vec<f64>, String>>()?;
    match parts.as_slice() {
        [value] => Ok((*value, *value, *value)),
        [value, low, high] => Ok((*value, *low, *high)),
        _ => Err(format!("`{text}` is neither value nor value:low:high")),
    }
}
