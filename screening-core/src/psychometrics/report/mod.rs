//! What a result shows: tables with headings in both languages, sentences about what was done, plots.
//!
//! Every result of this module prints (`Display`, its tables in English), serialises, and explains itself. Commands and
//! reports take the same tables in the language of the reader.

mod cat;
mod cfa;
mod clustered;
mod correlation;
mod dif;
mod factors;
mod irt;
mod items;
mod reliability;
mod roc;

use std::fmt;

use serde::Serialize;

use super::print::{Table, number};
use crate::instrument::{Language, Text};
use crate::texts::say;

/// A result that can be shown.
///
/// ```
/// use screening_core::psychometrics::{Alpha, Report, Responses};
///
/// let rows = [[0, 1, 0], [1, 1, 2], [2, 2, 2], [1, 0, 1]].map(|row| row.map(Some));
/// let found = Alpha::default().fit(&Responses::from_rows(["a", "b", "c"], &rows)?)?;
/// let tables = found.tables();
/// assert_eq!(tables[1].headings[0].en, "item");
/// assert_eq!(tables[1].rows.len(), 3);
/// assert!(!found.explain().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Report {
    /// The figures as tables, the most important first.
    fn tables(&self) -> Vec<ResultTable>;

    /// What was computed, on whom, by which conventions, and where its limits are.
    fn explain(&self) -> Vec<Text>;

    /// Pictures, where the result has some.
    fn plots(&self) -> Vec<Plot> {
        Vec::new()
    }
}

/// One table of a result. The first cell of a row names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultTable {
    /// What the table shows.
    pub title: Text,
    /// Headings of the columns; none for a list of figures.
    pub headings: Vec<Text>,
    /// The cells, row by row.
    pub rows: Vec<Vec<Text>>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plot {
    /// Name of the file, without its extension.
    pub name: String,
    /// The picture as SVG. It holds names and numbers only.
    pub svg: String,
}

impl Plot {
    pub(crate) fn new(name: impl Into<String>, svg: String) -> Self {
        Self { name: name.into(), svg }
    }
}

/// Degrees of freedom and counts are whole where they are.
fn cell(key: &str, value: f64) -> String {
    if ["df", "n", "splits"].contains(&key) { whole_number(value) } else { number(value) }
}

/// A whole number without decimals, any other with three.
pub(crate) fn whole_number(value: f64) -> String {
    if value.is_finite() && value.fract() == 0.0 { format!("{value:.0}") } else { number(value) }
}

/// A heading or a title from the resource file.
pub(crate) fn word(key: &str) -> Text {
    say(&format!("psychometrics.{key}"), &[])
}

fn plain(text: impl Into<String>) -> Text {
    let en = text.into();
    Text { zh_cn: en.clone(), en }
}

impl ResultTable {
    /// A table whose title and headings stand in the resource file.
    pub(crate) fn new<'a>(title: &str, headings: impl IntoIterator<Item = &'a str>) -> Self {
        Self { title: word(title), headings: headings.into_iter().map(word).collect(), rows: Vec::new() }
    }

    /// A list of named figures.
    pub(crate) fn list(title: &str, figures: &[(&str, f64)]) -> Self {
        let rows = figures.iter().map(|(key, value)| vec![word(key), plain(cell(key, *value))]).collect();
        Self { title: word(title), headings: Vec::new(), rows }
    }

    /// A matrix with its names.
    pub(crate) fn matrix(title: &str, matrix: &super::NamedMatrix) -> Self {
        let mut table = Self::new(title, ["item"]).columns(matrix.columns());
        for (name, row) in matrix.rows().iter().zip(matrix.values().row_iter()) {
            table.row(name, row.iter().map(|value| number(*value)));
        }
        table
    }

    /// Further columns that are named by the data.
    #[must_use]
    pub(crate) fn columns<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.headings.extend(names.into_iter().map(|name| plain(name.as_ref())));
        self
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = String>) {
        self.rows.push(std::iter::once(plain(name)).chain(cells.into_iter().map(plain)).collect());
    }

    /// A row whose name stands in the resource file.
    pub(crate) fn named(&mut self, key: &str, cells: impl IntoIterator<Item = String>) {
        self.rows.push(std::iter::once(word(key)).chain(cells.into_iter().map(plain)).collect());
    }

    /// Puts a text at the end of the last row.
    pub(crate) fn append(&mut self, text: Text) {
        if let Some(row) = self.rows.last_mut() {
            row.push(text);
        }
    }

    /// The table in a language: title, headings, rows.
    pub fn in_language(&self, language: Language) -> (String, Vec<String>, Vec<Vec<String>>) {
        let of = |text: &Text| text.get(language).to_owned();
        let rows = self.rows.iter().map(|row| row.iter().map(of).collect()).collect();
        (of(&self.title), self.headings.iter().map(of).collect(), rows)
    }
}

impl fmt::Display for ResultTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, headings, rows) = self.in_language(Language::En);
        writeln!(f, "{title}")?;
        let mut rows = rows.into_iter();
        let first = if headings.is_empty() { rows.next().unwrap_or_default() } else { headings };
        let mut table = Table::new(first);
        rows.for_each(|row| table.row(row));
        fmt::Display::fmt(&table, f)
    }
}

/// Prints the tables of a result, one below the other.
pub(crate) fn print(report: &dyn Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, table) in report.tables().iter().enumerate() {
        if at > 0 {
            writeln!(f)?;
        }
        fmt::Display::fmt(table, f)?;
    }
    Ok(())
}

/// Results print their tables.
macro_rules! print_tables {
    ($($result:ty),+ $(,)?) => {
        $(impl std::fmt::Display for $result {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::psychometrics::report::print(self, f)
            }
        })+
    };
}
pub(crate) use print_tables;

/// A whole number as a cell.
pub(crate) fn count(value: impl TryInto<u64>) -> String {
    value.try_into().map_or_else(|_| "-".to_owned(), |value| value.to_string())
}

/// Figures as cells.
pub(crate) fn numbers(values: impl IntoIterator<Item = f64>) -> impl Iterator<Item = String> {
    values.into_iter().map(number)
}

/// A figure that may be lacking.
pub(crate) fn or_none(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Every text of a report is in the resource file, in both languages, and every row fits its headings.
    pub(crate) fn whole(report: &dyn Report) {
        let tables = report.tables();
        assert!(!tables.is_empty());
        let explanation = report.explain();
        assert!(!explanation.is_empty());
        let cells = tables.iter().flat_map(|table| table.headings.iter().chain(table.rows.iter().flatten()));
        for text in tables.iter().map(|table| &table.title).chain(cells).chain(&explanation) {
            assert!(!text.en.contains("psychometrics.") && !text.zh_cn.contains("psychometrics."), "{text:?}");
        }
        for text in &explanation {
            assert!(text.en.len() > 5 && text.zh_cn != text.en, "{text:?}");
        }
        for table in &tables {
            let longest = table.rows.iter().map(Vec::len).max().unwrap_or(0);
            assert!(table.headings.is_empty() || longest <= table.headings.len(), "{table}");
        }
        for plot in report.plots() {
            assert!(plot.svg.starts_with("<svg") && plot.svg.ends_with("</svg>\n"), "{}", plot.name);
            assert!(!plot.svg.contains("NaN") && !plot.svg.contains("inf"), "{}", plot.name);
        }
    }

    #[test]
    fn tables_have_two_languages() {
        let mut table = ResultTable::new("items", ["item", "mean"]);
        table.row("1", numbers([0.5]));
        let (title, headings, rows) = table.in_language(Language::ZhCn);
        assert_eq!((headings[0].as_str(), rows[0][1].as_str()), ("题目", "0.500"));
        assert_ne!(title, table.in_language(Language::En).0);
        assert_eq!(table.to_string().lines().count(), 3);
    }
}
