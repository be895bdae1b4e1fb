//! Arguments of `screening serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `screening serve`
#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    /// Address and port to listen at. Nothing is offered to the network unless an address of it is given.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// What the server keeps. Without a data folder it scores and keeps nothing.
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Certificate chain in PEM: the server speaks TLS. Read again on SIGHUP.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Identity provider (OpenID Connect) at which accounts may sign in: its address as it calls itself. The secret of this server
    /// there, where it has one, belongs into the environment, as SCREENING_OIDC_SECRET.
    #[arg(long, value_name = "URL", requires_all = ["data", "oidc_client", "public_url"])]
    pub(crate) oidc_issuer: Option<String>,
    /// Name of this server at the identity provider.
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    pub(crate) oidc_client: Option<String>,
    /// Where browsers reach this server, without a path; the provider sends them back to /api/v1/session/provider/return there.
    #[arg(long, value_name = "URL", requires = "oidc_issuer")]
    pub(crate) public_url: Option<String>,
    /// Who may score without storing.
    #[arg(long, value_enum, default_value_t = AccountsArg::Auto)]
    pub(crate) accounts: AccountsArg,
    /// Requests a second of one account; more are told to wait.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) account_rate: u32,
    /// Requests a second of one token; more are told to wait.
    #[arg(long, value_name = "NUMBER", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) token_rate: u32,
    /// Seconds between looks at the folder of `--instruments`; 0 leaves it to SIGHUP.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub(crate) reload: u64,
    /// Largest body, and longest line of a stream, in KiB.
    #[arg(long, value_name = "KIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=65_536))]
    pub(crate) body: u32,
    /// Largest record batch of an Arrow stream, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) batch: u32,
    /// Largest upload (a class list, an export of a survey), in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) upload: u32,
    /// Requests that are scored at the same time; more are told to come again.
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) requests: u32,
    /// Streams that are scored at the same time; more are told to come again.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) streams: u32,
    /// Open connections; further ones wait.
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) connections: u32,
    /// Seconds within which the head of a request, and each further part of a body or a stream, has to come.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) idle: u64,
    /// Seconds for a whole body other than a stream.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) read: u64,
    /// Seconds that accepted requests may take to finish when the server is asked to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) grace: u64,
}

/// Where the store is.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Data folder: the database (SQLite), the keys, the head of the audit log. Made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// PostgreSQL database in place of SQLite; keys and the head of the audit log stay in the data folder. A URL with a
    /// password belongs into the environment, as SCREENING_DATABASE.
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) database: Option<String>,
    /// Key file; `keys.toml` in the data folder when left out, or the content of SCREENING_KEYS.
    #[arg(long, value_name = "FILE", requires = "data")]
    pub(crate) keys: Option<PathBuf>,
}

/// Who may score without storing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccountsArg {
    /// Anybody at the loopback or without a data folder; elsewhere whoever has a token or session that may score.
    Auto,
    /// Anybody.
    Open,
    /// Whoever has a token or session that may score.
    Required,
}
