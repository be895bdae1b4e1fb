//! One sheet, or several of one person.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::answer::{self, Shape};
use crate::catalogue::{Catalogue, Missed, Ready};
use crate::middleware::Asked;
use crate::order::{Order, Subject, missing};
use crate::problem::{Problem, ProblemKind};
use crate::state::App;

use super::body;
use super::query::Query;

/// `POST /api/v1/score/{instrument}`
pub(super) async fn one(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(reference) = path.map_err(|_| ProblemKind::NotFound)?;
    let catalogue = app.definitions.now();
    let ready = named(&catalogue, &reference, request.uri())?.clone();
    scored(&app, &asked, &catalogue, &Subject::One(&ready), request).await
}

/// `POST /api/v1/score`
pub(super) async fn several(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    Query::read(request.uri(), &[])?;
    let catalogue = app.definitions.now();
    scored(&app, &asked, &catalogue, &Subject::Several, request).await
}

async fn scored(
    app: &App,
    asked: &Asked,
    catalogue: &Catalogue,
    subject: &Subject<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let Ok(_permit) = app.requests.try_acquire() else { return Err(Problem::busy()) };
    body::check_type(request.headers(), body::JSON)?;
    let bytes = body::whole(request, &app.limits).await?;
    let order = Order::read(&bytes, subject, catalogue, false)?;
    let single = matches!(subject, Subject::One(_));
    let mut out = Vec::with_capacity(4096);
    answer::write(&order, catalogue, Shape { language: asked.language, line: None, single }, &mut out)?;
    Ok(json(out))
}

/// The instrument of a path, `id` or `id@version`, with `?version=`.
pub(super) fn named<'c>(
    catalogue: &'c Catalogue,
    reference: &str,
    uri: &Uri,
) -> Result<&'c std::sync::Arc<Ready>, Problem> {
    let query = Query::read(uri, &["version"])?;
    let found = at_version(reference, query.get("version"), |id, version| catalogue.instruments.get(id, version));
    found.map_err(|missed| missing(missed, ProblemKind::UnknownInstrument).into())
}

/// Looks up `id`, `id@version`, or `id` with a version beside it. Two versions are no version.
pub(super) fn at_version<T>(
    reference: &str,
    version: Option<&str>,
    look: impl Fn(&str, Option<&str>) -> Result<T, Missed>,
) -> Result<T, Missed> {
    match (reference.split_once('@'), version) {
        (Some((id, own)), Some(beside)) if own != beside => {
            // The error of a version that cannot be: it lists those that are.
            look(id, Some(&format!("{own} / {beside}")))
        }
        (Some((id, own)), _) => look(id, Some(own)),
        (None, version) => look(reference, version),
    }
}

/// An answer of JSON.
pub(super) fn json(bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
