//! The cells of all tables of a release; a cell that stands in several tables is one cell.

use std::collections::{HashMap, HashSet};

use super::population::{ALL, Dimension, Population};
use super::table::TableSpec;
use super::{CellView, DisclosureError, Shown};

/// Most cells of a release.
const LIMIT: usize = 2_000_000;

/// Node of each dimension.
pub(super) type Key = Vec<u32>;

/// The nodes of each dimension that a table crosses.
pub(super) struct Grid {
    pub(super) nodes: Vec<Vec<u32>>,
    /// Dimension of each axis.
    axes: Vec<usize>,
}

impl Grid {
    pub(super) fn of(spec: &TableSpec, population: &Population) -> Result<Self, DisclosureError> {
        let dimensions = &population.dimensions;
        let refuse = |what: String| DisclosureError::Table { table: spec.id.clone(), what };
        let place = |id: &String| {
            let known = dimensions.iter().position(|dimension| dimension.id() == id);
            known.ok_or_else(|| refuse(format!("there is no dimension `{id}`")))
        };
        let mut nodes: Vec<Vec<u32>> = vec![vec![ALL]; dimensions.len()];
        for (id, level, label) in &spec.within {
            let at = place(id)?;
            let found = dimensions.get(at).and_then(|own| own.node(own.level(level)?, label));
            let node =
                found.ok_or_else(|| refuse(format!("`{id}` has no group {} at level `{level}`", label.join(" / "))))?;
            if let Some(slot) = nodes.get_mut(at) {
                *slot = vec![node];
            }
        }
        let mut axes = Vec::new();
        for (id, levels) in &spec.axes {
            let at = place(id)?;
            if axes.contains(&at) {
                return Err(refuse(format!("`{id}` stands on two axes")));
            }
            axes.push(at);
            let (Some(own), Some(slot)) = (dimensions.get(at), nodes.get_mut(at)) else { continue };
            let whole = slot.first().copied().unwrap_or(ALL);
            let mut found = Vec::new();
            for level in levels {
                let level_at = own.level(level).ok_or_else(|| refuse(format!("`{id}` has no level `{level}`")))?;
                if level_at == 0 {
                    found.push(whole);
                } else {
                    found.extend(nodes_of(own, level_at, whole));
                }
            }
            let unique: HashSet<u32> = found.iter().copied().collect();
            if unique.len() != found.len() || found.is_empty() {
                return Err(refuse(format!("the levels of `{id}` name no group, or a group twice")));
            }
            *slot = found;
        }
        Ok(Self { nodes, axes })
    }

    /// All keys, the last axis fastest.
    pub(super) fn keys(&self) -> Vec<Key> {
        let mut keys = vec![self.nodes.iter().map(|nodes| nodes.first().copied().unwrap_or(ALL)).collect::<Key>()];
        for axis in &self.axes {
            let Some(nodes) = self.nodes.get(*axis) else { continue };
            keys = keys
                .iter()
                .flat_map(|key| {
                    nodes.iter().map(|node| {
                        let mut key = key.clone();
                        if let Some(slot) = key.get_mut(*axis) {
                            *slot = *node;
                        }
                        key
                    })
                })
                .collect();
        }
        keys
    }

    pub(super) fn size(&self) -> usize {
        self.nodes.iter().fold(1_usize, |product, nodes| product.saturating_mul(nodes.len()))
    }

    /// A cell for people.
    pub(super) fn view(&self, key: &[u32], population: &Population, shown: Shown) -> CellView {
        let group = |axis: &usize| {
            let dimension = population.dimensions.get(*axis);
            let node =
                dimension.zip(key.get(*axis)).and_then(|(own, node)| Some((own, own.nodes.get(*node as usize)?)));
            node.map_or_else(Default::default, |(own, node)| {
                (own.level_name(node.level).to_owned(), node.label.clone())
            })
        };
        CellView { group: self.axes.iter().map(group).collect(), shown }
    }
}

impl Dimension {
    pub(super) fn level_name(&self, level: usize) -> &str {
        self.level_names().get(level).map_or("", String::as_str)
    }
}

/// Nodes of a level all of whose leaves lie in `whole`, in the order of their names.
fn nodes_of(dimension: &Dimension, level: usize, whole: u32) -> Vec<u32> {
    let mut inside: HashMap<u32, bool> = HashMap::new();
    for leaf in &dimension.leaves {
        if let Some(node) = leaf.get(level) {
            *inside.entry(*node).or_insert(true) &= leaf.contains(&whole);
        }
    }
    let mut nodes: Vec<u32> = inside.into_iter().filter(|(_, inside)| *inside).map(|(node, _)| node).collect();
    nodes.sort_by_key(|node| dimension.nodes.get(*node as usize).map(|node| &node.label));
    nodes
}

/// One count of the release.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) key: Key,
    pub(super) count: i64,
    pub(super) state: State,
    /// Already released: the state may not change any more.
    pub(super) locked: bool,
    /// What is lost when it is withheld.
    pub(super) cost: u64,
}

/// State of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Shown,
    Small,
    Withheld,
}

/// All cells.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) list: Vec<Cell>,
    pub(super) index: HashMap<Key, u32>,
}

impl Cells {
    pub(super) fn of(grids: &[Grid], population: &Population) -> Result<Self, DisclosureError> {
        let mut cells = Self::default();
        if grids.iter().fold(0_usize, |sum, grid| sum.saturating_add(grid.size())) > LIMIT {
            return Err(DisclosureError::TooLarge { limit: LIMIT });
        }
        for key in grids.iter().flat_map(Grid::keys) {
            let heights = key.iter().zip(&population.dimensions).map(|(node, own)| own.height(*node));
            // Each step up the hierarchy counts four times as much: a district total is worth many classes.
            let cost = 1_u64 << (2 * heights.sum::<usize>()).min(40);
            let next = cells.list.len() as u32;
            if *cells.index.entry(key.clone()).or_insert(next) == next {
                cells.list.push(Cell { key, count: 0, state: State::Shown, locked: false, cost });
            }
        }
        Ok(cells)
    }
}

/// The cells that each kind of people is counted in.
pub(super) struct Membership {
    /// By table, by dimension, whether a node is one of the table's.
    tables: Vec<Vec<HashSet<u32>>>,
}

impl Membership {
    pub(super) fn of(grids: &[Grid]) -> Self {
        let sets = |grid: &Grid| grid.nodes.iter().map(|nodes| nodes.iter().copied().collect()).collect();
        Self { tables: grids.iter().map(sets).collect() }
    }

    /// Calls `visit` with every key of a table that counts people with these leaves.
    pub(super) fn keys(&self, leaves: &[u32], dimensions: &[Dimension], visit: &mut impl FnMut(&Key)) {
        for table in &self.tables {
            let own = |((leaf, dimension), nodes): ((&u32, &Dimension), &HashSet<u32>)| {
                let all = dimension.leaves.get(*leaf as usize);
                all.into_iter().flatten().copied().filter(|node| nodes.contains(node)).collect::<Vec<u32>>()
            };
            let choices: Vec<Vec<u32>> = leaves.iter().zip(dimensions).zip(table).map(own).collect();
            let mut key = vec![ALL; choices.len()];
            walk(&choices, 0, &mut key, visit);
        }
    }
}

fn walk(choices: &[Vec<u32>], at: usize, key: &mut Key, visit: &mut impl FnMut(&Key)) {
    let Some(nodes) = choices.get(at) else {
        visit(key);
        return;
    };
    for node in nodes {
        if let Some(slot) = key.get_mut(at) {
            *slot = *node;
        }
        walk(choices, at + 1, key, visit);
    }
}
