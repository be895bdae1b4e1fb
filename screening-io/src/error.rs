//! Errors with a place, a cause and a remedy, in both languages.

use std::borrow::Cow;

use screening_core::instrument::{Language, Text};

use crate::messages::say;

/// Where in a file something is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// File as the caller named it.
    pub file: String,
    /// Worksheet, where the file has several.
    pub sheet: Option<String>,
    /// Row as a spreadsheet counts it: the first row is 1.
    pub row: Option<u32>,
    /// Position of the column, the first is 0.
    pub column: Option<u32>,
    /// Heading over the column.
    pub heading: Option<String>,
}

impl Place {
    /// A place that is a whole file.
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: name.into(), ..Self::default() }
    }

    /// The column as a spreadsheet names it: `A`, `Z`, `AA`.
    ///
    /// ```
    /// use screening_io::Place;
    /// let place = Place { column: Some(26), ..Place::file("a.csv") };
    /// assert_eq!(place.letter().as_deref(), Some("AA"));
    /// ```
    pub fn letter(&self) -> Option<String> {
        self.column.map(column_letter)
    }

    /// The place in words, most general part first.
    pub fn describe(&self, language: Language) -> String {
        let mut parts = vec![self.file.clone()];
        if let Some(sheet) = &self.sheet {
            parts.push(say("frame.sheet", language, &[("sheet", sheet)]));
        }
        if let Some(row) = self.row {
            parts.push(say("frame.row", language, &[("row", &row.to_string())]));
        }
        match (self.letter(), &self.heading) {
            (Some(letter), Some(heading)) => {
                let heading = shorten(heading, 40);
                parts.push(say("frame.column", language, &[("letter", &letter), ("heading", &heading)]));
            }
            (Some(letter), None) => {
                parts.push(say("frame.letter", language, &[("letter", &letter)]));
            }
            (None, _) => {}
        }
        parts.join(&say("frame.separator", language, &[]))
    }
}

/// Spreadsheet letters of a column position that starts at 0.
pub(crate) fn column_letter(position: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(position) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// Cuts a long text for a message.
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// Something that is wrong: where, what, why, and what to do. The words are in the message catalogue under `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Message id, stable across versions, for example `coding-ambiguous`.
    pub id: &'static str,
    /// Where.
    pub place: Place,
    /// The value found there.
    pub value: Option<String>,
    /// Values for the placeholders of the message.
    pub arguments: Vec<(&'static str, String)>,
    /// Evidence of several lines, for example how each column was read.
    pub detail: Option<Text>,
}

impl Problem {
    /// A problem of a place, to be completed with the builder methods.
    pub fn new(id: &'static str, place: Place) -> Self {
        Self { id, place, value: None, arguments: Vec::new(), detail: None }
    }

    /// Adds a value for a placeholder of the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }

    /// Adds the value found.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Adds evidence.
    #[must_use]
    pub fn detail(mut self, detail: Text) -> Self {
        self.detail = Some(detail);
        self
    }

    /// What is wrong, without the place.
    pub fn why(&self, language: Language) -> String {
        self.part("why", language)
    }

    /// What the reader of the message can do.
    pub fn advice(&self, language: Language) -> String {
        self.part("do", language)
    }

    fn part(&self, part: &str, language: Language) -> String {
        let arguments: Vec<(&str, &str)> = self.arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        say(&format!("{}.{part}", self.id), language, &arguments)
    }

    /// The whole message: place, value, cause, evidence and remedy.
    pub fn render(&self, language: Language) -> String {
        let mut head = self.place.describe(language);
        if let Some(value) = &self.value {
            head.push_str(&say("frame.separator", language, &[]));
            head.push_str(&say("frame.value", language, &[("value", &shorten(value, 60))]));
        }
        head.push_str(&say("frame.colon", language, &[]));
        head.push_str(&self.why(language));
        if let Some(detail) = &self.detail {
            head.push('\n');
            head.push_str(detail.get(language).trim_end());
        }
        head.push('\n');
        head.push_str(&say("frame.todo", language, &[("text", &self.advice(language))]));
        head
    }
}

/// A file that is refused. `Display` is English; [`IoError::render`] gives either language.
///
/// ```
/// use screening_core::instrument::Language;
/// use screening_io::{IoError, Place, Problem};
/// let error = IoError::from(Problem::new("file-empty", Place::file("grade7.xlsx")));
/// assert!(error.to_string().starts_with("grade7.xlsx: the file holds nothing"));
/// assert!(error.render(Language::ZhCn).contains("没有任何内容"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.render(Language::En))]
pub struct IoError(Box<Problem>);

impl IoError {
    /// What is wrong and where.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// The message id.
    pub fn id(&self) -> &'static str {
        self.0.id
    }

    /// The whole message.
    pub fn render(&self, language: Language) -> String {
        self.0.render(language)
    }
}

impl From<Problem> for IoError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

/// How much of the input a rejection takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole row: it is not in the frame.
    Row,
    /// One cell: the row is in the frame, this value is invalid or unknown.
    Cell,
    /// Nothing: the row and all its values are in the frame, and somebody should look.
    Notice,
}

impl Scope {
    /// The word used in files: `row`, `cell`, `notice`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Cell => "cell",
            Self::Notice => "notice",
        }
    }
}

/// A row or cell that was not taken over as it stands. Nothing is dropped without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// How much was rejected.
    pub scope: Scope,
    /// Where, why and what to do.
    pub problem: Problem,
}

impl Rejected {
    /// A rejection of `scope` for `problem`.
    pub fn new(scope: Scope, problem: Problem) -> Self {
        Self { scope, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::column_letter;

    #[test]
    fn letters_are_those_of_a_spreadsheet() {
        let letters: Vec<String> = [0, 25, 26, 51, 701, 702, 16_383].into_iter().map(column_letter).collect();
        assert_eq!(letters, ["A", "Z", "AA", "AZ", "ZZ", "AAA", "XFD"]);
        assert_eq!(column_letter(u32::MAX).len(), 7);
    }
}
