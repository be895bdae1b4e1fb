//! Runs a ready policy block by block.

use rayon::prelude::*;

use crate::answers::Tri;
use crate::instrument::Verdict;
use crate::scoring::ScoredSheets;
use crate::validity::SheetVerdict;

use super::super::model::TierDef;
use super::super::proposal::Proposal;
use super::super::tree::{ABSENT, NO, OPEN, YES};
use super::{Ask, CriticalFlag, PolicyEngine, Probe, Proposals, ReadyRule, RuleCount, SheetSet};

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
    /// Codes by rule if nothing were recorded in what was not delivered; empty for a rule that reads no records.
    assumed: Vec<Vec<u8>>,
    /// Instruments (rows by instrument) that are not to be interpreted.
    pub(in crate::risk) invalid: Vec<Vec<bool>>,
}

impl Block {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

impl SheetSet<'_> {
    /// Rows whose sheet to an instrument is not to be interpreted, by its definition or by the plan.
    pub(super) fn invalid_rows(&self, scored: &ScoredSheets, start: usize, rows: usize) -> Vec<bool> {
        let mut invalid = vec![false; rows];
        for (at, rule) in scored.instrument().definition().validity.iter().enumerate() {
            if rule.verdict == Verdict::Invalid {
                invalid.iter_mut().enumerate().for_each(|(lane, to)| *to |= scored.validity(at, start + lane).is_yes());
            }
        }
        if let Some(judged) = self.judged_of(scored.instrument().id()) {
            invalid.iter_mut().enumerate().for_each(|(lane, to)| {
                let row = judged.row(start + lane);
                *to |= row.is_some_and(|row| judged.report.verdict(row) == SheetVerdict::Invalid);
            });
        }
        if self.further_of(scored.instrument().id()).is_some() {
            // A further form that did not come in is no sheet that cannot be interpreted.
            invalid.iter_mut().enumerate().for_each(|(lane, to)| *to &= scored.answered(start + lane) > 0);
        }
        invalid
    }
}

impl ReadyRule<'_> {
    /// Codes of a block of rows. Where something may not have been asked of a row, rows are looked at one by one, and a rule that
    /// falls away does not hold.
    fn codes(&self, leaves: &[Vec<u8>], rows: usize) -> Vec<u8> {
        if !self.reads_further {
            return self.tree.block(leaves, rows);
        }
        let code = |lane: usize, at: usize| leaves.get(at).and_then(|codes| codes.get(lane)).copied().unwrap_or(OPEN);
        let of = |lane: usize| match self.tree.row(&|at| code(lane, at)) {
            ABSENT => NO,
            code => code,
        };
        (0..rows).map(of).collect()
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
            self.sheets.scored.iter().map(|scored| self.sheets.invalid_rows(scored, start, rows)).collect();
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
        let of = |ask: &Ask<'_>| match ask {
            Ask::Sheet(probe) => {
                let mut codes = fill(probe);
                self.sheets.mark_absent(probe.leaf.instrument(), start, &mut codes);
                codes
            }
            Ask::Pupil(probe) => {
                let mut codes = vec![NO; rows];
                probe.fill(start, &mut codes);
                codes
            }
        };
        let leaves: Vec<Vec<u8>> = self.asks.iter().map(of).collect();
        let rules = self.rules.iter().map(|rule| rule.codes(&leaves, rows)).collect();
        let assumed = self.assumed(&leaves, start, rows);
        Block { start, rows, leaves, rules, assumed, invalid }
    }

    /// The codes of the rules that read records, if nothing were recorded in what was not delivered.
    fn assumed(&self, leaves: &[Vec<u8>], start: usize, rows: usize) -> Vec<Vec<u8>> {
        if !self.rules.iter().any(|rule| rule.reads_records) {
            return vec![Vec::new(); self.rules.len()];
        }
        let of = |(ask, codes): (&Ask<'_>, &Vec<u8>)| {
            ask.pupil().map_or_else(|| codes.clone(), |probe| probe.assume_nothing(start, codes))
        };
        let leaves: Vec<Vec<u8>> = self.asks.iter().zip(leaves).map(of).collect();
        let of = |rule: &ReadyRule<'_>| if rule.reads_records { rule.codes(&leaves, rows) } else { Vec::new() };
        self.rules.iter().map(of).collect()
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
        for ((rule, codes), assumed) in self.rules.iter().zip(&block.rules).zip(&block.assumed) {
            let Some(level) = rule.level else { continue };
            // A rule that would not hold unless something came of a source that was not delivered is counted, and told of no
            // pupil alone: that source lacks for a whole school.
            let codes = if rule.reads_records { assumed } else { codes };
            for ((speaks, code), top) in speaks.iter_mut().zip(codes).zip(levels) {
                *speaks |= *code != NO && level > *top;
            }
        }
        for (lane, speaks) in speaks.iter_mut().enumerate().filter(|_| !self.sheets.further.is_empty()) {
            *speaks |= self.due_forms(block.start + lane).next().is_some();
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
        let settled = level;
        let invalid = if direct { Vec::new() } else { self.invalid_sheets(block, lane) };
        if !invalid.is_empty() {
            level = level.max(self.quiet.retest);
        }
        let undecided = if direct { Vec::new() } else { self.undecided(block, lane, level) };
        // Asking again gives neither an earlier result nor an index that the wave does not allow.
        if undecided.iter().any(|open| open.why.raises()) {
            level = level.max(self.quiet.incomplete);
        }
        let evidence = self.evidence(block, lane);
        let only_notes = evidence.iter().all(|evidence| evidence.tier.is_none());
        let quiet = undecided.iter().all(|open| open.why.is_of_many());
        if only_notes && critical.is_empty() && invalid.is_empty() && quiet {
            return None;
        }
        let prospects =
            if direct { Vec::new() } else { self.prospects(block, lane, &undecided, &invalid, (settled, level)) };
        let doubtful = if direct { Vec::new() } else { self.doubtful_sheets(row, &evidence) };
        let tier = self.tier(level)?;
        let (tier, severity) = (tier.id.clone(), tier.severity);
        Some((level, Proposal { row, tier, severity, evidence, undecided, critical, invalid, doubtful, prospects }))
    }
}
