//! The spellings of class names.

use super::{SchoolSystem, Stage};
use crate::words::{lookup, normal, words};

/// What a class name says by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parsed {
    pub(super) grade: Option<u8>,
    pub(super) stage: Option<Stage>,
    /// A year, and whether it is that of entry.
    pub(super) year: Option<(i16, bool)>,
    pub(super) key: String,
}

/// A text as class names are compared: narrow, small, without spaces, with one kind of bracket.
pub(super) fn compact(text: &str) -> String {
    let list = &words().classes;
    let mut text: String = normal(text).chars().filter(|c| !c.is_whitespace()).collect();
    for (marks, plain) in [(&list.open, "("), (&list.close, ")"), (&list.between, "-")] {
        for mark in marks {
            text = text.replace(mark.as_str(), plain);
        }
    }
    text
}

/// All ways to read a class name.
pub(super) fn parse(text: &str, system: SchoolSystem) -> Vec<Parsed> {
    let text = compact(text);
    if text.is_empty() {
        return vec![Parsed::default()];
    }
    let (year, rest) = take_year(&text);
    let plain = rest.trim_end_matches(|c| words().classes.class.iter().any(|mark| mark.starts_with(c)));
    if year.is_none() && plain.bytes().all(|b| b.is_ascii_digit()) && !plain.is_empty() {
        return numbers(plain);
    }
    let (stage, rest) = take_stage(&rest);
    let (grade, rest) = take_grade(rest, stage, year.is_some(), system);
    vec![Parsed { grade, stage, year, key: class_key(rest) }]
}

/// `701` is class 1 of grade 7; `2101` in the numbering of the national template too.
fn numbers(digits: &str) -> Vec<Parsed> {
    let number = |text: &str| text.parse::<u8>().ok();
    if digits.len() < 3 {
        return vec![Parsed { key: class_key(digits), ..Parsed::default() }];
    }
    let (Some(head), Some(tail)) = (digits.get(..digits.len() - 2), digits.get(digits.len() - 2..)) else {
        return vec![Parsed { key: digits.to_owned(), ..Parsed::default() }];
    };
    let plain = number(head).filter(|grade| (1..=12).contains(grade) && head.len() <= 2);
    let code = lookup(&words().grade_codes, head).and_then(number).filter(|_| head.len() == 2);
    let grades: Vec<u8> = plain.into_iter().chain(code).collect();
    if grades.is_empty() || number(tail) == Some(0) {
        return vec![Parsed { key: digits.to_owned(), ..Parsed::default() }];
    }
    grades.into_iter().map(|grade| Parsed { grade: Some(grade), key: class_key(tail), ..Parsed::default() }).collect()
}

/// Takes a year such as `2024级` out of a text.
fn take_year(text: &str) -> (Option<(i16, bool)>, String) {
    let list = &words().classes;
    for (marks, entry) in [(&list.entry, true), (&list.leaving, false)] {
        for mark in marks {
            for (at, _) in text.match_indices(mark.as_str()) {
                let before = text.get(..at).unwrap_or_default();
                let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
                let (head, year) = before.split_at(before.len() - digits);
                let year = match (digits, year.parse::<i16>()) {
                    (4, Ok(year)) if (1990..2100).contains(&year) => year,
                    (2, Ok(year)) => 2000 + year,
                    _ => continue,
                };
                let after = text.get(at + mark.len()..).unwrap_or_default();
                return (Some((year, entry)), format!("{head}{after}"));
            }
        }
    }
    (None, text.to_owned())
}

/// Takes a stage from the front: `初`, `高中`.
fn take_stage(text: &str) -> (Option<Stage>, &str) {
    for stage in Stage::ALL {
        let names = words().stages.get(stage.key()).map_or(&[][..], |names| names.short.as_slice());
        if let Some(rest) = names.iter().find_map(|name| text.strip_prefix(name.as_str())) {
            return (Some(stage), rest);
        }
    }
    (None, text)
}

/// A Chinese figure from the front.
fn take_figure(text: &str) -> Option<(u8, &str)> {
    (0_u8..).zip(&words().classes.digits).find_map(|(n, word)| Some((n, text.strip_prefix(word.as_str())?)))
}

/// A number in digits or in Chinese from the front, up to 99.
fn take_number(text: &str) -> Option<(u8, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if count > 0 {
        return Some((text.get(..count)?.parse().ok()?, text.get(count..)?));
    }
    let list = &words().classes;
    let (tens, rest) = match take_figure(text) {
        Some((tens, rest)) => (Some(tens), rest),
        None => (None, text),
    };
    let Some(rest_of_ten) = rest.strip_prefix(list.ten.as_str()) else {
        return tens.map(|number| (number, rest));
    };
    let (ones, rest) = take_figure(rest_of_ten).unwrap_or((0, rest_of_ten));
    Some((tens.unwrap_or(1) * 10 + ones, rest))
}

/// Takes the grade from the front; what is left names the class.
fn take_grade(text: &str, stage: Option<Stage>, has_year: bool, system: SchoolSystem) -> (Option<u8>, &str) {
    let list = &words().classes;
    let english = list.english.iter().find_map(|word| text.strip_prefix(word.as_str()));
    // Behind a stage stands one figure: 高三十二班 is class 12 of the third year, not class 32.
    let figure = if stage.is_some() { take_figure(text) } else { None };
    let Some((number, rest)) = figure.or_else(|| take_number(english.unwrap_or(text))) else { return (None, text) };
    let marked = list.grade.iter().find_map(|mark| rest.strip_prefix(mark.as_str()));
    // `高3班` names a class and no grade; so does the number behind a year.
    let is_class = has_year || list.class.iter().any(|mark| rest.starts_with(mark.as_str()));
    let grade = match (stage, marked.is_some()) {
        (None | Some(Stage::Primary), true) => number,
        (Some(stage), _) if marked.is_some() || !is_class => {
            let (first, last) = stage.grades(system);
            match first.checked_add(number.wrapping_sub(1)).filter(|grade| number > 0 && *grade <= last) {
                Some(grade) => grade,
                None => return (None, text),
            }
        }
        (None, false) if english.is_some() || !is_class && names_a_class(rest) => number,
        _ => return (None, text),
    };
    if (1..=12).contains(&grade) { (Some(grade), marked.unwrap_or(rest)) } else { (None, text) }
}

/// Whether a class follows a bare number that may be a grade: `七(1)`, `7-1`, `七1班`.
fn names_a_class(rest: &str) -> bool {
    let rest = rest.strip_prefix(['(', '-']).unwrap_or(rest);
    take_number(rest).is_some()
}

/// What is left of a class name as a key: the number without its dress, or the name.
fn class_key(rest: &str) -> String {
    let list = &words().classes;
    let mut text = rest.trim_matches('-');
    text = list.ordinal.iter().find_map(|mark| text.strip_prefix(mark.as_str())).unwrap_or(text);
    let opened = text.strip_prefix('(');
    let Some((number, after)) = take_number(opened.unwrap_or(text)) else { return rest.to_owned() };
    let after = if opened.is_some() { after.strip_prefix(')').unwrap_or(after) } else { after };
    let after = list.class.iter().find_map(|mark| after.strip_prefix(mark.as_str())).unwrap_or(after);
    let after = if opened.is_some() { after.strip_prefix(')').unwrap_or(after) } else { after };
    format!("{number}{after}")
}
