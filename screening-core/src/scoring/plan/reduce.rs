//! Sums over choice items: how each answer is keyed, and which sums are parts of others.

use crate::answers::MIN_CODE;

/// How one answer enters a sum, as an offset from the item's lowest contribution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// `code - min`
    Plain { min: i8 },
    /// `max - code`
    Reversed { max: i8 },
    /// 1 when `code >= k`
    AtLeast { k: i8 },
    /// Anything else, by code + 128.
    Table(Box<[u8; 256]>),
}

impl Key {
    /// The key without a branch, where it is one.
    pub(crate) fn affine(&self, span: u8) -> Option<Affine> {
        match self {
            Self::Plain { min } => Some(Affine::plain(*min, span)),
            Self::Reversed { max } => Some(Affine::reversed(*max, span)),
            Self::AtLeast { .. } | Self::Table(_) => None,
        }
    }

    /// The offset of one answer code.
    #[inline]
    pub(crate) fn offset(&self, code: i8) -> u8 {
        match self {
            Self::Plain { min } => code.wrapping_sub(*min) as u8,
            Self::Reversed { max } => max.wrapping_sub(code) as u8,
            Self::AtLeast { k } => u8::from(code >= *k),
            Self::Table(table) => table[table_index(code)],
        }
    }
}

/// How an answer becomes an offset: plain `code - min`, reversed `max - code`, both without a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Affine {
    pub flip: u8,
    pub add: u8,
    /// Highest offset of an allowed answer.
    pub span: u8,
}

impl Affine {
    pub(crate) const NOTHING: Self = Self { flip: 0, add: 0, span: 0 };

    pub(crate) fn plain(min: i8, span: u8) -> Self {
        Self { flip: 0, add: 0_u8.wrapping_sub(min as u8), span }
    }

    pub(crate) fn reversed(max: i8, span: u8) -> Self {
        // -x is !x + 1 in two's complement.
        Self { flip: 0xFF, add: (max as u8).wrapping_add(1), span }
    }

    #[inline(always)]
    pub(crate) fn of(self, code: i8) -> u8 {
        (code as u8 ^ self.flip).wrapping_add(self.add)
    }
}

/// The keys of all narrow items, each in an array of its own, so that one sheet is keyed by vector code.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnKeys {
    pub flips: Vec<u8>,
    pub adds: Vec<u8>,
    pub spans: Vec<u8>,
}

impl OwnKeys {
    pub(crate) fn new(keys: &[Affine]) -> Self {
        Self {
            flips: keys.iter().map(|key| key.flip).collect(),
            adds: keys.iter().map(|key| key.add).collect(),
            spans: keys.iter().map(|key| key.span).collect(),
        }
    }
}

/// One sum as a single sheet runs it: runs of neighbouring slots first, what stands alone after them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SingleSum {
    /// Slots summed by the item's own offset, as half-open ranges long enough for vector code.
    pub own: Vec<(u16, u16)>,
    /// Slots summed by the item's own offset that have few neighbours.
    pub scattered: Vec<u16>,
    /// Ranges of slots and the answer from which each counts 1.
    pub limits: Vec<(u16, u16, i8)>,
    /// All others.
    pub others: Vec<Term>,
    /// Slots and spans of all terms, for the answers that are missing.
    pub spans: Vec<(u16, u8)>,
}

impl SingleSum {
    /// Sorts the directly summed terms of a reduction by how they are summed.
    pub(crate) fn new(reduction: &Reduction, own: &[Affine]) -> Self {
        let mut sum = Self::default();
        let mut terms: Vec<&Term> = reduction.runs.iter().flatten().collect();
        terms.sort_by_key(|term| term.slot);
        for term in terms {
            let slot = term.slot as u16;
            sum.spans.push((slot, term.span));
            match &term.key {
                Key::AtLeast { k } => match sum.limits.last_mut() {
                    Some((_, to, same)) if *to == slot && same == k => *to += 1,
                    _ => sum.limits.push((slot, slot + 1, *k)),
                },
                key if key.affine(term.span).is_some_and(|affine| own.get(term.slot) == Some(&affine)) => {
                    match sum.own.last_mut() {
                        Some((_, to)) if *to == slot => *to += 1,
                        _ => sum.own.push((slot, slot + 1)),
                    }
                }
                _ => sum.others.push(term.clone()),
            }
        }
        let (long, short): (Vec<_>, Vec<_>) = sum.own.iter().partition(|(from, to)| to - from >= 8);
        sum.own = long;
        sum.scattered = short.into_iter().flat_map(|(from, to)| from..to).collect();
        sum
    }
}

/// Position of a code in a table of 256.
#[inline]
pub(crate) fn table_index(code: i8) -> usize {
    usize::from((code as u8) ^ 0x80)
}

/// One item of a sum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Term {
    /// Item position in the definition.
    pub item: usize,
    /// Narrow slot.
    pub slot: usize,
    /// Keying.
    pub key: Key,
    /// Highest offset.
    pub span: u8,
}

/// A sum over items.
#[derive(Debug, Clone)]
pub(crate) struct Reduction {
    /// All items, for counting and explaining.
    pub all: Vec<Term>,
    /// Items summed directly, in runs whose offsets fit a byte together.
    pub runs: Vec<Vec<Term>>,
    /// Other reductions whose results are parts of this one.
    pub parts: Vec<usize>,
    /// Sum of the lowest contributions of the items summed directly.
    pub direct_base: i64,
}

/// What makes two reductions the same: the terms and the lowest contributions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub terms: Vec<(Term, i64)>,
}

/// Arranges the wanted sums so that a sum whose items are covered by smaller ones adds those up instead of reading the
/// answers again. Sums are exact, so the way of adding does not matter. The order of the result is the order of `wanted`.
pub(crate) fn arrange(wanted: &[Wanted]) -> Vec<Reduction> {
    wanted.iter().enumerate().map(|(at, sum)| arrange_one(wanted, at, sum)).collect()
}

fn arrange_one(wanted: &[Wanted], at: usize, sum: &Wanted) -> Reduction {
    let mut left: Vec<&(Term, i64)> = sum.terms.iter().collect();
    let mut parts = Vec::new();
    let mut smaller: Vec<usize> =
        (0..wanted.len()).filter(|&other| other != at && wanted[other].terms.len() < sum.terms.len()).collect();
    smaller.sort_by_key(|&other| std::cmp::Reverse(wanted[other].terms.len()));
    for other in smaller {
        let part = &wanted[other].terms;
        if part.len() > 1 && part.iter().all(|term| left.contains(&term)) {
            left.retain(|term| !part.contains(term));
            parts.push(other);
        }
    }
    Reduction {
        all: sum.terms.iter().map(|(term, _)| term.clone()).collect(),
        runs: runs(left.iter().map(|(term, _)| term)),
        parts,
        direct_base: left.iter().map(|(_, min)| min).sum(),
    }
}

fn runs<'a>(terms: impl Iterator<Item = &'a Term>) -> Vec<Vec<Term>> {
    let mut runs: Vec<Vec<Term>> = Vec::new();
    let mut total = 0_u32;
    for term in terms {
        let span = u32::from(term.span);
        match runs.last_mut() {
            Some(run) if total + span <= 255 => run.push(term.clone()),
            _ => {
                runs.push(vec![term.clone()]);
                total = 0;
            }
        }
        total += span;
    }
    runs
}

/// The order in which reductions can run: parts before wholes. Parts are always smaller, so sorting by size suffices.
pub(crate) fn order(reductions: &[Reduction]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..reductions.len()).collect();
    order.sort_by_key(|&r| reductions[r].all.len());
    order
}

/// Whether a code stands for a missing answer.
#[inline]
pub(crate) fn is_missing(code: i8) -> bool {
    code < MIN_CODE
}
