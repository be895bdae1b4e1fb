//! Counting the pupils of a run: by place and tier, by rule, by pair of rules.

use rayon::prelude::*;

use super::super::tree::{OPEN, YES};
use super::evaluated::Evaluated;
use super::groups::Groups;
use super::outcome::{Load, Overlap, RuleYield, Simulation};
use super::part::Chunk;
use super::simulator::{SimTier, Simulator};

/// Rules that have a bit. A policy with more is counted without the rest.
pub(super) const BITS: usize = 128;

/// The rules of a pupil: one bit a rule that holds, and one that cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) holds: u128,
    pub(super) open: u128,
}

/// Counts by rule.
struct RuleCounts {
    holds: Vec<u64>,
    open: Vec<u64>,
    alone: Vec<u64>,
    /// Pairs of flagging rules, `size` places a row.
    both: Vec<u64>,
    /// One for each pupil of whom a rule holds or cannot be said.
    patterns: Vec<Pattern>,
}

impl RuleCounts {
    fn none(size: usize) -> Self {
        let zeros = |count: usize| vec![0_u64; count];
        Self {
            holds: zeros(size),
            open: zeros(size),
            alone: zeros(size),
            both: zeros(size * size),
            patterns: Vec::new(),
        }
    }

    /// Counts of one chunk; `flagging` has a bit for each rule that flags.
    fn of(evaluated: &Evaluated<'_>, flagging: u128, size: usize) -> Self {
        let mut own = Self::none(size);
        let rows = evaluated.levels.len();
        let mut patterns = vec![Pattern { holds: 0, open: 0 }; rows];
        for (at, codes) in evaluated.rules.iter().enumerate().take(size) {
            let Some(codes) = codes else { continue };
            let (holds, open) = (count(codes, YES), count(codes, OPEN));
            add(&mut own.holds, at, holds);
            add(&mut own.open, at, open);
            let bit = 1_u128 << at;
            if holds > 0 {
                mark(codes, YES, patterns.iter_mut().map(|own| &mut own.holds), bit);
            }
            if open > 0 {
                mark(codes, OPEN, patterns.iter_mut().map(|own| &mut own.open), bit);
            }
        }
        patterns.retain(|own| own.holds | own.open != 0);
        for pattern in &patterns {
            own.pairs(pattern.holds & flagging, size);
        }
        own.patterns = patterns;
        own
    }

    /// The flagging rules of one pupil. Few hold, so their bits are walked, and not all pairs of rules.
    fn pairs(&mut self, flagged: u128, size: usize) {
        let mut rest = flagged;
        if flagged.is_power_of_two() {
            add(&mut self.alone, flagged.trailing_zeros() as usize, 1);
            return;
        }
        while rest != 0 {
            let first = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let mut others = rest;
            while others != 0 {
                add(&mut self.both, first * size + others.trailing_zeros() as usize, 1);
                others &= others - 1;
            }
        }
    }

    fn join(&mut self, other: Self) {
        let sum = |own: &mut [u64], other: &[u64]| own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        sum(&mut self.holds, &other.holds);
        sum(&mut self.open, &other.open);
        sum(&mut self.alone, &other.alone);
        sum(&mut self.both, &other.both);
        self.patterns.extend(other.patterns);
    }
}

/// How often a code occurs. Sums of at most 255 bytes fit a byte, which is as wide as the lanes are then.
fn count(codes: &[u8], code: u8) -> u64 {
    let sum = |block: &[u8]| u64::from(block.iter().map(|own| u8::from(*own == code)).sum::<u8>());
    codes.chunks(255).map(sum).sum()
}

fn mark<'a>(codes: &[u8], code: u8, masks: impl Iterator<Item = &'a mut u128>, bit: u128) {
    for (own, mask) in codes.iter().zip(masks) {
        *mask |= if *own == code { bit } else { 0 };
    }
}

fn add(counts: &mut [u64], at: usize, count: u64) {
    if let Some(slot) = counts.get_mut(at) {
        *slot += count;
    }
}

/// Counts what the chunks were found to be.
pub(super) fn gather(simulator: &Simulator, chunks: &[Chunk], evaluated: &[Evaluated<'_>]) -> Simulation {
    let from = simulator.flagged_from();
    let flags: Vec<bool> = simulator.rules.iter().map(|(.., level)| level.is_some_and(|level| level >= from)).collect();
    let flagging = flags.iter().enumerate().take(BITS).fold(0, |mask, (at, flags)| mask | u128::from(*flags) << at);
    let size = simulator.rules.len().min(BITS);
    let parts: Vec<RuleCounts> = evaluated.par_iter().map(|own| RuleCounts::of(own, flagging, size)).collect();
    let mut counts = RuleCounts::none(size);
    parts.into_iter().for_each(|part| counts.join(part));
    let tiers: Vec<(String, bool)> =
        simulator.tiers.iter().map(|SimTier { id, flagged }| (id.clone(), *flagged)).collect();
    let places = places(simulator, chunks, evaluated);
    let rules = yields(simulator, &flags, &counts);
    let overlaps = overlaps(&rules, &counts.both, size);
    let by_tier: Vec<u64> = (0..tiers.len()).map(|at| places.iter().skip(at).step_by(tiers.len()).sum()).collect();
    let flagged = by_tier.iter().zip(&tiers).filter(|(_, tier)| tier.1).map(|(count, _)| count).sum();
    Simulation {
        pupils: by_tier.iter().sum(),
        schools: loads(simulator, &tiers, &places),
        tiers,
        by_tier,
        flagged,
        rules,
        overlaps,
        places,
        patterns: counts.patterns,
        names: simulator.groups.schools.clone(),
    }
}

/// Pupils by kind and, within it, by tier.
fn places(simulator: &Simulator, chunks: &[Chunk], evaluated: &[Evaluated<'_>]) -> Vec<u64> {
    let tiers = simulator.tiers.len();
    let mut places = vec![0_u64; simulator.groups.kinds() * tiers];
    for (chunk, evaluated) in chunks.iter().zip(evaluated) {
        for (pupil, level) in chunk.pupils.iter().zip(&evaluated.levels) {
            add(&mut places, simulator.groups.number(*pupil) as usize * tiers + usize::from(*level), 1);
        }
    }
    places
}

fn loads(simulator: &Simulator, tiers: &[(String, bool)], places: &[u64]) -> Vec<Load> {
    let load = |(school, places): (&String, &[u64])| {
        let flagged = places.iter().zip(tiers.iter().cycle()).filter(|(_, tier)| tier.1).map(|(count, _)| count).sum();
        Load { school: school.clone(), flagged, pupils: places.iter().sum() }
    };
    let of_school = Groups::KINDS_OF_SCHOOL * tiers.len().max(1);
    let mut loads: Vec<Load> = simulator.groups.schools.iter().zip(places.chunks(of_school)).map(load).collect();
    loads.retain(|school| school.pupils > 0);
    loads.sort_by(|a, b| a.school.cmp(&b.school));
    loads
}

fn yields(simulator: &Simulator, flags: &[bool], counts: &RuleCounts) -> Vec<RuleYield> {
    let of = |counts: &[u64], at: usize| counts.get(at).copied().unwrap_or(0);
    let rule = |(at, (rule, tier, _)): (usize, &(String, Option<String>, Option<u8>))| RuleYield {
        rule: rule.clone(),
        tier: tier.clone(),
        flags: flags.get(at).copied().unwrap_or(false),
        holds: of(&counts.holds, at),
        cannot_say: of(&counts.open, at),
        alone: of(&counts.alone, at),
    };
    simulator.rules.iter().enumerate().map(rule).collect()
}

fn overlaps(rules: &[RuleYield], both: &[u64], size: usize) -> Vec<Overlap> {
    let mut overlaps = Vec::new();
    for (at, first) in rules.iter().enumerate().take(size) {
        for (to, second) in rules.iter().enumerate().take(size).skip(at + 1) {
            let both = both.get(at * size + to).copied().unwrap_or(0);
            if both > 0 {
                overlaps.push(Overlap { first: first.rule.clone(), second: second.rule.clone(), both });
            }
        }
    }
    overlaps
}
