//! Correlations of items: Pearson, Spearman, Kendall, polychoric and polyserial, over pairs in parallel.

mod acov;
mod bivariate;
mod influence;
mod observed;
mod pairs;
mod polychoric;
mod polyserial;
mod smooth;
mod table;
mod two_step;

pub use acov::AsymptoticCovariance;
pub use bivariate::bivariate_normal_cdf;
pub(crate) use observed::z_of;
pub use observed::{Correlation, CorrelationMatrix, CorrelationMethod, Missing, fisher_interval};
pub use pairs::PairSums;
pub use polychoric::{EmptyCells, Polychoric, Polychorics, tetrachoric};
pub use polyserial::{Polyserial, PolyserialMethod};
pub use smooth::smooth;
pub(crate) use table::{CrossTable, Levels, kendall, spearman};
