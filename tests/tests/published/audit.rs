//! The auditor on answers of real people: nothing certain in a file that is coded as the definition says, and every fault that is
//! planted is found.

use polars::prelude::*;
use screening_core::audit::{AuditReport, Auditor, Certainty, FindingKind};
use screening_tests::{Csv, Outcome};

use crate::support::{Items, before, compile, data, named, numbered, recoded, reversed, rows_where, turned};
use crate::{dass, gamers, mothers, nhanes, rses, students, two_waves, words};

fn audit(id: &str, items: &Items) -> Outcome<AuditReport> {
    let scorer = compile(id)?;
    let column =
        |(at, codes): (usize, &Vec<Option<i8>>)| Column::new(scorer.instrument().item_column(at).into(), codes.clone());
    let columns: Vec<Column> = items.iter().enumerate().map(column).collect();
    let frame = DataFrame::new(items.first().map_or(0, Vec::len), columns)?;
    Ok(Auditor::new(&scorer).run(&frame)?)
}

fn told(report: &AuditReport) -> String {
    let lines = report.findings.iter().map(|f| format!("  {} {} {:?}", f.certainty.word(), f.id, f.figures));
    format!("{} {}\n{}", report.instrument, report.sheets, lines.collect::<Vec<_>>().join("\n"))
}

/// Files with answers as the definitions code them.
fn sound() -> Outcome<Option<Vec<(&'static str, Items)>>> {
    let Some(data) = data() else { return Ok(None) };
    let read = |file: &str| Csv::read(&data.join(file));
    let csv = read(dass::FILE)?;
    let names: Vec<&str> = csv.headings().iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| name.starts_with("dass") && *name != "dasssum").collect();
    let mut all = vec![("dass-42", recoded(&named(&csv, &names)?, |code| Some(code - 1)))];
    let csv = read(rses::FILE)?;
    all.push((
        "rses",
        rows_where(&recoded(&numbered(&csv, "Q", 1..=10)?, |c| (c > 0).then_some(c - 1)), |row| row < 4000),
    ));
    let csv = read(gamers::FILE)?;
    for (id, prefix, count) in [("gad-7", "GAD", 7), ("swls", "SWL", 5), ("spin", "SPIN", 17)] {
        all.push((id, rows_where(&numbered(&csv, prefix, 1..=count)?, |row| row < 4000)));
    }
    let csv = read(nhanes::FILE)?;
    all.push(("phq-9", named(&csv, (1..=9).map(|item| format!("DPQ0{item}0")))?));
    all.push(("phq-9", named(&read(words::FILE)?, (1..=9).map(|item| format!("Item{item}_num")))?));
    all.push(("epds", numbered(&read(mothers::FILE)?, "EPDS_", 1..=10)?));
    let csv = read(two_waves::FILE)?;
    all.push(("phq-9", numbered(&csv, "PHQ", 1..=9)?));
    all.push(("gad-7", numbered(&csv, "GAD", 1..=7)?));
    all.push(("phq-9", before(&read(students::BANGLADESH)?, "Depression Value", 9)?));
    let csv = read(students::MALAYSIA)?;
    all.push(("phq-9", numbered(&csv, "D", 1..=9)?));
    all.push(("pss-10", numbered(&csv, "S", 1..=10)?));
    Ok(Some(all))
}

#[test]
fn nothing_certain_is_said_of_sound_files() -> Outcome<()> {
    let Some(all) = sound()? else { return Ok(()) };
    for (id, items) in &all {
        let report = audit(id, items)?;
        let certain: Vec<&str> = report.certain().map(|finding| finding.id.as_str()).collect();
        // The file that joins two open sets holds its first 72 rows again, and once more: a fault that nobody planted.
        let joined = *id == "phq-9" && items[0].len() == 2177;
        let known: &[&str] = if joined { &["repeated-block"] } else { &[] };
        assert_eq!(certain, known, "{}", told(&report));
    }
    Ok(())
}

fn found(id: &str, items: &Items, kind: FindingKind) -> Outcome<()> {
    let report = audit(id, items)?;
    assert!(report.has(kind, Certainty::Likely), "{}: {}", kind.word(), told(&report));
    Ok(())
}

#[test]
fn faults_planted_into_sound_files_are_found() -> Outcome<()> {
    let Some(all) = sound()? else { return Ok(()) };
    for (id, items) in all.iter().filter(|(_, items)| items.first().is_some_and(|column| column.len() >= 500)) {
        let definition = compile(id)?.instrument().definition().clone();
        let options: Vec<i8> = definition.options_of(&definition.items[0]).iter().map(|option| option.code).collect();
        let (low, high) = (*options.iter().min().ok_or("no options")?, *options.iter().max().ok_or("no options")?);
        found(id, &turned(items, &[2], low + high), FindingKind::ItemTurned)?;
        found(id, &recoded(items, |code| Some(code + 1)), FindingKind::CodesMoved)?;
        let mut constant = items.clone();
        constant[3].fill(Some(high));
        found(id, &constant, FindingKind::ConstantColumn)?;
        let mut twice = items.clone();
        for column in &mut twice {
            let again = column[50..150].to_vec();
            column.extend(again);
        }
        found(id, &twice, FindingKind::RepeatedBlock)?;
        let key = reversed(&definition);
        if key.len() > 1 && *id != "epds" {
            found(id, &turned(items, &key, low + high), FindingKind::KeyGroupTurned)?;
        }
    }
    Ok(())
}

#[test]
fn a_file_of_three_scales_shows_a_shift_and_one_scale_with_a_rare_item_does_too() -> Outcome<()> {
    let Some(mut all) = sound()? else { return Ok(()) };
    for (id, items) in &mut all {
        let kind = match *id {
            "dass-42" => FindingKind::ColumnsShifted,
            // Only in the population survey is the critical item the rarest by far.
            "phq-9" if items[0].len() > 4000 => FindingKind::RareItemCommon,
            _ => continue,
        };
        items.rotate_right(1);
        found(id, items, kind)?;
    }
    Ok(())
}

#[test]
fn halves_that_hardly_correlate_do_not_accuse_anybody() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    // Bangladesh: the authors stored the four positive items turned. The halves correlate .07 only, so that turning them
    // once more shows next to nothing: the auditor must not be certain either way.
    let csv = Csv::read(&data.join(students::BANGLADESH))?;
    let stored = before(&csv, "Stress Value", 10)?;
    let order = [1, 2, 3, 5, 6, 4, 7, 8, 9, 10];
    let items: Items = order.iter().map(|position: &usize| stored[position - 1].clone()).collect();
    for items in [&items, &turned(&items, &[4, 5, 7, 8], 4)] {
        let report = audit("pss-10", items)?;
        assert_eq!(report.certain().count(), 0, "{}", told(&report));
    }
    Ok(())
}
