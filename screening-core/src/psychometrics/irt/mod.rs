//! Item response theory: calibration, scores, information, fit, linking.
//!
//! The metric is logistic (D = 1). Parameters are slope and thresholds, [`ItemParameters`](crate::stats::ItemParameters).
//! Missing answers leave the likelihood; persons without any answer are counted and have no score.

mod bank;
mod calibrate;
mod dependence;
mod error;
mod fit;
mod information;
mod link;
mod nodes;
mod quadrature;
mod score;
mod solve;
mod sum_score;

pub use bank::{BankItem, ItemBank};
pub use calibrate::{CalibratedItem, Calibration, CalibrationOptions, IrtModel};
pub use dependence::{M2, Q3};
pub use error::IrtError;
pub use fit::{ItemFit, ItemFitRow};
pub use information::{InformationRow, TestInformation};
pub use link::{Link, LinkMethod};
pub use quadrature::{Prior, Quadrature};
pub use score::{Estimator, PersonScore, PersonScorer, ScoreOptions, ScoreState, Scores};
pub use sum_score::{SumScoreRow, SumScores};

pub(crate) use bank::NONE;
pub(crate) use fit::upper_tail;
pub(crate) use score::{log_probabilities, moments};
pub(crate) use solve::mode;
pub(crate) use sum_score::sums_given_theta;

/// Parts of calibration that two-group analyses share.
pub(crate) mod calibration {
    pub(crate) use super::calibrate::{Group, Observed, Problem, search, start};
}
