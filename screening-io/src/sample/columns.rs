//! Columns that say something of the persons.

use polars::prelude::{Column, DataFrame, DataType};

use super::Sample;
use crate::error::{IoError, Place, Problem};

/// Two groups of persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMarks {
    /// Yes for the focal group, no for the reference group, none where it is not known.
    pub focal: Vec<Option<bool>>,
    /// The value of the reference group.
    pub reference_value: String,
    /// The value of the focal group.
    pub focal_value: String,
}

/// Values that stand for yes and no by themselves.
const YES: [&str; 6] = ["1", "true", "yes", "y", "是", "有"];
const NO: [&str; 6] = ["0", "false", "no", "n", "否", "无"];

impl Sample {
    /// A column as text; none for an empty cell.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, IoError> {
        let series = self.column(column)?.as_materialized_series().clone();
        let broken = |_| IoError::from(self.problem("sample-column-type", column));
        // Whole numbers lose their point: a group 1.0 is the group 1.
        let texts = if series.dtype().is_float() {
            let numbers = series.cast(&DataType::Float64).map_err(broken)?;
            let numbers = numbers.f64().map_err(broken)?;
            numbers.iter().map(|value| value.map(|value| value.to_string())).collect::<Vec<_>>()
        } else {
            let texts = series.cast(&DataType::String).map_err(broken)?;
            let texts = texts.str().map_err(broken)?;
            texts.iter().map(|text| text.map(str::to_owned)).collect()
        };
        let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(texts.into_iter().map(filled).collect())
    }

    /// A column as numbers; NaN for an empty cell.
    ///
    /// # Errors
    /// When there is no such column, or a cell is no number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, IoError> {
        let number = |text: Option<String>| match text {
            None => Ok(f64::NAN),
            Some(text) => {
                let found = text.parse::<f64>().ok().filter(|value| value.is_finite());
                found.ok_or_else(|| self.problem("sample-no-number", column).value(text).into())
            }
        };
        self.texts(column)?.into_iter().map(number).collect()
    }

    /// Names of groups; empty for none.
    ///
    /// # Errors
    /// As [`Self::texts`].
    pub fn groups(&self, column: &str) -> Result<Vec<String>, IoError> {
        Ok(self.texts(column)?.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Two groups by the values of a column: `focal` against `reference`, or against the only other value there is.
    ///
    /// # Errors
    /// When there is no such column, a value does not occur, or it is not clear which two are meant.
    pub fn two_groups(
        &self,
        column: &str,
        focal: Option<&str>,
        reference: Option<&str>,
    ) -> Result<GroupMarks, IoError> {
        let texts = self.texts(column)?;
        let mut values: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
        values.sort_unstable();
        values.dedup();
        let known = || values.iter().take(20).copied().collect::<Vec<_>>().join(", ");
        if let Some(wrong) = [focal, reference].into_iter().flatten().find(|value| !values.contains(value)) {
            return Err(self.problem("sample-no-group", column).value(wrong).with("known", known()).into());
        }
        let (reference, focal) = match (reference, focal, values.as_slice()) {
            (Some(reference), Some(focal), _) if reference != focal => (reference, focal),
            (None, Some(focal), [a, b]) => (if *a == focal { *b } else { *a }, focal),
            (Some(reference), None, [a, b]) => (reference, if *a == reference { *b } else { *a }),
            (None, None, [a, b]) => (*a, *b),
            _ => return Err(self.problem("sample-which-groups", column).with("known", known()).into()),
        };
        let mark = |text: &Option<String>| match text.as_deref() {
            Some(text) if text == focal => Some(true),
            Some(text) if text == reference => Some(false),
            _ => None,
        };
        Ok(GroupMarks {
            focal: texts.iter().map(mark).collect(),
            reference_value: reference.to_owned(),
            focal_value: focal.to_owned(),
        })
    }

    /// Who has a condition: the values given mean yes, all other filled cells no; without values the column must hold 1 and
    /// 0, or yes and no. An empty cell is not known.
    ///
    /// # Errors
    /// When there is no such column, a value does not occur, or the column says neither yes nor no.
    pub fn condition(&self, column: &str, positive: &[String]) -> Result<Vec<Option<bool>>, IoError> {
        let texts = self.texts(column)?;
        if let Some(wrong) = positive.iter().find(|value| !texts.iter().flatten().any(|text| text == *value)) {
            return Err(self.problem("sample-no-positive", column).value(wrong).into());
        }
        let of = |text: Option<String>| {
            let Some(text) = text else { return Ok(None) };
            if !positive.is_empty() {
                return Ok(Some(positive.contains(&text)));
            }
            let small = text.to_lowercase();
            match (YES.contains(&small.as_str()), NO.contains(&small.as_str())) {
                (true, _) => Ok(Some(true)),
                (_, true) => Ok(Some(false)),
                _ => Err(IoError::from(self.problem("sample-neither", column).value(text))),
            }
        };
        texts.into_iter().map(of).collect()
    }

    /// The columns that name the rows, for files with one line a person: where the sheet stands, and the person columns.
    ///
    /// # Errors
    /// When polars cannot build the frame.
    pub fn rows_with(&self, figures: Vec<Column>) -> Result<DataFrame, IoError> {
        let names = ["source_row", "student_id", "school", "grade", "class", "sex"];
        let mut columns: Vec<Column> = names.iter().filter_map(|name| self.frame.column(name).ok()).cloned().collect();
        columns.extend(figures);
        let place = || Place::file(self.file.clone());
        DataFrame::new(self.frame.height(), columns)
            .map_err(|error| Problem::new("sample-unread", place()).with("cause", error).into())
    }

    fn column(&self, name: &str) -> Result<&Column, IoError> {
        self.frame.column(name).map_err(|_| {
            let known: Vec<&str> = self
                .frame
                .columns()
                .iter()
                .map(|column| column.name().as_str())
                .filter(|name| !self.is_item(name))
                .collect();
            self.problem("sample-no-column", name).with("known", known.join(", ")).into()
        })
    }

    fn is_item(&self, column: &str) -> bool {
        let id = self.citation.split('@').next().unwrap_or_default();
        column.strip_prefix(id).is_some_and(|rest| rest.starts_with('.'))
    }

    fn problem(&self, id: &'static str, column: &str) -> Problem {
        let place = Place { heading: None, ..Place::file(self.file.clone()) };
        Problem::new(id, place).with("column", column)
    }
}
