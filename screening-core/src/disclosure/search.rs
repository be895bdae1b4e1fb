//! The search for possible worlds: exchanges of one property between people who differ in others.
//!
//! A pupil of class 1 moves from "soon" to "none" while one of class 2 moves the other way: every margin stays, and only the
//! four cells of the square change. Squares, their products over a further dimension (cubes), exchanges between people who
//! differ in several dimensions, and single moves are tried; the one that withholds least is taken.

use super::cells::State;
use super::engine::Engine;
use super::world::{Step, World, room};

/// People that are tried for one exchange.
const BASES: usize = 4;
/// Groups they may move to.
const TARGETS: usize = 3;
/// Partners that differ in one dimension.
const PARTNERS: usize = 8;
/// Partners of each dimension that are tried in pairs.
const PAIRED: usize = 3;
/// People who differ in several dimensions, before and after in the order they were added.
const NEIGHBOURS: usize = 100;
/// Below this nothing cheaper is looked for among people who differ in several dimensions.
const CHEAP: u64 = 64;

/// Which way a cell is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// What is to be changed, in which world, and the best step so far.
pub(super) struct Search<'a> {
    pub(super) target: u32,
    pub(super) way: Way,
    pub(super) world: &'a World,
    /// How far at most.
    pub(super) need: i64,
    pub(super) best: Option<Found>,
}

/// A step that works.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) step: Step,
    pub(super) times: i64,
    pub(super) cost: u64,
}

impl Found {
    /// Cheaper for what it gives.
    pub(super) fn beats(&self, other: &Self) -> bool {
        let own = u128::from(self.cost) * other.times as u128;
        let others = u128::from(other.cost) * self.times as u128;
        own < others || (own == others && self.times > other.times)
    }
}

impl Search<'_> {
    /// Nothing cheaper can be found.
    fn done(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.cost == 0)
    }
}

impl Engine<'_> {
    /// Looks for the best step that changes the target by exchanges in these dimensions.
    pub(super) fn search(&mut self, search: &mut Search<'_>, dimensions: &[usize]) {
        let Some(key) = self.cells.list.get(search.target as usize).map(|cell| cell.key.clone()) else { return };
        let mut tried = Vec::new();
        for dimension in dimensions.iter().copied() {
            for base in self.bases(&key, dimension, search) {
                for to in self.targets(&key, dimension, base, search.way) {
                    self.exchanges(base, dimension, to, search);
                    if search.done() {
                        return;
                    }
                    tried.push((base, dimension, to));
                }
            }
        }
        if search.best.as_ref().is_some_and(|best| best.cost <= CHEAP) {
            return;
        }
        for (base, dimension, to) in tried.into_iter().take(PARTNERS) {
            self.strangers(base, dimension, to, search);
            if search.best.as_ref().is_some_and(|best| best.cost <= CHEAP) {
                return;
            }
        }
    }

    /// One person more or fewer: for totals of everybody.
    pub(super) fn search_size(&mut self, search: &mut Search<'_>) {
        let Some(key) = self.cells.list.get(search.target as usize).map(|cell| cell.key.clone()) else { return };
        for kind in self.kinds_beside(&key, usize::MAX).into_iter().take(BASES) {
            let sign = if search.way == Way::Up { 1 } else { -1 };
            self.consider(vec![(kind, sign)], search);
        }
    }

    /// People who could move into the cell, or out of it: the most numerous of each group they are in now.
    fn bases(&self, key: &[u32], dimension: usize, search: &Search<'_>) -> Vec<u32> {
        let (Some(own), Some(node)) = (self.population.dimensions.get(dimension), key.get(dimension)) else {
            return Vec::new();
        };
        let fits = |kind: &u32| own.lies_in(self.leaf(*kind, dimension), *node) == (search.way == Way::Down);
        let mut found: Vec<(i64, u32)> = self
            .kinds_beside(key, dimension)
            .into_iter()
            .filter(fits)
            .map(|kind| (self.people_of(kind, search.world), kind))
            .filter(|(people, _)| *people > 0)
            .collect();
        found.sort_unstable_by_key(|(people, kind)| (std::cmp::Reverse(*people), *kind));
        let mut bases: Vec<u32> = Vec::new();
        for (_, kind) in &found {
            let leaf = self.leaf(*kind, dimension);
            if bases.len() < BASES && bases.iter().all(|known| self.leaf(*known, dimension) != leaf) {
                bases.push(*kind);
            }
        }
        let more = found.iter().map(|(_, kind)| *kind).filter(|kind| !bases.contains(kind)).take(BASES - bases.len());
        let more: Vec<u32> = more.collect();
        bases.extend(more);
        bases
    }

    /// Groups to move to: inside the cell on the way up, outside on the way down.
    fn targets(&self, key: &[u32], dimension: usize, base: u32, way: Way) -> Vec<u32> {
        let parts =
            self.population.dimensions.get(dimension).zip(self.ranks.get(dimension)).zip(self.people.get(dimension));
        let (Some(((own, ranks), people)), Some(node)) = (parts, key.get(dimension)) else { return Vec::new() };
        let from = self.leaf(base, dimension);
        let rank = |leaf: u32| ranks.get(leaf as usize).copied().unwrap_or(0);
        let mut leaves: Vec<u32> = (0..own.leaves.len() as u32)
            .filter(|leaf| *leaf != from && own.lies_in(*leaf, *node) == (way == Way::Up))
            .collect();
        if own.is_known() {
            leaves.sort_by_key(|leaf| (rank(*leaf).abs_diff(rank(from)), *leaf));
        } else {
            leaves.sort_by_key(|leaf| (std::cmp::Reverse(people.get(*leaf as usize).copied()), rank(*leaf)));
        }
        leaves.truncate(TARGETS);
        leaves
    }

    /// All exchanges in which people like `base` move to `to`.
    fn exchanges(&mut self, base: u32, dimension: usize, to: u32, search: &mut Search<'_>) {
        let Some(leaves) = self.kinds.get(base as usize).map(|kind| kind.leaves.clone()) else { return };
        let from = self.leaf(base, dimension);
        let moved = with(&leaves, dimension, to);
        let others: Vec<usize> = (0..leaves.len()).filter(|at| *at != dimension).collect();
        let mut partners: Vec<(usize, Vec<u32>)> = Vec::new();
        for other in &others {
            let near = self.nearest(&moved, *other, PARTNERS);
            let near: Vec<u32> = near.into_iter().map(|kind| self.leaf(kind, *other)).collect();
            partners.push((*other, near));
        }
        let corners = |set: &[(usize, u32)]| -> Vec<(Vec<u32>, i64)> {
            (0..1_usize << set.len())
                .flat_map(|mask| {
                    let chosen = set.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
                    let place = chosen.fold(leaves.clone(), |place, (_, (at, leaf))| with(&place, *at, *leaf));
                    let sign = if mask.count_ones() % 2 == 0 { -1 } else { 1 };
                    [(with(&place, dimension, from), sign), (with(&place, dimension, to), -sign)]
                })
                .collect()
        };
        for (at, near) in &partners {
            for leaf in near {
                let corners = corners(&[(*at, *leaf)]);
                self.consider_leaves(corners, search);
                if search.done() {
                    return;
                }
            }
        }
        for (first, (at, near)) in partners.iter().enumerate() {
            for (other_at, other_near) in partners.iter().skip(first + 1) {
                for leaf in near.iter().take(PAIRED) {
                    for other in other_near.iter().take(PAIRED) {
                        let corners = corners(&[(*at, *leaf), (*other_at, *other)]);
                        self.consider_leaves(corners, search);
                        if search.done() {
                            return;
                        }
                    }
                }
            }
        }
        self.consider_leaves(corners(&[]), search);
    }

    /// Exchanges with people who differ in several dimensions.
    fn strangers(&mut self, base: u32, dimension: usize, to: u32, search: &mut Search<'_>) {
        let Some(leaves) = self.kinds.get(base as usize).map(|kind| kind.leaves.clone()) else { return };
        let leaves = leaves.as_slice();
        let from = self.leaf(base, dimension);
        let alike = |engine: &Self, kind: u32| {
            let theirs = engine.kinds.get(kind as usize).map_or(&[][..], |kind| kind.leaves.as_slice());
            let shared = |((own, theirs), dimension): ((&u32, &u32), &super::Dimension)| {
                let nodes = |leaf: &u32| dimension.leaves.get(*leaf as usize);
                nodes(own).zip(nodes(theirs)).map_or(0, |(a, b)| a.iter().zip(b).filter(|(a, b)| a == b).count())
            };
            leaves.iter().zip(theirs).zip(&engine.population.dimensions).map(shared).sum::<usize>()
        };
        let near = self.around(base, dimension, to, NEIGHBOURS);
        let mut found: Vec<(usize, u32)> = near
            .into_iter()
            .filter(|kind| self.people_of(*kind, search.world) > 0)
            .map(|kind| (alike(self, kind), kind))
            .collect();
        found.sort_unstable_by_key(|(shared, kind)| (std::cmp::Reverse(*shared), *kind));
        for (_, partner) in found.into_iter().take(PARTNERS) {
            let Some(theirs) = self.kinds.get(partner as usize).map(|kind| kind.leaves.clone()) else { continue };
            if with(&theirs, dimension, from) == *leaves {
                continue;
            }
            let corners = vec![
                (leaves.to_vec(), -1),
                (with(leaves, dimension, to), 1),
                (theirs.clone(), -1),
                (with(&theirs, dimension, from), 1),
            ];
            self.consider_leaves(corners, search);
            if search.done() {
                return;
            }
        }
    }

    fn consider_leaves(&mut self, corners: Vec<(Vec<u32>, i64)>, search: &mut Search<'_>) {
        let kinds: Vec<(u32, i64)> = corners.iter().map(|(leaves, sign)| (self.kind(leaves), *sign)).collect();
        self.consider(kinds, search);
    }

    /// Keeps the step when it works and is the best so far.
    fn consider(&self, kinds: Vec<(u32, i64)>, search: &mut Search<'_>) {
        let leaving = kinds.iter().filter(|(_, sign)| *sign < 0);
        let mut times =
            leaving.map(|(kind, _)| self.people_of(*kind, search.world)).min().unwrap_or(i64::MAX).min(search.need);
        if times < 1 {
            return;
        }
        let step = self.step(kinds);
        let sign = if search.way == Way::Up { 1 } else { -1 };
        if !step.cells.iter().any(|(cell, change)| *cell == search.target && *change == sign) {
            return;
        }
        let mut cost = 0_u64;
        for (at, change) in &step.cells {
            let Some(cell) = self.cells.list.get(*at as usize) else { return };
            let now = cell.count + search.world.cell(*at);
            let (lowest, highest) = room(cell, self.rule, self.same_mark);
            let free = if *change > 0 { (highest - now) / change } else { (now - lowest) / -change };
            times = times.min(free);
            if times < 1 {
                return;
            }
            if cell.state == State::Shown {
                cost = cost.saturating_add(cell.cost);
            }
        }
        let found = Found { step, times, cost };
        if search.best.as_ref().is_none_or(|best| found.beats(best)) {
            search.best = Some(found);
        }
    }
}

fn with(leaves: &[u32], dimension: usize, leaf: u32) -> Vec<u32> {
    let mut leaves = leaves.to_vec();
    if let Some(slot) = leaves.get_mut(dimension) {
        *slot = leaf;
    }
    leaves
}
