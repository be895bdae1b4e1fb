//! The arguments of `screening policies`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `screening policies`
#[derive(Debug, Args)]
pub(crate) struct PoliciesCommand {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: Policies,
}

/// `screening policies ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Policies {
    /// Policies of the library, one a line.
    List,
    /// One policy: tiers, rules in words, known errors, warnings.
    Show {
        /// Id of a policy of the library, or the path of a file.
        policy: String,
    },
    /// Checks policies against instruments and batteries; exit 1 on an error. Warnings are printed and do not fail.
    Check(PolicyCheck),
    /// Writes the page of every policy of the library.
    Pages(PolicyPages),
}

/// `screening policies check`
#[derive(Debug, Args)]
pub(crate) struct PolicyCheck {
    /// Ids of policies of the library or files; without any, all of the library.
    pub(crate) policies: Vec<String>,
    /// Battery that is answered under the policy, an id of the library or a file; repeat for each. By default the batteries of the
    /// library.
    #[arg(long, value_name = "BATTERY")]
    pub(crate) battery: Vec<String>,
}

/// `screening policies pages`
#[derive(Debug, Args)]
pub(crate) struct PolicyPages {
    /// Folder of the pages.
    #[arg(long, value_name = "DIR", default_value = "docs/policies")]
    pub(crate) out: PathBuf,
    /// Write nothing; fail when a page is not current.
    #[arg(long)]
    pub(crate) check: bool,
}
