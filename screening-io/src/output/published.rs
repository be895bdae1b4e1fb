//! The counts that may be passed on.

use polars::prelude::{Column, DataFrame};
use screening_core::aggregates::{AggregateRow, Aggregates, GroupLevel, Unit};
use screening_core::disclosure::Shown;

use super::stage::Failure;

/// One row a count.
pub(super) fn frame(counts: &Aggregates) -> Result<DataFrame, Failure> {
    let rows = &counts.rows;
    let texts = |name: &str, own: &dyn Fn(&AggregateRow) -> Option<String>| {
        Column::new(name.into(), rows.iter().map(own).collect::<Vec<Option<String>>>())
    };
    let suppressed = |row: &AggregateRow| match row.shown {
        Shown::Value(_) => None,
        Shown::Small => Some("primary".to_owned()),
        Shown::Withheld => Some("complementary".to_owned()),
    };
    let unit = match counts.unit {
        Unit::School => "school",
        Unit::District => "district",
    };
    let columns = vec![
        texts("level", &|row| Some(level(row.level, counts.unit).to_owned())),
        texts(unit, &|row| row.school.clone()),
        texts("grade", &|row| row.grade.clone()),
        texts("sex", &|row| row.sex.clone()),
        texts("measure", &|row| Some(row.measure.clone())),
        texts("measure_zh", &|row| Some(row.measure_name.zh_cn.clone())),
        texts("measure_en", &|row| Some(row.measure_name.en.clone())),
        texts("value", &|row| Some(row.value.clone().unwrap_or_else(|| "all".to_owned()))),
        texts("value_zh", &|row| Some(row.value_name.zh_cn.clone())),
        texts("value_en", &|row| Some(row.value_name.en.clone())),
        Column::new("pupils".into(), rows.iter().map(|row| row.shown.value()).collect::<Vec<Option<u64>>>()),
        texts("shown", &|row| Some(row.shown.text(counts.rule.threshold).en)),
        texts("suppressed", &suppressed),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// The word of a level: where districts stand beside each other, they take the place of schools.
fn level(level: GroupLevel, unit: Unit) -> &'static str {
    match (unit, level) {
        (Unit::District, GroupLevel::District) => "all",
        (Unit::District, GroupLevel::School) => "district",
        (Unit::District, GroupLevel::SchoolGrade) => "district_grade",
        (Unit::District, GroupLevel::SchoolSex) => "district_sex",
        _ => level.word(),
    }
}
