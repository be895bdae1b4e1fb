//! How two norm sets differ: what happens to results when one takes the place of the other.

use serde::Serialize;

use crate::instrument::Direction;
use crate::stats::normal_quantile;

use super::continuous::norm_of;
use super::model::{ModelDef, NormCellDef, NormTable};
use super::set::NormSet;

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftOptions {
    /// T scores whose crossing is counted, for scores where higher is worse; mirrored at 50 where higher is better.
    pub thresholds: Vec<f64>,
    /// Level of the interval of the effect size.
    pub level: f64,
}

impl Default for DriftOptions {
    fn default() -> Self {
        Self { thresholds: vec![65.0, 70.0], level: 0.95 }
    }
}

/// Differences between two norm sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// Citation of the earlier set.
    pub earlier: String,
    /// Citation of the later set.
    pub later: String,
    /// Cells that both have.
    pub cells: Vec<CellDrift>,
    /// Cells of the earlier set that the later one lacks, as `<scale> <group>`.
    pub only_earlier: Vec<String>,
    /// Cells of the later set that the earlier one lacks.
    pub only_later: Vec<String>,
    /// Scales whose scores come from different definitions: their differences may be those of the key.
    pub definitions: Vec<String>,
}

/// One cell in both sets. What cannot be computed from what the files say is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellDrift {
    /// Column of the score.
    pub scale: String,
    /// The group.
    pub group: String,
    /// Numbers of people.
    pub n: [Option<u64>; 2],
    /// Means.
    pub mean: [Option<f64>; 2],
    /// Standard deviations.
    pub sd: [Option<f64>; 2],
    /// Later mean minus earlier mean.
    pub difference: Option<f64>,
    /// Hedges' g: the difference over the pooled SD, corrected for small numbers; positive = higher now.
    pub effect: Option<f64>,
    /// Interval of the effect.
    pub effect_interval: Option<[f64; 2]>,
    /// Later SD over earlier SD.
    pub sd_ratio: Option<f64>,
    /// Largest distance between the two cumulative distributions (Kolmogorov-Smirnov), 0 to 1.
    pub distance: Option<f64>,
    /// Largest change of the normalised T of a raw score that both sets convert.
    pub t_shift: Option<f64>,
    /// Share of people at or beyond a T of the earlier norm, then and now.
    pub crossing: Vec<Crossing>,
}

/// The share of people beyond a T score of the earlier norm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Crossing {
    /// T score.
    pub t: f64,
    /// Raw score at which the earlier norm reaches it.
    pub raw: f64,
    /// Share of the earlier people, percent.
    pub earlier: f64,
    /// Share of the later people, percent.
    pub later: f64,
}

/// Compares two norm sets cell by cell.
///
/// ```
/// use screening_core::norms::{DriftOptions, NormSet, drift};
/// let set = |year: u16, mean: f64| NormSet::from_toml(&format!(r#"
///     schema = 1
///     id = "example-{year}"
///     version = "1.0.0"
///     name = {{ en = "example", zh-CN = "示例" }}
///     kind = "published"
///     population = {{ en = "pupils", zh-CN = "学生" }}
///     year = {year}
///     [[scales]]
///     id = "phq-9.total"
///     direction = "higher-worse"
///     source = "S1"
///     [[cells]]
///     scale = "phq-9.total"
///     n = 100
///     mean = {mean}
///     sd = 5
///     [sources.S1]
///     cite = "a paper"
///     kind = "paper"
/// "#));
/// let report = drift(&set(2024, 6.0)?, &set(2026, 8.5)?, &DriftOptions::default());
/// let effect = report.cells[0].effect.unwrap();
/// assert!((effect - 0.5 * (1.0 - 3.0 / (4.0 * 198.0 - 1.0))).abs() < 1e-12);
/// # Ok::<(), screening_core::instrument::Diagnostics>(())
/// ```
pub fn drift(earlier: &NormSet, later: &NormSet, options: &DriftOptions) -> DriftReport {
    let name = |cell: &NormCellDef| format!("{} {}", cell.scale, cell.group);
    let usable =
        |set: &NormSet| set.definition().cells.iter().filter(|cell| cell.unusable.is_none()).cloned().collect();
    let (old, new): (Vec<NormCellDef>, Vec<NormCellDef>) = (usable(earlier), usable(later));
    let partner = |cell: &NormCellDef, others: &[NormCellDef]| {
        others.iter().position(|other| other.scale == cell.scale && other.group == cell.group)
    };
    let mut report = DriftReport {
        earlier: earlier.citation(),
        later: later.citation(),
        cells: Vec::new(),
        only_earlier: Vec::new(),
        only_later: new.iter().filter(|cell| partner(cell, &old).is_none()).map(name).collect(),
        definitions: Vec::new(),
    };
    for cell in &old {
        match partner(cell, &new).and_then(|at| new.get(at)) {
            Some(other) => {
                let direction = earlier.scale(&cell.scale).map_or(Direction::HigherWorse, |scale| scale.direction);
                report.cells.push(compare(cell, other, direction, options));
            }
            None => report.only_earlier.push(name(cell)),
        }
    }
    for scale in &earlier.definition().scales {
        let other = later.scale(&scale.id).and_then(|other| other.definition.as_ref());
        if scale.definition.as_ref().zip(other).is_some_and(|(a, b)| a != b) {
            report.definitions.push(scale.id.clone());
        }
    }
    report
}

fn compare(old: &NormCellDef, new: &NormCellDef, direction: Direction, options: &DriftOptions) -> CellDrift {
    let mean = [old, new].map(|cell| cell.mean.map(crate::stats::Decimal::to_f64));
    let sd = [old, new].map(|cell| cell.sd.map(crate::stats::Decimal::to_f64));
    let people = [old, new].map(|cell| cell.n_effective.or(cell.n.map(|n| n as f64)));
    let (effect, effect_interval) = hedges(mean, sd, people, options.level).unzip();
    let tables = old.table.as_ref().zip(new.table.as_ref());
    CellDrift {
        scale: old.scale.clone(),
        group: old.group.to_string(),
        n: [old.n, new.n],
        mean,
        sd,
        difference: mean[0].zip(mean[1]).map(|(old, new)| new - old),
        effect,
        effect_interval,
        sd_ratio: sd[0].zip(sd[1]).map(|(old, new)| new / old),
        distance: tables.and_then(|(old, new)| distance(old, new)),
        t_shift: tables
            .and_then(|(old, new)| table_shift(old, new))
            .or_else(|| old.model.as_ref().zip(new.model.as_ref()).map(|(old, new)| model_shift(old, new))),
        crossing: options.thresholds.iter().filter_map(|t| crossing(old, new, *t, direction)).collect(),
    }
}

/// Hedges' g and its interval (Hedges and Olkin 1985, ch. 5).
fn hedges(mean: [Option<f64>; 2], sd: [Option<f64>; 2], n: [Option<f64>; 2], level: f64) -> Option<(f64, [f64; 2])> {
    let ([Some(m1), Some(m2)], [Some(s1), Some(s2)], [Some(n1), Some(n2)]) = (mean, sd, n) else { return None };
    let free = n1 + n2 - 2.0;
    if free < 1.0 {
        return None;
    }
    let pooled = (((n1 - 1.0) * s1 * s1 + (n2 - 1.0) * s2 * s2) / free).sqrt();
    let g = (m2 - m1) / pooled * (1.0 - 3.0 / (4.0 * free - 1.0));
    let error = ((n1 + n2) / (n1 * n2) + g * g / (2.0 * (n1 + n2))).sqrt();
    let q = normal_quantile(f64::midpoint(1.0, level))?;
    Some((g, [g - q * error, g + q * error]))
}

/// Percent of people at or below a raw score.
fn at_or_below(table: &NormTable, raw: f64) -> Option<f64> {
    (!table.cumulative.is_empty()).then(|| {
        let after = table.raw.partition_point(|value| *value <= raw);
        after.checked_sub(1).and_then(|at| table.cumulative.get(at).copied()).unwrap_or(0.0)
    })
}

fn distance(old: &NormTable, new: &NormTable) -> Option<f64> {
    let scores = old.raw.iter().chain(&new.raw);
    let gaps: Option<Vec<f64>> =
        scores.map(|raw| Some((at_or_below(old, *raw)? - at_or_below(new, *raw)?).abs() / 100.0)).collect();
    gaps.map(|gaps| gaps.into_iter().fold(0.0, f64::max))
}

fn table_shift(old: &NormTable, new: &NormTable) -> Option<f64> {
    let shift = |(raw, t): (&f64, &f64)| {
        let at = new.raw.iter().position(|other| other == raw)?;
        new.t.get(at).map(|other| other - t)
    };
    old.raw.iter().zip(&old.t).filter_map(shift).max_by(|a, b| a.abs().total_cmp(&b.abs()))
}

/// At the ends and the middle of the axis that both models cover, over the whole scores of the earlier one.
fn model_shift(old: &ModelDef, new: &ModelDef) -> f64 {
    let (from, to) = (old.from.max(new.from), old.to.min(new.to));
    let mut largest = 0.0_f64;
    for at in [from, f64::midpoint(from, to), to] {
        let mut raw = old.min_raw;
        while raw <= old.max_raw {
            let shift = norm_of(new, raw, at).0 - norm_of(old, raw, at).0;
            if shift.abs() > largest.abs() {
                largest = shift;
            }
            raw += 1.0_f64.max((old.max_raw - old.min_raw) / 200.0);
        }
    }
    largest
}

/// The share beyond a T of the earlier norm. The T is normalised where the earlier cell has a table, else linear.
fn crossing(old: &NormCellDef, new: &NormCellDef, t: f64, direction: Direction) -> Option<Crossing> {
    let (then, now) = (old.table.as_ref()?, new.table.as_ref()?);
    let better = direction == Direction::HigherBetter;
    let t = if better { 100.0 - t } else { t };
    let beyond = |own: f64| if better { own <= t } else { own >= t };
    let mut reaching = then.raw.iter().zip(&then.t).filter(|(_, own)| beyond(**own)).map(|(raw, _)| *raw);
    let raw = if better { reaching.next_back() } else { reaching.next() }?;
    let share = |table: &NormTable| {
        if better {
            return at_or_below(table, raw);
        }
        let before = table.raw.iter().rev().find(|value| **value < raw).copied();
        before.map_or(Some(100.0), |before| at_or_below(table, before).map(|percent| 100.0 - percent))
    };
    Some(Crossing { t, raw, earlier: share(then)?, later: share(now)? })
}
