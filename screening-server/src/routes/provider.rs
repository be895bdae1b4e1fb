//! Sign-in by an identity provider, and which account is whose there.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::guard::cookie_of;
use crate::middleware::Asked;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::provider::{Attempt, Proved, Unproved};
use crate::state::App;
use crate::store::providers::{self, Known};
use crate::store::{Caller, accounts};

use super::accounts::{Id, id_of};
use super::form;
use super::session::cookie as session_cookie;

/// The cookie of the browser that began an attempt. It comes back from the provider, so it is not strict; it opens nothing.
const COOKIE: &str = "__Host-screening-attempt";

fn attempt_cookie(state: Option<&str>) -> HeaderValue {
    let mut cookie = Cookie::new(COOKIE, state.unwrap_or_default().to_owned());
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(if state.is_some() {
        cookie::time::Duration::minutes(10)
    } else {
        cookie::time::Duration::ZERO
    });
    // Letters, digits and `-_` only: always a header.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// Sends the browser elsewhere. The address is one of the configuration, or of the provider.
fn elsewhere(to: &str) -> Result<Response, Problem> {
    let to = HeaderValue::from_str(to).map_err(|_| Problem::from(ProblemKind::ProviderUnavailable))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response())
}

/// Tells the log why somebody was not signed in, and the browser only that it was so.
fn unproved(why: Unproved) -> Problem {
    tracing::warn!(why = %why, "nobody was signed in by the identity provider");
    match why {
        Unproved::Provider(_) => ProblemKind::ProviderUnavailable.into(),
        Unproved::Token(_) => ProblemKind::LogInRefused.into(),
    }
}

/// `GET /api/v1/session/provider`: sends the browser to the provider.
pub(super) async fn begin(State(app): State<App>) -> Result<Response, Problem> {
    let (store, provider) = (app.store()?, app.provider()?.clone());
    let attempt = providers::begin(store).await?;
    let asked = attempt.clone();
    let address = tokio::task::spawn_blocking(move || provider.authorization(&asked)).await;
    let address = address.map_err(|_| ProblemKind::Internal)?.map_err(unproved)?;
    let mut response = elsewhere(&address)?;
    response.headers_mut().append(header::SET_COOKIE, attempt_cookie(Some(&attempt.state)));
    Ok(response)
}

/// What the provider gives back with the browser. Keys that are not known here are left, as the standard wants it.
fn given(uri: &Uri, key: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    values.find(|(known, _)| known == key).map(|(_, value)| value.into_owned())
}

/// `GET /api/v1/session/provider/return`: the browser comes back from the provider.
pub(super) async fn end(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let (store, provider) = (app.store()?, app.provider()?.clone());
    let refused = || Problem::from(ProblemKind::LogInRefused);
    let (state, begun) = (given(&uri, "state").ok_or_else(refused)?, cookie_of(&headers, COOKIE).ok_or_else(refused)?);
    // Another browser than the one that began it: somebody is to be signed in as somebody else.
    if !bool::from(state.as_bytes().ct_eq(begun.as_bytes())) {
        return Err(refused());
    }
    let attempt: Attempt = providers::take(store, &state).await?.ok_or_else(refused)?;
    let issuer = provider.config.issuer.clone();
    if given(&uri, "iss").is_some_and(|given| given != issuer) {
        return Err(refused());
    }
    let code = given(&uri, "code").ok_or_else(refused)?;
    let landing = provider.config.landing.clone();
    let now = store.clock().now();
    let proving = tokio::task::spawn_blocking(move || provider.prove(&attempt, &code, now)).await;
    let Proved { subject, email } = proving.map_err(|_| ProblemKind::Internal)?.map_err(unproved)?;
    let known: Vec<Known> = std::iter::once(Known::Subject(subject)).chain(email.map(Known::Email)).collect();
    let begun = providers::sign_in(store, &asked.request_id, &issuer, &known).await?.ok_or_else(refused)?;
    let mut response = elsewhere(&landing)?;
    response.headers_mut().append(header::SET_COOKIE, session_cookie(Some(&begun.token)));
    response.headers_mut().append(header::SET_COOKIE, attempt_cookie(None));
    Ok(response)
}

/// `PUT /api/v1/accounts/{id}/provider`: who at the provider has this account.
pub(super) async fn bind(
    State(app): State<App>,
    caller: Caller,
    path: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (subject, email) =
        form::read(&bytes, &["subject", "email"], |form| Some((form.text_if("subject"), form.text_if("email"))))?;
    let known = match (subject, email) {
        (Some(subject), None) => Known::Subject(subject),
        (None, Some(email)) => Known::Email(email),
        (None, None) => return Err(Fault::new(ProblemKind::MissingKey).at("/subject").with("key", "subject").into()),
        (Some(_), Some(_)) => {
            let fault = Fault::new(ProblemKind::ConflictingKeys).at("/subject");
            return Err(fault.with("first", "subject").with("second", "email").into());
        }
    };
    let mut work = app.store()?.begin(&caller, "account.bind").await?;
    accounts::others(&mut work, &id).await?;
    let issuer = app.provider()?.config.issuer.clone();
    let account = providers::bind(&mut work, &id, &issuer, &known).await?;
    Ok(work.answer(StatusCode::OK, &account).await?)
}

/// `DELETE /api/v1/accounts/{id}/provider`
pub(super) async fn unbind(State(app): State<App>, caller: Caller, path: Id) -> Result<Response, Problem> {
    let id = id_of(path)?;
    let mut work = app.store()?.begin(&caller, "account.unbind").await?;
    providers::unbind(&mut work, &id).await?;
    Ok(work.answer(StatusCode::OK, &json!({ "unbound": id })).await?)
}
