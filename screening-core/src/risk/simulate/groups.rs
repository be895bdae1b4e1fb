//! School, grade and sex of the pupils.

use std::collections::HashMap;

use crate::answers::Sex;

/// What the simulator tells pupils apart by.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// School.
    pub school: &'a str,
    /// Grade.
    pub grade: Option<u8>,
    /// Sex.
    pub sex: Option<Sex>,
}

/// School, grade and sex of every pupil of the roster.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    pub(super) schools: Vec<String>,
    school: Vec<u32>,
    grade: Vec<u8>,
    sex: Vec<u8>,
}

/// Words of the sexes; the last stands for an unknown one.
const SEXES: [&str; 4] = ["male", "female", "other", ""];
/// Grades are 1 to 12; 0 stands for an unknown one.
const GRADES: usize = 13;

/// A school, a grade and a sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(super) school: usize,
    pub(super) grade: u8,
    pub(super) sex: &'static str,
}

impl Groups {
    /// Kinds of pupils a school may have.
    pub(super) const KINDS_OF_SCHOOL: usize = GRADES * SEXES.len();

    /// Kinds of pupils there may be.
    pub(super) fn kinds(&self) -> usize {
        self.schools.len() * Self::KINDS_OF_SCHOOL
    }

    pub(super) fn of<'a>(people: impl Iterator<Item = Person<'a>>) -> Self {
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut own = Self { schools: Vec::new(), school: Vec::new(), grade: Vec::new(), sex: Vec::new() };
        for person in people {
            let place = *places.entry(person.school).or_insert_with(|| {
                own.schools.push(person.school.to_owned());
                own.schools.len() as u32 - 1
            });
            own.school.push(place);
            own.grade.push(person.grade.filter(|grade| usize::from(*grade) < GRADES).unwrap_or(0));
            own.sex.push(match person.sex {
                Some(Sex::Male) => 0,
                Some(Sex::Female) => 1,
                Some(Sex::Other) => 2,
                None => 3,
            });
        }
        own
    }

    /// Pupils of the roster.
    pub(super) fn len(&self) -> usize {
        self.school.len()
    }

    /// Number of the kind of a pupil.
    pub(super) fn number(&self, pupil: u32) -> u32 {
        let pupil = pupil as usize;
        let school = self.school.get(pupil).copied().unwrap_or(0);
        let grade = u32::from(self.grade.get(pupil).copied().unwrap_or(0));
        let sex = u32::from(self.sex.get(pupil).copied().unwrap_or(3));
        (school * GRADES as u32 + grade) * SEXES.len() as u32 + sex
    }

    pub(super) fn kind(number: u32) -> Kind {
        let (place, sex) = (number / SEXES.len() as u32, number as usize % SEXES.len());
        Kind {
            school: place as usize / GRADES,
            grade: (place as usize % GRADES) as u8,
            sex: SEXES.get(sex).copied().unwrap_or_default(),
        }
    }

    /// Kind and school of a pupil.
    pub(crate) fn pupil(&self, pupil: usize) -> (&str, u8, &'static str) {
        let kind = Self::kind(self.number(pupil as u32));
        (self.schools.get(kind.school).map_or("", String::as_str), kind.grade, kind.sex)
    }
}
