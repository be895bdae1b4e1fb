//! Streams of Arrow record batches: the same scores as anywhere else, a problem for each row that is refused, and no fall over
//! bytes that are no stream.

use std::io::{BufReader, Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::*;
use screening_core::instrument::{Instrument, ItemKind, Library};
use screening_core::scoring::{FrameOptions, Scorer};
use screening_io::output::score_table;
use screening_server::Limits;
use serde_json::Value;

use crate::batch::until_it_stands_still;
use crate::client::{Answer, Running, SHARED, chunk, head, limited, numbered, read_head};

const ARROW: &str = "application/vnd.apache.arrow.stream";
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// The message with the columns of a frame, and those with its rows.
fn messages(frame: &DataFrame) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = Vec::new();
    IpcStreamWriter::new(&mut bytes).finish(&mut frame.clone()).unwrap();
    assert_eq!(bytes.split_off(bytes.len() - 8), END);
    let rows = bytes.split_off(8 + u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize);
    (bytes, rows)
}

/// A stream with a batch for each frame.
fn stream(frames: &[DataFrame]) -> Vec<u8> {
    let mut bytes = messages(&frames[0]).0;
    frames.iter().for_each(|frame| bytes.extend(messages(frame).1));
    bytes.extend(END);
    bytes
}

fn send(server: &Running, instrument: &str, body: &[u8]) -> Answer {
    let target = format!("/api/v1/score/batch?instrument={instrument}");
    server.ask("POST", &target, &[("content-type", ARROW), ("accept-language", "en")], Some(body))
}

/// The rows of an answer, which ends as a stream does.
fn rows(answer: &Answer) -> DataFrame {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(ARROW)), "{}", answer.text());
    assert!(answer.body.ends_with(&END));
    IpcStreamReader::new(Cursor::new(&answer.body)).finish().unwrap()
}

/// The problems of all rows.
fn problems(frame: &DataFrame) -> Vec<Option<Value>> {
    let told = frame.column("problem").unwrap().str().unwrap();
    told.iter().map(|text| text.map(|text| serde_json::from_str(text).unwrap())).collect()
}

/// Answers of some people that differ, a few of them left out.
fn answers(instrument: &Instrument, people: usize) -> DataFrame {
    let definition = instrument.definition();
    let item = |at: usize| {
        let (item, name) = (&definition.items[at], instrument.item_column(at).into());
        let codes: Vec<f64> = match (item.kind, item.range) {
            (ItemKind::Choice, _) => definition.options_of(item).iter().map(|option| f64::from(option.code)).collect(),
            (_, Some([low, high])) => vec![low.to_f64(), high.to_f64()],
            _ => vec![0.0],
        };
        let blank = |row: usize| (row * 7 + at * 3).is_multiple_of(29);
        let pick = |row: usize| codes[(row * 5 + at * 11 + row * at) % codes.len()];
        match item.kind {
            ItemKind::Clock => {
                let time = |row: usize| (!blank(row)).then(|| format!("{:02}:{:02}", (row + at) % 24, row * 7 % 60));
                Column::new(name, (0..people).map(time).collect::<Vec<_>>())
            }
            _ => Column::new(name, (0..people).map(|row| (!blank(row)).then(|| pick(row))).collect::<Vec<_>>()),
        }
    };
    let mut columns = vec![
        Column::new("student_id".into(), (0..people).map(|row| format!("p{row}")).collect::<Vec<_>>()),
        Column::new("sex".into(), (0..people).map(|row| ["male", "female"][row % 2]).collect::<Vec<_>>()),
        Column::new("grade".into(), (0..people).map(|row| 3 + (row % 10) as i64).collect::<Vec<_>>()),
        Column::new("age".into(), (0..people).map(|row| 8 + (row % 10) as i64).collect::<Vec<_>>()),
    ];
    columns.extend((0..definition.items.len()).map(item));
    DataFrame::new(people, columns).unwrap()
}

#[test]
fn rows_are_scored_as_frames_are_and_keep_their_order_over_batches() {
    let library = Library::bundled().unwrap();
    for id in ["gad-7", "mht", "psqi", "scl-90", "rcads-47-child", "sdq-self"] {
        let Some(instrument) = library.get(id) else { panic!("{id} is bundled") };
        let frame = answers(instrument, 200);
        let scored = Scorer::new(instrument).unwrap().score_frame(&frame, &FrameOptions::default()).unwrap();
        assert!(scored.issues().is_empty(), "{id}: {:?}", scored.issues());
        let expected = score_table(&frame, &scored).unwrap();
        let parts = [frame.slice(0, 1), frame.slice(1, 130), frame.slice(131, 0), frame.slice(131, 69)];
        let answer = send(&SHARED, id, &stream(&parts));
        let found = rows(&answer);
        assert!(problems(&found).iter().all(Option::is_none));
        let found = found.drop("problem").unwrap();
        let mut expected = expected;
        for name in expected.get_column_names_owned() {
            let words = matches!(expected.column(&name).unwrap().dtype(), DataType::Enum(..));
            expected
                .apply(&name, |own| if words { own.cast(&DataType::String).unwrap() } else { own.clone() })
                .unwrap();
        }
        assert!(found.equals_missing(&expected), "{id}\n{found}\n{expected}");
        let facts = IpcStreamReader::new(Cursor::new(&answer.body)).custom_metadata().unwrap().unwrap();
        assert!(facts["instrument"].starts_with(&format!("{id}@")) && facts.contains_key("engine"));
    }
}

#[test]
fn a_row_says_what_a_line_says() {
    let codes = [2, 1, 0, 3, 2, 1, 0];
    let columns = codes.iter().enumerate().map(|(at, code)| Column::new(format!("gad-7.{}", at + 1).into(), [*code]));
    let found = rows(&send(&SHARED, "gad-7", &stream(&[DataFrame::new(1, columns.collect()).unwrap()])));
    let line = format!(r#"{{"answers": {}}}"#, numbered(&codes));
    let line = SHARED.stream("/api/v1/score/batch?instrument=gad-7", &line).lines().remove(0);
    let total = found.column("gad-7.total").unwrap().get(0).unwrap().extract::<i64>();
    assert_eq!(total, line["scores"]["total"]["value"].as_i64());
    let band = found.column("gad-7.total.band").unwrap();
    assert_eq!(band.str().unwrap().get(0), line["scores"]["total"]["band"]["id"].as_str());
}

#[test]
fn a_refused_row_has_a_problem_and_no_score_and_the_others_are_scored() {
    let rows_in = 5;
    let mut columns: Vec<Column> =
        (1..=7).map(|item| Column::new(format!("gad-7.{item}").into(), [1_i64; 5])).collect();
    columns[2] = Column::new("gad-7.3".into(), [1_i64, 4, 1, 1, 1]);
    columns[4] = Column::new("gad-7.5".into(), [1_i64, 300, 1, 1, 1]);
    columns.push(Column::new("sex".into(), ["male", "male", "unknown", "female", "other"]));
    columns
        .push(Column::new("birth_date".into(), ["2012-03-01", "2012-03-01", "2012-03-01", "2012-02-30", "2012-03-01"]));
    let days = Column::new("administered_on".into(), [20_783_i32; 5]).cast(&DataType::Date).unwrap();
    columns.push(days);
    columns.push(Column::new("row".into(), ["a", "b", "c", "d", "e"]));
    let frame = DataFrame::new(rows_in, columns).unwrap();
    let found = rows(&send(&SHARED, "gad-7", &stream(&[frame.slice(0, 1), frame.slice(1, 4)])));
    let kept: Vec<Option<&str>> = found.column("row").unwrap().str().unwrap().iter().collect();
    assert_eq!(kept, [Some("a"), Some("b"), Some("c"), Some("d"), Some("e")]);
    let totals = found.column("gad-7.total").unwrap().cast(&DataType::Int64).unwrap();
    assert_eq!(totals.i64().unwrap().iter().collect::<Vec<_>>(), [Some(7), None, None, None, Some(7)]);
    let told = problems(&found);
    let (answers, sex, day) = (told[1].as_ref().unwrap(), told[2].as_ref().unwrap(), told[3].as_ref().unwrap());
    assert_eq!((&told[0], &told[4]), (&None, &None));
    assert_eq!((&answers["type"], &answers["line"]), (&"/problems/answer-not-allowed".into(), &2.into()));
    let places: Vec<&str> =
        answers["errors"].as_array().unwrap().iter().filter_map(|entry| entry["pointer"].as_str()).collect();
    assert_eq!(places, ["/gad-7.3", "/gad-7.5"]);
    assert!(!answers.to_string().contains("300"), "the answer itself is not repeated: {answers}");
    assert_eq!((&sex["pointer"], &sex["type"]), (&"/sex".into(), &"/problems/unknown-word".into()));
    assert_eq!((&day["pointer"], &day["type"]), (&"/birth_date".into(), &"/problems/not-a-date".into()));
}

#[test]
fn columns_that_do_not_fit_are_refused_before_anything_is_scored() {
    let library = Library::bundled().unwrap();
    let good = answers(library.get("gad-7").unwrap(), 3);
    let refused = |frame: &DataFrame, status: u16, kind: &str, pointer: Option<&str>| {
        send(&SHARED, "gad-7", &stream(std::slice::from_ref(frame))).refused(status, kind, pointer)
    };
    let without = refused(&good.drop_many(["gad-7.2", "gad-7.6"]), 422, "answers-missing", None);
    assert!(without["detail"].as_str().unwrap().contains("gad-7.2, gad-7.6"), "{without}");
    let with = |column: Column| good.clone().with_column(column).unwrap().clone();
    refused(&with(Column::new("gad-7.8".into(), [1; 3])), 422, "unknown-item", Some("/gad-7.8"));
    refused(&with(Column::new("gad-7.total".into(), [1; 3])), 422, "unknown-item", Some("/gad-7.total"));
    refused(&with(Column::new("problem".into(), ["x"; 3])), 400, "invalid-arrow", Some("/problem"));
    refused(&with(Column::new("gad-7.1".into(), ["often"; 3])), 422, "wrong-type", Some("/gad-7.1"));
    let parts = good.clone().into_struct("parts".into()).into_series().into_column();
    refused(&with(parts), 422, "wrong-type", Some("/parts"));
    let body = stream(std::slice::from_ref(&good));
    send(&SHARED, "nowhere", &body).refused(404, "unknown-instrument", None);
    SHARED
        .ask("POST", "/api/v1/score/batch", &[("content-type", ARROW), ("accept-language", "en")], Some(&body))
        .refused(422, "missing-key", None);
    send(&SHARED, "gad-7", b"").refused(400, "invalid-arrow", None);
    send(&SHARED, "gad-7", b"ARROW1\0\0 a file and not a stream").refused(400, "invalid-arrow", None);
    send(&SHARED, "gad-7", &body[..20]).refused(400, "invalid-arrow", None);
}

#[test]
fn a_stream_that_breaks_ends_with_a_row_that_says_so() {
    let library = Library::bundled().unwrap();
    let frame = answers(library.get("gad-7").unwrap(), 40);
    let (head, batch) = messages(&frame);
    let last = |server: &Running, body: &[u8], rows_before: usize| {
        let found = rows(&send(server, "gad-7", body));
        assert_eq!(found.height(), rows_before + 1);
        let problem = problems(&found).pop().unwrap().unwrap();
        assert_eq!(problem["line"], rows_before as u64 + 1);
        assert_eq!(found.column("gad-7.total").unwrap().get(rows_before).unwrap(), AnyValue::Null);
        problem
    };
    let cut = [&head[..], &batch, &batch[..batch.len() / 2]].concat();
    let mut told = last(&SHARED, &cut, 40);
    assert!(told.as_object_mut().unwrap().remove("request_id").is_some());
    insta::assert_json_snapshot!(told);
    let after = [&head[..], &batch, &END, b"more"].concat();
    assert_eq!(last(&SHARED, &after, 40)["detail"], "Something follows its end; it was not scored.");
    let mut compressed = Vec::new();
    let writer = IpcStreamWriter::new(&mut compressed);
    writer.with_compression(Some(IpcCompression::LZ4)).finish(&mut frame.clone()).unwrap();
    assert_eq!(last(&SHARED, &compressed, 0)["detail"], "Its record batches are compressed.");
    let mut named = frame.clone();
    let kinds =
        Column::new("kind".into(), vec!["a"; 40]).cast(&DataType::from_categories(Categories::global())).unwrap();
    named.with_column(kinds).unwrap();
    send(&SHARED, "gad-7", &stream(&[named])).refused(422, "wrong-type", Some("/kind"));
    let server = limited(Limits { batch: 4000, ..Limits::default() });
    let long = last(&server, &stream(&[frame.slice(0, 10), answers(library.get("gad-7").unwrap(), 400)]), 10);
    assert_eq!((&long["type"], &long["status"]), (&"/problems/batch-too-large".into(), &413.into()));
    let many = answers(library.get("gad-7").unwrap(), 40_000);
    assert_eq!(last(&SHARED, &stream(&[many]), 0)["type"], "/problems/batch-too-large");
}

/// As with lines: nobody reads, so the server stops taking batches, and none is lost when somebody does.
#[test]
fn batches_wait_until_their_answers_are_read() {
    const BATCHES: usize = 300;
    let server = limited(Limits { streams: 1, ..Limits::default() });
    let library = Library::bundled().unwrap();
    let mut frame = answers(library.get("gad-7").unwrap(), 1000);
    frame.with_column(Column::new("note".into(), vec!["x".repeat(300); 1000])).unwrap();
    let (schema, batch) = messages(&frame);
    let socket = server.connect();
    let mut sender = socket.try_clone().unwrap();
    let headers = [("content-type", ARROW), ("transfer-encoding", "chunked")];
    sender.write_all(&head("POST", "/api/v1/score/batch?instrument=gad-7", &headers, None)).unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let writing = std::thread::spawn(move || {
        let mut part = |bytes: &[u8]| {
            write!(sender, "{:x}\r\n", bytes.len()).unwrap();
            sender.write_all(bytes).unwrap();
            sender.write_all(b"\r\n").unwrap();
        };
        part(&schema);
        for _ in 0..BATCHES {
            part(&batch);
            counter.fetch_add(1, Ordering::Relaxed);
        }
        part(&END);
        sender.write_all(b"0\r\n\r\n").unwrap();
    });
    let last = until_it_stands_still(&sent);
    assert!(last < BATCHES, "all {last} batches were taken though nobody read an answer");
    let mut reader = BufReader::with_capacity(1 << 16, socket);
    assert_eq!(read_head(&mut reader).0, 200);
    let mut bytes = Vec::new();
    while let Some(part) = chunk(&mut reader) {
        bytes.extend(part);
    }
    writing.join().unwrap();
    let found = IpcStreamReader::new(Cursor::new(bytes)).finish().unwrap();
    assert_eq!(found.height(), BATCHES * 1000);
    assert!(found.column("problem").unwrap().null_count() == BATCHES * 1000);
}

/// Whatever comes in, something sensible comes out, and the server lives on.
#[test]
fn bytes_that_are_no_stream_are_refused_and_nothing_falls() {
    let library = Library::bundled().unwrap();
    let body = stream(&[answers(library.get("gad-7").unwrap(), 9)]);
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..400 {
        let mut bytes = body.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, bytes[at].wrapping_add(1)][random(6)];
        }
        if random(10) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        let answer = send(&SHARED, "gad-7", &bytes);
        match answer.status {
            200 => assert!(rows(&answer).height() <= 10),
            400 | 413 | 422 => drop(answer.json()),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(rows(&send(&SHARED, "gad-7", &body)).height(), 9);
}
