//! What a policy, or a range of thresholds, would mean before it is released: who is flagged, by which rule, how many hours of
//! interviews that takes, and how many of those found and missed are to be expected.
//!
//! A [`Simulator`] reads the results of a wave once; every change of thresholds is then evaluated over prepared columns
//! ([`Simulator::run`]). A [`Sweep`] tries a range of thresholds of one scale. [`Prevalence`] and [`Accuracy`] give what is to be
//! expected ([`expect`]), [`Capacity`] the hours. What is shown passes [`crate::disclosure`] ([`Simulation::release`]).

mod capacity;
mod columns;
mod error;
mod expected;
mod outcome;
mod simulator;
mod sweep;

pub use capacity::{Capacity, SchoolHours};
pub use error::SimulateError;
pub use expected::{Accuracy, Basis, Estimate, Expected, Prevalence, expect, operating_point};
pub use outcome::{Overlap, RuleYield, Simulation};
pub use simulator::{Change, LeftOut, Simulator};
pub use sweep::{Sweep, SweepReport, SweepRow, accuracies};
