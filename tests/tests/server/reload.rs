//! Definitions change while the server runs.

use std::path::Path;
use std::time::{Duration, Instant};

use screening_server::{Config, LoadError, ServeError, Server};
use screening_tests::repository;

use crate::client::{Running, numbered, start};

/// A bundled definition under another id and version; `content` makes its text another one.
fn write(folder: &Path, file: &str, version: &str, content: u8) {
    let text = std::fs::read_to_string(repository().join("instruments/gad-2.toml")).unwrap();
    let text = text
        .replace("id = \"gad-2\"", "id = \"own\"")
        .replace("version = \"1.0.0\"", &format!("version = \"{version}\""));
    let text = format!("{text}\n# {content}\n");
    std::fs::write(folder.join(file), text).unwrap();
}

fn version(server: &Running, target: &str) -> Option<String> {
    let answer = server.post(target, &format!(r#"{{"answers": {}}}"#, numbered(&[1, 1])));
    (answer.status == 200).then(|| answer.json()["version"].as_str().unwrap().to_owned())
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_new_version_comes_in_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let reload = Some(Duration::from_millis(100));
    let server = start(Config { instruments: Some(folder.path().to_owned()), reload, ..Config::default() });
    assert_eq!(version(&server, "/api/v1/score/own"), None);
    write(folder.path(), "own.toml", "1.0.0", 0);
    until("the definition comes in", || version(&server, "/api/v1/score/own").is_some());
    // In the place of the old file.
    write(folder.path(), "own.toml", "1.1.0", 0);
    until("the new version comes in", || version(&server, "/api/v1/score/own").as_deref() == Some("1.1.0"));
    assert_eq!(version(&server, "/api/v1/score/own@1.0.0").as_deref(), Some("1.0.0"));
    assert_eq!(version(&server, "/api/v1/score/own?version=1.0.0").as_deref(), Some("1.0.0"));
    let entry = server.get("/api/v1/instruments/own?version=1.0.0").json();
    assert_eq!(entry["versions"], serde_json::json!(["1.0.0", "1.1.0"]));
    // A definition that is broken, or differs under a known version, changes nothing.
    std::fs::write(folder.path().join("broken.toml"), "schema = 1\n").unwrap();
    let failures = |count: u8| {
        let line = format!(r#"screening_definition_reloads_total{{outcome="refused"}} {count}"#);
        server.get("/metrics").text().contains(&line)
    };
    until("the broken file is met", || failures(1));
    assert_eq!(version(&server, "/api/v1/score/own").as_deref(), Some("1.1.0"));
    std::fs::remove_file(folder.path().join("broken.toml")).unwrap();
    write(folder.path(), "own.toml", "1.1.0", 1);
    until("the changed file is met", || failures(2));
    write(folder.path(), "own.toml", "1.2.0", 1);
    until("the next version comes in", || version(&server, "/api/v1/score/own").as_deref() == Some("1.2.0"));
}

#[test]
fn policies_norms_and_plans_come_from_the_folder_too() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |kind: &str, id: &str| {
        std::fs::create_dir_all(folder.path().join(kind)).unwrap();
        let text = std::fs::read_to_string(repository().join(format!("instruments/{kind}/{id}.toml"))).unwrap();
        let text = text.replacen(&format!("id = \"{id}\""), "id = \"own\"", 1);
        std::fs::write(folder.path().join(kind).join("own.toml"), text).unwrap();
    };
    copy("policies", "district-default");
    copy("validity", "district-default");
    copy("norms", "scl-90-cn-1986");
    let server = start(Config { instruments: Some(folder.path().to_owned()), ..Config::default() });
    let scl = numbered(&[1; 90]);
    let body = format!(
        r#"{{"answers": {{"scl-90": {scl}}}, "policy": "own", "validity": "own", "norms": ["own"], "explain": false}}"#
    );
    let answer = server.post("/api/v1/score", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["provenance"]["policy"].as_str().unwrap().starts_with("own@"));
    let both = body.replace(r#"["own"]"#, r#"["own", "scl-90-cn-1986"]"#);
    server.post("/api/v1/score", &both).refused(422, "norm-twice", Some("/norms/1"));
}

#[test]
fn a_server_does_not_start_with_broken_definitions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.toml"), "schema = 1\nid = \"x\"\n").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = Config { instruments: Some(folder.path().to_owned()), ..Config::default() };
    let refused = runtime.block_on(Server::bind(config)).unwrap_err();
    let ServeError::Load(LoadError::Definition { file, .. }) = &refused else { panic!("{refused}") };
    assert!(file.ends_with("broken.toml"), "{file}");
    let missing = Config { instruments: Some(folder.path().join("nowhere")), ..Config::default() };
    assert!(matches!(runtime.block_on(Server::bind(missing)), Err(ServeError::Load(LoadError::Io { .. }))));
}
