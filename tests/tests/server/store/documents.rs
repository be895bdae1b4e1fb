//! Answers about the store, held to the document; and what the log does not say about them.

use serde_json::{Value, json};

use super::world::{PASSWORD, World, good, text};
use crate::documents::check;
use crate::log::log;

#[test]
fn answers_are_as_the_document_says() {
    let world = World::sqlite();
    let pupil = world.pupil(&world.here.class, "marker-name", "marker-id-1");
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let auditor = world.person("auditor", "auditor", &world.district);
    let secret = world.token("counsellor", &world.here.id);
    check(&good(&world.get(&counsellor, "/api/v1/session")), "Who");
    check(&good(&world.machine("GET", &secret, "/api/v1/session", None)), "Who");
    let ask = json!({ "pupil_id": pupil, "purpose": "an alert", "emergency": true });
    check(&good(&world.post(&counsellor, "/api/v1/identity-requests", &ask)), "IdentityRequest");
    check(&good(&world.get(&counsellor, &format!("/api/v1/pupils/{pupil}"))), "Pupil");
    check(&good(&world.get(&counsellor, &format!("/api/v1/pupils/{pupil}/identity"))), "Identity");
    let file = |kind: &str| {
        let body = json!({ "pupil_id": pupil, "kind": kind, "applicant": "guardian" });
        let request = good(&world.post(&world.officer, "/api/v1/subject-requests", &body));
        check(&request, "SubjectRequest");
        format!("/api/v1/subject-requests/{}/completion", text(&request["id"]))
    };
    world.step_up(&world.officer);
    for (kind, body) in [("copy", json!({})), ("correct", json!({ "name": "marker-other" }))] {
        check(&good(&world.post(&world.officer, &file(kind), &body)), "Completed");
    }
    let rule = json!({ "days": 1095, "basis": "school rule 10" });
    check(&good(&world.send("PUT", &world.officer, "/api/v1/retention/identity", &rule, &[])), "RetentionRules");
    let breach = "/api/v1/evidence/breach?from=2020-01-01T00:00:00Z&before=2100-01-01T00:00:00Z";
    let lists = [
        (&world.officer, "/api/v1/accounts", "Account"),
        (&world.officer, "/api/v1/tokens", "Token"),
        (&world.officer, "/api/v1/organisations", "Organisation"),
        (&world.officer, "/api/v1/pupils", "Pupil"),
        (&world.officer, "/api/v1/identity-requests", "IdentityRequest"),
        (&world.officer, "/api/v1/subject-requests", "SubjectRequest"),
        (&world.officer, breach, "Concerned"),
        (&auditor, "/api/v1/audit", "AuditEntry"),
    ];
    for (person, target, schema) in lists {
        let page = good(&world.get(person, target));
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{target}");
        items.iter().for_each(|item| check(item, schema));
    }
    check(&good(&world.get(&auditor, "/api/v1/audit/verification")), "Verification");
    check(&good(&world.get(&auditor, "/api/v1/evidence/year?year=2026")), "Year");
    let erased: Value = good(&world.post(&world.officer, &file("delete"), &json!({})));
    check(&erased, "Completed");
    // Nothing of all that is in the log.
    let log = log();
    for private in ["marker", PASSWORD, secret.as_str(), world.officer.cookie(), "counsellor", &pupil] {
        assert!(!log.contains(private), "`{private}` is in the log");
    }
}
