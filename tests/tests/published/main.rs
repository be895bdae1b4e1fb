//! Figures of other people: totals, bands and labels that authors stored beside the answers, counts of code books,
//! published sizes, and sums, means and alphas that were computed elsewhere. Every figure is read from the file of figures,
//! none is written here. A figure that is not compared is set aside with its reason, and a test counts that none is
//! forgotten. Where a file holds answers already reversed, shifted or in another order, the test of that file says so and
//! undoes it before the engine scores them.

mod audit;
mod cdi;
mod clinical;
mod dass;
mod elsewhere;
mod fhir;
mod gamers;
mod mothers;
mod nhanes;
mod promis;
mod rses;
mod stai;
mod students;
mod support;
mod two_waves;
mod words;

use std::collections::BTreeSet;

use screening_tests::{Csv, Outcome};

use support::data;

/// The files that hold answers to an instrument of the library; each has a test of its own.
const COMPARED: [&str; 15] = [
    dass::FILE,
    rses::FILE,
    students::BANGLADESH,
    gamers::FILE,
    words::FILE,
    nhanes::FILE,
    cdi::FILE,
    stai::STATE,
    stai::TRAIT,
    students::MALAYSIA,
    mothers::FILE,
    clinical::BDI,
    clinical::HADS,
    two_waves::FILE,
    fhir::FILE,
];

#[test]
fn every_file_of_figures_has_a_test() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let csv = Csv::read(&data.join("expected_figures.csv"))?;
    let with_figures: BTreeSet<&str> = csv.column("file")?.into_iter().collect();
    let elsewhere = elsewhere::FILES.iter().map(|(file, _, _)| *file);
    let known: BTreeSet<&str> = COMPARED.into_iter().chain(elsewhere).collect();
    assert_eq!(with_figures, known);
    Ok(())
}
