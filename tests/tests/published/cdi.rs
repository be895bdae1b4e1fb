//! s08: the children's depression inventory in two grades of a school, without the item on suicide, stored by severity.

use screening_core::answers::Tri;
use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{Items, compile, data, named, reversed, rows_with, score_by, spread, turned};

pub(crate) const FILE: &str = "s08_us_grade6_7_cdi26.csv.gz";

/// The item that was not asked.
const LEFT_OUT: usize = 9;

#[test]
fn s08_sums_of_26_items_are_the_lowest_totals_still_possible() -> Outcome<()> {
    // Both definitions of the form have the key; they differ in bands and in the grouping of one item.
    for id in ["cdi", "cdi-zh"] {
        let Some(data) = data() else { return Ok(()) };
        let mut ledger = Ledger::open(&data, FILE)?;
        let csv = Csv::read(&data.join(ledger.file()))?;
        let scorer = compile(id)?;
        let reversed = reversed(scorer.instrument().definition());

        // An `r` in a name says that the authors reversed the column, because the form prints the worst sentence first:
        // a list of reversed items that comes from elsewhere. The definition takes positions, so they are turned back.
        let names: Vec<&str> =
            csv.headings().iter().map(String::as_str).filter(|name| name.starts_with("CDI")).collect();
        let number = |name: &&str| name.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>();
        let numbers = names.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        let marked = names.iter().zip(&numbers).filter(|(name, _)| name.ends_with('r')).map(|(_, number)| *number);
        assert_eq!(marked.collect::<Vec<_>>(), reversed);
        assert!(!numbers.contains(&LEFT_OUT) && numbers.len() == 26);
        let stored = named(&csv, &names)?;
        let items = turned(&spread(&stored, &numbers, 27), &reversed, 2);

        ledger.check("all", "respondents", "n", csv.height() as f64);
        let lowest = |items: &Items| -> Outcome<Vec<Option<f64>>> {
            let scored = score_by(&scorer, items)?;
            let total = scored.scale("total").ok_or("the instrument has no total")?;
            let flag = scored.flag_position("item-9").ok_or("the instrument has no flag for the item left out")?;
            let mut found = Vec::new();
            for row in 0..scored.rows() {
                // Without the item there is no total, and nobody is said to have no such thoughts.
                assert_eq!(scored.value(total, row), None);
                assert_eq!(scored.flag(flag, row), Tri::Unknown);
                let (low, high) = scored.bounds(total, row).ok_or("there are no bounds")?;
                assert!((high - low - 2.0).abs() < 1e-9, "row {row}: {low} to {high}");
                found.push(Some(low));
            }
            Ok(found)
        };
        let answered = |items: &Items| -> Items { numbers.iter().map(|number| items[number - 1].clone()).collect() };
        ledger.summary("all", "CDI-26", &answered(&items), &lowest(&items)?);
        let races = csv.column("race")?;
        for race in ["Asian/Pacific-Islander", "Black/African-American", "Latino.Hispanic", "White or Caucasian"] {
            let part = rows_with(&items, &races, race);
            ledger.summary(&format!("race={race}"), "CDI-26", &answered(&part), &lowest(&part)?);
        }
        ledger.close(36);
    }
    Ok(())
}
