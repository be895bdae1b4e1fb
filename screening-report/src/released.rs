//! The one place where counts pass the suppression step. Every table and picture of every report takes its counts from here,
//! so that all reports of a wave together tell no more than one of them.
//!
//! Of each measure these counts are decided together: the district, by grade, by sex, by grade and sex; each school, by grade,
//! by sex. How many pupils a group has is known; what is asked of them is not. Anything else a report shows (stages of school,
//! sums of tiers) is a sum of counts that are shown.

use std::collections::{BTreeMap, HashMap};

use screening_core::disclosure::{
    Dimension, DisclosureError, Population, ProtectedTable, Rule, Shown, TableSpec, protect,
};

use crate::source::{Measure, Pupils, RAISED, SEXES, USUAL};

/// A group of pupils; what is none is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Group {
    pub(crate) school: Option<u32>,
    pub(crate) grade: Option<u8>,
    pub(crate) sex: Option<u8>,
}

/// What is counted in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Of {
    /// All pupils with a value.
    Everybody,
    /// Those of a raised value, or of a usual one.
    Part(&'static str),
    /// Those of one value.
    Value(usize),
}

/// Counts of one measure as they may be shown.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    cells: HashMap<(Group, Of), Shown>,
    /// How many steps of detail were given up, because a count could not be protected otherwise.
    pub(crate) given_up: usize,
}

impl Counts {
    /// What is shown; a count that was not released is withheld.
    pub(crate) fn get(&self, group: Group, of: Of) -> Shown {
        self.cells.get(&(group, of)).copied().unwrap_or(Shown::Withheld)
    }

    /// Whether all counts of a group are shown, so that figures computed from its pupils may be.
    pub(crate) fn free(&self, group: Group) -> bool {
        let of = [Of::Everybody, Of::Part(RAISED), Of::Part(USUAL)];
        of.into_iter().all(|of| self.get(group, of).value().is_some())
    }
}

/// Levels of the tables, in the order in which detail is given up: schools by grade and sex; by grade; schools alone; the
/// district by grade and sex; by grade, by sex; alone.
const STEPS: usize = 6;

/// Decides the counts of a measure. `values` has for each pupil the place of its value; pupils without one are not counted.
pub(crate) fn release(
    pupils: &Pupils,
    measure: &Measure,
    values: &[Option<u8>],
    rule: Rule,
) -> Result<Counts, DisclosureError> {
    let people = population(pupils, measure, values)?;
    if people.people() == 0 {
        return Ok(Counts { cells: HashMap::new(), given_up: 0 });
    }
    // Detail that can only be had by hiding the whole is given up for the whole.
    let whole = plain_parts(measure, values);
    let told = |counts: &Counts| {
        let shown = |part| counts.get(Group::default(), Of::Part(part)).value().is_some();
        let (raised, usual) = (shown(RAISED), shown(USUAL));
        (raised && usual) || whole.0.min(whole.1) < u64::from(rule.threshold)
    };
    let mut first = None;
    for step in 0..STEPS {
        match protect(&people, &specs(step), rule) {
            Ok(release) => {
                let mut cells = HashMap::new();
                release.tables.iter().for_each(|table| collect(table, pupils, measure, &mut cells));
                let counts = Counts { cells, given_up: step };
                if told(&counts) {
                    return Ok(counts);
                }
                first = first.or(Some(counts));
            }
            Err(DisclosureError::Unprotected { .. } | DisclosureError::TooLarge { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(first.unwrap_or_else(|| Counts { cells: HashMap::new(), given_up: STEPS }))
}

/// Pupils with a raised value, and with a usual one.
fn plain_parts(measure: &Measure, values: &[Option<u8>]) -> (u64, u64) {
    let raised = |value: u8| measure.values.get(usize::from(value)).is_some_and(|value| value.raised);
    values.iter().flatten().fold((0, 0), |(yes, no), value| if raised(*value) { (yes + 1, no) } else { (yes, no + 1) })
}

fn population(pupils: &Pupils, measure: &Measure, values: &[Option<u8>]) -> Result<Population, DisclosureError> {
    let mut counts: BTreeMap<(u32, u8, u8, u8), u64> = BTreeMap::new();
    for (row, value) in values.iter().enumerate() {
        let place = (pupils.school.get(row), pupils.grade.get(row), pupils.sex.get(row), value);
        if let (Some(school), Some(grade), Some(sex), Some(value)) = place {
            *counts.entry((*school, *grade, *sex, *value)).or_default() += 1;
        }
    }
    let mut people = Population::new(vec![
        Dimension::known("school", &["school"]),
        Dimension::known("grade", &["grade"]),
        Dimension::known("sex", &["sex"]),
        Dimension::sensitive("value", &["part", "value"]),
    ]);
    for ((school, grade, sex, value), count) in counts {
        let (school, grade, sex) = (school.to_string(), format!("{grade:02}"), sex.to_string());
        let part = measure.values.get(usize::from(value)).map_or(USUAL, |value| value.part());
        people.add(&[&[&school], &[&grade], &[&sex], &[part, &value.to_string()]], count)?;
    }
    for (at, value) in measure.values.iter().enumerate() {
        people.declare(3, &[value.part(), &at.to_string()])?;
    }
    Ok(people)
}

fn specs(step: usize) -> Vec<TableSpec> {
    let whole = |id: &str| TableSpec::new(id).axis("value", &["all", "part", "value"]);
    let parts = |id: &str| TableSpec::new(id).axis("value", &["all", "part"]);
    let mut specs = Vec::new();
    match step {
        0 => specs.extend([
            whole("school-grade").axis("school", &["school"]).axis("grade", &["all", "grade"]),
            whole("school-sex").axis("school", &["school"]).axis("sex", &["sex"]),
        ]),
        1 => specs.push(parts("school-grade").axis("school", &["school"]).axis("grade", &["all", "grade"])),
        2 => specs.push(parts("school").axis("school", &["school"])),
        _ => {}
    }
    match step {
        0..=3 => specs.push(whole("district").axis("grade", &["all", "grade"]).axis("sex", &["all", "sex"])),
        4 => specs
            .extend([whole("district").axis("grade", &["all", "grade"]), parts("district-sex").axis("sex", &["sex"])]),
        _ => specs.push(parts("district")),
    }
    specs
}

fn collect(table: &ProtectedTable, pupils: &Pupils, measure: &Measure, cells: &mut HashMap<(Group, Of), Shown>) {
    for cell in &table.cells {
        let (mut group, mut of) = (Group::default(), Some(Of::Everybody));
        for (level, names) in &cell.group {
            let last = names.last().map(String::as_str);
            match level.as_str() {
                "school" => group.school = last.and_then(|name| name.parse().ok()),
                "grade" => group.grade = last.and_then(|name| name.parse().ok()),
                "sex" => group.sex = last.and_then(|name| name.parse().ok()),
                "part" => of = Some(Of::Part(if last == Some(RAISED) { RAISED } else { USUAL })),
                "value" => of = last.and_then(|name| name.parse().ok()).map(Of::Value),
                _ => {}
            }
        }
        if let Some(of) = of.filter(|of| known(group, *of, pupils, measure)) {
            cells.insert((group, of), cell.shown);
        }
    }
}

fn known(group: Group, of: Of, pupils: &Pupils, measure: &Measure) -> bool {
    let school = group.school.is_none_or(|school| (school as usize) < pupils.schools.len());
    let sex = group.sex.is_none_or(|sex| usize::from(sex) <= SEXES.len());
    school && sex && !matches!(of, Of::Value(at) if at >= measure.values.len())
}

/// Which groups of a partition may have a mean: those whose pupils are shown, and never all but one of them, since the last
/// could be worked out from the whole.
pub(crate) fn free_means(shown: &[Shown]) -> Vec<bool> {
    let mut free: Vec<bool> = shown.iter().map(|shown| shown.value().is_some()).collect();
    if free.iter().filter(|free| !**free).count() == 1 {
        let smallest = shown.iter().enumerate().filter_map(|(at, shown)| Some((shown.value()?, at))).min();
        if let Some(slot) = smallest.and_then(|(_, at)| free.get_mut(at)) {
            *slot = false;
        }
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hidden_group_takes_another_with_it() {
        let shown = [Shown::Value(40), Shown::Small, Shown::Value(30)];
        assert_eq!(free_means(&shown), [true, false, false]);
        assert_eq!(free_means(&[Shown::Small, Shown::Withheld, Shown::Value(30)]), [false, false, true]);
        assert_eq!(free_means(&[Shown::Value(40), Shown::Value(30)]), [true, true]);
        assert!(free_means(&[]).is_empty());
    }
}
