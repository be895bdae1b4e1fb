//! Everything the search for possible worlds looks up.

use std::collections::{HashMap, HashSet};

use super::cells::{Cells, Grid, Key, Membership, State};
use super::population::{ALL, Population};
use super::rule::{Rule, Zeros};
use super::world::{Step, World};
use super::{DisclosureError, TableSpec};

/// Stands for "any leaf" in a pattern.
const ANY: u32 = u32::MAX;

/// People with the same leaves.
pub(super) struct Kind {
    pub(super) leaves: Vec<u32>,
    pub(super) count: i64,
    /// Cells that count them, ascending.
    pub(super) cells: Vec<u32>,
}

/// The state of a protection.
pub(super) struct Engine<'a> {
    pub(super) population: &'a Population,
    pub(super) rule: Rule,
    /// All suppressed cells bear one mark.
    pub(super) same_mark: bool,
    pub(super) grids: Vec<Grid>,
    pub(super) cells: Cells,
    pub(super) kinds: Vec<Kind>,
    membership: Membership,
    kind_of: HashMap<Vec<u32>, u32>,
    /// By dimension and leaf, the place in the order of names.
    pub(super) ranks: Vec<Vec<u32>>,
    /// By dimension and leaf, the people.
    pub(super) people: Vec<Vec<i64>>,
    /// By dimension and node, kinds with people.
    by_node: Vec<HashMap<u32, Vec<u32>>>,
    /// By dimension, kinds with people that differ in this dimension alone, in the order of names.
    alike: Vec<HashMap<Vec<u32>, Vec<u32>>>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(population: &'a Population, specs: &[&TableSpec], rule: Rule) -> Result<Self, DisclosureError> {
        let grids = specs.iter().map(|spec| Grid::of(spec, population)).collect::<Result<Vec<_>, _>>()?;
        let cells = Cells::of(&grids, population)?;
        let membership = Membership::of(&grids);
        let dimensions = &population.dimensions;
        let mut engine = Self {
            population,
            rule,
            same_mark: false,
            grids,
            cells,
            kinds: Vec::new(),
            membership,
            kind_of: HashMap::new(),
            ranks: dimensions.iter().map(super::Dimension::ranks).collect(),
            people: dimensions.iter().map(|own| vec![0; own.leaves.len()]).collect(),
            by_node: vec![HashMap::new(); dimensions.len()],
            alike: vec![HashMap::new(); dimensions.len()],
        };
        for (leaves, count) in &population.kinds {
            engine.add(leaves, *count as i64);
        }
        engine.sort();
        Ok(engine)
    }

    fn add(&mut self, leaves: &[u32], count: i64) {
        let at = self.kind(leaves);
        let Some(kind) = self.kinds.get_mut(at as usize) else { return };
        kind.count += count;
        for cell in &kind.cells {
            if let Some(cell) = self.cells.list.get_mut(*cell as usize) {
                cell.count += count;
            }
        }
        if count == 0 {
            return;
        }
        for (at_dimension, leaf) in leaves.iter().enumerate() {
            let people = self.people.get_mut(at_dimension).and_then(|people| people.get_mut(*leaf as usize));
            if let Some(people) = people {
                *people += count;
            }
            let nodes = self.population.dimensions.get(at_dimension).and_then(|own| own.leaves.get(*leaf as usize));
            for node in nodes.into_iter().flatten() {
                if let Some(by_node) = self.by_node.get_mut(at_dimension) {
                    by_node.entry(*node).or_default().push(at);
                }
            }
            if let Some(alike) = self.alike.get_mut(at_dimension) {
                alike.entry(pattern(leaves, at_dimension)).or_default().push(at);
            }
        }
    }

    fn sort(&mut self) {
        for ((dimension, alike), ranks) in self.alike.iter_mut().enumerate().zip(&self.ranks) {
            let rank = |kind: &u32| {
                let leaf = self.kinds.get(*kind as usize).and_then(|kind| kind.leaves.get(dimension));
                leaf.and_then(|leaf| ranks.get(*leaf as usize)).copied()
            };
            alike.values_mut().for_each(|kinds| kinds.sort_by_key(rank));
        }
    }

    /// The kind with these leaves; it is made when nobody is of it so far.
    pub(super) fn kind(&mut self, leaves: &[u32]) -> u32 {
        if let Some(at) = self.kind_of.get(leaves) {
            return *at;
        }
        let mut cells = Vec::new();
        let index = &self.cells.index;
        self.membership.keys(leaves, &self.population.dimensions, &mut |key: &Key| cells.extend(index.get(key)));
        cells.sort_unstable();
        cells.dedup();
        let at = self.kinds.len() as u32;
        self.kinds.push(Kind { leaves: leaves.to_vec(), count: 0, cells });
        self.kind_of.insert(leaves.to_vec(), at);
        at
    }

    /// People of a kind in a world.
    pub(super) fn people_of(&self, kind: u32, world: &World) -> i64 {
        self.kinds.get(kind as usize).map_or(0, |own| own.count) + world.kind(kind)
    }

    pub(super) fn leaf(&self, kind: u32, dimension: usize) -> u32 {
        self.kinds.get(kind as usize).and_then(|own| own.leaves.get(dimension)).copied().unwrap_or(0)
    }

    /// Kinds with people that lie in the key, whatever their leaf of one dimension is.
    pub(super) fn kinds_beside(&self, key: &[u32], dimension: usize) -> Vec<u32> {
        let lists = key.iter().enumerate().filter(|(at, node)| *at != dimension && **node != ALL);
        let lists =
            lists.map(|(at, node)| self.by_node.get(at).and_then(|by| by.get(node)).map_or(&[][..], Vec::as_slice));
        let whole = || self.by_node.first().and_then(|by| by.get(&ALL)).map_or(&[][..], Vec::as_slice);
        let shortest = lists.min_by_key(|list| list.len()).unwrap_or_else(whole);
        let inside = |kind: &&u32| self.lies_in(**kind, key, dimension);
        shortest.iter().filter(inside).copied().collect()
    }

    /// Kinds with people of one leaf that were added before and after a kind: rosters come class by class, so they are near.
    pub(super) fn around(&self, kind: u32, dimension: usize, leaf: u32, most: usize) -> Vec<u32> {
        let own = self.population.dimensions.get(dimension).and_then(|own| own.leaves.get(leaf as usize));
        // The narrowest level holds fewest others.
        let lists = own.into_iter().flatten().filter_map(|node| self.by_node.get(dimension)?.get(node));
        let Some(list) = lists.min_by_key(|list| list.len()) else { return Vec::new() };
        let at = list.partition_point(|other| *other < kind);
        let near = list.get(at.saturating_sub(most)..(at + most).min(list.len())).unwrap_or_default();
        near.iter().filter(|other| self.leaf(**other, dimension) == leaf).copied().collect()
    }

    /// Whether a kind lies in a key, one dimension left aside.
    pub(super) fn lies_in(&self, kind: u32, key: &[u32], aside: usize) -> bool {
        let Some(kind) = self.kinds.get(kind as usize) else { return false };
        let dimensions = self.population.dimensions.iter().zip(&kind.leaves).zip(key).enumerate();
        dimensions.filter(|(at, _)| *at != aside).all(|(_, ((own, leaf), node))| own.lies_in(*leaf, *node))
    }

    /// Kinds with people that differ from these leaves in one dimension alone: the nearest by name.
    pub(super) fn nearest(&self, leaves: &[u32], dimension: usize, most: usize) -> Vec<u32> {
        let found = self.alike.get(dimension).and_then(|alike| alike.get(&pattern(leaves, dimension)));
        let (Some(list), Some(ranks)) = (found, self.ranks.get(dimension)) else { return Vec::new() };
        let rank_of = |kind: u32| ranks.get(self.leaf(kind, dimension) as usize).copied().unwrap_or(0);
        let own = leaves.get(dimension).and_then(|leaf| ranks.get(*leaf as usize)).copied().unwrap_or(0);
        let at = list.partition_point(|kind| rank_of(*kind) < own);
        let (from, to) = (at.saturating_sub(most), (at + most + 1).min(list.len()));
        let mut near: Vec<u32> = list.get(from..to).unwrap_or_default().to_vec();
        near.retain(|kind| rank_of(*kind) != own);
        near.sort_by_key(|kind| (rank_of(*kind).abs_diff(own), *kind));
        near.truncate(most);
        near
    }

    /// What a change of people does to the cells.
    pub(super) fn step(&self, kinds: Vec<(u32, i64)>) -> Step {
        let mut cells: Vec<(u32, i64)> = Vec::with_capacity(kinds.len() * 8);
        for (kind, sign) in &kinds {
            let own = self.kinds.get(*kind as usize).map_or(&[][..], |kind| kind.cells.as_slice());
            cells.extend(own.iter().map(|cell| (*cell, *sign)));
        }
        cells.sort_unstable_by_key(|(cell, _)| *cell);
        let mut merged: Vec<(u32, i64)> = Vec::with_capacity(cells.len());
        for (cell, change) in cells {
            match merged.last_mut() {
                Some(last) if last.0 == cell => last.1 += change,
                _ => merged.push((cell, change)),
            }
        }
        merged.retain(|(_, change)| *change != 0);
        Step { kinds, cells: merged }
    }

    /// Marks the small cells. A zero where nobody could be counted stays.
    pub(super) fn mark_small(&mut self) {
        let known: HashSet<Key> = if self.rule.zeros == Zeros::Suppress { self.possible() } else { HashSet::new() };
        let threshold = i64::from(self.rule.threshold);
        let (rule, population) = (self.rule, self.population);
        for cell in self.cells.list.iter_mut().filter(|cell| !cell.locked && cell.count < threshold) {
            let small =
                cell.count > 0 || (rule.zeros == Zeros::Suppress && known.contains(&roster(&cell.key, population)));
            if small {
                cell.state = State::Small;
            }
        }
    }

    /// Keys of what is known outside in which there is somebody.
    fn possible(&self) -> HashSet<Key> {
        let mut keys = HashSet::new();
        for kind in self.kinds.iter().filter(|kind| kind.count > 0) {
            self.roster_keys(&kind.leaves, &mut keys);
        }
        keys
    }

    /// Whatever their sensitive groups are, these people could be in any of them.
    fn roster_keys(&self, leaves: &[u32], keys: &mut HashSet<Key>) {
        for grid in &self.grids {
            let mut found: Vec<Key> = vec![Vec::new()];
            for ((leaf, dimension), nodes) in leaves.iter().zip(&self.population.dimensions).zip(&grid.nodes) {
                let own: Vec<u32> = if dimension.is_known() {
                    nodes.iter().filter(|node| dimension.lies_in(*leaf, **node)).copied().collect()
                } else {
                    vec![ALL]
                };
                found = found
                    .iter()
                    .flat_map(|key| {
                        own.iter().map(|node| {
                            let mut key = key.clone();
                            key.push(*node);
                            key
                        })
                    })
                    .collect();
            }
            keys.extend(found);
        }
    }
}

/// What of a key is known outside.
pub(super) fn roster(key: &[u32], population: &Population) -> Key {
    let keep = |(node, dimension): (&u32, &super::Dimension)| if dimension.is_known() { *node } else { ALL };
    key.iter().zip(&population.dimensions).map(keep).collect()
}

fn pattern(leaves: &[u32], dimension: usize) -> Vec<u32> {
    let mut pattern = leaves.to_vec();
    if let Some(slot) = pattern.get_mut(dimension) {
        *slot = ANY;
    }
    pattern
}
