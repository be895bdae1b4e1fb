//! The one call.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::coverage::{CoverageTable, Enrolled, SheetState, Status, status};
use crate::instrument::LicenceStatus;
use crate::risk::{PolicyEngine, Proposal, Proposals, SheetSet, check_policy};
use crate::scoring::{FrameOptions, Scorer};
use crate::texts::{Fill, say};

use super::error::ScreeningError;
use super::input::{AttemptPolicy, Batch, Pupil, ScreeningInput};
use super::match_up::{Fate, Matched, ScoredBatch, SheetRows, match_up};
use super::provenance::provenance;
use super::result::{PupilProposal, Rejection, RejectionKind, ScreeningResult, StrayCritical, Superseded};
use super::results_frame::{self, Parts};
use super::summary::{self, RowTotals};

/// Runs a whole screening.
///
/// Sheets are matched to the roster by `student_id`, every instrument is scored once over all sheets, one sheet a pupil
/// counts, the policy proposes a tier for each, and the coverage is counted.
///
/// # Errors
/// When something would have to be guessed: see [`ScreeningError`]. Single sheets and answers that cannot be used are no
/// error; they are listed in [`ScreeningResult::rejected`].
///
/// ```
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::screening::{Batch, Battery, Licences, ScreeningInput, WaveSettings, pupils_from_frame, screen};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let battery = Battery::from_toml(r#"
///     schema = 1
///     id = "mood"
///     version = "1.0.0"
///     name = { en = "mood", zh-CN = "情绪" }
///     grades = { from = 7, to = 9 }
///     instruments = ["gad-7"]
/// "#)?;
/// let roster = df!["student_id" => ["p1", "p2"], "school" => ["A", "A"], "grade" => [7_i32, 7]]?;
/// let mut sheets = df!["student_id" => ["p1"]]?;
/// for item in 1..=7 {
///     sheets.with_column(Column::new(format!("gad-7.{item}").into(), [3_i8]))?;
/// }
/// let result = screen(ScreeningInput {
///     roster: pupils_from_frame(&roster)?,
///     batches: vec![Batch { battery, sheets }],
///     wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
///     library: &library,
///     policy: &policy,
///     licences: Licences::default(),
///     scoring: Default::default(),
/// })?;
/// assert_eq!(result.results.height(), 2);
/// assert_eq!(result.proposals[0].proposal.tier, "soon");
/// assert_eq!(result.summary.coverage.enrolled(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn screen(mut input: ScreeningInput<'_>) -> Result<ScreeningResult, ScreeningError> {
    let roster = std::mem::take(&mut input.roster);
    let by_id = index(&roster)?;
    check_batteries(&input)?;
    check_the_policy(&input)?;
    let scorers = compile(&input)?;
    let provenance = provenance(&input, &scorers);
    let ScreeningInput { batches, wave, library, policy, .. } = input;
    let score = |batch: Batch| -> Result<ScoredBatch, ScreeningError> {
        let rows = SheetRows::read(&batch, &wave, &by_id)?;
        let people = rows.contexts(&roster);
        let own = batch.battery.definition().instruments.iter().filter_map(|id| scorers.get(id));
        let scored = own.map(|scorer| scorer.score_with(&batch.sheets, &people, &FrameOptions::default())).collect::<Result<_, _>>()?;
        Ok(ScoredBatch { batch, rows, scored })
    };
    let batches = batches.into_iter().map(score).collect::<Result<Vec<_>, _>>()?;
    let matched = match_up(&batches, &roster, &wave);
    let statuses: Vec<Status> = roster.iter().enumerate().map(|(at, pupil)| status_of(at, pupil, &batches, &matched, wave.max_attempts)).collect();
    let coverage = CoverageTable::of(roster.iter().zip(&statuses).map(|(pupil, status)| Enrolled {
        school: &pupil.school,
        grade: pupil.grade,
        class: &pupil.class,
        status: *status,
    }));

    let run = |(batch, fates): (&ScoredBatch, &Vec<Fate>)| -> Result<Proposals, ScreeningError> {
        let direct_only: Vec<bool> = fates.iter().map(|fate| *fate != Fate::Used).collect();
        let sheets = SheetSet { scored: &batch.scored, answers: Some(&batch.batch.sheets), direct_only: &direct_only };
        Ok(PolicyEngine::new(policy, sheets)?.run())
    };
    let proposed = batches.iter().zip(&matched.fates).map(run).collect::<Result<Vec<_>, _>>()?;
    let mut told = Told { levels: vec![None; roster.len()], stray: Vec::new(), by_pupil: HashMap::new() };
    for (batch, (proposals, fates)) in batches.iter().zip(proposed.iter().zip(&matched.fates)) {
        told.take(batch, proposals, fates, library);
    }
    let tier_ids: Vec<String> = policy.tiers().rev().map(|tier| tier.id.clone()).collect();
    let proposals = told.finish(&roster, &statuses, policy);
    let (rejected, superseded, rows) = account(&batches, &matched, wave.attempts);
    let parts = Parts {
        roster: &roster,
        wave: &wave,
        batches: &batches,
        matched: &matched,
        statuses: &statuses,
        levels: &told.levels,
        tier_ids: &tier_ids,
        proposals: &proposals,
    };
    let results = results_frame::build(&parts)?;
    let rules: Vec<_> = proposed.into_iter().flat_map(|proposals| proposals.rules).collect();
    let summary = summary::Summary {
        stray_critical: told.stray.len() as u32,
        rows,
        ..summary::count(wave.clone(), provenance, coverage.district(), policy, &told.levels, &proposals, &rules)
    };
    Ok(ScreeningResult { results, proposals, coverage, rejected, superseded, stray_critical: told.stray, summary })
}

fn index(roster: &[Pupil]) -> Result<HashMap<&str, u32>, ScreeningError> {
    if roster.is_empty() {
        return Err(ScreeningError::EmptyRoster);
    }
    let mut by_id = HashMap::with_capacity(roster.len());
    for (at, pupil) in roster.iter().enumerate() {
        if let Some(first) = by_id.insert(pupil.student_id.as_str(), at as u32) {
            return Err(ScreeningError::DuplicatePupil { student_id: pupil.student_id.clone(), first: first as usize + 1, second: at + 1 });
        }
    }
    Ok(by_id)
}

fn check_batteries(input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    let mut known: IndexMap<&str, &super::Battery> = IndexMap::new();
    for battery in input.batches.iter().map(|batch| &batch.battery) {
        if known.insert(battery.id(), battery).is_some_and(|earlier| earlier.citation() != battery.citation()) {
            return Err(ScreeningError::BatteryTwice { id: battery.id().to_owned() });
        }
    }
    for (at, battery) in known.values().enumerate() {
        let grades = battery.definition().grades;
        for earlier in known.values().take(at) {
            if let Some(grade) = (grades.from..=grades.to).find(|grade| earlier.definition().grades.contains(*grade)) {
                return Err(ScreeningError::Overlap { grade, first: earlier.id().to_owned(), second: battery.id().to_owned() });
            }
        }
        check_instruments(battery, input)?;
    }
    let used: HashSet<&String> = known.values().flat_map(|battery| &battery.definition().instruments).collect();
    match input.scoring.keys().find(|id| !used.contains(id)) {
        Some(id) => Err(ScreeningError::UnusedCutoffs { instrument: id.clone() }),
        None => Ok(()),
    }
}

fn check_instruments(battery: &super::Battery, input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    for id in &battery.definition().instruments {
        let Some(instrument) = input.library.get(id) else {
            return Err(ScreeningError::UnknownInstrument { battery: battery.id().to_owned(), instrument: id.clone() });
        };
        let licence = &instrument.definition().licence;
        if licence.status != LicenceStatus::Free && !input.licences.acknowledged(id) {
            let status = serde_json::to_value(licence.status).ok().and_then(|value| value.as_str().map(str::to_owned));
            return Err(ScreeningError::Licence {
                battery: battery.id().to_owned(),
                instrument: id.clone(),
                status: status.unwrap_or_default(),
                note: format!("{} / {}", licence.note.zh_cn, licence.note.en),
            });
        }
    }
    Ok(())
}

fn check_the_policy(input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    let definition = input.policy.definition();
    let effective = definition.effective;
    if !effective.contains(input.wave.date) {
        let to = effective.to.map(|to| format!(" to {to}")).unwrap_or_default();
        return Err(ScreeningError::NotInForce {
            policy: definition.id.clone(),
            period: format!("from {}{to}", effective.from),
            day: input.wave.date.to_string(),
        });
    }
    for battery in input.batches.iter().map(|batch| batch.battery.definition()) {
        if !definition.grades.contains(battery.grades.from) || !definition.grades.contains(battery.grades.to) {
            return Err(ScreeningError::PolicyGrades {
                battery: battery.id.clone(),
                from: battery.grades.from,
                to: battery.grades.to,
                policy: definition.id.clone(),
                policy_from: definition.grades.from,
                policy_to: definition.grades.to,
            });
        }
    }
    let used: Vec<&str> = input.batches.iter().flat_map(|batch| &batch.battery.definition().instruments).map(String::as_str).collect();
    let diagnostics = check_policy(input.policy, input.library, &used);
    if diagnostics.has_errors() {
        return Err(ScreeningError::Policy { policy: definition.id.clone(), diagnostics });
    }
    Ok(())
}

fn compile(input: &ScreeningInput<'_>) -> Result<IndexMap<String, Scorer>, ScreeningError> {
    let mut scorers = IndexMap::new();
    for id in input.batches.iter().flat_map(|batch| &batch.battery.definition().instruments) {
        if let (false, Some(instrument)) = (scorers.contains_key(id), input.library.get(id)) {
            let options = input.scoring.get(id).cloned().unwrap_or_default();
            scorers.insert(id.clone(), Scorer::with_options(instrument, options)?);
        }
    }
    Ok(scorers)
}

fn status_of(at: usize, pupil: &Pupil, batches: &[ScoredBatch], matched: &Matched, max_attempts: u8) -> Status {
    let sheet = matched.chosen.get(at).copied().flatten();
    let valid = sheet.and_then(|(batch, row)| batches.get(batch as usize).map(|batch| batch.interpretable(row as usize)));
    let attempts = matched.attempts.get(at).copied().unwrap_or(0);
    let state = match valid {
        None => SheetState::None,
        Some(true) => SheetState::Valid,
        Some(false) if attempts < u32::from(max_attempts) => SheetState::Retest,
        Some(false) => SheetState::Invalid,
    };
    status(pupil.consent, pupil.scope, pupil.attendance, state)
}

/// What is said of pupils, gathered from all batches.
struct Told {
    levels: Vec<Option<u8>>,
    stray: Vec<StrayCritical>,
    by_pupil: HashMap<usize, (u8, Proposal)>,
}

impl Told {
    fn take(&mut self, batch: &ScoredBatch, proposals: &Proposals, fates: &[Fate], library: &crate::instrument::Library) {
        let pupil = |row: usize| batch.rows.pupils.get(row).copied().flatten().map(|at| at as usize);
        for (row, (fate, level)) in fates.iter().zip(proposals.levels()).enumerate() {
            if let (Fate::Used, Some(slot)) = (fate, pupil(row).and_then(|at| self.levels.get_mut(at))) {
                *slot = (*slot).max(Some(*level));
            }
        }
        for proposal in &proposals.list {
            let row = proposal.row;
            match (fates.get(row), pupil(row)) {
                (Some(Fate::Rejected(reason)), _) if !proposal.critical.is_empty() => {
                    let student_id = batch.rows.student_id(row).to_owned();
                    self.stray.push(StrayCritical {
                        text: reason.text(&student_id, &batch.batch.battery),
                        student_id,
                        place: batch.rows.place(row),
                        reason: reason.id(),
                        answers: proposal.critical.clone(),
                    });
                }
                (Some(fate @ (Fate::Used | Fate::Superseded(..))), Some(at)) => {
                    let mut proposal = proposal.clone();
                    if *fate != Fate::Used {
                        let short = |id: &str| library.get(id).map(|i| i.definition().abbreviation.clone()).unwrap_or_default();
                        proposal.critical = proposal.critical.into_iter().map(|c| { let name = short(&c.instrument); c.on_other_sheet(&name) }).collect();
                    }
                    let level = proposals.levels().get(row).copied().unwrap_or(0);
                    self.merge(at, level, proposal);
                }
                _ => {}
            }
        }
    }

    /// Several sheets of one pupil speak together; the most urgent tier stands.
    fn merge(&mut self, pupil: usize, level: u8, proposal: Proposal) {
        if let Some(slot) = self.levels.get_mut(pupil) {
            *slot = (*slot).max(Some(level));
        }
        match self.by_pupil.entry(pupil) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert((level, proposal));
            }
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let (known, first) = entry.get_mut();
                if level > *known {
                    (*known, first.tier, first.severity) = (level, proposal.tier.clone(), proposal.severity);
                }
                absorb(first, proposal);
            }
        }
    }

    fn finish(&mut self, roster: &[Pupil], statuses: &[Status], policy: &crate::risk::Policy) -> Vec<PupilProposal> {
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

/// Adds what another sheet of the same pupil says and the first does not.
fn absorb(first: &mut Proposal, other: Proposal) {
    for answer in other.critical {
        let same = |known: &crate::risk::CriticalAnswer| (&known.instrument, &known.flag) == (&answer.instrument, &answer.flag);
        match first.critical.iter_mut().find(|known| same(known)) {
            None => first.critical.push(answer),
            // The sheet that counts says it itself.
            Some(known) if known.other_sheet && !answer.other_sheet => *known = answer,
            Some(_) => {}
        }
    }
    for evidence in other.evidence {
        let known = first.evidence.iter().any(|known| (&known.rule, &known.instrument, &known.part) == (&evidence.rule, &evidence.instrument, &evidence.part));
        if !known {
            first.evidence.push(evidence);
        }
    }
    first.undecided.extend(other.undecided);
    first.invalid.extend(other.invalid);
}

/// Lists what was not used, and counts the rows.
fn account(batches: &[ScoredBatch], matched: &Matched, attempts: AttemptPolicy) -> (Vec<Rejection>, Vec<Superseded>, RowTotals) {
    let (mut rejected, mut superseded, mut totals) = (Vec::new(), Vec::new(), RowTotals::default());
    let rule = say(
        match attempts {
            AttemptPolicy::First => "superseded.first",
            AttemptPolicy::Last => "superseded.last",
            AttemptPolicy::BestValid => "superseded.best-valid",
        },
        &[],
    );
    for (batch, fates) in batches.iter().zip(&matched.fates) {
        for (row, fate) in fates.iter().enumerate() {
            totals.read += 1;
            match fate {
                Fate::Used => totals.used += 1,
                Fate::Superseded(other, other_row) => {
                    totals.superseded += 1;
                    let place = batch.rows.place(row);
                    let counts = batches.get(*other as usize).map_or_else(|| place.clone(), |batch| batch.rows.place(*other_row as usize));
                    superseded.push(Superseded { student_id: batch.rows.student_id(row).to_owned(), place, counts, text: rule.clone() });
                }
                Fate::Rejected(reason) => {
                    totals.rejected += 1;
                    rejected.push(rejected_sheet(batch, row, *reason));
                }
            }
        }
        let values = rejected_values(batch, fates);
        totals.values_rejected += values.len() as u64;
        rejected.extend(values);
    }
    (rejected, superseded, totals)
}

fn rejected_sheet(batch: &ScoredBatch, row: usize, reason: super::match_up::Reason) -> Rejection {
    let value = batch.rows.student_id(row).to_owned();
    Rejection {
        kind: RejectionKind::Sheet,
        place: batch.rows.place(row),
        column: reason.column().to_owned(),
        text: reason.text(&value, &batch.batch.battery),
        value,
        reason: reason.id(),
    }
}

/// Single answers and dates of used and superseded sheets that cannot be used.
fn rejected_values(batch: &ScoredBatch, fates: &[Fate]) -> Vec<Rejection> {
    let kept = |row: usize| !matches!(fates.get(row), None | Some(Fate::Rejected(_)));
    let issues = batch.scored.iter().flat_map(crate::scoring::ScoredSheets::issues).filter(|issue| kept(issue.row));
    let answers = issues.map(|issue| Rejection {
        kind: RejectionKind::Value,
        place: batch.rows.place(issue.row),
        column: issue.column.clone(),
        value: issue.value.clone(),
        reason: "answer-not-allowed",
        text: say("rejected.answer-not-allowed", &[("allowed", Fill::Same(&issue.allowed))]),
    });
    let dates = (0..fates.len()).filter(|row| kept(*row)).filter_map(|row| {
        batch.rows.unread_date(row).map(|value| Rejection {
            kind: RejectionKind::Value,
            place: batch.rows.place(row),
            column: "administered_on".to_owned(),
            value: value.to_owned(),
            reason: "test-date",
            text: say("rejected.test-date", &[]),
        })
    });
    answers.chain(dates).collect()
}
