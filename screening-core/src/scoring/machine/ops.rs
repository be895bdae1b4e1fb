//! One operation over a block.

use crate::answers::wide_kind;
use crate::instrument::ItemSlot;

use super::super::plan::{AnsweredResult, AnsweredRule, Op, Plan, ResponsePlan, TablePlan, belongs, is_missing};
use super::value::Ends;
use super::{Input, Lane, Machine, Register, State, norm_cell};

impl<L: Lane> Machine<L> {
    /// Runs one operation into its register.
    pub(super) fn op(&mut self, plan: &Plan, input: &Input<'_>, at: usize, len: usize) {
        let op = &plan.ops[at];
        if let Op::Reduce(_) = op {
            return;
        }
        let mut out = std::mem::take(&mut self.registers[at]);
        let reg = |at: &usize| &self.registers[*at];
        let num = |k: &i64| L::from_i64(*k);
        match op {
            Op::Reduce(_) => {}
            Op::Const(c) => constant(&mut out, *c, *c, len),
            Op::Unknown { lo, hi } => constant(&mut out, *lo, *hi, len),
            Op::Item(item) => self.load(plan, input, *item, &mut out, len),
            Op::CountMissing(items) => self.count_missing(plan, input, items, &mut out, len),
            Op::Resolve { item, condition, value } => self.resolve(plan, input, (*item, *condition, *value), len),
            Op::Linear1 { a, ka, c } => {
                let (k, c) = (num(ka), num(c));
                unary(reg(a), &mut out, len, |a| a.linear1(k, c));
            }
            Op::Linear2 { a, ka, b, kb } => {
                let (ka, kb) = (num(ka), num(kb));
                binary(reg(a), reg(b), &mut out, len, |a, b| a.linear2(ka, b, kb));
            }
            Op::Mul { a, b } => binary(reg(a), reg(b), &mut out, len, Ends::multiply),
            Op::Div { a, ka, b, kb } => {
                let (a, b, ka, kb) = (reg(a).view(len), reg(b).view(len), num(ka), num(kb));
                quotient(&mut out, self.lanes, len, |lane| a.at(lane).divide(ka, b.at(lane), kb));
            }
            Op::Mod { a, m } => unary(reg(a), &mut out, len, |a| a.modulo(*m)),
            Op::Round { a, mul, den, mode } => unary(reg(a), &mut out, len, |a| a.round(*mul, *den, *mode)),
            Op::RoundPerLane { a, mul, mode } => {
                let (a, den) = (reg(a).view(len), &reg(a).den[..len]);
                scan(&mut out, len, |lane| a.at(lane).round(*mul, den[lane].to_i64().max(1), *mode));
            }
            Op::Ge { a, c } => {
                let c = num(c);
                unary(reg(a), &mut out, len, |a| a.at_least(c));
            }
            Op::Eq { a, c } => {
                let c = num(c);
                unary(reg(a), &mut out, len, |a| a.equals(c));
            }
            Op::ComparePerLane { a, comparison, num, den } => {
                let (a, own) = (reg(a).view(len), &reg(a).den[..len]);
                scan(&mut out, len, |lane| a.at(lane).compare(own[lane], *comparison, (*num, *den)));
            }
            Op::Min { a, ka, b, kb } => {
                let (ka, kb) = (num(ka), num(kb));
                binary(reg(a), reg(b), &mut out, len, |a, b| a.extreme(ka, b, kb, L::min));
            }
            Op::Max { a, ka, b, kb } => {
                let (ka, kb) = (num(ka), num(kb));
                binary(reg(a), reg(b), &mut out, len, |a, b| a.extreme(ka, b, kb, L::max));
            }
            Op::Select { condition, a, ka, b, kb } => {
                select(reg(condition), (reg(a), num(ka)), (reg(b), num(kb)), &mut out, len);
            }
            Op::Lookup { a, table, variants } => {
                let (a, tables) = (reg(a).view(len), &plan.tables[*table..*table + *variants]);
                scan(&mut out, len, |lane| {
                    table_of(tables, input, lane).map_or_else(|| tables[0].open(), |table| a.at(lane).lookup(table))
                });
            }
            Op::Norm { a, norm } => {
                let (a, rule) = (reg(a).view(len), &plan.norms[*norm]);
                scan(&mut out, len, |lane| a.at(lane).norm(rule, norm_cell(plan, *norm, &(input.context)(lane))));
            }
            Op::Answered(rule) => self.answered(rule, &mut out, len),
            Op::Response(response) => {
                let mut work = std::mem::take(&mut self.work);
                self.response(&plan.responses[*response], input, &mut out, len, &mut work);
                self.work = work;
            }
        }
        self.registers[at] = out;
    }

    fn load(&self, plan: &Plan, input: &Input<'_>, item: usize, out: &mut Register<L>, len: usize) {
        let range = (L::from_i64(plan.items[item].min), L::from_i64(plan.items[item].max));
        match plan.items[item].slot {
            ItemSlot::Narrow(slot) => {
                let codes = self.codes(input, slot, len);
                out.exact = self.state[slot] == State::Whole;
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

    fn count_missing(&self, plan: &Plan, input: &Input<'_>, items: &[usize], out: &mut Register<L>, len: usize) {
        out.exact = true;
        let lo = &mut out.lo[..len];
        lo.fill(L::default());
        for &item in items {
            match plan.items[item].slot {
                ItemSlot::Narrow(slot) if self.state[slot] == State::Whole => {}
                ItemSlot::Narrow(slot) => {
                    let codes = self.codes(input, slot, len);
                    lo.iter_mut().zip(codes).for_each(|(lo, &code)| *lo = *lo + L::from_u8(u8::from(is_missing(code))));
                }
                ItemSlot::Wide(slot) => {
                    let missing = input.wide[slot][..len].iter().map(|&value| u8::from(wide_kind(value).is_some()));
                    lo.iter_mut().zip(missing).for_each(|(lo, missing)| *lo = *lo + L::from_u8(missing));
                }
            }
        }
    }

    /// A skip rule: an item without an answer that was surely not asked takes its stated value. An answer that is there
    /// stays, whatever the rule says: a form may have shown the question, and nothing answered is thrown away.
    fn resolve(&mut self, plan: &Plan, input: &Input<'_>, (item, condition, value): (usize, usize, i8), len: usize) {
        let ItemSlot::Narrow(slot) = plan.items[item].slot else { return };
        if self.state[slot] == State::Whole {
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
        if !codes.iter().any(|&code| is_missing(code)) {
            self.state[slot] = State::Whole;
        }
    }

    fn response(&self, plan: &ResponsePlan, input: &Input<'_>, out: &mut Register<L>, len: usize, work: &mut [f64]) {
        out.exact = true;
        for lane in 0..len {
            let (lo, hi) = plan.ends(&|slot: usize| self.codes(input, slot, len)[lane], work);
            out.exact &= lo == hi;
            (out.lo[lane], out.hi[lane]) = (L::from_i64(lo), L::from_i64(hi));
        }
    }

    fn answered(&self, rule: &AnsweredRule, out: &mut Register<L>, len: usize) {
        let (a, per_lane) = (&self.registers[rule.a], rule.result == AnsweredResult::PerLane);
        if a.exact && !per_lane {
            unary(a, out, len, |a| a.answered(rule, 0).0);
            return;
        }
        let (exact, a) = (a.exact, a.view(len));
        let counts = &self.missing[rule.reduction][..len];
        let missing = |lane: usize| if exact { 0 } else { i64::from(counts[lane]) };
        let value = |lane: usize| a.at(lane).answered(rule, missing(lane));
        if per_lane {
            quotient(out, self.lanes, len, |lane| {
                let (ends, den) = value(lane);
                (ends, L::from_i64(den))
            });
        } else {
            scan(out, len, |lane| value(lane).0);
        }
    }
}

impl<L: Lane> Register<L> {
    /// The lanes of this block, cut once, so that no lane is checked again.
    #[inline(always)]
    fn view(&self, len: usize) -> View<'_, L> {
        View { lo: &self.lo[..len], hi: &self.high()[..len] }
    }
}

/// The lanes of a register.
#[derive(Clone, Copy)]
struct View<'a, L> {
    lo: &'a [L],
    hi: &'a [L],
}

impl<L: Lane> View<'_, L> {
    #[inline(always)]
    fn at(&self, lane: usize) -> Ends<L> {
        Ends::new(self.lo[lane], self.hi[lane])
    }
}

fn constant<L: Lane>(out: &mut Register<L>, lo: i64, hi: i64, len: usize) {
    out.lo[..len].fill(L::from_i64(lo));
    out.exact = lo == hi;
    if !out.exact {
        out.hi[..len].fill(L::from_i64(hi));
    }
}

/// A function that keeps known values known.
#[inline(always)]
fn unary<L: Lane>(a: &Register<L>, out: &mut Register<L>, len: usize, f: impl Fn(Ends<L>) -> Ends<L>) {
    out.exact = a.exact;
    if a.exact {
        for (to, &a) in out.lo[..len].iter_mut().zip(&a.lo[..len]) {
            *to = f(Ends::point(a)).lo;
        }
        return;
    }
    let outs = out.lo[..len].iter_mut().zip(&mut out.hi[..len]);
    for ((lo, hi), (&a, &b)) in outs.zip(a.lo[..len].iter().zip(&a.hi[..len])) {
        Ends { lo: *lo, hi: *hi } = f(Ends::new(a, b));
    }
}

/// A function of two values that keeps known values known.
#[inline(always)]
fn binary<L: Lane>(
    a: &Register<L>,
    b: &Register<L>,
    out: &mut Register<L>,
    len: usize,
    f: impl Fn(Ends<L>, Ends<L>) -> Ends<L>,
) {
    out.exact = a.exact && b.exact;
    if out.exact {
        for ((to, &a), &b) in out.lo[..len].iter_mut().zip(&a.lo[..len]).zip(&b.lo[..len]) {
            *to = f(Ends::point(a), Ends::point(b)).lo;
        }
        return;
    }
    let ins = a.lo[..len].iter().zip(&a.high()[..len]).zip(b.lo[..len].iter().zip(&b.high()[..len]));
    for ((lo, hi), ((&alo, &ahi), (&blo, &bhi))) in out.lo[..len].iter_mut().zip(&mut out.hi[..len]).zip(ins) {
        Ends { lo: *lo, hi: *hi } = f(Ends::new(alo, ahi), Ends::new(blo, bhi));
    }
}

/// Any function of the lane; finds out whether all lanes are known.
#[inline(always)]
fn scan<L: Lane>(out: &mut Register<L>, len: usize, f: impl Fn(usize) -> Ends<L>) {
    out.exact = true;
    for (lane, (lo, hi)) in out.lo[..len].iter_mut().zip(&mut out.hi[..len]).enumerate() {
        let ends = f(lane);
        out.exact &= ends.is_point();
        (*lo, *hi) = (ends.lo, ends.hi);
    }
}

/// The same with a denominator per lane.
#[inline(always)]
fn quotient<L: Lane>(out: &mut Register<L>, lanes: usize, len: usize, f: impl Fn(usize) -> (Ends<L>, L)) {
    let mut dens = std::mem::take(&mut out.den);
    dens.resize(lanes, L::default());
    out.exact = true;
    let outs = out.lo[..len].iter_mut().zip(&mut out.hi[..len]).zip(&mut dens[..len]);
    for (lane, ((lo, hi), den)) in outs.enumerate() {
        let (ends, own) = f(lane);
        out.exact &= ends.is_point();
        (*lo, *hi, *den) = (ends.lo, ends.hi, own);
    }
    out.den = dens;
}

fn select<L: Lane>(
    condition: &Register<L>,
    (a, ka): (&Register<L>, L),
    (b, kb): (&Register<L>, L),
    out: &mut Register<L>,
    len: usize,
) {
    if condition.exact && a.exact && b.exact {
        out.exact = true;
        let ins = condition.lo[..len].iter().zip(&a.lo[..len]).zip(&b.lo[..len]);
        for (to, ((&c, &a), &b)) in out.lo[..len].iter_mut().zip(ins) {
            *to = if c == L::default() { b * kb } else { a * ka };
        }
        return;
    }
    let (condition, a, b) = (condition.view(len), a.view(len), b.view(len));
    scan(out, len, |lane| condition.at(lane).select(a.at(lane), ka, b.at(lane), kb));
}

/// The table that serves a person.
#[inline]
fn table_of<'t>(tables: &'t [TablePlan], input: &Input<'_>, lane: usize) -> Option<&'t TablePlan> {
    if let [only] = tables
        && only.group.is_none()
    {
        return Some(only);
    }
    let context = (input.context)(lane);
    tables.iter().find(|table| table.group.as_ref().is_none_or(|group| belongs(group, &context) == Some(true)))
}
