//! Runs a policy over scored sheets, block by block; a row about which there is nothing to say costs no allocation.

mod probe;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use crate::answers::Tri;
use crate::instrument::{FlagSeverity, Verdict};
use crate::scoring::ScoredSheets;

use super::condition::Leaf;
use super::model::{PolicyDef, RuleDef, TierDef};
use super::policy::Policy;
use super::proposal::Proposal;
use super::tree::{NO, OPEN, Tree, YES};

pub(super) use probe::{Kind, Probe, compare};

/// Rows of one block: the codes of all leaves stay in the cache.
const BLOCK: usize = 4096;

/// The scored sheets of one battery: one entry an instrument, all with the same rows.
#[derive(Debug, Clone, Copy)]
pub struct SheetSet<'a> {
    /// Scored sheets, one an instrument.
    pub scored: &'a [ScoredSheets],
    /// The answers, for rules on single answers.
    pub answers: Option<&'a DataFrame>,
    /// Rows that do not count for scores (superseded or rejected sheets): only flags and single answers speak. Empty when
    /// every row counts.
    pub direct_only: &'a [bool],
}

/// Why a policy cannot be run over these sheets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The instruments do not have the same rows.
    #[error("`{instrument}` has {found} rows, the others {expected}; score all instruments over the same frame")]
    Rows {
        /// Instrument id.
        instrument: String,
        /// Its rows.
        found: usize,
        /// Rows of the others.
        expected: usize,
    },
    /// A part of an instrument is not there.
    #[error("rule `{rule}`: there is no `{part}`; check the policy against the library")]
    Reference {
        /// Rule id.
        rule: String,
        /// What is not there.
        part: String,
    },
    /// The cut-off set in use has none of the bands.
    #[error(
        "rule `{rule}`: the cut-off set `{set}` of `{scale}` has none of the bands it names; choose another set or change the rule"
    )]
    Band {
        /// Rule id.
        rule: String,
        /// Scale.
        scale: String,
        /// Cut-off set.
        set: String,
    },
    /// A rule on a single answer needs the answers.
    #[error("rule `{rule}`: the answers to `{item}` are not at hand ({why}); give the frame of answers")]
    Answers {
        /// Rule id.
        rule: String,
        /// Item.
        item: String,
        /// Cause.
        why: String,
    },
}

/// A rule made ready for the instruments at hand.
#[derive(Debug)]
pub(super) struct ReadyRule<'a> {
    pub(super) definition: &'a RuleDef,
    /// Position of its tier in [`PolicyEngine::levels`]; none for a note.
    pub(super) level: Option<u8>,
    pub(super) tree: Tree,
}

/// A flag of critical severity.
#[derive(Debug, Clone, Copy)]
pub(super) struct CriticalFlag {
    pub(super) scored: usize,
    pub(super) flag: usize,
}

/// A policy made ready for the scored sheets of one battery.
///
/// ```
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::{Policy, PolicyEngine, SheetSet};
/// use screening_core::scoring::{FrameOptions, Scorer};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let scorer = Scorer::new(library.get("phq-9").expect("bundled"))?;
/// let columns = (1..=9).map(|item| Column::new(format!("phq-9.{item}").into(), [2_i8, 0])).collect();
/// let answers = DataFrame::new(2, columns)?;
/// let scored = [scorer.score_frame(&answers, &FrameOptions::default())?];
/// let sheets = SheetSet { scored: &scored, answers: Some(&answers), direct_only: &[] };
/// let proposals = PolicyEngine::new(&policy, sheets)?.run();
/// assert_eq!(proposals.tier(0), Some("today"));
/// assert_eq!(proposals.tier(1), Some("none"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PolicyEngine<'a> {
    pub(super) policy: &'a Policy,
    pub(super) sheets: SheetSet<'a>,
    rows: usize,
    pub(super) probes: Vec<Probe<'a>>,
    pub(super) rules: Vec<ReadyRule<'a>>,
    pub(super) critical: Vec<CriticalFlag>,
    /// Positions of the tiers in the definition, mildest first.
    levels: Vec<usize>,
    quiet: Quiet,
}

/// Levels of the tiers that stand outside the rules.
#[derive(Debug, Clone, Copy)]
struct Quiet {
    unflagged: u8,
    critical: u8,
    retest: u8,
    incomplete: u8,
}

/// What a policy proposes for all rows.
#[derive(Debug, Clone)]
pub struct Proposals {
    tier_ids: Vec<String>,
    levels: Vec<u8>,
    /// Rows about which there is something to say, in their order.
    pub list: Vec<Proposal>,
    /// How often each rule holds; rules about instruments that were not asked are left out.
    pub rules: Vec<RuleCount>,
}

impl Proposals {
    /// The proposed tier of a row.
    pub fn tier(&self, row: usize) -> Option<&str> {
        self.levels.get(row).and_then(|level| self.tier_ids.get(usize::from(*level))).map(String::as_str)
    }

    /// Position of the proposed tier of each row in [`Self::tier_ids`].
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// Tier ids, mildest first.
    pub fn tier_ids(&self) -> &[String] {
        &self.tier_ids
    }
}

/// How often a rule holds among the rows that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// Rule id.
    pub rule: String,
    /// Rows for which it holds.
    pub holds: u32,
    /// Rows for which it cannot be said.
    pub cannot_say: u32,
}

impl<'a> PolicyEngine<'a> {
    /// Makes a policy ready for scored sheets.
    ///
    /// # Errors
    /// When the rows differ, a rule names what is not there, or answers are needed and missing.
    pub fn new(policy: &'a Policy, sheets: SheetSet<'a>) -> Result<Self, EngineError> {
        let rows = sheets.scored.first().map_or(0, ScoredSheets::rows);
        if let Some(odd) = sheets.scored.iter().find(|scored| scored.rows() != rows) {
            return Err(EngineError::Rows {
                instrument: odd.instrument().id().to_owned(),
                found: odd.rows(),
                expected: rows,
            });
        }
        let definition = policy.definition();
        let levels: Vec<usize> = policy
            .tiers()
            .filter_map(|tier| definition.tiers.iter().position(|known| known.id == tier.id))
            .rev()
            .collect();
        let level = |id: &str| {
            levels
                .iter()
                .position(|at| definition.tiers.get(*at).is_some_and(|tier| tier.id == id))
                .map_or(0, |at| at as u8)
        };
        let quiet = Quiet {
            unflagged: level(&definition.unflagged_tier),
            critical: level(&definition.critical_tier),
            retest: level(&definition.retest_tier),
            incomplete: level(&definition.incomplete_tier),
        };
        let leaves = asked_leaves(definition, &sheets);
        let mut place = |leaf: &Leaf| leaves.iter().position(|(known, _)| *known == leaf);
        let ready = |rule: &'a RuleDef| {
            let tree = Tree::prune(&rule.when, &mut place)?;
            Some(ReadyRule { definition: rule, level: rule.tier.as_deref().map(level), tree })
        };
        let rules = definition.rules.iter().filter_map(ready).collect();
        let probes = leaves.iter().map(|(leaf, rule)| Probe::new(leaf, rule, &sheets)).collect::<Result<_, _>>()?;
        let critical = sheets.scored.iter().enumerate().flat_map(|(scored, sheets)| {
            let flags = sheets.instrument().definition().flags.iter().enumerate();
            flags
                .filter(|(_, flag)| flag.severity == FlagSeverity::Critical)
                .map(move |(flag, _)| CriticalFlag { scored, flag })
        });
        let critical = critical.collect();
        Ok(Self { policy, sheets, rows, probes, rules, critical, levels, quiet })
    }
}

/// Each different leaf about an instrument that was asked, with the first rule that names it.
fn asked_leaves<'a>(definition: &'a PolicyDef, sheets: &SheetSet<'a>) -> Vec<(&'a Leaf, &'a str)> {
    let mut leaves: Vec<(&Leaf, &str)> = Vec::new();
    for rule in &definition.rules {
        rule.when.leaves(&mut |leaf| {
            let asked = sheets.scored.iter().any(|scored| scored.instrument().id() == leaf.instrument());
            if asked && !leaves.iter().any(|(known, _)| *known == leaf) {
                leaves.push((leaf, &rule.id));
            }
        });
    }
    leaves
}

/// The codes of one block of rows.
pub(super) struct Block {
    pub(super) start: usize,
    rows: usize,
    /// Codes by leaf.
    pub(super) leaves: Vec<Vec<u8>>,
    /// Codes by rule.
    pub(super) rules: Vec<Vec<u8>>,
    /// Instruments (rows by instrument) that are not to be interpreted.
    pub(super) invalid: Vec<Vec<bool>>,
}

/// What one block gives.
struct BlockResult {
    levels: Vec<u8>,
    list: Vec<Proposal>,
    counts: Vec<(u32, u32)>,
}

impl PolicyEngine<'_> {
    /// Proposes a tier for every row.
    pub fn run(&self) -> Proposals {
        let starts: Vec<usize> = (0..self.rows).step_by(BLOCK).collect();
        let blocks: Vec<BlockResult> =
            starts.into_par_iter().map(|start| self.block(start, BLOCK.min(self.rows - start))).collect();
        let mut proposals = Proposals {
            tier_ids: (0..self.levels.len())
                .filter_map(|level| self.tier(level as u8))
                .map(|tier| tier.id.clone())
                .collect(),
            levels: Vec::with_capacity(self.rows),
            list: Vec::new(),
            rules: Vec::new(),
        };
        let mut counts = vec![(0_u32, 0_u32); self.rules.len()];
        for block in blocks {
            proposals.levels.extend(block.levels);
            proposals.list.extend(block.list);
            for (sum, more) in counts.iter_mut().zip(block.counts) {
                *sum = (sum.0 + more.0, sum.1 + more.1);
            }
        }
        let count = |(rule, (holds, cannot_say)): (&ReadyRule<'_>, (u32, u32))| RuleCount {
            rule: rule.definition.id.clone(),
            holds,
            cannot_say,
        };
        proposals.rules = self.rules.iter().zip(counts).map(count).collect();
        proposals
    }

    /// The tier of a level.
    pub(super) fn tier(&self, level: u8) -> Option<&TierDef> {
        self.levels.get(usize::from(level)).and_then(|at| self.policy.definition().tiers.get(*at))
    }

    /// Whether a row does not count for scores.
    fn direct_only(&self, row: usize) -> bool {
        self.sheets.direct_only.get(row).copied().unwrap_or(false)
    }

    fn codes(&self, start: usize, rows: usize) -> Block {
        let invalid: Vec<Vec<bool>> =
            self.sheets.scored.iter().map(|scored| invalid_rows(scored, start, rows)).collect();
        let fill = |probe: &Probe<'_>| {
            let mut codes = vec![NO; rows];
            probe.fill(start, &mut codes);
            if probe.is_direct() {
                return codes;
            }
            // Scores of a sheet that is not to be interpreted say neither yes nor no.
            let empty = Vec::new();
            let masked = if probe.is_interpreted() { invalid.get(probe.scored).unwrap_or(&empty) } else { &empty };
            codes.iter_mut().zip(masked).filter(|(_, invalid)| **invalid).for_each(|(code, _)| *code = OPEN);
            let direct = self.sheets.direct_only.get(start..).unwrap_or_default();
            codes.iter_mut().zip(direct).filter(|(_, direct)| **direct).for_each(|(code, _)| *code = OPEN);
            codes
        };
        let leaves: Vec<Vec<u8>> = self.probes.iter().map(fill).collect();
        let rules = self.rules.iter().map(|rule| rule.tree.block(&leaves, rows)).collect();
        Block { start, rows, leaves, rules, invalid }
    }

    fn block(&self, start: usize, rows: usize) -> BlockResult {
        let block = self.codes(start, rows);
        let mut levels = vec![self.quiet.unflagged; rows];
        for (rule, codes) in self.rules.iter().zip(&block.rules) {
            let Some(level) = rule.level else { continue };
            levels.iter_mut().zip(codes).filter(|(_, code)| **code == YES).for_each(|(top, _)| *top = level.max(*top));
        }
        let speaks = self.speaking(&block, &levels);
        let mut list = Vec::new();
        for (lane, level) in
            levels.iter_mut().enumerate().filter(|(lane, _)| speaks.get(*lane).copied().unwrap_or(false))
        {
            if let Some((found, proposal)) = self.tell(&block, lane, *level) {
                *level = found;
                list.push(proposal);
            }
        }
        let counts = block.rules.iter().map(|codes| self.count(&block, codes)).collect();
        BlockResult { levels, list, counts }
    }

    /// Rows about which there may be something to say.
    fn speaking(&self, block: &Block, levels: &[u8]) -> Vec<bool> {
        let mut speaks: Vec<bool> = levels.iter().map(|level| *level > self.quiet.unflagged).collect();
        for (rule, codes) in self.rules.iter().zip(&block.rules) {
            let Some(level) = rule.level else { continue };
            for ((speaks, code), top) in speaks.iter_mut().zip(codes).zip(levels) {
                *speaks |= *code == OPEN && level > *top;
            }
        }
        for invalid in &block.invalid {
            speaks.iter_mut().zip(invalid).for_each(|(speaks, invalid)| *speaks |= *invalid);
        }
        for flag in &self.critical {
            for (lane, speaks) in speaks.iter_mut().enumerate() {
                *speaks |= self.critical_state(*flag, block.start + lane) != Tri::No;
            }
        }
        speaks
    }

    fn critical_state(&self, critical: CriticalFlag, row: usize) -> Tri {
        self.sheets.scored.get(critical.scored).map_or(Tri::No, |scored| scored.flag(critical.flag, row))
    }

    fn count(&self, block: &Block, codes: &[u8]) -> (u32, u32) {
        let counted = |(lane, _): &(usize, &u8)| !self.direct_only(block.start + lane);
        codes
            .iter()
            .enumerate()
            .filter(counted)
            .take(block.rows)
            .fold((0, 0), |(holds, open), (_, code)| (holds + u32::from(*code == YES), open + u32::from(*code == OPEN)))
    }

    /// Everything about one row, and the level that follows.
    fn tell(&self, block: &Block, lane: usize, top: u8) -> Option<(u8, Proposal)> {
        let row = block.start + lane;
        let direct = self.direct_only(row);
        let mut level = top;
        let critical = self.critical_answers(row);
        if !critical.is_empty() {
            level = level.max(self.quiet.critical);
        }
        let invalid = if direct { Vec::new() } else { self.invalid_sheets(block, lane) };
        if !invalid.is_empty() {
            level = level.max(self.quiet.retest);
        }
        let undecided = if direct { Vec::new() } else { self.undecided(block, lane, level) };
        if !undecided.is_empty() {
            level = level.max(self.quiet.incomplete);
        }
        let evidence = self.evidence(block, lane);
        let only_notes = evidence.iter().all(|evidence| evidence.tier.is_none());
        if only_notes && critical.is_empty() && invalid.is_empty() && undecided.is_empty() {
            return None;
        }
        let tier = self.tier(level)?;
        Some((
            level,
            Proposal { row, tier: tier.id.clone(), severity: tier.severity, evidence, undecided, critical, invalid },
        ))
    }
}

fn invalid_rows(scored: &ScoredSheets, start: usize, rows: usize) -> Vec<bool> {
    let mut invalid = vec![false; rows];
    for (at, rule) in scored.instrument().definition().validity.iter().enumerate() {
        if rule.verdict == Verdict::Invalid {
            invalid.iter_mut().enumerate().for_each(|(lane, to)| *to |= scored.validity(at, start + lane).is_yes());
        }
    }
    invalid
}
