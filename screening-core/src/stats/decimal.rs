//! Exact decimal numbers for thresholds, weights and norms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An exact decimal number: `mantissa / 10^scale`.
///
/// Thresholds such as `54.9` are decimals in print; as binary floats they would not be equal to themselves after
/// arithmetic. At most 9 digits after the point and 15 digits in all.
///
/// ```
/// use screening_core::stats::Decimal;
/// let cut: Decimal = "54.90".parse()?;
/// assert_eq!(cut, "54.9".parse()?);
/// assert_eq!(cut.to_string(), "54.9");
/// assert_eq!((cut.mantissa(), cut.denominator()), (549, 10));
/// # Ok::<(), screening_core::stats::DecimalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// Why a text is not a [`Decimal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a plain decimal number with at most 15 digits, 9 of them after the point")]
pub struct DecimalError {
    text: String,
}

const MAX_SCALE: u8 = 9;
const MAX_MANTISSA: i64 = 999_999_999_999_999;

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// A whole number.
    pub const fn from_int(value: i32) -> Self {
        Self { mantissa: value as i64, scale: 0 }
    }

    fn new(mut mantissa: i64, mut scale: u8) -> Self {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// The whole number that, divided by [`Self::denominator`], gives the value.
    pub fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// A power of ten.
    pub fn denominator(self) -> i64 {
        10_i64.pow(u32::from(self.scale))
    }

    /// Digits after the point.
    pub fn decimals(self) -> u8 {
        self.scale
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.mantissa as f64 / self.denominator() as f64
    }

    /// The decimal that prints like the shortest form of `value`, or `None` when it has too many digits or is not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_finite() { format!("{value}").parse().ok() } else { None }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = i128::from(self.mantissa) * i128::from(other.denominator());
        let right = i128::from(other.mantissa) * i128::from(self.denominator());
        left.cmp(&right)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let refuse = || DecimalError { text: text.to_owned() };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let has_point = digits.contains('.');
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || (has_point && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return Err(refuse());
        }
        if fraction.len() > usize::from(MAX_SCALE) {
            return Err(refuse());
        }
        let mantissa: i64 = format!("{whole}{fraction}").parse().map_err(|_| refuse())?;
        if mantissa > MAX_MANTISSA {
            return Err(refuse());
        }
        Ok(Self::new(if negative { -mantissa } else { mantissa }, fraction.len() as u8))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let denominator = self.denominator();
        let (whole, rest) = (self.mantissa.abs() / denominator, self.mantissa.abs() % denominator);
        if self.mantissa < 0 {
            f.write_str("-")?;
        }
        if self.scale == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{rest:0width$}", width = usize::from(self.scale))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.scale == 0 { serializer.serialize_i64(self.mantissa) } else { serializer.serialize_f64(self.to_f64()) }
    }
}

/// A whole number, when it is not too long.
fn whole(value: i64) -> Result<Decimal, DecimalError> {
    if value.unsigned_abs() > MAX_MANTISSA.unsigned_abs() {
        return Err(DecimalError { text: value.to_string() });
    }
    Ok(Decimal { mantissa: value, scale: 0 })
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
                whole(value).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
                i64::try_from(value)
                    .map_err(|_| DecimalError { text: value.to_string() })
                    .and_then(whole)
                    .map_err(E::custom)
            }

            // The shortest form of the double is the number that stands in the file.
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
                Decimal::from_f64(value).ok_or_else(|| E::custom(DecimalError { text: value.to_string() }))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Decimal, E> {
                value.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
