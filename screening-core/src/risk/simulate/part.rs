//! The sheets of one battery, cut into chunks of pupils.

use super::super::engine::{Compared, Frozen, FrozenRule, Waits};

/// Rows that are evaluated together: the codes of all leaves stay in the cache.
const CHUNK: usize = 8192;

/// What a policy reads from the sheets of one battery, and whose sheets they are.
#[derive(Debug)]
pub(crate) struct SheetPart {
    /// What the policy reads.
    pub(crate) frozen: Frozen,
    /// For each row the pupil; none for a sheet that was rejected.
    pub(crate) pupils: Vec<Option<u32>>,
}

/// What all chunks of a part share.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) rules: Vec<FrozenRule>,
    /// Places of the rules that propose a tier, the highest first.
    pub(super) by_level: Vec<usize>,
    pub(super) leaves: Vec<LeafHead>,
}

/// A leaf, without its rows.
#[derive(Debug)]
pub(super) struct LeafHead {
    /// None for records.
    pub(super) leaf: Option<super::super::condition::Leaf>,
    pub(super) part: usize,
    pub(super) first_wave: bool,
}

/// Some rows of a part.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Place of the part.
    pub(super) head: usize,
    /// Pupil by row.
    pub(super) pupils: Vec<u32>,
    pub(super) leaves: Vec<ChunkLeaf>,
    /// Codes by rule at the thresholds of the policy.
    pub(super) rules: Vec<Vec<u8>>,
    pub(super) critical: Vec<bool>,
    pub(super) unanswered: Vec<bool>,
    pub(super) invalid: Vec<bool>,
    pub(super) direct: Vec<bool>,
}

/// A leaf over some rows.
#[derive(Debug)]
pub(super) struct ChunkLeaf {
    pub(super) codes: Vec<u8>,
    pub(super) compared: Option<Compared>,
    pub(super) waits: Vec<Waits>,
}

impl Head {
    pub(super) fn of(frozen: &Frozen) -> Self {
        let mut by_level: Vec<usize> = (0..frozen.rules.len())
            .filter(|at| frozen.rules.get(*at).is_some_and(|rule| rule.level.is_some()))
            .collect();
        by_level.sort_by_key(|at| std::cmp::Reverse(frozen.rules.get(*at).and_then(|rule| rule.level)));
        let leaf = |own: &super::super::engine::FrozenLeaf| LeafHead {
            leaf: own.leaf.clone(),
            part: own.part,
            first_wave: own.first_wave,
        };
        Self { rules: frozen.rules.clone(), by_level, leaves: frozen.leaves.iter().map(leaf).collect() }
    }
}

/// Cuts a part: chunks of the sheets that count, and one chunk of all others.
pub(super) fn cut(part: &SheetPart, head: usize) -> (Vec<Chunk>, Chunk) {
    let (mut counting, mut others) = (Vec::new(), Vec::new());
    for (row, pupil) in part.pupils.iter().enumerate().take(part.frozen.rows) {
        match (pupil, part.frozen.direct.get(row)) {
            (Some(_), Some(false)) => counting.push(row as u32),
            (Some(_), _) => others.push(row as u32),
            (None, _) => {}
        }
    }
    let chunks = counting.chunks(CHUNK).map(|rows| chunk(part, head, rows)).collect();
    (chunks, chunk(part, head, &others))
}

fn chunk(part: &SheetPart, head: usize, rows: &[u32]) -> Chunk {
    fn pick<T: Copy + Default>(rows: &[u32], from: &[T]) -> Vec<T> {
        rows.iter().map(|row| from.get(*row as usize).copied().unwrap_or_default()).collect()
    }
    let frozen = &part.frozen;
    let leaves: Vec<ChunkLeaf> = frozen
        .leaves
        .iter()
        .map(|leaf| ChunkLeaf {
            codes: pick(rows, &leaf.codes),
            compared: leaf.compared.as_ref().map(|compared| compared.take(rows)),
            waits: pick(rows, &leaf.waits),
        })
        .collect();
    let codes: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.codes.as_slice()).collect();
    let rules = frozen.rules.iter().map(|rule| rule.tree.block(&codes, rows.len())).collect();
    Chunk {
        head,
        pupils: rows.iter().map(|row| part.pupils.get(*row as usize).copied().flatten().unwrap_or_default()).collect(),
        rules,
        leaves,
        critical: pick(rows, &frozen.critical),
        unanswered: pick(rows, &frozen.unanswered),
        invalid: pick(rows, &frozen.invalid),
        direct: pick(rows, &frozen.direct),
    }
}
