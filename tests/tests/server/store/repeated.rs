//! Requests that are sent again.

use std::time::Duration;

use serde_json::json;

use super::on_both;
use super::world::{World, good};

on_both!(a_request_with_a_key_is_done_once);

fn a_request_with_a_key_is_done_once(world: &World) {
    let body = json!({ "parent_id": world.district, "code": "S07", "name": "School 7" });
    let key = [("idempotency-key", "0197f0a0-aaaa-7000-8000-000000000001")];
    let send = |body: &serde_json::Value| world.send("POST", &world.officer, "/api/v1/organisations", body, &key);
    let first = send(&body);
    good(&first);
    let again = send(&body);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    // Without the key it is another request, which comes too late.
    world.post(&world.officer, "/api/v1/organisations", &body).refused(409, "already-there", None);
    let other = json!({ "parent_id": world.district, "code": "S08", "name": "School 8" });
    send(&other).refused(422, "idempotency-key-reused", None);
    // The key of one caller is not that of another.
    let token = world.token("district-officer", &world.district);
    let bearer = format!("Bearer {token}");
    let headers = [key[0], ("authorization", &bearer), ("content-type", "application/json"), ("accept-language", "en")];
    let text = other.to_string();
    good(&world.server.ask("POST", "/api/v1/organisations", &headers, Some(text.as_bytes())));
    let short = [("idempotency-key", "short")];
    let refused = world.send("POST", &world.officer, "/api/v1/organisations", &other, &short);
    refused.refused(400, "invalid-idempotency-key", None);
    // What was refused is not kept: corrected, the request goes through.
    let key = [("idempotency-key", "0197f0a0-aaaa-7000-8000-000000000002")];
    let wrong = json!({ "parent_id": "nowhere", "code": "S10", "name": "x" });
    world.send("POST", &world.officer, "/api/v1/organisations", &wrong, &key).refused(
        422,
        "not-in-scope",
        Some("/parent_id"),
    );
    let right = json!({ "parent_id": world.district, "code": "S10", "name": "x" });
    good(&world.send("POST", &world.officer, "/api/v1/organisations", &right, &key));
}

#[test]
fn many_at_the_same_time_are_one() {
    let world = World::sqlite();
    let token = world.token("district-officer", &world.district);
    let body = json!({ "parent_id": world.district, "code": "S07", "name": "School 7" }).to_string();
    let bearer = format!("Bearer {token}");
    let headers = [
        ("idempotency-key", "0197f0a0-aaaa-7000-8000-000000000003"),
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept-language", "en"),
    ];
    let ask = || world.server.ask("POST", "/api/v1/organisations", &headers, Some(body.as_bytes()));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty() && done.iter().all(|answer| answer.body == done[0].body));
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)), "the others are told to come again");
    assert_eq!(ask().body, done[0].body);
    world.clock.advance(Duration::from_hours(25));
    ask().refused(409, "already-there", None);
}
