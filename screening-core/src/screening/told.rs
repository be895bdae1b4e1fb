//! What is said of pupils, gathered from all their sheets.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;

use crate::coverage::Status;
use crate::instrument::Library;
use crate::risk::{CriticalAnswer, Policy, Proposal, Proposals};

use super::input::Pupil;
use super::match_up::{Fate, ScoredBatch};
use super::result::{PupilProposal, StrayCritical};

/// What is said of pupils, gathered from all batches.
pub(super) struct Told {
    /// Level of the tier by pupil; none without a sheet that counts.
    pub(super) levels: Vec<Option<u8>>,
    /// Critical answers on rejected sheets.
    pub(super) stray: Vec<StrayCritical>,
    by_pupil: HashMap<usize, (u8, Proposal)>,
}

impl Told {
    pub(super) fn new(pupils: usize) -> Self {
        Self { levels: vec![None; pupils], stray: Vec::new(), by_pupil: HashMap::new() }
    }

    /// Takes over what the policy says of one batch; the proposals are moved, levels and counts of rules stay.
    pub(super) fn take(&mut self, batch: &ScoredBatch, proposals: &mut Proposals, fates: &[Fate], library: &Library) {
        let pupil = |row: usize| batch.rows.pupils.get(row).copied().flatten().map(|at| at as usize);
        for (row, (fate, level)) in fates.iter().zip(proposals.levels()).enumerate() {
            if let (Fate::Used, Some(slot)) = (fate, pupil(row).and_then(|at| self.levels.get_mut(at))) {
                *slot = (*slot).max(Some(*level));
            }
        }
        for mut proposal in std::mem::take(&mut proposals.list) {
            let row = proposal.row;
            match (fates.get(row), pupil(row)) {
                (Some(Fate::Rejected(reason)), _) if !proposal.critical.is_empty() => {
                    let student_id = batch.rows.student_id(row).to_owned();
                    self.stray.push(StrayCritical {
                        text: reason.text(&student_id, &batch.batch.battery),
                        student_id,
                        place: batch.rows.place(row),
                        reason: reason.id(),
                        answers: proposal.critical,
                    });
                }
                (Some(fate @ (Fate::Used | Fate::Superseded(..))), Some(at)) => {
                    if *fate != Fate::Used {
                        let short =
                            |id: &str| library.get(id).map(|i| i.definition().abbreviation.clone()).unwrap_or_default();
                        proposal.critical = proposal
                            .critical
                            .into_iter()
                            .map(|c| {
                                let name = short(&c.instrument);
                                c.on_other_sheet(&name)
                            })
                            .collect();
                    }
                    let level = proposals.levels().get(row).copied().unwrap_or(0);
                    self.merge(at, level, proposal);
                }
                _ => {}
            }
        }
    }

    /// Takes over what records say of pupils without a sheet; `pupils` are those of the rows.
    pub(super) fn take_without_sheet(&mut self, pupils: &[Option<u32>], proposals: &mut Proposals) {
        for proposal in std::mem::take(&mut proposals.list) {
            let level = proposals.levels().get(proposal.row).copied().unwrap_or(0);
            // Nothing urgent is no tier: no sheet says that there is nothing.
            if let Some(pupil) = pupils.get(proposal.row).copied().flatten().filter(|_| level > 0) {
                self.merge(pupil as usize, level, proposal);
            }
        }
    }

    /// Several sheets of one pupil speak together; the most urgent tier stands.
    fn merge(&mut self, pupil: usize, level: u8, proposal: Proposal) {
        if let Some(slot) = self.levels.get_mut(pupil) {
            *slot = (*slot).max(Some(level));
        }
        match self.by_pupil.entry(pupil) {
            Entry::Vacant(entry) => {
                entry.insert((level, proposal));
            }
            Entry::Occupied(mut entry) => {
                let (known, first) = entry.get_mut();
                if level > *known {
                    (*known, first.tier, first.severity) = (level, proposal.tier.clone(), proposal.severity);
                }
                absorb(first, proposal);
            }
        }
    }

    /// All pupils about whom there is something to say, the most urgent first.
    /// `day` is the day from which the time to act is counted.
    pub(super) fn finish(
        &mut self,
        roster: &[Pupil],
        statuses: &[Status],
        policy: &Policy,
        day: &dyn Fn(usize) -> Date,
    ) -> Vec<PupilProposal> {
        let mut list: Vec<PupilProposal> = std::mem::take(&mut self.by_pupil)
            .into_iter()
            .filter_map(|(at, (_, proposal))| {
                let (pupil, status) = (roster.get(at)?, *statuses.get(at)?);
                Some(PupilProposal {
                    pupil: at,
                    student_id: pupil.student_id.clone(),
                    school: pupil.school.clone(),
                    grade: pupil.grade,
                    class: pupil.class.clone(),
                    status,
                    due: due(policy, &proposal.tier, day(at)),
                    proposal,
                })
            })
            .collect();
        list.sort_by_key(|entry| (std::cmp::Reverse(entry.proposal.severity), entry.pupil));
        for entry in &mut list {
            let severity = |id: &Option<String>| id.as_ref().and_then(|id| policy.tier(id)).map(|tier| tier.severity);
            entry.proposal.evidence.sort_by_key(|evidence| std::cmp::Reverse(severity(&evidence.tier)));
        }
        list
    }
}

/// The day by which a person should have acted: whole days after `day`, which the hours of the tier make full.
fn due(policy: &Policy, tier: &str, day: Date) -> Option<Date> {
    let hours = policy.tier(tier)?.response_hours?;
    day.checked_add(jiff::ToSpan::days(i64::from(hours / 24))).ok()
}

/// Adds what another sheet of the same pupil says and the first does not.
fn absorb(first: &mut Proposal, other: Proposal) {
    for answer in other.critical {
        let same = |known: &CriticalAnswer| (&known.instrument, &known.flag) == (&answer.instrument, &answer.flag);
        match first.critical.iter_mut().find(|known| same(known)) {
            None => first.critical.push(answer),
            // The sheet that counts says it itself.
            Some(known) if known.other_sheet && !answer.other_sheet => *known = answer,
            Some(_) => {}
        }
    }
    for evidence in other.evidence {
        let known = first.evidence.iter().any(|known| {
            (&known.rule, &known.instrument, &known.part) == (&evidence.rule, &evidence.instrument, &evidence.part)
        });
        if !known {
            first.evidence.push(evidence);
        }
    }
    first.undecided.extend(other.undecided);
    for prospect in other.prospects {
        if !first.prospects.contains(&prospect) {
            first.prospects.push(prospect);
        }
    }
    first.invalid.extend(other.invalid);
    first.doubtful.extend(other.doubtful);
}
