//! The options of a choice: their codes and texts.

use std::collections::HashMap;

use super::language::Speaker;
use super::model::{AnswerOption, Concept, Extension, Item, ValueSet, is_one_of};
use crate::error::{IoError, Place, Problem};
use crate::wording::form::FormOption;
use crate::wording::words::forms;

/// What is known around a question.
pub(super) struct Surroundings<'a> {
    pub(super) place: Place,
    pub(super) speaker: Speaker<'a>,
    /// Option codes by LOINC answer code, from the definition.
    pub(super) answers: HashMap<&'a str, i8>,
    /// Value sets inside the questionnaire.
    pub(super) contained: Vec<ValueSet>,
    /// Value sets of other files.
    pub(super) given: Vec<ValueSet>,
}

impl Surroundings<'_> {
    /// The options of a question, in the order of the form.
    pub(super) fn options(&self, item: &Item) -> Result<Vec<FormOption>, IoError> {
        if !item.answer_option.is_empty() {
            return item.answer_option.iter().map(|option| self.option(item, option)).collect();
        }
        let problem = |id| Problem::new(id, self.place.clone()).value(&item.link_id);
        let Some(address) = &item.answer_value_set else {
            return Err(problem("fhir-no-options").into());
        };
        let set = self.value_set(address).ok_or_else(|| problem("fhir-value-set-outside").with("set", address))?;
        let concepts = concepts(set).ok_or_else(|| problem("fhir-value-set-open").with("set", address))?;
        let read = |(concept, system): &(&Concept, Option<&str>)| {
            let language = set.language.as_deref();
            let display = concept.display.as_deref();
            let text = self.speaker.concept(display, &concept.display_element, &concept.designation, language);
            let shown = display.or(concept.code.as_deref()).unwrap_or_default();
            let code = self.code(item, shown, [&concept.extension, &[]], concept.code.as_deref(), *system)?;
            Ok(FormOption { code, text })
        };
        concepts.iter().map(read).collect()
    }

    fn option(&self, item: &Item, option: &AnswerOption) -> Result<FormOption, IoError> {
        if let Some(coding) = &option.value_coding {
            let text = self.speaker.text(coding.display.as_deref(), &coding.display_element);
            let shown = coding.display.as_deref().or(coding.code.as_deref()).unwrap_or_default();
            let scores = [&option.extension[..], &coding.extension];
            let code = self.code(item, shown, scores, coding.code.as_deref(), coding.system.as_deref())?;
            return Ok(FormOption { code, text });
        }
        if let Some(number) = option.value_integer {
            // A bare number is what is stored and shown: it has no wording.
            let number = number.to_string();
            let scores = [&option.extension[..], &option.integer_element.extension];
            let code = self.code(item, &number, scores, Some(&number), None)?;
            return Ok(FormOption { code, text: None });
        }
        let shown = option.value_string.as_deref().unwrap_or_default();
        let text = self.speaker.text(Some(shown), &option.string_element);
        let scores = [&option.extension[..], &option.string_element.extension];
        // A text is no code, also when it is a number: it may be a label.
        let code = self.code(item, shown, scores, None, None)?;
        Ok(FormOption { code, text })
    }

    /// The code of an option: its score, its LOINC answer code as the definition has it, or its code where that is a
    /// number. Score and LOINC code must agree.
    fn code(
        &self,
        item: &Item,
        shown: &str,
        extensions: [&[Extension]; 2],
        code: Option<&str>,
        system: Option<&str>,
    ) -> Result<i8, IoError> {
        let problem = |id| Problem::new(id, self.place.clone()).value(&item.link_id).with("option", shown);
        let score = score(extensions).map_err(|found| problem("fhir-score").with("found", found))?;
        let is_loinc = system.is_none_or(|system| system.contains("loinc.org"));
        let answer = code.filter(|_| is_loinc).and_then(|code| self.answers.get(code)).copied();
        if let (Some(score), Some(answer)) = (score, answer)
            && score != answer
        {
            let problem = problem("fhir-score-disagrees").with("score", score).with("answer", answer);
            return Err(problem.with("code", code.unwrap_or_default()).into());
        }
        let number = || code.and_then(|code| code.trim().parse::<i8>().ok());
        score.or(answer).or_else(number).ok_or_else(|| problem("fhir-option-no-code").into())
    }

    /// The value set with an address: `#id` is inside the questionnaire, `url|version` anywhere.
    fn value_set(&self, address: &str) -> Option<&ValueSet> {
        if let Some(id) = address.strip_prefix('#') {
            return self.contained.iter().find(|set| set.id.as_deref() == Some(id));
        }
        let (url, version) = address.split_once('|').map_or((address, None), |(url, version)| (url, Some(version)));
        self.contained.iter().chain(&self.given).find(|set| {
            let same_version = version.zip(set.version.as_deref()).is_none_or(|(wanted, found)| wanted == found);
            set.url.as_deref() == Some(url) && same_version
        })
    }
}

/// The score that the extensions give; several must agree. The error is what was found instead of a whole number.
fn score(extensions: [&[Extension]; 2]) -> Result<Option<i8>, String> {
    let mut found: Option<i8> = None;
    for extension in extensions.into_iter().flatten().filter(|e| is_one_of(e, &forms().fhir.score)) {
        let value = extension.value_decimal.as_ref().or(extension.value_integer.as_ref());
        let Some(value) = value else {
            continue;
        };
        let whole = value.as_f64().filter(|score| score.fract() == 0.0 && score.abs() <= 100.0);
        let score = whole.map(|score| score as i8).ok_or_else(|| value.to_string())?;
        if let Some(first) = found.replace(score).filter(|first| *first != score) {
            return Err(format!("{first}, {score}"));
        }
    }
    Ok(found)
}

/// The concepts of a value set with their code systems, or `None` when the set is described and not listed.
fn concepts(set: &ValueSet) -> Option<Vec<(&Concept, Option<&str>)>> {
    let mut list = Vec::new();
    if let Some(expansion) = &set.expansion {
        flatten(&expansion.contains, &mut list);
    } else {
        let open = !set.compose.exclude.is_empty()
            || set.compose.include.iter().any(|include| {
                include.concept.is_empty() || !include.filter.is_empty() || !include.value_set.is_empty()
            });
        if open {
            return None;
        }
        for include in &set.compose.include {
            list.extend(include.concept.iter().map(|concept| (concept, include.system.as_deref())));
        }
    }
    (!list.is_empty()).then_some(list)
}

fn flatten<'a>(concepts: &'a [Concept], list: &mut Vec<(&'a Concept, Option<&'a str>)>) {
    for concept in concepts {
        if !concept.is_abstract && !concept.inactive && concept.code.is_some() {
            list.push((concept, concept.system.as_deref()));
        }
        flatten(&concept.contains, list);
    }
}

/// Whether the item is computed by the form and asked of nobody.
pub(super) fn is_calculated(item: &Item) -> bool {
    item.read_only || item.extension.iter().any(|extension| is_one_of(extension, &forms().fhir.calculated))
}

/// Whether the item is never shown.
pub(super) fn is_hidden(item: &Item) -> bool {
    let hidden = |e: &Extension| is_one_of(e, &forms().fhir.hidden) && e.value_boolean == Some(true);
    item.extension.iter().any(hidden)
}
