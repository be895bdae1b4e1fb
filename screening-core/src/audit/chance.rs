//! How likely two honest pupils give the same answers.
//!
//! Pupils of the same severity answer their items nearly independently of each other's content (local independence, the
//! assumption of every latent-trait model). So the sheets are cut into strata of equal total; within a stratum the chance
//! of a pattern is the product of the shares of its answers:
//!
//! ```text
//! p(x) = prod over items of n(stratum, item, x_item) / n(stratum)
//! expected other sheets with the pattern  E = 20 n(stratum) p(x)
//! chance of m - 1 or more others          <= E^(m-1) / (m-1)!      (Poisson)
//! ```
//!
//! The factor 20 is for caution: pupils of exactly the same total agree more often than independence says, by the
//! inverse of the chance of that total (about `sqrt(2 pi)` times the standard deviation within a stratum, below 10 for 100
//! items), and doublets of items and habits of answering add to it.
//!
//! Sheets on which one answer, or the answer that says "no difficulty", covers nine tenths of the items are left out: the
//! straight line is a pupil's way of answering, told by the validity indices, and the sheet without any complaint is common.

use crate::validity::{AnswerItem, Answers, is_answer};

/// Strata of equal total.
const STRATA: usize = 20;
/// Factor on the expected number of equal sheets.
const SAFETY: f64 = 20.0;
/// Share of one answer from which a sheet counts as a straight line.
const LINE: f64 = 0.9;

/// The patterns of a wave.
pub(super) struct Patterns<'a> {
    columns: Vec<&'a [i8]>,
    /// One number a sheet, equal for equal answers.
    pub(super) hashes: Vec<u64>,
    stratum: Vec<u8>,
    /// Sheets of each stratum.
    sizes: Vec<u32>,
    /// By stratum, item and code (as an unsigned byte): sheets.
    counts: Vec<u32>,
    /// Whether a sheet is left out: a straight line, or half of it blank.
    pub(super) plain: Vec<bool>,
}

impl<'a> Patterns<'a> {
    /// Looks at the answers to some items.
    pub(super) fn of(answers: &'a Answers, items: &[usize]) -> Self {
        let rows = answers.rows();
        let columns = answers.columns(items);
        let mut hashes = vec![0x9e37_79b9_7f4a_7c15_u64; rows];
        let mut totals = vec![0_i32; rows];
        for (item, column) in items.iter().zip(&columns) {
            let key = answers.items().get(*item);
            let keyed: Vec<i32> =
                (0..=255_u8).map(|byte| keyed(key.map(|key| key.keyed(byte as i8)), byte as i8)).collect();
            for ((hash, total), code) in hashes.iter_mut().zip(&mut totals).zip(*column) {
                *hash = mix(*hash ^ u64::from(*code as u8));
                *total += keyed.get(usize::from(*code as u8)).copied().unwrap_or(0);
            }
        }
        let (stratum, sizes) = strata(&totals);
        let mut counts = vec![0_u32; sizes.len() * columns.len() * 256];
        for (nth, column) in columns.iter().enumerate() {
            for (code, own) in column.iter().zip(&stratum) {
                let at = (usize::from(*own) * columns.len() + nth) * 256 + usize::from(*code as u8);
                if let Some(count) = counts.get_mut(at) {
                    *count += 1;
                }
            }
        }
        let floors: Vec<Option<i8>> =
            items.iter().map(|item| answers.items().get(*item).and_then(AnswerItem::floor)).collect();
        let plain = plain(&columns, &floors, rows);
        Self { columns, hashes, stratum, sizes, counts, plain }
    }

    /// `ln E`: the logarithm of how many other sheets with the pattern of a sheet chance lets expect. One of the sheets is
    /// taken out of the shares, so that a single copy does not speak for itself.
    pub(super) fn log_expected(&self, row: usize) -> f64 {
        let own = self.stratum.get(row).copied().unwrap_or(0);
        let size = self.sizes.get(usize::from(own)).copied().unwrap_or(0);
        let rest = f64::from(size.saturating_sub(1).max(1));
        let mut sum = rest.ln() + SAFETY.ln();
        for (nth, column) in self.columns.iter().enumerate() {
            let code = column.get(row).copied().unwrap_or(0);
            let at = (usize::from(own) * self.columns.len() + nth) * 256 + usize::from(code as u8);
            let count = self.counts.get(at).copied().unwrap_or(1);
            sum += (f64::from(count.saturating_sub(1).max(1)) / rest).min(1.0).ln();
        }
        sum
    }

    /// Whether two sheets have the same answers.
    pub(super) fn same(&self, one: usize, other: usize) -> bool {
        self.columns.iter().all(|column| column.get(one) == column.get(other))
    }
}

fn keyed(place: Option<i16>, code: i8) -> i32 {
    if is_answer(code) { place.map_or(0, i32::from) } else { 0 }
}

/// A step of the finaliser of splitmix64 (Steele, Lea & Flood 2014).
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (value ^ (value >> 31)).wrapping_add(0x9e37_79b9_7f4a_7c15)
}

/// Strata of about equal size; equal totals stay together.
fn strata(totals: &[i32]) -> (Vec<u8>, Vec<u32>) {
    let mut order: Vec<u32> = (0..totals.len() as u32).collect();
    let total = |at: &u32| totals.get(*at as usize).copied().unwrap_or(0);
    order.sort_unstable_by_key(total);
    let wanted = totals.len().div_ceil(STRATA).max(1);
    let mut stratum = vec![0_u8; totals.len()];
    let mut sizes = vec![0_u32];
    let mut last = None;
    for at in &order {
        let own = total(at);
        if last != Some(own) && sizes.last().is_some_and(|size| *size as usize >= wanted) {
            sizes.push(0);
        }
        last = Some(own);
        if let Some(size) = sizes.last_mut() {
            *size += 1;
        }
        if let Some(cell) = stratum.get_mut(*at as usize) {
            *cell = (sizes.len() - 1) as u8;
        }
    }
    (stratum, sizes)
}

/// Sheets that are left out.
fn plain(columns: &[&[i8]], floors: &[Option<i8>], rows: usize) -> Vec<bool> {
    let mut counts = [0_u16; 256];
    let limit = (LINE * columns.len() as f64).ceil() as u16;
    (0..rows)
        .map(|row| {
            let (mut answered, mut at_floor) = (0, 0);
            counts.fill(0);
            for (column, floor) in columns.iter().zip(floors) {
                let Some(code) = column.get(row).filter(|code| is_answer(**code)) else { continue };
                answered += 1;
                at_floor += u16::from(*floor == Some(*code));
                counts[usize::from(*code as u8)] += 1;
            }
            answered * 2 < columns.len() || at_floor >= limit || counts.iter().any(|count| *count >= limit)
        })
        .collect()
}
