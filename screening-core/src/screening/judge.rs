//! Can the sheets be trusted? Every sheet that is admitted is judged by the validity plan, instrument by instrument, over
//! all batches at once: what is usual is told from the whole wave.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::scoring::{ScoredSheets, Scorer};
use crate::validity::{Answers, LeftOut, SheetFacts, SheetVerdict, ValidityCheck, ValidityError, ValidityReport};

use super::error::ScreeningError;
use super::input::{Interpretation, Pupil};
use super::match_up::{Fate, ScoredBatch};

/// One instrument.
pub(super) struct Judged {
    pub(super) report: ValidityReport,
    pub(super) left_out: Vec<LeftOut>,
    /// For each batch and row, the row of the report; empty for a batch without the instrument.
    pub(super) rows: Vec<Vec<Option<u32>>>,
}

/// Judges all admitted sheets, and marks in the batches which are invalid. Nothing without a plan.
pub(super) fn judge(
    batches: &mut [ScoredBatch],
    admitted: &[Vec<Fate>],
    roster: &[Pupil],
    scorers: &IndexMap<String, Scorer>,
    interpretation: &Interpretation,
) -> Result<Vec<Judged>, ScreeningError> {
    let Some(plan) = &interpretation.validity else { return Ok(Vec::new()) };
    let classes = classes(roster);
    let mut list = Vec::with_capacity(scorers.len());
    for (id, scorer) in scorers {
        let wrong = |source: ValidityError| ScreeningError::Validity { instrument: id.clone(), source };
        let check = ValidityCheck::new(plan, scorer.instrument(), &interpretation.parameters).map_err(wrong)?;
        let sheets = Sheets::of(batches, admitted, scorer)?;
        let answers = Answers::gather(&sheets.answers, &sheets.places).map_err(wrong)?;
        let facts = sheets.facts(batches, &check, &classes)?;
        let reference = check.estimate(&answers, &facts).map_err(wrong)?;
        let report = check.run(&answers, &facts, Some(&reference)).map_err(wrong)?;
        let Sheets { rows, .. } = sheets;
        list.push(Judged { left_out: check.left_out().to_vec(), report, rows });
    }
    for (at, batch) in batches.iter_mut().enumerate() {
        let mut invalid = vec![false; batch.rows.rows];
        for judged in &list {
            for (mark, row) in invalid.iter_mut().zip(judged.rows.get(at).into_iter().flatten()) {
                *mark |= row.is_some_and(|row| judged.report.verdict(row as usize) == SheetVerdict::Invalid);
            }
        }
        batch.judged_invalid = invalid;
    }
    Ok(list)
}

/// A number for the class of each pupil: school, grade and class of the roster together; none where the class is not known.
fn classes(roster: &[Pupil]) -> Vec<Option<u32>> {
    let mut numbers: HashMap<(&str, Option<u8>, &str), u32> = HashMap::new();
    let number = |pupil: &'_ Pupil| !pupil.class.trim().is_empty();
    let mut classes = Vec::with_capacity(roster.len());
    for pupil in roster {
        classes.push(number(pupil).then(|| {
            let next = numbers.len() as u32;
            *numbers.entry((&pupil.school, pupil.grade, pupil.class.trim())).or_insert(next)
        }));
    }
    classes
}

/// The admitted sheets to one instrument.
struct Sheets {
    /// Answers by batch that has the instrument.
    answers: Vec<Answers>,
    /// Batch of each entry of `answers`.
    of: Vec<usize>,
    /// Position of the scored sheets within each of these batches.
    scored: Vec<usize>,
    /// Each sheet as (entry of `answers`, row).
    places: Vec<(u32, u32)>,
    rows: Vec<Vec<Option<u32>>>,
}

impl Sheets {
    fn of(batches: &[ScoredBatch], admitted: &[Vec<Fate>], scorer: &Scorer) -> Result<Self, ScreeningError> {
        let mut sheets = Self {
            answers: Vec::new(),
            of: Vec::new(),
            scored: Vec::new(),
            places: Vec::new(),
            rows: vec![Vec::new(); batches.len()],
        };
        for (at, (batch, fates)) in batches.iter().zip(admitted).enumerate() {
            let own = batch.scored.iter().position(|scored| scored.instrument().id() == scorer.instrument().id());
            let Some(own) = own else { continue };
            let entry = sheets.answers.len() as u32;
            let mut rows = Vec::with_capacity(fates.len());
            for (row, fate) in fates.iter().enumerate() {
                // A further form that did not come in is no sheet.
                let came_in = |scored: &ScoredSheets| batch.is_main(scored) || scored.answered(row) > 0;
                let admitted = *fate == Fate::Used && batch.scored.get(own).is_some_and(came_in);
                rows.push(admitted.then_some(sheets.places.len() as u32));
                if admitted {
                    sheets.places.push((entry, row as u32));
                }
            }
            if let Some(slot) = sheets.rows.get_mut(at) {
                *slot = rows;
            }
            sheets.answers.push(Answers::of_frame(scorer, &batch.batch.sheets)?);
            sheets.of.push(at);
            sheets.scored.push(own);
        }
        Ok(sheets)
    }

    /// What is known of the sheets beside their answers.
    fn facts(
        &self,
        batches: &[ScoredBatch],
        check: &ValidityCheck,
        classes: &[Option<u32>],
    ) -> Result<SheetFacts, ScreeningError> {
        let own: Vec<&ScoredBatch> = self.of.iter().filter_map(|at| batches.get(*at)).collect();
        let known: Vec<SheetFacts> =
            own.iter().map(|batch| SheetFacts::of_frame(&batch.batch.sheets, check, None)).collect::<Result<_, _>>()?;
        // The time was spent on the whole form: a sheet's seconds are told a question, so that forms of different length agree.
        let questions: Vec<f64> = own.iter().map(|batch| questions(batch)).collect();
        let mut facts = SheetFacts::default();
        if known.iter().any(|facts| facts.durations.is_some()) {
            let of = |(entry, row): &(u32, u32)| {
                let seconds = known.get(*entry as usize)?.durations.as_ref()?.get(*row as usize).copied().flatten()?;
                Some(seconds / questions.get(*entry as usize)?)
            };
            facts = facts.with_durations(self.places.iter().map(of).collect(), 1);
        }
        for column in check.page_columns() {
            if known.iter().any(|facts| facts.pages.contains_key(column)) {
                let of = |(entry, row): &(u32, u32)| {
                    known.get(*entry as usize)?.pages.get(column)?.get(*row as usize).copied().flatten()
                };
                facts.pages.insert(column.clone(), self.places.iter().map(of).collect());
            }
        }
        let pupil = |(entry, row): &(u32, u32)| {
            own.get(*entry as usize).and_then(|batch| batch.rows.pupils.get(*row as usize).copied().flatten())
        };
        let pupils: Vec<Option<u32>> = self.places.iter().map(pupil).collect();
        let class = |pupil: &Option<u32>| classes.get((*pupil)? as usize).copied().flatten();
        facts = facts.with_classes(pupils.iter().map(class).collect());
        // Every admitted sheet has a pupil.
        facts.persons = Some(pupils.iter().map(|pupil| pupil.unwrap_or(u32::MAX)).collect());
        let parts: Vec<&ScoredSheets> =
            own.iter().zip(&self.scored).filter_map(|(batch, at)| batch.scored.get(*at)).collect();
        Ok(facts.with_scores_of(&parts, &self.places))
    }
}

/// Questions of the first form: the time of a sheet is told of it.
fn questions(batch: &ScoredBatch) -> f64 {
    let main = batch.scored.iter().filter(|scored| batch.is_main(scored));
    let items = main.map(|scored| scored.instrument().definition().items.len()).sum::<usize>();
    items.max(1) as f64
}
