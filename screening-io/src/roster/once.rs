//! Each pupil once: duplicates are listed, namesakes noticed.

use std::collections::HashMap;

use polars::prelude::*;

use super::Roster;
use crate::error::{IoError, Place, Problem, Rejected, Scope};

/// Keeps the first row of each student id and lists the others; notices namesakes of one class.
pub(super) fn once(mut roster: Roster) -> Result<Roster, IoError> {
    let broken = |cause: PolarsError| Problem::new("frame-broken", Place::default()).with("cause", cause);
    let rows = Rows::new(&roster.frame).map_err(broken)?;
    let names =
        roster.keys.column("name").ok().and_then(|names| names.str().ok()).map(|names| names.rechunk().into_owned());
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut namesakes: HashMap<[&str; 4], usize> = HashMap::new();
    let mut mask = vec![true; roster.frame.height()];
    for (row, keep) in mask.iter_mut().enumerate() {
        let Some(id) = rows.get("student_id", row) else {
            continue;
        };
        if let Some(&earlier) = first.get(id) {
            *keep = false;
            roster.rejected.push(Rejected::new(Scope::Row, rows.duplicate(earlier, row)));
            continue;
        }
        first.insert(id, row);
        let Some(name) = rows.get("name", row).or_else(|| names.as_ref().and_then(|names| names.get(row))) else {
            continue;
        };
        let class = ["school", "grade", "class"].map(|column| rows.get(column, row).unwrap_or_default());
        let [school, grade, class] = class;
        if let Some(&earlier) = namesakes.get(&[school, grade, class, name]) {
            let problem = Problem::new("roster-same-name", rows.place(row)).with("first", rows.name_row(earlier, row));
            // Names go into messages only where names were asked for.
            let problem = if rows.get("name", row).is_some() { problem.value(name) } else { problem };
            roster.rejected.push(Rejected::new(Scope::Notice, problem));
        } else {
            namesakes.insert([school, grade, class, name], row);
        }
    }
    if mask.iter().any(|keep| !keep) {
        let mask = BooleanChunked::from_slice("keep".into(), &mask);
        roster.frame = roster.frame.filter(&mask).map_err(broken)?;
        roster.keys = roster.keys.filter(&mask).map_err(broken)?;
    }
    Ok(roster)
}

/// The rows of a roster as texts, for comparing them.
struct Rows {
    columns: Vec<(String, StringChunked)>,
}

impl Rows {
    fn new(frame: &DataFrame) -> PolarsResult<Self> {
        let columns = frame
            .columns()
            .iter()
            .map(|column| {
                let texts = column.as_materialized_series().cast(&DataType::String)?;
                Ok((column.name().to_string(), texts.str()?.rechunk().into_owned()))
            })
            .collect::<PolarsResult<_>>()?;
        Ok(Self { columns })
    }

    fn get(&self, column: &str, row: usize) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == column).and_then(|(_, texts)| texts.get(row))
    }

    fn place(&self, row: usize) -> Place {
        let source = self.get("source_row", row).and_then(|text| text.parse().ok());
        Place { row: source, ..Place::file(self.get("source_file", row).unwrap_or_default()) }
    }

    /// The number of a row, with its file when it is another one.
    fn name_row(&self, row: usize, seen_from: usize) -> String {
        let number = self.get("source_row", row).unwrap_or_default();
        let file = self.get("source_file", row).unwrap_or_default();
        if Some(file) == self.get("source_file", seen_from) { number.to_owned() } else { format!("{number} ({file})") }
    }

    fn duplicate(&self, earlier: usize, row: usize) -> Problem {
        let differing: Vec<&str> = self
            .columns
            .iter()
            .filter(|(name, texts)| !name.starts_with("source_") && texts.get(earlier) != texts.get(row))
            .map(|(name, _)| name.as_str())
            .collect();
        let id = if differing.is_empty() { "roster-duplicate" } else { "roster-conflict" };
        let problem = Problem::new(id, self.place(row)).value(self.get("student_id", row).unwrap_or_default());
        problem.with("first", self.name_row(earlier, row)).with("fields", differing.join(", "))
    }
}
