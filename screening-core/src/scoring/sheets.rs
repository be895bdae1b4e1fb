//! The results of many sheets of one instrument, column by column.

use std::sync::Arc;

use polars::prelude::*;

use crate::answers::Tri;
use crate::instrument::{Instrument, Verdict};

use super::plan::Plan;

/// Band code: the possible scores lie in different bands.
pub(crate) const BAND_CANNOT_SAY: u8 = 255;
/// Band code: no cut-off set serves this person.
pub(crate) const BAND_NO_SET: u8 = 254;

/// Values of one scale: numerators over the denominator of the scale's plan, or the values themselves where each row has
/// a denominator of its own. The lowest number of the type (or NaN) stands for "no value".
#[derive(Debug, Clone)]
pub(crate) enum Values {
    I16(Vec<i16>),
    I32(Vec<i32>),
    F64(Vec<f64>),
}

/// One scale over all rows.
#[derive(Debug, Clone)]
pub(crate) struct ScaleColumn {
    pub values: Values,
    pub any_null: bool,
    /// Missing items by row; empty when none is missing, and for scales not computed straight from items.
    pub missing: Vec<u8>,
    /// Whether missing items were counted.
    pub counted: bool,
    /// Lowest and highest possible value where there is no value; empty when not asked for.
    pub bounds: Vec<[f32; 2]>,
    /// Band codes; empty when the scale has no cut-offs.
    pub bands: Vec<u8>,
    pub bands_undecided: bool,
    /// Norm cell in the definition's norm + 1, or 0; empty when the scale has no norm.
    pub norm_cells: Vec<u16>,
}

/// One answer that is not allowed: where, what, why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AnswerIssue {
    /// Row of the frame, from 0.
    pub row: usize,
    /// Column, for example `phq-9.3`.
    pub column: String,
    /// The value found.
    pub value: String,
    /// What would be allowed.
    pub allowed: String,
}

/// The results of one instrument for all rows of a frame.
#[derive(Debug, Clone)]
pub struct ScoredSheets {
    pub(crate) instrument: Arc<Instrument>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) rows: usize,
    pub(crate) scales: Vec<ScaleColumn>,
    /// 0 no, 1 yes, 2 cannot say.
    pub(crate) flags: Vec<Vec<u8>>,
    pub(crate) validity: Vec<Vec<u8>>,
    /// Missing items of the whole sheet by row.
    pub(crate) missing: Vec<u16>,
    pub(crate) issues: Vec<AnswerIssue>,
}

fn tri(code: u8) -> Tri {
    match code {
        0 => Tri::No,
        1 => Tri::Yes,
        _ => Tri::Unknown,
    }
}

impl ScoredSheets {
    /// The instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Answers that are not allowed codes; they count as missing.
    pub fn issues(&self) -> &[AnswerIssue] {
        &self.issues
    }

    /// Position of a scale.
    pub fn scale(&self, id: &str) -> Option<usize> {
        self.instrument.scale_position(id)
    }

    /// Position of a flag.
    pub fn flag_position(&self, id: &str) -> Option<usize> {
        self.instrument.definition().flags.iter().position(|flag| flag.id == id)
    }

    /// Position of a validity rule.
    pub fn validity_position(&self, id: &str) -> Option<usize> {
        self.instrument.definition().validity.iter().position(|rule| rule.id == id)
    }

    /// Value of a scale in a row; for a rule with words, the place of the word.
    pub fn value(&self, scale: usize, row: usize) -> Option<f64> {
        let den = self.plan.scales[scale].val.den as f64;
        match &self.scales[scale].values {
            Values::I16(values) => (values[row] != i16::MIN).then(|| f64::from(values[row]) / den),
            Values::I32(values) => (values[row] != i32::MIN).then(|| f64::from(values[row]) / den),
            Values::F64(values) => (!values[row].is_nan()).then(|| values[row]),
        }
    }

    /// Lowest and highest value that the missing answers can still give; the value itself when it is known. `None` when
    /// bounds were not asked for.
    pub fn bounds(&self, scale: usize, row: usize) -> Option<(f64, f64)> {
        if let Some(value) = self.value(scale, row) {
            return Some((value, value));
        }
        let [lo, hi] = self.scales[scale].bounds.get(row)?;
        Some((f64::from(*lo), f64::from(*hi)))
    }

    /// The word of a rule scale in a row.
    pub fn word(&self, scale: usize, row: usize) -> Option<&str> {
        let place = self.value(scale, row)?;
        let values = &self.instrument.definition().scales[scale].values;
        values.get_index(place as usize).map(|(word, _)| word.as_str())
    }

    /// Band id of a scale in a row.
    pub fn band(&self, scale: usize, row: usize) -> Option<&str> {
        let code = *self.scales[scale].bands.get(row)?;
        self.plan.scales[scale].band_ids.get(usize::from(code)).map(String::as_str)
    }

    /// Whether the scale has bands for this person but the possible scores lie in different ones.
    pub fn band_undecided(&self, scale: usize, row: usize) -> bool {
        self.scales[scale].bands.get(row) == Some(&BAND_CANNOT_SAY)
    }

    /// Name of the cut-off set in use for a scale.
    pub fn cutoff_set(&self, scale: usize) -> Option<&str> {
        let first = self.plan.scales[scale].cutoffs.first()?;
        Some(&self.instrument.definition().cutoffs[first.index].id)
    }

    /// State of a flag in a row.
    pub fn flag(&self, flag: usize, row: usize) -> Tri {
        tri(self.flags[flag][row])
    }

    /// State of a validity rule in a row.
    pub fn validity(&self, rule: usize, row: usize) -> Tri {
        tri(self.validity[rule][row])
    }

    /// The gravest verdict of the validity rules that surely fired in a row.
    pub fn verdict(&self, row: usize) -> Option<Verdict> {
        let rules = &self.instrument.definition().validity;
        rules.iter().enumerate().filter(|(at, _)| self.validity(*at, row).is_yes()).map(|(_, rule)| rule.verdict).max()
    }

    /// Answered items of the whole sheet in a row.
    pub fn answered(&self, row: usize) -> usize {
        self.instrument.definition().items.len() - usize::from(self.missing[row])
    }

    /// Answered items and all items of a scale computed straight from items.
    pub fn scale_answered(&self, scale: usize, row: usize) -> Option<(usize, usize)> {
        let items = self.plan.scales[scale].items.len();
        let column = self.scales.get(scale).filter(|column| column.counted)?;
        let missing = column.missing.get(row).copied().unwrap_or(0);
        Some((items - usize::from(missing), items))
    }

    /// Position of the norm cell used for a scale in a row.
    pub fn norm_cell(&self, scale: usize, row: usize) -> Option<usize> {
        self.scales[scale].norm_cells.get(row).and_then(|cell| usize::from(*cell).checked_sub(1))
    }

    /// The results as a frame: `<instrument>.<scale>`, `<instrument>.<scale>.band`, `<instrument>.flag.<flag>`,
    /// `<instrument>.validity.<rule>`; null stands for "cannot say".
    ///
    /// # Errors
    /// When polars cannot build the frame.
    pub fn to_frame(&self) -> PolarsResult<DataFrame> {
        let definition = self.instrument.definition();
        let id = &definition.id;
        let mut columns = Vec::with_capacity(self.scales.len() * 2 + self.flags.len() + self.validity.len());
        for (at, scale) in definition.scales.iter().enumerate() {
            columns.push(self.value_column(at, &format!("{id}.{}", scale.id))?);
            // Of the plan, not of the data: a frame without rows has the same columns as any other.
            if !self.plan.scales[at].cutoffs.is_empty() {
                columns.push(self.band_column(at, &format!("{id}.{}.band", scale.id))?);
            }
        }
        for (flag, codes) in definition.flags.iter().zip(&self.flags) {
            columns.push(tri_column(&format!("{id}.flag.{}", flag.id), codes));
        }
        for (rule, codes) in definition.validity.iter().zip(&self.validity) {
            columns.push(tri_column(&format!("{id}.validity.{}", rule.id), codes));
        }
        DataFrame::new(self.rows, columns)
    }

    fn value_column(&self, at: usize, name: &str) -> PolarsResult<Column> {
        let column = &self.scales[at];
        let words = &self.instrument.definition().scales[at].values;
        if !words.is_empty() {
            let codes = (0..self.rows).map(|row| self.value(at, row).map_or(u8::MAX, |place| place as u8)).collect();
            let ids: Vec<&str> = words.keys().map(String::as_str).collect();
            return enum_column(name, codes, &ids);
        }
        let (name, den) = (PlSmallStr::from(name), self.plan.scales[at].val.den);
        Ok(match &column.values {
            Values::I16(values) if den != 1 => quotients(name, values, den, i16::MIN),
            Values::I32(values) if den != 1 => quotients(name, values, den, i32::MIN),
            Values::I16(values) => {
                let valid = column.any_null.then(|| values.iter().map(|v| *v != i16::MIN).collect());
                Int16Chunked::from_vec_validity(name, values.clone(), valid).into_column()
            }
            Values::I32(values) => {
                let valid = column.any_null.then(|| values.iter().map(|v| *v != i32::MIN).collect());
                Int32Chunked::from_vec_validity(name, values.clone(), valid).into_column()
            }
            Values::F64(values) => {
                let valid = column.any_null.then(|| values.iter().map(|v| !v.is_nan()).collect());
                Float64Chunked::from_vec_validity(name, values.clone(), valid).into_column()
            }
        })
    }

    fn band_column(&self, at: usize, name: &str) -> PolarsResult<Column> {
        let ids: Vec<&str> = self.plan.scales[at].band_ids.iter().map(String::as_str).collect();
        enum_column(name, self.scales[at].bands.clone(), &ids)
    }
}

/// Numerators as doubles.
fn quotients<T: Copy + PartialEq + Into<f64>>(name: PlSmallStr, values: &[T], den: i64, nothing: T) -> Column {
    let valid = values.contains(&nothing).then(|| values.iter().map(|value| *value != nothing).collect());
    let values = values.iter().map(|value| (*value).into() / den as f64).collect();
    Float64Chunked::from_vec_validity(name, values, valid).into_column()
}

/// A column of words from codes; a code beyond the words is null.
pub(crate) fn enum_column(name: &str, codes: Vec<u8>, words: &[&str]) -> PolarsResult<Column> {
    let dtype = DataType::from_frozen_categories(FrozenCategories::new(words.iter().copied())?);
    let codes = UInt8Chunked::from_vec(name.into(), codes);
    Ok(CategoricalChunked::<Categorical8Type>::from_cats_and_dtype(codes, dtype).into_series().into_column())
}

/// A column of yes and no from codes; any other code is null.
pub(crate) fn tri_column(name: &str, codes: &[u8]) -> Column {
    let values = codes.iter().map(|code| match code {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    });
    BooleanChunked::from_iter_options(name.into(), values).into_column()
}
