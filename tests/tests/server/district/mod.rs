//! The district's work over real sockets: class lists, screenings, sheets, alerts, jobs, pushes.

mod alerts;
mod files;
mod jobs;
mod kill;
mod push;
mod sheets;

use std::fmt::Write as _;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::client::{Answer, Running, chunk, head, read_head};
use crate::store::world::{Person, World, good, text};

/// The definition of a screening of two short instruments for grades 7 to 9.
pub(crate) fn definition(wave: &str) -> Value {
    json!({
        "title": { "en": "Autumn", "zh-CN": "秋季" },
        "wave": wave,
        "administered-on": "2026-10-12",
        "policy": "district-default",
        "validity": "none",
        "batteries": [{ "id": "junior", "grades": { "from": 7, "to": 9 }, "instruments": ["phq-9", "gad-7"] }],
        "windows": [{ "from": "2026-10-12", "to": "2026-10-23" }],
        "duty": { "contacts": ["officer"], "escalate-after-s": 600 },
        "sources": { "table": { "read": { "battery": "junior", "format": "canonical" } } },
    })
}

/// A screening that takes sheets.
pub(crate) fn released(world: &World, definition: &Value) -> String {
    let id = text(&good(&world.post(&world.officer, "/api/v1/screenings", definition))["id"]);
    let released = good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/release"), &json!({})));
    assert_eq!(released["state"], "released");
    id
}

/// Answers to both instruments; of the ninth item of the first as given.
pub(crate) fn answers(code: i64, ninth: i64) -> Value {
    let numbered =
        |count: i64| -> Map<String, Value> { (1..=count).map(|item| (item.to_string(), code.into())).collect() };
    let mut phq = numbered(9);
    phq.insert("9".to_owned(), ninth.into());
    json!({ "phq-9": phq, "gad-7": numbered(7) })
}

/// A request with a body that is no JSON.
pub(crate) fn upload(world: &World, person: &Person, target: &str, bytes: &[u8]) -> Answer {
    let headers = [
        ("accept-language", "en"),
        ("content-type", "application/octet-stream"),
        ("cookie", person.cookie()),
        ("x-csrf-token", person.csrf()),
    ];
    world.server.ask("POST", target, &headers, Some(bytes))
}

/// Waits for a job to end.
#[track_caller]
pub(crate) fn ended(world: &World, job: &str) -> Value {
    let begun = Instant::now();
    loop {
        let job = good(&world.get(&world.officer, &format!("/api/v1/jobs/{job}")));
        if ["done", "failed", "cancelled"].iter().any(|state| job["state"] == *state) {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "{job}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The report of a job that must go well.
#[track_caller]
pub(crate) fn done(world: &World, job: &str) -> Value {
    let job = ended(world, job);
    assert_eq!(job["state"], "done", "{job:#}");
    job["report"].clone()
}

/// Uploads a class list.
#[track_caller]
pub(crate) fn roster(world: &World, query: &str, csv: &str) -> Value {
    let job = good(&upload(world, &world.officer, &format!("/api/v1/rosters?file=list.csv{query}"), csv.as_bytes()));
    done(world, &text(&job["id"]))
}

/// A class list of one class.
pub(crate) fn class_list(pupils: &[(&str, &str)]) -> String {
    let mut csv = String::from("student_id,name,school,grade,class,sex,birth_date\n");
    for (id, name) in pupils {
        writeln!(csv, "{id},{name},School S01,7,2,female,2013-05-04").unwrap();
    }
    csv
}

/// Server-sent events, read one by one.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    text: String,
}

impl Events {
    pub(crate) fn open(server: &Running, target: &str, headers: &[(&str, &str)]) -> Self {
        let mut socket = server.connect();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.write_all(&head("GET", target, headers, None)).unwrap();
        let mut reader = BufReader::new(socket);
        let (status, headers) = read_head(&mut reader);
        assert_eq!(status, 200);
        assert!(headers.iter().any(|(name, value)| name == "content-type" && value == "text/event-stream"));
        Self { reader, text: String::new() }
    }

    /// The next event that says something: id, name, data.
    pub(crate) fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|v| v.trim().to_owned())
                        .unwrap_or_default()
                };
                let data = field("data:");
                if !data.is_empty() {
                    return (field("id:"), field("event:"), serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let part = chunk(&mut self.reader).expect("the stream goes on");
            self.text.push_str(&String::from_utf8(part).unwrap());
        }
    }
}

/// The stream of alerts of somebody.
pub(crate) fn alerts_of(world: &World, person: &Person, last: Option<&str>) -> Events {
    let mut headers = vec![("accept-language", "en"), ("cookie", person.cookie())];
    headers.extend(last.map(|last| ("last-event-id", last)));
    Events::open(&world.server, "/api/v1/alerts/stream", &headers)
}
