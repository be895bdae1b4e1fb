//! A stream of Arrow record batches: rows in, as many rows out, in the same order and in one type for all batches.

use std::sync::Arc;

use axum::body::Body;
use screening_io::CHUNK_ROWS;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::problem::{Fault, Problem, ProblemKind};

use super::messages::{Message, Messages, Most, invalid};
use super::sheets::{Answered, END, Sheets};
use super::{Incoming, Sender, Stream, deliver, read, stood_still};

/// Reads what the columns are, and goes on in the background. What is wrong with the columns is the answer to the whole request.
pub(super) async fn start(
    stream: Stream,
    body: Body,
    send: Sender,
    permit: OwnedSemaphorePermit,
) -> Result<(), Problem> {
    let Some(ready) = &stream.instrument else {
        return Err(Fault::new(ProblemKind::MissingKey).with("key", "instrument").into());
    };
    let limits = stream.app.limits;
    let scorer = stream.catalogue.variant(ready, false, Vec::new()).map_err(|_| ProblemKind::Internal)?;
    let most = Most { description: limits.body, batch: limits.batch, rows: CHUNK_ROWS };
    let mut incoming = Batches { messages: Messages::new(most), body, idle: limits.idle };
    let schema = match incoming.next().await {
        Ok(Some(Message::Schema(schema))) => schema,
        Ok(_) => return Err(invalid("arrow-not-a-stream").into()),
        Err(Ended::Gone) => return Err(ProblemKind::BrokenBody.into()),
        Err(Ended::Told(problem)) => return Err(problem),
    };
    let opened = spawn_blocking(move || Sheets::open(schema, scorer, limits.batch)).await;
    let sheets = opened.map_err(|_| ProblemKind::Internal)??;
    let head = sheets.head()?;
    tokio::spawn(async move {
        let (stream, sheets) = (Arc::new(stream), Arc::new(sheets));
        if deliver(&send, head, limits.idle).await {
            run(&stream, &sheets, incoming, &send).await;
        }
        drop(permit);
    });
    Ok(())
}

/// Scores batch after batch until the body ends, breaks or stands still, or nobody takes the answers.
async fn run(stream: &Arc<Stream>, sheets: &Arc<Sheets>, mut incoming: Batches, send: &Sender) {
    let mut rows_before = 0_u64;
    let mut last = loop {
        let problem = match incoming.next().await {
            Ok(Some(Message::Batch(bytes, rows))) => match score(stream, sheets, bytes, rows_before + 1).await {
                Ok(answered) => {
                    stream.app.metrics.lines(answered.scored, answered.refused);
                    rows_before += rows as u64;
                    if !deliver(send, answered.bytes, incoming.idle).await {
                        return;
                    }
                    continue;
                }
                Err(problem) => problem,
            },
            Ok(Some(_)) => invalid("arrow-broken").into(),
            Ok(None) => break Vec::new(),
            Err(Ended::Told(problem)) => problem,
            // There is nobody left to answer.
            Err(Ended::Gone) => return,
        };
        match sheets.refusal(stream.told(&problem, rows_before + 1)) {
            Ok(row) => break row,
            Err(_) => {
                stream.app.metrics.panicked();
                let _ = send.send(Err(std::io::Error::other("a problem that cannot be told"))).await;
                return;
            }
        }
    };
    last.extend(END);
    deliver(send, last, incoming.idle).await;
}

async fn score(
    stream: &Arc<Stream>,
    sheets: &Arc<Sheets>,
    bytes: bytes::Bytes,
    first: u64,
) -> Result<Answered, Problem> {
    let (told, sheets) = (stream.clone(), sheets.clone());
    let work = spawn_blocking(move || sheets.score(&bytes, first, &|problem, row| told.told(problem, row)));
    work.await.unwrap_or_else(|_| {
        stream.app.metrics.panicked();
        Err(ProblemKind::Internal.into())
    })
}

/// Why no further message comes.
enum Ended {
    Told(Problem),
    Gone,
}

/// The messages of a body.
struct Batches {
    messages: Messages,
    body: Body,
    idle: std::time::Duration,
}

impl Batches {
    /// The next message but the last; none when the body has ended.
    async fn next(&mut self) -> Result<Option<Message>, Ended> {
        let told = |fault: Fault| Ended::Told(fault.into());
        loop {
            match self.messages.next().map_err(told)? {
                Some(Message::End) => continue,
                Some(message) => return Ok(Some(message)),
                None => {}
            }
            match read(&mut self.body, self.idle).await {
                Incoming::Data(data) => self.messages.push(&data),
                Incoming::End if self.messages.is_empty() => return Ok(None),
                Incoming::End => return Err(told(invalid("arrow-cut-short"))),
                Incoming::StoodStill => return Err(Ended::Told(stood_still(self.idle))),
                Incoming::Broken => return Err(Ended::Gone),
            }
        }
    }
}
