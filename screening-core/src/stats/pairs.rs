//! Sums over pairs of columns of small whole numbers with gaps, over the rows that have both: what covariances and
//! correlations of items are made of.

/// Rows in a block: the codes of a hundred columns stay in the second cache, and [`dot`] cannot overflow.
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

/// One column in one block: values with 0 for a gap, and marks of what is there.
#[derive(Default, Clone)]
pub(crate) struct Lane {
    values: Vec<i16>,
    squares: Vec<i16>,
    marks: Vec<i16>,
    complete: bool,
    sum: i64,
    sum_squares: i64,
}

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

    /// Adds a block of at most [`BLOCK`] rows, one lane a column.
    pub(crate) fn add_block(&mut self, lanes: &[Lane], rows: usize) {
        for (i, a) in lanes.iter().enumerate() {
            for (j, b) in lanes.iter().enumerate().take(i + 1) {
                self.add_pair(i, j, &Both::of(a, b, rows));
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

impl Lane {
    /// Takes a block of values between -100 and 100; a value without a mark counts as 0, whatever it is.
    pub(crate) fn take(&mut self, values: impl Iterator<Item = i16>, marks: impl Iterator<Item = bool>) {
        self.marks.clear();
        self.marks.extend(marks.map(i16::from));
        self.complete = self.marks.iter().all(|mark| *mark == 1);
        self.values.clear();
        self.values.extend(values.zip(&self.marks).map(|(value, mark)| value * mark));
        self.squares.clear();
        self.squares.extend(self.values.iter().map(|value| value * value));
        self.sum = self.values.iter().map(|value| i64::from(*value)).sum();
        self.sum_squares = self.squares.iter().map(|value| i64::from(*value)).sum();
    }
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

/// Values lie between -100 and 100 and a block has 2,048 rows, so the sum stays far below the limit of 32 bits. The
/// compiler makes multiply-and-add instructions of 16 bits of it.
fn dot(a: &[i16], b: &[i16]) -> i64 {
    i64::from(a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>())
}
