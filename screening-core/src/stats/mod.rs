//! Numbers that statrs and nalgebra lack: exact decimals and named rounding.

mod decimal;
pub mod exact;

pub use decimal::{Decimal, DecimalError};
