//! The pupils of a roster by everything that they can be found by.

use std::collections::HashMap;

use polars::prelude::*;

use super::MatchSpec;
use crate::roster::{Class, Known, Roster, Stage, read_class};
use crate::words::normal;

/// What a way finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    None,
    One(usize),
    Several,
}

/// Pupils by number, login code, and name.
pub(super) struct Index {
    ids: Vec<String>,
    names: Vec<Option<String>>,
    schools: Vec<String>,
    classes: Vec<Class>,
    by_id: HashMap<String, usize>,
    by_other: HashMap<String, Found>,
    by_login: HashMap<String, Found>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Index {
    pub(super) fn of(roster: &Roster, spec: &MatchSpec) -> Self {
        let height = roster.frame.height();
        let text = |frame: &DataFrame, name: &str, row: usize| -> Option<String> {
            let column = frame.column(name).ok()?.str().ok()?;
            column.get(row).map(str::to_owned)
        };
        let grades = roster.frame.column("grade").ok().and_then(|column| column.u8().ok());
        let mut index = Self {
            ids: Vec::with_capacity(height),
            names: Vec::with_capacity(height),
            schools: Vec::with_capacity(height),
            classes: Vec::with_capacity(height),
            by_id: HashMap::with_capacity(height),
            by_other: HashMap::new(),
            by_login: HashMap::new(),
            by_name: HashMap::new(),
        };
        for row in 0..height {
            let id = text(&roster.frame, "student_id", row).unwrap_or_default();
            index.by_id.insert(plain(&id), row);
            for other in text(&roster.keys, "other_ids", row).unwrap_or_default().lines() {
                add(&mut index.by_other, plain(other), row);
            }
            if let Some(code) = text(&roster.keys, "login_code", row) {
                add(&mut index.by_login, plain(&code), row);
            }
            let school = text(&roster.frame, "school", row).unwrap_or_default();
            let class = text(&roster.frame, "class", row).unwrap_or_default();
            let known = Known {
                grade: grades.as_ref().and_then(|grades| grades.get(row)),
                stage: Stage::named_in(&school),
                day: spec.day,
                system: spec.system,
            };
            let name = text(&roster.keys, "name", row).map(|name| person_name(&name));
            if let Some(name) = &name {
                index.by_name.entry(name.clone()).or_default().push(row);
            }
            index.ids.push(id);
            index.names.push(name);
            index.schools.push(plain(&school));
            index.classes.push(read_class(&class, known).0);
        }
        index
    }

    pub(super) fn id(&self, pupil: usize) -> &str {
        self.ids.get(pupil).map_or("", String::as_str)
    }

    pub(super) fn name(&self, pupil: usize) -> Option<String> {
        self.names.get(pupil).cloned().flatten()
    }

    /// By the student id; another number only where it stands for one pupil and is nobody's student id.
    pub(super) fn by_number(&self, number: &str) -> Found {
        let number = plain(number);
        match self.by_id.get(&number) {
            Some(pupil) => Found::One(*pupil),
            None => self.by_other.get(&number).copied().unwrap_or(Found::None),
        }
    }

    pub(super) fn by_login(&self, code: &str) -> Found {
        self.by_login.get(&plain(code)).copied().unwrap_or(Found::None)
    }

    /// By school, class and name. A sheet without a school matches where the roster has one school; a grade that one of
    /// the two does not know is no difference.
    pub(super) fn by_name(&self, school: Option<&str>, class: &Class, name: &str) -> Found {
        let one_school = self.schools.first().is_some_and(|first| self.schools.iter().all(|school| school == first));
        let same = |pupil: &&usize| {
            let (Some(own_school), Some(own)) = (self.schools.get(**pupil), self.classes.get(**pupil)) else {
                return false;
            };
            let school = school.map_or(one_school, |school| school == own_school);
            let grade = own.grade.is_none() || class.grade.is_none() || own.grade == class.grade;
            school && grade && !own.key.is_empty() && own.key == class.key
        };
        let mut found = self.by_name.get(name).into_iter().flatten().filter(same);
        match (found.next(), found.next()) {
            (None, _) => Found::None,
            (Some(pupil), None) => Found::One(*pupil),
            (Some(_), Some(_)) => Found::Several,
        }
    }
}

fn add(map: &mut HashMap<String, Found>, key: String, pupil: usize) {
    let entry = map.entry(key).or_insert(Found::One(pupil));
    if *entry != Found::One(pupil) {
        *entry = Found::Several;
    }
}

/// A number or a school as it is compared: narrow, small, without spaces.
pub(super) fn plain(text: &str) -> String {
    normal(text).chars().filter(|c| !c.is_whitespace()).collect()
}

/// A name as it is compared: the points in names of minorities are written in many ways.
pub(super) fn person_name(name: &str) -> String {
    let points = ['·', '•', '・', '.', '．', '‧', '∙', '⋅', '-'];
    plain(name).chars().filter(|c| !points.contains(c)).collect()
}
