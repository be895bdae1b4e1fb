//! Is this instrument sound in this population: reliability, items, correlations, factors, item response theory,
//! differential item functioning, cut-offs, clustered samples, adaptive testing.
//!
//! One small module a method, all of the same shape: options that are checked once, a function that fits, a result that
//! prints, serialises and explains itself. What cannot be estimated is an error with the reason, never a silent number.
//!
//! All methods start from the same table, [`Responses`]: one row a person, one column an item, small whole codes, holes
//! where an answer is missing. Reverse keyed items are turned before ([`Responses::reversed`]), by the range of the
//! instrument and never by the range that happened to be observed.

mod algebra;
pub mod analysis;
pub mod cat;
mod cfa;
mod chart;
mod clustered;
mod correlation;
pub mod dif;
mod distributions;
mod error;
mod factors;
pub mod irt;
mod items;
mod matrix;
mod minimise;
mod plot;
mod print;
mod random;
mod reliability;
mod report;
mod responses;
pub mod roc;

pub use cfa::{
    CfaEstimator, CfaFit, CfaModel, CfaParameter, CfaReport, ChiSquare, FactorScale, FactorScores, Invariance,
    InvarianceReport, InvarianceStep, SampleMoments,
};
pub use clustered::{
    AdjustedWald, ClusterFigures, ClusterMean, ClusterProportion, GroupComparison, GroupDifference, GroupMean,
    ProportionInterval, VarianceComponents, proportion_interval,
};
pub use correlation::{
    AsymptoticCovariance, Correlation, CorrelationMatrix, CorrelationMethod, EmptyCells, Missing, PairSums, Polychoric,
    Polychorics, Polyserial, PolyserialMethod, bivariate_normal_cdf, fisher_interval, smooth, tetrachoric,
};
pub use error::EstimationError;
pub use factors::{
    Adequacy, Efa, EfaReport, Extraction, MinimumAveragePartial, ModelFit, ParallelAnalysis, ParallelReport, Rotated,
    Rotation, adequacy, eigenvalues, minimum_average_partial, rotate,
};
pub use items::{
    Describe, ItemAnalysis, ItemFigures, ItemReport, MissingPattern, OptionUse, SkewType, TotalFigures,
    missing_patterns,
};
pub use matrix::NamedMatrix;
pub use reliability::{
    Alpha, AlphaIfDropped, AlphaItem, AlphaReport, GuttmanLambdas, HalfSplit, Halves, Intraclass, IntraclassForm,
    IntraclassReport, Omega, OmegaGroup, OmegaReport, RetestReport, SplitHalf, SplitHalfReport, StratifiedAlpha,
    guttman_lambdas, halves, kuder_richardson_21, omega_categorical, standard_error_of_measurement, stratified_alpha,
    test_retest,
};
pub use report::{Plot, Report, ResultTable};
pub use responses::{Responses, ResponsesError};
