//! Why something cannot be simulated.

use crate::disclosure::DisclosureError;

/// Why something cannot be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// A column is missing.
    #[error("the results have no column `{0}`: name a score of an instrument of this wave, as instrument.scale")]
    NoColumn(String),
    /// A threshold that no rule has.
    #[error("nothing{rule} compares `{what}` with a number; thresholds that can be moved: {known}")]
    NoThreshold {
        /// Rule asked for, in words, or nothing.
        rule: String,
        /// What was to be compared.
        what: String,
        /// What there is.
        known: String,
    },
    /// Several thresholds fit.
    #[error(
        "`{what}`{rule} is compared in several ways: {known}; say which one is meant, by its rule (rule:{what}) or by its threshold ({what}@threshold)"
    )]
    SeveralThresholds {
        /// Rule asked for, in words, or nothing.
        rule: String,
        /// What is compared.
        what: String,
        /// What fits.
        known: String,
    },
    /// A range of thresholds that is none.
    #[error("{0}")]
    Range(String),
    /// A figure that is no probability, or an interval that does not hold it.
    #[error("{what} {value} does not fit: {why}")]
    Figure {
        /// Which figure.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is wrong.
        why: &'static str,
    },
    /// A capacity file that cannot be read.
    #[error("the capacity file is not understood: {0}")]
    Capacity(String),
    /// Something could not be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// A frame could not be read.
    #[error("the results cannot be read: {0}")]
    Frame(#[from] polars::error::PolarsError),
}
