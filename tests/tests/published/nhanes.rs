//! s06: a national survey with its code book, weights and gaps.

use screening_core::scoring::ScoredSheets;
use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{Items, data, named, score, totals};

pub(crate) const FILE: &str = "s06_nhanes_2017_2018_phq9_weighted.csv.gz";

#[test]
fn s06_counts_of_the_code_book_and_rows_with_gaps() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let names: Vec<String> = (1..=9).map(|item| format!("DPQ0{item}0")).collect();
    let items = named(&csv, names.iter().cloned())?;
    for (name, codes) in names.iter().zip(&items) {
        for code in 0..=3_i8 {
            let count = codes.iter().filter(|found| **found == Some(code)).count();
            ledger.count("all 18+", &format!("{name} = {code}"), count);
        }
    }
    let scored = score("phq-9", &items)?;
    let found = totals(&scored)?;
    ledger.summary("all 18+", "PHQ-9 unweighted", &items, &found);
    let at_ten = found.iter().filter(|total| total.is_some_and(|total| total >= 10.0)).count();
    ledger.count("all 18+", "PHQ-9 >= 10, unweighted", at_ten);

    let (genders, ages, weights) = (csv.column("gender")?, csv.column("age")?, csv.column("survey_weight")?);
    let mut people = Vec::with_capacity(found.len());
    for (row, total) in found.iter().enumerate() {
        people.push((genders[row], ages[row].parse::<f64>()?, weights[row].parse::<f64>()?, *total));
    }
    let groups = [
        ("all 18+", None, 0.0),
        ("20+", None, 20.0),
        ("women 20+", Some("female"), 20.0),
        ("men 20+", Some("male"), 20.0),
    ];
    for (group, gender, age) in groups {
        let (mut all, mut high) = (0.0_f64, 0.0_f64);
        for (sex, years, weight, total) in &people {
            let inside = gender.is_none_or(|gender| gender == *sex) && *years >= age;
            if let (true, Some(total)) = (inside, *total) {
                all += *weight;
                high += if total >= 10.0 { *weight } else { 0.0 };
            }
        }
        ledger.check(group, "PHQ-9 >= 10, weighted", "percent", 100.0 * high / all);
    }
    rows_with_gaps(&scored, &items)?;
    ledger.close(48);
    Ok(())
}

/// A row with a gap has no total, but the lowest and highest that is still possible, and a band only when both ends lie
/// in the same one.
fn rows_with_gaps(scored: &ScoredSheets, items: &Items) -> Outcome<()> {
    let scale = scored.scale("total").ok_or("the instrument has no total")?;
    let steps = [5.0, 10.0, 15.0, 20.0];
    let step = |total: f64| steps.iter().filter(|from| total >= **from).count();
    let mut seen = 0;
    for row in 0..scored.rows() {
        let answers: Vec<Option<i8>> = items.iter().map(|codes| codes[row]).collect();
        let gaps = answers.iter().filter(|answer| answer.is_none()).count();
        let known: f64 = answers.iter().flatten().map(|code| f64::from(*code)).sum();
        let ends = (known, known + 3.0 * gaps as f64);
        assert_eq!(scored.answered(row), 9 - gaps, "row {row}");
        assert_eq!(scored.value(scale, row), (gaps == 0).then_some(known), "row {row}");
        assert_eq!(scored.bounds(scale, row), Some(ends), "row {row}");
        assert_eq!(scored.band(scale, row).is_some(), step(ends.0) == step(ends.1), "row {row}: {ends:?}");
        assert_eq!(scored.band_undecided(scale, row), step(ends.0) != step(ends.1), "row {row}: {ends:?}");
        seen += usize::from(gaps > 0);
    }
    assert!(seen > 400, "{seen} rows with a gap");
    Ok(())
}
