//! Compares waves: scale by scale, each wave with the one before it.

use serde::Serialize;

use super::basis::{ChangeOptions, INDEX_KINDS, Indices, ScaleBasis, basis};
use super::error::ChangeError;
use super::last::{Last, WaveChange};
use super::report::{ChangeCounts, ChangeReport, Rows};
use super::wave::{Pupils, Wave, numbers, pupils, texts, usable};
use super::{ClinicalChange, Course, Outcome, ScoreChange};
use crate::instrument::model::ScaleDef;
use crate::instrument::{Direction, Instrument, Level, Library, Text, Verdict};
use crate::texts::{Fill, say};

/// A comparison that is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Instrument id.
    pub instrument: String,
    /// Scale id; none when the whole instrument is meant.
    pub scale: Option<String>,
    /// The earlier wave, where two are meant.
    pub from_wave: Option<String>,
    /// The wave.
    pub to_wave: String,
    /// Why, and what to do.
    pub why: Text,
}

/// One scale between two waves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Instrument, as `id@version+hash`.
    pub instrument: String,
    /// Scale id.
    pub scale: String,
    /// The earlier wave.
    pub from_wave: String,
    /// The later wave.
    pub to_wave: String,
    /// What it rests on.
    pub basis: ScaleBasis,
    /// What was found.
    pub counts: ChangeCounts,
}

/// Takes what is found, pupil by pupil.
pub(super) trait Sink {
    /// Whether a pair of waves is wanted.
    fn wants(&self, from: usize, to: usize) -> bool;

    /// The scores of one scale at one wave.
    fn trajectory(&mut self, wave: usize, instrument: &Instrument, scale: &str, scores: &Scores, pupils: &Pupils);

    /// The rows of one scale between two waves follow.
    fn open(&mut self, instrument: &str, scale: &str, from: usize, to: usize);

    /// One pupil.
    fn push(&mut self, pupil: usize, found: &Found<'_>);
}

/// What is found of one pupil and scale between two waves.
pub(super) struct Found<'a> {
    /// Scores before and after, NaN where there is none.
    pub(super) scores: [f64; 2],
    /// Values of the indices.
    pub(super) values: &'a [f64],
    pub(super) changes: &'a [Option<ScoreChange>],
    /// Position of the index that decides.
    pub(super) judge: usize,
    pub(super) outcome: Option<Outcome>,
    pub(super) clinical: Option<ClinicalChange>,
    pub(super) course: Option<Course>,
    /// Whether the band was raised, wave by wave, the last one included; empty where bands are not compared.
    pub(super) raised: &'a [Option<bool>],
    pub(super) bands: [Option<&'a str>; 2],
}

/// The scores of one scale at one wave, pupil by pupil.
pub(super) struct Scores {
    pub(super) values: Vec<f64>,
    pub(super) bands: Vec<Option<String>>,
    pub(super) raised: Vec<Option<bool>>,
    /// Pupils who have a row but whose scores are not to be interpreted.
    pub(super) unusable: Vec<bool>,
}

/// Compares the results of waves, the earliest first.
///
/// A scale is compared between a wave and the last one before it that holds the same instrument. It is refused across
/// different versions or contents of a definition (and so across codings, which the definition holds), and when the library
/// holds another definition than the results were made with. Scores that are not to be interpreted are left out.
///
/// # Errors
/// When there are fewer than two waves, a wave stands there twice or out of order, or its rows do not name each pupil once.
///
/// ```
/// use indexmap::IndexMap;
/// use polars::prelude::*;
/// use screening_core::change::{ChangeOptions, Wave, compare};
/// use screening_core::instrument::Library;
///
/// let library = Library::bundled()?;
/// let instruments = IndexMap::from([("gad-7".to_owned(), library.get("gad-7").unwrap().citation())]);
/// let wave = |id: &str, shift: i64| -> PolarsResult<Wave> {
///     let ids: Vec<String> = (0..40).map(|n| n.to_string()).collect();
///     let scores: Vec<i64> = (0..40).map(|n| if n == 0 { 21 - shift } else { n % 9 }).collect();
///     let results = df!["student_id" => ids, "gad-7.total" => scores]?;
///     Ok(Wave { id: id.to_owned(), date: None, instruments: instruments.clone(), cutoffs: IndexMap::new(), results })
/// };
/// let report = compare(&[wave("autumn", 0)?, wave("spring", 12)?], &library, &ChangeOptions::default())?;
/// let change = report.changes.column("change")?.as_materialized_series().cast(&DataType::String)?;
/// assert_eq!(change.str()?.get(0), Some("improved"));
/// assert_eq!(report.comparisons[0].counts.unchanged, 39);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare(waves: &[Wave], library: &Library, options: &ChangeOptions) -> Result<ChangeReport, ChangeError> {
    let pupils = pupils(waves)?;
    let (rows, comparisons, refused) = run(waves, &pupils, library, options, Rows::default())?;
    rows.report(waves, &pupils, comparisons, refused)
}

/// What changed for the pupils of the last wave since the wave before it, scale by scale, in the order of its rows.
///
/// The same comparison as [`compare`], without the rows of earlier pairs and of pupils who are no longer there: what a
/// screening needs of its earlier waves.
///
/// # Errors
/// As [`compare`].
pub fn compare_last(waves: &[Wave], library: &Library, options: &ChangeOptions) -> Result<WaveChange, ChangeError> {
    let pupils = pupils(waves)?;
    let sink = Last::new(waves, &pupils);
    let (last, comparisons, refused) = run(waves, &pupils, library, options, sink)?;
    Ok(last.finish(waves, options, comparisons, refused))
}

type Done<S> = (S, Vec<Comparison>, Vec<Refusal>);

fn run<S: Sink>(
    waves: &[Wave],
    pupils: &Pupils,
    library: &Library,
    options: &ChangeOptions,
    sink: S,
) -> Result<Done<S>, ChangeError> {
    let judge = INDEX_KINDS.iter().position(|kind| *kind == options.judge()).ok_or_else(|| {
        ChangeError::parameter(
            "change",
            "judge",
            f64::NAN,
            "the id of one of the indices, for example `jacobson_truax`",
        )
    })?;
    let mut job = Job { waves, pupils, options, judge, sink, comparisons: Vec::new(), refused: Vec::new() };
    for id in instruments(waves) {
        job.instrument(id, library)?;
    }
    Ok((job.sink, job.comparisons, job.refused))
}

/// Ids of all instruments, in the order in which they are first met.
fn instruments(waves: &[Wave]) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for id in waves.iter().flat_map(|wave| wave.instruments.keys()) {
        if !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    ids
}

struct Job<'a, S> {
    waves: &'a [Wave],
    pupils: &'a Pupils,
    options: &'a ChangeOptions,
    judge: usize,
    sink: S,
    comparisons: Vec<Comparison>,
    refused: Vec<Refusal>,
}

impl<S: Sink> Job<'_, S> {
    fn refuse(&mut self, instrument: &str, scale: Option<&str>, waves: (Option<usize>, usize), why: Text) {
        let name = |at: usize| self.waves.get(at).map(|wave| wave.id.clone());
        self.refused.push(Refusal {
            instrument: instrument.to_owned(),
            scale: scale.map(str::to_owned),
            from_wave: waves.0.and_then(name),
            to_wave: name(waves.1).unwrap_or_default(),
            why,
        });
    }

    fn instrument(&mut self, id: &str, library: &Library) -> Result<(), ChangeError> {
        let mut held = Vec::new();
        for (at, wave) in self.waves.iter().enumerate() {
            let Some(citation) = wave.instruments.get(id) else { continue };
            match library.get(id) {
                Some(own) if own.citation() == *citation => held.push((at, own)),
                Some(own) => {
                    let own = own.citation();
                    let fills = [("results", Fill::Same(citation.as_str())), ("library", Fill::Same(&own))];
                    self.refuse(id, None, (None, at), say("change-refused.library", &fills));
                }
                None => {
                    let fills = [("results", Fill::Same(citation.as_str()))];
                    self.refuse(id, None, (None, at), say("change-refused.no-definition", &fills));
                }
            }
        }
        self.differing(id);
        let Some((first, instrument)) = held.first().copied() else { return Ok(()) };
        if held.len() < 2 {
            self.refuse(id, None, (None, first), say("change-refused.one-wave", &[]));
        }
        for (place, scale) in instrument.definition().scales.iter().enumerate() {
            if scale.internal || !scale.values.is_empty() || scale.direction == Direction::Neutral {
                continue;
            }
            let waves: Vec<usize> = held.iter().map(|(at, _)| *at).collect();
            self.scale(instrument, place, scale, &waves)?;
        }
        Ok(())
    }

    /// Tells of neighbouring waves that hold the instrument in different versions.
    fn differing(&mut self, id: &str) {
        let held: Vec<(usize, &String)> =
            self.waves.iter().enumerate().filter_map(|(at, wave)| Some((at, wave.instruments.get(id)?))).collect();
        for pair in held.windows(2) {
            if let [(from, before), (to, after)] = pair
                && before != after
            {
                let fills = [("before", Fill::Same(before.as_str())), ("after", Fill::Same(after.as_str()))];
                self.refuse(id, None, (Some(*from), *to), say("change-refused.version", &fills));
            }
        }
    }

    fn scale(
        &mut self,
        instrument: &Instrument,
        place: usize,
        scale: &ScaleDef,
        held: &[usize],
    ) -> Result<(), ChangeError> {
        let mut scores: Vec<(usize, Scores)> = Vec::new();
        for at in held {
            if let Some(found) = self.scores(*at, instrument, scale)? {
                self.sink.trajectory(*at, instrument, &scale.id, &found, self.pupils);
                scores.push((*at, found));
            }
        }
        for later in 1..scores.len() {
            let (earlier, rest) = scores.split_at(later);
            let (Some((from, before)), Some((to, after))) = (earlier.last(), rest.first()) else { continue };
            if !self.sink.wants(*from, *to) {
                continue;
            }
            let names =
                (self.waves.get(*from).map_or("", |wave| &wave.id), self.waves.get(*to).map_or("", |wave| &wave.id));
            let (mut basis, indices) =
                basis(instrument, &scale.id, (&before.values, &after.values), names.0, self.options);
            let sets = (self.cutoff_set(*from, instrument, scale), self.cutoff_set(*to, instrument, scale));
            let same_set = sets.0 == sets.1;
            if !same_set {
                let (first, second) = (sets.0.unwrap_or_default(), sets.1.unwrap_or_default());
                let fills = [("before", Fill::Same(first.as_str())), ("after", Fill::Same(&second))];
                self.refuse(
                    instrument.id(),
                    Some(&scale.id),
                    (Some(*from), *to),
                    say("change-refused.cutoffs", &fills),
                );
            }
            // Bands of earlier waves count as long as they come from the same set.
            let history: Vec<&Scores> = scores[..=later]
                .iter()
                .filter(|(at, _)| self.cutoff_set(*at, instrument, scale) == self.cutoff_set(*to, instrument, scale))
                .map(|(_, scores)| scores)
                .collect();
            let counts = self.pair(
                &indices,
                (before, after),
                same_set.then_some(&history),
                scale.direction,
                (*from, *to),
                (instrument, place),
            );
            basis.refused.sort_by_key(|(kind, _)| INDEX_KINDS.iter().position(|own| own == kind));
            self.comparisons.push(Comparison {
                instrument: instrument.citation(),
                scale: scale.id.clone(),
                from_wave: names.0.to_owned(),
                to_wave: names.1.to_owned(),
                basis,
                counts,
            });
        }
        Ok(())
    }

    fn cutoff_set(&self, wave: usize, instrument: &Instrument, scale: &ScaleDef) -> Option<String> {
        self.waves.get(wave)?.cutoffs.get(instrument.id())?.get(&scale.id).cloned()
    }

    /// The scores of a scale at a wave, in the order of the pupils; `None` when the wave has no such numbers.
    fn scores(&self, at: usize, instrument: &Instrument, scale: &ScaleDef) -> Result<Option<Scores>, ChangeError> {
        let Some((wave, rows)) = self.waves.get(at).zip(self.pupils.rows.get(at)) else { return Ok(None) };
        let name = format!("{}.{}", instrument.id(), scale.id);
        let Some(values) = numbers(wave, &name)? else { return Ok(None) };
        let definition = instrument.definition();
        let invalid = definition.validity.iter().filter(|rule| rule.verdict == Verdict::Invalid);
        let invalid: Vec<&str> = invalid.map(|rule| rule.id.as_str()).collect();
        let usable = usable(wave, instrument.id(), &invalid)?;
        let bands = match wave.results.column(&format!("{name}.band")) {
            Ok(_) => Some(texts(wave, &format!("{name}.band"))?),
            Err(_) => None,
        };
        let mut scores = Scores {
            values: Vec::with_capacity(rows.len()),
            bands: Vec::with_capacity(rows.len()),
            raised: Vec::with_capacity(rows.len()),
            unusable: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let row = row.map(|row| row as usize);
            let fit = row.filter(|row| usable.get(*row) == Some(&true));
            let band = fit.and_then(|row| bands.as_ref()?.get(row));
            scores.unusable.push(row.is_some() && fit.is_none());
            scores.values.push(fit.and_then(|row| values.get(row).copied()).unwrap_or(f64::NAN));
            scores
                .raised
                .push(band.and_then(|band| definition.bands.get(band)).map(|band| band.level >= Level::Raised));
            scores.bands.push(band.map(str::to_owned));
        }
        Ok(Some(scores))
    }

    /// The rows of one scale between two waves, and their counts.
    fn pair(
        &mut self,
        indices: &Indices,
        (before, after): (&Scores, &Scores),
        history: Option<&Vec<&Scores>>,
        direction: Direction,
        (from, to): (usize, usize),
        (instrument, scale): (&Instrument, usize),
    ) -> ChangeCounts {
        let mut counts = ChangeCounts::default();
        let scale_id = instrument.definition().scales.get(scale).map_or("", |scale| scale.id.as_str());
        self.sink.open(instrument.id(), scale_id, from, to);
        let mut course = Vec::new();
        for (pupil, (x, y)) in before.values.iter().zip(&after.values).enumerate() {
            let rows =
                [from, to].map(|wave| self.pupils.rows.get(wave).and_then(|rows| rows.get(pupil).copied().flatten()));
            if rows == [None, None] {
                continue;
            }
            let values: Vec<f64> =
                indices.0.iter().map(|index| index.as_ref().map_or(f64::NAN, |index| index.index(*x, *y))).collect();
            let changes: Vec<Option<ScoreChange>> = indices
                .0
                .iter()
                .zip(&values)
                .map(|(index, value)| ScoreChange::of(*value, index.as_ref()?.critical()))
                .collect();
            let outcome = changes.get(self.judge).copied().flatten().and_then(|change| change.outcome(direction));
            let sides = history
                .and(before.raised.get(pupil).copied().flatten().zip(after.raised.get(pupil).copied().flatten()));
            let clinical =
                outcome.zip(sides).map(|(outcome, (first, second))| ClinicalChange::of(outcome, first, second));
            course.clear();
            course.extend(history.into_iter().flatten().map(|scores| scores.raised.get(pupil).copied().flatten()));
            let raised = course.as_slice();
            let course = Course::after(raised);
            counts.add(
                rows,
                [*x, *y],
                [before, after].map(|s| s.unusable.get(pupil) == Some(&true)),
                outcome,
                clinical,
                course,
            );
            let bands = [before, after].map(|scores| scores.bands.get(pupil).and_then(Option::as_deref));
            let (scores, judge) = ([*x, *y], self.judge);
            let (values, changes) = (values.as_slice(), changes.as_slice());
            let found = Found { scores, values, changes, judge, outcome, clinical, course, raised, bands };
            self.sink.push(pupil, &found);
        }
        counts
    }
}

impl ChangeCounts {
    fn add(
        &mut self,
        rows: [Option<u32>; 2],
        scores: [f64; 2],
        unusable: [bool; 2],
        outcome: Option<Outcome>,
        clinical: Option<ClinicalChange>,
        course: Option<Course>,
    ) {
        self.pupils += 1;
        match (rows, scores.map(f64::is_nan), unusable) {
            ([_, None], ..) => self.only_before += 1,
            ([None, _], ..) => self.only_after += 1,
            (_, [false, false], _) => self.compared += 1,
            (_, _, [false, false]) => self.no_score += 1,
            _ => self.not_interpreted += 1,
        }
        match outcome {
            Some(Outcome::Improved) => self.improved += 1,
            Some(Outcome::Unchanged) => self.unchanged += 1,
            Some(Outcome::Deteriorated) => self.deteriorated += 1,
            None => {}
        }
        if let Some(clinical) = clinical {
            *self.clinical.entry(clinical.word()).or_default() += 1;
        }
        if let Some(course) = course {
            *self.course.entry(course.word()).or_default() += 1;
        }
    }
}
