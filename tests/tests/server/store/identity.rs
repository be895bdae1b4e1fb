//! Approve, then view.

use std::time::Duration;

use serde_json::{Value, json};

use super::on_both;
use super::world::{World, good, text};

on_both!(an_identity_is_viewed_after_another_person_approved, an_emergency_is_viewed_at_once_and_reviewed_afterwards);

fn ask(pupil: &str, emergency: bool) -> Value {
    json!({ "pupil_id": pupil, "purpose": "talk with the pupil about an alert", "emergency": emergency })
}

fn an_identity_is_viewed_after_another_person_approved(world: &World) {
    let pupil = world.pupil(&world.here.class, "王小明", "20260001");
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let lead = world.person("lead", "school-lead", &world.here.id);
    let view = format!("/api/v1/pupils/{pupil}/identity");
    world.get(&counsellor, &view).refused(403, "not-approved", None);
    let request = good(&world.post(&counsellor, "/api/v1/identity-requests", &ask(&pupil, false)));
    world.get(&counsellor, &view).refused(403, "not-approved", None);
    let decision = format!("/api/v1/identity-requests/{}/decision", text(&request["id"]));
    let approve = json!({ "decision": "approved", "hours": 2 });
    world.post(&counsellor, &decision, &approve).refused(403, "forbidden", None);
    world.clock.advance(Duration::from_mins(11));
    world.post(&lead, &decision, &approve).refused(403, "step-up-needed", None);
    world.step_up(&lead);
    world.post(&lead, &decision, &json!({ "decision": "refused" })).refused(422, "invalid-value", Some("/reason"));
    let approved = good(&world.post(&lead, &decision, &approve));
    assert_eq!(
        (&approved["state"], approved["decided_by"].as_str().unwrap()),
        (&json!("approved"), format!("account:{}", lead.account).as_str())
    );
    world.post(&lead, &decision, &approve).refused(409, "not-now", None);
    let identity = good(&world.get(&counsellor, &view));
    assert_eq!(identity["name"], "王小明");
    assert_eq!((&identity["student_id"], &identity["birth_date"]), (&json!("20260001"), &json!("2013-05-04")));
    // It is approved for who asked and not for who approved, nor for another pupil, nor for ever.
    world.get(&lead, &view).refused(403, "not-approved", None);
    let other = world.pupil(&world.here.class, "李丽", "20260002");
    world.get(&counsellor, &format!("/api/v1/pupils/{other}/identity")).refused(403, "not-approved", None);
    for _ in 0..5 {
        world.clock.advance(Duration::from_mins(25));
        world.get(&counsellor, "/api/v1/session");
    }
    world.get(&counsellor, &view).refused(403, "not-approved", None);
    // In lists names are masked.
    let listed = good(&world.get(&counsellor, "/api/v1/pupils"));
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|pupil| pupil["label"]["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"王**") && names.contains(&"李*"), "{names:?}");
    assert!(!listed.to_string().contains("20260001"));
}

fn an_emergency_is_viewed_at_once_and_reviewed_afterwards(world: &World) {
    let pupil = world.pupil(&world.here.class, "王小明", "20260001");
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let lead = world.person("lead", "school-lead", &world.here.id);
    let view = format!("/api/v1/pupils/{pupil}/identity");
    world.post(&lead, "/api/v1/identity-requests", &ask(&pupil, true)).refused(403, "forbidden", None);
    let request = good(&world.post(&counsellor, "/api/v1/identity-requests", &ask(&pupil, true)));
    assert_eq!((&request["state"], &request["emergency"]), (&json!("open"), &json!(true)));
    assert_eq!(good(&world.get(&counsellor, &view))["name"], "王小明");
    let waiting = good(&world.get(&lead, "/api/v1/identity-requests?state=open"));
    assert_eq!(waiting["items"][0]["id"], request["id"]);
    // The review ends the view when it finds no emergency.
    let decision = format!("/api/v1/identity-requests/{}/decision", text(&request["id"]));
    world.step_up(&lead);
    good(&world.post(&lead, &decision, &json!({ "decision": "refused", "reason": "no emergency" })));
    world.get(&counsellor, &view).refused(403, "not-approved", None);
    good(&world.post(&counsellor, "/api/v1/identity-requests", &ask(&pupil, true)));
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(25));
        world.get(&counsellor, "/api/v1/session");
    }
    world.get(&counsellor, &view).refused(403, "not-approved", None);
}

#[test]
fn machines_and_other_schools_see_nobody() {
    let world = World::sqlite();
    let pupil = world.pupil(&world.there.class, "王小明", "20260001");
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let post = |body: &Value| world.post(&counsellor, "/api/v1/identity-requests", body);
    post(&ask(&pupil, true)).refused(422, "not-in-scope", Some("/pupil_id"));
    post(&ask("nobody", false)).refused(422, "not-in-scope", Some("/pupil_id"));
    let token = world.token("counsellor", &world.there.id);
    let asked = world.machine("POST", &token, "/api/v1/identity-requests", Some(&ask(&pupil, true)));
    asked.refused(403, "forbidden", None);
}
