//! The counts of an evaluation, protected together.

use std::collections::{BTreeMap, HashMap};

use super::report::Row;
use crate::disclosure::{Dimension, DisclosureError, Population, Rule, Shown, TableSpec, protect};

/// Positive, positive and interviewed, others and interviewed.
const WHAT: [&str; 3] = ["positive", "verified", "others"];

/// What may be shown of each count.
pub(super) struct Tables {
    /// By axis (`all`, `grade`, `sex`, `school`), group and level.
    cells: HashMap<(&'static str, String, String), Shown>,
}

impl Tables {
    pub(super) fn of(rows: &[Row], tests: usize, rule: Rule) -> Result<Self, DisclosureError> {
        let mut cells = HashMap::new();
        if rows.is_empty() {
            return Ok(Self { cells });
        }
        let levels: Vec<String> =
            (0..tests).flat_map(|test| WHAT.iter().map(move |what| format!("{what} {test}"))).collect();
        let mut grouped: Vec<&str> = levels.iter().map(String::as_str).collect();
        grouped.extend(["interviewed", "need"]);
        let mut people = Population::new(vec![
            Dimension::known("school", &["school"]),
            Dimension::known("grade", &["grade"]),
            Dimension::known("sex", &["sex"]),
            Dimension::sensitive("result", &["cell"]).grouped_by(&grouped),
        ]);
        let mut kinds: BTreeMap<(&str, &str, &str, &[bool], Option<bool>), u64> = BTreeMap::new();
        for row in rows {
            *kinds.entry((&row.school, &row.grade, &row.sex, &row.positive, row.need)).or_default() += 1;
        }
        let yes = |is: bool| if is { "yes" } else { "no" };
        for ((school, grade, sex, positive, need), count) in kinds {
            let cell = format!("{positive:?} {need:?}");
            let mut result = vec![cell.as_str()];
            for own in positive {
                result.extend([yes(*own), yes(*own && need.is_some()), yes(!*own && need.is_some())]);
            }
            result.extend([yes(need.is_some()), yes(need == Some(true))]);
            people.add(&[&[school], &[grade], &[sex], &result], count)?;
        }
        let tested: Vec<&str> = levels.iter().map(String::as_str).collect();
        let yields = ["positive 0", "interviewed", "need"];
        let specs = [
            TableSpec::new("all").axis("result", &tested),
            TableSpec::new("grade").axis("grade", &["grade"]).axis("result", &tested),
            TableSpec::new("sex").axis("sex", &["sex"]).axis("result", &tested),
            TableSpec::new("school").axis("school", &["school"]).axis("result", &yields),
        ];
        let release = protect(&people, &specs, rule)?;
        for (axis, table) in ["all", "grade", "sex", "school"].into_iter().zip(&release.tables) {
            for cell in &table.cells {
                let Some((level, names)) = cell.group.last() else { continue };
                let group = if cell.group.len() > 1 { cell.name(0) } else { String::new() };
                if names.first().is_some_and(|name| name == "yes") {
                    cells.insert((axis, group, level.clone()), cell.shown);
                }
            }
        }
        Ok(Self { cells })
    }

    /// Positive, verified and verified among the others, of a test in a group.
    pub(super) fn test(&self, axis: &'static str, group: &str, test: usize) -> [Shown; 3] {
        WHAT.map(|what| self.get(axis, group, &format!("{what} {test}")))
    }

    /// Where nobody is there is no cell, and nobody is a small count.
    pub(super) fn get(&self, axis: &'static str, group: &str, level: &str) -> Shown {
        self.cells.get(&(axis, group.to_owned(), level.to_owned())).copied().unwrap_or(Shown::Small)
    }
}
