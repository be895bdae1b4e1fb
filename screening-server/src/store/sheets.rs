//! Sheets and drafts. Answers stand here; who gave them stands in `identity`.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::wave::StoredSheet;

use super::error::StoreError;
use super::pupils::Pupil;
use super::{Permission, Work, in_scope};

/// A sheet that is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewSheet<'a> {
    pub(crate) screening_id: &'a str,
    pub(crate) id: &'a str,
    pub(crate) pupil: &'a Pupil,
    pub(crate) battery: &'a str,
    /// `form`, `push:<source>` or the name of a file.
    pub(crate) source: &'a str,
    pub(crate) row: u32,
    pub(crate) answers: &'a str,
    pub(crate) hash: &'a str,
    pub(crate) administered_on: &'a str,
    pub(crate) duration_s: Option<f64>,
    /// Number of critical answers.
    pub(crate) critical: usize,
    /// A sheet that is there with another content is changed, and kept as it was beside it; otherwise it is refused.
    pub(crate) may_change: bool,
}

/// What came of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is new.
    New,
    /// It was there already, the same.
    Same,
    /// It was there with another content, and is this now.
    Changed,
}

/// A sheet as it stands.
#[derive(Debug, Clone)]
pub(crate) struct SheetRow {
    pub(crate) id: String,
    pub(crate) pupil_id: String,
    pub(crate) battery: String,
    pub(crate) source: String,
    pub(crate) answers: String,
    pub(crate) hash: String,
    pub(crate) administered_on: String,
    pub(crate) duration_s: Option<f64>,
    pub(crate) revision: i64,
    pub(crate) deleted: bool,
}

impl SheetRow {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            pupil_id: row.try_get("pupil_id")?,
            battery: row.try_get("battery")?,
            source: row.try_get("source")?,
            answers: row.try_get("answers")?,
            hash: row.try_get("hash")?,
            administered_on: row.try_get("administered_on")?,
            duration_s: row.try_get::<Option<i64>, _>("duration_ms")?.map(|ms| ms as f64 / 1000.0),
            revision: row.try_get("revision")?,
            deleted: row.try_get::<Option<i64>, _>("deleted_at")?.is_some(),
        })
    }
}

/// The pupil of a student id within the district and the scope: the one who is enrolled.
pub(crate) async fn pupil_of(work: &mut Work, student_id: &str) -> Result<Pupil, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM pupil p WHERE p.person_key = $2 AND p.status = 'enrolled' AND ",
        in_scope!("p"),
        " LIMIT 2"
    );
    let person = work.store().vault().person(&work.caller().district_id.clone(), student_id.trim());
    let query = sqlx::query(QUERY).bind(work.scope()).bind(person);
    let rows = query.fetch_all(work.connection()).await?;
    let [row] = rows.as_slice() else { return Err(StoreError::Missing("what-pupil")) };
    Ok(Pupil::read(row)?)
}

/// Stores a sheet. Its pupil was found within the scope of the caller.
pub(crate) async fn put(work: &mut Work, new: &NewSheet<'_>) -> Result<Taken, StoreError> {
    work.require(Permission::SheetsWrite)?;
    let known = find(work, new.screening_id, new.id).await?;
    let now = work.now();
    let duration = new.duration_s.map(|seconds| (seconds * 1000.0).round() as i64);
    let taken = match &known {
        Some(known) if known.hash == new.hash && !known.deleted => return Ok(Taken::Same),
        Some(_) if !new.may_change => return Err(StoreError::Exists("what-sheet-answers")),
        Some(known) => {
            keep_before(work, new.screening_id, known, now).await?;
            Taken::Changed
        }
        // An id that somebody out of the scope uses is taken, and says nothing more.
        None if is_taken(work, new.screening_id, new.id).await? => return Err(StoreError::Exists("what-sheet-id")),
        None => Taken::New,
    };
    let revision = known.as_ref().map_or(1, |known| known.revision + 1);
    let by = work.caller().name();
    let district = work.caller().district_id.clone();
    let query = sqlx::query(
        "INSERT INTO sheet (screening_id, id, pupil_id, district_id, school_id, class_id, battery, source, source_row, answers,
         hash, administered_on, duration_ms, revision, critical, received_by, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (screening_id, id) DO UPDATE SET pupil_id = excluded.pupil_id, school_id = excluded.school_id,
         class_id = excluded.class_id, battery = excluded.battery, source = excluded.source, source_row = excluded.source_row,
         answers = excluded.answers, hash = excluded.hash, administered_on = excluded.administered_on,
         duration_ms = excluded.duration_ms, revision = excluded.revision, critical = excluded.critical,
         received_by = excluded.received_by, received_at = excluded.received_at, deleted_at = NULL",
    );
    let query = query.bind(new.screening_id).bind(new.id).bind(&new.pupil.id).bind(district);
    let query = query.bind(&new.pupil.school_id).bind(&new.pupil.class_id).bind(new.battery).bind(new.source);
    let query =
        query.bind(i64::from(new.row)).bind(new.answers).bind(new.hash).bind(new.administered_on).bind(duration);
    let query = query.bind(revision).bind(new.critical as i64).bind(by).bind(now);
    query.execute(work.connection()).await?;
    let draft = sqlx::query("DELETE FROM sheet_draft WHERE screening_id = $1 AND sheet_id = $2");
    draft.bind(new.screening_id).bind(new.id).execute(work.connection()).await?;
    work.note("sheet.write", &new.pupil.id, new.id);
    Ok(taken)
}

async fn keep_before(work: &mut Work, screening_id: &str, known: &SheetRow, now: i64) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO sheet_before (screening_id, sheet_id, revision, pupil_id, answers, hash, replaced_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let query = query.bind(screening_id).bind(&known.id).bind(known.revision).bind(&known.pupil_id);
    query.bind(&known.answers).bind(&known.hash).bind(now).execute(work.connection()).await?;
    Ok(())
}

/// Deletes a sheet as its source did: it counts no more, and what it was is kept beside it. Alerts stay.
pub(crate) async fn delete(work: &mut Work, screening_id: &str, id: &str) -> Result<bool, StoreError> {
    work.require(Permission::SheetsWrite)?;
    let Some(known) = find(work, screening_id, id).await?.filter(|known| !known.deleted) else { return Ok(false) };
    let now = work.now();
    keep_before(work, screening_id, &known, now).await?;
    let query =
        sqlx::query("UPDATE sheet SET deleted_at = $1, revision = revision + 1 WHERE screening_id = $2 AND id = $3");
    query.bind(now).bind(screening_id).bind(id).execute(work.connection()).await?;
    work.note("sheet.delete", &known.pupil_id, id);
    Ok(true)
}

/// A sheet within the scope, for repositories and handlers, which check and note what is theirs.
pub(crate) async fn find(work: &mut Work, screening_id: &str, id: &str) -> Result<Option<SheetRow>, StoreError> {
    const QUERY: &str = concat!("SELECT * FROM sheet s WHERE s.screening_id = $2 AND s.id = $3 AND ", in_scope!("s"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening_id).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    Ok(row.as_ref().map(SheetRow::read).transpose()?)
}

/// Whether there is a sheet of this id, also out of scope: its id is taken.
async fn is_taken(work: &mut Work, screening_id: &str, id: &str) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT 1 FROM sheet WHERE screening_id = $1 AND id = $2").bind(screening_id).bind(id);
    Ok(query.fetch_optional(work.connection()).await?.is_some())
}

/// A sheet with its answers.
pub(crate) async fn get(work: &mut Work, screening_id: &str, id: &str) -> Result<SheetRow, StoreError> {
    work.require(Permission::ResultsRead)?;
    let sheet = find(work, screening_id, id).await?.filter(|sheet| !sheet.deleted);
    let sheet = sheet.ok_or(StoreError::Missing("what-sheet"))?;
    work.note("sheet.read", &sheet.pupil_id, id);
    Ok(sheet)
}

/// Every sheet of a screening that counts, in the order in which they came in: for the computation of the wave.
pub(crate) async fn of_wave(work: &mut Work, screening_id: &str) -> Result<Vec<StoredSheet>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM sheet s WHERE s.screening_id = $2 AND s.deleted_at IS NULL AND ",
        in_scope!("s"),
        " ORDER BY s.received_at, s.id"
    );
    work.require(Permission::ResultsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening_id);
    let rows = query.fetch_all(work.connection()).await?;
    let mut sheets = Vec::with_capacity(rows.len());
    for row in &rows {
        let sheet = SheetRow::read(row)?;
        sheets.push(StoredSheet {
            pupil: sheet.pupil_id,
            battery: sheet.battery,
            answers: sheet.answers,
            administered_on: sheet.administered_on,
            duration_s: sheet.duration_s,
            file: sheet.source,
            row: u32::try_from(row.try_get::<i64, _>("source_row")?).unwrap_or_default(),
        });
    }
    work.note("wave.read", screening_id, sheets.len().to_string());
    Ok(sheets)
}

/// Saves a draft; no when a later save is there already, or the sheet was handed in. Its pupil was found within the scope of
/// whoever saves it.
pub(crate) async fn save_draft(work: &mut Work, draft: &Draft) -> Result<bool, StoreError> {
    let now = work.now();
    let query = sqlx::query(
        "INSERT INTO sheet_draft (screening_id, sheet_id, pupil_id, district_id, school_id, class_id, revision, answers,
         begun_at, saved_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $9
         WHERE NOT EXISTS (SELECT 1 FROM sheet WHERE screening_id = $1 AND id = $2)
         ON CONFLICT (screening_id, sheet_id) DO UPDATE SET revision = excluded.revision, answers = excluded.answers,
         saved_at = excluded.saved_at
         WHERE sheet_draft.revision <= excluded.revision AND sheet_draft.pupil_id = excluded.pupil_id",
    );
    let query = query.bind(&draft.screening_id).bind(&draft.sheet_id).bind(&draft.pupil.id).bind(&draft.district_id);
    let query =
        query.bind(&draft.pupil.school_id).bind(&draft.pupil.class_id).bind(draft.revision).bind(&draft.answers);
    Ok(query.bind(now).execute(work.connection()).await?.rows_affected() == 1)
}

/// A draft that is to be saved.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) screening_id: String,
    pub(crate) sheet_id: String,
    pub(crate) district_id: String,
    pub(crate) pupil: Pupil,
    pub(crate) revision: i64,
    pub(crate) answers: String,
}

/// The draft of a sheet: revision and answers, for a form that goes on where it was left.
pub(crate) async fn draft(work: &mut Work, screening_id: &str, id: &str) -> Result<(i64, String), StoreError> {
    const QUERY: &str =
        concat!("SELECT * FROM sheet_draft d WHERE d.screening_id = $2 AND d.sheet_id = $3 AND ", in_scope!("d"));
    work.require(Permission::SheetsWrite)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(screening_id).bind(id);
    let row = query.fetch_optional(work.connection()).await?.ok_or(StoreError::Missing("what-draft"))?;
    let pupil: String = row.try_get("pupil_id")?;
    work.note("draft.read", &pupil, id);
    Ok((row.try_get("revision")?, row.try_get("answers")?))
}
