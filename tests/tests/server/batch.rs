//! Streams: rows in = rows out, in their order, with bounded memory.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use screening_server::Limits;

use crate::client::{SHARED, chunk, head, limited, numbered, read_head};

const STREAM: &str = "/api/v1/score/batch";

#[test]
fn ten_thousand_lines_keep_their_order_and_their_number() {
    let mut body = String::new();
    for line in 1..=10_000_i64 {
        let codes = [line % 4, line / 4 % 4, line / 16 % 4, 0, 0, 0, 0];
        // Every hundredth line is broken in one way or another.
        let _ = match line % 300 {
            0 => writeln!(body, "not json"),
            100 => writeln!(body, r#"{{"id": "{line}", "answers": {{"1": 9}}}}"#),
            200 => writeln!(body),
            _ => writeln!(body, r#"{{"id": "{line}", "explain": false, "answers": {}}}"#, numbered(&codes)),
        };
    }
    let answer = SHARED.stream("/api/v1/score/batch?instrument=gad-7", &body);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines = answer.lines();
    assert_eq!(lines.len(), 10_000);
    for (line, found) in (1..).zip(&lines) {
        assert_eq!(found["line"], line);
        if line % 100 == 0 {
            assert!(found["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")), "{found}");
            assert!(found["status"].is_number());
        } else {
            assert_eq!(found["id"], line.to_string());
            assert_eq!(found["scores"]["total"]["value"], line % 4 + line / 4 % 4 + line / 16 % 4);
        }
    }
}

#[test]
fn a_line_is_a_battery_unless_an_instrument_is_named() {
    let body = format!(
        "{{\"id\": \"a\", \"answers\": {{\"gad-7\": {}}}, \"policy\": \"district-default\"}}\r\n{{\"answers\": {{\"nowhere\": {{}}}}}}",
        numbered(&[3; 7])
    );
    let lines = SHARED.stream(STREAM, &body).lines();
    assert_eq!(lines.len(), 2, "the last line needs no line end");
    assert_eq!(lines[0]["sheets"]["gad-7"]["scores"]["total"]["value"], 21);
    assert!(lines[0]["proposal"]["tier"].is_string());
    assert_eq!(
        (&lines[1]["type"], &lines[1]["pointer"]),
        (&"/problems/unknown-instrument".into(), &"/answers/nowhere".into())
    );
    assert_eq!(SHARED.stream(STREAM, "").lines().len(), 0);
}

#[test]
fn the_same_bytes_as_one_by_one() {
    let answers = numbered(&[2, 1, 0, 3, 2, 1, 0]);
    let single = SHARED.post("/api/v1/score/gad-7", &format!(r#"{{"answers": {answers}}}"#)).json();
    let mut line = SHARED
        .stream("/api/v1/score/batch?instrument=gad-7", &format!(r#"{{"answers": {answers}}}"#))
        .lines()
        .remove(0);
    line.as_object_mut().unwrap().shift_remove("line");
    assert_eq!(line, single);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_is_scored() {
    let server = limited(Limits { body: 1000, ..Limits::default() });
    let good = format!(r#"{{"explain": false, "answers": {}}}"#, numbered(&[1; 7]));
    let lines =
        server.stream("/api/v1/score/batch?instrument=gad-7", &format!("{}\n{good}\n", "x".repeat(500_000))).lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["type"], "/problems/line-too-long");
    assert_eq!(lines[1]["scores"]["total"]["value"], 7);
}

#[test]
fn what_cannot_be_a_stream_is_refused_as_a_whole() {
    SHARED.post(STREAM, "{}").refused(415, "unsupported-media-type", None);
    SHARED.stream("/api/v1/score/batch?instrument=nowhere", "").refused(404, "unknown-instrument", None);
    SHARED.stream("/api/v1/score/batch?what=x", "").refused(400, "invalid-query", None);
}

/// What a counter says when it has stood still for a while.
pub(crate) fn until_it_stands_still(counter: &AtomicUsize) -> usize {
    let started = Instant::now();
    let mut last = usize::MAX;
    while started.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(1500));
        let now = counter.load(Ordering::Relaxed);
        if now == last && now > 0 {
            break;
        }
        last = now;
    }
    last
}

/// Nobody reads, so the server stops taking lines: what it holds is bounded by the buffers of the sockets, however much is sent.
#[test]
fn whoever_reads_slowly_is_served_slowly_and_loses_nothing() {
    const LINES: usize = 1500;
    let server = limited(Limits { streams: 1, ..Limits::default() });
    // Long lines and longer answers: buffers of the system hold few of them.
    let good = format!("{{\"answers\": {}{}}}\n", numbered(&[2; 90]), " ".repeat(20_000));
    let socket = server.connect();
    let mut sender = socket.try_clone().unwrap();
    let headers = [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")];
    sender.write_all(&head("POST", "/api/v1/score/batch?instrument=scl-90", &headers, None)).unwrap();
    let sent = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let writing = std::thread::spawn(move || {
        for _ in 0..LINES {
            write!(sender, "{:x}\r\n{good}\r\n", good.len()).unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        }
        sender.write_all(b"0\r\n\r\n").unwrap();
    });
    let last = until_it_stands_still(&sent);
    assert!(last < LINES, "all {last} lines were taken though nobody read an answer");
    // While this stream stands still, another one is told to come again, and single sheets are scored.
    server.stream(STREAM, "").refused(503, "too-busy", None);
    let single = format!(r#"{{"answers": {}}}"#, numbered(&[1; 7]));
    assert_eq!(server.post("/api/v1/score/gad-7", &single).status, 200);
    let mut reader = BufReader::with_capacity(1 << 16, socket);
    assert_eq!(read_head(&mut reader).0, 200);
    let mut lines = 0;
    while let Some(part) = chunk(&mut reader) {
        lines += String::from_utf8_lossy(&part).matches('\n').count();
    }
    writing.join().unwrap();
    assert_eq!(lines, LINES);
}

#[test]
fn a_stream_that_stands_still_ends_with_a_problem() {
    let server = limited(Limits { idle: Duration::from_millis(300), ..Limits::default() });
    let socket = server.connect();
    let mut sender = socket.try_clone().unwrap();
    let headers = [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")];
    sender.write_all(&head("POST", "/api/v1/score/batch?instrument=gad-7", &headers, None)).unwrap();
    let line = format!("{{\"explain\": false, \"answers\": {}}}\n", numbered(&[0; 7]));
    write!(sender, "{:x}\r\n{line}\r\n", line.len()).unwrap();
    let mut reader = BufReader::new(socket);
    assert_eq!(read_head(&mut reader).0, 200);
    let mut text = Vec::new();
    while let Some(part) = chunk(&mut reader) {
        text.extend(part);
    }
    let lines: Vec<serde_json::Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["type"], &lines[1]["line"]), (&"/problems/request-timeout".into(), &2.into()));
    let mut rest = Vec::new();
    assert_eq!(reader.read_to_end(&mut rest).unwrap_or(0), 0);
}
