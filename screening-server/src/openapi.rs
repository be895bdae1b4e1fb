//! The OpenAPI 3.1 document, made from the table of routes: a route cannot be there without its entry.

use std::collections::BTreeMap;

use screening_core::instrument::Language;
use serde_json::{Map, Value, json};

use crate::guard::Access;
use crate::problem::{MEDIA_TYPE, ProblemKind, texts_of};
use crate::routes::{ROUTES, Route};

/// Title and description; operations by id, and the schemas they name.
const RESOURCE: &str = include_str!("../resources/openapi.json");
/// More operations, schemas and tags.
const MORE: &[&str] =
    &[include_str!("../resources/openapi-store.json"), include_str!("../resources/openapi-district.json")];

/// Everything that the resources say.
fn resource() -> Value {
    // A broken resource is excluded by a test.
    let mut whole: Value = serde_json::from_str(RESOURCE).unwrap_or_default();
    for text in MORE {
        let more: Value = serde_json::from_str(text).unwrap_or_default();
        add(&mut whole, more);
    }
    whole
}

/// Adds the entries of an object, of what is below it, and of lists.
fn add(whole: &mut Value, more: Value) {
    match (whole, more) {
        (Value::Object(whole), Value::Object(more)) => {
            more.into_iter().for_each(|(key, value)| add(whole.entry(key).or_insert(Value::Null), value));
        }
        (Value::Array(whole), Value::Array(more)) => whole.extend(more),
        (whole, more) => *whole = more,
    }
}

/// Problems that come with the access of a route.
fn of_access(access: Access) -> &'static [ProblemKind] {
    match access {
        Access::Open => &[],
        Access::Scoring => &[ProblemKind::Unauthenticated, ProblemKind::Forbidden, ProblemKind::TooManyRequests],
        Access::Known | Access::Needs(_) => &[
            ProblemKind::NoStore,
            ProblemKind::StoreUnavailable,
            ProblemKind::Unauthenticated,
            ProblemKind::Forbidden,
            ProblemKind::CsrfMissing,
            ProblemKind::TooManyRequests,
            ProblemKind::InvalidIdempotencyKey,
            ProblemKind::IdempotencyKeyReused,
        ],
    }
}

/// The OpenAPI 3.1 document of the server.
///
/// ```
/// let document = screening_server::openapi_document();
/// assert_eq!(document["openapi"], "3.1.0");
/// assert!(document["paths"]["/api/v1/score/{instrument}"]["post"]["requestBody"].is_object());
/// ```
pub fn document() -> Value {
    let resource = resource();
    let mut paths = Map::new();
    for route in ROUTES {
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(route.method.to_owned(), operation(route, &resource["operations"][route.operation]));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": resource["title"],
            "version": screening_core::scoring::ENGINE_VERSION,
            "description": resource["description"],
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": resource["tags"],
        "paths": paths,
        "components": resource["components"],
    })
}

/// The entry of the resource with the id and the problems of the route.
fn operation(route: &Route, entry: &Value) -> Value {
    let mut operation = entry.clone();
    let Some(fields) = operation.as_object_mut() else { return operation };
    fields.insert("operationId".to_owned(), route.operation.into());
    match route.access {
        Access::Open => {}
        // An empty entry: it depends on how the server is set up.
        Access::Scoring => drop(fields.insert("security".to_owned(), json!([{}, { "token": [] }, { "session": [] }]))),
        Access::Known | Access::Needs(_) => {
            drop(fields.insert("security".to_owned(), json!([{ "token": [] }, { "session": [] }])));
        }
    }
    if let Access::Needs(permission) = route.access {
        fields.insert("x-permission".to_owned(), permission.to_string().into());
    }
    let responses = fields.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return operation };
    let named = route.path.contains('{') || names_instrument(entry);
    for (status, kinds) in by_status(route, named) {
        let titles: Vec<String> =
            kinds.iter().map(|kind| format!("`{}`: {}", kind.uri(), texts_of(*kind).title.get(Language::En))).collect();
        responses.insert(
            status.to_string(),
            json!({
                "description": titles.join("; "),
                "content": { MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
            }),
        );
    }
    operation
}

/// Whether an instrument is named in the query.
fn names_instrument(entry: &Value) -> bool {
    let parameters = entry["parameters"].as_array();
    parameters.is_some_and(|list| list.iter().any(|own| own["in"] == "query" && own["name"] == "instrument"))
}

/// Kinds by the statuses they come with. Of what is not there, that which the address names is 404, and that which the body
/// names 422.
fn by_status(route: &Route, named: bool) -> BTreeMap<u16, Vec<ProblemKind>> {
    let mut statuses: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    let reads_names = route.problems.contains(&ProblemKind::WrongType);
    let kinds = route.problems.iter().chain(of_access(route.access));
    for kind in kinds {
        let status = kind.status().as_u16();
        let may_be_named =
            matches!(kind, ProblemKind::UnknownInstrument | ProblemKind::UnknownVersion | ProblemKind::NotInScope);
        let mut told = |status| {
            let kinds = statuses.entry(status).or_default();
            if !kinds.contains(kind) {
                kinds.push(*kind);
            }
        };
        if status != 404 || !reads_names || (may_be_named && named) {
            told(status);
        }
        if status == 404 && reads_names {
            told(422);
        }
    }
    statuses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_an_entry_and_every_entry_a_route() {
        for text in MORE.iter().chain([&RESOURCE]) {
            serde_json::from_str::<Value>(text).unwrap();
        }
        let resource = resource();
        let mut entries: Vec<&str> = resource["operations"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut routes: Vec<&str> = ROUTES.iter().map(|route| route.operation).collect();
        entries.sort_unstable();
        routes.sort_unstable();
        assert_eq!(entries, routes);
        let document = document();
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method];
            let good = operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with(['2', '3']));
            assert!(operation["summary"].is_string() && good, "{}", route.path);
            let parameters = route.path.matches('{').count();
            let named = operation["parameters"]
                .as_array()
                .map_or(0, |list| list.iter().filter(|parameter| parameter["in"] == "path").count());
            assert_eq!(parameters, named, "{}", route.path);
        }
    }

    /// Every `$ref` leads somewhere.
    #[test]
    fn references_are_whole() {
        fn walk(value: &Value, root: &Value) {
            match value {
                Value::Object(entries) => {
                    if let Some(Value::String(reference)) = entries.get("$ref") {
                        let found = root.pointer(reference.trim_start_matches('#'));
                        assert!(found.is_some(), "{reference}");
                    }
                    entries.values().for_each(|entry| walk(entry, root));
                }
                Value::Array(list) => list.iter().for_each(|entry| walk(entry, root)),
                _ => {}
            }
        }
        let document = document();
        walk(&document, &document);
    }
}
