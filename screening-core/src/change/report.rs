//! What a comparison gives: rows for tables, rows for plots, counts.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Serialize;

use super::basis::INDEX_KINDS;
use super::compare::{Comparison, Found, Refusal, Scores, Sink};
use super::error::ChangeError;
use super::wave::{Pupils, Wave};
use super::{ClinicalChange, Course, Outcome, ScoreChange};
use crate::instrument::Instrument;
use crate::scoring::sheets::enum_column;

/// What the comparison of waves gives.
#[derive(Debug, Clone)]
pub struct ChangeReport {
    /// One row for each pupil of two waves, instrument and scale: `student_id`, `school`, `grade`, `class` (of the last wave
    /// that knows them), `instrument`, `scale`, `from_wave`, `to_wave`, `before`, `after`, `difference`; for each index its
    /// value and `<index>.change` (`decrease`, `none`, `increase`); `change` (`improved`, `unchanged`, `deteriorated`, by
    /// the deciding index), `clinical`, `band_before`, `band_after`, `course`. Null where it cannot be said.
    pub changes: DataFrame,
    /// One row for each pupil, wave, instrument and scale with a row in the results, in the order of the waves, for plots:
    /// `student_id`, `instrument` (with version), `scale`, `wave`, `administered_on`, `value`, `band`, `raised`,
    /// `interpreted` (false: the sheet is not to be interpreted, and there is no value).
    pub trajectories: DataFrame,
    /// What each comparison rests on, and its counts.
    pub comparisons: Vec<Comparison>,
    /// What was not compared, and why.
    pub refused: Vec<Refusal>,
}

/// Counts of one scale between two waves. `pupils = compared + only_before + only_after + not_interpreted + no_score`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ChangeCounts {
    /// Pupils of either wave.
    pub pupils: u32,
    /// Pupils with a score at both.
    pub compared: u32,
    /// Pupils of the earlier wave alone.
    pub only_before: u32,
    /// Pupils of the later wave alone.
    pub only_after: u32,
    /// Pupils of both with a sheet that is not to be interpreted.
    pub not_interpreted: u32,
    /// Pupils of both without a score at one of them.
    pub no_score: u32,
    /// Reliably improved, by the deciding index.
    pub improved: u32,
    /// Not reliably changed.
    pub unchanged: u32,
    /// Reliably deteriorated.
    pub deteriorated: u32,
    /// Pupils by [`ClinicalChange`].
    pub clinical: BTreeMap<&'static str, u32>,
    /// Pupils by [`Course`].
    pub course: BTreeMap<&'static str, u32>,
}

const NONE: u8 = u8::MAX;

/// Rows as they are found, column by column.
#[derive(Default)]
pub(super) struct Rows {
    blocks: Vec<Block>,
    pupil: Vec<u32>,
    before: Vec<f64>,
    after: Vec<f64>,
    values: Vec<Vec<f64>>,
    changes: Vec<Vec<u8>>,
    outcome: Vec<u8>,
    clinical: Vec<u8>,
    course: Vec<u8>,
    bands: [Vec<Option<String>>; 2],
    points: Vec<Points>,
}

/// What the rows of one scale between two waves have in common.
struct Block {
    instrument: String,
    scale: String,
    from: usize,
    to: usize,
    start: usize,
}

/// One scale at one wave.
struct Points {
    instrument: String,
    scale: String,
    wave: usize,
    pupil: Vec<u32>,
    value: Vec<f64>,
    band: Vec<Option<String>>,
    raised: Vec<Option<bool>>,
    interpreted: Vec<bool>,
}

impl Sink for Rows {
    fn wants(&self, _: usize, _: usize) -> bool {
        true
    }

    fn open(&mut self, instrument: &str, scale: &str, from: usize, to: usize) {
        self.values.resize(INDEX_KINDS.len(), Vec::new());
        self.changes.resize(INDEX_KINDS.len(), Vec::new());
        let start = self.pupil.len();
        self.blocks.push(Block { instrument: instrument.to_owned(), scale: scale.to_owned(), from, to, start });
    }

    fn push(&mut self, pupil: usize, found: &Found<'_>) {
        let [before, after] = found.scores;
        self.pupil.push(pupil as u32);
        self.before.push(before);
        self.after.push(after);
        self.values.iter_mut().zip(found.values).for_each(|(column, value)| column.push(*value));
        let code = |change: &Option<ScoreChange>| change.map_or(NONE, |change| change as u8);
        self.changes.iter_mut().zip(found.changes).for_each(|(column, change)| column.push(code(change)));
        self.outcome.push(found.outcome.map_or(NONE, |outcome| outcome as u8));
        self.clinical.push(found.clinical.map_or(NONE, |clinical| clinical as u8));
        self.course.push(found.course.map_or(NONE, |course| course as u8));
        for (column, band) in self.bands.iter_mut().zip(found.bands) {
            column.push(band.map(str::to_owned));
        }
    }

    fn trajectory(&mut self, wave: usize, instrument: &Instrument, scale: &str, scores: &Scores, pupils: &Pupils) {
        let mut points = Points {
            instrument: instrument.citation(),
            scale: scale.to_owned(),
            wave,
            pupil: Vec::new(),
            value: Vec::new(),
            band: Vec::new(),
            raised: Vec::new(),
            interpreted: Vec::new(),
        };
        let there = pupils.rows.get(wave).into_iter().flatten().enumerate().filter(|(_, row)| row.is_some());
        for (pupil, _) in there {
            points.pupil.push(pupil as u32);
            points.value.push(scores.values.get(pupil).copied().unwrap_or(f64::NAN));
            points.band.push(scores.bands.get(pupil).cloned().flatten());
            points.raised.push(scores.raised.get(pupil).copied().flatten());
            points.interpreted.push(scores.unusable.get(pupil) != Some(&true));
        }
        self.points.push(points);
    }
}

impl Rows {
    pub(super) fn report(
        self,
        waves: &[Wave],
        pupils: &Pupils,
        comparisons: Vec<Comparison>,
        refused: Vec<Refusal>,
    ) -> Result<ChangeReport, ChangeError> {
        let trajectories = trajectories(&self.points, waves, pupils)?;
        let changes = self.changes_frame(waves, pupils)?;
        Ok(ChangeReport { changes, trajectories, comparisons, refused })
    }

    fn changes_frame(self, waves: &[Wave], pupils: &Pupils) -> Result<DataFrame, ChangeError> {
        let rows = self.pupil.len();
        let person = Persons::of(waves, pupils)?;
        let mut columns = vec![
            texts("student_id", self.pupil.iter().map(|pupil| pupils.ids.get(*pupil as usize).map(String::as_str))),
            texts("school", self.pupil.iter().map(|pupil| person.text(&person.school, *pupil))),
            texts("grade", self.pupil.iter().map(|pupil| person.text(&person.grade, *pupil))),
            texts("class", self.pupil.iter().map(|pupil| person.text(&person.class, *pupil))),
        ];
        let ends = self.blocks.iter().skip(1).map(|block| block.start).chain([rows]);
        let lengths: Vec<usize> = self.blocks.iter().zip(ends).map(|(block, end)| end - block.start).collect();
        let wave = |at: usize| waves.get(at).map_or("", |wave| wave.id.as_str());
        let spread = |name: &str, word: &dyn Fn(&Block) -> String| {
            let words: Vec<String> = self.blocks.iter().map(word).collect();
            let each =
                words.iter().zip(&lengths).flat_map(|(word, length)| std::iter::repeat_n(Some(word.as_str()), *length));
            texts(name, each)
        };
        columns.push(spread("instrument", &|block| block.instrument.clone()));
        columns.push(spread("scale", &|block| block.scale.clone()));
        columns.push(spread("from_wave", &|block| wave(block.from).to_owned()));
        columns.push(spread("to_wave", &|block| wave(block.to).to_owned()));
        let difference: Vec<f64> = self.before.iter().zip(&self.after).map(|(before, after)| after - before).collect();
        columns.push(figures("before", self.before));
        columns.push(figures("after", self.after));
        columns.push(figures("difference", difference));
        let words = ["decrease", "none", "increase"];
        for ((kind, values), changes) in INDEX_KINDS.iter().zip(self.values).zip(self.changes) {
            columns.push(figures(kind, values));
            columns.push(enum_column(&format!("{kind}.change"), changes, &words)?);
        }
        columns.push(enum_column("change", self.outcome, &Outcome::ALL.map(Outcome::word))?);
        columns.push(enum_column("clinical", self.clinical, &ClinicalChange::ALL.map(ClinicalChange::word))?);
        let [before, after] = self.bands;
        columns.push(texts("band_before", before.iter().map(Option::as_deref)));
        columns.push(texts("band_after", after.iter().map(Option::as_deref)));
        columns.push(enum_column("course", self.course, &Course::ALL.map(Course::word))?);
        Ok(DataFrame::new(rows, columns)?)
    }
}

/// School, grade and class of each pupil, from the last wave that has the column.
struct Persons {
    school: Vec<Option<String>>,
    grade: Vec<Option<String>>,
    class: Vec<Option<String>>,
}

impl Persons {
    fn of(waves: &[Wave], pupils: &Pupils) -> Result<Self, ChangeError> {
        let read = |name: &str| -> Result<Vec<Option<String>>, ChangeError> {
            let mut found = vec![None; pupils.ids.len()];
            for (wave, rows) in waves.iter().zip(&pupils.rows) {
                if wave.results.column(name).is_err() {
                    continue;
                }
                let words = super::wave::texts(wave, name)?;
                for (slot, row) in found.iter_mut().zip(rows) {
                    if let Some(word) = row.and_then(|row| words.get(row as usize)) {
                        *slot = Some(word.to_owned());
                    }
                }
            }
            Ok(found)
        };
        Ok(Self { school: read("school")?, grade: read("grade")?, class: read("class")? })
    }

    #[allow(clippy::unused_self)]
    fn text<'a>(&self, column: &'a [Option<String>], pupil: u32) -> Option<&'a str> {
        column.get(pupil as usize)?.as_deref()
    }
}

fn trajectories(points: &[Points], waves: &[Wave], pupils: &Pupils) -> Result<DataFrame, ChangeError> {
    let each = |name: &str, word: &dyn Fn(&Points) -> String| {
        let words: Vec<(String, usize)> = points.iter().map(|own| (word(own), own.pupil.len())).collect();
        texts(name, words.iter().flat_map(|(word, length)| std::iter::repeat_n(Some(word.as_str()), *length)))
    };
    let rows = points.iter().map(|own| own.pupil.len()).sum();
    let ids = points.iter().flat_map(|own| &own.pupil).map(|pupil| pupils.ids.get(*pupil as usize).map(String::as_str));
    let mut days = Vec::with_capacity(rows);
    for own in points {
        days.extend(days_of(own, waves, pupils)?);
    }
    let days: Int32Chunked = days.into_iter().collect();
    let raised = points.iter().flat_map(|own| own.raised.iter().copied());
    let interpreted = points.iter().flat_map(|own| own.interpreted.iter().copied().map(Some));
    let columns = vec![
        texts("student_id", ids),
        each("instrument", &|own| own.instrument.clone()),
        each("scale", &|own| own.scale.clone()),
        each("wave", &|own| waves.get(own.wave).map_or_else(String::new, |wave| wave.id.clone())),
        days.with_name("administered_on".into()).into_series().cast(&DataType::Date)?.into_column(),
        figures("value", points.iter().flat_map(|own| own.value.iter().copied()).collect()),
        texts("band", points.iter().flat_map(|own| own.band.iter().map(Option::as_deref))),
        BooleanChunked::from_iter_options("raised".into(), raised).into_column(),
        BooleanChunked::from_iter_options("interpreted".into(), interpreted).into_column(),
    ];
    Ok(DataFrame::new(rows, columns)?)
}

/// The day of each sheet as days since 1970; the day of the wave where a sheet has none.
fn days_of(points: &Points, waves: &[Wave], pupils: &Pupils) -> Result<Vec<Option<i32>>, ChangeError> {
    let Some((wave, rows)) = waves.get(points.wave).zip(pupils.rows.get(points.wave)) else { return Ok(Vec::new()) };
    let epoch = jiff::civil::date(1970, 1, 1);
    let of_wave = wave.date.and_then(|date| i32::try_from(date.duration_since(epoch).as_hours() / 24).ok());
    let own = match wave.results.column("administered_on") {
        Ok(column) if *column.dtype() == DataType::Date => {
            Some(column.as_materialized_series().cast(&DataType::Int32)?.i32()?.clone())
        }
        _ => None,
    };
    let day = |pupil: &u32| {
        let row = rows.get(*pupil as usize).copied().flatten();
        row.and_then(|row| own.as_ref()?.get(row as usize)).or(of_wave)
    };
    Ok(points.pupil.iter().map(day).collect())
}

fn texts<'a>(name: &str, words: impl Iterator<Item = Option<&'a str>>) -> Column {
    words.collect::<StringChunked>().with_name(name.into()).into_column()
}

fn figures(name: &str, values: Vec<f64>) -> Column {
    let known = values.iter().map(|value| !value.is_nan()).collect();
    Float64Chunked::from_vec_validity(name.into(), values, Some(known)).into_column()
}
