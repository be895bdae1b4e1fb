//! What stands in the log, and what never does.

use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::client::SHARED;

static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the log of every server of this process.
pub(crate) fn listen() {
    tracing::subscriber::set_global_default(screening_server::log_subscriber(|| Kept)).unwrap();
}

pub(crate) fn log() -> String {
    String::from_utf8(LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
}

#[test]
fn the_log_says_what_happened_and_not_what_was_answered() {
    let bodies = [
        r#"{"partial": true, "answers": {"1": 3, "marker-item": 1}, "marker-key": "marker-value"}"#,
        r#"{"partial": true, "answers": {"1": "marker-answer"}, "context": {"sex": "marker-sex"}}"#,
        r#"{"partial": true, "answers": {"1": 987654321}, "policy": "marker-policy"}"#,
        "marker-broken",
    ];
    for body in bodies {
        for target in ["/api/v1/score/gad-7", "/api/v1/score", "/api/v1/score/gad-7?name=marker-query", "/marker-path"]
        {
            let headers =
                [("content-type", "application/json"), ("x-note", "marker-header"), ("user-agent", "marker-agent")];
            SHARED.ask("POST", target, &headers, Some(body.as_bytes()));
        }
        SHARED.stream("/api/v1/score/batch?instrument=gad-7", body);
    }
    SHARED.get("/api/v1/instruments/marker-id?version=marker-version");
    let id = SHARED.get("/healthz").header("x-request-id").unwrap().to_owned();
    let log = log();
    assert!(!log.contains("marker") && !log.contains("987654321"), "{log}");
    let line = log.lines().find(|line| line.contains(&id)).expect("the request is in the log");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["route"], &line["method"], &line["status"]), (&"/healthz".into(), &"GET".into(), &200.into()));
    assert!(line["micros"].is_u64() && line["timestamp"].is_string() && line["level"] == "INFO");
    let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 8, "nothing that nobody has thought about comes into the log: {keys:?}");
}

#[test]
fn the_log_of_a_district_at_work_names_nobody_and_tells_no_answer() {
    use serde_json::json;

    use crate::district::{alerts_of, answers, class_list, definition, released, roster, upload};
    use crate::store::world::{World, good};

    let world = World::sqlite();
    roster(&world, "&school=marker-school", &class_list(&[("marker-number", "marker-name")]));
    let id = released(&world, &definition("2026-autumn"));
    let form = world.token("examiner", &world.here.id);
    let mut stream = alerts_of(&world, &world.officer, None);
    let sheet = json!({ "student_id": "marker-number", "answers": answers(0, 3) });
    good(&world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s1"), Some(&sheet)));
    stream.next();
    let unknown = json!({ "student_id": "marker-unknown", "answers": answers(0, 3), "marker-key": "marker-value" });
    world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s2"), Some(&unknown));
    world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s2/draft"), Some(&unknown));
    let target = format!("/api/v1/screenings/{id}/answers?source=table&file=marker-file.csv");
    let job = good(&upload(&world, &world.officer, &target, b"student_id,marker-heading\nmarker-number,marker-cell\n"));
    crate::district::ended(&world, job["id"].as_str().unwrap());
    world.server.post("/api/v1/push/tencent/marker-key", r#"{"marker": "marker"}"#);
    let log = log();
    assert!(log.contains("a job ended"), "{log}");
    assert!(!log.contains("marker"), "{log}");
}
