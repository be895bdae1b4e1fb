//! What the heading of a question says: its number, and which row or option of it the column holds.

use super::registry::{Form, LayoutDef};
use crate::words::{narrow, stem};

/// What a heading says of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Number of the question, where the layout writes one.
    pub(crate) number: Option<u32>,
    /// The row of a matrix or the option of a multiple choice.
    pub(crate) part: Part,
    /// What identifies the question where it has no number, and its text.
    pub(crate) text: String,
}

/// Which part of a question a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// A row of a matrix.
    Row(String),
    /// An option of a multiple choice.
    Option(String),
    /// One of the two: the answers tell.
    Either(String),
    /// What was written beside an answer.
    Aside,
}

/// Reads a heading in the forms of a layout.
pub(crate) fn read(heading: &str, layout: &LayoutDef) -> Option<Heading> {
    layout.headings.iter().find_map(|form| read_form(heading, *form, layout))
}

fn read_form(heading: &str, form: Form, layout: &LayoutDef) -> Option<Heading> {
    let heading = narrow(heading);
    if heading.is_empty() {
        return None;
    }
    match form {
        Form::Numbered => numbered(&heading, &layout.marks).map(|(number, text)| whole(Some(number), text)),
        Form::Sub => sub(&heading),
        Form::Code => code(&heading),
        Form::Field => {
            let number = heading.strip_prefix("field_")?;
            Some(whole(Some(digits(number)?), heading.clone()))
        }
        Form::Bracket => Some(bracket(&heading, &layout.marks)),
        Form::Variable => variable(&heading),
        Form::Link => Some(whole(None, heading)),
        Form::Plain => Some(whole(None, heading)),
    }
}

fn whole(number: Option<u32>, text: String) -> Heading {
    Heading { number, part: Part::Whole, text }
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Splits `12、text` into the number and the text. Any number of digits: some forms have more than 99 questions.
pub(crate) fn numbered(heading: &str, marks: &[String]) -> Option<(u32, String)> {
    let heading = narrow(heading);
    let count = heading.bytes().take_while(u8::is_ascii_digit).count();
    let number = digits(heading.get(..count)?)?;
    let rest = heading.get(count..)?.trim_start();
    let text = marks.iter().find_map(|mark| rest.strip_prefix(narrow(mark).as_str()))?;
    Some((number, text.trim().to_owned()))
}

/// `第12题(row)`
fn sub(heading: &str) -> Option<Heading> {
    let (number, rest) = heading.strip_prefix('第')?.split_once('题')?;
    let part = rest.trim().strip_prefix('(')?.strip_suffix(')')?.trim();
    Some(Heading { number: Some(digits(number.trim())?), part: Part::Either(part.to_owned()), text: part.to_owned() })
}

/// `Q12`, `Q12_R3`, `Q12_A3`
fn code(heading: &str) -> Option<Heading> {
    let rest = heading.strip_prefix(['Q', 'q'])?;
    let Some((number, part)) = rest.split_once('_') else {
        return Some(whole(Some(digits(rest)?), heading.to_owned()));
    };
    let number = digits(number)?;
    let part = match (part.get(..1)?, digits(part.get(1..)?)) {
        ("R" | "r", Some(_)) => Part::Row(part.to_owned()),
        ("A" | "a", Some(_)) => Part::Option(part.to_owned()),
        _ => Part::Aside,
    };
    Some(Heading { number: Some(number), part, text: heading.to_owned() })
}

/// `code`, `code[row]`, `code. text`, `code[row]. text`
fn bracket(heading: &str, marks: &[String]) -> Heading {
    let name = marks
        .iter()
        .filter_map(|mark| heading.find(&format!("{mark} ")))
        .min()
        .and_then(|at| heading.get(..at))
        .filter(|name| !name.contains(' '))
        .unwrap_or(heading);
    let Some((question, part)) = name.split_once('[') else {
        return whole(None, name.to_owned());
    };
    let part = part.trim_end_matches(']').to_owned();
    let part = if matches!(part.as_str(), "other" | "comment") { Part::Aside } else { Part::Either(part) };
    Heading { number: None, part, text: question.to_owned() }
}

/// A variable name; `name___3` is an option.
fn variable(heading: &str) -> Option<Heading> {
    let name = heading.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !name || heading.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(match heading.split_once("___") {
        Some((question, option)) => {
            Heading { number: None, part: Part::Option(option.to_owned()), text: question.to_owned() }
        }
        None => whole(None, heading.to_owned()),
    })
}

/// Whether a heading is the one that the caller names, with or without a question number.
pub(crate) fn is_heading(heading: &str, wanted: &str) -> bool {
    let wanted = stem(wanted);
    stem(heading) == wanted || numbered(heading, &any_mark()).is_some_and(|(_, text)| stem(&text) == wanted)
}

/// The text of a heading without a question number.
pub(crate) fn without_number(heading: &str) -> String {
    numbered(heading, &any_mark()).map_or_else(|| narrow(heading), |(_, text)| text)
}

fn any_mark() -> Vec<String> {
    crate::words::words().marks.question.clone()
}

#[cfg(test)]
mod tests {
    use super::super::registry::layout;
    use super::*;

    fn read_as(heading: &str, id: &str) -> Option<(Option<u32>, Part)> {
        read(heading, layout(id).expect("a layout")).map(|heading| (heading.number, heading.part))
    }

    #[test]
    fn question_headings_with_every_separator_and_any_number() {
        for heading in ["7、x", "7.x", "7．x", "7:x", "7：x", "７、 x", " 7 、x "] {
            assert_eq!(read_as(heading, "wenjuanxing"), Some((Some(7), Part::Whole)), "{heading}");
        }
        assert_eq!(read_as("104、y", "wenjuanxing"), Some((Some(104), Part::Whole)));
        for heading in ["x", "、x", "7", "7x", "99999999999、x", "", "第x题(a)", "第7题"] {
            assert_eq!(read_as(heading, "wenjuanxing"), None, "{heading}");
        }
    }

    #[test]
    fn parts_of_questions() {
        let either = |text: &str| Part::Either(text.to_owned());
        assert_eq!(read_as("第7题(行（一）)", "wenjuanxing"), Some((Some(7), either("行(一)"))));
        assert_eq!(read_as("Q3_R2", "wenjuanwang"), Some((Some(3), Part::Row("R2".into()))));
        assert_eq!(read_as("Q2_A1", "wenjuanwang"), Some((Some(2), Part::Option("A1".into()))));
        assert_eq!(read_as("Q2_open", "wenjuanwang"), Some((Some(2), Part::Aside)));
        assert_eq!(read_as("Q", "wenjuanwang"), None);
        assert_eq!(read_as("field_12", "jinshuju-json"), Some((Some(12), Part::Whole)));
        assert_eq!(read_as("mood[SQ001]", "limesurvey"), Some((None, either("SQ001"))));
        assert_eq!(read_as("mood[SQ001]. How was it?", "limesurvey"), Some((None, either("SQ001"))));
        assert_eq!(read_as("mood[comment]", "limesurvey"), Some((None, Part::Aside)));
        assert_eq!(read_as("hobby___2", "redcap"), Some((None, Part::Option("2".into()))));
        assert_eq!(read_as("two words", "redcap"), None);
        assert_eq!(read_as("PHQ.10", "fhir"), Some((None, Part::Whole)));
    }

    #[test]
    fn a_stated_heading_matches_with_and_without_its_number() {
        assert!(is_heading("1、您的编号：", "您的编号"));
        assert!(is_heading("1、您的编号", "1、您的编号"));
        assert!(!is_heading("1、编号", "您的编号"));
    }
}
