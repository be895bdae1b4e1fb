//! The audit log: who did what to whom, in a chain in which any change is found.

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use screening_server::{AuditFault, StoreConfig, operations};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use super::on_both;
use super::world::{Parts, World, good};

on_both!(
    what_is_done_to_a_pupil_is_told,
    a_log_that_was_cut_short_with_its_head_is_found,
    a_log_goes_on_under_a_new_key
);

fn what_is_done_to_a_pupil_is_told(world: &World) {
    let pupil = world.pupil(&world.here.class, "marker-name Wang", "20260001");
    let auditor = world.person("auditor", "auditor", &world.district);
    let counsellor = world.token("counsellor", &world.here.id);
    good(&world.machine("GET", &counsellor, &format!("/api/v1/pupils/{pupil}"), None));
    good(&world.machine("GET", &counsellor, "/api/v1/pupils", None));
    world.machine("GET", &counsellor, "/api/v1/audit", None).refused(403, "forbidden", None);
    let told = world.entries(&auditor, &format!("subject={pupil}"));
    let actions: Vec<&str> = told.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["pupil.write", "pupil.read", "identity.label", "pupil.read", "identity.label"]);
    assert!(told[1]["actor"].as_str().unwrap().starts_with("token:"), "{}", told[1]);
    assert_eq!(told[1]["scope"], format!("school:{}", world.here.id));
    assert_eq!(told[0]["actor"], format!("account:{}", world.officer.account));
    assert_eq!(world.entries(&auditor, "action=refused").len(), 1);
    assert_eq!(world.entries(&auditor, "action=audit.read").len(), 2, "reading the log is told too");
    let whole = good(&world.get(&auditor, "/api/v1/audit?limit=200")).to_string();
    for private in ["marker-name", "marker-contact", "20260001"] {
        assert!(!whole.contains(private), "{private}");
    }
    let checked = good(&world.get(&auditor, "/api/v1/audit/verification"));
    assert_eq!(checked["whole"], true, "{checked}");
    // Page after page is the whole of it, in order.
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = good(&world.get(&auditor, &format!("/api/v1/audit?limit=5&after={after}")));
        seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(next) if seen.len() < 15 => next.clone_into(&mut after),
            _ => break,
        }
    }
    assert!(seen.is_sorted() && seen.len() >= 15, "{seen:?}");
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn url(config: &StoreConfig) -> String {
    let file = || format!("sqlite://{}", config.data.join("screening.sqlite").display());
    config.database.clone().unwrap_or_else(file)
}

/// Runs statements as somebody who has the database and not the keys, and gets past the triggers.
fn tamper(config: &StoreConfig, statements: &[String]) {
    sqlx::any::install_default_drivers();
    run(async {
        let mut connection = AnyConnection::connect(&url(config)).await.unwrap();
        let triggers: &[&str] = match config.database {
            None => &["DROP TRIGGER IF EXISTS audit_entry_kept", "DROP TRIGGER IF EXISTS audit_entry_fixed"],
            Some(_) => &["DROP TRIGGER IF EXISTS audit_entry_kept ON audit_entry"],
        };
        for trigger in triggers {
            sqlx::query(*trigger).execute(&mut connection).await.unwrap();
        }
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

fn last(config: &StoreConfig) -> i64 {
    sqlx::any::install_default_drivers();
    run(async {
        let mut connection = AnyConnection::connect(&url(config)).await.unwrap();
        let row = sqlx::query("SELECT seq FROM audit_head").fetch_one(&mut connection).await.unwrap();
        row.get::<i64, _>("seq")
    })
}

fn a_log_that_was_cut_short_with_its_head_is_found(world: &World) {
    let end = last(&world.config);
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
    let statements = [
        format!("DELETE FROM audit_entry WHERE seq > {}", end - 2),
        format!(
            "UPDATE audit_head SET seq = {0}, hash = (SELECT hash FROM audit_entry WHERE seq = {0}) WHERE id = 1",
            end - 2
        ),
    ];
    tamper(&world.config, &statements);
    let faults = operations::verify_audit_log(&world.config).unwrap().faults;
    assert_eq!(faults, [AuditFault::Witness { last: end - 2, noted: end }]);
    std::fs::remove_file(world.config.data.join("audit.head")).unwrap();
    let faults = operations::verify_audit_log(&world.config).unwrap().faults;
    assert_eq!(faults, [AuditFault::NoWitness]);
}

/// The key is changed while the server runs, which goes on under the new one; the whole is checked with both.
fn a_log_goes_on_under_a_new_key(world: &World) {
    world.pupil(&world.here.class, "Wang", "1");
    let file = world.config.data.join("keys.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let until = operations::rotate_audit_key(&world.config).unwrap();
    assert_eq!(last(&world.config), until, "the last entry under the old key says so");
    world.pupil(&world.here.class, "Li", "2");
    let auditor = world.person("auditor", "auditor", &world.district);
    assert_eq!(good(&world.get(&auditor, "/api/v1/audit/verification"))["whole"], true);
    let again = operations::rotate_audit_key(&world.config).unwrap();
    world.pupil(&world.here.class, "Zhang", "3");
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
    // Who has the old key and the database cannot write an entry anew: what lies behind covers it. Who has an old copy of the
    // keys is told, and nothing is written under an old key.
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(now.contains(&format!("until = {until}")) && now.contains(&format!("until = {again}")));
    std::fs::write(&file, before).unwrap();
    let faults = operations::verify_audit_log(&world.config).unwrap().faults;
    assert!(
        faults.contains(&AuditFault::Key) && faults.contains(&AuditFault::Changed { seq: until + 1 }),
        "{faults:?}"
    );
    let refused = operations::rotate_keys(&world.config, true, false).unwrap_err().to_string();
    assert!(refused.contains("newest copy"), "{refused}");
    std::fs::write(&file, now).unwrap();
    let changed = format!("UPDATE audit_entry SET detail = 'x' WHERE seq = {until}");
    tamper(&world.config, &[changed]);
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, [AuditFault::Changed { seq: until }]);
    // A backup is checked with all keys as well.
    let folder = tempfile::tempdir().unwrap();
    let refused = operations::backup(&world.config, &folder.path().join("b")).unwrap_err().to_string();
    assert!(refused.contains("audit log is broken"), "{refused}");
}

#[test]
fn entries_are_not_changed_or_deleted_by_a_query() {
    let world = World::sqlite();
    sqlx::any::install_default_drivers();
    run(async {
        let mut connection = AnyConnection::connect(&url(&world.config)).await.unwrap();
        for statement in ["DELETE FROM audit_entry WHERE seq = 1", "UPDATE audit_entry SET detail = 'x' WHERE seq = 1"]
        {
            let refused = sqlx::query(statement).execute(&mut connection).await.unwrap_err().to_string();
            assert!(refused.contains("the audit log is kept"), "{refused}");
        }
    });
}

/// What somebody may do to the log.
#[derive(Debug, Clone)]
enum Change {
    Column(usize, String),
    Time(i64),
    Delete,
    Swap(i64),
    Copy,
}

const COLUMNS: [&str; 8] = ["actor", "role", "district_id", "scope", "work", "action", "subject", "detail"];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..COLUMNS.len(), "[a-z]{1,8}").prop_map(|(column, text)| Change::Column(column, text)),
        (1_i64..100_000).prop_map(Change::Time),
        Just(Change::Delete),
        (1_i64..1000).prop_map(Change::Swap),
        Just(Change::Copy),
    ]
}

/// Any change of an entry, any deletion, any swap and any entry put in is found, wherever it is.
#[test]
fn every_change_of_the_log_is_found() {
    let world = World::sqlite();
    for number in 0..6 {
        world.pupil(&world.here.class, "Wang", &format!("2026{number}"));
    }
    let end = last(&world.config);
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
    // The server is stopped, so that the file can be copied and changed again and again.
    let Parts { server, config, folder } = world.parts();
    server.join();
    let mut runner = TestRunner::new(Runs { cases: 48, failure_persistence: None, ..Runs::default() });
    let strategy = (1..=end, change());
    let tried = runner.run(&strategy, |(seq, change)| {
        let folder = tempfile::tempdir().unwrap();
        let copy = StoreConfig::new(folder.path());
        for name in ["screening.sqlite", "keys.toml", "audit.head"] {
            std::fs::copy(config.data.join(name), folder.path().join(name)).unwrap();
        }
        let (statements, changed) = statements(seq, end, &change);
        tamper(&copy, &statements);
        let faults = operations::verify_audit_log(&copy).unwrap().faults;
        prop_assert_eq!(!faults.is_empty(), changed, "{:?} at {}: {:?}", change, seq, faults);
        Ok(())
    });
    tried.unwrap();
    drop(folder);
}

/// The statements of a change, and whether anything is different after them.
fn statements(seq: i64, end: i64, change: &Change) -> (Vec<String>, bool) {
    match change {
        Change::Column(column, text) => {
            (vec![format!("UPDATE audit_entry SET {0} = {0} || '{text}' WHERE seq = {seq}", COLUMNS[*column])], true)
        }
        Change::Time(by) => (vec![format!("UPDATE audit_entry SET at = at + {by} WHERE seq = {seq}")], true),
        Change::Delete => (vec![format!("DELETE FROM audit_entry WHERE seq = {seq}")], true),
        Change::Swap(by) => {
            let other = (seq + by - 1) % end + 1;
            let statements = vec![
                format!("UPDATE audit_entry SET seq = -1 WHERE seq = {seq}"),
                format!("UPDATE audit_entry SET seq = {seq} WHERE seq = {other}"),
                format!("UPDATE audit_entry SET seq = {other} WHERE seq = -1"),
            ];
            (statements, other != seq)
        }
        Change::Copy => {
            let columns = "at, actor, role, district_id, scope, work, action, subject, detail, request_id, hash";
            let insert = format!(
                "INSERT INTO audit_entry (seq, {columns}) SELECT {}, {columns} FROM audit_entry WHERE seq = {seq}",
                end + 1
            );
            let head = format!(
                "UPDATE audit_head SET seq = {0}, hash = (SELECT hash FROM audit_entry WHERE seq = {0}) WHERE id = 1",
                end + 1
            );
            (vec![insert, head], true)
        }
    }
}

#[test]
fn a_log_of_another_key_is_not_taken() {
    let world = World::sqlite();
    let other = World::sqlite();
    let keys = other.config.data.join("keys.toml");
    let config =
        StoreConfig { keys: Some(screening_server::KeySource::File(keys)), ..StoreConfig::new(&world.config.data) };
    let refused = operations::verify_audit_log(&config).unwrap_err().to_string();
    assert!(refused.contains("not those of this database"), "{refused}");
}
