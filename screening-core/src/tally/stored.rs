//! The form of a tally in files, checked when it is read: it may come from elsewhere.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::coverage::Counts;
use crate::norms::NormState;

use super::{Cell, ClassKey, MeasureEntry, PlaceKey, RestsOn, RuleTally, TierEntry, Totals, WaveTally};

const SCHEMA: u32 = 1;

/// The form of a tally in files. JSON has text keys only, so classes and places are lists.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Stored {
    schema: u32,
    rests_on: RestsOn,
    tiers: Vec<TierEntry>,
    flagged_above: u16,
    rules: IndexMap<String, RuleTally>,
    totals: Totals,
    measures: IndexMap<String, MeasureEntry>,
    classes: Vec<StoredClass>,
    places: Vec<StoredPlace>,
    norms: BTreeMap<String, NormState>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StoredClass {
    district: String,
    school: String,
    grade: Option<u8>,
    class: String,
    pupils: Counts,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StoredPlace {
    place: PlaceKey,
    /// By position of the measure.
    measures: Vec<(u16, Cell)>,
}

impl From<WaveTally> for Stored {
    fn from(own: WaveTally) -> Self {
        let class = |(key, pupils): (ClassKey, Counts)| {
            let ClassKey { district, school, grade, class } = key;
            StoredClass { district, school, grade, class, pupils }
        };
        let place = |(place, cells): (PlaceKey, BTreeMap<u16, Cell>)| StoredPlace {
            place,
            measures: cells.into_iter().collect(),
        };
        Self {
            schema: SCHEMA,
            rests_on: own.rests_on,
            tiers: own.tiers,
            flagged_above: own.flagged_above,
            rules: own.rules,
            totals: own.totals,
            measures: own.measures,
            classes: own.classes.into_iter().map(class).collect(),
            places: own.cells.into_iter().map(place).collect(),
            norms: own.norms,
        }
    }
}

impl TryFrom<Stored> for WaveTally {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        if stored.schema != SCHEMA {
            return Err(format!("this program reads tallies of schema {SCHEMA}, the file says {}", stored.schema));
        }
        let mut classes = BTreeMap::new();
        for own in stored.classes {
            let told = format!("class `{}` of `{}`", own.class, own.school);
            let StoredClass { district, school, grade, class, pupils } = own;
            if classes.insert(ClassKey { district, school, grade, class }, pupils).is_some() {
                return Err(format!("{told} stands twice; screen the part again"));
            }
        }
        let mut cells = BTreeMap::new();
        for StoredPlace { place, measures } in stored.places {
            let told = format!("grade {} of `{}`", place.grade, place.school);
            check_counts(&stored.measures, &measures)
                .map_err(|what| format!("{told}: {what}; screen the part again"))?;
            if place.grade > 12 || cells.insert(place, measures.into_iter().collect()).is_some() {
                return Err(format!("{told} stands twice, or there is no such grade; screen the part again"));
            }
        }
        let enrolled: u64 = classes.values().map(|counts: &Counts| u64::from(counts.enrolled())).sum();
        let mut own = Self {
            rests_on: stored.rests_on,
            tiers: stored.tiers,
            flagged_above: stored.flagged_above,
            rules: stored.rules,
            totals: stored.totals,
            measures: stored.measures,
            classes,
            cells,
            norms: stored.norms,
        };
        own.in_order();
        let counted: u64 = own.sums(super::STATUS).iter().sum();
        if counted != enrolled {
            return Err(format!("{enrolled} pupils are enrolled and {counted} have a status; screen the part again"));
        }
        Ok(own)
    }
}

/// Every measure is known, stands once, and has a count for each value.
fn check_counts(measures: &IndexMap<String, MeasureEntry>, cells: &[(u16, Cell)]) -> Result<(), String> {
    let mut before = None;
    for (at, own) in cells {
        let Some((id, measure)) = measures.get_index(usize::from(*at)) else {
            return Err(format!("there is no measure number {at}"));
        };
        let (values, counts) = (measure.values.len() + 1, &own.counts);
        if counts.len() != values {
            return Err(format!("`{id}` has {values} values with none, not {}", counts.len()));
        }
        if before.is_some_and(|before| before >= *at) {
            return Err(format!("`{id}` stands twice"));
        }
        if counts
            .iter()
            .try_fold(0_u64, |sum, count| sum.checked_add(*count))
            .is_none_or(|sum| sum > u64::from(u32::MAX))
        {
            return Err(format!("`{id}` counts more people than there are"));
        }
        before = Some(*at);
    }
    Ok(())
}
