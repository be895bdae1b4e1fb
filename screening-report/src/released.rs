//! The counts of the reports, from the one decision that the published files of a wave rest on as well
//! ([`screening_core::aggregates::decide`]): everything of a wave together tells no more than one piece of it. Anything else a
//! report shows (stages of school, sums of tiers) is a sum of counts that are shown.

use std::collections::HashMap;

use screening_core::aggregates::{self, UNKNOWN, decide, known};
use screening_core::disclosure::{DisclosureError, Rule, Shown};

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

    /// Whether a group has anybody with a value.
    pub(crate) fn has(&self, group: Group) -> bool {
        self.cells.get(&(group, Of::Everybody)).and_then(|shown| shown.value()).is_some_and(|count| count > 0)
    }

    /// The grades of the district, or of a school, in which somebody has a value; 0 stands for not known.
    pub(crate) fn grades(&self, school: Option<u32>) -> Vec<u8> {
        (0..=12).filter(|grade| self.has(Group { school, grade: Some(*grade), sex: None })).collect()
    }

    /// The sexes of the district, or of a school, in which somebody has a value, by their places.
    pub(crate) fn sexes(&self, school: Option<u32>) -> Vec<u8> {
        (0..=3).filter(|sex| self.has(Group { school, grade: None, sex: Some(*sex) })).collect()
    }

    /// Whether all counts of a group are shown, so that figures computed from its pupils may be.
    pub(crate) fn free(&self, group: Group) -> bool {
        let of = [Of::Everybody, Of::Part(RAISED), Of::Part(USUAL)];
        of.into_iter().all(|of| self.get(group, of).value().is_some())
    }
}

/// Decides the counts of a measure. `values` has for each pupil the place of its value; pupils without one are not counted.
pub(crate) fn release(
    pupils: &Pupils,
    measure: &Measure,
    values: &[Option<u8>],
    rule: Rule,
) -> Result<Counts, DisclosureError> {
    let ids: Vec<(&str, bool)> = measure.values.iter().map(|value| (value.id.as_str(), value.raised)).collect();
    let decided = decide(&pupils.groups, &ids, values, rule)?;
    let schools: HashMap<&str, u32> =
        pupils.schools.iter().enumerate().map(|(at, name)| (known(name), at as u32)).collect();
    let mut cells = HashMap::new();
    for (group, of, shown) in decided.iter() {
        if let Some(group) = placed(group, &schools) {
            let of = match of {
                aggregates::Of::Everybody => Of::Everybody,
                aggregates::Of::Raised => Of::Part(RAISED),
                aggregates::Of::Usual => Of::Part(USUAL),
                aggregates::Of::Value(at) => Of::Value(at),
            };
            cells.insert((group, of), shown);
        }
    }
    Ok(Counts { cells, given_up: decided.given_up })
}

/// A group by places instead of names; none where a name is of nobody.
fn placed(group: &aggregates::Group, schools: &HashMap<&str, u32>) -> Option<Group> {
    let school = group.school.as_ref().map(|name| schools.get(name.as_str()).copied());
    let grade = group.grade.as_ref().map(|name| if name == UNKNOWN { Some(0) } else { name.parse().ok() });
    let sex = group.sex.as_ref().map(|name| {
        SEXES.iter().chain([&UNKNOWN]).position(|own| *own == name.as_str()).and_then(|at| u8::try_from(at).ok())
    });
    // A name that nobody has spoils the group; a name that is not asked for does not.
    let place = |own: Option<Option<u32>>| own.map_or(Some(None), |own| own.map(Some));
    let small = |own: Option<Option<u8>>| own.map_or(Some(None), |own| own.map(Some));
    Some(Group { school: place(school)?, grade: small(grade)?, sex: small(sex)? })
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

    #[test]
    fn groups_are_found_by_their_names() {
        let schools = HashMap::from([("A", 3_u32), (UNKNOWN, 0)]);
        let group = |school: &str, grade: &str, sex: &str| {
            let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            placed(&aggregates::Group { school: name(school), grade: name(grade), sex: name(sex) }, &schools)
        };
        assert_eq!(group("", "", ""), Some(Group::default()));
        assert_eq!(group("A", "7", ""), Some(Group { school: Some(3), grade: Some(7), sex: None }));
        assert_eq!(group("", "unknown", "unknown"), Some(Group { school: None, grade: Some(0), sex: Some(3) }));
        assert_eq!(group("B", "", ""), None);
    }
}
