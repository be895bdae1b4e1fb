//! Adaptive testing: the next item is the one that tells most about this person.

mod session;
mod simulation;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use session::{CatSession, CatState};
pub use simulation::{CatSimulation, CatWalk};

use super::irt::{Estimator, IrtError, ItemBank, Prior, Quadrature};

/// What an adaptive test cannot do with what it was given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CatError {
    /// A figure outside its range.
    #[error("`{option}` is {value}; needed is {allowed}")]
    Option {
        /// Which figure.
        option: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// An answer to an item that was not asked for.
    #[error("item `{0}` is not in the bank, or was answered or skipped before")]
    Item(String),
    /// An answer that is no code of the item.
    #[error("item `{item}`: the answer {code} is none of the item's codes {codes:?}")]
    Answer {
        /// Name of the item.
        item: String,
        /// The answer.
        code: i16,
        /// Codes that the item has.
        codes: Vec<i16>,
    },
    /// From item response theory.
    #[error(transparent)]
    Irt(#[from] IrtError),
}

/// When a test ends. It always ends when no item is left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stopping {
    /// Fewest items.
    pub min_items: usize,
    /// Most items; none is the whole bank.
    pub max_items: Option<usize>,
    /// The test ends when the standard error is not above this.
    pub se: Option<f64>,
    /// The test ends when no remaining item has this much information at the present theta.
    pub least_information: Option<f64>,
}

impl Default for Stopping {
    fn default() -> Self {
        Self { min_items: 1, max_items: None, se: Some(0.32), least_information: None }
    }
}

/// How an adaptive test goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatOptions {
    /// Estimator of theta. Maximum likelihood has none as long as all answers are lowest or highest; EAP stands in then.
    pub estimator: Estimator,
    /// Distribution of theta assumed.
    pub prior: Prior,
    /// Points for EAP, by the trapezoid rule.
    pub quadrature: Quadrature,
    /// Theta for which the first item is chosen.
    pub start: f64,
    /// Exposure control: the next item is drawn among this many most informative ones; 1 always takes the best, of equal ones
    /// the first. Source: Kingsbury & Zara 1989.
    pub randomesque: usize,
    /// When the test ends.
    pub stopping: Stopping,
}

impl Default for CatOptions {
    fn default() -> Self {
        Self {
            estimator: Estimator::Eap,
            prior: Prior::default(),
            quadrature: Quadrature::SCORING,
            start: 0.0,
            randomesque: 1,
            stopping: Stopping::default(),
        }
    }
}

/// An adaptive test: a bank with its rules.
///
/// ```
/// use screening_core::psychometrics::cat::{Cat, CatOptions, Stopping};
/// use screening_core::psychometrics::irt::{BankItem, ItemBank};
/// use screening_core::stats::ItemParameters;
/// let items = (0..30).map(|item| {
///     let b = f64::from(item) / 10.0 - 1.5;
///     BankItem::new(format!("q{item}"), 0, ItemParameters::Graded { a: 2.0, b: vec![b, b + 0.8] })
/// });
/// let stopping = Stopping { se: Some(0.35), max_items: Some(12), ..Stopping::default() };
/// let cat = Cat::new(ItemBank::new(items.collect())?, CatOptions { stopping, ..CatOptions::default() })?;
/// let mut session = cat.session(1);
/// while let Some(item) = session.next_item() {
///     let name = item.name.clone();
///     session.answer(&name, 1)?;
/// }
/// assert!(session.state().se <= 0.35 && session.state().items <= 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cat {
    bank: ItemBank,
    options: CatOptions,
    nodes: Vec<f64>,
    log_prior: Vec<f64>,
    /// Log-probabilities of every answer at the nodes.
    table: Vec<Vec<f64>>,
}

impl Cat {
    /// Checks the rules.
    ///
    /// # Errors
    /// A prior that is no distribution; a start that is not finite; a choice among no item; a target that is not positive;
    /// fewer items at most than at least.
    pub fn new(bank: ItemBank, options: CatOptions) -> Result<Self, CatError> {
        options.prior.check()?;
        let refuse = |option, value: String, allowed| Err(CatError::Option { option, value, allowed });
        let stopping = options.stopping;
        if !options.start.is_finite() {
            return refuse("start", options.start.to_string(), "a finite theta");
        }
        if options.randomesque == 0 {
            return refuse("randomesque", "0".to_owned(), "at least 1");
        }
        if stopping.max_items.is_some_and(|most| most == 0 || most < stopping.min_items) {
            return refuse("max_items", format!("{:?}", stopping.max_items), "at least 1 and at least `min_items`");
        }
        for (option, value) in [("se", stopping.se), ("least_information", stopping.least_information)] {
            if value.is_some_and(|value| !(value > 0.0 && value.is_finite())) {
                return refuse(option, format!("{value:?}"), "a positive figure");
            }
        }
        let nodes = options.quadrature.nodes();
        let mut log_prior = options.quadrature.log_weights(options.prior.mean, options.prior.deviation);
        // The trapezoid rule: ends count half.
        let last = log_prior.len() - 1;
        for end in [0, last] {
            log_prior[end] -= std::f64::consts::LN_2;
        }
        let table = super::irt::log_probabilities(&bank, &nodes);
        Ok(Self { bank, options, nodes, log_prior, table })
    }

    /// The items.
    pub fn bank(&self) -> &ItemBank {
        &self.bank
    }

    /// The rules.
    pub fn options(&self) -> &CatOptions {
        &self.options
    }
}
