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
