//! Finding instruments: filters over the library, and the proposal of a battery for a grade.

mod constructs;
mod filter;
mod recommend;

pub use constructs::construct_name;
pub use filter::{Filter, Fit, fit, grade_ages, has_data_of, minutes};
pub use recommend::{Proposed, RecommendError, Recommendation, Uncovered, WhyUncovered, Wish, recommend};
