//! Published files and all reports of a wave are one release: they say the same, and together they tell no hidden count.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use screening_core::instrument::Language;
use screening_report::{Report, Survey};

use super::world::{RESULTS, folder, parquet, settings};

/// School, grade, sex; blank where all are meant.
type Group = [String; 3];
/// A group and what of it is counted: a tier, `raised`, `usual`, `all`.
type Key = (Group, String);
/// Lowest and highest count that is possible.
type Range = (i64, i64);

const RAISED: [&str; 3] = ["month", "soon", "today"];
const USUAL: [&str; 2] = ["none", "retest"];

fn group(school: &str, grade: &str, sex: &str) -> Group {
    [school, grade, sex].map(str::to_owned)
}

/// What a mark tells of a count: the count, below ten, or nothing.
fn range(shown: &str, base: i64) -> Range {
    match shown {
        "<10" => (0, 9.min(base)),
        "*" | "※" | "—" => (0, base),
        count => count.replace(',', "").parse().map_or((0, base), |count: i64| (count, count)),
    }
}

/// The tiers in `published/aggregates.csv`, with the sizes of the groups, which are known.
fn published() -> (BTreeMap<Key, String>, BTreeMap<Group, i64>) {
    let file = std::fs::read_to_string(folder().join("published/aggregates.csv")).unwrap();
    let frame = CsvReader::new(std::io::Cursor::new(file.trim_start_matches('\u{feff}').to_owned()))
        .with_options(CsvReadOptions::default().with_has_header(true).with_infer_schema_length(Some(0)))
        .finish()
        .unwrap();
    let column = |name: &str| -> Vec<String> {
        frame.column(name).unwrap().str().unwrap().iter().map(|own| own.unwrap_or_default().to_owned()).collect()
    };
    let [school, grade, sex, measure, value, shown] =
        ["school", "grade", "sex", "measure", "value", "shown"].map(column);
    let (mut cells, mut sizes) = (BTreeMap::new(), BTreeMap::new());
    for row in (0..frame.height()).filter(|row| measure[*row] == "tier") {
        let own = group(&school[row], &grade[row], &sex[row]);
        let size = sizes.entry(own.clone()).or_insert(0);
        match value[row].as_str() {
            "all" => *size += shown[row].parse::<i64>().unwrap(),
            "no-result" => *size -= shown[row].parse::<i64>().unwrap(),
            tier => drop(cells.insert((own, tier.to_owned()), shown[row].clone())),
        }
    }
    (cells, sizes)
}

/// The counts of one measure in a report: tiers, and how many are raised by grade and sex.
fn reported(report: &Report, school: &str, cells: &mut Vec<(Key, String)>) {
    let tiers = report.table("tiers").unwrap();
    for row in &tiers.rows {
        cells.push(((group(school, "", ""), row[0].text().to_owned()), row[1].text().to_owned()));
    }
    for row in report.table("flagged-grade").iter().flat_map(|table| &table.rows) {
        let grade = row[0].text().trim_start_matches("grade ");
        cells.push(((group(school, grade, ""), "raised".to_owned()), row[2].text().to_owned()));
    }
    for row in report.table("flagged-sex").iter().flat_map(|table| &table.rows) {
        let sex = if row[0].text() == "boys" { "male" } else { "female" };
        cells.push(((group(school, "", sex), "raised".to_owned()), row[2].text().to_owned()));
    }
}

/// The true counts.
fn truth(groups: &BTreeSet<Group>) -> BTreeMap<Key, i64> {
    let frame = parquet().filter(col("tier").is_not_null()).collect().unwrap();
    let column = |name: &str| -> Vec<String> {
        let series = frame.column(name).unwrap().cast(&DataType::String).unwrap();
        series.str().unwrap().iter().map(|own| own.unwrap_or_default().to_owned()).collect()
    };
    let [school, grade, sex, tier] = ["school", "grade", "sex", "tier"].map(column);
    let mut counts = BTreeMap::new();
    for own in groups {
        for row in 0..frame.height() {
            let inside = [&school[row], &grade[row], &sex[row]];
            if own.iter().zip(inside).all(|(wanted, own)| wanted.is_empty() || wanted == own) {
                *counts.entry((own.clone(), tier[row].clone())).or_insert(0) += 1;
                let part = if RAISED.contains(&tier[row].as_str()) { "raised" } else { "usual" };
                *counts.entry((own.clone(), part.to_owned())).or_insert(0) += 1;
                *counts.entry((own.clone(), "all".to_owned())).or_insert(0) += 1;
            }
        }
    }
    counts
}

/// Whole and parts that sum to it, for every way in which groups and values fall into parts.
fn sums(groups: &BTreeSet<Group>) -> Vec<(Key, Vec<Key>)> {
    let values: Vec<&str> = RAISED.into_iter().chain(USUAL).collect();
    let mut sums = Vec::new();
    let key = |own: &Group, value: &str| (own.clone(), value.to_owned());
    for own in groups {
        sums.push((key(own, "raised"), RAISED.map(|value| key(own, value)).to_vec()));
        sums.push((key(own, "usual"), USUAL.map(|value| key(own, value)).to_vec()));
        sums.push((key(own, "all"), vec![key(own, "raised"), key(own, "usual")]));
        for axis in 0..3 {
            let finer = groups.iter().filter(|other| {
                !other[axis].is_empty()
                    && (0..3).all(|at| if at == axis { own[at].is_empty() } else { own[at] == other[at] })
            });
            let finer: Vec<&Group> = finer.collect();
            if finer.is_empty() {
                continue;
            }
            for value in values.iter().copied().chain(["raised", "usual", "all"]) {
                sums.push((key(own, value), finer.iter().map(|other| key(other, value)).collect()));
            }
        }
    }
    sums
}

/// Narrows ranges by every sum until nothing changes.
fn narrow(ranges: &mut BTreeMap<Key, Range>, sums: &[(Key, Vec<Key>)]) {
    loop {
        let mut changed = false;
        for (whole, parts) in sums {
            let (Some(total), own) = (ranges.get(whole).copied(), parts.iter().map(|part| ranges[part])) else {
                continue;
            };
            let own: Vec<Range> = own.collect();
            let (low, high) = own.iter().fold((0, 0), |sum, range| (sum.0 + range.0, sum.1 + range.1));
            let mut put = |key: &Key, range: Range| {
                let slot = ranges.get_mut(key).unwrap();
                let next = (slot.0.max(range.0), slot.1.min(range.1));
                changed |= next != *slot;
                *slot = next;
            };
            put(whole, (low, high));
            for (part, range) in parts.iter().zip(own) {
                put(part, (total.0 - (high - range.1), total.1 - (low - range.0)));
            }
        }
        if !changed {
            return;
        }
    }
}

#[test]
fn published_files_and_all_reports_are_one_release() {
    let settings = settings(Language::En);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let mut cells = Vec::new();
    reported(&survey.district().unwrap(), "", &mut cells);
    for school in RESULTS.schools() {
        reported(&survey.school(school).unwrap(), school, &mut cells);
    }
    let (published, sizes) = published();
    // The same decision: what both have is shown alike.
    let mut compared = 0;
    for (key, shown) in &cells {
        if let Some(other) = published.get(key) {
            assert_eq!(&shown.replace(',', ""), other, "{key:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 5 * (1 + RESULTS.schools().len()), "every tier of the district and of each school");

    // What somebody knows who has everything: each count, or what its mark tells.
    let groups: BTreeSet<Group> = sizes.keys().cloned().collect();
    let sums = sums(&groups);
    let mut ranges: BTreeMap<Key, Range> = BTreeMap::new();
    for (own, base) in &sizes {
        for value in RAISED.into_iter().chain(USUAL).chain(["raised", "usual"]) {
            ranges.insert((own.clone(), value.to_owned()), (0, *base));
        }
        ranges.insert((own.clone(), "all".to_owned()), (*base, *base));
    }
    let hidden = |shown: &str| shown.replace(',', "").parse::<i64>().is_err();
    let mut small: BTreeSet<Key> = BTreeSet::new();
    for (key, shown) in published.iter().chain(cells.iter().map(|(key, shown)| (key, shown))) {
        let (low, high) = range(shown, sizes[&key.0]);
        let slot = ranges.get_mut(key).unwrap();
        *slot = (slot.0.max(low), slot.1.min(high));
        if hidden(shown) {
            small.insert(key.clone());
        }
    }
    narrow(&mut ranges, &sums);
    let truth = truth(&groups);
    let (mut told, mut open) = (0, 0);
    for (key, (low, high)) in &ranges {
        let count = truth.get(key).copied().unwrap_or(0);
        assert!((*low..=*high).contains(&count), "{key:?}: {count} is not within {low} to {high}");
        if count < 10 && small.contains(key) {
            let width = 5.min(sizes[&key.0]);
            assert!(high - low >= width, "{key:?} can be told to {low} to {high}");
            open += 1;
        } else if !small.contains(key) {
            told += 1;
        }
    }
    assert!(open > 20 && told > 50, "{open} hidden, {told} told");
}
