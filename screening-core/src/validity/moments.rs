//! Means, covariances and correlations of the items of a form, over the pairs of answers that are there.

use super::answers::{Answers, is_answer};
#[cfg(feature = "frame")]
use super::column::BLOCK;
use super::column::{block_of, sum_blocks};
use crate::stats::pairs::{Block, PairTable};

/// Sums over all sheets: for every pair of items, over the sheets that answered both.
///
/// All sums are integers, so the order in which blocks are added does not matter, and the sums of two waves can be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairMoments {
    items: Vec<usize>,
    rows: usize,
    table: PairTable,
}

/// Sums in the making, with the block at hand.
struct Sums {
    moments: PairMoments,
    block: Block,
}

impl Sums {
    fn empty(items: &[usize]) -> Self {
        let moments = PairMoments { items: items.to_vec(), rows: 0, table: PairTable::empty(items.len()) };
        Self { moments, block: Block::new(items.len()) }
    }

    fn add(&mut self, columns: &[&[i8]], start: usize, rows: usize) {
        for (item, column) in columns.iter().enumerate() {
            let codes = block_of(column, start, rows).iter();
            self.block.take(item, codes.clone().map(|code| i16::from(*code)), codes.map(|code| is_answer(*code)));
        }
        self.moments.table.add_block(&self.block, rows);
        self.moments.rows += rows;
    }
}

impl PairMoments {
    /// The sums over the answers to some items.
    pub fn of(answers: &Answers, items: &[usize]) -> Self {
        let columns = answers.columns(items);
        let add = |sums: &mut Sums, range: std::ops::Range<usize>| sums.add(&columns, range.start, range.len());
        let join = |mut a: Sums, b: Sums| {
            a.moments.add(&b.moments);
            a
        };
        sum_blocks(answers.rows(), || Sums::empty(items), add, join).moments
    }

    /// The sums over each of some ranges of sheets, for errors of estimation by leaving out one range at a time.
    #[cfg(feature = "frame")]
    pub(crate) fn of_ranges(answers: &Answers, items: &[usize], ranges: &[std::ops::Range<usize>]) -> Vec<Self> {
        use rayon::prelude::*;

        let columns = answers.columns(items);
        let sums = |range: &std::ops::Range<usize>| {
            let mut sums = Sums::empty(items);
            for start in range.clone().step_by(BLOCK) {
                sums.add(&columns, start, BLOCK.min(range.end - start));
            }
            sums.moments
        };
        ranges.par_iter().map(sums).collect()
    }

    /// The sums of all parts together; none without a part.
    #[cfg(feature = "frame")]
    pub(crate) fn together(parts: &[Self]) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        let mut whole = first.clone();
        rest.iter().for_each(|part| whole.add(part));
        Some(whole)
    }

    /// The sums without those of a part that they hold.
    #[cfg(feature = "frame")]
    pub(crate) fn without(&self, part: &Self) -> Self {
        let mut rest = self.clone();
        rest.rows -= part.rows;
        rest.table.subtract(&part.table);
        rest
    }

    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.table.add(&other.table);
    }

    /// Positions of the items.
    pub fn items(&self) -> &[usize] {
        &self.items
    }

    /// Number of sheets looked at.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of sheets that answered both items (places among [`Self::items`]).
    pub fn n(&self, i: usize, j: usize) -> i64 {
        self.table.n(i, j)
    }

    /// Mean of an item over the sheets that answered it.
    pub fn mean(&self, i: usize) -> f64 {
        self.table.mean(i)
    }

    /// Covariance (n - 1) of two items over the sheets that answered both, with the means of these sheets. NaN with fewer
    /// than two.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        self.table.covariance(i, j)
    }

    /// Variance of an item over the sheets that answered it.
    pub fn variance(&self, i: usize) -> f64 {
        self.covariance(i, i)
    }

    /// Correlation of two items over the sheets that answered both. NaN where one of them does not vary there.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        self.table.correlation(i, j)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    #[test]
    fn pairs_are_taken_from_the_sheets_that_answered_both() {
        let items = vec![AnswerItem::new("1", &[0, 1, 2, 3]), AnswerItem::new("2", &[0, 1, 2, 3])];
        let columns = vec![vec![0, 1, 3, -128, 2], vec![1, 1, 2, 3, -126]];
        let answers = Answers::from_codes(items, columns).unwrap();
        let moments = PairMoments::of(&answers, &[0, 1]);
        assert_eq!((moments.n(0, 0), moments.n(0, 1), moments.rows()), (4, 3, 5));
        assert_eq!(moments.mean(0), 1.5);
        // Over the sheets 0, 1, 2: means 4/3 and 4/3, products 7/3 about them.
        assert!((moments.covariance(0, 1) - (7.0 - 3.0 * 16.0 / 9.0) / 2.0).abs() < 1e-15);
        let (sd0, sd1) = ((14.0_f64 / 3.0 / 2.0).sqrt(), (2.0_f64 / 3.0 / 2.0).sqrt());
        assert!((moments.correlation(0, 1) - moments.covariance(0, 1) / (sd0 * sd1)).abs() < 1e-15);
        assert!(
            PairMoments::of(&Answers::from_codes(vec![AnswerItem::new("1", &[0])], vec![vec![0]]).unwrap(), &[0])
                .variance(0)
                .is_nan()
        );
    }
}
