//! What a norm lets expect, worked out from the results: they hold the norm cell of each pupil with the score, its z and its
//! percentile rank, so that the norm files need not be at hand.

use std::collections::HashMap;

use screening_core::stats::normal_cdf;

use super::Results;
use super::columns::{numbers, texts};
use crate::error::ReportError;

/// The norms of one scale: which cell serves a pupil, and how scores are distributed in each.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    /// By row, the place of the cell.
    pub(crate) cell: Vec<Option<u32>>,
    cells: Vec<Shape>,
    /// Id of the norm set.
    pub(crate) set: String,
}

/// The distribution of one cell.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// Scores with their percentile ranks (percent below and half of the percent at the score), ascending.
    Ranks(Vec<(f64, f64)>),
    /// A normal distribution with the mean and standard deviation of the cell: no more is published of it.
    Normal { mean: f64, sd: f64 },
    /// Too little is known.
    Unknown,
}

impl Norm {
    /// The norms of a scale; none where the results have none.
    pub(crate) fn of(results: &Results, scale: &str) -> Result<Option<Self>, ReportError> {
        let frame = &results.frame;
        let name = |suffix: &str| format!("{scale}.{suffix}");
        if frame.column(&name("norm")).is_err() {
            return Ok(None);
        }
        let Some(scores) = numbers(frame, scale)? else { return Ok(None) };
        let (z, ranks) = (numbers(frame, &name("z"))?, numbers(frame, &name("percentile"))?);
        let (mut places, mut cell): (HashMap<String, u32>, _) = (HashMap::new(), Vec::with_capacity(scores.len()));
        for (own, score) in texts(frame, &name("norm"))?.into_iter().zip(&scores) {
            let next = places.len() as u32;
            cell.push(own.filter(|_| score.is_finite()).map(|own| *places.entry(own).or_insert(next)));
        }
        let pairs = |of: &Option<Vec<f64>>, wanted: u32| -> Vec<(f64, f64)> {
            let rows = cell.iter().zip(&scores).zip(of.iter().flatten());
            let own = rows.filter(|((cell, _), value)| **cell == Some(wanted) && value.is_finite());
            let mut pairs: Vec<(f64, f64)> = own.map(|((_, score), value)| (*score, *value)).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            pairs.dedup_by(|a, b| a.0 == b.0);
            pairs
        };
        let shape = |at: u32| {
            let ranks = pairs(&ranks, at);
            if ranks.len() > 1 { Shape::Ranks(ranks) } else { Shape::of_z(&pairs(&z, at)) }
        };
        let cells = (0..places.len() as u32).map(shape).collect();
        // A cell is named `id@version+hash group`; all cells of a scale are of one set.
        let set = places.keys().next().and_then(|name| name.split('@').next()).unwrap_or_default().to_owned();
        Ok(Some(Self { cell, cells, set }))
    }

    /// The shares of the norm between edges, for the pupils of some rows: the mean over their cells. The outermost bins reach to the
    /// ends of all scores. None where fewer than `least` of these pupils have a norm whose distribution is known.
    pub(crate) fn shares(&self, rows: impl Iterator<Item = usize>, edges: &[f64], least: u64) -> Option<Vec<f64>> {
        let mut counts = vec![0_u64; self.cells.len()];
        for row in rows {
            let at = self.cell.get(row).copied().flatten();
            if let Some(count) = at.and_then(|at| counts.get_mut(at as usize)) {
                *count += 1;
            }
        }
        let known = self.cells.iter().zip(counts).filter(|(cell, count)| **cell != Shape::Unknown && *count > 0);
        let known: Vec<(&Shape, u64)> = known.collect();
        let whole: u64 = known.iter().map(|own| own.1).sum();
        if whole < least.max(1) {
            return None;
        }
        let below =
            |edge: f64| known.iter().map(|(cell, count)| cell.below(edge) * *count as f64).sum::<f64>() / whole as f64;
        let inner: Vec<f64> = edges.iter().map(|edge| below(*edge)).collect();
        let ends = std::iter::once(0.0).chain(inner.iter().copied());
        Some(ends.zip(inner.iter().copied().chain([1.0])).map(|(low, high)| (high - low).max(0.0)).collect())
    }
}

impl Shape {
    /// From scores and their z: `z = (score - mean) / sd`, so two of them tell both.
    fn of_z(pairs: &[(f64, f64)]) -> Self {
        let (Some(first), Some(last)) = (pairs.first(), pairs.last()) else { return Self::Unknown };
        let sd = (last.0 - first.0) / (last.1 - first.1);
        if !(sd.is_finite() && sd > 0.0) {
            return Self::Unknown;
        }
        Self::Normal { mean: sd.mul_add(-first.1, first.0), sd }
    }

    /// Share below an edge between scores: of ranks, by a line between those of the scores on both sides.
    fn below(&self, edge: f64) -> f64 {
        match self {
            Self::Unknown => 0.0,
            Self::Normal { mean, sd } => normal_cdf((edge - mean) / sd),
            Self::Ranks(ranks) => {
                let after = ranks.partition_point(|own| own.0 < edge);
                let before = after.checked_sub(1).and_then(|at| ranks.get(at)).copied();
                // Beyond the scores that are known the ranks end at none and at all, one of their own steps further.
                let step = |pair: Option<&[(f64, f64)]>| match pair {
                    Some([low, high]) => high.0 - low.0,
                    _ => 1.0,
                };
                let (first, last) = (
                    step(ranks.first_chunk::<2>().map(|own| &own[..])),
                    step(ranks.last_chunk::<2>().map(|own| &own[..])),
                );
                let (low, high) = match (before, ranks.get(after).copied()) {
                    (Some(low), Some(high)) => (low, high),
                    (None, Some(high)) => ((high.0 - first, 0.0), high),
                    (Some(low), None) => (low, (low.0 + last, 100.0)),
                    (None, None) => return 0.0,
                };
                let part = if high.0 > low.0 { ((edge - low.0) / (high.0 - low.0)).clamp(0.0, 1.0) } else { 1.0 };
                (high.1 - low.1).mul_add(part, low.1) / 100.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn norm(cells: Vec<Shape>, cell: Vec<Option<u32>>) -> Norm {
        Norm { cell, cells, set: String::new() }
    }

    #[test]
    fn two_z_tell_mean_and_deviation() {
        assert_eq!(Shape::of_z(&[(4.0, -0.5), (10.0, 1.0)]), Shape::Normal { mean: 6.0, sd: 4.0 });
        assert_eq!(Shape::of_z(&[(4.0, -0.5)]), Shape::Unknown);
        assert_eq!(Shape::of_z(&[]), Shape::Unknown);
    }

    #[test]
    fn shares_of_a_norm_sum_to_the_whole_and_follow_the_cells_of_the_pupils() {
        let normal = |mean| Shape::Normal { mean, sd: 2.0 };
        let own = norm(vec![normal(5.0), normal(9.0), Shape::Unknown], vec![Some(0), Some(0), Some(1), Some(2), None]);
        let shares = own.shares(0..5, &[5.0, 9.0], 3).unwrap();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Two thirds have the first norm, of which half lies below 5; of the second, 2.3 %.
        assert!((shares[0] - (2.0 * 0.5 + normal_cdf(-2.0)) / 3.0).abs() < 1e-12);
        assert_eq!(own.shares(0..5, &[5.0, 9.0], 4), None, "only three have a norm that is known");
        assert_eq!(own.shares(3..5, &[5.0], 1), None);
    }

    #[test]
    fn ranks_are_read_between_scores() {
        // Of 10 people 4 have 0, 4 have 1, 2 have 2: ranks 20, 60, 90.
        let own = norm(vec![Shape::Ranks(vec![(0.0, 20.0), (1.0, 60.0), (2.0, 90.0)])], vec![Some(0)]);
        let shares = own.shares(0..1, &[0.5, 1.5], 1).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(shares[0], 0.4) && near(shares[1], 0.35) && near(shares[2], 0.25), "{shares:?}");
        let beyond = own.shares(0..1, &[-3.0, 7.0], 1).unwrap();
        assert!(near(beyond[0], 0.0) && near(beyond[1], 1.0) && near(beyond[2], 0.0));
    }
}
