//! The counts of an evaluation, each rule and grouping protected by itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::report::Row;
use crate::disclosure::{Dimension, DisclosureError, Population, ProtectedTable, Rule, Shown, TableSpec, protect};

/// Positive, positive and interviewed, others and interviewed.
const WHAT: [&str; 3] = ["positive", "verified", "others"];

/// What of a school, beside what is positive: the levels of its yields.
const YIELDS: [&str; 3] = ["positive 0", "interviewed", "need"];

/// What may be shown of each count.
pub(super) struct Tables {
    /// By axis (`all`, `grade`, `sex`, `school`), group and level.
    cells: HashMap<(&'static str, String, String), Shown>,
    /// Axes and levels of which nothing can be shown without telling a small count.
    withheld: HashSet<(&'static str, String)>,
    nobody: Shown,
}

impl Tables {
    /// Each rule in each grouping is a release of its own: protected together, rules that overlap in all ways would leave nothing.
    pub(super) fn of(rows: &[Row], tests: usize, rule: Rule) -> Result<Self, DisclosureError> {
        let nobody = rule.nobody();
        let mut own = Self { cells: HashMap::new(), withheld: HashSet::new(), nobody };
        if rows.is_empty() {
            return Ok(own);
        }
        let yes = |is: bool| if is { "yes" } else { "no" };
        let positive = |row: &Row, test: usize| row.positive.get(test) == Some(&true);
        for (axis, group) in [("all", None), ("grade", Some(grade as Group)), ("sex", Some(sex as Group))] {
            for test in 0..tests {
                let levels = WHAT.map(|what| format!("{what} {test}"));
                let told = |row: &Row| {
                    let (positive, known) = (positive(row, test), row.need.is_some());
                    [yes(positive), yes(positive && known), yes(!positive && known)]
                };
                own.add(rows, axis, group, &levels.each_ref().map(String::as_str), &told, rule)?;
            }
        }
        let told = |row: &Row| [yes(positive(row, 0)), yes(row.need.is_some()), yes(row.need == Some(true))];
        own.add(rows, "school", Some(school as Group), &YIELDS, &told, rule)?;
        Ok(own)
    }

    fn add(
        &mut self,
        rows: &[Row],
        axis: &'static str,
        group: Option<Group>,
        levels: &[&str; 3],
        told: &dyn Fn(&Row) -> [&'static str; 3],
        rule: Rule,
    ) -> Result<(), DisclosureError> {
        let result = Dimension::sensitive("result", &["cell"]).grouped_by(levels);
        let mut dimensions: Vec<Dimension> = group.iter().map(|_| Dimension::known(axis, &[axis])).collect();
        dimensions.push(result);
        let mut people = Population::new(dimensions);
        let mut kinds: BTreeMap<(&str, [&str; 3]), u64> = BTreeMap::new();
        for row in rows {
            *kinds.entry((group.map_or("", |group| group(row)), told(row))).or_default() += 1;
        }
        for ((name, told), count) in kinds {
            let cell = told.join(" ");
            let [first, second, third] = told;
            let result: &[&str] = &[&cell, first, second, third];
            let place = [name];
            let person: Vec<&[&str]> = group.iter().map(|_| place.as_slice()).chain([result]).collect();
            people.add(&person, count)?;
        }
        let spec = TableSpec::new(axis);
        let spec = if group.is_some() { spec.axis(axis, &[axis]) } else { spec };
        let tables = match protect(&people, &[spec.axis("result", levels)], rule) {
            Ok(release) => release.tables,
            Err(DisclosureError::Unprotected { .. }) => {
                self.withheld.extend(levels.iter().map(|level| (axis, (*level).to_owned())));
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let held = tables.iter().flat_map(ProtectedTable::holding);
        self.cells.extend(held.map(|(place, level, shown)| ((axis, place, level.to_owned()), shown)));
        Ok(())
    }

    /// Positive, verified and verified among the others, of a test in a group.
    pub(super) fn test(&self, axis: &'static str, group: &str, test: usize) -> [Shown; 3] {
        WHAT.map(|what| self.get(axis, group, &format!("{what} {test}")))
    }

    /// Where nobody is there is no cell, and nobody is a small count.
    pub(super) fn get(&self, axis: &'static str, group: &str, level: &str) -> Shown {
        let withheld = || {
            let all = self.withheld.contains(&(axis, level.to_owned()));
            if all { Shown::Withheld } else { self.nobody }
        };
        self.cells.get(&(axis, group.to_owned(), level.to_owned())).copied().unwrap_or_else(withheld)
    }
}

/// The group of a row.
type Group = fn(&Row) -> &str;

fn grade(row: &Row) -> &str {
    &row.grade
}

fn sex(row: &Row) -> &str {
    &row.sex
}

fn school(row: &Row) -> &str {
    &row.school
}
