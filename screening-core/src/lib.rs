//! Scoring of standardised scales, one sheet or a million.
//!
//! The crate is the engine of a school-district screening: it reads instrument definitions (data, never code), compiles
//! each into a scoring plan, and runs the same plan on one sheet or on the columns of a frame. It is pure: no files beyond
//! the definitions, no clock, no network, no identity.
//!
//! ```
//! use screening_core::answers::Context;
//! use screening_core::instrument::Library;
//! use screening_core::scoring::{Scorer, Sheet};
//!
//! let library = Library::bundled()?;
//! let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
//! let sheet = Sheet::from_codes(scorer.instrument(), &[2, 2, 1, 1, 1, 2, 1])?;
//! let scores = scorer.score(&sheet, &Context::default());
//! let total = scores.scale("total").expect("a scale of this instrument");
//! assert_eq!(total.value(), Some(10.0));
//! assert_eq!(total.band_id(), Some("moderate"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Floors
//!
//! A module uses what stands below it in this list, never what stands above: [`aggregates`], [`tally`],
//! [`screening`], [`coverage`],
//! [`schools`], [`risk`], [`change`], [`audit`], [`validity`], [`psychometrics`], [`norms`], [`disclosure`], [`scoring`],
//! [`instrument`], [`answers`], [`svg`], [`stats`].

// Without frames the block machine and what compares whole waves have no caller.
#![cfg_attr(not(feature = "frame"), allow(dead_code, unused_imports))]

#[cfg(feature = "frame")]
pub mod aggregates;
pub mod answers;
#[cfg(feature = "frame")]
pub mod audit;
pub mod catalogue;
pub mod change;
pub mod coverage;
pub mod disclosure;
mod hash;
pub mod instrument;
pub mod norms;
#[cfg(feature = "psychometrics")]
pub mod psychometrics;
pub mod risk;
pub mod schools;
pub mod scoring;
#[cfg(feature = "frame")]
pub mod screening;
pub mod stats;
pub mod svg;
#[cfg(feature = "frame")]
pub mod tally;
mod texts;
pub mod validity;
