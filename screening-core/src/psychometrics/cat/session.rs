//! One person's test.

use serde::Serialize;

use super::{Cat, CatError};
use crate::psychometrics::irt::{BankItem, Estimator, ScoreState, mode, moments};
use crate::psychometrics::random::Stream;
use crate::stats::item_response::Curves;

/// Where a test stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CatState {
    /// Items answered.
    pub items: usize,
    /// Estimate of theta; the start before the first answer.
    pub theta: f64,
    /// Its standard error; that of the prior before the first answer.
    pub se: f64,
    /// Whether EAP stands in for an estimator that has no estimate yet.
    pub stand_in: bool,
}

/// One running test.
#[derive(Debug)]
pub struct CatSession<'a> {
    cat: &'a Cat,
    random: Stream,
    answers: Vec<(usize, usize)>,
    /// Items that may still be asked.
    open: Vec<bool>,
    log_posterior: Vec<f64>,
    state: CatState,
    /// The item that was offered and is not answered yet.
    offered: Option<usize>,
}

impl Cat {
    /// Starts a test. The seed matters only where the next item is drawn.
    pub fn session(&self, seed: u64) -> CatSession<'_> {
        self.session_of(Stream::new(seed, 0))
    }

    pub(super) fn session_of(&self, random: Stream) -> CatSession<'_> {
        let state = CatState { items: 0, theta: self.options.start, se: self.options.prior.deviation, stand_in: false };
        CatSession {
            cat: self,
            random,
            answers: Vec::new(),
            open: vec![true; self.bank.len()],
            log_posterior: self.log_prior.clone(),
            state,
            offered: None,
        }
    }
}

impl<'a> CatSession<'a> {
    /// Where the test stands.
    pub fn state(&self) -> CatState {
        self.state
    }

    /// Answered items with their categories, in the order asked.
    pub fn answers(&self) -> impl Iterator<Item = (&'a BankItem, usize)> + '_ {
        self.answers
            .iter()
            .filter_map(|(item, category)| self.cat.bank.items().get(*item).map(|item| (item, *category)))
    }

    /// The item to ask next; none when the test has ended. Asked again before the answer, it is the same item.
    pub fn next_item(&mut self) -> Option<&'a BankItem> {
        if self.offered.is_none() {
            self.offered = self.choose();
        }
        self.cat.bank.items().get(self.offered?)
    }

    fn choose(&mut self) -> Option<usize> {
        let stopping = self.cat.options.stopping;
        let asked = self.answers.len();
        if stopping.max_items.is_some_and(|most| asked >= most) {
            return None;
        }
        let may_end = asked >= stopping.min_items && asked > 0;
        if may_end && stopping.se.is_some_and(|target| self.state.se <= target) {
            return None;
        }
        let mut curves = Curves::default();
        let mut candidates: Vec<(usize, f64)> = Vec::with_capacity(self.open.len());
        for (at, item) in self.cat.bank.items().iter().enumerate().filter(|(at, _)| self.open[*at]) {
            item.parameters.curves(self.state.theta, &mut curves);
            candidates.push((at, curves.information()));
        }
        let most = candidates.iter().map(|(_, information)| *information).fold(f64::NEG_INFINITY, f64::max);
        if may_end && stopping.least_information.is_some_and(|least| most < least) {
            return None;
        }
        if self.cat.options.randomesque == 1 {
            return candidates.iter().find(|(_, information)| *information == most).map(|(at, _)| *at);
        }
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        candidates.truncate(self.cat.options.randomesque);
        (!candidates.is_empty()).then(|| candidates[self.random.below(candidates.len())].0)
    }

    /// Takes an answer, to the item offered or to another one that is still open.
    ///
    /// # Errors
    /// An item that is not in the bank or was answered before; a code that the item does not have.
    pub fn answer(&mut self, item: &str, code: i16) -> Result<CatState, CatError> {
        let at = self.place(item)?;
        let known = &self.cat.bank.items()[at];
        let Some(category) = known.codes.iter().position(|own| *own == code) else {
            return Err(CatError::Answer { item: item.to_owned(), code, codes: known.codes.clone() });
        };
        self.take(at, category);
        Ok(self.state)
    }

    /// Leaves an item out for good: it will not be asked again.
    ///
    /// # Errors
    /// An item that is not in the bank or was answered before.
    pub fn skip(&mut self, item: &str) -> Result<(), CatError> {
        let at = self.place(item)?;
        self.close(at);
        Ok(())
    }

    fn place(&self, item: &str) -> Result<usize, CatError> {
        let at = self.cat.bank.items().iter().position(|own| own.name == item);
        at.filter(|at| self.open[*at]).ok_or_else(|| CatError::Item(item.to_owned()))
    }

    pub(super) fn offered(&mut self) -> Option<usize> {
        self.next_item()?;
        self.offered
    }

    /// Lets the answer to the offered item be drawn from the session's own numbers.
    pub(super) fn draw<T>(&mut self, draw: impl FnOnce(&mut Stream) -> T) -> T {
        draw(&mut self.random)
    }

    pub(super) fn close(&mut self, at: usize) {
        self.open[at] = false;
        if self.offered == Some(at) {
            self.offered = None;
        }
    }

    pub(super) fn take(&mut self, at: usize, category: usize) {
        self.close(at);
        self.answers.push((at, category));
        let n = self.cat.nodes.len();
        let own = &self.cat.table[at][category * n..(category + 1) * n];
        self.log_posterior.iter_mut().zip(own).for_each(|(to, log)| *to += log);
        let options = &self.cat.options;
        let other = match options.estimator {
            Estimator::Eap => None,
            estimator => {
                let score = mode(&self.cat.bank, &self.answers, estimator, options.prior, &mut Curves::default());
                (score.state == ScoreState::Estimated).then_some(score)
            }
        };
        self.state = match other {
            Some(score) => CatState { items: self.answers.len(), theta: score.theta, se: score.se, stand_in: false },
            None => {
                let (theta, se) = self.eap();
                let stand_in = options.estimator != Estimator::Eap;
                CatState { items: self.answers.len(), theta, se, stand_in }
            }
        };
    }

    fn eap(&self) -> (f64, f64) {
        let highest = self.log_posterior.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = self.log_posterior.iter().map(|log| (log - highest).exp()).collect();
        let all: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= all);
        moments(&self.cat.nodes, &weights)
    }
}
