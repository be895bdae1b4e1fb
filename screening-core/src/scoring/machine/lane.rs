//! The integers that lanes are made of.

use std::ops::{Add, Mul, Neg, Sub};

/// A signed integer of 16, 32 or 64 bits. The plan's width guarantees that no operation overflows.
pub(crate) trait Lane:
    Copy
    + Default
    + Ord
    + std::fmt::Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// From a number that fits.
    fn from_i64(value: i64) -> Self;
    /// From a byte.
    fn from_u8(value: u8) -> Self;
    /// From an answer code.
    fn from_i8(value: i8) -> Self;
    /// Widened.
    fn to_i64(self) -> i64;
}

macro_rules! lane {
    ($type:ty) => {
        impl Lane for $type {
            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn from_u8(value: u8) -> Self {
                Self::from(value)
            }

            #[inline(always)]
            fn from_i8(value: i8) -> Self {
                Self::from(value)
            }

            #[inline(always)]
            fn to_i64(self) -> i64 {
                i64::from(self)
            }
        }
    };
}

lane!(i16);
lane!(i32);
lane!(i64);
