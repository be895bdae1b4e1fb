//! Accounts: the first one, invitations, logging in, second factors, lock-outs, sessions, tokens.

use std::time::Duration;

use screening_server::{Config, Limits, Scoring};
use serde_json::json;

use super::on_both;
use super::world::{PASSWORD, World, good, text};
use crate::client::{SHARED, start};

on_both!(
    the_first_account_needs_the_code_and_comes_once,
    tokens_are_shown_once_and_end,
    wrong_passwords_wait_longer_and_longer
);

fn the_first_account_needs_the_code_and_comes_once(world: &World) {
    let body = json!({ "code": "ABCDEFGHIJKLMNOP", "district_code": "x", "district_name": "x", "name": "y",
        "password": PASSWORD });
    world.server.post("/api/v1/setup", &body.to_string()).refused(422, "not-in-scope", Some("/code"));
    let who = good(&world.get(&world.officer, "/api/v1/session"));
    assert_eq!((text(&who["role"]), text(&who["scope"])), ("district-officer".into(), "district".into()));
    assert_eq!(text(&who["organisation_id"]), world.district);
    // Started again, the server offers no code.
    let again = start(Config { store: Some(world.config.clone()), ..Config::default() });
    assert_eq!(again.setup_code, None);
}

#[test]
fn a_server_without_a_store_has_no_accounts() {
    SHARED.get("/api/v1/session").refused(501, "no-store", None);
    SHARED.post("/api/v1/session", r#"{"name": "a", "password": "b"}"#).refused(501, "no-store", None);
}

#[test]
fn the_cookie_is_strict_and_what_changes_something_needs_the_token_beside_it() {
    let world = World::sqlite();
    let answer = world.server.post("/api/v1/session", &json!({ "name": "officer", "password": PASSWORD }).to_string());
    answer.refused(401, "code-needed", None);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    world.clock.advance(Duration::from_mins(1));
    let code = world.code_of(&world.officer);
    let body = json!({ "name": " OFFICER ", "password": PASSWORD, "code": code }).to_string();
    let answer = world.server.post("/api/v1/session", &body);
    good(&answer);
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["__Host-screening=", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    world.server.post("/api/v1/session", &body).refused(401, "log-in-refused", None);
    // The cookie alone reads and changes nothing.
    let alone = [("cookie", world.officer.cookie()), ("content-type", "application/json"), ("accept-language", "en")];
    assert_eq!(world.server.ask("GET", "/api/v1/accounts", &alone, None).status, 200);
    let body = json!({ "parent_id": world.district, "code": "S09", "name": "x" }).to_string();
    let refused = world.server.ask("POST", "/api/v1/organisations", &alone, Some(body.as_bytes()));
    refused.refused(403, "csrf-missing", None);
    let mut forged = alone.to_vec();
    forged.push(("x-csrf-token", "0000"));
    let refused = world.server.ask("POST", "/api/v1/organisations", &forged, Some(body.as_bytes()));
    refused.refused(403, "csrf-missing", None);
}

#[test]
fn sessions_end() {
    let world = World::sqlite();
    let person = world.person("counsellor", "counsellor", &world.here.id);
    good(&world.get(&person, "/api/v1/session"));
    let answer = world.send("DELETE", &person, "/api/v1/session", &json!({}), &[]);
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    world.get(&person, "/api/v1/session").refused(401, "unauthenticated", None);
    // An hour without a request.
    good(&world.get(&world.officer, "/api/v1/session"));
    world.clock.advance(Duration::from_hours(1));
    world.get(&world.officer, "/api/v1/session").refused(401, "unauthenticated", None);
}

#[test]
fn what_an_account_may_do_ends_with_it() {
    let world = World::sqlite();
    let person = world.person("counsellor", "counsellor", &world.here.id);
    let target = format!("/api/v1/accounts/{}", person.account);
    world.step_up(&world.officer);
    let changed = good(&world.send("PATCH", &world.officer, &target, &json!({ "disabled": true }), &[]));
    assert!(changed["disabled_at"].is_string());
    world.get(&person, "/api/v1/session").refused(401, "unauthenticated", None);
    let log_in = json!({ "name": "counsellor", "password": PASSWORD, "code": "000000" }).to_string();
    world.server.post("/api/v1/session", &log_in).refused(401, "log-in-refused", None);
    // Nobody changes their own account, and nobody another without a fresh second factor.
    let own = format!("/api/v1/accounts/{}", world.officer.account);
    world.send("PATCH", &world.officer, &own, &json!({ "role": "vendor" }), &[]).refused(409, "not-now", None);
    world.clock.advance(Duration::from_mins(11));
    world.send("PATCH", &world.officer, &target, &json!({ "disabled": false }), &[]).refused(
        403,
        "step-up-needed",
        None,
    );
    world.step_up(&world.officer);
    // A new invitation takes password and authenticator away.
    good(&world.send("PATCH", &world.officer, &target, &json!({ "disabled": false }), &[]));
    let invited = good(&world.post(&world.officer, &format!("{target}/invitation"), &json!({})));
    assert_eq!(invited["account"]["second_factor"], false);
    world.server.post("/api/v1/session", &log_in).refused(401, "log-in-refused", None);
    let accept = json!({ "code": invited["invitation"], "password": PASSWORD }).to_string();
    assert_eq!(world.server.post("/api/v1/invitation", &accept).status, 204);
    world.server.post("/api/v1/invitation", &accept).refused(422, "not-in-scope", Some("/code"));
    world.log_in("counsellor");
}

#[test]
fn passwords_are_changed_by_who_knows_them() {
    let world = World::sqlite();
    let person = world.person("lead", "school-lead", &world.here.id);
    let target = "/api/v1/session/password";
    let change = |old: &str, new: &str| world.post(&person, target, &json!({ "password": old, "new_password": new }));
    change("something else", "another long sentence").refused(422, "invalid-value", Some("/password"));
    change(PASSWORD, "short").refused(422, "invalid-value", Some("/new_password"));
    assert_eq!(change(PASSWORD, "another long sentence").status, 204);
    world.get(&person, "/api/v1/session").refused(401, "unauthenticated", None);
    let log_in = |password: &str| {
        world.clock.advance(Duration::from_secs(30));
        let body = json!({ "name": "lead", "password": password, "code": world.code_of(&person) });
        world.server.post("/api/v1/session", &body.to_string())
    };
    log_in(PASSWORD).refused(401, "log-in-refused", None);
    good(&log_in("another long sentence"));
}

fn wrong_passwords_wait_longer_and_longer(world: &World) {
    for name in ["officer", "nobody"] {
        let body = json!({ "name": name, "password": "not the password" }).to_string();
        for _ in 0..5 {
            world.server.post("/api/v1/session", &body).refused(401, "log-in-refused", None);
        }
        let locked = world.server.post("/api/v1/session", &body);
        locked.refused(429, "locked-out", None);
        let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
        assert!((25..=31).contains(&wait), "{wait}");
        // The right password does not help meanwhile.
        let right = json!({ "name": name, "password": PASSWORD }).to_string();
        world.server.post("/api/v1/session", &right).refused(429, "locked-out", None);
        world.clock.advance(Duration::from_secs(wait + 1));
        world.server.post("/api/v1/session", &body).refused(401, "log-in-refused", None);
        let longer: u64 = world.server.post("/api/v1/session", &body).header("retry-after").unwrap().parse().unwrap();
        assert!((55..=61).contains(&longer), "{longer}");
    }
}

#[test]
fn codes_are_guessed_as_little_as_passwords() {
    let world = World::sqlite();
    let body = json!({ "code": "000000" });
    for _ in 0..5 {
        world.post(&world.officer, "/api/v1/session/step-up", &body).refused(403, "code-refused", None);
    }
    world.post(&world.officer, "/api/v1/session/step-up", &body).refused(429, "locked-out", None);
    // Asking without a code first does not give the attempts back.
    let without = json!({ "name": "officer", "password": PASSWORD }).to_string();
    let with = json!({ "name": "officer", "password": PASSWORD, "code": "000000" }).to_string();
    let kinds: Vec<u16> =
        (0..4).flat_map(|_| [&without, &with]).map(|body| world.server.post("/api/v1/session", body).status).collect();
    assert_eq!(kinds.last(), Some(&429), "{kinds:?}");
}

fn tokens_are_shown_once_and_end(world: &World) {
    let token = world.token("counsellor", &world.here.id);
    let who = good(&world.machine("GET", &token, "/api/v1/session", None));
    assert_eq!((text(&who["kind"]), text(&who["organisation_id"])), ("token".into(), world.here.id.clone()));
    let listed = good(&world.get(&world.officer, "/api/v1/tokens"));
    assert!(!listed.to_string().contains(&token), "{listed}");
    let id = text(&who["id"]);
    for wrong in ["scr_", "x", &format!("{token}x"), &token[..20]] {
        world.machine("GET", wrong, "/api/v1/session", None).refused(401, "unauthenticated", None);
    }
    // A machine has no password, no second factor, and gives nobody anything.
    world.machine("POST", &token, "/api/v1/session/totp", Some(&json!({}))).refused(403, "session-needed", None);
    let revoked = world.send("DELETE", &world.officer, &format!("/api/v1/tokens/{id}"), &json!({}), &[]);
    assert_eq!(good(&revoked)["revoked"], id.as_str());
    world.machine("GET", &token, "/api/v1/session", None).refused(401, "unauthenticated", None);
    let short = world.token("vendor", &world.district);
    good(&world.machine("GET", &short, "/api/v1/session", None));
    world.clock.advance(Duration::from_hours(91 * 24));
    world.machine("GET", &short, "/api/v1/session", None).refused(401, "unauthenticated", None);
}

#[test]
fn who_asks_too_often_is_told_to_wait_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::sqlite();
    let [quick, other] = [(); 2].map(|()| world.token("vendor", &world.district));
    drop(folder);
    let limits = Limits { token_rate: 2, ..Limits::default() };
    let config = Config { store: Some(world.config.clone()), limits, scoring: Scoring::Accounts, ..Config::default() };
    let slow = start(config);
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("accept-language", "en")];
        slow.ask("GET", "/api/v1/session", &headers, None)
    };
    let statuses: Vec<u16> = (0..6).map(|_| ask(&quick).status).collect();
    assert_eq!(statuses[..2], [200, 200]);
    let limited = ask(&quick);
    limited.refused(429, "too-many-requests", None);
    assert!(limited.header("retry-after").is_some());
    assert_eq!(ask(&other).status, 200, "another token of the same address");
}

#[test]
fn scoring_is_open_at_the_loopback_and_held_to_tokens_when_asked_to() {
    let world = World::sqlite();
    let target = "/api/v1/score/gad-7";
    let body = json!({ "answers": { "1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1, "7": 1 }, "explain": false });
    assert_eq!(world.server.post(target, &body.to_string()).status, 200);
    let (vendor, teacher) = (world.token("vendor", &world.district), world.token("class-teacher", &world.here.class));
    let config = Config { store: Some(world.config.clone()), scoring: Scoring::Accounts, ..Config::default() };
    let strict = start(config);
    strict.post(target, &body.to_string()).refused(401, "unauthenticated", None);
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("accept-language", "en")];
        strict.ask("POST", target, &headers, Some(body.to_string().as_bytes()))
    };
    assert_eq!(good(&ask(&vendor))["scores"]["total"]["value"], 7);
    ask(&teacher).refused(403, "forbidden", None);
    strict.get("/api/v1/instruments").json();
}
