//! What an index gives, and the way over the sheets: block by block, threads by chunk.

/// Sheets of one block. The columns of a block and what is added up over them stay in the cache.
pub(crate) const BLOCK: usize = 2048;

/// One value a sheet.
///
/// The value is NaN where the index cannot say anything of a sheet: nothing was answered, or nothing varies that would
/// have to vary. [`Self::get`] gives `None` there.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexColumn {
    index: &'static str,
    values: Vec<f64>,
}

impl IndexColumn {
    pub(crate) fn new(index: &'static str, values: Vec<f64>) -> Self {
        Self { index, values }
    }

    /// Kind of the index as written in plans, for example `long-string`.
    pub fn index(&self) -> &'static str {
        self.index
    }

    /// The values, NaN where the index cannot say.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of a sheet; `None` where the index cannot say, and beyond the last sheet.
    pub fn get(&self, row: usize) -> Option<f64> {
        self.values.get(row).copied().filter(|value| !value.is_nan())
    }

    /// The quantile of the values that are there, interpolated linearly (type 7 of Hyndman and Fan 1996, the default of
    /// R); `share` is 0.1 for the lowest tenth. `None` without values, or when `share` lies outside 0 to 1.
    ///
    /// ```
    /// use screening_core::validity::{AnswerItem, Answers, MissingShare};
    /// let items = vec![AnswerItem::new("1", &[0, 1]), AnswerItem::new("2", &[0, 1])];
    /// let answers = Answers::from_codes(items, vec![vec![0, 1, -128], vec![1, -128, -128]])?;
    /// assert_eq!(MissingShare.run(&answers).quantile(0.5), Some(0.5));
    /// # Ok::<(), screening_core::validity::ValidityError>(())
    /// ```
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        let mut sorted: Vec<f64> = self.values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let place = share * sorted.len().checked_sub(1)? as f64;
        let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
        Some(below + (above - below) * place.fract())
    }
}

/// Fills one value a sheet. `fill` gets the first row of a block, the scratch room of its thread, and the place to write.
pub(crate) fn over_blocks<T: Send + Clone, S>(
    rows: usize,
    empty: T,
    scratch: impl Fn() -> S + Sync + Send,
    fill: impl Fn(usize, &mut S, &mut [T]) + Sync + Send,
) -> Vec<T> {
    let mut values = vec![empty; rows];
    #[cfg(feature = "frame")]
    {
        use rayon::prelude::*;
        values
            .par_chunks_mut(BLOCK)
            .enumerate()
            .for_each_init(scratch, |scratch, (block, to)| fill(block * BLOCK, scratch, to));
    }
    #[cfg(not(feature = "frame"))]
    {
        let mut scratch = scratch();
        for (block, to) in values.chunks_mut(BLOCK).enumerate() {
            fill(block * BLOCK, &mut scratch, to);
        }
    }
    values
}

/// Adds up over blocks: each thread adds to a sum of its own, and the sums are joined. The sums must be such that the
/// order does not matter: integers.
pub(crate) fn sum_blocks<A: Send>(
    rows: usize,
    empty: impl Fn() -> A + Sync + Send,
    add: impl Fn(&mut A, std::ops::Range<usize>) + Sync + Send,
    join: impl Fn(A, A) -> A + Sync + Send,
) -> A {
    let blocks = rows.div_ceil(BLOCK);
    let range = move |block: usize| block * BLOCK..rows.min((block + 1) * BLOCK);
    #[cfg(feature = "frame")]
    {
        use rayon::prelude::*;
        let fold = |mut sum: A, block: usize| {
            add(&mut sum, range(block));
            sum
        };
        (0..blocks).into_par_iter().fold(&empty, fold).reduce(&empty, join)
    }
    #[cfg(not(feature = "frame"))]
    {
        let _ = &join;
        let mut sum = empty();
        (0..blocks).for_each(|block| add(&mut sum, range(block)));
        sum
    }
}

/// The codes of a block; blank beyond the end of a column, which no caller reaches.
pub(crate) fn block_of(column: &[i8], start: usize, len: usize) -> &[i8] {
    column.get(start..start + len).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_filled_once_whatever_the_number_of_blocks() {
        for rows in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let values = over_blocks(
                rows,
                0_usize,
                || (),
                |start, (), to| {
                    to.iter_mut().enumerate().for_each(|(at, value)| *value += start + at + 1);
                },
            );
            assert_eq!(values, (1..=rows).collect::<Vec<_>>());
            let sum = sum_blocks(rows, || 0_usize, |sum, range| *sum += range.sum::<usize>(), |a, b| a + b);
            assert_eq!(sum, (0..rows).sum::<usize>());
        }
    }

    #[test]
    fn quantiles_are_those_of_type_7() {
        let column = IndexColumn::new("long-string", vec![4.0, f64::NAN, 1.0, 3.0, 2.0]);
        assert_eq!(
            (column.quantile(0.0), column.quantile(0.25), column.quantile(1.0)),
            (Some(1.0), Some(1.75), Some(4.0))
        );
        assert_eq!((column.quantile(1.5), column.get(1), column.get(9)), (None, None, None));
        assert_eq!(IndexColumn::new("long-string", vec![f64::NAN]).quantile(0.5), None);
    }
}
