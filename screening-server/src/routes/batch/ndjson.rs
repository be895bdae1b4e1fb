//! A stream: one person a line in, one line out for each, in the same order.
//!
//! The next lines are read when the answers to the last ones are on their way: whoever reads slowly is served slowly, and the
//! server holds no more than a few lines of each stream.

use std::sync::Arc;

use axum::body::Body;
use rayon::prelude::*;
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{self, Shape};
use crate::order::{Order, Subject};
use crate::problem::{Fault, Problem, ProblemKind};

use super::lines::{Line, Lines};
use super::{Incoming, Sender, Stream, deliver, read, stood_still};

/// As many lines as are scored together.
const TOGETHER: usize = 64;

/// Reads, scores and answers until the body ends, breaks or stands still, or nobody takes the answers.
pub(super) async fn run(stream: Arc<Stream>, mut body: Body, send: Sender, permit: OwnedSemaphorePermit) {
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
                Incoming::StoodStill => ended = Some(Some(stood_still(idle))),
                // There is nobody left to answer.
                Incoming::Broken => return,
            }
        }
        let first = number + 1;
        number += chunk.len() as u64;
        let mut answers = answer(&stream, chunk, first).await;
        if let Some(Some(problem)) = &ended {
            answers.extend(stream.told(problem, number + 1));
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
            let mut line = stream.told(&problem, number);
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
        out = stream.told(problem, number);
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
