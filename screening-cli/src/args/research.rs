//! The arguments of `screening research`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `screening research`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ResearchCommand {
    /// What to do instead of exporting.
    #[command(subcommand)]
    pub(crate) what: Option<Research>,
    /// What to export.
    #[command(flatten)]
    pub(crate) export: Option<ResearchExport>,
}

/// `screening research ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Research {
    /// Makes a key file: 32 random bytes. A file that is there is not overwritten.
    Key {
        /// The file.
        file: PathBuf,
    },
}

/// `screening research JOB.toml`
#[derive(Debug, Args)]
pub(crate) struct ResearchExport {
    /// The job file of the wave.
    #[arg(required = true)]
    pub(crate) job: PathBuf,
    /// Key file of the pseudonyms, as `screening research key` makes it. It stays at the centre.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: PathBuf,
    /// Folder for the data.
    #[arg(short, long, default_value = "research")]
    pub(crate) out: PathBuf,
    /// Fewest rows that may share school, grade, sex and age.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) min_group: u32,
    /// Give out classes too, as pseudonyms.
    #[arg(long)]
    pub(crate) class: bool,
}
