//! Three-valued evaluation of condition trees over blocks of rows.
//!
//! Codes are ordered no < cannot say < yes, so that "and" is the smaller, "or" the larger and "not" the mirror image;
//! one pass a node over a block of bytes, which the compiler turns into vector instructions.

use super::condition::{Condition, Leaf};

/// It does not hold.
pub(super) const NO: u8 = 0;
/// It cannot be said.
pub(super) const OPEN: u8 = 1;
/// It holds.
pub(super) const YES: u8 = 2;
/// It was not asked of this row, as when its instrument were not in the battery. Only [`Tree::row`] knows it.
pub(super) const ABSENT: u8 = 3;

/// A condition over the leaves of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    AtLeast {
        k: usize,
        of: Vec<Self>,
    },
    /// Position in the list of leaves.
    Leaf(usize),
}

impl Tree {
    /// Turns a condition into a tree; `place` gives the position of a leaf, or `None` when its instrument was not asked.
    ///
    /// What was not asked cannot hold and cannot be awaited: it is cut out of `any` and `at-least`, and with it falls an
    /// `all` or `not` that needs it. `None` when nothing is left.
    pub(super) fn prune(condition: &Condition, place: &mut impl FnMut(&Leaf) -> Option<usize>) -> Option<Self> {
        Some(match condition {
            Condition::Leaf(leaf) => Self::Leaf(place(leaf)?),
            Condition::Not(part) => Self::Not(Box::new(Self::prune(part, place)?)),
            Condition::All(parts) => {
                Self::All(parts.iter().map(|part| Self::prune(part, place)).collect::<Option<_>>()?)
            }
            Condition::Any(parts) => {
                let parts: Vec<Self> = parts.iter().filter_map(|part| Self::prune(part, place)).collect();
                if parts.is_empty() {
                    return None;
                }
                Self::Any(parts)
            }
            Condition::AtLeast { k, of } => {
                let of: Vec<Self> = of.iter().filter_map(|part| Self::prune(part, place)).collect();
                if of.len() < *k {
                    return None;
                }
                Self::AtLeast { k: *k, of }
            }
        })
    }

    /// Evaluates a block of `rows` rows; `leaves` holds one slice of codes a leaf.
    pub(super) fn block(&self, leaves: &[impl AsRef<[u8]>], rows: usize) -> Vec<u8> {
        let mut out = vec![NO; rows];
        self.block_into(leaves, &mut out);
        out
    }

    fn block_into(&self, leaves: &[impl AsRef<[u8]>], out: &mut [u8]) {
        match self {
            Self::Leaf(at) => {
                if let Some(codes) = leaves.get(*at) {
                    out.iter_mut().zip(codes.as_ref()).for_each(|(to, from)| *to = *from);
                }
            }
            Self::Not(part) => {
                part.block_into(leaves, out);
                for code in out {
                    *code = YES - *code;
                }
            }
            Self::All(parts) => fold(parts, leaves, out, YES, u8::min),
            Self::Any(parts) => fold(parts, leaves, out, NO, u8::max),
            Self::AtLeast { k, of } => {
                let (mut sure, mut possible) = (vec![0_u16; out.len()], vec![0_u16; out.len()]);
                for part in of {
                    part.block_into(leaves, out);
                    for ((code, sure), possible) in out.iter().zip(&mut sure).zip(&mut possible) {
                        *sure += u16::from(*code == YES);
                        *possible += u16::from(*code != NO);
                    }
                }
                for ((code, sure), possible) in out.iter_mut().zip(sure).zip(possible) {
                    *code = if usize::from(sure) >= *k {
                        YES
                    } else if usize::from(possible) < *k {
                        NO
                    } else {
                        OPEN
                    };
                }
            }
        }
    }

    /// Evaluates one row. What is [`ABSENT`] is cut as by [`Self::prune`]: it leaves `any` and `at-least`, and an `all` or `not`
    /// that needs it is absent too.
    pub(super) fn row(&self, leaf: &impl Fn(usize) -> u8) -> u8 {
        match self {
            Self::Leaf(at) => leaf(*at),
            Self::Not(part) => match part.row(leaf) {
                ABSENT => ABSENT,
                code => YES - code,
            },
            Self::All(parts) => {
                let (mut least, mut absent) = (YES, false);
                for part in parts {
                    let code = part.row(leaf);
                    absent |= code == ABSENT;
                    least = least.min(code);
                }
                if absent { ABSENT } else { least }
            }
            Self::Any(parts) => {
                let codes = parts.iter().map(|part| part.row(leaf)).filter(|code| *code != ABSENT);
                codes.max().unwrap_or(if parts.is_empty() { NO } else { ABSENT })
            }
            Self::AtLeast { k, of } => {
                let (mut sure, mut possible, mut asked) = (0, 0, 0);
                for code in of.iter().map(|part| part.row(leaf)).filter(|code| *code != ABSENT) {
                    asked += 1;
                    sure += usize::from(code == YES);
                    possible += usize::from(code != NO);
                }
                if asked < *k && asked < of.len() {
                    ABSENT
                } else if sure >= *k {
                    YES
                } else if possible < *k {
                    NO
                } else {
                    OPEN
                }
            }
        }
    }

    /// The lowest and the highest code that are possible when each leaf may take any code between the two of `leaf`. Exact where
    /// no leaf stands twice in the tree, never too narrow otherwise.
    pub(super) fn reach(&self, leaf: &impl Fn(usize) -> (u8, u8)) -> (u8, u8) {
        // Every node rises with its parts, but for a negation, which turns the two ends round.
        match self {
            Self::Leaf(at) => leaf(*at),
            Self::Not(part) => {
                let (low, high) = part.reach(leaf);
                let turn = |code: u8| if code == ABSENT { ABSENT } else { YES - code };
                (turn(high), turn(low))
            }
            Self::All(parts) | Self::Any(parts) | Self::AtLeast { of: parts, .. } => {
                let ends: Vec<(u8, u8)> = parts.iter().map(|part| part.reach(leaf)).collect();
                let end = |pick: fn(&(u8, u8)) -> u8| {
                    let leaves = (0..ends.len()).map(Self::Leaf).collect();
                    let node = match self {
                        Self::Any(_) => Self::Any(leaves),
                        Self::AtLeast { k, .. } => Self::AtLeast { k: *k, of: leaves },
                        _ => Self::All(leaves),
                    };
                    node.row(&|at| ends.get(at).map_or(OPEN, pick))
                };
                (end(|ends| ends.0), end(|ends| ends.1))
            }
        }
    }

    /// Calls `visit` with the position of every leaf.
    pub(super) fn leaves(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Leaf(at) => visit(*at),
            Self::Not(part) => part.leaves(visit),
            Self::All(parts) | Self::Any(parts) | Self::AtLeast { of: parts, .. } => {
                for part in parts {
                    part.leaves(visit);
                }
            }
        }
    }

    /// Leaves with `code` along the branches that have it: what a true rule rests on, or what an open one waits for.
    pub(super) fn grounds(&self, leaf: &impl Fn(usize) -> u8, code: u8, found: &mut Vec<usize>) {
        match self {
            Self::Leaf(at) => {
                if leaf(*at) == code && !found.contains(at) {
                    found.push(*at);
                }
            }
            // What makes a negation hold is that something does not; only the unsaid is the same on both sides.
            Self::Not(part) => {
                if code == OPEN {
                    part.grounds(leaf, code, found);
                }
            }
            Self::All(parts) | Self::Any(parts) | Self::AtLeast { of: parts, .. } => {
                for part in parts.iter().filter(|part| part.row(leaf) == code) {
                    part.grounds(leaf, code, found);
                }
            }
        }
    }
}

fn fold(parts: &[Tree], leaves: &[impl AsRef<[u8]>], out: &mut [u8], start: u8, combine: fn(u8, u8) -> u8) {
    let mut part_codes = vec![NO; out.len()];
    out.fill(start);
    for part in parts {
        part.block_into(leaves, &mut part_codes);
        out.iter_mut().zip(&part_codes).for_each(|(to, from)| *to = combine(*to, *from));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEAVES: usize = 5;

    /// The rule of [`Tree::prune`], written again for trees.
    fn remove(tree: &Tree, absent: &impl Fn(usize) -> bool) -> Option<Tree> {
        let each = |parts: &[Tree]| parts.iter().filter_map(|part| remove(part, absent)).collect::<Vec<_>>();
        match tree {
            Tree::Leaf(at) => (!absent(*at)).then_some(Tree::Leaf(*at)),
            Tree::Not(part) => Some(Tree::Not(Box::new(remove(part, absent)?))),
            Tree::All(parts) => Some(Tree::All(each(parts))).filter(|_| each(parts).len() == parts.len()),
            Tree::Any(parts) => Some(Tree::Any(each(parts))).filter(|_| !each(parts).is_empty()),
            // A count that was out of reach from the start says no whatever is asked.
            Tree::AtLeast { k, of } if of.len() < *k && each(of).len() == of.len() => Some(tree.clone()),
            Tree::AtLeast { k, of } => Some(Tree::AtLeast { k: *k, of: each(of) }).filter(|_| each(of).len() >= *k),
        }
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let leaf = (0..LEAVES).prop_map(Tree::Leaf);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let list = || prop::collection::vec(inner.clone(), 1..4);
            prop_oneof![
                list().prop_map(Tree::All),
                list().prop_map(Tree::Any),
                inner.clone().prop_map(|part| Tree::Not(Box::new(part))),
                (1_usize..4, list()).prop_map(|(k, of)| Tree::AtLeast { k, of }),
            ]
        })
    }

    proptest! {
        /// Whatever the open leaves turn out to be, a decided tree keeps its decision.
        #[test]
        fn a_decision_never_changes_when_the_unknown_becomes_known(
            tree in trees(), codes in prop::array::uniform5(0_u8..3), fills in prop::array::uniform5(prop::bool::ANY)
        ) {
            let before = tree.row(&|at| codes[at]);
            let after = tree.row(&|at| match (codes[at], fills[at]) {
                (OPEN, true) => YES,
                (OPEN, false) => NO,
                (code, _) => code,
            });
            prop_assert_ne!(after, OPEN);
            if before != OPEN {
                prop_assert_eq!(before, after);
            }
        }

        /// Knowing less never turns a decision into its opposite.
        #[test]
        fn forgetting_a_leaf_only_opens(
            tree in trees(), codes in prop::array::uniform5(prop::bool::ANY), forget in 0..LEAVES
        ) {
            let full = tree.row(&|at| if codes[at] { YES } else { NO });
            let less = tree.row(&|at| if at == forget { OPEN } else if codes[at] { YES } else { NO });
            prop_assert!(less == OPEN || less == full);
        }

        #[test]
        fn blocks_and_rows_agree(tree in trees(), rows in prop::collection::vec(prop::array::uniform5(0_u8..3), 1..40)) {
            let leaves: Vec<Vec<u8>> = (0..LEAVES).map(|at| rows.iter().map(|row| row[at]).collect()).collect();
            let block = tree.block(&leaves, rows.len());
            for (row, code) in rows.iter().zip(block) {
                prop_assert_eq!(tree.row(&|at| row[at]), code);
            }
        }

        /// What was not asked of a row is cut as if it had never been in the tree.
        #[test]
        fn the_absent_is_cut_as_an_instrument_that_was_not_asked(
            tree in trees(), codes in prop::array::uniform5(0_u8..4)
        ) {
            let cut = remove(&tree, &|at| codes[at] == ABSENT);
            let expected = cut.map_or(ABSENT, |cut| cut.row(&|at| codes[at]));
            prop_assert_eq!(tree.row(&|at| codes[at]), expected);
        }

        /// Whatever the free leaves turn out to be, the result lies within the reach.
        #[test]
        fn the_reach_holds_every_completion(
            tree in trees(), codes in prop::array::uniform5(0_u8..3), free in prop::array::uniform5(prop::bool::ANY),
            fills in prop::array::uniform5(0_u8..3)
        ) {
            let (low, high) = tree.reach(&|at| if free[at] { (NO, YES) } else { (codes[at], codes[at]) });
            let found = tree.row(&|at| if free[at] { fills[at] } else { codes[at] });
            prop_assert!(low <= found && found <= high);
        }

        /// An open tree names at least one open leaf.
        #[test]
        fn the_unsaid_has_a_ground(tree in trees(), codes in prop::array::uniform5(0_u8..3)) {
            let leaf = |at: usize| codes[at];
            let mut found = Vec::new();
            tree.grounds(&leaf, OPEN, &mut found);
            if tree.row(&leaf) == OPEN {
                prop_assert!(!found.is_empty());
            }
        }
    }
}
