//! Corrections of how the answers of a released screening are read. The definition stays as it was released; what was corrected
//! stands beside it, each correction with who made it and when.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::error::StoreError;
use super::{Permission, Scope, Work, new_id, shown};

/// A correction of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SourceChange {
    pub(crate) source: String,
    /// The source as it is read from then on.
    #[serde(skip)]
    pub(crate) text: String,
    /// SHA-256 of it.
    pub(crate) hash: String,
    pub(crate) changed_by: String,
    pub(crate) changed_at: String,
}

/// Adds a correction, for who acts on the whole district.
pub(crate) async fn add(work: &mut Work, screening: &str, source: &str, text: &str) -> Result<(), StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    if !matches!(work.caller().scope, Scope::District(_)) {
        return Err(StoreError::Missing("what-district"));
    }
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO source_change (id, screening_id, source, definition, hash, changed_by, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let query = query.bind(new_id()).bind(screening).bind(source).bind(text).bind(&hash).bind(by).bind(now);
    query.execute(work.connection()).await?;
    work.note("source.change", screening, format!("{source} {}", hash.get(..12).unwrap_or_default()));
    Ok(())
}

/// The corrections of a screening in their order.
pub(super) async fn of_screening(work: &mut Work, screening: &str) -> Result<Vec<SourceChange>, StoreError> {
    let query = sqlx::query("SELECT * FROM source_change WHERE screening_id = $1 ORDER BY id");
    let rows = query.bind(screening).fetch_all(work.connection()).await?;
    let read = |row: &sqlx::any::AnyRow| -> Result<SourceChange, sqlx::Error> {
        Ok(SourceChange {
            source: row.try_get("source")?,
            text: row.try_get("definition")?,
            hash: row.try_get("hash")?,
            changed_by: row.try_get("changed_by")?,
            changed_at: shown(row.try_get("changed_at")?),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}
