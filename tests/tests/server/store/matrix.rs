//! Who may what: every route of the document, with every role and with nobody, within and outside of the scope.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::world::{ROLES, World, good, text};
use crate::client::Answer;

/// A route as the document tells it.
struct Route {
    method: String,
    path: String,
    operation: Value,
}

fn routes(world: &World) -> Vec<Route> {
    let document = world.server.get("/api/openapi.json").json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            routes.push(Route { method: method.to_uppercase(), path: path.clone(), operation: operation.clone() });
        }
    }
    routes
}

impl Route {
    fn is_guarded(&self) -> bool {
        self.operation["security"].as_array().is_some_and(|ways| !ways.contains(&json!({})))
    }

    fn is_a_stream(&self) -> bool {
        self.operation["responses"]["200"]["content"].get("text/event-stream").is_some()
    }

    fn body(&self) -> Option<Value> {
        let content = self.operation["requestBody"]["content"].as_object()?;
        content.values().next().map(|content| content["example"].clone())
    }

    /// What comes of a request that says nothing particular.
    fn ask(&self, world: &World, token: Option<&str>, target: &str) -> Answer {
        let body = self.body();
        match token {
            Some(token) => world.machine(&self.method, token, target, body.as_ref()),
            None => {
                let body = body.map(|body| body.to_string());
                let headers = [("content-type", "application/json"), ("accept-language", "en")];
                world.server.ask(&self.method, target, &headers, body.as_deref().map(str::as_bytes))
            }
        }
    }
}

/// What an answer says about permission.
fn word(answer: &Answer) -> &'static str {
    match answer.status {
        401 => "who?",
        403 if answer.json()["type"] == "/problems/forbidden" => "-",
        _ => "yes",
    }
}

/// The matrix is compared with the one that was agreed on: a route that is new, or open to somebody else, fails until
/// somebody has looked at it.
#[test]
fn every_route_with_every_role() {
    let world = World::sqlite();
    let tokens: Vec<String> = ROLES.iter().map(|role| world.token(role, &world.district)).collect();
    let mut matrix = String::new();
    let width = 46;
    let _ = writeln!(matrix, "{:width$} {:9} {}", "", "nobody", ROLES.map(|role| format!("{role:17}")).join(" "));
    for route in routes(&world).iter().filter(|route| route.is_guarded()) {
        let parts = ["{id}", "{class}", "{screening}", "{sheet}", "{source}", "{name}"];
        let mut target = parts.iter().fold(route.path.clone(), |target, part| target.replace(part, "nowhere"));
        if route.is_a_stream() {
            // Let in, a stream would not end: this query is refused behind the guard.
            target.push_str("?after=x");
        }
        assert!(!target.contains('{'), "{target} has a part that this test does not know");
        let nobody = word(&route.ask(&world, None, &target));
        assert_eq!(nobody, "who?", "{} {} answers nobody knows whom", route.method, route.path);
        let words: Vec<String> =
            tokens.iter().map(|token| format!("{:17}", word(&route.ask(&world, Some(token), &target)))).collect();
        let name = format!("{} {}", route.method, route.path);
        let line = format!("{name:width$} {nobody:9} {}", words.join(" "));
        let _ = writeln!(matrix, "{}", line.trim_end());
    }
    insta::assert_snapshot!("permissions", matrix);
}

/// An id of the other school is answered like one that does not exist, for every route with an id, for every role that may
/// have the route answered. A route whose id is new to this test fails it.
#[test]
fn every_route_with_an_id_of_elsewhere() {
    let world = World::sqlite();
    let pupil = world.pupil(&world.there.class, "王小明", "20260001");
    let counsellor = world.person("counsellor there", "counsellor", &world.there.id);
    let ask = json!({ "pupil_id": pupil, "purpose": "an alert" });
    let identity_request = text(&good(&world.post(&counsellor, "/api/v1/identity-requests", &ask))["id"]);
    let file = json!({ "pupil_id": pupil, "kind": "delete", "applicant": "pupil" });
    let subject_request = text(&good(&world.post(&world.officer, "/api/v1/subject-requests", &file))["id"]);
    let token = world.token("vendor", &world.there.id);
    let token = text(&good(&world.machine("GET", &token, "/api/v1/session", None))["id"]);
    let elsewhere = BTreeMap::from([
        ("/api/v1/accounts/{id}", counsellor.account.clone()),
        ("/api/v1/tokens/{id}", token),
        ("/api/v1/organisations/{id}", world.there.id.clone()),
        ("/api/v1/pupils/{id}", pupil),
        ("/api/v1/identity-requests/{id}", identity_request),
        ("/api/v1/subject-requests/{id}", subject_request),
    ]);
    let tokens: Vec<(&str, String)> = ROLES.iter().map(|role| (*role, world.token(role, &world.here.id))).collect();
    // Screenings belong to the whole district; what stands below them, and the others here, is looked at in the tests of the
    // district's work.
    let others = ["/api/v1/screenings", "/api/v1/alerts", "/api/v1/jobs", "/api/v1/webhooks"];
    let is_other = |route: &&Route| others.iter().any(|other| route.path.starts_with(other));
    let here = routes(&world);
    let here = here.iter().filter(|route| route.is_guarded() && route.path.contains("{id}") && !is_other(route));
    for route in here {
        let known = elsewhere.iter().find(|(path, _)| route.path.starts_with(**path));
        let (_, id) = known.unwrap_or_else(|| panic!("no id of elsewhere for {}", route.path));
        let target = route.path.replace("{id}", id);
        for (role, token) in &tokens {
            let answer = route.ask(&world, Some(token), &target);
            let kind = text(&answer.json()["type"]);
            let expected = ["/problems/forbidden", "/problems/not-in-scope", "/problems/step-up-needed"];
            assert!(expected.contains(&kind.as_str()), "{role}: {} {}: {}", route.method, route.path, answer.text());
        }
    }
    // With a fresh second factor as well, which only persons have.
    let lead = world.person("lead", "school-lead", &world.here.id);
    for path in ["/api/v1/identity-requests/{id}", "/api/v1/subject-requests/{id}"] {
        let (end, body) = if path.contains("identity") {
            ("decision", json!({ "decision": "approved" }))
        } else {
            ("completion", json!({}))
        };
        let target = format!("{}/{end}", path.replace("{id}", &elsewhere[path]));
        world.post(&lead, &target, &body).refused(404, "not-in-scope", None);
    }
}

/// Lists hold what lies within the scope, and nothing else.
#[test]
fn lists_are_held_to_the_scope() {
    let world = World::sqlite();
    let (ours, theirs) = (world.pupil(&world.here.class, "王小明", "1"), world.pupil(&world.there.class, "李丽", "2"));
    assert_ne!(ours, theirs);
    let listed = |token: &str, target: &str| -> Vec<String> {
        let page = good(&world.machine("GET", token, target, None));
        page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
    };
    let school = world.token("counsellor", &world.here.id);
    let class = world.token("counsellor", &world.here.class);
    let district = world.token("district-officer", &world.district);
    assert_eq!(listed(&school, "/api/v1/pupils"), [ours.as_str()]);
    assert_eq!(listed(&class, "/api/v1/pupils"), [ours.as_str()]);
    assert_eq!(listed(&district, "/api/v1/pupils").len(), 2);
    // A filter narrows the scope and never widens it.
    let narrowed = format!("/api/v1/pupils?organisation_id={}", world.there.id);
    assert_eq!(listed(&school, &narrowed), Vec::<String>::new());
    assert_eq!(listed(&district, &narrowed), [theirs.as_str()]);
    assert_eq!(listed(&school, "/api/v1/organisations").len(), 2);
    assert_eq!(listed(&class, "/api/v1/organisations"), [world.here.class.as_str()]);
    assert_eq!(listed(&district, "/api/v1/organisations").len(), 5);
    // Nor does what is written leave it.
    let body = json!({ "class_id": world.there.class, "name": "x", "student_id": "3" });
    world.machine("POST", &school, "/api/v1/pupils", Some(&body)).refused(422, "not-in-scope", Some("/class_id"));
    let moved = json!({ "class_id": world.here.class, "name": "王小明", "student_id": "1" });
    assert_eq!(good(&world.machine("POST", &class, "/api/v1/pupils", Some(&moved)))["done"], "corrected");
}

/// What comes of every example of the document, asked by an officer and by nobody, has a status that the document tells of its
/// route. So what a body names and is not there is no 404.
#[test]
fn every_status_is_one_of_the_document() {
    let world = World::sqlite();
    let officer = world.token("district-officer", &world.district);
    for route in routes(&world) {
        let parameters = route.operation["parameters"].as_array().cloned().unwrap_or_default();
        let mut target = parameters.iter().filter(|parameter| parameter["in"] == "path").fold(
            route.path.clone(),
            |target, parameter| {
                let name = format!("{{{}}}", text(&parameter["name"]));
                target.replace(&name, &text(&parameter["example"]))
            },
        );
        if route.is_a_stream() {
            target.push_str("?after=x");
        }
        for token in [Some(officer.as_str()), None] {
            let answer = route.ask(&world, token, &target);
            let told = route.operation["responses"].get(answer.status.to_string());
            let who = if token.is_some() { "an officer" } else { "nobody" };
            assert!(told.is_some(), "{who}: {} {target}: {} {}", route.method, answer.status, answer.text());
        }
    }
}
