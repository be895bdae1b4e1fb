//! Running it: health, figures, ids, stopping.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use screening_server::{Config, Limits};

use crate::client::{Answer, SHARED, head, limited, numbered, start};

fn body() -> String {
    format!(r#"{{"answers": {}, "explain": false}}"#, numbered(&[1; 7]))
}

#[test]
fn health_and_readiness() {
    assert_eq!(SHARED.get("/healthz").json()["status"], "ok");
    let ready = SHARED.get("/readyz").json();
    assert_eq!(ready["status"], "ready");
    assert!(ready["instruments"].as_u64().unwrap() > 100);
    let head = SHARED.ask("HEAD", "/healthz", &[], None);
    assert_eq!(head.status, 200);
}

#[test]
fn figures_count_routes_and_never_paths() {
    let server = limited(Limits::default());
    server.post("/api/v1/score/gad-7", &body());
    server.post("/api/v1/score/gad-7", r#"{"answers": 1}"#);
    server.get("/secret-path?secret=query");
    server.stream("/api/v1/score/batch?instrument=gad-7", &format!("{}\nx\n", body()));
    let answer = server.get("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        r#"screening_http_requests_total{method="POST",route="/api/v1/score/{instrument}",status="200"} 1"#,
        r#"screening_http_requests_total{method="POST",route="/api/v1/score/{instrument}",status="422"} 1"#,
        r#"screening_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"screening_stream_lines_total{outcome="scored"} 1"#,
        r#"screening_stream_lines_total{outcome="refused"} 1"#,
        "screening_http_in_flight 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("screening_http_request_duration_seconds_bucket"));
    assert!(!text.contains("secret"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn request_ids_come_back_when_they_are_ids() {
    let ask = |id: &str| SHARED.ask("GET", "/healthz", &[("x-request-id", id)], None);
    assert_eq!(ask("a-1").header("x-request-id"), Some("a-1"));
    for wrong in ["a b", "", "x".repeat(65).as_str(), "<script>"] {
        let own = ask(wrong).header("x-request-id").unwrap().to_owned();
        assert!(own.len() == 36 && own != wrong, "{own}");
    }
    let refused = SHARED.ask("GET", "/nowhere", &[("x-request-id", "abc")], None);
    assert_eq!(refused.json()["request_id"], "abc");
}

#[test]
fn answers_are_not_kept_by_anybody_on_the_way() {
    let answer = SHARED.post("/api/v1/score/gad-7", &body());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("vary"), Some("accept-language"));
}

#[test]
fn what_was_accepted_is_finished_when_the_server_stops() {
    let server = start(Config { grace: Duration::from_secs(20), ..Config::default() });
    let text = body();
    let headers = [("content-type", "application/json")];
    let mut halfway = server.connect();
    halfway.write_all(&head("POST", "/api/v1/score/gad-7", &headers, Some(text.len()))).unwrap();
    halfway.write_all(&text.as_bytes()[..10]).unwrap();
    let mut stream = server.connect();
    let chunked = [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")];
    stream.write_all(&head("POST", "/api/v1/score/batch?instrument=gad-7", &chunked, None)).unwrap();
    let line = format!("{text}\n");
    write!(stream, "{:x}\r\n{line}\r\n", line.len()).unwrap();
    let idle = server.connect();
    std::thread::sleep(Duration::from_millis(200));
    let address = server.address;
    server.ask_to_stop();
    std::thread::sleep(Duration::from_millis(300));
    assert!(TcpStream::connect(address).is_err(), "nothing new is taken");
    halfway.write_all(&text.as_bytes()[10..]).unwrap();
    assert_eq!(Answer::read(&mut BufReader::new(halfway)).status, 200);
    write!(stream, "{:x}\r\n{line}\r\n0\r\n\r\n", line.len()).unwrap();
    let answer = Answer::read(&mut BufReader::new(stream));
    assert_eq!(answer.lines().len(), 2);
    drop(idle);
    server.join();
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let server = limited(Limits { idle: Duration::from_millis(300), ..Limits::default() });
    let mut socket = server.connect();
    socket.write_all(b"POST /api/v1/score HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    let mut answer = Vec::new();
    let read = std::io::Read::read_to_end(&mut socket, &mut answer);
    assert!(read.is_ok() || read.is_err(), "the connection ends");
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
}

#[test]
fn many_requests_over_one_connection() {
    let mut socket = SHARED.connect();
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let text = body();
    for _ in 0..20 {
        let head = format!(
            "POST /api/v1/score/gad-7 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(text.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut reader).json()["scores"]["total"]["value"], 7);
    }
}
