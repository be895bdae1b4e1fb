//! Why an index or a plan cannot be used.

/// Why an index cannot be computed as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ValidityError {
    /// Items and columns do not go together.
    #[error("{items} items but {columns} columns of answers; give one column for each item")]
    Columns {
        /// Number of items.
        items: usize,
        /// Number of columns.
        columns: usize,
    },
    /// A column has another length than the first one.
    #[error("item `{item}` has {found} answers, the items before it have {expected}; give one answer a sheet")]
    Length {
        /// Item id.
        item: String,
        /// Length of the first column.
        expected: usize,
        /// Length of this column.
        found: usize,
    },
    /// A parameter lies outside what the index is defined for.
    #[error("{index}: `{parameter}` is {value}, but {allowed} is needed")]
    Parameter {
        /// Index.
        index: &'static str,
        /// Parameter.
        parameter: &'static str,
        /// Value given.
        value: String,
        /// What would be allowed.
        allowed: String,
    },
    /// A position or id names no item.
    #[error("{index}: there is no item `{item}`; use the ids of the form")]
    NoSuchItem {
        /// Index.
        index: &'static str,
        /// What was asked for.
        item: String,
    },
    /// A scale is not there, or not computed straight from choice items.
    #[error("{index}: {instrument} has no scale `{scale}` that is computed from items; name one that is")]
    NoSuchScale {
        /// Index.
        index: &'static str,
        /// Instrument id.
        instrument: String,
        /// What was asked for.
        scale: String,
    },
    /// There are too few sheets to estimate what the index rests on.
    #[error(
        "{index}: {sheets} sheets are too few, {needed} are needed; judge this wave by an earlier one, or leave the rule out"
    )]
    TooFewSheets {
        /// Index.
        index: &'static str,
        /// Sheets there are.
        sheets: usize,
        /// Sheets that are needed.
        needed: usize,
    },
    /// The covariance matrix has no inverse.
    #[error(
        "the covariance of the items has no inverse: item `{item}` adds nothing to the items before it (the same answers, or a sum of them); leave it out"
    )]
    Singular {
        /// The first item that depends on those before it.
        item: String,
    },
    /// The wave does not hold what the index needs.
    #[error("{index}: {why}")]
    Unfit {
        /// Index.
        index: &'static str,
        /// What is missing, and what to do.
        why: String,
    },
    /// What was estimated from one form is used for another.
    #[error("the reference was made for {reference}, the answers are to {form}; estimate it again")]
    Reference {
        /// What it was made for.
        reference: String,
        /// What it is used for.
        form: String,
    },
}

impl ValidityError {
    /// A parameter outside what is allowed.
    pub(crate) fn parameter(
        index: &'static str,
        parameter: &'static str,
        value: impl ToString,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Parameter { index, parameter, value: value.to_string(), allowed: allowed.into() }
    }
}
