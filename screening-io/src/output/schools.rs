//! Schools beside each other: a table and a funnel plot that may be shown outside the centre.

use std::io::Write;

use polars::prelude::*;
use screening_core::aggregates::{Aggregates, Unit};
use screening_core::disclosure::Shown;
use screening_core::instrument::Text;
use screening_core::schools::{SchoolComparison, SchoolCount, SchoolRow, Standing, compare_shown};
use screening_core::tally::WaveTally;

use super::frames::write_csv;
use super::plot::{Mark, Plot, Series};
use super::stage::Failure;
use super::texts::{beside, text};

/// Level of the intervals.
const LEVEL: f64 = 0.95;
/// Sizes at which the limits of the plot are computed.
const STEPS: u64 = 60;

/// The flagged pupils of each unit, compared; none for a single one, or where nobody has a sheet.
///
/// Pupils are those with a proposal. What may be shown was settled together with the other counts that may be passed on.
pub(super) fn compare(tally: &WaveTally, shown: &Aggregates) -> Result<Option<SchoolComparison>, Failure> {
    let own = |(school, (pupils, cases)): (String, (u64, u64))| SchoolCount { school, pupils, cases };
    let counts: Vec<SchoolCount> = tally.flagged(shown.unit).into_iter().map(own).collect();
    if counts.len() < 2 {
        return Ok(None);
    }
    let of = |school: Option<&str>| {
        let own = shown.flagged.iter().find(|own| own.school.as_deref() == school);
        own.map_or([Shown::Withheld; 2], |own| [own.flagged, own.others])
    };
    Ok(Some(compare_shown(&counts, LEVEL, shown.rule, &of)?))
}

/// One row a school, in the order of the names, and the district first where it may be shown.
pub(super) fn write_table(
    writer: &mut (impl Write + Send),
    comparison: &SchoolComparison,
    unit: Unit,
) -> Result<(), Failure> {
    let threshold = comparison.rule.threshold;
    let district = comparison.district.map(|own| SchoolRow {
        school: beside(&told(unit, "district", &[])),
        pupils: Shown::Value(own.pupils),
        cases: Shown::Value(own.cases),
        share: Some(own.share),
        interval: own.interval,
        shrunken: None,
        shrunken_interval: None,
        limits: None,
        standing: None,
    });
    let rows: Vec<&SchoolRow> = district.iter().chain(&comparison.schools).collect();
    let count = |name: &str, of: fn(&SchoolRow) -> Shown| {
        let cells: Vec<String> = rows.iter().map(|row| of(row).text(threshold).zh_cn).collect();
        Column::new(name.into(), cells)
    };
    let figure = |name: &str, of: &dyn Fn(&SchoolRow) -> Option<f64>| {
        let cells: Vec<Option<f64>> =
            rows.iter().map(|row| of(row).map(|x| (x * 10_000.0).round() / 10_000.0)).collect();
        Column::new(name.into(), cells)
    };
    let standings: Vec<Option<String>> =
        rows.iter().map(|row| row.standing.map(|own| beside(&standing(own, unit)))).collect();
    let heading = match unit {
        Unit::School => "school",
        Unit::District => "district",
    };
    let columns = vec![
        Column::new(heading.into(), rows.iter().map(|row| row.school.as_str()).collect::<Vec<_>>()),
        count("pupils", |row| row.pupils),
        count("flagged", |row| row.cases),
        figure("share", &|row| row.share),
        figure("share_low", &|row| row.interval.map(|own| own.0)),
        figure("share_high", &|row| row.interval.map(|own| own.1)),
        figure("shrunken", &|row| row.shrunken),
        figure("shrunken_low", &|row| row.shrunken_interval.map(|own| own.0)),
        figure("shrunken_high", &|row| row.shrunken_interval.map(|own| own.1)),
        figure("limit_95_low", &|row| row.limits.map(|own| own.p95.0)),
        figure("limit_95_high", &|row| row.limits.map(|own| own.p95.1)),
        figure("limit_998_low", &|row| row.limits.map(|own| own.p998.0)),
        figure("limit_998_high", &|row| row.limits.map(|own| own.p998.1)),
        Column::new("standing".into(), standings),
    ];
    write_csv(writer, &DataFrame::new(rows.len(), columns)?, true)
}

fn standing(own: Standing, unit: Unit) -> Text {
    let key = match own {
        Standing::Within => "within",
        Standing::Edge => "edge",
        Standing::Outside => "outside",
    };
    told(unit, key, &[])
}

/// A text about schools, or about districts.
fn told(unit: Unit, key: &str, arguments: &[(&str, &str)]) -> Text {
    let table = match unit {
        Unit::School => "schools",
        Unit::District => "districts",
    };
    text(&format!("{table}.{key}"), arguments)
}

/// The funnel plot: schools whose figures may be shown, the district, and the limits by size.
pub(super) fn write_plot(writer: &mut impl Write, comparison: &SchoolComparison, unit: Unit) -> Result<(), Failure> {
    let named = |key: &str| beside(&told(unit, key, &[]));
    let mut series = Vec::new();
    let shown: Vec<(&SchoolRow, f64, f64)> = comparison
        .schools
        .iter()
        .filter_map(|row| Some((row, row.pupils.value()? as f64, row.share? * 100.0)))
        .collect();
    let largest = comparison.schools.iter().filter_map(|row| row.pupils.value()).max().unwrap_or(0);
    if let (Some(funnel), true) = (&comparison.funnel, largest > 0) {
        let sizes: Vec<u64> =
            (1..=STEPS).map(|step| (largest * step).div_ceil(STEPS)).filter(|size| *size >= 5).collect();
        let limits: Vec<_> = sizes.iter().map(|size| funnel.limits(*size)).collect();
        let line = |name: String, colour, mark, of: &dyn Fn(usize) -> f64| Series {
            name,
            colour,
            points: sizes.iter().enumerate().map(|(at, size)| (*size as f64, of(at) * 100.0)).collect(),
            labels: Vec::new(),
            mark,
        };
        let at = |at: usize| limits.get(at);
        let (p95, p998) = ("#0072b2", "#b35900");
        series.push(line(named("target"), "#616161", Mark::Line, &|_| funnel.target));
        series.push(line(named("limit-95"), p95, Mark::Dashes, &|i| at(i).map_or(f64::NAN, |own| own.p95.0)));
        series.push(line(String::new(), p95, Mark::Dashes, &|i| at(i).map_or(f64::NAN, |own| own.p95.1)));
        series.push(line(named("limit-998"), p998, Mark::Dots, &|i| at(i).map_or(f64::NAN, |own| own.p998.0)));
        series.push(line(String::new(), p998, Mark::Dots, &|i| at(i).map_or(f64::NAN, |own| own.p998.1)));
    }
    // Only schools that lie outside chance are named: the plot is no list.
    let label = |row: &SchoolRow| match row.standing {
        Some(Standing::Edge | Standing::Outside) => row.school.clone(),
        _ => String::new(),
    };
    series.push(Series {
        name: named("school"),
        colour: "#1f4e79",
        points: shown.iter().map(|(_, pupils, share)| (*pupils, *share)).collect(),
        labels: shown.iter().map(|(row, ..)| label(row)).collect(),
        mark: Mark::Points,
    });
    let left_out = (comparison.schools.len() - shown.len()).to_string();
    let plot = Plot {
        title: named("title"),
        x: named("x"),
        y: named("y"),
        note: beside(&told(unit, "note", &[("left-out", &left_out)])),
        series,
    };
    writer.write_all(plot.svg().as_bytes())?;
    Ok(())
}
