//! The results of one wave, with what they rest on.

use std::collections::HashMap;

use indexmap::IndexMap;
use jiff::civil::Date;
use polars::prelude::*;

use super::error::ChangeError;

/// The results of one wave: a row a pupil, as [`crate::screening::ScreeningResult::results`], and what they rest on.
#[derive(Debug, Clone)]
pub struct Wave {
    /// Wave id.
    pub id: String,
    /// Day of the wave, where known.
    pub date: Option<Date>,
    /// Instruments by id, as `id@version+hash`: what scores and codings rest on.
    pub instruments: IndexMap<String, String>,
    /// Cut-off set in use by instrument and scale.
    pub cutoffs: IndexMap<String, IndexMap<String, String>>,
    /// The results.
    pub results: DataFrame,
}

/// Pupils over all waves.
pub(super) struct Pupils {
    pub(super) ids: Vec<String>,
    /// For each wave, the row of each pupil.
    pub(super) rows: Vec<Vec<Option<u32>>>,
}

/// Checks the waves and finds the pupils in them.
pub(super) fn pupils(waves: &[Wave]) -> Result<Pupils, ChangeError> {
    if waves.len() < 2 {
        return Err(ChangeError::FewWaves(waves.len()));
    }
    for (at, wave) in waves.iter().enumerate() {
        if waves.iter().take(at).any(|other| other.id == wave.id) {
            return Err(ChangeError::SameWave(wave.id.clone()));
        }
        let earlier = waves.iter().take(at).find_map(|other| Some((other, other.date?, wave.date?)));
        let earlier = earlier.filter(|(_, first, own)| own < first);
        if let Some((other, first, own)) = earlier {
            return Err(ChangeError::Order {
                later: other.id.clone(),
                later_date: first,
                earlier: wave.id.clone(),
                earlier_date: own,
            });
        }
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut pupils = Pupils { ids: Vec::new(), rows: Vec::new() };
    for wave in waves {
        let ids = texts(wave, "student_id")?;
        let mut rows: Vec<Option<u32>> = vec![None; pupils.ids.len()];
        for (row, id) in ids.iter().enumerate() {
            let id = id.map(str::trim).filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| ChangeError::NoStudent { wave: wave.id.clone(), row: row + 1 })?;
            let place = *places.entry(id.to_owned()).or_insert_with(|| {
                pupils.ids.push(id.to_owned());
                pupils.ids.len() - 1
            });
            if rows.len() <= place {
                rows.resize(place + 1, None);
            }
            if rows.get_mut(place).is_some_and(|slot| slot.replace(row as u32).is_some()) {
                let student = id.to_owned();
                return Err(ChangeError::Duplicate { wave: wave.id.clone(), row: row + 1, student });
            }
        }
        pupils.rows.push(rows);
    }
    let all = pupils.ids.len();
    pupils.rows.iter_mut().for_each(|rows| rows.resize(all, None));
    Ok(pupils)
}

/// A column as texts.
pub(super) fn texts(wave: &Wave, name: &str) -> Result<StringChunked, ChangeError> {
    let column = wave.results.column(name);
    let column = column.map_err(|_| ChangeError::NoColumn { wave: wave.id.clone(), column: name.to_owned() })?;
    Ok(column.as_materialized_series().cast(&DataType::String)?.str()?.clone())
}

/// A column as numbers, NaN where there is none.
pub(super) fn numbers(wave: &Wave, name: &str) -> Result<Option<Vec<f64>>, ChangeError> {
    let Ok(column) = wave.results.column(name) else { return Ok(None) };
    let series = column.as_materialized_series();
    if !series.dtype().is_primitive_numeric() {
        return Ok(None);
    }
    let series = series.cast(&DataType::Float64)?;
    Ok(Some(series.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect()))
}

/// For each row of a wave, whether the scores of an instrument may be interpreted: the status of the pupil is `valid`, and
/// no validity rule says that the sheet is not to be interpreted. Without such columns every row may.
pub(super) fn usable(wave: &Wave, instrument: &str, invalidating: &[&str]) -> Result<Vec<bool>, ChangeError> {
    let rows = wave.results.height();
    let mut usable = vec![true; rows];
    let verdict = format!("{instrument}.validity.verdict");
    for (name, wanted, equal) in [("status", "valid", true), (verdict.as_str(), "invalid", false)] {
        if wave.results.column(name).is_err() {
            continue;
        }
        let words = texts(wave, name)?;
        usable.iter_mut().zip(words.iter()).for_each(|(usable, word)| *usable &= (word == Some(wanted)) == equal);
    }
    for rule in invalidating {
        let Ok(column) = wave.results.column(&format!("{instrument}.validity.{rule}")) else { continue };
        let Ok(fired) = column.as_materialized_series().bool() else { continue };
        usable.iter_mut().zip(fired.iter()).for_each(|(usable, fired)| *usable &= fired != Some(true));
    }
    Ok(usable)
}
