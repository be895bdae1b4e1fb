//! Scoring: one compiled plan, two drivers.
//!
//! A [`Scorer`] holds an instrument compiled into a plan. [`Scorer::score`] runs it on one [`Sheet`]; with the feature
//! `frame`, `Scorer::score_frame` runs the same steps over the columns of a polars frame. Both give the same bits.
//!
//! Sums are integers, means and T scores exact fractions; a double appears only when a value leaves the engine. For an
//! incomplete sheet every score is known, or has a lowest and a highest value that the missing answers can still give;
//! bands, flags and validity rules are decided when the whole range agrees and *cannot say* otherwise.

mod explain;
#[cfg(feature = "frame")]
pub mod frame;
#[cfg(feature = "frame")]
pub(crate) mod gather;
mod machine;
#[cfg(feature = "frame")]
mod one;
mod open;
mod plan;
mod prove;
mod row;
mod sheet;
#[cfg(feature = "frame")]
pub(crate) mod sheets;
mod typed;

use std::collections::HashMap;
use std::sync::Arc;

use crate::answers::Context;
use crate::instrument::{Diagnostic, Evidence, Instrument};

pub use explain::{Explanation, ItemPart};
#[cfg(feature = "frame")]
pub use frame::{FrameError, FrameOptions};
pub use prove::prove;
pub use row::{FlagView, Reason, ScaleView, Scores, ValidityView};
pub use sheet::{Sheet, SheetError};
#[cfg(feature = "frame")]
pub use sheets::{AnswerIssue, ScoredSheets};

use plan::Plan;

/// Version of the engine, cited by every result.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What may be chosen before compiling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoringOptions {
    /// Cut-off set by scale, where it is not the default set.
    pub cutoffs: HashMap<String, String>,
}

/// An instrument compiled into an immutable plan; shared freely between threads.
///
/// ```
/// use screening_core::answers::Context;
/// use screening_core::instrument::Library;
/// use screening_core::scoring::{Scorer, Sheet};
///
/// let library = Library::bundled()?;
/// let scorer = Scorer::new(library.get("phq-9").expect("bundled"))?;
/// let sheet = Sheet::from_codes(scorer.instrument(), &[2, 1, 2, 2, 2, 0, 0, 0, 1])?;
/// let scores = scorer.score(&sheet, &Context::default());
/// assert_eq!(scores.scale("total").unwrap().value(), Some(10.0));
/// assert_eq!(scores.scale("syndrome").unwrap().word(), Some("major"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scorer {
    instrument: Arc<Instrument>,
    options: ScoringOptions,
    plan: Arc<Plan>,
}

impl Scorer {
    /// Compiles with the default cut-off sets.
    ///
    /// # Errors
    /// When a formula cannot be computed exactly; the diagnostic names the place.
    pub fn new(instrument: &Instrument) -> Result<Self, CompileError> {
        Self::with_options(instrument, ScoringOptions::default())
    }

    /// Compiles with chosen cut-off sets.
    ///
    /// # Errors
    /// As [`Self::new`], and when a scale has no set of the wanted name.
    pub fn with_options(instrument: &Instrument, options: ScoringOptions) -> Result<Self, CompileError> {
        let plan = plan::compile(instrument, &options.cutoffs).map_err(|diagnostic| CompileError {
            instrument: instrument.id().to_owned(),
            diagnostic: Box::new(diagnostic),
        })?;
        Ok(Self { instrument: Arc::new(instrument.clone()), options, plan: Arc::new(plan) })
    }

    /// The instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The options it was compiled with.
    pub fn options(&self) -> &ScoringOptions {
        &self.options
    }

    /// Scores one sheet into a new buffer. For many sheets, [`Self::buffer`] and [`Self::score_into`] allocate nothing.
    pub fn score(&self, sheet: &Sheet, context: &Context) -> Scores<'_> {
        let mut scores = self.buffer();
        self.score_into(sheet, context, &mut scores);
        scores
    }

    /// The lowest and highest value a scale can reach on a complete sheet; `None` for a quotient, whose ends are not
    /// computed in advance.
    pub fn reachable(&self, scale: usize) -> Option<(f64, f64)> {
        let val = self.plan.scales[scale].val;
        (!val.per_lane()).then(|| (val.lo as f64 / val.den as f64, val.hi as f64 / val.den as f64))
    }

    /// Band ids of a scale's chosen cut-off set, from the lowest score up.
    pub fn band_ids(&self, scale: usize) -> &[String] {
        &self.plan.scales[scale].band_ids
    }

    /// Scales whose key or cut-off set in use is established less than well: results are to be read with that in mind.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::Scorer;
    /// let library = Library::bundled()?;
    /// let scorer = Scorer::new(library.get("cesd-10").expect("bundled"))?;
    /// assert!(scorer.medium_evidence().any(|scale| scale == "total"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn medium_evidence(&self) -> impl Iterator<Item = &str> {
        let definition = self.instrument.definition();
        let weak = |at: usize| {
            let set = self.plan.scales[at].cutoffs.first().map(|first| &definition.cutoffs[first.index]);
            definition.scale_evidence(&definition.scales[at]) == Evidence::Medium
                || set.is_some_and(|set| definition.cutoff_evidence(set) == Evidence::Medium)
        };
        let shown = definition.scales.iter().enumerate().filter(|(_, scale)| !scale.internal);
        shown.filter(move |(at, _)| weak(*at)).map(|(_, scale)| scale.id.as_str())
    }

    /// Name of the cut-off set in use for a scale.
    pub fn cutoff_set(&self, scale: usize) -> Option<&str> {
        let first = self.plan.scales[scale].cutoffs.first()?;
        Some(&self.instrument.definition().cutoffs[first.index].id)
    }
}

/// Why an instrument cannot be compiled.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{instrument} at `{}`: {} ({})", diagnostic.path_text(), diagnostic.message, diagnostic.help)]
pub struct CompileError {
    /// Instrument id.
    pub instrument: String,
    /// Place, cause and fix.
    pub diagnostic: Box<Diagnostic>,
}
