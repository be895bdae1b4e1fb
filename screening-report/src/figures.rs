//! Shares with their intervals.

use std::collections::BTreeMap;

use screening_core::disclosure::Shown;
use screening_core::schools::{SchoolCount, district_share};
use screening_core::stats::{normal_quantile, wilson};

use crate::released::{Counts, Group, Of};
use crate::source::{Measure, Pupils, RAISED};

/// A share as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the share of a share is what it is called")]
pub(crate) struct Share {
    /// Pupils counted.
    pub(crate) cases: Shown,
    /// Pupils with a value.
    pub(crate) base: Shown,
    /// Cases over base, where both and the rest are shown.
    pub(crate) share: Option<f64>,
    /// Interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// Whether the interval knows of schools; without it pupils count as drawn one by one.
    pub(crate) clustered: bool,
}

/// A measure with the value of each pupil and the counts that may be shown.
pub(crate) struct Counted<'a> {
    pub(crate) measure: &'a Measure,
    pub(crate) values: Vec<Option<u8>>,
    pub(crate) counts: Counts,
}

impl Counted<'_> {
    /// The share of one value or part in a group, or in several groups together.
    pub(crate) fn share(&self, pupils: &Pupils, groups: &[Group], of: Of, level: f64) -> Share {
        let (cases, base) = (self.sum(groups, of), self.sum(groups, Of::Everybody));
        let free = !matches!(of, Of::Part(_)) || groups.iter().all(|group| self.counts.free(*group));
        let share = cases.share_of(base).filter(|_| free);
        let mut found = Share { cases, base, share, interval: None, clustered: false };
        let (Some(share), Some(n)) = (share, base.value()) else { return found };
        let whole = groups.iter().all(|group| group.school.is_none());
        let clustered = whole.then(|| district_share(&self.by_school(pupils, groups, of), level).ok().flatten());
        let clustered = clustered.flatten().and_then(|found| found.interval);
        found.clustered = clustered.is_some();
        found.interval = clustered.or_else(|| {
            let z = normal_quantile(f64::midpoint(1.0, level))?;
            Some(wilson(share, n as f64, z))
        });
        found
    }

    /// The sum of counts that are shown; one that is not hides the sum.
    pub(crate) fn sum(&self, groups: &[Group], of: Of) -> Shown {
        if let [group] = groups {
            return self.counts.get(*group, of);
        }
        let sum = groups.iter().try_fold(0, |sum, group| Some(sum + self.counts.get(*group, of).value()?));
        sum.map_or(Shown::Withheld, Shown::Value)
    }

    /// Whether a pupil counts as a case.
    pub(crate) fn is_case(&self, value: u8, of: Of) -> bool {
        match of {
            Of::Everybody => true,
            Of::Value(at) => usize::from(value) == at,
            Of::Part(part) => self.measure.values.get(usize::from(value)).is_some_and(|value| value.part() == part),
        }
    }

    /// Pupils and cases of groups, school by school.
    pub(crate) fn by_school(&self, pupils: &Pupils, groups: &[Group], of: Of) -> Vec<SchoolCount> {
        let mut counts: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (row, value) in self.values.iter().enumerate() {
            let here = groups.iter().any(|group| inside(pupils, row, *group));
            let (Some(value), true) = (value, here) else { continue };
            let own = counts.entry(pupils.school.get(row).copied().unwrap_or(0)).or_default();
            own.0 += 1;
            own.1 += u64::from(self.is_case(*value, of));
        }
        let school = |at: u32| pupils.schools.get(at as usize).cloned().unwrap_or_default();
        counts.into_iter().map(|(at, (pupils, cases))| SchoolCount { school: school(at), pupils, cases }).collect()
    }

    /// One for a raised value, zero for a usual one, NaN for none: for tests between groups.
    pub(crate) fn raised(&self) -> Vec<f64> {
        let number = |value: &Option<u8>| {
            value.map_or(f64::NAN, |value| f64::from(u8::from(self.is_case(value, Of::Part(RAISED)))))
        };
        self.values.iter().map(number).collect()
    }
}

/// Whether the pupil of a row belongs to a group.
pub(crate) fn inside(pupils: &Pupils, row: usize, group: Group) -> bool {
    group.school.is_none_or(|school| pupils.school.get(row) == Some(&school))
        && group.grade.is_none_or(|grade| pupils.grade.get(row) == Some(&grade))
        && group.sex.is_none_or(|sex| pupils.sex.get(row) == Some(&sex))
}
