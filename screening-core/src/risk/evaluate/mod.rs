//! How well a policy and its rules did, once interviews are in.
//!
//! Mostly those are interviewed who were flagged. Sensitivity and specificity counted over the interviewed alone are then
//! badly wrong (verification bias); [`corrected`] weighs each interview by how many pupils it stands for. What cannot be
//! said (nobody who was not flagged was interviewed) is refused with the reason.

mod policies;
mod report;
mod verification;

pub use policies::{Move, PolicyComparison, compare_policies};
pub use report::{
    EvaluateError, Evaluation, GroupAccuracy, Interview, InterviewOutcome, SchoolYield, TestAccuracy, evaluate,
};
pub use verification::{CannotSay, Corrected, Interval, Stratum, corrected};
