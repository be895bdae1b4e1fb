//! s10: state and trait anxiety, 20 items each, in the order of the form.
//!
//! The state items are those of the older Form X (regretful, rested, anxious, high-strung, rattled and joyful stand where
//! Form Y has others), and its reversed items stand in the same ten places. In the trait part Form Y reverses nine
//! items, Form X the seven printed in the package's help, all but 23 and 34. The columns of the file bear the names of
//! Form Y, but the answers behave as Form X does: stored as they are, `not.satisfied` and `decisive` correlate .41 and .19
//! with the rest, and if they were reversed they would correlate negatively. In Form X these two places hold items that
//! count directly. So the definition, which is Form Y, is right to reverse 23 and 34, and these answers are turned before
//! it does.

use std::collections::HashMap;

use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{
    Items, compile, data, named, pairs, pearson, reversed, rows_where, rows_with, score, spread, turned, values,
};

pub(crate) const STATE: &str = "s10_state_anxiety_waves.csv.gz";
pub(crate) const TRAIT: &str = "s10_trait_anxiety.csv.gz";

/// The twenty columns after study, time and id.
fn twenty(csv: &Csv) -> Outcome<Items> {
    let names = csv.headings().get(3..23).ok_or("there are fewer than twenty items")?;
    named(csv, names)
}

#[test]
fn s10_state_at_four_times() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, STATE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let answers = twenty(&csv)?;
    let (studies, times, ids) = (csv.column("study")?, csv.column("time")?, csv.column("id")?);

    let positive: Vec<&str> =
        "calm secure at.ease rested comfortable confident relaxed content joyful pleasant".split(' ').collect();
    let in_form = csv.headings().iter().skip(3).enumerate().filter(|(_, name)| positive.contains(&name.as_str()));
    let in_form: Vec<usize> = in_form.map(|(at, _)| at + 1).collect();
    let key = reversed(compile("stai-y")?.instrument().definition());
    assert_eq!(key.iter().copied().filter(|number| *number <= 20).collect::<Vec<_>>(), in_form);

    let first: Vec<usize> = (1..=20).collect();
    let state = |answers: &Items| values(&score("stai-y", &spread(answers, &first, 40))?, "state");
    for time in ["1", "2", "3", "4"] {
        let part = rows_with(&answers, &times, time);
        let measure = "state anxiety 20, ten positive items reversed";
        ledger.summary(&format!("time={time}"), measure, &part, &state(&part)?);
    }
    for study in ["SAM", "RIM", "SHOP", "Fast"] {
        // An id is unique within a study only.
        let at = |time: &str| -> Outcome<HashMap<&str, Option<f64>>> {
            let inside = |row: usize| studies[row] == study && times[row] == time;
            let found = state(&rows_where(&answers, inside))?;
            let people = (0..csv.height()).filter(|row| inside(*row)).map(|row| ids[row]);
            Ok(people.zip(found).collect())
        };
        let (one, two) = (at("1")?, at("2")?);
        let both = one.iter().filter_map(|(id, score)| two.get(id).map(|later| (*score, *later)));
        let (before, after): (Vec<_>, Vec<_>) = both.unzip();
        let (group, measure) = (format!("study={study}"), "state anxiety time 1 vs 2");
        match pairs(&before, &after) {
            // Two studies asked at time 1 and 3; the file of figures leaves theirs empty.
            none if none.is_empty() => ledger.text(&group, measure, "retest_pearson", ""),
            pairs => ledger.check(&group, measure, "retest_pearson", pearson(&pairs)),
        }
    }
    ledger.close(32);
    Ok(())
}

#[test]
fn s10_trait_with_the_key_of_the_older_form() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, TRAIT)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let answers = twenty(&csv)?;
    let second: Vec<usize> = (21..=40).collect();
    let score_trait = |numbers: &[usize]| {
        let items = turned(&spread(&answers, &second, 40), numbers, 5);
        values(&score("stai-y", &items)?, "trait")
    };
    let older = "trait anxiety 20, key printed in the psychTools help (decisive NOT reversed)";
    ledger.summary("all", older, &answers, &score_trait(&[23, 34])?);
    // Item 34 reversed as in Form Y; item 23 still not.
    ledger.alpha("all", "trait anxiety 20, decisive reversed as well", &answers, &score_trait(&[23])?);
    ledger.close(8);
    Ok(())
}
