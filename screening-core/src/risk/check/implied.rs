//! Does one condition hold whenever another does? Told from their shape: what is told is certain, but not everything that is
//! certain is told.

use super::super::condition::{BandWish, Condition, Leaf};
use super::super::evidence::EvidenceStream;
use crate::instrument::expr::Comparison;
use crate::stats::Decimal;

/// Comparisons of conditions that are made at most for one pair: what is longer is not told.
const PATIENCE: u32 = 20_000;

/// Whether `second` holds whenever `first` does.
pub(super) fn implies(first: &Condition, second: &Condition) -> bool {
    let mut patience = PATIENCE;
    follows(first, second, &mut patience)
}

fn follows(first: &Condition, second: &Condition, patience: &mut u32) -> bool {
    if *patience == 0 {
        return false;
    }
    *patience -= 1;
    if first == second {
        return true;
    }
    // What splits without losing anything is split first.
    match (first, second) {
        (Condition::Any(parts), _) => return parts.iter().all(|part| follows(part, second, patience)),
        (Condition::AtLeast { k: 1, of }, _) => return of.iter().all(|part| follows(part, second, patience)),
        (_, Condition::All(parts)) => return parts.iter().all(|part| follows(first, part, patience)),
        _ => {}
    }
    if let (Condition::AtLeast { k, of }, Condition::AtLeast { k: fewer, of: more }) = (first, second) {
        return counted(*k, of, *fewer, more, patience);
    }
    let through_second = match second {
        Condition::Any(parts) | Condition::AtLeast { k: 1, of: parts } => {
            parts.iter().any(|part| follows(first, part, patience))
        }
        _ => false,
    };
    let through_first = || match first {
        Condition::All(parts) => Some(parts),
        Condition::AtLeast { k, of } if *k == of.len() => Some(of),
        _ => None,
    };
    if through_second {
        return true;
    }
    if let Some(parts) = through_first() {
        if parts.iter().any(|part| follows(part, second, patience)) {
            return true;
        }
        if let Condition::AtLeast { k, of } = second {
            // Different parts make different conditions hold.
            let met = of.iter().filter(|wish| parts.iter().any(|part| follows(part, wish, patience))).count();
            return met >= *k;
        }
    }
    match (first, second) {
        (Condition::Leaf(first), Condition::Leaf(second)) => leaf(first, second),
        // By contraposition.
        (Condition::Not(first), Condition::Not(second)) => follows(second, first, patience),
        _ => false,
    }
}

/// `k` of some are at least `fewer` of others when each of them makes another one of these hold.
fn counted(k: usize, of: &[Condition], fewer: usize, more: &[Condition], patience: &mut u32) -> bool {
    let mut left: Vec<&Condition> = more.iter().collect();
    let mut without = 0;
    for part in of {
        match left.iter().position(|wish| follows(part, wish, patience)) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => without += 1,
        }
    }
    k.saturating_sub(without) >= fewer
}

fn leaf(first: &Leaf, second: &Leaf) -> bool {
    match (first, second) {
        (Leaf::Score { scale: a, op, value }, Leaf::Score { scale: b, op: other, value: than }) if a == b => {
            compared((*op, *value), (*other, *than))
        }
        (Leaf::Answer { item: a, op, value }, Leaf::Answer { item: b, op: other, value: than }) if a == b => {
            compared((*op, *value), (*other, *than))
        }
        (
            Leaf::Norm { scale: a, derived: x, op, value },
            Leaf::Norm { scale: b, derived: y, op: other, value: than },
        ) if a == b && x == y => compared((*op, *value), (*other, *than)),
        (Leaf::ChangeIndex { scale: a, op, value }, Leaf::ChangeIndex { scale: b, op: other, value: than })
            if a == b =>
        {
            compared((*op, *value), (*other, *than))
        }
        (Leaf::ValidityIndex { rule: a, op, value }, Leaf::ValidityIndex { rule: b, op: other, value: than })
            if a == b =>
        {
            compared((*op, *value), (*other, *than))
        }
        (Leaf::Band { scale: a, wish }, Leaf::Band { scale: b, wish: other }) if a == b => match (wish, other) {
            (BandWish::AtLeast(level), BandWish::AtLeast(than)) => level >= than,
            (BandWish::In(ids), BandWish::In(others)) => ids.iter().all(|id| others.contains(id)),
            _ => false,
        },
        (Leaf::Word { scale: a, words }, Leaf::Word { scale: b, words: others }) => a == b && subset(words, others),
        (Leaf::Change { scale: a, outcomes }, Leaf::Change { scale: b, outcomes: others }) => {
            a == b && subset(outcomes, others)
        }
        (Leaf::Clinical { scale: a, changes }, Leaf::Clinical { scale: b, changes: others }) => {
            a == b && subset(changes, others)
        }
        (Leaf::Course { scale: a, courses }, Leaf::Course { scale: b, courses: others }) => {
            a == b && subset(courses, others)
        }
        (Leaf::Validity { instrument: a, verdict }, Leaf::Validity { instrument: b, verdict: than }) => {
            a == b && verdict >= than
        }
        (Leaf::Record { of, values, within_days }, Leaf::Record { of: other, values: others, within_days: than }) => {
            let in_time = match (within_days, than) {
                (_, None) => true,
                (Some(own), Some(than)) => own <= than,
                (None, Some(_)) => false,
            };
            part_of(of, other) && subset(values, others) && in_time
        }
        _ => false,
    }
}

fn subset<T: PartialEq>(first: &[T], second: &[T]) -> bool {
    first.iter().all(|entry| second.contains(entry))
}

fn part_of(first: &EvidenceStream, second: &EvidenceStream) -> bool {
    first.kind() == second.kind() && (second.source().is_none() || first.source() == second.source())
}

/// Whether every number that compares as the first does compares as the second does.
fn compared((op, value): (Comparison, Decimal), (other, than): (Comparison, Decimal)) -> bool {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    let (value, than) = (value.to_f64(), than.to_f64());
    match (op, other) {
        (Ge | Eq, Ge) | (Gt, Ge | Gt) => value >= than,
        (Ge | Eq, Gt) => value > than,
        (Le | Eq, Le) | (Lt, Le | Lt) => value <= than,
        (Le | Eq, Lt) => value < than,
        (Eq, Eq) | (Ne, Ne) => value == than,
        (Eq, Ne) => value != than,
        (Ge, Ne) => value > than,
        (Gt, Ne) => value >= than,
        (Le, Ne) => value < than,
        (Lt, Ne) => value <= than,
        _ => false,
    }
}

/// Two comparisons of one score inside one `all` that no number meets together.
pub(super) fn contradiction(condition: &Condition) -> Option<(&Leaf, &Leaf)> {
    match condition {
        Condition::All(parts) => {
            let mut leaves: Vec<&Leaf> = Vec::new();
            flat(parts, &mut leaves);
            let pairs = leaves
                .iter()
                .enumerate()
                .flat_map(|(at, first)| leaves.iter().take(at).map(move |second| (*second, *first)));
            pairs.into_iter().find(|(first, second)| excluded(first, second))
        }
        // Of several ways one that cannot be gone is enough to tell.
        Condition::Any(parts) | Condition::AtLeast { of: parts, .. } => parts.iter().find_map(contradiction),
        Condition::Not(_) | Condition::Leaf(_) => None,
    }
}

fn flat<'a>(parts: &'a [Condition], leaves: &mut Vec<&'a Leaf>) {
    for part in parts {
        match part {
            Condition::Leaf(leaf) => leaves.push(leaf),
            Condition::All(parts) => flat(parts, leaves),
            _ => {}
        }
    }
}

fn excluded(first: &Leaf, second: &Leaf) -> bool {
    let comparison = |leaf: &Leaf| match leaf {
        Leaf::Score { scale, op, value } => Some((scale.clone(), *op, *value)),
        Leaf::Answer { item, op, value } => Some((item.clone(), *op, *value)),
        _ => None,
    };
    match (first, second) {
        (Leaf::Score { .. }, Leaf::Score { .. }) | (Leaf::Answer { .. }, Leaf::Answer { .. }) => {}
        (Leaf::Band { scale: a, wish: BandWish::In(ids) }, Leaf::Band { scale: b, wish: BandWish::In(others) }) => {
            return a == b && !ids.iter().any(|id| others.contains(id));
        }
        (Leaf::Word { scale: a, words }, Leaf::Word { scale: b, words: others }) => {
            return a == b && !words.iter().any(|word| others.contains(word));
        }
        _ => return false,
    }
    let (Some((a, op, value)), Some((b, other, than))) = (comparison(first), comparison(second)) else { return false };
    // The first excludes the second when it implies the opposite.
    let opposite = match other {
        Comparison::Eq => Comparison::Ne,
        Comparison::Ne => Comparison::Eq,
        Comparison::Ge => Comparison::Lt,
        Comparison::Gt => Comparison::Le,
        Comparison::Le => Comparison::Gt,
        Comparison::Lt => Comparison::Ge,
    };
    a == b && compared((op, value), (opposite, than))
}
