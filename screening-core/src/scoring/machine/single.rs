//! Runs a plan over one sheet: the steps of the block machine without its loops.

use crate::answers::{Context, wide_kind};
use crate::instrument::ItemSlot;

use super::super::Sheet;
use super::super::plan::{Affine, Op, Plan, Val, belongs, is_missing};
use super::value::Ends;
use super::{admit, norm_cell};

/// Registers of one sheet, in the widest lane: a plan that fits narrower ones fits it too.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    values: Vec<Ends<i64>>,
    dens: Vec<i64>,
    /// Missing answers of each reduction.
    missing: Vec<u16>,
    /// Narrow answers as the rules see them.
    codes: Vec<i8>,
    /// Their offsets by the item's own keying; 0 for a missing answer.
    offsets: Vec<u8>,
    /// Whether any narrow answer is missing.
    holes: bool,
    complete: bool,
    /// Room for scores from item parameters.
    work: Vec<f64>,
}

impl Single {
    pub(crate) fn new(plan: &Plan) -> Self {
        // Constants are written once: no step changes another register than its own.
        let constant = |op: &Op| match op {
            Op::Const(c) => Ends::point(*c),
            Op::Unknown { lo, hi } => Ends::new(*lo, *hi),
            _ => Ends::default(),
        };
        Self {
            values: plan.ops.iter().map(constant).collect(),
            dens: vec![1; plan.ops.len()],
            missing: vec![0; plan.reductions.len()],
            codes: vec![0; plan.slots.0],
            offsets: vec![0; plan.slots.0],
            holes: false,
            complete: false,
            work: vec![0.0; plan.response_room()],
        }
    }

    /// Runs the plan on one sheet of its instrument.
    pub(crate) fn run(&mut self, plan: &Plan, sheet: &Sheet, context: &Context) {
        self.take(plan, sheet);
        for at in 0..plan.prelude {
            self.step(plan, sheet, context, at);
        }
        if plan.prelude > 0 {
            self.key(plan);
        }
        for &r in &plan.reduction_order {
            self.reduce(plan, r);
        }
        for &at in &plan.single_ops {
            self.step(plan, sheet, context, at);
        }
    }

    /// Takes the answers over. One pass without a branch finds out whether all are there and allowed, which is the rule.
    fn take(&mut self, plan: &Plan, sheet: &Sheet) {
        let n = self.codes.len().min(sheet.narrow.len());
        let keys = &plan.own_keys;
        self.codes[..n].copy_from_slice(&sheet.narrow[..n]);
        let mut strange = 0;
        let keyed = keys.flips[..n].iter().zip(&keys.adds[..n]).zip(&keys.spans[..n]);
        for ((offset, &code), ((&flip, &add), &span)) in self.offsets[..n].iter_mut().zip(&sheet.narrow[..n]).zip(keyed)
        {
            *offset = Affine { flip, add, span }.of(code);
            strange |= offset.saturating_sub(span);
        }
        self.complete = strange == 0;
        self.holes = strange != 0;
        if self.holes {
            for (to, &item) in self.codes.iter_mut().zip(&plan.narrow_items) {
                *to = admit(&plan.items[item], *to, false).code;
            }
            self.key(plan);
        }
    }

    /// Offsets of the answers as they are now.
    fn key(&mut self, plan: &Plan) {
        let keys = &plan.own_keys;
        let keyed = keys.flips.iter().zip(&keys.adds);
        let mut holes = 0;
        for ((offset, &code), (&flip, &add)) in self.offsets.iter_mut().zip(&self.codes).zip(keyed) {
            let missing = u8::from(is_missing(code));
            holes |= missing;
            *offset = Affine { flip, add, span: 0 }.of(code) & missing.wrapping_sub(1);
        }
        self.holes = holes != 0;
    }

    /// Whether every narrow answer was given, before any rule put something in the place of a missing one.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The value of a register.
    pub(crate) fn ends(&self, reg: usize) -> Ends<i64> {
        self.values[reg]
    }

    /// The denominator of a value.
    pub(crate) fn denominator(&self, val: Val) -> i64 {
        if val.per_lane() { self.dens[val.reg] } else { val.den }
    }

    /// Missing answers of a reduction.
    pub(crate) fn missing_of(&self, reduction: usize) -> u16 {
        self.missing[reduction]
    }

    #[inline(always)]
    fn step(&mut self, plan: &Plan, sheet: &Sheet, context: &Context, at: usize) {
        let value = |at: &usize| self.values[*at];
        self.values[at] = match &plan.ops[at] {
            Op::Reduce(_) => return,
            Op::Resolve { item, condition, value } => return self.resolve(plan, *item, *condition, *value),
            Op::Const(c) => Ends::point(*c),
            Op::Unknown { lo, hi } => Ends::new(*lo, *hi),
            Op::Item(item) => self.answer(plan, sheet, *item),
            Op::CountMissing(_) if !self.holes && sheet.wide.is_empty() => Ends::point(0),
            Op::CountMissing(items) => {
                Ends::point(items.iter().filter(|&&item| self.lacks(plan, sheet, item)).count() as i64)
            }
            Op::Linear1 { a, ka, c } => value(a).linear1(*ka, *c),
            Op::Linear2 { a, ka, b, kb } => value(a).linear2(*ka, value(b), *kb),
            Op::Mul { a, b } => value(a).multiply(value(b)),
            Op::Div { a, ka, b, kb } => {
                let (ends, den) = value(a).divide(*ka, value(b), *kb);
                self.dens[at] = den;
                ends
            }
            Op::Mod { a, m } => value(a).modulo(*m),
            Op::Round { a, mul, den, mode } => value(a).round(*mul, *den, *mode),
            Op::RoundPerLane { a, mul, mode } => value(a).round(*mul, self.dens[*a].max(1), *mode),
            Op::Ge { a, c } => value(a).at_least(*c),
            Op::Eq { a, c } => value(a).equals(*c),
            Op::ComparePerLane { a, comparison, num, den } => {
                value(a).compare(self.dens[*a], *comparison, (*num, *den))
            }
            Op::Min { a, ka, b, kb } => value(a).extreme(*ka, value(b), *kb, i64::min),
            Op::Max { a, ka, b, kb } => value(a).extreme(*ka, value(b), *kb, i64::max),
            Op::Select { condition, a, ka, b, kb } => value(condition).select(value(a), *ka, value(b), *kb),
            Op::Lookup { a, table, variants } => {
                let tables = &plan.tables[*table..*table + *variants];
                let serves = |group| belongs(group, context) == Some(true);
                let table = tables.iter().find(|table| table.group.as_ref().is_none_or(serves));
                table.map_or_else(|| tables[0].open(), |table| value(a).lookup(table))
            }
            Op::Norm { a, norm } => value(a).norm(&plan.norms[*norm], norm_cell(plan, *norm, context)),
            Op::Response(response) => {
                let codes = &self.codes;
                let (lo, hi) = plan.responses[*response].ends(&|slot: usize| codes[slot], &mut self.work);
                Ends::new(lo, hi)
            }
            Op::Answered(rule) => {
                let (ends, den) = value(&rule.a).answered(rule, i64::from(self.missing[rule.reduction]));
                self.dens[at] = den;
                ends
            }
        };
    }

    fn answer(&self, plan: &Plan, sheet: &Sheet, item: usize) -> Ends<i64> {
        let known = match plan.items[item].slot {
            ItemSlot::Narrow(slot) => Some(self.codes[slot]).filter(|&code| !is_missing(code)).map(i64::from),
            ItemSlot::Wide(slot) => Some(sheet.wide[slot]).filter(|&value| wide_kind(value).is_none()).map(i64::from),
        };
        known.map_or(Ends::new(plan.items[item].min, plan.items[item].max), Ends::point)
    }

    /// Whether an item of the sheet that was run has no answer, as the sums see it.
    pub(crate) fn lacks(&self, plan: &Plan, sheet: &Sheet, item: usize) -> bool {
        match plan.items[item].slot {
            ItemSlot::Narrow(slot) => is_missing(self.codes[slot]),
            ItemSlot::Wide(slot) => wide_kind(sheet.wide[slot]).is_some(),
        }
    }

    /// As in the block machine: an item without an answer that was surely not asked takes its stated value.
    fn resolve(&mut self, plan: &Plan, item: usize, condition: usize, value: i8) {
        let ItemSlot::Narrow(slot) = plan.items[item].slot else { return };
        if is_missing(self.codes[slot]) && self.values[condition].hi == 0 {
            self.codes[slot] = value;
        }
    }

    fn reduce(&mut self, plan: &Plan, r: usize) {
        let (reduction, sums) = (&plan.reductions[r], &plan.single_sums[r]);
        let mut sum = 0_i64;
        for &(from, to) in &sums.own {
            let offsets = &self.offsets[usize::from(from)..usize::from(to)];
            sum += i64::from(offsets.iter().map(|&offset| u32::from(offset)).sum::<u32>());
        }
        let scattered = sums.scattered.iter().map(|&slot| u32::from(self.offsets[usize::from(slot)]));
        sum += i64::from(scattered.sum::<u32>());
        for &(from, to, k) in &sums.limits {
            // A missing answer lies below every limit.
            let codes = &self.codes[usize::from(from)..usize::from(to)];
            // A scale has at most 250 items, so a byte holds the count.
            sum += i64::from(codes.iter().fold(0_u8, |count, &code| count.wrapping_add(u8::from(code >= k))));
        }
        for term in &sums.others {
            let code = self.codes[term.slot];
            sum += if is_missing(code) { 0 } else { i64::from(term.key.offset(code)) };
        }
        let (mut extra, mut missing) = (0_i64, 0_u16);
        if self.holes {
            for &(slot, span) in &sums.spans {
                let hole = is_missing(self.codes[usize::from(slot)]);
                extra += if hole { i64::from(span) } else { 0 };
                missing += u16::from(hole);
            }
        }
        for &part in &reduction.parts {
            let ends = self.values[plan.reduction_regs[part]];
            sum += ends.lo;
            extra += ends.hi - ends.lo;
            missing += self.missing[part];
        }
        let lo = sum + reduction.direct_base;
        self.values[plan.reduction_regs[r]] = Ends::new(lo, lo + extra);
        self.missing[r] = missing;
    }
}
