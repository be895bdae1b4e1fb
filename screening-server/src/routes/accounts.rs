//! Accounts, tokens and organisations.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::problem::{Problem, ProblemKind};
use crate::state::App;
use crate::store::accounts::{self, Account, Change};
use crate::store::organisations::{self, New};
use crate::store::tokens::{self, Token};
use crate::store::{Caller, Permission};

use super::form::{self, PART, Part};
use super::query::Query;

/// The id of a path.
pub(super) type Id = Result<Path<String>, PathRejection>;

/// The id of a path, or that there is nothing.
pub(super) fn id_of(path: Id) -> Result<String, Problem> {
    path.map(|Path(id)| id).map_err(|_| ProblemKind::NotFound.into())
}

#[derive(Serialize)]
struct Invited {
    account: Account,
    /// Shown once.
    invitation: String,
}

/// `GET /api/v1/accounts`
pub(super) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let part = Part::of(&Query::read(&uri, PART)?)?;
    let mut work = app.store()?.begin(&caller, "account.list").await?;
    let found = accounts::list(&mut work, &part.after, part.limit).await?;
    Ok(work.answer(StatusCode::OK, &part.page(found, |account| account.id.clone())).await?)
}

/// `POST /api/v1/accounts`
pub(super) async fn add(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (name, role, organisation_id) = form::read(&bytes, &["name", "role", "organisation_id"], |form| {
        let (name, role, organisation_id) = (form.text("name"), form.role("role"), form.text("organisation_id"));
        Some((name?, role?, organisation_id?))
    })?;
    let mut work = app.store()?.begin(&caller, "account.add").await?;
    let added = accounts::add(&mut work, &name, role, &organisation_id).await;
    let (account, invitation) = added.map_err(|error| error.of_body("what-organisation", "/organisation_id"))?;
    Ok(work.answer(StatusCode::CREATED, &Invited { account, invitation }).await?)
}

/// `PATCH /api/v1/accounts/{id}`
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let change = form::read(&bytes, &["role", "organisation_id", "disabled"], |form| {
        Some(Change {
            role: form.role_if("role"),
            organisation_id: form.text_if("organisation_id"),
            disabled: form.flag_if("disabled"),
        })
    })?;
    let mut work = app.store()?.begin(&caller, "account.change").await?;
    let changed = accounts::change(&mut work, &id, &change).await;
    let account = changed.map_err(|error| error.of_body("what-organisation", "/organisation_id"))?;
    Ok(work.answer(StatusCode::OK, &account).await?)
}

/// `POST /api/v1/accounts/{id}/invitation`
pub(super) async fn invite(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "account.invite").await?;
    let invitation = accounts::invite_again(&mut work, &id).await?;
    let account = accounts::get(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &Invited { account, invitation }).await?)
}

#[derive(Serialize)]
struct Issued {
    token: Token,
    /// Shown once.
    secret: String,
}

/// `GET /api/v1/tokens`
pub(super) async fn list_tokens(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let part = Part::of(&Query::read(&uri, PART)?)?;
    let mut work = app.store()?.begin(&caller, "token.list").await?;
    let found = tokens::list(&mut work, &part.after, part.limit).await?;
    Ok(work.answer(StatusCode::OK, &part.page(found, |token| token.id.clone())).await?)
}

/// `POST /api/v1/tokens`
pub(super) async fn issue(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (name, role, organisation_id, days) =
        form::read(&bytes, &["name", "role", "organisation_id", "days"], |form| {
            let (name, role, organisation_id) = (form.text("name"), form.role("role"), form.text("organisation_id"));
            let days = form.whole_if("days", (1, 400)).unwrap_or(90);
            Some((name?, role?, organisation_id?, days))
        })?;
    let mut work = app.store()?.begin(&caller, "token.issue").await?;
    let issued = tokens::issue(&mut work, &name, role, &organisation_id, days).await;
    let (token, secret) = issued.map_err(|error| error.of_body("what-organisation", "/organisation_id"))?;
    Ok(work.answer(StatusCode::CREATED, &Issued { token, secret }).await?)
}

/// `DELETE /api/v1/tokens/{id}`
pub(super) async fn revoke(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "token.revoke").await?;
    tokens::revoke(&mut work, &id).await?;
    let response = work.answer(StatusCode::OK, &serde_json::json!({ "revoked": id })).await?;
    app.gate.forget();
    Ok(response)
}

/// `GET /api/v1/organisations`
pub(super) async fn list_organisations(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let part = Part::of(&Query::read(&uri, PART)?)?;
    let mut work = app.store()?.begin(&caller, "organisation.list").await?;
    let found = organisations::list(&mut work, &part.after, part.limit).await?;
    Ok(work.answer(StatusCode::OK, &part.page(found, |organisation| organisation.id.clone())).await?)
}

/// `POST /api/v1/organisations`
pub(super) async fn add_organisation(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let bytes = form::json_of(request, &app.limits).await?;
    let (parent, code, name, grade) = form::read(&bytes, &["parent_id", "code", "name", "grade"], |form| {
        let (parent, code, name) = (form.text("parent_id"), form.text("code"), form.text("name"));
        let grade = form.whole_if("grade", (1, 12));
        Some((parent?, code?, name?, grade))
    })?;
    let mut work = app.store()?.begin(&caller, "organisation.add").await?;
    let new = New { parent: Some(&parent), code: &code, name: &name, grade };
    let added = organisations::add(&mut work, &new).await;
    let organisation = added.map_err(|error| error.of_body("what-organisation", "/parent_id"))?;
    Ok(work.answer(StatusCode::CREATED, &organisation).await?)
}

/// `PATCH /api/v1/organisations/{id}`
pub(super) async fn change_organisation(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (name, closed) =
        form::read(&bytes, &["name", "closed"], |form| Some((form.text_if("name"), form.flag_if("closed"))))?;
    let mut work = app.store()?.begin(&caller, "organisation.change").await?;
    work.require(Permission::OrganisationsWrite)?;
    let organisation = organisations::change(&mut work, &id, name.as_deref(), closed).await?;
    let response = work.answer(StatusCode::OK, &organisation).await?;
    app.gate.forget();
    Ok(response)
}
