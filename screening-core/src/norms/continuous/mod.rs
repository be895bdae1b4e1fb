//! Continuous norms: the raw score as a polynomial of the norm score and of age or grade.
//!
//! In each group of the axis, raw scores are ranked and turned into normalised T scores L (RankIt). Over all groups together
//! `raw = sum b_ij L^i A^j` is fitted by least squares, with i up to `k` and j up to `t`. Of all models of a size the one with
//! the smallest residual is kept, found by complete enumeration; then the smallest model that explains enough and rises with L
//! everywhere is taken (Lenhard, Lenhard, Suggate and Segerer 2018, Assessment 25:112; Lenhard and Lenhard 2021, Behav. Res.
//! Methods 53:1). The group sizes borrow strength from each other, and the norm has no steps between groups.

mod fit;
mod invert;
mod subset;

pub use fit::{ContinuousError, ContinuousFit, ContinuousOptions, LocationSample, ModelSize, fit_continuous};
pub use invert::{Violation, norm_of, raw_of, violations};
