//! Can this sheet be trusted?
//!
//! Each index is one file of the same shape: a struct whose parameters are checked once, and a `run` over [`Answers`] (or
//! over times and classes) that gives an [`IndexColumn`], one value a sheet. What the value means, its formula, its source
//! and the default threshold stand with the struct. A frame and a single sheet go through the same code.
//!
//! | index | looks at | needs a wave |
//! |---|---|---|
//! | [`MissingShare`] | questions left open | |
//! | [`LongString`] | the same answer again and again | |
//! | [`ResponseVariability`] | how much the answers vary | |
//! | [`EvenOdd`] | whether the halves of the scales agree | |
//! | [`Synonyms`] | items that others answer alike, or in opposite ways | yes |
//! | [`Mahalanobis`] | unusual combinations | yes |
//! | [`Guttman`] | rare steps passed, common ones failed | yes |
//! | [`PersonFit`] | patterns unlikely under an item response model | item parameters |
//! | [`ResponseTime`], [`PageTime`] | speed | |
//! | [`Neighbours`] | sheets like the neighbour's | class |

mod answers;
mod column;
mod error;
mod even_odd;
mod guttman;
mod item_response;
mod long_string;
mod mahalanobis;
mod missing_share;
mod moments;
mod neighbours;
mod person_fit;
mod response_time;
mod synonyms;
mod variability;

pub use answers::{AnswerItem, Answers};
pub use column::IndexColumn;
pub use error::ValidityError;
pub use even_odd::EvenOdd;
pub use guttman::{Guttman, GuttmanMeasure, StepOrder};
pub use item_response::ItemParameters;
pub use long_string::{Floor, LongString, RunLength};
pub use mahalanobis::{Gaps, Mahalanobis};
pub use missing_share::MissingShare;
pub use moments::PairMoments;
pub use neighbours::{Neighbours, Resemblance};
pub use person_fit::{FitStatistic, PersonFit, ThetaEstimate};
pub use response_time::{PageTime, ResponseTime};
pub use synonyms::{PairKind, Synonyms};
pub use variability::ResponseVariability;
