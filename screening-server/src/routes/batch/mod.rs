//! Streams of answers: what is common to one person a line and to Arrow.

mod arrow;
mod lines;
mod messages;
mod ndjson;
mod sheets;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::BodyExt;
use screening_core::instrument::Language;
use tokio::sync::mpsc;

use crate::catalogue::{Catalogue, Ready};
use crate::middleware::Asked;
use crate::order::missing;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;

use super::body;
use super::query::Query;

/// What a whole stream is answered with.
struct Stream {
    app: App,
    catalogue: Arc<Catalogue>,
    /// All sheets are answers to this instrument; otherwise each names its own.
    instrument: Option<Arc<Ready>>,
    language: Language,
    request_id: String,
}

impl Stream {
    /// The body of a problem with one line or row.
    fn told(&self, problem: &Problem, line: u64) -> Vec<u8> {
        problem.body(self.language, &self.request_id, Some(line))
    }
}

/// `POST /api/v1/score/batch`
pub(super) async fn stream(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    let query = Query::read(request.uri(), &["instrument"])?;
    let media = body::check_type(request.headers(), body::STREAMS)?;
    let catalogue = app.definitions.now();
    let instrument = match query.get("instrument") {
        Some(reference) => {
            let found = catalogue.instruments.find(reference).cloned();
            Some(found.map_err(|missed| missing(missed, ProblemKind::UnknownInstrument))?)
        }
        None => None,
    };
    let Ok(permit) = app.streams.clone().try_acquire_owned() else { return Err(Problem::busy()) };
    let Asked { language, request_id } = asked;
    let stream = Stream { app, catalogue, instrument, language, request_id };
    let body = request.into_body();
    let (send, receive) = mpsc::channel(1);
    let media = if media == body::ARROW {
        arrow::start(stream, body, send, permit).await?;
        body::ARROW
    } else {
        tokio::spawn(ndjson::run(Arc::new(stream), body, send, permit));
        body::NDJSON
    };
    let parts = unfold(receive, |mut receive| async { receive.recv().await.map(|part| (part, receive)) });
    let mut response = Body::from_stream(parts).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(response)
}

/// Takes answers; an error breaks the connection off, so that what was sent does not look whole.
type Sender = mpsc::Sender<std::io::Result<Bytes>>;

/// What came of reading on.
enum Incoming {
    Data(Bytes),
    End,
    StoodStill,
    Broken,
}

async fn read(body: &mut Body, idle: Duration) -> Incoming {
    loop {
        match tokio::time::timeout(idle, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                // Trailers say nothing here.
                if let Ok(data) = frame.into_data() {
                    return Incoming::Data(data);
                }
            }
            Ok(Some(Err(_))) => return Incoming::Broken,
            Ok(None) => return Incoming::End,
            Err(_) => return Incoming::StoodStill,
        }
    }
}

/// A body that stood still.
fn stood_still(idle: Duration) -> Problem {
    Fault::new(ProblemKind::RequestTimeout).with("seconds", idle.as_secs()).into()
}

/// Hands answers over; no when nobody takes them.
async fn deliver(send: &Sender, answers: Vec<u8>, idle: Duration) -> bool {
    matches!(tokio::time::timeout(idle, send.send(Ok(answers.into()))).await, Ok(Ok(())))
}
