//! A possible world: another population that gives the same release.

use super::component::Component;
use super::search::Step;

/// How a world differs from the true one.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// People more or fewer, by stratum and value.
    people: Vec<i64>,
    /// Counts more or fewer, by cell.
    cells: Vec<i64>,
    moved: Vec<usize>,
    changed: Vec<u32>,
}

impl World {
    pub(super) fn of(component: &Component) -> Self {
        Self {
            people: vec![0; component.count.len()],
            cells: vec![0; component.cells.len()],
            moved: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// The difference in a cell.
    pub(super) fn cell(&self, cell: u32) -> i64 {
        self.cells.get(cell as usize).copied().unwrap_or(0)
    }

    /// The difference in people.
    pub(super) fn people(&self, at: usize) -> i64 {
        self.people.get(at).copied().unwrap_or(0)
    }

    /// Cells that may differ.
    pub(super) fn changed(&self) -> &[u32] {
        &self.changed
    }

    /// Takes `times` steps.
    pub(super) fn apply(&mut self, step: &Step, times: i64, values: usize) {
        for (stratum, sign) in &step.corners {
            let base = *stratum as usize * values;
            for (at, change) in [(base + step.left, -sign * times), (base + step.taken, sign * times)] {
                if let Some(slot) = self.people.get_mut(at) {
                    *slot += change;
                    self.moved.push(at);
                }
            }
        }
        for (cell, change) in &step.cells {
            if let Some(slot) = self.cells.get_mut(*cell as usize) {
                *slot += change * times;
                self.changed.push(*cell);
            }
        }
    }

    /// Who moved, and how many.
    pub(super) fn moves(&self) -> Vec<(usize, i64)> {
        let mut moved = self.moved.clone();
        moved.sort_unstable();
        moved.dedup();
        moved.into_iter().map(|at| (at, self.people(at))).filter(|(_, change)| *change != 0).collect()
    }

    /// The world in which these people moved: its cells are counted anew, from the people alone.
    pub(super) fn replay(&mut self, component: &Component, moves: &[(usize, i64)]) {
        self.clear();
        for (at, change) in moves {
            let (stratum, value) = (at / component.values.max(1), at % component.values.max(1));
            for group in component.groups_of.get(stratum).into_iter().flatten() {
                for part in component.parts_of.get(value).into_iter().flatten() {
                    let Some(cell) = component.cell(*group, *part) else { continue };
                    if let Some(slot) = self.cells.get_mut(cell as usize) {
                        *slot += change;
                        self.changed.push(cell);
                    }
                }
            }
        }
    }

    /// Back to the true world.
    pub(super) fn clear(&mut self) {
        for at in self.moved.drain(..) {
            if let Some(slot) = self.people.get_mut(at) {
                *slot = 0;
            }
        }
        for cell in self.changed.drain(..) {
            if let Some(slot) = self.cells.get_mut(cell as usize) {
                *slot = 0;
            }
        }
    }
}
