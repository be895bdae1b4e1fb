//! The one decision about the counts of a measure: whatever is published or reported of a wave takes its counts from here, so that
//! all of it together tells no more than one piece of it.

use std::collections::{BTreeMap, HashMap};

use crate::disclosure::{Dimension, DisclosureError, Population, ProtectedTable, Rule, Shown, TableSpec, protect};

use super::{UNKNOWN, known};

const RAISED: &str = "raised";
const USUAL: &str = "usual";

/// A group of pupils; what is none is not asked for. Names are those of [`Pupils`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Group {
    /// School.
    pub school: Option<String>,
    /// Grade.
    pub grade: Option<String>,
    /// Sex.
    pub sex: Option<String>,
}

/// What is counted in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Of {
    /// All pupils with a value.
    Everybody,
    /// Those of a raised value.
    Raised,
    /// Those of a value that is not raised.
    Usual,
    /// Those of one value, by its place.
    Value(usize),
}

/// Who the pupils are, row by row, of whom a row may stand for several: school, grade and sex by name, [`UNKNOWN`] where they are not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pupils {
    /// Schools.
    pub schools: Vec<String>,
    /// Grades, from 1 to 12.
    pub grades: Vec<String>,
    /// Sexes.
    pub sexes: Vec<String>,
    /// How many pupils a row stands for.
    pub counts: Vec<u64>,
}

impl Pupils {
    /// A pupil of these names.
    ///
    /// ```
    /// use screening_core::aggregates::Pupils;
    /// let mut pupils = Pupils::default();
    /// pupils.push("A", Some(7), None);
    /// assert_eq!((pupils.grades[0].as_str(), pupils.sexes[0].as_str()), ("7", "unknown"));
    /// ```
    pub fn push(&mut self, school: &str, grade: Option<u8>, sex: Option<&str>) {
        self.push_many(school, grade, sex, 1);
    }

    /// So many pupils of these names.
    pub fn push_many(&mut self, school: &str, grade: Option<u8>, sex: Option<&str>, count: u64) {
        self.schools.push(known(school).to_owned());
        let grade = grade.filter(|grade| (1..=12).contains(grade));
        self.grades.push(grade.map_or_else(|| UNKNOWN.to_owned(), |grade| grade.to_string()));
        self.sexes.push(known(sex.unwrap_or_default()).to_owned());
        self.counts.push(count);
    }

    /// The rows: school, grade, sex, and how many pupils.
    pub fn rows(&self) -> impl Iterator<Item = (&String, &String, &String, u64)> {
        let names = self.schools.iter().zip(&self.grades).zip(&self.sexes);
        names.zip(&self.counts).map(|(((school, grade), sex), count)| (school, grade, sex, *count))
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.schools.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.schools.is_empty()
    }
}

/// Counts of one measure as they may be shown.
///
/// How many pupils of a group have a value is told of every group: shares rest on it, and it says nothing about any value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    cells: HashMap<(Group, Of), Shown>,
    /// How many steps of detail were given up, because a count could not be protected otherwise or the whole would have been
    /// hidden for the sake of its parts; none are 0.
    pub given_up: usize,
}

impl Counts {
    /// What is shown; a count that was not released is withheld.
    pub fn get(&self, group: &Group, of: Of) -> Shown {
        self.cells.get(&(group.clone(), of)).copied().unwrap_or(Shown::Withheld)
    }

    /// Every count that was decided.
    pub fn iter(&self) -> impl Iterator<Item = (&Group, Of, Shown)> {
        self.cells.iter().map(|((group, of), shown)| (group, *of, *shown))
    }

    /// Whether all counts of a group are shown, so that figures computed from its pupils may be.
    pub fn free(&self, group: &Group) -> bool {
        [Of::Everybody, Of::Raised, Of::Usual].into_iter().all(|of| self.get(group, of).value().is_some())
    }
}

/// Levels of the tables, in the order in which detail is given up: schools by grade and sex; by grade; schools alone; the
/// district by grade and sex; by grade, by sex; alone.
const STEPS: usize = 6;

/// Decides the counts of a measure: the district, by grade, by sex, by grade and sex; each school, by grade, by sex.
///
/// `values` gives for each value its id, and whether it is raised; `of` has for each pupil the place of the value, none where there
/// is none. The order of the values has no part in the decision.
/// The parts *raised* and *not raised* are decided with the values. Detail that can only be had by hiding the parts of the whole
/// district is given up for the whole. Deterministic: the same pupils, values and rule give the same decision.
///
/// # Errors
/// When the rule is none, or the tables are larger than [`crate::disclosure`] takes.
///
/// ```
/// use screening_core::aggregates::{Group, Of, Pupils, decide};
/// use screening_core::disclosure::{Rule, Shown};
/// let (mut pupils, mut of) = (Pupils::default(), Vec::new());
/// for at in 0..200_u32 {
///     pupils.push(if at % 2 == 0 { "A" } else { "B" }, Some(7), Some("female"));
///     of.push(Some(u8::from(at % 4 == 0)));
/// }
/// let counts = decide(&pupils, &[("none", false), ("some", true)], &of, Rule::default())?;
/// assert_eq!(counts.get(&Group::default(), Of::Raised), Shown::Value(50));
/// assert_eq!(counts.get(&Group::default(), Of::Everybody), Shown::Value(200));
/// // Nobody of B is raised: that is a small count.
/// let b = Group { school: Some("B".to_owned()), ..Group::default() };
/// assert_eq!(counts.get(&b, Of::Raised).value(), None);
/// # Ok::<(), screening_core::disclosure::DisclosureError>(())
/// ```
pub fn decide(
    pupils: &Pupils,
    values: &[(&str, bool)],
    of: &[Option<u8>],
    rule: Rule,
) -> Result<Counts, DisclosureError> {
    rule.check()?;
    let people = population(pupils, values, of)?;
    let bases = bases(pupils, of);
    if people.people() == 0 {
        return Ok(Counts { cells: bases, given_up: 0 });
    }
    let whole = whole(pupils, values, of);
    let told = |counts: &Counts| {
        let shown = |of| counts.get(&Group::default(), of).value().is_some();
        (shown(Of::Raised) && shown(Of::Usual)) || whole.0.min(whole.1) < u64::from(rule.threshold)
    };
    let mut first = None;
    for step in 0..STEPS {
        match protect(&people, &specs(step), rule) {
            Ok(release) => {
                let mut cells = bases.clone();
                release.tables.iter().for_each(|table| collect(table, values, &mut cells));
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
    Ok(first.unwrap_or(Counts { cells: bases, given_up: STEPS }))
}

/// Pupils with a raised value, and with another.
fn whole(pupils: &Pupils, values: &[(&str, bool)], of: &[Option<u8>]) -> (u64, u64) {
    let raised = |value: u8| values.get(usize::from(value)).is_some_and(|own| own.1);
    let counted = of.iter().zip(&pupils.counts).filter_map(|(value, count)| Some(((*value)?, *count)));
    counted.fold((0, 0), |(yes, no), (value, count)| if raised(value) { (yes + count, no) } else { (yes, no + count) })
}

/// Pupils with a value, in every group.
fn bases(pupils: &Pupils, of: &[Option<u8>]) -> HashMap<(Group, Of), Shown> {
    let mut counts: HashMap<Group, u64> = HashMap::new();
    counts.insert(Group::default(), 0);
    for ((school, grade, sex, count), value) in pupils.rows().zip(of) {
        if value.is_none() {
            continue;
        }
        let [school, grade, sex] = [school, grade, sex].map(|name| Some(name.clone()));
        let district = [(None, None), (grade.clone(), None), (None, sex.clone()), (grade.clone(), sex.clone())];
        let own = [(None, None), (grade, None), (None, sex)];
        let groups = district.into_iter().map(|(grade, sex)| Group { school: None, grade, sex });
        for group in groups.chain(own.into_iter().map(|(grade, sex)| Group { school: school.clone(), grade, sex })) {
            *counts.entry(group).or_default() += count;
        }
    }
    counts.into_iter().map(|(group, count)| ((group, Of::Everybody), Shown::Value(count))).collect()
}

fn part(raised: bool) -> &'static str {
    if raised { RAISED } else { USUAL }
}

fn population(pupils: &Pupils, values: &[(&str, bool)], of: &[Option<u8>]) -> Result<Population, DisclosureError> {
    let mut counts: BTreeMap<(&str, &str, &str, &str, bool), u64> = BTreeMap::new();
    for ((school, grade, sex, count), value) in pupils.rows().zip(of) {
        if let Some((value, raised)) = value.and_then(|value| values.get(usize::from(value))) {
            *counts.entry((school, grade, sex, value, *raised)).or_default() += count;
        }
    }
    let mut people = Population::new(vec![
        Dimension::known("school", &["school"]),
        Dimension::known("grade", &["grade"]),
        Dimension::known("sex", &["sex"]),
        Dimension::sensitive("value", &["part", "value"]),
    ]);
    for ((school, grade, sex, value, raised), count) in counts {
        people.add(&[&[school], &[grade], &[sex], &[part(raised), value]], count)?;
    }
    let mut declared: Vec<&(&str, bool)> = values.iter().collect();
    declared.sort_unstable();
    for (value, raised) in declared {
        people.declare(3, &[part(*raised), value])?;
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

fn collect(table: &ProtectedTable, values: &[(&str, bool)], cells: &mut HashMap<(Group, Of), Shown>) {
    for cell in &table.cells {
        let (mut group, mut of) = (Group::default(), Some(Of::Everybody));
        for (level, names) in &cell.group {
            let last = names.last().cloned();
            match level.as_str() {
                "school" => group.school = last,
                "grade" => group.grade = last,
                "sex" => group.sex = last,
                "part" => of = Some(if last.as_deref() == Some(RAISED) { Of::Raised } else { Of::Usual }),
                "value" => of = values.iter().position(|own| Some(own.0) == last.as_deref()).map(Of::Value),
                _ => {}
            }
        }
        if let Some(of) = of {
            cells.insert((group, of), cell.shown);
        }
    }
}
