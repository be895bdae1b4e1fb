//! What comes twice: pupils, sheets, stretches of rows.

use std::collections::HashMap;

use crate::texts::Fill;

use super::chance::Patterns;
use super::expect::Expectation;
use super::finding::{Certainty, Finding, FindingKind, Silent};
use super::read::Sheets;

/// Odds of the levels, as natural logarithms.
const ONE_IN_A_THOUSAND: f64 = 6.9;
const ONE_IN_A_MILLION: f64 = 13.8;
/// Items below which equal sheets of different pupils are no evidence.
const LONG_FORM: usize = 12;
/// Fewest rows of a block.
const BLOCK_ROWS: usize = 5;
/// Fewest different patterns in a block.
const BLOCK_PATTERNS: usize = 3;

/// Findings on repetitions.
pub(super) fn check(sheets: &Sheets, expected: &Expectation, findings: &mut Vec<Finding>, silent: &mut Vec<Silent>) {
    let items: Vec<usize> = expected.items.iter().map(|item| item.at).collect();
    if items.is_empty() || sheets.rows() < 2 {
        return;
    }
    let patterns = Patterns::of(&sheets.answers, &items);
    if sheets.ids.is_none() {
        silent.push(Silent::new(FindingKind::RepeatedPupil, "no-ids", &[]));
    }
    pupils(sheets, &patterns, findings);
    let blocks = blocks(&patterns);
    findings.extend(tell_blocks(sheets, &blocks));
    let in_block = |row: usize| blocks.iter().any(|block| (block.second..block.second + block.rows).contains(&row));
    if items.len() >= LONG_FORM {
        findings.extend(equal_sheets(sheets, &patterns, &in_block));
    } else {
        let needed = LONG_FORM.to_string();
        silent.push(Silent::new(FindingKind::EqualSheets, "short-form", &[("needed", Fill::Same(&needed))]));
    }
}

/// One pupil id on several sheets, with the same answers or others.
fn pupils(sheets: &Sheets, patterns: &Patterns<'_>, findings: &mut Vec<Finding>) {
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for row in 0..sheets.rows() {
        if let Some(id) = sheets.id(row) {
            by_id.entry(id).or_default().push(row);
        }
    }
    let mut several: Vec<Vec<usize>> = by_id.into_values().filter(|rows| rows.len() > 1).collect();
    several.sort_unstable();
    let mut again: Vec<(usize, usize)> = Vec::new();
    for rows in &several {
        for (nth, row) in rows.iter().enumerate() {
            // The straight line may honestly come twice.
            let is_plain = patterns.plain.get(*row).copied().unwrap_or(true);
            let earlier = rows.iter().take(nth).find(|earlier| !is_plain && patterns.same(**earlier, *row));
            again.extend(earlier.map(|earlier| (*earlier, *row)));
        }
    }
    if !several.is_empty() {
        let extra: usize = several.iter().map(|rows| rows.len() - 1).sum();
        let finding = Finding::new(FindingKind::RepeatedPupil, "", Certainty::Possible)
            .figure("pupils", several.len() as f64)
            .figure("extra_sheets", extra as f64)
            .rows(several.iter().flatten().map(|row| sheets.place(*row)));
        findings.push(finding.told("repeated-pupil", &[]));
    }
    if !again.is_empty() {
        let finding = Finding::new(FindingKind::SameSheetAgain, "", Certainty::Likely)
            .figure("extra_sheets", again.len() as f64)
            .rows(again.iter().flat_map(|(earlier, row)| [sheets.place(*earlier), sheets.place(*row)]));
        findings.push(finding.told("same-sheet-again", &[]));
    }
}

/// Sheets of different pupils with the same answers, beyond chance.
fn equal_sheets(sheets: &Sheets, patterns: &Patterns<'_>, in_block: &dyn Fn(usize) -> bool) -> Option<Finding> {
    let mut by_pattern: HashMap<u64, Vec<usize>> = HashMap::new();
    for (row, hash) in patterns.hashes.iter().enumerate() {
        if !patterns.plain.get(row).copied().unwrap_or(true) && !in_block(row) {
            by_pattern.entry(*hash).or_default().push(row);
        }
    }
    let tests = (sheets.rows() as f64).ln();
    let mut surest: Option<Certainty> = None;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut rarest = f64::INFINITY;
    for rows in by_pattern.into_values() {
        let rows = of_different_pupils(sheets, patterns, &rows);
        let Some(first) = rows.first().filter(|_| rows.len() > 1) else { continue };
        let odds = log_tail(patterns.log_expected(*first), rows.len() - 1);
        let certainty = if odds + tests < -ONE_IN_A_MILLION {
            Certainty::Likely
        } else if odds + tests < -ONE_IN_A_THOUSAND {
            Certainty::Possible
        } else {
            continue;
        };
        surest = surest.max(Some(certainty));
        rarest = rarest.min(odds);
        groups.push(rows);
    }
    groups.sort_unstable();
    let extra: usize = groups.iter().map(|rows| rows.len() - 1).sum();
    let mut certainty = surest?;
    if certainty == Certainty::Likely && extra >= 10 && extra * 50 >= sheets.rows() {
        certainty = Certainty::Certain;
    }
    let finding = Finding::new(FindingKind::EqualSheets, "", certainty)
        .figure("groups", groups.len() as f64)
        .figure("extra_sheets", extra as f64)
        .figure("log10_odds", rarest / std::f64::consts::LN_10)
        .rows(groups.iter().flatten().map(|row| sheets.place(*row)));
    Some(finding.told("equal-sheets", &[]))
}

/// Of rows with the same answers, one for each pupil; rows without an id count each.
fn of_different_pupils(sheets: &Sheets, patterns: &Patterns<'_>, rows: &[usize]) -> Vec<usize> {
    let Some(first) = rows.first() else { return Vec::new() };
    let mut ids: Vec<&str> = Vec::new();
    let mut kept = Vec::new();
    // Two patterns with the same hash are next to impossible, and looked at all the same.
    for row in rows.iter().filter(|row| patterns.same(*first, **row)) {
        match sheets.id(*row) {
            Some(id) if ids.contains(&id) => continue,
            Some(id) => ids.push(id),
            None => {}
        }
        kept.push(*row);
    }
    kept
}

/// Logarithm of the chance of `others` or more, with `log_expected` of them to be expected: at most E^m / m!.
fn log_tail(log_expected: f64, others: usize) -> f64 {
    let factorial: f64 = (1..=others).map(|i| (i as f64).ln()).sum();
    (others as f64 * log_expected - factorial).min(0.0)
}

/// A stretch of rows that comes twice.
struct Block {
    first: usize,
    second: usize,
    rows: usize,
    /// Logarithm of the odds, all pairs of places counted.
    log_odds: f64,
}

/// Stretches of rows that come twice. Triples of neighbouring rows are looked up; where one is found again, the stretch is followed to
/// both ends. A row counts as evidence by how rare its pattern is, and only where it differs from the row before it: files
/// that are sorted hold long runs of equal rows.
fn blocks(patterns: &Patterns<'_>) -> Vec<Block> {
    let hashes = &patterns.hashes;
    let rows = hashes.len();
    let mut copies: HashMap<u64, usize> = HashMap::with_capacity(rows);
    hashes.iter().for_each(|hash| *copies.entry(*hash).or_default() += 1);
    let mut earliest: HashMap<[u64; 3], usize> = HashMap::with_capacity(rows);
    let mut found: Vec<Block> = Vec::new();
    let mut row = 0;
    while let Some(&[a, b, c]) = hashes.get(row..row + 3) {
        if a == b && b == c {
            // A run of equal rows is no evidence, and long in a file that is sorted.
            row += 1;
            continue;
        }
        let first = *earliest.entry([a, b, c]).or_insert(row);
        let behind = found.last().map_or(0, |block| block.second + block.rows);
        let block = (row >= first + 3).then(|| follow(patterns, &copies, first, row, behind));
        row += 1;
        if let Some(block) = block.filter(|block| block.rows >= BLOCK_ROWS && block.log_odds < -ONE_IN_A_MILLION) {
            row = row.max(block.second + block.rows);
            found.push(block);
        }
    }
    found
}

/// The longest stretch around two rows with the same answers.
fn follow(patterns: &Patterns<'_>, copies: &HashMap<u64, usize>, first: usize, second: usize, behind: usize) -> Block {
    let hashes = &patterns.hashes;
    let (mut from, mut other) = (first, second);
    while from > 0 && other > behind && hashes.get(from - 1) == hashes.get(other - 1) {
        (from, other) = (from - 1, other - 1);
    }
    let most = (other - from).min(hashes.len() - other);
    let rows = (0..most).take_while(|step| hashes.get(from + step) == hashes.get(other + step)).count();
    let mut evidence = 0.0;
    let mut seen: Vec<u64> = Vec::new();
    for at in other..other + rows {
        let Some(hash) = hashes.get(at) else { continue };
        let is_run = at > other && hashes.get(at - 1) == Some(hash);
        if is_run || patterns.plain.get(at).copied().unwrap_or(true) {
            continue;
        }
        let copies = copies.get(hash).copied().unwrap_or(2);
        let n = hashes.len() as f64;
        let by_count = ((copies - 1) as f64 / n).ln();
        evidence -= (patterns.log_expected(at) - n.ln()).max(by_count).min(0.0);
        if !seen.contains(hash) {
            seen.push(*hash);
        }
    }
    let pairs = 2.0 * (hashes.len() as f64).ln();
    let log_odds = if seen.len() < BLOCK_PATTERNS { 0.0 } else { pairs - evidence };
    Block { first: from, second: other, rows, log_odds }
}

fn tell_blocks(sheets: &Sheets, blocks: &[Block]) -> Option<Finding> {
    let longest = blocks.iter().max_by_key(|block| block.rows)?;
    let repeated: usize = blocks.iter().map(|block| block.rows).sum();
    let same_ids =
        blocks.iter().flat_map(|block| (0..block.rows).map(move |step| (block.first + step, block.second + step)));
    let same_ids = same_ids.filter(|(a, b)| sheets.id(*a).is_some() && sheets.id(*a) == sheets.id(*b)).count();
    let at = |row: usize| sheets.place(row).to_string();
    let ends = [
        at(longest.first),
        at(longest.first + longest.rows - 1),
        at(longest.second),
        at(longest.second + longest.rows - 1),
    ];
    let rows = blocks.iter().flat_map(|block| [block.first, block.second]).map(|row| sheets.place(row));
    let finding = Finding::new(FindingKind::RepeatedBlock, "", Certainty::Certain)
        .figure("blocks", blocks.len() as f64)
        .figure("rows", repeated as f64)
        .figure("same_pupil", same_ids as f64)
        .figure("log10_odds", longest.log_odds / std::f64::consts::LN_10)
        .rows(rows);
    let [a, b, c, d] = ends.each_ref().map(|end| Fill::Same(end.as_str()));
    let key = if same_ids == repeated { "repeated-block-same" } else { "repeated-block" };
    Some(finding.told_by(key, key, &[("first_from", a), ("first_to", b), ("second_from", c), ("second_to", d)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_poisson_for_rare_patterns() {
        // One expected in a hundred: one other 1/100, two others 1/20,000.
        assert!((log_tail(0.01_f64.ln(), 1) - 0.01_f64.ln()).abs() < 1e-12);
        assert!((log_tail(0.01_f64.ln(), 2) - 0.000_05_f64.ln()).abs() < 1e-12);
        assert_eq!(log_tail(3.0, 2), 0.0);
    }
}
