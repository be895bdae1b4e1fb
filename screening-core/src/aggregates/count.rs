//! From the counts of a measure to a population and the tables about it.

use crate::disclosure::{Dimension, DisclosureError, Population, TableSpec};
use crate::tally::{MeasureEntry, NO_RESULT, TIER, UNKNOWN, ValueEntry, WaveTally};

use super::Unit;

pub(super) const SCHOOL: &str = "school";
pub(super) const GRADE: &str = "grade";
pub(super) const SEX: &str = "sex";
/// Whether a value is one of those that are flagged, one of the others, or none.
const KIND: &str = "kind";
const VALUE: &str = "value";
/// Values that do not flag.
pub(super) const OTHER: &str = "other";
/// Values that flag; also the table of the pupils of each school by whether they are flagged.
pub(super) const FLAGGED: &str = "flagged";

fn kind(value: &ValueEntry) -> &'static str {
    match value.id.as_str() {
        NO_RESULT => NO_RESULT,
        _ if value.flags => FLAGGED,
        _ => OTHER,
    }
}

/// Everybody who is asked a measure, by unit, grade, sex and value, and the tables about it; none where nobody is asked.
pub(super) fn population(
    tally: &WaveTally,
    (at, id, measure): (usize, &str, &MeasureEntry),
    unit: Unit,
) -> Result<Option<(Population, Vec<TableSpec>)>, DisclosureError> {
    let mut people = Population::new(vec![
        Dimension::known(SCHOOL, &[SCHOOL]),
        Dimension::known(GRADE, &[GRADE]),
        Dimension::known(SEX, &[SEX]),
        Dimension::sensitive(id, &[KIND, VALUE]),
    ]);
    for value in &measure.values {
        people.declare(3, &[kind(value), &value.id])?;
    }
    let several = tally.districts().len() > 1;
    let mut anybody = false;
    for (place, counts) in &tally.cells {
        let Some(counts) = counts.get(&(at as u16)) else { continue };
        let grade = if place.grade == 0 { UNKNOWN.to_owned() } else { place.grade.to_string() };
        for (value, count) in measure.values.iter().zip(counts).filter(|(_, count)| **count > 0) {
            anybody = true;
            people.add(
                &[&[place.unit(unit, several).as_str()], &[&grade], &[&place.sex], &[kind(value), &value.id]],
                *count,
            )?;
        }
    }
    let flags = (id == TIER).then(|| TableSpec::new(FLAGGED).axis(SCHOOL, &["all", SCHOOL]).axis(TIER, &[KIND]));
    Ok(anybody.then(|| (people, tables(id).into_iter().chain(flags).collect())))
}

/// The tables about a measure.
fn tables(id: &str) -> [TableSpec; 3] {
    let about = |name: &str| TableSpec::new(&format!("{id}/{name}"));
    let told = |spec: TableSpec| spec.axis(id, &["all", VALUE]);
    [
        told(about("district").axis(GRADE, &["all", GRADE]).axis(SEX, &["all", SEX])),
        told(about("schools").axis(SCHOOL, &[SCHOOL]).axis(GRADE, &["all", GRADE])),
        told(about("schools-sex").axis(SCHOOL, &[SCHOOL]).axis(SEX, &[SEX])),
    ]
}
