//! Who may have a route answered: the entry of the table of routes, held to on every request.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Limits;
use crate::middleware::Asked;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::{Caller, Holder, Permission, Repeatable, Store, repeated, sessions, tokens};

/// The cookie of a session. A browser sends it back only over TLS (or to the machine itself), and only to this host.
pub(crate) const COOKIE: &str = "__Host-screening";
/// The header with the token against forged requests.
pub(crate) const CSRF: &str = "x-csrf-token";
/// The header with the key of a request that may be repeated.
const IDEMPOTENCY: &str = "idempotency-key";
/// How long it is remembered who a token stands for, in milliseconds: as long it may take until another process that revokes
/// a token is heard. Revoked here, it ends at once.
const REMEMBERED: i64 = 5000;
/// As many tokens as are remembered.
const MOST: usize = 10_000;

/// Who may have a route answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Anybody; where the server asks for accounts, those who may score.
    Scoring,
    /// Anybody who is known, whatever they may do otherwise.
    Known,
    /// Those whose role permits it.
    Needs(Permission),
}

/// What is remembered between requests.
pub(crate) struct Gate {
    tokens: Mutex<HashMap<String, Remembered>>,
    accounts: DefaultKeyedRateLimiter<String>,
    machines: DefaultKeyedRateLimiter<String>,
}

#[derive(Clone)]
struct Remembered {
    caller: Caller,
    until: i64,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limiter = |a_second: u32| {
            let rate = NonZeroU32::new(a_second).unwrap_or(NonZeroU32::MIN);
            RateLimiter::keyed(
                Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1))),
            )
        };
        Self { tokens: Mutex::default(), accounts: limiter(limits.account_rate), machines: limiter(limits.token_rate) }
    }

    /// Tokens are looked up again from now on.
    pub(crate) fn forget(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// One more request of a caller, or the seconds to wait.
    fn counted(&self, caller: &Caller) -> Result<(), u32> {
        let (limiter, name) = match &caller.holder {
            Holder::Account(id) => (&self.accounts, id),
            Holder::Token(id) => (&self.machines, id),
            Holder::System(_) => return Ok(()),
        };
        limiter.check_key(name).map_err(|wait| {
            let wait = wait.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

/// The token of the session of a request.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<String> {
    cookie_of(headers, COOKIE)
}

/// The value of a cookie of a request.
pub(crate) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = cookies.flat_map(|value| cookie::Cookie::split_parse(value.to_owned())).filter_map(Result::ok);
    found.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The step before every route.
pub(crate) async fn guard(State((app, access)): State<(App, Access)>, request: Request, next: Next) -> Response {
    let asks = match access {
        Access::Open => false,
        Access::Scoring => app.scoring_needs_a_token,
        Access::Known | Access::Needs(_) => true,
    };
    if !asks {
        return next.run(request).await;
    }
    match admitted(&app, access, request).await {
        Ok(Admitted::Goes(request)) => next.run(request).await,
        Ok(Admitted::Answered(response)) => response,
        Err(problem) => problem.into_response(),
    }
}

enum Admitted {
    Goes(Request),
    /// The request was answered before, and is answered the same.
    Answered(Response),
}

async fn admitted(app: &App, access: Access, mut request: Request) -> Result<Admitted, Problem> {
    let store = app.store()?;
    let mut caller = known(app, store, request.method(), request.headers()).await?;
    if let Some(asked) = request.extensions().get::<Asked>() {
        caller.request_id.clone_from(&asked.request_id);
    }
    if let Err(seconds) = app.gate.counted(&caller) {
        return Err(Problem::after(ProblemKind::TooManyRequests, seconds));
    }
    let needed = match access {
        Access::Needs(permission) => Some(permission),
        Access::Scoring => Some(Permission::Score),
        Access::Open | Access::Known => None,
    };
    if let Some(permission) = needed.filter(|permission| !caller.may(*permission)) {
        refused(store, &caller, permission).await?;
        return Err(Fault::new(ProblemKind::Forbidden).with("permission", permission).into());
    }
    if access != Access::Scoring {
        request = repeatable(app, &mut caller, request).await?;
        if let Some(response) = repeated::find(store, &caller).await? {
            return Ok(Admitted::Answered(response));
        }
    }
    request.extensions_mut().insert(caller);
    Ok(Admitted::Goes(request))
}

/// Who asks, by a token or a session.
async fn known(app: &App, store: &Store, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Some(token) = bearer(headers) {
        return machine(app, store, token).await;
    }
    let token = session_token(headers).ok_or(ProblemKind::Unauthenticated)?;
    let caller = sessions::find(store, &token).await?.ok_or(ProblemKind::Unauthenticated)?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        let given = headers.get(CSRF).map(header::HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(given.ct_eq(sessions::csrf(store, &token).as_bytes())) {
            return Err(ProblemKind::CsrfMissing.into());
        }
    }
    Ok(caller)
}

async fn machine(app: &App, store: &Store, token: &str) -> Result<Caller, Problem> {
    let (key, now) = (store.vault().hash("token", token), store.clock().now());
    let known = app.gate.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(known) = known.filter(|known| known.until > now) {
        return Ok(known.caller);
    }
    let (caller, expires) = tokens::find(store, token).await?.ok_or(ProblemKind::Unauthenticated)?;
    let mut tokens = app.gate.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    if tokens.len() >= MOST {
        tokens.clear();
    }
    tokens.insert(key, Remembered { caller: caller.clone(), until: expires.min(now + REMEMBERED) });
    Ok(caller)
}

/// Says in the audit log that somebody asked for what they may not have.
async fn refused(store: &Store, caller: &Caller, permission: Permission) -> Result<(), Problem> {
    let mut work = store.begin(caller, "refused").await?;
    work.note("refused", "", permission.to_string());
    Ok(work.commit().await?)
}

/// A request with a key becomes one that may be repeated; its body is read to know it again.
async fn repeatable(app: &App, caller: &mut Caller, request: Request) -> Result<Request, Problem> {
    let Some(key) = request.headers().get(IDEMPOTENCY) else { return Ok(request) };
    let key = key.to_str().ok().filter(|key| (8..=200).contains(&key.len())).map(str::to_owned);
    let key = key.ok_or(ProblemKind::InvalidIdempotencyKey)?;
    let (parts, body) = request.into_parts();
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A stream or an upload is not held in memory: it is known again by its length.
    let small = length.is_none_or(|length| length <= app.limits.body as u64)
        && !parts.headers.contains_key(header::TRANSFER_ENCODING);
    let request = if small {
        let bytes: Bytes = crate::routes::whole_body(body, &app.limits).await?;
        hash.update(&bytes);
        Request::from_parts(parts, bytes.into())
    } else {
        hash.update(length.unwrap_or_default().to_be_bytes());
        Request::from_parts(parts, body)
    };
    caller.repeatable = Some(Repeatable { key, fingerprint: HEXLOWER.encode(&hash.finalize()) });
    Ok(request)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    /// The caller that the guard let in. A route whose entry lets anybody in has none.
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ProblemKind::Internal.into())
    }
}
