//! Split halves: one, all, or a random sample of them.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::EstimationError;
use super::super::random::Stream;
use crate::instrument::Text;
use crate::stats::{QuantileType, quantile};
use crate::texts::{Fill, say};

/// Reliability from one split into halves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Halves {
    /// Correlation of the halves.
    pub r: f64,
    /// `2 r / (1 + r)`, for halves of equal length and variance.
    pub spearman_brown: f64,
    /// `2 (1 - (Va + Vb) / Vt)`, also for halves of unequal variance.
    pub guttman: f64,
    /// Horst's (1951) correction for halves of unequal length.
    pub horst: f64,
}

/// Reliability of a split given by the items of the first half, from covariances or correlations.
///
/// # Errors
/// A half without an item, an item that does not exist or is named twice, a half whose sum does not vary.
///
/// ```
/// use nalgebra::dmatrix;
///
/// let c = dmatrix![1.0, 0.5; 0.5, 1.0];
/// let found = screening_core::psychometrics::halves(&c, &[0])?;
/// assert!((found.spearman_brown - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn halves(covariance: &DMatrix<f64>, first: &[usize]) -> Result<Halves, EstimationError> {
    let k = covariance.nrows();
    let mut side = vec![false; k];
    for item in first {
        if side.get(*item) != Some(&false) {
            return Err(EstimationError::option("first half", item, "each item is named once and exists"));
        }
        side[*item] = true;
    }
    if first.is_empty() || first.len() == k {
        return Err(EstimationError::TooFewItems { method: "a half", needed: 1, found: 0 });
    }
    let sums = Sums::of(covariance, &side);
    let varies = |variance: f64| variance.is_finite() && variance > 0.0;
    if !varies(sums.first) || !varies(sums.second) || !sums.between.is_finite() {
        return Err(EstimationError::Constant { item: "sum of a half".to_owned() });
    }
    let r = sums.r();
    let (p, square) = (first.len() as f64 / k as f64, r * r);
    let pq = p * (1.0 - p);
    let horst = (r * ((square + 4.0 * pq * (1.0 - square)).sqrt() - r)) / (2.0 * pq * (1.0 - square));
    Ok(Halves { r, spearman_brown: 2.0 * r / (1.0 + r), guttman: sums.guttman(), horst })
}

/// Variances of two halves and their covariance.
struct Sums {
    first: f64,
    second: f64,
    between: f64,
}

impl Sums {
    fn of(c: &DMatrix<f64>, side: &[bool]) -> Self {
        let mut sums = Self { first: 0.0, second: 0.0, between: 0.0 };
        for (j, column) in c.column_iter().enumerate() {
            for (i, value) in column.iter().enumerate() {
                match (side[i], side[j]) {
                    (true, true) => sums.first += value,
                    (false, false) => sums.second += value,
                    _ => sums.between += value / 2.0,
                }
            }
        }
        sums
    }

    fn r(&self) -> f64 {
        self.between / (self.first * self.second).sqrt()
    }

    fn guttman(&self) -> f64 {
        4.0 * self.between / (self.first + self.second + 2.0 * self.between)
    }
}

/// Most items for which every split into halves of any size is looked at.
const EXACT: usize = 16;

/// The largest `4 cov / variance` over splits.
pub(super) fn best_split(c: &DMatrix<f64>) -> f64 {
    let k = c.nrows();
    if k <= EXACT {
        // The last item always lies in the second half.
        let each = (1..1_usize << (k - 1)).map(|set| {
            let side: Vec<bool> = (0..k).map(|item| set >> item & 1 == 1).collect();
            Sums::of(c, &side).guttman()
        });
        return each.fold(f64::NEG_INFINITY, f64::max);
    }
    // Moving single items between the halves, from the odd and even split and from that by position.
    let climb = |mut side: Vec<bool>| {
        let mut best = Sums::of(c, &side).guttman();
        loop {
            let mut moved = false;
            for item in 0..k {
                side[item] = !side[item];
                let here = Sums::of(c, &side).guttman();
                if here > best + 1e-15 {
                    best = here;
                    moved = true;
                } else {
                    side[item] = !side[item];
                }
            }
            if !moved {
                return best;
            }
        }
    };
    climb((0..k).map(|item| item % 2 == 0).collect()).max(climb((0..k).map(|item| item < k / 2).collect()))
}

/// Reliability over all splits into halves of equal size (or that differ by one item), on the correlations, each
/// as `2 (1 - (Va + Vb) / Vt)`; as `psych::splitHalf`.
///
/// ```
/// use nalgebra::DMatrix;
/// use screening_core::psychometrics::SplitHalf;
///
/// let r = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 } else { 0.4 });
/// let found = SplitHalf::default().fit(&r)?;
/// assert_eq!(found.splits, 10);
/// assert!((found.mean - 0.8).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitHalf {
    /// All splits up to this number, else as many random ones.
    pub most: usize,
    /// Where the random splits start.
    pub seed: u64,
    /// Level of the interval between the quantiles of the splits.
    pub level: f64,
}

impl Default for SplitHalf {
    fn default() -> Self {
        Self { most: 15_000, seed: 1, level: 0.95 }
    }
}

/// One split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HalfSplit {
    /// Its reliability.
    pub reliability: f64,
    /// Positions of the items of the smaller half (of the one with the first item when both are equal).
    pub first: Vec<usize>,
}

/// Reliability over splits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitHalfReport {
    /// Number of splits looked at.
    pub splits: usize,
    /// Whether these are all there are.
    pub all: bool,
    /// Where the random splits started; none when all were taken.
    pub seed: Option<u64>,
    /// The best split.
    pub best: HalfSplit,
    /// The worst split.
    pub worst: HalfSplit,
    /// Mean over splits.
    pub mean: f64,
    /// Lower quantile, median and upper quantile over splits (type 7).
    pub quantiles: (f64, f64, f64),
}

impl SplitHalf {
    /// The splits of a correlation matrix (or of covariances).
    ///
    /// # Errors
    /// Fewer than three items, an option outside its range, a half whose sum does not vary.
    pub fn fit(&self, correlations: &DMatrix<f64>) -> Result<SplitHalfReport, EstimationError> {
        let k = correlations.nrows();
        if k < 3 || correlations.ncols() != k {
            return Err(EstimationError::TooFewItems { method: "split halves", needed: 3, found: k });
        }
        if self.most == 0 {
            return Err(EstimationError::option("most", self.most, "at least one split is needed"));
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(EstimationError::option("level", self.level, "it lies between 0 and 1"));
        }
        let count = distinct_splits(k);
        let all = count.is_some_and(|count| count <= self.most as u64);
        let mut found: Vec<f64> = Vec::new();
        let (mut best, mut worst) = (None, None);
        let mut take = |first: &[usize]| {
            let mut side = vec![false; k];
            first.iter().for_each(|item| side[*item] = true);
            let reliability = Sums::of(correlations, &side).guttman();
            if !reliability.is_finite() {
                return Err(EstimationError::Constant { item: "sum of a half".to_owned() });
            }
            found.push(reliability);
            let split = || Some(HalfSplit { reliability, first: first.to_vec() });
            if best.as_ref().is_none_or(|best: &HalfSplit| reliability > best.reliability) {
                best = split();
            }
            if worst.as_ref().is_none_or(|worst: &HalfSplit| reliability < worst.reliability) {
                worst = split();
            }
            Ok(())
        };
        if all {
            every_split(k, &mut take)?;
        } else {
            let mut random = Stream::new(self.seed, 0);
            let mut items: Vec<usize> = (0..k).collect();
            for _ in 0..self.most {
                // Fisher and Yates's shuffle, as far as the first half.
                for place in 0..k / 2 {
                    items.swap(place, place + random.below(k - place));
                }
                let mut first = items[..k / 2].to_vec();
                first.sort_unstable();
                take(&first)?;
            }
        }
        found.sort_unstable_by(f64::total_cmp);
        let at = |p: f64| quantile(&found, p, QuantileType::Modal).unwrap_or(f64::NAN);
        let tail = (1.0 - self.level) / 2.0;
        let nothing = || EstimationError::TooFewItems { method: "split halves", needed: 3, found: k };
        Ok(SplitHalfReport {
            splits: found.len(),
            all,
            seed: (!all).then_some(self.seed),
            mean: found.iter().sum::<f64>() / found.len() as f64,
            quantiles: (at(tail), at(0.5), at(1.0 - tail)),
            best: best.ok_or_else(nothing)?,
            worst: worst.ok_or_else(nothing)?,
        })
    }
}

/// Number of different splits; none when it does not fit.
fn distinct_splits(k: usize) -> Option<u64> {
    let half = k / 2;
    let mut count: u64 = 1;
    for at in 0..half {
        count = count.checked_mul((k - at) as u64)? / (at as u64 + 1);
    }
    Some(if k.is_multiple_of(2) { count / 2 } else { count })
}

/// All subsets of half the items in order; with an even number those with the first item, so that no split comes twice.
fn every_split(
    k: usize,
    take: &mut impl FnMut(&[usize]) -> Result<(), EstimationError>,
) -> Result<(), EstimationError> {
    let half = k / 2;
    let mut first: Vec<usize> = (0..half).collect();
    loop {
        if k % 2 == 1 || first[0] == 0 {
            take(&first)?;
        }
        let Some(at) = (0..half).rev().find(|at| first[*at] < k - half + at) else { return Ok(()) };
        first[at] += 1;
        for later in at + 1..half {
            first[later] = first[later - 1] + 1;
        }
    }
}

impl SplitHalfReport {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        let splits = self.splits.to_string();
        let seed = self.seed.map(|seed| seed.to_string()).unwrap_or_default();
        let key = if self.all { "reliability.splits-all" } else { "reliability.splits-random" };
        vec![say(key, &[("splits", Fill::Same(&splits)), ("seed", Fill::Same(&seed))])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_splits_are_counted_once() {
        let r = DMatrix::from_fn(5, 5, |i, j| if i == j { 1.0 } else { 0.1 * (i + j) as f64 });
        let found = SplitHalf::default().fit(&r).unwrap();
        assert_eq!((found.splits, found.all), (10, true));
        let r = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 } else { 0.3 });
        assert_eq!(SplitHalf::default().fit(&r).unwrap().splits, 10);
        assert_eq!(distinct_splits(16), Some(6435));
        assert_eq!(distinct_splits(200), None);
    }

    #[test]
    fn random_splits_follow_their_seed() {
        let r = DMatrix::from_fn(24, 24, |i, j| if i == j { 1.0 } else { 0.2 + 0.01 * ((i * j) % 7) as f64 });
        let fit = |seed| SplitHalf { most: 500, seed, level: 0.9 }.fit(&r).unwrap();
        assert_eq!(fit(3), fit(3));
        assert_ne!(fit(3).mean, fit(4).mean);
        assert!((fit(3).mean - fit(4).mean).abs() < 0.01);
        assert!(SplitHalf { most: 0, ..SplitHalf::default() }.fit(&r).is_err());
    }

    #[test]
    fn more_items_than_can_be_split_exactly() {
        // Nine pairs of all but equal items: the best split parts every pair.
        let r = DMatrix::from_fn(18, 18, |i, j| {
            if i == j {
                1.0
            } else if i / 2 == j / 2 {
                0.8
            } else {
                0.2
            }
        });
        let between = 9.0 * (0.8 + 8.0 * 0.2);
        assert!((best_split(&r) - 4.0 * between / r.sum()).abs() < 1e-12);
    }

    #[test]
    fn halves_must_be_halves() {
        let r = DMatrix::from_fn(4, 4, |i, j| if i == j { 1.0 } else { 0.3 });
        assert!(halves(&r, &[]).is_err() && halves(&r, &[0, 1, 2, 3]).is_err());
        assert!(halves(&r, &[0, 0]).is_err() && halves(&r, &[7]).is_err());
        // Equal halves: Horst's correction is Spearman and Brown's.
        let found = halves(&r, &[0, 1]).unwrap();
        assert!((found.horst - found.spearman_brown).abs() < 1e-12);
    }
}
