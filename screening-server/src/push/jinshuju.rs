//! Jinshuju (金数据): `form` and `entry`. There is no signature; the address is the secret. An entry that was changed is pushed
//! again under its number.
//!
//! Headings are the keys of the entry (`field_1`, `x_field_1`); a field with parts has `<key>.<part>`.

use serde_json::{Map, Value};

use super::{Action, DURATION, ID, Pushed, SEVERAL, SUBMITTED, Unread, needed, text};

/// Keys about the device and the place, which nobody needs.
const LEFT: [&str; 8] = [
    "info_remote_ip",
    "info_region",
    "info_platform",
    "info_os",
    "info_browser",
    "creator_name",
    "info_user_agent",
    "updated_at",
];

pub(super) fn read(object: &Map<String, Value>) -> Result<Pushed, Unread> {
    let survey = needed(object, "form")?;
    let entry = object.get("entry").and_then(Value::as_object).ok_or(Unread::Key("entry"))?;
    let answer = needed(entry, "serial_number")?;
    let mut cells = vec![(ID.to_owned(), answer.clone())];
    for (key, value) in entry.iter().filter(|(key, _)| !LEFT.contains(&key.as_str())) {
        let heading = match key.as_str() {
            "created_at" => SUBMITTED,
            "info_filling_duration" => DURATION,
            other => other,
        };
        add(heading, value, &mut cells);
    }
    Ok(Pushed { action: Action::Put, survey, answer, cells })
}

fn add(heading: &str, value: &Value, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Object(parts) => {
            for (part, value) in parts {
                cells.extend(text(value).map(|cell| (format!("{heading}.{part}"), cell)));
            }
        }
        Value::Array(list) => {
            let chosen: Vec<String> = list.iter().filter_map(text).collect();
            cells.push((heading.to_owned(), chosen.join(SEVERAL)));
        }
        scalar => cells.extend(text(scalar).map(|cell| (heading.to_owned(), cell))),
    }
}

#[cfg(test)]
mod tests {
    use crate::push::{Platform, read};

    use super::*;

    #[test]
    fn an_entry_is_read_by_field() {
        let body = r#"{"form": "RygpW3", "form_name": "marker", "entry": {"serial_number": 123, "field_1": "1001",
            "field_2": ["7oLf", "vQki"], "field_3": {"r1": "a", "r2": 2}, "field_4": null, "info_remote_ip": "127.0.0.1",
            "info_filling_duration": 61, "created_at": "2026-09-15T03:58:39.000Z"}}"#;
        let pushed = read(Platform::Jinshuju, body.as_bytes(), None).unwrap();
        assert_eq!((pushed.survey.as_str(), pushed.answer.as_str()), ("RygpW3", "123"));
        let cell = |key: &str| pushed.cells.iter().find(|(known, _)| known == key).map(|(_, cell)| cell.as_str());
        assert_eq!((cell("field_1"), cell("field_2")), (Some("1001"), Some("7oLf┋vQki")));
        assert_eq!((cell("field_3.r2"), cell("field_4"), cell(DURATION)), (Some("2"), None, Some("61")));
        assert_eq!(cell("info_remote_ip"), None);
        assert!(cell(SUBMITTED).is_some());
    }
}
