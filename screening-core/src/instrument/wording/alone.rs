//! What can be said of a pack without its instrument.

use std::collections::{HashMap, HashSet};

use super::{OptionText, WordingPack, WordingProblem};
use crate::instrument::ItemKind;
use crate::instrument::compare::normal;

/// Everything that is wrong with the pack by itself.
pub(super) fn check(pack: &WordingPack) -> Vec<WordingProblem> {
    let mut problems = Vec::new();
    if canonical_tag(&pack.language).as_deref() != Some(pack.language.as_str()) {
        let proposal = canonical_tag(&pack.language).unwrap_or_else(|| "zh-CN".to_owned());
        let values = [("found", pack.language.as_str()), ("proposal", proposal.as_str())];
        problems.push(WordingProblem::new("language", "language", &values));
    }
    let instructions = pack.instructions.as_deref();
    for (place, text) in [("source", Some(pack.source.as_str())), ("licence", Some(&pack.licence))] {
        text_is_whole(&mut problems, place, text.unwrap_or_default());
    }
    if let Some(instructions) = instructions {
        text_is_whole(&mut problems, "instructions", instructions);
    }
    runs(&mut problems, pack);
    items(&mut problems, pack);
    for (key, lists) in [("options", &pack.options), ("item-options", &pack.item_options)] {
        for (name, list) in lists {
            options(&mut problems, &format!("{key}.{name}"), list);
        }
    }
    problems
}

/// The usual form of a language tag: `zh-CN`, `zh-Hant`, `en`. `None` when it is no tag.
fn canonical_tag(tag: &str) -> Option<String> {
    let parts: Vec<&str> = tag.split('-').collect();
    let mut out = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        let alphanumeric = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        out.push(match part.len() {
            2..=3 if at == 0 && letters => part.to_ascii_lowercase(),
            _ if at == 0 || !alphanumeric => return None,
            2 if letters => part.to_ascii_uppercase(),
            4 if letters => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
            _ => part.to_ascii_lowercase(),
        });
    }
    Some(out.join("-"))
}

/// A text that is shown to people: there is one, and it holds no characters that steer a terminal.
fn text_is_whole(problems: &mut Vec<WordingProblem>, place: &str, text: &str) {
    if normal(text).is_empty() {
        problems.push(WordingProblem::new("text-blank", place, &[]));
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        problems.push(WordingProblem::new("text-control", place, &[]));
    }
}

fn runs(problems: &mut Vec<WordingProblem>, pack: &WordingPack) {
    if pack.form().next().is_none() {
        problems.push(WordingProblem::new("form-empty", "fingerprint", &[]));
    }
    let mut seen = HashSet::new();
    for (at, run) in pack.fingerprint.iter().enumerate() {
        let place = format!("fingerprint[{at}]");
        for id in run.items.iter().filter(|id| !seen.insert(id.as_str())) {
            problems.push(WordingProblem::new("form-item-twice", &place, &[("item", id)]));
        }
        let distinct: HashSet<i8> = run.codes.iter().copied().collect();
        let wrong = if run.kind != ItemKind::Choice {
            (!run.codes.is_empty()).then_some("form-codes-needless")
        } else if run.codes.len() < 2 {
            Some("form-codes-few")
        } else {
            (distinct.len() != run.codes.len()).then_some("form-codes-twice")
        };
        problems.extend(wrong.map(|code| WordingProblem::new(code, place, &[])));
    }
}

fn items(problems: &mut Vec<WordingProblem>, pack: &WordingPack) {
    let known: HashSet<&str> = pack.form().map(|item| item.id).collect();
    for item in pack.form().filter(|item| !pack.items.contains_key(item.id)) {
        problems.push(WordingProblem::new("item-no-wording", "items", &[("item", item.id)]));
    }
    let unknown = |id: &&String| !known.contains(id.as_str());
    for id in pack.items.keys().filter(unknown) {
        problems.push(WordingProblem::new("item-not-in-form", format!("items.{id}"), &[("item", id)]));
    }
    for id in pack.item_options.keys().filter(unknown) {
        problems.push(WordingProblem::new("item-not-in-form", format!("item-options.{id}"), &[("item", id)]));
    }
    for (id, text) in &pack.items {
        text_is_whole(problems, &format!("items.{id}"), text);
    }
}

fn options(problems: &mut Vec<WordingProblem>, place: &str, list: &[OptionText]) {
    let mut codes = HashSet::new();
    let mut texts: HashMap<String, i8> = HashMap::new();
    for option in list {
        text_is_whole(problems, place, &option.text);
        let code = option.code.to_string();
        if !codes.insert(option.code) {
            problems.push(WordingProblem::new("option-twice", place, &[("code", &code)]));
        } else if let Some(first) = texts.insert(normal(&option.text), option.code) {
            let values = [("text", option.text.as_str()), ("first", &first.to_string()), ("second", &code)];
            problems.push(WordingProblem::new("option-same-text", place, &values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_tag;

    #[test]
    fn language_tags_have_one_form() {
        for (tag, canonical) in [
            ("zh-CN", Some("zh-CN")),
            ("zh-cn", Some("zh-CN")),
            ("ZH-hant-tw", Some("zh-Hant-TW")),
            ("EN", Some("en")),
            ("de-1996", Some("de-1996")),
            ("", None),
            ("e", None),
            ("english", None),
            ("zh_CN", None),
            ("zh-", None),
            ("中文", None),
        ] {
            assert_eq!(canonical_tag(tag).as_deref(), canonical, "{tag}");
        }
    }
}
