//! Sums over items: bytes are added in bytes as long as they fit, then widened.

use super::super::plan::{Key, Plan, Term, is_missing};
use super::{Input, Lane, Machine};

impl<L: Lane> Machine<L> {
    /// Runs one reduction into its register: the sum with every missing answer at its lowest, and at its highest.
    pub(super) fn reduce(&mut self, plan: &Plan, input: &Input<'_>, r: usize, len: usize) {
        let reduction = &plan.reductions[r];
        let mut out = std::mem::take(&mut self.registers[plan.reduction_regs[r]]);
        let mut missing = std::mem::take(&mut self.missing[r]);
        let exact = reduction.all.iter().all(|term| self.clean[term.slot]);
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
        // Plain and reversed offsets are constants plus or minus the code, so the constants of a whole run are added once.
        let mut bias = 0_u8;
        let mut plain: Vec4<'_> = Vec4::default();
        for term in run {
            let codes = self.codes(input, term.slot, len);
            if !self.clean[term.slot] {
                add_with_holes(term, codes, sum, &mut extra8[..len], &mut missing[..len]);
                continue;
            }
            match &term.key {
                Key::Plain { min } => {
                    bias = bias.wrapping_sub(*min as u8);
                    if let Some(four) = plain.push(codes) {
                        add_four(sum, four);
                    }
                }
                Key::Reversed { max } => {
                    bias = bias.wrapping_add(*max as u8);
                    for (sum, &code) in sum.iter_mut().zip(codes) {
                        *sum = sum.wrapping_sub(code as u8);
                    }
                }
                Key::AtLeast { k } => {
                    for (sum, &code) in sum.iter_mut().zip(codes) {
                        *sum = sum.wrapping_add(u8::from(code >= *k));
                    }
                }
                Key::Table(_) => {
                    for (sum, &code) in sum.iter_mut().zip(codes) {
                        *sum = sum.wrapping_add(term.key.offset(code));
                    }
                }
            }
        }
        for codes in plain.rest() {
            for (sum, &code) in sum.iter_mut().zip(*codes) {
                *sum = sum.wrapping_add(code as u8);
            }
        }
        if bias != 0 {
            for sum in sum.iter_mut() {
                *sum = sum.wrapping_add(bias);
            }
        }
        self.sum8 = sum8;
        self.extra8 = extra8;
    }
}

/// Collects column slices, to add four at a time: the accumulator is then read and written once for four columns.
#[derive(Default)]
struct Vec4<'a> {
    slices: [&'a [i8]; 4],
    held: usize,
}

impl<'a> Vec4<'a> {
    fn push(&mut self, codes: &'a [i8]) -> Option<[&'a [i8]; 4]> {
        self.slices[self.held] = codes;
        self.held = (self.held + 1) % 4;
        (self.held == 0).then_some(self.slices)
    }

    fn rest(&self) -> &[&'a [i8]] {
        &self.slices[..self.held]
    }
}

fn add_four(sum: &mut [u8], [a, b, c, d]: [&[i8]; 4]) {
    for ((((sum, &a), &b), &c), &d) in sum.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let four = (a as u8).wrapping_add(b as u8).wrapping_add((c as u8).wrapping_add(d as u8));
        *sum = sum.wrapping_add(four);
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
