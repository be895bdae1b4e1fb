//! What changed for the pupils of the last wave: one entry a pupil and scale, in the order of its rows.

use polars::prelude::*;

use super::basis::ChangeOptions;
use super::compare::{Comparison, Found, Refusal, Scores, Sink};
use super::wave::{Pupils, Wave};
use super::{ClinicalChange, Course, Outcome};
use crate::instrument::Instrument;
use crate::scoring::sheets::enum_column;

/// What changed for the pupils of the last wave since the wave before it that holds the same instrument.
#[derive(Debug, Clone)]
pub struct WaveChange {
    /// The earlier waves, the earliest first.
    pub earlier: Vec<String>,
    /// Id of the index that decides.
    pub judge: String,
    /// One entry for each scale that is compared.
    pub scales: Vec<ScaleChange>,
    /// What each comparison rests on, and its counts.
    pub comparisons: Vec<Comparison>,
    /// What was not compared, and why.
    pub refused: Vec<Refusal>,
}

/// One scale, one entry for each row of the last wave.
#[derive(Debug, Clone)]
pub struct ScaleChange {
    /// Column of the score, `<instrument>.<scale>`.
    pub column: String,
    /// The wave it is compared with.
    pub from_wave: String,
    before: Vec<f64>,
    index: Vec<f64>,
    outcome: Vec<u8>,
    clinical: Vec<u8>,
    course: Vec<u8>,
    /// Whether the band of the last wave, and the last known one before it, is raised.
    raised: Vec<Option<bool>>,
    raised_before: Vec<Option<bool>>,
}

const NONE: u8 = u8::MAX;

impl ScaleChange {
    fn new(column: String, from_wave: String, rows: usize) -> Self {
        Self {
            column,
            from_wave,
            before: vec![f64::NAN; rows],
            index: vec![f64::NAN; rows],
            outcome: vec![NONE; rows],
            clinical: vec![NONE; rows],
            course: vec![NONE; rows],
            raised: vec![None; rows],
            raised_before: vec![None; rows],
        }
    }

    /// The score at the earlier wave.
    pub fn before(&self, row: usize) -> Option<f64> {
        self.before.get(row).copied().filter(|value| !value.is_nan())
    }

    /// The index that decides; positive where the score rose.
    pub fn index(&self, row: usize) -> Option<f64> {
        self.index.get(row).copied().filter(|value| !value.is_nan())
    }

    /// Whether the pupil changed reliably.
    pub fn outcome(&self, row: usize) -> Option<Outcome> {
        Outcome::ALL.get(usize::from(*self.outcome.get(row)?)).copied()
    }

    /// Reliable change with the side of the cut-off.
    pub fn clinical(&self, row: usize) -> Option<ClinicalChange> {
        ClinicalChange::ALL.get(usize::from(*self.clinical.get(row)?)).copied()
    }

    /// The course over all waves.
    pub fn course(&self, row: usize) -> Option<Course> {
        Course::ALL.get(usize::from(*self.course.get(row)?)).copied()
    }

    /// Whether the band of the last wave is raised.
    pub fn raised(&self, row: usize) -> Option<bool> {
        self.raised.get(row).copied().flatten()
    }

    /// Whether the last known band before the last wave is raised; `None` when there is no earlier band.
    pub fn raised_before(&self, row: usize) -> Option<bool> {
        self.raised_before.get(row).copied().flatten()
    }

    fn columns(&self) -> PolarsResult<[Column; 5]> {
        let name = |suffix: &str| format!("{}.{suffix}", self.column);
        let figures = |suffix: &str, values: &Vec<f64>| {
            let known = values.iter().map(|value| !value.is_nan()).collect();
            Float64Chunked::from_vec_validity(name(suffix).into(), values.clone(), Some(known)).into_column()
        };
        Ok([
            figures("before", &self.before),
            figures("change_index", &self.index),
            enum_column(&name("change"), self.outcome.clone(), &Outcome::ALL.map(Outcome::word))?,
            enum_column(&name("clinical"), self.clinical.clone(), &ClinicalChange::ALL.map(ClinicalChange::word))?,
            enum_column(&name("course"), self.course.clone(), &Course::ALL.map(Course::word))?,
        ])
    }
}

impl WaveChange {
    /// The entry of a scale, when it is compared.
    pub fn scale(&self, column: &str) -> Option<&ScaleChange> {
        self.scales.iter().find(|scale| scale.column == column)
    }

    /// Columns for the results of the last wave, for each scale: `<instrument>.<scale>.before` (score at the earlier wave),
    /// `.change_index` (the index that decides), `.change` (`improved`, `unchanged`, `deteriorated`), `.clinical` and
    /// `.course`. Null where it cannot be said.
    ///
    /// # Errors
    /// When polars cannot build a column.
    pub fn columns(&self) -> PolarsResult<Vec<Column>> {
        let columns: Vec<[Column; 5]> = self.scales.iter().map(ScaleChange::columns).collect::<PolarsResult<_>>()?;
        Ok(columns.into_iter().flatten().collect())
    }
}

/// Gathers what is found for the rows of the last wave.
pub(super) struct Last {
    wave: usize,
    names: Vec<String>,
    rows: usize,
    /// Row of each pupil in the last wave.
    row_of: Vec<Option<u32>>,
    scales: Vec<ScaleChange>,
}

impl Last {
    pub(super) fn new(waves: &[Wave], pupils: &Pupils) -> Self {
        Self {
            wave: waves.len().saturating_sub(1),
            names: waves.iter().map(|wave| wave.id.clone()).collect(),
            rows: waves.last().map_or(0, |wave| wave.results.height()),
            row_of: pupils.rows.last().cloned().unwrap_or_default(),
            scales: Vec::new(),
        }
    }

    pub(super) fn finish(
        self,
        waves: &[Wave],
        options: &ChangeOptions,
        comparisons: Vec<Comparison>,
        refused: Vec<Refusal>,
    ) -> WaveChange {
        let earlier = waves.iter().take(self.wave).map(|wave| wave.id.clone()).collect();
        WaveChange { earlier, judge: options.judge().to_owned(), scales: self.scales, comparisons, refused }
    }
}

impl Sink for Last {
    fn wants(&self, _: usize, to: usize) -> bool {
        to == self.wave
    }

    fn trajectory(&mut self, _: usize, _: &Instrument, _: &str, _: &Scores, _: &Pupils) {}

    fn open(&mut self, instrument: &str, scale: &str, from: usize, _: usize) {
        let from_wave = self.names.get(from).cloned().unwrap_or_default();
        self.scales.push(ScaleChange::new(format!("{instrument}.{scale}"), from_wave, self.rows));
    }

    fn push(&mut self, pupil: usize, found: &Found<'_>) {
        let Some(row) = self.row_of.get(pupil).copied().flatten().map(|row| row as usize) else { return };
        let Some(scale) = self.scales.last_mut() else { return };
        put(&mut scale.before, row, found.scores[0]);
        put(&mut scale.index, row, found.values.get(found.judge).copied().unwrap_or(f64::NAN));
        put(&mut scale.outcome, row, found.outcome.map_or(NONE, |outcome| outcome as u8));
        put(&mut scale.clinical, row, found.clinical.map_or(NONE, |clinical| clinical as u8));
        put(&mut scale.course, row, found.course.map_or(NONE, |course| course as u8));
        if let Some((last, earlier)) = found.raised.split_last() {
            put(&mut scale.raised, row, *last);
            put(&mut scale.raised_before, row, earlier.iter().rev().copied().flatten().next());
        }
    }
}

fn put<T>(column: &mut [T], row: usize, value: T) {
    if let Some(slot) = column.get_mut(row) {
        *slot = value;
    }
}
