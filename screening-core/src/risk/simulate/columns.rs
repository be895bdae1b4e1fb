//! The columns of the results that a policy reads, as plain vectors.

use polars::prelude::*;

use super::super::condition::{BandWish, Leaf};
use super::super::tree::{NO, OPEN, YES};
use super::SimulateError;
use crate::instrument::expr::Comparison;
use crate::instrument::{Instrument, Library, Verdict};

/// A leaf over all rows.
pub(super) enum Column {
    /// A comparison that may be moved: values, NaN where there is none or it is not to be interpreted.
    Score { values: Vec<f64>, op: Comparison, value: f64 },
    /// A condition that stays.
    Fixed(Vec<u8>),
}

/// Reads leaves from results, and answers from a frame of them.
pub(super) struct Reader<'a> {
    pub(super) results: &'a DataFrame,
    /// Answers in the rows of the results.
    pub(super) answers: Option<&'a DataFrame>,
    pub(super) library: &'a Library,
}

impl Reader<'_> {
    /// A leaf; none when the results do not hold what it reads.
    pub(super) fn leaf(&self, leaf: &Leaf) -> Result<Option<Column>, SimulateError> {
        let Some(instrument) = self.library.get(leaf.instrument()) else { return Ok(None) };
        let masked = self.invalid(instrument)?;
        if let Leaf::Score { scale, op, value } = leaf {
            let Some(mut values) = numbers(self.results, &scale.to_string())? else { return Ok(None) };
            mask(&mut values, &masked, f64::NAN);
            return Ok(Some(Column::Score { values, op: *op, value: value.to_f64() }));
        }
        if let Leaf::Answer { item, op, value } = leaf {
            let name = item.to_string();
            let from = self.answers.filter(|answers| answers.column(&name).is_ok()).unwrap_or(self.results);
            let Some(values) = numbers(from, &name)? else { return Ok(None) };
            let threshold = value.to_f64();
            let code = |found: &f64| {
                // Negative codes stand for kinds of missing answers.
                if found.is_nan() || *found < 0.0 {
                    OPEN
                } else {
                    decided(super::super::engine::compare(*found, *op, threshold))
                }
            };
            return Ok(Some(Column::Fixed(values.iter().map(code).collect())));
        }
        let Some(codes) = self.fixed(leaf, instrument, &masked)? else { return Ok(None) };
        Ok(Some(Column::Fixed(codes)))
    }

    fn fixed(&self, leaf: &Leaf, instrument: &Instrument, masked: &[bool]) -> Result<Option<Vec<u8>>, SimulateError> {
        if let Leaf::Flag { flag } = leaf {
            let found = truths(self.results, &format!("{}.flag.{}", flag.instrument, flag.part))?;
            return Ok(found.map(|found| found.into_iter().map(three).collect()));
        }
        if let Leaf::Validity { instrument: id, verdict } = leaf {
            let mut codes = vec![NO; self.results.height()];
            for rule in instrument.definition().validity.iter().filter(|rule| rule.verdict >= *verdict) {
                let Some(found) = truths(self.results, &format!("{id}.validity.{}", rule.id))? else { return Ok(None) };
                codes.iter_mut().zip(found).for_each(|(code, found)| *code = (*code).max(three(found)));
            }
            return Ok(Some(codes));
        }
        let (name, wanted): (String, Vec<String>) = if let Leaf::Band { scale, wish } = leaf {
            let bands = &instrument.definition().bands;
            let wanted = match wish {
                BandWish::AtLeast(least) => {
                    bands.iter().filter(|(_, band)| band.level >= *least).map(|(id, _)| id.clone()).collect()
                }
                BandWish::In(ids) => ids.clone(),
            };
            (format!("{scale}.band"), wanted)
        } else if let Leaf::Word { scale, words } = leaf {
            (scale.to_string(), words.clone())
        } else {
            return Ok(None);
        };
        let Some(found) = words(self.results, &name)? else { return Ok(None) };
        let code = |word: Option<&str>| word.map_or(OPEN, |word| decided(wanted.iter().any(|own| own == word)));
        let mut codes: Vec<u8> = found.iter().map(code).collect();
        mask(&mut codes, masked, OPEN);
        Ok(Some(codes))
    }

    /// Rows whose sheet of an instrument is not to be interpreted.
    pub(super) fn invalid(&self, instrument: &Instrument) -> Result<Vec<bool>, SimulateError> {
        invalid_rows(self.results, instrument)
    }

    /// Rows for which the results hold anything of an instrument.
    pub(super) fn present(&self, instrument: &str) -> Vec<bool> {
        let mut present = vec![false; self.results.height()];
        let prefix = format!("{instrument}.");
        let columns = self.results.columns().iter().filter(|column| column.name().starts_with(&prefix));
        for column in columns {
            let there = column.is_not_null();
            present.iter_mut().zip(there.iter()).for_each(|(slot, there)| *slot |= there == Some(true));
        }
        present
    }
}

/// Rows whose sheet of an instrument is not to be interpreted.
pub(super) fn invalid_rows(results: &DataFrame, instrument: &Instrument) -> Result<Vec<bool>, SimulateError> {
    let mut invalid = vec![false; results.height()];
    for rule in instrument.definition().validity.iter().filter(|rule| rule.verdict == Verdict::Invalid) {
        let found = truths(results, &format!("{}.validity.{}", instrument.id(), rule.id))?;
        for (slot, found) in invalid.iter_mut().zip(found.into_iter().flatten()) {
            *slot |= found == Some(true);
        }
    }
    Ok(invalid)
}

pub(super) fn decided(holds: bool) -> u8 {
    if holds { YES } else { NO }
}

fn three(found: Option<bool>) -> u8 {
    found.map_or(OPEN, decided)
}

fn mask<T: Copy>(codes: &mut [T], masked: &[bool], by: T) {
    codes.iter_mut().zip(masked).filter(|(_, masked)| **masked).for_each(|(code, _)| *code = by);
}

pub(super) fn numbers(frame: &DataFrame, name: &str) -> Result<Option<Vec<f64>>, SimulateError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    if !column.dtype().is_primitive_numeric() {
        return Ok(None);
    }
    let series = column.as_materialized_series().cast(&DataType::Float64)?;
    Ok(Some(series.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect()))
}

pub(super) fn words(frame: &DataFrame, name: &str) -> Result<Option<StringChunked>, SimulateError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    Ok(Some(column.as_materialized_series().cast(&DataType::String)?.str()?.clone()))
}

pub(super) fn truths(frame: &DataFrame, name: &str) -> Result<Option<Vec<Option<bool>>>, SimulateError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    let Ok(truths) = column.as_materialized_series().bool() else { return Ok(None) };
    Ok(Some(truths.iter().collect()))
}
