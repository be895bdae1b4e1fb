//! Means, covariances and correlations of the items of a form, over the pairs of answers that are there.

use super::answers::{Answers, is_answer};
use super::column::{BLOCK, block_of, sum_blocks};

/// Sums over all sheets: for every pair of items, over the sheets that answered both.
///
/// All sums are integers, so the order in which blocks are added does not matter, and the sums of two waves can be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairMoments {
    items: Vec<usize>,
    rows: usize,
    /// `n[i, j]`: sheets that answered both; symmetric.
    n: Vec<i64>,
    /// `sum[i, j]`: sum of item i over the sheets that answered both.
    sum: Vec<i64>,
    /// `squares[i, j]`: sum of the squares of item i over the sheets that answered both.
    squares: Vec<i64>,
    /// `products[i, j]`: sum of the products; symmetric.
    products: Vec<i64>,
}

/// One item in one block: answers with 0 for a gap, and marks of what was answered.
#[derive(Default, Clone)]
struct Lane {
    values: Vec<i16>,
    squares: Vec<i16>,
    marks: Vec<i16>,
    complete: bool,
    sum: i64,
    sum_squares: i64,
}

struct Sums {
    moments: PairMoments,
    lanes: Vec<Lane>,
}

impl PairMoments {
    /// The sums over the answers to some items.
    pub fn of(answers: &Answers, items: &[usize]) -> Self {
        let columns = answers.columns(items);
        let empty = || Sums { moments: Self::empty(items), lanes: vec![Lane::default(); items.len()] };
        let add = |sums: &mut Sums, range: std::ops::Range<usize>| {
            for (lane, column) in sums.lanes.iter_mut().zip(&columns) {
                lane.take(block_of(column, range.start, range.len()));
            }
            sums.moments.add_block(&sums.lanes, range.len());
        };
        let join = |mut a: Sums, b: Sums| {
            a.moments.add(&b.moments);
            a
        };
        sum_blocks(answers.rows(), empty, add, join).moments
    }

    /// The sums over each of some ranges of sheets, for errors of estimation by leaving out one range at a time.
    #[cfg(feature = "frame")]
    pub(crate) fn of_ranges(answers: &Answers, items: &[usize], ranges: &[std::ops::Range<usize>]) -> Vec<Self> {
        use rayon::prelude::*;

        let columns = answers.columns(items);
        let sums = |range: &std::ops::Range<usize>| {
            let mut sums = Sums { moments: Self::empty(items), lanes: vec![Lane::default(); items.len()] };
            for start in range.clone().step_by(BLOCK) {
                let rows = BLOCK.min(range.end - start);
                for (lane, column) in sums.lanes.iter_mut().zip(&columns) {
                    lane.take(block_of(column, start, rows));
                }
                sums.moments.add_block(&sums.lanes, rows);
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
        let all = [
            (&mut rest.n, &part.n),
            (&mut rest.sum, &part.sum),
            (&mut rest.squares, &part.squares),
            (&mut rest.products, &part.products),
        ];
        for (own, less) in all {
            own.iter_mut().zip(less).for_each(|(own, less)| *own -= less);
        }
        rest
    }

    fn empty(items: &[usize]) -> Self {
        let zeros = vec![0; items.len() * items.len()];
        Self {
            items: items.to_vec(),
            rows: 0,
            n: zeros.clone(),
            sum: zeros.clone(),
            squares: zeros.clone(),
            products: zeros,
        }
    }

    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        let all = [
            (&mut self.n, &other.n),
            (&mut self.sum, &other.sum),
            (&mut self.squares, &other.squares),
            (&mut self.products, &other.products),
        ];
        for (own, more) in all {
            own.iter_mut().zip(more).for_each(|(own, more)| *own += more);
        }
    }

    fn add_block(&mut self, lanes: &[Lane], rows: usize) {
        self.rows += rows;
        let k = lanes.len();
        for (i, a) in lanes.iter().enumerate() {
            for (j, b) in lanes.iter().enumerate().take(i + 1) {
                let both = Both::of(a, b, rows);
                let (ij, ji) = (i * k + j, j * k + i);
                self.n[ij] += both.n;
                self.products[ij] += both.products;
                self.sum[ij] += both.sums.0;
                self.squares[ij] += both.squares.0;
                if i != j {
                    self.n[ji] += both.n;
                    self.products[ji] += both.products;
                    self.sum[ji] += both.sums.1;
                    self.squares[ji] += both.squares.1;
                }
            }
        }
    }

    /// Positions of the items.
    pub fn items(&self) -> &[usize] {
        &self.items
    }

    /// Number of sheets looked at.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn at(&self, i: usize, j: usize) -> usize {
        i * self.items.len() + j
    }

    /// Number of sheets that answered both items (places among [`Self::items`]).
    pub fn n(&self, i: usize, j: usize) -> i64 {
        self.n[self.at(i, j)]
    }

    /// Mean of an item over the sheets that answered it.
    pub fn mean(&self, i: usize) -> f64 {
        let at = self.at(i, i);
        self.sum[at] as f64 / self.n[at] as f64
    }

    /// Covariance (n - 1) of two items over the sheets that answered both, with the means of these sheets. NaN with fewer
    /// than two.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        let (at, back) = (self.at(i, j), self.at(j, i));
        let n = i128::from(self.n[at]);
        let numerator = n * i128::from(self.products[at]) - i128::from(self.sum[at]) * i128::from(self.sum[back]);
        numerator as f64 / (n * (n - 1)) as f64
    }

    /// Variance of an item over the sheets that answered it.
    pub fn variance(&self, i: usize) -> f64 {
        self.covariance(i, i)
    }

    /// Correlation of two items over the sheets that answered both. NaN where one of them does not vary there.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let (at, back) = (self.at(i, j), self.at(j, i));
        let n = i128::from(self.n[at]);
        let own = |at: usize| n * i128::from(self.squares[at]) - i128::from(self.sum[at]).pow(2);
        let numerator = n * i128::from(self.products[at]) - i128::from(self.sum[at]) * i128::from(self.sum[back]);
        numerator as f64 / ((own(at) as f64).sqrt() * (own(back) as f64).sqrt())
    }
}

impl Lane {
    fn take(&mut self, codes: &[i8]) {
        self.complete = codes.iter().all(|code| is_answer(*code));
        self.values.clear();
        self.values.extend(codes.iter().map(|code| i16::from(*code) * i16::from(is_answer(*code))));
        self.squares.clear();
        self.squares.extend(self.values.iter().map(|value| value * value));
        self.marks.clear();
        self.marks.extend(codes.iter().map(|code| i16::from(is_answer(*code))));
        self.sum = self.values.iter().map(|value| i64::from(*value)).sum();
        self.sum_squares = self.squares.iter().map(|value| i64::from(*value)).sum();
    }
}

/// What two items have in common in a block.
struct Both {
    n: i64,
    products: i64,
    sums: (i64, i64),
    squares: (i64, i64),
}

impl Both {
    fn of(a: &Lane, b: &Lane, rows: usize) -> Self {
        let products = dot(&a.values, &b.values);
        if a.complete && b.complete {
            let squares = (a.sum_squares, b.sum_squares);
            return Self { n: rows as i64, products, sums: (a.sum, b.sum), squares };
        }
        Self {
            n: dot(&a.marks, &b.marks),
            products,
            sums: (dot(&a.values, &b.marks), dot(&b.values, &a.marks)),
            squares: (dot(&a.squares, &b.marks), dot(&b.squares, &a.marks)),
        }
    }
}

/// Codes lie between -100 and 100 and a block has 2,048 rows, so the sum stays far below the limit of 32 bits.
fn dot(a: &[i16], b: &[i16]) -> i64 {
    i64::from(a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>())
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
