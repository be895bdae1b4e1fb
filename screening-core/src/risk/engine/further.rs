//! Further forms of a battery: a second stage, another informant.

use crate::answers::Tri;
use crate::instrument::Text;
use crate::scoring::ScoredSheets;

use super::super::condition::{Condition, Leaf};
use super::super::tree::{ABSENT, NO, OPEN, Tree, YES};
use super::{EngineError, PolicyEngine, Probe, SheetSet};

/// A further form: of which rows it was asked.
#[derive(Debug, Clone, Copy)]
pub struct FurtherSheets<'a> {
    /// Id of the form.
    pub id: &'a str,
    /// Its name.
    pub name: &'a Text,
    /// Its instruments.
    pub instruments: &'a [String],
    /// Whether somebody has to hand it in; of an optional one, silence raises nobody.
    pub optional: bool,
    /// For each row, whether it is asked of this pupil.
    pub asked: &'a [Tri],
}

impl FurtherSheets<'_> {
    fn asked(&self, row: usize) -> Tri {
        self.asked.get(row).copied().unwrap_or(Tri::Unknown)
    }
}

impl<'a> SheetSet<'a> {
    /// Whether a row has an answer to an instrument.
    fn answered(&self, instrument: &str, row: usize) -> bool {
        let own = |scored: &&ScoredSheets| scored.instrument().id() == instrument;
        self.scored.iter().find(own).is_some_and(|scored| scored.answered(row) > 0)
    }

    /// Whether an instrument was not asked of a row: nothing of it can hold, and nothing can be awaited. Answers that came in
    /// all the same count.
    pub(in crate::risk) fn is_absent(&self, instrument: &str, row: usize) -> bool {
        self.further_of(instrument)
            .is_some_and(|further| further.asked(row) == Tri::No && !self.answered(instrument, row))
    }

    /// The further form of an instrument, where it is asked of a row and no answer has come in.
    pub(in crate::risk) fn awaited(&self, instrument: &str, row: usize) -> Option<&'a FurtherSheets<'a>> {
        self.further_of(instrument).filter(|further| further.asked(row) == Tri::Yes && !self.answered(instrument, row))
    }

    /// Marks the rows of an instrument that were not asked it.
    pub(super) fn mark_absent(&self, instrument: &str, start: usize, codes: &mut [u8]) {
        if self.further_of(instrument).is_none() {
            return;
        }
        for (lane, code) in codes.iter_mut().enumerate() {
            if self.is_absent(instrument, start + lane) {
                *code = ABSENT;
            }
        }
    }
}

/// Of which rows a condition holds: no, cannot say, or yes. A score of a sheet that is not to be interpreted says neither.
///
/// # Errors
/// When the condition names what the sheets do not have.
pub(crate) fn asked(condition: &Condition, sheets: SheetSet<'_>) -> Result<Vec<Tri>, EngineError> {
    let mut leaves: Vec<&Leaf> = Vec::new();
    condition.leaves(&mut |leaf| {
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    });
    let rows = sheets.scored.first().map_or(0, ScoredSheets::rows);
    let probes: Vec<Probe<'_>> =
        leaves.iter().map(|leaf| Probe::new(leaf, "when", &sheets)).collect::<Result<_, _>>()?;
    let Some(tree) = Tree::prune(condition, &mut |leaf| leaves.iter().position(|known| *known == leaf)) else {
        return Ok(vec![Tri::No; rows]);
    };
    let codes = |probe: &Probe<'_>| {
        let mut codes = vec![NO; rows];
        probe.fill(0, &mut codes);
        if probe.is_interpreted() {
            let invalid = sheets.invalid_rows(probe.sheets, 0, rows);
            codes.iter_mut().zip(invalid).filter(|(_, invalid)| *invalid).for_each(|(code, _)| *code = OPEN);
        }
        codes
    };
    let leaves: Vec<Vec<u8>> = probes.iter().map(codes).collect();
    let said = |code: u8| match code {
        YES => Tri::Yes,
        NO => Tri::No,
        _ => Tri::Unknown,
    };
    Ok(tree.block(&leaves, rows).into_iter().map(said).collect())
}

impl<'a> PolicyEngine<'a> {
    /// Further forms that have to be handed in for a row, and of which no answer has come in.
    pub(in crate::risk) fn due_forms(&self, row: usize) -> impl Iterator<Item = &'a FurtherSheets<'a>> + '_ {
        let further = self.sheets.further.iter();
        further.filter(move |further| {
            let lacking = |id: &String| !self.sheets.answered(id, row);
            !further.optional && further.asked(row) == Tri::Yes && further.instruments.iter().all(lacking)
        })
    }
}
