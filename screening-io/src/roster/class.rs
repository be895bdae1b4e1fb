//! Class names as schools write them: 七年级1班, 初一(1)班, 701, 2024级1班, 高一3班 are grade and number of a class.

mod spelling;

use jiff::civil::Date;

use crate::words::{normal, words};

use spelling::{Parsed, compact, parse};

/// How many years the stages of school last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub enum SchoolSystem {
    /// Six years of primary and three of junior secondary school.
    #[default]
    #[serde(rename = "6-3")]
    SixThree,
    /// Five years of primary and four of junior secondary school.
    #[serde(rename = "5-4")]
    FiveFour,
}

/// Stage of school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Primary,
    Junior,
    Senior,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Primary, Self::Junior, Self::Senior];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Junior => "junior",
            Self::Senior => "senior",
        }
    }

    /// First and last grade.
    fn grades(self, system: SchoolSystem) -> (u8, u8) {
        match (self, system) {
            (Self::Primary, SchoolSystem::SixThree) => (1, 6),
            (Self::Primary, SchoolSystem::FiveFour) => (1, 5),
            (Self::Junior, SchoolSystem::SixThree) => (7, 9),
            (Self::Junior, SchoolSystem::FiveFour) => (6, 9),
            (Self::Senior, _) => (10, 12),
        }
    }

    /// The one stage that a text names, such as the name of a school.
    pub(crate) fn named_in(text: &str) -> Option<Self> {
        let text = normal(text);
        let mut found = Self::ALL.into_iter().filter(|stage| {
            words()
                .stages
                .get(stage.key())
                .is_some_and(|names| names.long.iter().any(|name| text.contains(name.as_str())))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

/// What is known beside the class name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) grade: Option<u8>,
    pub(crate) stage: Option<Stage>,
    /// Day of the test: a year of entry is counted from it.
    pub(crate) day: Option<Date>,
    pub(crate) system: SchoolSystem,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) grade: Option<u8>,
    /// The number, or the name where it has none; equal for all spellings of one class of a grade.
    pub(crate) key: String,
}

/// Why a class name does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It can be read as several classes.
    Ambiguous(Vec<u8>),
    /// It says another grade than the column of grades.
    Grade(u8),
}

/// Reads a class name with what else is known. The grade of the column goes before that of the name.
pub(crate) fn read(text: &str, known: Known) -> (Class, Option<Doubt>) {
    let mut readings = Vec::new();
    for parsed in parse(text, known.system) {
        for class in parsed.classes(known) {
            if !readings.contains(&class) {
                readings.push(class);
            }
        }
    }
    let agree = |class: &&Class| known.grade.is_none() || class.grade.is_none() || class.grade == known.grade;
    let agreeing: Vec<&Class> = readings.iter().filter(agree).collect();
    match (agreeing.as_slice(), known.grade) {
        ([only], _) => (Class { grade: only.grade.or(known.grade), key: only.key.clone() }, None),
        ([], Some(grade)) => {
            let said = readings.first().and_then(|class| class.grade).unwrap_or(grade);
            let key = readings.first().map_or_else(String::new, |class| class.key.clone());
            (Class { grade: Some(grade), key }, Some(Doubt::Grade(said)))
        }
        (several, _) => {
            let grades: Vec<u8> = several.iter().filter_map(|class| class.grade).collect();
            let same_key = several.first().filter(|first| several.iter().all(|class| class.key == first.key));
            let key = same_key.map_or_else(|| compact(text), |class| class.key.clone());
            (Class { grade: known.grade, key }, Some(Doubt::Ambiguous(grades)))
        }
    }
}

impl Parsed {
    fn classes(self, known: Known) -> Vec<Class> {
        let Some((year, entry)) = self.year.filter(|_| self.grade.is_none()) else {
            return vec![Class { grade: self.grade, key: self.key }];
        };
        // The school year begins in the summer.
        let Some(begun) = known.day.map(|day| if day.month() >= 8 { day.year() } else { day.year() - 1 }) else {
            return vec![Class { grade: None, key: self.key }];
        };
        let stages: Vec<Stage> =
            Stage::ALL.into_iter().filter(|stage| self.stage.or(known.stage).is_none_or(|s| s == *stage)).collect();
        let of = |stage: Stage| {
            let (first, last) = stage.grades(known.system);
            let grade = if entry {
                i16::from(first) + begun.checked_sub(year)?
            } else {
                i16::from(last) - year.checked_sub(begun + 1)?
            };
            let grade = u8::try_from(grade).ok().filter(|grade| (first..=last).contains(grade))?;
            Some(Class { grade: Some(grade), key: self.key.clone() })
        };
        let found: Vec<Class> = stages.into_iter().filter_map(of).collect();
        if found.is_empty() { vec![Class { grade: None, key: self.key }] } else { found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn known() -> Known {
        Known { day: Some(date(2026, 9, 14)), ..Known::default() }
    }

    fn class(text: &str, known: Known) -> (Option<u8>, String, Option<Doubt>) {
        let (class, doubt) = read(text, known);
        (class.grade, class.key, doubt)
    }

    #[test]
    fn spellings_of_one_class() {
        for text in [
            "七年级1班",
            "七年级(1)班",
            "七年级（１）班",
            "7年级1班",
            "七年级一班",
            "七年级第1班",
            "初一1班",
            "初一(1)班",
            "初一（１）班",
            "初一 ( 1 ) 班",
            "初1(1)班",
            "初中一年级1班",
            "701",
            "0701",
            "７０１",
            "701班",
            "七(1)",
            "七(1)班",
            "七1班",
            "7-1",
            "7.1",
            "7(1)班",
            "G7-1",
            "初一（1班）",
            "【七年级】1班",
            "2101",
        ] {
            let text = text.replace(['【', '】'], "");
            assert_eq!(class(&text, known()), (Some(7), "1".into(), None), "{text}");
        }
        for text in ["高一3班", "高一(3)", "高1(3)班", "高中一年级3班", "十年级3班", "3103"] {
            assert_eq!(class(text, known()), (Some(10), "3".into(), None), "{text}");
        }
        assert_eq!(class("十二年级12班", known()), (Some(12), "12".into(), None));
        assert_eq!(class("高三十二班", known()), (Some(12), "12".into(), None));
        assert_eq!(class("小六2班", known()), (Some(6), "2".into(), None));
        assert_eq!(class("初一(1)班(实验)", known()), (Some(7), "1(实验)".into(), None));
    }

    #[test]
    fn classes_without_a_grade_and_with_a_name() {
        for text in ["1", "1班", "一班", "(1)班", "第1班", "01"] {
            assert_eq!(class(text, known()), (None, "1".into(), None), "{text}");
            let seven = Known { grade: Some(7), ..known() };
            assert_eq!(class(text, seven), (Some(7), "1".into(), None), "{text}");
        }
        assert_eq!(class("春晖班", known()), (None, "春晖班".into(), None));
        assert_eq!(class("高3班", known()), (None, "3".into(), None));
        assert_eq!(class("", known()), (None, String::new(), None));
    }

    #[test]
    fn years_of_entry_need_the_stage() {
        let junior = Known { stage: Some(Stage::Junior), ..known() };
        assert_eq!(class("2024级1班", junior), (Some(9), "1".into(), None));
        assert_eq!(class("24级(1)班", junior), (Some(9), "1".into(), None));
        assert_eq!(class("初2025级3班", known()), (Some(8), "3".into(), None));
        assert_eq!(class("高2026级3班", known()), (Some(10), "3".into(), None));
        assert_eq!(class("2027届1班", junior), (Some(9), "1".into(), None));
        let spring = Known { day: Some(date(2027, 4, 1)), ..junior };
        assert_eq!(class("2024级1班", spring).0, Some(9));
        assert_eq!(class("2024级1班", known()), (None, "1".into(), Some(Doubt::Ambiguous(vec![3, 9, 12]))));
        let told = Known { grade: Some(9), ..known() };
        assert_eq!(class("2024级1班", told), (Some(9), "1".into(), None));
        assert_eq!(class("2024级1班", Known::default()), (None, "1".into(), None));
        let five_four = Known { system: SchoolSystem::FiveFour, ..junior };
        assert_eq!(class("2024级1班", five_four).0, Some(8));
        assert_eq!(class("初一1班", five_four).0, Some(6));
    }

    #[test]
    fn doubts_are_told() {
        assert_eq!(class("1101", known()).2, Some(Doubt::Ambiguous(vec![11, 1])));
        assert_eq!(class("1101", Known { grade: Some(11), ..known() }), (Some(11), "1".into(), None));
        assert_eq!(
            class("八年级1班", Known { grade: Some(7), ..known() }),
            (Some(7), "1".into(), Some(Doubt::Grade(8)))
        );
    }

    #[test]
    fn stages_in_names_of_schools() {
        assert_eq!(Stage::named_in("实验小学"), Some(Stage::Primary));
        assert_eq!(Stage::named_in("第一高级中学"), Some(Stage::Senior));
        assert_eq!(Stage::named_in("第一中学"), None);
        assert_eq!(Stage::named_in("初中部高中部"), None);
    }
}
