//! Tables that tell something sensitive together.
//!
//! Two tables about different sensitive dimensions have nothing in common but what is known of everybody. A world that changes
//! the tiers of people and leaves alone where they are changes no table of statuses. So the release falls apart into
//! components, one for the sensitive dimensions that stand in one table, and each is protected by itself.

use std::collections::{HashMap, HashSet};

use super::cells::{Cell, Grid, LIMIT, State, product};
use super::coordinates::{Coordinates, Leaves, NONE};
use super::population::{ALL, Population};
use super::rule::{Rule, Zeros};
use super::{Dimension, DisclosureError};

/// Counts of strata by values, and the cells that they add up to.
///
/// A *stratum* is people of whom the same is known, as far as the tables tell it apart, a *value* is what is sensitive about
/// them, a *group* is the strata and a *part* the values that a cell counts.
pub(super) struct Component {
    pub(super) rule: Rule,
    /// What is known: coordinates of the strata.
    pub(super) known: Coordinates,
    /// By stratum, its leaf in each known dimension.
    pub(super) strata: Vec<Vec<u32>>,
    pub(super) values: usize,
    /// By stratum and value, people.
    pub(super) count: Vec<i64>,
    /// By stratum, the groups that hold it.
    pub(super) groups_of: Vec<Vec<u32>>,
    /// By group, its strata.
    pub(super) strata_of: Vec<Vec<u32>>,
    /// By group, its node in each known dimension.
    pub(super) groups: Vec<Vec<u32>>,
    /// By value, the parts that count it.
    pub(super) parts_of: Vec<Vec<u32>>,
    /// By part and value, whether it counts.
    pub(super) counts: Vec<Vec<bool>>,
    /// By value, the parts that count it as bits.
    bits_of: Vec<Vec<u64>>,
    /// By group and part, the cell.
    cell_at: Vec<u32>,
    pub(super) cells: Vec<Cell>,
    group_at: HashMap<Vec<u32>, u32>,
    part_at: HashMap<Vec<u32>, u32>,
    /// Known and sensitive dimensions.
    dimensions: (Vec<usize>, Vec<usize>),
}

impl Component {
    /// Counts the people for these tables, all of which tell of these sensitive dimensions and no other.
    pub(super) fn of(
        population: &Population,
        grids: &[&Grid],
        sensitive: &[usize],
        rule: Rule,
    ) -> Result<Self, DisclosureError> {
        let known: Vec<usize> = (0..population.dimensions.len())
            .filter(|at| population.dimensions.get(*at).is_some_and(Dimension::is_known))
            .collect();
        let (places, results) = (leaves(population, grids, &known), leaves(population, grids, sensitive));
        let (group_at, groups) = numbered(grids, &known);
        let (part_at, parts) = numbered(grids, sensitive);
        if groups.len().saturating_mul(parts.len()) > 8 * LIMIT {
            return Err(DisclosureError::TooLarge { limit: LIMIT });
        }
        let too_large = || DisclosureError::TooLarge { limit: LIMIT };
        let mut results = Coordinates::of(results).ok_or_else(too_large)?;
        let mut own = Self {
            rule,
            known: Coordinates::of(places).ok_or_else(too_large)?,
            strata: Vec::new(),
            values: 0,
            count: Vec::new(),
            groups_of: Vec::new(),
            strata_of: vec![Vec::new(); groups.len()],
            groups,
            parts_of: Vec::new(),
            counts: Vec::new(),
            bits_of: Vec::new(),
            cell_at: Vec::new(),
            cells: Vec::new(),
            group_at,
            part_at,
            dimensions: (known, sensitive.to_vec()),
        };
        own.people(population, &mut results);
        own.members(grids, parts.len(), &results);
        own.make_cells(population, grids, &parts);
        own.sum();
        own.mark(&parts);
        Ok(own)
    }

    /// Strata, values and people.
    fn people(&mut self, population: &Population, results: &mut Coordinates) {
        let mut entries = Vec::with_capacity(population.kinds.len());
        // All combinations of what is sensitive are values, also those that nobody has.
        results.fill();
        for (leaves, people) in &population.kinds {
            let (stratum, value) =
                (self.known.place(leaves, &self.dimensions.0), results.place(leaves, &self.dimensions.1));
            if *people > 0 {
                entries.push((stratum as usize, value as usize, *people as i64));
            }
        }
        self.strata = self.known.placed().to_vec();
        self.values = results.placed().len();
        self.count = vec![0; self.strata.len() * self.values];
        for (stratum, value, people) in entries {
            if let Some(slot) = self.count.get_mut(stratum * self.values + value) {
                *slot += people;
            }
        }
        self.known.measure(&self.count, self.values);
    }

    /// Which groups hold a stratum, and which parts count a value.
    fn members(&mut self, grids: &[&Grid], parts: usize, results: &Coordinates) {
        let (known, sensitive) = (self.dimensions.0.clone(), self.dimensions.1.clone());
        let find = |own: &Coordinates, dimensions: &[usize], at: &HashMap<Vec<u32>, u32>| -> Vec<Vec<u32>> {
            let nodes = |grid: &&Grid, at: &usize| grid.nodes.get(*at).into_iter().flatten().copied().collect();
            let wanted: Vec<Vec<HashSet<u32>>> =
                grids.iter().map(|grid| dimensions.iter().map(|at| nodes(grid, at)).collect()).collect();
            let members = |leaves: &Vec<u32>| {
                let mut found = Vec::new();
                for wanted in &wanted {
                    let inside = own.nodes_in(leaves, wanted);
                    let lists: Vec<(usize, &[u32])> = inside.iter().map(Vec::as_slice).enumerate().collect();
                    product(&lists, &mut vec![ALL; lists.len()], &mut |key: &[u32]| found.extend(at.get(key)));
                }
                found.sort_unstable();
                found.dedup();
                found
            };
            own.placed().iter().map(members).collect()
        };
        self.groups_of = find(&self.known, &known, &self.group_at);
        for (stratum, groups) in self.groups_of.iter().enumerate() {
            for group in groups {
                if let Some(strata) = self.strata_of.get_mut(*group as usize) {
                    strata.push(stratum as u32);
                }
            }
        }
        let parts_of = find(results, &sensitive, &self.part_at);
        let holds = |value: usize, part: usize| {
            parts_of.get(value).is_some_and(|parts| parts.binary_search(&(part as u32)).is_ok())
        };
        self.counts = (0..parts).map(|part| (0..self.values).map(|value| holds(value, part)).collect()).collect();
        self.bits_of = parts_of.iter().map(|own| self.bits(own.iter().copied())).collect();
        self.parts_of = parts_of;
    }

    /// One cell for each group with people and part that stand together in a table.
    fn make_cells(&mut self, population: &Population, grids: &[&Grid], parts: &[Vec<u32>]) {
        let (known, sensitive) = &self.dimensions;
        self.cell_at = vec![NONE; self.groups.len() * parts.len()];
        let height = |key: &[u32], dimensions: &[usize]| -> usize {
            let own = key.iter().zip(dimensions);
            own.filter_map(|(node, at)| population.dimensions.get(*at).map(|own| own.height(*node))).sum()
        };
        for grid in grids {
            let (groups, own_parts) = (keys(grid, known), keys(grid, sensitive));
            for key in &groups {
                let Some(group) = self.group_at.get(key) else { continue };
                if self.strata_of.get(*group as usize).is_none_or(Vec::is_empty) {
                    continue;
                }
                for part in own_parts.iter().filter_map(|key| self.part_at.get(key)) {
                    let Some(slot) = self.cell_at.get_mut(*group as usize * parts.len() + *part as usize) else {
                        continue;
                    };
                    if *slot != NONE {
                        continue;
                    }
                    *slot = self.cells.len() as u32;
                    let above =
                        height(key, known) + parts.get(*part as usize).map_or(0, |part| height(part, sensitive));
                    self.cells.push(Cell {
                        group: *group,
                        part: *part,
                        count: 0,
                        state: State::Shown,
                        blank: false,
                        locked: false,
                        // Each step up the hierarchy counts sixteen times as much: a district total is worth very many classes.
                        cost: 1_u64 << (4 * above).min(40),
                        need: 0,
                    });
                }
            }
        }
    }

    fn sum(&mut self) {
        for (stratum, groups) in self.groups_of.iter().enumerate() {
            for (value, parts) in self.parts_of.iter().enumerate() {
                let people = self.count.get(stratum * self.values + value).copied().unwrap_or(0);
                for (group, part) in groups.iter().flat_map(|group| parts.iter().map(move |part| (*group, *part))) {
                    let at = self.cell_at.get(group as usize * self.counts.len() + part as usize).copied();
                    if let Some(cell) = at.and_then(|at| self.cells.get_mut(at as usize)) {
                        cell.count += people;
                    }
                }
            }
        }
    }

    /// Marks the small cells. What tells nothing sensitive is shown, and so is a zero where nobody could be counted.
    fn mark(&mut self, parts: &[Vec<u32>]) {
        let (rule, values) = (self.rule, self.values);
        let of = |stratum: &u32| -> i64 {
            let from = *stratum as usize * values;
            self.count.get(from..from + values).unwrap_or_default().iter().sum()
        };
        let people: Vec<i64> = self.strata_of.iter().map(|strata| strata.iter().map(of).sum()).collect();
        for cell in &mut self.cells {
            let people = people.get(cell.group as usize).copied().unwrap_or(0);
            let sensitive = parts.get(cell.part as usize).is_some_and(|key| key.iter().any(|node| *node != ALL));
            let possible = cell.count > 0 || (rule.zeros == Zeros::Suppress && people > 0);
            if sensitive && possible && cell.count < i64::from(rule.threshold) {
                cell.state = State::Small;
                // Where fewer people are than the width asks for, all that can be open is how many of them it is.
                cell.need = i64::from(rule.protection).min(people).max(1);
            }
        }
    }

    /// Parts as bits.
    pub(super) fn bits(&self, parts: impl Iterator<Item = u32>) -> Vec<u64> {
        let mut bits = vec![0_u64; self.counts.len().div_ceil(64)];
        for part in parts {
            if let Some(word) = bits.get_mut(part as usize / 64) {
                *word |= 1 << (part % 64);
            }
        }
        bits
    }

    /// The parts that count a value, as bits.
    fn counted(&self, value: usize) -> &[u64] {
        self.bits_of.get(value).map_or(&[], Vec::as_slice)
    }

    /// Parts that change when somebody leaves one value and takes another, in their order, and how.
    pub(super) fn effect(&self, left: usize, taken: usize) -> impl Iterator<Item = (u32, i64)> + '_ {
        self.counted(left).iter().zip(self.counted(taken)).enumerate().flat_map(|(word, (left, taken))| {
            let mut rest = left ^ taken;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some((word as u32 * 64 + bit, if taken >> bit & 1 == 1 { 1 } else { -1 }))
            })
        })
    }

    /// How many of some parts (as bits) that is.
    pub(super) fn distance(&self, left: usize, taken: usize, parts: &[u64]) -> u32 {
        let words = self.counted(left).iter().zip(self.counted(taken)).zip(parts);
        words.map(|((left, taken), parts)| ((left ^ taken) & parts).count_ones()).sum()
    }

    /// The cell of a group and a part.
    pub(super) fn cell(&self, group: u32, part: u32) -> Option<u32> {
        let at = self.cell_at.get(group as usize * self.counts.len() + part as usize).copied();
        at.filter(|at| *at != NONE)
    }

    /// The cell at these nodes of all dimensions; none where nobody is in the group.
    pub(super) fn find(&self, nodes: &[u32]) -> Option<u32> {
        let key = |dimensions: &[usize]| -> Vec<u32> {
            dimensions.iter().map(|at| nodes.get(*at).copied().unwrap_or(ALL)).collect()
        };
        let (group, part) = (key(&self.dimensions.0), key(&self.dimensions.1));
        self.cell(*self.group_at.get(&group)?, *self.part_at.get(&part)?)
    }
}

/// By dimension, its leaves as far as these tables tell them apart.
fn leaves(population: &Population, grids: &[&Grid], dimensions: &[usize]) -> Vec<Leaves> {
    let of = |at: &usize| population.dimensions.get(*at).map(|own| Leaves::of(own, grids, *at));
    dimensions.iter().filter_map(of).collect()
}

/// The nodes of some dimensions that a table crosses.
fn keys(grid: &Grid, dimensions: &[usize]) -> Vec<Vec<u32>> {
    let lists: Vec<(usize, &[u32])> =
        dimensions.iter().map(|at| grid.nodes.get(*at).map_or(&[][..], Vec::as_slice)).enumerate().collect();
    let mut found = Vec::new();
    product(&lists, &mut vec![ALL; lists.len()], &mut |key: &[u32]| found.push(key.to_vec()));
    found
}

/// All such nodes of all tables, each once, in the order they are met.
fn numbered(grids: &[&Grid], dimensions: &[usize]) -> (HashMap<Vec<u32>, u32>, Vec<Vec<u32>>) {
    let (mut at, mut list) = (HashMap::new(), Vec::new());
    for key in grids.iter().flat_map(|grid| keys(grid, dimensions)) {
        let next = list.len() as u32;
        if *at.entry(key.clone()).or_insert(next) == next {
            list.push(key);
        }
    }
    (at, list)
}
