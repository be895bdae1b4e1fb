//! How a server is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::provider::IdentityProvider;
use crate::store::StoreConfig;
use crate::tls::TlsFiles;

/// How a server is set up.
///
/// ```
/// use screening_server::Config;
/// let config = Config::default();
/// assert!(config.listen.ip().is_loopback(), "nothing is offered to the network unless somebody says so");
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate, when the server speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Folder with definitions that add to the bundled ones: instruments, and below it `policies`, `norms` and `validity`.
    pub instruments: Option<PathBuf>,
    /// How often the folder is looked at for changes; none leaves it to SIGHUP.
    pub reload: Option<Duration>,
    /// The store; without one the server scores and keeps nothing.
    pub store: Option<StoreConfig>,
    /// Where accounts may sign in beside the log-in of this server.
    pub provider: Option<IdentityProvider>,
    /// Who may score without storing.
    pub scoring: Scoring,
    /// Limits.
    pub limits: Limits,
    /// How long requests that were accepted may take to finish when the server stops.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            instruments: None,
            reload: Some(Duration::from_secs(5)),
            store: None,
            provider: None,
            scoring: Scoring::default(),
            limits: Limits::default(),
            grace: Duration::from_secs(30),
        }
    }
}

/// Who may score without storing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scoring {
    /// Anybody who reaches a server that listens at the loopback or has no store; elsewhere those with a token or session
    /// whose role may score.
    #[default]
    ByAddress,
    /// Anybody who reaches the server.
    Open,
    /// Those with a token or session whose role may score.
    Accounts,
}

impl Config {
    /// Whether scoring needs a token or a session.
    pub(crate) fn scoring_needs_a_token(&self) -> bool {
        match self.scoring {
            Scoring::Open => false,
            Scoring::Accounts => true,
            Scoring::ByAddress => self.store.is_some() && !self.listen.ip().is_loopback(),
        }
    }
}

/// What a server takes. Beyond a limit it says no at once; it never queues without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, and of a line of a stream.
    pub body: usize,
    /// Bytes of a record batch in an Arrow stream.
    pub batch: usize,
    /// Time for the head of a request, and between two parts of a body or of a stream in either direction.
    pub idle: Duration,
    /// Time for a body other than a stream.
    pub read: Duration,
    /// Requests that are scored at the same time.
    pub requests: usize,
    /// Streams that are scored at the same time.
    pub streams: usize,
    /// Open connections.
    pub connections: usize,
    /// Bytes of an upload: a class list, or an export of a survey.
    pub upload: u64,
    /// Requests a second of one account; twice as many at once.
    pub account_rate: u32,
    /// Requests a second of one token; twice as many at once.
    pub token_rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            batch: 16 << 20,
            upload: 256 << 20,
            idle: Duration::from_secs(30),
            read: Duration::from_secs(10),
            requests: 512,
            streams: 8,
            connections: 20_000,
            account_rate: 50,
            token_rate: 5000,
        }
    }
}
