//! The classes of a list: grades that only the name of the class tells, and one spelling for each class.

use std::collections::HashMap;

use polars::prelude::*;

use super::class::{Class, Doubt, Known, Stage, read};
use super::{Roster, RosterOptions, STAGE, kept};
use crate::answers::Field;
use crate::error::{IoError, Place, Problem, Rejected, Scope};
use crate::table::{Table, Value};

/// The name of the sheet, where it is that of a class.
pub(super) fn of_sheet(table: &Table) -> Option<String> {
    let name = table.sheet()?;
    let (class, doubt) = read(name, Known::default());
    (class.grade.is_some() && doubt.is_none()).then(|| name.to_owned())
}

/// The class of each row kept, as far as it can be told.
pub(super) struct Classes(Vec<(Class, Option<Doubt>)>);

impl Classes {
    /// Reads the class names; `out` are the columns read so far.
    pub(super) fn of(
        table: &Table,
        columns: &HashMap<&'static str, usize>,
        keep: &[bool],
        out: &[Column],
        options: &RosterOptions,
    ) -> Self {
        let by_name = |name: &str| out.iter().find(|column| column.name().as_str() == name);
        let grades = by_name("grade").and_then(|column| column.u8().ok());
        let texts = |name: &str| by_name(name).and_then(|column| column.str().ok());
        let (schools, classes) = (texts("school"), texts("class"));
        let stage = columns.get(STAGE).copied();
        let mut memo: HashMap<(&str, Option<u8>, Option<&'static str>), (Class, Option<Doubt>)> = HashMap::new();
        let of = |(at, row): (usize, usize)| {
            let grade = grades.as_ref().and_then(|grades| grades.get(at));
            let own = stage.and_then(|column| Stage::named_in(&table.cell(row, column).to_text()));
            let school = || schools.as_ref().and_then(|schools| schools.get(at)).and_then(Stage::named_in);
            let known = Known { grade, stage: own.or_else(school), day: options.day, system: options.system };
            let name = classes.as_ref().and_then(|classes| classes.get(at)).unwrap_or_default();
            let key = (name, grade, known.stage.map(Stage::key));
            memo.entry(key).or_insert_with(|| read(name, known)).clone()
        };
        Self(kept(keep).enumerate().map(of).collect())
    }

    /// Fills in grades that only the class tells, and lists what is in doubt.
    pub(super) fn apply(
        &self,
        table: &Table,
        columns: &HashMap<&'static str, usize>,
        keep: &[bool],
        out: &mut [Column],
        rejected: &mut Vec<Rejected>,
    ) {
        let Some(slot) = out.iter_mut().find(|column| column.name().as_str() == "grade") else { return };
        let Ok(grades) = slot.u8() else { return };
        let class = columns.get(Field::Class.key()).copied();
        let grade = columns.get(Field::Grade.key()).or_else(|| columns.get(Field::GradeCode.key())).copied();
        let mut filled: Vec<Option<u8>> = Vec::with_capacity(self.0.len());
        for ((row, known), (found, doubt)) in kept(keep).zip(grades.iter()).zip(&self.0) {
            filled.push(known.or(found.grade));
            if let (Some(doubt), Some(class)) = (doubt, class) {
                let problem =
                    Problem::new(doubt.id(), table.cell_place(row, class)).value(table.cell(row, class).to_text());
                rejected.push(Rejected::new(Scope::Notice, doubt.tell(problem)));
            }
            if known.or(found.grade).is_none() {
                let place = match grade {
                    None => table.row_place(row),
                    Some(column) if *table.cell(row, column) == Value::Blank => table.cell_place(row, column),
                    // A grade that cannot be read is listed already.
                    Some(_) => continue,
                };
                rejected.push(Rejected::new(Scope::Notice, Problem::new("roster-no-grade", place)));
            }
        }
        *slot = Column::new("grade".into(), filled);
    }
}

impl Doubt {
    fn id(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "class-ambiguous",
            Self::Grade(_) => "class-grade",
        }
    }

    fn tell(&self, problem: Problem) -> Problem {
        let grades = match self {
            Self::Ambiguous(grades) => grades.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Self::Grade(grade) => grade.to_string(),
        };
        problem.with("grades", grades)
    }
}

/// Gives every class of a school the spelling that it has first, and lists the classes that had several.
pub(super) fn one_spelling(mut roster: Roster, options: &RosterOptions) -> Result<Roster, IoError> {
    let broken =
        |cause: PolarsError| IoError::from(Problem::new("frame-broken", Place::default()).with("cause", cause));
    let text = |name: &str| roster.frame.column(name).and_then(|column| column.str().cloned()).map_err(broken);
    let (schools, classes) = (text("school")?, text("class")?);
    let files = text("source_file")?;
    let rows = roster.frame.column("source_row").and_then(|column| column.u32().cloned()).map_err(broken)?;
    let grades = roster.frame.column("grade").and_then(|column| column.u8().cloned()).map_err(broken)?;
    let mut first: HashMap<(&str, u8, String), (&str, usize, Vec<&str>)> = HashMap::new();
    let mut keys: HashMap<(&str, u8), Option<String>> = HashMap::new();
    let mut spelt: Vec<Option<&str>> = Vec::with_capacity(classes.len());
    for (row, class) in classes.iter().enumerate() {
        let Some(name) = class else {
            spelt.push(None);
            continue;
        };
        // A class of an unknown grade, or one whose name is in doubt, is not taken for another one.
        let key = grades.get(row).and_then(|grade| {
            let read_key = || {
                let known = Known { grade: Some(grade), day: options.day, system: options.system, stage: None };
                let (class, doubt) = read(name, known);
                doubt.is_none().then_some(class.key)
            };
            keys.entry((name, grade)).or_insert_with(read_key).clone().map(|key| (grade, key))
        });
        let Some((grade, key)) = key else {
            spelt.push(Some(name));
            continue;
        };
        let school = schools.get(row).unwrap_or_default();
        let known = first.entry((school, grade, key)).or_insert_with(|| (name, row, Vec::new()));
        if known.0 != name && !known.2.contains(&name) {
            known.2.push(name);
        }
        spelt.push(Some(known.0));
    }
    let mut several: Vec<(&str, usize, Vec<&str>)> =
        first.into_values().filter(|(_, _, others)| !others.is_empty()).collect();
    several.sort_by_key(|(_, row, _)| *row);
    for (name, row, others) in several {
        let place = Place { row: rows.get(row), ..Place::file(files.get(row).unwrap_or_default()) };
        let problem = Problem::new("class-spelling", place).value(name).with("others", others.join(", "));
        roster.rejected.push(Rejected::new(Scope::Notice, problem));
    }
    let column = Column::new("class".into(), spelt);
    roster.frame.with_column(column).map_err(broken)?;
    Ok(roster)
}
