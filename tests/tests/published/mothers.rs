//! s14: mothers after birth; all answers stored by severity, as the definitions have them.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{bands, compile_with, data, flagged, in_band, numbered, score, score_by, spread, totals, values};

pub(crate) const FILE: &str = "s14_mothers_epds10_hadsA7_citybits20.csv";

#[test]
fn s14_postnatal_depression_and_anxiety() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    ledger.check("all", "mothers", "n", csv.height() as f64);

    let items = numbered(&csv, "EPDS_", 1..=10)?;
    let scored = score_by(&compile_with("epds", "total", "adult")?, &items)?;
    let found = totals(&scored)?;
    ledger.summary("all", "EPDS-10", &items, &found);
    let own = bands(&scored, "total")?;
    let (possible, likely) = (in_band(&own, "possible"), in_band(&own, "likely"));
    ledger.count("all", "EPDS >= 10", possible + likely);
    ledger.count("all", "EPDS >= 13", likely);
    // No cut-off set of the definition begins at 11: counted from the totals.
    ledger.count("all", "EPDS >= 11", found.iter().filter(|total| total.is_some_and(|total| total >= 11.0)).count());
    ledger.count("all", "EPDS item 10 >= 1", flagged(&scored, "item-10")?);

    // Only the seven items of anxiety were asked, with the numbers of the form.
    let odd: Vec<usize> = (1..=13).step_by(2).collect();
    let items = numbered(&csv, "HADS_", odd.iter().copied())?;
    let scored = score("hads", &spread(&items, &odd, 14))?;
    ledger.summary("all", "HADS-A 7", &items, &values(&scored, "anxiety")?);
    assert!(totals(&scored)?.iter().chain(&values(&scored, "depression")?).all(Option::is_none));

    ledger.set_aside("City BiTS", "the City Birth Trauma Scale is not in the library");
    ledger.close(19);
    Ok(())
}
