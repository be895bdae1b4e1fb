//! What is known of pupils and sheets beside the scores: derived scores, change, validity indices.

use polars::prelude::{DataFrame, DataType, StringChunked};

use super::super::condition::DerivedScore;
use super::super::evidence::EvidenceTable;
use super::super::tree::{NO, OPEN, YES};
use crate::change::{ClinicalChange, Course, Outcome, ScaleChange, WaveChange};
use crate::validity::ValidityReport;

/// What a validity plan says of the sheets to one instrument.
#[derive(Debug, Clone, Copy)]
pub struct JudgedSheets<'a> {
    /// The report.
    pub report: &'a ValidityReport,
    /// For each row of the sheets, its row in the report; none for a sheet that was not judged.
    pub rows: &'a [Option<u32>],
}

impl JudgedSheets<'_> {
    /// Row of the report.
    pub(in crate::risk) fn row(&self, row: usize) -> Option<usize> {
        self.rows.get(row).copied().flatten().map(|row| row as usize)
    }
}

/// What is known of the pupils beside the sheets at hand.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// For each row of the sheets, the position of its pupil: the row in `derived` and `change`.
    pub rows: &'a [Option<u32>],
    /// Derived scores, as [`crate::norms::NormSet::apply`] names them.
    pub derived: &'a DataFrame,
    /// Change since the earlier waves; none where there is no earlier wave.
    pub change: Option<&'a WaveChange>,
    /// Records: history, nominations, interviews; none where nothing was delivered.
    pub evidence: Option<&'a EvidenceTable>,
}

impl Beside<'_> {
    /// Position of the pupil of a row.
    pub(super) fn pupil(&self, row: usize) -> Option<usize> {
        self.rows.get(row).copied().flatten().map(|row| row as usize)
    }
}

/// A derived score of every row, with the cell it comes from.
#[derive(Debug)]
pub(in crate::risk) struct Derived<'a> {
    beside: Beside<'a>,
    values: Vec<f64>,
    limits: Option<StringChunked>,
    cells: Option<StringChunked>,
    reasons: Option<StringChunked>,
}

impl<'a> Derived<'a> {
    /// Reads the columns; `None` when there is no such derived score.
    pub(super) fn read(beside: Beside<'a>, scale: &str, derived: DerivedScore) -> Option<Self> {
        let column = |suffix: &str| beside.derived.column(&format!("{scale}.{suffix}")).ok();
        let words = |suffix: &str| {
            let words = column(suffix)?.as_materialized_series().cast(&DataType::String).ok()?;
            words.str().ok().cloned()
        };
        let floats = column(derived.word())?.as_materialized_series().cast(&DataType::Float64).ok()?;
        let values = floats.f64().ok()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        // Only the normalised T is known to one side.
        let limits = if derived == DerivedScore::TNormalised { words("t_limit") } else { None };
        Some(Self { beside, values, limits, cells: words("norm"), reasons: words("no_norm") })
    }

    /// The lowest and highest value that are possible in a row.
    pub(in crate::risk) fn bounds(&self, row: usize) -> Option<(f64, f64)> {
        let row = self.beside.pupil(row)?;
        let value = self.values.get(row).copied().filter(|value| !value.is_nan())?;
        Some(match self.limits.as_ref().and_then(|limits| limits.get(row)) {
            Some("at-most") => (f64::NEG_INFINITY, value),
            Some("at-least") => (value, f64::INFINITY),
            _ => (value, value),
        })
    }

    /// The value, also where it is known to one side only.
    pub(in crate::risk) fn value(&self, row: usize) -> Option<f64> {
        self.values.get(self.beside.pupil(row)?).copied().filter(|value| !value.is_nan())
    }

    /// Name of the cell.
    pub(in crate::risk) fn cell(&self, row: usize) -> &str {
        self.word(self.cells.as_ref(), row)
    }

    /// Word of the reason why there is no norm.
    pub(in crate::risk) fn no_norm(&self, row: usize) -> &str {
        self.word(self.reasons.as_ref(), row)
    }

    fn word<'s>(&'s self, words: Option<&'s StringChunked>, row: usize) -> &'s str {
        self.beside.pupil(row).and_then(|row| words?.get(row)).unwrap_or_default()
    }
}

/// What is lacking where something about change cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::risk) enum Reason {
    /// The score or band of this wave is not known.
    Score,
    /// There is nothing earlier to compare with.
    Earlier,
    /// Both are there, but no index or no common cut-off.
    Figures,
}

/// Change of one scale, read by the rows of the sheets.
#[derive(Debug, Clone, Copy)]
pub(in crate::risk) struct Since<'a> {
    rows: &'a [Option<u32>],
    /// None: the scale is not compared with any earlier wave.
    scale: Option<&'a ScaleChange>,
    /// Whether there is an earlier wave at all.
    pub(in crate::risk) any_wave: bool,
}

impl<'a> Since<'a> {
    pub(super) fn new(beside: Option<Beside<'a>>, scale: &str) -> Self {
        let change = beside.and_then(|beside| beside.change);
        Self {
            rows: beside.map_or(&[], |beside| beside.rows),
            scale: change.and_then(|change| change.scale(scale)),
            any_wave: change.is_some(),
        }
    }

    /// The change of the scale and the row of the pupil.
    pub(in crate::risk) fn at(&self, row: usize) -> Option<(&'a ScaleChange, usize)> {
        self.scale.zip(self.rows.get(row).copied().flatten().map(|row| row as usize))
    }

    /// Why nothing can be said; `scored` tells whether the sheet has the score.
    pub(in crate::risk) fn why(&self, row: usize, scored: bool) -> Reason {
        // Nothing earlier comes first: another sheet would not change that.
        match self.at(row) {
            Some((scale, row)) if scale.before(row).is_some() || scale.raised_before(row).is_some() => {
                if scored {
                    Reason::Figures
                } else {
                    Reason::Score
                }
            }
            _ => Reason::Earlier,
        }
    }

    pub(super) fn outcome(&self, row: usize, wanted: &[Outcome]) -> u8 {
        match self.at(row).and_then(|(scale, row)| scale.outcome(row)) {
            Some(outcome) => decided(wanted.contains(&outcome)),
            None => OPEN,
        }
    }

    /// Where the change is not known, the side of the cut-off may still exclude what is asked for.
    pub(super) fn clinical(&self, row: usize, wanted: &[ClinicalChange], raised: Option<bool>) -> u8 {
        if let Some(change) = self.at(row).and_then(|(scale, row)| scale.clinical(row)) {
            return decided(wanted.contains(&change));
        }
        let possible = |change: &ClinicalChange| match change {
            ClinicalChange::NewlyRaised => raised != Some(false),
            ClinicalChange::Recovered => raised != Some(true),
            _ => true,
        };
        if wanted.iter().any(possible) { OPEN } else { NO }
    }

    /// "First seen" and "not raised" are said without an earlier band; whatever goes beyond them cannot be said then.
    pub(super) fn course(&self, row: usize, wanted: &[Course], raised: Option<bool>) -> u8 {
        let known = self.at(row);
        let raised = known.and_then(|(scale, row)| scale.raised(row)).or(raised);
        let course = known.and_then(|(scale, row)| scale.course(row));
        if let (Some(course), true) = (course, known.is_some_and(|(scale, row)| scale.raised_before(row).is_some())) {
            return decided(wanted.contains(&course));
        }
        let asked = |courses: &[Course]| -> (bool, bool) {
            (courses.iter().all(|course| wanted.contains(course)), courses.iter().any(|course| wanted.contains(course)))
        };
        let (surely, possible): (Course, &[Course]) = match raised {
            Some(true) => (Course::FirstSeen, &[Course::NewOnset, Course::Persistent, Course::Returned]),
            Some(false) => (Course::NotRaised, &[Course::Recovered]),
            None => return if wanted.is_empty() { NO } else { OPEN },
        };
        match (wanted.contains(&surely), asked(possible), raised) {
            (true, ..) => YES,
            (_, (true, _), Some(true)) => YES,
            (_, (_, true), _) => OPEN,
            _ => NO,
        }
    }
}

fn decided(holds: bool) -> u8 {
    if holds { YES } else { NO }
}
