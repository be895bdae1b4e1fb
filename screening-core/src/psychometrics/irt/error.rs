use thiserror::Error;

use crate::stats::ItemParametersError;

/// What item response theory cannot do with what it was given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum IrtError {
    /// Parameters that make no model.
    #[error("item `{item}`: {source}")]
    Parameters {
        /// Name of the item.
        item: String,
        /// What is wrong with them.
        source: ItemParametersError,
    },
    /// Codes of an item that do not go with its parameters.
    #[error(
        "item `{item}` has {codes} codes but parameters for {categories} answers; list each code once, lowest first"
    )]
    Codes {
        /// Name of the item.
        item: String,
        /// Codes listed.
        codes: usize,
        /// Answers that the parameters speak of.
        categories: usize,
    },
    /// Two items of the same name, or none at all.
    #[error("an item bank needs at least one item, each with its own name; {0}")]
    Bank(String),
    /// An item without parameters, or parameters without an item.
    #[error("item `{item}` is {missing}; select the items that both have")]
    Unmatched {
        /// Name of the item.
        item: String,
        /// Where it is missing.
        missing: &'static str,
    },
    /// An answer for which the item has no category.
    #[error("person {person}, item `{item}`: the answer {code} is none of the item's codes {codes:?}")]
    Answer {
        /// Position of the person, counted from zero.
        person: usize,
        /// Name of the item.
        item: String,
        /// The answer.
        code: i16,
        /// Codes that the item has.
        codes: Vec<i16>,
    },
    /// An option outside its range.
    #[error("option `{option}` is {value}; needed is {allowed}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// An item whose answers do not differ.
    #[error("item `{item}`: everyone who answered gave the same answer ({answered} answers); leave the item out")]
    Constant {
        /// Name of the item.
        item: String,
        /// Number of answers.
        answered: usize,
    },
    /// An item that the model cannot hold.
    #[error("item `{item}` has {categories} different answers; the model needs {allowed}")]
    Categories {
        /// Name of the item.
        item: String,
        /// Different answers.
        categories: usize,
        /// What the model needs.
        allowed: &'static str,
    },
    /// Too little data.
    #[error("{found} {what}, at least {needed} are needed")]
    TooFew {
        /// What there is too little of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The search ended without a maximum.
    #[error(
        "no maximum after {iterations} steps: the log-likelihood could still rise by about {gain:e}; raise `max_iterations`, or \
         look for items that do not fit"
    )]
    NoConvergence {
        /// Steps taken.
        iterations: usize,
        /// Expected rise of the log-likelihood.
        gain: f64,
    },
    /// An estimate that runs away or turns round.
    #[error("item `{item}`: the slope is {slope:.3}; {why}")]
    Slope {
        /// Name of the item.
        item: String,
        /// The slope where the search stood.
        slope: f64,
        /// What it means.
        why: &'static str,
    },
    /// The information matrix has no inverse.
    #[error("the parameters are not identified: the information matrix is not positive definite; {0}")]
    NotIdentified(&'static str),
}

impl IrtError {
    pub(crate) fn option(option: &'static str, value: impl ToString, allowed: &'static str) -> Self {
        Self::Option { option, value: value.to_string(), allowed }
    }
}
