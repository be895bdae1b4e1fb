//! Problem details (RFC 9457): what was wrong, where, and what to do, in the language of the caller.

mod kind;
mod texts;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use screening_core::instrument::Language;
use serde::Serialize;

pub use kind::ProblemKind;
pub(crate) use texts::{say, texts_of};

/// Media type of problem details.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// As many faults of one body as are told; the rest is counted.
const MOST_FAULTS: usize = 50;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ProblemKind,
    /// JSON pointer to the field.
    pub(crate) pointer: Option<String>,
    /// What is filled into the texts. Never an answer: problems may be logged by whoever receives them.
    pub(crate) fills: Vec<(&'static str, String)>,
    /// The same, by the key of a text, which is looked up in the language of the caller.
    pub(crate) words: Vec<(&'static str, &'static str)>,
}

/// Everything that is wrong with a request. It becomes a body on the way out, where the language is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    first: Fault,
    others: Vec<Fault>,
    /// Faults beyond those that are told.
    untold: usize,
    retry_after: Option<u32>,
}

impl Fault {
    pub(crate) fn new(kind: ProblemKind) -> Self {
        Self { kind, pointer: None, fills: Vec::new(), words: Vec::new() }
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fills.push((name, value.to_string()));
        self
    }
}

impl Fault {
    /// Fills in a text of the resource files, by its key.
    pub(crate) fn with_text(mut self, name: &'static str, key: &'static str) -> Self {
        self.words.push((name, key));
        self
    }

    /// Everything that is filled in, in a language.
    fn filled(&self, language: Language) -> Vec<(&'static str, String)> {
        let words = self.words.iter().map(|(name, key)| (*name, say(key, language, &[])));
        self.fills.iter().cloned().chain(words).collect()
    }
}

impl From<ProblemKind> for Problem {
    fn from(kind: ProblemKind) -> Self {
        Fault::new(kind).into()
    }
}

impl From<Fault> for Problem {
    fn from(first: Fault) -> Self {
        Self { first, others: Vec::new(), untold: 0, retry_after: None }
    }
}

impl Problem {
    /// As many requests as there may be are being answered.
    pub(crate) fn busy() -> Self {
        Self { retry_after: Some(1), ..Self::from(ProblemKind::TooBusy) }
    }

    /// A problem that is over after some seconds.
    pub(crate) fn after(kind: ProblemKind, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::from(Fault::new(kind).with("seconds", seconds)) }
    }

    /// The status of the answer: that of the first fault. What a path names and is not there is 404; what a body names, 422.
    pub(crate) fn status(&self) -> StatusCode {
        match self.first.kind.status() {
            StatusCode::NOT_FOUND if self.first.pointer.is_some() => StatusCode::UNPROCESSABLE_ENTITY,
            status => status,
        }
    }

    /// The JSON of the problem. `line` is the line of a stream.
    pub(crate) fn body(&self, language: Language, request_id: &str, line: Option<u64>) -> Vec<u8> {
        let all = std::iter::once(&self.first).chain(&self.others);
        let (first, fills) = (texts_of(self.first.kind), self.first.filled(language));
        let body = Body {
            kind: self.first.kind.uri(),
            title: first.title.get(language),
            status: self.status().as_u16(),
            detail: first.detail(language, &fills),
            help: first.help(language, &fills),
            pointer: self.first.pointer.as_deref(),
            request_id,
            line,
            errors: if self.others.is_empty() { Vec::new() } else { all.map(|fault| entry(fault, language)).collect() },
            more_errors: self.untold,
        };
        // Texts and numbers only: there is nothing that could not be written.
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Puts the body into an answer that was made of this problem.
    pub(crate) fn fill(&self, response: &mut Response, language: Language, request_id: &str) {
        *response.body_mut() = self.body(language, request_id, None).into();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.remove(header::CONTENT_LENGTH);
        if self.first.kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn entry(fault: &Fault, language: Language) -> Entry<'_> {
    let (texts, fills) = (texts_of(fault.kind), fault.filled(language));
    Entry {
        kind: fault.kind.uri(),
        detail: texts.detail(language, &fills),
        help: texts.help(language, &fills),
        pointer: fault.pointer.as_deref(),
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    more_errors: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
fn is_zero(value: &usize) -> bool {
    *value == 0
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    untold: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.list.len() < MOST_FAULTS { self.list.push(fault) } else { self.untold += 1 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problem, when there is a fault.
    pub(crate) fn problem(self) -> Option<Problem> {
        let mut list = self.list.into_iter();
        let first = list.next()?;
        Some(Problem { first, others: list.collect(), untold: self.untold, retry_after: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_faults_are_told_in_part_and_counted() {
        let mut faults = Faults::default();
        for at in 0..MOST_FAULTS + 7 {
            faults.push(Fault::new(ProblemKind::DuplicateKey).at(format!("/{at}")).with("key", at));
        }
        let body = faults.problem().unwrap().body(Language::En, "r", Some(3));
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["errors"].as_array().unwrap().len(), MOST_FAULTS);
        assert_eq!((&body["more_errors"], &body["line"], &body["pointer"]), (&7.into(), &3.into(), &"/0".into()));
        assert_eq!(
            body["errors"][1]["detail"],
            "The key `1` comes more than once, so it cannot be told which value holds."
        );
    }
}
