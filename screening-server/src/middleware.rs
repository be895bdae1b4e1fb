//! What happens around every request: an id, a line in the log, figures, the language of problems, and no panic that gets
//! out.

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use screening_core::instrument::Language;

use crate::language;
use crate::problem::{Problem, ProblemKind};
use crate::state::App;

/// The header with the id of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How somebody asks, as far as every answer depends on it. Who it is, is a `store::Caller`.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) language: Language,
    pub(crate) request_id: String,
}

/// The outermost step.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let counted = app.metrics.in_flight();
    let asked = Asked { language: language::wanted(request.headers()), request_id: request_id(&request) };
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    request.extensions_mut().insert(asked.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.fill(&mut response, asked.language, &asked.request_id);
    }
    let headers = response.headers_mut();
    // The id was checked, or is ours.
    if let Ok(id) = HeaderValue::from_str(&asked.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language::tag(asked.language)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    app.metrics.answered(known_method(&method), &route, status, elapsed.as_secs_f64());
    tracing::info!(
        request_id = asked.request_id,
        method = known_method(&method),
        route,
        status,
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    drop(counted);
    response
}

/// An id that a proxy gave, when it is one (letters, digits and `-`, at most 64), or a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let is_id = |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    given.filter(is_id).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// The method as it stands in log and figures: a method can be any word.
fn known_method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What a defect in a handler becomes.
#[derive(Debug, Clone)]
pub(crate) struct Caught(pub(crate) App);

impl tower_http::catch_panic::ResponseForPanic for Caught {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> axum::http::Response<Self::ResponseBody> {
        self.0.metrics.panicked();
        Problem::from(ProblemKind::Internal).into_response()
    }
}
