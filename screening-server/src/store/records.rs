//! What is kept of a pupil, table by table: for deletion, copies and rotation, which must leave nothing out.

use serde_json::{Map, Value};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AssertSqlSafe, Column, Row, ValueRef};

use super::error::StoreError;
use super::vault::Place;
use super::{Vault, Work, leftovers};

/// Rows about pupils: a table with a column `pupil_id`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// Class of record, as retention rules name it.
    pub(crate) class: &'static str,
    pub(crate) table: &'static str,
}

/// Every table with a column `pupil_id`, what depends on others first. A test holds the list to the database.
pub(crate) const RECORDS: &[Record] = &[
    Record { class: "identity-requests", table: "identity_request" },
    Record { class: "subject-requests", table: "subject_request" },
    Record { class: "alerts", table: "alert" },
    Record { class: "results", table: "wave_result" },
    Record { class: "results", table: "wave_pupil" },
    Record { class: "sheets", table: "sheet_before" },
    Record { class: "sheets", table: "sheet_draft" },
    Record { class: "sheets", table: "sheet" },
    Record { class: "participation", table: "participation" },
    Record { class: "identity", table: "identity" },
];

/// Classes that are not deleted with a pupil: they are the proof of what was asked and done, and hold no name and no answer.
pub(crate) const PROOF: &[&str] = &["identity-requests", "subject-requests"];

/// Encrypted columns: table, primary key, columns. The table has the column `key_id`.
pub(crate) const SEALED: &[(&str, &str, &[&str])] = &[
    ("identity", "pupil_id", &["name", "student_id", "birth_date", "contact"]),
    ("account", "id", &["totp"]),
    ("repeated", "id", &["body"]),
    ("inbox", "row_key", &["body"]),
    ("webhook", "id", &["secret"]),
    ("push_key", "hash", &["secret"]),
];

/// Classes that retention rules may name.
pub(crate) fn classes() -> Vec<&'static str> {
    let mut classes: Vec<&str> =
        RECORDS.iter().map(|record| record.class).filter(|class| !PROOF.contains(class)).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// Deletes what is kept of a pupil in the classes that are wanted; rows by class. Files with rows of the pupil are marked as not
/// to be kept: whoever commits removes them.
pub(crate) async fn delete(
    work: &mut Work,
    pupil_id: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(&'static str, u64)>, StoreError> {
    leftovers::with_rows_of(work, pupil_id, &wanted).await?;
    let mut counts: Vec<(&'static str, u64)> = Vec::new();
    for record in RECORDS.iter().filter(|record| !PROOF.contains(&record.class) && wanted(record.class)) {
        let text = format!("DELETE FROM {} WHERE pupil_id = $1", record.table);
        let query = sqlx::query(AssertSqlSafe(text)).bind(pupil_id);
        let rows = query.execute(work.connection()).await?.rows_affected();
        match counts.iter_mut().find(|(class, _)| *class == record.class) {
            Some((_, count)) => *count += rows,
            None => counts.push((record.class, rows)),
        }
    }
    counts.retain(|(_, rows)| *rows > 0);
    Ok(counts)
}

/// Everything that is kept of a pupil, as JSON by table, decrypted.
pub(crate) async fn copy(work: &mut Work, pupil_id: &str) -> Result<Map<String, Value>, StoreError> {
    let vault = work.store().vault().clone();
    let mut tables = Map::new();
    for record in RECORDS {
        let text = format!("SELECT * FROM {} WHERE pupil_id = $1", record.table);
        let rows = sqlx::query(AssertSqlSafe(text)).bind(pupil_id).fetch_all(work.connection()).await?;
        let rows = rows.iter().map(|row| opened(&vault, record.table, row));
        tables.insert(record.table.to_owned(), Value::Array(rows.collect::<Result<_, _>>()?));
    }
    Ok(tables)
}

/// A row as JSON; encrypted columns are opened, other bytes are told by their number.
fn opened(vault: &Vault, table: &'static str, row: &AnyRow) -> Result<Value, StoreError> {
    let sealed = SEALED.iter().find(|(known, _, _)| *known == table);
    let mut object = Map::new();
    for column in row.columns() {
        let (name, at) = (column.name(), column.ordinal());
        if name == "key_id" {
            continue;
        }
        let value =
            match sealed.and_then(|(_, key, columns)| Some((key, columns.iter().find(|known| **known == name)?))) {
                Some((key, column)) => {
                    let bytes: Option<Vec<u8>> = row.try_get(at)?;
                    let id: String = row.try_get(*key)?;
                    let key_id: String = row.try_get("key_id")?;
                    let place = Place { table, column, row: &id };
                    let text = bytes.map(|bytes| vault.open_text(place, &key_id, &bytes)).transpose()?;
                    text.map_or(Value::Null, Value::String)
                }
                None => plain(row, at)?,
            };
        object.insert(name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn plain(row: &AnyRow, at: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().kind();
    Ok(match kind {
        AnyTypeInfoKind::Text => Value::String(row.try_get(at)?),
        AnyTypeInfoKind::Double | AnyTypeInfoKind::Real => row.try_get::<f64, _>(at)?.into(),
        AnyTypeInfoKind::Blob => format!("{} bytes", row.try_get::<Vec<u8>, _>(at)?.len()).into(),
        _ => row.try_get::<i64, _>(at)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::{Store, StoreConfig};

    /// Tables with a column of this name, and the columns of bytes beside it.
    async fn tables_with(store: &Store, column: &str) -> BTreeSet<(String, String)> {
        let query = sqlx::query(
            "SELECT m.name AS name, COALESCE(GROUP_CONCAT(b.name), '') AS bytes FROM sqlite_master m
             JOIN pragma_table_info(m.name) c ON c.name = $1
             LEFT JOIN pragma_table_info(m.name) b ON b.type = 'BLOB' WHERE m.type = 'table' GROUP BY m.name",
        );
        let rows = query.bind(column).fetch_all(store.pool()).await.unwrap();
        rows.iter().map(|row| (row.get("name"), row.get("bytes"))).collect()
    }

    #[tokio::test]
    async fn no_table_of_pupils_and_no_encrypted_column_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreConfig::new(folder.path())).await.unwrap();
        let found: BTreeSet<String> = tables_with(&store, "pupil_id").await.into_iter().map(|(name, _)| name).collect();
        let known: BTreeSet<String> = RECORDS.iter().map(|record| record.table.to_owned()).collect();
        assert_eq!(found, known);
        let mut found = tables_with(&store, "key_id").await;
        // The head of the audit log names the key and holds nothing that is encrypted.
        found.retain(|(name, _)| name != "audit_head");
        let known: BTreeSet<(String, String)> =
            SEALED.iter().map(|(table, _, columns)| ((*table).to_owned(), columns.join(","))).collect();
        assert_eq!(found, known);
    }
}
