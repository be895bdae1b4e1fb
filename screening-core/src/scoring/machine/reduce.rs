//! Sums over items: bytes are added in bytes as long as they fit, then widened.

use super::super::plan::{Affine, Key, Plan, Term, is_missing};
use super::{Input, Lane, Machine, Refused, State};

impl<L: Lane> Machine<L> {
    /// The sum when all answers are there, read and checked in one pass over the columns. Says whether they are.
    pub(super) fn reduce_whole(&mut self, plan: &Plan, input: &Input<'_>, r: usize, len: usize) -> bool {
        let reduction = &plan.reductions[r];
        let parts = || reduction.parts.iter().map(|&part| plan.reduction_regs[part]);
        if parts().any(|reg| !self.registers[reg].exact)
            || reduction.runs.iter().flatten().any(|term| !self.can_sum(plan, term))
        {
            return false;
        }
        let mut out = std::mem::take(&mut self.registers[plan.reduction_regs[r]]);
        let mut sum8 = std::mem::take(&mut self.sum8);
        let (lo, sum) = (&mut out.lo[..len], &mut sum8[..len]);
        let base = L::from_i64(reduction.direct_base);
        let mut strange = 0;
        for (n, run) in reduction.runs.iter().enumerate() {
            sum.fill(0);
            strange |= self.sum_whole(input, run, sum);
            let lanes = lo.iter_mut().zip(&*sum);
            if n == 0 {
                lanes.for_each(|(lo, &sum)| *lo = base + L::from_u8(sum));
            } else {
                lanes.for_each(|(lo, &sum)| *lo = *lo + L::from_u8(sum));
            }
        }
        if reduction.runs.is_empty() {
            lo.fill(base);
        }
        if strange == 0 {
            parts().for_each(|reg| add_lanes(lo, &self.registers[reg].lo[..len]));
            for term in reduction.runs.iter().flatten() {
                self.state[term.slot] = State::Whole;
                self.given[term.slot] = self.given[term.slot] || !self.in_scratch[term.slot];
            }
            out.exact = true;
            self.any_missing[r] = false;
        }
        self.sum8 = sum8;
        self.registers[plan.reduction_regs[r]] = out;
        strange == 0
    }

    /// Whether a term can be summed without looking at each answer first.
    fn can_sum(&self, plan: &Plan, term: &Term) -> bool {
        match self.state[term.slot] {
            State::Whole => true,
            State::Holes => false,
            State::Unseen => {
                plan.items[term.item].contiguous && matches!(term.key, Key::Plain { .. } | Key::Reversed { .. })
            }
        }
    }

    /// Adds the offsets of one run; not 0 when some answer is missing or not allowed.
    fn sum_whole(&self, input: &Input<'_>, run: &[Term], sum: &mut [u8]) -> u8 {
        let len = sum.len();
        let mut strange = 0;
        let mut affine: Four<'_, Affine> = Four::new(Affine::NOTHING);
        let mut limits: Four<'_, i8> = Four::new(i8::MAX);
        for term in run {
            let codes = self.codes(input, term.slot, len);
            match &term.key {
                Key::Plain { min } => {
                    if let Some((codes, how)) = affine.push(codes, Affine::plain(*min, term.span)) {
                        strange |= add_four(sum, codes, how);
                    }
                }
                Key::Reversed { max } => {
                    if let Some((codes, how)) = affine.push(codes, Affine::reversed(*max, term.span)) {
                        strange |= add_four(sum, codes, how);
                    }
                }
                Key::AtLeast { k } => {
                    if let Some((codes, limits)) = limits.push(codes, *k) {
                        count_four(sum, codes, limits);
                    }
                }
                Key::Table(_) => {
                    sum.iter_mut().zip(codes).for_each(|(sum, &code)| *sum = sum.wrapping_add(term.key.offset(code)));
                }
            }
        }
        for (codes, how) in affine.rest() {
            for (sum, &code) in sum.iter_mut().zip(codes) {
                let offset = how.of(code);
                strange |= offset.saturating_sub(how.span);
                *sum = sum.wrapping_add(offset);
            }
        }
        for (codes, k) in limits.rest() {
            sum.iter_mut().zip(codes).for_each(|(sum, &code)| *sum = sum.wrapping_add(u8::from(code >= k)));
        }
        strange
    }

    /// Runs one reduction into its register: the sum with every missing answer at its lowest, and at its highest.
    pub(super) fn reduce(
        &mut self,
        plan: &Plan,
        input: &Input<'_>,
        r: usize,
        len: usize,
        refused: &mut dyn FnMut(Refused),
    ) {
        let reduction = &plan.reductions[r];
        for term in &reduction.all {
            self.see(plan, input, term.slot, len, refused);
        }
        let mut out = std::mem::take(&mut self.registers[plan.reduction_regs[r]]);
        let mut missing = std::mem::take(&mut self.missing[r]);
        let exact = reduction.all.iter().all(|term| self.state[term.slot] == State::Whole);
        self.expect_holes[r] = !exact;
        let (lo, hi) = (&mut out.lo[..len], &mut out.hi[..len]);
        lo.fill(L::from_i64(reduction.direct_base));
        if !exact {
            hi.fill(L::default());
            missing[..len].fill(0);
        }
        for run in &reduction.runs {
            self.sum_run(input, run, len, &mut missing);
            for (lo, &sum) in lo.iter_mut().zip(&self.sum8[..len]) {
                *lo = *lo + L::from_u8(sum);
            }
            if !exact {
                // Until the parts are added, `hi` holds what the missing answers can add to `lo`.
                for (hi, &extra) in hi.iter_mut().zip(&self.extra8[..len]) {
                    *hi = *hi + L::from_u8(extra);
                }
            }
        }
        for &part in &reduction.parts {
            let register = &self.registers[plan.reduction_regs[part]];
            add_lanes(lo, &register.lo[..len]);
            if !exact && !register.exact {
                for ((hi, &high), &low) in hi.iter_mut().zip(&register.hi[..len]).zip(&register.lo[..len]) {
                    *hi = *hi + (high - low);
                }
                for (count, &more) in missing[..len].iter_mut().zip(&self.missing[part][..len]) {
                    *count += more;
                }
            }
        }
        if !exact {
            add_lanes(hi, lo);
        }
        out.exact = exact;
        self.any_missing[r] = !exact;
        self.registers[plan.reduction_regs[r]] = out;
        self.missing[r] = missing;
    }

    /// Sums the offsets of one run into `sum8`, what missing answers can add into `extra8`, and counts missing answers.
    fn sum_run(&mut self, input: &Input<'_>, run: &[Term], len: usize, missing: &mut [u8]) {
        let mut sum8 = std::mem::take(&mut self.sum8);
        let mut extra8 = std::mem::take(&mut self.extra8);
        let sum = &mut sum8[..len];
        sum.fill(0);
        extra8[..len].fill(0);
        let whole = |term: &&Term| self.state[term.slot] == State::Whole;
        for term in run.iter().filter(|term| !whole(term)) {
            let codes = self.codes(input, term.slot, len);
            add_with_holes(term, codes, sum, &mut extra8[..len], &mut missing[..len]);
        }
        for term in run.iter().filter(whole) {
            // All answers are there: nothing strange can be met.
            self.sum_whole(input, std::slice::from_ref(term), sum);
        }
        self.sum8 = sum8;
        self.extra8 = extra8;
    }
}

/// Collects column slices, to add four at a time: the accumulator is then read and written once for four columns.
struct Four<'a, T> {
    slices: [&'a [i8]; 4],
    with: [T; 4],
    held: usize,
}

impl<'a, T: Copy> Four<'a, T> {
    fn new(nothing: T) -> Self {
        Self { slices: [&[]; 4], with: [nothing; 4], held: 0 }
    }

    fn push(&mut self, codes: &'a [i8], with: T) -> Option<([&'a [i8]; 4], [T; 4])> {
        (self.slices[self.held], self.with[self.held]) = (codes, with);
        self.held = (self.held + 1) % 4;
        (self.held == 0).then_some((self.slices, self.with))
    }

    fn rest(&self) -> impl Iterator<Item = (&'a [i8], T)> {
        self.slices.into_iter().zip(self.with).take(self.held)
    }
}

/// Adds four columns; not 0 when some offset lies outside its span.
fn add_four(sum: &mut [u8], [a, b, c, d]: [&[i8]; 4], how: [Affine; 4]) -> u8 {
    let mut strange = 0;
    for ((((sum, &a), &b), &c), &d) in sum.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let (a, b, c, d) = (how[0].of(a), how[1].of(b), how[2].of(c), how[3].of(d));
        strange |= a.saturating_sub(how[0].span) | b.saturating_sub(how[1].span);
        strange |= c.saturating_sub(how[2].span) | d.saturating_sub(how[3].span);
        *sum = sum.wrapping_add(a.wrapping_add(b)).wrapping_add(c.wrapping_add(d));
    }
    strange
}

/// Counts in four columns the answers that reach their limits.
fn count_four(sum: &mut [u8], [a, b, c, d]: [&[i8]; 4], k: [i8; 4]) {
    for ((((sum, &a), &b), &c), &d) in sum.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let two = |x: i8, k: i8, y: i8, l: i8| u8::from(x >= k) + u8::from(y >= l);
        *sum = sum.wrapping_add(two(a, k[0], b, k[1]) + two(c, k[2], d, k[3]));
    }
}

/// A column with missing answers: they add nothing to the sum, their span to `extra`, and one to the count.
fn add_with_holes(term: &Term, codes: &[i8], sum: &mut [u8], extra: &mut [u8], missing: &mut [u8]) {
    let lanes = codes.iter().zip(sum).zip(extra).zip(missing);
    let span = term.span;
    match &term.key {
        Key::Plain { min } => {
            for (((&code, sum), extra), missing) in lanes {
                add_masked(code, code.wrapping_sub(*min) as u8, span, sum, extra, missing);
            }
        }
        Key::Reversed { max } => {
            for (((&code, sum), extra), missing) in lanes {
                add_masked(code, max.wrapping_sub(code) as u8, span, sum, extra, missing);
            }
        }
        Key::AtLeast { k } => {
            for (((&code, sum), extra), missing) in lanes {
                add_masked(code, u8::from(code >= *k), span, sum, extra, missing);
            }
        }
        Key::Table(_) => {
            for (((&code, sum), extra), missing) in lanes {
                add_masked(code, term.key.offset(code), span, sum, extra, missing);
            }
        }
    }
}

#[inline(always)]
fn add_masked(code: i8, offset: u8, span: u8, sum: &mut u8, extra: &mut u8, missing: &mut u8) {
    let hole = 0_u8.wrapping_sub(u8::from(is_missing(code)));
    *sum = sum.wrapping_add(offset & !hole);
    *extra = extra.wrapping_add(span & hole);
    *missing = missing.wrapping_sub(hole);
}

fn add_lanes<L: Lane>(to: &mut [L], from: &[L]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = *to + from;
    }
}
