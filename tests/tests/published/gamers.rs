//! s04: three instruments, one of them with gaps that its authors left without a total.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{
    bands, data, in_band, numbered, percent_equal, percent_equal_or_blank, positive, rows_with, score, totals,
};

pub(crate) const FILE: &str = "s04_gamers_gad7_swls_spin.csv.gz";

#[test]
fn s04_totals_of_the_authors() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let genders = csv.column("Gender")?;
    for (id, measure, prefix, count) in
        [("gad-7", "GAD-7", "GAD", 7), ("swls", "SWLS", "SWL", 5), ("spin", "SPIN-17", "SPIN", 17)]
    {
        let items = numbered(&csv, prefix, 1..=count)?;
        let scored = score(id, &items)?;
        let found = totals(&scored)?;
        ledger.summary("all", measure, &items, &found);
        for gender in ["Female", "Male"] {
            let part = rows_with(&items, &genders, gender);
            ledger.summary(&format!("Gender={gender}"), measure, &part, &totals(&score(id, &part)?)?);
        }
        let stored = csv.column(&format!("{prefix}_T"))?;
        if id == "spin" {
            let measure = "SPIN sum = SPIN_T where all 17 answered, SPIN_T empty otherwise";
            ledger.check("all", measure, "percent_rows_equal", percent_equal_or_blank(&found, &stored));
            ledger.count("all", "SPIN_T empty", found.iter().filter(|total| total.is_none()).count());
            // A sheet with gaps may be certain to lie on one side of the cut-off; the figure counts complete ones.
            let own: Vec<Option<&str>> =
                bands(&scored, "total")?.into_iter().zip(&found).map(|(band, total)| total.and(band)).collect();
            ledger.count("all", "SPIN >= 19 (complete)", in_band(&own, "positive"));
        } else {
            let percent = percent_equal(&found, &stored);
            ledger.check("all", &format!("item sum = {prefix}_T"), "percent_rows_equal", percent);
        }
        if id == "gad-7" {
            ledger.count("all", "GAD-7 >= 10", positive(id, &items)?);
        }
    }
    ledger.close(69);
    Ok(())
}
