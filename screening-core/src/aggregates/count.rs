//! From a tally to what is counted.

use crate::instrument::Text;
use crate::tally::{MeasureEntry, WaveTally};

use super::{Pupils, Unit};

/// Something that is counted.
pub(super) struct Counted {
    pub(super) id: String,
    pub(super) name: Text,
    /// Id, name, and whether it is raised.
    pub(super) values: Vec<(String, Text, bool)>,
    /// Who they are.
    pub(super) pupils: Pupils,
    /// By row, the place of the value.
    pub(super) of: Vec<Option<u8>>,
    /// By row, whether it is asked.
    pub(super) asked: Vec<bool>,
}

impl Counted {
    /// The pupils of a measure; a row stands for those of one place who have the same value. `several` says whether the tally is of
    /// several districts.
    pub(super) fn of(
        tally: &WaveTally,
        (at, id, measure): (usize, &str, &MeasureEntry),
        unit: Unit,
        several: bool,
    ) -> Self {
        let values = measure.values.iter().map(|value| (value.id.clone(), value.name.clone(), value.raised)).collect();
        let (mut pupils, mut of, mut asked) = (Pupils::default(), Vec::new(), Vec::new());
        for (place, own) in &tally.cells {
            let Some(cell) = own.get(&(at as u16)) else { continue };
            let grade = (place.grade > 0).then_some(place.grade);
            let places = (0..measure.values.len()).map(|at| u8::try_from(at).ok()).chain([None]);
            for (value, count) in places.zip(&cell.counts).filter(|(_, count)| **count > 0) {
                pupils.push_many(&place.unit(unit, several), grade, Some(&place.sex), *count);
                of.push(value);
                asked.push(cell.asked);
            }
        }
        Self { id: id.to_owned(), name: measure.name.clone(), values, pupils, of, asked }
    }

    /// Ids of the values, and whether they are raised.
    pub(super) fn ids(&self) -> Vec<(&str, bool)> {
        self.values.iter().map(|(id, _, raised)| (id.as_str(), *raised)).collect()
    }
}
