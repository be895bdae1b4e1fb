//! Places in the product of some dimensions.

use std::collections::{HashMap, HashSet};

use super::Dimension;
use super::cells::Grid;
use super::population::ALL;

/// No place, no cell.
pub(super) const NONE: u32 = u32::MAX;
/// Most places that are made although nobody is there.
const FILLED: usize = 1 << 12;
/// Leaves beside each other that are tried for an exchange, on each side.
const BESIDE: usize = 3;
/// The largest leaves of each node that are tried.
const LARGEST: usize = 3;

/// The leaves of a dimension, those that no table tells apart put together; in the order of their names.
#[derive(Debug)]
pub(super) struct Leaves {
    /// By leaf of the dimension, the leaf here.
    of: Vec<u32>,
    /// By leaf here, the nodes of the tables that hold it.
    pub(super) nodes: Vec<Vec<u32>>,
}

impl Leaves {
    /// The leaves of a dimension as these tables see them.
    pub(super) fn of(dimension: &Dimension, grids: &[&Grid], at: usize) -> Self {
        let used: HashSet<u32> = grids.iter().filter_map(|grid| grid.nodes.get(at)).flatten().copied().collect();
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut own = Self { of: vec![0; dimension.leaves.len()], nodes: Vec::new() };
        for leaf in dimension.ordered() {
            let nodes = dimension.leaves.get(leaf as usize).map_or(&[][..], Vec::as_slice);
            let nodes: Vec<u32> = nodes.iter().copied().filter(|node| *node == ALL || used.contains(node)).collect();
            let next = own.nodes.len() as u32;
            let found = *known.entry(nodes.clone()).or_insert(next);
            if found == next {
                own.nodes.push(nodes);
            }
            if let Some(slot) = own.of.get_mut(leaf as usize) {
                *slot = found;
            }
        }
        own
    }
}

/// Numbered places.
#[derive(Debug)]
pub(super) struct Coordinates {
    pub(super) leaves: Vec<Leaves>,
    steps: Vec<u64>,
    number: HashMap<u64, u32>,
    placed: Vec<Vec<u32>>,
    /// By dimension and leaf, the leaves that an exchange tries first.
    near: Vec<Vec<Vec<u32>>>,
}

impl Coordinates {
    /// None where there are more places than numbers.
    pub(super) fn of(leaves: Vec<Leaves>) -> Option<Self> {
        let (mut steps, mut step) = (Vec::with_capacity(leaves.len()), 1_u64);
        for own in &leaves {
            steps.push(step);
            step = step.checked_mul(own.nodes.len().max(1) as u64)?;
        }
        Some(Self { leaves, steps, number: HashMap::new(), placed: Vec::new(), near: Vec::new() })
    }

    /// The place with these leaves here; it is made when it is new.
    fn put(&mut self, leaves: &[u32]) -> u32 {
        let next = self.placed.len() as u32;
        let found = *self.number.entry(self.key(leaves)).or_insert(next);
        if found == next {
            self.placed.push(leaves.to_vec());
        }
        found
    }

    /// All combinations, where they are not too many.
    pub(super) fn fill(&mut self) {
        let all = self.leaves.iter().fold(1_usize, |all, own| all.saturating_mul(own.nodes.len()));
        if all > FILLED {
            return;
        }
        let lists: Vec<Vec<u32>> = self.leaves.iter().map(|own| (0..own.nodes.len() as u32).collect()).collect();
        let lists: Vec<(usize, &[u32])> = lists.iter().map(Vec::as_slice).enumerate().collect();
        let mut found = Vec::new();
        super::cells::product(&lists, &mut vec![0; lists.len()], &mut |leaves: &[u32]| found.push(leaves.to_vec()));
        for leaves in found {
            self.put(&leaves);
        }
    }

    /// The place of people with these leaves of all dimensions, of which these are the ones here.
    pub(super) fn place(&mut self, leaves: &[u32], dimensions: &[usize]) -> u32 {
        let here = |(own, at): (&Leaves, &usize)| {
            leaves.get(*at).and_then(|leaf| own.of.get(*leaf as usize)).copied().unwrap_or(0)
        };
        let key: u64 =
            self.leaves.iter().zip(dimensions).zip(&self.steps).map(|(own, step)| u64::from(here(own)) * step).sum();
        if let Some(found) = self.number.get(&key) {
            return *found;
        }
        let leaves: Vec<u32> = self.leaves.iter().zip(dimensions).map(here).collect();
        self.put(&leaves)
    }

    /// All places.
    pub(super) fn placed(&self) -> &[Vec<u32>] {
        &self.placed
    }

    pub(super) fn key(&self, leaves: &[u32]) -> u64 {
        leaves.iter().zip(&self.steps).map(|(leaf, step)| u64::from(*leaf) * step).sum()
    }

    /// The key with another leaf in one dimension.
    pub(super) fn moved(&self, key: u64, dimension: usize, from: u32, to: u32) -> u64 {
        let step = self.steps.get(dimension).copied().unwrap_or(0);
        key.wrapping_sub(u64::from(from).wrapping_mul(step)).wrapping_add(u64::from(to).wrapping_mul(step))
    }

    /// The place of a key.
    pub(super) fn at(&self, key: u64) -> Option<u32> {
        self.number.get(&key).copied()
    }

    /// By dimension, the wanted nodes that hold these leaves.
    pub(super) fn nodes_in(&self, leaves: &[u32], wanted: &[HashSet<u32>]) -> Vec<Vec<u32>> {
        let inside = |((own, leaf), wanted): ((&Leaves, &u32), &HashSet<u32>)| {
            let nodes = own.nodes.get(*leaf as usize).map_or(&[][..], Vec::as_slice);
            nodes.iter().copied().filter(|node| wanted.contains(node)).collect()
        };
        self.leaves.iter().zip(leaves).zip(wanted).map(inside).collect()
    }

    /// Whether a leaf lies in a node.
    pub(super) fn lies_in(&self, dimension: usize, leaf: u32, node: u32) -> bool {
        let nodes = self.leaves.get(dimension).and_then(|own| own.nodes.get(leaf as usize));
        nodes.is_some_and(|nodes| nodes.contains(&node))
    }

    /// Leaves to exchange with, the likeliest first.
    pub(super) fn near(&self, dimension: usize, leaf: u32) -> &[u32] {
        self.near.get(dimension).and_then(|near| near.get(leaf as usize)).map_or(&[], Vec::as_slice)
    }

    /// Finds for each leaf whom to exchange with: the largest leaves of the narrowest nodes that hold it, since much is open
    /// there and little beyond changes, and its neighbours.
    pub(super) fn measure(&mut self, count: &[i64], values: usize) {
        let mut near = Vec::with_capacity(self.leaves.len());
        for (dimension, own) in self.leaves.iter().enumerate() {
            let mut people = vec![0_i64; own.nodes.len()];
            for (stratum, leaves) in self.placed.iter().enumerate() {
                let here: i64 = count.get(stratum * values..(stratum + 1) * values).unwrap_or_default().iter().sum();
                if let Some(slot) = leaves.get(dimension).and_then(|leaf| people.get_mut(*leaf as usize)) {
                    *slot += here;
                }
            }
            let mut inside: HashMap<u32, Vec<u32>> = HashMap::new();
            for (leaf, nodes) in own.nodes.iter().enumerate() {
                nodes.iter().for_each(|node| inside.entry(*node).or_default().push(leaf as u32));
            }
            let size = |leaf: &u32| people.get(*leaf as usize).copied().unwrap_or(0);
            inside.values_mut().for_each(|leaves| leaves.sort_by_key(|leaf| std::cmp::Reverse(size(leaf))));
            near.push((0..own.nodes.len()).map(|leaf| candidates(leaf, own, &inside)).collect());
        }
        self.near = near;
    }
}

fn candidates(leaf: usize, own: &Leaves, inside: &HashMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut lists: Vec<&Vec<u32>> =
        own.nodes.get(leaf).into_iter().flatten().filter_map(|node| inside.get(node)).collect();
    lists.sort_by_key(|list| list.len());
    let largest =
        lists.into_iter().flat_map(|list| list.iter().copied().filter(|at| *at as usize != leaf).take(LARGEST));
    let last = own.nodes.len();
    let beside = (1..=BESIDE).flat_map(|by| [leaf.checked_sub(by), Some(leaf + by).filter(|at| *at < last)]);
    let mut found: Vec<u32> = Vec::new();
    for at in largest.chain(beside.flatten().map(|at| at as u32)) {
        if !found.contains(&at) {
            found.push(at);
        }
    }
    found
}
