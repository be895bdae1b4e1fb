//! Requests of pupils and guardians about what is kept of them: see it, have a copy, have it corrected, have it deleted. What is
//! refused is refused in writing.

use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::organisations::check_text;
use super::pupils::{self, Identity};
use super::roles::Permission;
use super::{PAGE, Work, in_scope, new_id, records, retention, shown, shown_if};

/// Kinds of requests.
pub(crate) const KINDS: &[&str] = &["view", "copy", "correct", "delete"];
/// Who asks.
pub(crate) const APPLICANTS: &[&str] = &["pupil", "guardian"];

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) pupil_id: String,
    pub(crate) kind: String,
    pub(crate) applicant: String,
    pub(crate) received_at: String,
    pub(crate) received_by: String,
    /// `open`, `done` or `refused`.
    pub(crate) state: String,
    pub(crate) closed_at: Option<String>,
    pub(crate) closed_by: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Request {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            pupil_id: row.try_get("pupil_id")?,
            kind: row.try_get("kind")?,
            applicant: row.try_get("applicant")?,
            received_at: shown(row.try_get("received_at")?),
            received_by: row.try_get("received_by")?,
            state: row.try_get("state")?,
            closed_at: shown_if(row.try_get("closed_at")?),
            closed_by: row.try_get("closed_by")?,
            reason: row.try_get("reason")?,
        })
    }
}

/// What is to be corrected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Correction {
    pub(crate) name: Option<String>,
    pub(crate) birth_date: Option<jiff::civil::Date>,
    pub(crate) contact: Option<String>,
}

/// What came of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Completed {
    pub(crate) request: Request,
    /// Of a view or copy: everything that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<Map<String, Value>>,
    /// Of a deletion: rows by class of records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deleted: Vec<(&'static str, u64)>,
}

/// Takes in a request.
pub(crate) async fn file(work: &mut Work, pupil_id: &str, kind: &str, applicant: &str) -> Result<Request, StoreError> {
    work.require(Permission::SubjectRequests)?;
    pupils::find(work, pupil_id).await?;
    let (id, now, by) = (new_id(), work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO subject_request (id, pupil_id, kind, applicant, received_at, received_by, state)
         VALUES ($1, $2, $3, $4, $5, $6, 'open')",
    );
    let query = query.bind(&id).bind(pupil_id).bind(kind).bind(applicant).bind(now).bind(by);
    query.execute(work.connection()).await?;
    work.note("subject.request", pupil_id, format!("{kind} {id}"));
    get(work, &id).await
}

/// Does what a request asks for.
pub(crate) async fn complete(work: &mut Work, id: &str, correction: &Correction) -> Result<Completed, StoreError> {
    work.require(Permission::SubjectRequests)?;
    work.require_step_up()?;
    let request = get(work, id).await?;
    close(work, &request, "done", None).await?;
    let pupil = request.pupil_id.clone();
    let (mut copy, mut deleted) = (None, Vec::new());
    match request.kind.as_str() {
        "view" | "copy" => copy = Some(everything(work, &pupil).await?),
        "correct" => correct(work, &pupil, correction).await?,
        _ => deleted = retention::erase(work, &pupil).await?,
    }
    work.note("subject.done", &pupil, format!("{} {id}", request.kind));
    Ok(Completed { request: get(work, id).await?, copy, deleted })
}

/// Refuses a request, with the reason that the applicant is given in writing.
pub(crate) async fn refuse(work: &mut Work, id: &str, reason: &str) -> Result<Request, StoreError> {
    work.require(Permission::SubjectRequests)?;
    check_text("reason", reason)?;
    let request = get(work, id).await?;
    close(work, &request, "refused", Some(reason)).await?;
    work.note("subject.refuse", &request.pupil_id, format!("{} {id}", request.kind));
    get(work, id).await
}

async fn close(work: &mut Work, request: &Request, state: &str, reason: Option<&str>) -> Result<(), StoreError> {
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "UPDATE subject_request SET state = $1, closed_at = $2, closed_by = $3, reason = $4
         WHERE id = $5 AND state = 'open'",
    );
    let query = query.bind(state).bind(now).bind(by).bind(reason).bind(&request.id);
    if query.execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::State("state-closed"));
    }
    Ok(())
}

async fn everything(work: &mut Work, pupil_id: &str) -> Result<Map<String, Value>, StoreError> {
    let pupil = pupils::find(work, pupil_id).await?;
    let mut copy = Map::new();
    copy.insert("pupil".to_owned(), serde_json::to_value(&pupil).unwrap_or_default());
    copy.extend(records::copy(work, pupil_id).await?);
    work.note("pupil.copy", pupil_id, "");
    Ok(copy)
}

async fn correct(work: &mut Work, pupil_id: &str, correction: &Correction) -> Result<(), StoreError> {
    pupils::find(work, pupil_id).await?;
    let known = pupils::read_identity(work, pupil_id).await?.ok_or(StoreError::Missing("what-identity"))?;
    let identity = Identity {
        name: correction.name.clone().unwrap_or(known.name),
        birth_date: correction.birth_date.or(known.birth_date),
        contact: correction.contact.clone().or(known.contact),
        student_id: known.student_id,
    };
    check_text("name", &identity.name)?;
    if !pupils::write_identity(work, pupil_id, &identity).await? {
        return Err(StoreError::State("state-nothing-differs"));
    }
    work.note("pupil.write", pupil_id, "corrected");
    Ok(())
}

/// Requests within the scope; of a state, or all.
pub(crate) async fn list(work: &mut Work, state: &str, after: &str, limit: i64) -> Result<Vec<Request>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT r.* FROM subject_request r JOIN pupil p ON p.id = r.pupil_id WHERE ",
        in_scope!("p"),
        " AND ($2 = '' OR r.state = $2) AND r.id > $3 ORDER BY r.id LIMIT $4"
    );
    work.require(Permission::SubjectRequests)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(state).bind(after).bind(limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Request::read).collect::<Result<_, _>>()?)
}

async fn get(work: &mut Work, id: &str) -> Result<Request, StoreError> {
    const QUERY: &str = concat!(
        "SELECT r.* FROM subject_request r JOIN pupil p ON p.id = r.pupil_id WHERE r.id = $2 AND ",
        in_scope!("p")
    );
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-request")), |row| Ok(Request::read(&row)?))
}
