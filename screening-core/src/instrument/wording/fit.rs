//! Whether a pack belongs to an instrument.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::{OptionText, WordingPack, WordingProblem, codes_of};
use crate::instrument::compare::normal;
use crate::instrument::model::{Definition, ItemDef, OptionDef};

/// Item ids named at most in one message.
const SHOWN: usize = 8;

/// Everything in which the pack and the definition differ.
pub(super) fn check(pack: &WordingPack, definition: &Definition) -> Vec<WordingProblem> {
    let mut problems = Vec::new();
    if pack.instrument != definition.id {
        let values = [("found", pack.instrument.as_str()), ("instrument", &definition.id)];
        return vec![WordingProblem::new("instrument", "instrument", &values)];
    }
    if let Some(wanted) = pack.version.as_ref().filter(|wanted| !wanted.matches(&definition.version)) {
        let (wanted, found) = (wanted.to_string(), definition.version.to_string());
        let values = [("wanted", wanted.as_str()), ("found", &found), ("instrument", &definition.id)];
        problems.push(WordingProblem::new("version", "version", &values));
    }
    form(&mut problems, pack, definition);
    // What follows names items of the definition; with another form it would only repeat that it is another form.
    if problems.is_empty() {
        option_texts(&mut problems, pack, definition);
    }
    problems
}

/// The fingerprint: count, ids, order, kinds and codes.
fn form(problems: &mut Vec<WordingProblem>, pack: &WordingPack, definition: &Definition) {
    let (found, expected) = (pack.form().count(), definition.items.len());
    if found != expected {
        let (found, expected) = (found.to_string(), expected.to_string());
        let values = [("found", found.as_str()), ("expected", &expected), ("instrument", &definition.id)];
        problems.push(WordingProblem::new("item-count", "fingerprint", &values));
        return;
    }
    let first = pack.form().zip(&definition.items).enumerate().find(|(_, (stated, item))| stated.id != item.id);
    if let Some((at, (stated, item))) = first {
        let known = definition.items.iter().any(|item| item.id == stated.id);
        let code = if known { "item-order" } else { "item-unknown" };
        let number = (at + 1).to_string();
        let values = [("number", number.as_str()), ("found", stated.id), ("expected", &item.id)];
        problems.push(WordingProblem::new(code, "fingerprint", &values));
        return;
    }
    codes(problems, pack, definition);
}

/// Kinds and codes, one message for all items that differ alike.
fn codes(problems: &mut Vec<WordingProblem>, pack: &WordingPack, definition: &Definition) {
    let mut kinds: Vec<&str> = Vec::new();
    let mut differing: IndexMap<(Vec<i8>, Vec<i8>), Vec<&str>> = IndexMap::new();
    for (stated, item) in pack.form().zip(&definition.items) {
        let expected = codes_of(definition, item);
        if stated.kind != item.kind {
            kinds.push(&item.id);
        } else if stated.codes != expected {
            differing.entry((stated.codes.to_vec(), expected)).or_default().push(&item.id);
        }
    }
    if !kinds.is_empty() {
        problems.push(WordingProblem::new("item-kind", "fingerprint", &[("items", &list(&kinds))]));
    }
    for ((found, expected), items) in differing {
        let (mut sorted, mut wanted) = (found.clone(), expected.clone());
        sorted.sort_unstable();
        wanted.sort_unstable();
        let code = if sorted == wanted { "option-order" } else { "option-codes" };
        let (found, expected, items) = (numbers(&found), numbers(&expected), list(&items));
        let values = [("found", found.as_str()), ("expected", &expected), ("items", &items)];
        problems.push(WordingProblem::new(code, "fingerprint", &values));
    }
}

/// The wording of options: complete, of sets that exist, and not in conflict with the definition's own labels.
fn option_texts(problems: &mut Vec<WordingProblem>, pack: &WordingPack, definition: &Definition) {
    for (set, texts) in &pack.options {
        let Some(options) = definition.option_sets.get(set) else {
            let known = definition.option_sets.keys().cloned().collect::<Vec<_>>().join(", ");
            let values = [("set", set.as_str()), ("known", &known)];
            problems.push(WordingProblem::new("set-unknown", format!("options.{set}"), &values));
            continue;
        };
        let codes: Vec<i8> = options.iter().map(|option| option.code).collect();
        complete(problems, &format!("options.{set}"), texts, &codes);
    }
    for item in &definition.items {
        if let Some(texts) = pack.item_options.get(&item.id) {
            complete(problems, &format!("item-options.{}", item.id), texts, &codes_of(definition, item));
        }
    }
    labels(problems, pack, definition);
    keyed(problems, pack, definition);
}

fn complete(problems: &mut Vec<WordingProblem>, place: &str, texts: &[OptionText], codes: &[i8]) {
    let have: HashSet<i8> = texts.iter().map(|option| option.code).collect();
    let wanted: HashSet<i8> = codes.iter().copied().collect();
    if have != wanted {
        let found: Vec<i8> = texts.iter().map(|option| option.code).collect();
        let (found, expected) = (numbers(&found), numbers(codes));
        problems.push(WordingProblem::new("set-codes", place, &[("found", &found), ("expected", &expected)]));
    }
}

/// A text that the definition uses for another code of the same item: the pack is shifted or reversed, or the label of
/// the definition is wrong. Both would be read from a file without a sound.
fn labels(problems: &mut Vec<WordingProblem>, pack: &WordingPack, definition: &Definition) {
    let mut told = HashSet::new();
    for item in &definition.items {
        let options = definition.options_of(item);
        for text in pack.options_of(item) {
            let wording = normal(&text.text);
            let says =
                |option: &&OptionDef| normal(&option.label.en) == wording || normal(&option.label.zh_cn) == wording;
            let named: Vec<i8> = options.iter().filter(says).map(|option| option.code).collect();
            let other = named.first().filter(|_| !named.contains(&text.code));
            if let Some(other) = other
                && told.insert((wording, text.code, *other))
            {
                let (code, other) = (text.code.to_string(), other.to_string());
                let values = [("text", text.text.as_str()), ("code", &code), ("other", &other), ("item", &item.id)];
                problems.push(WordingProblem::new("option-contradicts", place_of(pack, item), &values));
            }
        }
    }
}

/// Items of one option set with the same wordings under other codes: the form carries scores that are already
/// reversed, while answers are stored as they were given.
fn keyed(problems: &mut Vec<WordingProblem>, pack: &WordingPack, definition: &Definition) {
    let mut known: BTreeMap<(&str, Vec<String>), (BTreeMap<String, i8>, &str)> = BTreeMap::new();
    for item in &definition.items {
        let texts = pack.options_of(item);
        if texts.is_empty() {
            continue;
        }
        let by_text: BTreeMap<String, i8> = texts.iter().map(|o| (normal(&o.text), o.code)).collect();
        let wordings: Vec<String> = by_text.keys().cloned().collect();
        let set = item.options.as_deref().unwrap_or("default");
        match known.get(&(set, wordings.clone())) {
            Some((first, id)) if *first != by_text => {
                let values = [("first", *id), ("item", item.id.as_str())];
                problems.push(WordingProblem::new("option-keyed", place_of(pack, item), &values));
            }
            Some(_) => {}
            None => {
                known.insert((set, wordings), (by_text, &item.id));
            }
        }
    }
}

fn place_of(pack: &WordingPack, item: &ItemDef) -> String {
    if pack.item_options.contains_key(&item.id) {
        format!("item-options.{}", item.id)
    } else {
        format!("options.{}", item.options.as_deref().unwrap_or("default"))
    }
}

fn numbers(codes: &[i8]) -> String {
    if codes.is_empty() {
        return "-".to_owned();
    }
    codes.iter().map(i8::to_string).collect::<Vec<_>>().join(", ")
}

fn list(ids: &[&str]) -> String {
    let shown = ids.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > SHOWN { format!("{shown}, … ({})", ids.len()) } else { shown }
}
