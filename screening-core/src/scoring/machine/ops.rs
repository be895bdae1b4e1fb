//! One operation over a block.

use crate::answers::wide_kind;
use crate::instrument::ItemSlot;
use crate::instrument::expr::Comparison;

use super::super::plan::{AnsweredResult, AnsweredRule, Op, Plan, is_missing, round_div};
use super::{Input, Lane, Machine, Register};

impl<L: Lane> Machine<L> {
    /// Runs one operation into its register.
    pub(super) fn op(&mut self, plan: &Plan, input: &Input<'_>, at: usize, len: usize) {
        let op = &plan.ops[at];
        if let Op::Reduce(_) = op {
            return;
        }
        let mut out = std::mem::take(&mut self.registers[at]);
        match op {
            Op::Reduce(_) => {}
            Op::Const(c) => constant(&mut out, *c, *c, len),
            Op::Unknown { lo, hi } => constant(&mut out, *lo, *hi, len),
            Op::Item(item) => self.load(plan, input, *item, &mut out, len),
            Op::ItemMissing(item) => self.load_missing(plan, input, *item, &mut out, len),
            Op::Resolve { item, condition, value } => self.resolve(plan, input, (*item, *condition, *value), len),
            Op::Linear1 { a, ka, c } => linear1(&self.registers[*a], *ka, *c, &mut out, len),
            Op::Linear2 { a, ka, b, kb } => linear2(self.two(*a, *b), (*ka, *kb), &mut out, len),
            Op::Mul { a, b } => multiply(self.two(*a, *b), &mut out, len),
            Op::Div { a, ka, b, kb } => self.divide((*a, *ka, *b, *kb), &mut out, len),
            Op::Mod { a, m } => modulo(&self.registers[*a], *m, &mut out, len),
            Op::Round { a, mul, den, mode } => {
                let (mul, den, mode) = (*mul, *den, *mode);
                map(&self.registers[*a], &mut out, len, |x| L::from_i64(round_div(x.to_i64() * mul, den, mode)));
            }
            Op::RoundPerLane { a, mul, mode } => round_per_lane(&self.registers[*a], *mul, *mode, &mut out, len),
            Op::Ge { a, c } => {
                let c = L::from_i64(*c);
                map(&self.registers[*a], &mut out, len, |x| L::from_u8(u8::from(x >= c)));
            }
            Op::Eq { a, c } => equal(&self.registers[*a], L::from_i64(*c), &mut out, len),
            Op::ComparePerLane { a, comparison, num, den } => {
                compare_per_lane(&self.registers[*a], *comparison, (*num, *den), &mut out, len);
            }
            Op::Min { a, ka, b, kb } => extreme(self.two(*a, *b), (*ka, *kb), &mut out, len, L::min),
            Op::Max { a, ka, b, kb } => extreme(self.two(*a, *b), (*ka, *kb), &mut out, len, L::max),
            Op::Select { condition, a, ka, b, kb } => {
                select(&self.registers[*condition], self.two(*a, *b), (*ka, *kb), &mut out, len);
            }
            Op::Lookup { a, table } => lookup(&self.registers[*a], &plan.tables[*table], &mut out, len),
            Op::Norm { a, norm } => self.norm(plan, input, (*a, *norm), &mut out, len),
            Op::Answered(rule) => self.answered(rule, &mut out, len),
        }
        self.registers[at] = out;
    }

    fn two(&self, a: usize, b: usize) -> (&Register<L>, &Register<L>) {
        (&self.registers[a], &self.registers[b])
    }

    fn load(&self, plan: &Plan, input: &Input<'_>, item: usize, out: &mut Register<L>, len: usize) {
        let range = (L::from_i64(plan.items[item].min), L::from_i64(plan.items[item].max));
        match plan.items[item].slot {
            ItemSlot::Narrow(slot) => {
                let codes = self.codes(input, slot, len);
                out.exact = self.clean[slot];
                if out.exact {
                    out.lo[..len].iter_mut().zip(codes).for_each(|(lo, &code)| *lo = L::from_i8(code));
                    return;
                }
                for ((lo, hi), &code) in out.lo[..len].iter_mut().zip(&mut out.hi[..len]).zip(codes) {
                    (*lo, *hi) = if is_missing(code) { range } else { (L::from_i8(code), L::from_i8(code)) };
                }
            }
            ItemSlot::Wide(slot) => {
                out.exact = true;
                for ((lo, hi), &value) in out.lo[..len].iter_mut().zip(&mut out.hi[..len]).zip(&input.wide[slot][..len])
                {
                    let known = L::from_i64(i64::from(value));
                    let missing = wide_kind(value).is_some();
                    out.exact &= !missing;
                    (*lo, *hi) = if missing { range } else { (known, known) };
                }
            }
        }
    }

    fn load_missing(&self, plan: &Plan, input: &Input<'_>, item: usize, out: &mut Register<L>, len: usize) {
        out.exact = true;
        for (lane, lo) in out.lo[..len].iter_mut().enumerate() {
            *lo = L::from_u8(u8::from(self.lacks(plan, input, item, lane)));
        }
    }

    /// A skip rule: an item without an answer that was surely not asked takes its stated value. An answer that is there
    /// stays, whatever the rule says: a form may have shown the question, and nothing answered is thrown away.
    fn resolve(&mut self, plan: &Plan, input: &Input<'_>, (item, condition, value): (usize, usize, i8), len: usize) {
        let ItemSlot::Narrow(slot) = plan.items[item].slot else { return };
        if self.clean[slot] {
            return;
        }
        let at = slot * self.lanes;
        if !self.in_scratch[slot] {
            self.scratch[at..at + len].copy_from_slice(&input.narrow[slot][..len]);
            self.in_scratch[slot] = true;
        }
        let asked_high = self.registers[condition].high();
        let codes = &mut self.scratch[at..at + len];
        for (code, &asked) in codes.iter_mut().zip(asked_high) {
            if is_missing(*code) && asked == L::default() {
                *code = value;
            }
        }
        self.clean[slot] = !codes.iter().any(|&code| is_missing(code));
    }

    fn divide(&self, (a, ka, b, kb): (usize, i64, usize, i64), out: &mut Register<L>, len: usize) {
        let (a, b) = self.two(a, b);
        out.den.resize(self.lanes, L::default());
        let (ka, kb, zero) = (L::from_i64(ka), L::from_i64(kb), L::default());
        out.exact = true;
        for lane in 0..len {
            let (num, den) = (a.lo[lane] * ka, b.lo[lane] * kb);
            let known = a.high()[lane] == a.lo[lane] && b.high()[lane] == b.lo[lane] && den != zero;
            let sign = if den < zero { -L::from_u8(1) } else { L::from_u8(1) };
            if known {
                (out.lo[lane], out.hi[lane], out.den[lane]) = (num * sign, num * sign, den * sign);
            } else {
                // Unknown, or undefined: anywhere between minus and plus the largest numerator.
                let bound = [a.lo[lane] * ka, a.high()[lane] * ka, -(a.lo[lane] * ka), L::from_u8(1)]
                    .into_iter()
                    .max()
                    .unwrap_or(zero);
                (out.lo[lane], out.hi[lane], out.den[lane]) = (-bound, bound, L::from_u8(1));
                out.exact = false;
            }
        }
    }

    fn norm(&self, plan: &Plan, input: &Input<'_>, (a, norm): (usize, usize), out: &mut Register<L>, len: usize) {
        let (a, rule) = (&self.registers[a], &plan.norms[norm]);
        out.exact = true;
        for lane in 0..len {
            let cell = Self::norm_cell(plan, norm, &(input.context)(lane));
            let (lo, hi) = match cell.map(|at| &rule.cells[at]) {
                None => (rule.lo, rule.hi),
                Some(cell) => {
                    let value = |raw: L| round_div(raw.to_i64() * cell.ka + cell.c, cell.den, rule.mode);
                    (value(a.lo[lane]), value(a.high()[lane]))
                }
            };
            out.exact &= lo == hi;
            (out.lo[lane], out.hi[lane]) = (L::from_i64(lo), L::from_i64(hi));
        }
    }

    fn answered(&self, rule: &AnsweredRule, out: &mut Register<L>, len: usize) {
        let a = &self.registers[rule.a];
        if rule.result == AnsweredResult::PerLane {
            out.den.resize(self.lanes, L::default());
        }
        if a.exact {
            out.exact = true;
            let items = rule.items;
            for lane in 0..len {
                out.lo[lane] = L::from_i64(complete(rule, a.lo[lane].to_i64()));
            }
            if rule.result == AnsweredResult::PerLane {
                out.den[..len].fill(L::from_i64(items));
            }
            return;
        }
        out.exact = true;
        for lane in 0..len {
            let missing = i64::from(self.missing[rule.reduction][lane]);
            let (low, high) = (a.lo[lane].to_i64(), a.hi[lane].to_i64());
            let (lo, hi, den) = partial(rule, low, high, missing);
            out.exact &= lo == hi;
            (out.lo[lane], out.hi[lane]) = (L::from_i64(lo), L::from_i64(hi));
            if rule.result == AnsweredResult::PerLane {
                out.den[lane] = L::from_i64(den);
            }
        }
    }
}

/// The value when all items are answered.
fn complete(rule: &AnsweredRule, sum: i64) -> i64 {
    match rule.result {
        AnsweredResult::Sum => sum,
        AnsweredResult::Rounded { mul, den, mode } => round_div(sum * mul, den, mode),
        AnsweredResult::Common { common } => sum * common,
        AnsweredResult::PerLane => sum * rule.items,
    }
}

/// Lowest, highest and denominator when `missing` items are not answered.
fn partial(rule: &AnsweredRule, low: i64, high: i64, missing: i64) -> (i64, i64, i64) {
    let answered = rule.items - missing;
    if answered < rule.min_answered {
        return (complete(rule, low), complete(rule, high), rule.items);
    }
    let sum = low - rule.item_min * missing;
    let value = match rule.result {
        AnsweredResult::Sum => sum,
        AnsweredResult::Rounded { mul, den, mode } => round_div(sum * rule.items * mul, answered * den, mode),
        AnsweredResult::Common { common } => sum * rule.items * (common / answered),
        AnsweredResult::PerLane => sum * rule.items,
    };
    (value, value, answered)
}

fn constant<L: Lane>(out: &mut Register<L>, lo: i64, hi: i64, len: usize) {
    out.lo[..len].fill(L::from_i64(lo));
    out.exact = lo == hi;
    if !out.exact {
        out.hi[..len].fill(L::from_i64(hi));
    }
}

/// A non-decreasing function of one register.
fn map<L: Lane>(a: &Register<L>, out: &mut Register<L>, len: usize, f: impl Fn(L) -> L) {
    out.exact = a.exact;
    for (to, &from) in out.lo[..len].iter_mut().zip(&a.lo[..len]) {
        *to = f(from);
    }
    if !a.exact {
        for (to, &from) in out.hi[..len].iter_mut().zip(&a.hi[..len]) {
            *to = f(from);
        }
    }
}

fn linear1<L: Lane>(a: &Register<L>, ka: i64, c: i64, out: &mut Register<L>, len: usize) {
    let (k, c) = (L::from_i64(ka), L::from_i64(c));
    map(a, out, len, |x| x * k + c);
    if ka < 0 && !a.exact {
        std::mem::swap(&mut out.lo, &mut out.hi);
    }
}

fn ends<L: Lane>(register: &Register<L>, k: i64, lane: usize) -> (L, L) {
    let (x, y) = (register.lo[lane] * L::from_i64(k), register.high()[lane] * L::from_i64(k));
    if k < 0 { (y, x) } else { (x, y) }
}

fn linear2<L: Lane>((a, b): (&Register<L>, &Register<L>), (ka, kb): (i64, i64), out: &mut Register<L>, len: usize) {
    out.exact = a.exact && b.exact;
    if out.exact {
        let (ka, kb) = (L::from_i64(ka), L::from_i64(kb));
        for ((to, &a), &b) in out.lo[..len].iter_mut().zip(&a.lo[..len]).zip(&b.lo[..len]) {
            *to = a * ka + b * kb;
        }
        return;
    }
    for lane in 0..len {
        let ((alo, ahi), (blo, bhi)) = (ends(a, ka, lane), ends(b, kb, lane));
        (out.lo[lane], out.hi[lane]) = (alo + blo, ahi + bhi);
    }
}

fn multiply<L: Lane>((a, b): (&Register<L>, &Register<L>), out: &mut Register<L>, len: usize) {
    out.exact = a.exact && b.exact;
    for lane in 0..len {
        let (alo, ahi, blo, bhi) = (a.lo[lane], a.high()[lane], b.lo[lane], b.high()[lane]);
        let corners = [alo * blo, alo * bhi, ahi * blo, ahi * bhi];
        out.lo[lane] = corners.into_iter().min().unwrap_or_default();
        if !out.exact {
            out.hi[lane] = corners.into_iter().max().unwrap_or_default();
        }
    }
}

fn modulo<L: Lane>(a: &Register<L>, m: i64, out: &mut Register<L>, len: usize) {
    out.exact = a.exact;
    for lane in 0..len {
        let (lo, hi) = (a.lo[lane].to_i64(), a.high()[lane].to_i64());
        let known = lo == hi;
        out.lo[lane] = L::from_i64(if known { lo.rem_euclid(m) } else { 0 });
        if !a.exact {
            out.hi[lane] = if known { out.lo[lane] } else { L::from_i64(m - 1) };
        }
    }
}

fn round_per_lane<L: Lane>(
    a: &Register<L>,
    mul: i64,
    mode: crate::instrument::model::RoundMode,
    out: &mut Register<L>,
    len: usize,
) {
    out.exact = a.exact;
    for lane in 0..len {
        let den = a.den[lane].to_i64().max(1);
        let round = |x: L| L::from_i64(round_div(x.to_i64() * mul, den, mode));
        out.lo[lane] = round(a.lo[lane]);
        if !a.exact {
            out.hi[lane] = round(a.hi[lane]);
        }
    }
}

fn equal<L: Lane>(a: &Register<L>, c: L, out: &mut Register<L>, len: usize) {
    out.exact = a.exact;
    if a.exact {
        for (to, &x) in out.lo[..len].iter_mut().zip(&a.lo[..len]) {
            *to = L::from_u8(u8::from(x == c));
        }
        return;
    }
    for lane in 0..len {
        let (lo, hi) = (a.lo[lane], a.hi[lane]);
        out.lo[lane] = L::from_u8(u8::from(lo == c && hi == c));
        out.hi[lane] = L::from_u8(u8::from(lo <= c && c <= hi));
    }
}

fn compare_per_lane<L: Lane>(
    a: &Register<L>,
    comparison: Comparison,
    (num, den): (i64, i64),
    out: &mut Register<L>,
    len: usize,
) {
    out.exact = a.exact;
    for lane in 0..len {
        let holds = |x: L| {
            let (left, right) =
                (i128::from(x.to_i64()) * i128::from(den), i128::from(num) * i128::from(a.den[lane].to_i64()));
            u8::from(comparison.holds(left.cmp(&right)))
        };
        let (at_low, at_high) = (holds(a.lo[lane]), holds(a.high()[lane]));
        // Equality can hold between the ends, and inequality fail there; order comparisons turn at most once.
        let between = a.lo[lane] != a.high()[lane] && matches!(comparison, Comparison::Eq | Comparison::Ne);
        let (lo, hi) = if between { (0, 1) } else { (at_low.min(at_high), at_low.max(at_high)) };
        out.lo[lane] = L::from_u8(lo);
        if !a.exact {
            out.hi[lane] = L::from_u8(hi);
        }
    }
}

fn extreme<L: Lane>(
    (a, b): (&Register<L>, &Register<L>),
    (ka, kb): (i64, i64),
    out: &mut Register<L>,
    len: usize,
    pick: fn(L, L) -> L,
) {
    out.exact = a.exact && b.exact;
    let (ka, kb) = (L::from_i64(ka), L::from_i64(kb));
    for ((to, &a), &b) in out.lo[..len].iter_mut().zip(&a.lo[..len]).zip(&b.lo[..len]) {
        *to = pick(a * ka, b * kb);
    }
    if !out.exact {
        for ((to, &a), &b) in out.hi[..len].iter_mut().zip(&a.high()[..len]).zip(&b.high()[..len]) {
            *to = pick(a * ka, b * kb);
        }
    }
}

fn select<L: Lane>(
    condition: &Register<L>,
    (a, b): (&Register<L>, &Register<L>),
    (ka, kb): (i64, i64),
    out: &mut Register<L>,
    len: usize,
) {
    let (ka, kb, no) = (L::from_i64(ka), L::from_i64(kb), L::default());
    if condition.exact && a.exact && b.exact {
        out.exact = true;
        for (((to, &c), &a), &b) in
            out.lo[..len].iter_mut().zip(&condition.lo[..len]).zip(&a.lo[..len]).zip(&b.lo[..len])
        {
            *to = if c == no { b * kb } else { a * ka };
        }
        return;
    }
    out.exact = true;
    for lane in 0..len {
        let (clo, chi) = (condition.lo[lane], condition.high()[lane]);
        let first = (a.lo[lane] * ka, a.high()[lane] * ka);
        let second = (b.lo[lane] * kb, b.high()[lane] * kb);
        let (lo, hi) = match (clo != no, chi != no) {
            (true, _) => first,
            (_, false) => second,
            _ => (first.0.min(second.0), first.1.max(second.1)),
        };
        out.exact &= lo == hi;
        (out.lo[lane], out.hi[lane]) = (lo, hi);
    }
}

fn lookup<L: Lane>(a: &Register<L>, table: &super::super::plan::TablePlan, out: &mut Register<L>, len: usize) {
    out.exact = true;
    for lane in 0..len {
        let range = (a.lo[lane].to_i64() - table.first, a.high()[lane].to_i64() - table.first);
        let entries = table.values.get(range.0.max(0) as usize..=range.1.max(0) as usize).unwrap_or_default();
        // A hole in the table leaves the value open.
        let whole = !entries.is_empty() && entries.iter().all(Option::is_some);
        let (lo, hi) = if whole {
            let known = || entries.iter().flatten().copied();
            (known().min().unwrap_or(table.lo), known().max().unwrap_or(table.hi))
        } else {
            (table.lo, table.hi)
        };
        out.exact &= lo == hi;
        (out.lo[lane], out.hi[lane]) = (L::from_i64(lo), L::from_i64(hi));
    }
}
