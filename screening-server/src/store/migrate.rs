//! The tables: one list of steps, each applied once, whole or not at all.

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use super::Engine;
use super::error::StoreError;

/// The steps by number. A step that was released is never changed: what comes later is a new step.
const STEPS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_people.sql")),
    (2, include_str!("migrations/0002_accounts.sql")),
    (3, include_str!("migrations/0003_audit.sql")),
    (4, include_str!("migrations/0004_approval.sql")),
    (10, include_str!("migrations/0010_screenings.sql")),
    (11, include_str!("migrations/0011_alerts.sql")),
    (12, include_str!("migrations/0012_jobs.sql")),
    (13, include_str!("migrations/0013_leftovers.sql")),
    (14, include_str!("migrations/0014_sources.sql")),
    (15, include_str!("migrations/0015_audit_key.sql")),
    (16, include_str!("migrations/0016_provider.sql")),
    (17, include_str!("migrations/0017_class_lists.sql")),
];

/// Number of the advisory lock that one process at a time holds while it migrates.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7305116913)";

/// Brings the tables up to date. A process that is killed in the middle leaves whole steps behind, and the next one goes on.
pub(super) async fn run(connection: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    prepare(connection, engine).await?;
    for (number, text) in STEPS {
        step(connection, engine, *number, text).await?;
    }
    let newest = STEPS.last().map_or(0, |(number, _)| *number);
    let beyond: Option<i64> = sqlx::query_scalar("SELECT MAX(number) FROM migration").fetch_one(connection).await?;
    match beyond {
        Some(number) if number > newest => Err(StoreError::Migration {
            number,
            why: "was made by a newer program; run that one, or restore a backup of before".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The table of steps.
async fn prepare(connection: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with(engine.begin()).await?;
    if engine == Engine::Postgres {
        sqlx::query(LOCK).execute(&mut *transaction).await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY, hash TEXT NOT NULL)";
    sqlx::query(table).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

async fn step(connection: &mut AnyConnection, engine: Engine, number: i64, text: &str) -> Result<(), StoreError> {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let mut transaction = connection.begin_with(engine.begin()).await?;
    if engine == Engine::Postgres {
        sqlx::query(LOCK).execute(&mut *transaction).await?;
    }
    let done = sqlx::query("SELECT hash FROM migration WHERE number = $1").bind(number);
    if let Some(row) = done.fetch_optional(&mut *transaction).await? {
        if row.try_get::<String, _>("hash")? == hash {
            return Ok(transaction.rollback().await?);
        }
        let why = "differs from what was applied; run the program that made the database".to_owned();
        return Err(StoreError::Migration { number, why });
    }
    sqlx::raw_sql(AssertSqlSafe(engine.dialect(text))).execute(&mut *transaction).await?;
    let note = sqlx::query("INSERT INTO migration (number, hash) VALUES ($1, $2)").bind(number).bind(hash);
    note.execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

impl Engine {
    /// A step in the words of the engine: the type of bytes, the order of texts (by code point, not by a locale), and what
    /// stands between `-- only ENGINE` and `-- end`.
    fn dialect(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 256);
        let mut wanted = true;
        for line in text.lines() {
            match line.strip_prefix("-- only ") {
                Some(engine) => wanted = engine.trim() == self.name(),
                None if line.trim() == "-- end" => wanted = true,
                None if wanted => out.extend([line, "\n"]),
                None => {}
            }
        }
        match self {
            Self::Sqlite => out.replace("{bytes}", "BLOB").replace("{empty}", "X''"),
            Self::Postgres => {
                let typed = out.replace("{bytes}", "BYTEA").replace("{empty}", "''::bytea");
                typed.replace(" TEXT", " TEXT COLLATE \"C\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_up_and_speak_both_dialects() {
        assert!(STEPS.is_sorted_by(|a, b| a.0 < b.0));
        let text = "a {bytes} {empty}\nb TEXT\n-- only sqlite\nc\n-- end\n-- only postgres\nd\n-- end\ne";
        assert_eq!(Engine::Sqlite.dialect(text), "a BLOB X''\nb TEXT\nc\ne\n");
        assert_eq!(Engine::Postgres.dialect(text), "a BYTEA ''::bytea\nb TEXT COLLATE \"C\"\nd\ne\n");
    }
}
