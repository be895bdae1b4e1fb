//! From the columns of a published file to scores.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use polars::prelude::*;
use screening_core::instrument::{Definition, Library};
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer, ScoringOptions};
use screening_tests::{Csv, Outcome, shared_data};

/// Answer codes by item and row; none = no answer.
pub(crate) type Items = Vec<Vec<Option<i8>>>;

pub(crate) fn data() -> Option<PathBuf> {
    let data = shared_data();
    if data.is_none() {
        println!("skipped: no shared data");
    }
    data
}

fn code(cell: &str) -> Outcome<Option<i8>> {
    match cell.trim() {
        "" => Ok(None),
        code => Ok(Some(code.strip_suffix(".0").unwrap_or(code).parse()?)),
    }
}

fn codes(cells: &[&str]) -> Outcome<Vec<Option<i8>>> {
    cells.iter().map(|cell| code(cell)).collect()
}

/// The items in columns of these names.
pub(crate) fn named<S: AsRef<str>>(csv: &Csv, names: impl IntoIterator<Item = S>) -> Outcome<Items> {
    names.into_iter().map(|name| -> Outcome<Vec<Option<i8>>> { codes(&csv.column(name.as_ref())?) }).collect()
}

/// The items in columns whose names are a word and a number.
pub(crate) fn numbered(csv: &Csv, prefix: &str, numbers: impl IntoIterator<Item = usize>) -> Outcome<Items> {
    named(csv, numbers.into_iter().map(|number| format!("{prefix}{number}")))
}

/// The items in the columns that stand right before the column with the author's total.
pub(crate) fn before(csv: &Csv, total: &str, count: usize) -> Outcome<Items> {
    let end = csv.position(total)?;
    (end.saturating_sub(count)..end).map(|position| codes(&csv.at(position))).collect()
}

/// Some rows of all items.
pub(crate) fn rows_where(items: &Items, keep: impl Fn(usize) -> bool) -> Items {
    let pick = |codes: &Vec<Option<i8>>| -> Vec<Option<i8>> {
        codes.iter().enumerate().filter(|(row, _)| keep(*row)).map(|(_, code)| *code).collect()
    };
    items.iter().map(pick).collect()
}

/// The rows in which a column holds a word.
pub(crate) fn rows_with(items: &Items, column: &[&str], word: &str) -> Items {
    rows_where(items, |row| column[row] == word)
}

/// Every code as another; none = that code stands for no answer.
pub(crate) fn recoded(items: &Items, code_of: impl Fn(i8) -> Option<i8>) -> Items {
    items.iter().map(|codes| codes.iter().map(|code| code.and_then(&code_of)).collect()).collect()
}

/// Every code `lowest + highest - code`, in the items with these numbers, counted from 1.
pub(crate) fn turned(items: &Items, numbers: &[usize], lowest_and_highest: i8) -> Items {
    let turn = |(at, codes): (usize, &Vec<Option<i8>>)| -> Vec<Option<i8>> {
        let change = |code: &Option<i8>| code.map(|code| lowest_and_highest - code);
        if numbers.contains(&(at + 1)) { codes.iter().map(change).collect() } else { codes.clone() }
    };
    items.iter().enumerate().map(turn).collect()
}

/// Columns of a file as the items with these numbers of a form, counted from 1; the other items are blank.
pub(crate) fn spread(columns: &Items, numbers: &[usize], of: usize) -> Items {
    assert_eq!(columns.len(), numbers.len());
    let mut items = vec![vec![None; columns.first().map_or(0, Vec::len)]; of];
    for (column, number) in columns.iter().zip(numbers) {
        items[number - 1].clone_from(column);
    }
    items
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap_or_else(|error| panic!("{error}")));

fn compile_by(id: &str, cutoffs: HashMap<String, String>) -> Outcome<Scorer> {
    let instrument = LIBRARY.get(id).ok_or_else(|| format!("the library has no `{id}`"))?;
    Ok(Scorer::with_options(instrument, ScoringOptions { cutoffs })?)
}

/// Compiled with the default cut-off sets.
pub(crate) fn compile(id: &str) -> Outcome<Scorer> {
    compile_by(id, HashMap::new())
}

/// Compiled with one cut-off set that is not the default.
pub(crate) fn compile_with(id: &str, scale: &str, set: &str) -> Outcome<Scorer> {
    compile_by(id, HashMap::from([(scale.to_owned(), set.to_owned())]))
}

pub(crate) fn score_by(scorer: &Scorer, items: &Items) -> Outcome<ScoredSheets> {
    let instrument = scorer.instrument();
    assert_eq!(items.len(), instrument.definition().items.len(), "{}", instrument.id());
    let column = |(at, codes): (usize, &Vec<Option<i8>>)| Column::new(instrument.item_column(at).into(), codes.clone());
    let columns: Vec<Column> = items.iter().enumerate().map(column).collect();
    let frame = DataFrame::new(items.first().map_or(0, Vec::len), columns)?;
    let scored = scorer.score_frame(&frame, &FrameOptions::default())?;
    assert!(scored.issues().is_empty(), "{:?}", scored.issues().first());
    Ok(scored)
}

pub(crate) fn score(id: &str, items: &Items) -> Outcome<ScoredSheets> {
    score_by(&compile(id)?, items)
}

pub(crate) fn values(scored: &ScoredSheets, scale: &str) -> Outcome<Vec<Option<f64>>> {
    let at = scored.scale(scale).ok_or_else(|| format!("{} has no {scale}", scored.instrument().id()))?;
    Ok((0..scored.rows()).map(|row| scored.value(at, row)).collect())
}

pub(crate) fn totals(scored: &ScoredSheets) -> Outcome<Vec<Option<f64>>> {
    values(scored, "total")
}

pub(crate) fn bands<'a>(scored: &'a ScoredSheets, scale: &str) -> Outcome<Vec<Option<&'a str>>> {
    let at = scored.scale(scale).ok_or_else(|| format!("{} has no {scale}", scored.instrument().id()))?;
    Ok((0..scored.rows()).map(|row| scored.band(at, row)).collect())
}

/// How many sheets lie in a band.
pub(crate) fn in_band(bands: &[Option<&str>], id: &str) -> usize {
    bands.iter().filter(|band| **band == Some(id)).count()
}

/// Sheets at or above 10, by the cut-off set of that name.
pub(crate) fn positive(id: &str, items: &Items) -> Outcome<usize> {
    let scored = score_by(&compile_with(id, "total", "screen-10")?, items)?;
    Ok(in_band(&bands(&scored, "total")?, "positive"))
}

/// Sheets on which a flag is raised.
pub(crate) fn flagged(scored: &ScoredSheets, flag: &str) -> Outcome<usize> {
    let at = scored.flag_position(flag).ok_or("the instrument has no such flag")?;
    Ok((0..scored.rows()).filter(|row| scored.flag(at, *row).is_yes()).count())
}

/// Share of rows in which the engine's total is the one the authors stored; where `both_blank`, a row without a total
/// agrees with an empty cell.
fn percent(totals: &[Option<f64>], stored: &[&str], both_blank: bool) -> f64 {
    assert_eq!(totals.len(), stored.len());
    let agrees = |total: &Option<f64>, stored: &str| match total {
        Some(total) => stored.parse::<f64>().ok() == Some(*total),
        None => both_blank && stored.is_empty(),
    };
    let same = totals.iter().zip(stored).filter(|(total, stored)| agrees(total, stored.trim()));
    100.0 * same.count() as f64 / totals.len() as f64
}

/// Share of rows in which the engine's total is the one the authors stored.
pub(crate) fn percent_equal(totals: &[Option<f64>], stored: &[&str]) -> f64 {
    percent(totals, stored, false)
}

/// As [`percent_equal`], for authors who left the total empty where an answer is missing.
pub(crate) fn percent_equal_or_blank(totals: &[Option<f64>], stored: &[&str]) -> f64 {
    percent(totals, stored, true)
}

/// Numbers of the items that a definition reverses, counted from 1.
pub(crate) fn reversed(definition: &Definition) -> Vec<usize> {
    let items = definition.items.iter().enumerate();
    items.filter(|(_, item)| item.reverse).map(|(at, _)| at + 1).collect()
}

/// Numbers of the items of a scale, counted from 1.
pub(crate) fn items_of(definition: &Definition, scale: &str) -> Outcome<Vec<usize>> {
    let found = definition.scales.iter().find(|candidate| candidate.id == scale);
    let scale = found.ok_or_else(|| format!("{} has no {scale}", definition.id))?;
    let mut numbers: Vec<usize> = definition.expand_items(&scale.items)?.iter().map(|at| at + 1).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Pairs of scores of the people who have both.
pub(crate) fn pairs(one: &[Option<f64>], other: &[Option<f64>]) -> Vec<(f64, f64)> {
    one.iter().zip(other).filter_map(|(a, b)| a.zip(*b)).collect()
}

pub(crate) fn pearson(pairs: &[(f64, f64)]) -> f64 {
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
