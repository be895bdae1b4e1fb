//! s18: the same people twice.

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{data, numbered, pairs, pearson, positive, rows_with, score, totals};

pub(crate) const FILE: &str = "s18_us_two_waves_phq9_gad7.csv";

#[test]
fn s18_two_waves() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let waves = csv.column("wave")?;
    let people = |wave: &str| -> Outcome<Vec<&str>> {
        Ok(csv
            .column("person")?
            .into_iter()
            .zip(&waves)
            .filter(|(_, found)| **found == wave)
            .map(|(person, _)| person)
            .collect())
    };
    assert_eq!(people("1")?, people("2")?, "the same people in the same order");
    ledger.check("all", "respondents", "n", people("1")?.len() as f64);
    for (id, measure, prefix, count) in [("phq-9", "PHQ-9", "PHQ", 9), ("gad-7", "GAD-7", "GAD", 7)] {
        let items = numbered(&csv, prefix, 1..=count)?;
        let mut both = Vec::new();
        for wave in ["1", "2"] {
            let part = rows_with(&items, &waves, wave);
            let group = format!("wave={wave}");
            let found = totals(&score(id, &part)?)?;
            ledger.summary(&group, measure, &part, &found);
            ledger.count(&group, &format!("{measure} >= 10"), positive(id, &part)?);
            both.push(found);
        }
        let pairs = pairs(&both[0], &both[1]);
        let retest = pearson(&pairs);
        ledger.check("both waves", measure, "retest_pearson", retest);
        ledger.check("both waves", measure, "paired_t (df 402)", paired_t(&pairs));
        let changed = reliably_changed(&pairs, retest);
        let measure = format!("{measure} reliable change |RCI| > 1.96 (SD of wave 1, retest r)");
        ledger.text("both waves", &measure, "counts improved / worse", &changed);
    }
    ledger.close(39);
    Ok(())
}

/// Mean and standard deviation with n - 1.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}

/// Paired t of the first wave against the second.
fn paired_t(pairs: &[(f64, f64)]) -> f64 {
    let (mean, sd) = moments(&pairs.iter().map(|(before, after)| before - after).collect::<Vec<_>>());
    mean / (sd / (pairs.len() as f64).sqrt())
}

/// People whose difference exceeds 1.96 times the standard error of a difference, SD sqrt(2 (1 - r)): improved / worse.
fn reliably_changed(pairs: &[(f64, f64)], retest: f64) -> String {
    let (_, sd) = moments(&pairs.iter().map(|(before, _)| *before).collect::<Vec<_>>());
    let limit = 1.96 * sd * (2.0 * (1.0 - retest)).sqrt();
    let improved = pairs.iter().filter(|(before, after)| before - after > limit).count();
    let worse = pairs.iter().filter(|(before, after)| after - before > limit).count();
    format!("{improved} / {worse}")
}
