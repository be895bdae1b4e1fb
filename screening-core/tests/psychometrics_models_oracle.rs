//! Item response theory, differential item functioning, cut-offs and adaptive tests against mirt, difR, pROC, cutpointr and
//! catR. Skipped where their figures are not at hand.
#![cfg(feature = "psychometrics")]

mod peers;
mod psychometrics_models;
