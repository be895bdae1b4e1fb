//! Everything that is scored with: definitions by id and version, compiled once and shared.
//!
//! A catalogue never changes. A reload makes a new one and swaps it as a whole, so that a request sees one state from its
//! beginning to its end.

mod load;
mod shelf;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use screening_core::instrument::Instrument;
use screening_core::norms::NormSet;
use screening_core::risk::Policy;
use screening_core::scoring::{CompileError, Scorer, ScoringOptions};
use screening_core::validity::{ValidityCheck, ValidityError, ValidityPlan};

pub use load::LoadError;
pub(crate) use shelf::{Missed, Named, Shelf};
pub(crate) use watch::{Definitions, Reloaded};

/// An instrument, compiled.
#[derive(Debug)]
pub(crate) struct Ready {
    scorer: Arc<Scorer>,
    /// For sheets that are still being filled in; compiled when the first comes.
    open: OnceLock<Arc<Scorer>>,
}

impl Ready {
    fn new(instrument: &Instrument) -> Result<Self, CompileError> {
        Ok(Self { scorer: Arc::new(Scorer::new(instrument)?), open: OnceLock::new() })
    }

    pub(crate) fn instrument(&self) -> &Instrument {
        self.scorer.instrument()
    }

    /// The scorer with the default cut-off sets.
    pub(crate) fn scorer(&self, open: bool) -> Result<Arc<Scorer>, CompileError> {
        if !open {
            return Ok(self.scorer.clone());
        }
        if let Some(known) = self.open.get() {
            return Ok(known.clone());
        }
        let scorer = Arc::new(Scorer::for_open_sheets(self.instrument(), ScoringOptions::default())?);
        Ok(self.open.get_or_init(|| scorer).clone())
    }
}

impl Named for Ready {
    fn id(&self) -> &str {
        self.instrument().id()
    }
    fn version(&self) -> &semver::Version {
        &self.instrument().definition().version
    }
    fn citation(&self) -> String {
        self.instrument().citation()
    }
}

macro_rules! named {
    ($($kind:ty),*) => {$(
        impl Named for $kind {
            fn id(&self) -> &str {
                self.id()
            }
            fn version(&self) -> &semver::Version {
                &self.definition().version
            }
            fn citation(&self) -> String {
                self.citation()
            }
        }
    )*};
}

named!(Policy, NormSet, ValidityPlan);

/// What a scorer with other cut-off sets is known by: the instrument, whether it is for open sheets, the sets.
type VariantKey = (String, bool, Vec<(String, String)>);

/// Variants that are kept. There are few that anybody asks for; a caller who asks for all of them gets no memory for it.
const MOST_VARIANTS: usize = 256;

/// All definitions of one state.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) instruments: Shelf<Ready>,
    pub(crate) policies: Shelf<Policy>,
    pub(crate) norms: Shelf<NormSet>,
    pub(crate) plans: Shelf<ValidityPlan>,
    variants: Mutex<HashMap<VariantKey, Arc<Scorer>>>,
    checks: Mutex<HashMap<(String, String), Arc<ValidityCheck>>>,
}

impl Catalogue {
    /// A scorer with chosen cut-off sets, which must exist.
    pub(crate) fn variant(
        &self,
        ready: &Ready,
        open: bool,
        mut cutoffs: Vec<(String, String)>,
    ) -> Result<Arc<Scorer>, CompileError> {
        if cutoffs.is_empty() {
            return ready.scorer(open);
        }
        cutoffs.sort();
        let options = ScoringOptions { cutoffs: cutoffs.iter().cloned().collect() };
        let key = (ready.citation(), open, cutoffs);
        if let Some(known) = lock(&self.variants).get(&key) {
            return Ok(known.clone());
        }
        let make = if open { Scorer::for_open_sheets } else { Scorer::with_options };
        let scorer = Arc::new(make(ready.instrument(), options)?);
        let mut variants = lock(&self.variants);
        if variants.len() >= MOST_VARIANTS {
            variants.clear();
        }
        variants.insert(key, scorer.clone());
        Ok(scorer)
    }

    /// A validity plan made ready for an instrument.
    pub(crate) fn check(
        &self,
        plan: &ValidityPlan,
        instrument: &Instrument,
    ) -> Result<Arc<ValidityCheck>, ValidityError> {
        let key = (plan.citation(), instrument.citation());
        if let Some(known) = lock(&self.checks).get(&key) {
            return Ok(known.clone());
        }
        let check = Arc::new(ValidityCheck::new(plan, instrument, &[])?);
        lock(&self.checks).insert(key, check.clone());
        Ok(check)
    }
}

/// A map that is only filled stays whole also when a thread that held it has panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
