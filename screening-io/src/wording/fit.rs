//! From a form to a pack of a named instrument, or to a refusal.

use std::collections::HashSet;

use indexmap::IndexMap;
use screening_core::instrument::ItemKind;
use screening_core::instrument::model::{Definition, ItemDef};
use screening_core::instrument::wording::{FormRun, OptionText, WORDING_SCHEMA, WordingPack};

use super::form::{AnswerKind, Form, FormOption, Question};
use super::{ImportSpec, Imported, refused};
use crate::error::{IoError, Problem};

/// Question names shown in a message.
const SHOWN: usize = 12;

/// Finds the question of each item, makes the pack and checks it.
pub(super) fn fit(form: Form, spec: &ImportSpec<'_>) -> Result<Imported, IoError> {
    let definition = spec.instrument.definition();
    let chosen = if !spec.map.is_empty() {
        by_map(&form, definition, &spec.map)?
    } else if by_loinc_is_possible(&form, definition) {
        by_loinc(&form, definition)?
    } else {
        by_position(&form, definition)?
    };
    same_loinc(&form, definition, &chosen)?;
    let mut left_out = left_out(&form, &chosen);
    let mut answers = Vec::with_capacity(chosen.len());
    let mut items = IndexMap::with_capacity(chosen.len());
    for (item, question) in pairs(&form, definition, &chosen) {
        let text = question.text.clone().ok_or_else(|| question.problem("wording-no-text").with("item", &item.id))?;
        items.insert(item.id.clone(), text);
        answers.push((item, answers_of(definition, item, question)?));
    }
    let (options, item_options) = option_texts(&form, &answers, &mut left_out);
    let first = chosen.first().and_then(|at| form.questions.get(*at));
    let instructions = first.map(|question| question.before.join("\n")).filter(|text| !text.is_empty());
    let licence = &definition.licence;
    let stated = || format!("{}: {}", serde_word(&licence.status), licence.note.en);
    let pack = WordingPack {
        schema: WORDING_SCHEMA,
        instrument: definition.id.clone(),
        version: None,
        language: spec.language.to_owned(),
        source: spec.source.clone().unwrap_or(form.source),
        licence: spec.licence.clone().or(form.licence).unwrap_or_else(stated),
        instructions,
        fingerprint: runs(&answers),
        items,
        options,
        item_options,
    };
    pack.check(spec.instrument).map_err(|problems| refused(form.place, &problems))?;
    Ok(Imported { pack, left_out })
}

fn serde_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Each item with its question.
fn pairs<'f, 'd>(
    form: &'f Form,
    definition: &'d Definition,
    chosen: &'f [usize],
) -> impl Iterator<Item = (&'d ItemDef, &'f Question)> {
    definition.items.iter().zip(chosen).filter_map(|(item, at)| Some((item, form.questions.get(*at)?)))
}

/// The questions that the caller names.
fn by_map(form: &Form, definition: &Definition, map: &IndexMap<String, String>) -> Result<Vec<usize>, IoError> {
    let problem = |id| Problem::new(id, form.place.clone());
    if let Some(unknown) = map.keys().find(|id| !definition.items.iter().any(|item| item.id == **id)) {
        return Err(problem("mapping-unknown-item").with("item", unknown).with("instrument", &definition.id).into());
    }
    let mut chosen = Vec::with_capacity(definition.items.len());
    for item in &definition.items {
        let name = map.get(&item.id).ok_or_else(|| problem("wording-map-missing").with("item", &item.id))?;
        let mut found = form.questions.iter().enumerate().filter(|(_, question)| question.name == *name);
        let unknown = || problem("wording-map-question").with("wanted", name).with("known", names(&form.questions));
        let (at, _) = found.next().ok_or_else(unknown)?;
        if found.next().is_some() || chosen.contains(&at) {
            return Err(problem("wording-map-twice").with("wanted", name).into());
        }
        chosen.push(at);
    }
    ascending(form, definition, &chosen)?;
    Ok(chosen)
}

/// All items of the instrument have a code, and the questions of the form have some.
fn by_loinc_is_possible(form: &Form, definition: &Definition) -> bool {
    definition.items.iter().all(|item| item.loinc.is_some()) && form.questions.iter().any(|q| !q.loinc.is_empty())
}

/// The question with the code of each item. Other questions may stand before and after them.
fn by_loinc(form: &Form, definition: &Definition) -> Result<Vec<usize>, IoError> {
    let problem = |id| Problem::new(id, form.place.clone()).with("instrument", &definition.id);
    let (mut chosen, mut missing) = (Vec::with_capacity(definition.items.len()), Vec::new());
    for item in &definition.items {
        let code = item.loinc.clone().unwrap_or_default();
        let mut found = form.questions.iter().enumerate().filter(|(_, question)| question.loinc.contains(&code));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => chosen.push(at),
            (Some((_, first)), Some((_, second))) => {
                let problem = problem("wording-loinc-twice").with("code", code);
                return Err(problem.with("first", &first.name).with("second", &second.name).into());
            }
            (None, _) => missing.push(format!("{} ({code})", item.id)),
        }
    }
    if !missing.is_empty() {
        let count = missing.len();
        missing.truncate(SHOWN);
        return Err(problem("wording-loinc-missing").with("count", count).with("items", missing.join(", ")).into());
    }
    ascending(form, definition, &chosen)?;
    let (first, last) = (chosen.first().copied().unwrap_or(0), chosen.last().copied().unwrap_or(0));
    let between = (first..=last).find(|at| !chosen.contains(at)).and_then(|at| form.questions.get(at));
    match between {
        Some(question) => Err(question.problem("wording-between").with("instrument", &definition.id).into()),
        None => Ok(chosen),
    }
}

/// All questions, when there are as many as items.
fn by_position(form: &Form, definition: &Definition) -> Result<Vec<usize>, IoError> {
    let problem = |id| Problem::new(id, form.place.clone()).with("instrument", &definition.id);
    let has = |kind| definition.items.iter().any(|item| item.kind == kind);
    let (numbers, clocks) = (has(ItemKind::Number), has(ItemKind::Clock));
    let may_be_item = |question: &Question| match question.answer {
        AnswerKind::Choice(_) | AnswerKind::Unscored | AnswerKind::Several => true,
        AnswerKind::Number => numbers,
        AnswerKind::Clock => clocks,
        AnswerKind::Entry => false,
    };
    let questions = form.questions.iter().enumerate();
    let chosen: Vec<usize> = questions.filter(|(_, question)| may_be_item(question)).map(|(at, _)| at).collect();
    if chosen.len() != definition.items.len() {
        let found: Vec<&Question> = chosen.iter().filter_map(|at| form.questions.get(*at)).collect();
        let problem = problem("wording-count").with("found", found.len()).with("expected", definition.items.len());
        return Err(problem.with("names", names(found)).into());
    }
    let panel = definition.loinc.as_ref().and_then(|loinc| loinc.panel.as_ref());
    if let Some(panel) = panel.filter(|panel| !form.panels.is_empty() && !form.panels.contains(panel)) {
        return Err(problem("wording-panel").with("found", form.panels.join(", ")).with("expected", panel).into());
    }
    same_numbers(form, definition, &chosen)?;
    Ok(chosen)
}

/// Where the form numbers its questions by the very ids of the items, the numbers must stand in their order.
fn same_numbers(form: &Form, definition: &Definition, chosen: &[usize]) -> Result<(), IoError> {
    let numbers: Vec<&str> = pairs(form, definition, chosen).map(|(_, question)| number_of(question)).collect();
    let ids: HashSet<&str> = definition.items.iter().map(|item| item.id.as_str()).collect();
    if numbers.iter().copied().collect::<HashSet<_>>() != ids {
        return Ok(());
    }
    for ((item, question), number) in pairs(form, definition, chosen).zip(numbers) {
        if item.id != number {
            let problem = question.problem("wording-order").with("item", &item.id);
            return Err(problem.with("instrument", &definition.id).into());
        }
    }
    Ok(())
}

/// The number before the question, or the digits at the end of its name.
fn number_of(question: &Question) -> &str {
    let digits = |text: &'_ str| -> usize { text.bytes().rev().take_while(u8::is_ascii_digit).count() };
    let printed = question.number.as_deref().map(|number| number.trim().trim_end_matches(['.', ')', ':', '、']));
    let name = question.name.as_str();
    printed.filter(|number| !number.is_empty()).unwrap_or_else(|| {
        let at = name.len() - digits(name);
        name.get(at..).unwrap_or_default().trim_start_matches('0')
    })
}

/// The questions follow one another as the items do.
fn ascending(form: &Form, definition: &Definition, chosen: &[usize]) -> Result<(), IoError> {
    let wrong = chosen.windows(2).position(|pair| matches!(pair, [one, other] if one > other));
    let found = wrong.and_then(|at| pairs(form, definition, chosen).nth(at + 1));
    match found {
        Some((item, question)) => {
            let problem = question.problem("wording-order").with("item", &item.id);
            Err(problem.with("instrument", &definition.id).into())
        }
        None => Ok(()),
    }
}

/// Where an item and its question both have codes they must have one in common.
fn same_loinc(form: &Form, definition: &Definition, chosen: &[usize]) -> Result<(), IoError> {
    let other = pairs(form, definition, chosen).find_map(|(item, question)| {
        let code = item.loinc.as_ref()?;
        (!question.loinc.is_empty() && !question.loinc.contains(code)).then_some((item, question, code))
    });
    match other {
        Some((item, question, code)) => {
            let problem = question.problem("wording-loinc-other").with("item", &item.id).with("expected", code);
            Err(problem.with("found", question.loinc.join(", ")).into())
        }
        None => Ok(()),
    }
}

/// What is in the form and not in the pack.
fn left_out(form: &Form, chosen: &[usize]) -> Vec<Problem> {
    let mut left_out = form.left_out.clone();
    let first = chosen.first().copied();
    for (at, question) in form.questions.iter().enumerate() {
        if !chosen.contains(&at) {
            let entry = matches!(question.answer, AnswerKind::Entry);
            left_out.push(question.problem(if entry { "wording-left-entry" } else { "wording-left-question" }));
        } else if Some(at) != first && !question.before.is_empty() {
            left_out.push(question.problem("wording-left-text").with("text", question.before.join(" ")));
        }
    }
    left_out
}

/// How a question is answered, as the item needs it.
fn answers_of(definition: &Definition, item: &ItemDef, question: &Question) -> Result<Vec<FormOption>, IoError> {
    let refuse = |id| IoError::from(question.problem(id).with("item", &item.id));
    match (&question.answer, item.kind) {
        (AnswerKind::Choice(options), ItemKind::Choice) => {
            let mut list = options.list.clone()?;
            if options.any_order {
                let order = definition.options_of(item);
                let rank = |option: &FormOption| order.iter().position(|known| known.code == option.code);
                list.sort_by_key(|option| rank(option).unwrap_or(usize::MAX));
            }
            Ok(list)
        }
        // A time or a number may be typed into a plain field.
        (AnswerKind::Number | AnswerKind::Entry, ItemKind::Number)
        | (AnswerKind::Clock | AnswerKind::Entry, ItemKind::Clock) => Ok(Vec::new()),
        (AnswerKind::Unscored, ItemKind::Choice) => Err(refuse("wording-unscored")),
        (AnswerKind::Several, ItemKind::Choice) => Err(refuse("wording-several")),
        _ => Err(refuse("wording-kind")),
    }
}

/// Items that are answered alike and follow one another.
fn runs(answers: &[(&ItemDef, Vec<FormOption>)]) -> Vec<FormRun> {
    let mut runs: Vec<FormRun> = Vec::new();
    for (item, options) in answers {
        let codes: Vec<i8> = options.iter().map(|option| option.code).collect();
        match runs.last_mut().filter(|run| run.kind == item.kind && run.codes == codes) {
            Some(run) => run.items.push(item.id.clone()),
            None => runs.push(FormRun { items: vec![item.id.clone()], kind: item.kind, codes }),
        }
    }
    runs
}

type OptionTexts = IndexMap<String, Vec<OptionText>>;

/// The wording of the options: by set where all its items have the same, by item where they differ.
fn option_texts(
    form: &Form,
    answers: &[(&ItemDef, Vec<FormOption>)],
    left_out: &mut Vec<Problem>,
) -> (OptionTexts, OptionTexts) {
    let mut of_set: IndexMap<&str, Vec<(&ItemDef, Option<Vec<OptionText>>)>> = IndexMap::new();
    for (item, options) in answers.iter().filter(|(item, _)| item.kind == ItemKind::Choice) {
        let texts: Option<Vec<OptionText>> =
            options.iter().map(|o| Some(OptionText { code: o.code, text: o.text.clone()? })).collect();
        of_set.entry(item.options.as_deref().unwrap_or("default")).or_default().push((*item, texts));
    }
    let (mut by_set, mut by_item) = (OptionTexts::new(), OptionTexts::new());
    for (set, items) in of_set {
        if items.iter().all(|(_, texts)| texts.is_some()) {
            let common = most_frequent(&items);
            for (item, texts) in items {
                if texts != common {
                    by_item.extend(texts.map(|texts| (item.id.clone(), texts)));
                }
            }
            by_set.extend(common.map(|texts| (set.to_owned(), texts)));
        } else {
            left_out.push(Problem::new("wording-left-options", form.place.clone()).with("set", set));
            by_item.extend(items.into_iter().filter_map(|(item, texts)| Some((item.id.clone(), texts?))));
        }
    }
    (by_set, by_item)
}

/// The texts that most items have; of several the first.
fn most_frequent(items: &[(&ItemDef, Option<Vec<OptionText>>)]) -> Option<Vec<OptionText>> {
    let count = |texts: &Option<Vec<OptionText>>| items.iter().filter(|(_, other)| other == texts).count();
    // `max_by_key` keeps the last of equals, so the list is searched from its end.
    items.iter().rev().max_by_key(|(_, texts)| count(texts)).and_then(|(_, texts)| texts.clone())
}

fn names<'q>(questions: impl IntoIterator<Item = &'q Question>) -> String {
    let names: Vec<&str> = questions.into_iter().map(|question| question.name.as_str()).collect();
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown}, … ({})", names.len()) } else { shown }
}
