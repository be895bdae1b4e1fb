//! Look-up tables, norms and cut-off sets.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::instrument::Diagnostic;
use crate::instrument::model::{GroupDef, NormUnit, ScaleDef};
use crate::place;
use crate::stats::Decimal;

use super::super::build::{Operand, refuse, round_div};
use super::super::{CutoffPlan, NormCellPlan, NormPlan, Op, ScalePlan, TablePlan, Val};
use super::{Compiled, Compiler, diagnose};

impl Compiler<'_> {
    pub(super) fn lookup(&mut self, at: usize, scale: &ScaleDef) -> Compiled<Operand> {
        let source = self.source(at, scale)?;
        let fail = || diagnose(place!["scales", at, "table"]);
        if source.hi - source.lo > 100_000 {
            return refuse("the source has too many values for a table", "round the source scale").map_err(fail());
        }
        let values = || scale.lookup_tables().flat_map(|(_, table)| table.values());
        let den = values().fold(1, |den, value| den.max(value.denominator()));
        let first = self.tables.len();
        for (group, table) in scale.lookup_tables() {
            let values = dense(table, source, den);
            self.tables.push(TablePlan { group: group.copied(), first: source.lo, values, lo: 0, hi: 0 });
        }
        let tables = &mut self.tables[first..];
        let known = || tables.iter().flat_map(|table| table.values.iter().flatten()).copied();
        let (Some(lo), Some(hi)) = (known().min(), known().max()) else {
            return refuse("no table entry lies in the range of the source", "check the raw scores").map_err(fail());
        };
        // One range for all variants: what a person without a table can still have.
        let hi = hi.max(lo + 1);
        tables.iter_mut().for_each(|table| (table.lo, table.hi) = (lo, hi));
        let op = Op::Lookup { a: source.reg, table: first, variants: tables.len() };
        self.builder.emit(op, den, lo.into(), hi.into()).map(Operand::Val).map_err(fail())
    }

    pub(super) fn norm(&mut self, at: usize, scale: &ScaleDef) -> Compiled<(Operand, usize)> {
        let source = self.source(at, scale)?;
        let fail = || diagnose(place!["scales", at, "norm"]);
        let Some(norm) = scale.norm.as_ref().and_then(|name| self.definition.norms.get(name)) else {
            return refuse("the norm does not exist", "define it under [norms]").map_err(fail());
        };
        let unit = 10_i64.pow(u32::from(norm.round.decimals.min(4)));
        let raw_scale = &scale.of[0];
        let mut plan = NormPlan { cells: Vec::new(), mode: norm.round.mode, lo: i64::MAX, hi: i64::MIN };
        for (index, cell) in norm.cells.iter().enumerate().filter(|(_, cell)| cell.scale == *raw_scale) {
            let (spread, centre) = match norm.unit {
                NormUnit::T => (10, 50),
                NormUnit::Z => (1, 0),
            };
            // value = centre + spread (raw - mean) / sd, over the common denominator of mean and sd.
            let scale_den = cell.mean.denominator().max(cell.sd.denominator());
            let (mean, sd) = (
                cell.mean.mantissa() * (scale_den / cell.mean.denominator()),
                cell.sd.mantissa() * (scale_den / cell.sd.denominator()),
            );
            let den = sd * source.den;
            let ka = spread * unit * scale_den;
            let c = unit * source.den * (centre * sd - spread * mean);
            for raw in [source.lo, source.hi] {
                let num = i128::from(raw) * i128::from(ka) + i128::from(c);
                self.builder
                    .meet(&[2 * num + 2 * i128::from(den), i128::from(c), 2 * i128::from(den)])
                    .map_err(fail())?;
                let value = round_div(num as i64, den, norm.round.mode);
                plan.lo = plan.lo.min(value);
                plan.hi = plan.hi.max(value);
            }
            let group = GroupDef { sex: cell.sex, ages: cell.ages, grades: cell.grades };
            plan.cells.push(NormCellPlan { group, index, usable: cell.unusable.is_none(), ka, c, den });
        }
        if plan.cells.is_empty() {
            return refuse(&format!("the norm has no cell for scale `{raw_scale}`"), "add its cells").map_err(fail());
        }
        let (lo, hi) = (plan.lo, plan.hi.max(plan.lo + 1));
        plan.hi = hi;
        self.norms.push(plan);
        let op = Op::Norm { a: source.reg, norm: self.norms.len() - 1 };
        let val = self.builder.emit(op, unit, lo.into(), hi.into()).map_err(fail())?;
        Ok((Operand::Val(val), self.norms.len() - 1))
    }

    pub(super) fn cutoff(&mut self, index: usize, val: Val, band_ids: &mut Vec<String>) -> Compiled<CutoffPlan> {
        let cutoff = &self.definition.cutoffs[index];
        let mut plan =
            CutoffPlan { index, group: cutoff.when, starts: Vec::new(), exact: Vec::new(), bands: Vec::new() };
        for step in &cutoff.bands {
            let place = band_ids.iter().position(|id| *id == step.band).unwrap_or_else(|| {
                band_ids.push(step.band.clone());
                band_ids.len() - 1
            });
            plan.bands.push(place as u8);
            let Some(from) = step.from else { continue };
            let path = place!["cutoffs", index, "bands"];
            let scaled = i128::from(from.mantissa()) * i128::from(val.den.max(1));
            self.builder.meet(&[scaled]).map_err(diagnose(path.clone()))?;
            if val.per_lane() {
                let cross = [
                    i128::from(from.mantissa()) * i128::from(val.hi),
                    i128::from(val.hi) * i128::from(from.denominator()),
                ];
                self.builder.meet(&cross).map_err(diagnose(path))?;
            }
            let start = crate::stats::exact::ceil_div(scaled as i64, from.denominator());
            plan.starts.push(if val.per_lane() { 0 } else { start.clamp(val.lo, val.hi + 1) });
            plan.exact.push((from.mantissa(), from.denominator()));
        }
        Ok(plan)
    }

    pub(super) fn scale_plan(&mut self, at: usize, chosen: &HashMap<String, String>) -> Compiled<ScalePlan> {
        let definition = self.definition;
        let scale = &definition.scales[at];
        let (operand, reduction, norm) = match self.values[at] {
            Some(value) => value,
            None => (self.scale(at)?, None, None),
        };
        let val = self.builder.materialise(operand).map_err(diagnose(place!["scales", at]))?;
        let mut plan = ScalePlan {
            val,
            reduction,
            items: definition.expand_items(&scale.items).unwrap_or_default(),
            cutoffs: Vec::new(),
            band_ids: Vec::new(),
            norm,
            tables: self.grouped_tables(val),
        };
        let wanted = chosen.get(&scale.id);
        for (index, cutoff) in definition.cutoffs.iter().enumerate().filter(|(_, c)| c.scales.contains(&scale.id)) {
            let takes = wanted.map_or(cutoff.default, |id| *id == cutoff.id);
            if takes {
                let variant = self.cutoff(index, val, &mut plan.band_ids)?;
                plan.cutoffs.push(variant);
            }
        }
        if let Some(id) = wanted.filter(|_| plan.cutoffs.is_empty()) {
            let message = format!("scale `{}` has no cut-off set `{id}`", scale.id);
            return Err(Diagnostic::error(
                "cutoffs",
                place!["scales", at],
                message,
                "see `screening instruments show` for the sets",
            ));
        }
        Ok(plan)
    }

    /// The tables behind a value, when they differ between people.
    fn grouped_tables(&self, val: Val) -> Option<(usize, usize)> {
        match self.builder.ops.get(val.reg)? {
            Op::Lookup { table, variants, .. } if self.tables.get(*table)?.group.is_some() => Some((*table, *variants)),
            _ => None,
        }
    }

    pub(super) fn source(&mut self, at: usize, scale: &ScaleDef) -> Compiled<Val> {
        let path = place!["scales", at, "of"];
        let id = scale.of.first().map_or("", String::as_str);
        let operand = self.scale_named(id, &path)?;
        let val = self.builder.materialise(operand).map_err(diagnose(path.clone()))?;
        if val.per_lane() {
            refuse("the source is a quotient", "round it first").map_err(diagnose(path))
        } else {
            Ok(val)
        }
    }
}

/// A table over every numerator of the source; `None` where it has no entry.
fn dense(table: &IndexMap<String, Decimal>, source: Val, den: i64) -> Vec<Option<i64>> {
    let entries: HashMap<i64, i64> = table
        .iter()
        .filter_map(|(key, value)| {
            let raw: Decimal = key.parse().ok()?;
            let scaled = raw.mantissa().checked_mul(source.den)?;
            (scaled % raw.denominator() == 0)
                .then(|| (scaled / raw.denominator(), value.mantissa() * (den / value.denominator())))
        })
        .collect();
    (source.lo..=source.hi).map(|raw| entries.get(&raw).copied()).collect()
}
