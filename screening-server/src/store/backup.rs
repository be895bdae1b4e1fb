//! Backups: one SQLite file whatever the database, a copy of the files of jobs (encrypted as they stand), and a manifest that
//! both are checked against. The keys are not in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::any::{AnyConnectOptions, AnyRow, AnyTypeInfoKind};
use sqlx::{AnyConnection, AssertSqlSafe, Column, Connection, Row, ValueRef};

use super::keys::Keys;
use super::verification::{self, Verified};
use super::{Engine, KeySource, SQLITE, Store, StoreConfig, StoreError, migrate, settle, sqlite_url};

/// The manifest of a backup.
const MANIFEST: &str = "manifest.json";
/// The head of the audit log, as it is in the data folder.
const HEAD: &str = "audit.head";
/// Folder of the data folder that is copied with the database: what is still to be read, and what computations wrote.
const FILES: &str = "jobs";
/// Folder within that of a job in which files stand in the clear for as long as they are written: never copied.
const CLEAR: &str = "clear";
/// Snapshots that are taken, at most, until one has the upload of every job that is not done.
const SNAPSHOTS: u32 = 5;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the program.
    pub engine: String,
    /// Hash of the database file.
    pub sha256: String,
    /// Rows by table.
    pub rows: BTreeMap<String, i64>,
    /// Entries of the audit log.
    pub audit_entries: i64,
    /// Hash of the last of them.
    pub audit_head: String,
    /// Files beside the database, with their hashes.
    pub files: BTreeMap<String, String>,
}

fn refused(why: impl Into<String>) -> StoreError {
    StoreError::Backup(why.into())
}

/// Writes a backup into a new folder, while the server goes on, and checks it.
pub(crate) async fn backup(store: &Store, to: &Path) -> Result<Manifest, StoreError> {
    if to.exists() {
        return Err(refused(format!("`{}` is there already; name a new folder", to.display())));
    }
    super::make_folder(to)?;
    let file = to.join(SQLITE);
    let mut taken = 0;
    let files = loop {
        let _ = fs::remove_file(&file);
        snapshot(store, &file).await?;
        let mut files = BTreeMap::new();
        copy_folder(store.data(), &to.join("data"), Path::new(FILES), &mut files)?;
        taken += 1;
        // A job that was to be done in the snapshot and has ended since has no file any more: a later snapshot knows that.
        if uploads_are_there(&file, &files).await? || taken == SNAPSHOTS {
            break files;
        }
    };
    let manifest = describe(store, &file, files).await?;
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    fs::write(to.join(MANIFEST), text).map_err(|error| StoreError::file(to.join(MANIFEST), error))?;
    Ok(manifest)
}

/// Writes everything that is committed into a new file: what is written meanwhile is not in it, in whole.
async fn snapshot(store: &Store, file: &Path) -> Result<(), StoreError> {
    super::make_private(file)?;
    match store.engine() {
        Engine::Sqlite => {
            let mut connection = store.pool().acquire().await?;
            let path = file.to_string_lossy().into_owned();
            sqlx::query("VACUUM INTO $1").bind(path).execute(&mut *connection).await?;
        }
        Engine::Postgres => {
            let mut from = store.pool().acquire().await?;
            let mut snapshot = from.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
            let mut into = open(file).await?;
            migrate::run(&mut into, Engine::Sqlite).await?;
            copy_all(&mut snapshot, &mut into, Engine::Sqlite).await?;
            into.close().await?;
        }
    }
    Ok(())
}

/// Whether the upload of every job that is still to be done was copied.
async fn uploads_are_there(file: &Path, files: &BTreeMap<String, String>) -> Result<bool, StoreError> {
    let mut connection = open(file).await?;
    let waiting = "SELECT id FROM job WHERE state IN ('queued', 'running') AND file_hash <> ''";
    let waiting: Vec<String> = sqlx::query_scalar(waiting).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(waiting.iter().all(|id| files.contains_key(&format!("{FILES}/{id}/upload.sealed"))))
}

/// Checks the file of a backup and says what it holds.
async fn describe(store: &Store, file: &Path, files: BTreeMap<String, String>) -> Result<Manifest, StoreError> {
    let mut connection = open(file).await?;
    sound(&mut connection).await?;
    let rows = counts(&mut connection).await?;
    let keys = store.vault().keys();
    let verified = verification::verify_with(&mut connection, &keys, None, false).await?;
    whole(&verified)?;
    // The write-ahead log is folded into the file, so that one file is the backup.
    sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await?;
    connection.close().await?;
    Ok(Manifest {
        engine: screening_core::scoring::ENGINE_VERSION.to_owned(),
        sha256: hash_of(file)?,
        rows,
        audit_entries: verified.entries,
        audit_head: verified.head,
        files,
    })
}

/// Restores a backup into a data folder, and a database when it is PostgreSQL, in which there is nothing yet.
pub(crate) async fn restore(config: &StoreConfig, from: &Path) -> Result<Manifest, StoreError> {
    let path = from.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| StoreError::file(&path, error))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| refused(format!("`{}`: {error}", path.display())))?;
    let file = from.join(SQLITE);
    if hash_of(&file)? != manifest.sha256 {
        return Err(refused(format!("`{}` is not the file that was backed up; take another backup", file.display())));
    }
    for (name, hash) in &manifest.files {
        if hash_of(&from.join("data").join(name))? != *hash {
            return Err(refused(format!("`{name}` is not the file that was backed up; take another backup")));
        }
    }
    if config.data.join(SQLITE).exists() || config.data.join(HEAD).exists() {
        return Err(refused(format!("there is a store in `{}`; name another data folder", config.data.display())));
    }
    own_keys(config, &file).await?;
    super::make_folder(&config.data)?;
    match &config.database {
        None => {
            let to = config.data.join(SQLITE);
            super::make_private(&to)?;
            fs::copy(&file, &to).map_err(|error| StoreError::file(&to, error))?;
        }
        Some(url) => into_postgres(url, &file).await?,
    }
    for name in manifest.files.keys() {
        let to = config.data.join(name);
        if let Some(folder) = to.parent() {
            super::make_folder(folder)?;
        }
        fs::copy(from.join("data").join(name), &to).map_err(|error| StoreError::file(&to, error))?;
    }
    let head = format!("{} {}\n", manifest.audit_entries, manifest.audit_head);
    fs::write(config.data.join(HEAD), head).map_err(|error| StoreError::file(config.data.join(HEAD), error))?;
    let store = Store::open(config).await?;
    let verified = verification::verify(&store).await?;
    whole(&verified)?;
    let mut connection = store.pool().acquire().await?;
    let mut rows = counts(&mut connection).await?;
    drop(connection);
    store.close().await;
    // A newer program may have added tables, which are empty or hold what its steps put there.
    rows.retain(|table, _| manifest.rows.contains_key(table));
    if rows != manifest.rows {
        return Err(refused("the restored tables do not hold as many rows as were backed up"));
    }
    Ok(manifest)
}

/// The keys have to be those that were in use when the backup was made: otherwise nothing is restored.
async fn own_keys(config: &StoreConfig, file: &Path) -> Result<(), StoreError> {
    let source = super::key_source(config);
    if let KeySource::File(path) = &source
        && !path.is_file()
    {
        let at = format!("in `{}`", path.display());
        let why = "are not there, and a backup does not hold them; copy the key file of the store there, or name it with --keys";
        return Err(StoreError::Keys { at, why: why.to_owned() });
    }
    let keys = Keys::load(&source, false)?;
    let mut connection = read_only(file).await?;
    let known: Option<String> = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1")
        .bind(super::KEYS_CHECK)
        .fetch_optional(&mut connection)
        .await?;
    connection.close().await?;
    if known.is_none_or(|known| known == keys.check()) { Ok(()) } else { Err(StoreError::OtherKeys) }
}

/// Opens the file of a backup, which has to stay as it was backed up.
async fn read_only(file: &Path) -> Result<AnyConnection, StoreError> {
    sqlx::any::install_default_drivers();
    let options: AnyConnectOptions = sqlite_url(file).replace("mode=rwc", "mode=ro").parse()?;
    Ok(AnyConnection::connect_with(&options).await?)
}

async fn into_postgres(url: &str, file: &Path) -> Result<(), StoreError> {
    let options: AnyConnectOptions = url.parse()?;
    let mut into = AnyConnection::connect_with(&options).await?;
    settle(&mut into, Engine::Postgres).await?;
    let tables = tables(&mut into).await?;
    if !tables.is_empty() {
        return Err(refused("there are tables in the database; name an empty one"));
    }
    migrate::run(&mut into, Engine::Postgres).await?;
    let mut from = read_only(file).await?;
    let mut transaction = into.begin().await?;
    copy_all(&mut from, &mut transaction, Engine::Postgres).await?;
    transaction.commit().await?;
    Ok(from.close().await?)
}

fn whole(verified: &Verified) -> Result<(), StoreError> {
    match verified.faults.first() {
        None => Ok(()),
        Some(fault) => Err(StoreError::Audit(fault.to_string())),
    }
}

async fn open(file: &Path) -> Result<AnyConnection, StoreError> {
    let options: AnyConnectOptions = sqlite_url(file).parse()?;
    let mut connection = AnyConnection::connect_with(&options).await?;
    settle(&mut connection, Engine::Sqlite).await?;
    // Rows are copied table by table, so that some point to rows that come later; they are checked at the end.
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut connection).await?;
    Ok(connection)
}

async fn sound(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let said: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *connection).await?;
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(connection).await?;
    if said == "ok" && dangling.is_none() {
        return Ok(());
    }
    Err(refused("the copy is not sound; check the disk"))
}

/// Tables in the order in which they were made: what others point to comes first.
async fn tables(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let query = match connection.backend_name() {
        "SQLite" => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
        _ => {
            "SELECT CAST(c.relname AS TEXT) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.oid"
        }
    };
    Ok(sqlx::query_scalar(query).fetch_all(connection).await?)
}

async fn counts(connection: &mut AnyConnection) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut counts = BTreeMap::new();
    for table in tables(connection).await? {
        let text = format!("SELECT COUNT(*) FROM {table}");
        let count = sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut *connection).await?;
        counts.insert(table, count);
    }
    Ok(counts)
}

/// Copies every table from one database into the tables of another, which its steps have made.
async fn copy_all(from: &mut AnyConnection, into: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    for table in tables(from).await? {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *into).await?;
        // Ids grow with time, and what is above was made before what is below it.
        let text = format!("SELECT * FROM {table} ORDER BY 1");
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *from).await?;
        let Some(first) = rows.first() else { continue };
        let names: Vec<&str> = first.columns().iter().map(Column::name).collect();
        let holes: Vec<String> = (1..=names.len()).map(|at| format!("${at}")).collect();
        let text = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), holes.join(", "));
        for row in &rows {
            copy_row(row, &text, into).await?;
        }
    }
    if engine == Engine::Sqlite {
        sound(into).await?;
    }
    Ok(())
}

async fn copy_row(row: &AnyRow, text: &str, into: &mut AnyConnection) -> Result<(), StoreError> {
    let mut query = sqlx::query(AssertSqlSafe(text.to_owned()));
    for (at, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(at)?;
        // A null has the type of its column: PostgreSQL takes no other.
        let kind = if raw.is_null() { column.type_info().kind() } else { raw.type_info().kind() };
        query = match kind {
            AnyTypeInfoKind::Blob => query.bind(row.try_get::<Option<Vec<u8>>, _>(at)?),
            AnyTypeInfoKind::Text => query.bind(row.try_get::<Option<String>, _>(at)?),
            AnyTypeInfoKind::Double | AnyTypeInfoKind::Real => query.bind(row.try_get::<Option<f64>, _>(at)?),
            _ => query.bind(row.try_get::<Option<i64>, _>(at)?),
        };
    }
    query.execute(into).await?;
    Ok(())
}

fn hash_of(path: &Path) -> Result<String, StoreError> {
    let wrong = |error| StoreError::file(path, error);
    let mut file = fs::File::open(path).map_err(wrong)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(wrong)?;
        if read == 0 {
            return Ok(HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Copies a folder below the data folder with what is in it.
fn copy_folder(data: &Path, to: &Path, below: &Path, files: &mut BTreeMap<String, String>) -> Result<(), StoreError> {
    let folder = data.join(below);
    if !folder.is_dir() {
        return Ok(());
    }
    super::make_folder(&to.join(below))?;
    let wrong = |error| StoreError::file(&folder, error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(wrong(error)),
    };
    for entry in entries {
        let entry = entry.map_err(wrong)?;
        let name: PathBuf = below.join(entry.file_name());
        if entry.file_name() == CLEAR {
            continue;
        }
        if entry.path().is_dir() {
            copy_folder(data, to, &name, files)?;
            continue;
        }
        match fs::copy(entry.path(), to.join(&name)) {
            Ok(_) => drop(files.insert(name.to_string_lossy().into_owned(), hash_of(&to.join(&name))?)),
            // Its job has ended meanwhile, or it was to be kept no longer.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::file(entry.path(), error)),
        }
    }
    Ok(())
}
