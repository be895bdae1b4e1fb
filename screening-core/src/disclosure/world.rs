//! A possible world: another population that gives the same release.

use std::collections::BTreeMap;

use super::cells::{Cell, State};
use super::rule::Rule;

/// How a world differs from the true one.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// People more or fewer, by kind.
    pub(super) kinds: BTreeMap<u32, i64>,
    /// Counts more or fewer, by cell.
    pub(super) cells: BTreeMap<u32, i64>,
}

impl World {
    /// The difference in a cell.
    pub(super) fn cell(&self, cell: u32) -> i64 {
        self.cells.get(&cell).copied().unwrap_or(0)
    }

    /// The difference in the people of a kind.
    pub(super) fn kind(&self, kind: u32) -> i64 {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }

    /// Takes `times` steps.
    pub(super) fn apply(&mut self, step: &Step, times: i64) {
        for (kind, sign) in &step.kinds {
            *self.kinds.entry(*kind).or_default() += sign * times;
        }
        for (cell, change) in &step.cells {
            *self.cells.entry(*cell).or_default() += change * times;
        }
    }
}

/// One change: people of some kinds more, of others fewer, and what it does to the cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) kinds: Vec<(u32, i64)>,
    pub(super) cells: Vec<(u32, i64)>,
}

/// The counts that give the same mark as this cell. A cell that is shown (or a zero that would have to be withheld) has its
/// own count alone. With `same_mark` a suppressed cell tells nothing but that it is suppressed.
pub(super) fn room(cell: &Cell, rule: Rule, same_mark: bool) -> (i64, i64) {
    const UNBOUNDED: i64 = i64::MAX / 4;
    let (threshold, lowest) = (i64::from(rule.threshold), rule.lowest());
    match cell.state {
        State::Shown if cell.locked || cell.count < threshold => (cell.count, cell.count),
        // What was released earlier bears the mark it was given then.
        State::Small if cell.locked || !same_mark => (lowest, threshold - 1),
        State::Withheld if cell.count < threshold => (lowest, UNBOUNDED),
        _ if same_mark && !cell.locked => (lowest, UNBOUNDED),
        // What is shown may be withheld; then every count from the threshold on gives that mark.
        State::Small | State::Shown | State::Withheld => (threshold, UNBOUNDED),
    }
}
