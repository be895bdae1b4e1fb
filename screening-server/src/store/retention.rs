//! How long what is kept of pupils, what is due, and deleting it with proof.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::caller::Caller;
use super::error::StoreError;
use super::organisations::check_text;
use super::roles::Permission;
use super::{Store, Work, in_scope, leftovers, new_id, pupils, records, shown};

const DAY: i64 = 24 * 3600 * 1000;
/// Pupils that are dealt with in one transaction.
const TOGETHER: i64 = 200;

/// How long a class of records is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rule {
    pub(crate) class: String,
    /// Days after the pupil left the school; of what belongs to no pupil's row, days after it was written.
    pub(crate) days: i64,
    /// The rule or law that says so.
    pub(crate) basis: String,
    pub(crate) set_by: String,
    pub(crate) set_at: String,
    /// Pupils of whom something is due; of what belongs to no pupil's row, how much is due.
    pub(crate) due: i64,
}

/// Classes that a rule may name.
pub(crate) fn classes() -> Vec<&'static str> {
    let mut classes = records::classes();
    classes.extend(leftovers::CLASSES);
    classes.sort_unstable();
    classes
}

/// Sets how long a class is kept in the district of the caller.
pub(crate) async fn set(work: &mut Work, class: &str, days: i64, basis: &str) -> Result<(), StoreError> {
    work.require(Permission::Retention)?;
    work.require_step_up()?;
    check_text("basis", basis)?;
    if !classes().contains(&class) {
        return Err(StoreError::Missing("what-record-class"));
    }
    let (by, now, district) = (work.caller().name(), work.now(), work.caller().district_id.clone());
    let query = sqlx::query(
        "INSERT INTO retention_rule (id, district_id, class_of_record, days, basis, set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (district_id, class_of_record) DO UPDATE SET days = excluded.days, basis = excluded.basis,
         set_by = excluded.set_by, set_at = excluded.set_at",
    );
    let query = query.bind(new_id()).bind(&district).bind(class).bind(days).bind(basis).bind(by).bind(now);
    query.execute(work.connection()).await?;
    work.note("retention.set", &district, format!("{class}: {days} days"));
    Ok(())
}

/// The rules of the district of the caller, with what is due.
pub(crate) async fn rules(work: &mut Work) -> Result<Vec<Rule>, StoreError> {
    work.require(Permission::Retention)?;
    read(work).await
}

/// The same for whoever checked the permission.
pub(super) async fn read(work: &mut Work) -> Result<Vec<Rule>, StoreError> {
    let district = work.caller().district_id.clone();
    let query = sqlx::query("SELECT * FROM retention_rule WHERE district_id = $1 ORDER BY class_of_record");
    let rows = query.bind(&district).fetch_all(work.connection()).await?;
    let mut rules = Vec::with_capacity(rows.len());
    for row in &rows {
        let class: String = row.try_get("class_of_record")?;
        let days: i64 = row.try_get("days")?;
        let due = count_due(work, &district, &class, days).await?;
        rules.push(rule(row, class, days, due)?);
    }
    Ok(rules)
}

fn rule(row: &AnyRow, class: String, days: i64, due: i64) -> Result<Rule, sqlx::Error> {
    Ok(Rule {
        class,
        days,
        basis: row.try_get("basis")?,
        set_by: row.try_get("set_by")?,
        set_at: shown(row.try_get("set_at")?),
        due,
    })
}

/// The condition that something of a class is kept of a pupil `p` who left before `$2`.
fn due(class: &str) -> String {
    let tables = records::RECORDS.iter().filter(|record| record.class == class);
    let kept: Vec<String> =
        tables.map(|record| format!("EXISTS (SELECT 1 FROM {} r WHERE r.pupil_id = p.id)", record.table)).collect();
    let kept = if kept.is_empty() { "1 = 0".to_owned() } else { kept.join(" OR ") };
    format!("p.district_id = $1 AND p.status <> 'enrolled' AND p.left_at < $2 AND ({kept})")
}

async fn count_due(work: &mut Work, district: &str, class: &str, days: i64) -> Result<i64, StoreError> {
    let before = work.now() - days * DAY;
    if leftovers::CLASSES.contains(&class) {
        return leftovers::count_due(work, class, district, before).await;
    }
    let text = format!("SELECT COUNT(*) FROM pupil p WHERE {}", due(class));
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(district).bind(before);
    Ok(query.fetch_one(work.connection()).await?)
}

/// What a run of the rules deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// Class of records.
    pub class: String,
    /// Pupils of whom something was deleted; none of what belongs to no pupil's row.
    pub pupils: u64,
    /// Rows that were deleted, or jobs whose files were.
    pub rows: u64,
}

/// Deletes what is due by the rules, district by district, a part at a time: a run that is broken off is finished by the
/// next. What was deleted is told in the audit log by number and by a hash over the pseudonyms, and afterwards nothing is due.
pub(crate) async fn run(store: &Store) -> Result<Vec<Deleted>, StoreError> {
    super::repeated::forget_old(store).await?;
    let rows = sqlx::query("SELECT district_id, class_of_record, days FROM retention_rule ORDER BY id");
    let rows = rows.fetch_all(store.pool()).await?;
    let mut deleted = Vec::new();
    for row in rows {
        let (district, class): (String, String) = (row.try_get("district_id")?, row.try_get("class_of_record")?);
        let days: i64 = row.try_get("days")?;
        let mut sum = Deleted { class: class.clone(), ..Deleted::default() };
        loop {
            let caller = Caller::system("retention", district.clone());
            let mut work = store.begin(&caller, "retention.run").await?;
            let (pupils, rows) = part(&mut work, &district, &class, days).await?;
            work.commit().await?;
            sum.pupils += pupils;
            sum.rows += rows;
            if pupils == 0 {
                break;
            }
        }
        deleted.push(sum);
    }
    Ok(deleted)
}

async fn part(work: &mut Work, district: &str, class: &str, days: i64) -> Result<(u64, u64), StoreError> {
    let before = work.now() - days * DAY;
    if leftovers::CLASSES.contains(&class) {
        return Ok((0, leftovers::delete_due(work, class, district, before).await?));
    }
    let text = format!("SELECT p.id FROM pupil p WHERE {} ORDER BY p.id LIMIT $3", due(class));
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(district).bind(before).bind(TOGETHER);
    let pupils: Vec<String> = query.fetch_all(work.connection()).await?;
    let mut rows = 0;
    let mut hash = Sha256::new();
    for pupil in &pupils {
        let counts = records::delete(work, pupil, |known| known == class).await?;
        let deleted: u64 = counts.iter().map(|(_, count)| count).sum();
        rows += deleted;
        hash.update(pupil.as_bytes());
        work.note("retention.delete", pupil, format!("{class}: {deleted} rows"));
    }
    if !pupils.is_empty() {
        let hash = data_encoding::HEXLOWER.encode(&hash.finalize());
        work.note("retention.part", district, format!("{class}: {} pupils, {rows} rows, sha256 {hash}", pupils.len()));
    }
    Ok((pupils.len() as u64, rows))
}

/// Deletes everything that is kept of one pupil. The pseudonym stays as a tombstone: results that were published count it,
/// and the log tells what was deleted.
pub(crate) async fn erase(work: &mut Work, pupil_id: &str) -> Result<Vec<(&'static str, u64)>, StoreError> {
    const QUERY: &str = concat!(
        "UPDATE pupil SET status = 'erased', person_key = '', sex = NULL, left_at = COALESCE(left_at, $3)
         WHERE id = $2 AND ",
        in_scope!("pupil")
    );
    pupils::find(work, pupil_id).await?;
    let counts = records::delete(work, pupil_id, |_| true).await?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(pupil_id).bind(work.now());
    query.execute(work.connection()).await?;
    let told: Vec<String> = counts.iter().map(|(class, rows)| format!("{class}: {rows} rows")).collect();
    work.note("pupil.erase", pupil_id, told.join("; "));
    Ok(counts)
}
