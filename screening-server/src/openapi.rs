//! The OpenAPI 3.1 document, made from the table of routes: a route cannot be there without its entry.

use std::collections::BTreeMap;

use screening_core::instrument::Language;
use serde_json::{Map, Value, json};

use crate::problem::{MEDIA_TYPE, ProblemKind, texts_of};
use crate::routes::{ROUTES, Route};

/// Operations by id, and the schemas they name.
const RESOURCE: &str = include_str!("../resources/openapi.json");

/// The OpenAPI 3.1 document of the server.
///
/// ```
/// let document = screening_server::openapi_document();
/// assert_eq!(document["openapi"], "3.1.0");
/// assert!(document["paths"]["/api/v1/score/{instrument}"]["post"]["requestBody"].is_object());
/// ```
pub fn document() -> Value {
    // A broken resource is excluded by a test.
    let resource: Value = serde_json::from_str(RESOURCE).unwrap_or_default();
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
    let responses = fields.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return operation };
    for (status, kinds) in by_status(route) {
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

/// Kinds by the statuses they come with. Of what is not there, that which the path names is 404, and that which the body
/// names 422.
fn by_status(route: &Route) -> BTreeMap<u16, Vec<ProblemKind>> {
    let mut statuses: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    let reads_names = route.problems.contains(&ProblemKind::WrongType);
    for kind in route.problems {
        let status = kind.status().as_u16();
        let in_path = matches!(kind, ProblemKind::UnknownInstrument | ProblemKind::UnknownVersion);
        if status != 404 || !reads_names || (in_path && route.path.contains('{')) {
            statuses.entry(status).or_default().push(*kind);
        }
        if status == 404 && reads_names {
            statuses.entry(422).or_default().push(*kind);
        }
    }
    statuses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_an_entry_and_every_entry_a_route() {
        let resource: Value = serde_json::from_str(RESOURCE).unwrap();
        let mut entries: Vec<&str> = resource["operations"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut routes: Vec<&str> = ROUTES.iter().map(|route| route.operation).collect();
        entries.sort_unstable();
        routes.sort_unstable();
        assert_eq!(entries, routes);
        let document = document();
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method];
            assert!(operation["summary"].is_string() && operation["responses"]["200"].is_object(), "{}", route.path);
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
