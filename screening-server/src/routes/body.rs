//! Reading a body within limits.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::config::Limits;
use crate::problem::{Fault, Problem, ProblemKind};

/// Media types of one JSON value.
pub(super) const JSON: &[&str] = &["application/json"];
/// Media type of one JSON value a line.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// Media type of the stream format of Apache Arrow.
pub(super) const ARROW: &str = "application/vnd.apache.arrow.stream";
/// Media types of a stream.
pub(super) const STREAMS: &[&str] = &[NDJSON, "application/ndjson", "application/jsonl", ARROW];

/// The body is of one of these media types (which is given back), in UTF-8 and not compressed.
pub(super) fn check_type(headers: &HeaderMap, wanted: &[&'static str]) -> Result<&'static str, Problem> {
    let refuse = || Problem::from(Fault::new(ProblemKind::UnsupportedMediaType).with("wanted", wanted.join(", ")));
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or_else(refuse)?;
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media = parts.next().unwrap_or_default();
    let other_charset =
        |part: String| part.strip_prefix("charset=").is_some_and(|charset| charset.trim_matches('"') != "utf-8");
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    let known = wanted.iter().find(|known| **known == media).filter(|_| plain && !parts.any(other_charset));
    known.copied().ok_or_else(refuse)
}

/// The whole body.
pub(super) async fn whole(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    let too_large = || Problem::from(Fault::new(ProblemKind::BodyTooLarge).with("limit", limits.body));
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limits.body as u64) {
        return Err(too_large());
    }
    whole_body(request.into_body(), limits).await
}

/// A whole body whose length was not told before.
pub(crate) async fn whole_body(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let too_large = || Problem::from(Fault::new(ProblemKind::BodyTooLarge).with("limit", limits.body));
    let read = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.read, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ProblemKind::BrokenBody.into()),
        Err(_) => Err(Fault::new(ProblemKind::RequestTimeout).with("seconds", limits.read.as_secs()).into()),
    }
}
