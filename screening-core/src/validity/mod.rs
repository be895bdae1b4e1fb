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
//!
//! A [`ValidityPlan`] (TOML) says which indices are computed, when each speaks against a sheet, and how many have to. A
//! [`ValidityCheck`] is a plan made ready for one instrument; it estimates a [`WaveReference`] and gives a
//! [`ValidityReport`].
//!
//! ```
//! # #[cfg(feature = "frame")] {
//! use polars::prelude::*;
//! use screening_core::instrument::Library;
//! use screening_core::scoring::{FrameOptions, Scorer};
//! use screening_core::validity::{Answers, SheetFacts, SheetVerdict, ValidityCheck, ValidityPlan};
//!
//! let library = Library::bundled()?;
//! let scorer = Scorer::new(library.get("phq-9").expect("bundled"))?;
//! let columns = (1..=9).map(|item| Column::new(format!("phq-9.{item}").into(), [Some(1_i8), (item == 9).then_some(2)]));
//! let frame = DataFrame::new(2, columns.collect())?;
//!
//! let plan = ValidityPlan::bundled("district-default").expect("bundled")?;
//! let check = ValidityCheck::new(&plan, scorer.instrument(), &[])?;
//! let answers = Answers::of_frame(&scorer, &frame)?;
//! let scored = scorer.score_frame(&frame, &FrameOptions::default())?;
//! let facts = SheetFacts::of_frame(&frame, &check, Some(9))?.with_scores(&scored);
//! let reference = check.estimate(&answers, &facts)?;
//! let report = check.run(&answers, &facts, Some(&reference))?;
//! assert_eq!((report.verdict(0), report.verdict(1)), (SheetVerdict::Valid, SheetVerdict::Invalid));
//! // The one answer on the second sheet is the critical one, and it is told.
//! assert_eq!(report.critical(1), ["item-9"]);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod check;
mod column;
mod error;
mod even_odd;
mod facts;
mod guttman;
mod long_string;
mod mahalanobis;
mod missing_share;
mod moments;
mod neighbours;
mod person_fit;
mod plan;
mod reference;
mod report;
mod response_time;
mod run;
mod synonyms;
mod variability;

pub use crate::stats::ItemParameters;
#[cfg(feature = "frame")]
pub(crate) use answers::is_answer;
pub use answers::{AnswerItem, Answers};
pub use check::{LeftOut, ScaleParameters, ValidityCheck};
pub use column::IndexColumn;
pub use error::ValidityError;
pub use even_odd::EvenOdd;
pub use facts::SheetFacts;
pub use guttman::{Guttman, GuttmanMeasure, StepOrder};
pub use long_string::{Floor, LongString, RunLength};
pub use mahalanobis::{Gaps, Mahalanobis};
pub use missing_share::MissingShare;
pub use moments::PairMoments;
pub use neighbours::{Neighbours, Resemblance};
pub use person_fit::{FitStatistic, PersonFit, ThetaEstimate};
pub use plan::{
    DistanceMeasure, FiresDef, IndexDef, PageDef, VALIDITY_SCHEMA, ValidityPlan, ValidityPlanDef, ValidityRuleDef,
};
pub use reference::{IndexReference, Moments, RuleReference, WaveReference};
pub use report::{SheetVerdict, ValidityCounts, ValidityReport};
pub use response_time::{PageTime, ResponseTime};
pub use synonyms::{PairKind, Synonyms};
pub use variability::ResponseVariability;
