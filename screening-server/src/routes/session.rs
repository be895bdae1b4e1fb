//! Logging in and out, the second factor, the password, and the first account.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::guard::{COOKIE, session_token};
use crate::middleware::Asked;
use crate::problem::{Problem, ProblemKind};
use crate::state::App;
use crate::store::accounts::{self, Account};
use crate::store::login::{self, LogIn};
use crate::store::{Caller, Holder, sessions, shown_if};

use super::form;

#[derive(Serialize)]
struct Begun {
    account: Account,
    /// For the header `X-CSRF-Token`.
    csrf: String,
}

/// The cookie of a session; without a token, the one that ends it.
pub(super) fn cookie(token: Option<&str>) -> HeaderValue {
    let mut cookie = Cookie::new(COOKIE, token.unwrap_or_default().to_owned());
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    if token.is_none() {
        cookie.set_max_age(cookie::time::Duration::ZERO);
    }
    // Letters, digits and `-_` only: always a header.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}

fn with_cookie(mut response: Response, token: Option<&str>) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie(token));
    response
}

fn answered(body: &impl Serialize) -> Response {
    super::score::json(serde_json::to_vec(body).unwrap_or_default())
}

/// `POST /api/v1/setup`
pub(super) async fn set_up(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let store = app.store()?;
    let bytes = form::json_of(request, &app.limits).await?;
    let keys = ["code", "district_code", "district_name", "name", "password"];
    let (code, district_code, district_name, name, password) = form::read(&bytes, &keys, |form| {
        let fields = (form.text("code"), form.text("district_code"), form.text("district_name"));
        let (name, password) = (form.text("name"), form.text("password").map(Zeroizing::new));
        Some((fields.0?, fields.1?, fields.2?, name?, password?))
    })?;
    let district = (district_code.as_str(), district_name.as_str());
    let account = accounts::set_up(store, &code, district, &name, password).await;
    let account = account.map_err(|error| error.of_body("what-setup-code", "/code"))?;
    Ok(answered(&account))
}

/// `POST /api/v1/session`
pub(super) async fn log_in(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    let store = app.store()?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (name, password, code) = form::read(&bytes, &["name", "password", "code"], |form| {
        let (name, password, code) = (form.text("name"), form.text("password"), form.text_if("code"));
        Some((name?, Zeroizing::new(password?), code))
    })?;
    match login::log_in(store, &asked.request_id, &name, password, code.as_deref()).await? {
        LogIn::Done { begun, account } => {
            let body = Begun { account, csrf: begun.csrf };
            Ok(with_cookie(answered(&body), Some(&begun.token)))
        }
        LogIn::Wrong => Err(ProblemKind::LogInRefused.into()),
        LogIn::CodeNeeded => Err(ProblemKind::CodeNeeded.into()),
        LogIn::Locked(wait) => {
            let seconds = u32::try_from(wait / 1000 + 1).unwrap_or(u32::MAX);
            Err(Problem::after(ProblemKind::LockedOut, seconds))
        }
    }
}

/// `POST /api/v1/invitation`
pub(super) async fn accept(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let store = app.store()?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (code, password) = form::read(&bytes, &["code", "password"], |form| {
        let (code, password) = (form.text("code"), form.text("password"));
        Some((code?, Zeroizing::new(password?)))
    })?;
    let accepted = accounts::accept(store, &code, password).await;
    accepted.map_err(|error| error.of_body("what-invitation", "/code"))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Serialize)]
struct Who {
    /// Id of the account or token.
    id: String,
    kind: &'static str,
    role: &'static str,
    scope: &'static str,
    organisation_id: String,
    district_id: String,
    permissions: Vec<String>,
    step_up_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
}

/// `GET /api/v1/session`
pub(super) async fn who(State(app): State<App>, headers: HeaderMap, caller: Caller) -> Result<Response, Problem> {
    let store = app.store()?;
    let (kind, id) = match &caller.holder {
        Holder::Account(id) => ("account", id.clone()),
        Holder::Token(id) => ("token", id.clone()),
        Holder::System(work) => ("system", (*work).to_owned()),
    };
    let csrf = caller.account().and_then(|_| session_token(&headers)).map(|token| sessions::csrf(store, &token));
    let permitted = crate::store::Permission::ALL.iter().filter(|permission| caller.may(**permission));
    Ok(answered(&Who {
        id,
        kind,
        role: caller.role.id(),
        scope: caller.scope.kind(),
        organisation_id: caller.scope.id().to_owned(),
        district_id: caller.district_id.clone(),
        permissions: permitted.map(ToString::to_string).collect(),
        step_up_until: shown_if(caller.step_up_until),
        csrf,
    }))
}

/// The token of the session, for what only a person in a session does.
fn own_session(headers: &HeaderMap, caller: &Caller) -> Result<String, Problem> {
    let token = caller.account().and_then(|_| session_token(headers));
    token.ok_or_else(|| ProblemKind::SessionNeeded.into())
}

/// `DELETE /api/v1/session`
pub(super) async fn log_out(State(app): State<App>, headers: HeaderMap, caller: Caller) -> Result<Response, Problem> {
    let token = own_session(&headers, &caller)?;
    let mut work = app.store()?.begin(&caller, "session.end").await?;
    sessions::end(&mut work, &token).await?;
    work.note("session.end", caller.account().unwrap_or_default(), "");
    work.commit().await?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), None))
}

#[derive(Serialize)]
struct Stepped {
    step_up_until: Option<String>,
}

/// `POST /api/v1/session/step-up`
pub(super) async fn step_up(
    State(app): State<App>,
    headers: HeaderMap,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let token = own_session(&headers, &caller)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let code = form::read(&bytes, &["code"], |form| form.text("code"))?;
    match login::step_up(app.store()?, &caller, &code, &token).await? {
        login::StepUp::Done(until) => Ok(answered(&Stepped { step_up_until: shown_if(Some(until)) })),
        login::StepUp::Wrong => Err(ProblemKind::CodeRefused.into()),
        login::StepUp::Locked(wait) => {
            Err(Problem::after(ProblemKind::LockedOut, u32::try_from(wait / 1000 + 1).unwrap_or(u32::MAX)))
        }
    }
}

#[derive(Serialize)]
struct Authenticator {
    secret: String,
    uri: String,
}

/// `POST /api/v1/session/totp`
pub(super) async fn totp(State(app): State<App>, headers: HeaderMap, caller: Caller) -> Result<Response, Problem> {
    own_session(&headers, &caller)?;
    let mut work = app.store()?.begin(&caller, "account.totp").await?;
    let (secret, uri) = login::prepare_totp(&mut work).await?;
    work.commit().await?;
    Ok(answered(&Authenticator { secret, uri }))
}

/// `POST /api/v1/session/totp/confirmation`
pub(super) async fn confirm_totp(
    State(app): State<App>,
    headers: HeaderMap,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let token = own_session(&headers, &caller)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let code = form::read(&bytes, &["code"], |form| form.text("code"))?;
    let mut work = app.store()?.begin(&caller, "account.totp").await?;
    let until = login::confirm_totp(&mut work, &code, &token).await?;
    work.commit().await?;
    Ok(answered(&Stepped { step_up_until: shown_if(Some(until)) }))
}

/// `POST /api/v1/session/password`
pub(super) async fn password(
    State(app): State<App>,
    headers: HeaderMap,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    own_session(&headers, &caller)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (old, new) = form::read(&bytes, &["password", "new_password"], |form| {
        let (old, new) = (form.text("password"), form.text("new_password"));
        Some((Zeroizing::new(old?), Zeroizing::new(new?)))
    })?;
    login::change_password(app.store()?, &caller, old, new).await?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), None))
}
