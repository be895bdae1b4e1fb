//! s16: two of three small clinical sets.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{compile, data, items_of, numbered, score, spread, totals, values};

pub(crate) const BDI: &str = "s16_bdi21_mcgill_242.csv";
pub(crate) const HADS: &str = "s16_hads14_italy_oncology_201.csv";

/// These are answers to an older edition, whose items partly differ: item 19 hardly correlates with the rest (.09), as
/// the loss of weight there does, while the second edition has concentration in that place. Both add up 21 answers 0-3,
/// so the sums of the file test that sum. The bands of the second edition say nothing about them and are not looked at.
#[test]
fn s16_sum_of_21_answers() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, BDI)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let items = numbered(&csv, "bdi", 1..=21)?;
    let scored = score("bdi-ii", &items)?;
    ledger.summary("all", "BDI-21", &items, &totals(&scored)?);
    ledger.count("all", "missing cells", (0..scored.rows()).map(|row| 21 - scored.answered(row)).sum());
    ledger.close(8);
    Ok(())
}

/// The package orders the items in its own way: items 2, 6, 7, 8, 10, 11 and 12 of the file are anxiety. Which of them is
/// which does not matter to a sum; they are put at the places of anxiety on the form, the others at those of depression.
#[test]
fn s16_hospital_anxiety_and_depression() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, HADS)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let anxiety = [2, 6, 7, 8, 10, 11, 12];
    let depression: Vec<usize> = (1..=14).filter(|number| !anxiety.contains(number)).collect();
    let in_file: Vec<usize> = anxiety.into_iter().chain(depression.iter().copied()).collect();
    let columns = numbered(&csv, "item", in_file)?;

    let scorer = compile("hads")?;
    let definition = scorer.instrument().definition();
    let in_form = [items_of(definition, "anxiety")?, items_of(definition, "depression")?].concat();
    let scored = score("hads", &spread(&columns, &in_form, 14))?;
    let measure = "HADS anxiety (items 2 6 7 8 10 11 12 in this file)";
    ledger.summary("all", measure, &columns[..7], &values(&scored, "anxiety")?);
    ledger.summary("all", "HADS depression (the other seven)", &columns[7..], &values(&scored, "depression")?);
    ledger.close(14);
    Ok(())
}
