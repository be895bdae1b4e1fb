//! s03 and s11: two surveys of students with the same three instruments, one stored keyed and one stored raw.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{
    Items, bands, before, data, flagged, in_band, numbered, percent_equal, positive, rows_with, score, totals, turned,
};

pub(crate) const BANGLADESH: &str = "s03_bangladesh_students_gad7_pss10_phq9.csv";
pub(crate) const MALAYSIA: &str = "s11_malaysia_students_phq9_gad7_pss10.csv";

/// A label of the authors as a band id: `Moderately Severe Depression` is `moderately-severe`. They name a total of 0
/// apart; it belongs to the lowest band.
fn band_of(label: &str) -> String {
    let words = label.trim().rsplit_once(' ').map_or("", |(words, _)| words);
    let id = words.to_lowercase().replace(' ', "-");
    if id == "no" { "minimal".to_owned() } else { id }
}

/// Position in the file of each item of the form, counted from 1: GAD-7 stands there with the worry about many things
/// fifth, the trouble relaxing third and the annoyance fourth.
const GAD_7: [usize; 7] = [1, 2, 5, 3, 6, 4, 7];

/// PSS-10 stands there with the item on not coping fourth, so that the positive items are the fifth to the eighth.
const PSS_10: [usize; 10] = [1, 2, 3, 5, 6, 4, 7, 8, 9, 10];

fn ordered(columns: &Items, positions: &[usize]) -> Items {
    positions.iter().map(|position| columns[position - 1].clone()).collect()
}

#[test]
fn s03_totals_and_labels_of_the_authors() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, BANGLADESH)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    anxiety_and_depression(&mut ledger, &csv)?;
    stress(&mut ledger, &csv)?;
    ledger.close(82);
    Ok(())
}

fn anxiety_and_depression(ledger: &mut Ledger, csv: &Csv) -> Outcome<()> {
    let genders = csv.column("2. Gender")?;
    for (id, measure, word, count) in [("gad-7", "GAD-7", "Anxiety", 7), ("phq-9", "PHQ-9", "Depression", 9)] {
        let value = format!("{word} Value");
        let columns = before(csv, &value, count)?;
        let items = if id == "gad-7" { ordered(&columns, &GAD_7) } else { columns };
        let scored = score(id, &items)?;
        let found = totals(&scored)?;
        ledger.summary("all", measure, &items, &found);
        for gender in ["Female", "Male"] {
            let part = rows_with(&items, &genders, gender);
            ledger.summary(&format!("Gender={gender}"), measure, &part, &totals(&score(id, &part)?)?);
        }
        let percent = percent_equal(&found, &csv.column(&value)?);
        ledger.check("all", &format!("item sum = {value}"), "percent_rows_equal", percent);
        ledger.count("all", &format!("{measure} >= 10"), positive(id, &items)?);

        let own = bands(&scored, "total")?;
        let labels = csv.column(&format!("{word} Label"))?;
        for (row, label) in labels.iter().enumerate() {
            assert_eq!(own[row], Some(band_of(label).as_str()), "{measure}, row {row}: {:?}", found[row]);
        }
        for degree in ["Minimal", "Mild", "Moderate", "Moderately Severe", "Severe"] {
            let label = format!("{degree} {word}");
            if degree == "Moderately Severe" && id == "gad-7" {
                continue;
            }
            let id = band_of(&label);
            // The authors count totals of 0 apart from the lowest band, for one of the two instruments.
            let apart = |row: usize| measure == "PHQ-9" && found[row] == Some(0.0);
            let inside = (0..own.len()).filter(|row| own[*row] == Some(id.as_str()) && !apart(*row)).count();
            ledger.count("all", &format!("{word} Label = {label}"), inside);
        }
        if id == "phq-9" {
            let zero = found.iter().filter(|total| **total == Some(0.0)).count();
            ledger.count("all", "Depression Label = No Depression", zero);
            ledger.count("all", "PHQ-9 item 9 >= 1", flagged(&scored, "item-9")?);
        }
    }
    Ok(())
}

fn stress(ledger: &mut Ledger, csv: &Csv) -> Outcome<()> {
    // The positive items are stored reversed: the plain sum of the file is the authors' total, and all ten correlate
    // positively with the rest. They are turned back, because the engine reverses them.
    let stored = ordered(&before(csv, "Stress Value", 10)?, &PSS_10);
    let measure = "PSS-10 as stored (see README: already keyed)";
    let items = turned(&stored, &[4, 5, 7, 8], 4);
    let scored = score("pss-10", &items)?;
    let found = totals(&scored)?;
    ledger.summary("all", measure, &items, &found);
    let genders = csv.column("2. Gender")?;
    for gender in ["Female", "Male"] {
        let part = rows_with(&items, &genders, gender);
        ledger.summary(&format!("Gender={gender}"), measure, &part, &totals(&score("pss-10", &part)?)?);
    }
    let percent = percent_equal(&found, &csv.column("Stress Value")?);
    ledger.check("all", "item sum = Stress Value", "percent_rows_equal", percent);

    let own = bands(&scored, "total")?;
    let labels = csv.column("Stress Label")?;
    for (band, label) in [("low", "Low Stress"), ("middle", "Moderate Stress"), ("upper", "High Perceived Stress")] {
        ledger.count("all", &format!("Stress Label = {label}"), in_band(&own, band));
        for row in 0..own.len() {
            assert_eq!(own[row] == Some(band), labels[row] == label, "row {row}: {:?}, {}", found[row], labels[row]);
        }
    }
    Ok(())
}

#[test]
fn s11_figures_computed_elsewhere() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, MALAYSIA)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    for (id, measure, prefix, count) in [("phq-9", "PHQ-9", "D", 9), ("gad-7", "GAD-7", "A", 7)] {
        let items = numbered(&csv, prefix, 1..=count)?;
        ledger.summary("all", measure, &items, &totals(&score(id, &items)?)?);
    }
    // Stored raw here: the engine's own keying gives the higher alpha, and turning the four items first gives the plain sum.
    let items = numbered(&csv, "S", 1..=10)?;
    ledger.summary("all", "PSS-10 with 4 5 7 8 reversed", &items, &totals(&score("pss-10", &items)?)?);
    let plain = totals(&score("pss-10", &turned(&items, &[4, 5, 7, 8], 4))?)?;
    ledger.summary("all", "PSS-10 as stored (4 5 7 8 NOT reversed)", &items, &plain);
    ledger.set_aside("BMI ", "body mass is no answer to an instrument");
    ledger.close(28);
    Ok(())
}
