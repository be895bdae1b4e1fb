//! Backups, keys, restarts and kills.

use std::process::{Command, Stdio};
use std::time::Duration;

use screening_server::{Config, KeySource, StoreConfig, operations};
use serde_json::json;

use super::on_both;
use super::postgres;
use super::world::{World, good, text};
use crate::client::start;

on_both!(a_backup_is_restored_in_whole, keys_are_rotated_while_the_server_runs);

fn a_backup_is_restored_in_whole(world: &World) {
    let pupil = world.pupil(&world.here.class, "王小明", "20260001");
    let files = world.config.data.join("jobs/0197");
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("results.csv.sealed"), "sealed\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    let made = operations::backup(&world.config, &to).unwrap();
    assert_eq!((made.rows["pupil"], made.rows["identity"], made.files.len()), (1, 1, 1));
    assert!(operations::backup(&world.config, &to).unwrap_err().to_string().contains("already"));
    let text = std::fs::read(to.join("screening.sqlite")).unwrap();
    assert!(!text.windows(9).any(|part| part == "王小明".as_bytes()), "names are encrypted in backups");
    assert!(!to.join("keys.toml").exists(), "keys are not beside what they open");
    // What comes later is not in it.
    world.pupil(&world.here.class, "李丽", "20260002");
    let keys = Some(KeySource::File(world.config.data.join("keys.toml")));
    let restored = |name: &str, database: Option<String>| StoreConfig {
        database,
        keys: keys.clone(),
        clock: world.clock.clone(),
        ..StoreConfig::new(folder.path().join(name))
    };
    let mut targets = vec![restored("sqlite", None)];
    targets.extend(postgres::new_database().map(|url| restored("postgres", Some(url))));
    for config in targets {
        assert_eq!(operations::restore(&config, &to).unwrap(), made);
        assert!(operations::restore(&config, &to).unwrap_err().to_string().contains("name another"));
        assert_eq!(operations::verify_audit_log(&config).unwrap().faults, []);
        if config.database.is_none() {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(config.data.join("screening.sqlite")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "answers are for the owner of the file");
        }
        assert!(config.data.join("jobs/0197/results.csv.sealed").is_file());
        let server = start(Config { store: Some(config), ..Config::default() });
        let headers = [("accept-language", "en"), ("cookie", world.officer.cookie())];
        let listed = good(&server.ask("GET", "/api/v1/pupils", &headers, None));
        let items = listed["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["id"], &items[0]["label"]["name"]), (1, &json!(pupil), &json!("王**")));
    }
    // A backup that was changed is not restored.
    let file = to.join("screening.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = operations::restore(&restored("changed", None), &to).unwrap_err().to_string();
    assert!(refused.contains("is not the file that was backed up"), "{refused}");
}

fn keys_are_rotated_while_the_server_runs(world: &World) {
    let pupil = world.pupil(&world.here.class, "王小明", "20260001");
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let ask = json!({ "pupil_id": pupil, "purpose": "an alert", "emergency": true });
    good(&world.post(&counsellor, "/api/v1/identity-requests", &ask));
    let view = || good(&world.get(&counsellor, &format!("/api/v1/pupils/{pupil}/identity")));
    let before = view();
    let rotated = operations::rotate_keys(&world.config, false, false).unwrap();
    assert_eq!((rotated.current.as_str(), rotated.rows, rotated.dropped.len()), ("k2", 3, 0));
    // What the server would have written with the old key is refused, once: nothing is left that only the old key opens.
    let body = json!({ "class_id": world.here.class, "name": "李丽", "student_id": "20260003" });
    world.post(&world.officer, "/api/v1/pupils", &body).refused(503, "store-unavailable", None);
    good(&world.post(&world.officer, "/api/v1/pupils", &body));
    assert_eq!(view(), before, "the server finds the new key by itself");
    let resumed = operations::rotate_keys(&world.config, true, true).unwrap();
    assert_eq!((resumed.rows, resumed.dropped), (0, vec!["k1".to_owned()]));
    assert_eq!(view(), before);
    world.pupil(&world.here.class, "李丽", "20260002");
    world.step_up(&counsellor);
    let keys = std::fs::read_to_string(world.config.data.join("keys.toml")).unwrap();
    assert!(keys.contains("k2 = ") && !keys.contains("k1 = "));
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
}

#[test]
fn a_store_is_not_opened_with_other_keys_or_none() {
    let world = World::sqlite();
    std::fs::remove_file(world.config.data.join("keys.toml")).unwrap();
    let missing = operations::verify_audit_log(&world.config).unwrap_err().to_string();
    assert!(missing.contains("keys.toml"), "{missing}");
    assert!(!world.config.data.join("keys.toml").exists(), "no new keys are made for an old database");
    let nowhere = StoreConfig::new(world.config.data.join("nowhere"));
    assert!(operations::verify_audit_log(&nowhere).unwrap_err().to_string().contains("no store"));
}

/// Children of a test run this one alone: it makes the store that `SCREENING_TEST_STORE` names, over and over.
#[test]
fn child_that_migrates() {
    let Ok(data) = std::env::var("SCREENING_TEST_STORE") else { return };
    let server = start(Config { store: Some(StoreConfig::new(data)), ..Config::default() });
    assert!(server.setup_code.is_some());
    std::thread::sleep(Duration::from_mins(1));
}

/// Killed at any moment of its first start, a server starts the next time.
#[test]
fn a_kill_in_the_middle_of_migration_loses_nothing() {
    let program = std::env::current_exe().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut in_the_middle = 0;
    for attempt in 0..12_u64 {
        let data = folder.path().join(attempt.to_string());
        let mut child = Command::new(&program)
            .args(["store::operations::child_that_migrates", "--exact"])
            .env("SCREENING_TEST_STORE", &data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let file = data.join("screening.sqlite");
        while !file.exists() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_millis(attempt * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        if !data.join("audit.head").exists() && !data.join("keys.toml").exists() {
            in_the_middle += 1;
        }
        let server = start(Config { store: Some(StoreConfig::new(&data)), ..Config::default() });
        let code = server.setup_code.clone().unwrap();
        let body = json!({ "code": code, "district_code": "x", "district_name": "x", "name": "officer",
            "password": super::world::PASSWORD });
        good(&server.post("/api/v1/setup", &body.to_string()));
        assert_eq!(operations::verify_audit_log(&StoreConfig::new(&data)).unwrap().faults, []);
    }
    assert!(in_the_middle > 0, "no kill came early enough to show anything");
}

/// What was acknowledged is there after a kill.
#[test]
fn child_that_serves() {
    let Ok(data) = std::env::var("SCREENING_TEST_SERVE") else { return };
    let server = start(Config { store: Some(StoreConfig::new(&data)), ..Config::default() });
    let place = std::path::Path::new(&data).join("address");
    std::fs::write(place.with_extension("new"), format!("{} {}", server.address, server.setup_code.clone().unwrap()))
        .unwrap();
    std::fs::rename(place.with_extension("new"), place).unwrap();
    std::thread::sleep(Duration::from_mins(2));
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["store::operations::child_that_serves", "--exact"])
        .env("SCREENING_TEST_SERVE", &data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let place = data.join("address");
    while !place.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = std::fs::read_to_string(&place).unwrap();
    let (address, code) = told.split_once(' ').unwrap();
    let agent = crate::client::elsewhere(address.parse().unwrap());
    let body = json!({ "code": code, "district_code": "x", "district_name": "x", "name": "officer",
        "password": super::world::PASSWORD });
    let account = good(&agent.post("/api/v1/setup", &body.to_string()));
    child.kill().unwrap();
    child.wait().unwrap();
    let server = start(Config { store: Some(StoreConfig::new(&data)), ..Config::default() });
    assert_eq!(server.setup_code, None, "the account is there");
    let body = json!({ "name": "officer", "password": super::world::PASSWORD }).to_string();
    assert_eq!(text(&good(&server.post("/api/v1/session", &body))["account"]["id"]), text(&account["id"]));
    assert_eq!(operations::verify_audit_log(&StoreConfig::new(&data)).unwrap().faults, []);
}
