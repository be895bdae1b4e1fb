//! Rounding and comparison of exact fractions `num / den` in 64-bit integers.

/// Quotient rounded towards minus infinity.
///
/// ```
/// use screening_core::stats::exact::floor_div;
/// assert_eq!(floor_div(-7, 2), -4);
/// ```
#[inline]
pub fn floor_div(num: i64, den: i64) -> i64 {
    num.div_euclid(den)
}

/// Quotient rounded towards plus infinity.
#[inline]
pub fn ceil_div(num: i64, den: i64) -> i64 {
    -(-num).div_euclid(den)
}

/// Nearest whole number, halves towards plus infinity: `floor(num/den + 1/2)`.
///
/// ```
/// use screening_core::stats::exact::half_up_div;
/// assert_eq!(half_up_div(5, 2), 3);
/// assert_eq!(half_up_div(-5, 2), -2);
/// ```
#[inline]
pub fn half_up_div(num: i64, den: i64) -> i64 {
    (2 * num + den).div_euclid(2 * den)
}

/// Nearest whole number, halves to the even neighbour.
///
/// ```
/// use screening_core::stats::exact::half_even_div;
/// assert_eq!((half_even_div(5, 2), half_even_div(7, 2)), (2, 4));
/// ```
#[inline]
pub fn half_even_div(num: i64, den: i64) -> i64 {
    let whole = num.div_euclid(den);
    let twice = 2 * num.rem_euclid(den);
    if twice > den || (twice == den && whole % 2 != 0) { whole + 1 } else { whole }
}

/// Greatest common divisor.
pub fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(i64::MAX)
}

/// Least common multiple of two positive numbers, `None` when it does not fit.
pub fn lcm(a: i64, b: i64) -> Option<i64> {
    (a / gcd(a, b).max(1)).checked_mul(b)
}
