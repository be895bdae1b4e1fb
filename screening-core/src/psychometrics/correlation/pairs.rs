//! Sums over pairs of items: exact, over the persons who answered both.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::super::{EstimationError, Responses};
use crate::stats::pairs::{BLOCK, Block, Both, PairTable};

/// Numbers, sums, squares and products of every pair of items, over the persons who answered both.
///
/// All are sums of whole numbers, so they are exact and do not depend on the order in which blocks are added.
#[derive(Debug, Clone, PartialEq)]
pub struct PairSums {
    names: Vec<String>,
    persons: usize,
    /// A code near the middle of each item; the sums are about it.
    origin: Vec<i16>,
    sums: PairTable,
}

impl PairSums {
    /// Sums over all persons.
    pub fn of(responses: &Responses) -> Self {
        Self::over(responses, None)
    }

    /// Sums over some persons (a mark for each).
    pub(crate) fn over(responses: &Responses, keep: Option<&[bool]>) -> Self {
        let k = responses.items();
        let ends: Vec<(i16, i16)> = (0..k).into_par_iter().map(|item| ends(responses.raw(item))).collect();
        let origin: Vec<i16> = ends.iter().map(|(low, high)| i16::midpoint(*low, *high)).collect();
        let narrow = ends.iter().all(|(low, high)| i32::from(*high) - i32::from(*low) <= 200);
        let blocks: Vec<usize> = (0..responses.persons()).step_by(BLOCK).collect();
        let add = |(mut sums, mut block): (PairTable, Block), start: &usize| {
            let range = *start..(*start + BLOCK).min(responses.persons());
            if narrow {
                for (item, origin) in origin.iter().enumerate() {
                    let keep = keep.map(|keep| &keep[range.clone()]);
                    take(&mut block, item, &responses.raw(item)[range.clone()], *origin, keep);
                }
                sums.add_block(&block, range.len());
            } else {
                add_wide(&mut sums, responses, &origin, range, keep);
            }
            (sums, block)
        };
        let sums = blocks
            .par_iter()
            .with_min_len(8)
            .fold(|| (PairTable::empty(k), Block::new(k)), add)
            .map(|(sums, _)| sums)
            .reduce(
                || PairTable::empty(k),
                |mut sums, more| {
                    sums.add(&more);
                    sums
                },
            );
        let persons = keep.map_or(responses.persons(), |keep| keep.iter().filter(|kept| **kept).count());
        Self { names: responses.names().to_vec(), persons, origin, sums }
    }

    /// Names of the items.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.names.len()
    }

    /// Number of persons looked at, whether they answered or not.
    pub fn persons(&self) -> usize {
        self.persons
    }

    fn inside(&self, i: usize, j: usize) -> bool {
        i < self.items() && j < self.items()
    }

    /// Persons who answered both items; 0 outside the table.
    pub fn n(&self, i: usize, j: usize) -> u64 {
        if self.inside(i, j) { self.sums.n(i, j) as u64 } else { 0 }
    }

    /// Mean of an item; NaN when nobody answered it, and outside the table.
    pub fn mean(&self, item: usize) -> f64 {
        if !self.inside(item, item) {
            return f64::NAN;
        }
        f64::from(self.origin[item]) + self.sums.mean(item)
    }

    /// Covariance over n - 1, with the means of the pair; NaN with fewer than two persons.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        if !self.inside(i, j) {
            return f64::NAN;
        }
        self.sums.covariance(i, j)
    }

    /// Pearson's correlation with the means and deviations of the pair; NaN where one item does not vary.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        if !self.inside(i, j) {
            return f64::NAN;
        }
        if i == j && self.sums.spread(i, j) > 0 {
            return 1.0;
        }
        self.sums.correlation(i, j)
    }

    /// All covariances, pairwise.
    ///
    /// # Errors
    /// An item that does not vary, a pair that nobody answered.
    pub fn covariances(&self) -> Result<DMatrix<f64>, EstimationError> {
        self.matrix(Self::covariance)
    }

    /// All correlations, pairwise. They differ from the covariances divided by the deviations as soon as an answer is
    /// missing.
    ///
    /// # Errors
    /// An item that does not vary, a pair that nobody answered or where an item does not vary.
    pub fn correlations(&self) -> Result<DMatrix<f64>, EstimationError> {
        self.matrix(Self::correlation)
    }

    fn matrix(&self, figure: impl Fn(&Self, usize, usize) -> f64) -> Result<DMatrix<f64>, EstimationError> {
        let k = self.items();
        let mut matrix = DMatrix::zeros(k, k);
        for i in 0..k {
            self.varies(i)?;
            for j in 0..=i {
                let value = figure(self, i, j);
                if !value.is_finite() {
                    let (first, second) = (self.names[j].clone(), self.names[i].clone());
                    return Err(EstimationError::NoPairs { first, second, found: self.n(i, j) });
                }
                (matrix[(i, j)], matrix[(j, i)]) = (value, value);
            }
        }
        Ok(matrix)
    }

    fn varies(&self, item: usize) -> Result<(), EstimationError> {
        if self.sums.spread(item, item) > 0 {
            return Ok(());
        }
        Err(EstimationError::Constant { item: self.names[item].clone() })
    }
}

fn ends(codes: &[i16]) -> (i16, i16) {
    let answered = codes.iter().filter(|code| **code != Responses::MISSING);
    answered
        .fold(None, |ends: Option<(i16, i16)>, code| {
            Some(ends.map_or((*code, *code), |(low, high)| (low.min(*code), high.max(*code))))
        })
        .unwrap_or((0, 0))
}

/// The block of an item about its origin.
fn take(block: &mut Block, item: usize, codes: &[i16], origin: i16, keep: Option<&[bool]>) {
    // Only the code of a gap can overflow, and a gap counts as 0.
    let values = codes.iter().map(|code| code.wrapping_sub(origin));
    let answered = codes.iter().map(|code| *code != Responses::MISSING);
    match keep {
        None => block.take(item, values, answered),
        Some(keep) => block.take(item, values, answered.zip(keep).map(|(answered, keep)| answered && *keep)),
    }
}

/// Codes too far apart for products of 16 bits.
fn add_wide(
    sums: &mut PairTable,
    responses: &Responses,
    origin: &[i16],
    range: std::ops::Range<usize>,
    keep: Option<&[bool]>,
) {
    for i in 0..origin.len() {
        for j in 0..=i {
            let mut both = Both::default();
            for person in range.clone() {
                let (a, b) = (responses.raw(i)[person], responses.raw(j)[person]);
                if a == Responses::MISSING || b == Responses::MISSING || keep.is_some_and(|keep| !keep[person]) {
                    continue;
                }
                let (a, b) = (i64::from(a) - i64::from(origin[i]), i64::from(b) - i64::from(origin[j]));
                both.n += 1;
                both.products += a * b;
                both.sums = (both.sums.0 + a, both.sums.1 + b);
                both.squares = (both.squares.0 + a * a, both.squares.1 + b * b);
            }
            sums.add_pair(i, j, &both);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn direct(rows: &[[Option<i64>; 2]]) -> (f64, f64) {
        let both: Vec<(f64, f64)> =
            rows.iter().filter_map(|[a, b]| Some((a.map(|a| a as f64)?, b.map(|b| b as f64)?))).collect();
        let n = both.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
        let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
        let sum = |of: &dyn Fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>();
        let xy = sum(&|p| (p.0 - mx) * (p.1 - my));
        let (xx, yy) = (sum(&|p| (p.0 - mx).powi(2)), sum(&|p| (p.1 - my).powi(2)));
        (xy / (n - 1.0), xy / (xx * yy).sqrt())
    }

    fn code(widest: i64) -> impl Strategy<Value = Option<i64>> {
        prop_oneof![4 => (-widest..=widest).prop_map(Some), 1 => Just(None)]
    }

    proptest! {
        #[test]
        fn pairs_are_those_who_answered_both(
            rows in prop::collection::vec([code(4), code(9)], 3..60),
            wide in prop::collection::vec([code(32_767), code(300)], 3..60),
        ) {
            for rows in [rows, wide] {
                let sums = PairSums::of(&Responses::from_rows(["a", "b"], &rows).unwrap());
                let (covariance, correlation) = direct(&rows);
                let close = |own: f64, theirs: f64| (own.is_nan() && !theirs.is_finite()) || own.is_nan()
                    || (own - theirs).abs() <= 1e-9 * (1.0 + theirs.abs());
                prop_assert!(close(sums.covariance(0, 1), covariance), "{} {covariance}", sums.covariance(0, 1));
                prop_assert!(close(sums.correlation(1, 0), correlation), "{} {correlation}", sums.correlation(1, 0));
                prop_assert_eq!(sums.n(0, 1), rows.iter().filter(|[a, b]| a.is_some() && b.is_some()).count() as u64);
            }
        }
    }

    #[test]
    fn blocks_add_up_and_persons_can_be_left_out() {
        let n = 3 * BLOCK + 17;
        let rows: Vec<[Option<i64>; 2]> =
            (0..n as i64).map(|i| [Some(i % 5), (i % 11 != 0).then_some((i * i) % 7)]).collect();
        let responses = Responses::from_rows(["a", "b"], &rows).unwrap();
        let (covariance, _) = direct(&rows);
        assert!((PairSums::of(&responses).covariance(0, 1) - covariance).abs() < 1e-12);
        let keep: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
        let kept: Vec<[Option<i64>; 2]> = rows.iter().step_by(3).copied().collect();
        let some = PairSums::over(&responses, Some(&keep));
        assert!((some.covariance(0, 1) - direct(&kept).0).abs() < 1e-12);
        assert_eq!(some.persons(), kept.len());
    }

    #[test]
    fn what_has_no_covariance_is_named() {
        let rows = [[Some(1), Some(2), None], [Some(1), Some(3), Some(1)], [Some(1), None, Some(2)]];
        let sums = PairSums::of(&Responses::from_rows(["a", "b", "c"], &rows).unwrap());
        assert_eq!(sums.covariances(), Err(EstimationError::Constant { item: "a".to_owned() }));
        let rows = [[Some(2), None], [Some(3), Some(1)], [None, Some(2)]];
        let sums = PairSums::of(&Responses::from_rows(["b", "c"], &rows).unwrap());
        assert!(matches!(sums.correlations(), Err(EstimationError::NoPairs { found: 1, .. })));
    }
}
