//! One cell from counts.

use crate::stats::{
    Block, Decimal, Moments, PlottingPosition, log_linear_selected, normal_quantile, weighted_quantile, wilson,
};

use super::super::model::{NormCellDef, NormGroup, NormTable, OmitReason, PercentileDef};
use super::finish::{LocalOptions, LocalScale};
use super::state::{Counts, blocks};

/// More possible scores than this are not laid out as a table of all of them.
const LARGEST_GRID: f64 = 2_000.0;

/// The cell of one score in one group, or why there is none.
pub(super) fn cell(
    scale: &LocalScale,
    group: &NormGroup,
    enrolled: u64,
    counts: &Counts,
    weighted: bool,
    options: &LocalOptions,
) -> Result<NormCellDef, OmitReason> {
    let blocks = blocks(counts, weighted);
    let mut moments = Moments::default();
    blocks.iter().for_each(|block| moments.push_block(block.value, block.n, block.weight));
    if moments.n() < options.min_n.max(2) {
        return Err(OmitReason::TooFew);
    }
    let (Some(mean), Some(sd)) = (moments.mean(), moments.sd().filter(|sd| *sd > 0.0)) else {
        return Err(OmitReason::NoSpread);
    };
    let (Some(mean_text), Some(sd_text)) = (decimal(mean), decimal(sd)) else { return Err(OmitReason::NoSpread) };
    let n = moments.n() as f64;
    let effective = if weighted { kish(counts) } else { n };
    // 1 - n/N: with everyone tested there is no sampling error left.
    let remaining = if options.finite_population { (1.0 - n / enrolled.max(moments.n()) as f64).max(0.0) } else { 1.0 };
    let (table, smoothing) = table(scale, &blocks, effective, options);
    Ok(NormCellDef {
        scale: scale.id.clone(),
        group: group.clone(),
        n: Some(moments.n()),
        n_effective: weighted.then_some(effective),
        enrolled: options.finite_population.then_some(enrolled),
        mean: Some(mean_text),
        sd: Some(sd_text),
        mean_se: Some(sd / effective.sqrt() * remaining.sqrt()),
        skew: moments.skew(),
        kurtosis: moments.kurtosis(),
        smoothing,
        percentiles: percentiles(&blocks, effective / remaining, options),
        table,
        model: None,
        unusable: None,
    })
}

/// To nine decimals: as exact as the format holds, and T scores from it can be rounded without doubt.
fn decimal(value: f64) -> Option<Decimal> {
    (9..=9).chain((0..9).rev()).find_map(|digits| format!("{value:.digits$}").parse().ok())
}

/// Kish's effective number of people, `(sum w)^2 / sum w^2`.
fn kish(counts: &Counts) -> f64 {
    let total: f64 = counts.values().map(|tally| tally.weight.to_f64()).sum();
    let square: f64 = counts.values().map(|tally| tally.square.to_f64()).sum();
    total * total / square
}

/// Percentiles with Woodruff's intervals (1952, JASA 47:635): the limits of the share, by Wilson, carried over to scores.
fn percentiles(blocks: &[Block], effective: f64, options: &LocalOptions) -> Vec<PercentileDef> {
    let q = normal_quantile(f64::midpoint(1.0, options.level)).unwrap_or(0.0);
    let entry = |p: &f64| {
        let share = p / 100.0;
        let (low, high) = wilson(share, effective, q);
        Some(PercentileDef {
            p: *p,
            value: weighted_quantile(blocks, share)?,
            low: weighted_quantile(blocks, low),
            high: weighted_quantile(blocks, high),
        })
    };
    options.percentiles.iter().filter_map(entry).collect()
}

/// The conversion table, and the degree of its smoothing.
fn table(
    scale: &LocalScale,
    blocks: &[Block],
    effective: f64,
    options: &LocalOptions,
) -> (Option<NormTable>, Option<u8>) {
    let total: f64 = blocks.iter().map(|block| block.weight).sum();
    let observed = || (blocks.iter().map(|b| b.value).collect(), blocks.iter().map(|b| b.weight / total).collect());
    let Some(grid) = grid(scale, blocks) else {
        let (raw, shares): (Vec<f64>, Vec<f64>) = observed();
        return (Some(rows(&raw, &shares, effective, options.position)), None);
    };
    let shares: Vec<f64> = grid
        .iter()
        .map(|raw| blocks.iter().find(|block| block.value == *raw).map_or(0.0, |block| block.weight / total))
        .collect();
    if options.max_degree >= 2 {
        // Smoothed as if the effective number of people had answered: that many carry the information.
        let frequencies: Vec<f64> = shares.iter().map(|share| share * effective).collect();
        if let Ok(smooth) = log_linear_selected(&frequencies, usize::from(options.max_degree)) {
            let fitted: f64 = smooth.fitted.iter().sum();
            let shares: Vec<f64> = smooth.fitted.iter().map(|f| f / fitted).collect();
            return (Some(rows(&grid, &shares, effective, options.position)), Some(smooth.degree as u8));
        }
    }
    // Scores that nobody had lie between or beside the others; beyond the ends nothing is known of them.
    let first = shares.iter().position(|share| *share > 0.0).unwrap_or(0);
    let last = shares.iter().rposition(|share| *share > 0.0).unwrap_or(0);
    let (grid, shares) = (grid.get(first..=last).unwrap_or_default(), shares.get(first..=last).unwrap_or_default());
    (Some(rows(grid, shares, effective, options.position)), None)
}

/// All whole scores of the range, where all scores are whole; none otherwise.
fn grid(scale: &LocalScale, blocks: &[Block]) -> Option<Vec<f64>> {
    let ends = |low: f64, block: &Block| (low.min(block.value), low.max(block.value));
    let low = blocks.iter().fold(f64::INFINITY, |low, block| ends(low, block).0);
    let high = blocks.iter().fold(f64::NEG_INFINITY, |high, block| ends(high, block).1);
    let (low, high) = scale.range.map_or((low, high), |(from, to)| (from.min(low), to.max(high)));
    let whole = low.fract() == 0.0 && high.fract() == 0.0 && blocks.iter().all(|block| block.value.fract() == 0.0);
    (whole && high - low <= LARGEST_GRID).then(|| (0..=(high - low) as i64).map(|step| low + step as f64).collect())
}

/// Percentile rank (mid-rank), cumulative percent, and T of the rank by its plotting position. `n` people say nothing of ranks
/// beyond the first and the last of them: there the T of that rank is given, as "at most" or "at least".
fn rows(raw: &[f64], shares: &[f64], n: f64, position: PlottingPosition) -> NormTable {
    let mut table = NormTable { raw: raw.to_vec(), ..NormTable::default() };
    let (lowest, highest) = (position.proportion(1.0, n), position.proportion(n, n));
    // Rounding of the sums must not turn the first and the last person into outsiders.
    let slack = 1e-9 / n;
    let mut below = 0.0_f64;
    for (at, (raw, share)) in raw.iter().zip(shares).enumerate() {
        let middle = below + share / 2.0;
        below += share;
        table.percentile.push((100.0 * middle).min(100.0));
        table.cumulative.push(if at + 1 == shares.len() { 100.0 } else { (100.0 * below).min(100.0) });
        // The mean rank of the people at this score is n times the middle, plus one half.
        let proportion = position.proportion(n * middle + 0.5, n);
        if proportion < lowest - slack {
            table.at_most.push(*raw);
        } else if proportion > highest + slack {
            table.at_least.push(*raw);
        }
        let z = normal_quantile(proportion.clamp(lowest, highest));
        table.t.push(z.map_or(50.0, |z| 10.0f64.mul_add(z, 50.0)));
    }
    table
}
