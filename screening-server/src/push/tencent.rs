//! Tencent Survey (腾讯问卷): an event with the answer in `payload`. There is no signature; the address is the secret.
//!
//! Headings are the ids of the questions. `<id>` holds the text of what was chosen or written, `<id>#` the ids of the chosen
//! options, and `<id>.<row id>` the rows of a matrix.
//!
//! Source: wj.qq.com/docs/webhook.

use serde_json::{Map, Value};

use super::{Action, DURATION, ID, Pushed, SEVERAL, SUBMITTED, Unread, needed, text};

pub(super) fn read(object: &Map<String, Value>) -> Result<Pushed, Unread> {
    let action = match needed(object, "action")?.as_str() {
        "answer.create" | "answer.update" => Action::Put,
        "answer.delete" => Action::Delete,
        // Whatever else the platform sends, a try of the address among it, is no answer.
        _ => {
            return Ok(Pushed {
                action: Action::Test,
                survey: String::new(),
                answer: String::new(),
                cells: Vec::new(),
            });
        }
    };
    let payload = object.get("payload").and_then(Value::as_object).ok_or(Unread::Key("payload"))?;
    let survey = needed(payload, "survey_id")?;
    let answer = needed(payload, "answer_id")?;
    let mut cells = vec![(ID.to_owned(), answer.clone())];
    for (key, heading) in [("ended_at", SUBMITTED), ("duration", DURATION), ("openid", "openid")] {
        cells.extend(payload.get(key).and_then(text).map(|cell| (heading.to_owned(), cell)));
    }
    let user = payload.get("third_party_user").and_then(|user| user.get("openid")).and_then(text);
    cells.extend(user.map(|user| ("third_party_user.openid".to_owned(), user)));
    if action == Action::Put {
        let pages = payload.get("answer").and_then(Value::as_array).ok_or(Unread::Key("payload.answer"))?;
        let questions =
            pages.iter().flat_map(|page| page.get("questions").and_then(Value::as_array).into_iter().flatten());
        questions.for_each(|question| add(question, None, &mut cells));
    }
    Ok(Pushed { action, survey, answer, cells })
}

/// A question, or the row of a matrix.
fn add(question: &Value, above: Option<&str>, cells: &mut Vec<(String, String)>) {
    let Some(id) = question.get("id").and_then(text) else { return };
    let heading = above.map_or_else(|| id.clone(), |above| format!("{above}.{id}"));
    let list = |key: &str| question.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !list("groups").is_empty() {
        list("groups").iter().for_each(|row| add(row, Some(&heading), cells));
        return;
    }
    if list("options").is_empty() {
        cells.extend(question.get("text").and_then(text).map(|cell| (heading, cell)));
        return;
    }
    let chosen: Vec<&Value> = list("options").iter().filter(|option| is_checked(option)).collect();
    let of =
        |key: &str| chosen.iter().filter_map(|option| option.get(key).and_then(text)).collect::<Vec<_>>().join(SEVERAL);
    cells.push((format!("{heading}#"), of("id")));
    cells.push((heading, of("text")));
}

fn is_checked(option: &Value) -> bool {
    option.get("checked").is_some_and(|checked| checked.as_bool() == Some(true) || checked.as_i64() == Some(1))
}

#[cfg(test)]
mod tests {
    use crate::push::{Platform, read};

    use super::*;

    fn event(action: &str) -> String {
        format!(
            r#"{{"id": "33cc", "object": "Answer", "action": "{action}", "created_at": "2026-09-15 14:00:00", "payload": {{
                "survey_id": 5356056, "answer_id": 7, "started_at": "2026-09-15 11:55:30", "ended_at": "2026-09-15 11:58:39",
                "duration": 189, "ip": "127.0.0.1", "answer": [{{"id": "p-1", "questions": [
                    {{"id": "q-1", "type": "text", "text": "1001"}},
                    {{"id": "q-2", "type": "radio", "text": "marker", "options": [
                        {{"id": "o-1", "text": "never", "checked": 0}}, {{"id": "o-2", "text": "daily", "checked": 1}}]}},
                    {{"id": "q-3", "type": "matrix_radio", "groups": [
                        {{"id": "r-1", "options": [{{"id": "c-1", "text": "a", "checked": true}}]}},
                        {{"id": "r-2", "options": [{{"id": "c-1", "text": "a", "checked": false}}]}}]}}]}}]}}}}"#
        )
    }

    #[test]
    fn an_answer_is_read_by_question() {
        let pushed = read(Platform::Tencent, event("answer.create").as_bytes(), None).unwrap();
        assert_eq!((pushed.action, pushed.survey.as_str(), pushed.answer.as_str()), (Action::Put, "5356056", "7"));
        let cell = |key: &str| pushed.cells.iter().find(|(known, _)| known == key).map(|(_, cell)| cell.as_str());
        assert_eq!((cell("q-1"), cell("q-2"), cell("q-2#")), (Some("1001"), Some("daily"), Some("o-2")));
        assert_eq!((cell("q-3.r-1"), cell("q-3.r-2"), cell(DURATION)), (Some("a"), Some(""), Some("189")));
        assert_eq!(cell("ip"), None, "addresses are not kept");
    }

    #[test]
    fn deletions_and_tries_are_told_apart() {
        assert_eq!(read(Platform::Tencent, event("answer.update").as_bytes(), None).unwrap().action, Action::Put);
        assert_eq!(read(Platform::Tencent, event("answer.delete").as_bytes(), None).unwrap().action, Action::Delete);
        assert_eq!(read(Platform::Tencent, event("ping").as_bytes(), None).unwrap().action, Action::Test);
        assert_eq!(read(Platform::Tencent, br#"{"action": "answer.create"}"#, None), Err(Unread::Key("payload")));
    }
}
