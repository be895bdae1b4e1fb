//! Placeholder.

pub mod example;
