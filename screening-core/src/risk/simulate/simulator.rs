//! A policy over the prepared columns of a wave.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use serde::Serialize;

use super::super::condition::{Leaf, Reference};
use super::super::engine::compare;
use super::super::model::RuleDef;
use super::super::policy::Policy;
use super::super::tree::{NO, OPEN, Tree, YES};
use super::SimulateError;
use super::columns::{Column as Prepared, Reader, decided, truths, words};
use super::outcome::{ChunkResult, Groups, Simulation, gather};
use crate::instrument::{FlagSeverity, Library};

/// Rows that are evaluated together.
const CHUNK: usize = 8192;

/// Another threshold for the comparisons of a scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// In this rule alone; none for all rules that compare the scale.
    pub rule: Option<String>,
    /// Scale.
    #[serde(serialize_with = "as_text")]
    pub scale: Reference,
    /// New threshold.
    pub value: f64,
}

fn as_text<S: serde::Serializer>(reference: &Reference, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reference)
}

/// A part of a rule that the results do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Rule.
    pub rule: String,
    /// What it reads, for example an answer.
    pub part: String,
}

/// One leaf of one rule.
struct Spot<'a> {
    rule: usize,
    leaf: &'a Leaf,
}

/// Rows in which the same instruments were asked.
struct Chunk {
    rows: Vec<u32>,
    /// Codes by spot under the thresholds of the policy.
    codes: Vec<Vec<u8>>,
    /// Values by spot, where a threshold can be moved.
    values: Vec<Vec<f64>>,
    trees: Vec<Option<Tree>>,
    critical: Vec<u8>,
    invalid: Vec<bool>,
}

/// A policy made ready to be run over the results of a wave again and again.
///
/// The results are read once. A pupil takes part when a tier was proposed, that is, when there is a sheet. What the results do
/// not hold (single answers, unless a frame of answers is given) is left out of the rules and listed
/// ([`Simulator::left_out`]); [`Simulator::differing`] counts the pupils for whom the unchanged policy gives another tier
/// than the results, which is zero when nothing was left out. An instrument counts as asked in a grade when any pupil of
/// that grade has a result of it.
pub struct Simulator<'a> {
    pub(super) policy: &'a Policy,
    pub(super) rules: Vec<(&'a RuleDef, Option<u8>)>,
    spots: Vec<Spot<'a>>,
    chunks: Vec<Chunk>,
    pub(super) groups: Groups,
    pub(super) tiers: Vec<&'a super::super::model::TierDef>,
    quiet: Quiet,
    recorded: Vec<Option<u8>>,
    left_out: Vec<LeftOut>,
}

#[derive(Clone, Copy)]
struct Quiet {
    unflagged: u8,
    critical: u8,
    retest: u8,
    incomplete: u8,
}

impl<'a> Simulator<'a> {
    /// Prepares the results of a wave (`results.parquet` of `screening run`); `answers` are columns `<instrument>.<item>` in the
    /// same rows.
    ///
    /// # Errors
    /// When the results lack the columns of persons or tiers.
    pub fn new(
        policy: &'a Policy,
        library: &Library,
        results: &DataFrame,
        answers: Option<&DataFrame>,
    ) -> Result<Self, SimulateError> {
        let tiers: Vec<_> = policy.tiers().rev().collect();
        let level = |id: &str| tiers.iter().position(|tier| tier.id == id).map(|at| at as u8);
        let definition = policy.definition();
        let at = |id: &str| level(id).unwrap_or(0);
        let quiet = Quiet {
            unflagged: at(&definition.unflagged_tier),
            critical: at(&definition.critical_tier),
            retest: at(&definition.retest_tier),
            incomplete: at(&definition.incomplete_tier),
        };
        let rules: Vec<_> = definition.rules.iter().map(|rule| (rule, rule.tier.as_deref().and_then(level))).collect();
        let mut spots = Vec::new();
        for (rule, (own, _)) in rules.iter().enumerate() {
            own.when.leaves(&mut |leaf| spots.push(Spot { rule, leaf }));
        }
        let recorded = words(results, "tier")?.ok_or_else(|| SimulateError::NoColumn("tier".to_owned()))?;
        let recorded: Vec<Option<u8>> =
            recorded.iter().map(|tier| tier.map(|tier| level(tier).unwrap_or(u8::MAX))).collect();
        let mut own = Self {
            policy,
            rules,
            spots,
            chunks: Vec::new(),
            groups: Groups::of(results, &recorded)?,
            tiers,
            quiet,
            recorded,
            left_out: Vec::new(),
        };
        let reader = Reader { results, answers, library };
        own.prepare(&reader)?;
        Ok(own)
    }

    /// What of the rules the results do not tell.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Pupils with a sheet.
    pub fn pupils(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows.len()).sum()
    }

    /// Pupils for whom the unchanged policy gives another tier than the results say.
    pub fn differing(&self) -> Result<u64, SimulateError> {
        let levels = self.levels(&[])?;
        let differs =
            levels.iter().zip(&self.recorded).filter(|(level, recorded)| level.is_some() && level != recorded);
        Ok(differs.count() as u64)
    }

    /// Level of each row of the results (position in the tiers, mildest first); none without a sheet.
    ///
    /// # Errors
    /// When a change names no threshold of the policy.
    pub fn levels(&self, changes: &[Change]) -> Result<Vec<Option<u8>>, SimulateError> {
        let moved = self.moved(changes)?;
        let mut levels = vec![None; self.recorded.len()];
        for chunk in &self.chunks {
            let (found, _) = self.chunk(chunk, &moved);
            for (row, level) in chunk.rows.iter().zip(found) {
                if let Some(slot) = levels.get_mut(*row as usize) {
                    *slot = Some(level);
                }
            }
        }
        Ok(levels)
    }

    /// Tier ids, mildest first.
    pub fn tier_ids(&self) -> Vec<String> {
        self.tiers.iter().map(|tier| tier.id.clone()).collect()
    }

    /// The first level that counts as flagged.
    pub(crate) fn first_flagged(&self) -> u8 {
        self.flagged_from()
    }

    /// A column as texts, blank where there is none.
    #[allow(clippy::unused_self)]
    pub(crate) fn text(&self, results: &DataFrame, name: &str) -> Result<Vec<String>, SimulateError> {
        let column = words(results, name)?.ok_or_else(|| SimulateError::NoColumn(name.to_owned()))?;
        Ok(column.iter().map(|word| word.unwrap_or_default().to_owned()).collect())
    }

    /// Positions of the rules that hold, by row of the results.
    pub(crate) fn holding(&self) -> Vec<Vec<usize>> {
        let mut holding = vec![Vec::new(); self.recorded.len()];
        for chunk in &self.chunks {
            let (_, codes) = self.chunk(chunk, &[]);
            for (rule, codes) in codes.iter().enumerate() {
                for (row, _) in chunk.rows.iter().zip(codes).filter(|(_, code)| **code == YES) {
                    if let Some(list) = holding.get_mut(*row as usize) {
                        list.push(rule);
                    }
                }
            }
        }
        holding
    }

    /// Runs the policy with some thresholds changed; without changes as it stands.
    ///
    /// # Errors
    /// When a change names no threshold of the policy.
    pub fn run(&self, changes: &[Change]) -> Result<Simulation, SimulateError> {
        let moved = self.moved(changes)?;
        let flagged_from = self.flagged_from();
        let parts: Vec<ChunkResult> = self
            .chunks
            .par_iter()
            .map(|chunk| {
                let (levels, codes) = self.chunk(chunk, &moved);
                ChunkResult::of(&chunk.rows, &levels, &codes, &self.rules, flagged_from, &self.groups)
            })
            .collect();
        Ok(gather(self, parts))
    }

    /// The first level that counts as flagged.
    pub(super) fn flagged_from(&self) -> u8 {
        let above = self.policy.flagged_above();
        self.tiers.iter().position(|tier| tier.severity > above).unwrap_or(self.tiers.len()) as u8
    }

    /// Spots whose threshold changes.
    fn moved(&self, changes: &[Change]) -> Result<Vec<(usize, f64)>, SimulateError> {
        let mut moved: Vec<(usize, f64)> = Vec::new();
        for change in changes {
            let fits = |spot: &Spot<'_>| {
                let own = self
                    .rules
                    .get(spot.rule)
                    .is_some_and(|(rule, _)| change.rule.as_ref().is_none_or(|id| *id == rule.id));
                own && matches!(spot.leaf, Leaf::Score { scale, .. } if *scale == change.scale)
            };
            let found: Vec<usize> = (0..self.spots.len()).filter(|at| self.spots.get(*at).is_some_and(fits)).collect();
            if found.is_empty() {
                let name = |spot: &Spot<'_>| match spot.leaf {
                    Leaf::Score { scale, .. } => Some(format!("{}:{scale}", self.rules.get(spot.rule)?.0.id)),
                    _ => None,
                };
                let known: std::collections::BTreeSet<String> = self.spots.iter().filter_map(name).collect();
                return Err(SimulateError::NoThreshold {
                    rule: change.rule.as_ref().map(|rule| format!(" `{rule}`")).unwrap_or_default(),
                    scale: change.scale.to_string(),
                    known: known.into_iter().collect::<Vec<_>>().join(", "),
                });
            }
            moved.extend(found.into_iter().map(|at| (at, change.value)));
        }
        Ok(moved)
    }

    /// Levels and codes by rule.
    fn chunk(&self, chunk: &Chunk, moved: &[(usize, f64)]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let changed;
        let leaves = if moved.is_empty() {
            &chunk.codes
        } else {
            let mut codes = chunk.codes.clone();
            for (at, value) in moved {
                let op = match self.spots.get(*at).map(|spot| spot.leaf) {
                    Some(Leaf::Score { op, .. }) => *op,
                    _ => continue,
                };
                if let (Some(codes), Some(values)) = (codes.get_mut(*at), chunk.values.get(*at)) {
                    codes.iter_mut().zip(values).for_each(|(code, found)| {
                        *code = if found.is_nan() { OPEN } else { decided(compare(*found, op, *value)) };
                    });
                }
            }
            changed = codes;
            &changed
        };
        let rows = chunk.rows.len();
        let rules: Vec<Vec<u8>> = chunk
            .trees
            .iter()
            .map(|tree| tree.as_ref().map_or_else(|| vec![NO; rows], |tree| tree.block(leaves, rows)))
            .collect();
        let mut levels = vec![self.quiet.unflagged; rows];
        // The highest level that a rule that cannot be decided could still propose.
        let mut open = vec![0_u8; rows];
        for (codes, (_, level)) in rules.iter().zip(&self.rules) {
            let Some(level) = level else { continue };
            for ((code, top), open) in codes.iter().zip(&mut levels).zip(&mut open) {
                if *code == YES {
                    *top = (*top).max(*level);
                } else if *code == OPEN {
                    *open = (*open).max(*level);
                }
            }
        }
        let facts = chunk.critical.iter().zip(&chunk.invalid).zip(&open);
        for (level, ((critical, invalid), open)) in levels.iter_mut().zip(facts) {
            if *critical == YES {
                *level = (*level).max(self.quiet.critical);
            }
            if *invalid {
                *level = (*level).max(self.quiet.retest);
            }
            if *open > *level || *critical == OPEN && self.quiet.critical > *level {
                *level = (*level).max(self.quiet.incomplete);
            }
        }
        (levels, rules)
    }

    /// Reads all columns and cuts them into chunks.
    fn prepare(&mut self, reader: &Reader<'_>) -> Result<(), SimulateError> {
        let mut columns = Vec::with_capacity(self.spots.len());
        for spot in &self.spots {
            columns.push(reader.leaf(spot.leaf)?);
        }
        let critical = critical_rows(reader, &self.spots)?;
        let asked = self.asked(reader);
        let instruments: Vec<&str> = instruments(&self.spots);
        let mut invalid = vec![false; self.recorded.len()];
        for id in &instruments {
            if let Some(instrument) = reader.library.get(id) {
                invalid.iter_mut().zip(reader.invalid(instrument)?).for_each(|(slot, found)| *slot |= found);
            }
        }
        for (set, rows) in asked {
            let is_asked = |instrument: &str| {
                instruments.iter().position(|id| *id == instrument).is_some_and(|at| set.get(at) == Some(&true))
            };
            let mut place = |leaf: &Leaf| {
                let at = self.spots.iter().position(|spot| std::ptr::eq(spot.leaf, leaf))?;
                (is_asked(leaf.instrument()) && columns.get(at).is_some_and(Option::is_some)).then_some(at)
            };
            let trees: Vec<Option<Tree>> =
                self.rules.iter().map(|(rule, _)| Tree::prune(&rule.when, &mut place)).collect();
            for (spot, column) in self.spots.iter().zip(&columns) {
                if column.is_none() && is_asked(spot.leaf.instrument()) {
                    let rule = self.rules.get(spot.rule).map(|(rule, _)| rule.id.clone()).unwrap_or_default();
                    let part = part_of(spot.leaf);
                    if !self.left_out.iter().any(|known| known.rule == rule && known.part == part) {
                        self.left_out.push(LeftOut { rule, part });
                    }
                }
            }
            for rows in rows.chunks(CHUNK) {
                self.chunks.push(cut(rows, &columns, &trees, &critical, &invalid));
            }
        }
        Ok(())
    }

    /// Rows by the set of instruments that were asked in their grade.
    fn asked(&self, reader: &Reader<'_>) -> BTreeMap<Vec<bool>, Vec<u32>> {
        let instruments = instruments(&self.spots);
        let mut by_grade: BTreeMap<u8, Vec<bool>> = BTreeMap::new();
        let grades = &self.groups.grade;
        for (at, instrument) in instruments.iter().enumerate() {
            for (row, present) in reader.present(instrument).into_iter().enumerate() {
                let grade = grades.get(row).copied().unwrap_or(0);
                let asked = by_grade.entry(grade).or_insert_with(|| vec![false; instruments.len()]);
                if let Some(slot) = asked.get_mut(at) {
                    *slot |= present;
                }
            }
        }
        let mut rows: BTreeMap<Vec<bool>, Vec<u32>> = BTreeMap::new();
        for (row, recorded) in self.recorded.iter().enumerate() {
            if recorded.is_some() {
                let grade = grades.get(row).copied().unwrap_or(0);
                let set = by_grade.get(&grade).cloned().unwrap_or_else(|| vec![false; instruments.len()]);
                rows.entry(set).or_default().push(row as u32);
            }
        }
        rows
    }
}

fn instruments<'a>(spots: &[Spot<'a>]) -> Vec<&'a str> {
    let ids: std::collections::BTreeSet<&str> = spots.iter().map(|spot| spot.leaf.instrument()).collect();
    ids.into_iter().collect()
}

fn part_of(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Answer { item, .. } => item.to_string(),
        other => other.scale().map_or_else(|| other.instrument().to_owned(), ToString::to_string),
    }
}

/// Whether a pupil gave a critical answer, or may have.
fn critical_rows(reader: &Reader<'_>, spots: &[Spot<'_>]) -> Result<Vec<u8>, SimulateError> {
    let mut critical = vec![NO; reader.results.height()];
    if let Some(found) = words(reader.results, "critical")? {
        critical.iter_mut().zip(found.iter()).filter(|(_, found)| found.is_some()).for_each(|(code, _)| *code = YES);
    }
    for id in instruments(spots) {
        let Some(instrument) = reader.library.get(id) else { continue };
        let present = reader.present(id);
        for flag in instrument.definition().flags.iter().filter(|flag| flag.severity == FlagSeverity::Critical) {
            let Some(found) = truths(reader.results, &format!("{id}.flag.{}", flag.id))? else { continue };
            for ((code, found), present) in critical.iter_mut().zip(found).zip(&present) {
                *code = (*code).max(match found {
                    Some(true) => YES,
                    Some(false) => NO,
                    None if *present => OPEN,
                    None => NO,
                });
            }
        }
    }
    Ok(critical)
}

fn cut(rows: &[u32], columns: &[Option<Prepared>], trees: &[Option<Tree>], critical: &[u8], invalid: &[bool]) -> Chunk {
    fn pick<T: Copy>(rows: &[u32], from: &[T]) -> Vec<T> {
        rows.iter().filter_map(|row| from.get(*row as usize).copied()).collect()
    }
    let mut chunk = Chunk {
        rows: rows.to_vec(),
        codes: Vec::with_capacity(columns.len()),
        values: Vec::with_capacity(columns.len()),
        trees: trees.to_vec(),
        critical: pick(rows, critical),
        invalid: pick(rows, invalid),
    };
    for column in columns {
        let (codes, values) = match column {
            Some(Prepared::Score { values, op, value }) => {
                let values = pick(rows, values);
                let code = |found: &f64| if found.is_nan() { OPEN } else { decided(compare(*found, *op, *value)) };
                (values.iter().map(code).collect(), values)
            }
            Some(Prepared::Fixed(codes)) => (pick(rows, codes), Vec::new()),
            None => (Vec::new(), Vec::new()),
        };
        chunk.codes.push(codes);
        chunk.values.push(values);
    }
    chunk
}
