//! Further forms: of whom they are asked, and who has not handed them in.

use std::collections::BTreeSet;

use crate::answers::Tri;
use crate::instrument::Library;
use crate::risk::{FurtherSheets, SheetSet, asked};

use super::error::ScreeningError;
use super::input::Pupil;
use super::match_up::{Matched, ScoredBatch};
use super::result::FormDue;
use super::summary::FormTotal;

/// Of which rows of a batch each further form of its battery is asked.
pub(super) struct Asked {
    /// By form, in the order of the battery, then row.
    by_form: Vec<Vec<Tri>>,
}

impl Asked {
    /// Evaluates the conditions of a battery. `sheets` are the scored sheets of the batch, without further forms.
    pub(super) fn of(batch: &ScoredBatch, sheets: SheetSet<'_>) -> Result<Self, ScreeningError> {
        let definition = batch.batch.battery.definition();
        let one = |form: &super::FurtherForm| match &form.when {
            None => Ok(vec![Tri::Yes; batch.rows.rows]),
            Some(when) => asked(when, sheets).map_err(|cause| ScreeningError::FurtherForm {
                battery: definition.id.clone(),
                form: form.id.clone(),
                why: cause.to_string(),
            }),
        };
        Ok(Self { by_form: definition.further_forms.iter().map(one).collect::<Result<_, _>>()? })
    }

    /// The same for the policy.
    pub(super) fn sheets<'a>(&'a self, batch: &'a ScoredBatch) -> Vec<FurtherSheets<'a>> {
        let forms = batch.batch.battery.definition().further_forms.iter().zip(&self.by_form);
        forms
            .map(|(form, asked)| FurtherSheets {
                id: &form.id,
                name: &form.name,
                instruments: &form.instruments,
                optional: form.optional,
                asked,
            })
            .collect()
    }
}

/// The conditions fit the instruments: what is wrong with one is told before anything is scored.
pub(super) fn check(batteries: &[&super::Battery], library: &Library) -> Result<(), ScreeningError> {
    for battery in batteries {
        for form in &battery.definition().further_forms {
            let Some(when) = &form.when else { continue };
            let found = crate::risk::check_condition(when, library);
            if let Some(fault) = found.0.first() {
                return Err(ScreeningError::FurtherForm {
                    battery: battery.id().to_owned(),
                    form: form.id.clone(),
                    why: format!("{}; {}", fault.message, fault.help),
                });
            }
        }
    }
    Ok(())
}

/// Counts of all forms, and the pupils of whom one is awaited. Only sheets that count are looked at.
pub(super) fn due(
    batches: &[ScoredBatch],
    asked: &[Asked],
    matched: &Matched,
    roster: &[Pupil],
) -> (Vec<FormDue>, Vec<FormTotal>) {
    let mut totals: Vec<FormTotal> = Vec::new();
    let mut known = BTreeSet::new();
    for definition in batches.iter().map(|batch| batch.batch.battery.definition()) {
        for form in &definition.further_forms {
            if known.insert((definition.id.clone(), form.id.clone())) {
                totals.push(FormTotal {
                    battery: definition.id.clone(),
                    form: form.id.clone(),
                    asked: 0,
                    not_asked: 0,
                    cannot_say: 0,
                    handed_in: 0,
                    due: 0,
                });
            }
        }
    }
    let mut list = Vec::new();
    for (at, pupil) in roster.iter().enumerate() {
        let Some((batch, row)) = matched.chosen.get(at).copied().flatten() else { continue };
        let (Some(own), Some(asked)) = (batches.get(batch as usize), asked.get(batch as usize)) else { continue };
        let (definition, row) = (own.batch.battery.definition(), row as usize);
        for (form, asked) in definition.further_forms.iter().zip(&asked.by_form) {
            let total = totals.iter_mut().find(|total| total.battery == definition.id && total.form == form.id);
            let Some(total) = total else { continue };
            let asked = asked.get(row).copied().unwrap_or(Tri::Unknown);
            let of_form =
                own.scored.iter().filter(|scored| form.instruments.iter().any(|id| id == scored.instrument().id()));
            let handed_in = of_form.map(|scored| scored.answered(row)).sum::<usize>() > 0;
            match asked {
                Tri::Yes => total.asked += 1,
                Tri::No => total.not_asked += 1,
                Tri::Unknown => total.cannot_say += 1,
            }
            total.handed_in += u32::from(handed_in);
            total.due += u32::from(asked == Tri::Yes && !handed_in);
            if asked != Tri::No && !handed_in {
                list.push(FormDue {
                    pupil: at,
                    student_id: pupil.student_id.clone(),
                    school: pupil.school.clone(),
                    grade: pupil.grade,
                    class: pupil.class.clone(),
                    battery: definition.id.clone(),
                    form: form.id.clone(),
                    name: form.name.clone(),
                    asked,
                });
            }
        }
    }
    (list, totals)
}
