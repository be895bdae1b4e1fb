//! Where chunks write their results: every column cut into pieces that are handed to threads.

use super::super::sheets::{ScoredSheets, Values};
use super::driver::CHUNK;

pub(super) enum ValuesOut<'a> {
    I16(&'a mut [i16]),
    I32(&'a mut [i32]),
    F64(&'a mut [f64]),
}

pub(super) struct ScaleOut<'a> {
    pub(super) values: ValuesOut<'a>,
    pub(super) bounds: &'a mut [[f32; 2]],
    pub(super) bands: &'a mut [u8],
    pub(super) norm_cells: &'a mut [u16],
}

/// Where one chunk writes.
pub(super) struct Out<'a> {
    pub(super) rows: usize,
    pub(super) scales: Vec<ScaleOut<'a>>,
    pub(super) flags: Vec<&'a mut [u8]>,
    pub(super) validity: Vec<&'a mut [u8]>,
    pub(super) missing: &'a mut [u16],
}

/// Cuts the first `at` elements off a slice (all of it when it is shorter).
#[allow(clippy::mut_mut)] // the slice itself is moved forward
fn cut<'a, T>(slice: &mut &'a mut [T], at: usize) -> &'a mut [T] {
    let taken = std::mem::take(slice);
    let (head, tail) = taken.split_at_mut(at.min(taken.len()));
    *slice = tail;
    head
}

pub(super) fn split(sheets: &mut ScoredSheets) -> Vec<Out<'_>> {
    let rows = sheets.rows;
    let mut rest = Out {
        rows,
        scales: sheets
            .scales
            .iter_mut()
            .map(|column| ScaleOut {
                values: match &mut column.values {
                    Values::I16(values) => ValuesOut::I16(values),
                    Values::I32(values) => ValuesOut::I32(values),
                    Values::F64(values) => ValuesOut::F64(values),
                },
                bounds: &mut column.bounds,
                bands: &mut column.bands,
                norm_cells: &mut column.norm_cells,
            })
            .collect(),
        flags: sheets.flags.iter_mut().map(Vec::as_mut_slice).collect(),
        validity: sheets.validity.iter_mut().map(Vec::as_mut_slice).collect(),
        missing: &mut sheets.missing,
    };
    (0..rows.div_ceil(CHUNK)).map(|n| take(&mut rest, CHUNK.min(rows - n * CHUNK))).collect()
}

pub(super) fn take<'a>(rest: &mut Out<'a>, at: usize) -> Out<'a> {
    Out {
        rows: at,
        scales: rest
            .scales
            .iter_mut()
            .map(|scale| ScaleOut {
                values: match &mut scale.values {
                    ValuesOut::I16(values) => ValuesOut::I16(cut(values, at)),
                    ValuesOut::I32(values) => ValuesOut::I32(cut(values, at)),
                    ValuesOut::F64(values) => ValuesOut::F64(cut(values, at)),
                },
                bounds: cut(&mut scale.bounds, at),
                bands: cut(&mut scale.bands, at),
                norm_cells: cut(&mut scale.norm_cells, at),
            })
            .collect(),
        flags: rest.flags.iter_mut().map(|flag| cut(flag, at)).collect(),
        validity: rest.validity.iter_mut().map(|rule| cut(rule, at)).collect(),
        missing: cut(&mut rest.missing, at),
    }
}
