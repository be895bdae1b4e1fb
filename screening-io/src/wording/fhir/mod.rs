//! Reads a FHIR Questionnaire.

mod language;
mod model;
mod options;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ImportSpec;
use super::form::{AnswerKind, Form, Options, Question};
use crate::error::{IoError, Place, Problem};
use language::Speaker;
use model::{Coding, Item, Questionnaire, ValueSet};
use options::{Surroundings, is_calculated, is_hidden};

/// Reads a questionnaire and the value sets that it may need.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    value_sets: &[(String, Vec<u8>)],
    spec: &ImportSpec<'_>,
) -> Result<Form, IoError> {
    let place = Place::file(name);
    let mut found = Found::default();
    found.take(&place, json(name, bytes)?)?;
    for (name, bytes) in value_sets {
        found.take(&Place::file(name), json(name, bytes)?)?;
    }
    let mut forms = found.questionnaires.into_iter();
    let form = forms.next().ok_or_else(|| Problem::new("fhir-no-questionnaire", place.clone()))?;
    let others = forms.count();
    if others > 0 {
        return Err(Problem::new("fhir-several", place).with("count", others + 1).into());
    }
    let speaker = Speaker::of(&form, spec.language).ok_or_else(|| {
        let language = form.language.clone().unwrap_or_default();
        Problem::new("wording-language", place.clone()).with("found", language).with("wanted", spec.language)
    })?;
    let mut contained = Vec::new();
    for value in &form.contained {
        if resource_type(value) == "ValueSet" {
            contained.push(typed::<ValueSet>(&place, value.clone())?);
        }
    }
    let loinc = spec.instrument.definition().loinc.as_ref();
    let answers = loinc.into_iter().flat_map(|loinc| &loinc.answers);
    let answers = answers.filter_map(|(code, answer)| Some((answer.as_str(), code.parse().ok()?))).collect();
    let surroundings = Surroundings { place, speaker, answers, contained, given: found.value_sets };
    let scores: Vec<&str> = loinc.into_iter().flat_map(|loinc| loinc.scales.values()).map(String::as_str).collect();
    let mut walk = Walk { surroundings, scores, before: Vec::new(), questions: Vec::new(), left_out: Vec::new() };
    walk.items(&form.item);
    Ok(Form {
        place: walk.surroundings.place.clone(),
        source: source(&form, name),
        licence: form.copyright.clone().filter(|text| !text.trim().is_empty()),
        panels: loinc_codes(&form.code).map(str::to_owned).collect(),
        questions: walk.questions,
        left_out: walk.left_out,
    })
}

/// What the files hold.
#[derive(Default)]
struct Found {
    questionnaires: Vec<Questionnaire>,
    value_sets: Vec<ValueSet>,
}

impl Found {
    /// Takes a resource over, and those inside a Bundle.
    fn take(&mut self, place: &Place, mut value: Value) -> Result<(), IoError> {
        match resource_type(&value) {
            "Questionnaire" => self.questionnaires.push(typed(place, value)?),
            "ValueSet" => self.value_sets.push(typed(place, value)?),
            "Bundle" => {
                let entries = value.get_mut("entry").and_then(Value::as_array_mut).map(std::mem::take);
                for mut entry in entries.unwrap_or_default() {
                    let resource = entry.get_mut("resource").map(Value::take).unwrap_or_default();
                    // Bundles hold resources of other kinds too.
                    if matches!(resource_type(&resource), "Questionnaire" | "ValueSet") {
                        self.take(place, resource)?;
                    }
                }
            }
            other => return Err(Problem::new("fhir-kind", place.clone()).with("found", other).into()),
        }
        Ok(())
    }
}

fn json(name: &str, bytes: &[u8]) -> Result<Value, IoError> {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|cause| broken(&Place::file(name), &cause))
}

fn broken(place: &Place, cause: &serde_json::Error) -> IoError {
    Problem::new("fhir-broken", place.clone()).with("cause", cause).into()
}

fn typed<T: DeserializeOwned>(place: &Place, value: Value) -> Result<T, IoError> {
    serde_json::from_value(value).map_err(|cause| broken(place, &cause))
}

fn resource_type(value: &Value) -> &str {
    value.get("resourceType").and_then(Value::as_str).unwrap_or("?")
}

/// Title, address with version, and file.
fn source(form: &Questionnaire, name: &str) -> String {
    let version = form.version.as_ref().map(|version| format!("|{version}")).unwrap_or_default();
    let address = form.url.as_ref().or(form.id.as_ref()).map(|url| format!("{url}{version}"));
    let file = std::path::Path::new(name).file_name().map(|file| file.to_string_lossy().into_owned());
    let parts = [form.title.clone(), address, file];
    parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", ")
}

/// Goes through the items in the order in which they are shown.
struct Walk<'a> {
    surroundings: Surroundings<'a>,
    /// LOINC codes of the scores of the instrument.
    scores: Vec<&'a str>,
    before: Vec<String>,
    questions: Vec<Question>,
    left_out: Vec<Problem>,
}

impl Walk<'_> {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
            self.items(&item.inner);
        }
    }

    fn item(&mut self, item: &Item) {
        let text = self.surroundings.speaker.text(item.text.as_deref(), &item.text_element);
        if matches!(item.kind.as_str(), "group" | "display") {
            self.before.extend(text);
            return;
        }
        let loinc = item_loinc(item);
        let is_score = loinc.iter().any(|code| self.scores.contains(&code.as_str()));
        if is_score || is_calculated(item) {
            self.leave_out("wording-left-score", item);
        } else if is_hidden(item) {
            self.leave_out("wording-left-hidden", item);
        } else {
            let answer = self.answer(item);
            self.questions.push(Question {
                name: item.link_id.clone(),
                place: self.surroundings.place.clone(),
                number: item.prefix.clone(),
                loinc,
                text,
                before: std::mem::take(&mut self.before),
                answer,
            });
        }
    }

    fn leave_out(&mut self, id: &'static str, item: &Item) {
        self.left_out.push(Problem::new(id, self.surroundings.place.clone()).value(&item.link_id));
    }

    fn answer(&self, item: &Item) -> AnswerKind {
        match item.kind.as_str() {
            "choice" | "open-choice" | "coding" if item.repeats => AnswerKind::Several,
            "choice" | "open-choice" | "coding" => {
                AnswerKind::Choice(Options { list: self.surroundings.options(item), any_order: false })
            }
            // R5: any kind of question may list its answers.
            "integer" | "string" if !item.answer_option.is_empty() && !item.repeats => {
                AnswerKind::Choice(Options { list: self.surroundings.options(item), any_order: false })
            }
            "boolean" => AnswerKind::Unscored,
            "integer" | "decimal" | "quantity" => AnswerKind::Number,
            "time" => AnswerKind::Clock,
            _ => AnswerKind::Entry,
        }
    }
}

fn loinc_codes(codes: &[Coding]) -> impl Iterator<Item = &str> {
    codes.iter().filter_map(|coding| {
        let code = coding.code.as_deref().map(str::trim)?;
        let system = coding.system.as_deref().is_none_or(|system| system.contains("loinc.org"));
        (system && looks_like_loinc(code)).then_some(code)
    })
}

/// The LOINC codes of an item. Forms made from LOINC panels may carry them in the link id only: `/44249-1/44250-9`.
fn item_loinc(item: &Item) -> Vec<String> {
    let codes: Vec<String> = loinc_codes(&item.code).map(str::to_owned).collect();
    if !codes.is_empty() {
        return codes;
    }
    let last = item.link_id.rsplit('/').next().unwrap_or_default();
    if looks_like_loinc(last) { vec![last.to_owned()] } else { Vec::new() }
}

/// Digits, a hyphen and a check digit.
fn looks_like_loinc(code: &str) -> bool {
    code.split_once('-').is_some_and(|(number, check)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (3..=7).contains(&number.len()) && digits(number) && check.len() == 1 && digits(check)
    })
}

#[cfg(test)]
mod tests {
    use super::looks_like_loinc;

    #[test]
    fn loinc_codes_are_told_from_other_codes() {
        assert!(looks_like_loinc("44250-9") && looks_like_loinc("101697-1"));
        for other in ["LA6568-5", "PHQ-9", "1-1", "44250", "44250-", "44250-99", "a-1"] {
            assert!(!looks_like_loinc(other), "{other}");
        }
    }
}
