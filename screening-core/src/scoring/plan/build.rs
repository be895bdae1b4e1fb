//! Emits operations with exact units, folding constants and tracking the range of every result.

use std::collections::HashMap;

use crate::instrument::expr::Comparison;
use crate::instrument::model::RoundMode;
use crate::stats::exact::{ceil_div, floor_div, gcd, half_even_div, half_up_div, lcm};

use super::{Op, Val};

/// A constant, or a value known only at run time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operand {
    /// `num / den`
    Const(i64, i64),
    /// A register.
    Val(Val),
}

/// Why a formula cannot be compiled: cause and advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildError {
    pub message: String,
    pub help: String,
}

pub(super) fn refuse<T>(message: &str, help: &str) -> Result<T, BuildError> {
    Err(BuildError { message: message.to_owned(), help: help.to_owned() })
}

type Built = Result<Operand, BuildError>;

/// The operations so far.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub ops: Vec<Op>,
    known: HashMap<Op, usize>,
    /// Largest absolute value that any step can meet.
    pub peak: i64,
}

/// Numerators stay below this, so that sums and doublings cannot overflow.
const LIMIT: i128 = 1 << 60;

/// Rounds `num / den` by name.
pub(crate) fn round_div(num: i64, den: i64, mode: RoundMode) -> i64 {
    match mode {
        RoundMode::Floor => floor_div(num, den),
        RoundMode::Ceil => ceil_div(num, den),
        RoundMode::HalfUp => half_up_div(num, den),
        RoundMode::HalfEven => half_even_div(num, den),
    }
}

impl Builder {
    /// Notes a value that a step can meet.
    pub(super) fn meet(&mut self, values: &[i128]) -> Result<(), BuildError> {
        for value in values {
            if value.abs() >= LIMIT {
                return refuse("the numbers grow beyond exact 64-bit arithmetic", "round an intermediate scale first");
            }
            self.peak = self.peak.max(value.abs() as i64);
        }
        Ok(())
    }

    /// Emits an operation, or finds the register of the same one.
    pub(super) fn emit(&mut self, op: Op, den: i64, lo: i128, hi: i128) -> Result<Val, BuildError> {
        self.meet(&[lo, hi])?;
        let reg = match self.known.get(&op) {
            Some(&reg) => reg,
            None => {
                self.ops.push(op.clone());
                self.known.insert(op, self.ops.len() - 1);
                self.ops.len() - 1
            }
        };
        Ok(Val { reg, den, lo: lo as i64, hi: hi as i64 })
    }

    /// Puts a constant into a register.
    pub(super) fn materialise(&mut self, operand: Operand) -> Result<Val, BuildError> {
        match operand {
            Operand::Val(val) => Ok(val),
            Operand::Const(num, den) => self.emit(Op::Const(num), den, num.into(), num.into()),
        }
    }

    fn fixed(val: Val) -> Result<Val, BuildError> {
        if val.per_lane() {
            refuse(
                "a quotient can only be compared with a number or rounded",
                "round it first, for example round_half_up(a / b, 2)",
            )
        } else {
            Ok(val)
        }
    }

    /// Common denominator and the two factors that lead to it.
    fn align(a: i64, b: i64) -> Result<(i64, i64, i64), BuildError> {
        match lcm(a, b) {
            Some(den) => Ok((den, den / a, den / b)),
            None => refuse("the denominators grow beyond exact arithmetic", "round an intermediate scale first"),
        }
    }

    pub(super) fn add(&mut self, a: Operand, b: Operand) -> Built {
        match (a, b) {
            (Operand::Const(an, ad), Operand::Const(bn, bd)) => {
                let (den, ka, kb) = Self::align(ad, bd)?;
                self.meet(&[i128::from(an) * i128::from(ka), i128::from(bn) * i128::from(kb)])?;
                Ok(Operand::Const(an * ka + bn * kb, den))
            }
            (Operand::Val(v), Operand::Const(n, d)) | (Operand::Const(n, d), Operand::Val(v)) => {
                let v = Self::fixed(v)?;
                let (den, ka, kc) = Self::align(v.den, d)?;
                self.linear1(v, ka, i128::from(n) * i128::from(kc), den)
            }
            (Operand::Val(a), Operand::Val(b)) => {
                let (a, b) = (Self::fixed(a)?, Self::fixed(b)?);
                let (den, ka, kb) = Self::align(a.den, b.den)?;
                self.linear2(a, ka, b, kb, den)
            }
        }
    }

    fn linear1(&mut self, a: Val, ka: i64, c: i128, den: i64) -> Built {
        if ka == 1 && c == 0 {
            return Ok(Operand::Val(Val { den, ..a }));
        }
        let (x, y) = (i128::from(a.lo) * i128::from(ka), i128::from(a.hi) * i128::from(ka));
        self.meet(&[x, y, c, i128::from(ka)])?;
        let op = Op::Linear1 { a: a.reg, ka, c: c as i64 };
        Ok(Operand::Val(self.emit(op, den, x.min(y) + c, x.max(y) + c)?))
    }

    fn linear2(&mut self, a: Val, ka: i64, b: Val, kb: i64, den: i64) -> Built {
        let range = |v: Val, k: i64| {
            let (x, y) = (i128::from(v.lo) * i128::from(k), i128::from(v.hi) * i128::from(k));
            (x.min(y), x.max(y))
        };
        let ((alo, ahi), (blo, bhi)) = (range(a, ka), range(b, kb));
        self.meet(&[alo, ahi, blo, bhi, ka.into(), kb.into()])?;
        let op = Op::Linear2 { a: a.reg, ka, b: b.reg, kb };
        Ok(Operand::Val(self.emit(op, den, alo + blo, ahi + bhi)?))
    }

    pub(super) fn negate(&mut self, a: Operand) -> Built {
        self.multiply(a, Operand::Const(-1, 1))
    }

    pub(super) fn multiply(&mut self, a: Operand, b: Operand) -> Built {
        match (a, b) {
            (Operand::Const(an, ad), Operand::Const(bn, bd)) => {
                self.meet(&[i128::from(an) * i128::from(bn), i128::from(ad) * i128::from(bd)])?;
                Ok(Operand::Const(an * bn, ad * bd))
            }
            (Operand::Val(v), Operand::Const(n, d)) | (Operand::Const(n, d), Operand::Val(v)) => self.scale_by(v, n, d),
            (Operand::Val(a), Operand::Val(b)) => {
                let (a, b) = (Self::fixed(a)?, Self::fixed(b)?);
                let corners = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)]
                    .map(|(x, y)| i128::from(x) * i128::from(y));
                let (lo, hi) = (corners.into_iter().min().unwrap_or(0), corners.into_iter().max().unwrap_or(0));
                self.meet(&[i128::from(a.den) * i128::from(b.den)])?;
                Ok(Operand::Val(self.emit(Op::Mul { a: a.reg, b: b.reg }, a.den * b.den, lo, hi)?))
            }
        }
    }

    fn scale_by(&mut self, v: Val, n: i64, d: i64) -> Built {
        let v = Self::fixed(v)?;
        if n == 0 {
            return Ok(Operand::Const(0, 1));
        }
        let common = gcd(n, d).max(1);
        let (n, d) = (n / common, d / common);
        let cancel = gcd(n, v.den).max(1);
        let (n, den) = (n / cancel, i128::from(v.den / cancel) * i128::from(d));
        self.meet(&[den])?;
        self.linear1(v, n, 0, den as i64)
    }

    pub(super) fn divide(&mut self, a: Operand, b: Operand) -> Built {
        match b {
            Operand::Const(0, _) => refuse("division by zero", "divide by something else"),
            Operand::Const(n, d) => self.multiply(a, if n < 0 { Operand::Const(-d, -n) } else { Operand::Const(d, n) }),
            Operand::Val(b) => {
                let b = Self::fixed(b)?;
                let a = self.materialise(a)?;
                let a = Self::fixed(a)?;
                let common = gcd(a.den, b.den).max(1);
                let (ka, kb) = (b.den / common, a.den / common);
                let (x, y) = (i128::from(a.lo) * i128::from(ka), i128::from(a.hi) * i128::from(ka));
                self.meet(&[i128::from(b.lo) * i128::from(kb), i128::from(b.hi) * i128::from(kb)])?;
                // A quotient is nowhere larger than its numerator over the smallest step of the denominator.
                let (lo, hi) = (x.min(-y).min(0), y.max(-x).max(0));
                Ok(Operand::Val(self.emit(Op::Div { a: a.reg, ka, b: b.reg, kb }, 0, lo, hi)?))
            }
        }
    }

    pub(super) fn modulo(&mut self, a: Operand, b: Operand) -> Built {
        let Operand::Const(n, d) = b else {
            return refuse("the second value of mod() must be a number", "write mod(x, 1440)");
        };
        if n <= 0 {
            return refuse("the second value of mod() must be above 0", "write mod(x, 1440)");
        }
        let a = self.materialise(a)?;
        let a = Self::fixed(a)?;
        let (den, ka, kb) = Self::align(a.den, d)?;
        let Operand::Val(aligned) = self.linear1(a, ka, 0, den)? else { return Ok(Operand::Const(0, 1)) };
        let m = n * kb;
        Ok(Operand::Val(self.emit(Op::Mod { a: aligned.reg, m }, den, 0, i128::from(m) - 1)?))
    }

    pub(super) fn round(&mut self, a: Operand, mode: RoundMode, decimals: i64) -> Built {
        if !(0..=6).contains(&decimals) {
            return refuse("a score is rounded to 0 to 6 decimals", "use a number from 0 to 6");
        }
        let unit = 10_i64.pow(decimals as u32);
        match a {
            Operand::Const(n, d) => {
                self.meet(&[i128::from(n) * i128::from(unit) * 2])?;
                Ok(Operand::Const(round_div(n * unit, d, mode), unit))
            }
            Operand::Val(v) if v.per_lane() => {
                let (lo, hi) = (i128::from(v.lo) * i128::from(unit), i128::from(v.hi) * i128::from(unit));
                self.meet(&[2 * lo, 2 * hi])?;
                Ok(Operand::Val(self.emit(Op::RoundPerLane { a: v.reg, mul: unit, mode }, unit, lo, hi)?))
            }
            Operand::Val(v) if unit % v.den == 0 => Ok(a),
            Operand::Val(v) => {
                let common = gcd(unit, v.den).max(1);
                let (mul, den) = (unit / common, v.den / common);
                let ends = [v.lo, v.hi].map(|x| i128::from(x) * i128::from(mul));
                self.meet(&[2 * ends[0], 2 * ends[1], 2 * i128::from(den), 2 * ends[1] + i128::from(den)])?;
                let (lo, hi) = (round_div(ends[0] as i64, den, mode), round_div(ends[1] as i64, den, mode));
                Ok(Operand::Val(self.emit(Op::Round { a: v.reg, mul, den, mode }, unit, lo.into(), hi.into())?))
            }
        }
    }

    pub(super) fn compare(&mut self, comparison: Comparison, a: Operand, b: Operand) -> Built {
        match (a, b) {
            (Operand::Const(an, ad), Operand::Const(bn, bd)) => {
                let order = (i128::from(an) * i128::from(bd)).cmp(&(i128::from(bn) * i128::from(ad)));
                Ok(Operand::Const(i64::from(comparison.holds(order)), 1))
            }
            (Operand::Val(v), Operand::Const(n, d)) => self.compare_const(comparison, v, n, d),
            (Operand::Const(n, d), Operand::Val(v)) => self.compare_const(mirrored(comparison), v, n, d),
            (Operand::Val(_), Operand::Val(_)) => {
                let minus_b = self.negate(b)?;
                match self.add(a, minus_b)? {
                    Operand::Val(difference) => self.compare_const(comparison, difference, 0, 1),
                    Operand::Const(n, d) => self.compare(comparison, Operand::Const(n, d), Operand::Const(0, 1)),
                }
            }
        }
    }

    fn compare_const(&mut self, comparison: Comparison, v: Val, n: i64, d: i64) -> Built {
        if v.per_lane() {
            let cross =
                [i128::from(v.lo) * i128::from(d), i128::from(v.hi) * i128::from(d), i128::from(n) * i128::from(v.hi)];
            self.meet(&cross)?;
            let op = Op::ComparePerLane { a: v.reg, comparison, num: n, den: d };
            return Ok(Operand::Val(self.emit(op, 1, 0, 1)?));
        }
        let scaled = i128::from(n) * i128::from(v.den);
        self.meet(&[scaled])?;
        let (low, high, whole) = (floor_div(scaled as i64, d), ceil_div(scaled as i64, d), scaled % i128::from(d) == 0);
        match comparison {
            Comparison::Ge => self.at_least(v, high),
            Comparison::Gt => self.at_least(v, low + 1),
            Comparison::Lt => {
                let ge = self.at_least(v, high)?;
                self.not(ge)
            }
            Comparison::Le => {
                let gt = self.at_least(v, low + 1)?;
                self.not(gt)
            }
            Comparison::Eq if !whole => Ok(Operand::Const(0, 1)),
            Comparison::Ne if !whole => Ok(Operand::Const(1, 1)),
            Comparison::Eq => self.equal(v, low),
            Comparison::Ne => {
                let eq = self.equal(v, low)?;
                self.not(eq)
            }
        }
    }

    fn at_least(&mut self, v: Val, c: i64) -> Built {
        // A threshold beyond the range is moved to its edge, so that it fits the lane.
        let c = c.clamp(v.lo, v.hi + 1);
        self.meet(&[c.into()])?;
        Ok(Operand::Val(self.emit(Op::Ge { a: v.reg, c }, 1, 0, 1)?))
    }

    fn equal(&mut self, v: Val, c: i64) -> Built {
        if c < v.lo || c > v.hi {
            return Ok(Operand::Const(0, 1));
        }
        Ok(Operand::Val(self.emit(Op::Eq { a: v.reg, c }, 1, 0, 1)?))
    }

    pub(super) fn not(&mut self, a: Operand) -> Built {
        let minus = self.negate(a)?;
        self.add(minus, Operand::Const(1, 1))
    }

    /// The larger (or smaller) of two values; of conditions "or" (or "and").
    pub(super) fn extreme(&mut self, largest: bool, a: Operand, b: Operand) -> Built {
        let (a, b) = (self.materialise(a)?, self.materialise(b)?);
        let (a, b) = (Self::fixed(a)?, Self::fixed(b)?);
        let (den, ka, kb) = Self::align(a.den, b.den)?;
        let ((alo, ahi), (blo, bhi)) = (
            (i128::from(a.lo) * i128::from(ka), i128::from(a.hi) * i128::from(ka)),
            (i128::from(b.lo) * i128::from(kb), i128::from(b.hi) * i128::from(kb)),
        );
        self.meet(&[alo, ahi, blo, bhi])?;
        let (a, b) = (a.reg, b.reg);
        let val = if largest {
            self.emit(Op::Max { a, ka, b, kb }, den, alo.max(blo), ahi.max(bhi))?
        } else {
            self.emit(Op::Min { a, ka, b, kb }, den, alo.min(blo), ahi.min(bhi))?
        };
        Ok(Operand::Val(val))
    }

    pub(super) fn select(&mut self, condition: Operand, a: Operand, b: Operand) -> Built {
        let condition = match condition {
            Operand::Const(n, _) => return Ok(if n == 0 { b } else { a }),
            Operand::Val(condition) => condition,
        };
        let (a, b) = (self.materialise(a)?, self.materialise(b)?);
        let (a, b) = (Self::fixed(a)?, Self::fixed(b)?);
        let (den, ka, kb) = Self::align(a.den, b.den)?;
        let lo = (i128::from(a.lo) * i128::from(ka)).min(i128::from(b.lo) * i128::from(kb));
        let hi = (i128::from(a.hi) * i128::from(ka)).max(i128::from(b.hi) * i128::from(kb));
        let op = Op::Select { condition: condition.reg, a: a.reg, ka, b: b.reg, kb };
        Ok(Operand::Val(self.emit(op, den, lo, hi)?))
    }
}

fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Ge => Comparison::Le,
        Comparison::Gt => Comparison::Lt,
        Comparison::Le => Comparison::Ge,
        Comparison::Lt => Comparison::Gt,
        same => same,
    }
}
