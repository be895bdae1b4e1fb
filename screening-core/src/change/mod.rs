//! What changed between waves, beyond the error of measurement.
//!
//! Each index of reliable change is one file of the same shape: a struct made of the figures it rests on, checked once, that
//! implements [`ChangeIndex`]. [`ClinicalChange`] adds the side of a cut-off, [`Course`] the earlier waves.
//!
//! | index | corrects for | rests on |
//! |---|---|---|
//! | [`JacobsonTruax`] | error of both scores | SD, reliability |
//! | [`EdwardsNunnally`] | regression towards the mean | mean, SD, reliability |
//! | [`HagemanArrindell`] | unreliable differences | both waves, reliabilities |
//! | [`PracticeAdjusted`] | the mean change | a group tested twice |
//! | [`RegressionBased`] | both | a group tested twice |
//!
//! `compare` (with the feature `frame`) runs all of them over the results of waves, refuses what cannot be compared, and
//! says of every figure where it comes from.

mod basis;
mod clinical;
#[cfg(feature = "frame")]
mod compare;
mod course;
mod edwards_nunnally;
mod error;
mod hageman_arrindell;
mod index;
mod jacobson_truax;
#[cfg(feature = "frame")]
mod last;
mod practice;
mod regression;
#[cfg(feature = "frame")]
mod report;
mod retest;
#[cfg(feature = "frame")]
mod wave;

pub use basis::{
    ChangeOptions, FEWEST_PUPILS, GivenReliability, INDEX_KINDS, Reliability, ScaleBasis, Spread, SpreadChoice,
};
pub use clinical::{ClinicalChange, ClinicalLines};
#[cfg(feature = "frame")]
pub use compare::{Comparison, Refusal, compare, compare_last};
pub use course::Course;
pub use edwards_nunnally::EdwardsNunnally;
pub use error::ChangeError;
pub use hageman_arrindell::HagemanArrindell;
pub use index::{ChangeIndex, Outcome, ScoreChange};
pub use jacobson_truax::JacobsonTruax;
#[cfg(feature = "frame")]
pub use last::{ScaleChange, WaveChange};
pub use practice::{PracticeAdjusted, PracticeError};
pub use regression::{RegressionBased, RegressionError};
#[cfg(feature = "frame")]
pub use report::{ChangeCounts, ChangeReport};
pub use retest::RetestGroup;
#[cfg(feature = "frame")]
pub use wave::Wave;
