//! Records of FHIR QuestionnaireResponses (R4 and R5), alone or in a Bundle.
//! Source: <https://hl7.org/fhir/R4/questionnaireresponse.html>.

use serde_json::{Map, Value as Json};

use super::json::{Cell, Record, join, number};

/// The records of a resource; `None` when it is neither a response nor a bundle of responses. Other resources of a
/// bundle, such as patients, are not read.
pub(super) fn responses(kind: &str, resource: &Map<String, Json>) -> Option<Vec<Record>> {
    match kind {
        "QuestionnaireResponse" => Some(vec![response(resource)]),
        "Bundle" => {
            let entries = resource.get("entry").and_then(Json::as_array)?;
            let inner = entries.iter().filter_map(|entry| entry.get("resource")?.as_object());
            let found: Vec<Record> = inner
                .filter(|resource| resource.get("resourceType").and_then(Json::as_str) == Some("QuestionnaireResponse"))
                .map(response)
                .collect();
            (!found.is_empty()).then_some(found)
        }
        _ => None,
    }
}

fn response(resource: &Map<String, Json>) -> Record {
    let mut record = Record::new();
    let text = |key: &str| resource.get(key).and_then(Json::as_str).map(str::to_owned);
    let reference = resource.get("subject").and_then(|subject| subject.get("reference")).and_then(Json::as_str);
    let subject = reference.map(|reference| reference.rsplit('/').next().unwrap_or(reference).to_owned());
    // A response without an id is still one sheet.
    record.insert(heading("id"), Cell::Text(text("id").unwrap_or_else(|| "-".to_owned())));
    let facts = [("subject", subject), ("authored", text("authored")), ("questionnaire", text("questionnaire"))];
    for (key, value) in facts.into_iter().chain([("status", text("status"))]) {
        record.extend(value.map(|value| (heading(key), Cell::Text(value))));
    }
    items(resource, &mut record);
    record
}

fn heading(key: &str) -> String {
    format!("QuestionnaireResponse.{key}")
}

fn items(parent: &Map<String, Json>, record: &mut Record) {
    for item in parent.get("item").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object) {
        if let Some(link) = item.get("linkId").and_then(Json::as_str) {
            let answers = item.get("answer").and_then(Json::as_array);
            let values: Vec<Cell> =
                answers.into_iter().flatten().filter_map(Json::as_object).filter_map(value).collect();
            match values.as_slice() {
                [] => {}
                [only] => {
                    record.insert(link.to_owned(), only.clone());
                }
                several => {
                    let words: Vec<String> = several.iter().map(word).collect();
                    record.insert(link.to_owned(), Cell::Text(join(&words)));
                }
            }
            for answer in answers.into_iter().flatten().filter_map(Json::as_object) {
                items(answer, record);
            }
        }
        items(item, record);
    }
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// `value[x]` of an answer: a coding by its code, a quantity by its number.
fn value(answer: &Map<String, Json>) -> Option<Cell> {
    let (_, value) = answer.iter().find(|(key, _)| key.starts_with("value"))?;
    match value {
        Json::Number(plain) => Some(number(plain)),
        Json::String(text) => Some(Cell::Text(text.clone())),
        Json::Bool(truth) => Some(Cell::Text(if *truth { "TRUE" } else { "FALSE" }.to_owned())),
        Json::Object(object) => match object.get("value").or(object.get("code")).or(object.get("display"))? {
            Json::Number(plain) => Some(number(plain)),
            Json::String(text) => Some(Cell::Text(text.clone())),
            _ => None,
        },
        _ => None,
    }
}
