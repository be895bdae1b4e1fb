//! What a run of the simulator counts, and how it may be shown.

use std::collections::HashMap;

use polars::prelude::*;
use serde::Serialize;

use super::super::model::{RuleDef, TierDef};
use super::super::tree::{OPEN, YES};
use super::columns::{numbers, words};
use super::simulator::Simulator;
use super::{Capacity, SimulateError};
use crate::disclosure::{Dimension, Population, ProtectedRelease, Rule, Shown, TableSpec, protect};

/// School, grade and sex of each row of the results.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    pub(super) schools: Vec<String>,
    pub(super) school: Vec<u32>,
    pub(super) grade: Vec<u8>,
    pub(super) sex: Vec<u8>,
}

/// Words of the column `sex`; everything else is the last.
const SEXES: [&str; 4] = ["male", "female", "other", ""];
/// Grades are kept below this.
const GRADES: usize = 16;

impl Groups {
    pub(super) fn of(results: &DataFrame, recorded: &[Option<u8>]) -> Result<Self, SimulateError> {
        let missing = |name: &str| SimulateError::NoColumn(name.to_owned());
        let school_words = words(results, "school")?.ok_or_else(|| missing("school"))?;
        let grades = numbers(results, "grade")?.ok_or_else(|| missing("grade"))?;
        let sexes = words(results, "sex")?;
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut own = Self { schools: Vec::new(), school: Vec::new(), grade: Vec::new(), sex: Vec::new() };
        for word in school_words.iter() {
            let word = word.unwrap_or_default();
            let place = *places.entry(word).or_insert_with(|| {
                own.schools.push(word.to_owned());
                own.schools.len() as u32 - 1
            });
            own.school.push(place);
        }
        own.grade =
            grades.iter().map(|grade| if *grade >= 1.0 && *grade < GRADES as f64 { *grade as u8 } else { 0 }).collect();
        let code =
            |word: Option<&str>| SEXES.iter().position(|sex| Some(*sex) == word).unwrap_or(SEXES.len() - 1) as u8;
        own.sex = match sexes {
            Some(sexes) => sexes.iter().map(code).collect(),
            None => vec![SEXES.len() as u8 - 1; recorded.len()],
        };
        Ok(own)
    }

    fn kind(&self, row: u32) -> usize {
        let row = row as usize;
        let school = self.school.get(row).copied().unwrap_or(0) as usize;
        let grade = usize::from(self.grade.get(row).copied().unwrap_or(0));
        let sex = usize::from(self.sex.get(row).copied().unwrap_or(0));
        (school * GRADES + grade) * SEXES.len() + sex
    }

    fn kinds(&self) -> usize {
        self.schools.len() * GRADES * SEXES.len()
    }
}

/// Counts of one chunk.
pub(super) struct ChunkResult {
    /// By kind and level.
    kinds: Vec<(usize, u8, u32)>,
    holds: Vec<(u64, u64, u64)>,
    both: Vec<u64>,
}

impl ChunkResult {
    pub(super) fn of(
        rows: &[u32],
        levels: &[u8],
        codes: &[Vec<u8>],
        rules: &[(&RuleDef, Option<u8>)],
        flagged_from: u8,
        groups: &Groups,
    ) -> Self {
        let mut counts: HashMap<(usize, u8), u32> = HashMap::new();
        let mut last: Option<((usize, u8), u32)> = None;
        // Pupils of a class follow each other, so most keys repeat.
        for (row, level) in rows.iter().zip(levels) {
            let key = (groups.kind(*row), *level);
            match &mut last {
                Some((known, count)) if *known == key => *count += 1,
                _ => {
                    if let Some((key, count)) = last.replace((key, 1)) {
                        *counts.entry(key).or_default() += count;
                    }
                }
            }
        }
        if let Some((key, count)) = last {
            *counts.entry(key).or_default() += count;
        }
        let flagging: Vec<bool> =
            rules.iter().map(|(_, level)| level.is_some_and(|level| level >= flagged_from)).collect();
        let mut together = vec![0_u16; rows.len()];
        for (codes, _) in codes.iter().zip(&flagging).filter(|(_, flagging)| **flagging) {
            together.iter_mut().zip(codes).for_each(|(sum, code)| *sum += u16::from(*code == YES));
        }
        let of = |(codes, flagging): (&Vec<u8>, &bool)| {
            let holds = codes.iter().filter(|code| **code == YES).count() as u64;
            let open = codes.iter().filter(|code| **code == OPEN).count() as u64;
            let alone = codes.iter().zip(&together).filter(|(code, sum)| **code == YES && **sum == 1).count() as u64;
            (holds, open, if *flagging { alone } else { 0 })
        };
        let holds = codes.iter().zip(&flagging).map(of).collect();
        let bits: Vec<Vec<u64>> = codes
            .iter()
            .map(|codes| {
                let word = |part: &[u8]| {
                    part.iter().enumerate().fold(0, |word, (bit, code)| word | u64::from(*code == YES) << bit)
                };
                codes.chunks(64).map(word).collect()
            })
            .collect();
        let mut both = Vec::with_capacity(bits.len() * bits.len() / 2);
        for (at, first) in bits.iter().enumerate() {
            for second in bits.iter().skip(at + 1) {
                both.push(first.iter().zip(second).map(|(a, b)| u64::from((a & b).count_ones())).sum());
            }
        }
        Self { kinds: counts.into_iter().map(|((kind, level), count)| (kind, level, count)).collect(), holds, both }
    }
}

/// How often a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleYield {
    /// Rule.
    pub rule: String,
    /// Tier; none for a note.
    pub tier: Option<String>,
    /// Pupils for whom it holds.
    pub holds: u64,
    /// Pupils for whom it cannot be said.
    pub cannot_say: u64,
    /// Pupils for whom it holds and no other rule that flags does: what the policy would lose without it, as far as
    /// critical answers do not flag them anyway.
    pub alone: u64,
}

/// Two rules together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// One rule.
    pub first: String,
    /// The other, later in the policy.
    pub second: String,
    /// Pupils for whom both hold.
    pub both: u64,
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
    /// Pairs of rules that hold together for at least one pupil.
    pub overlaps: Vec<Overlap>,
    /// Flagged pupils and all pupils by school, in the order of names.
    pub schools: Vec<(String, u64, u64)>,
    people: Vec<(String, u8, &'static str, u8, u64)>,
}

pub(super) fn gather(simulator: &Simulator<'_>, parts: Vec<ChunkResult>) -> Simulation {
    let groups = &simulator.groups;
    let tiers: &[&TierDef] = &simulator.tiers;
    let flagged_from = simulator.flagged_from();
    let levels = tiers.len();
    let mut counts = vec![0_u64; groups.kinds() * levels];
    let mut holds = vec![(0_u64, 0_u64, 0_u64); simulator.rules.len()];
    let mut both = vec![0_u64; holds.len() * holds.len().saturating_sub(1) / 2];
    for part in parts {
        for (kind, level, count) in part.kinds {
            if let Some(slot) = counts.get_mut(kind * levels + usize::from(level)) {
                *slot += u64::from(count);
            }
        }
        holds.iter_mut().zip(part.holds).for_each(|(sum, own)| *sum = (sum.0 + own.0, sum.1 + own.1, sum.2 + own.2));
        both.iter_mut().zip(part.both).for_each(|(sum, own)| *sum += own);
    }
    let mut simulation = Simulation {
        tiers: tiers.iter().enumerate().map(|(at, tier)| (tier.id.clone(), at as u8 >= flagged_from)).collect(),
        pupils: 0,
        by_tier: vec![0; levels],
        flagged: 0,
        rules: Vec::with_capacity(holds.len()),
        overlaps: Vec::new(),
        schools: groups.schools.iter().map(|school| (school.clone(), 0, 0)).collect(),
        people: Vec::new(),
    };
    for (at, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let (kind, level) = (at / levels, at % levels);
        let (place, sex) = (kind / SEXES.len(), kind % SEXES.len());
        let (school, grade) = (place / GRADES, place % GRADES);
        let flagged = if level >= usize::from(flagged_from) { count } else { 0 };
        simulation.pupils += count;
        simulation.flagged += flagged;
        if let Some(slot) = simulation.by_tier.get_mut(level) {
            *slot += count;
        }
        if let Some(slot) = simulation.schools.get_mut(school) {
            *slot = (std::mem::take(&mut slot.0), slot.1 + flagged, slot.2 + count);
            let sex = SEXES.get(sex).copied().unwrap_or_default();
            simulation.people.push((slot.0.clone(), grade as u8, sex, level as u8, count));
        }
    }
    for ((rule, _), (holds, cannot_say, alone)) in simulator.rules.iter().zip(&holds) {
        let (rule, tier) = (rule.id.clone(), rule.tier.clone());
        simulation.rules.push(RuleYield { rule, tier, holds: *holds, cannot_say: *cannot_say, alone: *alone });
    }
    let mut pair = both.into_iter();
    for (at, (first, _)) in simulator.rules.iter().enumerate() {
        for (second, _) in simulator.rules.iter().skip(at + 1) {
            let both = pair.next().unwrap_or(0);
            if both > 0 {
                simulation.overlaps.push(Overlap { first: first.id.clone(), second: second.id.clone(), both });
            }
        }
    }
    simulation.schools.retain(|(_, _, pupils)| *pupils > 0);
    simulation.schools.sort();
    simulation
}

impl Simulation {
    /// The tables that may be shown: `schools`, `grades` and `sexes`, each by tier and by flagged or not. Protected together.
    ///
    /// # Errors
    /// When a small count cannot be protected.
    pub fn release(&self, rule: Rule) -> Result<ProtectedRelease, SimulateError> {
        let mut people = Population::new(vec![
            Dimension::known("school", &["school"]),
            Dimension::known("grade", &["grade"]),
            Dimension::known("sex", &["sex"]),
            Dimension::sensitive("tier", &["flagged", "tier"]),
        ]);
        for (id, flagged) in &self.tiers {
            people.declare(3, &[flag(*flagged), id])?;
        }
        for (school, grade, sex, level, count) in &self.people {
            let Some((tier, flagged)) = self.tiers.get(usize::from(*level)) else { continue };
            people.add(&[&[school], &[&format!("{grade:02}")], &[sex], &[flag(*flagged), tier]], *count)?;
        }
        let levels = ["all", "flagged", "tier"];
        let table =
            |id: &str, dimension: &str| TableSpec::new(id).axis(dimension, &["all", dimension]).axis("tier", &levels);
        if self.people.is_empty() {
            return Ok(protect(&people, &[], rule)?);
        }
        Ok(protect(&people, &[table("schools", "school"), table("grades", "grade"), table("sexes", "sex")], rule)?)
    }

    /// What may be shown of a count of one rule among all pupils: small counts, and counts that all but a few have.
    pub fn shown(&self, count: u64, rule: Rule) -> Shown {
        let threshold = u64::from(rule.threshold);
        if count < threshold {
            Shown::Small
        } else if self.pupils.saturating_sub(count) < threshold {
            Shown::Withheld
        } else {
            Shown::Value(count)
        }
    }

    /// Interviews that cannot be held within the hours of each school, added up; none exceeds another school's spare hours.
    pub fn beyond(&self, capacity: &Capacity) -> u64 {
        let of = |(school, flagged, _): &(String, u64, u64)| flagged.saturating_sub(capacity.interviews(&[school]));
        self.schools.iter().map(of).sum()
    }
}

/// The name of the group in the level `flagged`.
fn flag(flagged: bool) -> &'static str {
    if flagged { "yes" } else { "no" }
}
