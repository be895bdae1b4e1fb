//! Even-odd consistency.

use super::answers::{Answers, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};
use super::error::ValidityError;

/// Even-odd consistency: do the two halves of each scale tell the same story?
///
/// ```text
/// e_s, o_s = mean keyed answer of the 2nd, 4th, ... and of the 1st, 3rd, ... item of scale s
/// r        = correlation of e and o over the scales;  r' = max(-1, 2 r / (1 + r))
/// index    = -r'
/// ```
///
/// A scale with no answer in one half is left out. NaN with fewer than two scales left, or where one half does not vary
/// over the scales (a pupil with the same mean everywhere).
///
/// Unit: -1 (consistent) to 1. Higher is worse. Source: Jackson 1976, as described by Johnson 2005; figures and sign as
/// `careless::evenodd` from version 1.2.0. Published limit: inconsistent above -0.30, that is a consistency below .30 (Johnson
/// 2005, J Res Pers 39:103). With few scales the correlation rests on few points, and a pupil whose scales are all alike
/// has nothing to correlate: at least three scales are needed here, and the default plan takes the 99th percentile of the
/// wave.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, EvenOdd};
/// let items: Vec<AnswerItem> = (1..=6).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2, 3])).collect();
/// let index = EvenOdd::new(vec![vec![0, 1], vec![2, 3], vec![4, 5]])?;
/// let consistent = Answers::from_codes(items.clone(), [0, 0, 1, 1, 3, 3].map(|code| vec![code]).to_vec())?;
/// assert_eq!(index.run(&consistent).get(0), Some(-1.0));
/// let random = Answers::from_codes(items, [0, 3, 1, 1, 3, 0].map(|code| vec![code]).to_vec())?;
/// assert_eq!(index.run(&random).get(0), Some(1.0));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvenOdd {
    scales: Vec<Vec<usize>>,
}

/// Sums of one half of one scale, in a block.
#[derive(Default, Clone)]
struct Half {
    sum: Vec<i32>,
    n: Vec<i32>,
    mean: Vec<f64>,
}

impl EvenOdd {
    /// Kind as written in plans.
    pub const KIND: &'static str = "even-odd";

    /// The index over scales, each the positions of its items in the order of the form.
    ///
    /// # Errors
    /// With fewer than three scales of at least two items: the correlation of two points is always 1 or -1.
    pub fn new(scales: Vec<Vec<usize>>) -> Result<Self, ValidityError> {
        let usable = scales.iter().filter(|items| items.len() >= 2).count();
        if usable < 3 || usable < scales.len() {
            let allowed = "three or more scales of two or more items each";
            return Err(ValidityError::parameter(
                Self::KIND,
                "scales",
                format!("{usable} usable of {}", scales.len()),
                allowed,
            ));
        }
        Ok(Self { scales })
    }

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        let halves = self.scales.len() * 2;
        let values = over_blocks(
            answers.rows(),
            f64::NAN,
            || vec![Half::default(); halves],
            |start, halves, to| {
                for (scale, pair) in self.scales.iter().zip(halves.chunks_mut(2)) {
                    for (parity, half) in pair.iter_mut().enumerate() {
                        half.take(answers, scale.iter().skip(parity).step_by(2), start, to.len());
                    }
                }
                for (lane, to) in to.iter_mut().enumerate() {
                    let pairs = halves.chunks(2).filter_map(|pair| match pair {
                        [odd, even] => Some((*even.mean.get(lane)?, *odd.mean.get(lane)?)),
                        _ => None,
                    });
                    *to = -spearman_brown(correlation(pairs));
                }
            },
        );
        IndexColumn::new(Self::KIND, values)
    }
}

impl Half {
    fn take<'a>(&mut self, answers: &Answers, items: impl Iterator<Item = &'a usize>, start: usize, len: usize) {
        for sums in [&mut self.sum, &mut self.n] {
            sums.clear();
            sums.resize(len, 0);
        }
        for item in items {
            let Some(own) = answers.items().get(*item) else { continue };
            // The keyed answer is sign * code + shift.
            let (shift, sign) = (i32::from(own.keyed(0)), i32::from(own.keyed(1)) - i32::from(own.keyed(0)));
            let codes = block_of(answers.column(*item), start, len);
            for ((sum, n), code) in self.sum.iter_mut().zip(&mut self.n).zip(codes) {
                let answered = i32::from(is_answer(*code));
                *sum += (shift + sign * i32::from(*code)) * answered;
                *n += answered;
            }
        }
        self.mean.clear();
        self.mean.extend(self.sum.iter().zip(&self.n).map(|(sum, n)| f64::from(*sum) / f64::from(*n)));
    }
}

/// Product-moment correlation of the pairs that are complete. NaN with fewer than two, or where a side does not vary:
/// equal means are equal doubles here, since both are quotients of small integers.
fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let pairs = pairs.filter(|(x, y)| !x.is_nan() && !y.is_nan());
    let (mut n, mut sums) = (0.0, (0.0, 0.0));
    let mut first: Option<(f64, f64)> = None;
    let mut varies = (false, false);
    for (x, y) in pairs.clone() {
        n += 1.0;
        sums = (sums.0 + x, sums.1 + y);
        let (a, b) = *first.get_or_insert((x, y));
        varies = (varies.0 || x != a, varies.1 || y != b);
    }
    if varies != (true, true) {
        return f64::NAN;
    }
    let (mean_x, mean_y) = (sums.0 / n, sums.1 / n);
    let mut products = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (dx, dy) = (x - mean_x, y - mean_y);
        products = (products.0 + dx * dx, products.1 + dy * dy, products.2 + dx * dy);
    }
    (products.2 / (products.0 * products.1).sqrt()).clamp(-1.0, 1.0)
}

/// The correlation of a half with the other, stepped up to the whole, and not below -1.
fn spearman_brown(r: f64) -> f64 {
    if r.is_nan() { r } else { (2.0 * r / (1.0 + r)).max(-1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    #[test]
    fn reversed_items_are_keyed_before_the_halves_are_compared() {
        let plain = |id: usize| AnswerItem::new(id.to_string(), &[0, 1, 2, 3]);
        let items = (0..6).map(|id| if id % 2 == 1 { plain(id).reversed() } else { plain(id) }).collect();
        let answers = Answers::from_codes(items, [0, 3, 1, 2, 3, 0].map(|code| vec![code]).to_vec()).unwrap();
        let index = EvenOdd::new(vec![vec![0, 1], vec![2, 3], vec![4, 5]]).unwrap();
        assert_eq!(index.run(&answers).get(0), Some(-1.0));
    }

    #[test]
    fn a_half_that_does_not_vary_says_nothing() {
        let items = (0..6).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2, 3])).collect();
        let answers = Answers::from_codes(items, [1, 1, 2, 1, 0, 1].map(|code| vec![code]).to_vec()).unwrap();
        let index = EvenOdd::new(vec![vec![0, 1], vec![2, 3], vec![4, 5]]).unwrap();
        assert_eq!(index.run(&answers).get(0), None);
        assert!(EvenOdd::new(vec![vec![0, 1], vec![2, 3]]).is_err());
        assert!(EvenOdd::new(vec![vec![0, 1], vec![2, 3], vec![4]]).is_err());
    }

    #[test]
    fn the_floor_of_the_correction_is_minus_one() {
        assert_eq!(spearman_brown(-1.0), -1.0);
        assert_eq!(spearman_brown(-0.9), -1.0);
        assert!((spearman_brown(0.5) - 2.0 / 3.0).abs() < 1e-15);
    }
}
