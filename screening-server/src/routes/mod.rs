//! The routes: one table from which the router and the OpenAPI document are made.

// Handlers are async, also those that wait for nothing: that is the shape of a handler.
#![allow(clippy::unused_async)]

mod accounts;
mod alerts;
mod audit;
mod batch;
mod body;
mod definitions;
mod form;
mod jobs;
mod operations;
mod privacy;
mod problems;
mod provider;
mod push;
mod query;
mod refusals;
mod results;
mod score;
mod screenings;
mod session;
mod sheets;
mod table;

use axum::Router;
use axum::routing::MethodRouter;
use tower_http::catch_panic::CatchPanicLayer;

use crate::guard::{Access, guard};
use crate::middleware::{Caught, around};
use crate::problem::{Problem, ProblemKind};
use crate::state::App;

pub(crate) use body::whole_body;
pub use problems::reference;
pub(crate) use table::ROUTES;

/// One route: where it is, what it is called in the OpenAPI document, what it can refuse, and who answers.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Id of the operation in `resources/openapi.json`.
    pub(crate) operation: &'static str,
    /// Problems beside those that every route can have.
    pub(crate) problems: &'static [ProblemKind],
    /// Who may have it answered.
    pub(crate) access: Access,
    handler: fn() -> MethodRouter<App>,
}

/// The whole service, and what an embedder serves beside it.
pub(crate) fn router(app: &App, beside: Router) -> Router {
    let guarded = |route: &Route| {
        let state = (app.clone(), route.access);
        (route.handler)().route_layer(axum::middleware::from_fn_with_state(state, guard))
    };
    let routes = ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, guarded(route)));
    layered(routes.merge(beside.with_state(())), app)
}

/// Routes with everything that stands around them.
fn layered(routes: Router<App>, app: &App) -> Router {
    routes
        .fallback(|| async { Problem::from(ProblemKind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(ProblemKind::MethodNotAllowed) })
        .layer(CatchPanicLayer::custom(Caught(app.clone())))
        .layer(axum::middleware::from_fn_with_state(app.clone(), around))
        .with_state(app.clone())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::catalogue::Definitions;
    use crate::config::Limits;

    #[tokio::test]
    async fn a_defect_is_an_answer_and_is_counted() {
        let app = App::new(Definitions::load(None).unwrap(), Limits::default(), None, false, None);
        async fn defect() -> &'static str {
            panic!("the marker of a defect")
        }
        let service = router(&app, Router::new().route("/defect", get(defect)));
        let request = Request::get("/defect").header("accept-language", "en").body(Body::empty()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "/problems/internal");
        assert!(!body.to_string().contains("marker"), "{body}");
        assert!(app.metrics.text().contains("screening_panics_total 1"));
    }
}
