//! s05: the same answers as numbers and as words.

use screening_core::scoring::FrameOptions;
use screening_io::{Coding, ColumnNames, TablePart, TableSpec, read_answers_bytes};
use screening_tests::{Csv, Ledger, Outcome};

use crate::support::{bands, compile, data, flagged, in_band, named, percent_equal, score, totals};

pub(crate) const FILE: &str = "s05_phq9_numbers_and_text_2177.csv.gz";

/// The words of the file in the order of their codes; two of them are not our labels.
const WORDS: [&str; 4] = ["Not at all", "Several days", "More than half", "Almost every day"];

/// The words of the file as a csv: as they stand, or each replaced by the label of its code.
fn words_csv(csv: &Csv, labels: &[String]) -> Outcome<Vec<u8>> {
    let mut columns = Vec::new();
    for item in 1..=9 {
        columns.push(csv.column(&format!("Item{item}"))?);
    }
    let say = |word: &str| {
        let label = WORDS.iter().position(|known| *known == word).and_then(|code| labels.get(code));
        label.map_or_else(|| word.to_owned(), Clone::clone)
    };
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    writer.write_record((1..=9).map(|item| format!("Item{item}")))?;
    for row in 0..csv.height() {
        writer.write_record(columns.iter().map(|column| say(column[row])))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

#[test]
fn s05_numbers_and_words_give_the_same_scores() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let items = named(&csv, (1..=9).map(|item| format!("Item{item}_num")))?;
    let scored = score("phq-9", &items)?;
    let found = totals(&scored)?;
    ledger.check("all", "respondents", "n", found.len() as f64);
    ledger.summary("all", "PHQ-9", &items, &found);
    ledger.check("all", "item sum = SumScore", "percent_rows_equal", percent_equal(&found, &csv.column("SumScore")?));
    ledger.count("all", "item 9 >= 1", flagged(&scored, "item-9")?);
    let own = bands(&scored, "total")?;
    let counted = ["minimal", "mild", "moderate", "moderately-severe", "severe"].map(|band| in_band(&own, band));
    ledger.counts("all", "PHQ-9 bands 0-4/5-9/10-14/15-19/20-27", &counted);

    let scorer = compile("phq-9")?;
    let definition = scorer.instrument().definition();
    let spec = || TableSpec {
        parts: vec![TablePart::new(definition, ColumnNames::Prefix("Item".to_owned()))],
        ..TableSpec::default()
    };
    // Words that are not our labels are refused, never matched by likeness.
    let refused = read_answers_bytes("words.csv", &words_csv(&csv, &[])?, &spec());
    assert_eq!(refused.err().map(|error| error.id()), Some("coding-none"));

    let options = definition.option_sets.get("default").ok_or("the instrument has no default options")?;
    let labels: Vec<String> = options.iter().map(|option| option.label.en.clone()).collect();
    let read = read_answers_bytes("words.csv", &words_csv(&csv, &labels)?, &spec())?;
    assert_eq!(read.codings.first().map(|report| report.coding), Some(Coding::Text));
    assert!(read.rejected.is_empty());
    let mut same = vec![true; csv.height()];
    for (at, numbers) in items.iter().enumerate() {
        let column = read.frame.column(&scorer.instrument().item_column(at))?;
        let words: Vec<Option<i8>> = column.as_materialized_series().i8()?.iter().collect();
        same.iter_mut().zip(numbers.iter().zip(&words)).for_each(|(same, (number, word))| *same &= number == word);
    }
    let percent = 100.0 * same.iter().filter(|same| **same).count() as f64 / same.len() as f64;
    let measure = "text label -> number agrees (Not at all 0, Several days 1, More than half 2, Almost every day 3)";
    ledger.check("all", measure, "percent_rows_equal", percent);
    assert_eq!(totals(&scorer.score_frame(&read.frame, &FrameOptions::default())?)?, found);
    ledger.close(12);
    Ok(())
}
