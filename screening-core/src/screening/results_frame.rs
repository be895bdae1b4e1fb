//! The results: one row a pupil.

use indexmap::IndexMap;
use polars::prelude::*;

use crate::answers::Sex;
use crate::coverage::{NextStep, Status, next_step};
use crate::instrument::Language;
use crate::scoring::ScoredSheets;
use crate::scoring::gather::From;
use crate::scoring::sheets::enum_column;

use super::error::ScreeningError;
use super::input::{ConsentMode, Pupil, WaveSettings};
use super::judge::Judged;
use super::match_up::{Matched, ScoredBatch, context};
use super::people::day_of;
use super::result::PupilProposal;

/// Everything the frame is made of.
pub(super) struct Parts<'a> {
    pub(super) roster: &'a [Pupil],
    pub(super) wave: &'a WaveSettings,
    pub(super) batches: &'a [ScoredBatch],
    pub(super) matched: &'a Matched,
    pub(super) judged: &'a [Judged],
    pub(super) statuses: &'a [Status],
}

/// What follows for each pupil.
pub(super) struct Decided<'a> {
    /// Level of the tier by pupil.
    pub(super) levels: &'a [Option<u8>],
    pub(super) tier_ids: &'a [String],
    pub(super) proposals: &'a [PupilProposal],
}

/// Code that no word of an enumeration has.
const NONE: u8 = u8::MAX;

/// Pupils, scores and validity: everything that is measured, before it is read against anything.
pub(super) fn measured(parts: &Parts<'_>) -> Result<DataFrame, ScreeningError> {
    let mut columns = people(parts)?;
    for instrument in instruments(parts.batches) {
        columns.extend(scores(parts, &instrument)?);
        columns.extend(validity(parts, &instrument)?);
    }
    Ok(DataFrame::new(parts.roster.len(), columns)?)
}

/// Columns of a report that tell nothing that other columns do not tell.
const TOLD_ELSEWHERE: [&str; 2] = ["undecided", "critical"];

/// What the validity plan found of the sheet that counts, in the order of the roster.
fn validity(parts: &Parts<'_>, instrument: &str) -> Result<Vec<Column>, ScreeningError> {
    let Some(judged) = parts.judged.iter().find(|judged| judged.report.instrument().id() == instrument) else {
        return Ok(Vec::new());
    };
    let place = |sheet: &Option<(u32, u32)>| -> Option<IdxSize> {
        let (batch, row) = (*sheet)?;
        judged.rows.get(batch as usize)?.get(row as usize).copied().flatten()
    };
    let rows: IdxCa = parts.matched.chosen.iter().map(place).collect();
    let mut frame = judged.report.to_frame()?;
    for name in TOLD_ELSEWHERE {
        frame = frame.drop(&format!("{instrument}.validity.{name}"))?;
    }
    Ok(frame.take(&rows)?.into_columns())
}

/// Ids of all instruments, in the order of the batteries.
fn instruments(batches: &[ScoredBatch]) -> Vec<String> {
    let ids = batches.iter().flat_map(|batch| batch.batch.battery.definition().all_instruments());
    ids.map(|id| (id.clone(), ())).collect::<IndexMap<_, _>>().into_keys().collect()
}

fn people(parts: &Parts<'_>) -> Result<Vec<Column>, ScreeningError> {
    let roster = parts.roster;
    let days: Vec<_> = parts
        .matched
        .chosen
        .iter()
        .map(|sheet| {
            let (batch, row) = (*sheet)?;
            parts.batches.get(batch as usize).map(|batch| batch.rows.date(row as usize))
        })
        .collect();
    let months =
        |(pupil, day): (&Pupil, &Option<jiff::civil::Date>)| context(pupil, day.unwrap_or(parts.wave.date)).age_months;
    let months: UInt16Chunked = roster.iter().zip(&days).map(months).collect();
    let years = |months: Option<u16>| u8::try_from(months? / 12).ok();
    let ages: UInt8Chunked = months.iter().map(years).collect();
    let grades: UInt8Chunked = roster.iter().map(|pupil| pupil.grade).collect();
    let administered: Int32Chunked = days.iter().map(|day| day.map(day_of)).collect();
    let sex = roster.iter().map(|pupil| match pupil.sex {
        Some(Sex::Male) => 0,
        Some(Sex::Female) => 1,
        Some(Sex::Other) => 2,
        None => NONE,
    });
    let needs_consent = parts.wave.consent == ConsentMode::OptIn;
    let step = |(pupil, status): (&Pupil, &Status)| {
        let step = next_step(*status, pupil.consent, needs_consent);
        step.and_then(|step| NextStep::ALL.iter().position(|own| *own == step)).map_or(NONE, |at| at as u8)
    };
    let steps = roster.iter().zip(parts.statuses).map(step).collect();
    let statuses = parts.statuses.iter().map(|status| status.position() as u8).collect();
    Ok(vec![
        strings("student_id", roster.iter().map(|pupil| Some(pupil.student_id.as_str()))),
        strings("school", roster.iter().map(|pupil| Some(pupil.school.as_str()))),
        grades.with_name("grade".into()).into_column(),
        strings("class", roster.iter().map(|pupil| Some(pupil.class.as_str()))),
        enum_column("sex", sex.collect(), &[Sex::Male.word(), Sex::Female.word(), Sex::Other.word()])?,
        ages.with_name("age".into()).into_column(),
        months.with_name("age_months".into()).into_column(),
        strings("wave", roster.iter().map(|_| Some(parts.wave.id.as_str()))),
        administered.with_name("administered_on".into()).into_series().cast(&DataType::Date)?.into_column(),
        enum_column("status", statuses, &Status::ALL.map(Status::word))?,
        enum_column("next_step", steps, &NextStep::ALL.map(NextStep::word))?,
    ])
}

/// The results of one instrument in the order of the roster.
fn scores(parts: &Parts<'_>, instrument: &str) -> Result<Vec<Column>, ScreeningError> {
    let mut sources: Vec<&ScoredSheets> = Vec::new();
    let mut part_of: Vec<Option<u32>> = Vec::new();
    for batch in parts.batches {
        let own = batch.scored.iter().find(|scored| scored.instrument().id() == instrument);
        part_of.push(own.map(|_| sources.len() as u32));
        sources.extend(own);
    }
    let place = |sheet: &Option<(u32, u32)>| -> From {
        let (batch, row) = (*sheet)?;
        Some((part_of.get(batch as usize).copied().flatten()?, row))
    };
    let from: Vec<From> = parts.matched.chosen.iter().map(place).collect();
    match ScoredSheets::gather(&sources, &from) {
        Some(gathered) => Ok(gathered.to_frame()?.into_columns()),
        // All batches are scored by the same compiled instrument, so this is out of reach.
        None => Ok(Vec::new()),
    }
}

/// Tier and reasons of each pupil.
pub(super) fn decisions(parts: &Decided<'_>) -> Result<Vec<Column>, ScreeningError> {
    let mut proposal_of: Vec<Option<&PupilProposal>> = vec![None; parts.levels.len()];
    for proposal in parts.proposals {
        if let Some(slot) = proposal_of.get_mut(proposal.pupil) {
            *slot = Some(proposal);
        }
    }
    let tiers: Vec<u8> = parts.levels.iter().map(|level| level.unwrap_or(NONE)).collect();
    let ids: Vec<&str> = parts.tier_ids.iter().map(String::as_str).collect();
    let reasons = |language: Language| {
        let texts: Vec<Option<String>> =
            proposal_of.iter().map(|proposal| proposal.map(|p| p.proposal.reasons(language))).collect();
        texts
    };
    let (zh, en) = (reasons(Language::ZhCn), reasons(Language::En));
    let critical: Vec<Option<String>> = proposal_of.iter().map(|proposal| critical_list((*proposal)?)).collect();
    let due: Int32Chunked = proposal_of.iter().map(|proposal| (*proposal)?.due.map(day_of)).collect();
    Ok(vec![
        enum_column("tier", tiers, &ids)?,
        strings("reasons", zh.iter().map(Option::as_deref)),
        strings("reasons_en", en.iter().map(Option::as_deref)),
        strings("critical", critical.iter().map(Option::as_deref)),
        due.with_name("due".into()).into_series().cast(&DataType::Date)?.into_column(),
    ])
}

fn critical_list(proposal: &PupilProposal) -> Option<String> {
    let list: Vec<String> =
        proposal.proposal.critical.iter().map(|answer| format!("{}.{}", answer.instrument, answer.flag)).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

fn strings<'a>(name: &str, texts: impl Iterator<Item = Option<&'a str>>) -> Column {
    texts.collect::<StringChunked>().with_name(name.into()).into_column()
}
