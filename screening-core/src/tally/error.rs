//! Why a screening cannot be tallied, or tallies not be put together.

use crate::norms::{BuildError, MergeError};

/// Why a screening cannot be tallied, or tallies not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TallyError {
    /// The results lack a column, or it has another type.
    #[error("the results cannot be counted: {0}; count the results of a screening as they are")]
    Frame(#[from] polars::prelude::PolarsError),
    /// A pupil has a value that the measure does not have.
    #[error(
        "row {row}, column `{column}`: `{value}` is not one of its values; count with the policy and the definitions of the results"
    )]
    Value {
        /// Row of the results, from 1.
        row: usize,
        /// Column.
        column: String,
        /// Value.
        value: String,
    },
    /// The scores cannot be counted for norms.
    #[error(transparent)]
    Scores(#[from] BuildError),
    /// The tallies rest on different things.
    #[error(
        "the parts differ in {what}: {left} and {right}; screen all parts with the same definitions, policy and program"
    )]
    Different {
        /// In what.
        what: String,
        /// This tally.
        left: String,
        /// The other.
        right: String,
    },
    /// A school stands in both.
    #[error(
        "school `{school}` of `{district}` stands in both parts, and its pupils would be counted twice; leave one out, or screen the school as a whole"
    )]
    Twice {
        /// District.
        district: String,
        /// School.
        school: String,
    },
    /// The counts of norms cannot be put together.
    #[error("the scores of {instrument} cannot be put together: {cause}")]
    Norms {
        /// Instrument id.
        instrument: String,
        /// Why.
        cause: MergeError,
    },
}
