//! Sums over the items of each person.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::Serialize;

use super::super::Responses;
use super::TotalFigures;
use super::statistics::{Describe, SkewType};
use crate::stats::Moments;

/// Persons summed at once, so that their sums stay in the cache while the items pass by.
const BLOCK: usize = 8192;

/// Sum and number of the answers of each person.
pub(crate) struct Persons {
    items: usize,
    sums: Vec<i32>,
    answered: Vec<u32>,
    /// Mean of the answered items; NaN without an answer.
    means: Vec<f64>,
    centre: f64,
}

/// Persons with the same items left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingPattern {
    /// Positions of the items that are missing.
    pub items: Vec<usize>,
    /// Persons.
    pub persons: u64,
}

/// Totals at or below the first form the lower group, at or above the second the upper.
#[derive(Clone, Copy)]
pub(crate) struct Tails(i32, i32);

impl Persons {
    pub(crate) fn of(responses: &Responses) -> Self {
        let n = responses.persons();
        let (mut sums, mut answered, mut means) = (vec![0_i32; n], vec![0_u32; n], vec![0.0; n]);
        let blocks = sums.par_chunks_mut(BLOCK).zip(answered.par_chunks_mut(BLOCK)).zip(means.par_chunks_mut(BLOCK));
        blocks.enumerate().for_each(|(block, ((sums, answered), means))| {
            for item in 0..responses.items() {
                let codes = &responses.raw(item)[block * BLOCK..][..sums.len()];
                for ((sum, count), code) in sums.iter_mut().zip(answered.iter_mut()).zip(codes) {
                    let there = *code != Responses::MISSING;
                    // At most some thousand items of 15 bits.
                    *sum = sum.wrapping_add(if there { i32::from(*code) } else { 0 });
                    *count += u32::from(there);
                }
            }
            for ((mean, sum), count) in means.iter_mut().zip(sums.iter()).zip(answered.iter()) {
                *mean = f64::from(*sum) / f64::from(*count);
            }
        });
        let known: Moments = means.iter().copied().filter(|mean| mean.is_finite()).collect();
        Self { items: responses.items(), sums, answered, means, centre: known.mean().unwrap_or(0.0) }
    }

    /// Mean and deviation of the persons' means.
    pub(crate) fn mean_and_sd(&self) -> (f64, f64) {
        let known: Moments = self.means.iter().copied().filter(|mean| mean.is_finite()).collect();
        (known.mean().unwrap_or(f64::NAN), known.sd().unwrap_or(f64::NAN))
    }

    fn whole(&self) -> impl Iterator<Item = (usize, i32)> + '_ {
        let all = self.items as u32;
        let complete = self.sums.iter().zip(&self.answered).enumerate().filter(move |(_, (_, count))| **count == all);
        complete.map(|(person, (sum, _))| (person, *sum))
    }

    pub(crate) fn complete(&self) -> usize {
        self.whole().count()
    }

    /// Correlation of an item with the persons' means, over those who answered it.
    pub(crate) fn item_total(&self, codes: &[i16]) -> f64 {
        let mut sums = [0.0; 6];
        for (code, mean) in codes.iter().zip(&self.means) {
            // A mean of a person who answered this item is a number.
            let mark = f64::from(u8::from(*code != Responses::MISSING));
            let (x, y) =
                (if mark > 0.0 { f64::from(*code) } else { 0.0 }, if mark > 0.0 { mean - self.centre } else { 0.0 });
            for (sum, add) in sums.iter_mut().zip([mark, x, y, x * x, x * y, y * y]) {
                *sum += add;
            }
        }
        let [n, x, y, xx, xy, yy] = sums;
        (n * xy - x * y) / ((n * xx - x * x).sqrt() * (n * yy - y * y).sqrt())
    }

    /// Totals that bound the two groups of the discrimination index; each holds at least the share, and all of a tie.
    pub(crate) fn tails(&self, share: f64) -> Option<Tails> {
        let mut totals: Vec<i32> = self.whole().map(|(_, sum)| sum).collect();
        let size = ((totals.len() as f64 * share).ceil() as usize).max(1);
        if totals.len() < 2 {
            return None;
        }
        totals.sort_unstable();
        Some(Tails(totals[size - 1], totals[totals.len() - size]))
    }

    /// Difference of an item's mean in the upper and lower group.
    pub(crate) fn discrimination(&self, codes: &[i16], tails: Option<Tails>) -> f64 {
        let Some(Tails(low, high)) = tails else { return f64::NAN };
        let (mut upper, mut lower) = ((0_i64, 0_i64), (0_i64, 0_i64));
        for (person, sum) in self.whole() {
            if sum <= low {
                lower = (lower.0 + i64::from(codes[person]), lower.1 + 1);
            }
            if sum >= high {
                upper = (upper.0 + i64::from(codes[person]), upper.1 + 1);
            }
        }
        upper.0 as f64 / upper.1 as f64 - lower.0 as f64 / lower.1 as f64
    }

    pub(crate) fn total(&self, lowest: i64, highest: i64, kind: SkewType) -> Option<TotalFigures> {
        let mut counts: HashMap<i32, u64> = HashMap::new();
        self.whole().for_each(|(_, sum)| *counts.entry(sum).or_insert(0) += 1);
        let mut counts: Vec<(i32, u64)> = counts.into_iter().collect();
        counts.sort_unstable();
        let (first, last) = (counts.first()?.0, counts.last()?.0);
        let mut moments = Moments::default();
        counts.iter().for_each(|(sum, n)| moments.push_block(f64::from(*sum), *n, *n as f64));
        let share = |at: i64| {
            counts.iter().find(|(sum, _)| i64::from(*sum) == at).map_or(0.0, |(_, n)| *n as f64 / moments.n() as f64)
        };
        let describe = Describe::of(&moments, (f64::from(first), f64::from(last)), kind);
        Some(TotalFigures { describe, floor: share(lowest), ceiling: share(highest) })
    }
}

/// Patterns of missing answers and how many persons have each, the most frequent first. Persons who answered everything
/// are in none.
pub fn missing_patterns(responses: &Responses) -> Vec<MissingPattern> {
    let n = responses.persons();
    let mut gaps: HashMap<usize, Vec<usize>> = HashMap::new();
    for item in 0..responses.items() {
        let missing = responses.raw(item).iter().enumerate().filter(|(_, code)| **code == Responses::MISSING);
        missing.for_each(|(person, _)| gaps.entry(person).or_default().push(item));
    }
    debug_assert!(gaps.len() <= n);
    let mut counts: HashMap<Vec<usize>, u64> = HashMap::new();
    gaps.into_values().for_each(|items| *counts.entry(items).or_insert(0) += 1);
    let mut patterns: Vec<MissingPattern> =
        counts.into_iter().map(|(items, persons)| MissingPattern { items, persons }).collect();
    patterns.sort_by(|a, b| b.persons.cmp(&a.persons).then_with(|| a.items.cmp(&b.items)));
    patterns
}
