//! Arguments of the commands about a server's store.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::StoreArgs;

/// `screening audit-log`
#[derive(Debug, Args)]
pub(crate) struct AuditLogCommand {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: AuditLogAction,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditLogAction {
    /// Checks every entry against the one before, and the end against the head that is kept apart. Exit 1 when it is not whole.
    Verify(StoreArgs),
}

/// `screening backup`
#[derive(Debug, Args)]
pub(crate) struct BackupCommand {
    /// The store.
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Folder for the backup; it is made, and must not be there yet.
    pub(crate) to: PathBuf,
}

/// `screening restore`
#[derive(Debug, Args)]
pub(crate) struct RestoreCommand {
    /// Where the store is to be; there must be none yet.
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Folder of the backup.
    pub(crate) from: PathBuf,
}

/// `screening rotate-keys`
#[derive(Debug, Args)]
pub(crate) struct RotateKeysCommand {
    /// The store.
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Go on with a rotation that was broken off.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Continue the audit log under a new key instead; nothing is encrypted again.
    #[arg(long, conflicts_with_all = ["resume", "drop_old"])]
    pub(crate) audit_log: bool,
    /// Take the older keys out of the key file at the end; then older backups cannot be read any more.
    #[arg(long)]
    pub(crate) drop_old: bool,
}

/// `screening retention`
#[derive(Debug, Args)]
pub(crate) struct RetentionCommand {
    /// The store.
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
