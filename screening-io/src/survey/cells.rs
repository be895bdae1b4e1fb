//! Takes from the cells of a question what the platform put around the answer.

use screening_core::instrument::Definition;

use super::registry::LayoutDef;
use crate::parse::{is_no_answer, number};
use crate::table::{Table, Value};
use crate::words::{narrow, normal, words};

/// Rewrites the answers of one instrument to plain option texts and numbers. True when the answers bear codes of LOINC:
/// then they are read as scores, whatever else they look like.
pub(crate) fn plain_answers(table: &mut Table, layout: &LayoutDef, definition: &Definition, columns: &[usize]) -> bool {
    missing_words(table, layout, columns);
    if let Some([open, close]) = &layout.aside {
        table.rewrite(columns, |value| without_aside(value, open, close));
    }
    if layout.option_letter {
        for &column in columns {
            if all(table, column, |text| option_text(text).is_some()) {
                table.rewrite(&[column], |value| text_of(value).and_then(|text| option_text(&text)).map(text_value));
            }
        }
    }
    if !layout.code_prefixes.is_empty() {
        for &column in columns {
            if all(table, column, |text| code_number(text, &layout.code_prefixes).is_some()) {
                let change = |value: &Value| code_number(&text_of(value)?, &layout.code_prefixes).map(Value::Number);
                table.rewrite(&[column], change);
            }
        }
    }
    let Some(loinc) = definition.loinc.as_ref() else { return false };
    let code = |text: &str| loinc.answers.iter().find(|(_, answer)| *answer == text).and_then(|(code, _)| number(code));
    let known = columns.iter().any(|column| all(table, *column, |text| code(text).is_some()));
    if known {
        table.rewrite(columns, |value| code(&text_of(value)?).map(Value::Number));
    }
    known
}

/// The layout's own words for answers that are none become those that all readers know.
fn missing_words(table: &mut Table, layout: &LayoutDef, columns: &[usize]) {
    let special = &words().special;
    for (own, known) in [(&layout.skipped, &special.skipped), (&layout.not_shown, &special.not_shown)] {
        let Some(known) = known.first().filter(|_| !own.is_empty()) else { continue };
        table.rewrite(columns, |value| {
            let text = normal(&text_of(value)?);
            own.iter().any(|word| normal(word) == text).then(|| text_value(known.clone()))
        });
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(narrow(text)),
        _ => None,
    }
}

fn text_value(text: String) -> Value {
    if text.is_empty() { Value::Blank } else { Value::Text(text.into()) }
}

/// Whether a column has answers and all of them are texts of a form.
fn all(table: &Table, column: usize, is: impl Fn(&str) -> bool) -> bool {
    let mut seen = vec![false; table.distinct()];
    let mut any = false;
    for &id in table.cells(column) {
        let Some(seen) = seen.get_mut(id as usize).filter(|seen| !**seen) else { continue };
        *seen = true;
        let value = table.value(id);
        if is_no_answer(value) {
            continue;
        }
        if !text_of(value).is_some_and(|text| is(&text)) {
            return false;
        }
        any = true;
    }
    any
}

/// `B.text` -> `text`
fn option_text(text: &str) -> Option<String> {
    let mut characters = text.chars();
    let letter = characters.next()?.is_ascii_uppercase();
    let rest = characters.as_str();
    let rest = rest.strip_prefix('.').or_else(|| rest.strip_prefix('、'))?.trim();
    (letter && !rest.is_empty()).then(|| rest.to_owned())
}

/// `A2` -> 2
fn code_number(text: &str, prefixes: &[String]) -> Option<f64> {
    let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str()))?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { number(digits) } else { None }
}

/// The text of an option without what the respondent wrote beside it.
fn without_aside(value: &Value, open: &str, close: &str) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    let (before, rest) = text.split_once(open)?;
    let (_, after) = rest.rsplit_once(close)?;
    Some(text_value(format!("{}{}", before.trim_end(), after.trim_start())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_codes_and_asides() {
        assert_eq!(option_text("D.无所谓"), Some("无所谓".into()));
        assert_eq!(option_text("D. x"), Some("x".into()));
        for text in ["无所谓", "D无所谓", "D.", "3.5", "d.x"] {
            assert_eq!(option_text(text), None, "{text}");
        }
        let prefixes = ["AO".to_owned(), "A".to_owned()];
        assert_eq!(code_number("AO03", &prefixes), Some(3.0));
        assert_eq!(code_number("A2", &prefixes), Some(2.0));
        assert_eq!(code_number("Always", &prefixes), None);
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(without_aside(&text("其他〖我的话〗"), "〖", "〗"), Some(text("其他")));
        assert_eq!(without_aside(&text("其他"), "〖", "〗"), None);
    }
}
