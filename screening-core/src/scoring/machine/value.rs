//! What each operation does to one value: its lowest and highest numerator. Both drivers use these functions, hence the
//! same bits.

use std::cmp::Ordering;

use crate::answers::Tri;
use crate::instrument::expr::Comparison;
use crate::instrument::model::RoundMode;

use super::super::plan::{AnsweredResult, AnsweredRule, NormPlan, TablePlan, round_div};
use super::Lane;

/// The lowest and the highest numerator that a value can still have; equal when it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ends<L> {
    pub lo: L,
    pub hi: L,
}

impl<L: Lane> Ends<L> {
    #[inline(always)]
    pub(super) fn new(lo: L, hi: L) -> Self {
        Self { lo, hi }
    }

    /// A known value.
    #[inline(always)]
    pub(super) fn point(value: L) -> Self {
        Self { lo: value, hi: value }
    }

    #[inline(always)]
    pub(super) fn is_point(self) -> bool {
        self.lo == self.hi
    }

    #[inline(always)]
    fn map(self, f: impl Fn(L) -> L) -> Self {
        Self { lo: f(self.lo), hi: f(self.hi) }
    }

    /// A condition.
    #[inline(always)]
    fn truth(lo: bool, hi: bool) -> Self {
        Self { lo: L::from_u8(u8::from(lo)), hi: L::from_u8(u8::from(hi)) }
    }

    /// A condition as a three-valued answer.
    #[inline]
    pub(crate) fn truth_value(self) -> Tri {
        match (self.lo != L::default(), self.hi != L::default()) {
            (true, _) => Tri::Yes,
            (false, false) => Tri::No,
            _ => Tri::Unknown,
        }
    }

    #[inline(always)]
    fn times(self, k: L) -> Self {
        let (x, y) = (self.lo * k, self.hi * k);
        if k < L::default() { Self::new(y, x) } else { Self::new(x, y) }
    }

    #[inline(always)]
    pub(super) fn linear1(self, k: L, c: L) -> Self {
        self.times(k).map(|x| x + c)
    }

    #[inline(always)]
    pub(super) fn linear2(self, ka: L, b: Self, kb: L) -> Self {
        let (a, b) = (self.times(ka), b.times(kb));
        Self::new(a.lo + b.lo, a.hi + b.hi)
    }

    #[inline(always)]
    pub(super) fn multiply(self, b: Self) -> Self {
        let corners = [self.lo * b.lo, self.lo * b.hi, self.hi * b.lo, self.hi * b.hi];
        let lowest = corners[0].min(corners[1]).min(corners[2]).min(corners[3]);
        let highest = corners[0].max(corners[1]).max(corners[2]).max(corners[3]);
        Self::new(lowest, highest)
    }

    /// The quotient and its denominator. Unknown or undefined: anywhere between minus and plus the largest numerator.
    #[inline]
    pub(super) fn divide(self, ka: L, b: Self, kb: L) -> (Self, L) {
        let (zero, one) = (L::default(), L::from_u8(1));
        let (num, den) = (self.lo * ka, b.lo * kb);
        if self.is_point() && b.is_point() && den != zero {
            let sign = if den < zero { -one } else { one };
            return (Self::point(num * sign), den * sign);
        }
        let bound = num.max(self.hi * ka).max(-num).max(one);
        (Self::new(-bound, bound), one)
    }

    #[inline]
    pub(super) fn modulo(self, m: i64) -> Self {
        if self.is_point() {
            Self::point(L::from_i64(self.lo.to_i64().rem_euclid(m)))
        } else {
            Self::new(L::default(), L::from_i64(m - 1))
        }
    }

    #[inline]
    pub(super) fn round(self, mul: i64, den: i64, mode: RoundMode) -> Self {
        self.map(|x| L::from_i64(round_div(x.to_i64() * mul, den, mode)))
    }

    #[inline(always)]
    pub(super) fn at_least(self, c: L) -> Self {
        Self::truth(self.lo >= c, self.hi >= c)
    }

    #[inline(always)]
    pub(super) fn equals(self, c: L) -> Self {
        Self::truth(self.lo == c && self.hi == c, self.lo <= c && c <= self.hi)
    }

    /// Compares a value over `own` with `num / den`.
    #[inline]
    pub(super) fn compare(self, own: L, comparison: Comparison, (num, den): (i64, i64)) -> Self {
        let right = i128::from(num) * i128::from(own.to_i64());
        let holds = |x: L| {
            let order: Ordering = (i128::from(x.to_i64()) * i128::from(den)).cmp(&right);
            comparison.holds(order)
        };
        // Equality can hold between the ends, and inequality fail there; order comparisons turn at most once.
        if !self.is_point() && matches!(comparison, Comparison::Eq | Comparison::Ne) {
            return Self::truth(false, true);
        }
        let (at_low, at_high) = (holds(self.lo), holds(self.hi));
        Self::truth(at_low && at_high, at_low || at_high)
    }

    /// The smaller or the larger of two values; the factors are above 0.
    #[inline(always)]
    pub(super) fn extreme(self, ka: L, b: Self, kb: L, pick: impl Fn(L, L) -> L) -> Self {
        Self::new(pick(self.lo * ka, b.lo * kb), pick(self.hi * ka, b.hi * kb))
    }

    /// One of two values by a condition; the factors are above 0.
    #[inline(always)]
    pub(super) fn select(self, a: Self, ka: L, b: Self, kb: L) -> Self {
        let no = L::default();
        let (first, second) = (a.map(|x| x * ka), b.map(|x| x * kb));
        // Choices of values, not of ways: vector code has no branches.
        let open = Self::new(first.lo.min(second.lo), first.hi.max(second.hi));
        let unless = |possible: L, open: L, second: L| if possible == no { second } else { open };
        let lo = unless(self.hi, open.lo, second.lo);
        let hi = unless(self.hi, open.hi, second.hi);
        Self::new(if self.lo == no { lo } else { first.lo }, if self.lo == no { hi } else { first.hi })
    }

    /// The entries between two raw values. A hole in the table leaves the value open.
    #[inline]
    pub(super) fn lookup(self, table: &TablePlan) -> Self {
        let place = |raw: L| (raw.to_i64() - table.first).max(0) as usize;
        let entries = table.values.get(place(self.lo)..=place(self.hi)).unwrap_or_default();
        let known = || entries.iter().flatten().copied();
        match (entries, known().min(), known().max()) {
            ([Some(only)], ..) => Self::point(L::from_i64(*only)),
            (_, Some(lo), Some(hi)) if entries.iter().all(Option::is_some) => {
                Self::new(L::from_i64(lo), L::from_i64(hi))
            }
            _ => table.open(),
        }
    }

    /// The derived score from one cell of a norm, or its whole range when no cell serves.
    #[inline]
    pub(super) fn norm(self, rule: &NormPlan, cell: Option<usize>) -> Self {
        match cell.map(|at| &rule.cells[at]) {
            None => Self::new(L::from_i64(rule.lo), L::from_i64(rule.hi)),
            Some(cell) => self.map(|raw| L::from_i64(round_div(raw.to_i64() * cell.ka + cell.c, cell.den, rule.mode))),
        }
    }

    /// A score from the answered items alone, and its denominator where it carries one.
    #[inline]
    pub(super) fn answered(self, rule: &AnsweredRule, missing: i64) -> (Self, i64) {
        let (low, high) = (self.lo.to_i64(), self.hi.to_i64());
        let answered = rule.items - missing;
        if answered < rule.min_answered || missing == 0 {
            return (Self::new(L::from_i64(complete(rule, low)), L::from_i64(complete(rule, high))), rule.items);
        }
        let sum = low - rule.item_min * missing;
        let value = match rule.result {
            AnsweredResult::Sum => sum,
            AnsweredResult::Rounded { mul, den, mode } => round_div(sum * rule.items * mul, answered * den, mode),
            AnsweredResult::Common { common } => sum * rule.items * (common / answered),
            AnsweredResult::PerLane => sum * rule.items,
        };
        (Self::point(L::from_i64(value)), answered)
    }
}

impl TablePlan {
    /// Nothing is known but the range of the table.
    #[inline]
    pub(super) fn open<L: Lane>(&self) -> Ends<L> {
        Ends::new(L::from_i64(self.lo), L::from_i64(self.hi))
    }
}

/// The value when all items are answered.
#[inline]
fn complete(rule: &AnsweredRule, sum: i64) -> i64 {
    match rule.result {
        AnsweredResult::Sum => sum,
        AnsweredResult::Rounded { mul, den, mode } => round_div(sum * mul, den, mode),
        AnsweredResult::Common { common } => sum * common,
        AnsweredResult::PerLane => sum * rule.items,
    }
}
