//! What pupils and guardians may ask for, how long what is kept, and what is shown of a year and of a breach.

use std::time::Duration;

use screening_server::operations;
use serde_json::{Value, json};

use super::on_both;
use super::world::{Person, World, good, text};

on_both!(what_is_due_is_deleted_with_proof, requests_of_pupils_and_guardians, a_year_and_a_breach_are_shown);

/// A session lasts half an hour without a request, and twelve hours at most.
fn back(world: &World, person: &Person) -> Person {
    let body = json!({ "name": person.name, "password": super::world::PASSWORD, "code": world.code_of(person) });
    let answer = world.server.post("/api/v1/session", &body.to_string());
    person.again(&answer)
}

fn what_is_due_is_deleted_with_proof(world: &World) {
    let [stays, left, recent] = ["1", "2", "3"].map(|id| world.pupil(&world.here.class, "王小明", id));
    world.step_up(&world.officer);
    let rule = json!({ "days": 365, "basis": "school rule 10" });
    let set = |class: &str| world.send("PUT", &world.officer, &format!("/api/v1/retention/{class}"), &rule, &[]);
    set("everything").refused(404, "not-in-scope", None);
    set("identity-requests").refused(404, "not-in-scope", None);
    assert_eq!(good(&set("identity"))["rules"][0]["due"], 0);
    let depart = |pupil: &str, officer: &Person| {
        good(&world.post(officer, &format!("/api/v1/pupils/{pupil}/departure"), &json!({})))
    };
    depart(&left, &world.officer);
    world.clock.advance(Duration::from_secs(366 * 24 * 3600));
    let officer = back(world, &world.officer);
    depart(&recent, &officer);
    assert_eq!(good(&world.get(&officer, "/api/v1/retention"))["rules"][0]["due"], 1);
    let deleted = operations::delete_what_is_due(&world.config).unwrap();
    assert_eq!((deleted[0].class.as_str(), deleted[0].pupils, deleted[0].rows), ("identity", 1, 1));
    assert_eq!(operations::delete_what_is_due(&world.config).unwrap()[0].pupils, 0, "nothing is left to do");
    assert_eq!(good(&world.get(&officer, "/api/v1/retention"))["rules"][0]["due"], 0);
    let label = |pupil: &str| good(&world.get(&officer, &format!("/api/v1/pupils/{pupil}")))["label"].clone();
    assert_eq!((label(&left), label(&recent).is_null(), label(&stays).is_null()), (Value::Null, false, false));
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
}

fn requests_of_pupils_and_guardians(world: &World) {
    let pupil = world.pupil(&world.here.class, "王小明", "20260001");
    let lead = world.person("lead", "school-lead", &world.here.id);
    let file = |kind: &str| {
        let body = json!({ "pupil_id": pupil, "kind": kind, "applicant": "guardian" });
        let request = good(&world.post(&lead, "/api/v1/subject-requests", &body));
        format!("/api/v1/subject-requests/{}", text(&request["id"]))
    };
    let complete = |request: &str, body: &Value| world.post(&lead, &format!("{request}/completion"), body);
    let copy = good(&complete(&file("copy"), &json!({})));
    assert_eq!(copy["copy"]["identity"][0]["name"], "王小明");
    assert_eq!(copy["copy"]["identity"][0]["contact"], "marker-contact 555 0100");
    assert!(copy["copy"]["subject_request"].as_array().is_some_and(|rows| rows.len() == 1), "{copy}");
    let correction = file("correct");
    complete(&correction, &json!({ "birth_date": "yesterday" })).refused(422, "not-a-date", Some("/birth_date"));
    complete(&correction, &json!({})).refused(409, "not-now", None);
    good(&complete(&correction, &json!({ "name": "王晓明" })));
    complete(&correction, &json!({ "name": "王晓明" })).refused(409, "not-now", None);
    let view = good(&complete(&file("view"), &json!({})));
    assert_eq!(view["copy"]["identity"][0]["name"], "王晓明");
    let refused = file("delete");
    world.post(&lead, &format!("{refused}/refusal"), &json!({})).refused(422, "missing-key", Some("/reason"));
    let body = json!({ "reason": "evidence in a case that is under way" });
    assert_eq!(good(&world.post(&lead, &format!("{refused}/refusal"), &body))["state"], "refused");
    world.step_up(&lead);
    let erased = good(&complete(&file("delete"), &json!({})));
    assert_eq!(erased["deleted"], json!([["identity", 1]]));
    assert_eq!(erased["request"]["state"], "done");
    world.get(&lead, &format!("/api/v1/pupils/{pupil}")).refused(404, "not-in-scope", None);
    let auditor = world.person("auditor", "auditor", &world.district);
    let told = world.entries(&auditor, &format!("subject={pupil}&action=pupil.erase"));
    assert_eq!(told[0]["detail"], "identity: 1 rows");
    if world.config.database.is_none() {
        // Deleted rows are overwritten; the log of writes is folded into the file when the server stops.
        let sealed = std::fs::read(world.config.data.join("screening.sqlite")).unwrap();
        assert!(!sealed.windows(9).any(|part| part == "王小明".as_bytes()), "it was never there in plain");
    }
}

fn a_year_and_a_breach_are_shown(world: &World) {
    let seen = world.pupil(&world.here.class, "王小明", "20260001");
    let unseen = world.pupil(&world.there.class, "李丽", "20260002");
    let counsellor = world.token("counsellor", &world.here.id);
    let auditor = world.person("auditor", "auditor", &world.district);
    let from = jiff::Timestamp::from_millisecond(world.clock.now()).unwrap();
    world.clock.advance(Duration::from_secs(1));
    good(&world.machine("GET", &counsellor, &format!("/api/v1/pupils/{seen}"), None));
    world.clock.advance(Duration::from_secs(1));
    let before = jiff::Timestamp::from_millisecond(world.clock.now()).unwrap();
    let list = |more: &str| {
        let target = format!("/api/v1/evidence/breach?from={from}&before={before}{more}");
        let page = good(&world.get(&world.officer, &target));
        page["items"].as_array().unwrap().clone()
    };
    world.step_up(&world.officer);
    assert_eq!(list("").len(), 2, "everybody who was on record");
    assert_eq!(list(&format!("&organisation_id={}", world.there.id))[0]["pupil_id"], unseen.as_str());
    let concerned = list("&accessed=true");
    assert_eq!(concerned.len(), 1, "{concerned:?}");
    assert_eq!((&concerned[0]["pupil_id"], &concerned[0]["name"]), (&json!(seen), &json!("王小明")));
    assert_eq!(concerned[0]["contact"], "marker-contact 555 0100");
    assert!(concerned[0]["accessed_by"][0].as_str().unwrap().starts_with("token:"));
    assert!(list("&accessed=true&actor=account:nobody").is_empty());
    world.get(&auditor, &format!("/api/v1/evidence/breach?from={from}&before={before}")).refused(
        403,
        "forbidden",
        None,
    );
    let year = from.to_string()[..4].to_owned();
    let shown = good(&world.get(&auditor, &format!("/api/v1/evidence/year?year={year}")));
    let pupils: i64 = shown["pupils"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
    assert_eq!(pupils, 2, "{shown}");
    assert_eq!((&shown["accounts"]["auditor"], &shown["tokens"]["counsellor"]), (&json!(1), &json!(1)));
    assert!(shown["actions"]["pupil.read"].as_i64().unwrap() >= 1);
    assert_eq!(shown["audit_log"]["faults"], json!([]));
    assert!(!shown.to_string().contains("王小明"));
    world.get(&auditor, "/api/v1/evidence/year").refused(400, "invalid-query", None);
    world.get(&auditor, "/api/v1/evidence/year?year=1").refused(422, "invalid-value", Some("/year"));
    let lead = world.person("lead", "school-lead", &world.here.id);
    world.get(&lead, "/api/v1/retention").refused(403, "forbidden", None);
}
