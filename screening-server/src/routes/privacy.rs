//! Pupils by pseudonym, who they are when that was approved, what they may ask for, and how long what is kept of them.

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::jobs::files;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::pupils::{self, Enrolled, Identity, Label, Pupil, Wanted};
use crate::store::subjects::{self, Correction};
use crate::store::{Caller, Permission, approvals, retention};

use super::accounts::{Id, id_of};
use super::form::{self, Page, Part};
use super::query::Query;

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    pupil: Pupil,
    /// Masked: enough for who knows the pupils, little for anybody else.
    label: Option<Label>,
}

/// `GET /api/v1/pupils`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["after", "limit", "organisation_id"])?;
    let part = Part::of(&query)?;
    let organisation = query.get("organisation_id").map(str::to_owned);
    let wanted = Wanted { organisation, after: part.after.clone(), limit: part.limit };
    let mut work = app.store()?.begin(&caller, "pupil.list").await?;
    let page = part.page(pupils::list(&mut work, &wanted).await?, |pupil| pupil.id.clone());
    let mut items = Vec::with_capacity(page.items.len());
    for pupil in page.items {
        let label = pupils::label(&mut work, &pupil.id).await?;
        items.push(Listed { pupil, label });
    }
    Ok(work.answer(StatusCode::OK, &Page { items, next: page.next }).await?)
}

#[derive(Serialize)]
struct Entered {
    id: String,
    /// `entered`, `moved`, `returned`, `corrected` or `same`.
    done: &'static str,
}

const PUPIL: &[&str] = &["class_id", "name", "student_id", "birth_date", "contact", "sex"];

/// `POST /api/v1/pupils`
pub(super) async fn enter(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (class_id, name, student_id, born, contact, sex) = form::read(&bytes, PUPIL, |form| {
        let (class_id, name, student_id) = (form.text("class_id"), form.text("name"), form.text("student_id"));
        let (born, contact) = (form.text_if("birth_date"), form.text_if("contact"));
        let sex = form.word_if("sex", &["male", "female", "other"]);
        Some((class_id?, name?, student_id?, born, contact, sex))
    })?;
    let identity = Identity { name, student_id, birth_date: date_of(born)?, contact };
    let mut work = app.store()?.begin(&caller, "pupil.enter").await?;
    let entered = pupils::put(&mut work, &Enrolled { class_id, sex, identity }).await;
    let (id, put) = entered.map_err(|error| error.of_body("what-organisation", "/class_id"))?;
    Ok(work.answer(StatusCode::OK, &Entered { id, done: put.word() }).await?)
}

/// `POST /api/v1/pupils/{id}/departure`
pub(super) async fn depart(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "pupil.depart").await?;
    pupils::leave(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &Entered { id, done: "left" }).await?)
}

/// A day of a body, or the problem that it is none.
fn date_of(text: Option<String>) -> Result<Option<jiff::civil::Date>, Problem> {
    let not_a_date = |_| Problem::from(Fault::new(ProblemKind::NotADate).at("/birth_date"));
    text.map(|text| text.parse().map_err(not_a_date)).transpose()
}

/// `GET /api/v1/pupils/{id}`
pub(super) async fn one(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "pupil.read").await?;
    let pupil = pupils::get(&mut work, &id).await?;
    let label = pupils::label(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &Listed { pupil, label }).await?)
}

/// `GET /api/v1/pupils/{id}/identity`
pub(super) async fn identity(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "identity.view").await?;
    let identity = approvals::view(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &identity).await?)
}

const STATES: &[&str] = &["after", "limit", "state"];

/// `GET /api/v1/identity-requests`
pub(super) async fn list_requests(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, STATES)?;
    let part = Part::of(&query)?;
    let state =
        query.parsed("state", |text| ["open", "approved", "refused"].contains(&text).then(|| text.to_owned()))?;
    let mut work = app.store()?.begin(&caller, "identity.list").await?;
    let found = approvals::list(&mut work, &state.unwrap_or_default(), &part.after, part.limit).await?;
    Ok(work.answer(StatusCode::OK, &part.page(found, |request| request.id.clone())).await?)
}

/// `POST /api/v1/identity-requests`
pub(super) async fn ask(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (pupil, purpose, emergency) = form::read(&bytes, &["pupil_id", "purpose", "emergency"], |form| {
        let (pupil, purpose) = (form.text("pupil_id"), form.text("purpose"));
        let emergency = form.flag_if("emergency").unwrap_or(false);
        Some((pupil?, purpose?, emergency))
    })?;
    let mut work = app.store()?.begin(&caller, "identity.request").await?;
    let asked = approvals::ask(&mut work, &pupil, &purpose, emergency).await;
    let request = asked.map_err(|error| error.of_body("what-pupil", "/pupil_id"))?;
    Ok(work.answer(StatusCode::CREATED, &request).await?)
}

/// `POST /api/v1/identity-requests/{id}/decision`
pub(super) async fn decide(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (decision, hours, reason) = form::read(&bytes, &["decision", "hours", "reason"], |form| {
        let decision = form.word("decision", &["approved", "refused"]);
        let hours = form.whole_if("hours", (1, approvals::LONGEST_HOURS)).unwrap_or(24);
        let reason = form.text_if("reason");
        Some((decision?, hours, reason))
    })?;
    let mut work = app.store()?.begin(&caller, "identity.decide").await?;
    let request = approvals::decide(&mut work, &id, decision == "approved", hours, reason.as_deref()).await?;
    Ok(work.answer(StatusCode::OK, &request).await?)
}

/// `GET /api/v1/subject-requests`
pub(super) async fn list_subjects(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, STATES)?;
    let part = Part::of(&query)?;
    let state = query.parsed("state", |text| ["open", "done", "refused"].contains(&text).then(|| text.to_owned()))?;
    let mut work = app.store()?.begin(&caller, "subject.list").await?;
    let found = subjects::list(&mut work, &state.unwrap_or_default(), &part.after, part.limit).await?;
    Ok(work.answer(StatusCode::OK, &part.page(found, |request| request.id.clone())).await?)
}

/// `POST /api/v1/subject-requests`
pub(super) async fn file(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (pupil, kind, applicant) = form::read(&bytes, &["pupil_id", "kind", "applicant"], |form| {
        let (pupil, kind) = (form.text("pupil_id"), form.word("kind", subjects::KINDS));
        let applicant = form.word("applicant", subjects::APPLICANTS);
        Some((pupil?, kind?, applicant?))
    })?;
    let mut work = app.store()?.begin(&caller, "subject.request").await?;
    let filed = subjects::file(&mut work, &pupil, &kind, &applicant).await;
    let request = filed.map_err(|error| error.of_body("what-pupil", "/pupil_id"))?;
    Ok(work.answer(StatusCode::CREATED, &request).await?)
}

/// `POST /api/v1/subject-requests/{id}/completion`
pub(super) async fn complete(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (name, born, contact) = form::read(&bytes, &["name", "birth_date", "contact"], |form| {
        Some((form.text_if("name"), form.text_if("birth_date"), form.text_if("contact")))
    })?;
    let birth_date = date_of(born)?;
    let mut work = app.store()?.begin(&caller, "subject.complete").await?;
    let completed = subjects::complete(&mut work, &id, &Correction { name, birth_date, contact }).await?;
    let response = work.answer(StatusCode::OK, &completed).await?;
    if !completed.deleted.is_empty() {
        files::sweep(app.store()?).await?;
    }
    Ok(response)
}

/// `POST /api/v1/subject-requests/{id}/refusal`
pub(super) async fn refuse(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let reason = form::read(&bytes, &["reason"], |form| form.text("reason"))?;
    let mut work = app.store()?.begin(&caller, "subject.refuse").await?;
    let request = subjects::refuse(&mut work, &id, &reason).await?;
    Ok(work.answer(StatusCode::OK, &request).await?)
}

#[derive(Serialize)]
struct Rules {
    /// Classes of records that a rule may name.
    classes: Vec<&'static str>,
    rules: Vec<retention::Rule>,
}

/// `GET /api/v1/retention`
pub(super) async fn rules(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let mut work = app.store()?.begin(&caller, "retention.read").await?;
    let rules = retention::rules(&mut work).await?;
    Ok(work.answer(StatusCode::OK, &Rules { classes: retention::classes(), rules }).await?)
}

/// `PUT /api/v1/retention/{class}`
pub(super) async fn set_rule(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let class = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (days, basis) = form::read(&bytes, &["days", "basis"], |form| {
        let (days, basis) = (form.whole("days", (0, 36_500)), form.text("basis"));
        Some((days?, basis?))
    })?;
    // A rule is that of a district.
    if caller.scope.id() != caller.district_id {
        return Err(Fault::new(ProblemKind::Forbidden).with("permission", Permission::Retention).into());
    }
    let mut work = app.store()?.begin(&caller, "retention.set").await?;
    retention::set(&mut work, &class, days, &basis).await?;
    let rules = retention::rules(&mut work).await?;
    Ok(work.answer(StatusCode::OK, &Rules { classes: retention::classes(), rules }).await?)
}
