//! Comparisons between groups of the district, all of them corrected together.

use rayon::prelude::*;
use screening_core::psychometrics::GroupComparison;
use screening_core::stats::holm;

use crate::error::ReportError;
use crate::figures::Counted;
use crate::released::{Counts, Group};
use crate::source::{Pupils, Results};

/// With fewer clusters the linearised error of a difference is itself a matter of chance (two schools that happen to differ
/// alike would have none).
const FEWEST_SCHOOLS: usize = 5;

/// What groups are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Axis {
    Stage,
    Grade,
    Sex,
}

impl Axis {
    pub(super) const ALL: [Self; 3] = [Self::Stage, Self::Grade, Self::Sex];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Grade => "grade",
            Self::Sex => "sex",
        }
    }
}

/// One comparison.
#[derive(Debug, Clone)]
pub(super) struct Test {
    /// Measure id.
    pub(super) measure: String,
    pub(super) axis: Axis,
    /// Of scores, not of shares.
    pub(super) scores: bool,
    pub(super) comparison: GroupComparison,
    /// Holm's adjusted probability; none where there is no test.
    pub(super) adjusted: Option<f64>,
}

/// All comparisons of a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Tests {
    list: Vec<Test>,
}

impl Tests {
    /// Compares the share of raised values by stage, grade and sex, and scores by sex. Only groups all of whose counts are
    /// shown are compared, and only comparisons that are shown are counted in the correction.
    pub(super) fn of(
        results: &Results,
        level: f64,
        tiers: &Counted<'_>,
        scales: &[Counted<'_>],
    ) -> Result<Self, ReportError> {
        let pupils = &results.pupils;
        let schools = results.school_names();
        // A school without a name is still one.
        let schools: Vec<&str> = schools.into_iter().map(|name| if name.is_empty() { "?" } else { name }).collect();
        let labels = Axis::ALL.map(|axis| labels(pupils, axis));
        let all: Vec<(&Counted<'_>, Axis, &Vec<String>)> = std::iter::once(tiers)
            .chain(scales)
            .flat_map(|counted| Axis::ALL.into_iter().zip(&labels).map(move |(axis, labels)| (counted, axis, labels)))
            .filter(|(counted, axis, _)| free(counted, *axis))
            .collect();
        let made = all.par_iter().map(|(counted, axis, labels)| -> Result<Vec<Test>, ReportError> {
            let test = |values: &[f64], scores: bool| {
                // Fewer than two schools, or nobody: there is nothing to compare.
                let mut comparison = GroupComparison::fit(values, labels, &schools, level).ok()?;
                if comparison.clusters < FEWEST_SCHOOLS {
                    comparison.test = None;
                    if let Some(difference) = &mut comparison.difference {
                        difference.interval = None;
                    }
                }
                Some(Test { measure: counted.measure.id.clone(), axis: *axis, scores, comparison, adjusted: None })
            };
            let mut tests = Vec::from_iter(test(&counted.raised(), false));
            if *axis == Axis::Sex && !counted.measure.instrument.is_empty() {
                let scores = results.scores(&counted.measure.id, &counted.measure.instrument)?;
                tests.extend(scores.and_then(|scores| test(&scores, true)));
            }
            Ok(tests)
        });
        let made: Vec<Vec<Test>> = made.collect::<Result<_, _>>()?;
        let mut list: Vec<Test> = made.into_iter().flatten().collect();
        let p: Vec<f64> = list.iter().map(|test| test.comparison.test.map_or(f64::NAN, |test| test.p)).collect();
        for (test, adjusted) in list.iter_mut().zip(holm(&p)) {
            test.adjusted = Some(adjusted).filter(|p| !p.is_nan());
        }
        Ok(Self { list })
    }

    pub(super) fn get(&self, measure: &str, axis: Axis, scores: bool) -> Option<&Test> {
        self.list.iter().find(|test| test.measure == measure && test.axis == axis && test.scores == scores)
    }

    /// Number of tests that were made.
    pub(super) fn made(&self) -> usize {
        self.list.iter().filter(|test| test.comparison.test.is_some()).count()
    }
}

/// Whether every group that is compared may be shown.
fn free(counted: &Counted<'_>, axis: Axis) -> bool {
    let groups = groups_of(&counted.counts, None, axis);
    let compared: Vec<&Group> = groups.iter().filter(|group| is_compared(group, axis)).collect();
    compared.len() > 1 && compared.iter().all(|group| counted.counts.free(**group))
}

/// The released groups in which somebody has a value; stages are sums of grades.
pub(super) fn groups_of(counts: &Counts, school: Option<u32>, axis: Axis) -> Vec<Group> {
    let of = Group { school, ..Group::default() };
    match axis {
        Axis::Stage | Axis::Grade => {
            counts.grades(school).into_iter().map(|grade| Group { grade: Some(grade), ..of }).collect()
        }
        Axis::Sex => counts.sexes(school).into_iter().map(|sex| Group { sex: Some(sex), ..of }).collect(),
    }
}

/// Pupils whose grade or sex is not known are not compared.
fn is_compared(group: &Group, axis: Axis) -> bool {
    match axis {
        Axis::Stage | Axis::Grade => group.grade.is_some_and(|grade| grade > 0),
        Axis::Sex => group.sex.is_some_and(|sex| sex < 2),
    }
}

/// 1 primary school, 2 junior, 3 senior.
pub(super) fn stage(grade: u8) -> Option<u8> {
    match grade {
        1..=6 => Some(1),
        7..=9 => Some(2),
        10..=12 => Some(3),
        _ => None,
    }
}

fn labels(pupils: &Pupils, axis: Axis) -> Vec<String> {
    let label = |row: usize| {
        let grade = pupils.grade.get(row).copied().unwrap_or(0);
        match axis {
            Axis::Stage => stage(grade).map(|stage| stage.to_string()),
            Axis::Grade => (grade > 0).then(|| format!("{grade:02}")),
            Axis::Sex => pupils.sex.get(row).filter(|sex| **sex < 2).map(ToString::to_string),
        }
    };
    (0..pupils.ids.len()).map(|row| label(row).unwrap_or_default()).collect()
}
