//! What is refused: the kind, the place, and what to do, in the language of the caller.

use std::io::{BufReader, Write};
use std::time::Duration;

use screening_server::Limits;

use crate::client::{Answer, SHARED, head, limited, numbered};

const GAD: &str = "/api/v1/score/gad-7";

fn gad(more: &str) -> String {
    format!(r#"{{"answers": {}{more}}}"#, numbered(&[1; 7]))
}

/// Body, kind and place of what is wrong with it, for one sheet.
const WRONG: &[(&str, &str, &str)] = &[
    ("[]", "wrong-type", ""),
    (r#""x""#, "wrong-type", ""),
    ("{}", "missing-key", "/answers"),
    (r#"{"answers": null}"#, "missing-key", "/answers"),
    (r#"{"answers": [1, 2, 3]}"#, "wrong-type", "/answers"),
    (r#"{"answers": {}}"#, "answers-missing", "/answers"),
    (r#"{"answers": {"1": 1}}"#, "answers-missing", "/answers"),
    (r#"{"partial": true, "answers": {"8": 1}}"#, "unknown-item", "/answers/8"),
    (r#"{"partial": true, "answers": {"a/b~": 1}}"#, "unknown-item", "/answers/a~1b~0"),
    (r#"{"partial": true, "answers": {"1": 4}}"#, "answer-not-allowed", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": -128}}"#, "answer-not-allowed", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": 256}}"#, "answer-not-allowed", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": 1.5}}"#, "answer-not-allowed", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": 1e300}}"#, "answer-not-allowed", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": "1"}}"#, "wrong-type", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": true}}"#, "wrong-type", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": [1]}}"#, "wrong-type", "/answers/1"),
    (r#"{"partial": true, "answers": {"1": {}}}"#, "missing-key", "/answers/1/missing"),
    (r#"{"partial": true, "answers": {"1": {"missing": "lost"}}}"#, "unknown-word", "/answers/1/missing"),
    (r#"{"partial": true, "answers": {"1": {"missing": 3}}}"#, "wrong-type", "/answers/1/missing"),
    (r#"{"partial": true, "answers": {"1": 0, "1": 3}}"#, "duplicate-key", "/answers/1"),
    (r#"{"partial": true, "answers": {}, "answers": {}}"#, "duplicate-key", "/answers"),
    (r#"{"partial": true, "answers": {}, "name": "x"}"#, "unknown-key", "/name"),
    (r#"{"partial": true, "answers": {}, "id": "x"}"#, "unknown-key", "/id"),
    (r#"{"partial": "yes", "answers": {}}"#, "wrong-type", "/partial"),
    (r#"{"partial": true, "answers": {}, "context": 3}"#, "wrong-type", "/context"),
    (r#"{"partial": true, "answers": {}, "context": {"school": "x"}}"#, "unknown-key", "/context/school"),
    (r#"{"partial": true, "answers": {}, "context": {"sex": "f"}}"#, "unknown-word", "/context/sex"),
    (r#"{"partial": true, "answers": {}, "context": {"grade": 13}}"#, "out-of-range", "/context/grade"),
    (r#"{"partial": true, "answers": {}, "context": {"grade": "8"}}"#, "wrong-type", "/context/grade"),
    (r#"{"partial": true, "answers": {}, "context": {"age": -1}}"#, "out-of-range", "/context/age"),
    (
        r#"{"partial": true, "answers": {}, "context": {"birth_date": "2012-05-04"}}"#,
        "missing-key",
        "/context/administered_on",
    ),
    (
        r#"{"partial": true, "answers": {}, "context": {"birth_date": "4.5.2012", "administered_on": "2026-09-15"}}"#,
        "not-a-date",
        "/context/birth_date",
    ),
    (
        r#"{"partial": true, "answers": {}, "context": {"birth_date": "2012-02-30", "administered_on": "2026-09-15"}}"#,
        "not-a-date",
        "/context/birth_date",
    ),
    (
        r#"{"partial": true, "answers": {}, "context": {"birth_date": "2027-05-04", "administered_on": "2026-09-15"}}"#,
        "implausible-age",
        "/context/birth_date",
    ),
    (
        r#"{"partial": true, "answers": {}, "context": {"age": 14, "birth_date": "2012-05-04", "administered_on": "2026-09-15"}}"#,
        "conflicting-keys",
        "/context/age",
    ),
    (r#"{"partial": true, "answers": {}, "policy": "district-default"}"#, "not-for-open-sheets", "/policy"),
    (r#"{"partial": true, "answers": {}, "validity": "district-default"}"#, "not-for-open-sheets", "/validity"),
    (r#"{"partial": true, "answers": {}, "cutoffs": {"nowhere": "x"}}"#, "unknown-scale", "/cutoffs/nowhere"),
    (r#"{"partial": true, "answers": {}, "cutoffs": {"total": "nowhere"}}"#, "unknown-cutoff-set", "/cutoffs/total"),
    (r#"{"partial": true, "answers": {}, "cutoffs": {"total": 3}}"#, "wrong-type", "/cutoffs/total"),
    (r#"{"partial": true, "answers": {}, "norms": "x"}"#, "wrong-type", "/norms"),
    (r#"{"partial": true, "answers": {}, "norms": ["nowhere"]}"#, "unknown-norms", "/norms/0"),
    (r#"{"partial": true, "answers": {}, "norms": ["scl-90-cn-1986"]}"#, "norms-not-applicable", "/norms/0"),
];

#[test]
fn every_fault_has_its_kind_and_place() {
    for (body, kind, pointer) in WRONG {
        let answer = SHARED.post(GAD, body);
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        answer.refused(422, kind, Some(pointer));
    }
}

#[test]
fn what_only_a_finished_sheet_can_be_asked() {
    let refused =
        |more: &str, kind: &str, pointer: &str| SHARED.post(GAD, &gad(more)).refused(422, kind, Some(pointer));
    refused(r#", "policy": "nowhere""#, "unknown-policy", "/policy");
    refused(r#", "policy": "district-default@9.9.9""#, "unknown-version", "/policy");
    refused(r#", "policy": 3"#, "wrong-type", "/policy");
    refused(r#", "validity": "nowhere""#, "unknown-validity-plan", "/validity");
    refused(r#", "policy": "district-default", "context": {"grade": 1}"#, "policy-grade", "/policy");
    refused(
        r#", "policy": "district-default", "context": {"administered_on": "1999-01-01"}"#,
        "policy-not-in-force",
        "/policy",
    );
    refused(r#", "duration_s": -1"#, "out-of-range", "/duration_s");
}

#[test]
fn batteries_have_faults_of_their_own() {
    let refused =
        |body: &str, kind: &str, pointer: &str| SHARED.post("/api/v1/score", body).refused(422, kind, Some(pointer));
    refused(r#"{"answers": {}}"#, "no-sheet", "/answers");
    refused(r#"{"answers": {"nowhere": {}}}"#, "unknown-instrument", "/answers/nowhere");
    refused(r#"{"answers": {"gad-7@0.0.1": {}}}"#, "unknown-version", "/answers/gad-7@0.0.1");
    refused(
        r#"{"partial": true, "answers": {"gad-7": {}, "gad-7@1.0.0": {}}}"#,
        "instrument-twice",
        "/answers/gad-7@1.0.0",
    );
    refused(r#"{"partial": true, "answers": {"gad-7": {"1": 9}}}"#, "answer-not-allowed", "/answers/gad-7/1");
    refused(
        r#"{"partial": true, "answers": {"gad-7": {}}, "cutoffs": {"phq-9": {}}}"#,
        "unknown-key",
        "/cutoffs/phq-9",
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let answer = SHARED.post(GAD, r#"{"answers": {"1": 9, "x": 0}, "who": 1}"#);
    let body = answer.refused(422, "unknown-key", Some("/who"));
    let places: Vec<&str> =
        body["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/who", "/answers/1", "/answers/x", "/answers"]);
}

#[test]
fn answers_are_not_repeated_in_problems() {
    let answer = SHARED.post(
        GAD,
        r#"{"partial": true, "answers": {"1": 77123}, "context": {"sex": "marker-sex", "birth_date": "marker-date"}}"#,
    );
    for secret in ["77123", "marker-sex", "marker-date"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
}

#[test]
fn both_languages() {
    let ask = |language: &str| {
        let headers = [("content-type", "application/json"), ("accept-language", language)];
        SHARED.ask("POST", GAD, &headers, Some(br#"{"partial": true, "answers": {"8": 1}}"#))
    };
    let (zh, en) = (ask("zh-CN,zh;q=0.9,en;q=0.5"), ask("en-US"));
    assert_eq!((zh.header("content-language"), en.header("content-language")), (Some("zh-CN"), Some("en")));
    let (zh, en) = (zh.json(), en.json());
    assert_eq!((&zh["type"], &zh["pointer"]), (&en["type"], &en["pointer"]));
    assert_eq!(zh["title"], "量表中没有该题");
    assert_eq!(zh["detail"], "`gad-7` 中没有题目 `8`。");
    assert_eq!(en["title"], "The instrument has no such item");
    assert_eq!(en["detail"], "`gad-7` has no item `8`.");
    assert_eq!(en["help"], "Its items are 1 to 7; /api/v1/instruments/gad-7 lists them.");
}

#[test]
fn broken_json_names_its_place() {
    let answer = SHARED.post(GAD, "{\"answers\":\n {\"1\": }}");
    let body = answer.refused(400, "invalid-json", None);
    assert!(body["detail"].as_str().unwrap().contains("line 2"), "{body}");
    for broken in ["", "{", "nul", "{\"a\": 01}", "{} {}", "\u{feff}{}", "{\"answers\": 1e999}"] {
        SHARED.post(GAD, broken).refused(400, "invalid-json", None);
    }
    let headers = [("content-type", "application/json"), ("accept-language", "en")];
    SHARED.ask("POST", GAD, &headers, Some(b"{\"\xff\": 1}")).refused(400, "invalid-json", None);
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    SHARED.post(GAD, &deep).refused(400, "invalid-json", None);
}

#[test]
fn paths_methods_and_queries() {
    let post = |target: &str| SHARED.post(target, &gad(""));
    SHARED.get("/nowhere").refused(404, "not-found", None);
    SHARED.get("/api/v1/instruments/nowhere").refused(404, "unknown-instrument", None);
    SHARED.get("/api/v1/instruments/%ff").refused(404, "not-found", None);
    SHARED.get("/api/v1/policies/nowhere").refused(404, "unknown-policy", None);
    SHARED.get("/problems/nowhere").refused(404, "unknown-problem", None);
    post("/api/v1/score/nowhere").refused(404, "unknown-instrument", None);
    post("/api/v1/score/gad-7@9.9.9").refused(404, "unknown-version", None);
    post("/api/v1/score/gad-7?version=one").refused(404, "unknown-version", None);
    post("/api/v1/score/gad-7@1.0.0?version=1.0.1").refused(404, "unknown-version", None);
    post("/api/v1/score/gad-7?versoin=1.0.0").refused(400, "invalid-query", None);
    post("/api/v1/score/gad-7?version=1.0.0&version=1.0.0").refused(400, "invalid-query", None);
    SHARED.get("/api/v1/instruments?grade=x").refused(400, "invalid-query", None);
    SHARED.get("/api/v1/instruments?informant=nobody").refused(400, "invalid-query", None);
    let answer = SHARED.get("/api/v1/score/gad-7");
    answer.refused(405, "method-not-allowed", None);
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[test]
fn media_types() {
    let send = |headers: &[(&str, &str)]| SHARED.ask("POST", GAD, headers, Some(gad("").as_bytes()));
    for wrong in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "application/x-ndjson"]
    {
        send(&[("content-type", wrong), ("accept-language", "en")]).refused(415, "unsupported-media-type", None);
    }
    send(&[("accept-language", "en")]).refused(415, "unsupported-media-type", None);
    send(&[("content-type", "application/json"), ("content-encoding", "gzip"), ("accept-language", "en")]).refused(
        415,
        "unsupported-media-type",
        None,
    );
    assert_eq!(send(&[("content-type", "Application/JSON; Charset=\"UTF-8\"")]).status, 200);
}

#[test]
fn large_slow_and_too_many() {
    let limits = Limits { body: 2000, read: Duration::from_millis(300), requests: 1, ..Limits::default() };
    let server = limited(limits);
    let large = gad(&" ".repeat(3000));
    server.post(GAD, &large).refused(413, "body-too-large", None);
    let headers = [("content-type", "application/json"), ("accept-language", "en")];
    // Without a length: chunks that never end would fill the memory of a server that trusts them.
    let mut socket = server.connect();
    let chunked = [&headers[..], &[("transfer-encoding", "chunked")]].concat();
    socket.write_all(&head("POST", GAD, &chunked, None)).unwrap();
    let _ = socket.write_all(format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()).as_bytes());
    Answer::read(&mut BufReader::new(socket)).refused(413, "body-too-large", None);

    // A body that does not come, and whoever asks meanwhile.
    let mut slow = server.connect();
    slow.write_all(&head("POST", GAD, &headers, Some(100))).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let busy = server.post(GAD, &gad(""));
    busy.refused(503, "too-busy", None);
    assert_eq!(busy.header("retry-after"), Some("1"));
    Answer::read(&mut BufReader::new(slow)).refused(408, "request-timeout", None);
    assert_eq!(server.post(GAD, &gad("")).status, 200, "and then there is room again");
}
