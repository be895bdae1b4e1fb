//! Sums over pairs of columns of small whole numbers with gaps, over the rows that have both: what covariances and
//! correlations of items are made of.

use std::ops::Range;

use nalgebra::{DMatrix, Dyn};

/// Rows in a block.
pub(crate) const BLOCK: usize = 2048;

/// `k x k` sums each, row by row. `sum[i, j]` and `squares[i, j]` are those of column i where j has a value too.
///
/// All are sums of whole numbers, so they are exact and do not depend on the order in which blocks are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PairTable {
    columns: usize,
    n: Vec<i64>,
    sum: Vec<i64>,
    squares: Vec<i64>,
    products: Vec<i64>,
}

/// All columns in one block: values with 0 for a gap, their squares, and marks of what is there. They are small whole numbers
/// in floating point, so that a product of matrices adds them up; see [`EXACT`].
#[derive(Clone)]
pub(crate) struct Block {
    columns: usize,
    /// Values of all columns, then squares, then marks; [`BLOCK`] places a column.
    numbers: Vec<f32>,
    totals: Vec<Totals>,
}

/// Sums of a column of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    sum: i32,
    squares: i32,
    complete: bool,
}

/// Rows over which single precision adds products up without rounding: 100 * 100 * 1024 stays below 2^24.
const EXACT: usize = 1024;

/// What two columns have in common in some rows.
#[derive(Debug, Default)]
pub(crate) struct Both {
    pub(crate) n: i64,
    pub(crate) products: i64,
    pub(crate) sums: (i64, i64),
    pub(crate) squares: (i64, i64),
}

impl PairTable {
    pub(crate) fn empty(columns: usize) -> Self {
        let zeros = vec![0; columns * columns];
        Self { columns, n: zeros.clone(), sum: zeros.clone(), squares: zeros.clone(), products: zeros }
    }

    /// Adds the sums of other rows of the same columns.
    pub(crate) fn add(&mut self, other: &Self) {
        self.each(other, |own, more| own + more);
    }

    /// Takes away the sums of rows that are among those of this table.
    #[cfg(feature = "frame")]
    pub(crate) fn subtract(&mut self, part: &Self) {
        self.each(part, |own, less| own - less);
    }

    fn each(&mut self, other: &Self, change: impl Fn(i64, i64) -> i64) {
        let all = [
            (&mut self.n, &other.n),
            (&mut self.sum, &other.sum),
            (&mut self.squares, &other.squares),
            (&mut self.products, &other.products),
        ];
        for (own, other) in all {
            own.iter_mut().zip(other).for_each(|(own, other)| *own = change(*own, *other));
        }
    }

    /// Adds the rows of a block, at most [`BLOCK`].
    pub(crate) fn add_block(&mut self, block: &Block, rows: usize) {
        if self.columns == 0 {
            return;
        }
        let complete = block.totals.iter().all(|totals| totals.complete);
        for start in (0..rows.min(BLOCK)).step_by(EXACT) {
            let len = EXACT.min(rows - start);
            self.add_products(block, start, len);
            if !complete {
                self.add_marked(block, start, len);
            }
        }
        if complete {
            self.add_totals(block, rows);
        }
    }

    fn add_products(&mut self, block: &Block, start: usize, len: usize) {
        let products = block.inner(0..self.columns, 0..self.columns, start, len);
        // Of a symmetric matrix rows are columns.
        self.products.iter_mut().zip(&products).for_each(|(own, more)| *own += *more as i64);
    }

    /// Without gaps the sums of a column are those of every pair it is in.
    fn add_totals(&mut self, block: &Block, rows: usize) {
        for (i, totals) in block.totals.iter().enumerate() {
            let row = i * self.columns..(i + 1) * self.columns;
            self.n[row.clone()].iter_mut().for_each(|own| *own += rows as i64);
            self.sum[row.clone()].iter_mut().for_each(|own| *own += i64::from(totals.sum));
            self.squares[row].iter_mut().for_each(|own| *own += i64::from(totals.squares));
        }
    }

    /// Numbers, sums and squares of a column, each where the other column has a mark.
    fn add_marked(&mut self, block: &Block, start: usize, len: usize) {
        let k = self.columns;
        // One column for each column that is added up, one row for each whose marks count.
        let marked = block.inner(MARKS * k..3 * k, 0..3 * k, start, len);
        let parts = [(VALUES, &mut self.sum), (SQUARES, &mut self.squares), (MARKS, &mut self.n)];
        for (part, sums) in parts {
            for (own, more) in sums.chunks_exact_mut(k).zip(marked.columns(part * k, k).column_iter()) {
                own.iter_mut().zip(&more).for_each(|(own, more)| *own += *more as i64);
            }
        }
    }

    pub(crate) fn add_pair(&mut self, i: usize, j: usize, both: &Both) {
        let (at, back) = (self.at(i, j), self.at(j, i));
        self.n[at] += both.n;
        self.products[at] += both.products;
        self.sum[at] += both.sums.0;
        self.squares[at] += both.squares.0;
        if i != j {
            self.n[back] += both.n;
            self.products[back] += both.products;
            self.sum[back] += both.sums.1;
            self.squares[back] += both.squares.1;
        }
    }

    fn at(&self, i: usize, j: usize) -> usize {
        i * self.columns + j
    }

    /// Rows that have both.
    pub(crate) fn n(&self, i: usize, j: usize) -> i64 {
        self.n[self.at(i, j)]
    }

    /// Mean of a column over its values.
    pub(crate) fn mean(&self, i: usize) -> f64 {
        let at = self.at(i, i);
        self.sum[at] as f64 / self.n[at] as f64
    }

    /// `n sum xy - sum x sum y`, exactly; the number of rows with it.
    pub(crate) fn centred(&self, i: usize, j: usize) -> (i128, i128) {
        let (at, back) = (self.at(i, j), self.at(j, i));
        let n = i128::from(self.n[at]);
        (n * i128::from(self.products[at]) - i128::from(self.sum[at]) * i128::from(self.sum[back]), n)
    }

    /// `n sum xx - (sum x)^2` of column i over the rows that have j too.
    pub(crate) fn spread(&self, i: usize, j: usize) -> i128 {
        let at = self.at(i, j);
        i128::from(self.n[at]) * i128::from(self.squares[at]) - i128::from(self.sum[at]).pow(2)
    }

    /// Covariance over n - 1, with the means of the pair; NaN with fewer than two rows.
    pub(crate) fn covariance(&self, i: usize, j: usize) -> f64 {
        let (numerator, n) = self.centred(i, j);
        numerator as f64 / (n * (n - 1)) as f64
    }

    /// Correlation with the means and deviations of the pair; NaN where one of them does not vary.
    pub(crate) fn correlation(&self, i: usize, j: usize) -> f64 {
        let deviation = |i: usize, j: usize| (self.spread(i, j) as f64).sqrt();
        self.centred(i, j).0 as f64 / (deviation(i, j) * deviation(j, i))
    }
}

const VALUES: usize = 0;
const SQUARES: usize = 1;
const MARKS: usize = 2;

impl Block {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns, numbers: vec![0.0; 3 * columns * BLOCK], totals: vec![Totals::default(); columns] }
    }

    /// Takes the rows of a column: values between -100 and 100; a value without a mark counts as 0, whatever it is.
    pub(crate) fn take(&mut self, column: usize, values: impl Iterator<Item = i16>, marks: impl Iterator<Item = bool>) {
        let (own, rest) = self.numbers.split_at_mut(self.columns * BLOCK);
        let (squares, marked) = rest.split_at_mut(self.columns * BLOCK);
        let place = column * BLOCK..(column + 1) * BLOCK;
        let (own, squares, marked) = (&mut own[place.clone()], &mut squares[place.clone()], &mut marked[place]);
        let mut totals = Totals { sum: 0, squares: 0, complete: true };
        let rows = own.iter_mut().zip(squares).zip(marked);
        for (((own, square), mark), (value, there)) in rows.zip(values.zip(marks)) {
            let there = i16::from(there);
            let value = value * there;
            totals.complete &= there == 1;
            totals.sum += i32::from(value);
            totals.squares += i32::from(value * value);
            (*own, *square, *mark) = (f32::from(value), f32::from(value * value), f32::from(there));
        }
        self.totals[column] = totals;
    }

    /// Inner products of some columns with others over some rows.
    fn inner(&self, left: Range<usize>, right: Range<usize>, start: usize, len: usize) -> DMatrix<f32> {
        if [left.len(), right.len(), len].iter().any(|size| *size <= SMALL) {
            let column = |at: usize| &self.numbers[at * BLOCK + start..][..len];
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            return DMatrix::from_fn(left.len(), right.len(), |i, j| {
                dot(column(left.start + i), column(right.start + j))
            });
        }
        let numbers = |first: usize| &self.numbers[first * BLOCK + start..];
        let across = Strided::from_slice_with_strides(numbers(left.start), left.len(), len, BLOCK, 1);
        let down = Strided::from_slice_with_strides(numbers(right.start), len, right.len(), 1, BLOCK);
        across * down
    }
}

/// Up to this size nalgebra multiplies by loops of its own, which read past the end of a view with gaps between its numbers
/// (0.35.0).
const SMALL: usize = 5;

type Strided<'a> = nalgebra::MatrixView<'a, f32, Dyn, Dyn, Dyn, Dyn>;
