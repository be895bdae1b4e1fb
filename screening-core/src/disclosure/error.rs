//! What keeps tables from being released.

/// Why a release is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisclosureError {
    /// A rule that protects nothing or asks for more than it can give.
    #[error(
        "threshold {threshold} with protection {protection} is no rule: the threshold is at least 3, the protection between 1 and {most}"
    )]
    Rule {
        /// Threshold given.
        threshold: u32,
        /// Protection given.
        protection: u32,
        /// Largest protection that the threshold leaves room for.
        most: u32,
    },
    /// A person described by the wrong number of names.
    #[error("dimension `{dimension}` has {expected} levels, {found} names were given ({names}); give one name a level")]
    Levels {
        /// Dimension.
        dimension: String,
        /// Levels.
        expected: usize,
        /// Names given.
        found: usize,
        /// The names.
        names: String,
    },
    /// Not one entry a dimension.
    #[error("a person has {found} entries, the population {expected} dimensions; give one entry a dimension")]
    Dimensions {
        /// Dimensions.
        expected: usize,
        /// Entries given.
        found: usize,
    },
    /// A table names a dimension or level that is not there, twice, or a group that nobody is in.
    #[error("table `{table}`: {what}")]
    Table {
        /// Table id.
        table: String,
        /// What is wrong.
        what: String,
    },
    /// More cells than can be looked after.
    #[error("the tables have more than {limit} cells; show fewer levels, or release them in parts")]
    TooLarge {
        /// Limit.
        limit: usize,
    },
    /// An earlier release is not about these people.
    #[error(
        "table `{table}` was released with {then} in `{cell}`, now it is {now}: the people have changed, and what the two releases tell together cannot be judged; release under a new wave, or withdraw the earlier table"
    )]
    Earlier {
        /// Table id.
        table: String,
        /// Cell.
        cell: String,
        /// Shown then.
        then: String,
        /// Count or mark now.
        now: String,
    },
    /// A small cell could be worked out, whatever else is withheld.
    #[error(
        "`{cell}` of table `{table}` can be worked out to within {width} whatever else is withheld; leave the table out, or show fewer levels"
    )]
    Unprotected {
        /// Table id.
        table: String,
        /// Cell.
        cell: String,
        /// Width of what could be left open.
        width: u32,
    },
}
