//! s19: item parameters of the anxiety bank. The answers and figures of the file are about 29 items of the bank; of these
//! the library has the short form with eight. But the table of the short form follows from the parameters of its eight
//! items, so the file proves each of its entries.

use screening_core::answers::Context;
use screening_core::scoring::Sheet;
use screening_tests::{Csv, Outcome};

use crate::support::{compile, data};

/// The items of short form 8a.
const ITEMS: [&str; 8] = ["EDANX01", "EDANX05", "EDANX07", "EDANX40", "EDANX41", "EDANX46", "EDANX53", "EDANX54"];

/// Slope and four thresholds.
type Parameters = (f64, [f64; 4]);

fn parameters(csv: &Csv) -> Outcome<Vec<Parameters>> {
    let ids = csv.column("item_id")?;
    let columns = ["a", "cb1", "cb2", "cb3", "cb4"].map(|name| csv.column(name));
    let [a, b1, b2, b3, b4] = columns;
    let (a, b) = (a?, [b1?, b2?, b3?, b4?]);
    let mut found = Vec::new();
    for item in ITEMS {
        let row = ids.iter().position(|id| *id == item).ok_or_else(|| format!("there is no {item}"))?;
        let mut thresholds = [0.0; 4];
        for (threshold, column) in thresholds.iter_mut().zip(&b) {
            *threshold = column[row].parse()?;
        }
        found.push((a[row].parse()?, thresholds));
    }
    Ok(found)
}

/// Probability of each raw sum, 8 to 40, at one theta: graded response model, sums by the recursion of Lord and Wingersky.
fn sum_probabilities(items: &[Parameters], theta: f64) -> Vec<f64> {
    let mut sums = vec![1.0];
    for (a, b) in items {
        let reached: Vec<f64> = b.iter().map(|b| 1.0 / (1.0 + (-a * (theta - b)).exp())).collect();
        let at_least =
            |category: usize| if category == 0 { 1.0 } else { reached.get(category - 1).copied().unwrap_or(0.0) };
        let mut next = vec![0.0; sums.len() + 4];
        for (sum, probability) in sums.iter().enumerate() {
            for category in 0..=4 {
                next[sum + category] += probability * (at_least(category) - at_least(category + 1));
            }
        }
        sums = next;
    }
    sums
}

/// Expected T of each raw sum under a normal prior, theta from `-end` to `end`.
fn expected_t(items: &[Parameters], end: f64, step: f64) -> Vec<f64> {
    let (mut weighted, mut weight) = (vec![0.0; 33], vec![0.0; 33]);
    for at in 0..=(2.0 * end / step).round() as usize {
        let theta = -end + at as f64 * step;
        let prior = (-theta * theta / 2.0).exp();
        for (sum, probability) in sum_probabilities(items, theta).into_iter().enumerate() {
            weighted[sum] += prior * probability * theta;
            weight[sum] += prior * probability;
        }
    }
    weighted.iter().zip(&weight).map(|(weighted, weight)| 50.0 + 10.0 * weighted / weight).collect()
}

#[test]
fn s19_table_of_the_short_form_follows_from_the_item_parameters() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let items = parameters(&Csv::read(&data.join("s19_promis_anxiety29_item_parameters.csv"))?)?;
    let narrow = expected_t(&items, 4.0, 0.1);
    let wide = expected_t(&items, 6.0, 0.05);

    let scorer = compile("promis-anxiety-8a")?;
    for raw in 8..=40_usize {
        let code = |at: usize| 1 + ((raw - 8).saturating_sub(at * 4)).min(4) as i8;
        let codes: Vec<i8> = (0..8).map(code).collect();
        let sheet = Sheet::from_codes(scorer.instrument(), &codes)?;
        let scores = scorer.score(&sheet, &Context::default());
        let value = |scale: &str| scores.scale(scale).and_then(|scale| scale.value()).ok_or("there is no score");
        assert_eq!(value("total")?, raw as f64);
        let (printed, narrow, wide) = (value("t")?, narrow[raw - 8], wide[raw - 8]);
        if raw == 40 {
            // The highest sum alone depends on where theta ends: the printed value lies between the two.
            assert!(narrow < printed && printed < wide, "{narrow} {printed} {wide}");
        } else {
            assert!((printed - narrow).abs() <= 0.05, "raw {raw}: printed {printed}, computed {narrow}");
            assert!((printed - wide).abs() <= 0.05, "raw {raw}: printed {printed}, computed {wide}");
        }
    }
    Ok(())
}
