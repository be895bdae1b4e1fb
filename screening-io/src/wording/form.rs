//! A form as both kinds of files describe it: questions in their order, each with its answers.

use crate::error::{IoError, Place, Problem};

/// A form that was read.
pub(super) struct Form {
    /// The file, for messages.
    pub(super) place: Place,
    /// What the form says of its origin.
    pub(super) source: String,
    /// What the form says of its licence.
    pub(super) licence: Option<String>,
    /// LOINC codes of the form as a whole.
    pub(super) panels: Vec<String>,
    /// The questions, in the order of the form.
    pub(super) questions: Vec<Question>,
    /// What is no question: scores, hidden fields.
    pub(super) left_out: Vec<Problem>,
}

/// One question.
pub(super) struct Question {
    /// Its name in the file: a link id or a field name.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: Place,
    /// The number printed before it, where the file says so.
    pub(super) number: Option<String>,
    /// Its LOINC codes.
    pub(super) loinc: Vec<String>,
    /// Its text in the language wanted.
    pub(super) text: Option<String>,
    /// Texts that stand between the question before and this one.
    pub(super) before: Vec<String>,
    /// How it is answered.
    pub(super) answer: AnswerKind,
}

/// How a question is answered.
pub(super) enum AnswerKind {
    /// One option.
    Choice(Options),
    /// Yes or no without any code.
    Unscored,
    /// Several options.
    Several,
    /// A number.
    Number,
    /// A time of day.
    Clock,
    /// Free text, a date, a file.
    Entry,
}

/// The options of a question, or why they cannot be told. A question that is not an item of the instrument may have
/// options of any kind, so the refusal waits until it is known to be one.
pub(super) struct Options {
    /// In the order of the form.
    pub(super) list: Result<Vec<FormOption>, IoError>,
    /// The file does not say in which order they are shown.
    pub(super) any_order: bool,
}

/// One option.
#[derive(Clone)]
pub(super) struct FormOption {
    /// Its code.
    pub(super) code: i8,
    /// Its text in the language wanted.
    pub(super) text: Option<String>,
}

impl Question {
    /// A problem of this question.
    pub(super) fn problem(&self, id: &'static str) -> Problem {
        Problem::new(id, self.place.clone()).value(&self.name)
    }
}

/// Removes the markup that form builders put into labels, and what it leaves behind: `<b>a</b>&nbsp;b` is `a b`.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, marked) = rest.split_at(at);
        out.push_str(before);
        if let Some((replacement, behind)) = tag(marked).or_else(|| entity(marked)) {
            out.push(replacement);
            rest = behind;
        } else {
            let mut chars = marked.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A tag at the start of the text: a letter, `/` or `!` follows the bracket. `a < b` is none.
fn tag(text: &str) -> Option<(char, &str)> {
    let inner = text.strip_prefix('<')?;
    let first = inner.chars().next()?;
    if !(first.is_ascii_alphabetic() || matches!(first, '/' | '!')) {
        return None;
    }
    let (_, behind) = inner.split_once('>')?;
    Some((' ', behind))
}

/// A character reference at the start of the text.
fn entity(text: &str) -> Option<(char, &str)> {
    let (name, behind) = text.strip_prefix('&')?.split_once(';')?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, behind))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markup_of_form_builders_is_removed() {
        for (text, expected) in [
            ("<div class=\"rich\"><p>How <b>are</b>&nbsp;you?</p></div>", "How are you?"),
            ("a < b &amp; c > d", "a < b & c > d"),
            ("x<br/>y", "x y"),
            ("&#39;a&#x27; &unknown; &", "'a' &unknown; &"),
            ("<b", "<b"),
            ("  ", ""),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
