//! The arguments of `screening norms`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
    /// Where the results with derived scores go (csv, parquet, xlsx, sav, ndjson); `-` writes csv to standard output.
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
