//! The policy over one chunk: the tier and the rules of each pupil.

use std::borrow::Cow;

use super::super::tree::{NO, OPEN, YES};
use super::part::{Chunk, Head};
use super::simulator::Quiet;

/// A threshold that is moved, in one rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    /// Place of the rule in the part.
    pub(super) rule: usize,
    /// Place of the leaf in the part.
    pub(super) leaf: usize,
    /// New threshold.
    pub(super) value: f64,
}

/// Tier and rules of the pupils of a chunk.
pub(super) struct Evaluated<'a> {
    /// Level of the tier.
    pub(super) levels: Vec<u8>,
    /// Codes by rule of the policy; none where nothing of it was asked.
    pub(super) rules: Vec<Option<Cow<'a, [u8]>>>,
}

impl Evaluated<'_> {
    /// Takes over what another sheet of the same pupil says: the most urgent tier stands, and a rule holds when it holds on one
    /// of the sheets.
    pub(super) fn absorb(&mut self, lane: usize, other: &Evaluated<'_>, from: usize) {
        if let (Some(level), Some(more)) = (self.levels.get_mut(lane), other.levels.get(from)) {
            *level = (*level).max(*more);
        }
        for (own, other) in self.rules.iter_mut().zip(&other.rules) {
            let holds = other.as_ref().and_then(|codes| codes.get(from)) == Some(&YES);
            if !holds {
                continue;
            }
            let rows = self.levels.len();
            let codes = own.get_or_insert_with(|| Cow::Owned(vec![NO; rows])).to_mut();
            if let Some(slot) = codes.get_mut(lane) {
                *slot = YES;
            }
        }
    }

    /// Places of the rules that hold for a pupil.
    pub(super) fn holding(&self, lane: usize) -> Vec<usize> {
        let holds = |codes: &Option<Cow<'_, [u8]>>| codes.as_ref().and_then(|codes| codes.get(lane)) == Some(&YES);
        self.rules.iter().enumerate().filter(|(_, codes)| holds(codes)).map(|(at, _)| at).collect()
    }
}

/// A chunk with the codes of the leaves that were moved.
struct View<'a> {
    chunk: &'a Chunk,
    head: &'a Head,
    /// Rule, leaf, codes.
    moved: Vec<(usize, usize, Vec<u8>)>,
}

impl<'a> View<'a> {
    /// Codes of a leaf as this rule sees them.
    fn codes(&self, rule: usize, leaf: usize) -> &[u8] {
        let moved = self.moved.iter().rev().find(|(own, at, _)| *own == rule && *at == leaf);
        match moved {
            Some((_, _, codes)) => codes,
            None => self.chunk.leaves.get(leaf).map_or(&[], |leaf| leaf.codes.as_slice()),
        }
    }

    fn rule(&self, place: usize) -> Cow<'a, [u8]> {
        let known = self.chunk.rules.get(place).map_or(&[][..], Vec::as_slice);
        let is_moved = self.moved.iter().any(|(rule, ..)| *rule == place);
        let (true, Some(rule)) = (is_moved, self.head.rules.get(place)) else { return Cow::Borrowed(known) };
        let leaves: Vec<&[u8]> = (0..self.chunk.leaves.len()).map(|leaf| self.codes(place, leaf)).collect();
        Cow::Owned(rule.tree.block(&leaves, self.chunk.pupils.len()))
    }

    /// Whether asking again may lead to a tier above `level`: as [`crate::risk::PolicyEngine`] tells it, without the words.
    fn asks(&self, rules: &[Cow<'a, [u8]>], lane: usize, level: u8) -> bool {
        let mut told: Vec<usize> = Vec::new();
        let mut grounds = Vec::new();
        for place in &self.head.by_level {
            let Some(rule) = self.head.rules.get(*place) else { continue };
            let open = rules.get(*place).and_then(|codes| codes.get(lane)) == Some(&OPEN);
            if !open || rule.level.is_none_or(|own| own <= level) {
                continue;
            }
            let code = |leaf: usize| self.codes(*place, leaf).get(lane).copied().unwrap_or(OPEN);
            let waits = |leaf: usize| {
                let own = self.chunk.leaves.get(leaf).and_then(|leaf| leaf.waits.get(lane));
                own.copied().unwrap_or_default()
            };
            grounds.clear();
            rule.tree.grounds(&code, OPEN, &mut grounds);
            let settled = |leaf: usize| match code(leaf) {
                OPEN if waits(leaf).in_vain() => NO,
                known => known,
            };
            let in_vain = rule.tree.row(&settled) == NO;
            for leaf in &grounds {
                let Some(head) = self.head.leaves.get(*leaf) else { continue };
                let own = waits(*leaf);
                let silent = own.silent() || (in_vain && !own.in_vain()) || (own.in_vain() && head.first_wave);
                if silent || told.contains(&head.part) {
                    continue;
                }
                told.push(head.part);
                if own.asking() {
                    return true;
                }
            }
        }
        false
    }
}

/// Evaluates a chunk with some thresholds moved. Only what they are part of is computed anew.
pub(super) fn evaluate<'a>(
    chunk: &'a Chunk,
    head: &'a Head,
    moved: &[Moved],
    quiet: Quiet,
    policy_rules: usize,
) -> Evaluated<'a> {
    let codes = |own: &Moved| {
        let compared = chunk.leaves.get(own.leaf)?.compared.as_ref()?;
        let mut codes = Vec::with_capacity(chunk.pupils.len());
        compared.codes(own.value, &mut codes);
        Some((own.rule, own.leaf, codes))
    };
    let view = View { chunk, head, moved: moved.iter().filter_map(codes).collect() };
    let rules: Vec<Cow<'a, [u8]>> = (0..head.rules.len()).map(|place| view.rule(place)).collect();
    let rows = chunk.pupils.len();
    let (mut levels, mut open) = (vec![quiet.unflagged; rows], vec![0_u8; rows]);
    for (codes, rule) in rules.iter().zip(&head.rules) {
        let Some(level) = rule.level else { continue };
        for ((code, top), open) in codes.iter().zip(&mut levels).zip(&mut open) {
            *top = if *code == YES { level.max(*top) } else { *top };
            *open = if *code == OPEN { level.max(*open) } else { *open };
        }
    }
    let outside = chunk.critical.iter().zip(&chunk.invalid).zip(&chunk.unanswered).zip(&chunk.direct);
    for (lane, ((level, open), (((critical, invalid), unanswered), direct))) in
        levels.iter_mut().zip(open).zip(outside).enumerate()
    {
        if *critical {
            *level = quiet.critical.max(*level);
        }
        if *invalid {
            *level = quiet.retest.max(*level);
        }
        let asks = *unanswered || (!*direct && open > *level && view.asks(&rules, lane, *level));
        if asks {
            *level = quiet.incomplete.max(*level);
        }
    }
    let mut by_policy: Vec<Option<Cow<'a, [u8]>>> = vec![None; policy_rules];
    for (codes, rule) in rules.into_iter().zip(&head.rules) {
        if let Some(slot) = by_policy.get_mut(rule.at) {
            *slot = Some(codes);
        }
    }
    Evaluated { levels, rules: by_policy }
}
