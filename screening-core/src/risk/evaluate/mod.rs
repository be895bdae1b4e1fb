//! How well a policy and its rules did, once interviews are in.
//!
//! Mostly those are interviewed who were flagged. Sensitivity and specificity counted over the interviewed alone are then
//! badly wrong (verification bias); [`crate::psychometrics::roc::VerificationBias`] weighs each interview by how many pupils it
//! stands for. What cannot be said (nobody who was not flagged was interviewed) is told as such, with the reason.

mod accuracy;
mod interview;
mod policies;
mod report;
mod tables;

pub use accuracy::{CannotSay, TestFigures};
pub use interview::{Interview, InterviewOutcome};
pub use policies::{Move, MovedPupil, PolicyComparison, compare_policies};
pub use report::{EvaluateError, Evaluation, GroupAccuracy, SchoolYield, TestAccuracy, evaluate};
