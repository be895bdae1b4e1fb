//! The audit log, and the evidence that is made of it.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::audit::{self, Entry, Wanted};
use crate::store::evidence::{self, Breach};
use crate::store::{Caller, Permission, shown, verification};

use super::form::{Page, Part};
use super::query::Query;

#[derive(Serialize)]
struct Told {
    seq: i64,
    at: String,
    actor: String,
    role: String,
    scope: String,
    work: String,
    action: String,
    subject: String,
    detail: String,
    request_id: String,
    hash: String,
}

fn told(entry: Entry) -> Told {
    Told {
        seq: entry.seq,
        at: shown(entry.at),
        actor: entry.actor,
        role: entry.role,
        scope: entry.scope,
        work: entry.work,
        action: entry.action,
        subject: entry.subject,
        detail: entry.detail,
        request_id: entry.request_id,
        hash: data_encoding::HEXLOWER.encode(&entry.hash),
    }
}

/// `GET /api/v1/audit`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["after", "limit", "subject", "actor", "action"])?;
    let part = Part::of(&query)?;
    let after =
        query.parsed("after", |text| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() })?.unwrap_or(0);
    let mut work = app.store()?.begin(&caller, "audit.read").await?;
    // The log is that of the district: who answers for a part of it only does not read it.
    if caller.scope.id() != caller.district_id {
        return Err(Fault::new(ProblemKind::Forbidden).with("permission", Permission::AuditRead).into());
    }
    let text = |key| query.get(key).map(str::to_owned);
    let wanted = Wanted {
        district_id: caller.district_id.clone(),
        after,
        subject: text("subject"),
        actor: text("actor"),
        action: text("action"),
        limit: part.limit,
    };
    let found = audit::entries(work.connection(), &wanted).await?;
    work.note("audit.read", wanted.subject.as_deref().unwrap_or_default(), format!("{} entries", found.len()));
    let page: Page<Entry> = part.page(found, |entry| entry.seq.to_string());
    let page = Page { items: page.items.into_iter().map(told).collect(), next: page.next };
    Ok(work.answer(StatusCode::OK, &page).await?)
}

#[derive(Serialize)]
struct Checked {
    entries: i64,
    head: String,
    /// Whether nothing is wrong.
    whole: bool,
    faults: Vec<String>,
}

/// `GET /api/v1/audit/verification`
pub(super) async fn verify(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let store = app.store()?;
    let verified = verification::verify(store).await?;
    let mut work = store.begin(&caller, "audit.verify").await?;
    work.note("audit.verify", "", format!("{} faults", verified.faults.len()));
    let faults: Vec<String> = verified.faults.iter().map(ToString::to_string).collect();
    let checked = Checked { entries: verified.entries, head: verified.head, whole: faults.is_empty(), faults };
    Ok(work.answer(StatusCode::OK, &checked).await?)
}

/// `GET /api/v1/evidence/year`
pub(super) async fn year(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["year"])?;
    let year = query.parsed("year", |text| text.parse::<i16>().ok())?;
    let year = year.ok_or_else(|| query.refuse("year"))?;
    let store = app.store()?;
    // The chain is read before the turn to write is taken.
    let verified = verification::verify(store).await?;
    let mut work = store.begin(&caller, "evidence.year").await?;
    let year = evidence::year(&mut work, year, &verified).await?;
    Ok(work.answer(StatusCode::OK, &year).await?)
}

const BREACH: &[&str] = &["from", "before", "organisation_id", "accessed", "actor", "after", "limit"];

/// `GET /api/v1/evidence/breach`
pub(super) async fn breach(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, BREACH)?;
    let time = |key| -> Result<i64, Problem> {
        let at = query.parsed(key, |text| text.parse::<jiff::Timestamp>().ok())?;
        at.map(jiff::Timestamp::as_millisecond).ok_or_else(|| query.refuse(key))
    };
    let part = Part::of(&query)?;
    let wanted = Breach {
        from: time("from")?,
        before: time("before")?,
        organisation: query.get("organisation_id").unwrap_or_default().to_owned(),
        accessed: query.parsed("accessed", |text| text.parse().ok())?.unwrap_or(false),
        actor: query.get("actor").unwrap_or_default().to_owned(),
        after: part.after.clone(),
        limit: part.limit,
    };
    let mut work = app.store()?.begin(&caller, "evidence.breach").await?;
    let concerned = evidence::breach(&mut work, &wanted).await?;
    let page = part.page(concerned, |pupil| pupil.pupil_id.clone());
    Ok(work.answer(StatusCode::OK, &page).await?)
}
