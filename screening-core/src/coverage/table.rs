//! Counts by district, school, grade and class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Status;

/// Where a row of the table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All pupils.
    District,
    /// One school.
    School,
    /// One grade of a school.
    Grade,
    /// One class.
    Class,
}

impl Level {
    /// All, widest first.
    pub const ALL: [Self; 4] = [Self::District, Self::School, Self::Grade, Self::Class];

    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::School => "school",
            Self::Grade => "grade",
            Self::Class => "class",
        }
    }
}

/// Pupils by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u32; Status::ALL.len()]);

impl Counts {
    /// Adds a pupil.
    pub fn add(&mut self, status: Status) {
        self.0[status.position()] += 1;
    }

    /// Pupils of a status.
    pub fn get(&self, status: Status) -> u32 {
        self.0[status.position()]
    }

    /// All pupils: the sum of the parts.
    pub fn enrolled(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Adds the pupils of another group.
    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(to, from)| *to = to.saturating_add(from));
    }
}

/// Reads what [`Serialize`] writes. The parts have to add up to `enrolled`, and each has to be there.
impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut told: BTreeMap<String, u32> = BTreeMap::deserialize(deserializer)?;
        let mut take = |word: &str| {
            told.remove(word)
                .ok_or_else(|| serde::de::Error::custom(format!("the number of pupils `{word}` is missing")))
        };
        let enrolled = take("enrolled")?;
        let mut counts = Self::default();
        for status in Status::ALL {
            counts.0[status.position()] = take(status.word())?;
        }
        if let Some(word) = told.keys().next() {
            return Err(serde::de::Error::custom(format!("`{word}` is no status of a pupil")));
        }
        let sum = counts.0.iter().try_fold(0_u32, |sum, part| sum.checked_add(*part));
        if sum != Some(enrolled) {
            return Err(serde::de::Error::custom(format!(
                "the parts of {enrolled} enrolled pupils do not add up to them"
            )));
        }
        Ok(counts)
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = Status::ALL.iter().map(|status| (status.word(), self.get(*status)));
        serializer.collect_map(std::iter::once(("enrolled", self.enrolled())).chain(parts))
    }
}

/// One enrolled pupil, for counting.
#[derive(Debug, Clone, Copy)]
pub struct Enrolled<'a> {
    /// School.
    pub school: &'a str,
    /// Grade.
    pub grade: Option<u8>,
    /// Class.
    pub class: &'a str,
    /// Status.
    pub status: Status,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// Level.
    pub level: Level,
    /// School; none at the district.
    pub school: Option<String>,
    /// Grade; none above it, and for pupils whose grade is not known.
    pub grade: Option<u8>,
    /// Class; none above it.
    pub class: Option<String>,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The coverage of a wave.
///
/// ```
/// use screening_core::coverage::{CoverageTable, Enrolled, Level, Status};
/// let pupils = [
///     Enrolled { school: "A", grade: Some(7), class: "1", status: Status::Valid },
///     Enrolled { school: "A", grade: Some(8), class: "2", status: Status::Absent },
/// ];
/// let table = CoverageTable::of(pupils);
/// let district = table.district();
/// assert_eq!((district.enrolled(), district.get(Status::Valid), district.get(Status::Absent)), (2, 1, 1));
/// assert_eq!(table.rows().iter().filter(|row| row.level == Level::Class).count(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CoverageTable {
    rows: Vec<CoverageRow>,
}

impl CoverageTable {
    /// Counts pupils. Rows come as district, then each school with its grades, each with its classes.
    pub fn of<'a>(pupils: impl IntoIterator<Item = Enrolled<'a>>) -> Self {
        let mut classes: BTreeMap<ClassKey<'_>, Counts> = BTreeMap::new();
        let mut last: Option<(ClassKey<'_>, Counts)> = None;
        // Rosters come class by class: pupils that follow each other are gathered before the tree is searched.
        for pupil in pupils {
            let key = (pupil.school, pupil.grade, Natural(pupil.class));
            match &mut last {
                Some((known, counts)) if *known == key => counts.add(pupil.status),
                _ => {
                    let mut counts = Counts::default();
                    counts.add(pupil.status);
                    if let Some((key, counts)) = last.replace((key, counts)) {
                        classes.entry(key).or_default().merge(&counts);
                    }
                }
            }
        }
        if let Some((key, counts)) = last {
            classes.entry(key).or_default().merge(&counts);
        }
        Self { rows: roll_up(&classes) }
    }

    /// The table of classes that were counted before: school, grade and name of each, and its pupils.
    pub fn of_classes<'a>(classes: impl IntoIterator<Item = (&'a str, Option<u8>, &'a str, Counts)>) -> Self {
        let mut sorted: BTreeMap<ClassKey<'_>, Counts> = BTreeMap::new();
        for (school, grade, class, counts) in classes {
            sorted.entry((school, grade, Natural(class))).or_default().merge(&counts);
        }
        Self { rows: roll_up(&sorted) }
    }

    /// All rows.
    pub fn rows(&self) -> &[CoverageRow] {
        &self.rows
    }

    /// The whole district.
    pub fn district(&self) -> Counts {
        self.rows.first().map(|row| row.counts).unwrap_or_default()
    }

    /// The table as a frame: `level`, `school`, `grade`, `class`, `enrolled` and one column a status.
    ///
    /// # Errors
    /// When polars cannot build the frame.
    #[cfg(feature = "frame")]
    pub fn to_frame(&self) -> polars::prelude::PolarsResult<polars::prelude::DataFrame> {
        use polars::prelude::{Column, DataFrame};
        let rows = &self.rows;
        let mut columns = vec![
            Column::new("level".into(), rows.iter().map(|row| row.level.word()).collect::<Vec<_>>()),
            Column::new("school".into(), rows.iter().map(|row| row.school.as_deref()).collect::<Vec<_>>()),
            Column::new("grade".into(), rows.iter().map(|row| row.grade).collect::<Vec<_>>()),
            Column::new("class".into(), rows.iter().map(|row| row.class.as_deref()).collect::<Vec<_>>()),
            Column::new("enrolled".into(), rows.iter().map(|row| row.counts.enrolled()).collect::<Vec<_>>()),
        ];
        columns.extend(Status::ALL.into_iter().map(|status| {
            Column::new(status.word().into(), rows.iter().map(|row| row.counts.get(status)).collect::<Vec<_>>())
        }));
        DataFrame::new(rows.len(), columns)
    }
}

/// School, grade and class.
type ClassKey<'a> = (&'a str, Option<u8>, Natural<'a>);

/// Sums classes to grades, schools and the district; the widest row stands first.
fn roll_up(classes: &BTreeMap<ClassKey<'_>, Counts>) -> Vec<CoverageRow> {
    let blank =
        CoverageRow { level: Level::District, school: None, grade: None, class: None, counts: Counts::default() };
    let mut rows = vec![blank.clone()];
    let (mut school_row, mut grade_row) = (None::<usize>, None::<usize>);
    let mut before: Option<(&str, Option<u8>)> = None;
    for ((school, grade, class), counts) in classes {
        let school_of = || Some((*school).to_owned());
        if before.is_none_or(|(known, _)| known != *school) {
            school_row = Some(rows.len());
            before = None;
            rows.push(CoverageRow { level: Level::School, school: school_of(), ..blank.clone() });
        }
        if before != Some((*school, *grade)) {
            grade_row = Some(rows.len());
            rows.push(CoverageRow { level: Level::Grade, school: school_of(), grade: *grade, ..blank.clone() });
        }
        before = Some((*school, *grade));
        for at in [Some(0), school_row, grade_row].into_iter().flatten() {
            if let Some(row) = rows.get_mut(at) {
                row.counts.merge(counts);
            }
        }
        let class = Some(class.0.to_owned());
        rows.push(CoverageRow { level: Level::Class, school: school_of(), grade: *grade, class, counts: *counts });
    }
    rows
}

/// A class name that sorts as people count: class 2 before class 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Natural<'a>(&'a str);

impl<'a> Natural<'a> {
    /// What stands before the first number, and the number.
    fn key(self) -> (&'a str, u64) {
        let start = self.0.find(|c: char| c.is_ascii_digit()).unwrap_or(self.0.len());
        let (prefix, rest) = self.0.split_at(start);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (prefix, rest.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX))
    }
}

impl Ord for Natural<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Natural<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
