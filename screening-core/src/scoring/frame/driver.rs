//! Runs blocks of rows and writes their results into place.

use rayon::prelude::*;

use crate::answers::{Context, Missing, wide_kind};
use crate::instrument::ItemSlot;

use super::super::machine::{BLOCK, Input, Lane, Machine, Register, norm_cell};
use super::super::plan::{Plan, ScalePlan, table_index};
use super::super::row::{Band, band};
use super::super::sheets::{AnswerIssue, BAND_CANNOT_SAY, BAND_NO_SET, ScaleColumn, ScoredSheets, Values};
use super::super::{Scorer, plan::belongs};
use super::FrameOptions;
use super::input::{Columns, Narrow, allowed};
use super::nulls::spread;
use super::out::{Out, ScaleOut, ValuesOut, split, take};

/// Rows of one task: a few blocks, so that threads share the work evenly.
pub(super) const CHUNK: usize = BLOCK * 16;

/// Scores all rows.
pub(super) fn run<L: Lane>(
    scorer: &Scorer,
    columns: &Columns,
    people: &[Context],
    options: FrameOptions,
    issues: Vec<AnswerIssue>,
) -> ScoredSheets {
    let plan = &scorer.plan;
    let mut sheets = empty(scorer, columns.rows, options);
    sheets.issues = issues;
    let slices: Vec<Slice<'_>> = columns.narrow.iter().map(Slice::of).collect();
    let outs = split(&mut sheets);
    // Missing answers need a copy of their columns and both ends of every register: fewer lanes keep that in cache.
    let block = if slices.iter().any(|slice| slice.nulls.is_some()) { BLOCK / 4 } else { BLOCK };
    let job = Job { block, scorer, plan, columns, slices: &slices, people };
    let reports: Vec<Report> = outs
        .into_par_iter()
        .enumerate()
        .map_init(
            || (Machine::<L>::new(plan, block), vec![0_i8; plan.slots.0 * block]),
            |(machine, holes), (n, out)| job.chunk(n * CHUNK, machine, holes, out),
        )
        .collect();
    for (n, report) in reports.into_iter().enumerate() {
        sheets.issues.extend(report.issues);
        for (column, counts) in sheets.scales.iter_mut().zip(report.missing).filter(|(_, counts)| !counts.is_empty()) {
            column.missing.resize(columns.rows, 0);
            column.missing[n * CHUNK..][..counts.len()].copy_from_slice(&counts);
        }
        for (column, (null, undecided)) in sheets.scales.iter_mut().zip(report.scales) {
            column.any_null |= null;
            column.bands_undecided |= undecided;
        }
    }
    sheets.issues.sort_by_key(|issue| issue.row);
    sheets
}

/// One narrow column as bytes.
struct Slice<'a> {
    codes: &'a [i8],
    unsigned: bool,
    /// Given where there is at least one null.
    nulls: Option<&'a polars_arrow::bitmap::Bitmap>,
}

impl<'a> Slice<'a> {
    fn of(column: &'a Narrow) -> Self {
        let empty = Self { codes: &[], unsigned: false, nulls: None };
        match column {
            Narrow::Owned(codes) => Self { codes, ..empty },
            Narrow::Direct(series) => match (series.i8(), series.u8()) {
                (Ok(bytes), _) => bytes.downcast_iter().next().map_or(empty, |array| Self {
                    codes: array.values().as_slice(),
                    unsigned: false,
                    nulls: array.validity().filter(|nulls| nulls.unset_bits() > 0),
                }),
                (_, Ok(bytes)) => bytes.downcast_iter().next().map_or(empty, |array| Self {
                    codes: bytemuck::cast_slice(array.values().as_slice()),
                    // With nulls there is nothing above 127, and the code of a null must not be taken for such a number.
                    unsigned: array.validity().is_none_or(|nulls| nulls.unset_bits() == 0),
                    nulls: array.validity().filter(|nulls| nulls.unset_bits() > 0),
                }),
                _ => empty,
            },
        }
    }
}

/// Empty results; zeroed memory is only touched where a block writes.
fn empty(scorer: &Scorer, rows: usize, options: FrameOptions) -> ScoredSheets {
    let scale = |scale: &ScalePlan| {
        let val = scale.val;
        // Numerators over the scale's denominator: exact, and a quarter of the memory of a double.
        let whole = !val.per_lane();
        let small = val.lo > i64::from(i16::MIN) && val.hi <= i64::from(i16::MAX);
        ScaleColumn {
            values: match (whole, small) {
                (true, true) => Values::I16(vec![0; rows]),
                (true, false) if val.lo > i64::from(i32::MIN) && val.hi <= i64::from(i32::MAX) => {
                    Values::I32(vec![0; rows])
                }
                _ => Values::F64(vec![0.0; rows]),
            },
            any_null: false,
            missing: Vec::new(),
            counted: scale.reduction.is_some(),
            bounds: vec![[0.0; 2]; if options.bounds { rows } else { 0 }],
            bands: vec![0; if scale.cutoffs.is_empty() { 0 } else { rows }],
            bands_undecided: false,
            norm_cells: vec![0; if scale.norm.is_some() { rows } else { 0 }],
        }
    };
    let plan = &scorer.plan;
    ScoredSheets {
        instrument: scorer.instrument.clone(),
        plan: scorer.plan.clone(),
        rows,
        scales: plan.scales.iter().map(scale).collect(),
        flags: vec![vec![0; rows]; plan.flags.len()],
        validity: vec![vec![0; rows]; plan.validity.len()],
        missing: vec![0; rows],
        issues: Vec::new(),
    }
}

struct Report {
    scales: Vec<(bool, bool)>,
    /// Missing items by scale and row of the chunk; empty while none is missing, which is the rule.
    missing: Vec<Vec<u8>>,
    issues: Vec<AnswerIssue>,
}

struct Job<'a> {
    /// Rows of a block.
    block: usize,
    scorer: &'a Scorer,
    plan: &'a Plan,
    columns: &'a Columns,
    slices: &'a [Slice<'a>],
    people: &'a [Context],
}

impl Job<'_> {
    fn chunk<L: Lane>(&self, first: usize, machine: &mut Machine<L>, holes: &mut [i8], mut out: Out<'_>) -> Report {
        let scales = self.plan.scales.len();
        let mut report =
            Report { scales: vec![(false, false); scales], missing: vec![Vec::new(); scales], issues: Vec::new() };
        let rows = out.rows;
        let unsigned: Vec<bool> = self.slices.iter().map(|slice| slice.unsigned).collect();
        let mut left = out.rows;
        let mut start = first;
        while left > 0 {
            let len = left.min(self.block);
            self.fill_holes(start, len, holes);
            let narrow: Vec<&[i8]> = self
                .slices
                .iter()
                .enumerate()
                .map(|(slot, slice)| {
                    if slice.nulls.is_some() {
                        &holes[slot * self.block..][..len]
                    } else {
                        &slice.codes[start..start + len]
                    }
                })
                .collect();
            let wide: Vec<&[i32]> = self.columns.wide.iter().map(|column| &column[start..start + len]).collect();
            let context = |lane: usize| self.people.get(start + lane).copied().unwrap_or_default();
            let input = Input { narrow: &narrow, wide: &wide, unsigned: &unsigned, context: &context };
            let mut block = take(&mut out, len);
            machine.run(self.plan, &input, len, &mut |(slot, lane)| {
                // A code that already stands for an invalid answer was reported when it was read.
                if narrow[slot][lane] != Missing::Invalid.code() {
                    let at = self.plan.narrow_items[slot];
                    let code = narrow[slot][lane];
                    let value = if unsigned[slot] { (code as u8).to_string() } else { code.to_string() };
                    report.issues.push(AnswerIssue {
                        row: start + lane,
                        column: self.scorer.instrument.item_column(at),
                        value,
                        allowed: allowed(self.scorer, at),
                    });
                }
            });
            for (scale, counts) in self.plan.scales.iter().zip(&mut report.missing) {
                if let Some(missing) = scale.reduction.and_then(|r| machine.missing_of(r)) {
                    counts.resize(rows, 0);
                    counts[start - first..][..len].copy_from_slice(&missing[..len]);
                }
            }
            self.write(machine, &input, len, &mut block, &mut report);
            left -= len;
            start += len;
        }
        report
    }

    /// Copies the block of every column with nulls, a skipped answer in place of each null.
    fn fill_holes(&self, start: usize, len: usize, holes: &mut [i8]) {
        for (slice, to) in self.slices.iter().zip(holes.chunks_mut(self.block)) {
            let Some(nulls) = slice.nulls else { continue };
            let (bytes, offset, _) = nulls.as_slice();
            spread(&slice.codes[start..start + len], bytes, offset + start, &mut to[..len]);
        }
    }

    fn write<L: Lane>(
        &self,
        machine: &Machine<L>,
        input: &Input<'_>,
        len: usize,
        out: &mut Out<'_>,
        report: &mut Report,
    ) {
        for (at, scale) in self.plan.scales.iter().enumerate() {
            let (register, to) = (machine.register(scale.val), &mut out.scales[at]);
            report.scales[at].0 |= self.values(at, register, len, to);
            if !scale.cutoffs.is_empty() {
                report.scales[at].1 |= bands(scale, register, input, len, to.bands);
            }
            if let Some(norm) = scale.norm {
                for (lane, cell) in to.norm_cells.iter_mut().enumerate() {
                    let found = norm_cell(self.plan, norm, &(input.context)(lane));
                    *cell = found.map_or(0, |cell| self.plan.norms[norm].cells[cell].index as u16 + 1);
                }
            }
        }
        let conditions =
            self.plan.flags.iter().zip(&mut out.flags).chain(self.plan.validity.iter().zip(&mut out.validity));
        for (&reg, to) in conditions {
            conditions_of(machine.register_at(reg), len, to);
        }
        self.count_missing(machine, input, out.missing);
    }

    /// Writes the values of a block; says whether any is missing.
    fn values<L: Lane>(&self, at: usize, register: &Register<L>, len: usize, to: &mut ScaleOut<'_>) -> bool {
        let val = self.plan.scales[at].val;
        let lo = &register.low()[..len];
        match &mut to.values {
            ValuesOut::I16(values) => values.iter_mut().zip(lo).for_each(|(to, from)| *to = from.to_i64() as i16),
            ValuesOut::I32(values) => values.iter_mut().zip(lo).for_each(|(to, from)| *to = from.to_i64() as i32),
            ValuesOut::F64(values) if val.per_lane() => {
                let lanes = values.iter_mut().zip(lo).zip(&register.denominators()[..len]);
                lanes.for_each(|((to, from), den)| *to = from.to_i64() as f64 / den.to_i64() as f64);
            }
            ValuesOut::F64(values) => {
                values.iter_mut().zip(lo).for_each(|(to, from)| *to = from.to_i64() as f64 / val.den as f64);
            }
        }
        if register.is_exact() {
            return false;
        }
        let hi = &register.high()[..len];
        match &mut to.values {
            ValuesOut::I16(values) => void(values, lo, hi, i16::MIN),
            ValuesOut::I32(values) => void(values, lo, hi, i32::MIN),
            ValuesOut::F64(values) => void(values, lo, hi, f64::NAN),
        }
        for (lane, bounds) in to.bounds.iter_mut().enumerate() {
            if lo[lane] != hi[lane] {
                let den = if val.per_lane() { register.denominators()[lane].to_i64() } else { val.den };
                *bounds = [lo[lane], hi[lane]].map(|end| (end.to_i64() as f64 / den as f64) as f32);
            }
        }
        true
    }

    /// Counts what the pupil left out, whatever a rule puts in its place; in bytes as long as they hold the count.
    fn count_missing<L: Lane>(&self, machine: &Machine<L>, input: &Input<'_>, to: &mut [u16]) {
        let mut counts = [0_u8; BLOCK];
        let counts = &mut counts[..to.len()];
        let mut held = 0;
        for item in &self.plan.items {
            match item.slot {
                ItemSlot::Narrow(slot) if machine.all_given(slot) => continue,
                ItemSlot::Narrow(slot) if item.contiguous => {
                    let (min, span) = (item.min as i8, (item.max - item.min) as u8);
                    let missing = |code: i8| u8::from(code.wrapping_sub(min) as u8 > span);
                    counts.iter_mut().zip(input.narrow[slot]).for_each(|(count, &code)| *count += missing(code));
                }
                ItemSlot::Narrow(slot) => {
                    let given = |code: i8| item.allowed[table_index(code)] && !(input.unsigned[slot] && code < 0);
                    counts
                        .iter_mut()
                        .zip(input.narrow[slot])
                        .for_each(|(count, &code)| *count += u8::from(!given(code)));
                }
                ItemSlot::Wide(slot) => {
                    let missing = input.wide[slot].iter().map(|&value| u8::from(wide_kind(value).is_some()));
                    counts.iter_mut().zip(missing).for_each(|(count, missing)| *count += missing);
                }
            }
            held += 1;
            if held == u8::MAX {
                flush(counts, to);
                held = 0;
            }
        }
        if held > 0 {
            flush(counts, to);
        }
    }
}

/// Adds bytes to wider counts and empties them.
fn flush(counts: &mut [u8], to: &mut [u16]) {
    to.iter_mut().zip(&*counts).for_each(|(to, count)| *to += u16::from(*count));
    counts.fill(0);
}

/// Takes away values that are not known.
fn void<L: Lane, T: Copy>(values: &mut [T], lo: &[L], hi: &[L], nothing: T) {
    for ((value, lo), hi) in values.iter_mut().zip(lo).zip(hi) {
        *value = if lo == hi { *value } else { nothing };
    }
}

fn conditions_of<L: Lane>(register: &Register<L>, len: usize, to: &mut [u8]) {
    if register.is_exact() {
        to.iter_mut().zip(&register.low()[..len]).for_each(|(to, from)| *to = u8::from(*from != L::default()));
        return;
    }
    // 1 when it surely holds, 2 when it may, without a branch.
    for (to, (lo, hi)) in to.iter_mut().zip(register.low()[..len].iter().zip(&register.high()[..len])) {
        let (sure, possible) = (u8::from(*lo != L::default()), u8::from(*hi != L::default()));
        *to = sure | ((possible & (sure ^ 1)) << 1);
    }
}

/// Writes band codes; says whether any cannot be said.
fn bands<L: Lane>(scale: &ScalePlan, register: &Register<L>, input: &Input<'_>, len: usize, to: &mut [u8]) -> bool {
    let lo = &register.low()[..len];
    if let ([cutoff], false) = (&scale.cutoffs[..], scale.val.per_lane())
        && cutoff.group.is_none()
    {
        steps(&cutoff.starts, lo, to);
        let mut undecided = false;
        if !register.is_exact() {
            let mut high = [0_u8; BLOCK];
            steps(&cutoff.starts, &register.high()[..len], &mut high[..len]);
            for (to, high) in to.iter_mut().zip(&high[..len]) {
                undecided |= *to != *high;
                *to = if *to == *high { *to } else { BAND_CANNOT_SAY };
            }
        }
        // Two bands of a set may share a label; then positions and codes differ.
        if cutoff.bands.iter().enumerate().any(|(at, code)| at != usize::from(*code)) {
            to.iter_mut().filter(|to| **to != BAND_CANNOT_SAY).for_each(|to| *to = cutoff.bands[usize::from(*to)]);
        }
        return undecided;
    }
    let mut undecided = false;
    for (lane, to) in to.iter_mut().enumerate().take(len) {
        let context = (input.context)(lane);
        let chosen = scale
            .cutoffs
            .iter()
            .position(|c| c.group.as_ref().is_none_or(|group| belongs(group, &context) == Some(true)));
        let den = if scale.val.per_lane() { register.denominators()[lane].to_i64() } else { scale.val.den };
        *to = match band(scale, chosen, lo[lane].to_i64(), register.high()[lane].to_i64(), den) {
            Band::Known(code) => code,
            Band::CannotSay => BAND_CANNOT_SAY,
            Band::NoSet => BAND_NO_SET,
        };
        undecided |= *to == BAND_CANNOT_SAY;
    }
    undecided
}

/// How many starts each value reaches, three starts in one pass.
fn steps<L: Lane>(starts: &[i64], values: &[L], to: &mut [u8]) {
    to.fill(0);
    let reaches = |value: L, start: i64| u8::from(value >= L::from_i64(start));
    for starts in starts.chunks(3) {
        let lanes = to.iter_mut().zip(values);
        match *starts {
            [a, b, c] => lanes.for_each(|(to, &v)| *to += reaches(v, a) + reaches(v, b) + reaches(v, c)),
            [a, b] => lanes.for_each(|(to, &v)| *to += reaches(v, a) + reaches(v, b)),
            [a] => lanes.for_each(|(to, &v)| *to += reaches(v, a)),
            _ => {}
        }
    }
}
