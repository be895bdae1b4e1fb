//! What cannot be estimated, and why.

use thiserror::Error;

/// A figure that cannot be estimated from what was given. The reason is told; no number is put in its place.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EstimationError {
    /// Fewer items (or variables, or halves) than the method needs.
    #[error("{method} needs at least {needed} items, {found} were given")]
    TooFewItems {
        /// The method.
        method: &'static str,
        /// Fewest that will do.
        needed: usize,
        /// Number given.
        found: usize,
    },
    /// Fewer persons than the method needs.
    #[error("{method} needs at least {needed} persons with the answers it uses, {found} were found")]
    TooFewPersons {
        /// The method.
        method: &'static str,
        /// Fewest that will do.
        needed: usize,
        /// Number found.
        found: usize,
    },
    /// Fewer than two groups to compare.
    #[error("comparing groups needs at least two groups with persons, {found} found; check the column of the groups")]
    TooFewGroups {
        /// Groups found.
        found: usize,
    },
    /// Everybody gave the same answer.
    #[error("`{item}` does not vary: all answers are equal, so it has no correlation; leave it out")]
    Constant {
        /// Name of the item.
        item: String,
    },
    /// Too few persons answered both items of a pair.
    #[error(
        "`{first}` and `{second}` were answered together by {found} persons, or one of them does not vary among these"
    )]
    NoPairs {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// Persons who answered both.
        found: u64,
    },
    /// More different answers than can be categories.
    #[error("`{item}` has {found} different answers, more than {most}; take it as a continuous variable")]
    TooManyCategories {
        /// Name of the item.
        item: String,
        /// Different answers.
        found: usize,
        /// Most that are taken.
        most: usize,
    },
    /// The likelihood rises to the end of the scale.
    #[error(
        "the correlation of `{first}` and `{second}` has no finite estimate: empty cells drive it to {end}; merge categories, \
         or correct empty cells of two by two tables"
    )]
    Boundary {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// Where the likelihood rises to, -1 or 1.
        end: f64,
    },
    /// A matrix that must have an inverse has none.
    #[error(
        "{what} is not positive definite (smallest eigenvalue {smallest:.3e}); smooth it, or leave out items that repeat others"
    )]
    NotPositiveDefinite {
        /// The matrix.
        what: &'static str,
        /// Its smallest eigenvalue.
        smallest: f64,
    },
    /// A matrix of another shape than was expected, or with entries that are not numbers.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// The matrix or list.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// An iteration that did not come to rest.
    #[error(
        "{method} did not converge in {iterations} iterations (largest gradient {gradient:.3e}); the model may not fit these data"
    )]
    NoConvergence {
        /// The method.
        method: &'static str,
        /// Iterations made.
        iterations: usize,
        /// Largest gradient that remained.
        gradient: f64,
    },
    /// An item explained beyond its variance.
    #[error("Heywood case: `{item}` has a {what} of {value:.4}; take fewer factors or leave the item out")]
    Heywood {
        /// Name of the item.
        item: String,
        /// What went beyond its limit.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A model with more parameters than the data can tell, or that fixes no scale.
    #[error("the model is not identified: {why}")]
    Unidentified {
        /// The reason.
        why: String,
    },
    /// An option outside its range.
    #[error("{option} is {value}, but {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl EstimationError {
    pub(crate) fn option(option: &'static str, value: impl ToString, expected: &'static str) -> Self {
        Self::Option { option, value: value.to_string(), expected }
    }
}
