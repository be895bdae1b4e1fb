//! Results of waves, a row a pupil; who has answered, and who has not.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::{PAGE, Permission, Work, in_scope, pupils, shown};

/// The result of a pupil in a wave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct WaveResult {
    pub(crate) screening: String,
    pub(crate) wave: String,
    pub(crate) administered_on: String,
    pub(crate) pupil: String,
    pub(crate) school: String,
    pub(crate) class: String,
    /// The job that computed it.
    pub(crate) job: String,
    pub(crate) status: String,
    pub(crate) tier: Option<String>,
    /// The row of the results of the engine.
    pub(crate) result: Value,
}

impl WaveResult {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let result: String = row.try_get("result")?;
        Ok(Self {
            screening: row.try_get("screening_id")?,
            wave: row.try_get("wave")?,
            administered_on: row.try_get("administered_on")?,
            pupil: row.try_get("pupil_id")?,
            school: row.try_get("school_id")?,
            class: row.try_get("class_id")?,
            job: row.try_get("job_id")?,
            status: row.try_get("status")?,
            tier: row.try_get("tier")?,
            result: serde_json::from_str(&result).unwrap_or_default(),
        })
    }
}

/// A result to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewResult {
    pub(crate) pupil: String,
    pub(crate) school_id: String,
    pub(crate) class_id: String,
    pub(crate) status: String,
    pub(crate) tier: Option<String>,
    pub(crate) severity: i64,
    pub(crate) result: String,
}

/// Puts the results of a computation in the place of those of the one before. A pupil who was erased while it ran gets none.
pub(crate) async fn replace(
    work: &mut Work,
    screening: &str,
    job: &str,
    results: &[NewResult],
) -> Result<(), StoreError> {
    work.require(Permission::ResultsRead)?;
    let district = work.caller().district_id.clone();
    // Of a screening that was closed without its class list, who has left since keeps the result: that of today does not know them.
    let gone = sqlx::query(
        "DELETE FROM wave_result WHERE screening_id = $1 AND (
           EXISTS (SELECT 1 FROM screening s WHERE s.id = $1 AND s.state <> 'closed')
           OR EXISTS (SELECT 1 FROM wave_pupil w WHERE w.screening_id = $1 AND w.pupil_id = wave_result.pupil_id)
           OR EXISTS (SELECT 1 FROM pupil p WHERE p.id = wave_result.pupil_id AND p.status = 'enrolled'))",
    )
    .bind(screening);
    gone.execute(work.connection()).await?;
    for new in results {
        let query = sqlx::query(
            "INSERT INTO wave_result (screening_id, pupil_id, district_id, school_id, class_id, job_id, status, tier, severity,
             result) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
             WHERE NOT EXISTS (SELECT 1 FROM pupil p WHERE p.id = $2 AND p.status = 'erased')",
        );
        let query =
            query.bind(screening).bind(&new.pupil).bind(&district).bind(&new.school_id).bind(&new.class_id).bind(job);
        let query = query.bind(&new.status).bind(&new.tier).bind(new.severity).bind(&new.result);
        query.execute(work.connection()).await?;
    }
    work.note("wave.write", screening, format!("{} {job}", results.len()));
    Ok(())
}

/// Which results of a list are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Only those of a school or class; it narrows the scope and never widens it.
    pub(crate) organisation: Option<String>,
    pub(crate) tier: Option<String>,
    /// How many to leave out.
    pub(crate) skip: i64,
}

/// Results of a wave within the scope, the most urgent first.
pub(crate) async fn list(work: &mut Work, screening: &str, wanted: &Wanted) -> Result<Vec<WaveResult>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT r.*, s.wave, s.administered_on FROM wave_result r JOIN screening s ON s.id = r.screening_id
         WHERE r.screening_id = $2 AND ($3 = '' OR $3 = r.school_id OR $3 = r.class_id) AND ($4 = '' OR $4 = r.tier) AND ",
        in_scope!("r"),
        " ORDER BY r.severity DESC, r.pupil_id LIMIT $5 OFFSET $6"
    );
    work.require(Permission::ResultsRead)?;
    let query =
        sqlx::query(QUERY).bind(work.scope()).bind(screening).bind(wanted.organisation.clone().unwrap_or_default());
    let query = query.bind(wanted.tier.clone().unwrap_or_default()).bind(PAGE).bind(wanted.skip.max(0));
    let rows = query.fetch_all(work.connection()).await?;
    let results = rows.iter().map(WaveResult::read).collect::<Result<Vec<_>, _>>()?;
    for result in &results {
        work.note("result.read", &result.pupil, screening);
    }
    Ok(results)
}

/// All waves of a pupil within the scope, the earliest first; also those of schools before, where it was the same person.
pub(crate) async fn history(work: &mut Work, pupil: &str) -> Result<Vec<WaveResult>, StoreError> {
    work.require(Permission::ResultsRead)?;
    let known = pupils::find(work, pupil).await?;
    let district = work.caller().district_id.clone();
    let query = sqlx::query(
        "SELECT r.*, s.wave, s.administered_on FROM wave_result r JOIN screening s ON s.id = r.screening_id
         JOIN pupil p ON p.id = r.pupil_id
         WHERE p.person_key = $1 AND p.district_id = $2 AND p.status <> 'erased' ORDER BY s.administered_on, s.id",
    );
    let rows = query.bind(&known.person_key).bind(district).fetch_all(work.connection()).await?;
    work.note("history.read", pupil, rows.len().to_string());
    Ok(rows.iter().map(WaveResult::read).collect::<Result<_, _>>()?)
}

/// How far a class is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClassCompletion {
    pub(crate) school: String,
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) enrolled: i64,
    pub(crate) answered: i64,
    pub(crate) begun: i64,
}

/// Who has answered, by class within the scope: counts only.
pub(crate) async fn completion(work: &mut Work, screening: &str) -> Result<Vec<ClassCompletion>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT p.school_id, p.class_id, o.name, COUNT(*) AS enrolled,
         SUM(CASE WHEN EXISTS (SELECT 1 FROM sheet s WHERE s.screening_id = $2 AND s.pupil_id = p.id AND s.deleted_at IS NULL)
             THEN 1 ELSE 0 END) AS answered,
         SUM(CASE WHEN EXISTS (SELECT 1 FROM sheet_draft d WHERE d.screening_id = $2 AND d.pupil_id = p.id)
             AND NOT EXISTS (SELECT 1 FROM sheet s WHERE s.screening_id = $2 AND s.pupil_id = p.id AND s.deleted_at IS NULL)
             THEN 1 ELSE 0 END) AS begun
         FROM pupil p JOIN organisation o ON o.id = p.class_id WHERE p.status = 'enrolled' AND ",
        in_scope!("p"),
        " GROUP BY p.school_id, p.class_id, o.name ORDER BY p.school_id, o.name, p.class_id"
    );
    work.require(Permission::CompletionRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening);
    let rows = query.fetch_all(work.connection()).await?;
    let read = |row: &AnyRow| -> Result<ClassCompletion, sqlx::Error> {
        Ok(ClassCompletion {
            school: row.try_get("school_id")?,
            class: row.try_get("class_id")?,
            name: row.try_get("name")?,
            enrolled: row.try_get("enrolled")?,
            answered: row.try_get("answered")?,
            begun: row.try_get("begun")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// A pupil who has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Waiting {
    pub(crate) pupil: String,
    pub(crate) class: String,
    /// A sheet was begun.
    pub(crate) begun_at: Option<String>,
    /// First character of the name and end of the number, for whoever knows the class.
    pub(crate) label: Option<pupils::Label>,
}

/// Who of a class has not answered yet: nothing of what was answered.
pub(crate) async fn waiting(work: &mut Work, screening: &str, class: &str) -> Result<Vec<Waiting>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT p.id, p.class_id, (SELECT MIN(d.begun_at) FROM sheet_draft d WHERE d.screening_id = $2 AND d.pupil_id = p.id)
         AS begun_at FROM pupil p WHERE p.status = 'enrolled' AND p.class_id = $3
         AND NOT EXISTS (SELECT 1 FROM sheet s WHERE s.screening_id = $2 AND s.pupil_id = p.id AND s.deleted_at IS NULL) AND ",
        in_scope!("p"),
        " ORDER BY p.id"
    );
    work.require(Permission::CompletionRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening).bind(class);
    let rows = query.fetch_all(work.connection()).await?;
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        let pupil: String = row.try_get("id")?;
        let label = pupils::label(work, &pupil).await?;
        let begun: Option<i64> = row.try_get("begun_at")?;
        list.push(Waiting { pupil, class: row.try_get("class_id")?, begun_at: begun.map(shown), label });
    }
    Ok(list)
}

/// The job that computed the results of a screening last.
pub(crate) async fn job_of(work: &mut Work, screening: &str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query("SELECT MAX(job_id) AS job_id FROM wave_result WHERE screening_id = $1").bind(screening);
    Ok(query.fetch_one(work.connection()).await?.try_get("job_id")?)
}

/// The result of every pupil of a wave within the scope, by pseudonym: to compare with what other definitions give.
pub(crate) async fn all(
    work: &mut Work,
    screening: &str,
) -> Result<BTreeMap<String, serde_json::Map<String, Value>>, StoreError> {
    const QUERY: &str =
        concat!("SELECT r.pupil_id, r.result FROM wave_result r WHERE r.screening_id = $2 AND ", in_scope!("r"));
    work.require(Permission::ResultsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening);
    let rows = query.fetch_all(work.connection()).await?;
    let mut all = BTreeMap::new();
    for row in &rows {
        let (pupil, result): (String, String) = (row.try_get("pupil_id")?, row.try_get("result")?);
        let result = serde_json::from_str(&result).map_err(|_| StoreError::State("state-result"))?;
        all.insert(pupil, result);
    }
    work.note("wave.read", screening, all.len().to_string());
    Ok(all)
}
