//! The store: everything that outlasts a request.
//!
//! SQLite in the data folder, or PostgreSQL by a URL, behind one set of tables and one repository layer. Each repository
//! function takes a [`Work`]: it checks what the caller may do, holds the query to the caller's scope, and says in the audit
//! log what was read or written of a pupil.

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod approvals;
mod attempts;
pub(crate) mod audit;
pub(crate) mod backup;
mod caller;
pub(crate) mod clock;
pub(crate) mod error;
pub(crate) mod evidence;
pub(crate) mod inbox;
pub(crate) mod jobs;
mod keys;
pub(crate) mod leftovers;
pub(crate) mod login;
mod migrate;
pub(crate) mod organisations;
mod passwords;
pub(crate) mod providers;
pub(crate) mod pupils;
pub(crate) mod push_keys;
pub(crate) mod records;
pub(crate) mod repeated;
pub(crate) mod results;
pub(crate) mod retention;
mod roles;
pub(crate) mod rosters;
pub(crate) mod rotate;
pub(crate) mod screenings;
pub(crate) mod sessions;
pub(crate) mod sheets;
pub(crate) mod sources;
pub(crate) mod subjects;
pub(crate) mod tokens;
mod totp;
mod vault;
pub(crate) mod verification;
pub(crate) mod webhooks;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, ConnectOptions, Connection, Executor, Pool};
use tokio::sync::Mutex;

pub(crate) use audit::Witness;
pub use backup::Manifest;
pub(crate) use caller::{Caller, Holder, Repeatable, Scope};
pub use clock::Clock;
pub(crate) use clock::{shown, shown_if};
pub use error::StoreError;
pub use keys::KeySource;
use keys::Keys;
pub(crate) use keys::random;
pub use retention::Deleted;
pub(crate) use roles::{Permission, Role};
pub use rotate::Rotated;
pub(crate) use vault::{Place, Vault};
pub use verification::{AuditFault, Verified};
pub(crate) use work::Work;

/// The condition that a row lies within the scope of the caller. `$1` of the query is [`Work::scope`]; the table, whose alias
/// is given, has the three columns of places.
macro_rules! in_scope {
    ($alias:literal) => {
        concat!("($1 = ", $alias, ".district_id OR $1 = ", $alias, ".school_id OR $1 = ", $alias, ".class_id)")
    };
}
pub(crate) use in_scope;

/// Name of the database in the data folder.
pub(crate) const SQLITE: &str = "screening.sqlite";
/// Name of the key file in the data folder.
pub(crate) const KEYS: &str = "keys.toml";
/// The setting by which it is known whether keys are those of the database.
const KEYS_CHECK: &str = "keys.check";
/// As many rows as a list gives at once.
pub(crate) const PAGE: i64 = 200;

/// Where a store is, and how it is opened.
///
/// ```no_run
/// use screening_server::StoreConfig;
/// let sqlite = StoreConfig::new("/var/lib/screening");
/// let postgres = StoreConfig { database: Some("postgres://screening@localhost/screening".to_owned()), ..sqlite };
/// ```
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder: the SQLite database, the head of the audit log, the key file. It is made when it is not there.
    pub data: PathBuf,
    /// URL of a PostgreSQL database; without one the store is SQLite in the data folder.
    pub database: Option<String>,
    /// The keys; without a source, `keys.toml` in the data folder.
    pub keys: Option<KeySource>,
    /// Connections to the database.
    pub connections: u32,
    /// The clock.
    pub clock: Clock,
}

impl StoreConfig {
    /// A SQLite store in a folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), database: None, keys: None, connections: 8, clock: Clock::default() }
    }
}

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// How a transaction that writes begins.
    fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }
}

/// An open store. Copies share everything.
#[derive(Debug, Clone)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool<Any>,
    engine: Engine,
    vault: Vault,
    clock: Clock,
    witness: Witness,
    data: PathBuf,
    /// In SQLite one writes at a time. Those who wait do so here, in their order, and not in the database by trying again.
    turn: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the store: makes the folder, the keys and the tables of a new one, and brings those of an older one up to date.
    ///
    /// # Errors
    /// When folder, keys or database cannot be used, or were made by a newer program.
    pub(crate) async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        make_folder(&config.data)?;
        let (engine, url) = address(config);
        if engine == Engine::Sqlite {
            make_private(&config.data.join(SQLITE))?;
        }
        let source = key_source(config);
        let options: AnyConnectOptions = url.parse()?;
        let options = options.disable_statement_logging();
        let mut connection = sqlx::AnyConnection::connect_with(&options).await?;
        settle(&mut connection, engine).await?;
        migrate::run(&mut connection, engine).await?;
        let keys = own_keys(&mut connection, &source).await?;
        connection.close().await?;
        let pool = AnyPoolOptions::new()
            // A file does not hang up; a server may.
            .test_before_acquire(engine == Engine::Postgres)
            .max_connections(config.connections.max(2))
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |connection, _| Box::pin(async move { settle(connection, engine).await }))
            .connect_with(options)
            .await?;
        Ok(Self(Arc::new(Inner {
            pool,
            engine,
            vault: Vault::new(keys, source),
            clock: config.clock.clone(),
            witness: Witness::new(&config.data),
            data: config.data.clone(),
            turn: Arc::default(),
        })))
    }

    /// Begins a unit of work. `action` names it, for example `roster.upload`.
    pub(crate) async fn begin(&self, caller: &Caller, action: &'static str) -> Result<Work, StoreError> {
        let turn = match self.0.engine {
            Engine::Sqlite => Some(self.0.turn.clone().lock_owned().await),
            Engine::Postgres => None,
        };
        let transaction = self.0.pool.begin_with(self.0.engine.begin()).await?;
        Ok(Work::new(self.clone(), transaction, caller.clone(), action, turn))
    }

    /// Begins to look things up before a unit of work: it waits for nobody who writes, and changes nothing. What it notes is
    /// handed to the work that follows ([`Work::noted`], [`Work::adopt`]).
    pub(crate) async fn look(&self, caller: &Caller, action: &'static str) -> Result<Work, StoreError> {
        let transaction = self.0.pool.begin().await?;
        Ok(Work::new(self.clone(), transaction, caller.clone(), action, None))
    }

    /// The connections, for what is not about pupils: looking up sessions and tokens.
    pub(crate) fn pool(&self) -> &Pool<Any> {
        &self.0.pool
    }

    pub(crate) fn engine(&self) -> Engine {
        self.0.engine
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn witness(&self) -> &Witness {
        &self.0.witness
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.0.data
    }

    /// Whether the database answers.
    pub(crate) async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.0.pool).await.is_ok()
    }

    /// Closes all connections, and in SQLite folds the log of writes into the database.
    pub(crate) async fn close(&self) {
        self.0.pool.close().await;
    }
}

/// A new id: a UUID of version 7, so that ids of later rows come later.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The folder, readable by its owner only when it is made here.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StoreError::file(folder, error))
}

/// An empty file that only its owner reads, unless it is there: who may look into the folder must not see answers.
fn make_private(file: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(StoreError::file(file, error)),
        _ => Ok(()),
    }
}

/// Where the keys come from.
fn key_source(config: &StoreConfig) -> KeySource {
    config.keys.clone().unwrap_or_else(|| KeySource::File(config.data.join(KEYS)))
}

/// The kind of database and its URL.
fn address(config: &StoreConfig) -> (Engine, String) {
    match &config.database {
        Some(url) => (Engine::Postgres, url.clone()),
        None => (Engine::Sqlite, sqlite_url(&config.data.join(SQLITE))),
    }
}

/// The URL of a SQLite file, which is made when it is not there.
fn sqlite_url(file: &Path) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let path = file.to_string_lossy();
    let escaped: String = path
        .bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("sqlite://{escaped}?mode=rwc")
}

/// What every connection is set to: in SQLite a log of writes that is on the disk before a commit is told, foreign keys, and
/// that deleted rows are overwritten.
async fn settle(connection: &mut sqlx::AnyConnection, engine: Engine) -> Result<(), sqlx::Error> {
    let settings = match engine {
        Engine::Sqlite => {
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
        }
        Engine::Postgres => "SET synchronous_commit = on; SET client_encoding = 'UTF8';",
    };
    connection.execute(sqlx::raw_sql(settings)).await.map(|_| ())
}

/// The keys, which must be those of this database.
async fn own_keys(connection: &mut sqlx::AnyConnection, source: &KeySource) -> Result<Keys, StoreError> {
    let known: Option<String> = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1")
        .bind(KEYS_CHECK)
        .fetch_optional(&mut *connection)
        .await?;
    let keys = Keys::load(source, known.is_none())?;
    match known {
        Some(known) if known == keys.check() => Ok(keys),
        Some(_) => Err(StoreError::OtherKeys),
        None => {
            let query =
                sqlx::query("INSERT INTO setting (name, value) VALUES ($1, $2)").bind(KEYS_CHECK).bind(keys.check());
            query.execute(connection).await?;
            Ok(keys)
        }
    }
}
