//! The curve and the area under it.

use serde::{Deserialize, Serialize};

use super::{RocError, share};
use crate::stats::normal_quantile;

/// Which scores speak for the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Positive is a score at or above the cut.
    Higher,
    /// Positive is a score at or below the cut.
    Lower,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One cut with its fourfold table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// An observed score: positive is this score or a worse one. Infinite where nobody is positive.
    pub cut: f64,
    /// With the condition, positive.
    pub true_positive: usize,
    /// Without the condition, positive.
    pub false_positive: usize,
    /// With the condition, negative.
    pub false_negative: usize,
    /// Without the condition, negative.
    pub true_negative: usize,
    /// Share of those with the condition who are positive.
    pub sensitivity: f64,
    /// Share of those without the condition who are negative.
    pub specificity: f64,
}

/// Receiver operating characteristic.
///
/// ```text
/// AUC = P(score with condition worse than without) + P(equal) / 2
/// ```
///
/// The variance is that of DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837, computed from ranks (Sun & Xu 2014) in
/// n log n. Persons without a score or without a known condition are left out and counted.
///
/// ```
/// use screening_core::psychometrics::roc::{Direction, Roc};
/// let scores = [2.0, 9.0, 5.0, 12.0, 4.0, 9.0, f64::NAN];
/// let condition = [false, true, false, true, false, false, true].map(Some);
/// let roc = Roc::fit(&scores, &condition, Direction::Higher)?;
/// assert_eq!((roc.with_condition, roc.without_condition, roc.left_out), (2, 4, 1));
/// assert_eq!(roc.auc, 7.5 / 8.0);
/// # Ok::<(), screening_core::psychometrics::roc::RocError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roc {
    /// Which scores speak for the condition.
    pub direction: Direction,
    /// Persons with the condition.
    pub with_condition: usize,
    /// Persons without the condition.
    pub without_condition: usize,
    /// Persons without a score or without a known condition.
    pub left_out: usize,
    /// Area under the curve.
    pub auc: f64,
    /// Variance of the area.
    pub variance: f64,
    /// All cuts, the mildest (everybody positive) first, nobody positive last.
    pub points: Vec<RocPoint>,
    /// Worse is higher, whatever the direction: with and without the condition.
    #[serde(skip)]
    pub(super) groups: [Vec<f64>; 2],
    /// Share of the other group that each person is worse (better) than.
    #[serde(skip)]
    pub(super) placements: [Vec<f64>; 2],
}

impl Roc {
    /// The curve of one score. NaN is a missing score, none an unknown condition.
    ///
    /// # Errors
    /// Lists of different length, fewer than two persons with or without the condition.
    pub fn fit(scores: &[f64], condition: &[Option<bool>], direction: Direction) -> Result<Self, RocError> {
        if scores.len() != condition.len() {
            return Err(RocError::Lengths { scores: scores.len(), what: "conditions", others: condition.len() });
        }
        let sign = if direction == Direction::Higher { 1.0 } else { -1.0 };
        let mut groups = [Vec::new(), Vec::new()];
        for (score, condition) in scores.iter().zip(condition).filter(|(score, _)| !score.is_nan()) {
            if let Some(condition) = condition {
                groups[usize::from(!condition)].push(sign * score);
            }
        }
        let left_out = scores.len() - groups[0].len() - groups[1].len();
        Self::of_groups(groups, direction, left_out)
    }

    fn of_groups(groups: [Vec<f64>; 2], direction: Direction, left_out: usize) -> Result<Self, RocError> {
        for (group, name) in groups.iter().zip(["persons with the condition", "persons without the condition"]) {
            if group.len() < 2 {
                return Err(RocError::TooFew { group: name, found: group.len(), needed: 2 });
            }
        }
        let [m, n] = [groups[0].len(), groups[1].len()];
        let placements = placements(&groups);
        let auc = placements[0].iter().sum::<f64>() / m as f64;
        let spread =
            |values: &[f64]| values.iter().map(|value| (value - auc).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
        let variance = spread(&placements[0]) / m as f64 + spread(&placements[1]) / n as f64;
        let points = points(&groups, direction);
        Ok(Self {
            direction,
            with_condition: m,
            without_condition: n,
            left_out,
            auc,
            variance,
            points,
            groups,
            placements,
        })
    }

    /// Normal interval of the area, cut off at 0 and 1.
    ///
    /// # Errors
    /// A confidence outside 0 to 1.
    pub fn interval(&self, confidence: f64) -> Result<Interval, RocError> {
        share("confidence", confidence)?;
        let z = normal_quantile(0.5 + confidence / 2.0).unwrap_or(f64::NAN);
        let half = z * self.variance.sqrt();
        Ok(Interval { estimate: self.auc, low: (self.auc - half).max(0.0), high: (self.auc + half).min(1.0) })
    }

    /// Area between two specificities, plain and as McClish's standardised area (0.5 without, 1 with perfect
    /// discrimination). Source: McClish 1989, Med Decis Making 9:190.
    ///
    /// # Errors
    /// Specificities outside 0 to 1 or not ascending.
    pub fn partial_area(&self, low: f64, high: f64) -> Result<(f64, f64), RocError> {
        if !(0.0 <= low && low < high && high <= 1.0) {
            return Err(RocError::Option {
                option: "low",
                value: low,
                allowed: "0 to 1 and below the upper specificity",
            });
        }
        let mut area = 0.0;
        for pair in self.points.windows(2) {
            let [from, to] = pair else { continue };
            let (left, right) = (from.specificity.max(low), to.specificity.min(high));
            if right > left {
                let width = to.specificity - from.specificity;
                let at =
                    |x: f64| from.sensitivity + (to.sensitivity - from.sensitivity) * (x - from.specificity) / width;
                area += (right - left) * f64::midpoint(at(left), at(right));
            }
        }
        let lowest = (high - low) * (1.0 - f64::midpoint(low, high));
        let highest = high - low;
        Ok((area, f64::midpoint(1.0, (area - lowest) / (highest - lowest))))
    }

    /// Share of the persons who have the condition.
    pub fn prevalence(&self) -> f64 {
        self.with_condition as f64 / (self.with_condition + self.without_condition) as f64
    }

    /// The table of the cut `score`: positive is this score or a worse one, whether it was observed or not.
    pub fn at(&self, cut: f64) -> RocPoint {
        let sign = if self.direction == Direction::Higher { 1.0 } else { -1.0 };
        let positive = |group: &[f64]| group.iter().filter(|score| **score >= sign * cut).count();
        point(cut, positive(&self.groups[0]), positive(&self.groups[1]), [self.with_condition, self.without_condition])
    }
}

fn point(cut: f64, true_positive: usize, false_positive: usize, [m, n]: [usize; 2]) -> RocPoint {
    RocPoint {
        cut,
        true_positive,
        false_positive,
        false_negative: m - true_positive,
        true_negative: n - false_positive,
        sensitivity: true_positive as f64 / m as f64,
        specificity: (n - false_positive) as f64 / n as f64,
    }
}

/// For each person the share of the other group on the right side, ties half: sorted once, then read off.
fn placements(groups: &[Vec<f64>; 2]) -> [Vec<f64>; 2] {
    let sorted: Vec<Vec<f64>> = groups
        .iter()
        .map(|group| {
            let mut sorted = group.clone();
            sorted.sort_by(f64::total_cmp);
            sorted
        })
        .collect();
    let below = |value: f64, other: &[f64]| {
        let less = other.partition_point(|score| *score < value);
        let up_to = other.partition_point(|score| *score <= value);
        (less + up_to) as f64 / 2.0 / other.len() as f64
    };
    [
        groups[0].iter().map(|score| below(*score, &sorted[1])).collect(),
        groups[1].iter().map(|score| 1.0 - below(*score, &sorted[0])).collect(),
    ]
}

fn points(groups: &[Vec<f64>; 2], direction: Direction) -> Vec<RocPoint> {
    let sign = if direction == Direction::Higher { 1.0 } else { -1.0 };
    let mut all: Vec<(f64, usize)> =
        groups.iter().enumerate().flat_map(|(which, group)| group.iter().map(move |score| (*score, which))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sizes = [groups[0].len(), groups[1].len()];
    let mut positive = sizes;
    let mut points = Vec::new();
    for chunk in all.chunk_by(|a, b| a.0 == b.0) {
        points.push(point(sign * chunk[0].0, positive[0], positive[1], sizes));
        chunk.iter().for_each(|(_, which)| positive[*which] -= 1);
    }
    points.push(point(sign * f64::INFINITY, 0, 0, sizes));
    points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// By comparing everybody with everybody.
        #[test]
        fn area_is_the_share_of_pairs(scores in proptest::collection::vec((0_i32..12, any::<bool>()), 6..60)) {
            let values: Vec<f64> = scores.iter().map(|(score, _)| f64::from(*score)).collect();
            let condition: Vec<Option<bool>> = scores.iter().map(|(_, condition)| Some(*condition)).collect();
            let Ok(roc) = Roc::fit(&values, &condition, Direction::Higher) else { return Ok(()) };
            let (mut sum, mut pairs) = (0.0, 0.0);
            for (x, _) in scores.iter().filter(|(_, with)| *with) {
                for (y, _) in scores.iter().filter(|(_, with)| !with) {
                    sum += match x.cmp(y) { std::cmp::Ordering::Greater => 1.0, std::cmp::Ordering::Equal => 0.5, std::cmp::Ordering::Less => 0.0 };
                    pairs += 1.0;
                }
            }
            prop_assert!((roc.auc - sum / pairs).abs() < 1e-12);
            // The trapezoids under the points are the same area.
            prop_assert!((roc.partial_area(0.0, 1.0).unwrap().0 - roc.auc).abs() < 1e-12);
            let lower = Roc::fit(&values, &condition, Direction::Lower).unwrap();
            prop_assert!((lower.auc + roc.auc - 1.0).abs() < 1e-12);
            for p in &roc.points {
                prop_assert_eq!(roc.at(p.cut), *p);
            }
        }
    }

    #[test]
    fn what_makes_no_curve_is_refused() {
        let fit = |condition: &[Option<bool>]| Roc::fit(&[1.0, 2.0, 3.0], condition, Direction::Higher);
        assert!(matches!(fit(&[Some(true); 2]), Err(RocError::Lengths { .. })));
        assert!(matches!(fit(&[Some(true); 3]), Err(RocError::TooFew { found: 0, .. })));
        assert!(matches!(fit(&[Some(true), None, Some(false)]), Err(RocError::TooFew { found: 1, .. })));
    }
}
