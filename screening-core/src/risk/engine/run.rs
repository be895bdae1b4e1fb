//! Runs a ready policy block by block.

use rayon::prelude::*;

use crate::answers::Tri;
use crate::instrument::Verdict;
use crate::scoring::ScoredSheets;
use crate::validity::SheetVerdict;

use super::super::model::TierDef;
use super::super::proposal::{Proposal, WhyUndecided};
use super::super::tree::{NO, OPEN, YES};
use super::{CriticalFlag, PolicyEngine, Probe, Proposals, ReadyRule, RuleCount};

/// Rows of one block: the codes of all leaves stay in the cache.
pub(super) const BLOCK: usize = 4096;

/// The codes of one block of rows.
pub(in crate::risk) struct Block {
    pub(in crate::risk) start: usize,
    rows: usize,
    /// Codes by leaf.
    pub(in crate::risk) leaves: Vec<Vec<u8>>,
    /// Codes by rule.
    pub(in crate::risk) rules: Vec<Vec<u8>>,
    /// Instruments (rows by instrument) that are not to be interpreted.
    pub(in crate::risk) invalid: Vec<Vec<bool>>,
}

impl Block {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
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
    pub(in crate::risk) fn tier(&self, level: u8) -> Option<&TierDef> {
        self.levels.get(usize::from(level)).and_then(|at| self.policy.definition().tiers.get(*at))
    }

    /// Whether a row does not count for scores.
    pub(super) fn direct_only(&self, row: usize) -> bool {
        self.sheets.direct_only.get(row).copied().unwrap_or(false)
    }

    pub(super) fn codes(&self, start: usize, rows: usize) -> Block {
        let invalid: Vec<Vec<bool>> =
            self.sheets.scored.iter().map(|scored| self.invalid_rows(scored, start, rows)).collect();
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

    /// Rows whose sheet to an instrument is not to be interpreted, by its definition or by the plan.
    fn invalid_rows(&self, scored: &ScoredSheets, start: usize, rows: usize) -> Vec<bool> {
        let mut invalid = vec![false; rows];
        for (at, rule) in scored.instrument().definition().validity.iter().enumerate() {
            if rule.verdict == Verdict::Invalid {
                invalid.iter_mut().enumerate().for_each(|(lane, to)| *to |= scored.validity(at, start + lane).is_yes());
            }
        }
        if let Some(judged) = self.sheets.judged_of(scored.instrument().id()) {
            invalid.iter_mut().enumerate().for_each(|(lane, to)| {
                let row = judged.row(start + lane);
                *to |= row.is_some_and(|row| judged.report.verdict(row) == SheetVerdict::Invalid);
            });
        }
        invalid
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

    pub(super) fn critical_state(&self, critical: CriticalFlag, row: usize) -> Tri {
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
        // Asking again gives neither an earlier result nor an index that the wave does not allow.
        let by_asking = |why: WhyUndecided| !matches!(why, WhyUndecided::NoEarlierResult | WhyUndecided::NoIndex);
        if undecided.iter().any(|open| by_asking(open.why)) {
            level = level.max(self.quiet.incomplete);
        }
        let evidence = self.evidence(block, lane);
        let only_notes = evidence.iter().all(|evidence| evidence.tier.is_none());
        if only_notes && critical.is_empty() && invalid.is_empty() && undecided.is_empty() {
            return None;
        }
        let doubtful = if direct { Vec::new() } else { self.doubtful_sheets(row, &evidence) };
        let tier = self.tier(level)?;
        let (tier, severity) = (tier.id.clone(), tier.severity);
        Some((level, Proposal { row, tier, severity, evidence, undecided, critical, invalid, doubtful }))
    }
}
