//! Quantiles by name, and quantiles of weighted counts.

/// The nine sample quantiles of Hyndman and Fan (1996, The American Statistician 50:361), numbered as in R.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuantileType {
    /// Inverse of the empirical distribution function.
    Inverse = 1,
    /// As 1, averaged at jumps.
    InverseAveraged = 2,
    /// Nearest even order statistic (SAS).
    NearestEven = 3,
    /// Linear interpolation of the empirical distribution function.
    Linear = 4,
    /// Midpoints of its steps (hydrologists).
    Midpoint = 5,
    /// Expected position of uniform order statistics (SPSS, Minitab).
    Expected = 6,
    /// Modal position (R, numpy, Excel).
    Modal = 7,
    /// Median-unbiased.
    MedianUnbiased = 8,
    /// Unbiased for the normal distribution.
    NormalUnbiased = 9,
}

/// Differences this small are the rounding of `n p`, not a distance between order statistics; R uses the same.
const FUZZ: f64 = 4.0 * f64::EPSILON;

/// Quantile `p` of values in ascending order; none without values or for a `p` outside 0 to 1.
///
/// ```
/// use screening_core::stats::{QuantileType, quantile};
/// let values = [1.0, 1.0, 2.6, 3.0, 3.5, 4.0, 5.0, 5.0, 7.9, 8.9, 9.0];
/// assert_eq!(quantile(&values, 0.25, QuantileType::Modal), Some(2.8));
/// assert_eq!(quantile(&values, 0.25, QuantileType::Expected), Some(2.6));
/// ```
pub fn quantile(sorted: &[f64], p: f64, kind: QuantileType) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let n = sorted.len() as f64;
    let (whole, part) = match kind {
        QuantileType::Inverse | QuantileType::InverseAveraged | QuantileType::NearestEven => jump(n, p, kind),
        _ => {
            let (a, b) = match kind {
                QuantileType::Linear => (0.0, 1.0),
                QuantileType::Midpoint => (0.5, 0.5),
                QuantileType::Expected => (0.0, 0.0),
                QuantileType::MedianUnbiased => (1.0 / 3.0, 1.0 / 3.0),
                QuantileType::NormalUnbiased => (0.375, 0.375),
                _ => (1.0, 1.0),
            };
            let at = a + p * (n + 1.0 - a - b);
            let whole = (at + FUZZ).floor();
            let part = at - whole;
            (whole, if part.abs() < FUZZ { 0.0 } else { part })
        }
    };
    let order = |at: f64| {
        let at = at.clamp(1.0, n) as usize;
        sorted.get(at - 1).copied()
    };
    let (low, high) = (order(whole)?, order(whole + 1.0)?);
    Some(if part == 0.0 {
        low
    } else if part == 1.0 {
        high
    } else {
        low + part * (high - low)
    })
}

/// Position and share of the next order statistic for the types that jump.
fn jump(n: f64, p: f64, kind: QuantileType) -> (f64, f64) {
    let at = if kind == QuantileType::NearestEven { n * p - 0.5 } else { n * p };
    let whole = (at + FUZZ).floor();
    let above = at > whole;
    let part = match kind {
        QuantileType::Inverse => f64::from(u8::from(above)),
        QuantileType::InverseAveraged => f64::midpoint(f64::from(u8::from(above)), 1.0),
        _ => f64::from(u8::from(at != whole || whole % 2.0 != 0.0)),
    };
    (whole, part)
}

/// Equal values: the value, how many, and their weight together (the number, where there are no weights).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// The value.
    pub value: f64,
    /// How many.
    pub n: u64,
    /// Sum of their weights, in the same unit in all blocks.
    pub weight: f64,
}

/// Quantile `p` (type 7) of weighted blocks in ascending order of values, each with at least one value.
///
/// The order statistic k stands at `W_(k-1) / W_(n-1)`, with W the sum of weights up to it (rule `hf7` of Lumley's survey
/// package); equal values share their mean weight, so that no order among them matters. With equal weights it is R's type 7.
///
/// ```
/// use screening_core::stats::{Block, weighted_quantile};
/// let blocks = [Block { value: 1.0, n: 2, weight: 2.0 }, Block { value: 4.0, n: 2, weight: 2.0 }];
/// assert_eq!(weighted_quantile(&blocks, 0.5), Some(2.5));
/// ```
pub fn weighted_quantile(blocks: &[Block], p: f64) -> Option<f64> {
    let last = blocks.last()?;
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    let total: f64 = blocks.iter().map(|block| block.weight).sum();
    let span = total - last.weight / last.n as f64;
    if span <= 0.0 {
        return Some(last.value);
    }
    let target = p * span;
    let fuzz = FUZZ * span;
    let mut below = 0.0;
    let mut previous: Option<(f64, f64)> = None;
    for block in blocks {
        // First and last of the equal values, in the same unit as the target.
        let (first, end) = (below, below + block.weight - block.weight / block.n as f64);
        if target <= first + fuzz {
            return Some(match previous {
                Some((at, value)) if target < first - fuzz && first > at => {
                    value + (target - at) / (first - at) * (block.value - value)
                }
                _ => block.value,
            });
        }
        if target <= end + fuzz {
            return Some(block.value);
        }
        previous = Some((end, block.value));
        below += block.weight;
    }
    Some(last.value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_comes_from_nothing() {
        assert_eq!(quantile(&[], 0.5, QuantileType::Modal), None);
        assert_eq!(quantile(&[1.0], 1.5, QuantileType::Modal), None);
        assert_eq!(quantile(&[1.0], f64::NAN, QuantileType::Modal), None);
        assert_eq!(weighted_quantile(&[], 0.5), None);
    }

    proptest! {
        #[test]
        fn equal_weights_give_type_seven(mut values in prop::collection::vec(0_i8..9, 1..60), p in 0.0..=1.0_f64, w in 0.3..4.0_f64) {
            values.sort_unstable();
            let sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let mut blocks: Vec<Block> = Vec::new();
            for value in &sorted {
                match blocks.last_mut() {
                    Some(block) if block.value == *value => (block.n, block.weight) = (block.n + 1, block.weight + w),
                    _ => blocks.push(Block { value: *value, n: 1, weight: w }),
                }
            }
            let expected = quantile(&sorted, p, QuantileType::Modal).unwrap();
            prop_assert!((weighted_quantile(&blocks, p).unwrap() - expected).abs() < 1e-9);
        }

        #[test]
        fn quantiles_rise(mut values in prop::collection::vec(-9.0..9.0_f64, 1..40), p in 0.0..=1.0_f64, q in 0.0..=1.0_f64) {
            values.sort_by(f64::total_cmp);
            let kinds = [QuantileType::Inverse, QuantileType::Linear, QuantileType::Expected, QuantileType::MedianUnbiased];
            for kind in kinds {
                prop_assert!(quantile(&values, p.min(q), kind) <= quantile(&values, p.max(q), kind));
            }
        }
    }
}
