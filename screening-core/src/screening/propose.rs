//! The policy over all sheets, and over the pupils of whom something is known and no sheet counts.

use polars::prelude::DataFrame;

use crate::change::WaveChange;
use crate::risk::simulate::SheetPart;
use crate::risk::{Beside, EvidenceTable, JudgedSheets, Policy, PolicyEngine, Proposals, RuleCount, SheetSet};

use super::error::ScreeningError;
use super::forms::Asked;
use super::judge::Judged;
use super::match_up::{Fate, Matched, ScoredBatch};
use super::rehearse::{self, Kept};

/// Everything that the policy reads.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub(super) policy: &'a Policy,
    pub(super) batches: &'a [ScoredBatch],
    pub(super) matched: &'a Matched,
    pub(super) judged: &'a [Judged],
    pub(super) derived: &'a DataFrame,
    pub(super) change: Option<&'a WaveChange>,
    pub(super) records: Option<&'a EvidenceTable>,
}

/// What is proposed.
pub(super) struct Proposed {
    /// By batch: of which rows each further form is asked.
    pub(super) asked: Vec<Asked>,
    /// By batch.
    pub(super) of_sheets: Vec<Proposals>,
    /// Pupils without a sheet that counts, by their positions, and what is proposed for them.
    pub(super) without_sheet: Option<(Vec<Option<u32>>, Proposals)>,
}

impl Proposed {
    /// How often each rule holds, run by run.
    pub(super) fn rules(&self) -> Vec<RuleCount> {
        let bare = self.without_sheet.as_ref().map(|(_, proposals)| proposals);
        self.of_sheets.iter().chain(bare).flat_map(|proposals| proposals.rules.iter().cloned()).collect()
    }
}

impl<'a> Evidence<'a> {
    /// Runs the policy.
    pub(super) fn propose(self, pupils: usize) -> Result<Proposed, ScreeningError> {
        let batches = || self.batches.iter().enumerate();
        let asked = batches().map(|(at, batch)| self.asked(at, batch)).collect::<Result<Vec<_>, _>>()?;
        let run = |((at, batch), asked): ((usize, &ScoredBatch), &Asked)| self.run(at, batch, asked);
        let of_sheets = batches().zip(&asked).map(run).collect::<Result<Vec<_>, _>>()?;
        Ok(Proposed { asked, of_sheets, without_sheet: self.without_sheet(pupils)? })
    }

    fn judged_of(&self, at: usize) -> Vec<JudgedSheets<'a>> {
        let own = self.judged.iter().filter_map(|judged| {
            let rows = judged.rows.get(at).filter(|rows| !rows.is_empty())?;
            Some(JudgedSheets { report: &judged.report, rows })
        });
        own.collect()
    }

    fn beside<'r>(&self, rows: &'r [Option<u32>]) -> Beside<'r>
    where
        'a: 'r,
    {
        Beside { rows, derived: self.derived, change: self.change, evidence: self.records }
    }

    fn asked(&self, at: usize, batch: &ScoredBatch) -> Result<Asked, ScreeningError> {
        let judged = self.judged_of(at);
        let answers = Some(&batch.batch.sheets);
        Asked::of(batch, SheetSet { scored: &batch.scored, answers, judged: &judged, ..SheetSet::default() })
    }

    fn run(&self, at: usize, batch: &ScoredBatch, asked: &Asked) -> Result<Proposals, ScreeningError> {
        self.over(at, batch, asked, |sheets| Ok(PolicyEngine::new(self.policy, sheets)?.run()))
    }

    /// Gives the sheets of a batch to `then`.
    fn over<T>(
        &self,
        at: usize,
        batch: &ScoredBatch,
        asked: &Asked,
        then: impl FnOnce(SheetSet<'_>) -> Result<T, ScreeningError>,
    ) -> Result<T, ScreeningError> {
        let direct_only: Vec<bool> = self.fates(at).iter().map(|fate| *fate != Fate::Used).collect();
        let (judged, further) = (self.judged_of(at), asked.sheets(batch));
        then(SheetSet {
            scored: &batch.scored,
            answers: Some(&batch.batch.sheets),
            direct_only: &direct_only,
            judged: &judged,
            beside: Some(self.beside(&batch.rows.pupils)),
            further: &further,
        })
    }

    fn fates(&self, at: usize) -> &'a [Fate] {
        self.matched.fates.get(at).map_or(&[][..], Vec::as_slice)
    }

    /// Keeps what the policy and others read, for [`super::rehearse`].
    pub(super) fn keep(self, asked: &[Asked], kept: &mut Kept<'_>) -> Result<(), ScreeningError> {
        for ((at, batch), asked) in self.batches.iter().enumerate().zip(asked) {
            self.over(at, batch, asked, |sheets| {
                let part = |policy: &Policy| -> Result<SheetPart, ScreeningError> {
                    let frozen = PolicyEngine::new(policy, sheets)?.freeze();
                    Ok(SheetPart { frozen, pupils: rehearse::pupils(&batch.rows, self.fates(at)) })
                };
                kept.own.push(part(self.policy)?);
                for (other, parts) in kept.policies.iter().zip(&mut kept.parts) {
                    parts.push(part(other)?);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What is known beside the sheets speaks for pupils without one.
    fn without_sheet(&self, pupils: usize) -> Result<Option<(Vec<Option<u32>>, Proposals)>, ScreeningError> {
        let Some(table) = self.records else { return Ok(None) };
        let bare = |pupil: &usize| !self.matched.has_sheet(*pupil) && table.speaks_of(*pupil);
        let rows: Vec<Option<u32>> = (0..pupils).filter(bare).map(|pupil| Some(pupil as u32)).collect();
        let beside = Some(self.beside(&rows));
        let proposals = PolicyEngine::new(self.policy, SheetSet { beside, ..SheetSet::default() })?.run();
        Ok(Some((rows, proposals)))
    }
}
