//! Numbers that statrs and nalgebra lack: exact decimals and named rounding, moments that merge, quantiles by name, ranks
//! and their normal scores, smoothing of frequencies, item response functions, several tests at once.

mod decimal;
pub mod exact;
mod fixed;
mod holm;
pub(crate) mod item_response;
mod loglinear;
mod moments;
mod normal;
pub(crate) mod pairs;
mod proportion;
mod quantile;
mod rank;
mod short;

pub use decimal::{Decimal, DecimalError};
pub use fixed::FixedSum;
pub use holm::holm;
pub use item_response::{ItemParameters, ItemParametersError};
pub use loglinear::{SmoothError, Smoothed, log_linear, log_linear_selected};
pub use moments::Moments;
pub use normal::{normal_cdf, normal_quantile};
pub use proportion::{beta_cdf, beta_quantile, binomial_cdf, clopper_pearson};
pub(crate) use proportion::{cluster_variance, f_quantile, logit_interval, t_quantile};
pub use quantile::{Block, QuantileType, quantile, weighted_quantile};
pub use rank::{PlottingPosition, mean_ranks, wilson};
pub use short::short;
