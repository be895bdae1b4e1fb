//! What a policy, or another threshold, would do, tried over the sheets of a wave before anything is released.
//!
//! A [`Simulator`] (made by [`crate::screening::rehearse`]) holds what the policy reads as columns: moving a threshold
//! computes anew only the comparison and the rules that it is part of, and the tiers. A [`Sweep`] tries a range of thresholds
//! and tells hours, what is to be expected, and which fit the [`Capacity`] of counsellors.

mod capacity;
mod counts;
mod error;
mod evaluated;
mod expected;
mod groups;
mod outcome;
mod part;
mod simulator;
mod sweep;
mod sweep_report;

pub use capacity::{Capacity, SchoolHours};
pub use error::SimulateError;
pub use expected::{Accuracy, Basis, Estimate, Expected, Prevalence, expect, operating_point};
pub use groups::Person;
pub use outcome::{Load, Overlap, RuleYield, Simulation, SimulationRelease};
pub(crate) use part::SheetPart;
pub use simulator::{Change, Simulator, Threshold};
pub use sweep::{Sweep, Swept};
pub use sweep_report::{SweepReport, SweepRow, accuracies};
