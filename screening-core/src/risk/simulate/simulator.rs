//! A policy over the columns of a wave.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::super::condition::Leaf;
use super::super::policy::Policy;
use super::super::tree::Tree;
use super::SimulateError;
use super::counts::gather;
use super::evaluated::{Evaluated, Moved, evaluate};
use super::groups::{Groups, Person};
use super::outcome::Simulation;
use super::part::{Chunk, Head, SheetPart, cut};
use crate::instrument::expr::Comparison;

/// Another threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// In this rule alone; none for every rule that compares so.
    pub rule: Option<String>,
    /// What is compared, as [`Threshold::what`] names it, for example `phq-9.total`.
    pub what: String,
    /// The threshold that is moved; needed where what is compared has several.
    pub from: Option<f64>,
    /// New threshold.
    pub value: f64,
}

/// A threshold of a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// Rule.
    pub rule: String,
    /// What is compared: `instrument.scale`, `instrument.item`, `instrument.scale.t` and other derived scores,
    /// `instrument.index` of a validity plan, `instrument.scale.change-index`.
    pub what: String,
    /// Operator.
    pub op: Comparison,
    /// Threshold.
    pub value: f64,
}

/// Levels of the tiers that stand outside the rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
    pub(super) unflagged: u8,
    pub(super) critical: u8,
    pub(super) retest: u8,
    pub(super) incomplete: u8,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SimTier {
    pub(super) id: String,
    pub(super) flagged: bool,
}

/// A policy made ready to be run over the sheets of a wave again and again. [`crate::screening::rehearse`] makes it.
///
/// At its own thresholds it gives each pupil the tier of [`crate::screening::screen`]; a property test compares them.
#[derive(Debug)]
pub struct Simulator {
    policy: Policy,
    pub(super) tiers: Vec<SimTier>,
    /// Rules of the policy: id, tier, level.
    pub(super) rules: Vec<(String, Option<String>, Option<u8>)>,
    quiet: Quiet,
    pub(super) groups: Groups,
    heads: Vec<Head>,
    chunks: Vec<Chunk>,
    /// Sheets that other sheets replace: only flags and single answers of them speak.
    others: Vec<Chunk>,
    /// Chunk and row of the counting sheet of each pupil.
    place: Vec<Option<(u32, u32)>>,
}

impl Simulator {
    pub(crate) fn new<'a>(policy: &Policy, parts: &[SheetPart], people: impl Iterator<Item = Person<'a>>) -> Self {
        let above = policy.flagged_above();
        let tiers: Vec<SimTier> =
            policy.tiers().rev().map(|tier| SimTier { id: tier.id.clone(), flagged: tier.severity > above }).collect();
        let level = |id: &str| tiers.iter().position(|tier| tier.id == id).map(|at| at as u8);
        let definition = policy.definition();
        let at = |id: &str| level(id).unwrap_or(0);
        let quiet = Quiet {
            unflagged: at(&definition.unflagged_tier),
            critical: at(&definition.critical_tier),
            retest: at(&definition.retest_tier),
            incomplete: at(&definition.incomplete_tier),
        };
        let rule = |rule: &super::super::model::RuleDef| {
            (rule.id.clone(), rule.tier.clone(), rule.tier.as_deref().and_then(level))
        };
        let rules = definition.rules.iter().map(rule).collect();
        let groups = Groups::of(people);
        let (mut chunks, mut others) = (Vec::new(), Vec::new());
        for (head, part) in parts.iter().enumerate() {
            let (own, rest) = cut(part, head);
            chunks.extend(own);
            others.push(rest);
        }
        let mut place = vec![None; groups.len()];
        for (at, chunk) in chunks.iter().enumerate() {
            for (lane, pupil) in chunk.pupils.iter().enumerate() {
                if let Some(slot) = place.get_mut(*pupil as usize) {
                    *slot = Some((at as u32, lane as u32));
                }
            }
        }
        let heads = parts.iter().map(|part| Head::of(&part.frozen)).collect();
        Self { policy: policy.clone(), tiers, rules, quiet, groups, heads, chunks, others, place }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Pupils with a sheet that counts.
    pub fn pupils(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.pupils.len()).sum()
    }

    /// Pupils of the roster.
    pub fn roster(&self) -> usize {
        self.groups.len()
    }

    /// Tier ids, mildest first: the levels that [`Self::levels`] speaks of.
    pub fn tier_ids(&self) -> Vec<&str> {
        self.tiers.iter().map(|tier| tier.id.as_str()).collect()
    }

    /// The thresholds that can be moved, in the order of the policy.
    pub fn thresholds(&self) -> Vec<Threshold> {
        let mut found: Vec<Threshold> = Vec::new();
        for (at, (rule, ..)) in self.rules.iter().enumerate() {
            for head in &self.heads {
                let Some(own) = head.rules.iter().find(|own| own.at == at) else { continue };
                for leaf in leaves(&own.tree) {
                    let named = head.leaves.get(leaf).and_then(|leaf| named(leaf.leaf.as_ref()?));
                    let Some((what, op, value)) = named else { continue };
                    let threshold = Threshold { rule: rule.clone(), what, op, value };
                    if !found.contains(&threshold) {
                        found.push(threshold);
                    }
                }
            }
        }
        found
    }

    /// Level of each pupil of the roster (place in [`Self::tier_ids`]); none without a sheet that counts.
    ///
    /// # Errors
    /// When a change names no threshold of the policy, or several.
    pub fn levels(&self, changes: &[Change]) -> Result<Vec<Option<u8>>, SimulateError> {
        let evaluated = self.evaluate(changes)?;
        let level = |place: &Option<(u32, u32)>| {
            let (chunk, lane) = (*place)?;
            evaluated.get(chunk as usize)?.levels.get(lane as usize).copied()
        };
        Ok(self.place.iter().map(level).collect())
    }

    /// Runs the policy with some thresholds moved; without changes as it stands.
    ///
    /// # Errors
    /// When a change names no threshold of the policy, or several.
    pub fn run(&self, changes: &[Change]) -> Result<Simulation, SimulateError> {
        let evaluated = self.evaluate(changes)?;
        Ok(gather(self, &self.chunks, &evaluated))
    }

    /// The first level that counts as flagged.
    pub(crate) fn flagged_from(&self) -> u8 {
        self.tiers.iter().position(|tier| tier.flagged).unwrap_or(self.tiers.len()) as u8
    }

    /// School, grade and sex of a pupil.
    pub(crate) fn person(&self, pupil: usize) -> (&str, u8, &'static str) {
        self.groups.pupil(pupil)
    }

    /// For each pupil with a sheet: place in the roster, level, and the places of the rules that hold.
    pub(crate) fn detail(&self) -> Result<Vec<(usize, u8, Vec<usize>)>, SimulateError> {
        let evaluated = self.evaluate(&[])?;
        let mut list = Vec::with_capacity(self.pupils());
        for (pupil, place) in self.place.iter().enumerate() {
            let Some((chunk, lane)) = *place else { continue };
            let Some(own) = evaluated.get(chunk as usize) else { continue };
            let holding = own.holding(lane as usize);
            list.push((pupil, own.levels.get(lane as usize).copied().unwrap_or(0), holding));
        }
        Ok(list)
    }

    fn evaluate(&self, changes: &[Change]) -> Result<Vec<Evaluated<'_>>, SimulateError> {
        let moved = self.moved(changes)?;
        let mut evaluated: Vec<Evaluated<'_>> =
            self.chunks.par_iter().filter_map(|chunk| self.evaluate_chunk(chunk, &moved)).collect();
        for chunk in &self.others {
            let Some(own) = self.evaluate_chunk(chunk, &moved) else { continue };
            for (lane, pupil) in chunk.pupils.iter().enumerate() {
                let place = self.place.get(*pupil as usize).copied().flatten();
                let Some((at, to)) = place else { continue };
                if let Some(counting) = evaluated.get_mut(at as usize) {
                    counting.absorb(to as usize, &own, lane);
                }
            }
        }
        Ok(evaluated)
    }

    fn evaluate_chunk<'s>(&'s self, chunk: &'s Chunk, moved: &[Vec<Moved>]) -> Option<Evaluated<'s>> {
        let head = self.heads.get(chunk.head)?;
        let moved = moved.get(chunk.head).map_or(&[][..], Vec::as_slice);
        Some(evaluate(chunk, head, moved, self.quiet, self.rules.len()))
    }

    /// By part, what the changes move.
    fn moved(&self, changes: &[Change]) -> Result<Vec<Vec<Moved>>, SimulateError> {
        let mut moved: Vec<Vec<Moved>> = self.heads.iter().map(|_| Vec::new()).collect();
        let known = self.thresholds();
        for change in changes {
            if !change.value.is_finite() {
                return Err(SimulateError::Range(format!("{} is no threshold", change.value)));
            }
            let fits = |own: &&Threshold| {
                own.what == change.what
                    && change.rule.as_ref().is_none_or(|rule| *rule == own.rule)
                    && change.from.is_none_or(|from| from == own.value)
            };
            let found: Vec<&Threshold> = known.iter().filter(fits).collect();
            let distinct: BTreeSet<String> = found.iter().map(|own| compared(own)).collect();
            if distinct.len() != 1 {
                let list = if found.is_empty() { known.iter().collect() } else { found };
                return Err(ambiguous(change, &list, distinct.is_empty()));
            }
            for (head, moved) in self.heads.iter().zip(&mut moved) {
                for (place, rule) in head.rules.iter().enumerate() {
                    let Some((id, ..)) = self.rules.get(rule.at) else { continue };
                    for leaf in leaves(&rule.tree) {
                        let named = head.leaves.get(leaf).and_then(|leaf| named(leaf.leaf.as_ref()?));
                        let own = |(what, op, value)| Threshold { rule: id.clone(), what, op, value };
                        if named.is_some_and(|found| fits(&&own(found))) {
                            moved.push(Moved { rule: place, leaf, value: change.value });
                        }
                    }
                }
            }
        }
        Ok(moved)
    }
}

fn compared(own: &Threshold) -> String {
    format!("{} {} {}", own.what, own.op.sign(), own.value)
}

fn ambiguous(change: &Change, list: &[&Threshold], none: bool) -> SimulateError {
    let name = |own: &&Threshold| format!("{}:{} {} {}", own.rule, own.what, own.op.sign(), own.value);
    let known = list.iter().map(name).collect::<Vec<_>>().join(", ");
    let rule = change.rule.as_ref().map(|rule| format!(" in rule `{rule}`")).unwrap_or_default();
    let what = change.what.clone();
    if none {
        SimulateError::NoThreshold { rule, what, known }
    } else {
        SimulateError::SeveralThresholds { rule, what, known }
    }
}

/// Places of the leaves of a tree, each once.
fn leaves(tree: &Tree) -> Vec<usize> {
    fn visit(tree: &Tree, found: &mut Vec<usize>) {
        match tree {
            Tree::Leaf(at) => {
                if !found.contains(at) {
                    found.push(*at);
                }
            }
            Tree::Not(part) => visit(part, found),
            Tree::All(parts) | Tree::Any(parts) | Tree::AtLeast { of: parts, .. } => {
                parts.iter().for_each(|part| visit(part, found));
            }
        }
    }
    let mut found = Vec::new();
    visit(tree, &mut found);
    found
}

/// What a leaf compares with a number.
fn named(leaf: &Leaf) -> Option<(String, Comparison, f64)> {
    Some(match leaf {
        Leaf::Score { scale, op, value } => (scale.to_string(), *op, value.to_f64()),
        Leaf::Answer { item, op, value } => (item.to_string(), *op, value.to_f64()),
        Leaf::Norm { scale, derived, op, value } => (format!("{scale}.{}", derived.word()), *op, value.to_f64()),
        Leaf::ValidityIndex { rule, op, value } => (rule.to_string(), *op, value.to_f64()),
        Leaf::ChangeIndex { scale, op, value } => (format!("{scale}.change-index"), *op, value.to_f64()),
        _ => return None,
    })
}
