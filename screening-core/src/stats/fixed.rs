//! Sums of weights that do not depend on the order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A sum in units of 2^-64, held in 128 bits: adding is exact, so parts merge into the same bits as one pass.
///
/// A double between 2^-11 and 2^20 is held without rounding; a smaller one to 2^-65.
///
/// ```
/// use screening_core::stats::FixedSum;
/// let one = [0.1, 0.2, 0.3].into_iter().fold(FixedSum::ZERO, |sum, w| sum.checked_add(w).unwrap());
/// let other = [0.3, 0.2, 0.1].into_iter().fold(FixedSum::ZERO, |sum, w| sum.checked_add(w).unwrap());
/// assert_eq!(one, other);
/// assert!(0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FixedSum(u128);

const UNIT: f64 = 18_446_744_073_709_551_616.0;

impl FixedSum {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A whole number.
    pub fn whole(n: u64) -> Self {
        Self(u128::from(n) << 64)
    }

    /// A number from 0 to below 2^64; none when it is not one.
    pub fn of(value: f64) -> Option<Self> {
        Self::ZERO.checked_add(value)
    }

    /// Adds a number from 0 to below 2^64; none when it is not one, or the sum leaves that range.
    #[must_use]
    pub fn checked_add(self, value: f64) -> Option<Self> {
        if !(0.0..UNIT).contains(&value) {
            return None;
        }
        self.0.checked_add((value * UNIT).round() as u128).map(Self)
    }

    /// Both sums together; none when that leaves the range.
    #[must_use]
    pub fn merged(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / UNIT
    }
}

impl fmt::Display for FixedSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for FixedSum {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

// As text: numbers of this size lose digits in JSON.
impl Serialize for FixedSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FixedSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::FixedSum;

    #[test]
    fn what_does_not_fit_is_refused() {
        for value in [-1.0, f64::NAN, f64::INFINITY, 2.0_f64.powi(64)] {
            assert_eq!(FixedSum::ZERO.checked_add(value), None, "{value}");
        }
        assert_eq!(FixedSum(u128::MAX).checked_add(1.0), None);
        assert_eq!(FixedSum(u128::MAX).merged(FixedSum(1)), None);
        assert_eq!(FixedSum::whole(3).to_f64(), 3.0);
        let sum = FixedSum::ZERO.checked_add(0.7).unwrap();
        assert_eq!(sum.to_string().parse(), Ok(sum));
    }
}
