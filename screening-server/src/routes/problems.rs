//! What each problem means: on this server, and as a page of the documentation.

use std::fmt::Write;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path};
use axum::response::Response;
use screening_core::instrument::Language;
use serde::Serialize;

use crate::middleware::Asked;
use crate::order::shown;
use crate::problem::{Fault, Problem, ProblemKind, texts_of};

use super::score::json;

#[derive(Serialize)]
struct Described {
    #[serde(rename = "type")]
    kind: String,
    status: u16,
    title: &'static str,
    detail: String,
    help: String,
}

fn described(kind: ProblemKind, language: Language) -> Described {
    let texts = texts_of(kind);
    Described {
        kind: kind.uri(),
        status: kind.status().as_u16(),
        title: texts.title.get(language),
        detail: texts.detail(language, &[]),
        help: texts.help(language, &[]),
    }
}

/// `GET /problems`
pub(super) async fn list(Extension(asked): Extension<Asked>) -> Response {
    let all: Vec<Described> = ProblemKind::ALL.iter().map(|kind| described(*kind, asked.language)).collect();
    json(serde_json::to_vec(&all).unwrap_or_default())
}

/// `GET /problems/{id}`
pub(super) async fn one(
    Extension(asked): Extension<Asked>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = path.map_err(|_| ProblemKind::NotFound)?;
    let kind = ProblemKind::named(&id).ok_or_else(|| Fault::new(ProblemKind::UnknownProblem).with("id", shown(&id)))?;
    Ok(json(serde_json::to_vec(&described(kind, asked.language)).unwrap_or_default()))
}

/// The reference of all problems as a table in Markdown, in English and Chinese: part of `docs/server.md`, which a test holds
/// to it.
///
/// ```
/// assert!(screening_server::problem_reference().contains("| `unknown-item` | 422 |"));
/// ```
pub fn reference() -> String {
    let mut page = String::from("| `type`: `/problems/...` | status | means | what to do |\n|---|---|---|---|\n");
    for kind in ProblemKind::ALL {
        let (en, zh) = (described(*kind, Language::En), described(*kind, Language::ZhCn));
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {}. {}<br>{}。{} | {}<br>{} |",
            kind.id(),
            en.status,
            en.title,
            en.detail,
            zh.title,
            zh.detail,
            en.help,
            zh.help
        );
    }
    page
}
