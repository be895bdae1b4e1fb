//! Which values to leave and which to take.

use std::cmp::Reverse;

use super::super::cells::State;
use super::super::component::Component;
use super::{Look, Search, Way};

/// Pairs of values that are tried.
const PAIRS: usize = 8;
/// Up to so many pairs are all looked at. Of more (each rule pattern of a simulation is a value, and there are thousands) these of the
/// side with fewer values, each with those of the other side that change fewest of the cells that are shown.
const COMPARED: usize = 4096;
const FEW: usize = 16;
const NEAREST: usize = 32;

impl Search<'_> {
    /// Values to leave and to take: first those with which least of the group has to be withheld.
    pub(super) fn pairs(&self, group: u32, part: u32, base: u32, look: &Look<'_>) -> Vec<(usize, usize)> {
        let (component, up) = (self.component, look.aim.way == Way::Up);
        let inside = component.counts.get(part as usize).map_or(&[][..], Vec::as_slice);
        let of = |wanted: bool| (0..component.values).filter(move |value| inside.get(*value) == Some(&wanted));
        let people = |value: usize| look.people(component, base, value);
        let left: Vec<usize> = of(!up).filter(|value| people(*value) > 0).collect();
        let taken: Vec<usize> = of(up).collect();
        let candidates: Vec<(usize, usize)> = if left.len().saturating_mul(taken.len()) <= COMPARED {
            left.iter().flat_map(|left| taken.iter().map(|taken| (*left, *taken))).collect()
        } else {
            let shown = shown(component, group, look);
            let far = |a: usize, b: usize| component.distance(a, b, &shown);
            let by_people = |value: &usize| (Reverse(people(*value)), *value);
            if left.len() <= taken.len() {
                let few = first(left, FEW, by_people).into_iter();
                few.flat_map(|left| near(&taken, |taken| (far(left, taken), 0), |taken| (left, taken))).collect()
            } else {
                let few = taken.into_iter().take(FEW);
                let rank = |left: usize, taken: usize| (far(left, taken), -people(left));
                few.flat_map(|taken| near(&left, |left| rank(left, taken), |left| (left, taken))).collect()
            }
        };
        let mut found: Vec<(u64, i64, usize, usize)> = Vec::with_capacity(candidates.len());
        for (left, taken) in candidates {
            let cells = component.effect(left, taken).filter_map(|(part, _)| component.cell(group, part));
            let shown = cells.filter_map(|at| look.states.get(at as usize)).filter(|cell| cell.state == State::Shown);
            found.push((shown.map(|cell| cell.cost).sum(), -people(left).min(look.aim.need), left, taken));
        }
        found.sort_unstable();
        found.into_iter().take(PAIRS).map(|(_, _, left, taken)| (left, taken)).collect()
    }
}

/// The parts of which a group shows the cell, as bits.
fn shown(component: &Component, group: u32, look: &Look<'_>) -> Vec<u64> {
    let is_shown = |part: &u32| {
        let cell = component.cell(group, *part).and_then(|at| look.states.get(at as usize));
        cell.is_some_and(|cell| cell.state == State::Shown)
    };
    component.bits((0..component.counts.len() as u32).filter(is_shown))
}

fn first<K: Ord>(mut values: Vec<usize>, count: usize, key: impl Fn(&usize) -> K) -> Vec<usize> {
    values.sort_unstable_by_key(key);
    values.truncate(count);
    values
}

/// The values with the lowest rank, each made a pair.
fn near<K: Ord>(
    values: &[usize],
    rank: impl Fn(usize) -> K,
    pair: impl Fn(usize) -> (usize, usize),
) -> Vec<(usize, usize)> {
    let mut ranked: Vec<(K, usize)> = values.iter().map(|value| (rank(*value), *value)).collect();
    if ranked.len() > NEAREST {
        ranked.select_nth_unstable(NEAREST);
        ranked.truncate(NEAREST);
    }
    ranked.into_iter().map(|(_, value)| pair(value)).collect()
}
