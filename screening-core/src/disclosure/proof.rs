//! Two possible worlds for each small cell of a component, and what has to be withheld for them.

use super::cells::{Cell, State};
use super::component::Component;
use super::search::{Aim, Found, Search, Way};
use super::world::World;

/// Two worlds between which some cells are open.
struct Proof {
    /// Who moved: stratum and value, people more or fewer.
    up: Vec<(usize, i64)>,
    down: Vec<(usize, i64)>,
    /// Small cells that are open between them.
    opens: Vec<u32>,
    /// What was withheld for it.
    cost: u64,
}

/// A cell that cannot be opened, and how far it can.
pub(super) struct Unprotected {
    pub(super) cell: u32,
    pub(super) width: i64,
}

/// What of a component is shown.
pub(super) struct Protected {
    pub(super) cells: Vec<Cell>,
    /// The narrowest width to which a small cell can be told.
    pub(super) narrowest: Option<i64>,
}

/// Withholds what has to be withheld. The cells of the component may be locked beforehand.
pub(super) fn protect(component: &Component) -> Result<Protected, Unprotected> {
    let mut own = Protector {
        component,
        cells: component.cells.clone(),
        search: Search::new(component),
        up: World::of(component),
        down: World::of(component),
        proofs: Vec::new(),
        opened: vec![0; component.cells.len()],
    };
    let mut targets: Vec<u32> = (0..own.cells.len() as u32).filter(|at| own.is_target(*at)).collect();
    // The widest first: what is withheld for them serves the finer ones, and what lies below a small cell is small as well.
    targets.sort_by_key(|at| (own.cells.get(*at as usize).map(|cell| std::cmp::Reverse(cell.cost)), *at));
    for target in &targets {
        if own.opened.get(*target as usize) == Some(&0) {
            own.open(*target)?;
        }
    }
    own.prune();
    let narrowest = own.audit(&targets)?;
    Ok(Protected { cells: own.cells, narrowest })
}

struct Protector<'a> {
    component: &'a Component,
    cells: Vec<Cell>,
    search: Search<'a>,
    up: World,
    down: World,
    proofs: Vec<Proof>,
    /// By cell, the proofs that open it.
    opened: Vec<u32>,
}

impl Protector<'_> {
    /// Whether a cell has to be open: it is suppressed for its own count, now or earlier.
    fn is_target(&self, at: u32) -> bool {
        self.cells.get(at as usize).is_some_and(|cell| cell.need > 0 && cell.state != State::Shown)
    }

    fn open(&mut self, target: u32) -> Result<(), Unprotected> {
        let need = self.cells.get(target as usize).map_or(0, |cell| cell.need);
        // Telling which suppressed cells are small helps readers, and attackers. Where it leaves too little open, some marks
        // tell nothing.
        let found = self.widen(target, need, false).or_else(|_| self.widen(target, need, true));
        let cost = found.map_err(|width| Unprotected { cell: target, width })?;
        let mut opens = Vec::new();
        for at in self.up.changed().iter().chain(self.down.changed()) {
            let width = (self.up.cell(*at) - self.down.cell(*at)).abs();
            let enough = self.is_target(*at) && self.cells.get(*at as usize).is_some_and(|cell| width >= cell.need);
            if enough && !opens.contains(at) {
                opens.push(*at);
            }
        }
        for at in &opens {
            if let Some(slot) = self.opened.get_mut(*at as usize) {
                *slot += 1;
            }
        }
        self.proofs.push(Proof { up: self.up.moves(), down: self.down.moves(), opens, cost });
        Ok(())
    }

    /// Finds two worlds that are far enough apart and gives what was withheld for them; the width reached when there are none.
    fn widen(&mut self, target: u32, need: i64, blank: bool) -> Result<u64, i64> {
        self.up.clear();
        self.down.clear();
        let (mut before, mut cost) = (Vec::new(), 0_u64);
        loop {
            let width = self.up.cell(target) - self.down.cell(target);
            if width >= need {
                return Ok(cost);
            }
            let mut best: Option<(Way, Found)> = None;
            for (way, world) in [(Way::Up, &self.up), (Way::Down, &self.down)] {
                let aim = Aim { target, way, need: need - width, blank };
                let Some(found) = self.search.best(&self.cells, aim, world) else { continue };
                let free = found.cost == 0;
                if best.as_ref().is_none_or(|(_, known)| found.beats(known)) {
                    best = Some((way, found));
                }
                if free {
                    break;
                }
            }
            let Some((way, found)) = best else {
                // Nothing is withheld for a protection that does not work.
                for (at, cell) in before.into_iter().rev() {
                    if let Some(slot) = self.cells.get_mut(at as usize) {
                        *slot = cell;
                    }
                }
                return Err(width);
            };
            if found.cost > 0 {
                self.search.remember(&found.step);
            }
            cost = cost.saturating_add(found.cost);
            let values = self.component.values;
            let world = match way {
                Way::Up => &mut self.up,
                Way::Down => &mut self.down,
            };
            world.apply(&found.step, found.times, values);
            for (at, _) in &found.step.cells {
                let now = world.cell(*at);
                let Some(cell) = self.cells.get_mut(*at as usize) else { continue };
                let changed = fits(cell, now, self.component);
                if changed.state != cell.state || changed.blank != cell.blank {
                    before.push((*at, std::mem::replace(cell, changed)));
                }
            }
        }
    }

    /// Drops proofs that others make needless, those that withhold most first, and shows again what none of the rest needs.
    fn prune(&mut self) {
        let mut order: Vec<usize> = (0..self.proofs.len()).collect();
        order.retain(|at| self.proofs.get(*at).is_some_and(|proof| proof.cost > 0));
        order.sort_by_key(|at| (self.proofs.get(*at).map(|proof| std::cmp::Reverse(proof.cost)), *at));
        let mut dropped = vec![false; self.proofs.len()];
        for at in order {
            let Some(proof) = self.proofs.get(at) else { continue };
            if proof.opens.iter().all(|cell| self.opened.get(*cell as usize).is_some_and(|proofs| *proofs > 1)) {
                for cell in &proof.opens {
                    if let Some(slot) = self.opened.get_mut(*cell as usize) {
                        *slot -= 1;
                    }
                }
                if let Some(slot) = dropped.get_mut(at) {
                    *slot = true;
                }
            }
        }
        let mut at = 0;
        self.proofs.retain(|_| {
            at += 1;
            dropped.get(at - 1) != Some(&true)
        });
        let withheld = |cell: &Cell| cell.state == State::Withheld && !cell.locked;
        for cell in self.cells.iter_mut().filter(|cell| !cell.locked) {
            cell.blank = false;
            if withheld(cell) {
                cell.state = State::Shown;
            }
        }
        let mut world = World::of(self.component);
        for proof in &self.proofs {
            for moves in [&proof.up, &proof.down] {
                world.replay(self.component, moves);
                for at in world.changed() {
                    let now = world.cell(*at);
                    if let Some(cell) = self.cells.get_mut(*at as usize).filter(|_| now != 0) {
                        *cell = fits(cell, now, self.component);
                    }
                }
            }
        }
    }

    /// Checks every proof from its people alone, and that every small cell has one; gives the narrowest width.
    fn audit(&self, targets: &[u32]) -> Result<Option<i64>, Unprotected> {
        let mut widest = vec![0_i64; self.cells.len()];
        let (mut up, mut down) = (World::of(self.component), World::of(self.component));
        for proof in &self.proofs {
            up.replay(self.component, &proof.up);
            down.replay(self.component, &proof.down);
            if !self.is_possible(&proof.up, &up) || !self.is_possible(&proof.down, &down) {
                continue;
            }
            for at in &proof.opens {
                let width = (up.cell(*at) - down.cell(*at)).abs();
                if let Some(slot) = widest.get_mut(*at as usize) {
                    *slot = width.max(*slot);
                }
            }
        }
        let mut narrowest: Option<i64> = None;
        for target in targets {
            let width = widest.get(*target as usize).copied().unwrap_or(0);
            if self.cells.get(*target as usize).is_none_or(|cell| width < cell.need) {
                return Err(Unprotected { cell: *target, width });
            }
            narrowest = Some(narrowest.map_or(width, |known| known.min(width)));
        }
        Ok(narrowest)
    }

    /// Whether a world has whole people only, as many of whom the same is known as there are, and gives the same release.
    fn is_possible(&self, moves: &[(usize, i64)], world: &World) -> bool {
        let component = self.component;
        let people = |(at, change): &(usize, i64)| component.count.get(*at).is_some_and(|count| count + change >= 0);
        let mut kept = std::collections::BTreeMap::new();
        for (at, change) in moves {
            *kept.entry(at / component.values).or_insert(0_i64) += change;
        }
        let same = |at: &u32| {
            let now = world.cell(*at);
            now == 0
                || self.cells.get(*at as usize).is_some_and(|cell| {
                    let (lowest, highest) = cell.room(component.rule);
                    cell.state != State::Shown && (lowest..=highest).contains(&(cell.count + now))
                })
        };
        moves.iter().all(people) && kept.values().all(|change| *change == 0) && world.changed().iter().all(same)
    }
}

/// How a cell has to be shown so that this difference does not show.
fn fits(cell: &Cell, difference: i64, component: &Component) -> Cell {
    let mut cell = cell.clone();
    if cell.state == State::Shown && !cell.locked {
        cell.state = State::Withheld;
    }
    let (lowest, highest) = cell.room(component.rule);
    if !(lowest..=highest).contains(&(cell.count + difference)) && !cell.locked {
        cell.blank = true;
    }
    cell
}
