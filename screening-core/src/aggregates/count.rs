//! From the results of a wave to a population and the tables about it.

use polars::prelude::*;

use crate::disclosure::{Dimension, Population, TableSpec};
use crate::screening::ScreeningResult;

use super::{AggregatesError, Counted, NO_RESULT, UNKNOWN};

pub(super) const SCHOOL: &str = "school";
pub(super) const GRADE: &str = "grade";
pub(super) const SEX: &str = "sex";
/// Which measures a pupil's grade is asked: known, since everybody knows what a grade answers.
const ASKED: &str = "asked";
const YES: &str = "yes";
/// Whether a value is one of those that are flagged, one of the others, or none.
const KIND: &str = "kind";
const VALUE: &str = "value";
pub(super) const TIER: &str = "tier";
/// Table of the pupils of each school by whether they are flagged.
pub(super) const FLAGGED: &str = "flagged";

/// Everybody by school, grade, sex and measure, and the tables.
pub(super) fn population(
    result: &ScreeningResult,
    counted: &[Counted],
) -> Result<(Population, Vec<TableSpec>), AggregatesError> {
    let frame = &result.results;
    let ids: Vec<&str> = counted.iter().map(|own| own.id.as_str()).collect();
    let mut dimensions = vec![
        Dimension::known(SCHOOL, &[SCHOOL]),
        Dimension::known(GRADE, &[GRADE]),
        Dimension::known(SEX, &[SEX]),
        Dimension::known(ASKED, &["set"]).grouped_by(&ids),
    ];
    dimensions.extend(ids.iter().map(|id| Dimension::sensitive(id, &[KIND, VALUE])));
    let mut people = Population::new(dimensions);
    for (at, own) in counted.iter().enumerate() {
        for (value, _) in &own.values {
            people.declare(4 + at, &[own.kind(value), value])?;
        }
    }
    let schools = texts(frame, SCHOOL)?;
    let sexes = texts(frame, SEX)?;
    let grades = frame.column(GRADE)?.cast(&DataType::UInt8)?.u8()?.clone();
    let measured = ids.iter().map(|id| texts(frame, id)).collect::<PolarsResult<Vec<_>>>()?;
    let asked: Vec<(String, Vec<&str>)> = (0..=12_usize)
        .map(|grade| {
            let answers: Vec<bool> = counted.iter().map(|own| own.asked.get(grade) == Some(&true)).collect();
            let words: Vec<&str> = answers.iter().map(|asked| if *asked { YES } else { "no" }).collect();
            (words.join(" "), words)
        })
        .collect();
    let names: Vec<String> =
        (0..=12).map(|grade| if grade == 0 { UNKNOWN.to_owned() } else { grade.to_string() }).collect();
    let mut values: Vec<[&str; 2]> = Vec::with_capacity(counted.len());
    for row in 0..frame.height() {
        let grade = grades.get(row).map_or(0, usize::from).min(12);
        let Some(((set, answers), grade)) = asked.get(grade).zip(names.get(grade)) else { continue };
        let (school, sex) = ([known(schools.get(row))], [known(sexes.get(row))]);
        let mut set: Vec<&str> = vec![set];
        set.extend(answers);
        values.clear();
        values.extend(counted.iter().zip(&measured).map(|(own, column)| {
            let value = column.get(row).unwrap_or(NO_RESULT);
            [own.kind(value), value]
        }));
        let mut person: Vec<&[&str]> = Vec::with_capacity(4 + counted.len());
        let grade = [grade.as_str()];
        person.extend([school.as_slice(), &grade, &sex, &set]);
        person.extend(values.iter().map(<[&str; 2]>::as_slice));
        people.add(&person, 1)?;
    }
    let anybody = |own: &&Counted| {
        (0..=12).any(|grade| {
            own.asked.get(grade) == Some(&true)
                && (grades.iter().any(|known| known.map_or(0, usize::from).min(12) == grade))
        })
    };
    let mut tables: Vec<TableSpec> = counted.iter().filter(anybody).flat_map(|own| tables(&own.id)).collect();
    if counted.iter().filter(anybody).any(|own| own.id == TIER) {
        let spec = TableSpec::new(FLAGGED).axis(SCHOOL, &["all", SCHOOL]).axis(TIER, &[KIND]);
        tables.push(spec.within(ASKED, TIER, &[YES]));
    }
    Ok((people, tables))
}

/// The tables about a measure.
fn tables(id: &str) -> [TableSpec; 3] {
    let about = |name: &str| TableSpec::new(&format!("{id}/{name}"));
    let told = |spec: TableSpec| spec.axis(id, &["all", VALUE]).within(ASKED, id, &[YES]);
    [
        told(about("district").axis(GRADE, &["all", GRADE]).axis(SEX, &["all", SEX])),
        told(about("schools").axis(SCHOOL, &[SCHOOL]).axis(GRADE, &["all", GRADE])),
        told(about("schools-sex").axis(SCHOOL, &[SCHOOL]).axis(SEX, &[SEX])),
    ]
}

fn known(name: Option<&str>) -> &str {
    name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(UNKNOWN)
}

fn texts(frame: &DataFrame, name: &str) -> PolarsResult<StringChunked> {
    Ok(frame.column(name)?.as_materialized_series().cast(&DataType::String)?.str()?.clone())
}
