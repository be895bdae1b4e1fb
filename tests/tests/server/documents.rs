//! The documents that describe the interface, held to the server.

use screening_tests::repository;
use serde_json::Value;

use crate::client::SHARED;

#[test]
fn every_path_of_the_document_is_answered() {
    let document = SHARED.get("/api/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, screening_server::openapi_document());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let target =
                operation["parameters"].as_array().into_iter().flatten().fold(path.clone(), |path, parameter| {
                    let name = format!("{{{}}}", parameter["name"].as_str().unwrap_or_default());
                    path.replace(&name, parameter["example"].as_str().unwrap_or_default())
                });
            assert!(!target.contains('{'), "{target}: every part of a path has an example");
            // What the document shows as an example works as it stands.
            let answer = match operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next())
            {
                None => SHARED.ask(&method.to_uppercase(), &target, &[("accept-language", "en")], None),
                Some((media, content)) => {
                    let example = &content["example"];
                    let body = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                    let headers = [("content-type", media.as_str()), ("accept-language", "en")];
                    SHARED.ask(&method.to_uppercase(), &target, &headers, Some(body.as_bytes()))
                }
            };
            // What needs a store is shown by the tests of the store; this server has none, and says so.
            let open = operation["security"].as_array().is_none_or(|ways| ways.contains(&serde_json::json!({})));
            if !open || ["accounts", "pushes"].iter().any(|tag| operation["tags"][0] == *tag) {
                answer.refused(501, "no-store", None);
                continue;
            }
            assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
            let media = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
            let stated = &operation["responses"]["200"]["content"];
            assert!(stated.get(media).is_some(), "{target}: {media} is not in {stated}");
        }
    }
}

/// As much of JSON Schema as the document uses.
fn holds(value: &Value, schema: &Value, root: &Value, place: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return holds(value, root.pointer(reference.trim_start_matches('#')).unwrap(), root, place);
    }
    if let Some(choices) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let mut refused = Vec::new();
        for choice in choices {
            match holds(value, choice, root, place) {
                Ok(()) => return Ok(()),
                Err(why) => refused.push(why),
            }
        }
        return Err(refused.join(" | "));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{place}: {value} is none of {words:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is(kind)) {
        return Err(format!("{place}: {value} is not {types:?}"));
    }
    if let Some(entries) = value.as_object() {
        for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.contains_key(needed) {
                return Err(format!("{place}: `{needed}` is not there"));
            }
        }
        for (key, entry) in entries {
            let below = format!("{place}/{key}");
            match (schema["properties"].get(key), &schema["additionalProperties"]) {
                (Some(known), _) => holds(entry, known, root, &below)?,
                (None, Value::Bool(false)) => return Err(format!("{below}: not in the document")),
                (None, other @ Value::Object(_)) => holds(entry, other, root, &below)?,
                (None, _) => {}
            }
        }
    }
    if let (Some(list), Some(items)) = (value.as_array(), schema.get("items")) {
        list.iter().try_for_each(|entry| holds(entry, items, root, place))?;
    }
    Ok(())
}

#[track_caller]
pub(crate) fn check(answer: &Value, schema: &str) {
    let document = screening_server::openapi_document();
    let schema = document.pointer(&format!("/components/schemas/{schema}")).unwrap();
    holds(answer, schema, &document, "").unwrap_or_else(|why| panic!("{why}\n{answer:#}"));
}

#[test]
fn answers_are_as_the_document_says() {
    for id in ["gad-7", "phq-9", "scl-90", "asq", "mht"] {
        let partial = SHARED
            .post(&format!("/api/v1/score/{id}"), r#"{"partial": true, "answers": {}, "context": {"sex": "male"}}"#);
        check(&partial.json(), "SheetResult");
    }
    let scl = crate::client::numbered(&[3; 90]);
    let body = format!(
        r#"{{"answers": {{"scl-90": {scl}}}, "policy": "district-default", "validity": "district-default", "norms": ["scl-90-cn-1986"]}}"#
    );
    check(&SHARED.post("/api/v1/score", &body).json(), "BatteryResult");
    check(&SHARED.post("/api/v1/score/gad-7", r#"{"answers": {"1": 9}, "x": 1}"#).json(), "Problem");
    for (target, schema) in [
        ("/api/v1/instruments", "InstrumentEntry"),
        ("/api/v1/policies", "PolicyEntry"),
        ("/api/v1/norms", "NormEntry"),
        ("/api/v1/validity-plans", "PlanEntry"),
        ("/problems", "Described"),
    ] {
        SHARED.get(target).json().as_array().unwrap().iter().for_each(|entry| check(entry, schema));
    }
    check(&SHARED.get("/api/v1/instruments/gad-7").json(), "Whole");
    check(&SHARED.get("/api/v1/policies/district-default").json(), "Whole");
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let page = SHARED.get("/api");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let text = page.text();
    assert!(text.contains("/api/openapi.json"));
    for outside in ["http://", "https://", "//cdn", "@import", "src="] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[test]
fn every_type_leads_to_its_description() {
    for problem in SHARED.get("/problems").json().as_array().unwrap() {
        let uri = problem["type"].as_str().unwrap();
        assert_eq!(&SHARED.get(uri).json(), problem, "{uri}");
    }
}

#[test]
fn the_page_of_the_server_lists_every_problem() {
    let page = std::fs::read_to_string(repository().join("docs/server.md")).unwrap();
    let reference = screening_server::problem_reference();
    assert!(page.contains(reference.trim()), "docs/server.md is not current; the table is:\n{reference}");
}

/// The line that a newcomer copies from the README, and its answer.
#[test]
fn the_line_of_the_readme_works() {
    let page = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let body = page.split("-d '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let answer = SHARED.post("/api/v1/score/gad-7", body).json();
    let shown = page
        .split("-d '")
        .nth(1)
        .and_then(|rest| rest.split("```json\n").nth(1))
        .and_then(|rest| rest.split("```").next());
    let shown: Value = serde_json::from_str(shown.unwrap()).unwrap();
    for (key, value) in shown.as_object().unwrap() {
        assert_eq!(&answer["scores"]["total"][key], value, "{key}");
    }
}
