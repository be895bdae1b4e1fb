//! A stream: one person a line in, one line out for each, in the same order.
//!
//! The next lines are read when the answers to the last ones are on their way: whoever reads slowly is served slowly, and the
//! server holds no more than a few lines of each stream.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::BodyExt;
use rayon::prelude::*;
use screening_core::instrument::Language;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::answer::{self, Shape};
use crate::catalogue::{Catalogue, Ready};
use crate::middleware::Asked;
use crate::order::{Order, Subject, missing};
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;

use super::body;
use super::lines::{Line, Lines};
use super::query::Query;

/// As many lines as are scored together.
const TOGETHER: usize = 64;

/// What every line of a stream is answered with.
struct Stream {
    app: App,
    catalogue: Arc<Catalogue>,
    /// All lines are about this instrument; otherwise each names its own.
    instrument: Option<Arc<Ready>>,
    language: Language,
    request_id: String,
}

/// `POST /api/v1/score/batch`
pub(super) async fn stream(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    let query = Query::read(request.uri(), &["instrument"])?;
    body::check_type(request.headers(), body::LINES)?;
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
    let stream = Arc::new(Stream { app, catalogue, instrument, language, request_id });
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(run(stream, request.into_body(), send, permit));
    let parts = unfold(receive, |mut receive| async { receive.recv().await.map(|part| (part, receive)) });
    let mut response = Body::from_stream(parts).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}

type Sender = mpsc::Sender<Result<Bytes, std::convert::Infallible>>;

/// Reads, scores and answers until the body ends, breaks or stands still, or nobody takes the answers.
async fn run(stream: Arc<Stream>, mut body: Body, send: Sender, permit: OwnedSemaphorePermit) {
    let idle = stream.app.limits.idle;
    let mut lines = Lines::new(stream.app.limits.body);
    let mut number = 0_u64;
    loop {
        let mut chunk: Vec<Line> = std::iter::from_fn(|| lines.next()).take(TOGETHER).collect();
        let mut ended = None;
        if chunk.is_empty() {
            match read(&mut body, idle).await {
                Incoming::Data(data) => {
                    lines.push(data);
                    continue;
                }
                Incoming::End => {
                    chunk.extend(lines.finish());
                    ended = Some(None);
                }
                Incoming::StoodStill => ended = Some(Some(ProblemKind::RequestTimeout)),
                // There is nobody left to answer.
                Incoming::Broken => return,
            }
        }
        let first = number + 1;
        number += chunk.len() as u64;
        let mut answers = answer(&stream, chunk, first).await;
        if let Some(Some(kind)) = ended {
            let problem = Problem::from(Fault::new(kind).with("seconds", idle.as_secs()));
            answers.extend(problem.body(stream.language, &stream.request_id, Some(number + 1)));
            answers.push(b'\n');
        }
        if !answers.is_empty() && !deliver(&send, answers, idle).await {
            return;
        }
        if ended.is_some() {
            break;
        }
    }
    drop(permit);
}

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

/// Hands answers over; no when nobody takes them.
async fn deliver(send: &Sender, answers: Vec<u8>, idle: Duration) -> bool {
    matches!(tokio::time::timeout(idle, send.send(Ok(answers.into()))).await, Ok(Ok(())))
}

/// The answers to some lines, in their order.
async fn answer(stream: &Arc<Stream>, chunk: Vec<Line>, first: u64) -> Vec<u8> {
    if chunk.is_empty() {
        return Vec::new();
    }
    let count = chunk.len() as u64;
    let shared = stream.clone();
    let work = tokio::task::spawn_blocking(move || {
        let answered = chunk.par_iter().enumerate().map(|(at, line)| one(&shared, line, first + at as u64));
        answered.collect::<Vec<(Vec<u8>, bool)>>()
    });
    let Ok(answered) = work.await else {
        // A defect: every line is told so, and none is left without an answer.
        stream.app.metrics.panicked();
        let problem = Problem::from(ProblemKind::Internal);
        let told = (first..first + count).flat_map(|number| {
            let mut line = problem.body(stream.language, &stream.request_id, Some(number));
            line.push(b'\n');
            line
        });
        return told.collect();
    };
    let scored = answered.iter().filter(|(_, scored)| *scored).count() as u64;
    stream.app.metrics.lines(scored, count - scored);
    answered.into_iter().flat_map(|(line, _)| line).collect()
}

/// The answer to one line, and whether it was scored.
fn one(stream: &Stream, line: &Line, number: u64) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(2048);
    let scored = match line {
        Line::TooLong => Err(Fault::new(ProblemKind::LineTooLong).with("limit", stream.app.limits.body).into()),
        Line::Text(text) => score(stream, text, number, &mut out),
    };
    if let Err(problem) = &scored {
        out = problem.body(stream.language, &stream.request_id, Some(number));
    }
    out.push(b'\n');
    (out, scored.is_ok())
}

fn score(stream: &Stream, text: &[u8], number: u64, out: &mut Vec<u8>) -> Result<(), Problem> {
    let subject = stream.instrument.as_ref().map_or(Subject::Several, Subject::One);
    let order = Order::read(text, &subject, &stream.catalogue, true)?;
    let shape = Shape { language: stream.language, line: Some(number), single: stream.instrument.is_some() };
    answer::write(&order, &stream.catalogue, shape, out)
}
