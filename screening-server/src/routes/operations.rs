//! Health, figures and the documentation of the interface.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use crate::metrics;
use crate::problem::{Problem, ProblemKind};
use crate::state::App;

use super::score::json;

static OPENAPI: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&crate::openapi::document()).unwrap_or_default().into());

/// The page shows the document of this server and loads nothing from elsewhere.
const PAGE: &str = include_str!("../../resources/reference.html");
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'";

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// `GET /healthz`
pub(super) async fn health() -> Response {
    json(serde_json::to_vec(&Health { status: "ok" }).unwrap_or_default())
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    engine: &'static str,
    instruments: usize,
    policies: usize,
    norms: usize,
    validity_plans: usize,
}

/// `GET /readyz`: definitions are loaded before the first connection is taken, so only stopping, or a store that cannot be
/// reached, stands in the way.
pub(super) async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    if app.stopping.load(Ordering::Relaxed) {
        return Err(ProblemKind::Stopping.into());
    }
    if let Some(store) = &app.store
        && !store.is_reachable().await
    {
        return Err(ProblemKind::StoreUnavailable.into());
    }
    let catalogue = app.definitions.now();
    let readiness = Readiness {
        status: "ready",
        engine: screening_core::scoring::ENGINE_VERSION,
        instruments: catalogue.instruments.len(),
        policies: catalogue.policies.len(),
        norms: catalogue.norms.len(),
        validity_plans: catalogue.plans.len(),
    };
    Ok(json(serde_json::to_vec(&readiness).unwrap_or_default()))
}

/// `GET /metrics`
pub(super) async fn metrics(State(app): State<App>) -> Response {
    typed(app.metrics.text().into(), metrics::MEDIA_TYPE)
}

/// `GET /api/openapi.json`
pub(super) async fn openapi() -> Response {
    typed(OPENAPI.clone(), "application/json")
}

/// `GET /api`
pub(super) async fn page() -> Response {
    let mut response = typed(Bytes::from_static(PAGE.as_bytes()), "text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

fn typed(bytes: Bytes, media_type: &'static str) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
