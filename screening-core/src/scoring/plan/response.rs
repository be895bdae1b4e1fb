//! Scores from the pattern of answers and known item parameters.

use crate::instrument::model::{ResponseDef, ResponseFigure, RoundMode, Rounding};
use crate::stats::ItemParameters;
use crate::stats::item_response::Curves;

use super::{is_missing, table_index};

/// A code that stands for no answer of the item.
const NONE: u8 = u8::MAX;

/// One item: where its answers stand, and how likely each is at every point of theta.
#[derive(Debug, Clone)]
pub(crate) struct ResponseItem {
    /// Narrow slot.
    pub slot: usize,
    /// Keyed category of each stored code.
    categories: Box<[u8; 256]>,
    count: usize,
    /// Log-probabilities, `[category * points + point]`.
    logs: Vec<f64>,
}

/// Mean (or standard deviation) of the posterior of theta, on a metric, as a whole number of the smallest unit.
///
/// ```text
/// theta = sum of x w(x) / sum of w(x),   ln w(x) = ln prior(x) + sum over answered items of ln P(answer | x)
/// ```
///
/// It is the one place of the plan where doubles are used; the result is rounded before it enters a register.
#[derive(Debug, Clone)]
pub(crate) struct ResponsePlan {
    pub items: Vec<ResponseItem>,
    points: Vec<f64>,
    prior: Vec<f64>,
    min_answered: usize,
    error: bool,
    centre: f64,
    spread: f64,
    unit: f64,
    mode: RoundMode,
    /// Lowest value: all answers lowest.
    pub lo: i64,
    /// Highest value: all answers highest.
    pub hi: i64,
}

/// What stands for a missing answer.
#[derive(Clone, Copy)]
enum Fill {
    Nothing,
    Lowest,
    Highest,
}

impl ResponseItem {
    /// An item with its codes in keyed order.
    pub(crate) fn new(slot: usize, keyed: &[i8], parameters: &ItemParameters, points: &[f64]) -> Self {
        let mut categories = Box::new([NONE; 256]);
        for (category, code) in keyed.iter().enumerate() {
            categories[table_index(*code)] = category as u8;
        }
        let mut curves = Curves::default();
        let mut logs = vec![0.0; keyed.len() * points.len()];
        for (at, point) in points.iter().enumerate() {
            parameters.curves(*point, &mut curves);
            for (category, p) in curves.p.iter().enumerate().take(keyed.len()) {
                // A probability below the smallest double has to stay a number in sums of logarithms.
                logs[category * points.len() + at] = p.max(f64::MIN_POSITIVE).ln();
            }
        }
        Self { slot, categories, count: keyed.len(), logs }
    }
}

impl ResponsePlan {
    /// The points of theta of a definition.
    pub(crate) fn points(definition: &ResponseDef) -> Vec<f64> {
        let grid = definition.grid;
        let step = (grid.to - grid.from) / f64::from(grid.points.max(2) - 1);
        (0..grid.points).map(|at| grid.from + step * f64::from(at)).collect()
    }

    pub(crate) fn new(
        definition: &ResponseDef,
        items: Vec<ResponseItem>,
        min_answered: usize,
        round: Rounding,
    ) -> Self {
        let points = Self::points(definition);
        let z = |x: f64| (x - definition.prior.mean) / definition.prior.sd;
        let prior = points.iter().map(|x| -z(*x).powi(2) / 2.0).collect();
        let mut plan = Self {
            items,
            points,
            prior,
            min_answered,
            error: definition.figure == ResponseFigure::Error,
            centre: definition.metric.mean,
            spread: definition.metric.sd,
            unit: 10.0_f64.powi(i32::from(round.decimals)),
            mode: round.mode,
            lo: i64::MIN,
            hi: i64::MAX,
        };
        let mut work = vec![0.0; plan.points.len()];
        let nobody = |_: usize| crate::answers::Missing::Skipped.code();
        (plan.lo, plan.hi) = if plan.error {
            // A posterior is no wider than its prior: the likelihoods allowed here are log-concave.
            (0, plan.whole(plan.spread * definition.prior.sd) + 1)
        } else {
            (plan.value(&nobody, Fill::Lowest, &mut work), plan.value(&nobody, Fill::Highest, &mut work))
        };
        plan
    }

    /// Room that [`Self::ends`] works in.
    pub(crate) fn room(&self) -> usize {
        self.points.len()
    }

    /// The lowest and the highest value that is still possible, given the code of each slot.
    pub(crate) fn ends(&self, code: &impl Fn(usize) -> i8, work: &mut [f64]) -> (i64, i64) {
        let answered = self.items.iter().filter(|item| !is_missing(code(item.slot))).count();
        if answered >= self.min_answered {
            let value = self.value(code, Fill::Nothing, work);
            return (value, value);
        }
        if self.error {
            return (self.lo, self.hi);
        }
        // Every answer that may still come moves theta up with its category.
        (self.value(code, Fill::Lowest, work), self.value(code, Fill::Highest, work))
    }

    fn value(&self, code: &impl Fn(usize) -> i8, fill: Fill, work: &mut [f64]) -> i64 {
        let n = self.points.len();
        let Some(work) = work.get_mut(..n) else { return self.lo };
        work.copy_from_slice(&self.prior);
        for item in &self.items {
            let category = match (item.categories[table_index(code(item.slot))], fill) {
                (NONE, Fill::Nothing) => continue,
                (NONE, Fill::Lowest) => 0,
                (NONE, Fill::Highest) => item.count - 1,
                (category, _) => usize::from(category),
            };
            let row = &item.logs[category * n..(category + 1) * n];
            work.iter_mut().zip(row).for_each(|(sum, log)| *sum += log);
        }
        let highest = work.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut all, mut mean) = (0.0, 0.0);
        for (weight, point) in work.iter_mut().zip(&self.points) {
            *weight = (*weight - highest).exp();
            all += *weight;
            mean += *weight * point;
        }
        mean /= all;
        if !self.error {
            return self.whole(self.centre + self.spread * mean).clamp(self.lo, self.hi);
        }
        let variance: f64 = work.iter().zip(&self.points).map(|(w, x)| w * (x - mean).powi(2)).sum();
        self.whole(self.spread * (variance / all).sqrt()).clamp(self.lo, self.hi)
    }

    /// In units of the last decimal, rounded by name.
    fn whole(&self, value: f64) -> i64 {
        let scaled = value * self.unit;
        let rounded = match self.mode {
            RoundMode::Floor => scaled.floor(),
            RoundMode::Ceil => scaled.ceil(),
            RoundMode::HalfUp => (scaled + 0.5).floor(),
            RoundMode::HalfEven => scaled.round_ties_even(),
        };
        rounded as i64
    }
}
