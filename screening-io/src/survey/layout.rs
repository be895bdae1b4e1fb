//! Which column of an export is what: metadata, question N, or something else.

use crate::error::{IoError, Problem};
use crate::table::Table;
use crate::words::{MetadataColumn, narrow, normal, stem, words};

/// A question column.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) number: u32,
    pub(crate) column: usize,
    pub(crate) text: String,
}

/// What the columns of an export are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// Time of submission.
    pub(crate) submitted: Option<usize>,
    /// Time taken.
    pub(crate) duration: Option<usize>,
    /// The platform's own total.
    pub(crate) total: Option<usize>,
    /// Question columns in their order.
    pub(crate) questions: Vec<Question>,
    /// Further columns with a heading that is a person heading.
    pub(crate) others: Vec<(usize, String)>,
}

impl Layout {
    /// All columns that are not metadata, with their text without the question number.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let questions = self.questions.iter().map(|question| (question.column, question.text.as_str()));
        questions.chain(self.others.iter().map(|(column, text)| (*column, text.as_str())))
    }
}

/// Splits `12、text` into the number and the text. Any number of digits: some forms have more than 99 questions.
pub(crate) fn question(heading: &str) -> Option<(u32, String)> {
    let heading = narrow(heading);
    let digits = heading.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = heading.get(..digits)?.parse().ok()?;
    let rest = heading.get(digits..)?.trim_start();
    let text = words().marks.question.iter().find_map(|mark| rest.strip_prefix(mark.as_str()))?;
    Some((number, text.trim().to_owned()))
}

/// Whether a heading is the one that the caller names, with or without the question number.
pub(crate) fn is_heading(heading: &str, wanted: &str) -> bool {
    let wanted_stem = stem(wanted);
    stem(heading) == wanted_stem || question(heading).is_some_and(|(_, text)| stem(&text) == wanted_stem)
}

/// Finds the layout whose metadata columns stand first, and the questions behind them.
pub(crate) fn detect(table: &Table) -> Result<Layout, IoError> {
    let (mut layout, first) =
        words().survey.values().find_map(|columns| metadata(table, columns)).ok_or_else(|| unknown(table))?;
    for column in first..table.width() {
        let heading = table.heading(column);
        if heading.is_empty() {
            continue;
        }
        match question(heading) {
            Some((number, text)) => layout.questions.push(Question { number, column, text }),
            None if words().person_heading(heading).is_some() => {
                layout.others.push((column, heading.to_owned()));
            }
            None => return Err(Problem::new("layout-heading", table.column_place(column)).into()),
        }
    }
    unique(table, &layout)?;
    Ok(layout)
}

/// Matches the metadata columns of a layout; gives the position of the first column behind them.
fn metadata(table: &Table, columns: &[MetadataColumn]) -> Option<(Layout, usize)> {
    let mut layout = Layout::default();
    let mut position = 0;
    for column in columns {
        let heading = normal(table.heading(position));
        if !column.headings.contains(&heading) {
            if column.optional {
                continue;
            }
            return None;
        }
        match column.key.as_str() {
            "submitted" => layout.submitted = Some(position),
            "duration" => layout.duration = Some(position),
            "total" => layout.total = Some(position),
            _ => {}
        }
        position += 1;
    }
    Some((layout, position))
}

fn unknown(table: &Table) -> IoError {
    let expected: Vec<String> = words()
        .survey
        .values()
        .map(|columns| columns.iter().filter_map(|c| c.headings.first().cloned()).collect::<Vec<_>>().join(", "))
        .collect();
    let found: Vec<&str> = table.headings().iter().take(7).map(String::as_str).collect();
    let problem = Problem::new("layout-unknown", table.place()).with("expected", expected.join(" / "));
    problem.with("found", found.join(", ")).into()
}

fn unique(table: &Table, layout: &Layout) -> Result<(), IoError> {
    let mut seen = std::collections::HashMap::new();
    for question in &layout.questions {
        if let Some(first) = seen.insert(question.number, question.column) {
            let letter = |column: usize| table.column_place(column).letter().unwrap_or_default();
            let problem = Problem::new("layout-number-duplicate", table.column_place(question.column));
            let problem = problem.with("number", question.number).with("first", letter(first));
            return Err(problem.with("second", letter(question.column)).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{is_heading, question};

    #[test]
    fn question_headings_with_every_separator_and_any_number() {
        for heading in ["7、x", "7.x", "7．x", "7:x", "7：x", "７、 x", " 7 、x "] {
            assert_eq!(question(heading), Some((7, "x".to_owned())), "{heading}");
        }
        assert_eq!(question("104、y"), Some((104, "y".to_owned())));
        for heading in ["x", "、x", "7", "7x", "第7题(x)", "99999999999、x", ""] {
            assert_eq!(question(heading), None, "{heading}");
        }
    }

    #[test]
    fn a_stated_heading_matches_with_and_without_its_number() {
        assert!(is_heading("1、您的编号：", "您的编号"));
        assert!(is_heading("1、您的编号", "1、您的编号"));
        assert!(!is_heading("1、编号", "您的编号"));
    }
}
