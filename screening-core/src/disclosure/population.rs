//! Who is counted: people of each kind.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::DisclosureError;

/// The node that stands for everybody.
pub(super) const ALL: u32 = 0;
/// The level of [`ALL`].
pub(super) const ALL_LEVEL: &str = "all";

/// One way to tell people apart, with its levels: place (school, grade, class), sex, proposed tier.
///
/// ```
/// use screening_core::disclosure::Dimension;
/// // A grade of a school belongs to that school; `year` joins the same grade of all schools.
/// let place = Dimension::known("place", &["school", "grade", "class"]).grouped_by(&["year"]);
/// assert_eq!(place.id(), "place");
/// ```
#[derive(Debug, Clone)]
pub struct Dimension {
    id: String,
    known: bool,
    nested: usize,
    levels: Vec<String>,
    pub(super) nodes: Vec<Node>,
    /// By leaf, the node of each level; the first is [`ALL`].
    pub(super) leaves: Vec<Vec<u32>>,
    /// By leaf, its names.
    names: Vec<Vec<String>>,
    leaf_of: HashMap<String, u32>,
    /// A place to put the names of a leaf together that is looked for.
    wanted: String,
    node_of: HashMap<(usize, Vec<String>), u32>,
}

/// A group of people within a dimension.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) level: usize,
    pub(super) label: Vec<String>,
}

impl Dimension {
    /// A dimension that people outside know of each pupil, such as class or sex. Levels are nested, the widest first.
    pub fn known(id: &str, levels: &[&str]) -> Self {
        Self::new(id, true, levels)
    }

    /// A dimension that tells something about a pupil that is not known outside, such as the proposed tier.
    pub fn sensitive(id: &str, levels: &[&str]) -> Self {
        Self::new(id, false, levels)
    }

    fn new(id: &str, known: bool, levels: &[&str]) -> Self {
        let levels: Vec<String> = std::iter::once(ALL_LEVEL).chain(levels.iter().copied()).map(str::to_owned).collect();
        Self {
            id: id.to_owned(),
            known,
            nested: levels.len(),
            levels,
            nodes: vec![Node { level: 0, label: Vec::new() }],
            leaves: Vec::new(),
            names: Vec::new(),
            leaf_of: HashMap::new(),
            wanted: String::new(),
            node_of: HashMap::new(),
        }
    }

    /// Adds levels that group people across the nested ones, each by a name of its own.
    #[must_use]
    pub fn grouped_by(mut self, levels: &[&str]) -> Self {
        self.levels.extend(levels.iter().map(|level| (*level).to_owned()));
        self
    }

    /// Id.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    pub(super) fn level_names(&self) -> &[String] {
        &self.levels
    }

    /// Levels below [`ALL`].
    fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    pub(super) fn level(&self, name: &str) -> Option<usize> {
        self.levels.iter().position(|level| level == name)
    }

    pub(super) fn node(&self, level: usize, label: &[String]) -> Option<u32> {
        if level == 0 { Some(ALL) } else { self.node_of.get(&(level, label.to_vec())).copied() }
    }

    /// Whether a leaf lies in a node.
    #[cfg(test)]
    pub(super) fn lies_in(&self, leaf: u32, node: u32) -> bool {
        self.leaves.get(leaf as usize).is_some_and(|nodes| nodes.contains(&node))
    }

    /// How far a node stands above the leaves: what is lost when its counts are withheld.
    pub(super) fn height(&self, node: u32) -> usize {
        let level = self.nodes.get(node as usize).map_or(0, |node| node.level);
        if level < self.nested { self.nested - 1 - level } else { self.nested.saturating_sub(2) }
    }

    fn leaf(&mut self, names: &[&str]) -> Result<u32, DisclosureError> {
        if names.len() != self.depth() {
            return Err(DisclosureError::Levels {
                dimension: self.id.clone(),
                expected: self.depth(),
                found: names.len(),
                names: names.join(", "),
            });
        }
        self.wanted.clear();
        for name in names {
            // The length in front keeps two lists of names from looking alike. Writing to a text cannot fail.
            let _ = write!(self.wanted, "{}:{name}", name.len());
        }
        if let Some(leaf) = self.leaf_of.get(&self.wanted) {
            return Ok(*leaf);
        }
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut nodes = vec![ALL];
        for at in 0..names.len() {
            let level = at + 1;
            let label = if level < self.nested { names.get(..=at) } else { names.get(at..=at) };
            let label = label.unwrap_or_default().to_vec();
            let next = self.nodes.len() as u32;
            let node = *self.node_of.entry((level, label.clone())).or_insert(next);
            if node == next {
                self.nodes.push(Node { level, label });
            }
            nodes.push(node);
        }
        let leaf = self.leaves.len() as u32;
        self.leaves.push(nodes);
        self.names.push(names);
        self.leaf_of.insert(self.wanted.clone(), leaf);
        Ok(leaf)
    }

    /// The leaves in the order of their names: neighbours in it are alike.
    pub(super) fn ordered(&self) -> Vec<u32> {
        let mut order: Vec<(&Vec<String>, u32)> = self.names.iter().zip(0..).collect();
        order.sort();
        order.into_iter().map(|(_, leaf)| leaf).collect()
    }
}

/// How many people there are of each kind.
///
/// ```
/// use screening_core::disclosure::{Dimension, Population};
/// let place = Dimension::known("place", &["school", "class"]);
/// let tier = Dimension::sensitive("tier", &["tier"]);
/// let mut pupils = Population::new(vec![place, tier]);
/// pupils.add(&[&["A", "7-1"], &["soon"]], 2)?;
/// pupils.add(&[&["A", "7-1"], &["none"]], 40)?;
/// // A tier that nobody has is still a column of the table.
/// pupils.declare(1, &["today"])?;
/// assert_eq!(pupils.people(), 42);
/// # Ok::<(), screening_core::disclosure::DisclosureError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Population {
    pub(super) dimensions: Vec<Dimension>,
    pub(super) kinds: Vec<(Vec<u32>, u64)>,
    index: HashMap<Vec<u32>, usize>,
}

impl Population {
    /// Nobody so far.
    pub fn new(dimensions: Vec<Dimension>) -> Self {
        Self { dimensions, kinds: Vec::new(), index: HashMap::new() }
    }

    /// Adds `count` people, described by one list of names a dimension, one name a level.
    ///
    /// # Errors
    /// When names are missing or too many.
    pub fn add(&mut self, person: &[&[&str]], count: u64) -> Result<(), DisclosureError> {
        if person.len() != self.dimensions.len() {
            return Err(DisclosureError::Dimensions { expected: self.dimensions.len(), found: person.len() });
        }
        let mut leaves = Vec::with_capacity(person.len());
        for (dimension, names) in self.dimensions.iter_mut().zip(person) {
            leaves.push(dimension.leaf(names)?);
        }
        if let Some(at) = self.index.get(&leaves) {
            if let Some(kind) = self.kinds.get_mut(*at) {
                kind.1 += count;
            }
            return Ok(());
        }
        self.index.insert(leaves.clone(), self.kinds.len());
        self.kinds.push((leaves, count));
        Ok(())
    }

    /// Makes a group known that may have nobody in it.
    ///
    /// # Errors
    /// When there is no such dimension, or names are missing or too many.
    pub fn declare(&mut self, dimension: usize, names: &[&str]) -> Result<(), DisclosureError> {
        let expected = self.dimensions.len();
        let found = self.dimensions.get_mut(dimension);
        found.ok_or(DisclosureError::Dimensions { expected, found: dimension + 1 })?.leaf(names)?;
        Ok(())
    }

    /// All people.
    pub fn people(&self) -> u64 {
        self.kinds.iter().map(|(_, count)| count).sum()
    }
}
