//! The tables that are asked for, as grids of nodes, and their cells.

use std::collections::{HashMap, HashSet};

use super::population::{ALL, Dimension, Population};
use super::rule::Rule;
use super::table::TableSpec;
use super::{CellView, DisclosureError, Shown};

/// Most cells of a release.
pub(super) const LIMIT: usize = 2_000_000;

/// The nodes of each dimension that a table crosses.
pub(super) struct Grid {
    /// By dimension.
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

    /// Calls `visit` with the node of each dimension, for every cell; the last axis fastest.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&[u32])) {
        let mut key: Vec<u32> = self.nodes.iter().map(|nodes| nodes.first().copied().unwrap_or(ALL)).collect();
        let axes: Vec<(usize, &[u32])> =
            self.axes.iter().filter_map(|axis| Some((*axis, self.nodes.get(*axis)?.as_slice()))).collect();
        product(&axes, &mut key, visit);
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

/// Calls `visit` with every combination, the last list fastest: each list says which slot of the key it fills.
pub(super) fn product(lists: &[(usize, &[u32])], key: &mut [u32], visit: &mut impl FnMut(&[u32])) {
    let Some(((slot, nodes), rest)) = lists.split_first() else {
        visit(key);
        return;
    };
    for node in *nodes {
        if let Some(slot) = key.get_mut(*slot) {
            *slot = *node;
        }
        product(rest, key, visit);
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

/// One count of the release: the people of a group that are of a part.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Who is counted, by what is known of them.
    pub(super) group: u32,
    /// Who is counted, by what is sensitive.
    pub(super) part: u32,
    pub(super) count: i64,
    pub(super) state: State,
    /// Its mark tells nothing of its size.
    pub(super) blank: bool,
    /// Already released: neither state nor mark may change any more.
    pub(super) locked: bool,
    /// What is lost when it is withheld.
    pub(super) cost: u64,
    /// How far it has to be open; zero where nobody needs protection.
    pub(super) need: i64,
}

/// State of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Shown,
    Small,
    Withheld,
}

/// More than any count.
const UNBOUNDED: i64 = i64::MAX / 4;

impl Cell {
    /// The lowest and the highest count that would look the same: the same number, the same mark. What is shown may be
    /// withheld; then every count from the threshold on gives that mark. A zero that is shown stays.
    pub(super) fn room(&self, rule: Rule) -> (i64, i64) {
        let (threshold, lowest) = (i64::from(rule.threshold), rule.lowest());
        match self.state {
            State::Shown if self.locked || self.count < threshold => (self.count, self.count),
            State::Small | State::Withheld if self.blank => (lowest, UNBOUNDED),
            State::Small => (lowest, threshold - 1),
            State::Shown | State::Withheld => (threshold, UNBOUNDED),
        }
    }

    /// The same once its mark tells nothing of its size.
    pub(super) fn widest(&self, rule: Rule) -> (i64, i64) {
        let (lowest, highest) = self.room(rule);
        if self.locked || lowest == highest { (lowest, highest) } else { (rule.lowest(), UNBOUNDED) }
    }
}
