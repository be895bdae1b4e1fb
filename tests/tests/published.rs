//! Figures of other people: totals that authors stored beside the answers, counts of code books, published sizes, and
//! sums and means that were computed elsewhere. Every figure is read from the file of figures, none is written here.

use std::collections::HashMap;
use std::path::PathBuf;

use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer, ScoringOptions};
use screening_io::{Coding, ColumnNames, TablePart, TableSpec, read_answers_bytes};
use screening_tests::{Csv, Ledger, Outcome, shared_data};

/// Answer codes by item and row; none = no answer.
type Items = Vec<Vec<Option<i8>>>;

fn data() -> Option<PathBuf> {
    let data = shared_data();
    if data.is_none() {
        println!("skipped: no shared data");
    }
    data
}

fn code(cell: &str) -> Outcome<Option<i8>> {
    match cell.trim() {
        "" => Ok(None),
        code => Ok(Some(code.parse()?)),
    }
}

fn codes(cells: &[&str]) -> Outcome<Vec<Option<i8>>> {
    cells.iter().map(|cell| code(cell)).collect()
}

/// The items in columns of these names.
fn named(csv: &Csv, names: impl Iterator<Item = String>) -> Outcome<Items> {
    names.map(|name| -> Outcome<Vec<Option<i8>>> { codes(&csv.column(&name)?) }).collect()
}

/// The items in the columns that stand right before the column with the author's total.
fn before(csv: &Csv, total: &str, count: usize) -> Outcome<Items> {
    let end = csv.position(total)?;
    (end.saturating_sub(count)..end).map(|position| codes(&csv.at(position))).collect()
}

/// Some rows of all items.
fn rows_where(items: &Items, column: &[&str], word: &str) -> Items {
    let pick = |codes: &Vec<Option<i8>>| -> Vec<Option<i8>> {
        codes.iter().zip(column).filter(|(_, cell)| **cell == word).map(|(code, _)| *code).collect()
    };
    items.iter().map(pick).collect()
}

fn compile(id: &str, cutoffs: HashMap<String, String>) -> Outcome<Scorer> {
    let library = Library::bundled()?;
    let instrument = library.get(id).ok_or_else(|| format!("the library has no `{id}`"))?;
    Ok(Scorer::with_options(instrument, ScoringOptions { cutoffs })?)
}

fn score_by(scorer: &Scorer, items: &Items) -> Outcome<ScoredSheets> {
    let instrument = scorer.instrument();
    assert_eq!(items.len(), instrument.definition().items.len(), "{}", instrument.id());
    let column = |(at, codes): (usize, &Vec<Option<i8>>)| Column::new(instrument.item_column(at).into(), codes.clone());
    let columns: Vec<Column> = items.iter().enumerate().map(column).collect();
    let frame = DataFrame::new(items.first().map_or(0, Vec::len), columns)?;
    let scored = scorer.score_frame(&frame, &FrameOptions::default())?;
    assert!(scored.issues().is_empty(), "{:?}", scored.issues().first());
    Ok(scored)
}

fn score(id: &str, items: &Items) -> Outcome<ScoredSheets> {
    score_by(&compile(id, HashMap::new())?, items)
}

fn totals(scored: &ScoredSheets) -> Outcome<Vec<Option<f64>>> {
    let scale = scored.scale("total").ok_or("the instrument has no total")?;
    Ok((0..scored.rows()).map(|row| scored.value(scale, row)).collect())
}

fn bands(scored: &ScoredSheets) -> Outcome<Vec<Option<&str>>> {
    let scale = scored.scale("total").ok_or("the instrument has no total")?;
    Ok((0..scored.rows()).map(|row| scored.band(scale, row)).collect())
}

/// Sheets at or above 10, by the cut-off set of that name.
fn positive(id: &str, items: &Items) -> Outcome<usize> {
    let scorer = compile(id, HashMap::from([("total".to_owned(), "screen-10".to_owned())]))?;
    let scored = score_by(&scorer, items)?;
    let found = bands(&scored)?.into_iter().filter(|band| *band == Some("positive")).count();
    Ok(found)
}

/// Sheets with an answer to the item about self-harm, by the flag.
fn flagged(scored: &ScoredSheets) -> Outcome<usize> {
    let flag = scored.flag_position("item-9").ok_or("the instrument has no such flag")?;
    Ok((0..scored.rows()).filter(|row| scored.flag(flag, *row).is_yes()).count())
}

/// Share of rows in which the engine's total is the one the authors stored.
fn percent_equal(totals: &[Option<f64>], stored: &[&str]) -> f64 {
    assert_eq!(totals.len(), stored.len());
    let same = totals
        .iter()
        .zip(stored)
        .filter(|(total, stored)| total.is_some() && stored.trim().parse::<f64>().ok() == **total);
    100.0 * same.count() as f64 / totals.len() as f64
}

/// A label of the authors as a band id: `Moderately Severe Depression` is `moderately-severe`. They name a total of 0
/// apart; it belongs to the lowest band.
fn band_of(label: &str) -> String {
    let words = label.trim().rsplit_once(' ').map_or("", |(words, _)| words);
    let id = words.to_lowercase().replace(' ', "-");
    if id == "no" { "minimal".to_owned() } else { id }
}

#[test]
fn s01_needs_an_instrument_that_is_not_here() -> Outcome<()> {
    if data().is_none() {
        return Ok(());
    }
    // Its 42 items are not those of the 21-item form, so the short form must not be used in its place.
    let library = Library::bundled()?;
    assert!(library.get("dass-42").is_none(), "dass-42 is in the library now: compare its figures here");
    println!("skipped: s01 holds DASS-42, the library has dass-21 only");
    Ok(())
}

#[test]
fn s03_totals_and_labels_of_the_authors() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, "s03_bangladesh_students_gad7_pss10_phq9.csv")?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let genders = csv.column("2. Gender")?;
    for (id, measure, word, count) in [("gad-7", "GAD-7", "Anxiety", 7), ("phq-9", "PHQ-9", "Depression", 9)] {
        let value = format!("{word} Value");
        let items = before(&csv, &value, count)?;
        let scored = score(id, &items)?;
        let found = totals(&scored)?;
        ledger.summary("all", measure, &found);
        for gender in ["Female", "Male"] {
            let part = totals(&score(id, &rows_where(&items, &genders, gender))?)?;
            ledger.summary(&format!("Gender={gender}"), measure, &part);
        }
        ledger.check(
            "all",
            &format!("item sum = {value}"),
            "percent_rows_equal",
            percent_equal(&found, &csv.column(&value)?),
        );
        ledger.count("all", &format!("{measure} >= 10"), positive(id, &items)?);

        let own = bands(&scored)?;
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
            let in_band = (0..own.len()).filter(|row| own[*row] == Some(id.as_str()) && !apart(*row)).count();
            ledger.count("all", &format!("{word} Label = {label}"), in_band);
        }
        if id == "phq-9" {
            ledger.count(
                "all",
                "Depression Label = No Depression",
                found.iter().filter(|total| **total == Some(0.0)).count(),
            );
            ledger.count("all", "PHQ-9 item 9 >= 1", flagged(&scored)?);
        }
    }
    ledger.close(51);
    Ok(())
}

#[test]
fn s04_totals_of_the_authors() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, "s04_gamers_gad7_swls_spin.csv.gz")?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let items = named(&csv, (1..=7).map(|item| format!("GAD{item}")))?;
    let found = totals(&score("gad-7", &items)?)?;
    ledger.summary("all", "GAD-7", &found);
    let genders = csv.column("Gender")?;
    for gender in ["Female", "Male"] {
        let part = totals(&score("gad-7", &rows_where(&items, &genders, gender))?)?;
        ledger.summary(&format!("Gender={gender}"), "GAD-7", &part);
    }
    ledger.check("all", "item sum = GAD_T", "percent_rows_equal", percent_equal(&found, &csv.column("GAD_T")?));
    ledger.count("all", "GAD-7 >= 10", positive("gad-7", &items)?);
    ledger.close(20);
    Ok(())
}

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
    let mut ledger = Ledger::open(&data, "s05_phq9_numbers_and_text_2177.csv.gz")?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let items = named(&csv, (1..=9).map(|item| format!("Item{item}_num")))?;
    let scored = score("phq-9", &items)?;
    let found = totals(&scored)?;
    ledger.check("all", "respondents", "n", found.len() as f64);
    ledger.summary("all", "PHQ-9", &found);
    ledger.check("all", "item sum = SumScore", "percent_rows_equal", percent_equal(&found, &csv.column("SumScore")?));
    ledger.count("all", "item 9 >= 1", flagged(&scored)?);
    let own = bands(&scored)?;
    let in_band = |id: &str| own.iter().filter(|band| **band == Some(id)).count();
    let counted = ["minimal", "mild", "moderate", "moderately-severe", "severe"].map(in_band);
    ledger.counts("all", "PHQ-9 bands 0-4/5-9/10-14/15-19/20-27", &counted);

    let scorer = compile("phq-9", HashMap::new())?;
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
    ledger.close(11);
    Ok(())
}

#[test]
fn s06_counts_of_the_code_book_and_rows_with_gaps() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, "s06_nhanes_2017_2018_phq9_weighted.csv.gz")?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    let names: Vec<String> = (1..=9).map(|item| format!("DPQ0{item}0")).collect();
    let items = named(&csv, names.iter().cloned())?;
    for (name, codes) in names.iter().zip(&items) {
        for code in 0..=3_i8 {
            let count = codes.iter().filter(|found| **found == Some(code)).count();
            ledger.count("all 18+", &format!("{name} = {code}"), count);
        }
    }
    let scored = score("phq-9", &items)?;
    let found = totals(&scored)?;
    ledger.summary("all 18+", "PHQ-9 unweighted", &found);
    let at_ten = found.iter().filter(|total| total.is_some_and(|total| total >= 10.0)).count();
    ledger.count("all 18+", "PHQ-9 >= 10, unweighted", at_ten);

    let (genders, ages, weights) = (csv.column("gender")?, csv.column("age")?, csv.column("survey_weight")?);
    let mut people = Vec::with_capacity(found.len());
    for (row, total) in found.iter().enumerate() {
        people.push((genders[row], ages[row].parse::<f64>()?, weights[row].parse::<f64>()?, *total));
    }
    let groups = [
        ("all 18+", None, 0.0),
        ("20+", None, 20.0),
        ("women 20+", Some("female"), 20.0),
        ("men 20+", Some("male"), 20.0),
    ];
    for (group, gender, age) in groups {
        let (mut all, mut high) = (0.0_f64, 0.0_f64);
        for (sex, years, weight, total) in &people {
            let inside = gender.is_none_or(|gender| gender == *sex) && *years >= age;
            if let (true, Some(total)) = (inside, *total) {
                all += *weight;
                high += if total >= 10.0 { *weight } else { 0.0 };
            }
        }
        ledger.check(group, "PHQ-9 >= 10, weighted", "percent", 100.0 * high / all);
    }
    rows_with_gaps(&scored, &items)?;
    ledger.close(47);
    Ok(())
}

/// A row with a gap has no total, but the lowest and highest that is still possible, and a band only when both ends lie
/// in the same one.
fn rows_with_gaps(scored: &ScoredSheets, items: &Items) -> Outcome<()> {
    let scale = scored.scale("total").ok_or("the instrument has no total")?;
    let steps = [5.0, 10.0, 15.0, 20.0];
    let step = |total: f64| steps.iter().filter(|from| total >= **from).count();
    let mut seen = 0;
    for row in 0..scored.rows() {
        let answers: Vec<Option<i8>> = items.iter().map(|codes| codes[row]).collect();
        let gaps = answers.iter().filter(|answer| answer.is_none()).count();
        let known: f64 = answers.iter().flatten().map(|code| f64::from(*code)).sum();
        let ends = (known, known + 3.0 * gaps as f64);
        assert_eq!(scored.answered(row), 9 - gaps, "row {row}");
        assert_eq!(scored.value(scale, row), (gaps == 0).then_some(known), "row {row}");
        assert_eq!(scored.bounds(scale, row), Some(ends), "row {row}");
        assert_eq!(scored.band(scale, row).is_some(), step(ends.0) == step(ends.1), "row {row}: {ends:?}");
        assert_eq!(scored.band_undecided(scale, row), step(ends.0) != step(ends.1), "row {row}: {ends:?}");
        seen += usize::from(gaps > 0);
    }
    assert!(seen > 400, "{seen} rows with a gap");
    Ok(())
}

#[test]
fn s11_figures_computed_elsewhere() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, "s11_malaysia_students_phq9_gad7_pss10.csv")?;
    let csv = Csv::read(&data.join(ledger.file()))?;
    for (id, measure, prefix, count) in [("phq-9", "PHQ-9", "D", 9), ("gad-7", "GAD-7", "A", 7)] {
        let items = named(&csv, (1..=count).map(|item| format!("{prefix}{item}")))?;
        ledger.summary("all", measure, &totals(&score(id, &items)?)?);
    }
    ledger.close(12);
    Ok(())
}

fn pearson(one: &[Option<f64>], other: &[Option<f64>]) -> f64 {
    let pairs: Vec<(f64, f64)> = one.iter().zip(other).filter_map(|(a, b)| a.zip(*b)).collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (a, b) in pairs {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

#[test]
fn s18_two_waves() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, "s18_us_two_waves_phq9_gad7.csv")?;
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
        let items = named(&csv, (1..=count).map(|item| format!("{prefix}{item}")))?;
        let mut both = Vec::new();
        for wave in ["1", "2"] {
            let part = rows_where(&items, &waves, wave);
            let group = format!("wave={wave}");
            let found = totals(&score(id, &part)?)?;
            ledger.summary(&group, measure, &found);
            ledger.count(&group, &format!("{measure} >= 10"), positive(id, &part)?);
            both.push(found);
        }
        ledger.check("both waves", measure, "retest_pearson", pearson(&both[0], &both[1]));
    }
    ledger.close(31);
    Ok(())
}
