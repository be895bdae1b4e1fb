//! s02: the self-esteem scale, stored 1-4 with 0 for no answer where the definition has 0-3.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{compile, data, numbered, recoded, reversed, rows_where, score, turned, values};

pub(crate) const FILE: &str = "s02_rses_openpsych_47974.csv.gz";

#[test]
fn s02_keyed_and_raw_sums() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    // 0 is no answer; 1-4 is 0-3 of the form.
    let items = recoded(&numbered(&csv, "Q", 1..=10)?, |code| (code > 0).then_some(code - 1));
    ledger.check("all", "respondents", "n", csv.height() as f64);
    let found = values(&score("rses", &items)?, "total_10_40")?;
    let open = found.iter().filter(|total| total.is_none()).count();
    ledger.count("all", "rows with at least one 0 (= no answer)", open);

    let group = "10 items answered";
    let measure = "RSES 10-40, 3 5 8 9 10 reversed";
    let complete = rows_where(&items, |row| found[row].is_some());
    let keyed = values(&score("rses", &complete)?, "total_10_40")?;
    ledger.summary(group, measure, &complete, &keyed);
    let genders = csv.column("gender")?;
    for (code, word) in [("1", "male"), ("2", "female")] {
        let part = rows_where(&items, |row| found[row].is_some() && genders[row] == code);
        let keyed = values(&score("rses", &part)?, "total_10_40")?;
        ledger.summary(&format!("gender={code} {word}"), measure, &part, &keyed);
    }
    // Turned before the engine turns them back, the same answers give the raw sum: so these five items, and no other,
    // are reversed.
    let definition = compile("rses")?.instrument().definition().clone();
    assert_eq!(reversed(&definition), [3, 5, 8, 9, 10]);
    let raw = values(&score("rses", &turned(&complete, &[3, 5, 8, 9, 10], 3))?, "total_10_40")?;
    ledger.summary(group, "RSES raw, not reversed", &complete, &raw);

    ledger.set_aside("ages that are no plausible age", "about the person, not about a score");
    ledger.set_aside("10 identical answers", "the definition has no rule about equal answers; none is published");
    ledger.close(30);
    Ok(())
}
