//! How much is withheld, and how long it takes.

use std::time::Instant;

use super::super::*;

/// The next of a sequence of numbers that look random; deterministic, since figures in the documents rest on it.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Shares of the values of a measure, in thousands: many without a finding, few with one.
fn value(measure: usize, values: usize, draw: u64) -> usize {
    let draw = draw % 1000;
    let mut left = 700 + (measure as u64 * 37) % 200;
    for value in 0..values - 1 {
        if draw < left {
            return value;
        }
        left += (1000 - left) * 3 / 4;
    }
    values - 1
}

/// A district of schools of three grades each; so many measures, each of so many values.
fn district(schools: usize, pupils: usize, measures: usize, values: usize) -> (Population, Vec<TableSpec>) {
    let mut dimensions = vec![
        Dimension::known("school", &["school"]),
        Dimension::known("grade", &["grade"]),
        Dimension::known("sex", &["sex"]),
    ];
    let names: Vec<String> = (0..measures).map(|at| format!("m{at}")).collect();
    dimensions.extend(names.iter().map(|name| Dimension::sensitive(name, &["value"])));
    let mut people = Population::new(dimensions);
    let labels: Vec<String> = (0..values).map(|at| format!("v{at}")).collect();
    for at in 0..measures {
        labels.iter().for_each(|label| people.declare(3 + at, &[label]).unwrap());
    }
    let mut state = 20_261_126;
    for pupil in 0..pupils {
        // Schools differ in size by a factor of about three.
        let (even, drawn) = (pupil % schools, next(&mut state) as usize % schools);
        let school = if next(&mut state).is_multiple_of(2) { even } else { even.max(drawn) };
        let (school, grade) = (format!("S{school:03}"), format!("{}", 4 + 3 * (school % 3) + pupil % 3));
        let sex = ["female", "male"][(next(&mut state) % 2) as usize];
        let own: Vec<[&str; 1]> =
            (0..measures).map(|at| [labels[value(at, values, next(&mut state))].as_str()]).collect();
        let mut person: Vec<&[&str]> = Vec::with_capacity(3 + measures);
        let (school, grade, sex) = ([school.as_str()], [grade.as_str()], [sex]);
        person.extend([school.as_slice(), &grade, &sex]);
        person.extend(own.iter().map(<[&str; 1]>::as_slice));
        people.add(&person, 1).unwrap();
    }
    let mut tables = Vec::new();
    for name in &names {
        let value = |spec: TableSpec| spec.axis(name, &["all", "value"]);
        tables.push(value(
            TableSpec::new(&format!("{name}-grade")).axis("grade", &["all", "grade"]).axis("sex", &["all", "sex"]),
        ));
        tables.push(value(
            TableSpec::new(&format!("{name}-school")).axis("school", &["school"]).axis("grade", &["all", "grade"]),
        ));
        tables.push(value(TableSpec::new(&format!("{name}-sex")).axis("school", &["school"]).axis("sex", &["sex"])));
    }
    (people, tables)
}

#[test]
fn a_wide_table_keeps_what_it_may() {
    let (people, tables) = district(12, 6000, 1, 8);
    let release = protect(&people, &tables, Rule::default()).unwrap();
    let (mut shown, mut small, mut withheld) = (0, 0, 0);
    for table in &release.tables {
        let (a, b, c) = table.tally();
        (shown, small, withheld) = (shown + a, small + b, withheld + c);
    }
    println!("{shown} shown, {small} small, {withheld} withheld");
    assert!(small > 100, "the table is meant to have many small cells: {small}");
    // What is withheld for the small cells stays well below their number.
    assert!(withheld * 2 < small, "{withheld} withheld for {small} small cells");
    // Nearly all small cells say that they are small.
    assert!(small * 20 > release.small * 19, "{small} of {} small cells bear their mark", release.small);
}

/// `cargo test --release -p screening-core --lib disclosure -- --ignored --nocapture`
#[test]
#[ignore = "measures a whole district; run it optimised"]
fn a_district_of_130_schools_and_100_000_pupils() {
    for (schools, pupils, measures, values) in [(40, 30_000, 20, 6), (130, 100_000, 20, 6), (130, 100_000, 50, 8)] {
        let (people, tables) = district(schools, pupils, measures, values);
        let start = Instant::now();
        let release = protect(&people, &tables, Rule::default()).unwrap();
        println!(
            "{schools} schools, {pupils} pupils, {} tables: {:.2} s; {} cells, {} small, {} withheld, open {}, narrowest {:?}",
            tables.len(),
            start.elapsed().as_secs_f64(),
            release.cells,
            release.small,
            release.withheld,
            release.tables.iter().filter(|table| table.marks == Marks::Open).count(),
            release.narrowest
        );
    }
}
