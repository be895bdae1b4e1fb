//! What a run of the simulator counts.

use serde::Serialize;

use super::counts::{BITS, Pattern};
use super::groups::Groups;
use super::{Capacity, SimulateError};
use crate::disclosure::{Dimension, Population, ProtectedTable, Rule, Shown, TableSpec, protect};

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
    /// Pupils by kind and, within it, by tier.
    pub(super) places: Vec<u64>,
    /// One for each pupil of whom a rule holds or cannot be said, in no order.
    pub(super) patterns: Vec<Pattern>,
    /// Schools, in the order of the kinds.
    pub(super) names: Vec<String>,
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
        if self.pupils == 0 {
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
        for (place, count) in self.places.iter().enumerate().filter(|(_, count)| **count > 0) {
            let kind = Groups::kind((place / self.tiers.len()) as u32);
            let Some((tier, flagged)) = self.tiers.get(place % self.tiers.len()) else { continue };
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
        for (cell, count) in self.kinds_of_patterns() {
            let pattern = format!("{:x}.{:x}", cell.holds, cell.open);
            let mut result: Vec<&str> = vec![&pattern];
            result.extend(asked.iter().map(|at| bit(cell.holds, at)));
            result.extend(asked.iter().map(|at| bit(cell.open, at)));
            result.extend(asked.iter().map(|at| yes(cell.holds & flagging == 1 << at)));
            result.extend(pairs.iter().map(|(a, b)| yes(bit(cell.holds, a) == "yes" && bit(cell.holds, b) == "yes")));
            people.add(&[&result], count)?;
        }
        Ok(people)
    }

    /// Each pattern once, with its pupils.
    fn kinds_of_patterns(&self) -> Vec<(Pattern, u64)> {
        let mut patterns = self.patterns.clone();
        patterns.sort_unstable();
        let same = patterns.chunk_by(|a, b| a == b);
        let mut kinds: Vec<(Pattern, u64)> =
            same.filter_map(|own| own.first().map(|first| (*first, own.len() as u64))).collect();
        let quiet = self.pupils - patterns.len() as u64;
        if quiet > 0 {
            kinds.push((Pattern { holds: 0, open: 0 }, quiet));
        }
        kinds
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
