//! s01: DASS-42, stored 1-4 where the form has 0-3.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{
    Items, bands, compile, data, in_band, items_of, named, percent_equal, recoded, rows_with, score_by, values,
};

pub(crate) const FILE: &str = "s01_dass42_openpsych_5000.csv.gz";

#[test]
fn s01_three_scales_their_bands_and_the_sums_of_the_package() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    // The column names carry the key of another author: dass1_S is item 1, stress.
    let names: Vec<&str> = csv.headings().iter().map(String::as_str).filter(|name| name.starts_with("dass")).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "dasssum").collect();
    let stored = named(&csv, &names)?;
    // One less everywhere: 1-4 in the file is 0-3 on the form. Each sum of 14 answers is 14 less.
    let items = recoded(&stored, |code| Some(code - 1));
    let genders = csv.column("gender")?;

    let scorer = compile("dass-42")?;
    let scored = score_by(&scorer, &items)?;
    for (letter, word) in [("D", "Depression"), ("A", "Anxiety"), ("S", "Stress")] {
        let id = word.to_lowercase();
        let numbers = items_of(scorer.instrument().definition(), &id)?;
        let by_name = |(at, name): (usize, &&str)| name.ends_with(letter).then_some(at + 1);
        assert_eq!(numbers, names.iter().enumerate().filter_map(by_name).collect::<Vec<_>>(), "{word}");

        let shifted = |found: Vec<Option<f64>>| -> Vec<Option<f64>> {
            found.into_iter().map(|value| value.map(|value| value + 14.0)).collect()
        };
        let of_scale = |items: &Items| -> Items { numbers.iter().map(|number| items[number - 1].clone()).collect() };
        let measure = format!("DASS-42 {letter} (1-4 as stored)");
        let found = shifted(values(&scored, &id)?);
        ledger.summary("all", &measure, &of_scale(&items), &found);
        for gender in ["Male", "Female", "Other"] {
            let part = rows_with(&items, &genders, gender);
            let found = shifted(values(&score_by(&scorer, &part)?, &id)?);
            ledger.summary(&format!("gender={gender}"), &measure, &of_scale(&part), &found);
        }
        let percent = percent_equal(&found, &csv.column(word)?);
        ledger.check("all", &format!("1-4 item sum = {word}"), "percent_rows_equal", percent);

        let own = bands(&scored, &id)?;
        let counted = ["usual", "mild", "moderate", "severe", "extremely-severe"].map(|band| in_band(&own, band));
        let measure = format!("DASS-42 {letter} 0-3 coding, bands normal/mild/moderate/severe/extremely severe");
        ledger.counts("all", &measure, &counted);
    }
    ledger.close(90);
    Ok(())
}
