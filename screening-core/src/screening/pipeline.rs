//! The one call.

use std::collections::HashMap;

use indexmap::IndexMap;
use jiff::civil::Date;

use crate::coverage::{CoverageTable, Enrolled, FollowUp, SheetState, Status, next_step, status};
use crate::instrument::Library;
use crate::scoring::{FrameOptions, Scorer};

use super::accounts::account;
use super::against;
use super::audit::audit;
use super::checks;
use super::error::ScreeningError;
use super::evidence;
use super::forms;
use super::input::{Batch, ConsentMode, Interpretation, Pupil, ScreeningInput, WaveSettings};
use super::join::join;
use super::judge::{Judged, judge};
use super::match_up::{Matched, ScoredBatch, SheetRows, admit, match_up};
use super::measures::{measures, scores};
use super::propose::{Evidence, Proposed};
use super::provenance::provenance;
use super::rehearse::Kept;
use super::result::ScreeningResult;
use super::results_frame::{self, Decided, Parts};
use super::summary::{self, InstrumentValidity, ValidityUse};
use super::told::Told;

/// Runs a whole screening.
///
/// The answers to each instrument are audited first ([`crate::audit`]): a certain finding that nobody accepted
/// ([`super::AuditSettings`]) stops the wave. Sheets are matched to the roster by `student_id`, every instrument is scored
/// once over all sheets, the validity plan judges them, one sheet a pupil counts, its scores are read against norms and
/// earlier waves, the policy proposes a tier for each pupil, and the coverage is counted.
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
///     interpretation: Default::default(),
/// })?;
/// assert_eq!(result.results.height(), 2);
/// assert_eq!(result.proposals[0].proposal.tier, "soon");
/// assert_eq!(result.summary.coverage.enrolled(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn screen(input: ScreeningInput<'_>) -> Result<ScreeningResult, ScreeningError> {
    run(input, None)
}

/// The same; `kept` takes what policies read, for [`super::rehearse`].
pub(super) fn run(
    mut input: ScreeningInput<'_>,
    kept: Option<&mut Kept<'_>>,
) -> Result<ScreeningResult, ScreeningError> {
    let roster = std::mem::take(&mut input.roster);
    let by_id = index(&roster)?;
    checks::check(&input)?;
    for other in kept.iter().flat_map(|kept| &kept.policies) {
        checks::check_the_policy(&input, other)?;
    }
    let scorers = compile(&input)?;
    let audit = audit(&input.batches, &scorers, &input.wave.audit)?;
    let provenance = provenance(&input, &scorers);
    let known = evidence::known(&input.interpretation.evidence, &roster, &by_id, &input.wave)?;
    let (joined_batches, joined) = join(std::mem::take(&mut input.batches), input.library, input.wave.attempts)?;
    input.batches = joined_batches;
    let ScreeningInput { batches, wave, library, policy, interpretation, .. } = input;
    let score = |batch: Batch| score(batch, &wave, &by_id, &roster, &scorers);
    let mut batches = batches.into_iter().map(score).collect::<Result<Vec<_>, _>>()?;
    let admitted = admit(&batches, &roster, &wave);
    let judged = judge(&mut batches, &admitted, &roster, &scorers, &interpretation)?;
    let matched = match_up(&batches, admitted, &roster, &wave);
    let statuses: Vec<Status> = roster
        .iter()
        .enumerate()
        .map(|(at, pupil)| status_of(at, pupil, &batches, &matched, wave.max_attempts))
        .collect();
    let (coverage, follow_up) = reached(&roster, &statuses, wave.consent);
    let measures = measures(&batches, &scorers);
    let parts = Parts {
        roster: &roster,
        wave: &wave,
        batches: &batches,
        matched: &matched,
        judged: &judged,
        statuses: &statuses,
    };
    let measured = results_frame::measured(&parts)?;
    let (derived, norms) = against::derive(&interpretation, library, &measured)?;
    let change = against::since(&interpretation, library, &wave, &provenance, &measured)?;

    let evidence = Evidence {
        policy,
        batches: &batches,
        matched: &matched,
        judged: &judged,
        derived: &derived,
        change: change.as_ref(),
        records: known.table.as_ref(),
    };
    let mut proposed = evidence.propose(roster.len())?;
    if let Some(kept) = kept {
        evidence.keep(&proposed.asked, kept)?;
    }
    let mut told = tell(roster.len(), &batches, &mut proposed, &matched, library);
    let tier_ids: Vec<String> = policy.tiers().rev().map(|tier| tier.id.clone()).collect();
    let proposals =
        told.finish(&roster, &statuses, policy, &|pupil| day_of_sheet(pupil, &batches, &matched).unwrap_or(wave.date));
    let (mut rejected, superseded, rows) = account(&batches, &matched, wave.attempts, joined);
    rejected.extend(known.rejected);
    let (forms_due, forms) = forms::due(&batches, &proposed.asked, &matched, &roster);
    let decided = Decided { levels: &told.levels, tier_ids: &tier_ids, proposals: &proposals };
    let changed = change.as_ref().map(crate::change::WaveChange::columns).transpose()?.unwrap_or_default();
    let mut results = measured;
    for columns in [derived.into_columns(), changed, results_frame::decisions(&decided)?] {
        results.hstack_mut(&columns)?;
    }
    let summary = summary::Summary {
        stray_critical: told.stray.len() as u32,
        rows,
        audit,
        norms,
        validity: validity_use(&interpretation, &judged),
        change: change.as_ref().map(against::change_use),
        evidence: known.used,
        forms,
        ..summary::count(
            wave.clone(),
            provenance,
            coverage.district(),
            policy,
            &summary::Counted {
                levels: &told.levels,
                has_sheet: &|pupil| matched.has_sheet(pupil),
                proposals: &proposals,
                rules: &proposed.rules(),
            },
        )
    };
    let stray_critical = told.stray;
    Ok(ScreeningResult {
        results,
        proposals,
        coverage,
        follow_up,
        scores: scores(&scorers),
        measures,
        forms_due,
        rejected,
        superseded,
        stray_critical,
        decisions: Vec::new(),
        summary,
    })
}

/// Scores a batch for the pupils of the roster.
fn score(
    batch: Batch,
    wave: &WaveSettings,
    by_id: &HashMap<&str, u32>,
    roster: &[Pupil],
    scorers: &IndexMap<String, Scorer>,
) -> Result<ScoredBatch, ScreeningError> {
    let rows = SheetRows::read(&batch, wave, by_id)?;
    let people = rows.contexts(roster);
    let own = batch.battery.definition().all_instruments().filter_map(|id| scorers.get(id));
    let scored = own
        .map(|scorer| scorer.score_with(&batch.sheets, &people, &FrameOptions::default()))
        .collect::<Result<_, _>>()?;
    Ok(ScoredBatch { batch, rows, scored, judged_invalid: Vec::new() })
}

/// Who was reached, and what is to be done about the others.
fn reached(roster: &[Pupil], statuses: &[Status], consent: ConsentMode) -> (CoverageTable, Vec<FollowUp>) {
    let coverage = CoverageTable::of(roster.iter().zip(statuses).map(|(pupil, status)| Enrolled {
        school: &pupil.school,
        grade: pupil.grade,
        class: &pupil.class,
        status: *status,
    }));
    let needs_consent = consent == ConsentMode::OptIn;
    let to_reach = |(at, (pupil, status)): (usize, (&Pupil, &Status))| -> Option<FollowUp> {
        let step = next_step(*status, pupil.consent, needs_consent)?;
        Some(FollowUp { pupil: at, status: *status, step })
    };
    (coverage, roster.iter().zip(statuses).enumerate().filter_map(to_reach).collect())
}

/// What all sheets of a pupil say, and the records of those without one.
fn tell(pupils: usize, batches: &[ScoredBatch], proposed: &mut Proposed, matched: &Matched, library: &Library) -> Told {
    let mut told = Told::new(pupils);
    for (batch, (proposals, fates)) in batches.iter().zip(proposed.of_sheets.iter_mut().zip(&matched.fates)) {
        told.take(batch, proposals, fates, library);
    }
    if let Some((pupils, proposals)) = &mut proposed.without_sheet {
        told.take_without_sheet(pupils, proposals);
    }
    told
}

fn validity_use(interpretation: &Interpretation, judged: &[Judged]) -> Option<ValidityUse> {
    let plan = interpretation.validity.as_ref()?.citation();
    let of = |judged: &Judged| InstrumentValidity {
        instrument: judged.report.instrument().id().to_owned(),
        counts: judged.report.counts(),
        left_out: judged.left_out.clone(),
    };
    Some(ValidityUse { plan, instruments: judged.iter().map(of).collect() })
}

fn index(roster: &[Pupil]) -> Result<HashMap<&str, u32>, ScreeningError> {
    if roster.is_empty() {
        return Err(ScreeningError::EmptyRoster);
    }
    let mut by_id = HashMap::with_capacity(roster.len());
    for (at, pupil) in roster.iter().enumerate() {
        if let Some(first) = by_id.insert(pupil.student_id.as_str(), at as u32) {
            return Err(ScreeningError::DuplicatePupil {
                student_id: pupil.student_id.clone(),
                first: first as usize + 1,
                second: at + 1,
            });
        }
    }
    Ok(by_id)
}

fn compile(input: &ScreeningInput<'_>) -> Result<IndexMap<String, Scorer>, ScreeningError> {
    let mut scorers = IndexMap::new();
    for id in input.batches.iter().flat_map(|batch| batch.battery.definition().all_instruments()) {
        if let (false, Some(instrument)) = (scorers.contains_key(id), input.library.get(id)) {
            let options = input.scoring.get(id).cloned().unwrap_or_default();
            scorers.insert(id.clone(), Scorer::with_options(instrument, options)?);
        }
    }
    Ok(scorers)
}

/// The day of the sheet of a pupil that counts.
fn day_of_sheet(pupil: usize, batches: &[ScoredBatch], matched: &Matched) -> Option<Date> {
    let (batch, row) = matched.chosen.get(pupil).copied().flatten()?;
    Some(batches.get(batch as usize)?.rows.date(row as usize))
}

fn status_of(at: usize, pupil: &Pupil, batches: &[ScoredBatch], matched: &Matched, max_attempts: u8) -> Status {
    let sheet = matched.chosen.get(at).copied().flatten();
    // A further form alone does not reach a pupil.
    let valid = sheet.and_then(|(batch, row)| {
        let (batch, row) = (batches.get(batch as usize)?, row as usize);
        batch.has_main(row).then(|| batch.interpretable(row))
    });
    let attempts = matched.attempts.get(at).copied().unwrap_or(0);
    let state = match valid {
        None => SheetState::None,
        Some(true) => SheetState::Valid,
        Some(false) if attempts < u32::from(max_attempts) => SheetState::Retest,
        Some(false) => SheetState::Invalid,
    };
    status(pupil.consent, pupil.scope, pupil.attendance, state)
}
