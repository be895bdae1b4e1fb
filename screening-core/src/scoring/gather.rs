//! Scored sheets put together row by row, for results in the order of a roster; and what band codes say.

use rayon::prelude::*;

use super::plan::ScalePlan;
use super::sheets::{BAND_CANNOT_SAY, BAND_NO_SET, ScaleColumn, ScoredSheets, Values};

/// Where a row comes from: part and row of the part.
pub(crate) type From = Option<(u32, u32)>;

impl ScoredSheets {
    /// Band ids of a scale's chosen cut-off set, from the lowest score up.
    pub fn band_ids(&self, scale: usize) -> &[String] {
        self.plan.scales.get(scale).map_or(&[], |scale| scale.band_ids.as_slice())
    }

    /// Position of a row's band in [`Self::band_ids`], when it is known.
    pub fn band_code(&self, scale: usize, row: usize) -> Option<u8> {
        let code = *self.scales.get(scale)?.bands.get(row)?;
        (code != BAND_CANNOT_SAY && code != BAND_NO_SET).then_some(code)
    }

    /// Whether a value is missing because no cell of its norm serves the person.
    pub fn lacks_norm(&self, scale: usize, row: usize) -> bool {
        self.scales.get(scale).is_some_and(|column| column.norm_cells.get(row) == Some(&0))
            && self.value(scale, row).is_none()
    }

    /// Positions in [`Self::band_ids`] of the bands that an incomplete score can still be in. `None` when it cannot be
    /// told: no bounds, or cut-offs that differ between groups of people.
    pub fn possible_bands(&self, scale: usize, row: usize) -> Option<&[u8]> {
        let plan: &ScalePlan = self.plan.scales.get(scale)?;
        let [cutoff] = plan.cutoffs.as_slice() else { return None };
        if cutoff.group.is_some() || !self.band_undecided(scale, row) {
            return None;
        }
        let (low, high) = self.bounds(scale, row)?;
        // Bounds are kept in single precision; starts rounded alike keep their order.
        let step = |value: f64| {
            let start = |&&(num, den): &&(i64, i64)| value >= f64::from((num as f64 / den as f64) as f32);
            cutoff.exact.iter().filter(start).count()
        };
        if low.is_nan() || high.is_nan() {
            return None;
        }
        cutoff.bands.get(step(low)..=step(high))
    }

    /// Rows of several scored sheets of the same compiled instrument, in a new order. A row from nowhere has no values,
    /// no bands, and flags and validity that cannot be said. `None` when the parts were compiled differently.
    pub(crate) fn gather(parts: &[&Self], from: &[From]) -> Option<Self> {
        let first = *parts.first()?;
        let alike = |part: &&Self| -> bool {
            part.instrument.hash() == first.instrument.hash()
                && part
                    .scales
                    .iter()
                    .zip(&first.scales)
                    .all(|(a, b)| std::mem::discriminant(&a.values) == std::mem::discriminant(&b.values))
        };
        if !parts.iter().all(alike) {
            return None;
        }
        let scales = (0..first.scales.len()).into_par_iter().map(|at| gather_scale(parts, at, from)).collect();
        let codes = |list: fn(&Self) -> &Vec<Vec<u8>>, count: usize| {
            (0..count)
                .into_par_iter()
                .map(|at| pick(&columns(parts, |part| list(part).get(at).map(Vec::as_slice)), from, 2_u8))
                .collect()
        };
        let all_missing = u16::try_from(first.plan.items.len()).unwrap_or(u16::MAX);
        Some(Self {
            instrument: first.instrument.clone(),
            plan: first.plan.clone(),
            rows: from.len(),
            scales,
            flags: codes(|part| &part.flags, first.flags.len()),
            validity: codes(|part| &part.validity, first.validity.len()),
            missing: pick(&columns(parts, |part| Some(part.missing.as_slice())), from, all_missing),
            issues: Vec::new(),
        })
    }
}

impl ScoredSheets {
    fn i16s(&self, scale: usize) -> Option<&[i16]> {
        if let Values::I16(values) = &self.scales.get(scale)?.values { Some(values) } else { None }
    }

    fn i32s(&self, scale: usize) -> Option<&[i32]> {
        if let Values::I32(values) = &self.scales.get(scale)?.values { Some(values) } else { None }
    }

    fn f64s(&self, scale: usize) -> Option<&[f64]> {
        if let Values::F64(values) = &self.scales.get(scale)?.values { Some(values) } else { None }
    }
}

fn columns<'a, T>(parts: &[&'a ScoredSheets], get: impl Fn(&'a ScoredSheets) -> Option<&'a [T]>) -> Vec<&'a [T]> {
    parts.iter().map(|part| get(part).unwrap_or_default()).collect()
}

fn pick<T: Copy>(columns: &[&[T]], from: &[From], nothing: T) -> Vec<T> {
    let get = |place: &From| {
        let (part, row) = (*place)?;
        columns.get(part as usize)?.get(row as usize).copied()
    };
    from.iter().map(|place| get(place).unwrap_or(nothing)).collect()
}

fn gather_scale(parts: &[&ScoredSheets], at: usize, from: &[From]) -> ScaleColumn {
    let first = parts.first().and_then(|part| part.scales.get(at));
    let values = match first.map(|column| &column.values) {
        Some(Values::I16(_)) => Values::I16(pick(&columns(parts, |part| part.i16s(at)), from, i16::MIN)),
        Some(Values::I32(_)) => Values::I32(pick(&columns(parts, |part| part.i32s(at)), from, i32::MIN)),
        _ => Values::F64(pick(&columns(parts, |part| part.f64s(at)), from, f64::NAN)),
    };
    let any_null = match &values {
        Values::I16(values) => values.contains(&i16::MIN),
        Values::I32(values) => values.contains(&i32::MIN),
        Values::F64(values) => values.iter().any(|value| value.is_nan()),
    };
    let has_bands = parts.first().is_some_and(|part| !part.plan.scales[at].cutoffs.is_empty());
    let bands = columns(parts, |part| part.scales.get(at).map(|column| column.bands.as_slice()));
    ScaleColumn {
        values,
        any_null,
        // The remaining columns explain single rows and are read from the parts.
        missing: Vec::new(),
        counted: false,
        bounds: Vec::new(),
        bands: if has_bands { pick(&bands, from, BAND_CANNOT_SAY) } else { Vec::new() },
        bands_undecided: true,
        norm_cells: Vec::new(),
    }
}
