//! Every figure of a report equals the one that polars computes from `results.parquet`, and small counts stay hidden.

use polars::prelude::*;
use screening_core::instrument::Language;
use screening_report::{Cell, Report, Results, Settings, Survey, Table};

use super::world::{RESULTS, parquet, settings};

fn survey(results: &Results, settings: &Settings, of: impl Fn(&Survey<'_>) -> Report) -> Report {
    of(&Survey::of(results, settings).unwrap())
}

fn district() -> Report {
    survey(&RESULTS, &settings(Language::En), |survey| survey.district().unwrap())
}

/// Rows for which an expression holds.
fn count(condition: Expr) -> f64 {
    parquet().filter(condition).collect().unwrap().height() as f64
}

fn text(column: &str) -> Expr {
    col(column).cast(DataType::String)
}

fn named<'t>(table: &'t Table, name: &str) -> (usize, &'t Vec<Cell>) {
    table.rows.iter().enumerate().find(|(_, row)| row[0].text() == name).unwrap_or_else(|| panic!("{name}: {table:?}"))
}

/// Compares a figure where it is given; says whether it was.
fn same(table: &Table, row: usize, column: usize, expected: f64) -> bool {
    let Some(found) = table.value(row, column) else { return false };
    assert!((found - expected).abs() < 1e-9, "{} row {row} column {column}: {found} and {expected}", table.id);
    true
}

#[test]
fn coverage_and_tiers_are_those_of_the_file() {
    let report = district();
    let coverage = report.table("coverage").unwrap();
    let all = count(lit(true));
    let valid = count(text("status").eq(lit("valid")));
    assert!(same(coverage, 0, 1, all) && same(coverage, 1, 1, valid) && same(coverage, 1, 2, valid / all));
    // Why others have no sheet is shown where it can be, and never wrongly.
    for (status, name) in [("absent", "absent"), ("refused", "refused"), ("withdrawn", "withdrawn")] {
        let row = named(coverage, name).0;
        same(coverage, row, 1, count(text("status").eq(lit(status))));
    }

    let tiers = report.table("tiers").unwrap();
    let base = count(col("tier").is_not_null());
    let mut given = 0;
    for tier in ["today", "soon", "month", "retest", "none"] {
        let row = named(tiers, tier).0;
        let own = count(text("tier").eq(lit(tier)));
        given += usize::from(same(tiers, row, 1, own) && same(tiers, row, 2, own / base));
    }
    assert!(given >= 3, "{given} of 5 tiers are shown");
    let critical = count(col("critical").is_not_null());
    assert!(report.plain_text().contains(&format!("being harmed): {critical}.")), "{critical}");
}

#[test]
fn shares_by_grade_and_sex_and_bands_are_those_of_the_file() {
    let report = district();
    let tier = |id: &str| text("tier").eq(lit(id.to_owned()));
    let flagged = || tier("month").or(tier("soon")).or(tier("today"));
    let mut given = 0;
    let groups = [
        ("flagged-grade", "grade 7", col("grade").cast(DataType::Int32).eq(lit(7))),
        ("flagged-grade", "grade 9", col("grade").cast(DataType::Int32).eq(lit(9))),
        ("flagged-sex", "girls", text("sex").eq(lit("female"))),
        ("flagged-sex", "boys", text("sex").eq(lit("male"))),
    ];
    for (table, group, condition) in groups {
        let table = report.table(table).unwrap();
        let row = named(table, group).0;
        let base = count(condition.clone().and(col("tier").is_not_null()));
        let cases = count(condition.and(flagged()));
        given +=
            usize::from(same(table, row, 1, base) && same(table, row, 2, cases) && same(table, row, 3, cases / base));
    }
    assert_eq!(given, 4);

    let bands = report.table("bands").unwrap();
    let valid = || text("status").eq(lit("valid"));
    let scale = RESULTS_SCALES;
    let mut shown = 0;
    for (column, name) in scale {
        let own: Vec<(usize, &Vec<Cell>)> =
            bands.rows.iter().enumerate().filter(|(_, row)| row[0].text().starts_with(name)).collect();
        let base = count(valid().and(col(format!("{column}.band")).is_not_null()));
        let mut sum = 0.0;
        for (row, cells) in &own {
            let band = band_id(column, cells[1].text());
            let number = count(valid().and(text(&format!("{column}.band")).eq(lit(band))));
            sum += number;
            shown += usize::from(same(bands, *row, 2, number) && same(bands, *row, 3, number / base));
        }
        assert_eq!(sum, base, "every band of {column} has a row");
    }
    assert!(shown >= 6, "{shown} bands are shown");

    let means = report.table("means").unwrap();
    for (at, (column, _)) in scale.into_iter().enumerate() {
        let frame = parquet().filter(valid()).select([
            col(column).count().cast(DataType::Float64).alias("n"),
            col(column).cast(DataType::Float64).mean().alias("mean"),
            col(column).cast(DataType::Float64).std(1).alias("sd"),
        ]);
        let frame = frame.collect().unwrap();
        let of = |name: &str| frame.column(name).unwrap().f64().unwrap().get(0).unwrap();
        assert!(same(means, at, 1, of("n")) && same(means, at, 2, of("mean")) && same(means, at, 3, of("sd")));
    }
}

const RESULTS_SCALES: [(&str, &str); 2] = [("phq-9.total", "PHQ-9"), ("gad-7.total", "GAD-7")];

fn band_id(column: &str, label: &str) -> String {
    let (instrument, _) = column.split_once('.').unwrap();
    let definition = super::world::LIBRARY.get(instrument).unwrap().definition();
    let found = definition.bands.iter().find(|(_, own)| own.label.en == label);
    found.unwrap_or_else(|| panic!("{label}")).0.clone()
}

#[test]
fn change_is_that_of_the_file() {
    let report = district();
    let table = report.table("mean-change").unwrap();
    let frame = parquet().filter(text("status").eq(lit("valid")));
    let pair = frame.filter(col("phq-9.total").is_not_null().and(col("phq-9.total.before").is_not_null()));
    let pair = pair
        .select([
            col("phq-9.total").cast(DataType::Float64).mean().alias("now"),
            col("phq-9.total.before").mean().alias("before"),
            col("phq-9.total").count().cast(DataType::Float64).alias("n"),
        ])
        .collect()
        .unwrap();
    let of = |name: &str| pair.column(name).unwrap().f64().unwrap().get(0).unwrap();
    assert!(same(table, 0, 1, of("n")) && same(table, 0, 2, of("before")) && same(table, 0, 3, of("now")));
    assert!(same(table, 0, 4, of("now") - of("before")));
    let reliable = report.table("reliable-change").unwrap();
    let words = ["improved", "unchanged", "deteriorated"];
    assert!(same(reliable, 0, 1, count(col("phq-9.total.change").is_not_null())));
    for (at, word) in words.into_iter().enumerate() {
        same(reliable, 0, at + 2, count(text("phq-9.total.change").eq(lit(word))));
    }
}

#[test]
fn no_report_shows_a_small_count_and_all_reports_agree() {
    let settings = settings(Language::ZhCn);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let schools: Vec<Report> = RESULTS.schools().iter().map(|name| survey.school(name).unwrap()).collect();
    let district = survey.district().unwrap();
    let counted =
        [("tiers", 1), ("raised", 2), ("bands", 2), ("flagged-grade", 2), ("flagged-sex", 2), ("reliable-change", 2)];
    for report in schools.iter().chain([&district]) {
        for (id, column) in counted {
            for row in report.table(id).iter().flat_map(|table| &table.rows) {
                if let Some(Cell::Figure { value: Some(value), .. }) = row.get(column) {
                    assert!(*value >= 10.0, "{}: {id} {row:?}", report.title);
                }
            }
        }
    }
    // Where all schools are shown they sum to the district; where one is hidden, so is another.
    let mut whole = 0;
    for (id, column) in [("tiers", 1), ("raised", 1), ("raised", 2), ("bands", 2)] {
        let of = |report: &Report, row: usize| report.table(id).unwrap().value(row, column);
        for row in 0..district.table(id).unwrap().rows.len() {
            let parts: Vec<Option<f64>> = schools.iter().map(|report| of(report, row)).collect();
            let hidden = parts.iter().filter(|part| part.is_none()).count();
            let Some(total) = of(&district, row) else { continue };
            assert_ne!(hidden, 1, "{id} row {row}: one school alone is hidden, and can be worked out");
            if hidden == 0 {
                assert_eq!(parts.iter().flatten().sum::<f64>(), total, "{id} row {row}");
                whole += 1;
            }
        }
    }
    assert!(whole >= 2, "the pupils with a sheet are shown of every school");
}
