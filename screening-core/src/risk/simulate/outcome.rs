//! What a run of the simulator counts.

use rayon::prelude::*;
use serde::Serialize;

use super::super::tree::{OPEN, YES};
use super::evaluated::Evaluated;
use super::groups::Groups;
use super::simulator::{SimTier, Simulator};
use super::{Capacity, SimulateError};
use crate::disclosure::{Dimension, Population, ProtectedTable, Rule, Shown, TableSpec, protect};

/// Pupils who are alike in everything that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Cell {
    kind: u32,
    level: u8,
    /// One bit a rule that holds, and one that cannot be said.
    holds: u128,
    open: u128,
}

/// Rules that have a bit. A policy with more is counted without the rest.
const BITS: usize = 128;

/// Counts of one chunk.
pub(super) struct ChunkCounts(Vec<(Cell, u64)>);

impl ChunkCounts {
    pub(super) fn of(pupils: &[u32], evaluated: &Evaluated<'_>, groups: &Groups) -> Self {
        let (mut holds, mut open) = (vec![0_u128; pupils.len()], vec![0_u128; pupils.len()]);
        for (at, codes) in evaluated.rules.iter().enumerate().take(BITS) {
            let Some(codes) = codes else { continue };
            for ((code, holds), open) in codes.iter().zip(&mut holds).zip(&mut open) {
                *holds |= u128::from(*code == YES) << at;
                *open |= u128::from(*code == OPEN) << at;
            }
        }
        let rows = pupils.iter().zip(&evaluated.levels).zip(holds.iter().zip(&open));
        let cell = |((pupil, level), (holds, open)): ((&u32, &u8), (&u128, &u128))| {
            (Cell { kind: groups.number(*pupil), level: *level, holds: *holds, open: *open }, 1)
        };
        let mut cells: Vec<(Cell, u64)> = rows.map(cell).collect();
        cells.sort_unstable();
        Self(together(cells))
    }
}

/// Cells in order, each once.
fn together(sorted: Vec<(Cell, u64)>) -> Vec<(Cell, u64)> {
    let mut cells: Vec<(Cell, u64)> = Vec::with_capacity(sorted.len());
    for (cell, count) in sorted {
        match cells.last_mut() {
            Some((known, sum)) if *known == cell => *sum += count,
            _ => cells.push((cell, count)),
        }
    }
    cells
}

/// How often a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleYield {
    /// Rule.
    pub rule: String,
    /// Tier; none for a note.
    pub tier: Option<String>,
    /// Whether it flags.
    pub flags: bool,
    /// Pupils for whom it holds.
    pub holds: u64,
    /// Pupils for whom it cannot be said.
    pub cannot_say: u64,
    /// Pupils for whom it holds and no other rule that flags does: what the policy would lose without it, as far as
    /// critical answers do not flag them anyway. Zero for rules that do not flag.
    pub alone: u64,
}

/// Two rules that flag, together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// One rule.
    pub first: String,
    /// The other, later in the policy.
    pub second: String,
    /// Pupils for whom both hold.
    pub both: u64,
}

/// Flagged pupils of a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Load {
    /// School.
    pub school: String,
    /// Flagged pupils.
    pub flagged: u64,
    /// Pupils with a sheet.
    pub pupils: u64,
}

/// The counts of one run. They are exact and not for publication: [`Simulation::release`] gives what may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// Tiers, mildest first: id and whether it counts as flagged.
    pub tiers: Vec<(String, bool)>,
    /// Pupils with a sheet.
    pub pupils: u64,
    /// Pupils by tier.
    pub by_tier: Vec<u64>,
    /// Pupils of a tier that counts as flagged.
    pub flagged: u64,
    /// Rules, in the order of the policy.
    pub rules: Vec<RuleYield>,
    /// Pairs of flagging rules that hold together for at least one pupil.
    pub overlaps: Vec<Overlap>,
    /// Schools, in the order of names.
    pub schools: Vec<Load>,
    cells: Vec<(Cell, u64)>,
    names: Vec<String>,
}

pub(super) fn gather(simulator: &Simulator, parts: Vec<ChunkCounts>) -> Simulation {
    let mut cells: Vec<(Cell, u64)> = parts.into_iter().flat_map(|part| part.0).collect();
    cells.par_sort_unstable();
    let cells = together(cells);
    let names = simulator.groups.schools.clone();
    let mut schools: Vec<Load> =
        names.iter().map(|school| Load { school: school.clone(), flagged: 0, pupils: 0 }).collect();
    let mut own = Simulation {
        tiers: simulator.tiers.iter().map(|SimTier { id, flagged }| (id.clone(), *flagged)).collect(),
        pupils: 0,
        by_tier: vec![0; simulator.tiers.len()],
        flagged: 0,
        rules: Vec::new(),
        overlaps: Vec::new(),
        schools: Vec::new(),
        cells,
        names,
    };
    for (cell, count) in &own.cells {
        own.pupils += count;
        let level = usize::from(cell.level);
        let flagged = own.tiers.get(level).is_some_and(|tier| tier.1);
        own.flagged += if flagged { *count } else { 0 };
        if let Some(slot) = own.by_tier.get_mut(level) {
            *slot += count;
        }
        if let Some(slot) = schools.get_mut(Groups::kind(cell.kind).school) {
            slot.pupils += count;
            slot.flagged += if flagged { *count } else { 0 };
        }
    }
    schools.retain(|school| school.pupils > 0);
    schools.sort_by(|a, b| a.school.cmp(&b.school));
    own.schools = schools;
    count_rules(simulator, &mut own);
    own
}

/// The places of the bits that are set.
fn bits(mut mask: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(at)
    })
}

fn add(counts: &mut [u64], at: usize, count: u64) {
    if let Some(slot) = counts.get_mut(at) {
        *slot += count;
    }
}

fn count_rules(simulator: &Simulator, own: &mut Simulation) {
    let from = simulator.flagged_from();
    let flags: Vec<bool> = simulator.rules.iter().map(|(.., level)| level.is_some_and(|level| level >= from)).collect();
    let flagging = flags.iter().enumerate().take(BITS).fold(0, |mask, (at, flags)| mask | u128::from(*flags) << at);
    let size = simulator.rules.len().min(BITS);
    let (mut holds, mut open, mut alone) = (vec![0_u64; size], vec![0_u64; size], vec![0_u64; size]);
    let mut both = vec![0_u64; size * size];
    // Few rules hold for a pupil, so their bits are walked, and not all rules and pairs.
    for (cell, count) in &own.cells {
        bits(cell.holds).for_each(|at| add(&mut holds, at, *count));
        bits(cell.open).for_each(|at| add(&mut open, at, *count));
        let flagged = cell.holds & flagging;
        if flagged.is_power_of_two() {
            bits(flagged).for_each(|at| add(&mut alone, at, *count));
        }
        for first in bits(flagged) {
            bits(flagged)
                .filter(|second| *second > first)
                .for_each(|second| add(&mut both, first * size + second, *count));
        }
    }
    let of = |counts: &[u64], at: usize| counts.get(at).copied().unwrap_or(0);
    let rule = |(at, (rule, tier, _)): (usize, &(String, Option<String>, Option<u8>))| RuleYield {
        rule: rule.clone(),
        tier: tier.clone(),
        flags: flags.get(at).copied().unwrap_or(false),
        holds: of(&holds, at),
        cannot_say: of(&open, at),
        alone: of(&alone, at),
    };
    let rules: Vec<RuleYield> = simulator.rules.iter().enumerate().map(rule).collect();
    let mut overlaps = Vec::new();
    for (at, first) in rules.iter().enumerate().take(size) {
        for (to, second) in rules.iter().enumerate().take(size).skip(at + 1) {
            let both = of(&both, at * size + to);
            if both > 0 {
                overlaps.push(Overlap { first: first.rule.clone(), second: second.rule.clone(), both });
            }
        }
    }
    own.rules = rules;
    own.overlaps = overlaps;
}

/// What may be shown of a run. The tables are protected together, and so are the rules and overlaps. One does not know of the
/// other: protected together, rules that overlap in all ways would leave nothing of the tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SimulationRelease {
    /// Tables `tiers` (of the district), `schools`, `grades` and `sexes` (flagged or not).
    pub tables: Vec<ProtectedTable>,
    /// By rule: holds, cannot say, alone.
    pub rules: Vec<(String, [Shown; 3])>,
    /// By pair of rules that flag.
    pub overlaps: Vec<(String, String, Shown)>,
    /// The rule of suppression.
    pub rule: Rule,
}

impl SimulationRelease {
    /// A table by id.
    pub fn table(&self, id: &str) -> Option<&ProtectedTable> {
        self.tables.iter().find(|table| table.spec.id() == id)
    }
}

impl Simulation {
    /// What may be shown: the tables as one release, rules and overlaps as another, of the district alone.
    ///
    /// # Errors
    /// When a small count cannot be protected.
    pub fn release(&self, rule: Rule) -> Result<SimulationRelease, SimulateError> {
        if self.cells.is_empty() {
            return Ok(SimulationRelease { tables: Vec::new(), rules: Vec::new(), overlaps: Vec::new(), rule });
        }
        let of = |id: &str, dimension: &str| {
            TableSpec::new(id).axis(dimension, &["all", dimension]).axis("result", &["all", "flagged"])
        };
        // Tiers by school would be small counts nearly everywhere, and cost those of the district.
        let tiers = TableSpec::new("tiers").axis("result", &["tier"]);
        let specs = [tiers, of("schools", "school"), of("grades", "grade"), of("sexes", "sex")];
        let tables = protect(&self.by_place()?, &specs, rule)?.tables;
        let shown = |at: usize| self.rules.get(at).is_some_and(|rule| rule.holds + rule.cannot_say > 0);
        let asked: Vec<usize> = (0..self.rules.len().min(BITS)).filter(|at| shown(*at)).collect();
        let place = |id: &str| self.rules.iter().position(|rule| rule.rule == *id);
        let pairs: Vec<(usize, usize)> =
            self.overlaps.iter().filter_map(|own| Some((place(&own.first)?, place(&own.second)?))).collect();
        let names = |what: &str| -> Vec<String> { asked.iter().map(|at| format!("{what} {at}")).collect() };
        let (holds, open, alone) = (names("holds"), names("open"), names("alone"));
        let both: Vec<String> = pairs.iter().map(|(a, b)| format!("both {a} {b}")).collect();
        let levels: Vec<&str> = holds.iter().chain(&open).chain(&alone).chain(&both).map(String::as_str).collect();
        let rules = if levels.is_empty() {
            Vec::new()
        } else {
            let spec = TableSpec::new("rules").axis("result", &levels);
            protect(&self.by_rule(&asked, &pairs, &levels)?, &[spec], rule)?.tables
        };
        Ok(self.told(tables, &rules, rule, &asked, &pairs))
    }

    /// Everybody by school, grade, sex and tier.
    fn by_place(&self) -> Result<Population, SimulateError> {
        let mut people = Population::new(vec![
            Dimension::known("school", &["school"]),
            Dimension::known("grade", &["grade"]),
            Dimension::known("sex", &["sex"]),
            Dimension::sensitive("result", &["flagged", "tier"]),
        ]);
        let yes = |is: bool| if is { "yes" } else { "no" };
        for (tier, flagged) in &self.tiers {
            people.declare(3, &[yes(*flagged), tier])?;
        }
        for (cell, count) in &self.cells {
            let kind = Groups::kind(cell.kind);
            let Some((tier, flagged)) = self.tiers.get(usize::from(cell.level)) else { continue };
            let school = self.names.get(kind.school).map_or("", String::as_str);
            let grade = format!("{:02}", kind.grade);
            people.add(&[&[school], &[&grade], &[kind.sex], &[yes(*flagged), tier]], *count)?;
        }
        Ok(people)
    }

    /// Everybody by the rules that hold, and those that cannot be said.
    fn by_rule(&self, asked: &[usize], pairs: &[(usize, usize)], levels: &[&str]) -> Result<Population, SimulateError> {
        let mut people = Population::new(vec![Dimension::sensitive("result", &["pattern"]).grouped_by(levels)]);
        let flagging = self
            .rules
            .iter()
            .enumerate()
            .take(BITS)
            .fold(0_u128, |mask, (at, rule)| mask | u128::from(rule.flags) << at);
        let yes = |is: bool| if is { "yes" } else { "no" };
        let bit = |mask: u128, at: &usize| yes(mask & (1 << at) != 0);
        for (cell, count) in &self.cells {
            let pattern = format!("{:x}.{:x}", cell.holds, cell.open);
            let mut result: Vec<&str> = vec![&pattern];
            result.extend(asked.iter().map(|at| bit(cell.holds, at)));
            result.extend(asked.iter().map(|at| bit(cell.open, at)));
            result.extend(asked.iter().map(|at| yes(cell.holds & flagging == 1 << at)));
            result.extend(pairs.iter().map(|(a, b)| yes(bit(cell.holds, a) == "yes" && bit(cell.holds, b) == "yes")));
            people.add(&[&result], *count)?;
        }
        Ok(people)
    }

    fn told(
        &self,
        tables: Vec<ProtectedTable>,
        rules: &[ProtectedTable],
        rule: Rule,
        asked: &[usize],
        pairs: &[(usize, usize)],
    ) -> SimulationRelease {
        let cells: std::collections::HashMap<&str, Shown> =
            rules.iter().flat_map(ProtectedTable::holding).map(|(_, level, shown)| (level, shown)).collect();
        let nobody = rule.nobody();
        let get = |name: &str| cells.get(name).copied().unwrap_or(nobody);
        let own = |(at, yields): (usize, &RuleYield)| {
            let known = asked.contains(&at);
            let shown = |what: &str| if known { get(&format!("{what} {at}")) } else { nobody };
            (yields.rule.clone(), ["holds", "open", "alone"].map(shown))
        };
        let overlap = |(own, (a, b)): (&Overlap, &(usize, usize))| {
            (own.first.clone(), own.second.clone(), get(&format!("both {a} {b}")))
        };
        SimulationRelease {
            tables,
            rules: self.rules.iter().enumerate().map(own).collect(),
            overlaps: self.overlaps.iter().zip(pairs).map(overlap).collect(),
            rule,
        }
    }

    /// Interviews that cannot be held within the hours of their school, added up over the schools.
    pub fn beyond(&self, capacity: &Capacity) -> u64 {
        self.schools.iter().map(|own| own.flagged.saturating_sub(capacity.interviews(&[&own.school]))).sum()
    }
}
